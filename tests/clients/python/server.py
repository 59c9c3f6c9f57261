"""PyPI's websockets as an echo server.

    server.py [--no-deflate]

Prints `listening PORT`, and `agreed on deflate` or `agreed on plain` for each connection. Ends when
its standard input does.
"""

import argparse
import sys
import threading

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import serve

WAIT = 20
"""Seconds that a handshake or a close may take."""


def echo(ws):
    """Answer every message with itself, as text or binary, until the connection ends."""
    print(f"agreed on {'deflate' if ws.protocol.extensions else 'plain'}", flush=True)
    try:
        for message in ws:
            ws.send(message)
    except ConnectionClosed as closed:
        # It ends the loop silently for the codes 1000 and 1001 alone.
        print(f"closed: {closed}", flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--no-deflate", action="store_true")
    arguments = parser.parse_args()
    server = serve(
        echo,
        "127.0.0.1",
        0,
        compression=None if arguments.no_deflate else "deflate",
        max_size=2 * 1024 * 1024,
        open_timeout=WAIT,
        close_timeout=WAIT,
        ping_interval=None,
    )
    print(f"listening {server.socket.getsockname()[1]}", flush=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdin.read()


if __name__ == "__main__":
    main()
