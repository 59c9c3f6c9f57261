//! sockudo-ws with its `WebSocketServer` and `WebSocketClient` for HTTP/1.1, and its default
//! configuration. These do not take part in permessage-deflate.

use ::sockudo_ws::client::WebSocketClient;
use ::sockudo_ws::server::WebSocketServer;
use ::sockudo_ws::{Http1, Message, Stream, WebSocketStream};
use futures::{SinkExt as _, StreamExt as _};
use tokio::net::TcpStream;

use crate::{Ended, Peer};

pub(crate) struct Sockudo;

impl Peer for Sockudo {
    async fn serve(stream: TcpStream) -> Ended {
        let server = WebSocketServer::<Http1>::default_config();
        echo(server.accept(stream).await?.0).await
    }

    async fn connect(stream: TcpStream, server: std::net::SocketAddr) -> Ended {
        let client = WebSocketClient::<Http1>::default();
        echo(client.connect(stream, &server.to_string(), "/", None).await?.0).await
    }
}

async fn echo(mut socket: WebSocketStream<Stream<Http1>>) -> Ended {
    while let Some(message) = socket.next().await {
        match message? {
            message @ (Message::Text(_) | Message::Binary(_)) => socket.send(message).await?,
            Message::Close(_) => break,
            Message::Ping(_) | Message::Pong(_) => {}
        }
    }
    Ok(())
}
