// What a client is given when it comes back: all that it missed, in order and once, or the word that it
// cannot be had any more.

"use strict";

const assert = require("node:assert/strict");
const { randomBytes } = require("node:crypto");
const { test } = require("node:test");
const {
  TRANSPORTS,
  WAIT,
  connect,
  startProxy,
  startServer,
  subscribe,
} = require("./support.cjs");

const OPTIONS = { timeout: 3 * WAIT };

/** Publishes these over the API, one after the other. */
async function publish(server, channel, numbers) {
  for (const number of numbers) await server.api("publish", { channel, data: number });
}

function range(from, to) {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}

/** The next publications have to be these, with offsets like them. */
async function expectNumbers(events, numbers) {
  for (const number of numbers) {
    const { data, offset } = await events.next("publication");
    assert.deepEqual([data, offset], [number, number]);
  }
}

for (const transport of TRANSPORTS) {
  test(`${transport}: a connection that was cut misses nothing`, OPTIONS, async (t) => {
    const server = await startServer(t);
    const proxy = await startProxy(t, server);
    const { client, events: of } = await connect(t, proxy, transport);
    const { events } = await subscribe(client, "room");
    await of.next("connecting");
    let last = 0;
    for (const round of [1, 2, 3]) {
      await publish(server, "room", range(last + 1, last + 3));
      await expectNumbers(events, range(last + 1, last + 3));
      proxy.cut();
      await of.next("connecting");
      await events.next("subscribing");
      await publish(server, "room", range(last + 4, last + 10));
      proxy.mend();
      await of.next("connected");
      const { wasRecovering, recovered } = await events.next("subscribed");
      assert.deepEqual([wasRecovering, recovered], [true, true], `round ${round}`);
      last += 10;
      await expectNumbers(events, range(last - 6, last));
    }
    // And goes on.
    await publish(server, "room", [last + 1]);
    await expectNumbers(events, [last + 1]);
    assert.equal(events.left("publication"), 0);
  });

  test(`${transport}: what history has lost is told`, OPTIONS, async (t) => {
    const server = await startServer(t);
    const proxy = await startProxy(t, server);
    const { client } = await connect(t, proxy, transport);
    const { events } = await subscribe(client, "short:room");
    await publish(server, "short:room", [1]);
    await expectNumbers(events, [1]);
    await events.next("subscribing");
    // The channel keeps three.
    for (const [missed, recovered] of [[3, true], [4, false]]) {
      const { offset } = await server.api("history", { channel: "short:room", limit: 0 });
      proxy.cut();
      await events.next("subscribing");
      await publish(server, "short:room", range(offset + 1, offset + missed));
      proxy.mend();
      assert.equal((await events.next("subscribed")).recovered, recovered, `${missed} missed`);
      if (recovered) await expectNumbers(events, range(offset + 1, offset + missed));
      await publish(server, "short:room", [offset + missed + 1]);
      await expectNumbers(events, [offset + missed + 1]);
    }
    assert.equal(events.left("publication"), 0);
  });

  test(`${transport}: who knows a position begins there`, OPTIONS, async (t) => {
    const server = await startServer(t);
    await publish(server, "room", range(1, 5));
    const { epoch } = await server.api("history", { channel: "room", limit: 0 });
    const { client } = await connect(t, server, transport);
    const here = await subscribe(client, "room", { since: { offset: 3, epoch } });
    assert.deepEqual([here.subscribed.wasRecovering, here.subscribed.recovered], [true, true]);
    await expectNumbers(here.events, [4, 5]);
    await publish(server, "room", [6]);
    await expectNumbers(here.events, [6]);
    client.removeSubscription(here.subscription);
    for (const since of [{ offset: 9, epoch }, { offset: 3, epoch: "no such" }]) {
      const there = await subscribe(client, "room", { since });
      assert.deepEqual([there.subscribed.wasRecovering, there.subscribed.recovered], [true, false]);
      assert.deepEqual(there.subscribed.streamPosition, { offset: 6, epoch });
      client.removeSubscription(there.subscription);
    }
  });

  test(`${transport}: 300 are recovered, and one more is too many`, OPTIONS, async (t) => {
    const server = await startServer(t);
    const proxy = await startProxy(t, server);
    const channel = "disconnect:room";
    const { client } = await connect(t, proxy, transport);
    const { events } = await subscribe(client, channel);
    await events.next("subscribing");
    let last = 0;
    for (const [missed, recovered] of [[300, true], [301, false]]) {
      proxy.cut();
      await events.next("subscribing");
      const numbers = range(last + 1, last + missed);
      const commands = numbers.map((data) => ({ publish: { channel, data } }));
      const { answer } = await server.ask("batch", { commands });
      assert.deepEqual(answer.replies.map(({ publish: { offset } }) => offset), numbers);
      proxy.mend();
      assert.equal((await events.next("subscribed")).recovered, recovered, `${missed} missed`);
      if (recovered) await expectNumbers(events, numbers);
      last += missed;
    }
    await publish(server, channel, [last + 1]);
    await expectNumbers(events, [last + 1]);
    assert.equal(events.left("publication"), 0);
  });

  for (const end of ["kill", "shutDown"]) {
    const name = `${transport}: after ${end} and a new start, that history is lost is told`;
    test(name, OPTIONS, async (t) => {
      const first = await startServer(t);
      const proxy = await startProxy(t, first);
      const { client, events: of } = await connect(t, proxy, transport);
      const { events, subscribed } = await subscribe(client, "room");
      await publish(first, "room", [1, 2]);
      await expectNumbers(events, [1, 2]);
      await events.next("subscribing");
      await of.next("connecting");
      await first[end]();
      await of.next("connecting");
      await events.next("subscribing");
      const second = await startServer(t);
      await publish(second, "room", [1, 2]);
      proxy.mend(second);
      const again = await events.next("subscribed");
      assert.deepEqual([again.wasRecovering, again.recovered], [true, false]);
      assert.notEqual(again.streamPosition.epoch, subscribed.streamPosition.epoch);
      assert.equal(again.streamPosition.offset, 2);
      await publish(second, "room", [3]);
      await expectNumbers(events, [3]);
      assert.equal(events.left("publication"), 0);
    });
  }
}

/** A server that takes large publications, and gives a slow reader the time to read why it ends. */
const PATIENT = {
  // What does not compress takes long to find out, and the client is not to miss a ping meanwhile.
  SERVER_COMPRESSION: "false",
  LIMITS_MAX_PUBLICATION_BYTES: "256KiB",
  SERVER_CLOSE_TIMEOUT: "1m",
  SERVER_WRITE_STALL_TIMEOUT: "1m",
};

/**
 * Publishes to a channel until the subscriber is lost, and returns how many that were. Before that,
 * what the system's buffers hold has to be sent: mostly 6 MB, but on some systems up to 37 MB.
 */
async function overwhelm(server, channel) {
  for (let count = 1; count <= 280; count += 1) {
    // It does not compress to less.
    const data = randomBytes(180_000).toString("base64");
    await server.api("publish", { channel, data });
    const { num_clients: clients } = await server.api("presence_stats", { channel });
    if (clients === 0) return count;
  }
  throw new Error("50 MB went to a reader that reads nothing");
}

for (const transport of TRANSPORTS) {
  for (const [policy, told] of [["disconnect", 3008], ["gap", 2500]]) {
    const name = `${transport}: a reader that has stopped is told ${told}, and misses nothing`;
    test(name, OPTIONS, async (t) => {
      const server = await startServer(t, PATIENT);
      const proxy = await startProxy(t, server);
      const channel = `${policy}:room`;
      const { client, events: of } = await connect(t, proxy, transport);
      const other = await connect(t, server, transport);
      const { events } = await subscribe(client, channel);
      await of.next("connecting");
      await events.next("subscribing");
      const otherHere = await subscribe(other.client, "room");
      proxy.stall();
      const count = await overwhelm(server, channel);
      // It costs others nothing.
      await publish(server, "room", [1]);
      await expectNumbers(otherHere.events, [1]);
      proxy.flow();
      const { code } = await (told === 2500 ? events.next("subscribing") : of.next("connecting"));
      assert.equal(code, told);
      const { wasRecovering, recovered } = await events.next("subscribed");
      assert.deepEqual([wasRecovering, recovered], [true, true]);
      const publications = await events.take("publication", count);
      assert.deepEqual(publications.map(({ offset }) => offset), range(1, count));
      await publish(server, channel, [count + 1]);
      await expectNumbers(events, [count + 1]);
      assert.equal(events.left("publication"), 0);
    });
  }
}
