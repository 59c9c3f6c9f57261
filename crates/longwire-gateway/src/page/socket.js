/** Centrifugo's protocol in JSON over a WebSocket. */
class Socket {
  presenceNote = "";

  constructor(room) {
    this.room = room;
    this.failures = 0;
    this.position = null;
    this.hasBegun = false;
    this.open();
  }

  open() {
    this.pending = new Map();
    this.lastId = 0;
    const address = new URL("/connection/websocket", location.href);
    address.protocol = address.protocol.replace("http", "ws");
    this.socket = new WebSocket(address);
    this.socket.onopen = () => this.begin().catch((error) => this.failed(error));
    this.socket.onclose = ({ code, reason }) => this.ended(code, reason);
    this.socket.onmessage = ({ data }) => {
      this.expectPing();
      for (const line of data.split("\n")) if (line) this.take(JSON.parse(line));
    };
  }

  async begin() {
    const { connect } = await this.ask({ connect: { name: "longwire-page" } });
    this.room.client = connect.client;
    this.pingSeconds = connect.ping;
    this.expectPing();
    await this.subscribe();
    await this.ask({ subscribe: { channel: this.room.typingChannel } }).catch(() => {});
    this.failures = 0;
  }

  /** Subscribes, and shows what was before. What is pushed meanwhile is held back until then. */
  async subscribe() {
    this.held = [];
    const { room, hasBegun, position } = this;
    const channel = room.channel;
    const recover = position ? { recover: true, ...position } : {};
    const { subscribe } = await this.ask({ subscribe: { channel, join_leave: true, ...recover } });
    const { epoch, offset, recovered, recoverable, publications = [] } = subscribe;
    this.position = recoverable ? { epoch, offset: offset ?? 0 } : null;
    if (!hasBegun) await this.showHistory(offset ?? 0);
    for (const publication of publications) room.publication(channel, publication);
    const isWhole = !hasBegun || recovered === true;
    room.connected(hasBegun && isWhole, publications.length);
    if (!isWhole) room.gap();
    this.hasBegun = true;
    const held = this.held;
    this.held = null;
    held.forEach((push) => this.push(push));
  }

  async showHistory(upTo) {
    const { channel } = this.room;
    const question = { history: { channel, limit: HISTORY_MESSAGES, reverse: true } };
    const { history } = await this.ask(question).catch(() => ({ history: {} }));
    const before = (history.publications ?? []).filter(({ offset }) => offset <= upTo);
    before.reverse().forEach((publication) => this.room.publication(channel, publication));
  }

  ask(command) {
    const id = ++this.lastId;
    return new Promise((resolve, reject) => {
      if (this.socket.readyState !== WebSocket.OPEN) return reject(new Error("not connected"));
      this.pending.set(id, { resolve, reject });
      this.socket.send(JSON.stringify({ id, ...command }));
    });
  }

  take(reply) {
    if (reply.push) return this.held ? this.held.push(reply.push) : this.push(reply.push);
    if (!reply.id) return this.socket.send("{}");
    const { resolve, reject } = this.pending.get(reply.id);
    this.pending.delete(reply.id);
    const { error } = reply;
    if (!error) return resolve(reply);
    reject(error.temporary ? new Error(error.message) : new Refused(error.message));
  }

  push({ channel, pub, join, leave, unsubscribe }) {
    if (pub) {
      if (channel === this.room.channel && this.position) this.position.offset = pub.offset;
      this.room.publication(channel, pub);
    }
    if (join || leave) this.room.askPresence();
    if (unsubscribe && channel === this.room.channel) {
      if (unsubscribe.code < 2500) return this.room.refused(unsubscribe.reason);
      this.subscribe().catch((error) => this.failed(error));
    }
  }

  failed(error) {
    if (error instanceof Refused) this.room.refused(error.message);
    else this.socket.close();
  }

  /** A connection that has been silent for too long is none any more. */
  expectPing() {
    clearTimeout(this.silence);
    if (!this.pingSeconds) return;
    this.silence = setTimeout(() => this.socket.close(), (this.pingSeconds + 10) * 1000);
  }

  ended(code, reason) {
    clearTimeout(this.silence);
    this.pending.forEach(({ reject }) => reject(new Error("the connection was lost")));
    if (this.room.isOver) return;
    const isFinal = (code >= 3500 && code < 4000) || (code >= 4500 && code < 5000);
    if (isFinal) return this.room.refused(reason);
    this.room.lost();
    this.timer = setTimeout(() => this.open(), delay(this.failures++));
  }

  publish(channel, data) {
    return this.ask({ publish: { channel, data } });
  }

  presence() {
    return this.ask({ presence: { channel: this.room.channel } });
  }

  close() {
    clearTimeout(this.timer);
    this.socket.close();
  }
}

