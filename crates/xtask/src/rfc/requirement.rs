//! One line of a standard: an entry of `tests/requirements/*.toml`.
//!
//! TOML itself, the names of the keys and their types are checked here, where a line number is at
//! hand. What the values have to be is left to `check.rs`, so that one wrong value does not hide
//! the rest of its table.

use serde::Deserialize;
use toml::Spanned;

/// What a standard asks for, where it is done, and which tests say so. Every field may be empty
/// here; `tests/requirements/README.md` explains them.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Requirement {
    /// A short name, unique over all tables: `R40`, `R21a`.
    pub(crate) id: String,
    /// `RFC 6455`.
    pub(crate) standard: String,
    /// `5.1`; the first is the one that it is listed under.
    pub(crate) sections: Vec<String>,
    /// MUST, SHOULD or MAY.
    pub(crate) level: String,
    /// server, client or both.
    pub(crate) role: String,
    /// The rule in our own words.
    pub(crate) rule: String,
    /// Files that keep the rule, from the root of the repository.
    pub(crate) code: Vec<String>,
    /// Names of test functions.
    pub(crate) tests: Vec<String>,
    /// Why the rule, or a part of it, is not followed.
    pub(crate) declined: Option<String>,
    /// What is done in place of a MUST, on purpose, and why that is no less safe.
    pub(crate) deviates: Option<String>,
    /// What has to be there before the rule, or a part of it, can be kept.
    pub(crate) waiting: Option<String>,
}

impl Requirement {
    /// How the names of its tests may begin: `rfc6455_s5_1_`.
    pub(crate) fn test_prefixes(&self) -> Vec<String> {
        let standard = self.standard.to_lowercase().replace(' ', "");
        let prefix = |section: &String| format!("{standard}_s{}_", section.replace('.', "_"));
        self.sections.iter().map(prefix).collect()
    }

    /// How its code may cite it: `RFC 6455 §5.1`.
    pub(crate) fn citations(&self) -> Vec<String> {
        let citation = |section: &String| format!("{} §{section}", self.standard);
        self.sections.iter().map(citation).collect()
    }
}

/// A requirement and where it stands.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    /// `tests/requirements/framing.toml:12`.
    pub(crate) place: String,
    pub(crate) requirement: Requirement,
}

/// Reads one table. `path` is for the places of its entries, and of its errors, of which each is
/// one line; an entry that cannot be read takes no other with it.
pub(crate) fn parse(path: &str, text: &str) -> (Vec<Entry>, Vec<String>) {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Table {
        #[serde(default)]
        requirement: Vec<Spanned<toml::Value>>,
    }

    let place = |at: usize| {
        let before = text.get(..at).unwrap_or(text);
        format!("{path}:{}", before.matches('\n').count() + 1)
    };
    let table: Table = match toml::from_str(text) {
        Ok(table) => table,
        Err(error) => {
            let at = error.span().map_or(0, |span| span.start);
            return (Vec::new(), vec![format!("{}: {}", place(at), one_line(error.message()))]);
        }
    };
    let (mut entries, mut errors) = (Vec::new(), Vec::new());
    for value in table.requirement {
        let place = place(value.span().start);
        match value.into_inner().try_into() {
            Ok(requirement) => entries.push(Entry { place, requirement }),
            Err(error) => errors.push(format!("{place}: {}", one_line(error.message()))),
        }
    }
    (entries, errors)
}

fn one_line(message: &str) -> String {
    message.lines().collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What comes of one table: the ids with their lines, and the errors.
    fn read(text: &str) -> (Vec<String>, Vec<String>) {
        let (entries, errors) = parse("t.toml", text);
        let shown = |entry: Entry| format!("{} {}", entry.place, entry.requirement.id);
        (entries.into_iter().map(shown).collect(), errors)
    }

    #[test]
    fn entries_are_read_with_their_lines_and_an_error_is_one_line() {
        let two = "# framing\n\n[[requirement]]\nid = \"R1\"\n\n[[requirement]]\nid = \"R2\"\n";
        let typo = "[[requirement]]\nid = \"R1\"\ntest = [\"a\"]\n[[requirement]]\nid = \"R2\"\n";
        let keys = "`id`, `standard`, `sections`, `level`, `role`, `rule`, `code`, `tests`, \
                    `declined`, `deviates`, `waiting`";
        let table: [(&str, &[&str], &[&str]); 6] = [
            ("", &[], &[]),
            (two, &["t.toml:3 R1", "t.toml:6 R2"], &[]),
            (
                typo,
                &["t.toml:4 R2"],
                &[&format!("t.toml:1: unknown field `test`, expected one of {keys}")],
            ),
            (
                "[[requirement]]\nsections = \"5.1\"\n",
                &[],
                &["t.toml:1: invalid type: string \"5.1\", expected a sequence"],
            ),
            (
                "[[requirements]]\n",
                &[],
                &["t.toml:1: unknown field `requirements`, expected `requirement`"],
            ),
            ("[[requirement]]\nid = \"R1\"\nid = \"R2\"\n", &[], &["t.toml:3: duplicate key"]),
        ];
        for (text, entries, errors) in table {
            let (got_entries, got_errors) = read(text);
            assert_eq!(got_entries, entries, "{text}");
            assert_eq!(got_errors, errors, "{text}");
        }
    }

    #[test]
    fn names_and_citations_follow_from_the_standard_and_its_sections() {
        let requirement = Requirement {
            standard: "RFC 6455".to_owned(),
            sections: vec!["4.2.1".to_owned(), "5".to_owned()],
            ..Requirement::default()
        };
        assert_eq!(requirement.test_prefixes(), ["rfc6455_s4_2_1_", "rfc6455_s5_"]);
        assert_eq!(requirement.citations(), ["RFC 6455 §4.2.1", "RFC 6455 §5"]);
    }
}
