// npm's socket.io with one room, for `cargo xtask bench fanout`.
//
//     socket_io_fanout.cjs     print `listening PORT`, publish until standard input ends
//
// What a publisher (role=publisher in the query) sends goes to all others. All else is its default,
// but that there is WebSocket alone, and no heartbeat within the time that a measurement takes.

"use strict";

const http = require("node:http");
const { Server } = require("socket.io");

const DAY_MILLIS = 86_400_000;
const server = http.createServer();
const io = new Server(server, { transports: ["websocket"], pingInterval: DAY_MILLIS });
io.on("connection", (socket) => {
  if (socket.handshake.query.role === "publisher") {
    socket.on("publish", (publication) => io.to("bench").emit("publication", publication));
  } else {
    socket.join("bench");
  }
});
server.listen({ host: "127.0.0.1", port: 0, backlog: 4096 }, () => {
  console.log(`listening ${server.address().port}`);
});
process.stdin.resume();
process.stdin.on("end", () => process.exit(0));
