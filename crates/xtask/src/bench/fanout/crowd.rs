//! A server with its subscribers: `benches/src/bin/fanout.rs` opens them, and does a step when it is
//! told to.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};

use super::super::pinning::{Cpu, Pinning};
use super::results::{Bytes, Fate, Paced, Slice, Workload};
use super::servers::{Ready, Running};
use crate::process::{Child, Log};

/// The time that all subscribers may take to join.
const JOIN_LIMIT: Duration = Duration::from_secs(120);

/// The time that a step may take. The load ends by itself when nothing comes for ten seconds.
const STEP_LIMIT: Duration = Duration::from_secs(60);

/// A slice of deliveries, as long as all others.
const SLICE: Duration = Duration::from_millis(250);

/// A slice at a fixed rate, which has to have more than a few publications.
const PACED_SLICE_MILLIS: u32 = 1000;

/// The publications of a slice at so many a second.
pub(super) const fn in_a_slice(each_second: u32) -> u32 {
    each_second * PACED_SLICE_MILLIS / 1000
}

/// What a step without figures is answered with.
#[derive(serde::Deserialize)]
struct Nothing {}

/// A server that runs, and the load on it.
#[derive(Debug)]
pub(super) struct Crowd {
    pub(super) name: &'static str,
    pub(super) bytes: Bytes,
    load: Child,
    server: Running,
}

impl Crowd {
    /// Starts both, and waits until all have joined.
    ///
    /// # Errors
    ///
    /// One of them fails, or it takes too long.
    pub(super) fn gather(
        ready: &Ready,
        subscribers: usize,
        tool: &Path,
        pinning: Pinning,
        folder: &Path,
        log: &Log,
    ) -> Result<Self> {
        let server = ready.start(pinning, folder, log)?;
        let mut command = pinning.command(Cpu::Load, tool);
        command.args(["--protocol", ready.server.protocol]);
        command.args(["--pid", &server.pid.to_string()]);
        command.args(["--subscribers", &subscribers.to_string()]);
        command.arg(server.address.to_string());
        let mut load = Child::spawn(&mut command, log)?;
        let bytes = load.wait_for_line("joined ", JOIN_LIMIT)?;
        let bytes = serde_json::from_str(&bytes).with_context(|| format!("no figures: {bytes}"))?;
        Ok(Self { name: ready.server.name, bytes, load, server })
    }

    /// A slice with publications in flight.
    pub(super) fn saturate(&mut self, workload: &Workload) -> Result<Slice> {
        let Workload { in_flight, size_bytes, .. } = workload;
        self.step(&format!("saturate {in_flight} {size_bytes} {}", SLICE.as_millis()))
    }

    /// A slice at a fixed rate.
    pub(super) fn pace(&mut self, each_second: u32, size_bytes: u32) -> Result<Paced> {
        self.step(&format!("pace {each_second} {size_bytes} {PACED_SLICE_MILLIS}"))
    }

    /// So many publications, so many of them in flight.
    pub(super) fn publish(&mut self, count: u32, in_flight: u32, size_bytes: u32) -> Result<()> {
        let Nothing {} = self.step(&format!("publish {count} {in_flight} {size_bytes}"))?;
        Ok(())
    }

    /// One more subscriber, which does not read.
    pub(super) fn stall(&mut self) -> Result<()> {
        let Nothing {} = self.step("stall")?;
        Ok(())
    }

    /// It reads again, and goes.
    pub(super) fn release(&mut self, size_bytes: u32) -> Result<Fate> {
        self.step(&format!("release {size_bytes}"))
    }

    /// Where the server listens.
    pub(super) fn address(&self) -> SocketAddr {
        self.server.address
    }

    fn step<T: serde::de::DeserializeOwned>(&mut self, line: &str) -> Result<T> {
        self.load.say(line)?;
        let figures = self.load.wait_for_line("done ", STEP_LIMIT)?;
        self.server.expect_running()?;
        serde_json::from_str(&figures).with_context(|| format!("no figures: {figures}"))
    }
}
