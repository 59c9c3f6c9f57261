//! The header fields of a head: looked up by name without regard to case, several lines read as one
//! list.

use core::fmt;

use super::limits::HeadLimits;

/// One header line. `Debug` shows the name and not the value, which may be a cookie or a password.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Header<'a> {
    /// The name as it was sent. Compare it with `eq_ignore_ascii_case`.
    pub name: &'a str,
    /// The value without the white space around it. No control character but HTAB is in it; bytes
    /// over 0x7f can be, and need not be UTF-8.
    pub value: &'a [u8],
}

/// The header fields of a request or response, in the order in which they came.
#[derive(Clone)]
pub struct Headers<'a> {
    fields: [httparse::Header<'a>; HeadLimits::HEADERS_CAPACITY],
    len: usize,
}

/// A field that may come once came more than once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Repeated;

impl<'a> Headers<'a> {
    /// Lends `parse` the room for the fields; it answers how many it filled, beside what else it
    /// found.
    pub(crate) fn parse_with<T, E>(
        parse: impl FnOnce(&mut [httparse::Header<'a>]) -> Result<(usize, T), E>,
    ) -> Result<(Self, T), E> {
        let mut fields = [httparse::EMPTY_HEADER; HeadLimits::HEADERS_CAPACITY];
        let (len, found) = parse(&mut fields)?;
        Ok((Self { fields, len }, found))
    }

    /// All header lines.
    pub fn iter(&self) -> impl Iterator<Item = Header<'a>> {
        self.fields
            .iter()
            .take(self.len)
            .map(|field| Header { name: field.name, value: field.value })
    }

    /// The values of all lines with this name, in order.
    pub fn values(&self, name: &str) -> impl Iterator<Item = &'a [u8]> {
        self.iter()
            .filter(move |header| header.name.eq_ignore_ascii_case(name))
            .map(|header| header.value)
    }

    /// The elements of a comma-separated list: several lines are one list, white space around an
    /// element is dropped, and empty elements are skipped (RFC 9110 §5.6.1). Not for lists with
    /// quoted strings.
    pub fn elements(&self, name: &str) -> impl Iterator<Item = &'a [u8]> {
        self.values(name)
            .flat_map(|value| value.split(|&byte| byte == b','))
            .map(<[u8]>::trim_ascii)
            .filter(|element| !element.is_empty())
    }

    /// Whether a list has this token, in any case.
    pub fn has_token(&self, name: &str, token: &str) -> bool {
        self.elements(name).any(|element| element.eq_ignore_ascii_case(token.as_bytes()))
    }

    /// The value of a field that may come at most once.
    pub(crate) fn single(&self, name: &str) -> Result<Option<&'a [u8]>, Repeated> {
        let mut values = self.values(name);
        let first = values.next();
        if values.next().is_some() { Err(Repeated) } else { Ok(first) }
    }

    /// Whether there is a line with this name.
    pub(crate) fn contains(&self, name: &str) -> bool {
        self.values(name).next().is_some()
    }
}

impl fmt::Debug for Headers<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl fmt::Debug for Header<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ({} bytes)", self.name, self.value.len())
    }
}

#[cfg(test)]
mod tests {
    use std::format;

    use super::super::request::Request;
    use super::super::testing::head;
    use super::*;
    use std::vec::Vec;

    const HEAD: &[u8] =
        b"GET / HTTP/1.1\r\nHost: a\r\nList: b, c\r\nEmpty:\r\nlist: \t ,, d e ,\r\nLIST:f\r\n\
        Raw: \xff \t\r\n\r\n";

    #[test]
    fn names_are_looked_up_in_any_case_and_white_space_is_trimmed() {
        let request = Request::parse(head(HEAD)).unwrap();
        let headers = request.headers();
        // The name; the values of its lines, the elements of its list.
        type Case = (&'static str, &'static [&'static [u8]], &'static [&'static [u8]]);
        let cases: &[Case] = &[
            ("host", &[b"a"], &[b"a"]),
            ("List", &[b"b, c", b",, d e ,", b"f"], &[b"b", b"c", b"d e", b"f"]),
            ("EMPTY", &[b""], &[]),
            ("Raw", &[b"\xff"], &[b"\xff"]),
            ("absent", &[], &[]),
            ("Lis", &[], &[]),
            ("", &[], &[]),
        ];
        for &(name, values, elements) in cases {
            assert_eq!(headers.values(name).collect::<Vec<_>>(), values, "{name}");
            assert_eq!(headers.elements(name).collect::<Vec<_>>(), elements, "{name}");
            assert_eq!(headers.contains(name), !values.is_empty(), "{name}");
            let single = if values.len() > 1 { Err(Repeated) } else { Ok(values.first().copied()) };
            assert_eq!(headers.single(name), single, "{name}");
        }
        let names: Vec<&str> = headers.iter().map(|header| header.name).collect();
        assert_eq!(names, ["Host", "List", "Empty", "list", "LIST", "Raw"]);
    }

    #[test]
    fn a_token_of_a_list_is_the_whole_element_in_any_case() {
        let request = Request::parse(head(HEAD)).unwrap();
        let cases =
            [("C", true), ("F", true), ("d", false), ("d e", true), ("", false), ("b, c", false)];
        for (token, expected) in cases {
            assert_eq!(request.headers().has_token("list", token), expected, "{token:?}");
        }
    }

    #[test]
    fn debug_output_keeps_secrets() {
        let head = head(b"GET / HTTP/1.1\r\nHost: h\r\nCookie: id=secret\r\n\r\n");
        let shown = format!("{:?}", Request::parse(head).unwrap());
        assert!(shown.contains("Cookie: (9 bytes)") && !shown.contains("secret"), "{shown}");
    }
}
