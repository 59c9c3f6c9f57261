//! The fuzz targets of `fuzz/`: built by cargo-fuzz with the nightly compiler, run one after the
//! other for a time each, and listed with their executions, coverage and verdict.
//!
//! A run reads the corpus of the repository and the seeds, and writes what it finds to a folder of
//! its own under the target directory. Merging takes the smallest set of inputs that covers as much
//! back into the repository.

use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};

use crate::missing::Missing;
use crate::process::{Child, Log, answer, run as run_command};
use crate::tools::Tool;
use crate::workspace::{CARGO_LIMIT, Workspace};

const CARGO_FUZZ: Tool = Tool {
    name: "cargo-fuzz",
    version: "0.13.2",
    remedy: "install cargo-fuzz, and a C++ compiler for libFuzzer",
};

/// The package that has the targets' logic, seeds and list.
const LOGIC: &str = "longwire-fuzz-logic";

/// What libFuzzer is told. One input may take as long as a busy machine makes it.
const FUZZER: [&str; 4] = ["-rss_limit_mb=2048", "-timeout=30", "-max_len=4096", "-verbosity=1"];

/// What the corpus of a target may be in the repository; a test of the corpus holds it to that.
const MAX_CORPUS_FILES: usize = 150;
const MAX_CORPUS_BYTES: u64 = 100 * 1024;

/// How long a target may take beyond its time: to read its corpus, and to end.
const GRACE: Duration = Duration::from_secs(5 * 60);

/// What `cargo xtask fuzz` is asked for.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// How long each target runs.
    #[arg(long, value_name = "N", default_value_t = 1.0, value_parser = minutes)]
    minutes: f64,

    /// Run this target alone; can be given more than once.
    #[arg(long, value_name = "TARGET")]
    target: Vec<String>,

    /// Afterwards, take what covers more into fuzz/corpus, and leave out there what covers nothing
    /// more.
    #[arg(long)]
    merge: bool,
}

/// The folders of a run.
struct Folders {
    /// The binaries.
    binaries: PathBuf,
    seeds: PathBuf,
    /// What is in the repository.
    corpus: PathBuf,
    /// What runs on this machine have found.
    found: PathBuf,
    /// Inputs that crash.
    artifacts: PathBuf,
}

/// What became of one target.
#[derive(Debug, Default, PartialEq, Eq)]
struct Outcome {
    target: String,
    executions: u64,
    /// Edges of the program that some input has taken.
    coverage: u64,
    crash: Option<Crash>,
}

/// An input that breaks a promise, or where the fuzzer failed without one, nothing.
#[derive(Debug, PartialEq, Eq)]
struct Crash(Option<String>);

/// Runs the targets; `false` where one has crashed.
pub(crate) fn run(workspace: &Workspace, options: &Options, log: &Log) -> Result<bool> {
    let host = nightly_host()?;
    let program = CARGO_FUZZ.set_up(workspace, log)?;
    let folders = Folders::new(workspace, &host);
    let targets = select(&list(workspace, log)?, &options.target)?;
    log.note("building the targets");
    build(workspace, &program, &host, log)?;
    let mut outcomes = Vec::new();
    for target in targets {
        let outcome = folders.fuzz(&target, options.minutes, log)?;
        log.note(&outcome.to_string());
        if options.merge && outcome.crash.is_none() {
            folders.merge(&target, log)?;
        }
        outcomes.push(outcome);
    }
    report(&outcomes, log);
    Ok(outcomes.iter().all(|outcome| outcome.crash.is_none()))
}

fn minutes(text: &str) -> Result<f64> {
    let minutes: f64 = text.parse()?;
    ensure!((0.01..=10_000.0).contains(&minutes), "must be between 0.01 and 10000");
    Ok(minutes)
}

/// The platform of the nightly compiler.
fn nightly_host() -> Result<String> {
    let version = answer(Command::new("rustup").args(["run", "nightly", "rustc", "-vV"]));
    let host = version.as_deref().and_then(|text| {
        text.lines().find_map(|line| line.strip_prefix("host: ")).map(str::to_owned)
    });
    host.ok_or_else(|| {
        Missing::with_remedy(
            "fuzzing needs the nightly compiler for its sanitizers",
            "install it with `rustup toolchain install nightly`",
        )
    })
}

/// The names of all targets; their seeds are written too.
fn list(workspace: &Workspace, log: &Log) -> Result<Vec<String>> {
    let seeds = workspace.target.join("fuzz-seeds");
    let logic = ["run", "--quiet", "--package", LOGIC, "--"];
    workspace.run_cargo(&[&logic[..], &["seeds", &seeds.to_string_lossy()]].concat(), log)?;
    let names = answer(&mut workspace.cargo(&[&logic[..], &["list"]].concat()));
    let names = names.context("the list of targets")?;
    Ok(names.lines().map(str::to_owned).collect())
}

fn select(all: &[String], wanted: &[String]) -> Result<Vec<String>> {
    if let Some(unknown) = wanted.iter().find(|name| !all.contains(name)) {
        bail!("no target is called {unknown:?}; there are {}", all.join(", "));
    }
    let is_wanted = |name: &&String| wanted.is_empty() || wanted.contains(name);
    Ok(all.iter().filter(is_wanted).cloned().collect())
}

fn build(workspace: &Workspace, program: &Path, host: &str, log: &Log) -> Result<()> {
    let mut command = Command::new("rustup");
    command.args(["run", "nightly"]).arg(program).args(["fuzz", "build", "--fuzz-dir", "fuzz"]);
    command.args(["--target", host, "--target-dir"]).arg(workspace.target.join("fuzz"));
    // The cargo that runs us is another toolchain's.
    command.current_dir(&workspace.root).env_remove("CARGO");
    run_command(&mut command, CARGO_LIMIT, log)
}

impl Folders {
    fn new(workspace: &Workspace, host: &str) -> Self {
        Self {
            binaries: workspace.target.join("fuzz").join(host).join("release"),
            seeds: workspace.target.join("fuzz-seeds"),
            corpus: workspace.root.join("fuzz/corpus"),
            found: workspace.target.join("fuzz-corpus"),
            artifacts: workspace.target.join("fuzz-artifacts"),
        }
    }

    /// The fuzzer of a target, with its inputs: the first folder is the one that it writes to.
    fn command(&self, target: &str, inputs: &[&Path], options: &[String]) -> Result<Command> {
        let mut command = Command::new(self.binaries.join(target));
        let artifacts = self.artifacts.join(target);
        fs::create_dir_all(&artifacts)?;
        let mut prefix = OsString::from("-artifact_prefix=");
        prefix.push(artifacts.join(""));
        command.args(FUZZER).args(options).arg(prefix);
        for folder in inputs {
            let folder = folder.join(target);
            fs::create_dir_all(&folder)?;
            command.arg(folder);
        }
        Ok(command)
    }

    fn fuzz(&self, target: &str, minutes: f64, log: &Log) -> Result<Outcome> {
        let time = Duration::from_secs_f64(minutes * 60.0).max(Duration::from_secs(1));
        let options =
            [format!("-max_total_time={}", time.as_secs()), "-print_final_stats=1".into()];
        let inputs = [&*self.found, &*self.corpus, &*self.seeds];
        let mut child = Child::spawn(&mut self.command(target, &inputs, &options)?, log)?;
        let mut outcome = Outcome { target: target.to_owned(), ..Outcome::default() };
        let status = child.wait(time + GRACE, |line| outcome.read(line))?;
        if !status.success() && outcome.crash.is_none() {
            outcome.crash = Some(Crash(None));
        }
        Ok(outcome)
    }

    /// Puts the smallest set of inputs that covers as much in the place of the corpus.
    fn merge(&self, target: &str, log: &Log) -> Result<()> {
        let merged = self.found.join("merged");
        if merged.exists() {
            fs::remove_dir_all(&merged)?;
        }
        let inputs = [&*merged, &*self.corpus, &*self.seeds, &*self.found];
        // What an input covers are edges here, and not how often each is taken: else it would be
        // hundreds of files.
        let options = ["-merge=1", "-set_cover_merge=1", "-use_counters=0"].map(str::to_owned);
        run_command(&mut self.command(target, &inputs, &options)?, CARGO_LIMIT, log)?;
        let mut inputs = Vec::new();
        for entry in fs::read_dir(merged.join(target))? {
            let entry = entry?;
            inputs.push((entry.metadata()?.len(), entry.path(), entry.file_name()));
        }
        // What has to be left out are the longest inputs.
        inputs.sort();
        let place = self.corpus.join(target);
        fs::remove_dir_all(&place)?;
        fs::create_dir_all(&place)?;
        let mut bytes = 0;
        for (len, path, name) in inputs.into_iter().take(MAX_CORPUS_FILES) {
            bytes += len;
            if bytes <= MAX_CORPUS_BYTES {
                fs::copy(path, place.join(name))?;
            }
        }
        Ok(())
    }
}

impl Outcome {
    /// Takes what a line of libFuzzer's output says.
    fn read(&mut self, line: &str) {
        let number = |text: &str| text.split_whitespace().next().and_then(|word| word.parse().ok());
        if let Some(count) = line.strip_prefix("stat::number_of_executed_units:").and_then(number) {
            self.executions = count;
        }
        if let Some(count) = line.split_once(" cov: ").and_then(|(_, rest)| number(rest)) {
            self.coverage = count;
        }
        if let Some((_, path)) = line.split_once("Test unit written to ") {
            self.crash = Some(Crash(Some(path.trim().to_owned())));
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = if self.crash.is_some() { "CRASH" } else { "passed" };
        let Self { target, executions, coverage, .. } = self;
        write!(f, "| {target:20} | {executions:12} | {coverage:8} | {verdict:7} |")
    }
}

fn report(outcomes: &[Outcome], log: &Log) {
    let rule = |width: usize| "-".repeat(width);
    log.note("");
    log.note(&format!("| {:20} | {:>12} | {:>8} | verdict |", "target", "executions", "coverage"));
    log.note(&format!("|{}|{}:|{}:|{}|", rule(22), rule(13), rule(9), rule(9)));
    outcomes.iter().for_each(|outcome| log.note(&outcome.to_string()));
    for outcome in outcomes {
        let target = &outcome.target;
        match &outcome.crash {
            None => {}
            Some(Crash(None)) => {
                log.note(&format!("{target}: the fuzzer failed; see {}", log.path().display()));
            }
            Some(Crash(Some(path))) => {
                log.note(&format!("{target} crashes on {path}; to see it:"));
                log.note(&format!("    cargo run --package {LOGIC} -- replay {target} {path}"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libfuzzers_lines_are_understood() {
        let mut outcome = Outcome::default();
        for line in [
            "#2\tINITED cov: 203 ft: 204 corp: 1/1b exec/s: 0 rss: 43Mb",
            "#1122201\tDONE   cov: 1203 ft: 2204 corp: 99/1b exec/s: 0 rss: 43Mb",
            "stat::number_of_executed_units: 1122201",
            "stat::average_exec_per_sec:     54000",
        ] {
            outcome.read(line);
        }
        assert_eq!((outcome.executions, outcome.coverage), (1_122_201, 1203));
        assert_eq!(outcome.crash, None);
        outcome.read("artifact_prefix='a/'; Test unit written to a/crash-1f");
        assert_eq!(outcome.crash, Some(Crash(Some("a/crash-1f".to_owned()))));
    }

    #[test]
    fn an_unknown_target_is_an_error() {
        let all = ["utf8", "pair"].map(str::to_owned);
        assert_eq!(select(&all, &[]).unwrap(), all);
        assert_eq!(select(&all, &["pair".to_owned()]).unwrap(), ["pair"]);
        assert!(select(&all, &["utf".to_owned()]).is_err());
    }

    #[test]
    fn times_are_minutes() {
        assert_eq!(minutes("0.5").unwrap(), 0.5);
        for wrong in ["0", "-1", "NaN", "inf", "ten"] {
            assert!(minutes(wrong).is_err(), "{wrong}");
        }
    }
}
