//! Cargo's subcommands that Rust does not bring along: the one on the PATH, else one under the
//! target directory, installed when it is not there.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use crate::missing::Missing;
use crate::process::{Log, answer};
use crate::workspace::Workspace;

/// A program that `cargo install` can install.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tool {
    /// The name of the program and of its package.
    pub(crate) name: &'static str,
    /// The version that is installed where there is none.
    pub(crate) version: &'static str,
    /// What to do where that fails, such as "install cargo-deny".
    pub(crate) remedy: &'static str,
}

impl Tool {
    /// Where the program is, after it was installed if need be.
    ///
    /// # Errors
    ///
    /// [`Missing`] where it cannot be installed.
    pub(crate) fn set_up(self, workspace: &Workspace, log: &Log) -> Result<PathBuf> {
        // Some programs want the word that cargo puts in front of their arguments, others do without.
        let word = self.name.trim_start_matches("cargo-");
        let runs = |program: &PathBuf| {
            let answers = |words: &[&str]| answer(Command::new(program).args(words)).is_some();
            answers(&["--version"]) || answers(&[word, "--version"])
        };
        let tools = workspace.target.join("tools");
        let own = tools.join("bin").join(self.name);
        if let Some(program) = [PathBuf::from(self.name), own.clone()].into_iter().find(runs) {
            return Ok(program);
        }
        let package = format!("{}@{}", self.name, self.version);
        log.note(&format!("installing {package} in {}", tools.display()));
        let root = tools.to_string_lossy();
        // Not optimised: they work for a second, and an optimised build takes minutes.
        workspace
            .run_cargo(&["install", "--debug", "--locked", "--root", &root, &package], log)
            .map_err(|error| Missing::with_remedy(format!("{error:#}"), self.remedy))?;
        Ok(own)
    }
}
