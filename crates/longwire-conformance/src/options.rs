//! What can be set for a run.

use std::time::Duration;

use crate::case::Case;

/// How long to wait, how much to take, and which cases to run.
#[derive(Clone, Debug)]
pub struct Options {
    /// How long to wait for anything that the peer has to do. No case takes longer than ten times
    /// this.
    pub timeout: Duration,
    /// How long to watch where nothing may come, or where it is open what comes.
    pub quiet: Duration,
    /// How long to wait for a client to connect, where clients are tested.
    pub accept_timeout: Duration,
    /// The most bytes to take from the peer in one case.
    pub max_received_bytes: usize,
    /// Agree to permessage-deflate in every case that does not need to be without it, not only in those
    /// that are about it. A peer that has it often goes another way through its code then. A peer that
    /// does not take part skips all those cases.
    pub deflate: bool,
    /// Only the cases of these sections, such as `5`, `5.2`, `7692` or `7692-7.1`. All when empty.
    pub sections: Vec<String>,
    /// Only these cases, by their names. All when empty.
    pub cases: Vec<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(2),
            quiet: Duration::from_millis(250),
            accept_timeout: Duration::from_secs(30),
            max_received_bytes: 64 << 20,
            deflate: false,
            sections: Vec::new(),
            cases: Vec::new(),
        }
    }
}

impl Options {
    /// Whether the case is to be run.
    pub fn selects(&self, case: &Case) -> bool {
        let number = case.id.split('/').next().unwrap_or_default();
        let within = |section: &String| {
            number.strip_prefix(section.as_str()).is_some_and(|rest| {
                rest.is_empty() || rest.starts_with('.') || rest.starts_with('-')
            })
        };
        (self.sections.is_empty() || self.sections.iter().any(within))
            && (self.cases.is_empty() || self.cases.contains(&case.id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::{pmd, ws};

    #[test]
    fn selects_by_section_and_by_name() {
        let cases: &[(&str, &str, bool)] = &[
            ("", "", true),
            ("5", "", true),
            ("5.2", "", true),
            ("5.20", "", false),
            ("52", "", false),
            ("7692", "", false),
            ("", "5.2/a", true),
            ("", "5.2/ab", false),
            ("5", "5.3/a", false),
        ];
        let case = Case::must(ws("5.2"), "a", "");
        let list = |text: &str| if text.is_empty() { Vec::new() } else { vec![text.to_owned()] };
        for &(section, name, selected) in cases {
            let options =
                Options { sections: list(section), cases: list(name), ..Options::default() };
            assert_eq!(options.selects(&case), selected, "{section:?} {name:?}");
        }
        let deflate = Case::must(pmd("7.1.2"), "a", "");
        for section in ["7692", "7692-7", "7692-7.1"] {
            let options = Options { sections: list(section), ..Options::default() };
            assert!(options.selects(&deflate), "{section}");
        }
    }
}
