//! The effective configuration as a file would have it, with a comment on each line that says where
//! the value is from. Secrets are masked.

use std::fmt::Write as _;

use super::Configuration;
use super::options::{DEFAULT_NAMESPACE, NAMESPACES, SECTIONS, Target};

/// Where comments begin, if there is room.
const COMMENT_COLUMN: usize = 44;

impl Configuration {
    /// All of it, as TOML.
    pub(crate) fn to_toml(&self) -> String {
        let mut text = String::new();
        for section in SECTIONS {
            self.section(&mut text, section.name, Target::all_of_section(section));
        }
        self.section(&mut text, DEFAULT_NAMESPACE, Target::all_of_namespace(None));
        for name in self.settings.namespaces.keys() {
            // A dot in its name would begin another section.
            let quoted = if name.contains('.') { format!("\"{name}\"") } else { name.clone() };
            let heading = format!("{NAMESPACES}.{quoted}");
            self.section(&mut text, &heading, Target::all_of_namespace(Some(name)));
        }
        text
    }

    fn section(&self, text: &mut String, name: &str, targets: impl Iterator<Item = Target>) {
        // Slots are for reading and for writing, so they want something that they could write to.
        let mut settings = self.settings.clone();
        if !text.is_empty() {
            text.push('\n');
        }
        // Writing to a String cannot fail.
        let _ = writeln!(text, "[{name}]");
        for target in targets {
            let path = target.path();
            let option = path.rsplit('.').next().unwrap_or(&path);
            let from = match self.places.get(&path) {
                Some(place) => place.line(),
                None => "default".to_owned(),
            };
            let _ = match target.slot(&mut settings).show() {
                Some(value) => {
                    let line = format!("{option} = {value}");
                    writeln!(text, "{line:COMMENT_COLUMN$} # {from}")
                }
                None => writeln!(text, "# {option} is not set"),
            };
        }
    }
}
