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
        while self.examined_bytes < received.len() {
            match self.place {
                Place::Done | Place::Failed(_) => break,
                Place::HeaderLine => self.skip_header_text(received),
                _ => {}
            }
            let Some(&byte) = received.get(self.examined_bytes) else { break };
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

    /// Passes over what most of a head is: bytes inside a header line that change nothing, and do
    /// not bring it to its limit.
    fn skip_header_text(&mut self, received: &[u8]) {
        let last = self.limits.max_head_bytes.saturating_sub(1).min(received.len());
        let unseen = received.get(self.examined_bytes..last).unwrap_or_default();
        let text = unseen.iter().take_while(|byte| !is_control(**byte)).count();
        self.examined_bytes = self.examined_bytes.saturating_add(text);
        #[cfg(test)]
        {
            self.looks += text;
        }
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
        // RFC 9110 §5.4: what is larger than a server wants to process is answered 4xx. A head of
        // exactly the limit is complete here; one that is not complete can only be longer.
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
            // RFC 9110 §5.5: no CR, LF, NUL or other control character in a value; nor elsewhere.
            (_, _) if is_control(byte) => Err(HeadError::ControlCharacter { byte, at }),

            // RFC 9112 §2.2: white space between the start line and the first header. RFC 9112 §5.2:
            // a line that continues the one before, which a server may refuse, and a client has to
            // read as one line with it. Neither is read as anything: whoever stands in between and
            // reads two lines where we read one would see another message.
            (Place::Beginning | Place::AfterLeadingLine | Place::LineStart, b' ' | b'\t') => {
                Err(HeadError::LeadingWhitespace { at })
            }
            (Place::Beginning | Place::AfterLeadingLine | Place::StartLine, _) => self.start_line(),
            (Place::LineStart, _) => self.header_line(),
            (place, _) => Ok(place),
        }
    }

    /// RFC 9112 §3: a server answers 414 to a target that is longer than it wants to parse.
    fn start_line(&mut self) -> Result<Place, HeadError> {
        let max_start_line_bytes = self.limits.max_start_line_bytes;
        self.start_line_bytes = self.start_line_bytes.saturating_add(1);
        if self.start_line_bytes > max_start_line_bytes {
            return Err(HeadError::StartLineTooLong { max_start_line_bytes });
        }
        Ok(Place::StartLine)
    }

    /// RFC 9110 §5.4: so many fields and no more.
    fn header_line(&mut self) -> Result<Place, HeadError> {
        let max_headers = self.limits.max_headers.min(HeadLimits::HEADERS_CAPACITY);
        self.headers = self.headers.saturating_add(1);
        if self.headers > max_headers {
            return Err(HeadError::TooManyHeaders { max_headers });
        }
        Ok(Place::HeaderLine)
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{REQUEST, RESPONSE, scan_every_way};
    use super::*;
    use std::string::String;
    use std::vec::Vec;

    #[test]
    fn the_end_of_a_head_is_the_same_for_every_cut() {
        let heads = [
            REQUEST,
            RESPONSE,
            "GET / HTTP/1.1\r\n\r\n",
            "\r\nGET / HTTP/1.1\r\n\r\n",
            "GET / HTTP/1.1\r\nA:\r\nB: \t b\tc \t\r\n\r\n",
            "GET / HTTP/1.1\r\nA: J\u{fc}rgen\r\n\r\n",
            // What is no HTTP but has the lines of a head is for the parser to refuse.
            "x\r\nno colon\r\n\r\n",
        ];
        for head in heads {
            let verdict = scan_every_way(head.as_bytes(), HeadLimits::DEFAULT);
            assert_eq!(verdict, Ok(Status::Complete(head.len())), "{head:?}");
            for cut in 0..head.len() {
                let verdict = HeadScanner::new(HeadLimits::DEFAULT).scan(&head.as_bytes()[..cut]);
                assert_eq!(verdict, Ok(Status::Partial), "{head:?} up to {cut}");
            }
        }
    }

    #[test]
    fn what_no_head_contains_is_refused_at_its_byte() {
        use HeadError::*;
        let cases: &[(&[u8], HeadError)] = &[
            (b"\n", BareLineFeed { at: 0 }),
            (b"GET / HTTP/1.1\n", BareLineFeed { at: 14 }),
            (b"GET / HTTP/1.1\r\n\n", BareLineFeed { at: 16 }),
            (b"GET / HTTP/1.1\r\nA: b\n", BareLineFeed { at: 20 }),
            (b"GET / HTTP/1.1\r\nA: b\r\n\n", BareLineFeed { at: 22 }),
            (b"\r\n\n", BareLineFeed { at: 2 }),
            (b"\rG", BareCarriageReturn { at: 0 }),
            (b"\r\r", BareCarriageReturn { at: 0 }),
            (b"GET / HTTP/1.1\rA", BareCarriageReturn { at: 14 }),
            (b"GET / HTTP/1.1\r\nA: b\rc", BareCarriageReturn { at: 20 }),
            (b"GET / HTTP/1.1\r\nA: b\r\r", BareCarriageReturn { at: 20 }),
            (b"GET / HTTP/1.1\r\nA: b\r\n\rX", BareCarriageReturn { at: 22 }),
            (b"\r\n\r", EmptyStartLine),
            (b" ", LeadingWhitespace { at: 0 }),
            (b"\r\n\t", LeadingWhitespace { at: 2 }),
            (b"GET / HTTP/1.1\r\n ", LeadingWhitespace { at: 16 }),
            (b"GET / HTTP/1.1\r\nA: b\r\n ", LeadingWhitespace { at: 22 }),
            (b"GET / HTTP/1.1\r\nA: b\r\n\t", LeadingWhitespace { at: 22 }),
            (b"\0", ControlCharacter { byte: 0, at: 0 }),
            // A TLS client that knocks at a plain port.
            (b"\x16", ControlCharacter { byte: 0x16, at: 0 }),
            (b"GET /\0", ControlCharacter { byte: 0, at: 5 }),
            (b"GET / HTTP/1.1\r\nA\x1f", ControlCharacter { byte: 0x1f, at: 17 }),
            (b"GET / HTTP/1.1\r\n\0", ControlCharacter { byte: 0, at: 16 }),
            (b"GET / HTTP/1.1\r\nA: b\0", ControlCharacter { byte: 0, at: 20 }),
            (b"GET / HTTP/1.1\r\nA: b\x7f", ControlCharacter { byte: 0x7f, at: 20 }),
        ];
        for &(bytes, error) in cases {
            let (_, all_but_the_last) = bytes.split_last().unwrap();
            let before = scan_every_way(all_but_the_last, HeadLimits::DEFAULT);
            assert_eq!(before, Ok(Status::Partial), "{bytes:?} without its last byte");
            assert_eq!(scan_every_way(bytes, HeadLimits::DEFAULT), Err(error), "{bytes:?}");
        }
    }

    #[test]
    fn every_control_character_but_the_tab_is_refused_in_every_line() {
        for line in ["GET /", "GET / HTTP/1.1\r\nA", "GET / HTTP/1.1\r\nA: b"] {
            for byte in (0..0x20).chain([0x7f]).filter(|byte| !b"\t\r\n".contains(byte)) {
                let bytes = [line.as_bytes(), &[byte]].concat();
                let error = HeadError::ControlCharacter { byte, at: line.len() };
                assert_eq!(scan_every_way(&bytes, HeadLimits::DEFAULT), Err(error));
            }
        }
    }

    #[test]
    fn each_limit_holds_at_exactly_its_number() {
        let head = b"GET / HTTP/1.1\r\nA: b\r\nC: d\r\n\r\n";
        let exact = HeadLimits { max_start_line_bytes: 14, max_head_bytes: 30, max_headers: 2 };
        assert_eq!(scan_every_way(head, exact), Ok(Status::Complete(30)));

        let limits = HeadLimits { max_start_line_bytes: 13, ..exact };
        let error = HeadError::StartLineTooLong { max_start_line_bytes: 13 };
        assert_eq!(scan_every_way(head, limits), Err(error));
        assert_eq!(scan_every_way(&head[..13], limits), Ok(Status::Partial));
        assert_eq!(scan_every_way(&head[..14], limits), Err(error));

        let limits = HeadLimits { max_head_bytes: 29, ..exact };
        let error = HeadError::HeadTooLong { max_head_bytes: 29 };
        assert_eq!(scan_every_way(head, limits), Err(error));
        assert_eq!(scan_every_way(&head[..28], limits), Ok(Status::Partial));
        assert_eq!(scan_every_way(&head[..29], limits), Err(error));

        let limits = HeadLimits { max_headers: 1, ..exact };
        let error = HeadError::TooManyHeaders { max_headers: 1 };
        assert_eq!(scan_every_way(head, limits), Err(error));
        assert_eq!(scan_every_way(&head[..22], limits), Ok(Status::Partial));
        assert_eq!(scan_every_way(&head[..23], limits), Err(error));
    }

    #[test]
    fn an_empty_line_in_front_counts_as_bytes_of_the_head_and_not_of_the_start_line() {
        let head = b"\r\nGET / HTTP/1.1\r\n\r\n";
        let exact = HeadLimits { max_start_line_bytes: 14, max_head_bytes: 20, max_headers: 0 };
        assert_eq!(scan_every_way(head, exact), Ok(Status::Complete(20)));
        let limits = HeadLimits { max_head_bytes: 19, ..exact };
        assert_eq!(
            scan_every_way(head, limits),
            Err(HeadError::HeadTooLong { max_head_bytes: 19 })
        );
    }

    #[test]
    fn more_headers_than_there_is_room_for_are_too_many_whatever_the_limit() {
        let limits = HeadLimits { max_headers: usize::MAX, ..HeadLimits::DEFAULT };
        for (count, expected) in [(128, None), (129, Some(128))] {
            let head = ["GET / HTTP/1.1\r\n", &"A: b\r\n".repeat(count), "\r\n"].concat();
            let expected = match expected {
                None => Ok(Status::Complete(head.len())),
                Some(max_headers) => Err(HeadError::TooManyHeaders { max_headers }),
            };
            let mut scanner = HeadScanner::new(limits);
            let verdict = scanner.scan(head.as_bytes()).map(|status| match status {
                Status::Complete(head) => Status::Complete(head.bytes().len()),
                Status::Partial => Status::Partial,
            });
            assert_eq!(verdict, expected);
        }
    }

    #[test]
    fn t01_a_header_line_without_end_costs_one_look_a_byte() {
        for piece in [1, 7, 1024, 1 << 20] {
            let mut scanner = HeadScanner::new(HeadLimits::DEFAULT);
            let mut received = Vec::from(*b"GET / HTTP/1.1\r\nA: ");
            while scanner.scan(&received) == Ok(Status::Partial) {
                received.resize(received.len() + piece, b'a');
            }
            assert_eq!(scanner.examined_bytes(), 16 * 1024, "in pieces of {piece}");
            assert_eq!(scanner.looks, 16 * 1024, "in pieces of {piece}");
            // It has failed: it does not look again.
            received.extend_from_slice(b"\r\n\r\n");
            let error = HeadError::HeadTooLong { max_head_bytes: 16 * 1024 };
            assert_eq!(scanner.scan(&received), Err(error));
            assert_eq!(scanner.looks, 16 * 1024);
        }
    }

    #[test]
    fn t02_endless_headers_are_refused_at_the_first_too_many() {
        for count in [2_001, 100_000] {
            let headers: String = (0..count).map(|index| std::format!("A{index}: b\r\n")).collect();
            let head = ["GET / HTTP/1.1\r\n", &headers, "\r\n"].concat();
            let mut scanner = HeadScanner::new(HeadLimits::DEFAULT);
            let verdict = scanner.scan(head.as_bytes());
            assert_eq!(verdict, Err(HeadError::TooManyHeaders { max_headers: 100 }));
            assert_eq!(scanner.examined_bytes(), head.find("A100:").unwrap() + 1);
        }
    }

    #[test]
    fn t03_a_limit_is_the_same_for_every_cut_of_the_line() {
        let limits = HeadLimits { max_start_line_bytes: 32, max_head_bytes: 64, max_headers: 3 };
        let line = [b"GET /".as_slice(), &[b'a'; 100]].concat();
        let error = HeadError::StartLineTooLong { max_start_line_bytes: 32 };
        assert_eq!(scan_every_way(&line, limits), Err(error));
        let line = [b"GET / HTTP/1.1\r\nA: ".as_slice(), &[b'a'; 100]].concat();
        let error = HeadError::HeadTooLong { max_head_bytes: 64 };
        assert_eq!(scan_every_way(&line, limits), Err(error));
    }

    #[test]
    fn fewer_bytes_than_before_are_no_head() {
        let mut scanner = HeadScanner::new(HeadLimits::DEFAULT);
        let whole = b"GET / HTTP/1.1\r\n\r\n";
        assert!(matches!(scanner.scan(whole), Ok(Status::Complete(_))));
        assert_eq!(scanner.scan(&whole[..5]), Ok(Status::Partial));
    }
}
