//! One command in one request of HTTP: the data that is its body, and the reply that is its answer.
//!
//! The answer is what stands in a reply of the JSON protocol beside its number: `{"publish":{}}`,
//! `{"presence":{"presence":{…}}}`. An error has no form here: it is the status of the answer.

use super::centrifuge;
use super::fields;
use super::writer::object;
use crate::{Error, Json, Reply};

/// Reads a body that is one JSON value.
///
/// # Errors
/// [`Error::BadRequest`]: it is none, or is nested too deep.
pub fn parse_data(body: &[u8]) -> Result<Json, Error> {
    let text = std::str::from_utf8(body).ok();
    let data = text.and_then(fields::json_from_text);
    data.ok_or_else(|| fields::bad("the body has to be one JSON value".into()))
}

/// Appends a reply.
pub fn encode_reply(reply: &Reply, out: &mut Vec<u8>) {
    object(out, |it| centrifuge::reply_body(it, reply));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Epoch, HistoryPage, Position, PresenceStats};

    #[test]
    fn a_body_is_one_value() {
        let deep = |depth: usize| ("[".repeat(depth) + &"]".repeat(depth)).into_bytes();
        let table: [(&[u8], Option<&str>); 11] = [
            (b"{}", Some("{}")),
            (b" {\"a\":\r\n1.0} ", Some("{\"a\":  1.0}")),
            (b"7", Some("7")),
            (b"null", Some("null")),
            (b"\"\\u00e9\"", Some("\"\\u00e9\"")),
            (b"", None),
            (b"{} {}", None),
            (b"{\"a\":}", None),
            (b"a=1", None),
            (b"\"\xff\"", None),
            (&deep(129), None),
        ];
        for (body, expected) in table {
            let data = parse_data(body);
            assert_eq!(data.as_ref().ok().map(Json::as_str), expected, "{data:?}");
            assert!(data.is_ok() || matches!(data, Err(Error::BadRequest(_))), "{data:?}");
        }
        assert!(parse_data(&deep(128)).is_ok());
    }

    #[test]
    fn a_reply_has_no_number() {
        let position = Position { epoch: Epoch::new("x"), offset: 7 };
        let table = [
            (Reply::Publish, r#"{"publish":{}}"#),
            (Reply::Presence(Vec::new()), r#"{"presence":{"presence":{}}}"#),
            (
                Reply::PresenceStats(PresenceStats { clients: 2, users: 1 }),
                r#"{"presence_stats":{"num_clients":2,"num_users":1}}"#,
            ),
            (
                Reply::History(HistoryPage { publications: Vec::new(), position }),
                r#"{"history":{"publications":[],"epoch":"x","offset":7}}"#,
            ),
        ];
        for (reply, expected) in table {
            let mut out = Vec::new();
            encode_reply(&reply, &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), expected);
        }
    }
}
