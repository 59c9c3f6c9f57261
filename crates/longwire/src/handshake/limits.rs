//! The limits of the opening handshake, all of them, with their defaults.
//!
//! A head that breaks one of them is refused at the byte that breaks it, whatever the rest would
//! have been.

/// How large a head may be: the start line and the headers of a request or of a response.
///
/// ```
/// use longwire::handshake::HeadLimits;
///
/// let limits = HeadLimits { max_head_bytes: 4 * 1024, ..HeadLimits::default() };
/// assert_eq!(limits.max_headers, 100);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeadLimits {
    /// The longest start line, in bytes, its CRLF not counted. A longer request line is answered
    /// with 414. Default: 8 KiB.
    pub max_start_line_bytes: usize,
    /// The longest head, in bytes, from its first byte to the end of the empty line that closes it.
    /// A longer one is answered with 431. Default: 16 KiB.
    pub max_head_bytes: usize,
    /// The greatest number of header lines. More are answered with 431. Default: 100.
    ///
    /// The fields of a head lie in an array of [`HeadLimits::HEADERS_CAPACITY`]: a greater number
    /// than that works as that number.
    pub max_headers: usize,
}

impl HeadLimits {
    /// The number of header lines that the parser has room for, whatever `max_headers` says.
    pub const HEADERS_CAPACITY: usize = 128;

    /// The defaults, for a `const`.
    pub const DEFAULT: Self =
        Self { max_start_line_bytes: 8 * 1024, max_head_bytes: 16 * 1024, max_headers: 100 };
}

impl Default for HeadLimits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// The greatest number of subprotocols that a client may ask for. Their uniqueness (RFC 6455 §4.1
/// item 10) is checked pair by pair, so the number of pairs has to have an end.
pub const MAX_SUBPROTOCOLS: usize = 64;

#[cfg(test)]
mod tests {
    use super::HeadLimits;

    #[test]
    fn the_defaults_are_those_that_are_promised() {
        let promised =
            HeadLimits { max_start_line_bytes: 8_192, max_head_bytes: 16_384, max_headers: 100 };
        assert_eq!(HeadLimits::default(), promised);
    }
}
