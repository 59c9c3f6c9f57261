"""PyPI's aiohttp. permessage-deflate is its default as a server; as a client it is off, and is turned
on here. All else is its default."""

from aiohttp import ClientSession, WSMsgType, web

import common


async def echo(ws):
    async for message in ws:
        if message.type == WSMsgType.TEXT:
            await ws.send_str(message.data)
        elif message.type == WSMsgType.BINARY:
            await ws.send_bytes(message.data)


async def handle(request):
    ws = web.WebSocketResponse()
    await ws.prepare(request)
    await echo(ws)
    return ws


async def server():
    application = web.Application()
    application.router.add_get("/", handle)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    return runner.addresses[0][1]


async def client(url):
    async with ClientSession() as session, session.ws_connect(url, compress=15) as ws:
        await echo(ws)


common.main(server, client)
