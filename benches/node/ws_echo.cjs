// npm's ws as an echo server, for `cargo xtask bench echo`.
//
//     ws_echo.cjs [--deflate]     print `listening PORT`, echo until standard input ends
//
// All else is its default, but for the threshold with --deflate: its default leaves messages under
// 1 KiB as they are. It compresses at zlib's default level, 6, on a thread of libuv's.

"use strict";

const { WebSocketServer } = require("ws");

const perMessageDeflate = process.argv.includes("--deflate") && { threshold: 0 };
const server = new WebSocketServer({ host: "127.0.0.1", port: 0, perMessageDeflate });
server.on("listening", () => console.log(`listening ${server.address().port}`));
server.on("connection", (socket) => {
  socket.on("message", (data, isBinary) => socket.send(data, { binary: isBinary }));
  socket.on("error", () => {});
});
process.stdin.resume();
process.stdin.on("end", () => process.exit(0));
