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

#[cfg(test)]
mod tests {
    use super::{Expected, Kind, Messages};
    use crate::bench::payload::Content;

    const SIZE: usize = 8;

    fn messages(content: Content) -> Messages {
        Messages::prepare(content, SIZE, None).unwrap()
    }

    #[test]
    fn replies_come_in_order_whole_or_in_pieces() {
        let messages = messages(Content::Binary);
        let mut expected = Expected::default();
        for number in 0..messages.count() * 2 {
            let payload = messages.payload(number % messages.count());
            // Each is cut at another place; at 0, not at all.
            let (front, back) = payload.split_at(number % SIZE);
            if !front.is_empty() {
                expected.piece(Kind::Binary, front, false, &messages).unwrap();
            }
            assert_eq!(expected.replies, number as u64);
            expected.piece(Kind::Binary, back, true, &messages).unwrap();
            assert_eq!(expected.replies, number as u64 + 1);
        }
    }

    #[test]
    fn whatever_is_wrong_is_said() {
        let of = |content: Content, change: fn(&mut Vec<u8>)| {
            let messages = messages(content);
            let mut payload = messages.payload(0).to_vec();
            change(&mut payload);
            let fault = Expected::default().piece(Kind::Binary, &payload, true, &messages);
            fault.map_err(|fault| fault.to_string())
        };
        let wrong = |text: &str| Err(text.to_owned());
        assert_eq!(of(Content::Binary, |_| {}), Ok(()));
        assert_eq!(of(Content::AsciiText, |_| {}), wrong("it is binary and should be text"));
        let shorter = of(Content::Binary, |payload| payload.truncate(7));
        assert_eq!(shorter, wrong("it has 7 bytes and should have 8"));
        let longer = of(Content::Binary, |payload| payload.push(0));
        assert_eq!(longer, wrong("it has more bytes than 8, which it should have"));
        let right = messages(Content::Binary).payload(0)[3];
        let changed = of(Content::Binary, |payload| payload[3] ^= 1);
        let text =
            format!("byte 3 is {:#04x} and should be {right:#04x}, as it was sent", right ^ 1);
        assert_eq!(changed, wrong(&text));
        // The second message in place of the first.
        let messages = messages(Content::Binary);
        let swapped = Expected::default().piece(Kind::Binary, messages.payload(1), true, &messages);
        assert!(swapped.unwrap_err().to_string().starts_with("byte 0 is "));
    }

    #[test]
    fn without_frames_the_same_bytes_come_back_however_they_are_cut() {
        let messages = messages(Content::Binary);
        let round: Vec<u8> =
            (0..messages.count()).flat_map(|number| messages.frame(number).to_vec()).collect();
        for cut in 1..40 {
            let mut expected = Expected::default();
            for piece in round.chunks(cut) {
                expected.raw(piece, &messages).unwrap();
            }
            assert_eq!(expected.replies, messages.count() as u64);
            let again = expected.raw(&round, &messages);
            assert!(again.is_ok() && expected.replies == 2 * messages.count() as u64);
        }
        let mut wrong = round;
        wrong[20] ^= 0xff;
        let fault = Expected::default().raw(&wrong, &messages).unwrap_err().to_string();
        assert!(fault.starts_with("byte 6 is "), "{fault}");
    }
}
