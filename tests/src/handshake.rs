//! The tables of opening handshakes: requests and what a server answers, responses and what a
//! client makes of them.
//!
//! A line edits the request or the response of RFC 6455 §1.2, so that it shows the one thing that
//! it is about. `vectors/README.md` explains the notation, the tables their columns.

use longwire::handshake::{
    Acceptance, ClientRequest, DeflateOffer, DeflateParams, DeflatePolicy, Head, HeadError,
    HeadLimits, HeadScanner, Rejection, Request, RequestError, Response, Status, Url,
};

use crate::notation::{self, show, split};

/// The request of RFC 6455 §1.2, without its Origin and its subprotocols.
const REQUEST: &[&str] = &[
    "GET /chat HTTP/1.1",
    "Host: server.example.com",
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version: 13",
];

/// The response to it.
const RESPONSE: &[&str] = &[
    "HTTP/1.1 101 Switching Protocols",
    "Upgrade: websocket",
    "Connection: Upgrade",
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
];

/// What has to come behind a head and must not be looked at.
const BEHIND: &[u8] = b"\x81\x85\r\n\r\n\0\xff";

/// Which end is tested.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The server: it gets a request.
    Server,
    /// The client: it gets a response.
    Client,
}

/// A line of one of the two tables.
#[derive(Clone, Debug)]
pub struct Vector {
    name: String,
    end: End,
    setup: Setup,
    input: notation::Bytes,
    verdict: String,
    /// What the server sends: all of it with 101, else header lines that have to be in it.
    answer: Answer,
}

#[derive(Clone, Debug)]
enum Answer {
    Exactly(Vec<u8>),
    With(Vec<String>),
}

#[derive(Clone, Debug)]
struct Setup {
    limits: HeadLimits,
    subprotocols: Vec<String>,
    deflate: Option<DeflateParams>,
}

/// Reads a table.
///
/// # Errors
/// The line that cannot be read, and what is wrong with it.
pub fn parse(end: End, file: &str, text: &str) -> Result<Vec<Vector>, String> {
    let lines = text.lines().enumerate();
    let lines = lines.filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'));
    lines
        .map(|(index, line)| {
            let place = format!("{file}:{}", index + 1);
            row(end, &place, line).map_err(|error| format!("{place}: {error}"))
        })
        .collect()
}

fn row(end: End, place: &str, line: &str) -> Result<Vector, String> {
    let columns = split(line, '|');
    let ([name, setup, input, verdict], answer) = match (end, &columns[..]) {
        (End::Server, &[a, b, c, d, answer]) => ([a, b, c, d], answer),
        (End::Client, &[a, b, c, d]) => ([a, b, c, d], "-"),
        _ => return Err(format!("{} columns", columns.len())),
    };
    let base = if end == End::Server { REQUEST } else { RESPONSE };
    let answer = match verdict.starts_with("101") {
        true => Answer::Exactly(message(RESPONSE, answer)?.bytes),
        false => Answer::With(quoted(answer)?),
    };
    Ok(Vector {
        name: format!("{place} {name:?}"),
        end,
        setup: setup_of(setup)?,
        input: message(base, input)?,
        verdict: verdict.into(),
        answer,
    })
}

fn quoted(text: &str) -> Result<Vec<String>, String> {
    let text_of = |word: &&str| {
        let bytes = notation::parse(word, None)?.bytes;
        String::from_utf8(bytes).map_err(|error| error.to_string())
    };
    words(text).iter().map(text_of).collect()
}

fn words(text: &str) -> Vec<&str> {
    split(text, ' ').into_iter().filter(|word| !word.is_empty() && *word != "-").collect()
}

/// `base` with its edits, or `raw` bytes.
fn message(base: &[&str], edits: &str) -> Result<notation::Bytes, String> {
    if let Some(bytes) = edits.strip_prefix("raw ") {
        return notation::parse(bytes, None);
    }
    let mut lines: Vec<Vec<u8>> = base.iter().map(|line| line.as_bytes().to_vec()).collect();
    let name_of = |line: &[u8]| {
        let name = line.split(|byte| *byte == b':').next().unwrap_or_default();
        name.to_ascii_lowercase()
    };
    for edit in words(edits) {
        let line = |quoted| notation::parse(quoted, None).map(|bytes| bytes.bytes);
        if let Some(quoted) = edit.strip_prefix('+') {
            lines.push(line(quoted)?);
        } else if let Some(quoted) = edit.strip_prefix('>') {
            lines[0] = line(quoted)?;
        } else if let Some(name) = edit.strip_prefix('-') {
            let before = lines.len();
            lines.retain(|line| name_of(line) != name.to_ascii_lowercase().as_bytes());
            if lines.len() == before {
                return Err(format!("there is no {name} to be removed"));
            }
        } else {
            let new = line(edit)?;
            match lines.iter_mut().skip(1).find(|line| name_of(line) == name_of(&new)) {
                Some(line) => *line = new,
                None => lines.push(new),
            }
        }
    }
    let mut bytes = lines.join(&b"\r\n"[..]);
    bytes.extend_from_slice(b"\r\n\r\n");
    Ok(notation::Bytes { bytes, mark: None })
}

fn setup_of(text: &str) -> Result<Setup, String> {
    let limits = HeadLimits::default();
    let mut setup = Setup { limits, subprotocols: Vec::new(), deflate: None };
    for word in words(text) {
        let (name, value) = word.split_once('=').unwrap_or((word, ""));
        let number = || value.parse::<u8>().map_err(|_| format!("no number in {word:?}"));
        let limit = || value.parse::<usize>().map_err(|_| format!("no number in {word:?}"));
        let deflate = &mut setup.deflate;
        match name {
            "max_start_line_bytes" => setup.limits.max_start_line_bytes = limit()?,
            "max_head_bytes" => setup.limits.max_head_bytes = limit()?,
            "max_headers" => setup.limits.max_headers = limit()?,
            "subprotocols" => setup.subprotocols = value.split(',').map(Into::into).collect(),
            "deflate" => *deflate = Some(DeflateParams::default()),
            _ => {
                let params = deflate.as_mut().ok_or(format!("unknown setup {word:?}"))?;
                match name {
                    "server_no_context_takeover" => params.server_no_context_takeover = true,
                    "client_no_context_takeover" => params.client_no_context_takeover = true,
                    "server_max_window_bits" => params.server_max_window_bits = number()?,
                    "client_max_window_bits" => params.client_max_window_bits = number()?,
                    _ => return Err(format!("unknown setup {word:?}")),
                }
            }
        }
    }
    Ok(setup)
}

/// Checks every line of a table.
///
/// # Panics
/// A line cannot be read, there is none, or something else comes of one than it says.
#[track_caller]
pub fn holds(end: End, table: &str) {
    let vectors = parse(end, "line", table).unwrap_or_else(|error| panic!("{error}"));
    assert!(!vectors.is_empty(), "there are no vectors");
    let mismatches: Vec<String> = vectors.iter().filter_map(|vector| check(vector).err()).collect();
    let (wrong, all) = (mismatches.len(), vectors.len());
    assert!(mismatches.is_empty(), "{wrong} of {all}:\n\n{}\n", mismatches.join("\n\n"));
}

impl Vector {
    /// The bytes that are received.
    pub fn input(&self) -> &[u8] {
        &self.input.bytes
    }

    /// The limits for them.
    pub fn limits(&self) -> HeadLimits {
        self.setup.limits
    }
}

/// What came of a head, after how many bytes, and what is sent.
type Outcome = (String, usize, Vec<u8>);

/// Runs a vector whole, byte by byte, in every cut into two, and with bytes behind it.
///
/// # Errors
/// What differs from the vector, or between two ways of feeding it.
pub fn check(vector: &Vector) -> Result<(), String> {
    let len = vector.input.bytes.len();
    let every_byte: Vec<usize> = (1..=len).collect();
    let (verdict, at, answer) = feed(vector, &vector.input.bytes, &every_byte);
    let wrong = |what: &str, expected: String, got: String| {
        Err(format!("{}, {what}\n  expected: {expected}\n  got:      {got}", vector.name))
    };
    if verdict != vector.verdict {
        return wrong("byte by byte", vector.verdict.clone(), verdict);
    }
    if vector.input.mark.is_some_and(|mark| mark != at) {
        return wrong("byte by byte", format!("at {:?}", vector.input.mark), format!("at {at}"));
    }
    let is_answered = vector.end == End::Server && verdict != "partial";
    if is_answered == answer.is_empty() {
        return wrong("the answer", format!("one: {is_answered}"), show(&answer));
    }
    if let Some((expected, got)) = vector.answer.differs(&answer) {
        return wrong("the answer", expected, got);
    }
    let longer = [&vector.input.bytes, BEHIND].concat();
    let mut ways: Vec<(String, &[u8], Vec<usize>)> = vec![
        ("whole".into(), &vector.input.bytes, vec![len]),
        ("with bytes behind it".into(), &longer, vec![longer.len()]),
    ];
    for cut in 0..len {
        ways.push((format!("cut at {cut}"), &vector.input.bytes, vec![cut, len]));
    }
    for (what, input, ends) in ways {
        if verdict == "partial" && input.len() > len {
            continue;
        }
        let read = ends.iter().copied().find(|end| *end >= at).unwrap_or(at);
        let expected = (verdict.clone(), read, answer.clone());
        let got = feed(vector, input, &ends);
        if got != expected {
            return wrong(&what, format!("{expected:?}"), format!("{got:?}"));
        }
    }
    Ok(())
}

impl Answer {
    fn differs(&self, got: &[u8]) -> Option<(String, String)> {
        let text = String::from_utf8_lossy(got);
        let differs = || format!("{text:?}");
        match self {
            Self::Exactly(expected) if expected == got => None,
            Self::Exactly(expected) => {
                Some((format!("{:?}", String::from_utf8_lossy(expected)), differs()))
            }
            // A client answers nothing, nor does a server to half a head.
            Self::With(lines) if got.is_empty() && lines.is_empty() => None,
            Self::With(lines) => {
                let Some((head, body)) = text.split_once("\r\n\r\n") else {
                    return Some(("a head".into(), differs()));
                };
                let length = format!("Content-Length: {}", body.len());
                let close = |line: &&str| line.starts_with("Connection: close");
                let missing =
                    |line: &&String| head.split("\r\n").filter(|l| l == *line).count() != 1;
                match lines.iter().chain([&length]).find(missing) {
                    Some(line) => Some((format!("{line:?} once"), differs())),
                    None if head.split("\r\n").filter(close).count() == 1 && !body.is_empty() => {
                        None
                    }
                    None => Some(("Connection: close, and a body".into(), differs())),
                }
            }
        }
    }
}

/// Shows a scanner ever longer beginnings of the input; what comes of the head is decided when it
/// is found or refused.
fn feed(vector: &Vector, input: &[u8], ends: &[usize]) -> Outcome {
    let mut scanner = HeadScanner::new(vector.setup.limits);
    for end in ends {
        match scanner.scan(&input[..*end]) {
            Ok(Status::Partial) => {}
            Ok(Status::Complete(head)) => {
                let complete = vector.input.bytes.len();
                assert_eq!(head.bytes().len(), complete, "{}: the end of the head", vector.name);
                let (verdict, answer) = match vector.end {
                    End::Server => serve(head, &vector.setup),
                    End::Client => connect(head, &vector.setup),
                };
                return (verdict, *end, answer);
            }
            Err(error) => {
                let (verdict, answer) = match vector.end {
                    End::Server => refuse(error.into()),
                    End::Client => (format!("fail {}", head_error(error)), Vec::new()),
                };
                return (verdict, *end, answer);
            }
        }
    }
    ("partial".into(), input.len(), Vec::new())
}

/// The server: it supports what the setup says, and does about compression what is asked for.
fn serve(head: Head<'_>, setup: &Setup) -> (String, Vec<u8>) {
    let request = match Request::parse(head) {
        Ok(request) => request,
        Err(error) => return refuse(error),
    };
    let upgrade = match request.upgrade() {
        Ok(upgrade) => upgrade,
        Err(error) => return refuse(error),
    };
    let supported: Vec<&str> = setup.subprotocols.iter().map(String::as_str).collect();
    let policy = setup.deflate.map(|params| DeflatePolicy {
        server_no_context_takeover: params.server_no_context_takeover,
        client_no_context_takeover: params.client_no_context_takeover,
        server_max_window_bits: params.server_max_window_bits,
        client_max_window_bits: params.client_max_window_bits,
    });
    let acceptance = Acceptance {
        subprotocol: upgrade.select_subprotocol(&supported),
        deflate: policy.as_ref(),
        headers: &[],
    };
    let mut out = [0; 1024];
    let accepted = upgrade.accept(&acceptance, &mut out).expect("an answer that can be written");
    (format!("101{}", agreed(accepted.deflate)), out[..accepted.response_bytes].to_vec())
}

fn refuse(error: RequestError) -> (String, Vec<u8>) {
    let name = match error {
        RequestError::Head(error) => head_error(error),
        error => format!("{error:?}"),
    };
    let mut out = [0; 1024];
    let len = Rejection::of(error).encode(&mut out).expect("a refusal that can be written");
    let status = String::from_utf8_lossy(&out["HTTP/1.1 ".len()..][..3]).into_owned();
    (format!("{status} {name}"), out[..len].to_vec())
}

/// The name without what is in it.
fn head_error(error: HeadError) -> String {
    let text = format!("{error:?}");
    text.split(' ').next().unwrap_or_default().to_owned()
}

/// The client: it has asked for what the setup says.
fn connect(head: Head<'_>, setup: &Setup) -> (String, Vec<u8>) {
    let url = Url::parse("ws://server.example.com/chat").expect("a URL");
    let subprotocols: Vec<&str> = setup.subprotocols.iter().map(String::as_str).collect();
    let mut request = ClientRequest::new(url, *b"the sample nonce");
    request.subprotocols = &subprotocols;
    request.deflate = setup.deflate.map(|params| DeflateOffer {
        server_no_context_takeover: params.server_no_context_takeover,
        client_no_context_takeover: params.client_no_context_takeover,
        server_max_window_bits: params.server_max_window_bits,
        client_max_window_bits: params.client_max_window_bits,
    });
    let verified = Response::parse(head).and_then(|response| request.verify(&response));
    let verdict = match verified {
        Ok(established) => {
            let subprotocol = established.subprotocol.map(|name| format!(" subprotocol={name}"));
            format!("open{}{}", subprotocol.unwrap_or_default(), agreed(established.deflate))
        }
        Err(longwire::handshake::ResponseError::Head(error)) => {
            format!("fail {}", head_error(error))
        }
        Err(error) => format!("fail {error:?}"),
    };
    (verdict, Vec::new())
}

/// The agreement in the words of the tables: what is not the default.
fn agreed(params: Option<DeflateParams>) -> String {
    let Some(params) = params else { return String::new() };
    let flag = |name, set| if set { format!(" {name}") } else { String::new() };
    let bits = |name, bits| if bits == 15 { String::new() } else { format!(" {name}={bits}") };
    [
        " deflate".into(),
        flag("server_no_context_takeover", params.server_no_context_takeover),
        flag("client_no_context_takeover", params.client_no_context_takeover),
        bits("server_max_window_bits", params.server_max_window_bits),
        bits("client_max_window_bits", params.client_max_window_bits),
    ]
    .concat()
}

/// A vector, for messages.
impl std::fmt::Display for Vector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.name, show(&self.input.bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::{Answer, End, holds};
    use std::panic::catch_unwind;

    #[test]
    fn a_refusal_is_a_head_that_says_the_end_its_length_and_what_is_asked_for() {
        let sound =
            "HTTP/1.1 405 No\r\nConnection: close\r\nContent-Length: 2\r\nAllow: GET\r\n\r\nno";
        let lines = || Answer::With(vec!["Allow: GET".into()]);
        assert_eq!(lines().differs(sound.as_bytes()), None);
        let table = [
            ("\r\n\r\n", "\r\n"),
            ("Connection: close\r\n", ""),
            ("Connection: close\r\n", "Connection: close\r\nConnection: close\r\n"),
            ("Content-Length: 2", "Content-Length: 3"),
            ("Content-Length: 2\r\n", ""),
            (
                "Content-Length: 2\r\nAllow: GET\r\n\r\nno",
                "Content-Length: 0\r\nAllow: GET\r\n\r\n",
            ),
            ("Allow: GET\r\n", ""),
            ("Allow: GET\r\n", "Allow: GET\r\nAllow: GET\r\n"),
            (sound, ""),
        ];
        for (from, to) in table {
            let spoilt = sound.replacen(from, to, 1);
            assert!(lines().differs(spoilt.as_bytes()).is_some(), "{spoilt:?}");
        }
    }

    #[test]
    fn a_wrong_expectation_is_a_mismatch() {
        let server = r#"a | - | +"Host: b" | 400 HostRepeated | "Connection: close""#;
        let client = r#"a | - | raw "HTTP/1.1 101 A\n" ^ "\n" | fail BareLineFeed"#;
        let open = r#"a | subprotocols=b | +"Sec-WebSocket-Protocol: b" | 101 | +"Sec-WebSocket-Protocol: b""#;
        let sound = [(End::Server, server), (End::Server, open), (End::Client, client)];
        for (end, line) in sound {
            holds(end, line);
        }
        let table = [
            (End::Server, server, "HostRepeated", "HostInvalid"),
            (End::Server, server, "400", "403"),
            (End::Server, server, "close\"", "keep-alive\""),
            (End::Server, server, "+", ""),
            (End::Server, open, "101 | +\"Sec-WebSocket-Protocol: b\"", "101 | -"),
            (End::Server, open, "=b", "=c"),
            (End::Client, client, "\" ^", "\""),
            (End::Client, client, "BareLineFeed", "MalformedHeader"),
        ];
        for (end, line, from, to) in table {
            let spoilt = line.replacen(from, to, 1);
            assert_ne!(spoilt, line, "{from}");
            let moved = spoilt.replace("\"\\n\"", "\"\\n\" ^");
            assert!(catch_unwind(|| holds(end, &moved)).is_err(), "{moved}");
        }
    }
}
