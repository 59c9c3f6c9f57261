//! The engine's client against the Autobahn suite's fuzzing server: it runs every case as an echo
//! client, and then has the report written.

use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use clap::Parser;
use longwire::{Limits, SendOptions};
use longwire_tests::client::{Client, Options, Received};

/// A line is printed after so many cases.
const PROGRESS: u32 = 50;

/// Runs all cases of Autobahn's fuzzing server.
#[derive(Parser)]
struct Arguments {
    /// The fuzzing server, as in ws://127.0.0.1:9001
    url: String,
    /// The name under which the report lists this client
    #[arg(long, default_value = "longwire")]
    agent: String,
}

fn main() -> Result<()> {
    let Arguments { url, agent } = Arguments::parse();
    let url = url.trim_end_matches('/');
    let cases = case_count(url)?;
    println!("{cases} cases");
    for case in 1..=cases {
        Client::connect(&format!("{url}/runCase?case={case}&agent={agent}"), options())
            .and_then(|mut client| client.echo())
            .with_context(|| format!("case {case} of {cases}"))?;
        if case.is_multiple_of(PROGRESS) || case == cases {
            println!("{case} of {cases} cases");
        }
    }
    Client::connect(&format!("{url}/updateReports?agent={agent}"), options())?.echo()?;
    println!("report written");
    Ok(())
}

/// The suite picks its parameters for permessage-deflate out of the default offer, which leaves the
/// client's window to the server. Its largest messages have 16 MiB, and its slowest step, a large
/// message compressed and cut into small frames, takes it several seconds.
fn options() -> Options {
    Options {
        limits: Limits { max_message_bytes: 16 << 20, ..Limits::DEFAULT },
        send: SendOptions { compress_from_bytes: 0, ..SendOptions::DEFAULT },
        read_timeout: Duration::from_secs(120),
        ..Options::default()
    }
}

fn case_count(url: &str) -> Result<u32> {
    let mut client = Client::connect(&format!("{url}/getCaseCount"), options())?;
    let count = match client.receive()? {
        Some(Received::Text(count)) => count.trim().parse()?,
        other => bail!("expected the number of cases, and received {other:?}"),
    };
    client.echo()?;
    Ok(count)
}
