//! The measurement: connections opened, one slice for each server to warm up, and then the rounds,
//! in each of which every server has one slice.

use std::time::Duration;

use anyhow::{Context as _, Result};

use super::Arguments;
use super::cpu;
use super::descriptors;
use super::latencies::{Latencies, Percentiles};
use super::load::{Load, Traffic};
use super::messages::Messages;
use super::numbers::grouped;
use super::opening::{Plan, open};
use super::pacer::Pacer;
use super::progress::Progress;
use super::shared::{Record, Shared};
use super::target::Target;

/// One slice of one server.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slice {
    pub(super) traffic: Traffic,
    /// `None`: nobody said which process it is.
    pub(super) server_cpu: Option<Duration>,
    pub(super) own_cpu: Duration,
    pub(super) percentiles: Percentiles,
}

/// All of one server.
pub(super) struct Measured {
    pub(super) target: Target,
    pub(super) pid: Option<u32>,
    pub(super) slices: Vec<Slice>,
    pub(super) latencies: Latencies,
    /// How late this program was to send.
    pub(super) lateness: Latencies,
}

struct Server {
    load: Load,
    measured: Measured,
}

/// Measures every server.
///
/// # Errors
/// A [`Failure`](super::fault::Failure), if a server did something wrong; or anything else.
pub(super) fn measure(arguments: &Arguments) -> Result<Vec<Measured>> {
    let connections = arguments.connections.get();
    descriptors::make_room(connections * arguments.url.len(), arguments.url.len())?;
    let mut progress = Progress::new();
    let mut servers = Vec::new();
    for (index, target) in arguments.url.iter().enumerate() {
        let pid = arguments.pid.get(index).copied();
        server_cpu(target, pid)?;
        let load = load(arguments, index, &mut progress)?;
        let (latencies, lateness) = (Latencies::new(), Latencies::new());
        let target = target.clone();
        let measured = Measured { target, pid, slices: Vec::new(), latencies, lateness };
        servers.push(Server { load, measured });
    }
    let mut shared = Shared::new();
    for server in &mut servers {
        server.load.slice(arguments.slice(), &mut shared)?;
        shared.record.clear();
    }
    let rounds = arguments.rounds();
    for round in 1..=rounds {
        for server in &mut servers {
            let slice = server.slice(arguments.slice(), &mut shared)?;
            server.measured.slices.push(slice);
            progress.say(|| {
                let name = server.measured.target.name();
                let messages = grouped(slice.messages_per_second().unwrap_or_default());
                format!("round {round} of {rounds}: {name}: {messages} messages a second")
            });
        }
    }
    drop(progress);
    let end = |server: Server| {
        server.load.close(&mut shared);
        server.measured
    };
    Ok(servers.into_iter().map(end).collect())
}

/// Opens the connections to a server, and prepares its messages.
fn load(arguments: &Arguments, index: usize, progress: &mut Progress) -> Result<Load> {
    let target = &arguments.url[index];
    let connections = arguments.connections.get();
    let plan = Plan {
        target,
        connections,
        opened_before: index * connections,
        size_bytes: arguments.size,
        deflate: arguments.deflate(),
        timeout: arguments.timeout,
        process: std::process::id(),
    };
    let opened = open(&plan, progress)?;
    let messages = Messages::prepare(arguments.content(), arguments.size, opened.deflate)
        .context("the messages cannot be prepared")?;
    let rate = arguments.rate.map(std::num::NonZeroU32::get);
    let pacer = Pacer::new(connections, arguments.in_flight.get(), rate);
    Ok(Load::new(target.name(), opened.poll, opened.lanes, messages, pacer, arguments.timeout))
}

impl Server {
    fn slice(&mut self, length: Duration, shared: &mut Shared) -> Result<Slice> {
        let Self { load, measured } = self;
        let server_before = server_cpu(&measured.target, measured.pid)?;
        let own_before = cpu::own();
        let traffic = load.slice(length, shared)?;
        let own_cpu = cpu::own().saturating_sub(own_before);
        let server_after = server_cpu(&measured.target, measured.pid)?;
        let server_cpu = server_after.zip(server_before);
        let Record { latencies, lateness } = &mut shared.record;
        let percentiles = latencies.percentiles();
        measured.latencies.take_in(latencies);
        measured.lateness.take_in(lateness);
        Ok(Slice {
            traffic,
            server_cpu: server_cpu.map(|(after, before)| after.saturating_sub(before)),
            own_cpu,
            percentiles,
        })
    }
}

fn server_cpu(target: &Target, pid: Option<u32>) -> Result<Option<Duration>> {
    let Some(pid) = pid else { return Ok(None) };
    let used = cpu::of_process(pid);
    let used = used.with_context(|| {
        format!("{}: cannot read the CPU time of process {pid} (--pid)", target.name())
    })?;
    Ok(Some(used))
}
