//! The memory of idle connections, server by server: `benches/src/bin/idle-memory.rs` opens them.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde::{Deserialize, Serialize};

use super::pinning::{Cpu, Pinning, descriptor_limit};
use super::servers::Ready;
use crate::process::{Child, Log};

/// As many connections where the system allows it.
const CONNECTIONS: u64 = 10_000;

/// Descriptors that a process needs for something else.
const OTHER_DESCRIPTORS: u64 = 200;

/// The time that all connections to one server may take.
const LIMIT: Duration = Duration::from_secs(300);

/// The connections that client and server have descriptors for.
pub(crate) fn connections() -> u64 {
    let limit = descriptor_limit();
    limit.map_or(CONNECTIONS, |limit| limit.saturating_sub(OTHER_DESCRIPTORS).min(CONNECTIONS))
}

/// Bytes of resident user-space memory a connection.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct Bytes {
    /// Open, and no message sent on it yet.
    pub(crate) idle: f64,
    /// After it has echoed a message.
    pub(crate) after_an_echo: f64,
}

/// Starts the server for this alone and opens the connections.
pub(crate) fn measure(
    tool: &Path,
    server: &Ready,
    deflate: bool,
    connections: u64,
    pinning: Pinning,
    log: &Log,
) -> Result<Bytes> {
    let running = server.start(deflate, pinning, log)?;
    let mut command = pinning.command(Cpu::Load, tool);
    command.args(["--connections", &connections.to_string()]);
    command.args(["--pid", &running.pid.to_string(), &running.url]);
    command.args(deflate.then_some("--deflate"));
    let mut json = None;
    let status = Child::spawn(&mut command, log)?.wait(LIMIT, |line| {
        json = json.take().or_else(|| serde_json::from_str(line).ok());
    })?;
    ensure!(status.success(), "idle connections of {}: {status}", server.server.name);
    json.with_context(|| format!("no figures of {}", server.server.name))
}
