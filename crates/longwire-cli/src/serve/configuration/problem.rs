//! What is wrong with a configuration, and where it stands.

use std::fmt;
use std::sync::Arc;

/// Where a value was given. Their order is that in which problems are told.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Place {
    /// In the file, at this line and column, both counted from 1, columns in characters.
    File {
        /// Its name, as it was given.
        name: Arc<str>,
        line: usize,
        column: usize,
    },
    /// In this environment variable.
    Variable(String),
    /// On the command line, as this flag.
    Flag(&'static str),
    /// By development mode.
    Development,
}

impl Place {
    /// The place of a byte of a file.
    pub(crate) fn in_file(name: &Arc<str>, text: &str, byte: usize) -> Self {
        let before = text.get(..byte).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Self::File {
            name: Arc::clone(name),
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }

    /// Where it is, for the reader of a whole configuration: a line has one value.
    pub(crate) fn line(&self) -> String {
        match self {
            Self::File { name, line, .. } => format!("from {name}:{line}"),
            Self::Development => "in development mode".to_owned(),
            other => format!("from {other}"),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { name, line, column } => write!(f, "{name}:{line}:{column}"),
            Self::Variable(name) => f.write_str(name),
            Self::Flag(name) => f.write_str(name),
            Self::Development => f.write_str("development mode"),
        }
    }
}

/// One thing that is wrong, what would be right, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Problem {
    pub(crate) place: Place,
    pub(crate) message: String,
}

impl Problem {
    pub(crate) fn new(place: Place, message: impl Into<String>) -> Self {
        Self { place, message: message.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_count_from_one_in_characters() {
        let name = Arc::from("a.toml");
        let text = "é = 1\n\n  b = 2";
        let table = [(0, "a.toml:1:1"), (3, "a.toml:1:3"), (7, "a.toml:2:1"), (10, "a.toml:3:3")];
        for (byte, expected) in table {
            assert_eq!(Place::in_file(&name, text, byte).to_string(), expected, "{byte}");
        }
    }
}
