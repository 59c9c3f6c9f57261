//! The TCP connection and the opening handshake, blocking: nothing else happens meanwhile.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, bail};
use longwire::handshake::{
    ClientRequest, DeflateOffer, EncodeError, HeadLimits, HeadScanner, Response, Status, Url,
};
use longwire::{Connection, Limits, WebSocket};

use super::Arguments;
use super::display::Display;
use crate::random::random;

/// Requests grow with the headers that are typed, responses up to the engine's limit on a head.
const BUFFER_BYTES: usize = 64 * 1024;
/// Of the body of a refusal, so much is printed.
const EXCERPT_BYTES: usize = 1024;
/// The body of a refusal is not worth more time than this.
const EXCERPT_TIMEOUT: Duration = Duration::from_secs(2);

/// A connection that is open.
pub(super) struct Opened {
    pub(super) stream: TcpStream,
    pub(super) socket: WebSocket,
    /// What was received, and of that the length, that belongs to the connection already.
    pub(super) buffer: Vec<u8>,
    pub(super) filled: usize,
}

/// Connects. `None` when the server has refused: it is printed how.
pub(super) fn open(
    url: Url<'_>,
    arguments: &Arguments,
    display: &mut Display,
) -> Result<Option<Opened>> {
    let deadline = Instant::now() + arguments.connect_timeout;
    let subprotocols: Vec<&str> = arguments.subprotocol.iter().map(String::as_str).collect();
    let headers: Vec<(&str, &str)> =
        arguments.header.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let mut request = ClientRequest::new(url, random());
    request.origin = arguments.origin.as_deref();
    request.subprotocols = &subprotocols;
    request.headers = &headers;
    request.deflate = (!arguments.no_deflate).then(DeflateOffer::default);

    let mut buffer = vec![0; BUFFER_BYTES];
    let request_bytes = match request.encode(&mut buffer) {
        Ok(bytes) => bytes,
        Err(error) => bail!("cannot send such a request: {}", complaint(error, &headers)),
    };
    let mut stream = connect(url, deadline)?;
    stream.write_all(&buffer[..request_bytes]).context("cannot send the request")?;

    // RFC 6455 §4.1: nothing else is sent before the response is verified.
    let (mut scanner, mut filled) = (HeadScanner::new(HeadLimits::DEFAULT), 0);
    let response = loop {
        match scanner.scan(&buffer[..filled])? {
            Status::Partial => filled += read(&mut stream, &mut buffer[filled..], deadline)?,
            Status::Complete(head) => {
                let response = Response::parse(head)?;
                // RFC 9110 §15.2: behind any 1xx but 101 another response comes, though nobody asked.
                if !matches!(response.status(), 100 | 102..=199) {
                    break response;
                }
                buffer.copy_within(scanner.examined_bytes()..filled, 0);
                filled -= scanner.examined_bytes();
                scanner = HeadScanner::new(HeadLimits::DEFAULT);
            }
        }
    };
    if response.status() != 101 {
        let location = response.headers().values("Location").next();
        let location = location.map(|value| String::from_utf8_lossy(value).into_owned());
        display.refused(response.status(), location.as_deref());
        let body = buffer[scanner.examined_bytes()..filled].to_vec();
        display.body(&excerpt(&mut stream, body));
        return Ok(None);
    }
    let established = request.verify(&response).context("not a valid handshake")?;
    let (deflate, subprotocol) = (established.deflate, established.subprotocol);
    display.connected(&arguments.url, deflate.is_some(), subprotocol);

    let limits = Limits { max_message_bytes: arguments.max_message_bytes, ..Limits::DEFAULT };
    let connection = Connection::client(limits, random);
    let socket = match deflate {
        Some(params) => WebSocket::with_deflate(connection, params),
        None => WebSocket::new(connection),
    };
    buffer.copy_within(scanner.examined_bytes()..filled, 0);
    Ok(Some(Opened { stream, socket, buffer, filled: filled - scanner.examined_bytes() }))
}

/// What is wrong with the request, in terms of the command line, and what would be right.
fn complaint(error: EncodeError, headers: &[(&str, &str)]) -> String {
    let of = |index: usize| headers.get(index).map_or("", |(name, _)| name);
    match error {
        EncodeError::InvalidHeader { index } => format!(
            "--header '{}': a name has letters, digits and hyphens, a value no control characters",
            of(index).escape_debug()
        ),
        EncodeError::ReservedHeader { index } => {
            let name = of(index);
            let right = match name.to_ascii_lowercase().as_str() {
                "host" => "it is the host of the URL",
                "origin" => "give it as --origin",
                "sec-websocket-protocol" => "give it as --subprotocol",
                _ => "leave it out",
            };
            format!("--header '{name}': the handshake writes this one itself; {right}")
        }
        other => other.to_string(),
    }
}

/// Connects to the first address of the host that can be reached.
fn connect(url: Url<'_>, deadline: Instant) -> Result<TcpStream> {
    let place = format!("{}, port {}", url.host(), url.port());
    let addresses = (url.host(), url.port())
        .to_socket_addrs()
        .with_context(|| format!("cannot find {}", url.host()))?;
    let mut failure = anyhow!("it has no address");
    for address in addresses {
        match TcpStream::connect_timeout(&address, left(deadline)?) {
            Ok(stream) => {
                stream.set_nodelay(true)?;
                return Ok(stream);
            }
            Err(error) => failure = error.into(),
        }
    }
    // RFC 6455 §4.1: without a TCP connection there is no handshake.
    Err(failure.context(format!("cannot connect to {place}")))
}

/// Reads at least a byte.
fn read(stream: &mut TcpStream, buffer: &mut [u8], deadline: Instant) -> Result<usize> {
    loop {
        stream.set_read_timeout(Some(left(deadline)?))?;
        match stream.read(buffer) {
            Ok(0) => bail!("the server ended the connection before it answered the handshake"),
            Ok(read) => return Ok(read),
            Err(error) => match error.kind() {
                // `left` says when it is too late.
                ErrorKind::Interrupted | ErrorKind::WouldBlock | ErrorKind::TimedOut => {}
                _ => return Err(error).context("the server did not answer the handshake"),
            },
        }
    }
}

/// The time up to `deadline`.
fn left(deadline: Instant) -> Result<Duration> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() {
        bail!("the server did not answer in time (--connect-timeout)");
    }
    Ok(left)
}

/// The beginning of the body of a refusal, as far as it comes in time.
fn excerpt(stream: &mut TcpStream, mut body: Vec<u8>) -> Vec<u8> {
    let deadline = Instant::now() + EXCERPT_TIMEOUT;
    let mut buffer = [0; EXCERPT_BYTES];
    while body.len() <= EXCERPT_BYTES {
        match read(stream, &mut buffer, deadline) {
            Ok(read) => body.extend_from_slice(&buffer[..read]),
            Err(_) => break,
        }
    }
    body.truncate(EXCERPT_BYTES);
    body
}

#[cfg(test)]
mod tests {
    use super::complaint;
    use longwire::handshake::EncodeError;

    #[test]
    fn a_wrong_header_is_named_with_what_would_be_right() {
        let reserved = "the handshake writes this one itself";
        let table = [
            ("Host", format!("--header 'Host': {reserved}; it is the host of the URL")),
            ("ORIGIN", format!("--header 'ORIGIN': {reserved}; give it as --origin")),
            ("Upgrade", format!("--header 'Upgrade': {reserved}; leave it out")),
            (
                "Sec-WebSocket-Protocol",
                format!("--header 'Sec-WebSocket-Protocol': {reserved}; give it as --subprotocol"),
            ),
        ];
        for (name, expected) in table {
            let error = EncodeError::ReservedHeader { index: 1 };
            assert_eq!(complaint(error, &[("A", "b"), (name, "c")]), expected);
        }
        let invalid = complaint(EncodeError::InvalidHeader { index: 0 }, &[("A b", "")]);
        assert!(invalid.starts_with("--header 'A b': a name has "), "{invalid}");
    }
}
