//! `longwire conform`: the conformance suite against somebody else's server or client.

use std::fs::File;
use std::io::{IsTerminal as _, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use longwire_conformance::{
    Level, Options, Progress, Report, Role, Verdict, cases, test_client, test_server,
};

use crate::arguments::{address, seconds};

/// Test a WebSocket server or client against the standards, byte by byte
///
/// The peer has to send every message back. Each case is a connection of its own: it sends what the
/// standard forbids or asks for, and judges what comes. Cases are MUST, SHOULD or information; a
/// failed MUST fails the run. A peer that hangs, crashes or floods fails its case and delays nothing
/// but that.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  longwire conform server ws://127.0.0.1:9001/                  every case for servers
  longwire conform server ws://127.0.0.1:9001/ --section 5      RFC 6455 section 5 alone
  longwire conform server ws://127.0.0.1:9001/ --html out.html  with a page to read
  longwire conform server ws://127.0.0.1:9001/ --deflate        with permessage-deflate throughout
  longwire conform client --listen 127.0.0.1:9002               every client that connects there
  longwire conform list --section 7692                          what servers are asked there
  longwire conform list --client                                what clients are asked

Exit codes:
  0  no MUST was broken
  1  wrong usage, nobody listens there, or a report cannot be written
  2  a MUST was broken, or the peer was gone before the end")]
pub(crate) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(clap::Subcommand)]
enum What {
    /// Test an echo server
    Server {
        /// The server, as in ws://host:port/path
        url: String,
        #[command(flatten)]
        run: Run,
    },
    /// Test a client that connects, again and again, and sends every message back
    Client {
        /// Where to listen; with port 0 the system chooses a port
        #[arg(long, value_name = "ADDRESS", value_parser = address, default_value = "127.0.0.1:9002")]
        listen: SocketAddr,
        /// How long to wait for the client's next connection
        #[arg(long, value_name = "SECONDS", value_parser = seconds, default_value = "10")]
        accept_timeout: Duration,
        #[command(flatten)]
        run: Run,
    },
    /// List the cases for servers, or with --client those for clients, and run none
    List {
        /// The cases for clients, not for servers
        #[arg(long)]
        client: bool,
        #[command(flatten)]
        select: Select,
    },
}

#[derive(clap::Args)]
struct Select {
    /// Only the cases of a section, such as 5, 5.2, 7692 or 7692-7.1; may be repeated
    #[arg(long, value_name = "SECTION")]
    section: Vec<String>,
    /// Only the case with this name; may be repeated
    #[arg(long, value_name = "ID")]
    case: Vec<String>,
}

#[derive(clap::Args)]
struct Run {
    #[command(flatten)]
    select: Select,
    /// How long the peer may take for what it has to do
    #[arg(long, value_name = "SECONDS", value_parser = seconds, default_value = "2")]
    timeout: Duration,
    /// Agree to permessage-deflate in every case, not only in those about it
    #[arg(long)]
    deflate: bool,
    /// Write the results here as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Write the results here as a page
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
}

impl Select {
    fn options(&self) -> Options {
        Options { sections: self.section.clone(), cases: self.case.clone(), ..Options::default() }
    }
}

impl Run {
    fn options(&self) -> Options {
        Options { timeout: self.timeout, deflate: self.deflate, ..self.select.options() }
    }
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    match &arguments.what {
        What::Server { url, run } => {
            let options = checked(run.options(), Role::Server)?;
            let files = Files::create(run)?;
            finish(&test_server(url, &options, show())?, files)
        }
        What::Client { listen, accept_timeout, run } => {
            let options = Options { accept_timeout: *accept_timeout, ..run.options() };
            let options = checked(options, Role::Client)?;
            let listener =
                TcpListener::bind(listen).with_context(|| format!("cannot listen on {listen}"))?;
            anstream::eprintln!("listening on ws://{}/", listener.local_addr()?);
            let files = Files::create(run)?;
            finish(&test_client(&listener, &options, show())?, files)
        }
        What::List { client, select } => {
            let role = if *client { Role::Client } else { Role::Server };
            let options = checked(select.options(), role)?;
            let mut out = std::io::stdout().lock();
            let cases = cases(role).into_iter().filter(|case| options.selects(case));
            let mut count = 0;
            for case in cases {
                writeln!(out, "{:6} {:44} {}", level(case.level), case.id, case.title)?;
                count += 1;
            }
            anstream::eprintln!("{}", summary(count, role));
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// What stands below the list.
fn summary(count: usize, role: Role) -> String {
    match role {
        Role::Server => format!("{count} cases for servers; --client lists those for clients"),
        Role::Client => format!("{count} cases for clients; without --client, those for servers"),
    }
}

/// A selection that selects nothing would pass everything.
fn checked(options: Options, role: Role) -> Result<Options> {
    let any = cases(role).iter().any(|case| options.selects(case));
    let list = match role {
        Role::Server => "longwire conform list",
        Role::Client => "longwire conform list --client",
    };
    ensure!(any, "no case is selected; `{list}` shows them");
    Ok(options)
}

/// Shows failures as they come, and how far the run is: on a terminal in one line.
fn show() -> impl FnMut(Progress<'_>) {
    let terminal = std::io::stderr().is_terminal();
    move |Progress { outcome, done, total }| {
        // Where standard error is closed, there is nobody to show progress to.
        let mut out = std::io::stderr().lock();
        if let Verdict::Fail(reason) = &outcome.verdict {
            let clear = if terminal { "\r\x1b[K" } else { "" };
            let (level, id) = (level(outcome.case.level), &outcome.case.id);
            let _ = writeln!(out, "{clear}{level} {id}: {reason}");
        }
        if terminal {
            let _ = write!(out, "\r\x1b[K{done} of {total}: {}", outcome.case.id);
            let _ = if done == total { write!(out, "\r\x1b[K") } else { out.flush() };
        } else if done % 100 == 0 || done == total {
            let _ = writeln!(out, "{done} of {total} cases");
        }
    }
}

fn level(level: Level) -> &'static str {
    match level {
        Level::Must => "MUST",
        Level::Should => "SHOULD",
        Level::Info => "info",
    }
}

/// Where the reports go: opened before the run, so that a wrong path does not cost one.
struct Files {
    json: Option<File>,
    html: Option<File>,
}

impl Files {
    fn create(run: &Run) -> Result<Self> {
        let create = |path: &Option<PathBuf>| {
            let path = path.as_ref();
            let create = |path: &PathBuf| {
                File::create(path).with_context(|| format!("cannot write {}", path.display()))
            };
            path.map(create).transpose()
        };
        Ok(Self { json: create(&run.json)?, html: create(&run.html)? })
    }
}

fn finish(report: &Report, files: Files) -> Result<ExitCode> {
    write!(std::io::stdout().lock(), "{}", report.text())?;
    if let Some(mut file) = files.json {
        report.write_json(&mut file).context("cannot write the JSON report")?;
    }
    if let Some(mut file) = files.html {
        report.write_html(&mut file).context("cannot write the HTML report")?;
    }
    Ok(if report.passed() { ExitCode::SUCCESS } else { ExitCode::from(2) })
}
