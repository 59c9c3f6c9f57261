//! Differential fuzzing: the same bytes through Longwire and through six other WebSocket libraries.
//!
//! Where a library makes something else of a stream than Longwire, that has to be known: a model of
//! the receiving side obeys the standard's rules, or those of a library, which differ by the entries
//! of `divergences.rs`. It has to come to exactly what Longwire does with the former, and to exactly
//! what the library does with the latter, for every stream. `tests/divergences.md` tells of each
//! entry who is right.

mod compare;
mod corpus;
mod deflater;
mod divergences;
mod document;
mod explain;
mod generator;
mod header;
mod inflate;
mod message;
mod model;
mod notation;
mod outcome;
mod peers;
mod pipe;
mod reduce;
mod rules;
mod stream;
mod text;

use std::fs;
use std::panic;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::Parser;

use crate::compare::Sums;
use crate::divergences::DIVERGENCES;
use crate::peers::Peer;
use crate::stream::Stream;

/// The same bytes through Longwire and through other WebSocket libraries.
#[derive(Parser)]
struct Options {
    /// How many streams are made.
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    streams: u64,

    /// What they are made from.
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,

    /// Instead, look for a short example of each divergence: rows for tests/divergences.md.
    #[arg(long, conflicts_with = "stream")]
    examples: bool,

    /// Instead, show what everybody makes of this one, such as "client, limit 300: 81 00".
    #[arg(long, value_name = "STREAM")]
    stream: Option<Stream>,
}

/// How often it says how far it is.
const STREAMS_A_LINE: u64 = 20_000;

fn main() -> Result<ExitCode> {
    let options = Options::parse();
    // A library that panics has a verdict of its own; its words would only be in the way.
    panic::set_hook(Box::new(|_| {}));
    if let Some(stream) = &options.stream {
        show(stream);
        return Ok(ExitCode::SUCCESS);
    }
    if options.examples {
        examples(&options);
        return Ok(ExitCode::SUCCESS);
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let document = root.join("tests/divergences.md");
    let text = fs::read_to_string(&document).with_context(|| document.display().to_string())?;
    let faults = document::check(&text);
    let mut sums = Sums::default();
    for stream in corpus::streams(&root)? {
        sums.add(&stream);
    }
    println!("{} streams of fuzz/corpus", sums.streams);
    for number in 0..options.streams {
        sums.add(&generator::stream(options.seed, number));
        if (number + 1) % STREAMS_A_LINE == 0 {
            println!("{} streams of seed {}", number + 1, options.seed);
        }
    }
    report(&sums);
    faults.iter().for_each(|fault| println!("tests/divergences.md: {fault}"));
    let good = sums.is_clean() && faults.is_empty();
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn report(sums: &Sums) {
    println!();
    println!("| library          | version |  streams |   agreed | explained | unexplained |");
    println!("|------------------|---------|---------:|---------:|----------:|------------:|");
    for (peer, count) in &sums.counts {
        let (name, version) = peer.release();
        println!(
            "| {name:16} | {version:7} | {:8} | {:8} | {:9} | {:11} |",
            count.streams, count.agreed, count.explained, count.unexplained
        );
    }
    println!();
    for (peer, count) in &sums.counts {
        let ids: Vec<String> =
            count.by_id.iter().map(|(id, times)| format!("{id} {times}")).collect();
        println!("{peer}: {}", ids.join(", "));
    }
    println!();
    println!("Longwire: {} of {} streams not as the standard asks", sums.wrong, sums.streams);
    sums.findings.iter().for_each(|finding| println!("\n{finding}"));
}

fn show(stream: &Stream) {
    println!("Longwire: {}", peers::longwire(stream));
    for peer in Peer::ALL.into_iter().filter(|peer| peer.takes(stream.deflate)) {
        let theirs = peer.run(stream);
        let reasons = match explain::explain(peer, stream, &theirs) {
            None => "unexplained".to_owned(),
            Some(reasons) => reasons.iter().map(|reason| reason.id).collect::<Vec<_>>().join(" "),
        };
        println!("{peer}: {theirs} {reasons}");
    }
}

fn examples(options: &Options) {
    for divergence in DIVERGENCES {
        println!("\n### {} {}\n", divergence.id, divergence.title);
        println!(
            "| library | set up as | received | Longwire | the library |\n|---|---|---|---|---|"
        );
        for (peer, _) in divergence.peers {
            let mut streams =
                (0..options.streams).map(|number| generator::stream(options.seed, number));
            match streams.find_map(|stream| compare::example(divergence, *peer, &stream)) {
                Some((stream, ours, theirs)) => {
                    println!("{}", document::example_row(*peer, &stream, &ours, &theirs));
                }
                None => println!("{peer}: none in {} streams", options.streams),
            }
        }
    }
}
