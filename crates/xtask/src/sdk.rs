//! Client libraries of others, as they are, with `longwire serve`: npm's `centrifuge` over each of its
//! transports, and PyPI's `cent` with the API. Their tests lie in `tests/sdk`.

use std::ffi::OsStr;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

use crate::process::{Log, run};
use crate::workspace::Workspace;
use crate::{node, python};

/// The time that all tests of one library may take. They take half a minute.
const TESTS_LIMIT: Duration = Duration::from_secs(10 * 60);

/// npm's `centrifuge`: all files `*.test.cjs`, in Node's own test runner.
pub(crate) fn centrifuge(workspace: &Workspace, log: &Log) -> Result<()> {
    let scripts = workspace.root.join("tests/sdk/centrifuge");
    let modules = node::modules(&workspace.target.join("sdk-centrifuge"), &scripts, log)?;
    let server = server(workspace, log)?;
    let mut tests = Vec::new();
    for entry in fs::read_dir(&scripts).with_context(|| scripts.display().to_string())? {
        tests.push(entry?.path());
    }
    let is_test = |path: &PathBuf| {
        path.file_name().and_then(OsStr::to_str).is_some_and(|name| name.ends_with(".test.cjs"))
    };
    tests.retain(is_test);
    tests.sort();
    ensure!(!tests.is_empty(), "there are no tests in {}", scripts.display());
    for test in tests {
        let mut command = Command::new("node");
        command.args(["--test", "--test-reporter", "spec"]).arg(test);
        command.env("NODE_PATH", &modules).env("LONGWIRE", &server);
        run(&mut command, TESTS_LIMIT, log)?;
    }
    Ok(())
}

/// PyPI's `cent`.
pub(crate) fn cent(workspace: &Workspace, log: &Log) -> Result<()> {
    let scripts = workspace.root.join("tests/sdk/cent");
    let python = python::environment(
        &workspace.target.join("sdk-cent"),
        &scripts.join("requirements.txt"),
        log,
    )?;
    let server = server(workspace, log)?;
    let mut command = Command::new(python);
    command.arg(scripts.join("api.py")).arg(server).env("PYTHONDONTWRITEBYTECODE", "1");
    run(&mut command, TESTS_LIMIT, log)
}

/// The server, with all assertions: a build without optimisation.
fn server(workspace: &Workspace, log: &Log) -> Result<PathBuf> {
    workspace.run_cargo(&["build", "--package", "longwire-cli"], log)?;
    Ok(workspace.target.join("debug").join("longwire"))
}
