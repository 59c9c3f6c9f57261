//! yawc on hyper. Compression, which is off by default, is on. All else is its default; in particular
//! it does not check that text is UTF-8.

use ::yawc::{HttpStream, OpCode, Options, WebSocket};
use futures::{SinkExt as _, StreamExt as _};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use crate::{Ended, Peer, hyper_server};

pub(crate) struct Yawc;

impl Peer for Yawc {
    async fn serve(stream: TcpStream) -> Ended {
        hyper_server::serve(stream, |mut request| {
            let upgrade = WebSocket::<HttpStream>::upgrade_with_options(&mut request, options());
            let (response, upgraded) = upgrade.ok()?;
            let echo = tokio::spawn(async move { echo(upgraded.await?).await });
            Some((response, echo))
        })
        .await
    }

    async fn connect(stream: TcpStream, server: std::net::SocketAddr) -> Ended {
        let url = format!("ws://{server}/").parse()?;
        echo(WebSocket::handshake(url, stream, options()).await?).await
    }
}

fn options() -> Options {
    Options::default().with_balanced_compression()
}

async fn echo<S: AsyncRead + AsyncWrite + Unpin>(mut socket: WebSocket<S>) -> Ended {
    while let Some(frame) = socket.next().await {
        if matches!(frame.opcode(), OpCode::Text | OpCode::Binary) {
            socket.send(frame).await?;
        }
    }
    Ok(())
}
