//! How many connections servers open and close again for each second of their CPU time.

use std::time::Duration;

use anyhow::{Result, ensure};
use clap::Parser;
use longwire_benches::arrivals::slice;
use longwire_benches::client::Target;

/// Opens connections and closes them again, 64 at a time, and prints how many there were as JSON.
///
/// Each takes TCP's handshake, the opening handshake, a Close and its reply; the server then ends it.
/// A raw TCP echo is sent as many bytes, and the client ends it. Servers take turns: one slice each
/// to warm up, then so many rounds.
#[derive(Parser)]
struct Options {
    /// Servers: ws://IP:PORT/, or tcp://IP:PORT for one without WebSocket.
    #[arg(required = true)]
    url: Vec<String>,
    /// The process of a server: for each URL one, in their order.
    #[arg(long, required = true)]
    pid: Vec<u32>,
    /// How often each server has its turn.
    #[arg(long, default_value_t = 10)]
    rounds: usize,
    /// How many milliseconds a turn lasts.
    #[arg(long, default_value_t = 250)]
    slice: u64,
}

fn main() -> Result<()> {
    let options = Options::parse();
    ensure!(options.pid.len() == options.url.len(), "give one --pid for each URL");
    let length = Duration::from_millis(options.slice);
    let targets: Result<Vec<_>> = options.url.iter().map(|url| Target::parse(url, false)).collect();
    let targets: Vec<_> = targets?.into_iter().zip(options.pid).collect();
    let mut slices = vec![Vec::new(); targets.len()];
    for round in 0..=options.rounds {
        for ((target, pid), slices) in targets.iter().zip(&mut slices) {
            let measured = slice(target, *pid, length)?;
            if round > 0 {
                let (connections, cpu) = (measured.connections, measured.server_cpu.as_secs_f64());
                slices.push(format!(
                    "{{ \"connections\": {connections}, \"server_cpu_seconds\": {cpu:.9} }}"
                ));
            }
        }
    }
    let servers: Vec<_> = slices.iter().map(|of| format!("[{}]", of.join(", "))).collect();
    println!("[{}]", servers.join(", "));
    Ok(())
}
