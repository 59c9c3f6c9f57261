//! What is published: a text that says which it is and when it was due, and is as long as wanted.
//!
//! It is letters, digits and a few signs that stand for themselves in JSON, so that every server hands
//! it on as it was, and begins with a sign that nothing else here contains, so that it can be found in
//! whatever a protocol puts around it.

use std::fmt::Write as _;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

/// The first character of a publication, and of nothing else.
pub(super) const MARK: u8 = b'~';

/// Mark, number and time; the rest is filling.
const HEAD_BYTES: usize = 33;

/// The filling, over and over.
const FILLING: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

/// A publication of `size_bytes`, with its number and the time, since the load began, at which it was
/// due.
///
/// # Errors
/// It is too short for that.
pub(super) fn publication(number: u64, due: Duration, size_bytes: usize) -> Result<String> {
    ensure!(size_bytes >= HEAD_BYTES, "a publication takes {HEAD_BYTES} bytes");
    let mut text = String::with_capacity(size_bytes);
    write!(text, "~{number:010}-{:020}~", due.as_nanos())?;
    ensure!(text.len() == HEAD_BYTES, "publication {number} has too long a number");
    text.extend(FILLING.chars().cycle().take(size_bytes - HEAD_BYTES));
    Ok(text)
}

/// The number of the publication that a text begins with.
///
/// # Errors
/// It begins with none.
pub(super) fn number(text: &str) -> Result<u64> {
    let digits = text.get(1..).and_then(|text| text.split('-').next());
    digits.and_then(|digits| digits.parse().ok()).context("a publication without its number")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_publication_says_which_it_is_and_fills_its_size() {
        let text = publication(7, Duration::from_micros(1_500), 36).unwrap();
        assert_eq!(text, "~0000000007-00000000000001500000~abc");
        assert_eq!(text.as_bytes()[0], MARK);
        assert_eq!(publication(0, Duration::ZERO, 2048).unwrap().len(), 2048);
        assert!(publication(0, Duration::ZERO, 32).is_err());
        assert_eq!(number(&text).unwrap(), 7);
        assert!(number("~7").is_ok() && number("~-7").is_err() && number("").is_err());
    }

    #[test]
    fn it_stands_for_itself_in_json() {
        let text = publication(1, Duration::from_secs(1), 128).unwrap();
        assert_eq!(serde_json::to_string(&text).unwrap(), format!("\"{text}\""));
    }
}
