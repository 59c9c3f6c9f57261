//! Any bytes as the body of a request, cut at random: the verdict of RFC 9112 §6 and §7, written once
//! more and for the whole at once, however they are cut; and no more memory than bytes have come.

use crate::shape::{CUTS, Cuts, product};
use arbitrary::{Result, Unstructured};
use longwire::handshake::Body;
use longwire_server::simulation::BodyReader;

/// What extensions of one chunk, and extensions and trailers of one body, may have.
const MAX_EXTENSION_BYTES: usize = 256;
const MAX_IGNORED_BYTES: usize = 8 * 1024;

/// What becomes of a body.
#[derive(Debug, PartialEq, Eq)]
enum Outcome {
    /// Its content, and how many bytes were taken.
    Complete(Vec<u8>, usize),
    /// What has come of its content.
    Incomplete(Vec<u8>),
    /// With this status.
    Refused(u16),
}

/// Runs one input: what the head says, the limit, cuts, then the bytes.
///
/// # Errors
/// The input is too short.
pub fn run(data: &[u8]) -> Result<()> {
    let mut u = Unstructured::new(data);
    let (kind, limit): (u8, u8) = u.arbitrary()?;
    let body = match kind {
        0 => Body::None,
        1 => Body::Sized { bytes: u.arbitrary::<u64>()?.max(1) },
        2..128 => Body::Sized { bytes: kind.into() },
        _ => Body::Chunked,
    };
    let max_bytes = usize::from(limit) * 16;
    let cuts = Cuts::read(&mut u)?;
    let bytes = u.take_rest();
    let expected = match body {
        Body::Chunked => chunked(bytes, max_bytes),
        Body::None => Outcome::Complete(Vec::new(), 0),
        Body::Sized { bytes: len } => sized(bytes, len, max_bytes),
    };
    assert_eq!(read(body, max_bytes, bytes, &Cuts::none()), expected, "whole");
    assert_eq!(read(body, max_bytes, bytes, &cuts), expected, "cut");
    assert_eq!(read(body, max_bytes, bytes, &Cuts::bytes()), expected, "byte by byte");
    Ok(())
}

fn read(body: Body, max_bytes: usize, bytes: &[u8], cuts: &Cuts) -> Outcome {
    let mut reader = match BodyReader::new(body, max_bytes) {
        Ok(reader) => reader,
        Err(status) => return Outcome::Refused(status),
    };
    let (mut taken, mut received) = (0, 0);
    for piece in cuts.pieces(bytes) {
        received += piece.len();
        match reader.read(piece) {
            Ok(of_piece) => taken += of_piece,
            Err(status) => return Outcome::Refused(status),
        }
        let content = reader.content();
        assert!(content.len() <= taken, "content that has not come");
        assert!(content.capacity() <= 2 * received + 8, "memory for what has not come");
        if reader.is_complete() {
            return Outcome::Complete(content.clone(), taken);
        }
        assert_eq!(taken, received, "bytes of the body are left");
    }
    if reader.is_complete() {
        return Outcome::Complete(Vec::new(), 0);
    }
    Outcome::Incomplete(reader.content().clone())
}

fn sized(bytes: &[u8], len: u64, max_bytes: usize) -> Outcome {
    match usize::try_from(len) {
        Ok(len) if len > max_bytes => Outcome::Refused(413),
        Err(_) => Outcome::Refused(413),
        Ok(len) => match bytes.get(..len) {
            Some(content) => Outcome::Complete(content.to_vec(), len),
            None => Outcome::Incomplete(bytes.to_vec()),
        },
    }
}

/// A body in chunks, line by line.
fn chunked(bytes: &[u8], max_bytes: usize) -> Outcome {
    let mut lines = Lines { rest: bytes, ignored: 0 };
    let mut content = Vec::new();
    let end = loop {
        match lines.size() {
            Ok(0) => break lines.trailers(),
            Ok(size) if content.len() + size > max_bytes => break Err(Stop::Refused(413)),
            Ok(size) => {
                let here = size.min(lines.rest.len());
                let (chunk, behind) = lines.rest.split_at(here);
                content.extend_from_slice(chunk);
                lines.rest = behind;
                if here < size {
                    break Err(Stop::Partial);
                }
                if let Err(stop) = lines.expect(b"\r\n") {
                    break Err(stop);
                }
            }
            Err(stop) => break Err(stop),
        }
    };
    match end {
        Ok(()) => Outcome::Complete(content, bytes.len() - lines.rest.len()),
        Err(Stop::Partial) => Outcome::Incomplete(content),
        Err(Stop::Refused(status)) => Outcome::Refused(status),
    }
}

enum Stop {
    Partial,
    Refused(u16),
}

struct Lines<'b> {
    rest: &'b [u8],
    ignored: usize,
}

impl<'b> Lines<'b> {
    /// Takes the bytes at the front that are like this.
    fn take(&mut self, is_like: impl Fn(u8) -> bool) -> &'b [u8] {
        let len = self.rest.iter().position(|byte| !is_like(*byte)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(len);
        self.rest = rest;
        taken
    }

    fn expect(&mut self, text: &[u8]) -> core::result::Result<(), Stop> {
        let here = text.len().min(self.rest.len());
        match self.rest.strip_prefix(&text[..here]) {
            Some(rest) if here == text.len() => {
                self.rest = rest;
                Ok(())
            }
            Some(_) => Err(Stop::Partial),
            None => Err(Stop::Refused(400)),
        }
    }

    fn ignore(&mut self, bytes: usize) -> core::result::Result<(), Stop> {
        self.ignored += bytes;
        if self.ignored > MAX_IGNORED_BYTES { Err(Stop::Refused(400)) } else { Ok(()) }
    }

    /// RFC 9112 §7.1: `1*HEXDIG [chunk-ext] CRLF`, with up to eight digits.
    fn size(&mut self) -> core::result::Result<usize, Stop> {
        let digits = self.take(|byte| byte.is_ascii_hexdigit());
        if digits.len() > 8 || (digits.is_empty() && !self.rest.is_empty()) {
            return Err(Stop::Refused(400));
        }
        let digits = String::from_utf8_lossy(digits);
        let size = usize::from_str_radix(&digits, 16).map_err(|_| Stop::Partial)?;
        let mut extension = self.take(|byte| matches!(byte, b' ' | b'\t')).len();
        if extension > 0 || self.rest.first() == Some(&b';') {
            self.expect_extension(extension)?;
            self.expect(b";")?;
            extension += self.take(is_text).len();
            self.expect_extension(extension)?;
            self.ignore(extension)?;
        }
        self.expect(b"\r\n")?;
        Ok(size)
    }

    fn expect_extension(&self, bytes: usize) -> core::result::Result<(), Stop> {
        let is_over = bytes > MAX_EXTENSION_BYTES || self.ignored + bytes > MAX_IGNORED_BYTES;
        if is_over { Err(Stop::Refused(400)) } else { Ok(()) }
    }

    /// RFC 9112 §7.1.2: `*( field-line CRLF ) CRLF`.
    fn trailers(&mut self) -> core::result::Result<(), Stop> {
        loop {
            let name = self.take(is_token).len();
            self.ignore(name)?;
            if name == 0 {
                return self.expect(b"\r\n");
            }
            self.expect(b":")?;
            let value = self.take(is_text).len();
            self.ignore(value)?;
            self.expect(b"\r\n")?;
        }
    }
}

fn is_text(byte: u8) -> bool {
    matches!(byte, b'\t' | b' '..=b'~' | 0x80..)
}

fn is_token(byte: u8) -> bool {
    let is_delimiter = b"\"(),/:;<=>?@[\\]{}".contains(&byte);
    byte.is_ascii_graphic() && !is_delimiter
}

/// Inputs to begin with.
pub fn seeds() -> Vec<Vec<u8>> {
    let bodies: [&[u8]; 12] = [
        b"5\r\nhello\r\n0\r\n\r\nGET /",
        b"5;a=\"b;c\"\r\nhello\r\n1 \t;d\r\n!\r\n0\r\n\r\n",
        b"A\r\n0123456789\r\n00000000\r\nTrailer: a\r\nOther:\r\n\r\n",
        b"ffffffff\r\n",
        b"000000005\r\n",
        b"5\nhello",
        b"5 \r\nhello\r\n0\r\n\r\n",
        b"1\r\na\r\n0\r\n folded\r\n\r\n",
        b"1\r\na\r\n0\r\nA : b\r\n\r\n",
        b"11\r\n0123456789abcdef!\r\n0\r\n\r\n",
        b"hello",
        b"",
    ];
    let mut fronts = Vec::new();
    for front in [&[0xff_u8, 1][..], &[0xff, 0xff], &[5, 1], &[1, 2, 0xff, 0, 0, 0, 0, 0, 0, 0]] {
        fronts.extend(CUTS.map(|cuts| [front, cuts].concat()));
    }
    let fronts: Vec<&[u8]> = fronts.iter().map(|front| &front[..]).collect();
    product(&fronts, &bodies.map(Vec::from))
}
