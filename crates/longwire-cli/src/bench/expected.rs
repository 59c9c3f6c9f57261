//! What the next reply on a connection has to be. Replies are compared as they come in and are not
//! put together.

use longwire::Kind;

use super::fault::Fault;
use super::messages::Messages;

/// How far the replies have come on one connection.
#[derive(Debug, Default)]
pub(super) struct Expected {
    /// The message that the next reply repeats.
    message: usize,
    /// So many bytes of it have come.
    checked: usize,
    /// Whole replies so far.
    pub(super) replies: u64,
}

impl Expected {
    /// A piece of a reply has come, `last` or not; or all of it.
    pub(super) fn piece(
        &mut self,
        kind: Kind,
        data: &[u8],
        last: bool,
        messages: &Messages,
    ) -> Result<(), Fault> {
        if (kind == Kind::Text) != messages.content.is_text() {
            return Err(Fault::Kind { came: kind });
        }
        self.compare(data, messages.payload(self.message))?;
        if last {
            let expected = messages.size_bytes;
            if self.checked != expected {
                return Err(Fault::Length { came: self.checked, expected });
            }
            self.next(messages);
        }
        Ok(())
    }

    /// Bytes have come from a server that knows no frames.
    pub(super) fn raw(&mut self, mut data: &[u8], messages: &Messages) -> Result<(), Fault> {
        while !data.is_empty() {
            let frame = messages.frame(self.message);
            let (here, behind) = data.split_at(data.len().min(frame.len() - self.checked));
            self.compare(here, frame)?;
            if self.checked == frame.len() {
                self.next(messages);
            }
            data = behind;
        }
        Ok(())
    }

    /// The bytes have to be the next ones of `expected`.
    #[inline]
    fn compare(&mut self, data: &[u8], expected: &[u8]) -> Result<(), Fault> {
        let rest = &expected[self.checked..];
        let Some(rest) = rest.get(..data.len()) else {
            let came = self.checked + data.len();
            return Err(Fault::Length { came, expected: expected.len() });
        };
        if data != rest {
            let at = data.iter().zip(rest).position(|(came, expected)| came != expected);
            let at = at.unwrap_or_default();
            return Err(Fault::Byte { at: self.checked + at, came: data[at], expected: rest[at] });
        }
        self.checked += data.len();
        Ok(())
    }

    fn next(&mut self, messages: &Messages) {
        self.message = messages.next(self.message);
        self.checked = 0;
        self.replies += 1;
    }
}
