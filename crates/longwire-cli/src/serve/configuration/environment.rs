//! Environment variables: `LONGWIRE_<SECTION>_<OPTION>`, and for a namespace
//! `LONGWIRE_NAMESPACES_<name>__<OPTION>`, its name as it is in channels.

use super::entry::{Entry, namespace_name_fault};
use super::given::Given;
use super::options::{
    DEFAULT_NAMESPACE, NAMESPACE, NAMESPACES, PREFIX, SECTIONS, Target, namespace_variable,
    nearest, sections_with, variable,
};
use super::problem::{Place, Problem};

/// The variable that names the configuration file.
pub(crate) const CONFIG: &str = "LONGWIRE_CONFIG";

/// Whether a variable is for us to understand.
///
/// Kubernetes gives every container variables about the services of its namespace, and a service named
/// `longwire` is likely: those are none of ours.
pub(super) fn is_ours(name: &str) -> bool {
    name.strip_prefix(PREFIX).is_some_and(|rest| {
        let is_about_a_service = rest == "PORT"
            || rest == "SERVICE_HOST"
            || rest == "SERVICE_PORT"
            || rest.starts_with("SERVICE_PORT_")
            || rest.starts_with("PORT_");
        !is_about_a_service
    })
}

/// What these variables say; a value is `None` where it is not UTF-8.
pub(super) fn read(variables: &[(String, Option<String>)]) -> (Vec<Entry>, Vec<Problem>) {
    let mut entries = Vec::new();
    let mut problems = Vec::new();
    for (name, value) in variables.iter().filter(|(name, _)| is_ours(name)) {
        let place = Place::Variable(name.clone());
        match (target(name), value) {
            (_, Some(value)) if name == CONFIG => {
                if value.is_empty() {
                    problems.push(Problem::new(place, "must name a file"));
                }
            }
            (Ok(target), Some(value)) => {
                entries.push(Entry { target, place, given: Given::Bare(value.clone()) });
            }
            (_, None) => problems.push(Problem::new(place, "must be UTF-8")),
            (Err(message), _) => problems.push(Problem::new(place, message)),
        }
    }
    (entries, problems)
}

/// The option that a variable is for.
fn target(name: &str) -> Result<Target, String> {
    let rest = name.strip_prefix(PREFIX).unwrap_or(name);
    if let Some((section, rest)) = split_section(rest) {
        let found = match (section, rest.split_once("__")) {
            (NAMESPACES, Some((namespace, option))) => {
                if let Some(fault) = namespace_name_fault(namespace) {
                    return Err(fault);
                }
                let found =
                    option_name(option).and_then(|it| Target::namespace(Some(namespace), &it));
                return found.ok_or_else(|| unknown(nearest_of_namespace(namespace, option)));
            }
            (NAMESPACES, None) => {
                return Err(format!(
                    "must name a namespace and, behind two underscores, an option, such as {}",
                    namespace_variable("chat", "history_size")
                ));
            }
            (DEFAULT_NAMESPACE, _) => option_name(rest).and_then(|it| Target::namespace(None, &it)),
            _ => option_name(rest).and_then(|it| Target::node(section, &it)),
        };
        if let Some(target) = found {
            return Ok(target);
        }
    }
    Err(unknown(nearest_variable(name)))
}

fn unknown(nearest: Option<String>) -> String {
    match nearest {
        Some(nearest) => format!("unknown variable; did you mean {nearest}?"),
        None => "unknown variable; docs/configuration.md has all that there are".to_owned(),
    }
}

/// The section that a variable's name begins with, and what stands behind it.
fn split_section(rest: &str) -> Option<(&'static str, &str)> {
    let sections = SECTIONS.iter().map(|section| section.name);
    sections.chain([DEFAULT_NAMESPACE, NAMESPACES]).find_map(|section| {
        let behind = rest.strip_prefix(section.to_ascii_uppercase().as_str())?.strip_prefix('_')?;
        Some((section, behind))
    })
}

/// An option as it is called in a file; variables have it in capital letters.
fn option_name(option: &str) -> Option<String> {
    let is_lower = option.contains(|it: char| it.is_ascii_lowercase());
    (!is_lower).then(|| option.to_ascii_lowercase())
}

/// The variable that somebody may have meant.
fn nearest_variable(name: &str) -> Option<String> {
    let name = name.strip_prefix(PREFIX)?.to_ascii_lowercase();
    if let [section, ..] = sections_with(&name).as_slice() {
        return Some(variable(section, &name));
    }
    let mut known = vec![CONFIG.to_owned()];
    for section in SECTIONS {
        known.extend(section.settings.iter().map(|it| variable(section.name, it.name)));
    }
    known.extend(NAMESPACE.iter().map(|it| variable(DEFAULT_NAMESPACE, it.name)));
    let unprefixed = |it: &String| it.trim_start_matches(PREFIX).to_ascii_lowercase();
    let shortened: Vec<String> = known.iter().map(unprefixed).collect();
    let nearest = nearest(&name, shortened.iter().map(String::as_str))?;
    known.into_iter().find(|it| unprefixed(it) == nearest)
}

/// The variable that somebody may have meant who named an option of a namespace.
fn nearest_of_namespace(namespace: &str, option: &str) -> Option<String> {
    let option = option.to_ascii_lowercase();
    let nearest = nearest(&option, NAMESPACE.iter().map(|it| it.name))?;
    Some(namespace_variable(namespace, nearest))
}
