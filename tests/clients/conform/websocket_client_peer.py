"""PyPI's websocket-client with its defaults: a client alone, blocking, and without
permessage-deflate."""

import asyncio

import websocket

import common


def echo(url):
    ws = websocket.create_connection(url)
    try:
        while True:
            opcode, data = ws.recv_data()
            if opcode == websocket.ABNF.OPCODE_CLOSE:
                return
            ws.send(data, opcode)
    finally:
        ws.close()
        # Where the server has closed first, `close` leaves the socket open.
        ws.shutdown()


async def client(url):
    await asyncio.to_thread(echo, url)


common.main(None, client)
