
"use strict";

// Whatever comes from the network is put on the page as text (textContent), never as markup.

const HISTORY_MESSAGES = 100;
const MAX_MESSAGES_SHOWN = 500;
const TYPING_TOLD_EVERY_MS = 2000;
const TYPING_SHOWN_MS = 4000;
// What is heard of typing just after a connection began may have waited in the channel's history.
const TYPING_OLD_MS = 1000;
const PRESENCE_ASKED_EVERY_MS = 3000;
const FIRST_DELAY_MS = 500;
const LONGEST_DELAY_MS = 10000;

const at = (id) => document.getElementById(id);
const sleep = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

/** Tells this tab from others of the same name. */
const myId = Array.from(crypto.getRandomValues(new Uint8Array(8)), (it) => it.toString(16)).join("");

/** The server has said no, so there is no use in trying again. */
class Refused extends Error {}

/** What is not an answer may be one later, or not: that is in the status. */
async function answered(request) {
  const response = await request;
  if (response.ok) return response;
  const why = (await response.text()).trim() || response.statusText;
  const isFinal = response.status < 500 && response.status !== 429;
  throw isFinal ? new Refused(why) : new Error(why);
}

function url(path, channels, more = {}) {
  const query = new URLSearchParams(more);
  for (const channel of channels) query.append("channel", channel);
  return `${path}?${query}`;
}

/** Longer with each failure, and never the same for all who wait. */
function delay(failures) {
  const longest = Math.min(FIRST_DELAY_MS * 2 ** failures, LONGEST_DELAY_MS);
  return longest * (0.5 + Math.random() / 2);
}

/** A channel that this page has joined: what it shows, whichever transport it came by. */
class Room {
  constructor(name, channel, transport) {
    this.name = name;
    this.channel = channel;
    this.typingChannel = `${channel}.typing`;
    this.client = null;
    this.names = new Map();
    this.clients = null;
    this.typists = new Map();
    this.quietUntil = Infinity;
    this.toldTypingAt = -Infinity;
    this.isOver = false;
    at("messages").replaceChildren();
    this.state("wait", "Connecting…");
    this.transport = new transport(this);
  }

  get channels() {
    return [this.channel, this.typingChannel];
  }

  state(state, text) {
    if (this.isOver) return;
    at("state").dataset.state = state;
    at("state").textContent = text;
  }

  /** What comes from now on is news. `recovered`: how many messages came late; null for unknown. */
  connected(isAgain, recovered = null) {
    this.state("on", `Connected over ${at("transport").selectedOptions[0].textContent}`);
    this.quietUntil = performance.now() + TYPING_OLD_MS;
    if (isAgain) {
      const what = recovered === null ? "what was missed follows"
        : recovered === 0 ? "nothing was missed" : `${recovered} missed, all recovered`;
      this.note(`Connected again: ${what}.`);
    }
    this.askPresence();
  }

  lost() {
    this.quietUntil = Infinity;
    this.state("wait", "Connection lost, trying again…");
  }

  gap() {
    this.note("Something was missed: it is not in the channel's history any more.", "missed");
  }

  refused(why) {
    this.state("refused", "Refused by the server");
    at("problem").textContent = why;
    leave();
  }

  /** An event, as EventSource and long polling bring it. */
  event({ channel, pub, gap }) {
    if (gap && channel === this.channel) this.gap();
    if (pub) this.publication(channel, pub);
  }

  publication(channel, { data, info, offset }) {
    const isKnown = data !== null && typeof data === "object" && typeof data.from === "string";
    if (isKnown && info && this.names.get(info.client) !== data.from) {
      this.names.set(info.client, data.from);
      this.showPresence();
    }
    if (channel === this.typingChannel) {
      if (isKnown && data.id !== myId && performance.now() > this.quietUntil) this.types(data);
      return;
    }
    if (isKnown && typeof data.text === "string") {
      this.types(data, true);
      this.add([["from", data.from], ["said", data.text], ["offset", offset ? `#${offset}` : ""]],
        data.id === myId ? "mine" : "");
    } else {
      this.add([["said", JSON.stringify(data)], ["offset", offset ? `#${offset}` : ""]]);
    }
  }

  note(text, kind = "note") {
    this.add([[kind, text]]);
  }

  add(parts, kind = "") {
    const log = at("messages");
    const isAtEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 40;
    const item = document.createElement("p");
    for (const [part, text] of parts) {
      const span = document.createElement("span");
      span.className = part === "from" ? `from ${kind}` : part;
      span.textContent = text;
      item.append(span);
    }
    log.append(item);
    while (log.childElementCount > MAX_MESSAGES_SHOWN) log.firstElementChild.remove();
    if (isAtEnd) log.scrollTop = log.scrollHeight;
  }

  /** Somebody types, or does no more. */
  types({ id, from }, isDone = false) {
    clearTimeout(this.typists.get(id)?.timer);
    this.typists.delete(id);
    if (!isDone) {
      const timer = setTimeout(() => this.types({ id }, true), TYPING_SHOWN_MS);
      this.typists.set(id, { from, timer });
    }
    const names = [...this.typists.values()].map((typist) => typist.from);
    const text = names.length ? `${names.join(", ")} ${names.length > 1 ? "are" : "is"} typing…` : "";
    if (at("typing").textContent !== text) at("typing").textContent = text;
  }

  tellTyping() {
    const now = performance.now();
    if (now - this.toldTypingAt < TYPING_TOLD_EVERY_MS) return;
    this.toldTypingAt = now;
    // Where it is not allowed, nobody is told.
    this.transport.publish(this.typingChannel, { from: this.name, id: myId }).catch(() => {});
  }

  async publish(text) {
    await this.transport.publish(this.channel, { from: this.name, id: myId, text });
    this.toldTypingAt = -Infinity;
  }

  async askPresence() {
    try {
      const { presence } = await this.transport.presence();
      this.clients = Object.values(presence.presence);
      if (!this.isOver) this.showPresence();
    } catch (error) {
      if (error instanceof Refused) at("present-note").textContent = `Not known: ${error.message}`;
    }
  }

  showPresence() {
    if (!this.clients) return;
    const items = this.clients.map(({ client, user }) => {
      const name = client === this.client ? `${this.name} (you)` : user || this.names.get(client);
      const item = document.createElement("li");
      item.textContent = name || `anonymous ${client.slice(0, 8)}`;
      return item;
    });
    items.sort((a, b) => a.textContent.localeCompare(b.textContent));
    at("present").replaceChildren(...items);
    const count = `${items.length} ${items.length === 1 ? "connection" : "connections"}`;
    if (at("count").textContent !== count) at("count").textContent = count;
    at("present-note").textContent = this.transport.presenceNote;
  }

  close() {
    this.isOver = true;
    this.transport.close();
    this.typists.forEach(({ timer }) => clearTimeout(timer));
    at("typing").textContent = "";
    at("present").replaceChildren();
    at("count").textContent = "";
    at("present-note").textContent = "";
  }
}

