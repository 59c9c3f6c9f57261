//! tokio-websockets with its defaults. It has no permessage-deflate.

use ::tokio_websockets::{ClientBuilder, ServerBuilder, WebSocketStream};
use futures::{SinkExt as _, StreamExt as _};
use tokio::net::TcpStream;

use crate::{Ended, Peer};

pub(crate) struct TokioWebsockets;

impl Peer for TokioWebsockets {
    async fn serve(stream: TcpStream) -> Ended {
        echo(ServerBuilder::new().accept(stream).await?.1).await
    }

    async fn connect(stream: TcpStream, server: std::net::SocketAddr) -> Ended {
        let client = ClientBuilder::new().uri(&format!("ws://{server}/"))?;
        echo(client.connect_on(stream).await?.0).await
    }
}

async fn echo(mut socket: WebSocketStream<TcpStream>) -> Ended {
    while let Some(message) = socket.next().await {
        let message = message?;
        if message.is_text() || message.is_binary() {
            socket.send(message).await?;
        }
    }
    Ok(())
}
