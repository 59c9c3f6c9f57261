//! A request as a server sees it: the head taken apart, and every rule of HTTP/1.1 that holds
//! whether or not it is a WebSocket handshake. What is special about a handshake is in [`Upgrade`].

use super::authority::Authority;
use super::body::Body;
use super::error::{HeadError, RequestError};
use super::head::Head;
use super::headers::Headers;
use super::target::Target;
use super::upgrade::Upgrade;

/// The version of HTTP that a request is in (RFC 9112 §2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HttpVersion {
    /// HTTP/1.0: what some proxies speak, and tools for measuring. An answer to it has no
    /// Transfer-Encoding (RFC 9112 §6.1) and none with a status of 1xx in front of it
    /// (RFC 9110 §15.2).
    Http10,
    /// HTTP/1.1.
    Http11,
}

/// A valid HTTP/1.1 request, or HTTP/1.0 where that is [asked for](Request::parse_with_http10), without
/// its body.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    method: &'a str,
    raw_target: &'a str,
    http_version: HttpVersion,
    target: Target<'a>,
    host: Option<&'a str>,
    headers: Headers<'a>,
    body: Body,
}

/// The parts of a request line (RFC 9112 §3).
struct RequestLine<'a> {
    method: &'a str,
    target: &'a str,
    version: HttpVersion,
}

impl<'a> Request<'a> {
    /// Takes a head apart.
    ///
    /// # Errors
    ///
    /// The request line or a header is malformed, the version is not HTTP/1.1, the target is
    /// invalid, Host is not there exactly once and valid, or the length of the body is not certain.
    /// The connection has to be closed behind the answer: where the next request would begin is not
    /// known.
    pub fn parse(head: Head<'a>) -> Result<Self, RequestError> {
        Self::parse_since(HttpVersion::Http11, head)
    }

    /// Takes a head apart that may be HTTP/1.0's, too: for a server that has plain answers beside
    /// WebSockets. What is in HTTP/1.0 is never an [upgrade](Self::is_upgrade).
    ///
    /// # Errors
    ///
    /// As with [`parse`](Self::parse), but a request in HTTP/1.0 may do without Host, must not have a
    /// Transfer-Encoding, and is refused for its version if it asks for a WebSocket.
    pub fn parse_with_http10(head: Head<'a>) -> Result<Self, RequestError> {
        Self::parse_since(HttpVersion::Http10, head)
    }

    fn parse_since(oldest: HttpVersion, head: Head<'a>) -> Result<Self, RequestError> {
        let (headers, line) = Headers::parse_with(|fields| request_line(head, fields))?;
        let RequestLine { method, target: raw_target, version: http_version } = line;
        // RFC 6455 §4.2.1 item 1 asks for HTTP/1.1 or higher.
        // RFC 9110 §7.8: HTTP/1.0 cannot ask for an upgrade, so that it never gets 101. Whoever asks for
        // a WebSocket is told so (RFC 6455 §4.2.1), and any other protocol is ignored.
        if http_version == HttpVersion::Http10
            && (oldest == HttpVersion::Http11 || asks_for_websocket(&headers))
        {
            return Err(RequestError::UnsupportedHttpVersion);
        }
        let target = Target::parse(method, raw_target).ok_or(RequestError::InvalidTarget)?;
        let host = host(&headers, http_version)?;
        let body = Body::of(&headers, http_version)?;
        Ok(Self { method, raw_target, http_version, target, host, headers, body })
    }

    /// The version of HTTP.
    pub fn http_version(&self) -> HttpVersion {
        self.http_version
    }

    /// The method, case-sensitive.
    pub fn method(&self) -> &'a str {
        self.method
    }

    /// The target as it was sent.
    pub fn target(&self) -> &'a str {
        self.raw_target
    }

    /// The path of the target, as it was sent: nothing is decoded, and `//`, `;` and `..` stand as
    /// they are. A target in absolute form has the same path as one without its scheme and host.
    /// For `OPTIONS *` and for CONNECT, which have no path, it is the whole target.
    pub fn path(&self) -> &'a str {
        self.target.path
    }

    /// What stands behind the `?` of the target.
    pub fn query(&self) -> Option<&'a str> {
        self.target.query
    }

    /// The host, with its port if one is named. A target in absolute form goes before the Host
    /// header (RFC 9112 §3.2.2). `None` is a request in HTTP/1.0 that names none, and no other.
    pub fn host(&self) -> Option<&'a str> {
        self.target.authority.or(self.host)
    }

    /// The headers.
    pub fn headers(&self) -> &Headers<'a> {
        &self.headers
    }

    /// What follows the head.
    pub fn body(&self) -> Body {
        self.body
    }

    /// Whether the client asks for a WebSocket: Upgrade names it. If not, this is a plain HTTP
    /// request.
    pub fn is_upgrade(&self) -> bool {
        asks_for_websocket(&self.headers)
    }

    /// Checks that this is an opening handshake.
    ///
    /// # Errors
    ///
    /// The first rule of RFC 6455 §4.2.1 that it breaks. [`Rejection::of`](super::Rejection::of)
    /// makes the answer.
    pub fn upgrade(&self) -> Result<Upgrade<'_>, RequestError> {
        Upgrade::check(self)
    }
}

fn asks_for_websocket(headers: &Headers<'_>) -> bool {
    headers.has_token("Upgrade", "websocket")
}

/// The request line (RFC 9112 §3) and the header lines, through httparse, which refuses white space
/// in front of a colon (RFC 9112 §5.1).
fn request_line<'a>(
    head: Head<'a>,
    fields: &mut [httparse::Header<'a>],
) -> Result<(usize, RequestLine<'a>), RequestError> {
    let mut parsed = httparse::Request::new(fields);
    let complete = parsed.parse(head.bytes()).map_err(|error| match error {
        httparse::Error::Version if names_a_version(head) => RequestError::UnsupportedHttpVersion,
        httparse::Error::HeaderName | httparse::Error::HeaderValue => {
            HeadError::MalformedHeader.into()
        }
        _ => RequestError::MalformedRequestLine,
    })?;
    let (Some(method), Some(target), Some(version)) = (parsed.method, parsed.path, parsed.version)
    else {
        return Err(RequestError::MalformedRequestLine);
    };
    // The scanner and httparse have to see the same end, or the rest would be read twice or not at
    // all.
    if complete != httparse::Status::Complete(head.bytes().len()) {
        return Err(RequestError::MalformedRequestLine);
    }
    // RFC 9110 §2.5: HTTP/1.2, if there were one, could be read as HTTP/1.1. There is none, and no
    // higher one looks like this.
    let version = match version {
        0 => HttpVersion::Http10,
        1 => HttpVersion::Http11,
        _ => return Err(RequestError::UnsupportedHttpVersion),
    };
    Ok((parsed.headers.len(), RequestLine { method, target, version }))
}

/// Whether the request line is in order but for its version, so that 505 is the answer and not 400:
/// a target with a space in it is the other case in which httparse finds no version that it knows.
fn names_a_version(head: Head<'_>) -> bool {
    let line =
        head.bytes().trim_ascii_start().split(|&byte| byte == b'\r').next().unwrap_or_default();
    let mut words = line.split(|&byte| byte == b' ').skip(2);
    let version = words.next().and_then(|word| word.strip_prefix(b"HTTP/"));
    let is_version = |version: &[u8]| match version {
        [major, b'.', minor] => major.is_ascii_digit() && minor.is_ascii_digit(),
        _ => false,
    };
    version.is_some_and(is_version) && words.next().is_none()
}

/// RFC 6455 §4.2.1 item 2, RFC 9112 §3.2: 400 to a request with no Host, with more than one, and
/// with one that is invalid. An empty one names nobody, so it is invalid here; and one that is not
/// UTF-8 is none (RFC 6455 §8.1). HTTP/1.0 may do without, and have no other.
fn host<'a>(headers: &Headers<'a>, version: HttpVersion) -> Result<Option<&'a str>, RequestError> {
    let value = headers.single("Host").map_err(|_| RequestError::HostRepeated)?;
    let Some(value) = value else {
        return match version {
            HttpVersion::Http10 => Ok(None),
            HttpVersion::Http11 => Err(RequestError::HostMissing),
        };
    };
    let host = core::str::from_utf8(value).map_err(|_| RequestError::HostInvalid)?;
    Authority::parse(host).map_err(|_| RequestError::HostInvalid)?;
    Ok(Some(host))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{REQUEST, edited, head, scan_every_way, with_lines};
    use super::super::{HeadLimits, HeadScanner, Rejection, Status};
    use super::*;
    use std::string::String;
    use std::vec::Vec;

    #[test]
    fn rfc6455_s1_2_sample() {
        let request = Request::parse(head(REQUEST.as_bytes())).unwrap();
        assert_eq!((request.method(), request.target()), ("GET", "/chat"));
        assert_eq!((request.path(), request.query()), ("/chat", None));
        assert_eq!(request.host(), Some("server.example.com"));
        assert_eq!(request.http_version(), HttpVersion::Http11);
        assert_eq!(request.body(), Body::None);
        assert!(request.is_upgrade());
        assert_eq!(request.headers().iter().count(), 7);
    }

    /// Every line: a request, and how it is refused.
    #[test]
    fn a_request_that_is_not_http_1_1_is_refused() {
        use RequestError::*;
        let malformed_header = Head(HeadError::MalformedHeader);
        let cases: &[(&str, RequestError, u16)] = &[
            ("GET / HTTP/1.0\r\nHost: a\r\n\r\n", UnsupportedHttpVersion, 505),
            ("GET / HTTP/2.0\r\nHost: a\r\n\r\n", UnsupportedHttpVersion, 505),
            ("GET / HTTP/1.2\r\nHost: a\r\n\r\n", UnsupportedHttpVersion, 505),
            ("\r\nGET / HTTP/2.0\r\nHost: a\r\n\r\n", UnsupportedHttpVersion, 505),
            ("PRI * HTTP/2.0\r\n\r\n", UnsupportedHttpVersion, 505),
            ("GET / HTTP/1.10\r\nHost: a\r\n\r\n", MalformedRequestLine, 400),
            ("GET / HTTP/1.x\r\nHost: a\r\n\r\n", MalformedRequestLine, 400),
            ("GET / HTTP/x.1\r\nHost: a\r\n\r\n", MalformedRequestLine, 400),
            ("GET / http/1.1\r\nHost: a\r\n\r\n", MalformedRequestLine, 400),
            ("GET / HTTP/1,1\r\nHost: a\r\n\r\n", MalformedRequestLine, 400),
            ("GET /\r\nHost: a\r\n\r\n", MalformedRequestLine, 400),
            ("GET\r\nHost: a\r\n\r\n", MalformedRequestLine, 400),
            ("GET  / HTTP/1.1\r\nHost: a\r\n\r\n", MalformedRequestLine, 400),
            ("GET / HTTP/1.1 \r\nHost: a\r\n\r\n", MalformedRequestLine, 400),
            ("GET / HTTP/1.1\t\r\nHost: a\r\n\r\n", MalformedRequestLine, 400),
            ("GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", MalformedRequestLine, 400),
            ("GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", MalformedRequestLine, 400),
            ("GET /a HTTP/1.0 HTTP/1.1\r\nHost: a\r\n\r\n", MalformedRequestLine, 400),
            ("GET /a HTTP/2.0 HTTP/1.1\r\nHost: a\r\n\r\n", MalformedRequestLine, 400),
            ("G@T / HTTP/1.1\r\nHost: a\r\n\r\n", MalformedRequestLine, 400),
            ("GET /b\u{fc}cher HTTP/1.1\r\nHost: a\r\n\r\n", InvalidTarget, 400),
            ("GET /#top HTTP/1.1\r\nHost: a\r\n\r\n", InvalidTarget, 400),
            ("GET chat HTTP/1.1\r\nHost: a\r\n\r\n", InvalidTarget, 400),
            ("GET http://a b/ HTTP/1.1\r\nHost: a\r\n\r\n", MalformedRequestLine, 400),
            ("GET / HTTP/1.1\r\n\r\n", HostMissing, 400),
            ("GET http://a/ HTTP/1.1\r\n\r\n", HostMissing, 400),
            ("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", HostRepeated, 400),
            ("GET / HTTP/1.1\r\nHost: a\r\nhOST: b\r\n\r\n", HostRepeated, 400),
            ("GET / HTTP/1.1\r\nHost:\r\n\r\n", HostInvalid, 400),
            ("GET / HTTP/1.1\r\nHost: not a host[:port\r\n\r\n", HostInvalid, 400),
            ("GET / HTTP/1.1\r\nHost: a:b\r\n\r\n", HostInvalid, 400),
            ("GET / HTTP/1.1\r\nHost: b\u{fc}cher\r\n\r\n", HostInvalid, 400),
            ("GET / HTTP/1.1\r\nHost : a\r\n\r\n", malformed_header, 400),
            ("GET / HTTP/1.1\r\nHost\r\n\r\n", malformed_header, 400),
            ("GET / HTTP/1.1\r\n: a\r\n\r\n", malformed_header, 400),
            ("GET / HTTP/1.1\r\nH\u{f6}st: a\r\n\r\n", malformed_header, 400),
            ("GET / HTTP/1.1\r\nHost: a\r\nX Y: a\r\n\r\n", malformed_header, 400),
        ];
        for &(bytes, error, status) in cases {
            let limits = HeadLimits::DEFAULT;
            let scanned = scan_every_way(bytes.as_bytes(), limits);
            assert_eq!(scanned, Ok(Status::Complete(bytes.len())), "{bytes:?}");
            let refused = Request::parse(head(bytes.as_bytes())).unwrap_err();
            assert_eq!(refused, error, "{bytes:?}");
            assert_eq!(Rejection::of(refused).status, status, "{bytes:?}");
            // HTTP/1.0 may be served, and nothing else is.
            let plain = Request::parse_with_http10(head(bytes.as_bytes())).err();
            let is_http10 = bytes.starts_with("GET / HTTP/1.0\r\n");
            assert_eq!(plain, (!is_http10).then_some(error), "{bytes:?}");
        }
        let not_utf8 = b"GET /\xff HTTP/1.1\r\nHost: a\r\n\r\n";
        assert_eq!(Request::parse(head(not_utf8)).unwrap_err(), MalformedRequestLine);
        let not_utf8 = b"GET / HTTP/1.1\r\nHost: \xff\r\n\r\n";
        assert_eq!(Request::parse(head(not_utf8)).unwrap_err(), HostInvalid);
    }

    /// Every line: a request; the host that it names and what follows its head, or how it is refused.
    /// [`Request::parse`] refuses all of them for their version, whatever else is wrong.
    #[test]
    fn rfc9112_s2_3_a_plain_request_may_be_in_http_1_0() {
        use RequestError::*;
        type Parts = (Option<&'static str>, Body);
        let cases: &[(&str, Result<Parts, RequestError>)] = &[
            ("GET / HTTP/1.0\r\n\r\n", Ok((None, Body::None))),
            ("GET / HTTP/1.0\r\nHost: a:80\r\n\r\n", Ok((Some("a:80"), Body::None))),
            ("GET http://a/ HTTP/1.0\r\n\r\n", Ok((Some("a"), Body::None))),
            ("GET http://a/ HTTP/1.0\r\nHost: b\r\n\r\n", Ok((Some("a"), Body::None))),
            ("\r\nHEAD / HTTP/1.0\r\n\r\n", Ok((None, Body::None))),
            ("POST / HTTP/1.0\r\nContent-Length: 5\r\n\r\n", Ok((None, Body::Sized { bytes: 5 }))),
            ("POST / HTTP/1.0\r\n\r\n", Ok((None, Body::None))),
            ("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", Ok((None, Body::None))),
            // What it has that only HTTP/1.1 knows is ignored, but for what says where it ends.
            (
                "GET / HTTP/1.0\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n",
                Ok((None, Body::None)),
            ),
            (
                "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
                Err(TransferEncodingInHttp10),
            ),
            ("GET / HTTP/1.0\r\nHost:\r\n\r\n", Err(HostInvalid)),
            ("GET / HTTP/1.0\r\nHost: a b\r\n\r\n", Err(HostInvalid)),
            ("GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n", Err(HostRepeated)),
            ("GET /#top HTTP/1.0\r\n\r\n", Err(InvalidTarget)),
            ("POST / HTTP/1.0\r\nContent-Length: +5\r\n\r\n", Err(InvalidContentLength)),
            // RFC 6455 §4.2.1: a WebSocket it does not get, whatever else is right or wrong.
            ("GET / HTTP/1.0\r\nUpgrade: websocket\r\n\r\n", Err(UnsupportedHttpVersion)),
            ("GET /#top HTTP/1.0\r\nUpgrade: h2c, WebSocket\r\n\r\n", Err(UnsupportedHttpVersion)),
            ("GET / HTTP/1.0\r\nHost:\r\nUpgrade: websocket\r\n\r\n", Err(UnsupportedHttpVersion)),
            (
                "GET / HTTP/1.0\r\nTransfer-Encoding: a\r\nUpgrade: websocket\r\n\r\n",
                Err(UnsupportedHttpVersion),
            ),
        ];
        for &(bytes, expected) in cases {
            let head = head(bytes.as_bytes());
            let request = Request::parse_with_http10(head);
            if let Ok(request) = &request {
                assert_eq!(request.http_version(), HttpVersion::Http10, "{bytes:?}");
                assert!(!request.is_upgrade() && request.upgrade().is_err(), "{bytes:?}");
            }
            let parts = request.map(|request| (request.host(), request.body()));
            assert_eq!(parts, expected, "{bytes:?}");
            let strict = Request::parse(head).map(|_| ());
            assert_eq!(strict, Err(UnsupportedHttpVersion), "{bytes:?}");
        }
        // The answer that an upgrade always had.
        let bytes = edited(REQUEST, "HTTP/1.1", "HTTP/1.0");
        let refused = Request::parse_with_http10(head(bytes.as_bytes())).unwrap_err();
        assert_eq!((refused, refused.status()), (UnsupportedHttpVersion, 505));
        assert_eq!(TransferEncodingInHttp10.status(), 400);
    }

    #[test]
    fn rfc9112_s3_2_2_the_absolute_form_names_the_same_resource() {
        // target; host, path, query
        let cases = [
            ("/chat?a", "server.example.com", "/chat", Some("a")),
            ("http://server.example.com/chat?a", "server.example.com", "/chat", Some("a")),
            ("ws://other.example:81/chat", "other.example:81", "/chat", None),
            ("WSS://other.example", "other.example", "/", None),
        ];
        for (target, host, path, query) in cases {
            let bytes = edited(REQUEST, "GET /chat ", &["GET ", target, " "].concat());
            let request = Request::parse(head(bytes.as_bytes())).unwrap();
            let parts = (request.host(), request.path(), request.query());
            assert_eq!(parts, (Some(host), path, query));
            assert_eq!(request.target(), target);
            assert!(request.upgrade().is_ok(), "{target}");
        }
    }

    #[test]
    fn a_request_of_any_method_is_taken_apart() {
        let cases = [
            ("HEAD / HTTP/1.1", "HEAD", "/"),
            ("OPTIONS * HTTP/1.1", "OPTIONS", "*"),
            ("CONNECT a:443 HTTP/1.1", "CONNECT", "a:443"),
            ("PROPFIND /x HTTP/1.1", "PROPFIND", "/x"),
            ("\r\nGET / HTTP/1.1", "GET", "/"),
        ];
        for (line, method, path) in cases {
            let bytes = [line, "\r\nHost: a\r\n\r\n"].concat();
            let request = Request::parse(head(bytes.as_bytes())).unwrap();
            assert_eq!((request.method(), request.path()), (method, path));
            assert!(!request.is_upgrade());
        }
    }

    #[test]
    fn as_many_headers_as_the_limit_are_all_there() {
        let lines: String = (0..93).map(|index| std::format!("A{index}: {index}\r\n")).collect();
        let bytes = with_lines(REQUEST, &lines);
        let request = Request::parse(head(bytes.as_bytes())).unwrap();
        assert_eq!(request.headers().iter().count(), 100);
        assert_eq!(request.headers().values("A92").collect::<Vec<_>>(), [b"92"]);
        assert!(request.upgrade().is_ok());
    }

    /// Bytes changed at random, from a fixed seed: whatever they come to, it is the same for two
    /// ways of cutting, and nothing panics.
    #[test]
    fn a_damaged_request_has_one_verdict_for_every_cut() {
        const DAMAGE: &[u8] = b"\r\n\t\0 :;,=\"\\#?%/[]@13aZ\x7f\x80\xff";
        let lines =
            "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits, x; y=\"z\"\r\n";
        let sound = with_lines(REQUEST, lines).into_bytes();
        let mut seed = 1_u32;
        let mut below = |end: usize| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 8) as usize % end
        };
        let (mut accepted, mut refused) = (0, 0);
        for _ in 0..3_000 {
            let mut bytes = sound.clone();
            for _ in 0..=below(3) {
                let at = below(bytes.len());
                match below(3) {
                    0 => bytes[at] = DAMAGE[below(DAMAGE.len())],
                    1 => bytes.insert(at, DAMAGE[below(DAMAGE.len())]),
                    _ => drop(bytes.remove(at)),
                }
            }
            let cut = below(bytes.len());
            let whole = verdict(&bytes, &[bytes.len()]);
            assert_eq!(whole, verdict(&bytes, &[cut, bytes.len()]), "{bytes:?} cut at {cut}");
            match whole {
                Some(Ok(())) => accepted += 1,
                Some(Err(_)) => refused += 1,
                None => {}
            }
        }
        // The damage is neither always harmless nor always fatal.
        assert!(accepted > 100 && refused > 1_000, "{accepted} accepted, {refused} refused");
    }

    /// What a server says to these bytes, of which it is shown ever longer beginnings. Nothing, if
    /// it waits for more.
    fn verdict(bytes: &[u8], lengths: &[usize]) -> Option<Result<(), RequestError>> {
        let mut scanner = HeadScanner::new(HeadLimits::DEFAULT);
        lengths.iter().find_map(|&length| match scanner.scan(&bytes[..length]) {
            Ok(Status::Partial) => None,
            Ok(Status::Complete(head)) => {
                Some(Request::parse(head).and_then(|request| request.upgrade().map(|_| ())))
            }
            Err(error) => Some(Err(error.into())),
        })
    }
}
