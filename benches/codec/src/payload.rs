//! What the messages are made of. The same seed makes the same bytes.

use std::iter;

use fastrand::Rng;

/// Where the letters come from that are not ASCII: two, two, three and four bytes long.
const FOREIGN: [(char, char); 4] = [('à', 'ö'), ('α', 'ω'), ('一', '俿'), ('😀', '🙏')];

/// A kind of payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Payload {
    /// Random bytes.
    Binary,
    /// Words of small letters.
    Ascii,
    /// Words, of which every other one is Latin with accents, Greek, Chinese or emoji.
    Mixed,
    /// What a market or a chat sends: names that come again and again, numbers that do not.
    Json,
}

impl Payload {
    /// How tables call it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Binary => "binary",
            Self::Ascii => "text",
            Self::Mixed => "mixed text",
            Self::Json => "JSON",
        }
    }

    /// Whether it is sent as text.
    pub(crate) fn is_text(self) -> bool {
        self != Self::Binary
    }

    /// A payload of exactly `len` bytes.
    pub(crate) fn make(self, len: usize, rng: &mut Rng) -> Vec<u8> {
        match self {
            Self::Binary => iter::repeat_with(|| rng.u8(..)).take(len).collect(),
            Self::Ascii => text(len, rng, false).into_bytes(),
            Self::Mixed => text(len, rng, true).into_bytes(),
            Self::Json => json(len, rng).into_bytes(),
        }
    }
}

/// Words with spaces between them; the last one is cut to the length, with letters of one byte
/// where no other fits.
fn text(len: usize, rng: &mut Rng, mixed: bool) -> String {
    let mut text = String::with_capacity(len);
    let mut foreign = false;
    while text.len() < len {
        let (first, last) = if foreign { FOREIGN[rng.usize(..FOREIGN.len())] } else { ('a', 'z') };
        for _ in 0..rng.usize(2..8) {
            let letter = rng.char(first..=last);
            let fits = text.len() + letter.len_utf8() <= len;
            text.push(if fits { letter } else { 'x' });
            if text.len() == len {
                return text;
            }
        }
        text.push(' ');
        foreign = mixed && !foreign;
    }
    text
}

/// A list of trades, and a note that fills what is left.
fn json(len: usize, rng: &mut Rng) -> String {
    const SYMBOLS: [&str; 6] = ["BTC-USD", "ETH-USD", "SOL-EUR", "XRP-USD", "ADA-GBP", "LTC-EUR"];
    const FRAME_BYTES: usize = r#"{"trades":[],"note":""}"#.len();
    let mut trades = String::new();
    loop {
        let (side, symbol) = (["buy", "sell"][rng.usize(..2)], SYMBOLS[rng.usize(..SYMBOLS.len())]);
        let (price, size, id) = (rng.u32(100..9_999_999), rng.u32(1..99_999), rng.u32(..));
        let (price, cents) = (price / 100, price % 100);
        let comma = if trades.is_empty() { "" } else { "," };
        let trade = format!(
            r#"{comma}{{"id":{id},"symbol":"{symbol}","side":"{side}","price":{price}.{cents:02},"size":{size}}}"#
        );
        if FRAME_BYTES + trades.len() + trade.len() > len {
            break;
        }
        trades += &trade;
    }
    let note = text(len.saturating_sub(FRAME_BYTES + trades.len()), rng, false);
    format!(r#"{{"trades":[{trades}],"note":"{note}"}}"#)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payloads_have_their_length_and_are_what_they_say() {
        for len in [0, 1, 2, 3, 20, 125, 1024, 16384] {
            let make = |payload: Payload| payload.make(len, &mut Rng::with_seed(7));
            assert_eq!(make(Payload::Binary).len(), len);
            let ascii = make(Payload::Ascii);
            assert_eq!((ascii.len(), ascii.is_ascii()), (len, true));
            let mixed = make(Payload::Mixed);
            assert_eq!(mixed.len(), len);
            assert!(std::str::from_utf8(&mixed).is_ok(), "{len}");
            assert_eq!(make(Payload::Mixed), mixed, "the same seed, the same bytes");
        }
    }

    #[test]
    fn json_is_json_of_that_length() {
        for len in [128, 1024, 16384] {
            let text = Payload::Json.make(len, &mut Rng::with_seed(1));
            assert_eq!(text.len(), len);
            let value: serde_json::Value = serde_json::from_slice(&text).unwrap();
            assert!(!value["trades"].as_array().unwrap().is_empty(), "{value}");
        }
    }

    #[test]
    fn a_good_half_of_mixed_text_is_not_ascii() {
        let text = String::from_utf8(Payload::Mixed.make(16384, &mut Rng::with_seed(1))).unwrap();
        let letters = text.chars().filter(|letter| *letter != ' ').count();
        let foreign = text.chars().filter(|letter| !letter.is_ascii()).count();
        assert!((45..=55).contains(&(100 * foreign / letters)), "{foreign} of {letters}");
        for (first, last) in FOREIGN {
            assert!(text.chars().any(|letter| (first..=last).contains(&letter)), "{first}");
        }
    }
}
