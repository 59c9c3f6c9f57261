"""A conversation of PyPI's websockets, as a client, with an echo server.

    client.py URL [--no-deflate] --expect deflate|plain

Prints a line for each check, and exits with 1 at the first that fails.
"""

import argparse
import random
import sys

from websockets.sync.client import connect

WAIT = 20
"""Seconds that any one step may take."""

MIB = 1024 * 1024
MULTI_BYTE = "naïve żółć 漢字 😀"
CLOSE_CODE = 4001
CLOSE_REASON = "that is all, tschüß"


def check(name, passed, found=""):
    """Print the outcome of a check, and end the conversation where it failed."""
    if not passed:
        print(f"FAILED {name}: {found}", flush=True)
        sys.exit(1)
    print(f"ok {name}", flush=True)


def echo(name, ws, message):
    """Send a message and expect the same, of the same kind, back."""
    ws.send(message)
    expect(name, ws, message)


def expect(name, ws, message):
    """Expect a message. Text arrives as str and binary as bytes, so this compares kinds as well."""
    answer = ws.recv(timeout=WAIT)
    check(name, answer == message, f"received {type(answer).__name__} of {len(answer)}")


def ping(name, ws, payload):
    """Send a ping; the library takes a pong for an answer only where its payload is the same."""
    check(name, ws.ping(payload).wait(WAIT), f"no pong within {WAIT} s")


def check_handshake(ws, expected):
    """The server's response, as far as the library leaves it to its user."""
    headers = ws.response.headers
    check("handshake: status 101", ws.response.status_code == 101, ws.response.status_code)
    check("handshake: Upgrade", headers["Upgrade"].lower() == "websocket", headers["Upgrade"])
    extensions = headers.get("Sec-WebSocket-Extensions", "")
    if expected == "deflate":
        agreed = extensions.split(";")[0].strip() == "permessage-deflate"
        check("handshake: permessage-deflate agreed on", agreed, repr(extensions))
    else:
        check("handshake: no extension agreed on", extensions == "", repr(extensions))
    check("handshake: no subprotocol", "Sec-WebSocket-Protocol" not in headers)


def check_messages(ws):
    noise = random.Random(6455).randbytes(MIB)
    echo("text", ws, "Hello")
    echo("multi-byte text", ws, MULTI_BYTE)
    echo("binary", ws, bytes(range(256)))
    echo("empty text", ws, "")
    echo("empty binary", ws, b"")
    # One byte on each side of every boundary between the three forms of a length.
    for length in (125, 126, 127, 65535, 65536):
        echo(f"binary of {length} bytes", ws, noise[:length])
    thirteen_bytes = "abcdefg漢€"
    echo("1 MiB of text", ws, thirteen_bytes * (MIB // 13) + "x" * (MIB % 13))
    echo("1 MiB of binary that does not compress", ws, noise)
    echo("1 MiB of binary that does", ws, bytes(MIB))
    for number in range(3):
        echo(f"the same text again, {number}", ws, "Hello, hello, hello. " * 10)


def check_fragments(ws):
    ws.send(["one, ", "two, ", "three"])
    expect("text in three fragments", ws, "one, two, three")
    octets = MULTI_BYTE.encode()
    ws.send([octets[i : i + 1] for i in range(len(octets))], text=True)
    expect("text in fragments of one byte, within characters", ws, MULTI_BYTE)
    ws.send([b"\x00\x01", b"", b"\xff\xfe"])
    expect("binary in fragments, one of them empty", ws, b"\x00\x01\xff\xfe")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("--no-deflate", action="store_true")
    parser.add_argument("--expect", choices=["deflate", "plain"], required=True)
    arguments = parser.parse_args()
    ws = connect(
        arguments.url,
        compression=None if arguments.no_deflate else "deflate",
        max_size=2 * MIB,
        open_timeout=WAIT,
        close_timeout=WAIT,
        ping_interval=None,
        proxy=None,
    )
    check_handshake(ws, arguments.expect)
    check_messages(ws)
    check_fragments(ws)
    ping("ping", ws, b"are you there?")
    ping("ping of 125 bytes", ws, bytes(125))
    ping("empty ping", ws, b"")
    ws.close(CLOSE_CODE, CLOSE_REASON)
    check("close: the code came back", ws.close_code == CLOSE_CODE, ws.close_code)
    check("close: the reason, or none", ws.close_reason in (CLOSE_REASON, ""), ws.close_reason)


if __name__ == "__main__":
    main()
