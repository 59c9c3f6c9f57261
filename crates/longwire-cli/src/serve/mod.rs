//! `longwire serve`: the realtime server.

pub(crate) mod configuration;
mod log;
mod realtime;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;

use crate::arguments::address;
use configuration::{Configuration, Given, LoadError, Place, Sources};

/// Run the realtime server: channels, presence, history and recovery
///
/// Without a configuration it is in development mode: it listens on this machine alone, and everybody
/// may do everything. docs/configuration.md has all options.
#[derive(clap::Args)]
#[command(after_help = "\
Exit codes:
  0  shut down by a signal
  1  wrong usage, the configuration file cannot be read, or it cannot listen there
  2  the configuration is wrong")]
pub(crate) struct Arguments {
    #[command(flatten)]
    options: Options,
}

/// The options that the command line has, for `serve` and `check-config`.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// The configuration file, in TOML [default: $LONGWIRE_CONFIG]
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Where to listen, an IP address and a port; several times for several [default: 127.0.0.1:8000]
    #[arg(long, value_name = "ADDRESS", value_parser = address)]
    pub(crate) listen: Vec<SocketAddr>,
    /// Worker threads [default: one for each processor]
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<u64>,
    /// What to log on standard error: off, error, warn, info, debug or trace [default: info]
    #[arg(long, value_name = "LEVEL")]
    pub(crate) log: Option<String>,
}

/// The exit code for a configuration that is wrong.
const WRONG_CONFIGURATION: u8 = 2;

impl Options {
    /// The configuration of this command line, this process's environment, and the file that one of
    /// them names.
    pub(crate) fn load(&self) -> Result<Configuration, LoadError> {
        let text = |text: std::ffi::OsString| text.into_string();
        let variables = std::env::vars_os()
            .filter_map(|(name, value)| Some((text(name).ok()?, text(value).ok())))
            .collect();
        Configuration::load(&Sources {
            config: self.config.clone(),
            variables,
            flags: self.flags(),
            read: &|path| std::fs::read_to_string(path),
        })
    }

    /// The flags that were given.
    fn flags(&self) -> Vec<(&'static str, [&'static str; 2], Given)> {
        let item = |it: &SocketAddr| (Place::Flag("--listen"), Given::Text(it.to_string()));
        let listen: Vec<_> = self.listen.iter().map(item).collect();
        let listen = (!listen.is_empty()).then_some(Given::List(listen));
        let threads = self.threads.map(|number| Given::Number(Some(number)));
        let log = self.log.clone().map(Given::Bare);
        let flags = [
            ("--listen", ["server", "listen"], listen),
            ("--threads", ["server", "threads"], threads),
            ("--log", ["log", "level"], log),
        ];
        flags.into_iter().filter_map(|(name, path, it)| it.map(|it| (name, path, it))).collect()
    }
}

/// Tells why there is no configuration, and with which exit code to end.
pub(crate) fn refuse(error: &LoadError) -> ExitCode {
    anstream::eprintln!("{error}");
    match error {
        LoadError::Unreadable(..) => ExitCode::FAILURE,
        LoadError::Wrong(_) => ExitCode::from(WRONG_CONFIGURATION),
    }
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let configuration = match arguments.options.load() {
        Ok(configuration) => configuration,
        Err(error) => return Ok(refuse(&error)),
    };
    log::start(configuration.settings.log);
    configuration.notes().iter().for_each(|note| anstream::eprintln!("note: {note}"));
    realtime::serve(&configuration)
}
