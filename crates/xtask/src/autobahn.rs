//! The Autobahn suite, in both roles: its fuzzing client against `longwire echo`, and its fuzzing
//! server against the engine's client.

use std::fmt;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use clap::ValueEnum;
use serde_json::Value;

use crate::process::{Child, Log};
use crate::suite::Suite;
use crate::verdicts::{self, AGENT, Expected, Found, Selection};
use crate::workspace::Workspace;

/// The time that one role may take in all. Nearly all of it is the suite's own, in Python: on an idle
/// core it needs some minutes, on a busy machine several times as long.
const SUITE_LIMIT: Duration = Duration::from_secs(60 * 60);

/// The time that a server may take to listen.
const START_LIMIT: Duration = Duration::from_secs(60);

/// Messages that the echo server has to accept: the suite's largest have 16 MiB.
const MAX_MESSAGE_BYTES: &str = "16777216";

/// A progress line is printed after so many cases.
const PROGRESS: usize = 50;

/// The side of ours that is tested.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Role {
    /// `longwire echo`, against the suite's fuzzing client.
    Server,
    /// The engine's client, against the suite's fuzzing server.
    Client,
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Server => "server",
            Self::Client => "client",
        })
    }
}

/// Runs the suite in one role, leaves its reports in a folder of `reports` named after the role,
/// and fails on anything but what `autobahn/expected.json` says.
pub(crate) fn run(
    workspace: &Workspace,
    role: Role,
    selection: Selection,
    reports: &Path,
    log: &Log,
) -> Result<()> {
    let expected_path = workspace.root.join("autobahn/expected.json");
    let expected = Expected::read(&expected_path, &role.to_string(), selection)?;
    let suite = Suite::set_up(workspace, log)?;
    let folder = reports.join(role.to_string());
    clear_reports(&folder)?;
    let mut run = SuiteRun { workspace, suite, folder, log, expected: &expected, started: 0 };
    let outcome = match role {
        Role::Server => run.against_server(),
        Role::Client => run.against_client(),
    };
    let (folder, started) = (run.folder, run.started);
    outcome.with_context(|| format!("{started} of {} cases were started", expected.len()))?;
    let found = Found::read(&folder.join("index.json"))?;
    let deviations = found.deviations(&expected);
    log.note(&format!("autobahn {role}: {}", found.counts()));
    for (case, text) in &deviations {
        let description = verdicts::description(&folder, case);
        log.note(format!("  {case}: {text}. {description}").trim_end());
    }
    log.note(&format!("autobahn {role}: report in {}", folder.join("index.html").display()));
    ensure!(deviations.is_empty(), "{} deviations from expected.json", deviations.len());
    Ok(())
}

/// One run of the suite.
struct SuiteRun<'a> {
    workspace: &'a Workspace,
    suite: Suite,
    folder: PathBuf,
    log: &'a Log,
    expected: &'a Expected,
    started: usize,
}

impl SuiteRun<'_> {
    fn against_server(&mut self) -> Result<()> {
        let longwire = self.workspace.build("longwire-cli", "longwire", self.log)?;
        let mut command = Command::new(longwire);
        command.args(["echo", "--listen", "127.0.0.1:0"]);
        command.args(["--max-message-bytes", MAX_MESSAGE_BYTES]);
        let mut server = Child::spawn(&mut command, self.log)?;
        let url = server.wait_for_line("listening on ", START_LIMIT)?;

        let specification = self.specification("fuzzingclient.json", &url, "/servers/0/url")?;
        let mut wstest =
            self.suite.start("fuzzingclient", &specification, &self.folder, self.log)?;
        let status = wstest.child.wait(SUITE_LIMIT, |line| self.progress(line))?;
        ensure!(status.success(), "wstest failed: {status}");
        // The suite takes a server that has gone for one that failed every case that was left.
        server.expect_running()
    }

    fn against_client(&mut self) -> Result<()> {
        let client = self.workspace.build("longwire-tests", "autobahn-client", self.log)?;
        let address = free_address()?;
        let url = format!("ws://{address}");
        let specification = self.specification("fuzzingserver.json", &url, "/url")?;
        let mut wstest =
            self.suite.start("fuzzingserver", &specification, &self.folder, self.log)?;
        wait_for_listener(address, &mut wstest.child)?;

        let mut client = Child::spawn(Command::new(client).arg(&url), self.log)?;
        let deadline = Instant::now() + SUITE_LIMIT;
        let status = loop {
            wstest.child.expect_running()?;
            if let Some(line) = wstest.child.next_line(Duration::from_millis(200)) {
                self.progress(&line);
            } else if let Some(status) = client.status()? {
                break status;
            }
            ensure!(Instant::now() < deadline, "not done after {} s", SUITE_LIMIT.as_secs());
        };
        ensure!(status.success(), "autobahn-client failed: {status}");
        Ok(())
    }

    /// Writes the effective specification: the template from `autobahn/` with the address and the
    /// folder of this run.
    fn specification(&self, template: &str, url: &str, place: &str) -> Result<PathBuf> {
        let path = self.workspace.root.join("autobahn").join(template);
        let text =
            fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let mut value: Value = serde_json::from_str(&text)?;
        let field = value.pointer_mut(place).with_context(|| format!("{template}: no {place}"))?;
        *field = url.into();
        self.expected.select(&mut value);
        value["outdir"] = self.folder.to_str().context("the reports' path is not UTF-8")?.into();
        let effective = self.folder.join(template);
        fs::write(&effective, serde_json::to_string_pretty(&value)?)?;
        Ok(effective)
    }

    fn progress(&mut self, line: &str) {
        let Some(rest) = line.strip_prefix("Running test case ID ") else { return };
        self.started += 1;
        let cases = self.expected.len();
        if self.started.is_multiple_of(PROGRESS) || self.started == cases {
            let case = rest.split(' ').next().unwrap_or_default();
            self.log.note(&format!("  {} of {cases} cases, at {case}", self.started));
        }
    }
}

/// Makes an empty folder for reports. Of what is there already, only the suite's own files go.
fn clear_reports(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let case_prefix = format!("{AGENT}_case_");
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with(&case_prefix) || name == "index.json" || name == "index.html" {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// An address on loopback that nobody listens on just now. The suite cannot choose one itself.
fn free_address() -> Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no free port")?;
    Ok(listener.local_addr()?)
}

/// Waits until `server` accepts connections at `address`.
fn wait_for_listener(address: SocketAddr, server: &mut Child) -> Result<()> {
    let deadline = Instant::now() + START_LIMIT;
    while TcpStream::connect_timeout(&address, Duration::from_secs(1)).is_err() {
        server.expect_running()?;
        ensure!(Instant::now() < deadline, "nobody listens on {address}");
        thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}
