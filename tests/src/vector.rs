//! One line of a table of frames: what a connection receives, and what it makes of it.
//!
//! `vectors/README.md` explains the columns.

use longwire::handshake::DeflateParams;
use longwire::{CloseCode, Closure, Initiator, Limits, ProtocolError, Role, State};

use crate::notation::{self, split};
use crate::trace::{End, Seen};

/// The masking key of every frame in brackets, that of RFC 6455 §5.7.
pub const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// A vector, for one role.
#[derive(Clone, Debug)]
pub struct Vector {
    /// File, line, name and role.
    pub name: String,
    /// The role of the endpoint that receives.
    pub role: Role,
    /// How it is set up.
    pub setup: Setup,
    /// What it receives.
    pub input: Vec<u8>,
    /// The events that it makes of it.
    pub events: Vec<Seen>,
    /// After how many bytes it fails, and how.
    pub failure: Option<(usize, ProtocolError)>,
    /// How it stands then.
    pub end: End,
    /// What it sends.
    pub output: Vec<u8>,
}

/// How the endpoint is set up.
#[derive(Clone, Copy, Debug, Default)]
pub struct Setup {
    /// Its limits.
    pub limits: Limits,
    /// What the handshake agreed about permessage-deflate.
    pub deflate: Option<DeflateParams>,
    /// The code with which it has begun the closing handshake before it receives anything.
    pub close: Option<CloseCode>,
    /// Whether the stream ends behind the input.
    pub eof: bool,
}

/// Reads a table. A line for both roles gives two vectors.
///
/// # Errors
/// The line that cannot be read, and what is wrong with it.
pub fn parse(file: &str, text: &str) -> Result<Vec<Vector>, String> {
    let mut vectors = Vec::new();
    for (index, line) in text.lines().enumerate() {
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        let place = format!("{file}:{}", index + 1);
        let vector = |role| row(&place, line, role).map_err(|error| format!("{place}: {error}"));
        match split(line, '|').get(1) {
            Some(&"server") => vectors.push(vector(Role::Server)?),
            Some(&"client") => vectors.push(vector(Role::Client)?),
            Some(&"both") => vectors.extend([vector(Role::Server)?, vector(Role::Client)?]),
            other => return Err(format!("{place}: no role but {other:?}")),
        }
    }
    Ok(vectors)
}

fn row(place: &str, line: &str, role: Role) -> Result<Vector, String> {
    let columns = split(line, '|');
    let &[name, _, setup, input, events, outcome, output] = &columns[..] else {
        return Err(format!("{} columns, not 7", columns.len()));
    };
    let (in_key, out_key) = match role {
        Role::Server => (Some(KEY), None),
        Role::Client => (None, Some(KEY)),
    };
    let setup = self::setup(setup)?;
    let input = bytes(input, in_key)?;
    let events = match events {
        "-" => Vec::new(),
        _ => split(events, ';').into_iter().map(event).collect::<Result<_, _>>()?,
    };
    let (failure, end) = self::outcome(outcome, &events)?;
    let failure = match (failure, input.mark) {
        (None, None) => None,
        (Some(error), Some(at)) => Some((at, error)),
        (None, Some(_)) => return Err("a mark where nothing fails".into()),
        (Some(_), None) => return Err("no mark where it fails".into()),
    };
    let output = self::output(output, out_key, failure.map(|(_, error)| error))?;
    let name = format!("{place} {name:?}, {role:?}");
    Ok(Vector { name, role, setup, input: input.bytes, events, failure, end, output })
}

/// `-` is nothing.
fn bytes(text: &str, key: Option<[u8; 4]>) -> Result<notation::Bytes, String> {
    if text == "-" { Ok(notation::Bytes::default()) } else { notation::parse(text, key) }
}

fn setup(text: &str) -> Result<Setup, String> {
    let mut setup = Setup::default();
    for word in text.split_whitespace().filter(|word| *word != "-") {
        let (name, value) = word.split_once('=').unwrap_or((word, ""));
        let number = || value.parse::<u64>().map_err(|_| format!("no number in {word:?}"));
        let small = |number: u64| u32::try_from(number).map_err(|error| error.to_string());
        match name {
            "max_message_bytes" => setup.limits.max_message_bytes = number()?,
            "max_frame_bytes" => setup.limits.max_frame_bytes = number()?,
            "max_fragments" => setup.limits.max_fragments = small(number()?)?,
            "close" => {
                let code = u16::try_from(number()?).map_err(|error| error.to_string())?;
                setup.close = Some(CloseCode::new(code));
            }
            "eof" => setup.eof = true,
            "deflate" => setup.deflate = Some(DeflateParams::default()),
            "no_context_takeover" => {
                setup.deflate = Some(DeflateParams {
                    server_no_context_takeover: true,
                    client_no_context_takeover: true,
                    ..DeflateParams::default()
                });
            }
            _ => return Err(format!("unknown setup {word:?}")),
        }
    }
    Ok(setup)
}

fn event(text: &str) -> Result<Seen, String> {
    let (kind, rest) = text.split_once(' ').unwrap_or((text, ""));
    let payload = |text| bytes(text, None).map(|bytes| bytes.bytes);
    match kind {
        "text" => payload(rest).map(Seen::Text),
        "binary" => payload(rest).map(Seen::Binary),
        "ping" => payload(rest).map(Seen::Ping),
        "pong" => payload(rest).map(Seen::Pong),
        "close" => {
            let (code, reason) = rest.split_once(' ').unwrap_or((rest, ""));
            let code = code.parse().map_err(|_| format!("{code:?} is no close code"))?;
            let reason = String::from_utf8(payload(reason)?).map_err(|error| error.to_string())?;
            Ok(Seen::Close(code, reason))
        }
        _ => Err(format!("unknown event {text:?}")),
    }
}

fn outcome(text: &str, events: &[Seen]) -> Result<(Option<ProtocolError>, End), String> {
    let received = events.iter().find_map(|event| match event {
        Seen::Close(code, _) => Some(CloseCode::new(*code)),
        _ => None,
    });
    let closed = |initiator, failure| {
        let code = received.unwrap_or(CloseCode::ABNORMAL);
        End::Closed(Closure { code, initiator, failure })
    };
    let end = match text {
        "open" => End::Idle(State::Open),
        "waiting" => End::Waiting(State::Open),
        "closing" => End::Idle(State::Closing),
        "closing, waiting" => End::Waiting(State::Closing),
        "closed by peer" => closed(Initiator::Peer, None),
        "closed by us" => closed(Initiator::Us, None),
        "lost" => closed(Initiator::Nobody, None),
        _ => {
            let error = self::error(text)?;
            return Ok((Some(error), closed(Initiator::Nobody, Some(error))));
        }
    };
    Ok((None, end))
}

/// `fail 1002 ReservedBits`: the code and the rule, which have to agree.
fn error(text: &str) -> Result<ProtocolError, String> {
    let words: Vec<&str> = text.split(' ').collect();
    let &["fail", code, rule] = &words[..] else {
        return Err(format!("unknown outcome {text:?}"));
    };
    let named = |error: &&ProtocolError| format!("{error:?}") == rule;
    let error = *ProtocolError::ALL.iter().find(named).ok_or(format!("unknown rule {rule:?}"))?;
    if error.code().value().to_string() == code {
        Ok(error)
    } else {
        Err(format!("{rule} is told to the peer with {}", error.code()))
    }
}

/// The output, where `close(1002)` at its end is the Close of a failure.
fn output(
    text: &str,
    key: Option<[u8; 4]>,
    failure: Option<ProtocolError>,
) -> Result<Vec<u8>, String> {
    let (text, code) = match text.split_once("close(") {
        Some((text, code)) => (text, code.strip_suffix(')')),
        None => (text, None),
    };
    let mut output = bytes(text, key)?.bytes;
    if let Some(code) = code {
        let code: u16 = code.parse().map_err(|_| format!("{code:?} is no close code"))?;
        let reason = failure.ok_or("the Close of a failure, and nothing fails")?.reason();
        output.extend(close_frame(code, reason, key));
    }
    Ok(output)
}

/// A Close frame.
pub fn close_frame(code: u16, reason: &str, key: Option<[u8; 4]>) -> Vec<u8> {
    let mut body = [&code.to_be_bytes(), reason.as_bytes()].concat();
    let len = u8::try_from(body.len()).expect("a reason fits a control frame");
    assert!(len <= 125, "a reason fits a control frame");
    match key {
        None => [&[0x88, len], &body[..]].concat(),
        Some(key) => {
            notation::mask(&mut body, key);
            [&[0x88, 0x80 | len], &key[..], &body].concat()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn what_is_not_a_vector_is_an_error() {
        let good = r#"a | server | - | [c1 00 ^] | - | fail 1002 ReservedBits | close(1002)"#;
        assert_eq!(parse("t", good).unwrap().len(), 1);
        let table = [
            ("server", "nobody"),
            ("| - | [", "| deflat | ["),
            ("| - | [", "| max_fragments=many | ["),
            ("[c1 00 ^]", "[c1 00]"),
            ("fail 1002 ReservedBits", "open"),
            ("fail 1002 ReservedBits", "fail 1007 ReservedBits"),
            ("fail 1002 ReservedBits", "fail 1002 Misfortune"),
            ("| - | fail", "| sound 00 | fail"),
            ("| close(1002)", ""),
            ("close(1002)", "close(x)"),
        ];
        for (from, to) in table {
            assert_eq!(good.matches(from).count(), 1, "{from}");
            assert!(parse("t", &good.replace(from, to)).is_err(), "{to}");
        }
    }
}
