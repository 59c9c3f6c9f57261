// A conversation of npm's ws, as a client, with an echo server.
//
//     client.cjs URL [--no-deflate] --expect deflate|plain
//
// Prints a line for each check, and exits with 1 at the first that fails.

"use strict";

const { createHash } = require("node:crypto");
const { once } = require("node:events");
const { parseArgs } = require("node:util");
const { WebSocket } = require("ws");

/** Milliseconds that any one step may take. */
const WAIT = 20_000;

const MIB = 1024 * 1024;
const MULTI_BYTE = "naïve żółć 漢字 😀";
const CLOSE_CODE = 4001;
const CLOSE_REASON = "that is all, tschüß";

/** Prints the outcome of a check, and throws where it failed. */
function check(name, passed, found = "") {
  if (!passed) throw new Error(`${name}: ${found}`);
  console.log(`ok ${name}`);
}

/** The arguments of the next event of this name; an error or the end of WAIT rejects. */
function next(emitter, name) {
  return once(emitter, name, { signal: AbortSignal.timeout(WAIT) });
}

/** Expects a message: its kind and every byte of it. */
async function expect(name, ws, message, send) {
  const received = next(ws, "message");
  send();
  const [data, isBinary] = await received;
  const kind = isBinary === (typeof message !== "string");
  const same = Buffer.from(message).equals(data);
  check(name, kind && same, `received ${isBinary ? "binary" : "text"} of ${data.length} bytes`);
}

function echo(name, ws, message) {
  return expect(name, ws, message, () => ws.send(message));
}

async function ping(name, ws, payload) {
  const pong = next(ws, "pong");
  ws.ping(payload);
  const [data] = await pong;
  check(name, payload.equals(data), `the pong says ${data.toString("hex")}`);
}

/** Bytes that look random, and are the same every time. */
function noise(length) {
  const blocks = [];
  for (let count = 0; count * 32 < length; count += 1) {
    blocks.push(createHash("sha256").update(String(count)).digest());
  }
  return Buffer.concat(blocks).subarray(0, length);
}

/** The server's response, as far as the library leaves it to its user. */
function checkHandshake(ws, response, expected) {
  const { headers, statusCode } = response;
  check("handshake: status 101", statusCode === 101, statusCode);
  check("handshake: Upgrade", headers.upgrade.toLowerCase() === "websocket", headers.upgrade);
  const extensions = headers["sec-websocket-extensions"] ?? "";
  if (expected === "deflate") {
    const agreed = extensions.split(";")[0].trim() === "permessage-deflate";
    check("handshake: permessage-deflate agreed on", agreed, extensions);
  } else {
    check("handshake: no extension agreed on", extensions === "", extensions);
  }
  check("handshake: no subprotocol", ws.protocol === "", ws.protocol);
}

async function checkMessages(ws) {
  const random = noise(MIB);
  await echo("text", ws, "Hello");
  await echo("multi-byte text", ws, MULTI_BYTE);
  await echo("binary", ws, Buffer.from(Array.from({ length: 256 }, (_, octet) => octet)));
  await echo("empty text", ws, "");
  await echo("empty binary", ws, Buffer.alloc(0));
  // One byte on each side of every boundary between the three forms of a length.
  for (const length of [125, 126, 127, 65535, 65536]) {
    await echo(`binary of ${length} bytes`, ws, random.subarray(0, length));
  }
  const thirteenBytes = "abcdefg漢€";
  const text = thirteenBytes.repeat(Math.floor(MIB / 13)) + "x".repeat(MIB % 13);
  await echo("1 MiB of text", ws, text);
  await echo("1 MiB of binary that does not compress", ws, random);
  await echo("1 MiB of binary that does", ws, Buffer.alloc(MIB));
  for (let number = 0; number < 3; number += 1) {
    await echo(`the same text again, ${number}`, ws, "Hello, hello, hello. ".repeat(10));
  }
}

async function checkFragments(ws) {
  await expect("text in three fragments", ws, "one, two, three", () => {
    ws.send("one, ", { fin: false });
    ws.send("two, ", { fin: false });
    ws.send("three", { fin: true });
  });
  const octets = Buffer.from(MULTI_BYTE);
  await expect("text in fragments of one byte, within characters", ws, MULTI_BYTE, () => {
    octets.forEach((octet, index) => {
      ws.send(Buffer.of(octet), { binary: false, fin: index === octets.length - 1 });
    });
  });
  const pong = next(ws, "pong");
  const bytes = Buffer.of(0x00, 0x01, 0xff, 0xfe);
  await expect("binary in fragments, a ping between them", ws, bytes, () => {
    ws.send(bytes.subarray(0, 2), { fin: false });
    ws.ping(Buffer.from("between"));
    ws.send(bytes.subarray(2), { fin: true });
  });
  const [data] = await pong;
  check("the pong to that ping", data.toString() === "between", data.toString("hex"));
}

async function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { "no-deflate": { type: "boolean" }, expect: { type: "string" } },
  });
  const ws = new WebSocket(positionals[0], {
    // The library compresses from 1024 bytes on; here everything, so that short messages are tried.
    perMessageDeflate: values["no-deflate"] ? false : { threshold: 0 },
    handshakeTimeout: WAIT,
    maxPayload: 2 * MIB,
  });
  const upgrade = next(ws, "upgrade");
  await next(ws, "open");
  const [response] = await upgrade;
  checkHandshake(ws, response, values.expect);
  await checkMessages(ws);
  await checkFragments(ws);
  await ping("ping", ws, Buffer.from("are you there?"));
  await ping("ping of 125 bytes", ws, Buffer.alloc(125));
  await ping("empty ping", ws, Buffer.alloc(0));
  const closed = next(ws, "close");
  ws.close(CLOSE_CODE, CLOSE_REASON);
  const [code, reason] = await closed;
  check("close: the code came back", code === CLOSE_CODE, code);
  check("close: the reason, or none", ["", CLOSE_REASON].includes(String(reason)), reason);
}

main().then(
  () => process.exit(0),
  (error) => {
    console.log(`FAILED ${error.stack}`);
    process.exit(1);
  },
);
