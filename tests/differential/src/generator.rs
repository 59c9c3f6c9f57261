//! Streams out of a seed: most of what a good sender sends, and then one or two things wrong with
//! it, and an end anywhere.

use fastrand::Rng;
use longwire::Role;

use crate::deflater::Deflater;
use crate::stream::{Deflate, Frame, Length, MAX_MESSAGE_BYTES, Stream};

const CONTINUATION: u8 = 0;
const TEXT: u8 = 1;
const BINARY: u8 = 2;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;
const FIN: u8 = 0x80;
const RSV1: u8 = 0x40;

/// Parts of good texts.
const WORDS: [&str; 8] = ["Hello", " ", "κόσμε", "€", "𝄞𝄞", "é", "0123456789", "\u{7ff}\u{ffff}"];

/// What is no UTF-8, or only the beginning of it.
const BAD_TEXT: [&[u8]; 8] = [
    b"\xff",
    b"\xc0\x80",
    b"\xed\xa0\x80",
    b"\xf4\x90\x80\x80",
    b"\xf8\x88",
    b"\x80",
    b"\xe2\x82",
    b"\xc3",
];

/// The codes that matter (RFC 6455 §7.4), those at the edges of a range, and registered ones.
const CODES: [u16; 28] = [
    0, 1, 999, 1000, 1001, 1002, 1003, 1004, 1005, 1006, 1007, 1008, 1009, 1010, 1011, 1012, 1013,
    1014, 1015, 1016, 1999, 2000, 2999, 3000, 3999, 4000, 4999, 5000,
];

/// The stream with this number, of this seed.
pub(crate) fn stream(seed: u64, number: u64) -> Stream {
    let mut rng = Rng::with_seed(seed ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let role = if rng.bool() { Role::Server } else { Role::Client };
    let deflate = match rng.u8(0..8) {
        0 => Deflate::NoContextTakeover,
        1 => Deflate::ContextTakeover,
        _ => Deflate::No,
    };
    let max_message_bytes = if rng.u8(0..8) == 0 { rng.usize(130..700) } else { MAX_MESSAGE_BYTES };
    let deflater = (deflate != Deflate::No).then(|| Deflater::new(&mut rng));
    let mut generator =
        Generator { rng, role, deflate, deflater, max_message_bytes, frames: Vec::new() };
    generator.fill();
    let mut bytes = Vec::new();
    generator.frames.iter().for_each(|frame| frame.encode(&mut bytes));
    if generator.rng.u8(0..4) == 0 {
        bytes.truncate(generator.rng.usize(0..=bytes.len()));
    }
    Stream { role, deflate, max_message_bytes, bytes }
}

struct Generator {
    rng: Rng,
    role: Role,
    deflate: Deflate,
    deflater: Option<Deflater>,
    max_message_bytes: usize,
    frames: Vec<Frame>,
}

impl Generator {
    fn fill(&mut self) {
        for _ in 0..self.rng.u8(1..6) {
            if self.rng.u8(0..4) == 0 { self.control() } else { self.message() }
        }
        if self.rng.bool() {
            self.close();
            if self.rng.u8(0..4) == 0 {
                self.message();
            }
        }
        if self.rng.u8(0..3) != 0 {
            for _ in 0..self.rng.u8(1..3) {
                self.spoil();
            }
        }
    }

    fn push(&mut self, first: u8, payload: &[u8]) {
        self.frames.push(Frame::new(first, self.role, payload));
    }

    fn control(&mut self) {
        let opcode = if self.rng.bool() { PING } else { PONG };
        let payload = self.short_payload();
        self.push(FIN | opcode, &payload);
    }

    fn short_payload(&mut self) -> Vec<u8> {
        let len = match self.rng.u8(0..8) {
            0 => 0,
            1 => 125,
            _ => self.rng.usize(0..12),
        };
        (0..len).map(|_| self.rng.u8(..)).collect()
    }

    fn close(&mut self) {
        let mut body = Vec::new();
        if self.rng.u8(0..4) != 0 {
            let good = [1000, 1001, 1011, 1014, 3000, 4999];
            let code = if self.rng.bool() { self.pick(&good) } else { self.pick(&CODES) };
            body.extend_from_slice(&code.to_be_bytes());
            if self.rng.bool() {
                body.extend_from_slice(&self.text(8));
            }
            if self.rng.u8(0..8) == 0 {
                body.extend_from_slice(self.pick(&BAD_TEXT));
            }
        }
        if self.rng.u8(0..16) == 0 {
            body.truncate(1);
        }
        self.push(FIN | CLOSE, &body);
    }

    /// A message in one frame or several, with control frames between them.
    fn message(&mut self) {
        let is_text = self.rng.bool();
        let mut payload = self.payload(is_text);
        if is_text && self.rng.u8(0..12) == 0 {
            let at = self.rng.usize(0..=payload.len());
            payload.splice(at..at, self.pick(&BAD_TEXT).iter().copied());
        }
        let mut first = if is_text { TEXT } else { BINARY };
        if self.deflate != Deflate::No && self.rng.u8(0..4) != 0 {
            payload = self.packed(&payload);
            first |= RSV1;
        }
        let fragments = if self.rng.bool() { 1 } else { self.rng.usize(2..5) };
        let mut cuts: Vec<usize> =
            (1..fragments).map(|_| self.rng.usize(0..=payload.len())).collect();
        cuts.sort_unstable();
        cuts.push(payload.len());
        let mut begin = 0;
        for (index, end) in cuts.iter().enumerate() {
            let fin = if index + 1 == fragments { FIN } else { 0 };
            let opcode = if index == 0 { first } else { CONTINUATION };
            self.push(fin | opcode, &payload[begin..*end]);
            begin = *end;
            if fin == 0 && self.rng.u8(0..4) == 0 {
                self.control();
            }
        }
    }

    fn payload(&mut self, is_text: bool) -> Vec<u8> {
        let max = self.max_message_bytes;
        let len = match self.rng.u16(0..400) {
            0 => self.pick(&[65_535, 65_536]),
            1..20 => self.pick(&[125, 126, 127, 128]),
            20..40 => 0,
            // Messages about the size of the limit.
            _ if max < MAX_MESSAGE_BYTES && self.rng.u8(0..4) == 0 => {
                max + self.rng.usize(0..5) - 2
            }
            _ => self.rng.usize(0..40),
        };
        match (is_text, len) {
            (true, 0..100) => self.text(len),
            (true, len) => vec![b'a'; len],
            // What a compressor finds nothing in, and what it does.
            (false, len) if self.rng.bool() => (0..len).map(|_| self.rng.u8(..)).collect(),
            (false, len) => vec![self.rng.u8(..); len],
        }
    }

    /// About as many bytes of good text.
    fn text(&mut self, len: usize) -> Vec<u8> {
        let mut text = String::new();
        while text.len() < len {
            text.push_str(self.pick(&WORDS));
        }
        text.into_bytes()
    }

    fn packed(&mut self, payload: &[u8]) -> Vec<u8> {
        let how = self.rng.u8(0..12);
        let Some(deflater) = &mut self.deflater else { return payload.to_vec() };
        if self.deflate == Deflate::NoContextTakeover {
            deflater.reset();
        }
        let mut packed = match how {
            0 => deflater.compress_final(payload),
            _ => deflater.compress(payload),
        };
        match how {
            // Without its end, and with a byte that is another.
            1 => packed.truncate(self.rng.usize(0..=packed.len())),
            2 => {
                let at = self.rng.usize(0..packed.len());
                packed[at] ^= 1 << self.rng.u8(0..8);
            }
            _ => {}
        }
        packed
    }

    /// Makes one thing wrong, or unusual.
    fn spoil(&mut self) {
        if self.frames.is_empty() {
            return;
        }
        let at = self.rng.usize(0..self.frames.len());
        let (role, kind) = (self.role, self.rng.u8(0..14));
        let bytes = self.short_payload();
        let bit = self.rng.u8(4..7);
        let opcode = self.rng.u8(0..16);
        let (length, claimed) = (self.rng.u8(0..3), self.rng.u64(..));
        let text = self.pick(&BAD_TEXT);
        let frame = &mut self.frames[at];
        match kind {
            0 | 1 => frame.first ^= 1 << bit,
            2 | 3 => frame.first = frame.first & 0xf0 | opcode,
            4 => frame.first ^= FIN,
            5 => frame.masked = !frame.masked,
            6 | 7 => {
                frame.length = match length {
                    0 => Length::InTwo,
                    1 => Length::InEight,
                    _ => Length::Claimed(claimed >> (claimed % 60)),
                };
            }
            8 => frame.payload.extend_from_slice(text),
            9 => frame.payload = vec![b'a'; 126],
            10 => drop(self.frames.remove(at)),
            11 => {
                let again = self.frames[at].clone();
                self.frames.insert(at, again);
            }
            12 => {
                self.frames.insert(at, Frame::new(opcode << 4 & FIN | CONTINUATION, role, &bytes));
            }
            _ => frame.payload = Vec::new(),
        }
    }

    fn pick<T: Copy>(&mut self, table: &[T]) -> T {
        table[self.rng.usize(0..table.len())]
    }
}

#[cfg(test)]
mod tests {
    use super::stream;

    #[test]
    fn a_seed_is_a_stream() {
        assert!(stream(1, 7) == stream(1, 7));
        let different = (0..100).filter(|number| stream(1, *number) != stream(2, *number)).count();
        assert_eq!(different, 100);
    }
}
