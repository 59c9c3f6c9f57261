//! `cargo xtask bench codec`: the engine in memory beside other libraries. The measuring is a program
//! of its own, `benches/codec`, which is no member of the workspace, so that those libraries are in
//! nobody else's tree. It is built here, run, and what it found written into docs/performance.md.

use std::ffi::OsString;
use std::fs;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use super::machine::Machine;
use super::page;
use crate::process::{Log, run as run_command};
use crate::workspace::{CARGO_LIMIT, Workspace};

/// Where glibc looks for its tunables, `name=value` with colons between.
const TUNABLES: &str = "GLIBC_TUNABLES";

/// No copy is so long that glibc makes it with `rep movsb`, as it does from some 2 KiB on.
const NO_REP_MOVSB: &str = "glibc.cpu.x86_rep_movsb_threshold=0xffffffffffffffff";

/// Why, for the page. Measured: 16 KiB take 0.2 to 0.3 µs, and 6 to 9 µs in that case.
const ABOUT_COPIES: &str = "\
    glibc's memcpy is kept from `rep movsb` (GLIBC_TUNABLES): on AMD's Zen 3 that takes some thirty times \
    as long where the target happens to lie 1 to 31 bytes behind the source, modulo 4,096, so that luck \
    in where malloc puts a buffer would decide rows of any library.";

/// What to measure, and what becomes of it.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Only rows with this in their name. Then docs/performance.md stays as it is.
    #[arg(long, value_name = "ROW", value_delimiter = ',')]
    row: Vec<String>,

    /// Only this implementation; can be said again. Then docs/performance.md stays as it is.
    #[arg(long, value_name = "NAME")]
    only: Vec<String>,

    /// How many slices of time each implementation gets in a row.
    #[arg(long, value_name = "N", default_value_t = 15, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,

    /// Count no instructions, which valgrind does for the short messages and takes most of the time.
    #[arg(long)]
    no_instructions: bool,

    /// Leave docs/performance.md as it is.
    #[arg(long)]
    no_page: bool,
}

/// Builds, measures, and writes the page where everything was measured.
pub(crate) fn run(workspace: &Workspace, options: &Options, log: &Log) -> Result<()> {
    let machine = Machine::here(workspace);
    let target = workspace.target.join("codec");
    let mut build = workspace.cargo(&["build", "--release", "--manifest-path"]);
    build.arg(workspace.root.join("benches/codec/Cargo.toml")).arg("--target-dir").arg(&target);
    log.note("building benches/codec");
    run_command(&mut build, CARGO_LIMIT, log)?;

    let folder = workspace.target.join("bench");
    fs::create_dir_all(&folder)?;
    let (figures, tables) = (folder.join("codec.json"), folder.join("codec.md"));
    let mut program = Command::new(target.join("release/codec"));
    program.arg("--json").arg(&figures).arg("--markdown").arg(&tables);
    program.args(["--rounds", &options.rounds.to_string()]);
    program.env(TUNABLES, without_rep_movsb(std::env::var_os(TUNABLES)));
    if !options.no_instructions {
        program.arg("--instructions");
    }
    // It has a progress line, and ends with tables: the terminal is its own.
    let status = with_selection(&mut program, options).status().context("codec does not start")?;
    ensure!(status.success(), "codec failed: {status}");
    log.note(&format!("the figures are in {}", figures.display()));

    if options.no_page || !options.row.is_empty() || !options.only.is_empty() {
        return Ok(());
    }
    let tables = fs::read_to_string(&tables)?;
    let page = format!("`cargo xtask bench codec`: {machine}.\n\n{ABOUT_COPIES}\n\n{tables}");
    page::replace(workspace, "codec", &page)
}

fn with_selection<'c>(program: &'c mut Command, options: &Options) -> &'c mut Command {
    if !options.row.is_empty() {
        program.args(["--row", &options.row.join(",")]);
    }
    if !options.only.is_empty() {
        program.args(["--only", &options.only.join(";")]);
    }
    program
}

/// The tunables that are set already, and ours, which counts where both are of one name.
fn without_rep_movsb(set: Option<OsString>) -> OsString {
    let mut tunables = set.unwrap_or_default();
    if !tunables.is_empty() {
        tunables.push(":");
    }
    tunables.push(NO_REP_MOVSB);
    tunables
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tunables_that_are_set_are_kept() {
        let table = [
            (None, NO_REP_MOVSB.to_owned()),
            (Some(""), NO_REP_MOVSB.to_owned()),
            (Some("glibc.malloc.perturb=1"), format!("glibc.malloc.perturb=1:{NO_REP_MOVSB}")),
        ];
        for (set, wanted) in table {
            assert_eq!(without_rep_movsb(set.map(OsString::from)), *wanted, "{set:?}");
        }
    }
}
