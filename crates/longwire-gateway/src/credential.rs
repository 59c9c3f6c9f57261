//! A secret text that others are compared with, in a time that says nothing of where they differ.

/// A secret text.
#[derive(Clone)]
pub(crate) struct Credential(Box<str>);

impl Credential {
    pub(crate) fn new(text: &str) -> Self {
        Self(text.into())
    }

    /// Whether that is it. The time this takes depends on the length of `text` alone.
    pub(crate) fn is(&self, text: &str) -> bool {
        let secret = self.0.as_bytes();
        let differences = text.bytes().enumerate().fold(0, |differences, (at, byte)| {
            differences | (byte ^ secret.get(at).copied().unwrap_or_default())
        });
        std::hint::black_box(differences) == 0 && text.len() == secret.len()
    }
}

#[cfg(test)]
mod tests {
    use super::Credential;

    #[test]
    fn the_same_text_and_no_other() {
        let table = [
            ("secret", "secret", true),
            ("secret", "secreT", false),
            ("secret", "secre", false),
            ("secret", "secret\0", false),
            ("secret", "", false),
            ("", "", true),
        ];
        for (secret, text, is_it) in table {
            assert_eq!(Credential::new(secret).is(text), is_it, "{secret} {text:?}");
        }
    }
}
