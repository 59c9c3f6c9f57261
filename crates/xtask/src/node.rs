//! npm folders: a copy of a `package.json` and its lock file under the target directory, installed
//! with `npm ci`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result};

use crate::debian;
use crate::missing::Missing;
use crate::process::{Log, answer, run};

const NPM_LIMIT: Duration = Duration::from_secs(10 * 60);

/// Makes sure that `folder` has the packages that the lock file in `manifest` names, and returns
/// its `node_modules`.
pub(crate) fn modules(folder: &Path, manifest: &Path, log: &Log) -> Result<PathBuf> {
    let installed = folder.join("node_modules");
    let stamp = folder.join("xtask-stamp");
    let lock = manifest.join("package-lock.json");
    let wanted =
        fs::read_to_string(&lock).with_context(|| format!("cannot read {}", lock.display()))?;
    require_node(log)?;
    if installed.is_dir() && fs::read_to_string(&stamp).is_ok_and(|found| found == wanted) {
        return Ok(installed);
    }
    log.note(&format!("installing npm packages in {}", folder.display()));
    fs::create_dir_all(folder)?;
    for name in ["package.json", "package-lock.json"] {
        fs::copy(manifest.join(name), folder.join(name))?;
    }
    let mut npm = Command::new("npm");
    npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(folder);
    run(&mut npm, NPM_LIMIT, log).map_err(|error| {
        Missing::with_remedy(
            format!("packages of {} not installed ({error})", lock.display()),
            "let npm reach its registry",
        )
    })?;
    fs::write(stamp, wanted)?;
    Ok(installed)
}

/// Makes sure that node and npm are on the PATH.
fn require_node(log: &Log) -> Result<()> {
    const REMEDY: &str = "install Node.js 18 or later, with npm";
    let present =
        || ["node", "npm"].iter().all(|program| answer(Command::new(program).arg("-v")).is_some());
    if present() {
        return Ok(());
    }
    debian::install(&["nodejs", "npm"], REMEDY, log)?;
    if present() {
        return Ok(());
    }
    Err(Missing::with_remedy("node and npm do not run", REMEDY))
}
