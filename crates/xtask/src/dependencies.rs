//! The dependency check: `cargo deny` with the rules of `deny.toml`.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::Result;

use crate::missing::Missing;
use crate::process::{Log, answer, run};
use crate::workspace::Workspace;

/// The cargo-deny that is installed where there is none.
const CARGO_DENY: &str = "cargo-deny@0.20.2";

/// The time that one check may take.
const CHECK_LIMIT: Duration = Duration::from_secs(10 * 60);

/// The time after which the advisory database counts as not reachable.
const FETCH_LIMIT: Duration = Duration::from_secs(3 * 60);

/// Checks bans, licences and sources.
pub(crate) fn check(workspace: &Workspace, log: &Log) -> Result<()> {
    deny(workspace, &["check", "bans", "licenses", "sources"], CHECK_LIMIT, log)
}

/// Checks for advisories and yanked versions.
///
/// # Errors
///
/// [`Missing`] where the advisory database cannot be fetched. No installation helps against that,
/// so it is reported as skipped on every machine.
pub(crate) fn check_advisories(workspace: &Workspace, log: &Log) -> Result<()> {
    set_up(workspace, log)?;
    if let Err(error) = deny(workspace, &["fetch", "db"], FETCH_LIMIT, log) {
        log.note(&format!("{error:#}"));
        return Err(Missing::without_remedy("database not reachable"));
    }
    deny(workspace, &["check", "advisories"], CHECK_LIMIT, log)
}

fn deny(workspace: &Workspace, arguments: &[&str], limit: Duration, log: &Log) -> Result<()> {
    let program = set_up(workspace, log)?;
    let mut command = Command::new(program);
    command.args(arguments).current_dir(&workspace.root);
    run(&mut command, limit, log)
}

/// The cargo-deny on the PATH, else one under the target directory, installed when it is not there.
fn set_up(workspace: &Workspace, log: &Log) -> Result<PathBuf> {
    let runs = |program: &PathBuf| answer(Command::new(program).arg("--version")).is_some();
    let tools = workspace.target.join("tools");
    let own = tools.join("bin").join("cargo-deny");
    if let Some(program) = [PathBuf::from("cargo-deny"), own.clone()].into_iter().find(runs) {
        return Ok(program);
    }
    log.note(&format!("installing {CARGO_DENY} in {}", tools.display()));
    let root = tools.to_string_lossy();
    workspace
        .run_cargo(&["install", "--locked", "--root", &root, CARGO_DENY], log)
        .map_err(|error| Missing::with_remedy(format!("{error:#}"), "install cargo-deny"))?;
    Ok(own)
}
