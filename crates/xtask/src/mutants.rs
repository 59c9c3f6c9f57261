//! Mutation testing of the engine's core: cargo-mutants breaks the code in one place at a time, and
//! the tests have to notice.
//!
//! The tests are those beside the engine's code, which are built in seconds: every mutant is a build.
//! What they do not notice has to stand in `tests/mutants.md` with the reason.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

use crate::process::{Child, Log};
use crate::tools::Tool;
use crate::workspace::Workspace;

const CARGO_MUTANTS: Tool =
    Tool { name: "cargo-mutants", version: "27.1.0", remedy: "install cargo-mutants" };

const ENGINE: &str = "longwire";

/// Where the files are that `.cargo/mutants.toml` names.
const SOURCES: &str = "crates/longwire/src/";

/// The mutants that no test can notice, and why.
const SURVIVORS: &str = "tests/mutants.md";

/// Fewer killed mutants than this of a hundred viable ones fail.
const WANTED_PERCENT: usize = 95;

/// How long it may take, on a machine that has something else to do.
const LIMIT: Duration = Duration::from_secs(8 * 60 * 60);

/// The exit codes of cargo-mutants that are an answer: all killed, some not, some not in time.
const ANSWERS: [i32; 3] = [0, 2, 3];

/// What `cargo xtask mutants` is asked for.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Break this file alone, a path below crates/longwire/src such as `handshake/url.rs`; can be
    /// given more than once.
    #[arg(long, value_name = "FILE")]
    file: Vec<String>,

    /// Take a part of the mutants alone: `0/10` is every tenth from the first on.
    #[arg(long, value_name = "K/N")]
    shard: Option<String>,
}

/// The mutants by what became of them, each by its name in cargo-mutants' words.
#[derive(Debug, Default, PartialEq, Eq)]
struct Outcome {
    killed: BTreeSet<String>,
    /// Those that did not end: noticed as well, though not by a failing test.
    endless: BTreeSet<String>,
    survived: BTreeSet<String>,
    /// Those that do not compile.
    unviable: BTreeSet<String>,
}

/// Breaks and tests; `false` where too few mutants are killed, or one survives that is not listed.
pub(crate) fn run(workspace: &Workspace, options: &Options, log: &Log) -> Result<bool> {
    let program = CARGO_MUTANTS.set_up(workspace, log)?;
    for file in &options.file {
        let path = workspace.root.join(SOURCES).join(file);
        ensure!(path.is_file(), "there is no {}", path.display());
    }
    let results = workspace.target.join("mutants");
    fs::create_dir_all(&results)?;
    log.note("testing the tests; what they miss:");
    let mut command = command(&program, workspace, options);
    let status = Child::spawn(command.arg("--output").arg(&results), log)?.wait(LIMIT, |line| {
        if line.starts_with("MISSED") || line.starts_with("TIMEOUT") {
            log.note(line);
        }
    })?;
    let answered = status.code().is_some_and(|code| ANSWERS.contains(&code));
    ensure!(answered, "cargo-mutants failed: {status}; see {}", log.path().display());
    let outcome = Outcome::read(&results.join("mutants.out"), &options.file)?;
    let listed = fs::read_to_string(workspace.root.join(SURVIVORS)).context(SURVIVORS)?;
    Ok(outcome.tell(&listed, log))
}

fn command(program: &Path, workspace: &Workspace, options: &Options) -> Command {
    let mut command = Command::new(program);
    command.args(["mutants", "--colors=never", "--no-shuffle"]);
    command.args(["--package", ENGINE, "--test-package", ENGINE, "--cargo-arg=--lib"]);
    // By the names of the mutants: a file that is given beside the configured ones adds to them.
    let name_begins =
        |file: &String| format!("--re=^{}:", format!("{SOURCES}{file}").replace('.', r"\."));
    command.args(options.file.iter().map(name_begins));
    if let Some(shard) = &options.shard {
        command.args(["--sharding=round-robin", "--shard", shard]);
    }
    // The copy of the tree that is broken has a target directory of its own.
    command.env_remove("CARGO_TARGET_DIR").current_dir(&workspace.root);
    command
}

impl Outcome {
    /// The lists that cargo-mutants has written. A few mutants of other files can be in them: those
    /// of the fields of an expression it takes whatever names it is told.
    fn read(lists: &Path, files: &[String]) -> Result<Self> {
        let read = |name: &str| -> Result<BTreeSet<String>> {
            let text = fs::read_to_string(lists.join(name)).with_context(|| name.to_owned())?;
            let wanted = |name: &&str| files.is_empty() || files.iter().any(|it| it == file(name));
            Ok(text.lines().filter(wanted).map(str::to_owned).collect())
        };
        Ok(Self {
            killed: read("caught.txt")?,
            endless: read("timeout.txt")?,
            survived: read("missed.txt")?,
            unviable: read("unviable.txt")?,
        })
    }

    fn viable(&self) -> usize {
        self.killed.len() + self.endless.len() + self.survived.len()
    }

    fn noticed(&self) -> usize {
        self.killed.len() + self.endless.len()
    }

    /// Prints a table by file and the survivors that are not listed; `true` where all is well.
    fn tell(&self, listed: &str, log: &Log) -> bool {
        let rule = |width: usize| "-".repeat(width);
        log.note("");
        log.note(&format!("| {:25} | viable | killed | endless | survived |", "file"));
        log.note(&format!("|{}|{}:|{1}:|{}:|{}:|", rule(27), rule(7), rule(8), rule(9)));
        let all = [&self.killed, &self.endless, &self.survived];
        let files: BTreeSet<_> =
            all.iter().flat_map(|set| set.iter().map(|name| file(name))).collect();
        let row = |name: &str, wanted: Option<&str>| {
            let count = |set: &BTreeSet<String>| {
                set.iter().filter(|name| wanted.is_none_or(|wanted| file(name) == wanted)).count()
            };
            let [killed, endless, survived] = all.map(count);
            let viable = killed + endless + survived;
            log.note(&format!(
                "| {name:25} | {viable:6} | {killed:6} | {endless:7} | {survived:8} |"
            ));
        };
        files.iter().for_each(|file| row(file, Some(file)));
        row("all", None);
        let (noticed, viable) = (self.noticed(), self.viable());
        let tenths = (noticed * 1000).checked_div(viable).unwrap_or(0);
        log.note(&format!(
            "{noticed} of {viable} viable mutants are killed: {}.{} %; {} do not compile",
            tenths / 10,
            tenths % 10,
            self.unviable.len()
        ));
        let enough = viable > 0 && noticed * 100 >= viable * WANTED_PERCENT;
        let unlisted: Vec<_> =
            self.survived.iter().filter(|name| !is_listed(listed, name)).collect();
        for name in &unlisted {
            log.note(&format!("not in {SURVIVORS}: {}", without_place(name)));
        }
        enough && unlisted.is_empty()
    }
}

/// The file of a mutant, below the engine's sources.
fn file(name: &str) -> &str {
    let path = name.split_once(':').map_or(name, |(path, _)| path);
    path.strip_prefix(SOURCES).unwrap_or(path)
}

/// The name of a mutant without line and column, which change with every edit above it.
fn without_place(name: &str) -> String {
    let what = name.splitn(4, ':').nth(3).unwrap_or_default();
    format!("{}:{what}", file(name))
}

/// A survivor stands in the list in backquotes, at the beginning of a point.
fn is_listed(listed: &str, name: &str) -> bool {
    let point = format!("- `{}`", without_place(name));
    listed.lines().any(|line| line.starts_with(&point))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: &str =
        "crates/longwire/src/handshake/url.rs:50:12: replace && with || in Url<'a>::parse";

    #[test]
    fn a_mutant_is_listed_by_its_file_and_what_was_replaced() {
        assert_eq!(file(NAME), "handshake/url.rs");
        assert_eq!(without_place(NAME), "handshake/url.rs: replace && with || in Url<'a>::parse");
        let point = "- `handshake/url.rs: replace && with || in Url<'a>::parse`: the same.";
        assert!(is_listed(&format!("# Survivors\n\n{point}\n"), NAME));
        assert!(!is_listed(&point.replace("&&", "=="), NAME));
        assert!(!is_listed("", NAME));
    }

    #[test]
    fn too_few_killed_or_one_not_listed_is_a_failure() {
        let path = std::env::temp_dir().join(format!("xtask-{}-mutants.log", std::process::id()));
        let log = Log::create(&path, false).unwrap();
        let names = |count: usize| (0..count).map(|number| format!("{NAME} {number}")).collect();
        let list = |count: usize| -> String {
            let points =
                (0..count).map(|number| format!("- `{} {number}`: why\n", without_place(NAME)));
            points.collect()
        };
        // killed, survived, listed
        for (killed, survived, listed, well) in [
            (0, 0, 0, false),
            (1, 0, 0, true),
            (95, 5, 5, true),
            (94, 6, 6, false),
            (99, 1, 0, false),
        ] {
            let outcome =
                Outcome { killed: names(killed), survived: names(survived), ..Outcome::default() };
            assert_eq!(outcome.tell(&list(listed), &log), well, "{killed} and {survived}");
        }
        fs::remove_file(path).unwrap();
    }
}
