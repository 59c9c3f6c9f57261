//! Where things lie: the repository's root, the target directory, and the binaries built into it.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result};

use crate::process::{Log, run};

/// The time that any one build or test run of cargo may take. Generous: a first build compiles
/// every dependency, on two cores, with thin LTO.
pub(crate) const CARGO_LIMIT: Duration = Duration::from_secs(45 * 60);

/// The repository and its target directory.
#[derive(Debug)]
pub(crate) struct Workspace {
    /// The folder that holds the workspace's `Cargo.toml`.
    pub(crate) root: PathBuf,
    /// Cargo's target directory, wherever the environment or a configuration file puts it.
    pub(crate) target: PathBuf,
}

impl Workspace {
    /// Asks cargo where the workspace and its target directory are.
    pub(crate) fn locate() -> Result<Self> {
        let output = Command::new(cargo())
            .args(["metadata", "--no-deps", "--format-version", "1"])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output()
            .context("cargo metadata does not start")?;
        let metadata: serde_json::Value = serde_json::from_slice(&output.stdout)
            .with_context(|| String::from_utf8_lossy(&output.stderr).into_owned())?;
        let path = |key: &str| {
            metadata[key].as_str().map(PathBuf::from).with_context(|| format!("no {key}"))
        };
        Ok(Self { root: path("workspace_root")?, target: path("target_directory")? })
    }

    /// Where the output of a step goes.
    pub(crate) fn log_path(&self, step: &str) -> PathBuf {
        self.target.join("xtask-logs").join(format!("{step}.log"))
    }

    /// Where the reports of the Autobahn suite go unless somebody says otherwise.
    pub(crate) fn autobahn_reports(&self) -> PathBuf {
        self.target.join("autobahn-reports")
    }

    /// A cargo command in the repository's root.
    pub(crate) fn cargo(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(cargo());
        command.args(arguments).current_dir(&self.root);
        command
    }

    /// Runs cargo with these arguments to its end.
    pub(crate) fn run_cargo(&self, arguments: &[&str], log: &Log) -> Result<()> {
        run(&mut self.cargo(arguments), CARGO_LIMIT, log)
    }

    /// Builds a binary in release mode and returns where it lies.
    pub(crate) fn build(&self, package: &str, binary: &str, log: &Log) -> Result<PathBuf> {
        self.run_cargo(&["build", "--release", "--package", package, "--bin", binary], log)?;
        Ok(self.target.join("release").join(binary))
    }
}

/// The cargo that runs this program.
fn cargo() -> PathBuf {
    std::env::var_os("CARGO").map_or_else(|| Path::new("cargo").to_owned(), PathBuf::from)
}
