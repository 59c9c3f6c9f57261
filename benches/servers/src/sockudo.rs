//! sockudo-ws with its `WebSocketServer` for HTTP/1.1, which takes no part in permessage-deflate; with
//! it, on the handshake that one writes oneself from its parts, as its examples do.

use ::sockudo_ws::deflate::{DeflateConfig, negotiate_server_deflate};
use ::sockudo_ws::handshake::{build_response, generate_accept_key, parse_request};
use ::sockudo_ws::server::WebSocketServer;
use ::sockudo_ws::stream::CompressedWebSocketStream;
use ::sockudo_ws::{Config, Http1, Message};
use bytes::BytesMut;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::{Ended, runtime};

/// Without the boxed stream of `accept`, which is for those who serve several transports.
pub(crate) async fn serve(stream: TcpStream) -> Ended {
    let server = WebSocketServer::<Http1>::default_config();
    runtime::echo(server.accept_raw(stream).await?.0, is_data).await
}

/// With level 6, which is its default, and every message compressed; its default is to leave those
/// under 32 bytes as they are.
pub(crate) async fn serve_with_deflate(mut stream: TcpStream) -> Ended {
    let policy = DeflateConfig { compression_threshold: 0, ..DeflateConfig::default() };
    let mut head = BytesMut::with_capacity(1024);
    let negotiation = loop {
        if stream.read_buf(&mut head).await? == 0 {
            return Err("closed in the opening handshake".into());
        }
        if let Some((request, _)) = parse_request(&head)? {
            let offer = request.extensions.ok_or("no extension was offered")?;
            let negotiation = negotiate_server_deflate(offer, &policy).ok_or("no offer fits")?;
            let extension = negotiation.to_response_header();
            let key = generate_accept_key(request.key);
            stream.write_all(&build_response(&key, None, Some(&extension))).await?;
            break negotiation;
        }
    };
    let config = Config::default();
    runtime::echo(CompressedWebSocketStream::server(stream, config, negotiation.config), is_data)
        .await
}

fn is_data(message: &Message) -> bool {
    matches!(message, Message::Text(_) | Message::Binary(_))
}
