//! fastwebsockets on hyper, with `is_upgrade_request` in front of `upgrade`, as its documentation
//! has it, and its `FragmentCollector`, which makes messages of frames. All else is its default. It has
//! no permessage-deflate.

use ::fastwebsockets::{FragmentCollector, OpCode, WebSocket, handshake, upgrade};
use bytes::Bytes;
use http_body_util::Empty;
use hyper::Request;
use hyper::upgrade::Upgraded;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;

use crate::{Ended, Peer, hyper_server};

pub(crate) struct Fastwebsockets;

impl Peer for Fastwebsockets {
    async fn serve(stream: TcpStream) -> Ended {
        hyper_server::serve(stream, |mut request| {
            if !upgrade::is_upgrade_request(&request) {
                return None;
            }
            let (response, upgraded) = upgrade::upgrade(&mut request).ok()?;
            let echo = tokio::spawn(async move { echo(upgraded.await?).await });
            Some((response, echo))
        })
        .await
    }

    async fn connect(stream: TcpStream, server: std::net::SocketAddr) -> Ended {
        let request = Request::builder()
            .uri(format!("http://{server}/"))
            .header("Host", server.to_string())
            .header("Upgrade", "websocket")
            .header("Connection", "upgrade")
            .header("Sec-WebSocket-Key", handshake::generate_key())
            .header("Sec-WebSocket-Version", "13")
            .body(Empty::<Bytes>::new())?;
        let (socket, _) = handshake::client(&TokioExecutor::new(), request, stream).await?;
        echo(socket).await
    }
}

async fn echo(socket: WebSocket<TokioIo<Upgraded>>) -> Ended {
    let mut socket = FragmentCollector::new(socket);
    loop {
        let frame = socket.read_frame().await?;
        match frame.opcode {
            OpCode::Close => return Ok(()),
            OpCode::Text | OpCode::Binary => {
                let frame = ::fastwebsockets::Frame::new(true, frame.opcode, None, frame.payload);
                socket.write_frame(frame).await?;
            }
            _ => {}
        }
    }
}
