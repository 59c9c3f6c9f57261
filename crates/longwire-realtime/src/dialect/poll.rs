//! The answer to a long poll: `{"position":"1.a.xD5R.8","events":[{"channel":"a","pub":{…}}]}`.
//!
//! The position is where the reader is behind the events, and what the next request gives as `since`.
//! It is the entity tag of the answer too: whoever has seen that position has seen all up to it.

use super::writer::object;

/// Appends an answer: `position` is the text of [`Positions`](super::positions::Positions), `events`
/// what a [`Reader`](super::reader::Reader) wrote: JSON with commas between.
pub fn encode_answer(position: &str, events: &[u8], out: &mut Vec<u8>) {
    object(out, |it| {
        it.text("position", position);
        it.written("events", events);
    });
}

/// The value of `ETag` (RFC 9110 §8.8.3) at a position.
pub fn entity_tag(position: &str) -> String {
    format!("\"{position}\"")
}

/// Whether the value of an `If-None-Match` field names this position, so that the answer is 304
/// (RFC 9110 §13.1.2).
///
/// What is no list of entity tags matches nothing: the reader gets an answer in full.
pub fn is_none_match(field: &str, position: &str) -> bool {
    if field.trim_matches([' ', '\t']) == "*" {
        return true;
    }
    let mut rest = field;
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        // RFC 9110 §13.1.2: the comparison is the weak one.
        let Some(tag) = rest.strip_prefix("W/").unwrap_or(rest).strip_prefix('"') else {
            return false;
        };
        let Some((tag, behind)) = tag.split_once('"') else {
            return false;
        };
        if tag == position {
            return true;
        }
        rest = behind;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer() {
        let table = [
            ("", r#"{"position":"1.a.x.8","events":[]}"#),
            (r#"{"a":1},{ }"#, r#"{"position":"1.a.x.8","events":[{"a":1},{ }]}"#),
        ];
        for (events, body) in table {
            let mut out = Vec::new();
            encode_answer("1.a.x.8", events.as_bytes(), &mut out);
            assert_eq!(String::from_utf8(out).unwrap(), body);
        }
    }

    #[test]
    fn a_position_is_an_entity_tag() {
        assert_eq!(entity_tag("1.a.x.8"), "\"1.a.x.8\"");
        let table = [
            ("\"1.a.x.8\"", true),
            ("W/\"1.a.x.8\"", true),
            ("\"1.a.x.7\", \"1.a.x.8\"", true),
            (" ,\t\"a,b\" , W/\"1.a.x.8\" ", true),
            ("*", true),
            ("", false),
            ("1.a.x.8", false),
            ("\"1.a.x.7\"", false),
            ("\"1.a.x.8", false),
            ("\"\"", false),
            ("w/\"1.a.x.8\"", false),
            ("x, \"1.a.x.8\"", false),
        ];
        for (field, matches) in table {
            assert_eq!(is_none_match(field, "1.a.x.8"), matches, "{field}");
        }
    }
}
