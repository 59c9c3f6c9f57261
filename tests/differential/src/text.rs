//! UTF-8 as it arrives (RFC 6455 §8.1), by way of the standard library.

/// What is left of a character that has come in part.
#[derive(Clone, Debug, Default)]
pub(crate) struct Text {
    pending: Vec<u8>,
}

impl Text {
    /// Takes the next bytes: `false` where no text can begin so.
    #[must_use]
    pub(crate) fn push(&mut self, bytes: &[u8]) -> bool {
        self.pending.extend_from_slice(bytes);
        match std::str::from_utf8(&self.pending) {
            Ok(_) => self.pending.clear(),
            Err(error) if error.error_len().is_some() => return false,
            Err(error) => drop(self.pending.drain(..error.valid_up_to())),
        }
        true
    }

    /// How many bytes have come of the last character, if it is not complete.
    pub(crate) fn pending(&self) -> usize {
        self.pending.len()
    }
}

#[cfg(test)]
mod tests {
    use super::Text;

    #[test]
    fn text_may_be_cut_inside_a_character() {
        let mut text = Text::default();
        assert!(text.push(b"a\xe2\x82"));
        assert_eq!(text.pending(), 2);
        assert!(text.push(b"\xac"));
        assert_eq!(text.pending(), 0);
        assert!(!text.push(b"\xac"));
        assert!(!Text::default().push(b"\xed\xa0"));
    }
}
