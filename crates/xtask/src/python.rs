//! Pythons and their environments: a Python 3 environment with pinned packages, and the search for
//! a Python 2.7.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result};

use crate::debian;
use crate::missing::Missing;
use crate::process::{Log, answer, run};

/// The time that pip may take: one of the suite's dependencies is compiled.
pub(crate) const PIP_LIMIT: Duration = Duration::from_secs(15 * 60);

/// The oldest Python 3 that the pinned packages run on.
const OLDEST: (u32, u32) = (3, 10);

/// The python of an environment.
pub(crate) fn of_environment(folder: &Path) -> PathBuf {
    folder.join("bin").join("python")
}

/// Makes sure that `folder` is a Python 3 environment with exactly the packages of `requirements`,
/// and returns its python.
pub(crate) fn environment(folder: &Path, requirements: &Path, log: &Log) -> Result<PathBuf> {
    let wanted = stamp(folder, requirements)?;
    if is_current(folder, &wanted) {
        return Ok(of_environment(folder));
    }
    let python = python3(log)?;
    log.note(&format!("making a Python environment in {}", folder.display()));
    clear(folder)?;
    let create = || {
        let mut command = Command::new(&python);
        command.args(["-m", "venv"]).arg(folder);
        run(&mut command, PIP_LIMIT, log)
    };
    // Debian's python3 comes without the seed packages that an environment begins with.
    if create().is_err() {
        debian::install(&["python3-venv"], "install python3-venv", log)?;
        clear(folder)?;
        create()?;
    }
    install(folder, requirements, log)?;
    fs::write(stamp_path(folder), wanted)?;
    Ok(of_environment(folder))
}

/// Installs the packages of `requirements` into an environment.
pub(crate) fn install(folder: &Path, requirements: &Path, log: &Log) -> Result<()> {
    let mut pip = Command::new(of_environment(folder));
    pip.args(["-m", "pip", "install", "--disable-pip-version-check", "--requirement"])
        .arg(requirements);
    run(&mut pip, PIP_LIMIT, log).map_err(|error| {
        Missing::with_remedy(
            format!("packages of {} not installed ({error})", requirements.display()),
            "let pip reach its package index, and install a C compiler",
        )
    })
}

/// What an environment is stamped with once it is complete: where it is (environments cannot be
/// moved) and what it holds.
pub(crate) fn stamp(folder: &Path, requirements: &Path) -> Result<String> {
    let packages = fs::read_to_string(requirements)
        .with_context(|| format!("cannot read {}", requirements.display()))?;
    Ok(format!("{}\n{packages}", folder.display()))
}

/// Where the stamp lies.
pub(crate) fn stamp_path(folder: &Path) -> PathBuf {
    folder.join("xtask-stamp")
}

/// Whether an environment is complete, is stamped with `wanted`, and still has its interpreter.
pub(crate) fn is_current(folder: &Path, wanted: &str) -> bool {
    fs::read_to_string(stamp_path(folder)).is_ok_and(|found| found == wanted)
        && version(of_environment(folder)).is_some()
}

/// Removes an environment that is incomplete or out of date.
pub(crate) fn clear(folder: &Path) -> Result<()> {
    if folder.exists() {
        fs::remove_dir_all(folder).with_context(|| format!("cannot clear {}", folder.display()))?;
    }
    Ok(())
}

/// A Python 3 that is new enough: the PATH's, else pyenv's newest.
fn python3(log: &Log) -> Result<PathBuf> {
    const REMEDY: &str = "install Python 3.10 or later, with venv";
    let find = || {
        std::iter::once(PathBuf::from("python3"))
            .chain(of_pyenv("3.", "python3"))
            .find(|python| version(python).is_some_and(|version| version >= OLDEST))
    };
    if let Some(python) = find() {
        return Ok(python);
    }
    debian::install(&["python3", "python3-venv"], REMEDY, log)?;
    find().ok_or_else(|| Missing::with_remedy("no Python 3 is new enough", REMEDY))
}

/// A Python 2.7: the PATH's, else one of pyenv's.
pub(crate) fn python27() -> Option<PathBuf> {
    std::iter::once(PathBuf::from("python2.7"))
        .chain(of_pyenv("2.7.", "python2.7"))
        .chain([PathBuf::from("python2")])
        .find(|python| version(python) == Some((2, 7)))
}

/// The interpreters that pyenv keeps and whose version begins with `prefix`, newest first.
fn of_pyenv(prefix: &str, program: &str) -> Vec<PathBuf> {
    let root = std::env::var_os("PYENV_ROOT").map(PathBuf::from);
    let home = std::env::var_os("HOME").map(|home| Path::new(&home).join(".pyenv"));
    let Some(versions) = root.or(home).map(|root| root.join("versions")) else {
        return Vec::new();
    };
    let mut found: Vec<(Vec<u32>, OsString)> = fs::read_dir(&versions)
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.file_name()))
        .filter(|name| name.to_string_lossy().starts_with(prefix))
        .map(|name| {
            let numbers = name.to_string_lossy().split('.').flat_map(str::parse).collect();
            (numbers, name)
        })
        .collect();
    found.sort();
    found.iter().rev().map(|(_, name)| versions.join(name).join("bin").join(program)).collect()
}

/// The major and minor version of an interpreter. One that does not run has none: pyenv puts names
/// on the PATH that start nothing.
fn version(python: impl AsRef<Path>) -> Option<(u32, u32)> {
    let script = "import sys; print('%d.%d' % sys.version_info[:2])";
    let text = answer(Command::new(python.as_ref()).args(["-c", script]))?;
    let (major, minor) = text.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}
