//! Clients and servers that nobody here wrote, in conversation with ours: Python's `websockets` and
//! Node's `ws`. Their scripts lie in `tests/clients`.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

use crate::process::{Child, Log, run};
use crate::workspace::Workspace;
use crate::{node, python};

/// The time that a server may take to listen.
const START_LIMIT: Duration = Duration::from_secs(60);

/// The time that one conversation may take. It takes a second or two.
const CONVERSATION_LIMIT: Duration = Duration::from_secs(120);

/// Messages that `longwire echo` has to accept here: the largest have 1 MiB.
const MAX_MESSAGE_BYTES: &str = "1048576";

/// The time in which a server has printed what has happened already.
const PRINT_LIMIT: Duration = Duration::from_secs(10);

/// Both ends of a conversation that may use permessage-deflate or not: whether the client offers
/// it, whether the server takes offers, and what they have to agree on.
const DEFLATE: [(bool, bool, &str); 3] =
    [(true, true, "deflate"), (false, true, "plain"), (true, false, "plain")];

/// A WebSocket implementation that nobody here wrote, and the program that runs its scripts.
#[derive(Debug)]
struct Peer {
    name: &'static str,
    program: PathBuf,
    client: PathBuf,
    server: PathBuf,
    environment: Option<(&'static str, PathBuf)>,
}

impl Peer {
    /// Runs one of the scripts.
    fn command(&self, script: &PathBuf) -> Command {
        let mut command = Command::new(&self.program);
        command.arg(script);
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }
}

/// Python's `websockets`, both ways.
pub(crate) fn python(workspace: &Workspace, log: &Log) -> Result<()> {
    let scripts = workspace.root.join("tests/clients/python");
    let program = python::environment(
        &workspace.target.join("clients-python"),
        &scripts.join("requirements.txt"),
        log,
    )?;
    let peer = Peer {
        name: "websockets",
        program,
        client: scripts.join("client.py"),
        server: scripts.join("server.py"),
        environment: Some(("PYTHONDONTWRITEBYTECODE", "1".into())),
    };
    converse(workspace, &peer, log)
}

/// Node's `ws`, both ways.
pub(crate) fn node(workspace: &Workspace, log: &Log) -> Result<()> {
    let scripts = workspace.root.join("tests/clients/node");
    let modules = node::modules(&workspace.target.join("clients-node"), &scripts, log)?;
    let peer = Peer {
        name: "ws",
        program: PathBuf::from("node"),
        client: scripts.join("client.cjs"),
        server: scripts.join("server.cjs"),
        environment: Some(("NODE_PATH", modules)),
    };
    converse(workspace, &peer, log)
}

/// All conversations with one peer: its client with our server, our client with its server.
fn converse(workspace: &Workspace, peer: &Peer, log: &Log) -> Result<()> {
    let longwire = workspace.build("longwire-cli", "longwire", log)?;
    for (offers, takes, agreed) in DEFLATE {
        log.note(&title(peer.name, offers, "longwire echo", takes));
        let mut echo = Command::new(&longwire);
        echo.args(["echo", "--listen", "127.0.0.1:0", "--max-message-bytes", MAX_MESSAGE_BYTES]);
        echo.args((!takes).then_some("--no-deflate"));
        let mut server = Child::spawn(&mut echo, log)?;
        let url = server.wait_for_line("listening on ", START_LIMIT)?;
        let mut client = peer.command(&peer.client);
        client.arg(url).args((!offers).then_some("--no-deflate"));
        client.args(["--expect", agreed]);
        run(&mut client, CONVERSATION_LIMIT, log)
            .with_context(|| title(peer.name, offers, "longwire echo", takes))?;
        server.expect_running()?;
    }

    let conversation = workspace.build("longwire-tests", "client-conversation", log)?;
    for (offers, takes, agreed) in DEFLATE {
        log.note(&title("longwire", offers, peer.name, takes));
        let mut command = peer.command(&peer.server);
        command.args((!takes).then_some("--no-deflate"));
        let mut server = Child::spawn(&mut command, log)?;
        let port = server.wait_for_line("listening ", START_LIMIT)?;
        let mut client = Command::new(&conversation);
        client.arg(format!("ws://127.0.0.1:{port}")).args((!offers).then_some("--no-deflate"));
        client.args(["--expect", agreed]);
        run(&mut client, CONVERSATION_LIMIT, log)
            .with_context(|| title("longwire", offers, peer.name, takes))?;
        let found = server.wait_for_line("agreed on ", PRINT_LIMIT)?;
        ensure!(found == agreed, "agreed on {found}, not on {agreed}");
        server.expect_running()?;
    }
    Ok(())
}

fn title(client: &str, offers: bool, server: &str, takes: bool) -> String {
    let deflate = |yes| if yes { "deflate" } else { "no deflate" };
    format!("{client} ({}) with {server} ({})", deflate(offers), deflate(takes))
}
