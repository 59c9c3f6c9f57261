// The WebSocket server in bun as an echo server, for `cargo xtask bench echo`.
//
//     bun_echo.js [--deflate]     print `listening PORT`, echo until standard input ends
//
// All else is its default. It does not let one choose a level of compression.

const perMessageDeflate = process.argv.includes("--deflate");
const server = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  fetch: (request, server) =>
    server.upgrade(request) ? undefined : new Response("a WebSocket server\n", { status: 426 }),
  websocket: {
    perMessageDeflate,
    message: (socket, message) => void socket.send(message, perMessageDeflate),
  },
});
console.log(`listening ${server.port}`);
process.stdin.resume();
process.stdin.on("end", () => process.exit(0));
