//! The dependency check: `cargo deny` with the rules of `deny.toml`.

use std::process::Command;
use std::time::Duration;

use anyhow::Result;

use crate::missing::Missing;
use crate::process::{Log, run};
use crate::tools::Tool;
use crate::workspace::Workspace;

const CARGO_DENY: Tool =
    Tool { name: "cargo-deny", version: "0.20.2", remedy: "install cargo-deny" };

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
    CARGO_DENY.set_up(workspace, log)?;
    if let Err(error) = deny(workspace, &["fetch", "db"], FETCH_LIMIT, log) {
        log.note(&format!("{error:#}"));
        return Err(Missing::without_remedy("database not reachable"));
    }
    deny(workspace, &["check", "advisories"], CHECK_LIMIT, log)
}

fn deny(workspace: &Workspace, arguments: &[&str], limit: Duration, log: &Log) -> Result<()> {
    let program = CARGO_DENY.set_up(workspace, log)?;
    let mut command = Command::new(program);
    command.args(arguments).current_dir(&workspace.root);
    run(&mut command, limit, log)
}
