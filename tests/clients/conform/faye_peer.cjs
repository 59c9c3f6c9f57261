// npm's faye-websocket with its defaults. It has permessage-deflate only with another package.

"use strict";

const FayeWebSocket = require("faye-websocket");
const { main } = require("./common.cjs");

function echo(ws, onError = () => {}) {
  ws.on("message", (event) => ws.send(event.data));
  ws.on("error", onError);
  return ws;
}

main(
  (server) =>
    server.on("upgrade", (request, socket, body) => {
      if (FayeWebSocket.isWebSocket(request)) echo(new FayeWebSocket(request, socket, body));
      else socket.end("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
    }),
  (url, onError) => echo(new FayeWebSocket.Client(url), onError),
);
