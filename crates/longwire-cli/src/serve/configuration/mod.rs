//! The configuration of `longwire serve`: from a file, environment variables and flags to [`Settings`].
//!
//! [`options`] is the table of all that can be set. A source (`file`, `environment`, flags) turns into
//! entries: an option, a value as it was written, its place. They are put into the settings in this
//! order, so that a variable wins over the file and a flag over both; then `rules` looks for what
//! does not go together. All that is wrong is told, not the first of it alone.

mod entry;
mod environment;
mod file;
mod given;
mod key_files;
mod options;
mod page;
mod print;
mod problem;
mod rules;
mod secret;
mod settings;
mod slot;
mod summary;
#[cfg(test)]
mod tests;
mod units;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use entry::Entry;
pub(crate) use given::Given;
pub(crate) use key_files::Read;
use options::{SECTIONS, Target, namespace_path};
pub(crate) use page::tables;
pub(crate) use problem::{Place, Problem};
use rules::Rules;
pub(crate) use settings::{Log, LogFormat, Settings};

/// A configuration that is right.
#[derive(Debug)]
pub(crate) struct Configuration {
    pub(crate) settings: Settings,
    /// Whether nothing was configured, so that everybody may do everything, on this machine.
    pub(crate) is_development: bool,
    /// Where options were given their values; what is not here has its default.
    places: BTreeMap<String, Place>,
}

/// Where a configuration comes from.
pub(crate) struct Sources<'a> {
    /// The file that the command line names.
    pub(crate) config: Option<PathBuf>,
    /// The environment; a value is `None` where it is not UTF-8.
    pub(crate) variables: Vec<(String, Option<String>)>,
    /// Flags of the command line with the section and the option that they are for.
    pub(crate) flags: Vec<(&'static str, [&'static str; 2], Given)>,
    /// Reads files.
    pub(crate) read: Read<'a>,
}

/// Why there is no configuration.
#[derive(Debug)]
pub(crate) enum LoadError {
    /// The file cannot be read.
    Unreadable(PathBuf, io::Error),
    /// All that is wrong with it, the first place first.
    Wrong(Vec<Problem>),
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(path, error) => write!(f, "cannot read {}: {error}", path.display()),
            Self::Wrong(problems) => {
                for problem in problems {
                    writeln!(f, "{problem}")?;
                }
                match problems.len() {
                    1 => write!(f, "1 error"),
                    number => write!(f, "{number} errors"),
                }
            }
        }
    }
}

impl std::error::Error for LoadError {}

impl Configuration {
    /// Puts a configuration together.
    ///
    /// # Errors
    /// The file cannot be read, or something is wrong with the configuration.
    pub(crate) fn load(sources: &Sources<'_>) -> Result<Self, LoadError> {
        let path = sources.config.clone().or_else(|| sources.variable_config());
        let is_configured = |(name, _): &(String, _)| environment::is_ours(name);
        let is_development = path.is_none() && !sources.variables.iter().any(is_configured);
        let mut loader = Loader::new(is_development);
        if let Some(path) = path {
            let text = (sources.read)(&path)
                .map_err(|error| LoadError::Unreadable(path.clone(), error))?;
            loader.file(&path, &text);
        }
        let (entries, problems) = environment::read(&sources.variables);
        loader.problems.extend(problems);
        entries.into_iter().for_each(|entry| loader.apply(entry));
        for (flag, [section, option], given) in &sources.flags {
            if let Some(target) = Target::node(section, option) {
                let place = Place::Flag(flag);
                loader.apply(Entry { target, place, given: given.clone() });
            }
        }
        loader.finish(sources.read)
    }
}

impl Sources<'_> {
    /// The file that the environment names.
    fn variable_config(&self) -> Option<PathBuf> {
        let variable = self.variables.iter().find(|(name, _)| name == environment::CONFIG);
        let named = variable.and_then(|(_, value)| value.as_ref());
        named.filter(|name| !name.is_empty()).map(PathBuf::from)
    }
}

/// A configuration under way.
struct Loader {
    settings: Settings,
    is_development: bool,
    places: BTreeMap<String, Place>,
    faulty: BTreeSet<String>,
    problems: Vec<Problem>,
}

impl Loader {
    fn new(is_development: bool) -> Self {
        let settings = if is_development { Settings::development() } else { Settings::default() };
        let mut loader = Self {
            settings,
            is_development,
            places: BTreeMap::new(),
            faulty: BTreeSet::new(),
            problems: Vec::new(),
        };
        loader.mark_development();
        loader
    }

    /// Remembers which values are there for development mode's sake.
    fn mark_development(&mut self) {
        let mut default = Settings::default();
        let of_node = SECTIONS.iter().flat_map(Target::all_of_section);
        for target in of_node.chain(Target::all_of_namespace(None)) {
            if target.slot(&mut self.settings).show() != target.slot(&mut default).show() {
                self.places.insert(target.path(), Place::Development);
            }
        }
    }

    fn file(&mut self, path: &Path, text: &str) {
        let name = Arc::from(path.display().to_string());
        let contents = file::read(&name, text);
        self.problems.extend(contents.problems);
        for namespace in &contents.namespaces {
            self.settings.namespace_mut(Some(namespace));
        }
        contents.entries.into_iter().for_each(|entry| self.apply(entry));
    }

    fn apply(&mut self, entry: Entry) {
        let path = entry.target.path();
        if let Err(faults) = entry.target.slot(&mut self.settings).set(&entry.given) {
            for (place, fault) in faults {
                let place = place.unwrap_or_else(|| entry.place.clone());
                self.problems.push(Problem::new(place, format!("{path} {fault}")));
            }
            self.faulty.insert(path.clone());
        }
        self.places.insert(path, entry.place);
    }

    fn finish(mut self, read: Read<'_>) -> Result<Configuration, LoadError> {
        self.lengthen_positions();
        let rules = Rules {
            settings: &self.settings,
            places: &self.places,
            faulty: &self.faulty,
            problems: Vec::new(),
        };
        self.problems.extend(rules.check());
        self.refuse_development_for_others();
        self.problems.extend(key_files::read(&mut self.settings, &self.places, read));
        if !self.problems.is_empty() {
            self.problems.sort();
            return Err(LoadError::Wrong(self.problems));
        }
        Ok(Configuration {
            settings: self.settings,
            is_development: self.is_development,
            places: self.places,
        })
    }

    /// A position that nobody set is kept as long as the history is.
    fn lengthen_positions(&mut self) {
        let names: Vec<_> = self.settings.namespaces.keys().cloned().map(Some).collect();
        for name in names.into_iter().chain([None]) {
            if !self.places.contains_key(&namespace_path(name.as_deref(), "position_ttl")) {
                let namespace = self.settings.namespace_mut(name.as_deref());
                namespace.position_ttl = namespace.position_ttl.max(namespace.history_ttl);
            }
        }
    }

    fn refuse_development_for_others(&mut self) {
        let Some(place) = self.places.get("server.listen").filter(|_| self.is_development) else {
            return;
        };
        for address in self.settings.server.listen.iter().filter(|it| !it.ip().is_loopback()) {
            let message = format!(
                "{address} is not a loopback address, and without a configuration everybody may do \
                 everything; write one, docs/configuration.md has an example, and name it with \
                 --config"
            );
            self.problems.push(Problem::new(place.clone(), message));
        }
    }
}
