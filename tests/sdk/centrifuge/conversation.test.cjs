// What two clients have to say to each other over each transport.

"use strict";

const assert = require("node:assert/strict");
const http = require("node:http");
const { describe, test } = require("node:test");
const {
  TRANSPORTS,
  WAIT,
  connect,
  makeClient,
  makeSubscription,
  refusal,
  startServer,
  subscribe,
} = require("./support.cjs");

const OPTIONS = { timeout: 3 * WAIT };

for (const transport of TRANSPORTS) {
  test(`${transport}: publications reach all, with who published them`, OPTIONS, async (t) => {
    const server = await startServer(t);
    const alice = await connect(t, server, transport);
    const bob = await connect(t, server, transport);
    assert.equal(alice.connected.transport, transport);
    assert.notEqual(alice.connected.client, bob.connected.client);
    const aliceHere = await subscribe(alice.client, "room");
    const bobHere = await subscribe(bob.client, "room");
    assert.deepEqual(
      [bobHere.subscribed.recoverable, bobHere.subscribed.wasRecovering],
      [true, false],
    );
    const said = { text: "naïve żółć 漢字 😀\n\u0000", number: 1.5, list: [null, true] };
    await aliceHere.subscription.publish(said);
    for (const { events } of [aliceHere, bobHere]) {
      const { channel, data, offset, info } = await events.next("publication");
      assert.deepEqual(
        { channel, data, offset, client: info.client },
        { channel: "room", data: said, offset: 1, client: alice.connected.client },
      );
    }
    await server.api("publish", { channel: "room", data: 2, tags: { by: "the API" } });
    for (const { events } of [aliceHere, bobHere]) {
      const { data, offset, tags, info } = await events.next("publication");
      assert.deepEqual([data, offset, tags, info], [2, 2, { by: "the API" }, undefined]);
    }
  });

  test(`${transport}: presence, and who comes and goes`, OPTIONS, async (t) => {
    const server = await startServer(t);
    const alice = await connect(t, server, transport);
    const bob = await connect(t, server, transport);
    const { subscription, events } = await subscribe(alice.client, "room", { joinLeave: true });
    assert.equal((await events.next("join")).info.client, alice.connected.client);
    const bobHere = await subscribe(bob.client, "room");
    assert.equal((await events.next("join")).info.client, bob.connected.client);
    const { clients } = await subscription.presence();
    const names = [alice, bob].map(({ connected }) => connected.client);
    assert.deepEqual(Object.keys(clients).sort(), names.sort());
    assert.deepEqual(await subscription.presenceStats(), { numClients: 2, numUsers: 1 });
    bobHere.subscription.unsubscribe();
    assert.equal((await events.next("leave")).info.client, bob.connected.client);
    bobHere.subscription.subscribe();
    assert.equal((await events.next("join")).info.client, bob.connected.client);
    bob.client.disconnect();
    assert.equal((await events.next("leave")).info.client, bob.connected.client);
    assert.deepEqual(await subscription.presenceStats(), { numClients: 1, numUsers: 1 });
    // Bob has not asked to be told.
    assert.deepEqual([bobHere.events.left("join"), bobHere.events.left("leave")], [0, 0]);
  });

  test(`${transport}: history by limit, position and direction`, OPTIONS, async (t) => {
    const server = await startServer(t);
    const { client } = await connect(t, server, transport);
    const { subscription } = await subscribe(client, "room");
    for (const data of ["a", "b", "c", "d"]) await subscription.publish(data);
    const { epoch } = await subscription.history({ limit: 0 });
    assert.equal(typeof epoch, "string");
    const table = [
      [{}, []],
      [{ limit: 0 }, []],
      [{ limit: -1 }, [1, 2, 3, 4]],
      [{ limit: 2 }, [1, 2]],
      [{ limit: 2, reverse: true }, [4, 3]],
      [{ limit: 10, since: { offset: 2, epoch } }, [3, 4]],
      [{ limit: 1, since: { offset: 2, epoch } }, [3]],
      [{ limit: 10, since: { offset: 3, epoch }, reverse: true }, [2, 1]],
      [{ limit: 10, since: { offset: 4, epoch } }, []],
    ];
    for (const [options, offsets] of table) {
      const page = await subscription.history(options);
      const text = JSON.stringify(options);
      assert.deepEqual(page.publications.map(({ offset }) => offset), offsets, text);
      const letters = offsets.map((offset) => "abcd"[offset - 1]);
      assert.deepEqual(page.publications.map(({ data }) => data), letters, text);
      assert.deepEqual([page.offset, page.epoch], [4, epoch], text);
    }
    const elsewhere = subscription.history({ limit: 1, since: { offset: 1, epoch: "no such" } });
    assert.equal((await refusal(elsewhere)).code, 112);
  });

  test(`${transport}: what is refused has a code and changes nothing`, OPTIONS, async (t) => {
    const server = await startServer(t);
    const { client, events } = await connect(t, server, transport);
    const { subscription } = await subscribe(client, "closed:room");
    const plain = await subscribe(client, "plain:room");
    assert.equal(plain.subscribed.recoverable, false);
    const table = [
      [() => client.publish("secret:room", 1), 103],
      [() => client.publish("no such:namespace", 1), 102],
      [() => client.publish("x".repeat(256), 1), 106],
      [() => client.publish("room", "x".repeat(65_536)), 106],
      [() => subscription.publish(1), 103],
      [() => subscription.presence(), 103],
      [() => subscription.presenceStats(), 103],
      [() => subscription.history({ limit: 1 }), 103],
      [() => plain.subscription.history({ limit: 1 }), 103],
      [() => client.rpc("method", {}), 104],
    ];
    for (const [row, [command, code]] of table.entries()) {
      assert.equal((await refusal(command())).code, code, `row ${row}`);
    }
    const refused = makeSubscription(client, "secret:room");
    refused.subscription.subscribe();
    assert.equal((await refused.events.next("unsubscribed")).code, 103);
    await plain.subscription.publish("still here");
    assert.equal((await plain.events.next("publication")).data, "still here");
    // It has connected once.
    assert.deepEqual([events.left("connecting"), events.left("disconnected")], [1, 0]);
  });
}

for (const transport of TRANSPORTS) {
  test(`${transport}: commands that leave together, and large ones`, OPTIONS, async (t) => {
    const server = await startServer(t);
    const { client } = await connect(t, server, transport);
    // An encoding of differences that the server does not have.
    const { subscription, events } = await subscribe(client, "room", { delta: "fossil" });
    const large = "żółć \u2028\r\n ".repeat(3000);
    const sent = [1, large, { nested: [large.length, "\\"] }, "last"];
    client.startBatching();
    const published = sent.map((data) => subscription.publish(data));
    const stats = subscription.presenceStats();
    client.stopBatching();
    await Promise.all(published);
    assert.equal((await stats).numClients, 1);
    const publications = await events.take("publication", sent.length);
    assert.deepEqual(publications.map(({ data }) => data), sent);
  });
}

describe("where a WebSocket cannot be had, the next transport takes its place", () => {
  for (const transport of ["http_stream", "sse"]) {
    test(transport, OPTIONS, async (t) => {
      const server = await startServer(t);
      const closed = "ws://127.0.0.1:1/connection/websocket";
      const { client, events } = makeClient(t, server, transport, {}, [
        { transport: "websocket", endpoint: closed },
      ]);
      client.connect();
      assert.equal((await events.next("connected")).transport, transport);
      const here = await subscribe(client, "room");
      await here.subscription.publish(1);
      assert.equal((await here.events.next("publication")).data, 1);
    });
  }
});

describe("commands over plain HTTP on any of four workers", () => {
  const WORKERS = { SERVER_THREADS: "4" };
  const COMMANDS = 32;

  /** A `fetch` that takes a connection of its own for each command. */
  function fetchAnew(url, options) {
    if (!url.endsWith("/emulation")) return fetch(url, options);
    return new Promise((resolve, reject) => {
      const { method, headers, body } = options;
      const request = http.request(url, { method, headers, agent: false }, (response) => {
        response.resume();
        const { statusCode } = response;
        resolve({ status: statusCode, ok: statusCode < 300 });
      });
      request.on("error", reject);
      request.end(body);
    });
  }

  for (const transport of ["http_stream", "sse"]) {
    test(transport, OPTIONS, async (t) => {
      const server = await startServer(t, WORKERS);
      const { client } = await connect(t, server, transport, { fetch: fetchAnew });
      const { subscription, events } = await subscribe(client, "room");
      const numbers = Array.from({ length: COMMANDS }, (_, number) => number);
      await Promise.all(numbers.map((number) => subscription.publish(number)));
      const publications = await events.take("publication", COMMANDS);
      const offsets = publications.map(({ offset }) => offset);
      assert.deepEqual(offsets, numbers.map((number) => number + 1));
      const data = publications.map((publication) => publication.data);
      assert.deepEqual(data.sort((a, b) => a - b), numbers);
    });
  }
});

test("commands for a session, or a node, that there is not", OPTIONS, async (t) => {
  const server = await startServer(t);
  const post = async (body) => {
    const url = `http://${server.address}/emulation`;
    return (await fetch(url, { method: "POST", body: JSON.stringify(body) })).status;
  };
  const session = "00000000-0000-4000-8000-000000000007";
  const data = '{"id":1,"publish":{"channel":"room","data":1}}';
  const table = [
    [{ session, node: "longwire.0", data }, 204],
    [{ session, node: "longwire.1", data }, 204],
    [{ session, node: "longwire.2", data }, 404],
    [{ session, node: "another.0", data }, 404],
    [{ session, node: "", data }, 404],
    [{ session: "no UUID", node: "longwire.0", data }, 400],
    [{ session, node: "longwire.0" }, 400],
    [{}, 400],
  ];
  for (const [body, status] of table) assert.equal(await post(body), status, JSON.stringify(body));
  assert.equal((await server.api("history", { channel: "room", limit: 0 })).offset, 0);
});
