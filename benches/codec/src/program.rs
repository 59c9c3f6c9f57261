//! The command line and what it does.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use clap::Parser;

use crate::measure::{self, Plan};
use crate::report::{Cell, Line};
use crate::row::{Entry, Row, Work};
use crate::rows;
use crate::statistics::Summary;

/// Measure the Longwire engine in memory, beside other WebSocket libraries, on one thread.
///
/// Before anything is timed, every implementation is tried on every message, and has to give the
/// right bytes. Times are CPU time of the thread.
#[derive(Parser)]
struct Options {
    /// Only rows with this in their name; `--list` shows them all.
    #[arg(long, value_name = "ROW", value_delimiter = ',')]
    row: Vec<String>,

    /// Only these implementations.
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    only: Vec<String>,

    /// Slices for each implementation in each row.
    #[arg(long, value_name = "N", default_value_t = 15)]
    rounds: u32,

    /// The length of a slice, in milliseconds.
    #[arg(long, value_name = "MS", default_value_t = 20)]
    slice: u64,

    /// Measure nothing: do the one row with the one implementation N times, for a profiler.
    #[arg(long, value_name = "N")]
    count: Option<u64>,

    /// List the rows and measure nothing.
    #[arg(long)]
    list: bool,

    /// Write the figures there as well.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

impl Options {
    fn rows(&self) -> Vec<Row> {
        let mut rows = rows::all();
        if let [only] = &self.row[..]
            && rows.iter().any(|row| row.id() == *only)
        {
            rows.retain(|row| row.id() == *only);
        }
        let wanted = |row: &Row| self.row.iter().any(|part| row.id().contains(part.as_str()));
        rows.retain(|row| self.row.is_empty() || wanted(row));
        rows
    }

    fn entries(&self, row: &Row) -> Vec<Entry> {
        let mut entries = (row.entries)();
        let wanted = |entry: &Entry| self.only.iter().any(|name| name == entry.implementation);
        entries.retain(|entry| self.only.is_empty() || wanted(entry));
        entries
    }
}

/// Runs the program. `allocations` says how many there have been, where they are counted.
pub fn main(allocations: Option<fn() -> usize>) -> ExitCode {
    match run(&Options::parse(), allocations) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options, _allocations: Option<fn() -> usize>) -> Result<()> {
    let rows = options.rows();
    ensure!(!rows.is_empty(), "no row has that in its name; --list shows them");
    if options.list {
        for row in rows {
            println!("{}", row.id());
        }
        return Ok(());
    }
    if let Some(count) = options.count {
        return profile(options, &rows, count);
    }
    let plan = Plan { rounds: options.rounds.max(1), slice: Duration::from_millis(options.slice) };
    let mut lines = Vec::new();
    for row in &rows {
        lines.push(measure(options, row, plan)?);
        let line = lines.last().expect("just added");
        println!("{}", line.id);
        for cell in &line.cells {
            let Summary { median, p25, p75 } = cell.nanoseconds;
            let name = cell.implementation;
            let times = line.times_longwire.get(name).map(|ratio| format!("{:.2} x", ratio.median));
            let speed = cell.gigabytes_per_second;
            println!(
                "  {name:22} {median:9.1} ns ({p25:.1} to {p75:.1}) {speed:7.2} GB/s {:>8}",
                times.unwrap_or_default()
            );
        }
    }
    if let Some(file) = &options.json {
        let text = serde_json::to_string_pretty(&lines)?;
        std::fs::write(file, text).with_context(|| file.display().to_string())?;
    }
    Ok(())
}

/// Does one thing so many times and nothing else.
fn profile(options: &Options, rows: &[Row], count: u64) -> Result<()> {
    let [row] = rows else { anyhow::bail!("--count needs one row: {} fit", rows.len()) };
    let entries = options.entries(row);
    let [entry] = &entries[..] else {
        anyhow::bail!("--count needs --only one implementation: {} fit", entries.len())
    };
    (entry.make)()(count);
    Ok(())
}

fn measure(options: &Options, row: &Row, plan: Plan) -> Result<Line> {
    let mut works: Vec<Work> = Vec::new();
    let mut made = Vec::new();
    for entry in options.entries(row) {
        let name = entry.implementation;
        (entry.verify)().with_context(|| format!("{name} in {}", row.id()))?;
        works.push((entry.make)());
        made.push((name, entry.ratio));
    }
    let times = measure::run(&mut works, plan);
    let cells = made.iter().zip(&times).map(|(&(implementation, ratio), times)| {
        let nanoseconds = Summary::of(times.iter().copied());
        let gigabytes_per_second = row.bytes as f64 / nanoseconds.median;
        Cell {
            implementation,
            nanoseconds,
            gigabytes_per_second,
            instructions: None,
            allocations: None,
            ratio,
        }
    });
    let ours = made.iter().position(|(name, _)| *name == "longwire").map(|at| &times[at]);
    let ratios = ours.into_iter().flat_map(|ours| {
        made.iter().zip(&times).map(move |(&(name, _), theirs)| {
            let ratios = theirs.iter().zip(ours).map(|(theirs, ours)| theirs / ours);
            (name, Summary::of(ratios))
        })
    });
    Ok(Line {
        id: row.id(),
        table: row.table,
        name: row.name.clone(),
        bytes: row.bytes,
        cells: cells.collect(),
        times_longwire: ratios.collect(),
    })
}
