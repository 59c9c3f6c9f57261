//! The Autobahn suite: where its `wstest` comes from, and how it is started.
//!
//! `wstest` runs on Python 2.7 alone. In this order: the one on the PATH; an environment under the
//! target directory, made with a `virtualenv` that still knows Python 2.7 (itself in an environment
//! of a Python 3, because Python 2.7 has no `venv`); the suite's own Docker image.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};

use crate::missing::Missing;
use crate::process::{Child, Log, answer, run};
use crate::python;
use crate::workspace::Workspace;

const IMAGE: &str = "crossbario/autobahn-testsuite:25.10.1";

/// A way to run `wstest`.
#[derive(Debug)]
pub(crate) enum Suite {
    /// A program on the PATH.
    Path,
    /// The python and the `wstest` script of an environment. The script is not started by itself:
    /// its first line holds a path, and the kernel cuts long ones.
    Environment { python: PathBuf, script: PathBuf },
    /// The Docker image.
    Docker,
}

impl Suite {
    /// Finds the suite or sets it up.
    ///
    /// # Errors
    ///
    /// [`Missing`] where none of the three ways is open.
    pub(crate) fn set_up(workspace: &Workspace, log: &Log) -> Result<Self> {
        if answer(Command::new("wstest").arg("--help")).is_some() {
            return Ok(Self::Path);
        }
        let missing = match environment(workspace, log) {
            Ok(suite) => return Ok(suite),
            Err(error) => error,
        };
        if answer(Command::new("docker").arg("info")).is_some() {
            log.note(&format!("{missing:#}; using the Docker image {IMAGE}"));
            return Ok(Self::Docker);
        }
        Err(Missing::with_remedy(
            format!("no Autobahn suite: {missing:#}"),
            "install wstest, or Python 2.7 (`pyenv install 2.7.18`), or Docker",
        ))
    }

    /// Starts `wstest` in `mode` with an effective specification; `folder` holds it and the reports.
    pub(crate) fn start(
        &self,
        mode: &str,
        specification: &Path,
        folder: &Path,
        log: &Log,
    ) -> Result<Running> {
        let mut container = None;
        let mut command = match self {
            Self::Path => Command::new("wstest"),
            Self::Environment { python, script } => {
                let mut command = Command::new(python);
                command.arg(script);
                command
            }
            Self::Docker => {
                let name = format!("longwire-{mode}-{}", std::process::id());
                let command = docker(&name, folder);
                container = Some(name);
                command
            }
        };
        // No web server: its default port may be taken, and the reports are read from files.
        command.args(["--mode", mode, "--webport", "0", "--spec"]).arg(specification);
        // Python holds output back when nobody watches, and its lines are our progress.
        command.env("PYTHONUNBUFFERED", "1").current_dir(folder);
        Ok(Running { child: Child::spawn(&mut command, log)?, container })
    }
}

/// A running `wstest`. Dropping it ends it.
#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) child: Child,
    container: Option<String>,
}

impl Drop for Running {
    fn drop(&mut self) {
        // The child is Docker's client; the container that it started outlives it.
        if let Some(name) = &self.container {
            drop(answer(Command::new("docker").args(["rm", "--force", name])));
        }
    }
}

/// `docker run … wstest`, on the host's network and with `folder` at the path it has here.
fn docker(name: &str, folder: &Path) -> Command {
    let mut volume = folder.as_os_str().to_owned();
    volume.push(":");
    volume.push(folder);
    let mut command = Command::new("docker");
    command.args(["run", "--rm", "--init", "--network", "host", "--name", name]);
    if let (Some(user), Some(group)) =
        (answer(Command::new("id").arg("-u")), answer(Command::new("id").arg("-g")))
    {
        command.arg("--user").arg(format!("{user}:{group}"));
    }
    command.args(["--env", "PYTHONUNBUFFERED=1", "--volume"]).arg(volume);
    command.arg("--workdir").arg(folder).args([IMAGE, "wstest"]);
    command
}

/// The suite in an environment of a Python 2.7.
fn environment(workspace: &Workspace, log: &Log) -> Result<Suite> {
    let folder = workspace.target.join("autobahn-venv");
    let suite = Suite::Environment {
        python: python::of_environment(&folder),
        script: folder.join("bin").join("wstest"),
    };
    let requirements = workspace.root.join("autobahn/requirements.txt");
    let wanted = python::stamp(&folder, &requirements)?;
    if python::is_current(&folder, &wanted) {
        return Ok(suite);
    }
    let python27 = python::python27().context("no Python 2.7 found")?;
    let virtualenv = python::environment(
        &workspace.target.join("virtualenv"),
        &workspace.root.join("autobahn/requirements-virtualenv.txt"),
        log,
    )?;
    log.note(&format!("setting up the Autobahn suite in {}", folder.display()));
    python::clear(&folder)?;
    let mut command = Command::new(virtualenv);
    command.args(["-m", "virtualenv", "--no-periodic-update", "--python"]).arg(python27);
    command.arg("--app-data").arg(workspace.target.join("virtualenv/app-data")).arg(&folder);
    run(&mut command, python::PIP_LIMIT, log)?;
    python::install(&folder, &requirements, log)?;
    fs::write(python::stamp_path(&folder), wanted)?;
    Ok(suite)
}
