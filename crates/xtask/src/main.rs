//! `cargo xtask …`: the commands that look after this repository.
//!
//! Each command sets up what it needs under the target directory and says in one line what to
//! install where it cannot. The steps of `cargo xtask test` are listed in `steps.rs`; everything
//! else is one noun a file.

mod autobahn;
mod bench;
mod browser;
mod clients;
mod coverage;
mod debian;
mod dependencies;
mod differential;
mod fuzz;
mod missing;
mod mutants;
mod node;
mod peers;
mod peers_list;
mod peers_page;
mod peers_run;
mod process;
mod python;
mod rfc;
mod sdk;
mod sources;
mod steps;
mod suite;
mod system_calls;
mod table;
mod tools;
mod tree;
mod verdicts;
mod workspace;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::autobahn::Role;
use crate::process::Log;
use crate::verdicts::Selection;
use crate::workspace::Workspace;

/// Everything that looks after the Longwire repository.
#[derive(Parser)]
#[command(
    bin_name = "cargo xtask",
    arg_required_else_help = true,
    after_help = "Virtual environments, npm folders, tools, logs and reports all live under the \
                  target directory; deleting it is always safe. Alone Node, Python 3, strace and Chromium \
                  are not: where they are missing, and it runs as root, it installs Debian's."
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run every check: format, lints, tests, documentation, dependencies, real clients, Autobahn.
    ///
    /// Steps go on after a failure, and a table ends the run. The output of a step is shown when it
    /// fails, and lies in target/xtask-logs/STEP.log in any case. A step whose tools cannot be set
    /// up is listed as skipped, with what to install; where the environment has CI=true, that is a
    /// failure, unless nothing could be installed that would help. A step that takes more than 30
    /// minutes, or 90 if only --full runs it, is ended with all processes that it has started, and
    /// has failed.
    Test {
        /// Also run what is slow: the tests marked `#[ignore]`, in a release build, and Autobahn's
        /// long cases.
        #[arg(long)]
        full: bool,

        /// Run these steps alone; a first word picks a family (`autobahn` is both of its steps).
        #[arg(long, value_name = "STEP", value_delimiter = ',')]
        only: Vec<String>,

        /// List the steps and run none.
        #[arg(long)]
        list: bool,
    },

    /// Run the Autobahn suite against `longwire echo` and against the engine's client.
    ///
    /// Uses `wstest` from the PATH, else a Python 2.7 with autobahntestsuite in an environment
    /// under the target directory, else the Docker image. Fails on every case that does not come
    /// out as autobahn/expected.json says, and on every case that is missing.
    Autobahn {
        /// The side to test; both when none is named.
        #[arg(value_enum)]
        roles: Vec<Role>,

        /// The cases to run; the long ones are most of 12.x and 13.x, and take ten minutes a role.
        #[arg(long, value_enum, default_value_t = Selection::All)]
        cases: Selection,

        /// Where the suite's HTML and JSON go, in a folder for each role
        /// [default: autobahn-reports in the target directory].
        #[arg(long, value_name = "DIR")]
        reports: Option<PathBuf>,
    },

    /// Measure Longwire beside other libraries, and write docs/performance.md.
    #[command(subcommand)]
    Bench(bench::Benchmark),

    /// Run the fuzz targets, one after the other, on one core.
    ///
    /// Needs the nightly toolchain and a C++ compiler; installs cargo-fuzz. What is found goes to
    /// target/fuzz-corpus, and to fuzz/corpus only with --merge. Fails on a crash, and says where
    /// the input lies and how to replay it with the stable compiler.
    Fuzz(fuzz::Options),

    /// Compare Longwire with other WebSocket libraries, over streams made from a seed.
    ///
    /// Fails where a library makes something else of a stream and tests/divergences.md does not
    /// say why, or tells of an example that is not so.
    Differential(differential::Options),

    /// Run the conformance suite against Longwire and other libraries, and write the page about it.
    ///
    /// Needs Python 3 and Node with npm; installs and builds the libraries under the target directory.
    /// Fails where a run comes to no result, or where Longwire fails a MUST or a SHOULD; what others
    /// fail is on the page.
    ConformPeers(peers::Options),

    /// Measure which lines of the engine the tests reach: a table by file.
    ///
    /// Installs cargo-tarpaulin. Fails where fewer than 98 % are covered.
    Coverage,

    /// Break the engine's core in one place at a time, and see whether the tests notice.
    ///
    /// Installs cargo-mutants. Takes hours for everything, minutes for a file. Fails where fewer
    /// than 95 % of the mutants that compile are killed, and on a survivor that tests/mutants.md
    /// does not list.
    Mutants(mutants::Options),

    /// Show each rule of the standards with the code that keeps it and the tests that hold it.
    ///
    /// Fails on a gap: a rule without a test, a test without a rule, code that does not cite its
    /// section. tests/requirements/README.md says how a rule is written down.
    Rfc(rfc::Options),
}

fn main() -> ExitCode {
    match run(Arguments::parse().command) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Runs one command; `false` is a failure that has been reported already.
fn run(command: Command) -> anyhow::Result<bool> {
    let workspace = Workspace::locate()?;
    match command {
        Command::Test { list: true, .. } => {
            steps::list();
            Ok(true)
        }
        Command::Test { full, only, .. } => {
            let steps = steps::select(full, &only)?;
            table::run(&workspace, &steps)
        }
        Command::Autobahn { roles, cases, reports } => {
            let reports = match reports {
                Some(folder) => std::path::absolute(folder)?,
                None => workspace.autobahn_reports(),
            };
            let roles = if roles.is_empty() { vec![Role::Server, Role::Client] } else { roles };
            let mut as_expected = true;
            for role in roles {
                let log = Log::create(&workspace.log_path(&format!("autobahn-{role}")), true)?;
                if let Err(error) = autobahn::run(&workspace, role, cases, &reports, &log) {
                    eprintln!("autobahn {role}: {error:#}; the log is {}", log.path().display());
                    as_expected = false;
                }
            }
            Ok(as_expected)
        }
        Command::Bench(benchmark) => bench::run(&workspace, &benchmark).map(|()| true),
        Command::Differential(options) => {
            let log = Log::create(&workspace.log_path("differential"), true)?;
            differential::run(&workspace, &options, &log).map(|()| true)
        }
        Command::Fuzz(options) => {
            let log = Log::create(&workspace.log_path("fuzz"), true)?;
            fuzz::run(&workspace, &options, &log)
        }
        Command::ConformPeers(options) => {
            let log = Log::create(&workspace.log_path("conform-peers"), true)?;
            peers::run(&workspace, &options, &log)
        }
        Command::Coverage => {
            let log = Log::create(&workspace.log_path("coverage"), true)?;
            coverage::run(&workspace, &log)
        }
        Command::Mutants(options) => {
            let log = Log::create(&workspace.log_path("mutants"), true)?;
            mutants::run(&workspace, &options, &log)
        }
        Command::Rfc(options) => rfc::run(&workspace, &options),
    }
}
