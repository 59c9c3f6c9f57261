//! tungstenite with its defaults, blocking, in a thread for each connection. It has no
//! permessage-deflate.

use ::tungstenite::{Error, Message, WebSocket, accept, client};
use tokio::net::TcpStream;

use crate::{Ended, Peer};

pub(crate) struct Tungstenite;

impl Peer for Tungstenite {
    async fn serve(stream: TcpStream) -> Ended {
        let stream = blocking(stream)?;
        tokio::task::spawn_blocking(|| echo(accept(stream)?)).await?
    }

    async fn connect(stream: TcpStream, server: std::net::SocketAddr) -> Ended {
        let stream = blocking(stream)?;
        let url = format!("ws://{server}/");
        tokio::task::spawn_blocking(move || echo(client(url, stream)?.0)).await?
    }
}

fn blocking(stream: TcpStream) -> std::io::Result<std::net::TcpStream> {
    let stream = stream.into_std()?;
    stream.set_nonblocking(false)?;
    Ok(stream)
}

fn echo(mut socket: WebSocket<std::net::TcpStream>) -> Ended {
    loop {
        match socket.read() {
            Ok(message @ (Message::Text(_) | Message::Binary(_))) => socket.send(message)?,
            // A Close has to be read past: that writes the answer.
            Ok(_) => {}
            Err(Error::ConnectionClosed) => return Ok(()),
            Err(error) => return Err(error.into()),
        }
    }
}
