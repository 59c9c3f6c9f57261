//! Which lines of the engine its tests reach: measured by cargo-tarpaulin with the compiler's own
//! instrumentation, and listed by file with the lines that no test has taken.
//!
//! Lines of tests do not count. What runs are the tests beside the engine's code and all of `tests/`;
//! the examples are left out, which are programs of their own.

use std::fmt;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::process::{Log, answer, run as run_command};
use crate::tools::Tool;
use crate::workspace::{CARGO_LIMIT, Workspace};

const TARPAULIN: Tool =
    Tool { name: "cargo-tarpaulin", version: "0.37.5", remedy: "install cargo-tarpaulin" };

/// What is measured, and by whose tests.
const SOURCES: &str = "crates/longwire/src";
const ENGINE: &str = "longwire";
const TESTS: &str = "longwire-tests";

/// Fewer covered lines than this of a hundred fail.
const WANTED_PERCENT: u64 = 98;

/// The lines of one file, or of all together.
#[derive(Debug, Default, PartialEq, Eq)]
struct Coverage {
    file: String,
    covered: u64,
    all: u64,
    /// The lines that no test takes, counted from 1.
    missed: Vec<u64>,
}

/// Measures; `false` where too few lines are covered.
pub(crate) fn run(workspace: &Workspace, log: &Log) -> Result<bool> {
    let program = TARPAULIN.set_up(workspace, log)?;
    let reports = workspace.target.join("coverage");
    fs::create_dir_all(&reports)?;
    log.note("building and running the tests with instrumentation");
    let mut command = Command::new(program);
    command.args(["tarpaulin", "--engine", "llvm", "--skip-clean", "--color", "never"]);
    command.args(["--timeout", "1200", "--out", "Json", "--include-files"]);
    command.arg(format!("{SOURCES}/*")).args(["--packages", ENGINE, "--packages", TESTS, "--lib"]);
    for target in test_targets(workspace)? {
        command.args(["--test", &target]);
    }
    // A directory of its own: other flags would build everything anew, here and in the usual one.
    command.arg("--target-dir").arg(workspace.target.join("tarpaulin"));
    command.arg("--output-dir").arg(&reports).current_dir(&workspace.root);
    run_command(&mut command, CARGO_LIMIT, log)?;

    let report = reports.join("tarpaulin-report.json");
    let text =
        fs::read_to_string(&report).with_context(|| format!("cannot read {}", report.display()))?;
    let files = read(&serde_json::from_str(&text)?, &workspace.root.join(SOURCES))?;
    Ok(tell(&files, log))
}

/// The names of the test targets of `tests/`.
fn test_targets(workspace: &Workspace) -> Result<Vec<String>> {
    let metadata = answer(&mut workspace.cargo(&["metadata", "--no-deps", "--format-version=1"]));
    let metadata: Value = serde_json::from_str(&metadata.context("cargo metadata")?)?;
    let packages = metadata["packages"].as_array().into_iter().flatten();
    let targets = packages
        .filter(|package| package["name"] == TESTS)
        .filter_map(|package| package["targets"].as_array())
        .flatten()
        .filter(|target| target["kind"][0] == "test");
    Ok(targets.filter_map(|target| target["name"].as_str().map(str::to_owned)).collect())
}

/// The files of a report, by name.
fn read(report: &Value, sources: &Path) -> Result<Vec<Coverage>> {
    let files = report["files"].as_array().context("the report has no files")?;
    let mut table = Vec::new();
    for file in files {
        let parts = file["path"].as_array().context("a file without a path")?;
        let path: std::path::PathBuf = parts.iter().filter_map(Value::as_str).collect();
        let Ok(name) = path.strip_prefix(sources) else { continue };
        let mut coverage = Coverage { file: name.display().to_string(), ..Coverage::default() };
        for trace in file["traces"].as_array().context("a file without lines")? {
            let line = trace["line"].as_u64().context("a line without its number")?;
            let hits = trace["stats"]["Line"].as_u64().context("a line without its hits")?;
            coverage.all += 1;
            if hits == 0 {
                coverage.missed.push(line);
            } else {
                coverage.covered += 1;
            }
        }
        // A file of types and constants alone has no line that runs.
        if coverage.all > 0 {
            coverage.missed.sort_unstable();
            table.push(coverage);
        }
    }
    table.sort_by(|one, other| one.file.cmp(&other.file));
    Ok(table)
}

/// Prints the table; `true` where it is enough.
fn tell(files: &[Coverage], log: &Log) -> bool {
    let total = Coverage {
        file: "all".to_owned(),
        covered: files.iter().map(|file| file.covered).sum(),
        all: files.iter().map(|file| file.all).sum(),
        missed: Vec::new(),
    };
    let rule = |width: usize| "-".repeat(width);
    log.note("");
    log.note(&format!(
        "| {:25} | {:>7} | {:>5} | {:>6} | not covered",
        "file", "covered", "lines", "%"
    ));
    log.note(&format!("|{}|{}:|{}:|{}:|{}", rule(27), rule(8), rule(6), rule(7), rule(12)));
    files.iter().chain([&total]).for_each(|row| log.note(row.to_string().trim_end()));
    let enough = total.is_enough();
    if !enough {
        log.note(&format!("fewer than {WANTED_PERCENT} % of the lines are covered"));
    }
    enough
}

impl Coverage {
    /// Nothing measured is not enough.
    fn is_enough(&self) -> bool {
        self.all > 0 && self.covered * 100 >= self.all * WANTED_PERCENT
    }

    /// Hundredths of a percent, rounded down: 100 % is every line.
    fn hundredths(&self) -> u64 {
        (self.covered * 10_000).checked_div(self.all).unwrap_or(0)
    }
}

impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, covered, all, missed } = self;
        let (percent, hundredths) = (self.hundredths() / 100, self.hundredths() % 100);
        write!(f, "| {file:25} | {covered:7} | {all:5} | {percent:3}.{hundredths:02} |")?;
        missed.iter().try_for_each(|line| write!(f, " {line}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_report_is_read_by_file_and_line() {
        let line = |line, hits| json!({ "line": line, "stats": { "Line": hits } });
        let report = json!({ "files": [
            { "path": ["/", "w", "src", "b.rs"], "traces": [line(9, 0), line(2, 7), line(4, 0)] },
            { "path": ["/", "w", "src", "a.rs"], "traces": [line(1, 1)] },
            { "path": ["/", "w", "src", "types.rs"], "traces": [] },
            { "path": ["/", "w", "tests", "c.rs"], "traces": [line(1, 0)] },
        ] });
        let files = read(&report, Path::new("/w/src")).unwrap();
        let row = |file: &str, covered, missed: &[u64]| Coverage {
            file: file.to_owned(),
            covered,
            all: covered + missed.len() as u64,
            missed: missed.to_vec(),
        };
        assert_eq!(files, [row("a.rs", 1, &[]), row("b.rs", 1, &[4, 9])]);
        assert_eq!(files[1].to_string().split_once("33.33 | ").unwrap().1, "4 9");
        assert!(read(&json!({}), Path::new("/w/src")).is_err());
    }

    #[test]
    fn what_is_enough_is_not_rounded() {
        let table = [(0, 0, false), (98, 100, true), (97_999, 100_000, false), (1, 1, true)];
        for (covered, all, enough) in table {
            let total = Coverage { covered, all, ..Coverage::default() };
            assert_eq!(total.is_enough(), enough, "{covered} of {all}");
        }
    }
}
