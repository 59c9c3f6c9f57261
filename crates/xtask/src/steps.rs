//! The steps of `cargo xtask test`, in the order in which they run: what is quick comes first.

use std::time::Duration;

use anyhow::{Result, bail, ensure};

use crate::autobahn::{self, Role};
use crate::browser;
use crate::clients;
use crate::dependencies;
use crate::differential;
use crate::process::{Child, Log, run};
use crate::rfc;
use crate::sdk;
use crate::sources;
use crate::system_calls;
use crate::verdicts::Selection;
use crate::workspace::{CARGO_LIMIT, Workspace};

/// The time that a step may take. Generous: the slowest takes seven minutes where nothing has been
/// built yet and two slow cores are all there is.
const LIMIT: Duration = Duration::from_secs(30 * 60);

/// The same for one of the slow steps, most of which take ten minutes.
const SLOW_LIMIT: Duration = Duration::from_secs(90 * 60);

/// One named check.
pub(crate) struct Step {
    /// A name for the command line and the log: a family, or a family and a member of it.
    pub(crate) name: &'static str,
    about: &'static str,
    /// The check itself. It fails with the error `Missing` where it could not be set up.
    pub(crate) run: fn(&Workspace, &Log) -> Result<()>,
}

impl Step {
    /// The time after which it is ended, and has failed.
    pub(crate) fn limit(&self) -> Duration {
        let slow = SLOW_STEPS.iter().any(|step| step.name == self.name);
        if slow { SLOW_LIMIT } else { LIMIT }
    }
}

const STEPS: &[Step] = &[
    Step { name: "format", about: "the sources are formatted", run: format },
    Step { name: "unsafe", about: "no crate has unsafe code", run: sources::check_unsafe },
    Step { name: "lengths", about: "no file or function too long", run: sources::check_lengths },
    Step { name: "rfc", about: "rules, their code and their tests fit", run: rfc::check },
    Step { name: "clippy", about: "no lint of any target of the workspace", run: clippy },
    Step { name: "clippy-engine", about: "nor of the engine with fewer features", run: engine },
    Step { name: "test", about: "unit, integration and documentation tests", run: test },
    Step { name: "system-calls", about: "real ones fail once each", run: system_calls::check },
    Step { name: "no-std", about: "the engine without std and allocator", run: no_std },
    Step { name: "differential", about: "other libraries, as told", run: differential::check },
    Step { name: "documentation", about: "rustdoc without a warning", run: documentation },
    Step { name: "dependencies", about: "bans, licences, sources", run: dependencies::check },
    Step { name: "advisories", about: "advisories, yanks", run: dependencies::check_advisories },
    Step { name: "clients-python", about: "PyPI's websockets, both ways", run: clients::python },
    Step { name: "clients-node", about: "npm's ws, both ways", run: clients::node },
    Step { name: "sdk-centrifuge", about: "npm's centrifuge, on the server", run: sdk::centrifuge },
    Step { name: "sdk-cent", about: "PyPI's cent, on its API", run: sdk::cent },
    Step {
        name: "autobahn-server",
        about: "the suite's quick cases against longwire echo",
        run: server,
    },
    Step { name: "autobahn-client", about: "… and against the engine's client", run: client },
];

/// What only `--full` runs.
const SLOW_STEPS: &[Step] = &[
    Step { name: "slow-tests", about: "--full: the tests marked as slow", run: slow_tests },
    Step {
        name: "slow-autobahn-server",
        about: "--full: the suite's long cases",
        run: long_server,
    },
    Step { name: "slow-autobahn-client", about: "--full: … in the other role", run: long_client },
];

/// Prints the steps.
pub(crate) fn list() {
    for step in STEPS.iter().chain(SLOW_STEPS) {
        println!("{:20} {}", step.name, step.about);
    }
}

/// The steps to run: all of them, or those of `only`, which names steps or families.
pub(crate) fn select(full: bool, only: &[String]) -> Result<Vec<&'static Step>> {
    let named = |step: &Step, name: &str| {
        step.name.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    };
    let all = || STEPS.iter().chain(SLOW_STEPS);
    for name in only {
        if !all().any(|step| named(step, name)) {
            bail!("no step is called {name:?}; `cargo xtask test --list` shows them");
        }
    }
    Ok(if only.is_empty() {
        if full { all().collect() } else { STEPS.iter().collect() }
    } else {
        all().filter(|step| only.iter().any(|name| named(step, name))).collect()
    })
}

fn format(workspace: &Workspace, log: &Log) -> Result<()> {
    workspace.run_cargo(&["fmt", "--all", "--check"], log)
}

fn clippy(workspace: &Workspace, log: &Log) -> Result<()> {
    workspace.run_cargo(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"], log)
}

fn engine(workspace: &Workspace, log: &Log) -> Result<()> {
    let engine = ["clippy", "--package", "longwire", "--no-default-features"];
    for features in [&[] as &[&str], &["--features", "alloc"]] {
        workspace.run_cargo(&[&engine, features, &["--", "-D", "warnings"]].concat(), log)?;
    }
    Ok(())
}

fn test(workspace: &Workspace, log: &Log) -> Result<()> {
    // Without a browser all but a few are run, and what was not is said when they have passed.
    let browser = browser::set_up(log);
    let mut tests = workspace.cargo(&["test", "--workspace"]);
    tests.envs(browser.is_ok().then_some((browser::REQUIRED, "1")));
    run(&mut tests, CARGO_LIMIT, log)?;
    // Some of the engine's code is there only without a feature.
    let engine = ["test", "--package", "longwire", "--lib", "--no-default-features"];
    workspace.run_cargo(&engine, log)?;
    workspace.run_cargo(&[&engine[..], &["--features", "alloc"]].concat(), log)?;
    browser
}

fn slow_tests(workspace: &Workspace, log: &Log) -> Result<()> {
    workspace.run_cargo(&["test", "--workspace", "--release", "--", "--ignored"], log)
}

/// Links the engine into a binary that has neither `std` nor an allocator, and runs it. With the
/// feature that needs an allocator the same binary must not link, or the proof would prove nothing.
fn no_std(workspace: &Workspace, log: &Log) -> Result<()> {
    let cargo = |command: &str, rest: &[&str]| {
        let mut cargo = workspace.cargo(&[command, "--release"]);
        cargo.arg("--manifest-path").arg(workspace.root.join("tests/no-std/Cargo.toml"));
        cargo.arg("--target-dir").arg(workspace.target.join("no-std")).args(rest);
        cargo
    };
    run(&mut cargo("run", &[]), CARGO_LIMIT, log)?;

    const WANTED: &str = "error: no global memory allocator found";
    let mut found = false;
    let mut build = Child::spawn(&mut cargo("build", &["--features", "must-not-link"]), log)?;
    build.wait(CARGO_LIMIT, |line| found |= line.starts_with(WANTED))?;
    ensure!(found, "with the feature `alloc` the binary should end with {WANTED:?}");
    Ok(())
}

fn documentation(workspace: &Workspace, log: &Log) -> Result<()> {
    // The binary `longwire` would be written over the library of the same name.
    let packages = ["--workspace", "--exclude", "longwire-cli"];
    let mut command =
        workspace.cargo(&[&["doc", "--no-deps", "--all-features"], &packages[..]].concat());
    run(command.env("RUSTDOCFLAGS", "-D warnings"), CARGO_LIMIT, log)
}

fn server(workspace: &Workspace, log: &Log) -> Result<()> {
    suite(workspace, Role::Server, Selection::Quick, log)
}

fn client(workspace: &Workspace, log: &Log) -> Result<()> {
    suite(workspace, Role::Client, Selection::Quick, log)
}

fn long_server(workspace: &Workspace, log: &Log) -> Result<()> {
    suite(workspace, Role::Server, Selection::Long, log)
}

fn long_client(workspace: &Workspace, log: &Log) -> Result<()> {
    suite(workspace, Role::Client, Selection::Long, log)
}

fn suite(workspace: &Workspace, role: Role, selection: Selection, log: &Log) -> Result<()> {
    autobahn::run(workspace, role, selection, &workspace.autobahn_reports(), log)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(full: bool, only: &[&str]) -> Vec<&'static str> {
        let only: Vec<String> = only.iter().map(|&name| name.to_owned()).collect();
        select(full, &only).unwrap().iter().map(|step| step.name).collect()
    }

    #[test]
    fn steps_are_selected_by_name_and_by_family() {
        assert_eq!(names(false, &[]).len(), STEPS.len());
        assert_eq!(names(true, &[]).len(), STEPS.len() + SLOW_STEPS.len());
        assert_eq!(names(false, &["autobahn"]), ["autobahn-server", "autobahn-client"]);
        assert_eq!(names(false, &["autobahn-client", "format"]), ["format", "autobahn-client"]);
        assert_eq!(names(false, &["slow-tests"]), ["slow-tests"]);
    }

    #[test]
    fn an_unknown_step_is_an_error() {
        let error = select(false, &["auto".to_owned()]).map(|_| ()).unwrap_err();
        assert!(error.to_string().starts_with("no step is called \"auto\""), "{error}");
    }
}
