//! The configuration file: which options it names, with what, and where.

use std::sync::Arc;

use longwire_realtime::Namespace;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::entry::{Entry, namespace_name_fault};
use super::given::Given;
use super::options::{
    DEFAULT_NAMESPACE, NAMESPACE, NAMESPACES, SECTIONS, Setting, Target, nearest, sections_with,
};
use super::problem::{Place, Problem};

type Value<'a> = Spanned<DeValue<'a>>;

/// What a file says.
#[derive(Default)]
pub(super) struct Contents {
    pub(super) entries: Vec<Entry>,
    /// The namespaces that it has a section for, which may be empty.
    pub(super) namespaces: Vec<String>,
    pub(super) problems: Vec<Problem>,
}

/// Reads a file of this name with this text.
pub(super) fn read(name: &Arc<str>, text: &str) -> Contents {
    let place = |byte: usize| Place::in_file(name, text, byte);
    let (root, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        // What else is wrong may be wrong for these alone.
        let problem = |error: &toml::de::Error| {
            let byte = error.span().map_or(0, |span| span.start);
            Problem::new(place(byte), format!("not TOML: {}", error.message()))
        };
        return Contents { problems: errors.iter().map(problem).collect(), ..Contents::default() };
    }
    let mut reader = Reader { place: &place, contents: Contents::default() };
    reader.root(root.get_ref());
    reader.contents
}

struct Reader<'a> {
    place: &'a dyn Fn(usize) -> Place,
    contents: Contents,
}

impl Reader<'_> {
    fn root(&mut self, root: &DeTable<'_>) {
        for (key, value) in root {
            let name = key.get_ref().as_ref();
            let at = key.span().start;
            let is_known = name == DEFAULT_NAMESPACE
                || name == NAMESPACES
                || SECTIONS.iter().any(|section| section.name == name);
            match value.get_ref() {
                DeValue::Table(table) if name == NAMESPACES => self.namespaces(table),
                DeValue::Table(table) if is_known => self.section(name, table),
                DeValue::Table(_) => self.refuse(at, unknown_section(name)),
                _ if is_known => self.refuse(at, no_section(name)),
                _ => self.refuse(at, outside_of_sections(name)),
            }
        }
    }

    fn section(&mut self, name: &str, table: &DeTable<'_>) {
        if name == DEFAULT_NAMESPACE {
            return self.namespace(None, table);
        }
        for (key, value) in table {
            let option = key.get_ref().as_ref();
            match Target::node(name, option) {
                Some(target) => self.add(target, value),
                None => {
                    let section = SECTIONS.iter().find(|section| section.name == name);
                    let known = section.into_iter().flat_map(|it| names(it.settings));
                    self.refuse(key.span().start, unknown_key(name, option, known));
                }
            }
        }
    }

    fn namespaces(&mut self, table: &DeTable<'_>) {
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            let at = key.span().start;
            match value.get_ref() {
                DeValue::Table(table) => match namespace_name_fault(name) {
                    Some(fault) => self.refuse(at, fault),
                    None => {
                        self.contents.namespaces.push(name.to_owned());
                        self.namespace(Some(name), table);
                    }
                },
                _ => self.refuse(at, no_section(&format!("{NAMESPACES}.{name}"))),
            }
        }
    }

    fn namespace(&mut self, name: Option<&str>, table: &DeTable<'_>) {
        for (key, value) in table {
            let option = key.get_ref().as_ref();
            match Target::namespace(name, option) {
                Some(target) => self.add(target, value),
                None => {
                    let section = match name {
                        Some(name) => format!("{NAMESPACES}.{name}"),
                        None => DEFAULT_NAMESPACE.to_owned(),
                    };
                    let message = unknown_key(&section, option, names::<Namespace>(NAMESPACE));
                    self.refuse(key.span().start, message);
                }
            }
        }
    }

    fn add(&mut self, target: Target, value: &Value<'_>) {
        let given = Given::from_toml(value, self.place);
        let place = (self.place)(value.span().start);
        self.contents.entries.push(Entry { target, place, given });
    }

    fn refuse(&mut self, byte: usize, message: String) {
        self.contents.problems.push(Problem::new((self.place)(byte), message));
    }
}

fn names<T>(settings: &'static [Setting<T>]) -> impl Iterator<Item = &'static str> {
    settings.iter().map(|setting| setting.name)
}

fn unknown_key<'a>(section: &str, option: &str, known: impl Iterator<Item = &'a str>) -> String {
    let hint = match (nearest(option, known), sections_with(option).as_slice()) {
        (_, [other, ..]) => format!("`{option}` belongs in [{other}]"),
        (Some(nearest), []) => format!("did you mean `{nearest}`?"),
        (None, []) => SHOW_ALL.to_owned(),
    };
    format!("unknown key `{option}` in [{section}]; {hint}")
}

const SHOW_ALL: &str = "`longwire check-config --print` shows all that there are";

fn unknown_section(name: &str) -> String {
    let known = SECTIONS.iter().map(|section| section.name).chain([DEFAULT_NAMESPACE, NAMESPACES]);
    match nearest(name, known) {
        Some(NAMESPACES) => format!("unknown section [{name}]; did you mean [{NAMESPACES}.chat]?"),
        Some(nearest) => format!("unknown section [{name}]; did you mean [{nearest}]?"),
        None => format!("unknown section [{name}]; {SHOW_ALL}"),
    }
}

/// For the name of a section that something else stands behind.
fn no_section(name: &str) -> String {
    format!("`{name}` must be a section, [{name}]")
}

/// For a key in front of all sections.
fn outside_of_sections(name: &str) -> String {
    match sections_with(name).as_slice() {
        [section, ..] => format!("`{name}` stands in no section; it belongs in [{section}]"),
        [] => format!("unknown key `{name}` in no section; {SHOW_ALL}"),
    }
}
