//! What is reported, put in order once for both forms in which it is written.

use std::collections::BTreeSet;

use super::requirement::{Entry, Requirement};
use super::tree::Tree;

/// The requirements by section, and what is to be said of all of them.
#[derive(Debug, Default)]
pub(crate) struct Report {
    pub(crate) sections: Vec<Section>,
    pub(crate) deviates: Vec<Reason>,
    pub(crate) declined: Vec<Reason>,
    pub(crate) waiting: Vec<Reason>,
    /// One line each: how many there are of what.
    pub(crate) counts: Vec<String>,
    /// One line each.
    pub(crate) gaps: Vec<String>,
}

/// The requirements of one section of one standard.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Section {
    /// `RFC 6455 §5.1`.
    pub(crate) title: String,
    pub(crate) rows: Vec<Row>,
}

/// One requirement.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) level: String,
    pub(crate) id: String,
    pub(crate) role: String,
    pub(crate) rule: String,
    /// Its files, each with the lines that cite it: `a.rs:12,40`.
    pub(crate) code: Vec<String>,
    pub(crate) tests: Vec<String>,
}

/// Why a requirement, or a part of it, is not kept, or what is done in its place.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Reason {
    pub(crate) level: String,
    pub(crate) id: String,
    pub(crate) rule: String,
    pub(crate) reason: String,
}

impl Report {
    /// Everything about `entries` but their gaps.
    pub(crate) fn new(entries: &[Entry], tree: &Tree) -> Self {
        let mut requirements: Vec<_> = entries.iter().map(|entry| &entry.requirement).collect();
        requirements.sort_by_cached_key(|requirement| {
            let section = requirement.sections.first().map(String::as_str).unwrap_or_default();
            (requirement.standard.clone(), numbers(section), numbers(&requirement.id))
        });
        let mut report = Self { counts: counts(&requirements), ..Self::default() };
        for requirement in requirements {
            report.add(requirement, tree);
        }
        report
    }

    fn add(&mut self, requirement: &Requirement, tree: &Tree) {
        let citations = requirement.citations();
        let title = citations.first().unwrap_or(&requirement.standard).clone();
        let cited = |path: &String| {
            let lines = tree.lines_that_cite(path, &citations).unwrap_or_default();
            let lines: Vec<_> = lines.iter().map(usize::to_string).collect();
            format!("{path}:{}", lines.join(","))
        };
        let row = Row {
            level: requirement.level.clone(),
            id: requirement.id.clone(),
            role: requirement.role.clone(),
            rule: requirement.rule.clone(),
            code: requirement.code.iter().map(cited).collect(),
            tests: requirement.tests.clone(),
        };
        match self.sections.last_mut() {
            Some(section) if section.title == title => section.rows.push(row),
            _ => self.sections.push(Section { title, rows: vec![row] }),
        }
        let reason = |reason: &String| Reason {
            level: requirement.level.clone(),
            id: requirement.id.clone(),
            rule: requirement.rule.clone(),
            reason: reason.clone(),
        };
        self.deviates.extend(requirement.deviates.as_ref().map(reason));
        self.declined.extend(requirement.declined.as_ref().map(reason));
        self.waiting.extend(requirement.waiting.as_ref().map(reason));
    }
}

/// The numbers in a text, for an order in which §5.10 follows §5.9; what stands between them counts
/// too.
fn numbers(text: &str) -> Vec<(String, u32)> {
    let mut parts = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let digits_at = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
        let (words, tail) = rest.split_at(digits_at);
        let end = tail.find(|c: char| !c.is_ascii_digit()).unwrap_or(tail.len());
        let (digits, tail) = tail.split_at(end);
        parts.push((words.to_owned(), digits.parse().unwrap_or(0)));
        rest = tail;
    }
    parts
}

fn counts(requirements: &[&Requirement]) -> Vec<String> {
    let of_level = |level: &str| requirements.iter().filter(|r| r.level == level).count();
    let tests: BTreeSet<_> = requirements.iter().flat_map(|r| &r.tests).collect();
    let deviates = requirements.iter().filter(|r| r.deviates.is_some()).count();
    let declined = requirements.iter().filter(|r| r.declined.is_some()).count();
    let waiting = requirements.iter().filter(|r| r.waiting.is_some());
    let (in_part, whole): (Vec<&&Requirement>, _) = waiting.partition(|r| !r.tests.is_empty());
    vec![
        format!(
            "{} requirements: {} MUST, {} SHOULD, {} MAY",
            requirements.len(),
            of_level("MUST"),
            of_level("SHOULD"),
            of_level("MAY"),
        ),
        format!("tests named after them: {}", tests.len()),
        format!(
            "{deviates} deviated from, {declined} declined, {} waiting, {} waiting in part",
            whole.len(),
            in_part.len()
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An entry that has a test unless it waits, and stands in `a.rs`.
    fn entry(id: &str, section: &str, level: &str) -> Entry {
        let requirement = Requirement {
            id: id.to_owned(),
            standard: "RFC 6455".to_owned(),
            sections: vec![section.to_owned()],
            level: level.to_owned(),
            role: "both".to_owned(),
            rule: format!("What {id} says."),
            code: vec!["a.rs".to_owned()],
            tests: vec!["rfc6455_s5_1_a".to_owned()],
            ..Requirement::default()
        };
        Entry { place: String::new(), requirement }
    }

    #[test]
    fn sections_and_ids_are_in_the_order_of_their_numbers() {
        let mut entries = vec![
            entry("R10", "5.10", "MUST"),
            entry("R21b", "5.9", "MUST"),
            entry("R3", "5.9", "MUST"),
            entry("R21a", "5.9", "MUST"),
            entry("R1", "10", "MUST"),
        ];
        entries.push(Entry {
            requirement: Requirement { standard: "RFC 3986".to_owned(), ..Requirement::default() },
            place: String::new(),
        });
        let report = Report::new(&entries, &Tree::from([("a.rs", "// RFC 6455 §5.10\n")]));
        let titles: Vec<_> = report.sections.iter().map(|section| &section.title[..]).collect();
        assert_eq!(titles, ["RFC 3986", "RFC 6455 §5.9", "RFC 6455 §5.10", "RFC 6455 §10"]);
        let ids: Vec<_> = report.sections[1].rows.iter().map(|row| &row.id[..]).collect();
        assert_eq!(ids, ["R3", "R21a", "R21b"]);
        assert_eq!(report.sections[2].rows[0].code, ["a.rs:1"]);
    }

    #[test]
    fn counts_and_reasons() {
        let mut entries = [
            entry("R1", "1", "MUST"),
            entry("R2", "1", "MUST"),
            entry("R3", "1", "SHOULD"),
            entry("R4", "1", "MAY"),
        ];
        entries[0].requirement.deviates = Some("refused".to_owned());
        entries[1].requirement.waiting = Some("TLS".to_owned());
        entries[2].requirement.waiting = Some("routing".to_owned());
        entries[2].requirement.tests.clear();
        entries[3].requirement.declined = Some("no use for it".to_owned());
        let report = Report::new(&entries, &Tree::default());
        let wanted = [
            "4 requirements: 2 MUST, 1 SHOULD, 1 MAY",
            "tests named after them: 1",
            "1 deviated from, 1 declined, 1 waiting, 1 waiting in part",
        ];
        assert_eq!(report.counts, wanted);
        let shown = |reasons: &[Reason]| -> Vec<String> {
            reasons.iter().map(|r| format!("{} {} {}", r.level, r.id, r.reason)).collect()
        };
        assert_eq!(shown(&report.deviates), ["MUST R1 refused"]);
        assert_eq!(shown(&report.declined), ["MAY R4 no use for it"]);
        assert_eq!(shown(&report.waiting), ["MUST R2 TLS", "SHOULD R3 routing"]);
    }
}
