// What an application does to clients over the API, and what they do then; pings.

"use strict";

const assert = require("node:assert/strict");
const { describe, test } = require("node:test");
const {
  TRANSPORTS,
  WAIT,
  connect,
  fromNow,
  losing,
  startProxy,
  startServer,
  subscribe,
  token,
} = require("./support.cjs");

const OPTIONS = { timeout: 3 * WAIT };
const PINGS = { TIMES_PING_INTERVAL: "3s", TIMES_PONG_TIMEOUT: "2s" };
const ALICE = { token: token({ sub: "alice" }) };
const BOB = { token: token({ sub: "bob" }) };

/** Codes and reasons that an application may choose, and whether clients come back then. */
const DISCONNECTS = [
  [3000, "shutdown", true],
  [3001, "shutdown", true],
  [3004, "internal server error", true],
  [3005, "connection expired", true],
  [3006, "subscription expired", true],
  [3008, "slow", true],
  [3010, "insufficient state", true],
  [3011, "force reconnect", true],
  [3012, "no pong", true],
  [3013, "too many requests", true],
  [3014, "state invalidated", true],
  [3499, "a last one", true],
  [3500, "invalid token", false],
  [3501, "bad request", false],
  [3502, "stale", false],
  [3503, "force disconnect", false],
  [3504, "connection limit", false],
  [3505, "channel limit", false],
  [3507, "permission denied", false],
  [3999, "", false],
  [4000, "an application's own, żółć", true],
  [4499, "x".repeat(123), true],
  [4500, "an application's own", false],
  [4999, "an application's own", false],
];

for (const transport of TRANSPORTS) {
  test(`${transport}: each code is told, and who may comes back`, OPTIONS, async (t) => {
    const server = await startServer(t);
    const bob = await connect(t, server, transport, BOB);
    for (const [code, reason, comesBack] of DISCONNECTS) {
      const { client, events } = await connect(t, server, transport, {
        ...ALICE,
        getToken: async () => ALICE.token,
      });
      await events.next("connecting");
      await server.api("disconnect", { user: "alice", disconnect: { code, reason } });
      const told = await events.next(comesBack ? "connecting" : "disconnected");
      assert.deepEqual([told.code, told.reason], [code, reason || "disconnect"]);
      if (comesBack) {
        await events.next("connected");
        client.disconnect();
      }
    }
    assert.equal(bob.events.left("connecting"), 1);
  });

  test(`${transport}: a disconnect without a code is for good`, OPTIONS, async (t) => {
    const server = await startServer(t);
    const [one, other] = [
      await connect(t, server, transport, ALICE),
      await connect(t, server, transport, ALICE),
    ];
    await server.api("disconnect", { user: "alice", whitelist: [other.connected.client] });
    const { code, reason } = await one.events.next("disconnected");
    assert.deepEqual([code, reason], [3503, "force disconnect"]);
    await subscribe(other.client, "room");
    assert.equal(other.events.left("connecting"), 1);
  });

  test(`${transport}: an unsubscribe over the API is for good, too`, OPTIONS, async (t) => {
    const server = await startServer(t);
    const alice = await connect(t, server, transport, ALICE);
    const bob = await connect(t, server, transport, BOB);
    const room = await subscribe(alice.client, "room");
    const hall = await subscribe(alice.client, "hall");
    const bobHere = await subscribe(bob.client, "room");
    await server.api("unsubscribe", { user: "alice", channel: "room" });
    const { code, reason } = await room.events.next("unsubscribed");
    assert.deepEqual([code, reason], [2000, "server unsubscribe"]);
    await server.api("publish", { channel: "room", data: 1 });
    await server.api("publish", { channel: "hall", data: 2 });
    assert.equal((await bobHere.events.next("publication")).data, 1);
    assert.equal((await hall.events.next("publication")).data, 2);
    assert.equal(room.events.left("publication"), 0);
    // Whoever wants to can come back, and is given what there was.
    room.subscription.subscribe();
    assert.equal((await room.events.next("subscribed")).recovered, true);
    await server.api("publish", { channel: "room", data: 3 });
    const [missed, live] = await room.events.take("publication", 2);
    assert.deepEqual([missed.data, live.data], [1, 3]);
  });

  test(`${transport}: the API subscribes and unsubscribes a session`, OPTIONS, async (t) => {
    const server = await startServer(t);
    const proxy = await startProxy(t, server);
    const alice = await connect(t, proxy, transport, ALICE);
    const bob = await connect(t, server, transport, BOB);
    const channel = "secret:room";
    await server.api("subscribe", { user: "alice", channel, info: { seat: 7 } });
    const subscribed = await alice.events.next("subscribed");
    assert.deepEqual([subscribed.channel, subscribed.recoverable], [channel, true]);
    const { presence } = await server.api("presence", { channel });
    assert.deepEqual(presence[alice.connected.client].chan_info, { seat: 7 });
    await server.api("publish", { channel, data: 1 });
    const { data, offset } = await alice.events.next("publication");
    assert.deepEqual([data, offset], [1, 1]);
    await server.api("unsubscribe", { user: "alice", channel });
    assert.equal((await alice.events.next("unsubscribed")).channel, channel);
    await server.api("publish", { channel, data: 2 });
    const { num_clients: clients } = await server.api("presence_stats", { channel });
    assert.equal(clients, 0);
    assert.equal(bob.events.left("subscribed"), 0);
  });

  test(`${transport}: the API has sessions expire`, OPTIONS, async (t) => {
    const server = await startServer(t);
    const fresh = [];
    const { events } = await connect(t, server, transport, {
      ...ALICE,
      getToken: async () => {
        fresh.push(token({ sub: "alice", exp: fromNow(600) }));
        return fresh.at(-1);
      },
    });
    await events.next("connecting");
    await server.api("refresh", { user: "alice", expired: true });
    assert.equal((await events.next("connecting")).code, 3005);
    await events.next("connected");
  });
}

// They wait for seconds to pass, all of them at once.
describe("pings", { concurrency: true }, () => {
  for (const transport of TRANSPORTS) {
    test(`${transport} is kept by them, and given up without them`, OPTIONS, async (t) => {
      const server = await startServer(t, PINGS);
      const proxy = await startProxy(t, server);
      const { events } = await connect(t, proxy, transport, { maxServerPingDelay: 2000 });
      await events.next("connecting");
      // Nothing else comes on a connection on which nothing is asked. If the answer to the first
      // did not count, the second would not come.
      await new Promise((resolve) => {
        let pings = 0;
        proxy.onData = () => {
          pings += 1;
          if (pings === 2) resolve();
        };
      });
      assert.equal(events.left("connecting"), 0);
      proxy.stall();
      const { code, reason } = await events.next("connecting");
      assert.deepEqual([code, reason], [2, "no ping"]);
      await events.next("connected");
    });
  }

  test("who does not answer them is told 3012, and comes back", OPTIONS, async (t) => {
    const server = await startServer(t, PINGS);
    const isPong = (command) => Object.keys(command).length === 0;
    const { events } = await connect(t, server, "websocket", { websocket: losing(isPong) });
    await events.next("connecting");
    const { code, reason } = await events.next("connecting");
    assert.deepEqual([code, reason], [3012, "no pong"]);
    await events.next("connected");
  });
});
