//! The heads of the opening handshake: as the suite writes them, right or wrong, and as it reads
//! them (RFC 6455 §4, RFC 9112).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest as _, Sha1};

use crate::frames::Frame;

/// A request or a response to be written. `{host}`, `{target}`, `{key}` and `{accept}` stand for
/// what is known when it is; each character up to U+00FF is one byte.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    line: String,
    /// Whole lines, without their ends.
    headers: Vec<String>,
    /// Stands behind the head, in the same write.
    pub(crate) behind: String,
    /// Frames behind that.
    pub(crate) frames: Vec<Frame>,
}

/// One thing that is different from the correct head.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Edit {
    /// The start line.
    Line(&'static str),
    /// No header of this name.
    Without(&'static str),
    /// The header of this name has this value.
    With(&'static str, &'static str),
    /// One more line, in front of the other headers.
    First(&'static str),
    /// One more line, behind the other headers.
    And(&'static str),
    /// This text behind the head.
    Behind(&'static str),
}

impl Draft {
    /// A correct request (RFC 6455 §4.1).
    pub(crate) fn request() -> Self {
        Self::new(
            "GET {target} HTTP/1.1",
            &[
                "Host: {host}",
                "Upgrade: websocket",
                "Connection: Upgrade",
                "Sec-WebSocket-Key: {key}",
                "Sec-WebSocket-Version: 13",
            ],
        )
    }

    /// A correct response (RFC 6455 §4.2.2).
    pub(crate) fn response() -> Self {
        Self::new(
            "HTTP/1.1 101 Switching Protocols",
            &["Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Accept: {accept}"],
        )
    }

    fn new(line: &str, headers: &[&str]) -> Self {
        let headers = headers.iter().map(|&line| line.to_owned()).collect();
        Self { line: line.to_owned(), headers, behind: String::new(), frames: Vec::new() }
    }

    pub(crate) fn edit(mut self, edit: Edit) -> Self {
        let named = |line: &String, name: &str| {
            line.split(':').next().is_some_and(|found| found.eq_ignore_ascii_case(name))
        };
        match edit {
            Edit::Line(line) => self.line = line.to_owned(),
            Edit::Without(name) => self.headers.retain(|line| !named(line, name)),
            Edit::With(name, value) => {
                self.headers.retain(|line| !named(line, name));
                self.headers.push(format!("{name}: {value}"));
            }
            Edit::First(line) => self.headers.insert(0, line.to_owned()),
            Edit::And(line) => self.headers.push(line.to_owned()),
            Edit::Behind(text) => self.behind.push_str(text),
        }
        self
    }

    pub(crate) fn edits(self, edits: &[Edit]) -> Self {
        edits.iter().copied().fold(self, Self::edit)
    }

    /// One more line behind the others, made at run time.
    pub(crate) fn and(mut self, line: String) -> Self {
        self.headers.push(line);
        self
    }

    pub(crate) fn line(mut self, line: String) -> Self {
        self.line = line;
        self
    }

    /// With the line ends exchanged, and `{…}` replaced by what is known.
    pub(crate) fn render(&self, known: &[(&str, &str)]) -> Vec<u8> {
        let mut head = self.line.clone();
        for line in &self.headers {
            head.push_str("\r\n");
            head.push_str(line);
        }
        head.push_str("\r\n\r\n");
        head.push_str(&self.behind);
        for (name, value) in known {
            head = head.replace(&format!("{{{name}}}"), value);
        }
        head.chars().map(|char| u8::try_from(u32::from(char)).unwrap_or(b'?')).collect()
    }
}

/// A head as it came.
#[derive(Clone, Debug, Default)]
pub(crate) struct Head {
    pub(crate) line: String,
    headers: Vec<(String, String)>,
}

impl Head {
    /// Reads a head, without the empty line at its end.
    ///
    /// # Errors
    ///
    /// It breaks the grammar of RFC 9112 §2 to §5.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, String> {
        let text: String = bytes.iter().copied().map(char::from).collect();
        let mut lines = text.split("\r\n");
        let line = lines.next().unwrap_or_default().to_owned();
        let mut headers = Vec::new();
        for line in lines {
            let Some((name, value)) = line.split_once(':') else {
                return Err(format!("its head has a line without a colon: {line:?}"));
            };
            if name.is_empty() || !name.bytes().all(is_tchar) {
                return Err(format!("its head has a field name that is no token: {name:?}"));
            }
            if value.chars().any(|char| char.is_ascii_control() && char != '\t') {
                return Err(format!("its head has a control character in {name}"));
            }
            headers.push((name.to_owned(), value.trim_matches([' ', '\t']).to_owned()));
        }
        Ok(Self { line, headers })
    }

    /// The values of a header, in order.
    pub(crate) fn values(&self, name: &str) -> Vec<&str> {
        let named = self.headers.iter().filter(|(of, _)| of.eq_ignore_ascii_case(name));
        named.map(|(_, value)| value.as_str()).collect()
    }

    /// The value of a header that is there just once.
    pub(crate) fn only(&self, name: &str) -> Result<&str, String> {
        match self.values(name)[..] {
            [value] => Ok(value),
            [] => Err(format!("no {name}")),
            _ => Err(format!("{name} more than once")),
        }
    }

    /// Whether a header that is a list has this token.
    pub(crate) fn lists(&self, name: &str, token: &str) -> bool {
        let mut elements = self.values(name).into_iter().flat_map(|value| value.split(','));
        elements.any(|element| element.trim().eq_ignore_ascii_case(token))
    }

    /// The status of a response.
    pub(crate) fn status(&self) -> Option<u16> {
        let (version, rest) = self.line.split_once(' ')?;
        let status = rest.get(..3)?;
        let ends = matches!(rest.as_bytes().get(3), None | Some(b' '));
        (version.starts_with("HTTP/1.") && ends).then_some(status)?.parse().ok()
    }
}

/// The length of the head at the start of `bytes`, without the empty line at its end.
pub(crate) fn head_len(bytes: &[u8]) -> Option<usize> {
    bytes.windows(4).position(|window| window == b"\r\n\r\n")
}

/// A fresh Sec-WebSocket-Key (RFC 6455 §4.1).
pub(crate) fn new_key() -> String {
    let mut nonce = [0; 16];
    // A key that is not random tests as well: nothing here is secret.
    let _ = getrandom::fill(&mut nonce);
    STANDARD.encode(nonce)
}

/// The Sec-WebSocket-Accept for a key (RFC 6455 §4.2.2).
pub(crate) fn accept(key: &str) -> String {
    let digest = Sha1::new()
        .chain_update(key)
        .chain_update("258EAFA5-E914-47DA-95CA-C5AB0DC85B11")
        .finalize();
    STANDARD.encode(digest)
}

/// Whether a key is 16 bytes in base64 (RFC 6455 §4.1).
pub(crate) fn is_key(key: &str) -> bool {
    STANDARD.decode(key).is_ok_and(|nonce| nonce.len() == 16)
}

/// RFC 9110 §5.6.2.
pub(crate) fn is_tchar(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// What is wrong with a response that shall open the connection (RFC 6455 §4.1, §4.2.2).
pub(crate) fn check_upgrade(head: &Head, key: &str) -> Result<(), String> {
    if head.status() != Some(101) {
        return Err(format!("101 was expected, not {:?}", head.line));
    }
    if !head.line.starts_with("HTTP/1.1 ") {
        return Err(format!("the version is not HTTP/1.1: {:?}", head.line));
    }
    if !head.only("Upgrade")?.eq_ignore_ascii_case("websocket") {
        return Err("Upgrade is not \"websocket\" (§4.2.2)".into());
    }
    if !head.lists("Connection", "upgrade") {
        return Err("Connection does not have \"Upgrade\" (§4.2.2)".into());
    }
    let (came, right) = (head.only("Sec-WebSocket-Accept")?, accept(key));
    if came != right {
        return Err(format!("Sec-WebSocket-Accept is {came:?}, {right:?} is right (§4.2.2)"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sample_of_rfc_6455() {
        assert_eq!(accept("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
        assert!(is_key("dGhlIHNhbXBsZSBub25jZQ=="));
        assert!(!is_key("dGhlIHNhbXBsZSBub25j"));
        assert!(is_key(&new_key()) && new_key() != new_key());
    }

    #[test]
    fn edits_change_one_thing() {
        let draft = Draft::request().edits(&[
            Edit::Line("POST {target} HTTP/1.1"),
            Edit::Without("upgrade"),
            Edit::With("Sec-WebSocket-Version", "8"),
            Edit::First("A: \u{ff}"),
            Edit::And("B: b"),
            Edit::Behind("more"),
        ]);
        let wire = draft.render(&[("host", "h:1"), ("target", "/t"), ("key", "k")]);
        let right = b"POST /t HTTP/1.1\r\nA: \xff\r\nHost: h:1\r\nConnection: Upgrade\r\n\
            Sec-WebSocket-Key: k\r\nSec-WebSocket-Version: 8\r\nB: b\r\n\r\nmore";
        assert_eq!(wire, right);
    }

    #[test]
    fn reads_a_response() {
        let key = "dGhlIHNhbXBsZSBub25jZQ==";
        let wire = Draft::response().render(&[("accept", &accept(key))]);
        let head = Head::parse(&wire[..head_len(&wire).unwrap()]).unwrap();
        assert_eq!(head.status(), Some(101));
        assert_eq!(check_upgrade(&head, key), Ok(()));
        assert!(check_upgrade(&head, "another").is_err());
        for wrong in [
            Edit::Line("HTTP/1.1 200 OK"),
            Edit::Line("HTTP/1.0 101 Switching Protocols"),
            Edit::Line("HTTP/1.1 1011"),
            Edit::Without("Upgrade"),
            Edit::With("Connection", "close"),
            Edit::And("Sec-WebSocket-Accept: {accept}"),
        ] {
            let wire = Draft::response().edit(wrong).render(&[("accept", &accept(key))]);
            let head = Head::parse(&wire[..head_len(&wire).unwrap()]).unwrap();
            assert!(check_upgrade(&head, key).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn refuses_heads_off_the_grammar() {
        for wrong in ["HTTP/1.1 101\r\nA b", "HTTP/1.1 101\r\nA : b", "HTTP/1.1 101\r\nA: \rb"] {
            assert!(Head::parse(wrong.as_bytes()).is_err(), "{wrong:?}");
        }
    }
}
