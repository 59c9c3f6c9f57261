//! The place in the settings that an option fills: what it takes, and how it is written.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use longwire_gateway::Origins;
use longwire_realtime::{Access, SlowConsumer};
use tracing_subscriber::filter::LevelFilter;

use super::given::Given;
use super::problem::Place;
use super::secret::Secret;
use super::settings::LogFormat;
use super::units::{
    BYTES_FORM, DURATION_FORM, millis, parse_bytes, parse_millis, show_bytes, show_millis,
};

/// What an address looks like; names of hosts are none.
const ADDRESS_FORM: &str = "an IP address and a port, such as \"127.0.0.1:8000\"";
/// The greatest length of text that is no secret and no path, in characters.
const MAX_TEXT_CHARS: usize = 255;

/// A place in the settings. Numbers have the least and the greatest that they may be: sizes in bytes,
/// times in milliseconds.
pub(super) enum Slot<'a> {
    Flag(&'a mut bool),
    Count(&'a mut usize, u64, u64),
    Bytes(&'a mut usize, u64, u64),
    Bytes32(&'a mut u32, u64, u64),
    Bytes64(&'a mut u64, u64, u64),
    Duration(&'a mut Duration, u64, u64),
    Access(&'a mut Access),
    SlowConsumer(&'a mut SlowConsumer),
    Level(&'a mut LevelFilter),
    Format(&'a mut LogFormat),
    Addresses(&'a mut Vec<SocketAddr>),
    Name(&'a mut Arc<str>),
    Text(&'a mut Option<String>),
    Path(&'a mut Option<PathBuf>),
    /// The least number of characters.
    Secret(&'a mut Option<Secret>, usize),
    /// Several of them.
    Secrets(&'a mut Vec<Secret>, usize),
    Origins(&'a mut Origins),
}

/// Words of which one is chosen.
type Choices<T> = &'static [(&'static str, T)];

const ACCESS: Choices<Access> =
    &[("nobody", Access::Nobody), ("users", Access::Users), ("anyone", Access::Anyone)];
const SLOW_CONSUMER: Choices<SlowConsumer> = &[
    ("disconnect", SlowConsumer::Disconnect),
    ("drop_oldest", SlowConsumer::DropOldest),
    ("drop_new", SlowConsumer::DropNew),
    ("latest", SlowConsumer::Latest),
    ("gap", SlowConsumer::Gap),
];
const LEVEL: Choices<LevelFilter> = &[
    ("off", LevelFilter::OFF),
    ("error", LevelFilter::ERROR),
    ("warn", LevelFilter::WARN),
    ("info", LevelFilter::INFO),
    ("debug", LevelFilter::DEBUG),
    ("trace", LevelFilter::TRACE),
];
const FORMAT: Choices<LogFormat> = &[("text", LogFormat::Text), ("json", LogFormat::Json)];

/// What is wrong with a value: the place of an item of a list, if it is one, and what it must be.
type Fault = (Option<Place>, String);

impl Slot<'_> {
    /// Puts what was given there, or tells all that is wrong with it as the end of a sentence that
    /// begins with the name of the option.
    pub(super) fn set(&mut self, given: &Given) -> Result<(), Vec<Fault>> {
        let secret = self.is_secret();
        let list = |form: &str| format!("must be a list of {form}, not {}", given.describe(secret));
        match self {
            Self::Addresses(addresses) => {
                addresses.clear();
                let form = "addresses, such as [\"127.0.0.1:8000\"]";
                items(given, secret, &list(form), |text| {
                    addresses.push(text.parse().map_err(|_| ADDRESS_FORM.to_owned())?);
                    Ok(())
                })
            }
            Self::Origins(origins) => {
                origins.clear();
                let form = "origins, such as [\"https://example.com\"]";
                items(given, secret, &list(form), |text| origins.add(text))
            }
            Self::Secrets(secrets, least) => {
                secrets.clear();
                items(given, secret, &list("texts"), |text| {
                    secrets.push(long_enough(text, *least)?);
                    Ok(())
                })
            }
            one => one.set_one(given).map_err(|message| vec![(None, message)]),
        }
    }

    /// All that is not a list.
    fn set_one(&mut self, given: &Given) -> Result<(), String> {
        match self {
            Self::Flag(slot) => **slot = flag(given)?,
            Self::Count(slot, least, most) => **slot = narrow(count(given, *least, *most)?)?,
            Self::Bytes(slot, least, most) => **slot = narrow(bytes(given, *least, *most)?)?,
            Self::Bytes32(slot, least, most) => **slot = narrow(bytes(given, *least, *most)?)?,
            Self::Bytes64(slot, least, most) => **slot = bytes(given, *least, *most)?,
            Self::Duration(slot, least, most) => {
                **slot = Duration::from_millis(time(given, *least, *most)?);
            }
            Self::Access(slot) => **slot = choose(given, ACCESS)?,
            Self::SlowConsumer(slot) => **slot = choose(given, SLOW_CONSUMER)?,
            Self::Level(slot) => **slot = choose(given, LEVEL)?,
            Self::Format(slot) => **slot = choose(given, FORMAT)?,
            Self::Name(slot) => **slot = text(given)?.into(),
            Self::Text(slot) => **slot = Some(text(given)?.to_owned()),
            Self::Path(slot) => **slot = Some(text(given)?.into()),
            Self::Secret(slot, least) => {
                let (Given::Text(text) | Given::Bare(text)) = given else {
                    return Err(format!("must be text, not {}", given.describe(true)));
                };
                let secret = long_enough(text, *least).map_err(|form| format!("must be {form}"))?;
                **slot = Some(secret);
            }
            Self::Addresses(_) | Self::Origins(_) | Self::Secrets(..) => {}
        }
        Ok(())
    }

    /// Whether what it holds must not be shown.
    fn is_secret(&self) -> bool {
        matches!(self, Self::Secret(..) | Self::Secrets(..))
    }

    /// What it holds, as TOML; `None` where nothing is set.
    pub(super) fn show(&self) -> Option<String> {
        let quoted = |text: &str| Some(quote(text));
        match self {
            Self::Flag(value) => Some(value.to_string()),
            Self::Count(value, ..) => Some(value.to_string()),
            Self::Bytes(value, ..) => quoted(&show_bytes(**value as u64)),
            Self::Bytes32(value, ..) => quoted(&show_bytes(u64::from(**value))),
            Self::Bytes64(value, ..) => quoted(&show_bytes(**value)),
            Self::Duration(value, ..) => quoted(&show_millis(millis(**value))),
            Self::Access(value) => chosen(**value, ACCESS),
            Self::SlowConsumer(value) => chosen(**value, SLOW_CONSUMER),
            Self::Level(value) => chosen(**value, LEVEL),
            Self::Format(value) => chosen(**value, FORMAT),
            Self::Name(value) => quoted(value),
            Self::Text(value) => value.as_deref().map(quote),
            Self::Path(value) => value.as_deref().map(|path| quote(&path.to_string_lossy())),
            Self::Secret(value, _) => value.as_ref().map(|_| quote(Secret::MASK)),
            Self::Addresses(values) => Some(list(values.iter().map(ToString::to_string))),
            Self::Origins(values) => Some(list(values.texts().map(str::to_owned))),
            Self::Secrets(values, _) => Some(list(values.iter().map(|_| Secret::MASK.to_owned()))),
        }
    }

    /// What may be written there, for a page.
    pub(super) fn form(&self) -> String {
        match self {
            Self::Flag(_) => "true, false".to_owned(),
            Self::Count(_, least, most) => range(*least, *most, |it| it.to_string()),
            Self::Bytes(_, least, most)
            | Self::Bytes32(_, least, most)
            | Self::Bytes64(_, least, most) => range(*least, *most, show_bytes),
            Self::Duration(_, least, most) => range(*least, *most, show_millis),
            Self::Access(_) => words(ACCESS),
            Self::SlowConsumer(_) => words(SLOW_CONSUMER),
            Self::Level(_) => words(LEVEL),
            Self::Format(_) => words(FORMAT),
            Self::Name(_) | Self::Text(_) => format!("text, 1 to {MAX_TEXT_CHARS} characters"),
            Self::Path(_) => "path of a file".to_owned(),
            Self::Secret(_, least) => format!("secret, {least} characters at least"),
            Self::Addresses(_) => "list of addresses".to_owned(),
            Self::Origins(_) => "list of origins".to_owned(),
            Self::Secrets(_, least) => format!("list of secrets, {least} characters each at least"),
        }
    }
}

/// Each item of a list, which a variable has between commas.
fn items(
    given: &Given,
    is_secret: bool,
    no_list: &str,
    mut add: impl FnMut(&str) -> Result<(), String>,
) -> Result<(), Vec<Fault>> {
    let split: Vec<(Option<Place>, Given)> = match given {
        Given::List(items) => items.iter().cloned().map(|(at, it)| (Some(at), it)).collect(),
        Given::Bare(text) if text.trim().is_empty() => Vec::new(),
        Given::Bare(text) => {
            text.split(',').map(|it| (None, Given::Bare(it.trim().to_owned()))).collect()
        }
        _ => return Err(vec![(None, no_list.to_owned())]),
    };
    let mut faults = Vec::new();
    for (place, item) in split {
        let outcome = match &item {
            Given::Text(text) | Given::Bare(text) => add(text),
            _ => Err("text".to_owned()),
        };
        if let Err(form) = outcome {
            let shown = item.describe(is_secret);
            faults.push((place, format!("has an item that must be {form}, not {shown}")));
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(faults) }
}

fn long_enough(text: &str, least: usize) -> Result<Secret, String> {
    let secret = Secret::new(text);
    if secret.chars() < least {
        return Err(format!("at least {least} characters long"));
    }
    Ok(secret)
}

fn flag(given: &Given) -> Result<bool, String> {
    match given {
        Given::Flag(flag) => Ok(*flag),
        Given::Bare(text) if text == "true" => Ok(true),
        Given::Bare(text) if text == "false" => Ok(false),
        Given::Text(text) if text == "true" || text == "false" => {
            Err(format!("must be {text} without quotes"))
        }
        other => Err(format!("must be true or false, not {}", other.describe(false))),
    }
}

fn count(given: &Given, least: u64, most: u64) -> Result<u64, String> {
    let number = match given {
        Given::Number(Some(number)) => Some(*number),
        Given::Bare(text) => text.parse().ok(),
        Given::Text(text) if text.parse::<u64>().is_ok() => {
            return Err(format!("must be {text} without quotes"));
        }
        _ => None,
    };
    let in_range = number.filter(|it| (least..=most).contains(it));
    in_range.ok_or_else(|| {
        format!("must be a whole number from {least} to {most}, not {}", given.describe(false))
    })
}

fn bytes(given: &Given, least: u64, most: u64) -> Result<u64, String> {
    measure(given, least, most, BYTES_FORM, parse_bytes, show_bytes, show_bytes)
}

fn time(given: &Given, least: u64, most: u64) -> Result<u64, String> {
    // A bare number of other programs is seconds.
    let seconds = |number: u64| format!("{number}s");
    measure(given, least, most, DURATION_FORM, parse_millis, show_millis, seconds)
}

/// A number with a unit; `guess` is what somebody means who writes none.
fn measure(
    given: &Given,
    least: u64,
    most: u64,
    form: &str,
    parse: fn(&str) -> Option<u64>,
    show: fn(u64) -> String,
    guess: impl Fn(u64) -> String,
) -> Result<u64, String> {
    let unitless = match given {
        Given::Number(number) => *number,
        Given::Text(text) | Given::Bare(text) => text.parse().ok(),
        _ => None,
    };
    if let Some(number) = unitless {
        let shown = given.describe(false);
        return Err(format!("must have a unit: \"{}\", not {shown}", guess(number)));
    }
    let (Given::Text(text) | Given::Bare(text)) = given else {
        return Err(format!("must be {form}, not {}", given.describe(false)));
    };
    let value = parse(text).ok_or_else(|| format!("must be {form}, not {text:?}"))?;
    if (least..=most).contains(&value) {
        return Ok(value);
    }
    Err(format!("must be from {} to {}, not {text:?}", show(least), show(most)))
}

fn text(given: &Given) -> Result<&str, String> {
    match given {
        Given::Text(text) | Given::Bare(text)
            if (1..=MAX_TEXT_CHARS).contains(&text.chars().count())
                && !text.contains(char::is_control) =>
        {
            Ok(text)
        }
        other => Err(format!(
            "must be text of 1 to {MAX_TEXT_CHARS} printable characters, not {}",
            other.describe(false)
        )),
    }
}

fn choose<T: Copy>(given: &Given, choices: Choices<T>) -> Result<T, String> {
    let chosen = match given {
        Given::Text(text) | Given::Bare(text) => choices.iter().find(|(word, _)| word == text),
        _ => None,
    };
    chosen.map(|(_, value)| *value).ok_or_else(|| {
        let words: Vec<_> = choices.iter().map(|(word, _)| format!("\"{word}\"")).collect();
        let (last, others) = words.split_last().map_or(("", [].as_slice()), |(a, b)| (a, b));
        format!("must be {} or {last}, not {}", others.join(", "), given.describe(false))
    })
}

fn chosen<T: Copy + PartialEq>(value: T, choices: Choices<T>) -> Option<String> {
    choices.iter().find(|(_, it)| *it == value).map(|(word, _)| quote(word))
}

fn words<T>(choices: Choices<T>) -> String {
    choices.iter().map(|(word, _)| format!("\"{word}\"")).collect::<Vec<_>>().join(", ")
}

fn range(least: u64, most: u64, show: impl Fn(u64) -> String) -> String {
    format!("{} to {}", show(least), show(most))
}

fn list(items: impl Iterator<Item = String>) -> String {
    format!("[{}]", items.map(|it| quote(&it)).collect::<Vec<_>>().join(", "))
}

/// A string of TOML.
fn quote(text: &str) -> String {
    // JSON escapes as TOML does, but for DEL, which `text` does not let in.
    serde_json::Value::from(text).to_string()
}

/// Where a machine has 32 bits, not all that is in range has room.
fn narrow<T: TryFrom<u64>>(number: u64) -> Result<T, String> {
    T::try_from(number).map_err(|_| "must be below 4 GiB on this machine".to_owned())
}
