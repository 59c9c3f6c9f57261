"""PyPI's websockets with its asyncio API and its defaults; permessage-deflate is one of them."""

from websockets.asyncio.client import connect
from websockets.asyncio.server import serve

import common


async def echo(ws):
    async for message in ws:
        await ws.send(message)


async def server():
    listening = await serve(echo, "127.0.0.1", 0)
    return listening.sockets[0].getsockname()[1]


async def client(url):
    # No proxy of the environment between the suite and the library.
    async with connect(url, proxy=None) as ws:
        await echo(ws)


common.main(server, client)
