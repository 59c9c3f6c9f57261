//! The command line and what it does.

use std::io::{IsTerminal as _, Write as _, stderr};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use clap::Parser;

use crate::counting;
use crate::measure::{self, Plan};
use crate::report::{Cell, Counts, Line};
use crate::row::{Entry, Row, Work};
use crate::rows;
use crate::statistics::Summary;
use crate::tables;

/// Measure the Longwire engine in memory, beside other WebSocket libraries, on one thread.
///
/// Before anything is timed, every implementation is tried on every message, and has to give the
/// right bytes. Times are CPU time of the thread. All of it takes about three minutes, and with
/// --instructions six.
#[derive(Parser)]
#[command(bin_name = "codec")]
struct Options {
    /// Only rows with this in their name; --list shows them all.
    #[arg(long, value_name = "ROW", value_delimiter = ',')]
    row: Vec<String>,

    /// Only these implementations.
    #[arg(long, value_name = "NAME", value_delimiter = ';')]
    only: Vec<String>,

    /// Slices for each implementation in each row.
    #[arg(long, value_name = "N", default_value_t = 15)]
    rounds: u32,

    /// The length of a slice, in milliseconds.
    #[arg(long, value_name = "MS", default_value_t = 20)]
    slice: u64,

    /// Count instructions as well, for short messages, with valgrind where there is one.
    #[arg(long)]
    instructions: bool,

    /// Measure nothing: do the one row with the one implementation N times, for a profiler.
    #[arg(long, value_name = "N")]
    count: Option<u64>,

    /// List the rows, and measure nothing.
    #[arg(long)]
    list: bool,

    /// Write the figures there as well.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,

    /// Write the tables there as well, as Markdown.
    #[arg(long, value_name = "FILE")]
    markdown: Option<PathBuf>,
}

impl Options {
    fn rows(&self) -> Vec<Row> {
        let mut rows = rows::all();
        let exact = |row: &Row| self.row.iter().any(|name| row.id() == *name);
        let some = |row: &Row| self.row.iter().any(|part| row.id().contains(part.as_str()));
        if self.row.iter().all(|name| rows.iter().any(|row| row.id() == *name)) {
            rows.retain(|row| self.row.is_empty() || exact(row));
        } else {
            rows.retain(some);
        }
        rows
    }

    fn entries(&self, row: &Row) -> Vec<Entry> {
        let mut entries = (row.entries)();
        let wanted = |entry: &Entry| self.only.iter().any(|name| name == entry.implementation);
        entries.retain(|entry| self.only.is_empty() || wanted(entry));
        entries
    }

    fn plan(&self) -> Plan {
        Plan { rounds: self.rounds.max(1), slice: Duration::from_millis(self.slice) }
    }

    /// The part of the command line that says what is measured.
    fn selection(&self) -> Vec<String> {
        let pair = |name: &str, list: &[String], by: &str| {
            (!list.is_empty()).then(|| [name.to_owned(), list.join(by)]).into_iter().flatten()
        };
        pair("--row", &self.row, ",").chain(pair("--only", &self.only, ";")).collect()
    }
}

/// Runs the program. `allocations` says how many there have been, where they are counted: then
/// nothing is timed.
pub fn main(allocations: Option<fn() -> usize>) -> ExitCode {
    match run(&Options::parse(), allocations) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options, allocations: Option<fn() -> usize>) -> Result<()> {
    let rows = options.rows();
    ensure!(!rows.is_empty(), "no row has that in its name; --list shows them");
    if options.list {
        rows.iter().for_each(|row| println!("{}", row.id()));
        return Ok(());
    }
    match (options.count, allocations) {
        (Some(count), _) => profile(options, &rows, count),
        (None, Some(so_far)) => count_allocations(options, &rows, so_far),
        (None, None) => measure_all(options, &rows),
    }
}

/// Does one thing so many times and nothing else.
fn profile(options: &Options, rows: &[Row], count: u64) -> Result<()> {
    let [row] = rows else { bail!("--count needs one row: {} fit", rows.len()) };
    let entries = options.entries(row);
    let [entry] = &entries[..] else {
        bail!("--count needs --only one implementation: {} fit", entries.len())
    };
    (entry.make)()(count);
    Ok(())
}

/// Says in JSON how many allocations each message takes.
fn count_allocations(options: &Options, rows: &[Row], so_far: fn() -> usize) -> Result<()> {
    let mut counts = Counts::default();
    for row in rows {
        for entry in options.entries(row) {
            let count = counting::allocations(&entry, row.bytes, so_far);
            counts.insert(&row.id(), entry.implementation, count);
        }
    }
    println!("{}", serde_json::to_string(&counts)?);
    Ok(())
}

fn measure_all(options: &Options, rows: &[Row]) -> Result<()> {
    progress("counting allocations");
    let allocations = counting::ask_sibling(&options.selection())?;
    if allocations.is_none() {
        eprintln!("allocations are not counted: `cargo build --release` builds what counts them");
    }
    let allocations = allocations.unwrap_or_default();
    let instructions = options.instructions && counting::has_valgrind();
    if options.instructions && !instructions {
        eprintln!("instructions are not counted: there is no valgrind");
    }
    let mut lines = Vec::new();
    for (number, row) in rows.iter().enumerate() {
        progress(&format!("[{}/{}] {}", number + 1, rows.len(), row.id()));
        lines.push(measure(options, row, &allocations, instructions)?);
    }
    progress("");
    print!("{}", tables::text(&lines));
    if let Some(file) = &options.json {
        let text = serde_json::to_string_pretty(&lines)?;
        std::fs::write(file, text).with_context(|| file.display().to_string())?;
    }
    if let Some(file) = &options.markdown {
        let text = tables::markdown(&lines, options.plan());
        std::fs::write(file, text).with_context(|| file.display().to_string())?;
    }
    Ok(())
}

/// Shows where the program is, on one line of a terminal.
fn progress(text: &str) {
    let mut stderr = stderr();
    if stderr.is_terminal() {
        // Who cannot be told of the progress is not held up by that.
        drop(write!(stderr, "\r\x1b[2K{text}").and_then(|()| stderr.flush()));
    }
}

fn measure(options: &Options, row: &Row, allocations: &Counts, instructions: bool) -> Result<Line> {
    let mut works: Vec<Work> = Vec::new();
    let mut made = Vec::new();
    for entry in options.entries(row) {
        let name = entry.implementation;
        let output = (entry.verify)().with_context(|| format!("{name} in {}", row.id()))?;
        works.push((entry.make)());
        made.push((name, entry.side, output.map(|bytes| bytes / row.bytes as f64)));
    }
    let times = measure::run(&mut works, options.plan());
    let ours = made.iter().position(|(name, ..)| *name == "longwire").map(|at| &times[at]);
    let mut cells = Vec::new();
    for (&(implementation, side, output_share), times) in made.iter().zip(&times) {
        let nanoseconds = Summary::of(times.iter().copied());
        let counted = instructions && counting::counts_instructions(row);
        cells.push(Cell {
            implementation,
            side,
            nanoseconds,
            times_longwire: ours.map(|ours| {
                Summary::of(times.iter().zip(ours).map(|(theirs, ours)| theirs / ours))
            }),
            gigabytes_per_second: row.bytes as f64 / nanoseconds.median,
            instructions: counted
                .then(|| counting::instructions(row, implementation))
                .transpose()?,
            allocations: allocations.of(&row.id(), implementation),
            output_share,
        });
    }
    Ok(Line::new(row, cells))
}
