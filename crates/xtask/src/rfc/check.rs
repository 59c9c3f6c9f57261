//! The gaps: everything that is not as `tests/requirements/README.md` says, each as one line that
//! says what would be right.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use super::requirement::{Entry, Requirement};
use super::tree::{Test, Tree};

/// The numbers that the requirements have, letters behind a number aside: a line of a standard that
/// somebody forgot is not noticed otherwise.
const NUMBERS: [(&str, RangeInclusive<u32>); 5] =
    [("R", 1..=34), ("R", 40..=66), ("R", 70..=84), ("P", 1..=17), ("G", 1..=8)];

/// Every gap, the ones of entries first.
pub(crate) fn gaps(entries: &[Entry], tree: &Tree) -> Vec<String> {
    let tests = tree.tests();
    let known: BTreeMap<&str, bool> = tests.iter().map(|test| (test.name, test.ignored)).collect();
    let mut gaps = Vec::new();
    for Entry { place, requirement } in entries {
        let mut found = Vec::new();
        fields(requirement, &mut found);
        code(requirement, tree, &mut found);
        names(requirement, &known, &mut found);
        gaps.extend(found.into_iter().map(|gap| format!("{place}: {}: {gap}", requirement.id)));
    }
    repeated(entries, &mut gaps);
    unclaimed(entries, &tests, &mut gaps);
    gaps
}

/// The requirements of [`NUMBERS`] that no entry has, in one line.
pub(crate) fn missing(entries: &[Entry]) -> Option<String> {
    let has = |number: &str| {
        entries.iter().any(|entry| {
            let letters = entry.requirement.id.strip_prefix(number);
            letters.is_some_and(|rest| rest.chars().all(|c| c.is_ascii_lowercase()))
        })
    };
    let all = NUMBERS
        .into_iter()
        .flat_map(|(letter, numbers)| numbers.map(move |number| format!("{letter}{number}")));
    let missing: Vec<String> = all.filter(|number| !has(number)).collect();
    (!missing.is_empty())
        .then(|| format!("in no table of tests/requirements: {}", missing.join(" ")))
}

/// Whether a test is named after a rule of a standard: `rfc6455_…`.
pub(crate) fn is_named_after_a_rule(name: &str) -> bool {
    let number = name.strip_prefix("rfc").and_then(|rest| rest.split('_').next());
    number.is_some_and(|number| !number.is_empty() && number.chars().all(|c| c.is_ascii_digit()))
}

/// What the entry says by itself.
fn fields(requirement: &Requirement, gaps: &mut Vec<String>) {
    let Requirement { id, standard, sections, level, role, rule, code, tests, .. } = requirement;
    let Requirement { declined, deviates, waiting, .. } = requirement;
    for (field, value) in [("id", id), ("standard", standard), ("rule", rule)] {
        if value.trim().is_empty() {
            gaps.push(format!("`{field}` is empty or missing"));
        }
    }
    for (field, value) in [("declined", declined), ("deviates", deviates), ("waiting", waiting)] {
        if value.as_ref().is_some_and(|reason| reason.trim().is_empty()) {
            gaps.push(format!("`{field}` has to say why"));
        }
    }
    if sections.is_empty() {
        gaps.push("`sections` is empty or missing".to_owned());
    }
    for (field, values) in [("sections", sections), ("code", code), ("tests", tests)] {
        if values.iter().any(|value| value.trim().is_empty()) {
            gaps.push(format!("`{field}` has an empty string in it"));
        }
    }
    if !["MUST", "SHOULD", "MAY"].contains(&level.as_str()) {
        gaps.push(format!("`level` is {level:?}; it has to be MUST, SHOULD or MAY"));
    }
    if !["server", "client", "both"].contains(&role.as_str()) {
        gaps.push(format!("`role` is {role:?}; it has to be server, client or both"));
    }
    if level == "MUST" && declined.is_some() {
        gaps.push(
            "a MUST cannot be declined; keep it, or say in `waiting` what it needs, or in `deviates` \
             what is done in its place"
                .into(),
        );
    }
    if level != "MUST" && deviates.is_some() {
        gaps.push(format!("a {level} is not deviated from; say in `declined` why it is not done"));
    }
    // A rule that is declined or waits has neither code nor tests, or both for the part that is kept.
    // What is done in place of a rule has both.
    let whole = declined.is_none() && waiting.is_none();
    if code.is_empty() && whole {
        gaps.push("`code` is empty; name the files that keep the rule".to_owned());
    }
    if tests.is_empty() && (whole || !code.is_empty()) {
        gaps.push("`tests` is empty; name the tests that hold the rule".to_owned());
    }
}

/// Whether its code cites it.
fn code(requirement: &Requirement, tree: &Tree, gaps: &mut Vec<String>) {
    let citations = requirement.citations();
    for path in requirement.code.iter().filter(|path| !path.trim().is_empty()) {
        match tree.lines_that_cite(path, &citations) {
            None => gaps.push(format!("there is no file {path}")),
            Some(lines) if lines.is_empty() => gaps.push(format!(
                "{path} has no comment with `{}`; cite it above the branch that keeps the rule",
                citations.join("` or `")
            )),
            Some(_) => {}
        }
    }
}

/// Whether its tests exist, are named after it, and are run. `known` are all tests, and whether
/// they are ignored.
fn names(requirement: &Requirement, known: &BTreeMap<&str, bool>, gaps: &mut Vec<String>) {
    let prefixes = requirement.test_prefixes();
    let ignored = |name: &String| known.get(name.as_str()) == Some(&true);
    if !requirement.tests.is_empty() && requirement.tests.iter().all(ignored) {
        gaps.push("all of its tests are ignored; one has to be run always".to_owned());
    }
    for name in requirement.tests.iter().filter(|name| !name.trim().is_empty()) {
        if !known.contains_key(name.as_str()) {
            gaps.push(format!("there is no test `{name}` in crates/ or tests/"));
        }
        if !prefixes.iter().any(|prefix| name.starts_with(prefix)) {
            let prefixes = prefixes.join("` or `");
            gaps.push(format!("the test `{name}` has to begin with `{prefixes}`"));
        }
    }
}

/// Ids that are there twice.
fn repeated(entries: &[Entry], gaps: &mut Vec<String>) {
    let mut places = BTreeMap::new();
    for Entry { place, requirement } in entries.iter().filter(|e| !e.requirement.id.is_empty()) {
        if let Some(first) = places.insert(&requirement.id, place) {
            gaps.push(format!("{place}: {} stands in {first} already", requirement.id));
        }
    }
}

/// Tests that are named after a rule, and that no entry names.
fn unclaimed(entries: &[Entry], tests: &[Test<'_>], gaps: &mut Vec<String>) {
    let claimed: BTreeSet<&str> =
        entries.iter().flat_map(|entry| &entry.requirement.tests).map(String::as_str).collect();
    for Test { name, path, line, .. } in tests {
        if is_named_after_a_rule(name) && !claimed.contains(name) {
            gaps.push(format!(
                "{path}:{line}: `{name}` stands in no table; add it to the rule that it holds"
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rfc::requirement::parse;

    /// A sound entry; the tests below spoil it one by one.
    const SOUND: &str = r#"
        [[requirement]]
        id = "R40"
        standard = "RFC 6455"
        sections = ["5.1", "5.3"]
        level = "MUST"
        role = "server"
        rule = "A server fails."
        code = ["a.rs"]
        tests = ["rfc6455_s5_1_a"]
    "#;

    fn tree() -> Tree {
        Tree::from([
            ("a.rs", "// RFC 6455 §5.1: it fails.\n"),
            ("silent.rs", "// RFC 6455 §5.2: it does not.\n"),
            ("tests.rs", "#[test]\nfn rfc6455_s5_1_a() {\n#[test]\nfn other() {\n"),
            ("slow.rs", "#[test]\n#[ignore]\nfn slow() {\n"),
        ])
    }

    fn gaps_of(table: &str, tree: &Tree) -> Vec<String> {
        let (entries, errors) = parse("t.toml", table);
        assert!(errors.is_empty(), "{errors:?}");
        gaps(&entries, tree)
    }

    #[test]
    fn an_entry_has_its_gaps_one_by_one() {
        let rfc = "there is no test `rfc6455_s5_1_b` in crates/ or tests/";
        let table: [(&str, &str, &[&str]); 24] = [
            ("", "", &[]),
            ("\"RFC 6455\"", "\" \"", &["`standard` is empty or missing"]),
            ("\"A server fails.\"", "\"\"", &["`rule` is empty or missing"]),
            ("sections = [\"5.1\", \"5.3\"]", "", &["`sections` is empty or missing"]),
            ("\"5.3\"", "\"\"", &["`sections` has an empty string in it"]),
            (
                "\"MUST\"",
                "\"MUST NOT\"",
                &["`level` is \"MUST NOT\"; it has to be MUST, SHOULD or MAY"],
            ),
            ("\"server\"", "\"B\"", &["`role` is \"B\"; it has to be server, client or both"]),
            ("code = [\"a.rs\"]", "", &["`code` is empty; name the files that keep the rule"]),
            (
                "tests = [\"rfc6455_s5_1_a\"]",
                "",
                &["`tests` is empty; name the tests that hold the rule"],
            ),
            ("a.rs", "b.rs", &["there is no file b.rs"]),
            (
                "a.rs",
                "silent.rs",
                &[
                    "silent.rs has no comment with `RFC 6455 §5.1` or `RFC 6455 §5.3`; cite it above \
                 the branch that keeps the rule",
                ],
            ),
            ("[\"rfc6455_s5_1_a\"]", "[\"rfc6455_s5_1_a\", \"rfc6455_s5_1_b\"]", &[rfc]),
            (
                "[\"rfc6455_s5_1_a\"]",
                "[\"rfc6455_s5_1_a\", \"other\"]",
                &["the test `other` has to begin with `rfc6455_s5_1_` or `rfc6455_s5_3_`"],
            ),
            (
                "code =",
                "declined = \"no\"\ncode =",
                &["a MUST cannot be declined; keep it, or say in `waiting` what it needs, or in \
                     `deviates` what is done in its place"],
            ),
            ("code =", "deviates = \"refused\"\ncode =", &[]),
            ("code =", "deviates = \" \"\ncode =", &["`deviates` has to say why"]),
            (
                "code = [\"a.rs\"]",
                "deviates = \"refused\"",
                &["`code` is empty; name the files that keep the rule"],
            ),
            (
                "\"MUST\"",
                "\"SHOULD\"\ndeviates = \"refused\"",
                &["a SHOULD is not deviated from; say in `declined` why it is not done"],
            ),
            ("code =", "waiting = \"\"\ncode =", &["`waiting` has to say why"]),
            ("code =", "waiting = \"TLS\"\ncode =", &[]),
            ("code = [\"a.rs\"]", "waiting = \"TLS\"", &[]),
            (
                "tests = [\"rfc6455_s5_1_a\"]",
                "waiting = \"TLS\"",
                &["`tests` is empty; name the tests that hold the rule"],
            ),
            ("\"MUST\"", "\"MAY\"\ndeclined = \"no\"", &[]),
            (
                "rfc6455_s5_1_a",
                "slow",
                &[
                    "all of its tests are ignored; one has to be run always",
                    "the test `slow` has to begin with `rfc6455_s5_1_` or `rfc6455_s5_3_`",
                ],
            ),
        ];
        for (from, to, wanted) in table {
            let spoilt = SOUND.replacen(from, to, 1);
            let mut got = gaps_of(&spoilt, &tree());
            got.retain(|gap| !gap.contains("stands in no table"));
            let wanted: Vec<_> = wanted.iter().map(|gap| format!("t.toml:2: R40: {gap}")).collect();
            // Without its standard or its sections the rest does not fit either.
            let first_of = got.iter().take(wanted.len()).collect::<Vec<_>>();
            assert_eq!(first_of, wanted.iter().collect::<Vec<_>>(), "{spoilt}");
            let header_spoilt = from.contains("RFC 6455") || from.starts_with("sections");
            assert!(header_spoilt || got.len() == wanted.len(), "{got:?}");
        }
    }

    #[test]
    fn an_id_is_there_once_and_an_empty_entry_has_every_gap() {
        let twice = format!("{SOUND}{SOUND}");
        assert_eq!(gaps_of(&twice, &tree()), ["t.toml:12: R40 stands in t.toml:2 already"]);
        let empty = gaps_of("[[requirement]]", &Tree::default());
        assert_eq!(empty.len(), 8, "{empty:?}");
    }

    #[test]
    fn a_test_named_after_a_rule_stands_in_a_table() {
        let wanted = "tests.rs:2: `rfc6455_s5_1_a` stands in no table; add it to the rule that it \
                      holds";
        assert_eq!(gaps_of("", &tree()), [wanted]);
        let table = [
            ("rfc6455_s5_1_a", true),
            ("rfc7692_7_2_3", true),
            ("rfc6455", true),
            ("rfc_names_are_found", false),
            ("rfcs_are_read", false),
            ("autobahn_5_15", false),
        ];
        for (name, is_named) in table {
            assert_eq!(is_named_after_a_rule(name), is_named, "{name}");
        }
    }

    #[test]
    fn numbers_that_nobody_wrote_down_are_missing() {
        let entry = |id: &str| Entry {
            place: String::new(),
            requirement: Requirement { id: id.to_owned(), ..Requirement::default() },
        };
        let all = NUMBERS.into_iter().flat_map(|(letter, numbers)| {
            numbers.map(move |number| entry(&format!("{letter}{number}")))
        });
        let mut entries: Vec<Entry> = all.collect();
        assert_eq!(missing(&entries), None);
        let line = "in no table of tests/requirements: R2 R21";
        entries.retain(|entry| !["R2", "R21"].contains(&entry.requirement.id.as_str()));
        assert_eq!(missing(&entries).as_deref(), Some(line));
        entries.extend([entry("R21a"), entry("R2b")]);
        assert_eq!(missing(&entries), None);
    }
}
