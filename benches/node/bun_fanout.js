// The WebSocket server in bun with one topic, for `cargo xtask bench fanout`.
//
//     bun_fanout.js     print `listening PORT`, publish until standard input ends
//
// What comes on /publish goes to all who are on /subscribe. All else is its default, but that idle
// connections stay and there are no heartbeats.

const server = Bun.serve({
  hostname: "127.0.0.1",
  port: 0,
  fetch: (request, server) => {
    const subscribes = new URL(request.url).pathname === "/subscribe";
    const upgraded = server.upgrade(request, { data: { subscribes } });
    return upgraded ? undefined : new Response("a WebSocket server\n", { status: 426 });
  },
  websocket: {
    idleTimeout: 0,
    sendPings: false,
    open: (socket) => void (socket.data.subscribes && socket.subscribe("bench")),
    message: (socket, message) => void (socket.data.subscribes || server.publish("bench", message)),
  },
});
console.log(`listening ${server.port}`);
process.stdin.resume();
process.stdin.on("end", () => process.exit(0));
