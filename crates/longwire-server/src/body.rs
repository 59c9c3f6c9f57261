//! The body of a request as it arrives (RFC 9112 §6, §7): how many of the bytes belong to it, and
//! which of them are its content.
//!
//! The decoder is given bytes, adds content to a buffer that is lent to it, and says how many bytes it
//! took: what stands behind the body is the next request. It keeps no bytes of its own, so that the
//! same bytes cut in any way give the same content, the same end and the same error.
//!
//! What two programs could read in two ways is refused: a proxy in front that finds another end than
//! we do would let its clients smuggle requests (RFC 9112 §11.2). White space is not skipped, lines
//! end in CRLF and in nothing else, and a line of trailers is a name, a colon and a value.

use longwire::handshake::Body;
use std::fmt;

/// How many digits the size of a chunk has at most: 4 GiB is more than a chunk has.
const MAX_SIZE_DIGITS: u8 = 8;
/// How long the extensions of one chunk are, at most.
const MAX_EXTENSION_BYTES: usize = 256;
/// How long the chunk extensions and trailers of one body are together, at most. They are checked
/// and dropped.
const MAX_IGNORED_BYTES: usize = 8 * 1024;

/// Why a body is refused. The client's fault, but for the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BodyError {
    /// A chunk's size is not 1 to 8 hexadecimal digits, with CRLF or an extension at once behind.
    ChunkSize,
    /// A chunk is longer than its size says.
    ChunkEnd,
    /// An extension has a control character in it, or does not end in CRLF.
    ChunkExtension,
    /// A line of the trailers is no header.
    Trailer,
    /// Extensions and trailers are too long together.
    IgnoredTooLong,
    /// There is more content than this server takes.
    TooLarge,
    /// There is no memory for it.
    NoMemory,
}

impl BodyError {
    /// The status of the answer, behind which the connection ends: where the next request would
    /// begin is not known.
    pub(crate) fn status(self) -> u16 {
        match self {
            // RFC 9110 §15.5.14.
            Self::TooLarge => 413,
            Self::NoMemory => 503,
            _ => 400,
        }
    }

    /// What would be right.
    pub(crate) fn reason(self) -> &'static str {
        match self {
            Self::ChunkSize => "a chunk must begin with its size in hexadecimal digits, and CRLF",
            Self::ChunkEnd => "a chunk must end in CRLF behind as many bytes as it says",
            Self::ChunkExtension => "chunk extensions must be text that ends in CRLF",
            Self::Trailer => "a trailer must be a token, a colon at once, and a value",
            Self::IgnoredTooLong => "chunk extensions and trailers are over this server's limit",
            Self::TooLarge => "the body is over this server's limit",
            Self::NoMemory => "there is no memory for the body",
        }
    }
}

/// For the log: the reason, and where it is written.
impl fmt::Display for BodyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let section = match self {
            Self::ChunkSize | Self::ChunkEnd => "RFC 9112 §7.1",
            Self::ChunkExtension => "RFC 9112 §7.1.1",
            Self::Trailer => "RFC 9112 §7.1.2",
            Self::IgnoredTooLong => "RFC 9112 §7.1.1, §7.1.2",
            Self::TooLarge | Self::NoMemory => "RFC 9110 §15.5.14",
        };
        write!(f, "{} ({section}, status {})", self.reason(), self.status())
    }
}

/// What the next byte belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expected {
    /// Content: so many bytes more, at least 1, and then the body is complete.
    Content(u64),
    /// The size of a chunk, of which so many digits have come.
    Size {
        size: u64,
        digits: u8,
    },
    /// White space behind a size, which only an extension may follow.
    Space {
        size: u64,
    },
    Extension {
        size: u64,
    },
    SizeLf {
        size: u64,
    },
    /// A chunk's content: so many bytes more, at least 1.
    Chunk(u64),
    ChunkCr,
    ChunkLf,
    /// A line of trailers, or the empty line that ends them.
    TrailerLine,
    TrailerName,
    TrailerValue,
    TrailerLf,
    LastLf,
    /// Nothing: the body is complete.
    Nothing,
}

/// Where a body is.
#[derive(Debug)]
pub(crate) struct BodyDecoder {
    expected: Expected,
    /// How much more content may come.
    room_bytes: usize,
    /// How long the extensions of this chunk are so far.
    extension_bytes: usize,
    /// How long extensions and trailers are so far.
    ignored_bytes: usize,
}

impl BodyDecoder {
    /// For what a request's head says about its body, of which up to `max_bytes` are taken.
    ///
    /// # Errors
    /// The head says already that it is longer.
    pub(crate) fn new(body: Body, max_bytes: usize) -> Result<Self, BodyError> {
        let expected = match body {
            Body::None => Expected::Nothing,
            // RFC 9112 §6.3: its length is that of the body. It is believed as far as bytes come.
            Body::Sized { bytes } if bytes > max_bytes as u64 => return Err(BodyError::TooLarge),
            Body::Sized { bytes } => Expected::Content(bytes),
            Body::Chunked => Expected::Size { size: 0, digits: 0 },
        };
        Ok(Self { expected, room_bytes: max_bytes, extension_bytes: 0, ignored_bytes: 0 })
    }

    /// Whether all of it has come.
    pub(crate) fn is_complete(&self) -> bool {
        self.expected == Expected::Nothing
    }

    /// Takes bytes up to the end of the body, and adds the content among them to `content`. How many
    /// it took: all of them, unless the body is complete.
    ///
    /// # Errors
    /// The body is malformed, or over a limit. It cannot be gone on with.
    pub(crate) fn decode(
        &mut self,
        input: &[u8],
        content: &mut Vec<u8>,
    ) -> Result<usize, BodyError> {
        let mut rest = input;
        while !self.is_complete() {
            rest = match (self.expected, rest) {
                (_, []) => break,
                (Expected::Content(left) | Expected::Chunk(left), _) => {
                    self.take_content(left, rest, content)?
                }
                (_, [byte, behind @ ..]) => {
                    self.expected = self.step(*byte)?;
                    behind
                }
            };
        }
        Ok(input.len() - rest.len())
    }

    fn take_content<'a>(
        &mut self,
        left: u64,
        input: &'a [u8],
        content: &mut Vec<u8>,
    ) -> Result<&'a [u8], BodyError> {
        let len = usize::try_from(left).unwrap_or(usize::MAX).min(input.len());
        let (taken, rest) = input.split_at(len);
        content.try_reserve(len).map_err(|_| BodyError::NoMemory)?;
        content.extend_from_slice(taken);
        let left = left - len as u64;
        self.expected = match self.expected {
            Expected::Chunk(_) if left == 0 => Expected::ChunkCr,
            Expected::Chunk(_) => Expected::Chunk(left),
            _ if left == 0 => Expected::Nothing,
            _ => Expected::Content(left),
        };
        Ok(rest)
    }

    /// One byte that is no content.
    fn step(&mut self, byte: u8) -> Result<Expected, BodyError> {
        use Expected::*;
        Ok(match (self.expected, byte) {
            // RFC 9112 §7.1: a size that does not fit must not be read as another one.
            (Size { digits: MAX_SIZE_DIGITS, .. }, byte) if byte.is_ascii_hexdigit() => {
                return Err(BodyError::ChunkSize);
            }
            (Size { size, digits }, byte) if byte.is_ascii_hexdigit() => {
                Size { size: size << 4 | hex_value(byte), digits: digits + 1 }
            }
            (Size { size, digits: 1.. }, b'\r') => SizeLf { size },
            // RFC 9112 §7.1.1: an extension that is not known is ignored.
            (Size { size, digits: 1.. } | Space { size }, b';') => Extension { size },
            (Size { size, digits: 1.. } | Space { size }, b' ' | b'\t') => {
                self.ignore_extension()?;
                Space { size }
            }
            (Size { .. } | Space { .. }, _) => return Err(BodyError::ChunkSize),
            (Extension { size }, b'\r') => SizeLf { size },
            (Extension { size }, byte) if is_text(byte) => {
                self.ignore_extension()?;
                Extension { size }
            }
            (Extension { .. }, _) => return Err(BodyError::ChunkExtension),
            (SizeLf { size: 0 }, b'\n') => TrailerLine,
            (SizeLf { size }, b'\n') => self.begin_chunk(size)?,
            (SizeLf { .. }, _) => return Err(BodyError::ChunkSize),
            (ChunkCr, b'\r') => ChunkLf,
            (ChunkLf, b'\n') => Size { size: 0, digits: 0 },
            (ChunkCr | ChunkLf, _) => return Err(BodyError::ChunkEnd),
            (TrailerLine, b'\r') => LastLf,
            (TrailerName, b':') => TrailerValue,
            (TrailerLine | TrailerName, byte) if is_token_character(byte) => {
                self.ignore()?;
                TrailerName
            }
            (TrailerValue, b'\r') => TrailerLf,
            (TrailerValue, byte) if is_text(byte) => {
                self.ignore()?;
                TrailerValue
            }
            (TrailerLf, b'\n') => TrailerLine,
            (LastLf, b'\n') => Nothing,
            (TrailerLine | TrailerName | TrailerValue | TrailerLf | LastLf, _) => {
                return Err(BodyError::Trailer);
            }
            (Content(_) | Chunk(_) | Nothing, _) => self.expected,
        })
    }

    /// A chunk of `size` bytes begins, where there is room for it.
    fn begin_chunk(&mut self, size: u64) -> Result<Expected, BodyError> {
        let room = usize::try_from(size).ok().and_then(|size| self.room_bytes.checked_sub(size));
        self.room_bytes = room.ok_or(BodyError::TooLarge)?;
        self.extension_bytes = 0;
        Ok(Expected::Chunk(size))
    }

    fn ignore_extension(&mut self) -> Result<(), BodyError> {
        self.extension_bytes += 1;
        if self.extension_bytes > MAX_EXTENSION_BYTES {
            return Err(BodyError::IgnoredTooLong);
        }
        self.ignore()
    }

    fn ignore(&mut self) -> Result<(), BodyError> {
        self.ignored_bytes += 1;
        if self.ignored_bytes > MAX_IGNORED_BYTES { Err(BodyError::IgnoredTooLong) } else { Ok(()) }
    }
}

/// The value of a hexadecimal digit.
fn hex_value(digit: u8) -> u64 {
    char::from(digit).to_digit(16).unwrap_or_default().into()
}

/// RFC 9110 §5.5: what may stand in the value of a field, obsolete text too.
fn is_text(byte: u8) -> bool {
    byte == b'\t' || (byte >= b' ' && byte != 0x7f)
}

/// RFC 9110 §5.6.2.
pub(crate) fn is_token_character(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::{Body, BodyDecoder, BodyError, MAX_EXTENSION_BYTES, MAX_IGNORED_BYTES};

    /// What comes of `input` when it is given in the pieces that `cuts` make of it: the content and
    /// how many bytes were taken, or the error. `None` where the body is not complete.
    fn decode(
        body: Body,
        max_bytes: usize,
        input: &[u8],
        cuts: &[usize],
    ) -> Result<Option<(Vec<u8>, usize)>, BodyError> {
        let mut decoder = BodyDecoder::new(body, max_bytes)?;
        let (mut content, mut taken) = (Vec::new(), 0);
        for &cut in cuts.iter().chain([&input.len()]) {
            taken += decoder.decode(&input[taken..cut.max(taken)], &mut content)?;
        }
        Ok(decoder.is_complete().then_some((content, taken)))
    }

    /// The same for the whole, byte by byte, and at every cut.
    fn decode_every_way(
        body: Body,
        max_bytes: usize,
        input: &[u8],
    ) -> Result<Option<(Vec<u8>, usize)>, BodyError> {
        let whole = decode(body, max_bytes, input, &[]);
        let bytes: Vec<usize> = (0..input.len()).collect();
        assert_eq!(decode(body, max_bytes, input, &bytes), whole, "{input:?} byte by byte");
        for cut in 0..input.len() {
            assert_eq!(decode(body, max_bytes, input, &[cut]), whole, "{input:?} cut at {cut}");
        }
        whole
    }

    #[test]
    fn rfc9112_s6_3_a_body_of_a_known_length_ends_where_it_says() {
        let sized = |bytes| Body::Sized { bytes };
        let complete = |content: &[u8]| Ok(Some((content.to_vec(), content.len())));
        let cases: &[(Body, &[u8], _)] = &[
            (Body::None, b"", complete(b"")),
            (Body::None, b"GET", complete(b"")),
            (sized(1), b"", Ok(None)),
            (sized(5), b"hell", Ok(None)),
            (sized(5), b"hello", complete(b"hello")),
            (sized(5), b"helloGET / HTTP/1.1\r\n", complete(b"hello")),
            (sized(5), b"\r\n\0\xff\n!", complete(b"\r\n\0\xff\n")),
            (sized(8), b"", Ok(None)),
            (sized(9), b"", Err(BodyError::TooLarge)),
            (sized(u64::MAX), b"", Err(BodyError::TooLarge)),
        ];
        for (body, input, expected) in cases {
            assert_eq!(&decode_every_way(*body, 8, input), expected, "{body:?} {input:?}");
        }
    }

    #[test]
    fn rfc9112_s7_1_chunks_are_put_together() {
        // What is sent; the content, and what is left of it.
        let cases: &[(&str, &str, &str)] = &[
            ("0\r\n\r\n", "", ""),
            ("5\r\nhello\r\n0\r\n\r\n", "hello", ""),
            ("5\r\nhello\r\n1\r\n!\r\n0\r\n\r\nGET /", "hello!", "GET /"),
            ("00000005\r\nhello\r\n0000\r\n\r\n", "hello", ""),
            ("a\r\n0123456789\r\n0\r\n\r\n", "0123456789", ""),
            ("A\r\n0123456789\r\n0\r\n\r\n", "0123456789", ""),
            ("10\r\n0123456789abcdef\r\n0\r\n\r\n", "0123456789abcdef", ""),
            ("4\r\n\r\n\r\n\r\n0\r\n\r\n\r\n", "\r\n\r\n", "\r\n"),
            ("5;a\r\nhello\r\n0;b=c\r\n\r\n", "hello", ""),
            ("5 ;\ta = \"b;c\"\r\nhello\r\n0\r\n\r\n", "hello", ""),
            ("0\r\nTrailer: a\r\nOther:\r\n\r\n", "", ""),
            ("1\r\na\r\n0\r\nA: b\tc \u{e4}\r\n\r\n0", "a", "0"),
        ];
        for (input, content, left) in cases {
            let expected = Ok(Some((content.as_bytes().to_vec(), input.len() - left.len())));
            assert_eq!(
                decode_every_way(Body::Chunked, 16, input.as_bytes()),
                expected,
                "{input:?}"
            );
            // Every beginning of it is the beginning of a body, and no more.
            for end in 0..input.len() - left.len() {
                let begun = decode(Body::Chunked, 16, &input.as_bytes()[..end], &[]);
                assert_eq!(begun, Ok(None), "{input:?} up to {end}");
            }
        }
    }

    #[test]
    fn rfc9112_s7_1_what_could_be_read_in_two_ways_is_refused() {
        use BodyError::*;
        let cases: &[(&[u8], BodyError)] = &[
            (b"\r\n", ChunkSize),
            (b"\n", ChunkSize),
            (b" 5\r\n", ChunkSize),
            (b"5\n", ChunkSize),
            (b"5\r\r\n", ChunkSize),
            (b"5\rh", ChunkSize),
            (b"5 \r\n", ChunkSize),
            (b"5 5\r\n", ChunkSize),
            (b"0x5\r\n", ChunkSize),
            (b"+5\r\n", ChunkSize),
            (b"-1\r\n", ChunkSize),
            (b"5_0\r\n", ChunkSize),
            (b"5,5\r\n", ChunkSize),
            (b"g\r\n", ChunkSize),
            (b"\xef\xbc\x95\r\n", ChunkSize),
            (b";a\r\n", ChunkSize),
            (b"000000005\r\n", ChunkSize),
            (b"100000005\r\n", ChunkSize),
            (b"10000000000000005\r\n", ChunkSize),
            (b"5\r\nhello0\r\n", ChunkEnd),
            (b"5\r\nhello\n0\r\n", ChunkEnd),
            (b"5\r\nhello\r0\r\n", ChunkEnd),
            (b"5\r\nhello!\r\n", ChunkEnd),
            (b"5;a\nhello", ChunkExtension),
            (b"5;a\0\r\n", ChunkExtension),
            (b"5;a\x7f\r\n", ChunkExtension),
            (b"5;a\rb\r\n", ChunkSize),
            (b"0\r\n\n", Trailer),
            (b"0\r\n\rG", Trailer),
            (b"0\r\n folded\r\n\r\n", Trailer),
            (b"0\r\nA : b\r\n\r\n", Trailer),
            (b"0\r\nno colon\r\n\r\n", Trailer),
            (b"0\r\n: b\r\n\r\n", Trailer),
            (b"0\r\nA: b\n\r\n", Trailer),
            (b"0\r\nA: b\rc\r\n", Trailer),
            (b"0\r\nA: \0\r\n", Trailer),
            (b"11\r\n", TooLarge),
            (b"10\r\n0123456789abcdef\r\n1\r\n", TooLarge),
            (b"ffffffff\r\n", TooLarge),
        ];
        for (input, error) in cases {
            let decoded = decode_every_way(Body::Chunked, 16, input);
            assert_eq!(decoded, Err(*error), "{:?}", input.escape_ascii().to_string());
        }
    }

    #[test]
    fn rfc9112_s7_1_1_extensions_and_trailers_are_bounded() {
        let chunk = |extension: usize| format!("1;{}\r\na\r\n", "e".repeat(extension));
        let last = |trailer: usize| format!("0\r\nA:{}\r\n\r\n", "t".repeat(trailer));
        // So many chunks with an extension of so many bytes, and a trailer: the name has 1 byte more.
        for (chunks, extension, trailer, fits) in [
            (1, MAX_EXTENSION_BYTES, 0, true),
            (1, MAX_EXTENSION_BYTES + 1, 0, false),
            (0, 0, MAX_IGNORED_BYTES - 1, true),
            (0, 0, MAX_IGNORED_BYTES, false),
            (16, 256, MAX_IGNORED_BYTES - 16 * 256 - 1, true),
            (16, 256, MAX_IGNORED_BYTES - 16 * 256, false),
        ] {
            let input = chunk(extension).repeat(chunks) + &last(trailer);
            let decoded = decode(Body::Chunked, 16, input.as_bytes(), &[]);
            let expected = Ok(Some((vec![b'a'; chunks], input.len())));
            let expected = if fits { expected } else { Err(BodyError::IgnoredTooLong) };
            assert_eq!(decoded, expected, "{chunks} of {extension}, and {trailer}");
        }
    }

    #[test]
    fn memory_follows_the_bytes_received() {
        let mut decoder = BodyDecoder::new(Body::Sized { bytes: 1 << 30 }, 1 << 30).unwrap();
        let mut content = Vec::new();
        assert_eq!(decoder.decode(b"hello", &mut content), Ok(5));
        assert!(content.capacity() < 64 && !decoder.is_complete());
    }

    #[test]
    fn an_error_says_what_would_be_right_and_where_that_stands() {
        use BodyError::*;
        let all =
            [ChunkSize, ChunkEnd, ChunkExtension, Trailer, IgnoredTooLong, TooLarge, NoMemory];
        let statuses = all.map(BodyError::status);
        assert_eq!(statuses, [400, 400, 400, 400, 400, 413, 503]);
        assert_eq!(
            ChunkEnd.to_string(),
            "a chunk must end in CRLF behind as many bytes as it says (RFC 9112 §7.1, status 400)"
        );
        for error in all {
            assert!(error.to_string().contains(" (RFC 911"), "{error}");
        }
    }
}
