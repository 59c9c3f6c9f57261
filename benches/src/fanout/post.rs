//! An HTTP/1.1 connection that publishes: a POST for each publication, one after the other without
//! waiting for the answers (RFC 9112 §9.3.2), so that they stay in order.

use std::fmt::Write as _;

use anyhow::{Context as _, Result, anyhow, ensure};
use httparse::{EMPTY_HEADER, Response};
use mio::net::TcpStream;

use super::link::Socket;
use crate::client::Target;

/// What was asked, and answers that have come in part.
#[derive(Debug)]
pub(super) struct Post {
    pub(super) socket: Socket,
    head: String,
    received: Vec<u8>,
}

impl Post {
    /// Opens connection `number`, to publish at `resource`.
    ///
    /// # Errors
    /// The server does not take it.
    pub(super) fn open(target: &Target, number: usize, resource: &str) -> Result<Self> {
        let stream = target.dial(number)?;
        stream.set_nonblocking(true)?;
        let mut head = String::new();
        let host = target.address;
        write!(head, "POST {resource} HTTP/1.1\r\nHost: {host}\r\nContent-Type: text/plain\r\n")?;
        let socket = Socket { stream: TcpStream::from_std(stream), unsent: Vec::new() };
        Ok(Self { socket, head, received: Vec::new() })
    }

    /// Adds a publication to what is to be sent.
    pub(super) fn publish(&mut self, publication: &str) {
        let Self { socket, head, .. } = self;
        let length = publication.len();
        let request = format!("{head}Content-Length: {length}\r\n\r\n{publication}");
        socket.unsent.extend_from_slice(request.as_bytes());
    }

    /// Reads what there is of answers, and looks at each.
    ///
    /// # Errors
    /// A publication is refused.
    pub(super) fn read(&mut self, buffer: &mut [u8]) -> Result<()> {
        while let Some(read) = self.socket.read(buffer)? {
            self.received.extend_from_slice(&buffer[..read]);
        }
        let mut taken = 0;
        while let Some(answer) = answer_len(&self.received[taken..])? {
            taken += answer;
        }
        self.received.drain(..taken);
        Ok(())
    }
}

/// The length of the answer that `received` begins with, body included, once all of it is there.
fn answer_len(received: &[u8]) -> Result<Option<usize>> {
    let mut headers = [EMPTY_HEADER; 32];
    let mut response = Response::new(&mut headers);
    let parsed =
        response.parse(received).map_err(|error| anyhow!("not an HTTP answer: {error}"))?;
    let httparse::Status::Complete(head_len) = parsed else { return Ok(None) };
    let code = response.code.unwrap_or_default();
    ensure!((200..300).contains(&code), "the server refuses a publication with status {code}");
    let length = response.headers.iter().find(|of| of.name.eq_ignore_ascii_case("content-length"));
    let length = length.and_then(|header| std::str::from_utf8(header.value).ok()?.parse().ok());
    let length: usize = length.context("an answer without Content-Length")?;
    let whole = head_len + length;
    Ok((received.len() >= whole).then_some(whole))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_end_where_they_say() {
        let created = "HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\n";
        let table = [
            ("", Some(None)),
            ("HTTP/1.1 201 Created\r\nContent-Length: 2\r\n", Some(None)),
            (&format!("{created}a"), Some(None)),
            (&format!("{created}ab"), Some(Some(45))),
            (&format!("{created}abHTTP/1.1"), Some(Some(45))),
            ("HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n", Some(Some(44))),
            ("HTTP/1.1 200 OK\r\n\r\n", None),
            ("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", None),
        ];
        for (received, wanted) in table {
            assert_eq!(answer_len(received.as_bytes()).ok(), wanted, "{received}");
        }
    }
}
