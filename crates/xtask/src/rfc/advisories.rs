//! The attacks of `tests/advisories.md`, held against the tests that are named after them.
//!
//! The table there has a row for each attack: its id, what is done, what ours does, the tests by
//! file, and what waits. In the column of tests a path is followed by the names of tests in that
//! file, all of them in backticks.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use super::tree::{Test, Tree};

/// Where the table is, from the root of the repository.
pub(crate) const TABLE: &str = "tests/advisories.md";

/// The ids that have to be there: `T01` and so on.
const NUMBERS: [RangeInclusive<u32>; 3] = [1..=22, 30..=44, 50..=55];

/// A row of the table.
struct Row<'a> {
    /// `tests/advisories.md:12: T30`.
    place: String,
    id: &'a str,
    /// The other columns, the one of the tests aside.
    attack: &'a str,
    ours: &'a str,
    waits: &'a str,
    /// Path and name of each test.
    tests: Vec<(&'a str, &'a str)>,
}

/// The gaps, one line each, and how many attacks and tests there are.
pub(crate) fn check(table: &str, tree: &Tree) -> (Vec<String>, String) {
    let mut gaps = Vec::new();
    let rows = rows(table, &mut gaps);
    let all = tree.tests();
    for row in &rows {
        check_row(row, &all, &mut gaps);
    }
    for number in NUMBERS.into_iter().flatten() {
        let id = format!("T{number:02}");
        match rows.iter().filter(|row| row.id == id).count() {
            0 => gaps.push(format!("{TABLE}: {id} has no row")),
            1 => {}
            _ => gaps.push(format!("{TABLE}: {id} has more than one row")),
        }
    }
    let listed: BTreeSet<_> = rows.iter().flat_map(|row| row.tests.iter().copied()).collect();
    for Test { name, path, line, .. } in &all {
        if number(name).is_some() && !listed.contains(&(path, name)) {
            gaps.push(format!("{path}:{line}: `{name}` does not stand in {TABLE} with this file"));
        }
    }
    let waiting = rows.iter().filter(|row| !row.waits.is_empty()).count();
    let counts =
        format!("{} attacks with {} tests; of {waiting} something waits", rows.len(), listed.len());
    (gaps, counts)
}

fn rows<'a>(table: &'a str, gaps: &mut Vec<String>) -> Vec<Row<'a>> {
    let mut rows = Vec::new();
    for (index, line) in table.lines().enumerate().filter(|(_, line)| line.starts_with("| T")) {
        let cells: Vec<_> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [id, attack, ours, tests, waits] = cells[..] else {
            gaps.push(format!("{TABLE}:{}: a row has five columns", index + 1));
            continue;
        };
        let place = format!("{TABLE}:{}: {id}", index + 1);
        let (mut path, mut names) = ("", Vec::new());
        // Every other part between backticks is a path or a name.
        for word in tests.split('`').skip(1).step_by(2) {
            if word.ends_with(".rs") {
                path = word;
            } else {
                names.push((path, word));
            }
        }
        rows.push(Row { place, id, attack, ours, waits, tests: names });
    }
    rows
}

fn check_row(row: &Row<'_>, all: &[Test<'_>], gaps: &mut Vec<String>) {
    let place = &row.place;
    if row.attack.is_empty() || row.ours.is_empty() {
        gaps.push(format!("{place}: it has to say what the attack is, and what ours does"));
    }
    if row.tests.is_empty() && row.waits.is_empty() {
        gaps.push(format!("{place}: it has to name a test, or what waits and why"));
    }
    for (path, name) in &row.tests {
        if !all.iter().any(|test| test.path == *path && test.name == *name) {
            gaps.push(format!("{place}: there is no test `{name}` in {path:?}"));
        }
        if number(name).is_some_and(|number| row.id != format!("T{number}")) {
            gaps.push(format!("{place}: `{name}` belongs to another row"));
        }
    }
}

/// The number of the attack that a test is named after: `30` of `t30_declared_length`.
fn number(name: &str) -> Option<&str> {
    let (number, _) = name.strip_prefix('t')?.split_once('_')?;
    (number.len() == 2 && number.chars().all(|c| c.is_ascii_digit())).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::path::Path;

    fn tree() -> Tree {
        Tree::from([
            ("a.rs", "#[test]\nfn t30_one() {\n#[test]\nfn other() {\n"),
            ("b.rs", "#[test]\nfn t30_two() {\n"),
        ])
    }

    #[test]
    fn the_table_of_the_repository_and_its_tests_agree() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let table = fs::read_to_string(root.join(TABLE)).unwrap();
        let (gaps, _) = check(&table, &Tree::read(&root).unwrap());
        assert_eq!(gaps, [""; 0]);
    }

    /// The gaps of a table of one row, without those of the rows that are missing.
    fn gaps_of(row: &str) -> Vec<String> {
        let (gaps, _) = check(row, &tree());
        gaps.into_iter().filter(|gap| !gap.ends_with("has no row")).collect()
    }

    #[test]
    fn a_row_and_its_tests_agree_in_both_directions() {
        let unlisted = "b.rs:2: `t30_two` does not stand in tests/advisories.md with this file";
        let none = "a.rs:2: `t30_one` does not stand in tests/advisories.md with this file";
        let table: [(&str, &[&str]); 8] = [
            ("| T30 | a | b | `a.rs`: `t30_one`, `other`<br>`b.rs`: `t30_two` | |", &[]),
            ("| T30 | a | b | `a.rs`: `t30_one` | |", &[unlisted]),
            (
                "| T30 | a | b | `a.rs`: `t30_one`, `t30_two` | |",
                &["tests/advisories.md:1: T30: there is no test `t30_two` in \"a.rs\"", unlisted],
            ),
            (
                "| T31 | a | b | `a.rs`: `t30_one` `b.rs`: `t30_two` | |",
                &[
                    "tests/advisories.md:1: T31: `t30_one` belongs to another row",
                    "tests/advisories.md:1: T31: `t30_two` belongs to another row",
                ],
            ),
            ("| T30 | a | b | | TLS |", &[none, unlisted]),
            (
                "| T30 | a | b | | |",
                &[
                    "tests/advisories.md:1: T30: it has to name a test, or what waits and why",
                    none,
                    unlisted,
                ],
            ),
            (
                "| T30 | | b | `a.rs`: `t30_one` `b.rs`: `t30_two` | |",
                &["tests/advisories.md:1: T30: it has to say what the attack is, and what ours \
                     does"],
            ),
            ("| T30 | a | b |", &["tests/advisories.md:1: a row has five columns", none, unlisted]),
        ];
        for (row, wanted) in table {
            assert_eq!(gaps_of(row), wanted, "{row}");
        }
    }

    #[test]
    fn every_attack_has_one_row() {
        let row = |number: u32| format!("| T{number:02} | a | b | | TLS |\n");
        let mut table: String = NUMBERS.into_iter().flatten().map(row).collect();
        let counts = "43 attacks with 0 tests; of 43 something waits";
        assert_eq!(check(&table, &Tree::default()), (vec![], counts.to_owned()));
        table = table.replace("T02", "T01");
        let gaps = [
            "tests/advisories.md: T01 has more than one row",
            "tests/advisories.md: T02 has no row",
        ];
        assert_eq!(check(&table, &Tree::default()).0, gaps);
    }

    #[test]
    fn numbers_have_two_digits() {
        let table = [
            ("t30_declared", Some("30")),
            ("t04_spaces", Some("04")),
            ("t3_x", None),
            ("t300_x", None),
            ("the_end", None),
            ("t30", None),
        ];
        for (name, wanted) in table {
            assert_eq!(number(name), wanted, "{name}");
        }
    }
}
