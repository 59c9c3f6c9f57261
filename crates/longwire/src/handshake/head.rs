//! Where a head ends: the one pass over the bytes of a request or response that looks at each byte
//! once.
//!
//! [`HeadScanner`] remembers how far it has looked, so the work is linear in the bytes received
//! however they were cut. It refuses, at the byte where it shows, what no head may contain: a bare
//! LF or CR, a control character, a folded line, and whatever is over a limit. What it completes is
//! a [`Head`], and only a `Head` can be parsed: no byte reaches the parser unscanned.

use super::error::HeadError;
use super::limits::HeadLimits;
use super::syntax::is_control;

/// Whether there is enough of the input yet. Too little is a status, not an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status<T> {
    /// The whole of it is there.
    Complete(T),
    /// Nothing is wrong so far; more bytes are needed.
    Partial,
}

/// The bytes of a complete head, from the first to the end of the empty line. [`HeadScanner::scan`]
/// makes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head<'a>(&'a [u8]);

impl<'a> Head<'a> {
    /// The bytes of the head. What was received behind them is no longer HTTP: hand it on
    /// untouched.
    pub fn bytes(self) -> &'a [u8] {
        self.0
    }
}

/// Finds the end of a head in bytes that arrive in pieces (RFC 9112 §2).
///
/// ```
/// use longwire::handshake::{HeadLimits, HeadScanner, Status};
///
/// let mut scanner = HeadScanner::new(HeadLimits::default());
/// assert_eq!(scanner.scan(b"GET / HTTP/1.1\r\nHost: a"), Ok(Status::Partial));
/// // All that was received is given again: the scanner goes on where it stopped.
/// let received = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n\x81\x80....";
/// let Ok(Status::Complete(head)) = scanner.scan(received) else { panic!() };
/// assert_eq!(head.bytes().len(), 27);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct HeadScanner {
    limits: HeadLimits,
    examined_bytes: usize,
    start_line_bytes: usize,
    headers: usize,
    place: Place,
    /// How often a byte was looked at, to prove that it is once.
    #[cfg(test)]
    looks: usize,
}

/// Where in the head the next byte stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// The first byte of all.
    Beginning,
    /// Behind the CR of an empty line in front of the start line.
    LeadingCr,
    /// Behind that empty line: the start line has to begin now.
    AfterLeadingLine,
    StartLine,
    StartLineCr,
    /// The first byte of a header line, or the CR of the empty line that ends the head.
    LineStart,
    HeaderLine,
    HeaderLineCr,
    EndCr,
    Done,
    Failed(HeadError),
}

impl HeadScanner {
    /// A scanner for one head.
    pub const fn new(limits: HeadLimits) -> Self {
        Self {
            limits,
            examined_bytes: 0,
            start_line_bytes: 0,
            headers: 0,
            place: Place::Beginning,
            #[cfg(test)]
            looks: 0,
        }
    }

    /// Looks at the bytes that it has not seen yet. `received` is everything received on the
    /// connection so far, from the first byte of the head.
    ///
    /// Once it has completed or failed it says the same again for ever.
    ///
    /// # Errors
    ///
    /// At the first byte that no head may contain, or that takes it over a limit.
    pub fn scan<'a>(&mut self, received: &'a [u8]) -> Result<Status<Head<'a>>, HeadError> {
        for &byte in received.get(self.examined_bytes..).unwrap_or_default() {
            if matches!(self.place, Place::Done | Place::Failed(_)) {
                break;
            }
            self.place = self.step(byte).unwrap_or_else(Place::Failed);
        }
        match self.place {
            Place::Failed(error) => Err(error),
            Place::Done => Ok(received
                .get(..self.examined_bytes)
                .map_or(Status::Partial, |head| Status::Complete(Head(head)))),
            _ => Ok(Status::Partial),
        }
    }

    /// How many bytes it has looked at: never more than the head has, nor than its limit allows.
    pub const fn examined_bytes(&self) -> usize {
        self.examined_bytes
    }

    /// Takes one byte, and says where the next one stands.
    fn step(&mut self, byte: u8) -> Result<Place, HeadError> {
        let at = self.examined_bytes;
        self.examined_bytes = at.saturating_add(1);
        #[cfg(test)]
        {
            self.looks += 1;
        }
        let next = self.next_place(byte, at)?;
        // A head of exactly the limit is complete here; one that is not complete can only be
        // longer.
        if next != Place::Done && self.examined_bytes >= self.limits.max_head_bytes {
            return Err(HeadError::HeadTooLong { max_head_bytes: self.limits.max_head_bytes });
        }
        Ok(next)
    }

    fn next_place(&mut self, byte: u8, at: usize) -> Result<Place, HeadError> {
        match (self.place, byte) {
            (Place::LeadingCr, b'\n') => Ok(Place::AfterLeadingLine),
            (Place::StartLineCr | Place::HeaderLineCr, b'\n') => Ok(Place::LineStart),
            (Place::EndCr, b'\n') => Ok(Place::Done),
            // RFC 9112 §2.2: a CR without its LF is invalid. To replace it with a space, the other
            // way that the RFC allows, would give two readings of one head.
            (Place::LeadingCr | Place::StartLineCr | Place::HeaderLineCr | Place::EndCr, _) => {
                Err(HeadError::BareCarriageReturn { at: at.saturating_sub(1) })
            }

            // RFC 9112 §2.2: one empty line in front of the request line is ignored.
            (Place::Beginning, b'\r') => Ok(Place::LeadingCr),
            (Place::AfterLeadingLine, b'\r') => Err(HeadError::EmptyStartLine),
            (Place::StartLine, b'\r') => Ok(Place::StartLineCr),
            (Place::LineStart, b'\r') => Ok(Place::EndCr),
            (Place::HeaderLine, b'\r') => Ok(Place::HeaderLineCr),

            // RFC 9112 §2.2: a recipient MAY take a lone LF for a line end. We never do.
            (_, b'\n') => Err(HeadError::BareLineFeed { at }),
            (_, _) if is_control(byte) => Err(HeadError::ControlCharacter { byte, at }),

            // RFC 9112 §2.2: white space between the start line and the first header; §5.2: a
            // line that continues the one before. Neither is read as anything.
            (Place::Beginning | Place::AfterLeadingLine | Place::LineStart, b' ' | b'\t') => {
                Err(HeadError::LeadingWhitespace { at })
            }
            (Place::Beginning | Place::AfterLeadingLine | Place::StartLine, _) => self.start_line(),
            (Place::LineStart, _) => self.header_line(),
            (place, _) => Ok(place),
        }
    }

    fn start_line(&mut self) -> Result<Place, HeadError> {
        let max_start_line_bytes = self.limits.max_start_line_bytes;
        self.start_line_bytes = self.start_line_bytes.saturating_add(1);
        if self.start_line_bytes > max_start_line_bytes {
            return Err(HeadError::StartLineTooLong { max_start_line_bytes });
        }
        Ok(Place::StartLine)
    }

    fn header_line(&mut self) -> Result<Place, HeadError> {
        let max_headers = self.limits.max_headers.min(HeadLimits::HEADERS_CAPACITY);
        self.headers = self.headers.saturating_add(1);
        if self.headers > max_headers {
            return Err(HeadError::TooManyHeaders { max_headers });
        }
        Ok(Place::HeaderLine)
    }
}
