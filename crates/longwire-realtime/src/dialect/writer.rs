//! JSON, written member by member to the end of a buffer.
//!
//! Payloads go in as they came. What is empty, zero or no is left out where the protocols leave it
//! out; the methods say which.

use std::io::Write as _;

use crate::Json;

/// An object that is being written.
pub(crate) struct Object<'a> {
    out: &'a mut Vec<u8>,
    is_empty: bool,
}

/// Writes an object with the members that `members` writes.
pub(crate) fn object(out: &mut Vec<u8>, members: impl FnOnce(&mut Object<'_>)) {
    out.push(b'{');
    members(&mut Object { out, is_empty: true });
    out.push(b'}');
}

/// Writes a list with what `item` makes of each item.
fn list<T>(
    out: &mut Vec<u8>,
    items: impl IntoIterator<Item = T>,
    mut item: impl FnMut(&mut Vec<u8>, T),
) {
    out.push(b'[');
    for (index, value) in items.into_iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        item(out, value);
    }
    out.push(b']');
}

impl Object<'_> {
    /// Writes the name of a member, and hands out the place for its value.
    fn value(&mut self, name: &str) -> &mut Vec<u8> {
        if !self.is_empty {
            self.out.push(b',');
        }
        self.is_empty = false;
        text(self.out, name);
        self.out.push(b':');
        self.out
    }

    /// A string, empty too.
    pub(crate) fn text(&mut self, name: &str, value: &str) {
        text(self.value(name), value);
    }

    /// What shows as text that needs no escapes: a UUID, a code.
    pub(crate) fn plain(&mut self, name: &str, value: impl std::fmt::Display) {
        let out = self.value(name);
        // Writing to memory does not fail.
        let _ = write!(out, "\"{value}\"");
    }

    /// A number, zero too.
    pub(crate) fn number(&mut self, name: &str, value: u64) {
        let out = self.value(name);
        let _ = write!(out, "{value}");
    }

    /// A number that is left out if it is zero.
    pub(crate) fn nonzero(&mut self, name: &str, value: u64) {
        if value != 0 {
            self.number(name, value);
        }
    }

    /// A flag that is left out if it is not set.
    pub(crate) fn flag(&mut self, name: &str, value: bool) {
        if value {
            self.value(name).extend_from_slice(b"true");
        }
    }

    /// A value as it came; absent data is `null`.
    pub(crate) fn json(&mut self, name: &str, value: &Json) {
        let text = if value.is_empty() { "null" } else { value.as_str() };
        self.value(name).extend_from_slice(text.as_bytes());
    }

    /// A value as it came, if there is one.
    pub(crate) fn optional_json(&mut self, name: &str, value: Option<&Json>) {
        if let Some(value) = value {
            self.json(name, value);
        }
    }

    /// An object.
    pub(crate) fn object(&mut self, name: &str, members: impl FnOnce(&mut Object<'_>)) {
        object(self.value(name), members);
    }

    /// A list of values that are written already, with commas between.
    pub(crate) fn written(&mut self, name: &str, values: &[u8]) {
        let out = self.value(name);
        out.push(b'[');
        out.extend_from_slice(values);
        out.push(b']');
    }

    /// A list of objects.
    pub(crate) fn objects<T>(
        &mut self,
        name: &str,
        items: impl IntoIterator<Item = T>,
        mut members: impl FnMut(&mut Object<'_>, T),
    ) {
        list(self.value(name), items, |out, item| object(out, |object| members(object, item)));
    }
}

/// A string with what JSON needs escaped.
fn text(out: &mut Vec<u8>, value: &str) {
    // Writing to memory does not fail, and neither does a string.
    let _ = serde_json::to_writer(out, value);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_written_in_their_order() {
        let mut out = b"before ".to_vec();
        object(&mut out, |it| {
            it.text("a\"", "\\ \"\n\u{1}\u{2028}ä");
            it.number("b", u64::MAX);
            it.nonzero("not", 0);
            it.nonzero("c", 1);
            it.flag("not", false);
            it.flag("d", true);
            it.json("e", &Json::from_valid("{ \"x\" : 1.50 }"));
            it.json("f", &Json::from_valid(""));
            it.optional_json("not", None);
            it.plain("g", 7);
            it.object("h", |it| it.object("i", |_| {}));
            it.objects("j", [1, 2], |it, n| it.number("n", n));
            it.objects("k", [0; 0], |it, n| it.number("n", n));
        });
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "before {\"a\\\"\":\"\\\\ \\\"\\n\\u0001\u{2028}ä\",\"b\":18446744073709551615,\"c\":1,\
             \"d\":true,\"e\":{ \"x\" : 1.50 },\"f\":null,\"g\":\"7\",\"h\":{\"i\":{}},\
             \"j\":[{\"n\":1},{\"n\":2}],\"k\":[]}"
        );
    }
}
