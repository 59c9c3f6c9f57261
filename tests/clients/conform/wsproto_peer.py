"""PyPI's wsproto, which does no IO: asyncio's streams carry its bytes. permessage-deflate, which one
passes by hand, is on; all else is its default. What it raises for is answered as its documentation
has it, with the event that the error proposes, and ends the connection."""

import asyncio

from wsproto import ConnectionType, WSConnection
from wsproto.events import (
    AcceptConnection,
    BytesMessage,
    CloseConnection,
    Message,
    Ping,
    RejectConnection,
    Request,
    TextMessage,
)
from wsproto.extensions import PerMessageDeflate
from wsproto.utilities import LocalProtocolError, RemoteProtocolError

import common


def answers(connection, event, parts):
    """What to send for an event; the pieces of a message are kept in `parts` until it is whole."""
    if isinstance(event, Request):
        yield AcceptConnection(extensions=[PerMessageDeflate()])
    elif isinstance(event, Ping):
        yield event.response()
    elif isinstance(event, CloseConnection):
        yield event.response()
    elif isinstance(event, Message):
        parts.append(event.data)
        if event.message_finished:
            kind = TextMessage if isinstance(event, TextMessage) else BytesMessage
            empty = "" if kind is TextMessage else b""
            yield kind(data=empty.join(parts))
            parts.clear()


async def converse(connection, reader, writer):
    """Echo until the connection ends."""
    parts = []
    ended = False
    while not ended:
        data = await reader.read(65536)
        out = b""
        try:
            connection.receive_data(data or None)
            for event in connection.events():
                ended = ended or isinstance(event, (CloseConnection, RejectConnection))
                for answer in answers(connection, event, parts):
                    out += connection.send(answer)
        except RemoteProtocolError as error:
            ended = True
            if error.event_hint is not None:
                out += connection.send(error.event_hint)
        except LocalProtocolError:
            ended = True
        writer.write(out)
        await writer.drain()
        ended = ended or not data


async def handle(reader, writer):
    try:
        await converse(WSConnection(ConnectionType.SERVER), reader, writer)
    except ConnectionError:
        pass
    finally:
        writer.close()


async def server():
    listening = await asyncio.start_server(handle, "127.0.0.1", 0)
    # Without a reference it would be collected.
    server.listening = listening
    return listening.sockets[0].getsockname()[1]


async def client(url):
    authority = url.removeprefix("ws://").rstrip("/")
    host, port = authority.split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        connection = WSConnection(ConnectionType.CLIENT)
        request = Request(host=authority, target="/", extensions=[PerMessageDeflate()])
        writer.write(connection.send(request))
        await converse(connection, reader, writer)
    finally:
        writer.close()


common.main(server, client)
