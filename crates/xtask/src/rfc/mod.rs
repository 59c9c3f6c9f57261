//! `cargo xtask rfc`: from each rule of the standards to the code that keeps it and the tests that
//! hold it, and back from each such test to its rule.
//!
//! `tests/requirements/*.toml` has the rules, the sources have tests that are named after them and
//! comments that cite them. Whatever does not fit together is a gap, and a gap is a failure. The
//! attacks of `tests/advisories.md` are held against their tests in the same way.

mod advisories;
mod check;
mod markdown;
mod report;
mod requirement;
mod text;
mod tree;

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};

use crate::process::Log;
use crate::workspace::Workspace;
use report::Report;
use tree::Tree;

/// Where the tables are, from the root of the repository.
const TABLES: &str = "tests/requirements";

/// What the command is asked to do.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Write the report to this file too, as a page of Markdown.
    #[arg(long, value_name = "FILE")]
    markdown: Option<PathBuf>,
}

/// Prints the report; `false` where it has a gap.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<bool> {
    let report = report(&workspace.root)?;
    if let Some(path) = &options.markdown {
        fs::write(path, markdown::markdown(&report))
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    let columns = terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
    // Whoever has seen enough closes the pipe; the verdict does not depend on it.
    drop(io::stdout().write_all(text::text(&report, columns).as_bytes()));
    Ok(report.gaps.is_empty())
}

/// The step of `cargo xtask test`.
pub(crate) fn check(workspace: &Workspace, log: &Log) -> Result<()> {
    let report = report(&workspace.root)?;
    log.note(&text::text(&report, None));
    ensure!(report.gaps.is_empty(), "{} gaps between rules, code and tests", report.gaps.len());
    Ok(())
}

fn report(root: &Path) -> Result<Report> {
    let tree = Tree::read(root)?;
    let (mut entries, mut gaps) = (Vec::new(), Vec::new());
    for path in tables(root)? {
        let text = fs::read_to_string(root.join(&path)).with_context(|| path.clone())?;
        let (read, errors) = requirement::parse(&path, &text);
        entries.extend(read);
        gaps.extend(errors);
    }
    gaps.extend(check::gaps(&entries, &tree));
    gaps.extend(check::missing(&entries));
    let mut report = Report::new(&entries, &tree);
    let table = fs::read_to_string(root.join(advisories::TABLE)).context(advisories::TABLE)?;
    let (of_attacks, count) = advisories::check(&table, &tree);
    gaps.extend(of_attacks);
    report.counts.push(count);
    report.gaps = gaps;
    Ok(report)
}

/// The tables, from the root of the repository.
fn tables(root: &Path) -> Result<Vec<String>> {
    let mut tables = Vec::new();
    for entry in fs::read_dir(root.join(TABLES)).context(TABLES)? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name.ends_with(".toml") {
            tables.push(format!("{TABLES}/{name}"));
        }
    }
    tables.sort();
    Ok(tables)
}
