//! What the Autobahn suite found, held against `autobahn/expected.json`.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, bail, ensure};
use clap::ValueEnum;
use serde_json::Value;

/// The name under which the suite files its findings.
pub(crate) const AGENT: &str = "longwire";

/// A case's two verdicts: on the conversation, and on the way the connection was closed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Verdict {
    behavior: String,
    behavior_close: String,
}

impl Verdict {
    fn parse(value: &Value) -> Result<Self> {
        let word = |key: &str| {
            value[key].as_str().map(str::to_owned).with_context(|| format!("no {key} in {value}"))
        };
        Ok(Self { behavior: word("behavior")?, behavior_close: word("behaviorClose")? })
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.behavior == self.behavior_close {
            f.write_str(&self.behavior)
        } else {
            write!(f, "{} (close: {})", self.behavior, self.behavior_close)
        }
    }
}

/// A case's number, ordered as numbers are: 2.2 before 2.10.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct CaseId(Vec<u32>);

impl CaseId {
    fn parse(text: &str) -> Result<Self> {
        let numbers: Result<_, _> = text.split('.').map(str::parse).collect();
        Ok(Self(numbers.with_context(|| format!("{text:?} is no case number"))?))
    }
}

impl fmt::Display for CaseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let numbers: Vec<String> = self.0.iter().map(u32::to_string).collect();
        f.write_str(&numbers.join("."))
    }
}

/// The cases of a run. Twelve sections of 18 cases send a thousand compressed messages a case, which
/// takes nearly all of the suite's time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Selection {
    /// All 517.
    All,
    /// All but those that `autobahn/expected.json` calls long, among them four of each of the 18.
    Quick,
    /// The long ones alone.
    Long,
}

/// A case's number, in which `*` stands for any one part.
#[derive(Debug)]
struct Pattern(String);

impl Pattern {
    fn matches(&self, id: &CaseId) -> bool {
        let parts: Vec<&str> = self.0.split('.').collect();
        parts.len() == id.0.len()
            && parts.iter().zip(&id.0).all(|(part, n)| *part == "*" || *part == n.to_string())
    }
}

/// The verdict that each case of a run in one role has to come out with.
#[derive(Debug)]
pub(crate) struct Expected {
    verdicts: BTreeMap<CaseId, Verdict>,
    selection: Selection,
    long: Vec<Pattern>,
}

impl Expected {
    /// Reads `expected.json`; its README tells how it is built.
    pub(crate) fn read(path: &Path, role: &str, selection: Selection) -> Result<Self> {
        let value = read_json(path)?;
        Self::parse(&value, role, selection).with_context(|| format!("in {}", path.display()))
    }

    fn parse(value: &Value, role: &str, selection: Selection) -> Result<Self> {
        let groups = value["cases"].as_object().context("no object `cases`")?;
        let usual = Verdict::parse(&value["verdict"]).context("`verdict`")?;
        let mut expected = BTreeMap::new();
        for (group, count) in groups {
            let group = CaseId::parse(group)?;
            let count = count.as_u64().with_context(|| format!("group {group}: no count"))?;
            for number in 1..=u32::try_from(count)? {
                let mut id = group.clone();
                id.0.push(number);
                expected.insert(id, usual.clone());
            }
        }
        let exceptions =
            value["exceptions"][role].as_object().with_context(|| format!("no role {role}"))?;
        for (id, verdict) in exceptions {
            let verdict = Verdict::parse(verdict).with_context(|| format!("exception {id}"))?;
            let known = expected.insert(CaseId::parse(id)?, verdict);
            ensure!(known.is_some(), "exception {id} is not among the cases");
        }
        let long = value["long"].as_array().context("no array `long`")?.iter();
        let long: Option<Vec<_>> = long.map(|id| Some(Pattern(id.as_str()?.to_owned()))).collect();
        let long = long.context("`long` has more than texts")?;
        for pattern in &long {
            let known = expected.keys().any(|id| pattern.matches(id));
            ensure!(known, "the long {:?} is none of the cases", pattern.0);
        }
        expected.retain(|id, _| {
            let is_long = long.iter().any(|pattern| pattern.matches(id));
            match selection {
                Selection::All => true,
                Selection::Quick => !is_long,
                Selection::Long => is_long,
            }
        });
        Ok(Self { verdicts: expected, selection, long })
    }

    /// How many cases there are.
    pub(crate) fn len(&self) -> usize {
        self.verdicts.len()
    }

    /// Writes the selection into a specification of the suite.
    pub(crate) fn select(&self, specification: &mut Value) {
        let long = || self.long.iter().map(|pattern| Value::from(pattern.0.as_str())).collect();
        match self.selection {
            Selection::All => {}
            Selection::Quick => specification["exclude-cases"] = long(),
            Selection::Long => specification["cases"] = long(),
        }
    }
}

/// What the suite found, case by case.
#[derive(Debug)]
pub(crate) struct Found(BTreeMap<CaseId, Verdict>);

impl Found {
    /// Reads the `index.json` of a report.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let value = read_json(path)?;
        Self::parse(&value).with_context(|| format!("in {}", path.display()))
    }

    fn parse(value: &Value) -> Result<Self> {
        let Some(cases) = value[AGENT].as_object() else {
            bail!("the report knows no agent {AGENT}");
        };
        let verdicts: Result<_> = cases
            .iter()
            .map(|(id, case)| Ok((CaseId::parse(id)?, Verdict::parse(case)?)))
            .collect();
        Ok(Self(verdicts?))
    }

    /// The counts by verdict, as in `514 OK, 3 INFORMATIONAL`; the most frequent first.
    pub(crate) fn counts(&self) -> String {
        let mut counts: BTreeMap<&Verdict, usize> = BTreeMap::new();
        for verdict in self.0.values() {
            *counts.entry(verdict).or_default() += 1;
        }
        let mut counts: Vec<_> = counts.into_iter().collect();
        counts.sort_by_key(|&(_, count)| std::cmp::Reverse(count));
        let words: Vec<String> =
            counts.iter().map(|(verdict, count)| format!("{count} {verdict}")).collect();
        words.join(", ")
    }

    /// Every case that did not come out as expected, in order: its number and what is wrong.
    pub(crate) fn deviations(&self, expected: &Expected) -> Vec<(String, String)> {
        let mut deviations = BTreeMap::new();
        for (id, wanted) in &expected.verdicts {
            match self.0.get(id) {
                Some(verdict) if verdict == wanted => {}
                Some(verdict) => {
                    deviations.insert(id, format!("{verdict}, expected {wanted}"));
                }
                None => {
                    deviations.insert(id, "missing from the report".to_owned());
                }
            }
        }
        for (id, verdict) in &self.0 {
            if !expected.verdicts.contains_key(id) {
                deviations.insert(id, format!("{verdict}, but not among the cases of this run"));
            }
        }
        deviations.into_iter().map(|(id, text)| (id.to_string(), text)).collect()
    }
}

/// The first line of a case's description, from its own report in `folder`; empty where there is
/// none.
pub(crate) fn description(folder: &Path, case: &str) -> String {
    let path = folder.join(format!("{AGENT}_case_{}.json", case.replace('.', "_")));
    let report = read_json(&path).unwrap_or_default();
    first_line(report["description"].as_str().unwrap_or_default())
}

/// The first line of an HTML text, without its tags, and cut where it is long.
fn first_line(html: &str) -> String {
    const LONGEST: usize = 120;
    let line = html.split("<br").next().unwrap_or_default();
    let mut text = String::new();
    for (number, part) in line.split('<').enumerate() {
        // What precedes the first `<` is text; after any other, a tag comes first.
        text.push_str(if number == 0 { part } else { part.split_once('>').map_or("", |p| p.1) });
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(LONGEST).collect()
}

fn read_json(path: &Path) -> Result<Value> {
    let text =
        fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    serde_json::from_str(&text).with_context(|| format!("{} is not JSON", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn expected(exceptions: &Value) -> Result<Expected> {
        selected(exceptions, &json!([]), Selection::All)
    }

    fn selected(exceptions: &Value, long: &Value, selection: Selection) -> Result<Expected> {
        let value = json!({
            "cases": {"1.1": 2, "2": 10},
            "long": long,
            "verdict": {"behavior": "OK", "behaviorClose": "OK"},
            "exceptions": {"server": exceptions},
        });
        Expected::parse(&value, "server", selection)
    }

    #[test]
    fn a_run_is_of_the_long_cases_or_of_the_others() {
        let long = json!(["1.*.2", "2.10"]);
        let table = [
            (Selection::All, 12, json!({"cases": ["*"], "exclude-cases": []})),
            (Selection::Quick, 10, json!({"cases": ["*"], "exclude-cases": ["1.*.2", "2.10"]})),
            (Selection::Long, 2, json!({"cases": ["1.*.2", "2.10"], "exclude-cases": []})),
        ];
        for (selection, cases, wanted) in table {
            let expected = selected(&json!({}), &long, selection).unwrap();
            assert_eq!(expected.len(), cases, "{selection:?}");
            let mut specification = json!({"cases": ["*"], "exclude-cases": []});
            expected.select(&mut specification);
            assert_eq!(specification, wanted, "{selection:?}");
        }
        let error = selected(&json!({}), &json!(["2.1.*"]), Selection::All).unwrap_err();
        assert_eq!(error.to_string(), "the long \"2.1.*\" is none of the cases");
    }

    fn case(behavior: &str, behavior_close: &str) -> Value {
        json!({"behavior": behavior, "behaviorClose": behavior_close, "remoteCloseCode": 1000})
    }

    /// A report in which all cases are fine, but for these.
    fn found(changes: &[(&str, Option<Value>)]) -> Found {
        let ids = ["1.1.1", "1.1.2"].map(str::to_owned).into_iter();
        let ids = ids.chain((1..=10).map(|number| format!("2.{number}")));
        let mut cases: serde_json::Map<_, _> = ids.map(|id| (id, case("OK", "OK"))).collect();
        for (id, change) in changes {
            match change {
                Some(value) => cases.insert((*id).to_owned(), value.clone()),
                None => cases.remove(*id),
            };
        }
        Found::parse(&json!({ AGENT: cases })).unwrap()
    }

    #[test]
    fn deviations_are_found_and_sorted_as_numbers() {
        let expected = expected(&json!({"2.3": case("INFORMATIONAL", "OK")})).unwrap();
        assert_eq!(expected.len(), 12);
        type Changes = Vec<(&'static str, Option<Value>)>;
        let informational = || ("2.3", Some(case("INFORMATIONAL", "OK")));
        let table: [(Changes, &[(&str, &str)]); 6] = [
            (vec![informational()], &[]),
            (vec![], &[("2.3", "OK, expected INFORMATIONAL (close: OK)")]),
            (
                vec![informational(), ("2.10", Some(case("FAILED", "OK"))), ("2.9", None)],
                &[("2.9", "missing from the report"), ("2.10", "FAILED (close: OK), expected OK")],
            ),
            (
                vec![informational(), ("1.1.2", Some(case("OK", "UNCLEAN")))],
                &[("1.1.2", "OK (close: UNCLEAN), expected OK")],
            ),
            (
                vec![informational(), ("1.1.1", Some(case("NON-STRICT", "OK")))],
                &[("1.1.1", "NON-STRICT (close: OK), expected OK")],
            ),
            (
                vec![informational(), ("3.1", Some(case("OK", "OK")))],
                &[("3.1", "OK, but not among the cases of this run")],
            ),
        ];
        for (changes, wanted) in table {
            let deviations = found(&changes).deviations(&expected);
            let deviations: Vec<_> =
                deviations.iter().map(|(id, text)| (id.as_str(), text.as_str())).collect();
            assert_eq!(deviations, wanted, "{changes:?}");
        }
    }

    #[test]
    fn counts_name_the_most_frequent_verdict_first() {
        let found = found(&[("2.3", Some(case("INFORMATIONAL", "INFORMATIONAL")))]);
        assert_eq!(found.counts(), "11 OK, 1 INFORMATIONAL");
    }

    #[test]
    fn descriptions_lose_their_tags_and_all_but_a_line() {
        let table = [
            ("", ""),
            ("Send  text.", "Send text."),
            ("Send with <b>RSV = 2</b>,\n  and then", "Send with RSV = 2, and then"),
            ("First.<br><br>Second.", "First."),
            ("<i>First</i>.<br />Second.", "First."),
        ];
        for (html, line) in table {
            assert_eq!(first_line(html), line, "{html}");
        }
    }

    #[test]
    fn an_exception_has_to_be_one_of_the_cases() {
        let error = expected(&json!({"7.1": case("OK", "OK")})).unwrap_err();
        assert_eq!(error.to_string(), "exception 7.1 is not among the cases");
    }

    #[test]
    fn a_report_of_somebody_else_is_an_error() {
        let error = Found::parse(&json!({"other": {}})).unwrap_err();
        assert_eq!(error.to_string(), "the report knows no agent longwire");
    }

    #[test]
    fn the_expectations_of_the_repository_cover_the_suite() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../autobahn/expected.json");
        for role in ["server", "client"] {
            for (selection, cases) in
                [(Selection::All, 517), (Selection::Quick, 349), (Selection::Long, 168)]
            {
                let expected = Expected::read(&path, role, selection).unwrap();
                assert_eq!(expected.len(), cases, "{role}, {selection:?}");
            }
        }
    }
}
