//! Sequences of up to four bytes, the longest that a character has, against `core::str`: pushed
//! whole, and byte by byte or in every cut.

use std::str;
use std::thread;

use longwire::Utf8;

/// What becomes of some bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Text,
    /// The last character is not complete.
    Incomplete,
    Invalid,
}

fn expected(bytes: &[u8]) -> Verdict {
    match str::from_utf8(bytes) {
        Ok(_) => Verdict::Text,
        Err(error) if error.error_len().is_none() => Verdict::Incomplete,
        Err(_) => Verdict::Invalid,
    }
}

/// `bytes` behind what `utf8` has seen, and the state that they lead to.
fn push(mut utf8: Utf8, bytes: &[u8]) -> (Verdict, Utf8) {
    let verdict = match (utf8.push(bytes), utf8.finish()) {
        (Err(_), _) => Verdict::Invalid,
        (Ok(()), Err(_)) => Verdict::Incomplete,
        (Ok(()), Ok(())) => Verdict::Text,
    };
    (verdict, utf8)
}

/// Pushes `bytes` cut as the bits of `cuts` say: bit 0 is a cut behind the first byte.
fn push_cut(bytes: &[u8], cuts: u8) -> Verdict {
    let (mut verdict, mut utf8, mut begin) = (Verdict::Text, Utf8::default(), 0);
    for end in 1..=bytes.len() {
        if end == bytes.len() || cuts >> (end - 1) & 1 == 1 {
            (verdict, utf8) = push(utf8, &bytes[begin..end]);
            begin = end;
            if verdict == Verdict::Invalid {
                break;
            }
        }
    }
    verdict
}

fn check_every_cut(bytes: &[u8]) {
    let expected = expected(bytes);
    for cuts in 0..1 << (bytes.len() - 1) {
        assert_eq!(push_cut(bytes, cuts), expected, "{bytes:02x?}, cuts {cuts:b}");
    }
}

/// The first and the last byte of each class of RFC 3629 §4, and their neighbours.
const EDGES: [u8; 27] = [
    0x00, 0x01, 0x41, 0x7f, 0x80, 0x81, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf, 0xe0,
    0xe1, 0xec, 0xed, 0xee, 0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xff,
];

#[test]
fn rfc6455_s8_1_every_sequence_of_two_bytes_and_of_edges() {
    for a in 0..=u8::MAX {
        check_every_cut(&[a]);
        for b in 0..=u8::MAX {
            check_every_cut(&[a, b]);
        }
    }
    for a in EDGES {
        for b in EDGES {
            for c in EDGES {
                check_every_cut(&[a, b, c]);
                for d in EDGES {
                    check_every_cut(&[a, b, c, d]);
                }
            }
        }
    }
}

/// Whole and byte by byte: `core::str` has decided what every prefix comes to, and where one is
/// invalid so is all that it begins.
fn walk(bytes: &mut Vec<u8>, state: Option<Utf8>) -> u64 {
    let mut count = 0;
    for byte in 0..=u8::MAX {
        bytes.push(byte);
        let expected = expected(bytes);
        let mut next = None;
        if let Some(state) = state {
            let (verdict, after) = push(state, &[byte]);
            assert_eq!(verdict, expected, "byte by byte: {bytes:02x?}");
            next = (verdict != Verdict::Invalid).then_some(after);
        }
        assert_eq!(next.is_none(), expected == Verdict::Invalid, "{bytes:02x?}");
        assert_eq!(push(Utf8::default(), bytes).0, expected, "whole: {bytes:02x?}");
        count += 1;
        if bytes.len() < 4 {
            count += walk(bytes, next);
        }
        bytes.pop();
    }
    count
}

/// Every sequence that begins with `first`.
fn walk_behind(first: u8) -> u64 {
    let (verdict, state) = push(Utf8::default(), &[first]);
    assert_eq!(verdict, expected(&[first]), "{first:02x}");
    1 + walk(&mut vec![first], (verdict != Verdict::Invalid).then_some(state))
}

#[test]
#[ignore = "four thousand million sequences: run it with --release --include-ignored"]
fn rfc6455_s8_1_every_sequence_of_up_to_four_bytes() {
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let count: u64 = thread::scope(|scope| {
        let share = |number| move || (number..256).step_by(threads).map(first_byte).sum::<u64>();
        let shares: Vec<_> = (0..threads).map(|number| scope.spawn(share(number))).collect();
        shares.into_iter().map(|share| share.join().expect("a difference")).sum()
    });
    assert_eq!(count, (1 << 8) + (1 << 16) + (1 << 24) + (1 << 32));
}

fn first_byte(number: usize) -> u64 {
    walk_behind(u8::try_from(number).expect("a byte"))
}
