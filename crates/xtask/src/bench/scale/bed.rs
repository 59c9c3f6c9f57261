//! What every measurement here takes: the programs, servers of them, and the load of `longwire bench`.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

use super::super::load::Report;
use super::super::pinning::{Cpu, Pinning};
use crate::process::{self, Child, Log};
use crate::workspace::Workspace;

/// How long a server has the load before it is the next one's turn.
pub(super) const SLICE: Duration = Duration::from_millis(250);

/// The length of a message.
pub(super) const SIZE_BYTES: u32 = 128;

/// Descriptors for whatever is measured, where the system has as many for a process.
const DESCRIPTORS: u64 = 100_000;

/// The time that a server may take to listen.
const START_LIMIT: Duration = Duration::from_secs(60);

/// The time that a load may take beside the measuring: to open its connections, and to close them.
const MARGIN: Duration = Duration::from_secs(120);

/// Nobody answers Pings on the connections that are held, so none are sent for as long as it takes.
const PING_INTERVAL: &str = "86400";

/// The programs, and how they are run.
pub(super) struct Bed<'a> {
    longwire: PathBuf,
    raw_echo: PathBuf,
    pub(super) idle_memory: PathBuf,
    pub(super) new_connections: PathBuf,
    /// Servers on a processor of their own.
    pub(super) pinning: Pinning,
    folder: &'a Path,
    pub(super) log: &'a Log,
}

/// Which server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// `longwire echo` with so many workers.
    Longwire { workers: usize },
    /// `benches/src/bin/raw-echo.rs`: what the system takes, without a WebSocket.
    Raw,
}

/// A server that runs.
pub(super) struct Server {
    pub(super) pid: u32,
    pub(super) url: String,
    child: Child,
}

/// A load of `longwire bench`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Load {
    pub(super) connections: u64,
    pub(super) in_flight: u32,
    pub(super) rounds: u32,
}

impl<'a> Bed<'a> {
    /// Builds the programs.
    pub(super) fn build(
        workspace: &Workspace,
        pinning: Pinning,
        folder: &'a Path,
        log: &'a Log,
    ) -> Result<Self> {
        log.note("building longwire and benches");
        let build = |package: &str, binary: &str| workspace.build(package, binary, log);
        Ok(Self {
            longwire: build("longwire-cli", "longwire")?,
            raw_echo: build("longwire-benches", "raw-echo")?,
            idle_memory: build("longwire-benches", "idle-memory")?,
            new_connections: build("longwire-benches", "new-connections")?,
            pinning,
            folder,
            log,
        })
    }

    /// A program in its place.
    pub(super) fn command(&self, pinning: Pinning, cpu: Cpu, program: &Path) -> Command {
        pinning.command_with(DESCRIPTORS, cpu, program)
    }

    /// Starts a server.
    pub(super) fn start(&self, kind: Kind, pinning: Pinning) -> Result<Server> {
        let (program, scheme) = match kind {
            Kind::Longwire { .. } => (&self.longwire, "ws"),
            Kind::Raw => (&self.raw_echo, "tcp"),
        };
        let mut command = self.command(pinning, Cpu::Servers, program);
        if let Kind::Longwire { workers } = kind {
            command.args(["echo", "--listen", "127.0.0.1:0", "--no-deflate"]);
            command.args(["--ping-interval", PING_INTERVAL]);
            command.args(["--threads", &workers.to_string()]);
        }
        let mut child = Child::spawn(&mut command, self.log)?;
        // A port, or the URL of `longwire echo`.
        let address = child.wait_for_line("listening ", START_LIMIT)?;
        let port = address.trim_end_matches('/').rsplit(':').next().unwrap_or_default();
        let url = format!("{scheme}://127.0.0.1:{port}");
        Ok(Server { pid: child.id(), url, child })
    }

    /// Gives each server the load for a slice in turn.
    pub(super) fn load(
        &self,
        load: Load,
        servers: &mut [Server],
        pinning: Pinning,
    ) -> Result<Report> {
        let json = self.folder.join("scale-load.json");
        let mut command = self.command(pinning, Cpu::Load, &self.longwire);
        command.args(["bench", "--connections", &load.connections.to_string()]);
        command.args(["--in-flight", &load.in_flight.to_string()]);
        command.args(["--size", &SIZE_BYTES.to_string()]);
        command.args(["--slice", &SLICE.as_secs_f64().to_string()]);
        command.args(["--seconds", &(SLICE * load.rounds).as_secs_f64().to_string()]);
        command.arg("--json").arg(&json);
        for server in &*servers {
            command.args(["--pid", &server.pid.to_string(), &server.url]);
        }
        let count = u32::try_from(servers.len())?;
        process::run(&mut command, SLICE * (load.rounds + 1) * count * 2 + MARGIN, self.log)?;
        let text = std::fs::read(&json).with_context(|| format!("no {}", json.display()))?;
        let report: Report = serde_json::from_slice(&text)
            .with_context(|| format!("{} is not understood", json.display()))?;
        ensure!(report.servers.len() == servers.len(), "a server has no figures");
        servers.iter_mut().try_for_each(Server::expect_running)?;
        Ok(report)
    }
}

impl Server {
    /// Fails where the server is gone.
    pub(super) fn expect_running(&mut self) -> Result<()> {
        self.child.expect_running()
    }
}
