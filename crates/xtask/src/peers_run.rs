//! One run of the conformance suite against one peer, in one role: the peer's program, the suite, and
//! what came of it.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use crate::peers_list::{Peer, Programs};
use crate::process::{Child, Log};
use crate::workspace::Workspace;

/// The time that a program may take to listen.
const START_LIMIT: Duration = Duration::from_secs(60);

/// The time that one run may take. Most take a minute or two; a peer that hangs in every case takes
/// about half an hour.
const RUN_LIMIT: Duration = Duration::from_secs(45 * 60);

/// So many seconds the peer has for each answer in the second try; in the first it has two.
const SECOND_TIMEOUT: &str = "5";

/// So many seconds a client may take to come back: some wait for the end of what hangs.
const ACCEPT_TIMEOUT: &str = "30";

/// The sections that permessage-deflate can make a difference for, and that are not about it.
const WITH_DEFLATE: [&str; 5] = ["5", "6", "7", "8", "10.4"];

/// What is run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Run {
    pub(crate) peer: &'static Peer,
    /// The peer's client, not its server.
    pub(crate) client: bool,
    /// With permessage-deflate agreed on in every case.
    pub(crate) deflate: bool,
}

/// What came of it.
#[derive(Clone, Debug)]
pub(crate) struct Results {
    pub(crate) must: Ratio,
    pub(crate) should: Ratio,
    pub(crate) skipped: u64,
    /// It stopped taking part before the end.
    pub(crate) gone: bool,
    /// The cases of a MUST that failed, in the order of the standards.
    pub(crate) failures: Vec<Failure>,
}

/// How many passed, of how many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ratio {
    pub(crate) passed: u64,
    pub(crate) total: u64,
}

/// A case that failed.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    pub(crate) id: String,
    pub(crate) section: String,
    pub(crate) title: String,
    pub(crate) expected: String,
    pub(crate) came: String,
}

impl Run {
    /// A name for its log and for the terminal.
    pub(crate) fn name(&self) -> String {
        let role = if self.client { "client" } else { "server" };
        let deflate = if self.deflate { "-deflate" } else { "" };
        format!("{}-{role}{deflate}", self.peer.name)
    }

    /// Runs it, and what failed a MUST once more against a fresh peer with more time: one case must
    /// not fail because the peer, or the machine, was still busy with the one before.
    pub(crate) fn execute(&self, workspace: &Workspace, programs: &Programs) -> Result<Results> {
        let log = Log::create(&workspace.log_path(&format!("conform-{}", self.name())), false)?;
        let folder = workspace.target.join("conform-peers/reports");
        fs::create_dir_all(&folder)?;
        let json = folder.join(format!("{}.json", self.name()));
        let mut results = self.once(programs, &json, &[], &log)?;
        let failed: Vec<String> = results.failures.iter().map(|of| of.id.clone()).collect();
        if !failed.is_empty() && !results.gone {
            let json = folder.join(format!("{}-again.json", self.name()));
            results.confirm(self.once(programs, &json, &failed, &log)?);
        }
        Ok(results)
    }

    /// Runs the suite once; only `cases`, where there are any. The peer and the suite are both ended
    /// with it, whatever happens.
    fn once(
        &self,
        programs: &Programs,
        json: &Path,
        cases: &[String],
        log: &Log,
    ) -> Result<Results> {
        let (mut suite, _peer) = if self.client {
            let (suite, url) = self.suite(programs, json, cases, None, log)?;
            (suite, Child::spawn(&mut programs.client(self.peer, &url), log)?)
        } else {
            let (mut command, prefix) = programs.server(self.peer);
            let mut server = Child::spawn(&mut command, log)?;
            let printed = server.wait_for_line(prefix, START_LIMIT)?;
            let url = match printed.parse::<u16>() {
                Ok(port) => format!("ws://127.0.0.1:{port}/"),
                Err(_) => printed,
            };
            (self.suite(programs, json, cases, Some(&url), log)?.0, server)
        };
        let status = suite.wait(RUN_LIMIT, |_| {})?;
        // 2 says that a MUST failed.
        ensure!(matches!(status.code(), Some(0 | 2)), "the suite failed: {status}");
        let text = fs::read_to_string(json).with_context(|| format!("no {}", json.display()))?;
        Results::read(&serde_json::from_str(&text)?)
    }

    /// Starts the suite: against the server at `url`, or else for a client, to which it gives an URL.
    fn suite(
        &self,
        programs: &Programs,
        json: &Path,
        cases: &[String],
        url: Option<&str>,
        log: &Log,
    ) -> Result<(Child, String)> {
        let mut command = std::process::Command::new(&programs.longwire);
        command.arg("conform");
        match url {
            Some(url) => command.args(["server", url]),
            None => {
                command.args(["client", "--listen", "127.0.0.1:0"]);
                command.args(["--accept-timeout", ACCEPT_TIMEOUT])
            }
        };
        if self.deflate {
            command.arg("--deflate");
            command.args(WITH_DEFLATE.iter().flat_map(|section| ["--section", section]));
        }
        if !cases.is_empty() {
            command.args(["--timeout", SECOND_TIMEOUT]);
            command.args(cases.iter().flat_map(|id| ["--case", id]));
        }
        let mut suite = Child::spawn(command.arg("--json").arg(json), log)?;
        let url = match url {
            Some(url) => url.to_owned(),
            None => suite.wait_for_line("listening on ", START_LIMIT)?,
        };
        Ok((suite, url))
    }
}

impl Results {
    /// Only what fails again has failed, and in the way in which it did then. A peer that has ended in
    /// the middle of the second try has not passed what was left.
    fn confirm(&mut self, again: Self) {
        if !again.gone {
            self.failures = again.failures;
            self.must.passed = self.must.total - self.failures.len() as u64;
        }
    }

    /// Out of the suite's JSON.
    pub(crate) fn read(report: &Value) -> Result<Self> {
        let count = |level: &str, verdict: &str| {
            let value = &report["counts"][level][verdict];
            value.as_u64().with_context(|| format!("no count of {level} {verdict}"))
        };
        let ratio = |level: &str| -> Result<Ratio> {
            let passed = count(level, "passed")?;
            Ok(Ratio { passed, total: passed + count(level, "failed")? })
        };
        let cases = report["cases"].as_array().context("no cases")?;
        let text = |case: &Value, key: &str| case[key].as_str().unwrap_or_default().to_owned();
        let failures = cases
            .iter()
            .filter(|case| case["level"] == "MUST" && case["verdict"] == "fail")
            .map(|case| Failure {
                id: text(case, "id"),
                section: text(case, "section"),
                title: text(case, "title"),
                expected: text(case, "expected"),
                came: text(case, "reason"),
            });
        Ok(Self {
            must: ratio("MUST")?,
            should: ratio("SHOULD")?,
            skipped: count("MUST", "skipped")? + count("SHOULD", "skipped")?,
            gone: report["gone"].as_bool().context("no word of whether the peer is gone")?,
            failures: failures.collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_report_is_counted_and_its_failed_musts_are_kept() {
        let count = json!({ "passed": 3, "failed": 2, "skipped": 1, "observed": 0 });
        let case = |id: &str, level: &str, verdict: &str| {
            json!({ "id": id, "section": "RFC 6455 §5.2", "level": level, "title": "t",
                    "verdict": verdict, "reason": "r", "expected": "e" })
        };
        let report = json!({
            "counts": { "MUST": count, "SHOULD": count, "INFO": count },
            "gone": false,
            "cases": [case("a", "MUST", "fail"), case("b", "SHOULD", "fail"),
                      case("c", "MUST", "pass")],
        });
        let results = Results::read(&report).unwrap();
        assert_eq!(results.must, Ratio { passed: 3, total: 5 });
        assert_eq!(results.skipped, 2);
        let ids: Vec<_> = results.failures.iter().map(|failure| failure.id.as_str()).collect();
        assert_eq!(ids, ["a"]);
        assert!(Results::read(&json!({})).is_err());
    }

    #[test]
    fn only_what_fails_twice_has_failed() {
        let failure = |id: &str| Failure {
            id: id.to_owned(),
            section: String::new(),
            title: String::new(),
            expected: String::new(),
            came: String::new(),
        };
        let results = |passed, total, failures| {
            let must = Ratio { passed, total };
            Results { must, should: must, skipped: 0, gone: false, failures }
        };
        let mut first = results(7, 10, vec![failure("a"), failure("b"), failure("c")]);
        let gone = Results { gone: true, ..results(0, 1, vec![failure("a")]) };
        first.confirm(gone);
        assert_eq!((first.must.passed, first.failures.len()), (7, 3));
        first.confirm(results(2, 3, vec![failure("b")]));
        assert_eq!(first.must, Ratio { passed: 9, total: 10 });
        assert_eq!(first.failures.len(), 1);
        assert_eq!(first.failures[0].id, "b");
    }
}
