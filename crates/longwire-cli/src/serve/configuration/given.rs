//! What somebody wrote for an option, before anybody knows what the option takes.

use toml::Spanned;
use toml::de::DeValue;

use super::problem::Place;

/// A value as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Given {
    /// Text in quotes.
    Text(String),
    /// Text without quotes, of a variable or a flag: it may mean a number, too, or a list.
    Bare(String),
    /// A number; `None` where it is below 0 or above what 64 bits hold.
    Number(Option<u64>),
    /// `true` or `false`.
    Flag(bool),
    /// A list, each item with its place.
    List(Vec<(Place, Given)>),
    /// What no option takes.
    Other(&'static str),
}

impl Given {
    /// A value of a file; `place` tells the place of a byte.
    pub(crate) fn from_toml(value: &Spanned<DeValue<'_>>, place: &dyn Fn(usize) -> Place) -> Self {
        match value.get_ref() {
            DeValue::String(text) => Self::Text(text.to_string()),
            DeValue::Integer(number) => {
                Self::Number(u64::from_str_radix(number.as_str(), number.radix()).ok())
            }
            DeValue::Boolean(flag) => Self::Flag(*flag),
            DeValue::Array(items) => {
                let item = |it: &Spanned<DeValue<'_>>| {
                    (place(it.span().start), Self::from_toml(it, place))
                };
                Self::List(items.iter().map(item).collect())
            }
            DeValue::Float(_) => Self::Other("a number with a fraction"),
            DeValue::Datetime(_) => Self::Other("a date"),
            DeValue::Table(_) => Self::Other("a table"),
        }
    }

    /// How to call it in a message. It is not shown where it is secret.
    pub(crate) fn describe(&self, is_secret: bool) -> String {
        match self {
            Self::Text(_) | Self::Bare(_) if is_secret => "this text".to_owned(),
            Self::Text(text) | Self::Bare(text) => format!("{text:?}"),
            Self::Number(_) if is_secret => "a number".to_owned(),
            Self::Number(Some(number)) => number.to_string(),
            Self::Number(None) => "a number below 0 or far too large".to_owned(),
            Self::Flag(flag) => flag.to_string(),
            Self::List(_) => "a list".to_owned(),
            Self::Other(kind) => (*kind).to_owned(),
        }
    }
}
