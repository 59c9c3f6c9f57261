//! `cargo xtask bench fanout`: publications to many subscribers, on our server and on others.
//!
//! ```text
//!  servers (longwire: its configurations), crowd (a server with its load) --> results --> text --> page
//!  stalled (the same crowd, and one that does not read; api)      --> results         --> plot
//! ```

mod api;
mod crowd;
mod latencies;
mod longwire;
mod plot;
mod results;
mod servers;
mod stalled;
mod text;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};

use super::machine::Machine;
use super::page;
use super::pinning::Pinning;
use super::results::Entry;
use crate::process::Log;
use crate::workspace::Workspace;
use crowd::Crowd;
use results::{LatencyRun, Memory, Results, Run, Workload};
use servers::{LONGWIRE, Ready, SERVERS, Server};

/// What to measure, and what becomes of it.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// So many subscribers, and docs/performance.md stays as it is. Without: 1,000 and 5,000.
    #[arg(long, value_name = "N", value_delimiter = ',', value_parser = clap::value_parser!(u16).range(100..=10_000))]
    subscribers: Vec<u16>,

    /// These peers alone, beside Longwire; docs/performance.md stays as it is.
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    peers: Vec<String>,

    /// The part with a subscriber that does not read, alone; docs/performance.md stays as it is.
    #[arg(long, conflicts_with = "peers")]
    stalled_only: bool,

    /// How many slices each server gets in a workload, and a third of the pairs of slices of each
    /// policy.
    #[arg(long, value_name = "N", default_value_t = 13, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,

    /// Leave docs/performance.md and its plot as they are.
    #[arg(long)]
    no_page: bool,

    /// Measure nothing: write page and plot again, from the figures of the last complete run.
    #[arg(long, conflicts_with_all = ["subscribers", "peers", "stalled_only", "no_page"])]
    page_only: bool,
}

/// Where nobody says how many subscribers.
const SUBSCRIBERS: &[usize] = &[1_000, 5_000];
/// The lengths of a publication.
const SIZES_BYTES: [u32; 2] = [128, 2048];
/// Publications in flight.
const IN_FLIGHT: [u32; 2] = [1, 16];

/// Publications a second, and their length, where latency is measured: with as many subscribers as
/// are measured at the least.
const EACH_SECOND: u32 = 20;
const LATENCY_BYTES: u32 = 128;

impl Options {
    fn is_complete(&self) -> bool {
        self.subscribers.is_empty() && self.peers.is_empty() && !self.stalled_only
    }

    /// The numbers of subscribers, the least first.
    fn subscribers(&self) -> Vec<usize> {
        let mut wanted: Vec<usize> = self.subscribers.iter().copied().map(usize::from).collect();
        if wanted.is_empty() {
            wanted.extend(SUBSCRIBERS);
        }
        wanted.sort_unstable();
        wanted.dedup();
        wanted
    }

    fn servers(&self) -> Result<Vec<&'static Server>> {
        for name in &self.peers {
            let names: Vec<_> = SERVERS.iter().skip(1).map(|server| server.name).collect();
            ensure!(
                names.contains(&name.as_str()),
                "no peer is called {name:?}; there are {}",
                names.join(", ")
            );
        }
        let chosen = |server: &&Server| {
            let named = self.peers.iter().any(|name| name == server.name);
            let all = self.peers.is_empty() && !self.stalled_only;
            all || named || server.name == LONGWIRE
        };
        Ok(SERVERS.iter().filter(chosen).collect())
    }
}

pub(crate) fn run(workspace: &Workspace, options: &Options, log: &Log) -> Result<()> {
    let folder = workspace.target.join("bench");
    fs::create_dir_all(&folder)?;
    let kept = folder.join("fanout.json");
    if options.page_only {
        let json =
            fs::read(&kept).with_context(|| format!("no {}: measure first", kept.display()))?;
        return publish(workspace, &serde_json::from_slice(&json)?, log);
    }
    let (results, failures) = measure(workspace, options, &folder, log)?;
    log.note(&format!("\n{}", text::section(&results)));
    let has_own = results.servers.iter().any(|server| server.name == LONGWIRE);
    let complete = options.is_complete() && failures.is_empty() && has_own;
    let kept = if complete { kept } else { folder.join("fanout-part.json") };
    fs::write(&kept, serde_json::to_string(&results)? + "\n")?;
    fs::write(kept.with_extension("svg"), plot::throughput(&results))?;
    log.note(&format!("written: {}", kept.display()));
    if complete && !options.no_page {
        publish(workspace, &results, log)?;
    }
    ensure!(failures.is_empty(), "not measured: {}", failures.join("; "));
    Ok(())
}

/// Writes the section of the page, and the plot beside it.
fn publish(workspace: &Workspace, results: &Results, log: &Log) -> Result<()> {
    page::replace(workspace, "fanout", &text::section(results))?;
    let plot = workspace.root.join("docs/performance-fanout.svg");
    fs::write(plot, plot::throughput(results))?;
    log.note("written: docs/performance.md and its plot");
    Ok(())
}

/// Everything that the measuring needs.
struct Bench<'a> {
    tool: PathBuf,
    folder: &'a Path,
    pinning: Pinning,
    rounds: u32,
    log: &'a Log,
    /// What went wrong so far; the rest is measured all the same.
    failures: Vec<String>,
}

fn measure(
    workspace: &Workspace,
    options: &Options,
    folder: &Path,
    log: &Log,
) -> Result<(Results, Vec<String>)> {
    let servers = options.servers()?;
    let tool = workspace.build("longwire-benches", "fanout", log)?;
    let (mut ready, mut missing) = (Vec::new(), Vec::new());
    for server in servers {
        log.note(&format!("setting up {}", server.name));
        match server.set_up(workspace, log) {
            Ok(server) => ready.push(server),
            Err(error) => {
                log.note(&format!("{} is missing: {error:#}", server.name));
                missing.push((server.name.to_owned(), format!("{error:#}")));
            }
        }
    }
    let pinning = Pinning::find();
    if !pinning.works {
        log.note("servers and load share their processors: that takes two of them, and taskset");
    }
    let entry = |ready: &Ready| Entry {
        name: ready.server.name.to_owned(),
        version: ready.version.clone(),
        about: ready.server.about.to_owned(),
    };
    let mut results = Results {
        machine: Machine::here(workspace),
        pinned: pinning.works,
        rounds: options.rounds,
        servers: ready.iter().map(entry).collect(),
        missing,
        throughput: Vec::new(),
        memory: Vec::new(),
        latency: None,
        stalled: None,
    };
    let rounds = options.rounds;
    let mut bench = Bench { tool, folder, pinning, rounds, log, failures: Vec::new() };
    let subscribers = options.subscribers();
    if !options.stalled_only {
        for subscribers in &subscribers {
            bench.beside_each_other(&ready, *subscribers, &mut results);
        }
    }
    let own = ready.iter().find(|ready| ready.server.name == LONGWIRE);
    results.stalled = own.zip(subscribers.first()).map(|(own, few)| bench.stalled(own, *few));
    Ok((results, bench.failures))
}

impl Bench<'_> {
    /// Everything that is measured of all servers with so many subscribers.
    fn beside_each_other(&mut self, ready: &[Ready], subscribers: usize, results: &mut Results) {
        let mut crowds = self.gather(ready, subscribers);
        for crowd in &crowds {
            let (server, bytes) = (crowd.name.to_owned(), crowd.bytes);
            results.memory.push(Memory { subscribers, server, bytes });
        }
        for size_bytes in SIZES_BYTES {
            for in_flight in IN_FLIGHT {
                let workload = Workload { subscribers, size_bytes, in_flight };
                self.log.note(&format!("measuring {}", text::shape(&workload)));
                let servers = self.rounds(&mut crowds, |crowd| crowd.saturate(&workload));
                results.throughput.push(Run { workload, servers });
            }
        }
        if results.latency.is_none() {
            self.log.note(&format!("measuring latency with {subscribers} subscribers"));
            let pace = |crowd: &mut Crowd| crowd.pace(EACH_SECOND, LATENCY_BYTES);
            let servers = self.rounds(&mut crowds, pace);
            let (size_bytes, each_second) = (LATENCY_BYTES, EACH_SECOND);
            results.latency = Some(LatencyRun { subscribers, size_bytes, each_second, servers });
        }
    }

    /// All servers, each with its subscribers; those that fail are left out.
    fn gather(&mut self, ready: &[Ready], subscribers: usize) -> Vec<Crowd> {
        let mut crowds = Vec::new();
        for ready in ready {
            let name = ready.server.name;
            self.log.note(&format!("{subscribers} subscribers of {name}"));
            let Self { tool, pinning, folder, log, .. } = self;
            match Crowd::gather(ready, subscribers, tool, *pinning, folder, log) {
                Ok(crowd) => crowds.push(crowd),
                Err(error) => self.fail(name, &error),
            }
        }
        crowds
    }

    /// A slice of each in turn: one to warm up, then so many rounds, every second one in the opposite
    /// order, so that nobody always comes after the same. Who fails is gone from there on.
    fn rounds<T>(
        &mut self,
        crowds: &mut Vec<Crowd>,
        mut slice: impl FnMut(&mut Crowd) -> Result<T>,
    ) -> Vec<(String, Vec<T>)> {
        let mut slices: Vec<(String, Vec<T>)> =
            crowds.iter().map(|crowd| (crowd.name.to_owned(), Vec::new())).collect();
        for round in 0..=self.rounds {
            crowds.retain_mut(|crowd| match slice(crowd) {
                Ok(figures) => {
                    let own = slices.iter_mut().find(|(name, _)| name == crowd.name);
                    if let Some((_, own)) = own.filter(|_| round > 0) {
                        own.push(figures);
                    }
                    true
                }
                Err(error) => {
                    slices.retain(|(name, _)| name != crowd.name);
                    self.fail(crowd.name, &error);
                    false
                }
            });
            crowds.reverse();
        }
        let place = |name: &str| SERVERS.iter().position(|server| server.name == name);
        crowds.sort_by_key(|crowd| place(crowd.name));
        slices
    }

    fn fail(&mut self, name: &str, error: &anyhow::Error) {
        self.log.note(&format!("failed: {name}: {error:#}"));
        self.failures.push(format!("{name}: {error:#}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(subscribers: &[u16], peers: &[&str]) -> Options {
        let peers = peers.iter().map(|name| (*name).to_owned()).collect();
        let subscribers = subscribers.to_vec();
        let (rounds, stalled_only, no_page, page_only) = (1, false, false, false);
        Options { subscribers, peers, stalled_only, rounds, no_page, page_only }
    }

    #[test]
    fn everything_is_measured_unless_something_is_named() {
        let all = options(&[], &[]);
        assert!(all.is_complete());
        assert_eq!(all.subscribers(), [1_000, 5_000]);
        assert_eq!(all.servers().unwrap().len(), SERVERS.len());

        let some = options(&[300, 200, 300], &["bun"]);
        assert!(!some.is_complete());
        assert_eq!(some.subscribers(), [200, 300]);
        let names: Vec<_> = some.servers().unwrap().iter().map(|server| server.name).collect();
        assert_eq!(names, [LONGWIRE, "bun"]);
    }

    #[test]
    fn a_wrong_name_is_answered_with_the_right_ones() {
        let error = options(&[], &["bum"]).servers().unwrap_err().to_string();
        assert_eq!(error, "no peer is called \"bum\"; there are nchan, bun, socket.io");
    }
}
