//! The echo servers that are compared: which, in which versions, set up how, and started how.
//!
//! Their programs lie in `benches`: `servers` (Rust), `node` (JavaScript), `c`, and the raw echo.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use super::pinning::{Cpu, Pinning};
use crate::process::{self, Child, Log, answer};
use crate::workspace::{CARGO_LIMIT, Workspace};
use crate::{debian, node};

/// The time that a server may take to listen.
const START_LIMIT: Duration = Duration::from_secs(60);
const COMPILE_LIMIT: Duration = Duration::from_secs(120);

/// What runs a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Program {
    /// `benches/src/bin/raw-echo.rs`
    Raw,
    /// `longwire echo`
    Longwire,
    /// A subcommand of `benches/servers`.
    Rust,
    /// `benches/node/ws_echo.cjs`
    Ws,
    /// `benches/node/bun_echo.js`
    Bun,
    /// `benches/c/lws_echo.c`
    Libwebsockets,
}

/// A server, and what has to be known of it.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) name: &'static str,
    pub(crate) program: Program,
    /// Whether it can do permessage-deflate.
    pub(crate) deflate: bool,
    /// How it is set up.
    pub(crate) about: &'static str,
}

/// The name of the reference, to which all others are compared.
pub(crate) const RAW: &str = "raw TCP";
/// The name of our own.
pub(crate) const LONGWIRE: &str = "longwire";

/// The reference first, then ours, then the peers.
pub(crate) const SERVERS: &[Server] = &[
    Server {
        name: RAW,
        program: Program::Raw,
        deflate: false,
        about: "an echo on mio that knows no WebSocket",
    },
    Server {
        name: LONGWIRE,
        program: Program::Longwire,
        deflate: true,
        about: "`longwire echo --threads 1`, `--no-deflate` but where it is said; deflate at level 6",
    },
    Server {
        name: "fastwebsockets",
        program: Program::Rust,
        deflate: false,
        about: "on tokio and hyper, as in its echo server; it writes each message at once",
    },
    Server {
        name: "sockudo-ws",
        program: Program::Rust,
        deflate: true,
        about: "on tokio; what arrived together is answered with one `flush`; deflate at level 6",
    },
    Server {
        name: "tokio-websockets",
        program: Program::Rust,
        deflate: false,
        about: "on tokio; what arrived together is answered with one `flush`",
    },
    Server {
        name: "tungstenite",
        program: Program::Rust,
        deflate: false,
        about: "on mio; what arrived together is answered with one `flush`",
    },
    Server {
        name: "yawc",
        program: Program::Rust,
        deflate: true,
        about: "on tokio and hyper, with its UTF-8 check, SIMD and zlib-rs; what arrived together is \
                answered with one `flush`; deflate at level 6 with its pool",
    },
    Server {
        name: "ws",
        program: Program::Ws,
        deflate: true,
        about: "on Node; deflate at level 6, on a second thread, whose CPU time counts",
    },
    Server {
        name: "bun",
        program: Program::Bun,
        deflate: true,
        about: "`Bun.serve`; its level of compression cannot be chosen",
    },
    Server {
        name: "libwebsockets",
        program: Program::Libwebsockets,
        deflate: true,
        about: "on libev, with its UTF-8 check and a receive buffer of 64 KiB; deflate at level 6",
    },
];

/// A server that can be started.
#[derive(Debug)]
pub(crate) struct Ready {
    pub(crate) server: &'static Server,
    pub(crate) version: String,
    launch: Launch,
}

/// A server that cannot, and why.
#[derive(Debug)]
pub(crate) struct Absent {
    pub(crate) name: &'static str,
    pub(crate) reason: String,
}

#[derive(Clone, Debug)]
struct Launch {
    program: PathBuf,
    /// In front of the server's own arguments.
    arguments: Vec<OsString>,
    environment: Option<(&'static str, PathBuf)>,
    /// Where it is the same for all servers of the program.
    version: Option<String>,
}

impl Launch {
    fn of(program: PathBuf) -> Self {
        Self { program, arguments: Vec::new(), environment: None, version: None }
    }
}

/// Builds and installs what the servers need. Those for which that fails are named, and why.
pub(crate) fn set_up(
    workspace: &Workspace,
    servers: &[&'static Server],
    log: &Log,
) -> (Vec<Ready>, Vec<Absent>) {
    let mut launches = BTreeMap::new();
    let (mut ready, mut absent) = (Vec::new(), Vec::new());
    for server in servers {
        let launch = launches.entry(server.program).or_insert_with(|| {
            log.note(&format!("setting up {}", server.name));
            server.program.set_up(workspace, log).map_err(|error| format!("{error:#}"))
        });
        let outcome = launch.clone().and_then(|launch| {
            let version = match &launch.version {
                Some(version) => version.clone(),
                None => {
                    locked_version(workspace, server.name).map_err(|error| error.to_string())?
                }
            };
            Ok(Ready { server, version, launch })
        });
        match outcome {
            Ok(server) => ready.push(server),
            Err(reason) => absent.push(Absent { name: server.name, reason }),
        }
    }
    (ready, absent)
}

/// The version of a crate in the lock file of `benches/servers`.
fn locked_version(workspace: &Workspace, name: &str) -> Result<String> {
    let lock = std::fs::read_to_string(workspace.root.join("benches/servers/Cargo.lock"))?;
    let after = lock.split_once(&format!("name = \"{name}\"\nversion = \""));
    let version = after.and_then(|(_, after)| after.split('"').next());
    Ok(version.with_context(|| format!("{name} is not locked"))?.to_owned())
}

impl Program {
    fn set_up(self, workspace: &Workspace, log: &Log) -> Result<Launch> {
        match self {
            Self::Raw => {
                let program = workspace.build("longwire-benches", "raw-echo", log)?;
                Ok(Launch { version: Some("–".to_owned()), ..Launch::of(program) })
            }
            Self::Longwire => {
                let program = workspace.build("longwire-cli", "longwire", log)?;
                let version = Some(env!("CARGO_PKG_VERSION").to_owned());
                Ok(Launch { version, ..Launch::of(program) })
            }
            Self::Rust => rust(workspace, log),
            Self::Ws => ws(workspace, log),
            Self::Bun => bun(workspace, log),
            Self::Libwebsockets => libwebsockets(workspace, log),
        }
    }
}

fn rust(workspace: &Workspace, log: &Log) -> Result<Launch> {
    let target = workspace.target.join("bench-servers");
    let mut cargo = workspace.cargo(&["build", "--release", "--locked"]);
    cargo.arg("--manifest-path").arg(workspace.root.join("benches/servers/Cargo.toml"));
    cargo.arg("--target-dir").arg(&target);
    process::run(&mut cargo, CARGO_LIMIT, log)?;
    Ok(Launch::of(target.join("release/longwire-bench-servers")))
}

/// The folder with the packages of `benches/node`.
pub(super) fn node_modules(workspace: &Workspace, log: &Log) -> Result<PathBuf> {
    node::modules(&workspace.target.join("bench-node"), &workspace.root.join("benches/node"), log)
}

/// The version of an installed npm package.
pub(super) fn npm_version(package: &Path) -> Result<String> {
    let path = package.join("package.json");
    let json: serde_json::Value = serde_json::from_slice(&std::fs::read(&path)?)?;
    let version = json["version"].as_str();
    Ok(version.with_context(|| format!("no version in {}", path.display()))?.to_owned())
}

/// The version of the system's Node.
pub(super) fn node_version() -> Result<String> {
    answer(Command::new("node").arg("--version")).context("node does not run")
}

fn ws(workspace: &Workspace, log: &Log) -> Result<Launch> {
    let modules = node_modules(workspace, log)?;
    let node = node_version()?;
    Ok(Launch {
        program: "node".into(),
        arguments: vec![workspace.root.join("benches/node/ws_echo.cjs").into()],
        version: Some(format!("{}, Node {node}", npm_version(&modules.join("ws"))?)),
        environment: Some(("NODE_PATH", modules)),
    })
}

fn bun(workspace: &Workspace, log: &Log) -> Result<Launch> {
    let (program, version) = bun_program(workspace, log)?;
    Ok(Launch {
        arguments: vec![workspace.root.join("benches/node/bun_echo.js").into()],
        version: Some(version),
        ..Launch::of(program)
    })
}

/// bun, and its version. It comes in a package of its own for each system; npm installs those that
/// fit.
pub(super) fn bun_program(workspace: &Workspace, log: &Log) -> Result<(PathBuf, String)> {
    let modules = node_modules(workspace, log)?;
    let folder = modules.join("@oven");
    let mut programs: Vec<PathBuf> = std::fs::read_dir(&folder)
        .with_context(|| format!("npm has not installed {}", folder.display()))?
        .filter_map(|entry| Some(entry.ok()?.path().join("bin/bun")))
        .collect();
    programs.sort();
    for program in programs {
        if let Some(version) = answer(Command::new(&program).arg("--version")) {
            return Ok((program, version));
        }
    }
    bail!("no bun for this machine in {}", folder.display())
}

fn libwebsockets(workspace: &Workspace, log: &Log) -> Result<Launch> {
    let program = workspace.target.join("bench/lws-echo");
    std::fs::create_dir_all(workspace.target.join("bench"))?;
    let compile = || {
        let mut cc = Command::new("cc");
        cc.args(["-O2", "-o"]).arg(&program);
        cc.arg(workspace.root.join("benches/c/lws_echo.c")).args(["-lwebsockets", "-lpthread"]);
        process::run(&mut cc, COMPILE_LIMIT, log)
    };
    if compile().is_err() {
        let remedy = "install a C compiler and libwebsockets 4 with its headers and libev";
        debian::install(&["gcc", "libc6-dev", "libwebsockets-dev"], remedy, log)?;
        compile()?;
    }
    let version = answer(Command::new(&program).arg("--version")).context("it does not run")?;
    // Debian builds it from an archive, and the name of a commit that would follow is empty.
    let version = Some(version.trim_end_matches('-').to_owned());
    Ok(Launch { version, ..Launch::of(program) })
}

/// A server that runs.
#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) server: &'static Server,
    pub(crate) pid: u32,
    pub(crate) url: String,
    child: Child,
}

impl Ready {
    /// Starts it on its processor, with permessage-deflate or without.
    pub(crate) fn start(&self, deflate: bool, pinning: Pinning, log: &Log) -> Result<Running> {
        let mut command = pinning.command(Cpu::Servers, &self.launch.program);
        command.args(&self.launch.arguments);
        if let Some((name, value)) = &self.launch.environment {
            command.env(name, value);
        }
        if self.server.program == Program::Rust {
            command.arg(self.server.name);
        }
        if self.server.program == Program::Longwire {
            command.args(["echo", "--threads", "1", "--listen", "127.0.0.1:0"]);
            command.args((!deflate).then_some("--no-deflate"));
        } else {
            command.args(deflate.then_some("--deflate"));
        }
        let mut child = Child::spawn(&mut command, log)?;
        // A port, or the URL of `longwire echo`.
        let address = child.wait_for_line("listening ", START_LIMIT)?;
        let port = address.trim_end_matches('/').rsplit(':').next().unwrap_or_default();
        let scheme = if self.server.program == Program::Raw { "tcp" } else { "ws" };
        let url = format!("{scheme}://127.0.0.1:{port}");
        Ok(Running { server: self.server, pid: child.id(), url, child })
    }
}

impl Running {
    /// Fails where the server is gone.
    pub(crate) fn expect_running(&mut self) -> Result<()> {
        self.child.expect_running()
    }
}
