//! `longwire check-config`: says whether a configuration of `longwire serve` is right, and what it is.

use std::io::{ErrorKind, Write as _};
use std::process::ExitCode;

use anyhow::{Context as _, Result};

use crate::serve::configuration::tables;
use crate::serve::{Options, refuse};

/// Check the configuration of `longwire serve`
///
/// It reads what `longwire serve` would read with the same options in the same environment, the files
/// with keys too, and says all that is wrong.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  longwire check-config --config longwire.toml            is it right?
  longwire check-config --config longwire.toml --print    what holds, and where is it from?
  longwire check-config --print                           the same for development mode

Exit codes:
  0  it is right
  1  wrong usage, or the configuration file cannot be read
  2  it is wrong")]
pub(crate) struct Arguments {
    #[command(flatten)]
    options: Options,
    /// Print the whole configuration as TOML, with the source of each value and secrets masked
    #[arg(long)]
    print: bool,
    /// Print all options there are, with their variables and defaults, as tables in Markdown
    #[arg(long, conflicts_with = "print")]
    options_table: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    if arguments.options_table {
        let tables = tables();
        return print(&tables.iter().fold(String::new(), |text, (section, table)| {
            format!("{text}## [{section}]\n\n{table}\n")
        }));
    }
    let configuration = match arguments.options.load() {
        Ok(configuration) => configuration,
        Err(error) => return Ok(refuse(&error)),
    };
    print(&match arguments.print {
        true => configuration.to_toml(),
        false => format!("ok\n{}", configuration.summary()),
    })
}

fn print(text: &str) -> Result<ExitCode> {
    match std::io::stdout().lock().write_all(text.as_bytes()) {
        // Who reads no further has read enough.
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(error).context("cannot print"),
        _ => Ok(ExitCode::SUCCESS),
    }
}
