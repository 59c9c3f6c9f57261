//! The peers of `cargo xtask conform-peers`: which libraries, in which versions, set up how.
//!
//! The programs that make an echo of each lie in `tests/peers` (Rust) and `tests/clients/conform`
//! (Python, JavaScript). Versions are read from the files that pin them.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::process::Log;
use crate::workspace::{CARGO_LIMIT, Workspace};
use crate::{node, process, python};

/// What a peer's programs are written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The engine and the server of this repository.
    Longwire,
    /// A subcommand of `tests/peers`.
    Rust,
    /// This script of `tests/clients/conform`.
    Python(&'static str),
    /// This script of `tests/clients/conform`.
    JavaScript(&'static str),
}

/// A library, and what has to be known of it.
#[derive(Debug)]
pub(crate) struct Peer {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    /// Whether it has a server and a client.
    pub(crate) server: bool,
    pub(crate) client: bool,
    /// Whether it takes part in permessage-deflate as it is set up.
    pub(crate) deflate: bool,
    /// How it is set up, and what its documentation says of what it does not do.
    pub(crate) notes: &'static str,
}

const DEFAULTS: &str = "All settings are its defaults.";

/// In the order of their names.
pub(crate) const PEERS: &[Peer] = &[
    peer(
        "aiohttp",
        Kind::Python("aiohttp_peer.py"),
        true,
        "permessage-deflate is on by default in \
         its server, and turned on in its client. All else is its default.",
    ),
    peer(
        "fastwebsockets",
        Kind::Rust,
        false,
        "On hyper, with `is_upgrade_request` in front of \
         `upgrade` and a `FragmentCollector` for messages. What is refused is answered by the \
         program with 400; the documentation of `upgrade` says that it looks at the key's and the \
         version's headers alone. It has no permessage-deflate.",
    ),
    peer(
        "faye-websocket",
        Kind::JavaScript("faye_peer.cjs"),
        false,
        "All settings are its \
         defaults; permessage-deflate would be another package.",
    ),
    Peer {
        deflate: true,
        ..peer(
            "longwire",
            Kind::Longwire,
            true,
            "`longwire echo` and the \
         engine's client in `tests`, both with their defaults.",
        )
    },
    peer(
        "ratchet_rs",
        Kind::Rust,
        true,
        "permessage-deflate, which is passed by hand, is on. It \
         leaves it to its user whether text is UTF-8; the program looks, and drops the connection \
         where it is not. All else is its default.",
    ),
    peer(
        "sockudo-ws",
        Kind::Rust,
        false,
        "`WebSocketServer` and `WebSocketClient` for HTTP/1.1 \
         with their default configuration, which take no part in permessage-deflate.",
    ),
    peer(
        "soketto",
        Kind::Rust,
        true,
        "permessage-deflate, which is added by hand, is on. It \
         leaves it to its user whether text is UTF-8; the program looks, and drops the connection \
         where it is not. All else is its default.",
    ),
    peer(
        "tokio-websockets",
        Kind::Rust,
        false,
        "All settings are its defaults. It has no \
         permessage-deflate.",
    ),
    peer(
        "tornado",
        Kind::Python("tornado_peer.py"),
        true,
        "permessage-deflate, which is off by \
         default, is turned on. All else is its default.",
    ),
    peer(
        "tungstenite",
        Kind::Rust,
        false,
        "All settings are its defaults. It has no \
         permessage-deflate.",
    ),
    Peer {
        server: false,
        ..peer(
            "websocket-client",
            Kind::Python("websocket_client_peer.py"),
            false,
            "A client alone. All settings are its defaults. It has no permessage-deflate.",
        )
    },
    peer("websockets", Kind::Python("websockets_peer.py"), true, DEFAULTS),
    peer(
        "ws",
        Kind::JavaScript("ws_peer.cjs"),
        true,
        "permessage-deflate is on by default in its \
         client, and turned on in its server. All else is its default.",
    ),
    peer(
        "wsproto",
        Kind::Python("wsproto_peer.py"),
        true,
        "Without IO of its own: the program \
         carries its bytes, and sends what its errors propose. permessage-deflate, which is passed \
         by hand, is on. All else is its default.",
    ),
    peer(
        "yawc",
        Kind::Rust,
        true,
        "Compression, which is off by default, is on. Its \
         documentation says that text is not checked for UTF-8 unless `with_utf8` asks for it, \
         which the defaults do not. What is refused is answered by the program with 400. All else \
         is its default.",
    ),
];

const fn peer(name: &'static str, kind: Kind, deflate: bool, notes: &'static str) -> Peer {
    Peer { name, kind, server: true, client: true, deflate, notes }
}

/// Everything that the programs need, installed and built.
#[derive(Debug)]
pub(crate) struct Programs {
    pub(crate) longwire: PathBuf,
    echo_client: PathBuf,
    rust: PathBuf,
    python: PathBuf,
    node_modules: PathBuf,
    scripts: PathBuf,
    crates: String,
    packages: Value,
    requirements: String,
}

impl Programs {
    /// Builds and installs it.
    pub(crate) fn set_up(workspace: &Workspace, log: &Log) -> Result<Self> {
        let scripts = workspace.root.join("tests/clients/conform");
        let crates = workspace.root.join("tests/peers");
        let target = workspace.target.join("conform-peers");
        log.note("building longwire and the Rust peers, installing the others");
        let requirements = scripts.join("requirements.txt");
        let python = python::environment(&target.join("python"), &requirements, log)?;
        let node_modules = node::modules(&target.join("node"), &scripts, log)?;
        let longwire = workspace.build("longwire-cli", "longwire", log)?;
        let echo_client = workspace.build("longwire-tests", "echo-client", log)?;
        let mut cargo = workspace.cargo(&["build", "--release", "--locked"]);
        cargo.arg("--manifest-path").arg(crates.join("Cargo.toml"));
        cargo.arg("--target-dir").arg(target.join("rust"));
        process::run(&mut cargo, CARGO_LIMIT, log)?;
        let read = |path: PathBuf| {
            std::fs::read_to_string(&path).with_context(|| format!("no {}", path.display()))
        };
        Ok(Self {
            longwire,
            echo_client,
            rust: target.join("rust/release/longwire-peers"),
            python,
            node_modules,
            crates: read(crates.join("Cargo.lock"))?,
            packages: serde_json::from_str(&read(scripts.join("package-lock.json"))?)?,
            requirements: read(requirements)?,
            scripts,
        })
    }

    /// The peer's echo server on a free port of loopback, and what it prints before the port or URL.
    pub(crate) fn server(&self, peer: &Peer) -> (Command, &'static str) {
        if peer.kind == Kind::Longwire {
            let mut command = Command::new(&self.longwire);
            command.args(["echo", "--listen", "127.0.0.1:0"]);
            return (command, "listening on ");
        }
        let mut command = self.program(peer);
        command.arg("server");
        (command, "listening ")
    }

    /// The peer's echo client, which connects to `url` again and again.
    pub(crate) fn client(&self, peer: &Peer, url: &str) -> Command {
        let mut command = self.program(peer);
        if peer.kind != Kind::Longwire {
            command.arg("client");
        }
        command.arg(url);
        command
    }

    fn program(&self, peer: &Peer) -> Command {
        match peer.kind {
            Kind::Longwire => Command::new(&self.echo_client),
            Kind::Rust => {
                let mut command = Command::new(&self.rust);
                command.arg(peer.name);
                command
            }
            Kind::Python(script) => {
                let mut command = Command::new(&self.python);
                command.arg(self.scripts.join(script)).env("PYTHONDONTWRITEBYTECODE", "1");
                command
            }
            Kind::JavaScript(script) => {
                let mut command = Command::new("node");
                command.arg(self.scripts.join(script)).env("NODE_PATH", &self.node_modules);
                command
            }
        }
    }

    /// The version of the peer that is installed.
    pub(crate) fn version(&self, peer: &Peer) -> Result<String> {
        let version = match peer.kind {
            Kind::Longwire => Some(env!("CARGO_PKG_VERSION")),
            Kind::Rust => locked_crate(&self.crates, peer.name),
            Kind::Python(_) => self
                .requirements
                .lines()
                .find_map(|line| line.strip_prefix(peer.name)?.strip_prefix("==")),
            Kind::JavaScript(_) => {
                self.packages["packages"][format!("node_modules/{}", peer.name)]["version"].as_str()
            }
        };
        Ok(version.with_context(|| format!("{} is not pinned", peer.name))?.to_owned())
    }
}

/// The version of a crate in a lock file of cargo's.
fn locked_crate<'a>(lock: &'a str, name: &str) -> Option<&'a str> {
    let (_, after) = lock.split_once(&format!("name = \"{name}\"\nversion = \""))?;
    after.split('"').next()
}

/// How a human starts the peer's program, from the repository's root.
pub(crate) fn by_hand(peer: &Peer, client: bool) -> String {
    let role = if client { "client ws://127.0.0.1:9002/" } else { "server" };
    let scripts = Path::new("tests/clients/conform");
    match peer.kind {
        Kind::Longwire if client => {
            "cargo run --release -p longwire-tests --bin echo-client -- ws://127.0.0.1:9002/".into()
        }
        Kind::Longwire => "longwire echo".into(),
        Kind::Rust => {
            let manifest = "--manifest-path tests/peers/Cargo.toml";
            format!("cargo run --release {manifest} -- {} {role}", peer.name)
        }
        Kind::Python(script) => format!("python {} {role}", scripts.join(script).display()),
        Kind::JavaScript(script) => format!("node {} {role}", scripts.join(script).display()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn peers_are_in_the_order_of_their_names() {
        let names: Vec<_> = PEERS.iter().map(|peer| peer.name).collect();
        assert!(names.is_sorted(), "{names:?}");
    }

    #[test]
    fn a_version_is_found_in_a_lock_file() {
        let lock = "[[package]]\nname = \"ws-a\"\nversion = \"1.0.0\"\n\n\
                    [[package]]\nname = \"ws\"\nversion = \"2.3.4\"\nsource = \"s\"\n";
        assert_eq!(locked_crate(lock, "ws"), Some("2.3.4"));
        assert_eq!(locked_crate(lock, "w"), None);
    }
}
