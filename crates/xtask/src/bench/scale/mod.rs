//! `cargo xtask bench scale`: how the server behaves as it grows, in workers and in connections.
//!
//! ```text
//!  bed (programs, servers, load) --> workers     --> results --> text --> page
//!                                --> connections             --> plot
//! ```

mod bed;
mod connections;
mod plot;
mod results;
mod text;
mod workers;

use std::fs;

use anyhow::{Result, ensure};

use super::machine::Machine;
use super::page;
use super::pinning::{Pinning, descriptor_limit};
use crate::process::Log;
use crate::workspace::Workspace;
use bed::Bed;
use results::Results;

/// What to measure, and what becomes of it.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// These numbers of connections, and docs/performance.md stays as it is. Without: 1,000, 2,000,
    /// 5,000, 10,000, 20,000 and 50,000, as far as descriptors go.
    #[arg(long, value_name = "N", value_delimiter = ',', value_parser = clap::value_parser!(u64).range(100..))]
    connections: Vec<u64>,

    /// How many slices of a quarter of a second each server gets in a measurement.
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(2..))]
    rounds: u32,

    /// Leave docs/performance.md and its plot as they are.
    #[arg(long)]
    no_page: bool,
}

/// Where nobody says how many connections.
const CONNECTIONS: &[u64] = &[1_000, 2_000, 5_000, 10_000, 20_000, 50_000];

/// Descriptors that a process has for something else than its idle connections: those that are in
/// use beside them, and what the system takes.
const OTHER_DESCRIPTORS: u64 = 1_000;

/// The numbers of connections that a process has the descriptors for. Of the usual ones the largest
/// may be less round than the others, so that the limit is reached.
fn selection(wanted: &[u64], limit: Option<u64>) -> Result<Vec<u64>> {
    let most = limit.map_or(u64::MAX, |limit| limit.saturating_sub(OTHER_DESCRIPTORS));
    if !wanted.is_empty() {
        ensure!(
            wanted.iter().all(|connections| *connections <= most),
            "with {} descriptors a process may have {most} connections here (ulimit -H -n)",
            most.saturating_add(OTHER_DESCRIPTORS)
        );
        let mut wanted = wanted.to_vec();
        wanted.sort_unstable();
        wanted.dedup();
        return Ok(wanted);
    }
    ensure!(
        most >= 100,
        "for 100 connections a process needs {} descriptors (ulimit -H -n)",
        100 + OTHER_DESCRIPTORS
    );
    let mut chosen: Vec<u64> = CONNECTIONS.iter().copied().filter(|of| *of <= most).collect();
    let next = CONNECTIONS.iter().find(|of| **of > most);
    if next.is_some() && chosen.last() != Some(&most) {
        chosen.push(most);
    }
    Ok(chosen)
}

pub(crate) fn run(workspace: &Workspace, options: &Options, log: &Log) -> Result<()> {
    let limit = descriptor_limit();
    let connections = selection(&options.connections, limit)?;
    let folder = workspace.target.join("bench");
    fs::create_dir_all(&folder)?;
    let pinning = Pinning::find();
    let machine = Machine::here(workspace);
    let bed = Bed::build(workspace, pinning, &folder, log)?;
    let results = Results {
        machine,
        pinned: pinning.works,
        rounds: options.rounds,
        descriptors: limit,
        workers: workers::measure(&bed, options.rounds)?,
        growth: connections::measure(&bed, &connections, options.rounds)?,
    };
    let text = text::section(&results);
    log.note(&format!("\n{text}"));
    let kept = folder.join("scale.json");
    fs::write(&kept, serde_json::to_string_pretty(&results)? + "\n")?;
    log.note(&format!("written: {}", kept.display()));
    fs::write(folder.join("scale.svg"), plot::growth(&results.growth))?;
    if options.connections.is_empty() && !options.no_page {
        page::replace(workspace, "scale", &text)?;
        let plot = workspace.root.join("docs/performance-scale.svg");
        fs::write(plot, plot::growth(&results.growth))?;
        log.note("written: docs/performance.md and its plot");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_go_as_far_as_descriptors_do() {
        // What is asked for, the limit, and what is chosen; nothing: an error.
        let table: [(&[u64], _, &[u64]); 9] = [
            (&[], Some(20_000), &[1_000, 2_000, 5_000, 10_000, 19_000]),
            (&[], Some(21_000), &[1_000, 2_000, 5_000, 10_000, 20_000]),
            (&[], Some(1_024), &[]),
            (&[], Some(1_500), &[500]),
            (&[], Some(1_000_000), CONNECTIONS),
            (&[], None, CONNECTIONS),
            (&[3_000, 100, 3_000], Some(20_000), &[100, 3_000]),
            (&[19_001], Some(20_000), &[]),
            (&[19_001], None, &[19_001]),
        ];
        for (wanted, limit, chosen) in table {
            let selected = selection(wanted, limit).unwrap_or_default();
            assert_eq!(selected, chosen, "{wanted:?} of {limit:?}");
        }
    }
}
