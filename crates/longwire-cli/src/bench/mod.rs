//! `longwire bench`: a load generator for servers that send every message back.
//!
//! ```text
//!  target --(opening)--> lane, lane, …  in a load, one for each server; its messages are prepared
//!                          |
//!  measure: slices of the loads in turn --(load, pacer)--> replies verified, latencies
//!                          |
//!                       report --> table (for people), JSON (for programs)
//! ```
//!
//! One thread does everything. What costs time is done before the measuring: messages are encoded
//! and masked ahead, and a reply is compared with what was sent and not kept.

mod cpu;
mod descriptors;
mod expected;
mod fault;
mod lane;
mod latencies;
mod load;
mod measure;
mod messages;
mod numbers;
mod opening;
mod pacer;
mod payload;
mod progress;
mod report;
mod shared;
mod table;
mod target;

use std::fs::File;
use std::io::{self, Write as _};
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};

use crate::arguments::seconds;
use fault::Failure;
use measure::{Measured, measure};
use payload::Content;
use report::Report;
use target::Target;

/// Measure how fast WebSocket servers send messages back
///
/// It sends to a server that echoes, verifies every byte of every reply, and says how many messages
/// a second there were and how long they took. Several servers are compared: each gets the load for
/// a slice of a second in turn, and each slice is compared with that of the first server in the same
/// round, so that what else the machine does hits all of them alike.
///
/// Without --rate each connection has --in-flight messages outstanding all the time, so the server
/// is as busy as one thread can make it; latencies are then those of a server at its limit. With
/// --rate messages leave at times that were fixed before, and the latency of each counts from when
/// it was due: a server that stalls is charged for all that had to wait meanwhile.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  longwire bench ws://127.0.0.1:9001/                             32 connections, one message each
  longwire bench ws://127.0.0.1:9001/ --connections 1000 --text   more of them, with text
  longwire bench ws://127.0.0.1:9001/ --in-flight 16 --size 20    many small messages at a time
  longwire bench ws://127.0.0.1:9001/ --rate 10000                latencies at a fixed rate
  longwire bench ws://127.0.0.1:9001/ ws://127.0.0.1:9002/ --pid 4001 --pid 4002
                                                                  two servers, by their CPU time
  longwire bench tcp://127.0.0.1:7 ws://127.0.0.1:9001/           beside a plain TCP echo

Exit codes:
  0  measured
  1  wrong usage, a connection could not be opened, or a report cannot be written
  2  a server answered wrongly, or broke off")]
pub(crate) struct Arguments {
    /// A server, as in ws://host:port/path; or tcp://host:port, a server that knows no WebSocket and
    /// sends every byte back
    #[arg(required = true, value_parser = Target::parse)]
    url: Vec<Target>,
    /// Connections to each server
    #[arg(long, value_name = "N", default_value = "32")]
    connections: NonZeroUsize,
    /// The most messages outstanding on a connection; without --rate it is always as many
    #[arg(long, value_name = "N", default_value = "1")]
    in_flight: NonZeroUsize,
    /// The length of a message, before compression
    #[arg(long, value_name = "BYTES", default_value_t = 125, value_parser = size)]
    size: usize,
    /// Send text, JSON in ASCII, or with --text=mixed in several scripts; without, random bytes
    #[arg(long, value_name = "SCRIPT", num_args = 0..=1, require_equals = true,
        default_missing_value = "ascii")]
    text: Option<Script>,
    /// Compress: offer permessage-deflate, no context being kept from one message to the next
    #[arg(long, conflicts_with = "deflate_takeover")]
    deflate: bool,
    /// Compress, and let the server keep its context from one message to the next
    #[arg(long)]
    deflate_takeover: bool,
    /// How long each server is measured
    #[arg(long, value_name = "SECONDS", value_parser = seconds, default_value = "5")]
    seconds: Duration,
    /// Send so many messages a second to each server, over all its connections
    #[arg(long, value_name = "N")]
    rate: Option<NonZeroU32>,
    /// How long a server has the load, before it is the next one's turn
    #[arg(long, value_name = "SECONDS", value_parser = seconds, default_value = "0.25")]
    slice: Duration,
    /// The process of a server, to read its CPU time: for each URL one, in their order (Linux)
    #[arg(long, value_name = "PID")]
    pid: Vec<u32>,
    /// Write the results as JSON as well; to - for standard output, with nothing else there
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// How long connecting, and then any reply, may take
    #[arg(long, value_name = "SECONDS", value_parser = seconds, default_value = "10")]
    timeout: Duration,
}

/// The longest message. Two of them are kept, with and without mask.
const MAX_SIZE_BYTES: usize = 256 << 20;

fn size(text: &str) -> Result<usize, String> {
    let size = text.parse().ok().filter(|size| *size <= MAX_SIZE_BYTES);
    size.ok_or_else(|| format!("a number of bytes, at most {MAX_SIZE_BYTES}"))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Script {
    /// ASCII alone
    Ascii,
    /// Latin, Greek, Chinese, Japanese, emoji
    Mixed,
}

/// Whether messages are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Deflate {
    None,
    NoTakeover,
    Takeover,
}

impl Arguments {
    fn deflate(&self) -> Deflate {
        match (self.deflate, self.deflate_takeover) {
            (true, _) => Deflate::NoTakeover,
            (_, true) => Deflate::Takeover,
            _ => Deflate::None,
        }
    }

    fn content(&self) -> Content {
        match self.text {
            None => Content::Binary,
            Some(Script::Ascii) => Content::AsciiText,
            Some(Script::Mixed) => Content::MixedText,
        }
    }

    /// How long a slice is: no longer than all of it.
    fn slice(&self) -> Duration {
        self.slice.min(self.seconds)
    }

    /// How many slices each server gets.
    fn rounds(&self) -> usize {
        numbers::whole(self.seconds.div_duration_f64(self.slice()).round())
    }
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    ensure!(
        arguments.pid.is_empty() || arguments.pid.len() == arguments.url.len(),
        "--pid is given {} times and there are {} URLs: give one for each, in their order, or none",
        arguments.pid.len(),
        arguments.url.len()
    );
    let measured = match measure(arguments) {
        Err(error) if error.is::<Failure>() => {
            anstream::eprintln!("longwire: {error}");
            return Ok(ExitCode::from(2));
        }
        outcome => outcome?,
    };
    publish(arguments, &measured)?;
    Ok(ExitCode::SUCCESS)
}

/// Writes the results where they are wanted.
fn publish(arguments: &Arguments, measured: &[Measured]) -> Result<()> {
    let report = Report::new(arguments, measured);
    let text = table::text(&report);
    let on_stdout = arguments.json.as_deref() == Some(Path::new("-"));
    if on_stdout {
        anstream::eprint!("{text}");
    } else {
        io::stdout().write_all(text.as_bytes()).context("cannot print the results")?;
    }
    for warning in &report.warnings {
        anstream::eprintln!("longwire: warning: {warning}");
    }
    let Some(path) = &arguments.json else { return Ok(()) };
    let json = serde_json::to_string_pretty(&report)? + "\n";
    if on_stdout {
        return io::stdout().write_all(json.as_bytes()).context("cannot print the JSON");
    }
    File::create(path)
        .and_then(|mut file| file.write_all(json.as_bytes()))
        .with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::{Arguments, Content, Deflate};
    use clap::Parser;
    use std::time::Duration;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        arguments: Arguments,
    }

    const URL: &str = "ws://127.0.0.1:9001/";

    fn parse(arguments: &str) -> Result<Arguments, clap::Error> {
        let words = ["bench"].into_iter().chain(arguments.split_whitespace());
        Cli::try_parse_from(words.chain([URL])).map(|cli| cli.arguments)
    }

    #[test]
    fn without_options_the_defaults_hold() {
        let arguments = parse("").unwrap();
        let Arguments { connections, in_flight, size, rate, .. } = arguments;
        assert_eq!((connections.get(), in_flight.get(), size, rate), (32, 1, 125, None));
        assert_eq!((arguments.rounds(), arguments.slice().as_millis()), (20, 250));
        assert_eq!((arguments.content(), arguments.deflate()), (Content::Binary, Deflate::None));
    }

    #[test]
    fn what_is_sent_and_how() {
        let table = [
            ("--text", Content::AsciiText, Deflate::None),
            ("--text=ascii --deflate", Content::AsciiText, Deflate::NoTakeover),
            ("--text=mixed --deflate-takeover", Content::MixedText, Deflate::Takeover),
            ("--deflate", Content::Binary, Deflate::NoTakeover),
        ];
        for (text, content, deflate) in table {
            let arguments = parse(text).unwrap();
            assert_eq!((arguments.content(), arguments.deflate()), (content, deflate), "{text}");
        }
    }

    #[test]
    fn the_time_is_cut_into_slices() {
        let table = [
            ("--seconds 5 --slice 0.25", 20, 250),
            ("--seconds 1 --slice 0.3", 3, 300),
            ("--seconds 0.1", 1, 100),
            ("--seconds 3600 --slice 1", 3600, 1000),
        ];
        for (text, rounds, milliseconds) in table {
            let arguments = parse(text).unwrap();
            assert_eq!(arguments.rounds(), rounds, "{text}");
            assert_eq!(arguments.slice(), Duration::from_millis(milliseconds), "{text}");
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let table = [
            "--connections 0",
            "--in-flight 0",
            "--size -1",
            "--size 268435457",
            "--rate 0",
            "--slice 0",
            "--seconds x",
            "--deflate --deflate-takeover",
            "--text=klingon",
            "--pid x",
            "ftp://127.0.0.1/",
        ];
        for text in table {
            assert!(parse(text).is_err(), "{text}");
        }
        assert!(parse("--size 268435456").is_ok());
    }
}
