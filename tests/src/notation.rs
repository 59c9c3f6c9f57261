//! Bytes as people write them in the tables of `vectors/`: hex, quoted text, repetition, frames.
//!
//! `vectors/README.md` explains the notation. What is written here by hand is the only encoder of
//! frames that the tables are held against, so it shares nothing with the engine's.

/// Bytes, and the place of the mark `^` among them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bytes {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// How many of them stand in front of the mark.
    pub mark: Option<usize>,
}

/// Reads bytes. Frames in square brackets get this masking key, if there is one.
///
/// # Errors
/// What is wrong with the text, and where.
pub fn parse(text: &str, key: Option<[u8; 4]>) -> Result<Bytes, String> {
    let mut reader = Reader { rest: text, key };
    let bytes = reader.items(None)?;
    if reader.rest.is_empty() { Ok(bytes) } else { Err(format!("cannot read {:?}", reader.rest)) }
}

/// Cuts a line at the character `at` where it stands outside of quotes, and trims the pieces.
pub fn split(line: &str, at: char) -> Vec<&str> {
    let (mut fields, mut quoted, mut escaped, mut begin) = (Vec::new(), false, false, 0);
    for (index, c) in line.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ if c == at && !quoted => {
                fields.push(line[begin..index].trim());
                begin = index + c.len_utf8();
            }
            _ => {}
        }
    }
    fields.push(line[begin..].trim());
    fields
}

/// The bytes in a form that is short enough for a message.
pub fn show(bytes: &[u8]) -> String {
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x} ")).collect::<String>();
    match bytes {
        [] => "nothing".into(),
        _ if bytes.len() <= 64 => hex(bytes).trim_end().into(),
        _ => format!("{}… {} bytes", hex(&bytes[..48]), bytes.len()),
    }
}

/// Masks or unmasks (RFC 6455 §5.3).
pub fn mask(payload: &mut [u8], key: [u8; 4]) {
    for (byte, key) in payload.iter_mut().zip(key.iter().cycle()) {
        *byte ^= key;
    }
}

/// What is left to be read.
struct Reader<'t> {
    rest: &'t str,
    key: Option<[u8; 4]>,
}

impl Reader<'_> {
    /// Items up to `end`, or to the end of the text.
    fn items(&mut self, end: Option<char>) -> Result<Bytes, String> {
        let mut all = Bytes::default();
        loop {
            self.rest = self.rest.trim_start();
            match self.rest.chars().next() {
                None if end.is_none() => return Ok(all),
                None => return Err(format!("{:?} is missing", end.unwrap_or_default())),
                c if c == end => {
                    self.rest = &self.rest[1..];
                    return Ok(all);
                }
                Some('^') => {
                    self.rest = &self.rest[1..];
                    mark(&mut all, 0)?;
                }
                Some(c) => {
                    let item = self.item(c)?;
                    let item = self.repeated(item)?;
                    if let Some(at) = item.mark {
                        mark(&mut all, at)?;
                    }
                    all.bytes.extend_from_slice(&item.bytes);
                }
            }
        }
    }

    fn item(&mut self, first: char) -> Result<Bytes, String> {
        match first {
            '"' => self.quoted(),
            '(' => self.behind("(")?.items(Some(')')),
            '[' => frame(self.behind("[")?.items(Some(']'))?, self.key),
            'm' => {
                self.behind("mask(")?;
                let key = self.hex()?.bytes;
                let key = key.try_into().map_err(|_| "a masking key has four bytes".to_owned())?;
                self.rest = self.rest.trim_start();
                self.behind(":")?;
                let mut item = self.items(Some(')'))?;
                mask(&mut item.bytes, key);
                item.bytes.splice(0..0, key);
                item.mark = item.mark.map(|at| at + key.len());
                Ok(item)
            }
            _ => self.hex(),
        }
    }

    /// Steps over `text`, which has to be there.
    fn behind(&mut self, text: &str) -> Result<&mut Self, String> {
        self.rest = self
            .rest
            .strip_prefix(text)
            .ok_or_else(|| format!("{text:?} is missing before {:?}", self.rest))?;
        Ok(self)
    }

    /// Pairs of hexadecimal digits without a space between them.
    fn hex(&mut self) -> Result<Bytes, String> {
        let len = self.rest.bytes().take_while(u8::is_ascii_hexdigit).count();
        let (digits, rest) = self.rest.split_at(len);
        if len == 0 || len % 2 == 1 {
            return Err(format!("pairs of hexadecimal digits are missing before {:?}", self.rest));
        }
        self.rest = rest;
        let pairs = (0..len).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16));
        let bytes = pairs.collect::<Result<_, _>>().map_err(|error| error.to_string())?;
        Ok(Bytes { bytes, mark: None })
    }

    /// Text in quotes: UTF-8, with the escapes `\r \n \t \\ \" \xNN`.
    fn quoted(&mut self) -> Result<Bytes, String> {
        let mut bytes = Vec::new();
        let mut chars = self.rest[1..].char_indices();
        while let Some((at, c)) = chars.next() {
            match c {
                '"' => {
                    self.rest = &self.rest[at + 2..];
                    return Ok(Bytes { bytes, mark: None });
                }
                '\\' => match chars.next().map(|(_, c)| c) {
                    Some('r') => bytes.push(b'\r'),
                    Some('n') => bytes.push(b'\n'),
                    Some('t') => bytes.push(b'\t'),
                    Some(c @ ('\\' | '"')) => bytes.push(c as u8),
                    Some('x') => {
                        let digits: String = chars.by_ref().take(2).map(|(_, c)| c).collect();
                        let byte = u8::from_str_radix(&digits, 16);
                        bytes.push(byte.map_err(|_| format!("\\x{digits} is no byte"))?);
                    }
                    other => return Err(format!("unknown escape {other:?}")),
                },
                c => bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
        Err("a quote is not closed".into())
    }

    /// `*n` behind an item.
    fn repeated(&mut self, item: Bytes) -> Result<Bytes, String> {
        let Some(rest) = self.rest.strip_prefix('*') else { return Ok(item) };
        let len = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (digits, rest) = rest.split_at(len);
        let times: usize = digits.parse().map_err(|_| format!("no number behind *: {rest:?}"))?;
        self.rest = rest;
        if item.mark.is_some() {
            return Err("a mark cannot be repeated".into());
        }
        Ok(Bytes { bytes: item.bytes.repeat(times), mark: None })
    }
}

/// Sets the mark `at` bytes behind what is there.
fn mark(all: &mut Bytes, at: usize) -> Result<(), String> {
    match all.mark.replace(all.bytes.len() + at) {
        None => Ok(()),
        Some(_) => Err("there is more than one mark".into()),
    }
}

/// A frame, written as it goes out without a mask: with a key, the mask bit is set and the key
/// stands in front of the payload, unless the frame is cut off inside its header.
fn frame(mut frame: Bytes, key: Option<[u8; 4]>) -> Result<Bytes, String> {
    let &[_, length, ..] = &frame.bytes[..] else {
        return Err("a frame has at least two bytes".into());
    };
    if length & 0x80 != 0 {
        return Err("a frame in brackets is written without the mask bit".into());
    }
    let header_len = match length {
        126 => 4,
        127 => 10,
        _ => 2,
    };
    let Some(key) = key else { return Ok(frame) };
    frame.bytes[1] |= 0x80;
    if frame.bytes.len() >= header_len {
        mask(&mut frame.bytes[header_len..], key);
        frame.bytes.splice(header_len..header_len, key);
        frame.mark = frame.mark.map(|at| if at > header_len { at + key.len() } else { at });
    }
    Ok(frame)
}

#[cfg(test)]
mod tests {
    use super::{Bytes, parse, split};

    const KEY: Option<[u8; 4]> = Some([0x37, 0xfa, 0x21, 0x3d]);

    #[test]
    fn everything_that_the_notation_has() {
        let hello = &b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"[..]; // RFC 6455 §5.7
        type Row<'a> = (&'a str, Option<[u8; 4]>, &'a [u8], Option<usize>);
        let table: &[Row<'_>] = &[
            ("", None, b"", None),
            ("81 05", None, b"\x81\x05", None),
            ("8105 ^ 00", None, b"\x81\x05\x00", Some(2)),
            (r#""a|\"\\\r\n\t\x00\xff" "é""#, None, b"a|\"\\\r\n\t\x00\xff\xc3\xa9", None),
            ("61*3 (62 63)*2", None, b"aaabcbc", None),
            (r#"81 85 mask(37fa213d: "Hello")"#, None, hello, None),
            (r#"81 85 mask(37fa213d: "H" ^ "ello")"#, None, hello, Some(7)),
            (r#"[81 05 "Hello"]"#, None, b"\x81\x05Hello", None),
            (r#"[81 05 "Hello"]"#, KEY, hello, None),
            (r#"[81 05 ^ "Hello"]"#, KEY, hello, Some(2)),
            (r#"00 [81 05 "H" ^ "ello"]"#, KEY, &[b"\0", hello].concat(), Some(8)),
            (r#"[81 00] ^"#, KEY, b"\x81\x80\x37\xfa\x21\x3d", Some(6)),
            (r#"[81 00 ^]"#, KEY, b"\x81\x80\x37\xfa\x21\x3d", Some(2)),
            ("[81 7e 00]", KEY, b"\x81\xfe\x00", None),
            ("[81 7e 0001 37]", KEY, b"\x81\xfe\x00\x01\x37\xfa\x21\x3d\x00", None),
        ];
        for (text, key, bytes, mark) in table {
            let expected = Ok(Bytes { bytes: bytes.to_vec(), mark: *mark });
            assert_eq!(parse(text, *key), expected, "{text}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_an_error() {
        let table = [
            "8",
            "8 1",
            "xx",
            "\"a",
            "\"\\q\"",
            "\"\\xzz\"",
            "(61",
            "[81 05",
            "[81]",
            "[81 85]",
            "61*",
            "61*x",
            "^ ^",
            "(61 ^)*2",
            "mask(37: 61)",
            "mask(37fa213d 61)",
            ")",
            "]",
        ];
        for text in table {
            assert!(parse(text, None).is_err(), "{text}");
        }
    }

    #[test]
    fn a_separator_in_quotes_separates_nothing() {
        assert_eq!(split(r#"a | "b|\"|" c |"#, '|'), ["a", r#""b|\"|" c"#, ""]);
    }
}
