//! The servers that publish to many: which, in which versions, set up how, and started how.

use std::ffi::OsString;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};

use super::super::pinning::{Cpu, Pinning};
use super::super::servers::{bun_program, node_modules, node_version, npm_version};
use super::longwire::configuration;
use crate::debian;
use crate::process::{Child, Log, answer};
use crate::workspace::Workspace;

/// The time that a server may take to listen.
const START_LIMIT: Duration = Duration::from_secs(60);
/// How often a server that does not say so is asked whether it listens.
const POLL: Duration = Duration::from_millis(20);

/// Where Debian's package puts nchan.
const NCHAN_MODULE: &str = "/usr/lib/nginx/modules/ngx_nchan_module.so";

/// A shell's way to end a program, which takes its place, when standard input ends. The program would
/// not look at it.
const UNTIL_INPUT_ENDS: &str =
    "exec 3<&0; (cat <&3 >/dev/null; kill $$ 2>/dev/null) & exec \"$0\" \"$@\" 3<&- </dev/null";

/// What runs a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Program {
    /// `longwire serve`
    Longwire,
    /// Debian's nginx with its module.
    Nchan,
    /// `benches/node/bun_fanout.js`
    Bun,
    /// `benches/node/socket_io_fanout.cjs`
    SocketIo,
}

/// A server, and what has to be known of it.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) name: &'static str,
    program: Program,
    /// What `benches/src/bin/fanout.rs` calls what it speaks.
    pub(super) protocol: &'static str,
    /// How it is set up.
    pub(super) about: &'static str,
}

/// The name of our own.
pub(super) const LONGWIRE: &str = "longwire";

/// Ours first, then the peers.
pub(super) const SERVERS: &[Server] = &[
    Server {
        name: LONGWIRE,
        program: Program::Longwire,
        protocol: "centrifugo",
        about: "`longwire serve --threads 1`, everybody let in, without history and presence; Centrifugo's \
                client protocol in JSON: subscribers and publisher have sessions, and each publication is \
                acknowledged",
    },
    Server {
        name: "nchan",
        program: Program::Nchan,
        protocol: "nchan",
        about: "Debian's nginx as one process; WebSocket subscribers, the publisher with HTTP POST, one \
                connection kept alive, requests not waiting for answers; publications are not kept",
    },
    Server {
        name: "bun",
        program: Program::Bun,
        protocol: "plain",
        about: "`subscribe` and `publish` of `Bun.serve`, which has uWebSockets inside; a message is the \
                publication and nothing else",
    },
    Server {
        name: "socket.io",
        program: Program::SocketIo,
        protocol: "socket-io",
        about: "a room, on `ws`; WebSocket alone; a publication is an event",
    },
];

/// A server that can be started.
#[derive(Clone, Debug)]
pub(super) struct Ready {
    pub(super) server: &'static Server,
    pub(super) version: String,
    program: PathBuf,
    arguments: Vec<OsString>,
    environment: Option<(&'static str, PathBuf)>,
}

/// A server that runs.
#[derive(Debug)]
pub(super) struct Running {
    pub(super) pid: u32,
    pub(super) address: SocketAddr,
    child: Child,
}

impl Server {
    /// Builds and installs what it needs.
    ///
    /// # Errors
    ///
    /// That fails, or there is no such program.
    pub(super) fn set_up(&'static self, workspace: &Workspace, log: &Log) -> Result<Ready> {
        let script = |name: &str| workspace.root.join("benches/node").join(name).into();
        let mut arguments: Vec<OsString> = Vec::new();
        let mut environment = None;
        let (program, version) = match self.program {
            Program::Longwire => {
                let program = workspace.build("longwire-cli", "longwire", log)?;
                let folder = workspace.target.join("bench");
                arguments = longwire_arguments(LONGWIRE, &configuration(None), &folder)?;
                (program, env!("CARGO_PKG_VERSION").to_owned())
            }
            Program::Nchan => ("nginx".into(), nchan_version(log)?),
            Program::Bun => {
                arguments.push(script("bun_fanout.js"));
                bun_program(workspace, log)?
            }
            Program::SocketIo => {
                let modules = node_modules(workspace, log)?;
                let version = npm_version(&modules.join("socket.io"))?;
                arguments.push(script("socket_io_fanout.cjs"));
                environment = Some(("NODE_PATH", modules));
                ("node".into(), format!("{version}, Node {}", node_version()?))
            }
        };
        Ok(Ready { server: self, version, program, arguments, environment })
    }
}

impl Ready {
    /// Ours with another configuration, which is kept under a name.
    pub(super) fn configured(&self, name: &str, text: &str, folder: &Path) -> Result<Self> {
        ensure!(self.server.name == LONGWIRE, "{} is configured otherwise", self.server.name);
        let name = format!("{LONGWIRE}-{name}");
        Ok(Self { arguments: longwire_arguments(&name, text, folder)?, ..self.clone() })
    }

    /// Starts it on its processor. What it needs to keep goes to `folder`.
    pub(super) fn start(&self, pinning: Pinning, folder: &Path, log: &Log) -> Result<Running> {
        if self.server.program == Program::Nchan {
            return self.start_nchan(pinning, folder, log);
        }
        let mut command = pinning.command(Cpu::Servers, &self.program);
        command.args(&self.arguments);
        if let Some((name, value)) = &self.environment {
            command.env(name, value);
        }
        let mut child = Child::spawn(&mut command, log)?;
        let listening = child.wait_for_line("listening ", START_LIMIT)?;
        let port = port(&listening).with_context(|| format!("no port in {listening:?}"))?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        Ok(Running { pid: child.id(), address, child })
    }

    /// nginx can neither choose a port nor say which it has, and does not end with its input.
    fn start_nchan(&self, pinning: Pinning, folder: &Path, log: &Log) -> Result<Running> {
        let folder = folder.join("nginx");
        std::fs::create_dir_all(&folder)?;
        let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let address = free.local_addr()?;
        drop(free);
        let configuration = folder.join("nginx.conf");
        std::fs::write(&configuration, nchan_configuration(address, &folder))?;
        let mut command = pinning.command(Cpu::Servers, Path::new("sh"));
        command.args(["-c", UNTIL_INPUT_ENDS]).arg(&self.program);
        command.arg("-p").arg(&folder).arg("-c").arg(&configuration);
        let mut child = Child::spawn(&mut command, log)?;
        let deadline = Instant::now() + START_LIMIT;
        while TcpStream::connect(address).is_err() {
            child.expect_running()?;
            ensure!(Instant::now() < deadline, "nginx does not listen");
            thread::sleep(POLL);
        }
        Ok(Running { pid: child.id(), address, child })
    }
}

impl Running {
    /// Fails where the server is gone.
    pub(super) fn expect_running(&mut self) -> Result<()> {
        self.child.expect_running()
    }
}

/// Writes a configuration, and says how to serve with it.
fn longwire_arguments(name: &str, configuration: &str, folder: &Path) -> Result<Vec<OsString>> {
    let path = folder.join(format!("{name}.toml"));
    std::fs::write(&path, configuration)
        .with_context(|| format!("cannot write {}", path.display()))?;
    let mut arguments: Vec<OsString> =
        ["serve", "--threads", "1", "--listen", "127.0.0.1:0", "--config"].map(Into::into).into();
    arguments.push(path.into());
    Ok(arguments)
}

/// The port in what a server says: alone, or in a URL.
fn port(listening: &str) -> Option<u16> {
    let (_, after) = listening.split_once("127.0.0.1:").unwrap_or(("", listening));
    after.split(|character: char| !character.is_ascii_digit()).next()?.parse().ok()
}

/// Makes sure that there is nginx with nchan, and says in which versions.
fn nchan_version(log: &Log) -> Result<String> {
    let ask = || answer(Command::new("sh").args(["-c", "nginx -v 2>&1"]));
    if ask().is_none() || !Path::new(NCHAN_MODULE).exists() {
        let remedy = "install Debian's nginx and libnginx-mod-nchan";
        debian::install(&["nginx", "libnginx-mod-nchan"], remedy, log)?;
    }
    let nginx = ask().context("nginx does not run")?;
    let (_, nginx) = nginx.rsplit_once('/').context("nginx does not say its version")?;
    let package = ["-W", "-f", "${Version}", "libnginx-mod-nchan"];
    let nchan = answer(Command::new("dpkg-query").args(package));
    Ok(format!("{}, nginx {nginx}", nchan.context("Debian's package is not installed")?))
}

/// One process, so that its CPU time and its memory are the server's, and that it ends when it is
/// killed. All paths of its own are in `folder`.
fn nchan_configuration(address: SocketAddr, folder: &Path) -> String {
    let folder = folder.display();
    format!(
        "load_module {NCHAN_MODULE};
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log stderr warn;
events {{ worker_connections 12000; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  keepalive_requests 1000000000;
  keepalive_timeout 1d;
  server {{
    listen {address} backlog=4096;
    location = /subscribe {{
      nchan_subscriber websocket;
      nchan_channel_id bench;
      nchan_subscriber_first_message newest;
    }}
    location = /publish {{
      nchan_publisher http;
      nchan_channel_id bench;
      nchan_message_buffer_length 0;
    }}
  }}
}}
"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_not_taken_twice_and_ours_is_first() {
        let mut names: Vec<_> = SERVERS.iter().map(|server| server.name).collect();
        assert_eq!(names[0], LONGWIRE);
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), SERVERS.len());
    }

    #[test]
    fn a_server_says_its_port() {
        let table = [
            ("41203", Some(41_203)),
            ("on ws://127.0.0.1:8000/", Some(8_000)),
            ("on http://127.0.0.1:80", Some(80)),
            ("on port 1", None),
        ];
        for (listening, wanted) in table {
            assert_eq!(port(listening), wanted, "{listening}");
        }
    }

    #[test]
    fn a_program_that_does_not_look_at_its_input_ends_with_it() {
        let mut shell = Command::new("sh");
        shell.args(["-c", UNTIL_INPUT_ENDS, "sleep", "1000"]).stdin(std::process::Stdio::piped());
        let mut child = shell.spawn().unwrap();
        assert!(child.try_wait().unwrap().is_none());
        drop(child.stdin.take());
        assert!(!child.wait().unwrap().success());
    }
}
