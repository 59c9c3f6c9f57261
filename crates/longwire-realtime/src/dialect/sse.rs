//! Server-Sent Events: the lines of a `text/event-stream` (HTML standard, "Server-sent events").
//!
//! An event is its `id`, its `event` and its `data` lines, ended by an empty line. What is equal for
//! all who get an event, its data, is formatted apart from what is not, its id, so that the first is
//! done once for any number of streams: [`encode_id`] and then the bytes of [`encode_data`] are an
//! event.

use std::fmt;
use std::time::Duration;

use super::centrifuge;
use super::positions::Positions;
use super::writer::object;
use crate::{Position, Push};

/// The media type of an event stream, which is always UTF-8.
pub const CONTENT_TYPE: &str = "text/event-stream";

/// A comment: it keeps the stream, and the proxies on its way, alive, and tells the client nothing. It
/// does not move the position to resume from.
pub const HEARTBEAT: &[u8] = b":\n\n";

/// The name of the event that says that publications of a channel are missing: the client has to fetch
/// its state anew.
pub const GAP: &str = "gap";

/// An id or a name that would not arrive as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidField {
    /// CR and LF end the line: what stands behind them would be read as a field of its own.
    LineBreak,
    /// A client ignores an id with NUL in it, and resumes from the one before.
    Nul,
}

impl fmt::Display for InvalidField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::LineBreak => "a field of an event must not contain CR or LF",
            Self::Nul => "a field of an event must not contain NUL",
        })
    }
}

impl std::error::Error for InvalidField {}

/// Appends the position to resume from: the client sends it back as `Last-Event-ID`.
///
/// # Errors
/// [`InvalidField`], and nothing is appended.
pub fn encode_id(id: &str, out: &mut Vec<u8>) -> Result<(), InvalidField> {
    encode_field("id", id, out)
}

/// Appends the name under which the client dispatches the event; without one it is `message`.
///
/// # Errors
/// [`InvalidField`], and nothing is appended.
pub fn encode_name(name: &str, out: &mut Vec<u8>) -> Result<(), InvalidField> {
    encode_field("event", name, out)
}

/// Appends the data, UTF-8, and the empty line that ends the event.
///
/// A line of data can hold neither CR nor LF, so each line of `data` becomes one of its own. The
/// client puts them together with LF, whichever line break stood there.
pub fn encode_data(data: &[u8], out: &mut Vec<u8>) {
    out.reserve(data.len().saturating_add(b"data: \n\n".len()));
    let mut rest = data;
    loop {
        let end = rest.iter().position(|byte| matches!(byte, b'\r' | b'\n'));
        let (line, behind) = rest.split_at(end.unwrap_or(rest.len()));
        // One space behind the colon is not part of the value, so there is always one: a line may
        // begin with a space of its own.
        out.extend_from_slice(b"data: ");
        out.extend_from_slice(line);
        out.push(b'\n');
        rest = match behind {
            [] => break,
            [b'\r', b'\n', next @ ..] | [_, next @ ..] => next,
        };
    }
    out.push(b'\n');
}

/// Appends how long the client is to wait before it connects again after the stream was cut. Whole
/// milliseconds.
pub fn encode_retry(delay: Duration, out: &mut Vec<u8>) {
    out.extend_from_slice(b"retry: ");
    out.extend_from_slice(delay.as_millis().to_string().as_bytes());
    out.extend_from_slice(b"\n\n");
}

/// Appends a push as an event, for readers that only chose their channels.
///
/// A publication is an event without a name, so that `EventSource` hands it to `onmessage`; what else
/// happens has one. The id of a publication is its own position, which is all there is to say to a
/// reader of this channel alone. A [`Reader`](super::reader::Reader) of several puts its own there.
pub(super) fn encode_push(push: &Push, out: &mut Vec<u8>) {
    if let Push::Publication { channel, epoch: Some(epoch), publication } = push {
        let position = Position { epoch: epoch.clone(), offset: publication.offset };
        // The name of a channel is short, and neither it nor the escapes have a line break.
        if let Ok(id) = Positions::one(channel.as_str(), position).encode() {
            let _ = encode_id(&id, out);
        }
    }
    let name = match push {
        Push::Ping => return out.extend_from_slice(HEARTBEAT),
        Push::Publication { .. } | Push::Message { .. } => None,
        Push::Join { .. } => Some("join"),
        Push::Leave { .. } => Some("leave"),
        Push::Crowd { .. } => Some("presence"),
        Push::Subscribe { .. } => Some("subscribe"),
        Push::Unsubscribe { why, .. } if why.resubscribes() => Some(GAP),
        Push::Unsubscribe { .. } => Some("unsubscribe"),
        Push::Disconnect(_) => Some("disconnect"),
    };
    for part in name.iter().flat_map(|name| ["event: ", name, "\n"]) {
        out.extend_from_slice(part.as_bytes());
    }
    out.extend_from_slice(b"data: ");
    object(out, |it| centrifuge::push_body(it, push));
    out.extend_from_slice(b"\n\n");
}

/// The name and the data of an event that [`encode_push`] wrote; `None` where it is a comment.
pub(super) fn name_and_data(event: &[u8]) -> Option<(Option<&str>, &[u8])> {
    let mut rest = std::str::from_utf8(event).ok()?.strip_suffix("\n\n")?;
    let mut field = |name: &str| {
        let (value, behind) = rest.strip_prefix(name)?.split_once('\n')?;
        rest = behind;
        Some(value)
    };
    let _id = field("id: ");
    let name = field("event: ");
    Some((name, rest.strip_prefix("data: ")?.as_bytes()))
}

fn encode_field(field: &str, value: &str, out: &mut Vec<u8>) -> Result<(), InvalidField> {
    for byte in value.bytes() {
        match byte {
            b'\r' | b'\n' => return Err(InvalidField::LineBreak),
            0 => return Err(InvalidField::Nul),
            _ => {}
        }
    }
    for part in [field, ": ", value, "\n"] {
        out.extend_from_slice(part.as_bytes());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_of_the_data_is_a_line_of_the_event() {
        let table: [(&str, &str); 14] = [
            ("", "data: \n\n"),
            ("{}", "data: {}\n\n"),
            (" two spaces follow the colon", "data:  two spaces follow the colon\n\n"),
            ("a\nb", "data: a\ndata: b\n\n"),
            ("a\rb", "data: a\ndata: b\n\n"),
            ("a\r\nb", "data: a\ndata: b\n\n"),
            ("a\n\rb", "data: a\ndata: \ndata: b\n\n"),
            ("a\r\rb", "data: a\ndata: \ndata: b\n\n"),
            ("a\n\nb", "data: a\ndata: \ndata: b\n\n"),
            ("a\r\n\r\nb", "data: a\ndata: \ndata: b\n\n"),
            ("a\n", "data: a\ndata: \n\n"),
            ("\r", "data: \ndata: \n\n"),
            ("id: 7\nevent: x", "data: id: 7\ndata: event: x\n\n"),
            // These end a line in other formats, not here.
            ("a\u{2028}b\u{85}c\u{b}d", "data: a\u{2028}b\u{85}c\u{b}d\n\n"),
        ];
        for (data, event) in table {
            let mut out = Vec::new();
            encode_data(data.as_bytes(), &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), event, "{data:?}");
        }
    }

    /// What a browser makes of a stream: id, name and data of each event, by the algorithm of the HTML
    /// standard ("Interpreting an event stream").
    fn interpret(stream: &str) -> Vec<(String, String, String)> {
        let lines = stream.replace("\r\n", "\n").replace('\r', "\n");
        let mut events = Vec::new();
        let (mut id, mut name, mut data) = (String::new(), String::new(), String::new());
        for line in lines.split_terminator('\n') {
            let (field, value) = line.split_once(':').unwrap_or((line, ""));
            let value = value.strip_prefix(' ').unwrap_or(value);
            match field {
                "" if line.is_empty() => {
                    if let Some(data) = data.strip_suffix('\n') {
                        events.push((id.clone(), std::mem::take(&mut name), data.to_owned()));
                    }
                    name.clear();
                    data.clear();
                }
                "id" => value.clone_into(&mut id),
                "event" => value.clone_into(&mut name),
                "data" => {
                    data.push_str(value);
                    data.push('\n');
                }
                _ => {}
            }
        }
        events
    }

    #[test]
    fn a_browser_reads_what_was_meant() {
        let mut out = Vec::new();
        encode_retry(Duration::from_millis(1500), &mut out);
        encode_id("1.chat.xD5R.7", &mut out).unwrap();
        encode_data(b"{\"a\":\r\n1}", &mut out);
        out.extend_from_slice(HEARTBEAT);
        encode_id("1.chat.xD5R.9", &mut out).unwrap();
        encode_name(GAP, &mut out).unwrap();
        encode_data(b"", &mut out);
        let text = String::from_utf8(out).unwrap();
        assert_eq!(
            text,
            "retry: 1500\n\nid: 1.chat.xD5R.7\ndata: {\"a\":\ndata: 1}\n\n:\n\n\
             id: 1.chat.xD5R.9\nevent: gap\ndata: \n\n"
        );
        let event = |id: &str, name: &str, data: &str| (id.into(), name.into(), data.into());
        assert_eq!(
            interpret(&text),
            [event("1.chat.xD5R.7", "", "{\"a\":\n1}"), event("1.chat.xD5R.9", "gap", "")]
        );
    }

    #[test]
    fn a_field_that_would_not_arrive_is_refused() {
        let table = [
            ("7\n", InvalidField::LineBreak),
            ("7\rdata: x", InvalidField::LineBreak),
            ("\r\n", InvalidField::LineBreak),
            ("7\0", InvalidField::Nul),
            ("\0\n", InvalidField::Nul),
        ];
        for (value, error) in table {
            let mut out = b"before".to_vec();
            assert_eq!(encode_id(value, &mut out), Err(error), "{value:?}");
            assert_eq!(encode_name(value, &mut out), Err(error), "{value:?}");
            assert_eq!(out, b"before");
        }
    }

    #[test]
    fn a_push_is_an_event_whose_name_says_what_happened() {
        use crate::{ChannelName, ClientId, ClientInfo, Epoch, Json, PresenceStats, Publication};
        use crate::{Disconnect, Subscribed, Unsubscribed};
        use std::sync::Arc;

        let channel = || ChannelName::new("a", 10).unwrap();
        let info = || {
            let user = "7".into();
            Arc::new(ClientInfo { client: ClientId(0), user, conn_info: None, chan_info: None })
        };
        let publication = Arc::new(Publication {
            offset: 8,
            data: Json::from_valid("{\n}"),
            info: None,
            tags: vec![],
            key: None,
        });
        let subscribed = Subscribed {
            position: None,
            recoverable: false,
            was_recovering: false,
            recovered: false,
            publications: vec![],
            ttl: None,
        };
        let client = r#"{"info":{"user":"7","client":"00000000-0000-0000-0000-000000000000"}}"#;
        let rows = [
            (
                Push::Publication {
                    channel: channel(),
                    epoch: None,
                    publication: publication.clone(),
                },
                r#"data: {"channel":"a","pub":{"data":{ },"offset":8}}"#.to_owned(),
            ),
            (
                Push::Publication { channel: channel(), epoch: Some(Epoch::new("x")), publication },
                "id: 1.a.x.8\ndata: {\"channel\":\"a\",\"pub\":{\"data\":{ },\"offset\":8}}"
                    .to_owned(),
            ),
            (
                Push::Join { channel: channel(), info: info() },
                format!("event: join\ndata: {{\"channel\":\"a\",\"join\":{client}}}"),
            ),
            (
                Push::Leave { channel: channel(), info: info() },
                format!("event: leave\ndata: {{\"channel\":\"a\",\"leave\":{client}}}"),
            ),
            (
                Push::Crowd { channel: channel(), stats: PresenceStats { clients: 2, users: 1 } },
                "event: presence\ndata: {\"channel\":\"a\",\
                 \"presence_stats\":{\"num_clients\":2,\"num_users\":1}}"
                    .to_owned(),
            ),
            (
                Push::Subscribe { channel: channel(), subscribed },
                "event: subscribe\ndata: {\"channel\":\"a\",\"subscribe\":{}}".to_owned(),
            ),
            (
                Push::Unsubscribe { channel: channel(), why: Unsubscribed::INSUFFICIENT_STATE },
                "event: gap\ndata: {\"channel\":\"a\",\
                 \"unsubscribe\":{\"code\":2500,\"reason\":\"insufficient state\"}}"
                    .to_owned(),
            ),
            (
                Push::Unsubscribe { channel: channel(), why: Unsubscribed::SERVER },
                "event: unsubscribe\ndata: {\"channel\":\"a\",\
                 \"unsubscribe\":{\"code\":2000,\"reason\":\"server unsubscribe\"}}"
                    .to_owned(),
            ),
            (
                Push::Disconnect(Disconnect::SHUTDOWN),
                "event: disconnect\ndata: {\"disconnect\":{\"code\":3001,\"reason\":\"shutdown\"}}"
                    .to_owned(),
            ),
        ];
        for (push, event) in rows {
            let mut out = Vec::new();
            encode_push(&push, &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), event + "\n\n");
        }
    }
}
