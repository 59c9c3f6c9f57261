//! The name of a channel: what stands where in it.
//!
//! `name`, `namespace:name`, and `name#user1,user2` for a channel that only those users may
//! subscribe to. The first colon ends the namespace, the last hash sign begins the users. A name is
//! checked once, when it comes in, and shared from then on.

use std::borrow::Borrow;
use std::fmt;
use std::sync::Arc;

/// The name of a channel, within the bounds of the [configuration](crate::Limits).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChannelName(Arc<str>);

/// What is wrong with the name of a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ChannelNameError {
    /// It has no characters, or none behind its namespace.
    Empty,
    /// It has more bytes than [`Limits::max_channel_name_bytes`](crate::Limits).
    TooLong,
    /// A control character stands in it, which a log or a text protocol could take for an end.
    ControlCharacter,
}

impl fmt::Display for ChannelNameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "the name of a channel must not be empty",
            Self::TooLong => "the name of a channel must not be longer than the limit",
            Self::ControlCharacter => "the name of a channel must not contain control characters",
        })
    }
}

impl std::error::Error for ChannelNameError {}

impl ChannelName {
    /// Checks a name of at most `max_bytes` bytes.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn new(name: &str, max_bytes: usize) -> Result<Self, ChannelNameError> {
        if name.len() > max_bytes {
            return Err(ChannelNameError::TooLong);
        }
        if name.chars().any(char::is_control) {
            return Err(ChannelNameError::ControlCharacter);
        }
        if name.rsplit_once(':').map_or(name, |(_, rest)| rest).is_empty() {
            return Err(ChannelNameError::Empty);
        }
        Ok(Self(name.into()))
    }

    /// The whole name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What stands before the first colon.
    pub fn namespace(&self) -> Option<&str> {
        self.0.split_once(':').map(|(namespace, _)| namespace)
    }

    /// The users that it is for, where it names some.
    pub fn users(&self) -> Option<impl Iterator<Item = &str>> {
        self.0.rsplit_once('#').map(|(_, users)| users.split(','))
    }

    /// Whether `user` may subscribe as far as the name goes; `None` where it names no users.
    /// Someone anonymous, whose user is empty, is never meant.
    pub fn admits(&self, user: &str) -> Option<bool> {
        let mut users = self.users()?;
        Some(!user.is_empty() && users.any(|named| named == user))
    }
}

impl Borrow<str> for ChannelName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ChannelName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ChannelName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_apart() {
        let rows = [
            ("news", None, "none"),
            ("chat:42", Some("chat"), "none"),
            ("chat:a:b", Some("chat"), "none"),
            ("dialog#7,8", None, "[7][8]"),
            ("chat:dialog#7", Some("chat"), "[7]"),
            ("a#b#7", None, "[7]"),
            ("nobody#", None, "[]"),
        ];
        for (text, namespace, users) in rows {
            let name = ChannelName::new(text, 32).unwrap();
            assert_eq!(name.namespace(), namespace, "{text}");
            let found = name.users().map(|users| users.map(|user| format!("[{user}]")).collect());
            assert_eq!(found.unwrap_or("none".to_string()), users, "{text}");
        }
    }

    #[test]
    fn only_the_users_that_it_names_are_admitted() {
        let rows = [
            ("news", "7", None),
            ("news", "", None),
            ("dialog#7,8", "7", Some(true)),
            ("dialog#7,8", "78", Some(false)),
            ("dialog#7,8", "", Some(false)),
            ("nobody#", "", Some(false)),
        ];
        for (text, user, admitted) in rows {
            assert_eq!(ChannelName::new(text, 32).unwrap().admits(user), admitted, "{text} {user}");
        }
    }

    #[test]
    fn names_that_are_refused() {
        let rows = [
            ("", ChannelNameError::Empty),
            ("chat:", ChannelNameError::Empty),
            ("chat:\n", ChannelNameError::ControlCharacter),
            ("a\0", ChannelNameError::ControlCharacter),
            ("12345678", ChannelNameError::TooLong),
            ("äöüß", ChannelNameError::TooLong),
        ];
        for (text, error) in rows {
            assert_eq!(ChannelName::new(text, 7), Err(error), "{text}");
        }
    }
}
