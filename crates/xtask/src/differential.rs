//! Differential fuzzing: the package `tests/differential`, which is no member of the workspace, so
//! that the libraries that Longwire is compared with are in nobody else's tree.

use std::process::Command;

use anyhow::Result;

use crate::process::{Log, run as run_command};
use crate::workspace::{CARGO_LIMIT, Workspace};

/// What `cargo xtask differential` is asked for.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// How many streams are made.
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    streams: u64,

    /// What they are made from.
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
}

/// Of the step of `cargo xtask test`: the same streams each time, in a few seconds.
const STEP: Options = Options { streams: 50_000, seed: 1 };

/// Compares, and fails on what tests/divergences.md does not tell.
pub(crate) fn run(workspace: &Workspace, options: &Options, log: &Log) -> Result<()> {
    let mut command = cargo(workspace, "run");
    command.args(["--", "--streams", &options.streams.to_string()]);
    command.args(["--seed", &options.seed.to_string()]);
    run_command(&mut command, CARGO_LIMIT, log)
}

/// The same with few streams, and the package's own tests.
pub(crate) fn check(workspace: &Workspace, log: &Log) -> Result<()> {
    run_command(&mut cargo(workspace, "test"), CARGO_LIMIT, log)?;
    run(workspace, &STEP, log)
}

fn cargo(workspace: &Workspace, command: &str) -> Command {
    let mut cargo = workspace.cargo(&[command, "--release"]);
    cargo.arg("--manifest-path").arg(workspace.root.join("tests/differential/Cargo.toml"));
    cargo.arg("--target-dir").arg(workspace.target.join("differential"));
    cargo
}
