//! ratchet_rs with its extension for permessage-deflate, which one passes by hand. All else is its
//! default. It leaves it to its user whether text is UTF-8.

use ::ratchet_rs::deflate::DeflateExtProvider;
use ::ratchet_rs::{
    Extension, Message, PayloadType, SubprotocolRegistry, WebSocket, WebSocketConfig,
    WebSocketStream, accept_with, subscribe_with,
};
use bytes::BytesMut;
use tokio::io::{BufReader, BufWriter};
use tokio::net::TcpStream;

use crate::{Ended, Peer};

pub(crate) struct Ratchet;

impl Peer for Ratchet {
    async fn serve(stream: TcpStream) -> Ended {
        let upgrader = accept_with(
            BufReader::new(BufWriter::new(stream)),
            WebSocketConfig::default(),
            DeflateExtProvider::default(),
            SubprotocolRegistry::default(),
        );
        echo(upgrader.await?.upgrade().await?.websocket).await
    }

    async fn connect(stream: TcpStream, server: std::net::SocketAddr) -> Ended {
        let subscribed = subscribe_with(
            WebSocketConfig::default(),
            BufReader::new(BufWriter::new(stream)),
            format!("ws://{server}/"),
            &DeflateExtProvider::default(),
            SubprotocolRegistry::default(),
        )
        .await?;
        echo(subscribed.websocket).await
    }
}

async fn echo<S: WebSocketStream, E: Extension>(mut socket: WebSocket<S, E>) -> Ended {
    let mut message = BytesMut::new();
    loop {
        let kind = match socket.read(&mut message).await? {
            Message::Text => {
                std::str::from_utf8(&message)?;
                PayloadType::Text
            }
            Message::Binary => PayloadType::Binary,
            Message::Ping(_) | Message::Pong(_) => continue,
            Message::Close(_) => return Ok(()),
        };
        socket.write(&mut message, kind).await?;
        socket.flush().await?;
        message.clear();
    }
}
