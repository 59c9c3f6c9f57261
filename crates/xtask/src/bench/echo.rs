//! `cargo xtask bench echo`: our echo server and others, each one thread, interleaved, by their CPU time.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};

use super::machine::Machine;
use super::pinning::Pinning;
use super::results::{Entry, Idle, Results, Run};
use super::servers::{self, LONGWIRE, RAW, Ready, Running, SERVERS, Server};
use super::workload::{DEFLATE, ECHO, LATENCY, Workload};
use super::{idle, page, plot, sections};
use crate::process::Log;
use crate::workspace::Workspace;

/// The name under which idle connections are chosen.
const IDLE: &str = "idle";

/// What to measure, and what becomes of it.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// These workloads alone: E1 to E5 (binary), E1t to E3t (text), latency, D1 and D2
    /// (permessage-deflate), idle.
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    workloads: Vec<String>,

    /// These peers alone, beside raw TCP and Longwire.
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    peers: Vec<String>,

    /// How many slices of a quarter of a second each server gets in a workload.
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,

    /// Leave docs/performance.md and its plots as they are.
    #[arg(long)]
    no_page: bool,

    /// Measure nothing: write page and plots again, from the figures of the last complete run.
    #[arg(long, conflicts_with_all = ["workloads", "peers", "no_page"])]
    page_only: bool,
}

/// What is measured, of the options.
struct Selection {
    workloads: Vec<Workload>,
    idle: bool,
    servers: Vec<&'static Server>,
    complete: bool,
}

impl Options {
    fn select(&self) -> Result<Selection> {
        let known: Vec<Workload> = ECHO.iter().chain([&LATENCY]).chain(DEFLATE).copied().collect();
        for name in &self.workloads {
            let names: Vec<_> = known.iter().map(|workload| workload.name).chain([IDLE]).collect();
            ensure!(
                names.contains(&name.as_str()),
                "no workload is called {name:?}; there are {}",
                names.join(", ")
            );
        }
        for name in &self.peers {
            let names: Vec<_> = SERVERS.iter().skip(2).map(|server| server.name).collect();
            ensure!(
                names.contains(&name.as_str()),
                "no peer is called {name:?}; there are {}",
                names.join(", ")
            );
        }
        let chosen =
            |names: &[String], name: &str| names.is_empty() || names.iter().any(|of| of == name);
        Ok(Selection {
            workloads: known.into_iter().filter(|of| chosen(&self.workloads, of.name)).collect(),
            idle: chosen(&self.workloads, IDLE),
            servers: SERVERS
                .iter()
                .filter(|of| [RAW, LONGWIRE].contains(&of.name) || chosen(&self.peers, of.name))
                .collect(),
            complete: self.workloads.is_empty() && self.peers.is_empty(),
        })
    }
}

pub(crate) fn run(workspace: &Workspace, options: &Options, log: &Log) -> Result<()> {
    let folder = workspace.target.join("bench");
    fs::create_dir_all(&folder)?;
    let kept = folder.join("echo.json");
    if options.page_only {
        let json =
            fs::read(&kept).with_context(|| format!("no {}: measure first", kept.display()))?;
        return publish(workspace, &serde_json::from_slice(&json)?, log);
    }
    let selection = options.select()?;
    let (results, failures) = measure(workspace, &selection, options.rounds, &folder, log)?;
    for (name, text) in sections::all(&results) {
        log.note(&format!("\n# {name}\n\n{text}"));
    }
    let kept = if results.complete { kept } else { folder.join("echo-part.json") };
    fs::write(&kept, serde_json::to_string_pretty(&results)? + "\n")?;
    log.note(&format!("written: {}", kept.display()));
    if results.complete && !options.no_page {
        publish(workspace, &results, log)?;
    }
    ensure!(failures.is_empty(), "not measured: {}", failures.join("; "));
    Ok(())
}

/// Writes the sections of the page, and the plots beside it.
fn publish(workspace: &Workspace, results: &Results, log: &Log) -> Result<()> {
    for (name, text) in sections::all(results) {
        page::replace(workspace, name, &text)?;
    }
    let docs = workspace.root.join("docs");
    fs::write(docs.join("performance-echo.svg"), plot::throughput(results))?;
    fs::write(docs.join("performance-memory.svg"), plot::memory(results))?;
    log.note("written: docs/performance.md and its plots");
    Ok(())
}

/// Everything that the measuring needs.
struct Bench<'a> {
    longwire: PathBuf,
    idle_memory: PathBuf,
    folder: &'a Path,
    pinning: Pinning,
    rounds: u32,
    log: &'a Log,
    /// What went wrong so far; the rest is measured all the same.
    failures: Vec<String>,
}

fn measure(
    workspace: &Workspace,
    selection: &Selection,
    rounds: u32,
    folder: &Path,
    log: &Log,
) -> Result<(Results, Vec<String>)> {
    let longwire = workspace.build("longwire-cli", "longwire", log)?;
    let idle_memory = workspace.build("longwire-benches", "idle-memory", log)?;
    let (ready, absent) = servers::set_up(workspace, &selection.servers, log);
    for server in &absent {
        log.note(&format!("{} is missing: {}", server.name, server.reason));
    }
    let missing = |name: &str| absent.iter().any(|server| server.name == name);
    ensure!(
        !missing(RAW) && !missing(LONGWIRE),
        "without raw TCP and Longwire nothing is compared"
    );
    let pinning = Pinning::find();
    if !pinning.works {
        log.note("servers and load share their processors: that takes two of them, and taskset");
    }
    let failures = Vec::new();
    let mut bench = Bench { longwire, idle_memory, folder, pinning, rounds, log, failures };
    let entry = |ready: &Ready| Entry {
        name: ready.server.name.to_owned(),
        version: ready.version.clone(),
        about: ready.server.about.to_owned(),
    };
    let absent = absent.into_iter().map(|server| (server.name.to_owned(), server.reason));
    let mut results = Results {
        machine: Machine::here(workspace),
        pinned: pinning.works,
        rounds,
        complete: selection.complete,
        servers: ready.iter().map(entry).collect(),
        missing: absent.collect(),
        echo: Vec::new(),
        latency: None,
        deflate: Vec::new(),
        idle_connections: idle::connections(),
        idle: Vec::new(),
    };
    let of = |workloads: &[Workload]| -> Vec<Workload> {
        let named = |one: &&Workload| workloads.iter().any(|other| other.name == one.name);
        selection.workloads.iter().filter(named).copied().collect()
    };
    let (echo, latency, deflate) = (of(ECHO), of(&[LATENCY]), of(DEFLATE));
    if !echo.is_empty() || !latency.is_empty() {
        let mut running = bench.start(ready.iter(), false)?;
        results.echo = bench.runs(&echo, &mut running);
        results.latency = bench.runs(&latency, &mut running).pop();
    }
    if !deflate.is_empty() {
        let mut running = bench.start(ready.iter().filter(|of| of.server.deflate), true)?;
        results.deflate = bench.runs(&deflate, &mut running);
    }
    if selection.idle {
        results.idle = bench.idle(&ready, results.idle_connections);
    }
    results.complete &= bench.failures.is_empty();
    Ok((results, bench.failures))
}

impl Bench<'_> {
    fn start<'r>(
        &self,
        servers: impl Iterator<Item = &'r Ready>,
        deflate: bool,
    ) -> Result<Vec<Running>> {
        servers.map(|server| server.start(deflate, self.pinning, self.log)).collect()
    }

    /// The outcome of a measurement; what has failed is kept in mind.
    fn outcome<T>(&mut self, outcome: Result<T>) -> Option<T> {
        outcome
            .map_err(|error| {
                self.log.note(&format!("failed: {error:#}"));
                self.failures.push(format!("{error:#}"));
            })
            .ok()
    }

    fn runs(&mut self, workloads: &[Workload], servers: &mut [Running]) -> Vec<Run> {
        let mut runs = Vec::new();
        for workload in workloads {
            let (count, shape) = (servers.len(), workload.shape());
            self.log.note(&format!("measuring {}: {shape}, {count} servers", workload.name));
            let Self { longwire, rounds, pinning, folder, log, .. } = self;
            let report = workload.measure(longwire, servers, *rounds, *pinning, folder, log);
            if let Some(report) = self.outcome(report) {
                let name = workload.name.to_owned();
                let servers = servers.iter().map(|of| of.server.name.to_owned()).collect();
                runs.push(Run { name, shape, servers, report });
            }
        }
        runs
    }

    fn idle(&mut self, servers: &[Ready], connections: u64) -> Vec<Idle> {
        let mut rows = Vec::new();
        for ready in servers {
            let name = ready.server.name;
            self.log.note(&format!("measuring idle connections: {name}"));
            let measure = |deflate| {
                let tool = &self.idle_memory;
                idle::measure(tool, ready, deflate, connections, self.pinning, self.log)
            };
            let plain = measure(false);
            let deflate = ready.server.deflate.then(|| measure(true)).transpose();
            if let (Some(plain), Some(deflate)) = (self.outcome(plain), self.outcome(deflate)) {
                rows.push(Idle { server: name.to_owned(), plain, deflate });
            }
        }
        rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn select(workloads: &[&str], peers: &[&str]) -> Result<Selection> {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let options = Options {
            workloads: owned(workloads),
            peers: owned(peers),
            rounds: 1,
            no_page: false,
            page_only: false,
        };
        options.select()
    }

    #[test]
    fn everything_is_measured_unless_something_is_named() {
        let all = select(&[], &[]).unwrap();
        assert!(all.complete && all.idle);
        assert_eq!((all.workloads.len(), all.servers.len()), (11, SERVERS.len()));

        let some = select(&["E1", "D2"], &["ws"]).unwrap();
        let workloads: Vec<_> = some.workloads.iter().map(|workload| workload.name).collect();
        let servers: Vec<_> = some.servers.iter().map(|server| server.name).collect();
        assert_eq!((workloads, servers), (vec!["E1", "D2"], vec![RAW, LONGWIRE, "ws"]));
        assert!(!some.complete && !some.idle);

        assert!(select(&["idle"], &[]).unwrap().workloads.is_empty());
    }

    #[test]
    fn a_wrong_name_is_answered_with_the_right_ones() {
        let error = |outcome: Result<Selection>| outcome.map(|_| ()).unwrap_err().to_string();
        assert_eq!(
            error(select(&["E9"], &[])),
            "no workload is called \"E9\"; there are E1, E2, E3, E4, E5, E1t, E2t, E3t, latency, D1, \
             D2, idle"
        );
        let peers = error(select(&[], &["longwire"]));
        assert!(
            peers.starts_with("no peer is called \"longwire\"; there are fastwebsockets, "),
            "{peers}"
        );
    }
}
