//! Makes a stream shorter while what it shows stays: pieces of it are left out, large ones first.

use crate::stream::Stream;

/// The shortest stream that was found for which `shows` still holds.
pub(crate) fn reduce(stream: &Stream, shows: impl Fn(&Stream) -> bool) -> Stream {
    let mut best = stream.clone();
    let mut piece = best.bytes.len();
    while piece > 0 {
        let mut at = 0;
        while at < best.bytes.len() {
            let end = (at + piece).min(best.bytes.len());
            let mut shorter = best.clone();
            shorter.bytes.drain(at..end);
            if shows(&shorter) || shorten_frame(&mut shorter, &best, at, end) && shows(&shorter) {
                best = shorter;
            } else {
                at += piece;
            }
        }
        piece /= 2;
    }
    best
}

/// Takes a cut inside a short frame's payload off its length too.
fn shorten_frame(shorter: &mut Stream, whole: &Stream, at: usize, end: usize) -> bool {
    let mut begin = 0;
    while let Some(&[_, second]) = whole.bytes.get(begin..begin + 2) {
        let (len, key) = (usize::from(second & 0x7f), if second & 0x80 == 0 { 0 } else { 4 });
        let payload = begin + 2 + key;
        let next = payload + len;
        if len > 125 || at < begin + 2 {
            return false;
        }
        if at >= payload && end <= next && shorter.bytes.len() > begin + 1 {
            let gone = u8::try_from(end - at).unwrap_or(0);
            shorter.bytes[begin + 1] = second - gone;
            return true;
        }
        begin = next;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::reduce;
    use crate::stream::{Deflate, Stream};
    use longwire::Role;

    #[test]
    fn what_does_not_matter_is_left_out() {
        let bytes = b"\x81\x05Hello\x89\x03abc\x82\x00".to_vec();
        let stream =
            Stream { role: Role::Client, deflate: Deflate::No, max_message_bytes: 1000, bytes };
        let has_ping_with_b = |stream: &Stream| {
            let mut rest = &stream.bytes[..];
            while let [first, len, behind @ ..] = rest {
                let Some((payload, next)) = behind.split_at_checked((*len).into()) else { break };
                if *first == 0x89 && payload.contains(&b'b') {
                    return true;
                }
                rest = next;
            }
            false
        };
        assert_eq!(reduce(&stream, has_ping_with_b).bytes, b"\x89\x01b");
    }
}
