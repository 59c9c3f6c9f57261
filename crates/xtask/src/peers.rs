//! `cargo xtask conform-peers`: the conformance suite against Longwire and against other libraries, in
//! both roles, and `docs/conformance.md` out of what came.
//!
//! Most of a run is waiting for what does not come, so a few go on at the same time.

use std::collections::VecDeque;
use std::fs;
use std::path::PathBuf;
use std::sync::Mutex;
use std::thread;

use anyhow::{Context as _, Result, ensure};

use crate::peers_list::{PEERS, Programs};
use crate::peers_page::{self, Outcome};
use crate::peers_run::Run;
use crate::process::Log;
use crate::workspace::Workspace;

/// What can be set for `cargo xtask conform-peers`.
#[derive(clap::Args, Debug)]
pub(crate) struct Options {
    /// Run these peers alone, and write no page unless --out names one.
    #[arg(long, value_name = "PEER", value_delimiter = ',')]
    only: Vec<String>,

    /// Where the page goes [default: docs/conformance.md, for all peers].
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,

    /// How many runs go on at the same time.
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..))]
    jobs: u8,
}

/// Runs the suite and prints a table. `false` where a run came to no result, or where Longwire itself
/// fails a MUST or a SHOULD.
pub(crate) fn run(workspace: &Workspace, options: &Options, log: &Log) -> Result<bool> {
    let runs = select(&options.only)?;
    let programs = Programs::set_up(workspace, log)?;
    let total = runs.len();
    let queue: Mutex<VecDeque<(usize, Run)>> = Mutex::new(runs.into_iter().enumerate().collect());
    let outcomes: Mutex<Vec<(usize, Outcome)>> = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..options.jobs {
            scope.spawn(|| {
                loop {
                    // Let go of the queue before the run, not behind it.
                    let next = locked(&queue).pop_front();
                    let Some((number, run)) = next else { return };
                    let results = run.execute(workspace, &programs);
                    let results = results.map_err(|error| format!("{error:#}"));
                    let mut outcomes = locked(&outcomes);
                    outcomes.push((number, (run, results)));
                    log.note(&line(outcomes.len(), total, &outcomes[outcomes.len() - 1].1));
                }
            });
        }
    });
    let mut outcomes = outcomes.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    outcomes.sort_by_key(|(number, _)| *number);
    let outcomes: Vec<Outcome> = outcomes.into_iter().map(|(_, outcome)| outcome).collect();
    for (number, outcome) in outcomes.iter().enumerate() {
        println!("{}", line(number + 1, total, outcome));
    }
    let default = options.only.is_empty().then(|| workspace.root.join("docs/conformance.md"));
    if let Some(path) = options.out.clone().or(default) {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(&path, peers_page::page(&outcomes, &programs)?)
            .with_context(|| format!("cannot write {}", path.display()))?;
        log.note(&format!("written: {}", path.display()));
    }
    Ok(outcomes.iter().all(is_fine))
}

/// The runs of the peers that are named, all where there is no name.
fn select(only: &[String]) -> Result<Vec<Run>> {
    for name in only {
        let known = PEERS.iter().any(|peer| peer.name == *name);
        let names = || PEERS.iter().map(|peer| peer.name).collect::<Vec<_>>().join(", ");
        ensure!(known, "no peer is called {name:?}; there are {}", names());
    }
    let mut runs = Vec::new();
    for peer in PEERS.iter().filter(|peer| only.is_empty() || only.iter().any(|of| of == peer.name))
    {
        for client in [false, true] {
            let has_role = if client { peer.client } else { peer.server };
            for deflate in [false, true] {
                if has_role && (peer.deflate || !deflate) {
                    runs.push(Run { peer, client, deflate });
                }
            }
        }
    }
    Ok(runs)
}

/// A line of progress, and of the table at the end.
fn line(number: usize, total: usize, (run, results): &Outcome) -> String {
    let results = match results {
        Ok(results) => {
            let gone = if results.gone { ", gone before the end" } else { "" };
            format!("MUST {}, SHOULD {}{gone}", results.must, results.should)
        }
        Err(error) => format!("no result: {error}"),
    };
    format!("[{number:2}/{total}] {:32} {results}", run.name())
}

fn is_fine((run, results): &Outcome) -> bool {
    let all = |ratio: crate::peers_run::Ratio| ratio.passed == ratio.total;
    match results {
        Ok(results) if run.peer.name == "longwire" => {
            all(results.must) && all(results.should) && !results.gone
        }
        results => results.is_ok(),
    }
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::peers_run::{Ratio, Results};

    #[test]
    fn a_peer_is_run_in_each_role_and_with_deflate_where_it_has_it() {
        let names = |only: &str| -> Vec<String> {
            select(&[only.to_owned()]).unwrap().iter().map(Run::name).collect()
        };
        assert_eq!(names("tungstenite"), ["tungstenite-server", "tungstenite-client"]);
        assert_eq!(
            names("ws"),
            ["ws-server", "ws-server-deflate", "ws-client", "ws-client-deflate"]
        );
        assert_eq!(names("websocket-client"), ["websocket-client-client"]);
        let error = select(&["wss".to_owned()]).map(|_| ()).unwrap_err().to_string();
        assert!(error.starts_with("no peer is called \"wss\"; there are aiohttp, "), "{error}");
    }

    #[test]
    fn others_may_fail_and_ours_may_not() {
        let outcome = |name: &str, should: u64| -> Outcome {
            let run = select(&[name.to_owned()]).unwrap()[0];
            let (must, should) =
                (Ratio { passed: 2, total: 2 }, Ratio { passed: should, total: 2 });
            (run, Ok(Results { must, should, skipped: 0, gone: false, failures: Vec::new() }))
        };
        assert!(is_fine(&outcome("longwire", 2)));
        assert!(!is_fine(&outcome("longwire", 1)));
        assert!(is_fine(&outcome("ws", 1)));
        assert!(!is_fine(&(outcome("ws", 2).0, Err(String::new()))));
    }
}
