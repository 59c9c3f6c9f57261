//! The opening handshake as a server: from the bytes of a browser's request to those of the answer.

use std::hint::black_box;
use std::io::{Cursor, Read as _};
use std::pin::Pin;
use std::task::{Context, Poll};

use anyhow::{Context as _, Result, ensure};
use longwire::handshake::{Acceptance, HeadLimits, HeadScanner, Request, Status};
use sockudo_ws::handshake::{build_response, generate_accept_key, parse_request};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_websockets::ServerBuilder;
use tungstenite::handshake::machine::TryParse as _;
use tungstenite::handshake::server;

use crate::row::{Entry, Row, Side};
use crate::source::now;

/// What Chrome 141 sends, with two small cookies.
const REQUEST: &str = "GET /chat?room=1 HTTP/1.1\r\n\
    Host: realtime.example.com\r\n\
    Connection: Upgrade\r\n\
    Pragma: no-cache\r\n\
    Cache-Control: no-cache\r\n\
    User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 \
    Safari/537.36\r\n\
    Upgrade: websocket\r\n\
    Origin: https://www.example.com\r\n\
    Sec-WebSocket-Version: 13\r\n\
    Accept-Encoding: gzip, deflate, br, zstd\r\n\
    Accept-Language: en-US,en;q=0.9,de;q=0.8\r\n\
    Cookie: session=5f2b8c1d9e7a4f60; theme=dark\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
    Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\r\n";

/// RFC 6455 §1.3: what the server makes of that key.
const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

pub(crate) fn rows() -> Vec<Row> {
    let entries = || {
        vec![
            entry(Side::Ours, "longwire", longwire),
            entry(Side::Peer, "tungstenite", tungstenite),
            entry(Side::Peer, "tokio-websockets", tokio_websockets),
            entry(Side::Peer, "sockudo-ws", sockudo),
        ]
    };
    let name = format!("request {} B", REQUEST.len());
    vec![Row::new("handshake", name, REQUEST.len(), entries)]
}

fn entry(
    side: Side,
    implementation: &'static str,
    answer: fn(&[u8], &mut Vec<u8>) -> Result<()>,
) -> Entry {
    let verify = move || {
        let mut out = Vec::new();
        answer(REQUEST.as_bytes(), &mut out)?;
        verify(&out)
    };
    let make = move || -> crate::row::Work {
        let mut out = Vec::with_capacity(1024);
        Box::new(move |count| {
            for _ in 0..count {
                out.clear();
                answer(black_box(REQUEST.as_bytes()), &mut out).expect("a valid request");
                black_box(&out);
            }
        })
    };
    Entry::new(side, implementation, verify, make)
}

/// A 101 with the headers that it has to have.
fn verify(answer: &[u8]) -> Result<()> {
    let answer = std::str::from_utf8(answer)?.to_ascii_lowercase();
    let wanted = format!("sec-websocket-accept: {}\r\n", ACCEPT.to_ascii_lowercase());
    let headers = ["upgrade: websocket\r\n", "connection: upgrade\r\n", &wanted];
    let whole = answer.starts_with("http/1.1 101 ") && answer.ends_with("\r\n\r\n");
    ensure!(whole && headers.iter().all(|header| answer.contains(header)), "not a 101: {answer}");
    Ok(())
}

/// With every check that the standard asks of a server.
fn longwire(received: &[u8], out: &mut Vec<u8>) -> Result<()> {
    let mut scanner = HeadScanner::new(HeadLimits::default());
    let Status::Complete(head) = scanner.scan(received)? else { anyhow::bail!("cut off") };
    let request = Request::parse(head)?;
    let mut space = [0; 1024];
    let accepted = request.upgrade()?.accept(&Acceptance::default(), &mut space)?;
    out.extend_from_slice(&space[..accepted.response_bytes]);
    Ok(())
}

/// The parts of its `accept`, without the connection that it makes.
fn tungstenite(received: &[u8], out: &mut Vec<u8>) -> Result<()> {
    let (_, request) = server::Request::try_parse(received)?.context("cut off")?;
    let response = server::create_response(&request)?;
    server::write_response(out, &response)?;
    Ok(())
}

/// The functions that its server is made of.
fn sockudo(received: &[u8], out: &mut Vec<u8>) -> Result<()> {
    let (request, _) = parse_request(received)?.context("cut off")?;
    let accept = generate_accept_key(request.key);
    out.extend_from_slice(&build_response(&accept, None, None));
    Ok(())
}

/// Its `accept`, which makes a connection as well: there is no other way.
fn tokio_websockets(received: &[u8], out: &mut Vec<u8>) -> Result<()> {
    now(ServerBuilder::new().accept(Stream { received: Cursor::new(received), out }))?;
    Ok(())
}

/// The request to be read, and where the answer is written.
struct Stream<'a> {
    received: Cursor<&'a [u8]>,
    out: &'a mut Vec<u8>,
}

impl AsyncRead for Stream<'_> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let n = self.received.read(buf.initialize_unfilled())?;
        buf.advance(n);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Stream<'_> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        self.out.extend_from_slice(buf);
        Poll::Ready(Ok(buf.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
