// Tokens: who gets in with one, what happens when it expires, and what the server subscribes its
// bearer to.

"use strict";

const assert = require("node:assert/strict");
const { describe, test } = require("node:test");
const {
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
} = require("./support.cjs");

const OPTIONS = { timeout: 3 * WAIT };
const NO_ANONYMOUS = { REALTIME_ALLOW_ANONYMOUS: "false" };

for (const transport of TRANSPORTS) {
  test(`${transport}: a good token says who one is`, OPTIONS, async (t) => {
    const server = await startServer(t, NO_ANONYMOUS);
    const good = token({ sub: "alice", info: { name: "Alice" }, exp: fromNow(600) });
    const { client, connected } = await connect(t, server, transport, { token: good });
    const { subscription } = await subscribe(client, "room");
    const { clients } = await subscription.presence();
    const { [connected.client]: member, ...others } = clients;
    assert.deepEqual([member.user, member.connInfo, others], ["alice", { name: "Alice" }, {}]);
    // A channel whose name says who it is for.
    const own = await subscribe(client, "talk#alice,bob");
    await own.subscription.publish(1);
    assert.equal((await own.events.next("publication")).info.user, "alice");
    const foreign = makeSubscription(client, "talk#bob,carol");
    foreign.subscription.subscribe();
    assert.equal((await foreign.events.next("unsubscribed")).code, 103);
  });

  test(`${transport}: who has no token yet asks for one`, OPTIONS, async (t) => {
    const server = await startServer(t, NO_ANONYMOUS);
    const { client, connected } = await connect(t, server, transport, {
      getToken: async () => token({ sub: "alice", channels: ["room"] }),
    });
    const { presence } = await server.api("presence", { channel: "room" });
    assert.equal(presence[connected.client].user, "alice");
    // The token has subscribed it already.
    const again = makeSubscription(client, "room");
    again.subscription.subscribe();
    assert.equal((await again.events.next("unsubscribed")).code, 105);
  });

  test(`${transport}: with an invalid token it ends for good`, OPTIONS, async (t) => {
    const server = await startServer(t, NO_ANONYMOUS);
    const forged = token({ sub: "alice" }, "another secret");
    const asked = () => assert.fail("a token was asked for");
    for (const bad of [forged, "no token", `${token({ sub: "alice" })}A`]) {
      const { client, events } = makeClient(t, server, transport, { token: bad, getToken: asked });
      client.connect();
      const { code, reason } = await events.next("disconnected");
      assert.deepEqual([code, reason], [3500, "invalid token"], bad);
    }
  });

  test(`${transport}: without a token, where one is needed, nobody gets in`, OPTIONS, async (t) => {
    const server = await startServer(t, NO_ANONYMOUS);
    const { client, events } = makeClient(t, server, transport);
    client.connect();
    assert.equal((await events.next("disconnected")).code, 101);
  });

  test(`${transport}: an expired token is replaced by a fresh one`, OPTIONS, async (t) => {
    const server = await startServer(t, NO_ANONYMOUS);
    const tokens = [];
    const { client, events } = makeClient(t, server, transport, {
      token: token({ sub: "alice", exp: fromNow(-1) }),
      getToken: async () => {
        tokens.push("fresh");
        return token({ sub: "alice", exp: fromNow(600) });
      },
    });
    client.connect();
    assert.equal((await events.next("error")).error.code, 109);
    await events.next("connected");
    assert.deepEqual(tokens, ["fresh"]);
  });
}

// They wait for seconds to pass, all of them at once.
describe("tokens are refreshed while the session goes on", { concurrency: true }, () => {
  for (const transport of TRANSPORTS) {
    test(transport, OPTIONS, async (t) => {
      // What has expired goes on for three seconds: a refresh that did not count would end it before
      // the fifth.
      const server = await startServer(t, { TIMES_EXPIRY_LEEWAY: "3s" });
      let [connections, subscriptions] = [0, 0];
      let enough;
      const refreshed = new Promise((resolve) => {
        enough = () => connections >= 5 && subscriptions >= 5 && resolve();
      });
      const { client, events: of } = await connect(t, server, transport, {
        token: token({ sub: "alice", exp: fromNow(1) }),
        getToken: async () => {
          connections += 1;
          enough();
          return token({ sub: "alice", exp: fromNow(1) });
        },
      });
      const { subscription, events } = await subscribe(client, "secret:room", {
        token: token({ sub: "alice", channel: "secret:room", exp: fromNow(1) }),
        getToken: async () => {
          subscriptions += 1;
          enough();
          return token({ sub: "alice", channel: "secret:room", exp: fromNow(1) });
        },
      });
      await refreshed;
      await subscription.publish("still here");
      assert.equal((await events.next("publication")).data, "still here");
      assert.deepEqual([of.left("connecting"), events.left("subscribing")], [1, 1]);
    });
  }
});

// Some of these wait for seconds, too.
describe("over a WebSocket", { concurrency: true }, () => {
  const transport = "websocket";

  test("a connection that is not refreshed: 3005, and back", OPTIONS, async (t) => {
    const server = await startServer(t, { TIMES_EXPIRY_LEEWAY: "0s" });
    const proxy = await startProxy(t, server);
    const fresh = [];
    const { events } = await connect(t, proxy, transport, {
      token: token({ sub: "alice", exp: fromNow(2) }),
      getToken: async () => {
        fresh.push(token({ sub: "alice", exp: fromNow(600) }));
        return fresh.at(-1);
      },
      // It is not asked to refresh in time.
      websocket: losing((command) => "refresh" in command),
    });
    await events.next("connecting");
    assert.equal((await events.next("connecting")).code, 3005);
    await events.next("connected");
    assert.ok(fresh.length > 0);
  });

  test("a subscription that is not refreshed: 2501, and again", OPTIONS, async (t) => {
    const server = await startServer(t, { TIMES_EXPIRY_LEEWAY: "0s" });
    const { client } = await connect(t, server, transport, {
      token: token({ sub: "alice" }),
      websocket: losing((command) => "sub_refresh" in command),
    });
    const claims = { sub: "alice", channel: "secret:room" };
    const { events } = await subscribe(client, "secret:room", {
      token: token({ ...claims, exp: fromNow(2) }),
      getToken: async () => token({ ...claims, exp: fromNow(600) }),
    });
    await events.next("subscribing");
    assert.equal((await events.next("subscribing")).code, 2501);
    await events.next("subscribed");
  });

  test("subscription tokens are for one user and one channel", OPTIONS, async (t) => {
    const server = await startServer(t);
    const { client } = await connect(t, server, transport, { token: token({ sub: "alice" }) });
    const good = { sub: "alice", channel: "secret:room" };
    const table = [
      [token({ ...good, sub: "bob" }), 103],
      [token({ ...good, channel: "secret:other" }), 103],
      [token({ sub: "alice" }), 103],
      [token(good, "another secret"), 103],
      ["no token", 103],
    ];
    for (const [row, [bad, code]] of table.entries()) {
      const { subscription, events } = makeSubscription(client, "secret:room", { token: bad });
      subscription.subscribe();
      assert.equal((await events.next("unsubscribed")).code, code, `row ${row}`);
      client.removeSubscription(subscription);
    }
    const expired = makeSubscription(client, "secret:room", {
      token: token({ ...good, exp: fromNow(-1) }),
      getToken: async () => token({ ...good, info: { role: "writer" }, exp: fromNow(600) }),
    });
    expired.subscription.subscribe();
    assert.equal((await expired.events.next("error")).error.code, 109);
    await expired.events.next("subscribed");
    await expired.subscription.publish(1);
    const { info } = await expired.events.next("publication");
    assert.deepEqual([info.user, info.chanInfo], ["alice", { role: "writer" }]);
    assert.equal((await refusal(client.publish("secret:other", 1))).code, 103);
  });
});

for (const transport of TRANSPORTS) {
  test(`${transport}: the token's channels are there at once, and recover`, OPTIONS, async (t) => {
    const server = await startServer(t);
    const proxy = await startProxy(t, server);
    const subs = { "secret:named": { info: { seat: 7 } } };
    const { events } = await connect(t, proxy, transport, {
      token: token({ sub: "alice", channels: ["room", "secret:own"], subs }),
    });
    const channels = ["room", "secret:named", "secret:own"];
    const subscribed = await events.take("subscribed", 3);
    assert.deepEqual(subscribed.map(({ channel }) => channel).sort(), channels);
    const { presence } = await server.api("presence", { channel: "secret:named" });
    const [member] = Object.values(presence);
    assert.deepEqual([member.user, member.chan_info], ["alice", { seat: 7 }]);
    const offsets = { "room": 0, "secret:named": 0, "secret:own": 0 };
    const publish = async (data) => {
      for (const channel of channels) await server.api("publish", { channel, data });
    };
    const expectAll = async (count) => {
      for (const { channel, data, offset } of await events.take("publication", 3 * count)) {
        offsets[channel] += 1;
        assert.deepEqual([offset, data], [offsets[channel], offsets[channel]], channel);
      }
    };
    await publish(1);
    await expectAll(1);
    proxy.cut();
    await events.take("subscribing", 3);
    await publish(2);
    await publish(3);
    proxy.mend();
    for (const { channel, wasRecovering, recovered } of await events.take("subscribed", 3)) {
      assert.deepEqual([wasRecovering, recovered], [true, true], channel);
    }
    await expectAll(2);
    assert.deepEqual(offsets, { "room": 3, "secret:named": 3, "secret:own": 3 });
  });
}
