// What the JavaScript peers of the conformance suite have in common.
//
//     PEER.cjs server         print `listening PORT`, echo until standard input ends
//     PEER.cjs client URL     connect and echo, again and again, until nobody listens

"use strict";

const { createServer } = require("node:http");
const { once } = require("node:events");
const { setTimeout: pause } = require("node:timers/promises");

/** Milliseconds after which a client gives a connection up that is stuck. */
const CONNECTION_LIMIT = 25_000;

/** So often a client finds nobody before it ends, and the milliseconds in between. */
const REFUSALS = 40;
const REFUSAL_PAUSE = 50;

/** An HTTP server on a free port of loopback; `attach` puts the library on it. */
async function serve(attach) {
  const server = createServer((request, response) => response.writeHead(426).end());
  attach(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  console.log(`listening ${server.address().port}`);
  process.stdin.resume();
  process.stdin.on("end", () => process.exit(0));
}

/** Connects again and again. `open` makes a client that emits `close` at its end. */
async function reconnect(url, open) {
  let refusals = 0;
  while (refusals < REFUSALS) {
    let refused = false;
    const client = open(url, (error) => (refused ||= error.message.includes("ECONNREFUSED")));
    await Promise.race([new Promise((end) => client.on("close", end)), pause(CONNECTION_LIMIT)]);
    refusals = refused ? refusals + 1 : 0;
    if (refused) await pause(REFUSAL_PAUSE);
  }
  process.exit(0);
}

/** Runs one role. */
exports.main = (attach, open) => {
  const [role, url] = process.argv.slice(2);
  if (role === "server") serve(attach);
  else reconnect(url, open);
};
