// npm's ws as an echo server.
//
//     server.cjs [--no-deflate]
//
// Prints `listening PORT`, and `agreed on deflate` or `agreed on plain` for each connection. Ends
// when its standard input does.

"use strict";

const { parseArgs } = require("node:util");
const { WebSocketServer } = require("ws");

const { values } = parseArgs({ options: { "no-deflate": { type: "boolean" } } });

const server = new WebSocketServer({
  host: "127.0.0.1",
  port: 0,
  maxPayload: 2 * 1024 * 1024,
  // The library compresses from 1024 bytes on; here everything, so that short messages are tried.
  perMessageDeflate: values["no-deflate"] ? false : { threshold: 0 },
});

server.on("listening", () => console.log(`listening ${server.address().port}`));
server.on("connection", (ws) => {
  console.log(`agreed on ${ws.extensions ? "deflate" : "plain"}`);
  ws.on("message", (data, isBinary) => ws.send(data, { binary: isBinary }));
  ws.on("error", (error) => console.log(`error: ${error.message}`));
  ws.on("close", (code, reason) => console.log(`closed: ${code} ${reason}`));
});

process.stdin.resume();
process.stdin.on("end", () => process.exit(0));
