//! What the messages carry: bytes that look random, or JSON like what applications send.
//!
//! It comes from a generator with a fixed seed, so every run and every server gets the same.

/// What a message carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Content {
    /// Random bytes, which do not compress.
    Binary,
    /// JSON in ASCII.
    AsciiText,
    /// JSON with words of several scripts.
    MixedText,
}

impl Content {
    pub(super) fn is_text(self) -> bool {
        self != Self::Binary
    }

    /// The payload of message `number`: exactly `len` bytes.
    pub(super) fn payload(self, number: usize, len: usize) -> Vec<u8> {
        let mut random = Random::new(number as u64);
        match self {
            Self::Binary => random.bytes(len),
            Self::AsciiText => json(&mut random, len, ASCII),
            Self::MixedText => json(&mut random, len, MIXED),
        }
    }
}

const ASCII: &[&str] = &[
    "price",
    "order",
    "alice",
    "status",
    "online",
    "message",
    "channel",
    "update",
    "bob",
    "presence",
    "hello there",
    "see you tomorrow",
    "typing",
    "room",
    "london",
    "delivered",
];
const MIXED: &[&str] = &[
    "price",
    "größe",
    "alice",
    "статус",
    "online",
    "メッセージ",
    "καλημέρα",
    "update",
    "zoë",
    "在线",
    "hello there",
    "à demain",
    "🦀🚀",
    "комната",
    "london",
    "配信済み",
];

/// Objects one behind the other, and blanks where the last one would not fit.
fn json(random: &mut Random, len: usize, words: &[&str]) -> Vec<u8> {
    let mut text = String::with_capacity(len + 256);
    loop {
        let object = object(random, words);
        if text.len() + object.len() > len {
            break;
        }
        text.push_str(&object);
    }
    // The beginning of one more, as far as whole characters go.
    let more = object(random, words);
    let room = len - text.len();
    let boundary = (0..=room.min(more.len())).rev().find(|at| more.is_char_boundary(*at));
    text.push_str(&more[..boundary.unwrap_or_default()]);
    text.extend(std::iter::repeat_n(' ', len - text.len()));
    text.into_bytes()
}

fn object(random: &mut Random, words: &[&str]) -> String {
    let mut word = || words[random.below(words.len())];
    let (event, user, text) = (word(), word(), word());
    let (id, time) = (random.below(1_000_000), 1_700_000_000_000 + random.below(1 << 32) as u64);
    let (cents, flag) = (random.below(100_000), random.below(2) == 0);
    format!(
        "{{\"id\":{id},\"type\":\"{event}\",\"user\":\"{user}\",\"ts\":{time},\"text\":\"{text}\",\
         \"amount\":{}.{:02},\"read\":{flag}}}\n",
        cents / 100,
        cents % 100
    )
}

/// SplitMix64: a generator in three lines, good enough for bytes that must not compress.
struct Random(u64);

impl Random {
    fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x632b_e59b_d9b4_e019).wrapping_add(1))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`, which is small beside 2^32.
    fn below(&mut self, bound: usize) -> usize {
        usize::try_from((self.next() >> 32) % bound as u64).unwrap_or_default()
    }

    fn bytes(&mut self, len: usize) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(len + 8);
        while bytes.len() < len {
            bytes.extend_from_slice(&self.next().to_le_bytes());
        }
        bytes.truncate(len);
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::Content;

    #[test]
    fn payloads_have_their_length_and_are_the_same_each_time() {
        for content in [Content::Binary, Content::AsciiText, Content::MixedText] {
            for len in [0, 1, 7, 20, 125, 1024, 70_000] {
                let payload = content.payload(3, len);
                assert_eq!(payload.len(), len, "{content:?}");
                assert_eq!(payload, content.payload(3, len));
                if len >= 20 {
                    assert_ne!(payload, content.payload(4, len), "{content:?}, {len}");
                }
            }
        }
    }

    #[test]
    fn text_is_utf8_and_ascii_where_it_is_said_to_be() {
        for len in 0..600 {
            assert!(Content::AsciiText.payload(len, len).is_ascii());
            let mixed = String::from_utf8(Content::MixedText.payload(len, len)).unwrap();
            assert!(len < 300 || !mixed.is_ascii());
        }
    }
}
