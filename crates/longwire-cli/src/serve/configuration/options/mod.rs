//! The table of all options: one row for each, from which files and variables are read, the settings
//! printed, and the page about them written. A default is what the settings have before anything is
//! set, so it stands nowhere twice.

mod namespace;
mod node;

pub(super) use namespace::NAMESPACE;
pub(super) use node::{MIN_API_KEY_CHARS, MIN_HMAC_SECRET_CHARS, SECTIONS};

use super::settings::Settings;
use super::slot::Slot;
use longwire_realtime::Namespace;

/// An option: a name, the place in `T` that it fills, and what it does.
pub(super) struct Setting<T: 'static> {
    /// Its key in the file.
    pub(super) name: &'static str,
    /// The place that it fills, which knows what may stand there.
    pub(super) slot: fn(&mut T) -> Slot<'_>,
    /// What it does, in sentences.
    pub(super) about: &'static str,
    /// The default in words, where it is not the same everywhere.
    pub(super) default: Option<&'static str>,
}

impl<T> Setting<T> {
    const fn new(name: &'static str, slot: fn(&mut T) -> Slot<'_>, about: &'static str) -> Self {
        Self { name, slot, about, default: None }
    }

    /// With a default in words.
    const fn by_default(self, default: &'static str) -> Self {
        Self { default: Some(default), ..self }
    }
}

/// A section of the file, `[name]`, with options of the whole node.
pub(super) struct Section {
    pub(super) name: &'static str,
    pub(super) about: &'static str,
    pub(super) settings: &'static [Setting<Settings>],
}

/// The section of channels without a namespace.
pub(super) const DEFAULT_NAMESPACE: &str = "default_namespace";
/// The section that has a section for each namespace.
pub(super) const NAMESPACES: &str = "namespaces";

/// What begins the name of an environment variable.
pub(super) const PREFIX: &str = "LONGWIRE_";

/// An option that somebody named.
#[derive(Clone)]
pub(super) enum Target {
    /// One of the node.
    Node(&'static Section, &'static Setting<Settings>),
    /// One of a namespace; without a name that of channels without one.
    Namespace(Option<String>, &'static Setting<Namespace>),
}

impl Target {
    /// The option of a section of the node.
    pub(super) fn node(section: &str, option: &str) -> Option<Self> {
        let section = SECTIONS.iter().find(|it| it.name == section)?;
        let setting = section.settings.iter().find(|it| it.name == option)?;
        Some(Self::Node(section, setting))
    }

    /// The option of a namespace.
    pub(super) fn namespace(name: Option<&str>, option: &str) -> Option<Self> {
        let setting = NAMESPACE.iter().find(|it| it.name == option)?;
        Some(Self::Namespace(name.map(str::to_owned), setting))
    }

    /// All options of a section of the node.
    pub(super) fn all_of_section(section: &'static Section) -> impl Iterator<Item = Self> {
        section.settings.iter().map(move |setting| Self::Node(section, setting))
    }

    /// All options of a namespace.
    pub(super) fn all_of_namespace(name: Option<&str>) -> impl Iterator<Item = Self> {
        let name = name.map(str::to_owned);
        NAMESPACE.iter().map(move |setting| Self::Namespace(name.clone(), setting))
    }

    /// Its name with that of its section, as in the file: `times.ping_interval`.
    pub(super) fn path(&self) -> String {
        match self {
            Self::Node(section, setting) => format!("{}.{}", section.name, setting.name),
            Self::Namespace(name, setting) => namespace_path(name.as_deref(), setting.name),
        }
    }

    /// The place that it fills.
    pub(super) fn slot<'a>(&self, settings: &'a mut Settings) -> Slot<'a> {
        match self {
            Self::Node(_, setting) => (setting.slot)(settings),
            Self::Namespace(name, setting) => {
                (setting.slot)(settings.namespace_mut(name.as_deref()))
            }
        }
    }
}

/// The name of an option of a namespace, with that of its section.
pub(super) fn namespace_path(name: Option<&str>, option: &str) -> String {
    match name {
        None => format!("{DEFAULT_NAMESPACE}.{option}"),
        Some(name) => format!("{NAMESPACES}.{name}.{option}"),
    }
}

/// The sections that have an option of this name, for those who look for it in another one.
pub(super) fn sections_with(option: &str) -> Vec<&'static str> {
    let of_node = SECTIONS.iter().filter(|it| it.settings.iter().any(|one| one.name == option));
    let mut sections: Vec<_> = of_node.map(|it| it.name).collect();
    if NAMESPACE.iter().any(|it| it.name == option) {
        sections.push(DEFAULT_NAMESPACE);
    }
    sections
}

/// The variable of an option of a section.
pub(super) fn variable(section: &str, option: &str) -> String {
    format!("{PREFIX}{}_{}", section.to_ascii_uppercase(), option.to_ascii_uppercase())
}

/// The variable of an option of a namespace.
pub(super) fn namespace_variable(name: &str, option: &str) -> String {
    let section = NAMESPACES.to_ascii_uppercase();
    format!("{PREFIX}{section}_{name}__{}", option.to_ascii_uppercase())
}

/// The known name that is most like an unknown one, if one is like it.
pub(super) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let distance = |it: &'a str| (strsim::damerau_levenshtein(name, it), it);
    let (distance, nearest) = known.into_iter().map(distance).min()?;
    // A third of the letters may be wrong.
    (distance <= nearest.len().div_ceil(3)).then_some(nearest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn no_name_and_no_variable_stands_for_two_options() {
        let mut variables = BTreeSet::new();
        for section in SECTIONS {
            for setting in section.settings {
                assert!(variables.insert(variable(section.name, setting.name)), "{}", setting.name);
            }
        }
        for setting in NAMESPACE {
            assert!(variables.insert(variable(DEFAULT_NAMESPACE, setting.name)));
        }
        assert!(variables.contains("LONGWIRE_SERVER_LISTEN"));
        assert!(variables.contains("LONGWIRE_DEFAULT_NAMESPACE_HISTORY_SIZE"));
    }

    #[test]
    fn an_unknown_name_has_a_nearest_one_or_none() {
        let table = [
            ("lisen", Some("listen")),
            ("thread", Some("threads")),
            ("max_conections", Some("max_connections")),
            ("theards", Some("threads")),
            ("colour", None),
            ("", None),
        ];
        for (name, expected) in table {
            let known = ["listen", "threads", "max_connections"];
            assert_eq!(nearest(name, known), expected, "{name:?}");
        }
    }
}
