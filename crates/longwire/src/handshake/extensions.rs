//! The grammar of Sec-WebSocket-Extensions (RFC 6455 §9.1):
//!
//! ```text
//! extension-list  = 1#( token *( ";" extension-param ) )
//! extension-param = token [ "=" ( token / quoted-string whose content is a token ) ]
//! ```
//!
//! Several header lines are one list (erratum 3433). An element is checked to its end before it is
//! handed out, in one pass; white space may stand around every separator, and empty elements are
//! skipped, both as RFC 2616 §2.1 has it.

use super::headers::Headers;
use super::syntax::is_tchar;

const NAME: &str = "Sec-WebSocket-Extensions";

/// The header does not follow the grammar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Malformed;

/// One extension of the list, an offer or an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Extension<'a> {
    pub(crate) name: &'a str,
    /// Its parameters as they were sent, checked.
    params: &'a [u8],
}

/// A parameter of an extension.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Param<'a> {
    pub(crate) name: &'a str,
    pub(crate) value: Option<Value<'a>>,
}

/// The value of a parameter, perhaps with the backslashes of a quoted string in it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Value<'a>(&'a [u8]);

/// All extensions of all lines of the header, in order. Nothing is to be believed before
/// [`check`] has gone through to the end.
pub(crate) fn extensions<'a>(
    headers: &Headers<'a>,
) -> impl Iterator<Item = Result<Extension<'a>, Malformed>> {
    headers.values(NAME).flat_map(|line| List { cursor: Cursor(line) })
}

/// RFC 6455 §9.1: a header that does not follow the grammar fails the connection at once, and so
/// does one that names no extension at all.
pub(crate) fn check(headers: &Headers<'_>) -> Result<(), Malformed> {
    let mut named_any = false;
    for extension in extensions(headers) {
        extension?;
        named_any = true;
    }
    if named_any || !headers.contains(NAME) { Ok(()) } else { Err(Malformed) }
}

impl<'a> Extension<'a> {
    /// Its parameters, in order.
    pub(crate) fn params(&self) -> impl Iterator<Item = Param<'a>> {
        let mut cursor = Cursor(self.params);
        // The whole was checked when the extension was read.
        core::iter::from_fn(move || cursor.param().ok().flatten())
    }
}

impl Value<'_> {
    /// The bytes that are meant: a backslash in a quoted string only protects what follows it.
    pub(crate) fn bytes(self) -> impl Iterator<Item = u8> {
        // A token has no backslash, and the content of the quoted string has to be a token.
        self.0.iter().copied().filter(|&byte| byte != b'\\')
    }
}

/// The extensions of one header line.
struct List<'a> {
    cursor: Cursor<'a>,
}

impl<'a> Iterator for List<'a> {
    type Item = Result<Extension<'a>, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        self.cursor.skip_empty_elements();
        if self.cursor.0.is_empty() {
            return None;
        }
        let extension = self.cursor.extension();
        if extension.is_err() {
            self.cursor = Cursor(&[]);
        }
        Some(extension)
    }
}

/// What is left of a header line.
struct Cursor<'a>(&'a [u8]);

impl<'a> Cursor<'a> {
    /// One element, up to the comma or the end.
    fn extension(&mut self) -> Result<Extension<'a>, Malformed> {
        let name = self.token()?;
        self.skip_white_space();
        let before = self.0;
        while self.param()?.is_some() {}
        let params_len = before.len().saturating_sub(self.0.len());
        let params = before.get(..params_len).unwrap_or_default();
        if self.0.is_empty() || self.eat(b',') {
            Ok(Extension { name, params })
        } else {
            Err(Malformed)
        }
    }

    /// `";" token [ "=" value ]` and the white space behind it; nothing if there is no semicolon.
    fn param(&mut self) -> Result<Option<Param<'a>>, Malformed> {
        if !self.eat(b';') {
            return Ok(None);
        }
        self.skip_white_space();
        let name = self.token()?;
        self.skip_white_space();
        let mut value = None;
        if self.eat(b'=') {
            self.skip_white_space();
            value =
                Some(if self.eat(b'"') { self.quoted()? } else { Value(self.token()?.as_bytes()) });
            self.skip_white_space();
        }
        Ok(Some(Param { name, value }))
    }

    fn token(&mut self) -> Result<&'a str, Malformed> {
        let token = self.take_while(is_tchar);
        // A token is ASCII, so that it is a string too.
        core::str::from_utf8(token).ok().filter(|token| !token.is_empty()).ok_or(Malformed)
    }

    /// What stands between the quotes, the first of which is eaten already.
    fn quoted(&mut self) -> Result<Value<'a>, Malformed> {
        let mut escaped = false;
        let content = self.take_while(|byte| {
            let taken = is_tchar(byte) || (byte == b'\\' && !escaped);
            escaped = byte == b'\\';
            taken
        });
        // RFC 6455 §9.1: without its backslashes the content has to be a token, thus not empty; a
        // backslash in front of the closing quote would make that a part of the content.
        if content.is_empty() || content.ends_with(b"\\") || !self.eat(b'"') {
            return Err(Malformed);
        }
        Ok(Value(content))
    }

    fn skip_white_space(&mut self) {
        self.take_while(|byte| matches!(byte, b' ' | b'\t'));
    }

    fn skip_empty_elements(&mut self) {
        self.take_while(|byte| matches!(byte, b' ' | b'\t' | b','));
    }

    fn eat(&mut self, wanted: u8) -> bool {
        match self.0.split_first() {
            Some((&byte, rest)) if byte == wanted => {
                self.0 = rest;
                true
            }
            _ => false,
        }
    }

    fn take_while(&mut self, mut belongs: impl FnMut(u8) -> bool) -> &'a [u8] {
        let end = self.0.iter().position(|&byte| !belongs(byte)).unwrap_or(self.0.len());
        let (taken, rest) = self.0.split_at_checked(end).unwrap_or((self.0, &[]));
        self.0 = rest;
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::super::request::Request;
    use super::super::testing::head;
    use super::*;
    use std::format;
    use std::string::String;
    use std::vec::Vec;

    /// The list in one spelling: `a;b=c,d`; or nothing where it is malformed.
    fn read(lines: &[&str]) -> Option<String> {
        let lines: String = lines.iter().map(|line| format!("{NAME}: {line}\r\n")).collect();
        let bytes = format!("GET / HTTP/1.1\r\nHost: a\r\n{lines}\r\n");
        let request = Request::parse(head(bytes.as_bytes())).unwrap();
        check(request.headers()).ok()?;
        let list: Vec<String> = extensions(request.headers())
            .map(|extension| {
                let extension = extension.unwrap();
                let params = extension.params().map(|param| match param.value {
                    None => format!(";{}", param.name),
                    Some(value) => {
                        let value = String::from_utf8(value.bytes().collect()).unwrap();
                        format!(";{}={value}", param.name)
                    }
                });
                String::from(extension.name) + &params.collect::<String>()
            })
            .collect();
        Some(list.join(","))
    }

    #[test]
    fn rfc6455_s9_1_lists() {
        let cases: &[(&[&str], Option<&str>)] = &[
            (&[], Some("")),
            (&["a"], Some("a")),
            (&["a, b,c"], Some("a,b,c")),
            (&["a;b"], Some("a;b")),
            (&["a; b=c; d=\"e\"; f"], Some("a;b=c;d=e;f")),
            (&["  a\t;\tb = c , d ; e = \"f\" "], Some("a;b=c,d;e=f")),
            (&["a; b=\"\\c\\d\""], Some("a;b=cd")),
            (&["a; b=\"1\\0\""], Some("a;b=10")),
            (&["a; b=1; b=2"], Some("a;b=1;b=2")),
            (&["foo, bar; baz=2", "quux"], Some("foo,bar;baz=2,quux")),
            // RFC 2616 §2.1: empty elements do not count.
            (&[",a,,b,"], Some("a,b")),
            (&["", "a"], Some("a")),
            (&["constructor; __proto__=toString"], Some("constructor;__proto__=toString")),
            (&[""], None),
            (&[","], None),
            (&["", " , "], None),
            (&["a b"], None),
            (&["a;"], None),
            (&["a;;b"], None),
            (&["a;,b"], None),
            (&[";a"], None),
            (&["a=b"], None),
            (&["a;=b"], None),
            (&["a;b="], None),
            (&["a;b=,c"], None),
            (&["a;b==c"], None),
            (&["a;b=c d"], None),
            (&["a;b=c=d"], None),
            (&["a;b c"], None),
            (&["a/b"], None),
            (&["\"a\""], None),
            (&["a;\"b\""], None),
            (&["\u{e4}"], None),
            (&["a;b=\u{e4}"], None),
            // The content of a quoted string has to be a token.
            (&["a;b=\"\""], None),
            (&["a;b=\"c d\""], None),
            (&["a;b=\"9 \""], None),
            (&["a;b=\"c,d\""], None),
            (&["a;b=\"c\\ d\""], None),
            (&["a;b=\"c\\\"d\""], None),
            (&["a;b=\"c\\\\d\""], None),
            (&["a;b=\"\u{e4}\""], None),
            (&["a;b=\"c"], None),
            (&["a;b=\""], None),
            (&["a;b=\"c\\"], None),
            (&["a;b=\"c\\\""], None),
            (&["a;b=\"c\"d"], None),
            (&["a;b=c\"d\""], None),
            (&["a;b='c d'"], None),
            // One line does not mend another.
            (&["a;b=\"c", "d\""], None),
            (&["a;b", "=c"], None),
            (&["a", "b c"], None),
        ];
        for &(lines, expected) in cases {
            assert_eq!(read(lines).as_deref(), expected, "{lines:?}");
        }
    }

    #[test]
    fn t05_a_quoted_string_without_end() {
        for filler in ["\\c", "c", "\\", "\"", ";b", ","] {
            let line = format!("a; b=\"{}", filler.repeat(7_000));
            assert_eq!(read(&[&line]), None, "{filler:?}");
        }
        let line = format!("a; b=\"{}\"", "\\c".repeat(7_000));
        assert_eq!(read(&[&line]), Some(format!("a;b={}", "c".repeat(7_000))));
    }
}
