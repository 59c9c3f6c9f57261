// npm's ws. permessage-deflate is its default as a client; as a server it is off, and is turned on
// here. All else is its default.

"use strict";

const { WebSocket, WebSocketServer } = require("ws");
const { main } = require("./common.cjs");

function echo(ws, onError = () => {}) {
  ws.on("message", (data, isBinary) => ws.send(data, { binary: isBinary }));
  ws.on("error", onError);
  return ws;
}

main(
  (server) => new WebSocketServer({ server, perMessageDeflate: true }).on("connection", (ws) => echo(ws)),
  (url, onError) => echo(new WebSocket(url), onError),
);
