"""PyPI's tornado. permessage-deflate, which is off by default, is turned on; all else is its
default."""

from tornado.httpserver import HTTPServer
from tornado.netutil import bind_sockets
from tornado.web import Application
from tornado.websocket import WebSocketHandler, websocket_connect

import common


class Echo(WebSocketHandler):
    def get_compression_options(self):
        return {}

    async def on_message(self, message):
        await self.write_message(message, binary=isinstance(message, bytes))


async def server():
    sockets = bind_sockets(0, "127.0.0.1")
    # Requests that are refused are no news here.
    application = Application([("/", Echo)], log_function=lambda handler: None)
    HTTPServer(application).add_sockets(sockets)
    return sockets[0].getsockname()[1]


async def client(url):
    ws = await websocket_connect(url, compression_options={})
    while (message := await ws.read_message()) is not None:
        await ws.write_message(message, binary=isinstance(message, bytes))


common.main(server, client)
