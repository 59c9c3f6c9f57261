//! A JSON value as its sender wrote it: checked once where it comes in, then passed on byte for
//! byte and shared by reference count.

use std::fmt;
use std::sync::Arc;

const LINE_BREAKS: [char; 2] = ['\r', '\n'];

/// The text of one JSON value, which nobody parses or writes anew on its way.
///
/// Dialects make one from what a JSON parser has accepted. In a wire form that is not JSON it is
/// text like any other.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Json(Arc<str>);

impl Json {
    /// Takes the text of a value that was found to be valid JSON.
    ///
    /// A line break can only stand between two tokens of it, never within a string. Since there it
    /// means no more than a space, it becomes one: wire forms of one value a line can have the text as
    /// it is.
    pub fn from_valid(text: &str) -> Self {
        if text.contains(LINE_BREAKS) {
            Self(text.replace(LINE_BREAKS, " ").into())
        } else {
            Self(text.into())
        }
    }

    /// The value's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Bytes of the text.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no text at all, which is no JSON value: it stands for data that is absent.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_has_no_line_breaks_and_is_otherwise_as_it_was() {
        let rows = [
            ("{\"a\": 1.0,\t\"a\":1e400}", "{\"a\": 1.0,\t\"a\":1e400}"),
            ("{\r\n  \"a\":\n1\r}", "{    \"a\": 1 }"),
            ("\"\\n\u{2028}\u{85}\"", "\"\\n\u{2028}\u{85}\""),
        ];
        for (text, kept) in rows {
            assert_eq!(Json::from_valid(text).as_str(), kept);
        }
    }
}
