//! Servers with a thousand connections and with many times as many: what a connection costs in memory,
//! what a message costs beside idle ones and when all are busy, and what a new connection costs.
//!
//! The raw TCP echo does the same, since sockets that are many cost the system something too.

use std::time::Duration;

use anyhow::{Context as _, Result};

use super::super::idle::Bytes;
use super::super::load::{Figures, Slice};
use super::super::pinning::Cpu;
use super::bed::{Bed, Kind, Load, SLICE, Server};
use super::results::{Beside, Growth};
use crate::process::Child;

/// How many connections are in use where most are idle.
pub(super) const FEW: u64 = 100;

/// How many slices a load with many connections has, once it has opened them: that takes longer.
const SLICES_AT_A_TIME: u32 = 4;

/// The time that it may take to open the connections to one server.
const OPEN_LIMIT: Duration = Duration::from_secs(120);

/// The time that connections which come and go may take beside the measuring.
const MARGIN: Duration = Duration::from_secs(60);

/// Ours and the raw echo, in this order everywhere.
const KINDS: [Kind; 2] = [Kind::Longwire { workers: 1 }, Kind::Raw];

pub(super) fn measure(bed: &Bed<'_>, connections: &[u64], rounds: u32) -> Result<Growth> {
    let all = all_busy(bed, connections, rounds)?;
    // All of them are alive from here on, so that they can take turns.
    let (mut servers, mut held, mut memory) = (Vec::new(), Vec::new(), Vec::new());
    for connections in connections {
        for kind in KINDS {
            let server = bed.start(kind, bed.pinning)?;
            let (holder, bytes) = hold(bed, &server, *connections)?;
            servers.push(server);
            held.push(holder);
            memory.push(bytes);
        }
    }
    bed.log.note(&format!("measuring {FEW} connections in use beside idle ones"));
    let load = Load { connections: FEW, in_flight: 1, rounds };
    let few = bed.load(load, &mut servers, bed.pinning)?;
    let arrivals = arrivals(bed, &mut servers, rounds)?;
    // Nobody has let go of them meanwhile.
    held.iter_mut().try_for_each(Child::expect_running)?;
    Ok(Growth {
        connections: connections.to_vec(),
        memory: Beside::of_turns(memory),
        few: Beside::of_turns(few.servers.into_iter().map(|figures: Figures| figures.slices)),
        all: Beside::of_turns(all),
        arrivals: Beside::of_turns(arrivals),
    })
}

/// One message in flight on every connection. A load generator has the descriptors for one server's
/// connections alone, so each server gets one of its own, for a few slices, over and over in turn.
fn all_busy(bed: &Bed<'_>, connections: &[u64], rounds: u32) -> Result<Vec<Vec<Slice>>> {
    let mut turns = Vec::new();
    for connections in connections {
        for kind in KINDS {
            turns.push((*connections, bed.start(kind, bed.pinning)?, Vec::new()));
        }
    }
    let times = rounds.div_ceil(SLICES_AT_A_TIME);
    for time in 1..=times {
        bed.log.note(&format!("measuring connections that are all in use: {time} of {times}"));
        for (connections, server, slices) in &mut turns {
            let load = Load { connections: *connections, in_flight: 1, rounds: SLICES_AT_A_TIME };
            let report = bed.load(load, std::slice::from_mut(server), bed.pinning)?;
            slices.extend(report.servers.into_iter().flat_map(|figures| figures.slices));
        }
    }
    Ok(turns.into_iter().map(|(_, _, slices)| slices).collect())
}

/// Opens connections that stay open as long as the process that is returned, and says what they cost.
fn hold(bed: &Bed<'_>, server: &Server, connections: u64) -> Result<(Child, Bytes)> {
    bed.log.note(&format!("opening {connections} connections to {}", server.url));
    let mut command = bed.command(bed.pinning, Cpu::Load, &bed.idle_memory);
    command.args(["--hold", "--connections", &connections.to_string()]);
    command.args(["--pid", &server.pid.to_string(), &server.url]);
    let mut holder = Child::spawn(&mut command, bed.log)?;
    let line = holder
        .next_line(OPEN_LIMIT)
        .with_context(|| format!("{connections} connections to {}: no figures", server.url))?;
    let bytes = serde_json::from_str(&line)
        .with_context(|| format!("{connections} connections to {}: {line}", server.url))?;
    Ok((holder, bytes))
}

/// Connections that come and go, to each server in turn.
fn arrivals(bed: &Bed<'_>, servers: &mut [Server], rounds: u32) -> Result<Vec<Vec<Slice>>> {
    bed.log.note("measuring connections that come and go");
    let mut command = bed.command(bed.pinning, Cpu::Load, &bed.new_connections);
    command.args(["--rounds", &rounds.to_string()]);
    command.args(["--slice", &SLICE.as_millis().to_string()]);
    for server in &*servers {
        command.args(["--pid", &server.pid.to_string(), &server.url]);
    }
    let count = u32::try_from(servers.len())?;
    let mut lines = Vec::new();
    let status = Child::spawn(&mut command, bed.log)?
        .wait(SLICE * (rounds + 1) * count * 2 + MARGIN, |line| lines.push(line.to_owned()))?;
    servers.iter_mut().try_for_each(Server::expect_running)?;
    let figures = lines.iter().find_map(|line| serde_json::from_str(line).ok());
    figures.with_context(|| format!("connections that come and go: {status}: {}", lines.join("; ")))
}
