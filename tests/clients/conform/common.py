"""What the Python peers of the conformance suite have in common.

    PEER.py server         print `listening PORT`, echo until standard input ends
    PEER.py client URL     connect and echo, again and again, until nobody listens
"""

import asyncio
import os
import sys
import threading

CONNECTION_LIMIT = 25
"""Seconds after which a client gives a connection up that is stuck."""

REFUSALS = 40
"""So often a client finds nobody before it ends."""

REFUSAL_PAUSE = 0.05


def main(serve, connect):
    """Run one role. `serve` listens on a free port of loopback and returns the port; `connect` opens
    a connection to an URL and echoes until it ends. Either may be None where there is none."""
    if serve and sys.argv[1:] == ["server"]:
        asyncio.run(_serve(serve))
    elif connect and sys.argv[1:2] == ["client"] and len(sys.argv) == 3:
        asyncio.run(_connect(connect, sys.argv[2]))
    else:
        sys.exit("server, or client URL?")


async def _serve(serve):
    port = await serve()
    threading.Thread(target=_end_with_input, daemon=True).start()
    print(f"listening {port}", flush=True)
    await asyncio.Event().wait()


def _end_with_input():
    sys.stdin.buffer.read()
    os._exit(0)


async def _connect(connect, url):
    refusals = 0
    while refusals < REFUSALS:
        try:
            await asyncio.wait_for(connect(url), CONNECTION_LIMIT)
            refusals = 0
        except Exception as error:
            # Libraries wrap what a refused connection raises in errors of their own.
            refused = _is_refused(error)
            refusals = refusals + 1 if refused else 0
            if refused:
                await asyncio.sleep(REFUSAL_PAUSE)


def _is_refused(error):
    while error is not None:
        if isinstance(error, ConnectionRefusedError):
            return True
        error = error.__cause__ or error.__context__
    return False
