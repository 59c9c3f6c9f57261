//! `longwire echo` with system calls that fail once: strace puts the errors in. What the event loop
//! itself makes of them is tested over the simulated network, in `tests/tests/faults_*.rs`; this is
//! for what lies below, in `std`, in mio and in its own network file.

use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};

use crate::debian;
use crate::missing::Missing;
use crate::process::{Child, Log, answer};
use crate::workspace::Workspace;

const START_LIMIT: Duration = Duration::from_secs(60);
const ANSWER_LIMIT: Duration = Duration::from_secs(10);

/// What the error of one call means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Effect {
    /// Nobody notices.
    GoesOn,
    /// One connection ends.
    EndsOne,
    /// The server does not start, and says why.
    DoesNotStart,
}

use Effect::{DoesNotStart, EndsOne, GoesOn};

/// The call, its errors, which calls of it fail in turn, and the effect. An error that means "not
/// yet" is left out: a system that says so and has something nevertheless does not exist.
type Row = (&'static str, &'static [&'static str], &'static [u32], Effect);

const TABLE: &[Row] = &[
    ("/^epoll_p?wait$", &["EINTR"], &[1, 2, 3, 5], GoesOn),
    ("accept4", &["EINTR", "ECONNABORTED", "EPERM", "EPROTO", "ENETDOWN"], &[1, 2], GoesOn),
    ("accept4", &["EMFILE", "ENFILE", "ENOBUFS", "ENOMEM"], &[1, 2, 3], GoesOn),
    // The third is TCP_NODELAY of the first connection.
    ("setsockopt", &["ENOBUFS", "EINVAL"], &[3, 4], GoesOn),
    // The first two are those of the worker's own.
    ("epoll_ctl", &["ENOMEM", "ENOSPC"], &[3, 4], EndsOne),
    ("recvfrom", &["EINTR"], &[1, 2, 3, 4], GoesOn),
    ("recvfrom", &["ECONNRESET", "ETIMEDOUT", "ENOMEM", "EIO"], &[1, 2, 4], EndsOne),
    ("sendto", &["EINTR"], &[1, 2, 3, 4], GoesOn),
    ("sendto", &["EPIPE", "ECONNRESET", "ENOBUFS", "EHOSTUNREACH"], &[1, 2, 4], EndsOne),
    ("shutdown", &["ENOTCONN"], &[1], GoesOn),
    ("socket", &["EMFILE", "ENOMEM"], &[1], DoesNotStart),
    ("bind", &["EADDRINUSE", "EACCES"], &[1], DoesNotStart),
    ("listen", &["EADDRINUSE"], &[1], DoesNotStart),
    ("epoll_create1", &["EMFILE", "ENOMEM"], &[1], DoesNotStart),
    ("eventfd2", &["EMFILE", "ENOMEM"], &[1], DoesNotStart),
    ("epoll_ctl", &["ENOMEM", "ENOSPC"], &[1, 2], DoesNotStart),
];

/// Has each call of the table fail, each in a server of its own.
pub(crate) fn check(workspace: &Workspace, log: &Log) -> Result<()> {
    require_strace(log)?;
    let longwire = workspace.build("longwire-cli", "longwire", log)?;
    for (call, errors, whens, effect) in TABLE {
        for error in *errors {
            for when in *whens {
                let fault = format!("{call}:error={error}:when={when}");
                log.note(&fault);
                fail_once(&longwire, call, &fault, *effect, log).context(fault)?;
            }
        }
    }
    Ok(())
}

/// Makes sure that strace is there, and may trace.
fn require_strace(log: &Log) -> Result<()> {
    const REMEDY: &str = "install strace";
    if !cfg!(target_os = "linux") {
        return Err(Missing::without_remedy("strace is for Linux"));
    }
    if answer(Command::new("strace").arg("--version")).is_none() {
        debian::install(&["strace"], REMEDY, log)?;
    }
    let traced = answer(Command::new("strace").args(["-D", "-o", "/dev/null", "true"]));
    traced.map(drop).ok_or_else(|| Missing::without_remedy("strace may not trace here"))
}

fn fail_once(longwire: &Path, call: &str, fault: &str, effect: Effect, log: &Log) -> Result<()> {
    let mut command = Command::new("strace");
    // With -D the server is our child, and strace its own.
    command.args(["-D", "-qq", "-o"]).arg(log.path().with_extension("strace"));
    command.args(["-e", &format!("trace={call}"), "-e", &format!("inject={fault}")]);
    command.arg(longwire).args(["echo", "--listen", "127.0.0.1:0", "--threads", "1"]);
    let mut server = Child::spawn(&mut command, log)?;
    if effect == DoesNotStart {
        let mut reason = String::new();
        let status = server.wait(START_LIMIT, |line| reason = line.to_owned())?;
        ensure!(status.code() == Some(1), "it should exit with 1: {status}");
        ensure!(reason.contains("os error"), "the last line says no error: {reason:?}");
        return Ok(());
    }
    let url = server.wait_for_line("listening on ws://", START_LIMIT)?;
    let address = url.trim_end_matches('/');
    let descriptors = server.count_descriptors()?;

    // One is connected all the time, and three come and go meanwhile.
    let mut failed = 0;
    let mut first = connect(address);
    for round in 0..3 {
        failed += usize::from(connect(address).and_then(Client::close).is_err());
        if let Ok(client) = &mut first
            && let Err(error) = client.echo()
        {
            log.note(&format!("round {round}: {error:#}"));
            first = Err(error);
        }
    }
    failed += usize::from(first.and_then(Client::close).is_err());
    ensure!(failed == usize::from(effect == EndsOne), "{failed} of 4 connections failed");
    server.expect_running()?;
    let traced = fs::read_to_string(log.path().with_extension("strace"))?;
    ensure!(traced.contains("(INJECTED)"), "the call was not made: {traced}");

    let deadline = Instant::now() + ANSWER_LIMIT;
    while server.count_descriptors()? > descriptors {
        ensure!(Instant::now() < deadline, "a descriptor is left open");
        std::thread::sleep(Duration::from_millis(10));
    }
    Ok(())
}

/// A client that knows as much as it needs here.
struct Client(TcpStream);

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n\
    Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
    Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

/// Connects, and makes sure that messages are echoed.
fn connect(address: &str) -> Result<Client> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(ANSWER_LIMIT))?;
    stream.write_all(REQUEST)?;
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    ensure!(head.starts_with(b"HTTP/1.1 101 "), "{}", String::from_utf8_lossy(&head));
    let mut client = Client(stream);
    client.echo()?;
    Ok(client)
}

impl Client {
    fn echo(&mut self) -> Result<()> {
        // Masked with 0.
        self.0.write_all(b"\x81\x85\0\0\0\0hello")?;
        let mut echo = [0; 7];
        self.0.read_exact(&mut echo)?;
        ensure!(echo == *b"\x81\x05hello", "{echo:02x?}");
        Ok(())
    }

    /// Ends with a closing handshake.
    fn close(mut self) -> Result<()> {
        self.0.write_all(b"\x88\x82\0\0\0\0\x03\xe8")?;
        let mut close = Vec::new();
        match self.0.read_to_end(&mut close) {
            // Where the server could not end its stream first, it has closed it.
            Err(error) if error.kind() != ErrorKind::ConnectionReset => return Err(error.into()),
            _ => {}
        }
        ensure!(close == b"\x88\x02\x03\xe8", "{close:02x?}");
        Ok(())
    }
}
