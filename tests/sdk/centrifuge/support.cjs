// What the tests have in common: a server, a proxy in front of it that can cut and stall, clients of
// npm's centrifuge over each of their transports, and events that are waited for.

"use strict";

const { spawn } = require("node:child_process");
const { createHmac } = require("node:crypto");
const { once } = require("node:events");
const net = require("node:net");
const { join } = require("node:path");
const { createInterface } = require("node:readline");
const { Centrifuge } = require("centrifuge");
const { EventSource } = require("eventsource");
const { WebSocket } = require("ws");

/** Milliseconds that any one step may take. */
const WAIT = 20_000;

const CONFIGURATION = join(__dirname, "..", "longwire.toml");
const API_KEY = "the key of the tests";
const TOKEN_SECRET = "a secret of the tests, thirty-two bytes";

const TRANSPORTS = ["websocket", "http_stream", "sse"];

/**
 * Starts `longwire serve` on a free port, which ends with the test. `settings` are options by the names
 * of their variables, without the prefix.
 */
async function startServer(t, settings = {}) {
  const variables = { LONGWIRE_SERVER_THREADS: "2", LONGWIRE_LOG_LEVEL: "warn" };
  for (const [name, value] of Object.entries(settings)) variables[`LONGWIRE_${name}`] = value;
  const flags = ["serve", "--listen", "127.0.0.1:0", "--config", CONFIGURATION];
  const child = spawn(process.env.LONGWIRE, flags, {
    stdio: ["ignore", "pipe", "inherit"],
    env: variables,
  });
  const ended = once(child, "exit");
  t.after(() => child.kill("SIGKILL"));
  const lines = createInterface({ input: child.stdout });
  const [line] = await once(lines, "line", { signal: AbortSignal.timeout(WAIT) });
  const [, address] = line.match(/^listening on http:\/\/(.*)\/$/);
  const server = {
    address,
    port: Number(address.split(":").pop()),
    /** Ends it as a failing machine would. */
    kill() {
      child.kill("SIGKILL");
      return ended;
    },
    /** Has it say goodbye. */
    shutDown() {
      child.kill("SIGTERM");
      return ended;
    },
    /** The answer of the API: its status and its JSON, if it is JSON. */
    async ask(method, body, headers = { "X-API-Key": API_KEY }) {
      const text = typeof body === "string" ? body : JSON.stringify(body);
      const url = `http://${address}/api/${method}`;
      const signal = AbortSignal.timeout(WAIT);
      const response = await fetch(url, { method: "POST", headers, body: text, signal });
      const answer = await response.text();
      const json = response.headers.get("content-type") === "application/json";
      return { status: response.status, answer: json ? JSON.parse(answer) : answer };
    },
    /** What the API answers to a request that it does not refuse. */
    async api(method, body) {
      const { status, answer } = await server.ask(method, body);
      if (status !== 200 || answer.error) {
        throw new Error(`${method}: ${status} ${JSON.stringify(answer)}`);
      }
      return answer.result;
    },
  };
  return server;
}

/** Starts a TCP proxy before a server. */
async function startProxy(t, server) {
  const pairs = new Set();
  let target = server.port;
  let open = true;
  let stalled = false;
  const listener = net.createServer((client) => {
    if (!open) return client.destroy();
    const upstream = net.connect(target, "127.0.0.1");
    const pair = [client, upstream];
    pairs.add(pair);
    for (const socket of pair) {
      socket.on("error", () => {});
      socket.on("close", () => {
        pair.forEach((it) => it.destroy());
        pairs.delete(pair);
      });
    }
    client.pipe(upstream);
    upstream.pipe(client);
    upstream.on("data", () => proxy.onData());
    return undefined;
  });
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  const proxy = {
    address: `127.0.0.1:${listener.address().port}`,
    /** Called when something comes from the server. */
    onData() {},
    /** Breaks all connections, and lets no others through. */
    cut() {
      open = false;
      pairs.forEach((pair) => pair.forEach((socket) => socket.destroy()));
    },
    /** Lets connections through again, maybe to another server. */
    mend(server = { port: target }) {
      target = server.port;
      open = true;
    },
    /** Takes nothing more from the server on the connections that there are. */
    stall() {
      stalled = true;
      pairs.forEach(([client, upstream]) => {
        upstream.unpipe(client);
        upstream.pause();
      });
    },
    /** Goes on. */
    flow() {
      if (stalled) pairs.forEach(([client, upstream]) => upstream.pipe(client));
      stalled = false;
    },
  };
  t.after(() => {
    proxy.cut();
    listener.close();
  });
  return proxy;
}

/** Events of an emitter, each kind in a queue of its own. */
class Events {
  constructor(emitter, names) {
    this.seen = [];
    this.queues = new Map(names.map((name) => [name, []]));
    this.waiting = new Map();
    for (const name of names) {
      emitter.on(name, (context) => {
        this.seen.push(`${name} ${JSON.stringify(context)}`);
        const waiting = this.waiting.get(name);
        this.waiting.delete(name);
        if (waiting) waiting(context);
        else this.queues.get(name).push(context);
      });
    }
  }

  /** The next event of this name that nobody has taken. */
  async next(name) {
    const queue = this.queues.get(name);
    if (queue.length > 0) return queue.shift();
    let timer;
    const late = new Promise((_, reject) => {
      const seen = () => `no "${name}"; there were:\n${this.seen.slice(-20).join("\n")}`;
      timer = setTimeout(() => reject(new Error(seen())), WAIT);
    });
    const event = new Promise((resolve) => this.waiting.set(name, resolve));
    try {
      return await Promise.race([event, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** The next `count` of them. */
  async take(name, count) {
    const events = [];
    while (events.length < count) events.push(await this.next(name));
    return events;
  }

  /** How many there are that nobody has taken. */
  left(name) {
    return this.queues.get(name).length;
  }
}

const CLIENT_EVENTS = ["connecting", "connected", "disconnected", "error"];
const SERVER_SIDE = ["subscribing", "subscribed", "unsubscribed", "publication", "join", "leave"];
const SUBSCRIPTION_EVENTS = [...SERVER_SIDE, "error"];

/**
 * A client that is about to connect to a server or a proxy, with its events; it tries the transports
 * `before` first.
 */
function makeClient(t, { address }, transport, options = {}, before = []) {
  const scheme = transport === "websocket" ? "ws" : "http";
  const endpoint = `${scheme}://${address}/connection/${transport}`;
  const client = new Centrifuge([...before, { transport, endpoint }], {
    websocket: WebSocket,
    eventsource: EventSource,
    emulationEndpoint: `http://${address}/emulation`,
    minReconnectDelay: 10,
    maxReconnectDelay: 100,
    timeout: WAIT,
    ...options,
  });
  t.after(() => client.disconnect());
  const events = new Events(client, [...CLIENT_EVENTS, ...SERVER_SIDE]);
  return { client, events };
}

/** A client that is connected. */
async function connect(t, place, transport, options) {
  const { client, events } = makeClient(t, place, transport, options);
  client.connect();
  const connected = await events.next("connected");
  return { client, events, connected };
}

/** A subscription that is about to begin, with its events. */
function makeSubscription(client, channel, options = {}) {
  const delays = { minResubscribeDelay: 10, maxResubscribeDelay: 100 };
  const subscription = client.newSubscription(channel, { ...delays, ...options });
  return { subscription, events: new Events(subscription, SUBSCRIPTION_EVENTS) };
}

/** A subscription that has begun. */
async function subscribe(client, channel, options) {
  const { subscription, events } = makeSubscription(client, channel, options);
  subscription.subscribe();
  const subscribed = await events.next("subscribed");
  return { subscription, events, subscribed };
}

/** A WebSocket that loses the commands that `isLost` is true of. */
function losing(isLost) {
  return class extends WebSocket {
    send(frame) {
      const lines = frame.split("\n").filter((line) => !isLost(JSON.parse(line)));
      if (lines.length > 0) super.send(lines.join("\n"));
    }
  };
}

/** A token (RFC 7519) with these claims, signed with HS256. */
function token(claims, secret = TOKEN_SECRET) {
  const encode = (part) => Buffer.from(JSON.stringify(part)).toString("base64url");
  const signed = `${encode({ alg: "HS256", typ: "JWT" })}.${encode(claims)}`;
  return `${signed}.${createHmac("sha256", secret).update(signed).digest("base64url")}`;
}

/** So many seconds from now, in seconds since 1970. */
function fromNow(seconds) {
  return Date.now() / 1000 + seconds;
}

/** What an error event of a refused command says. */
async function refusal(promise) {
  try {
    await promise;
  } catch ({ code, message }) {
    return { code, message };
  }
  throw new Error("it was not refused");
}

module.exports = {
  API_KEY,
  Events,
  TRANSPORTS,
  WAIT,
  connect,
  fromNow,
  losing,
  makeClient,
  makeSubscription,
  refusal,
  startProxy,
  startServer,
  subscribe,
  token,
};
