//! The binary `longwire`: one subcommand a file.

mod arguments;
mod bench;
mod check_config;
mod conform;
mod connect;
mod echo;
mod random;
mod serve;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// WebSockets on the command line: an echo server, a client to talk to any server with, a suite that
/// tests other implementations, and a load generator.
#[derive(Parser)]
#[command(name = "longwire", version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Serve(serve::Arguments),
    CheckConfig(check_config::Arguments),
    Echo(echo::Arguments),
    Connect(connect::Arguments),
    Conform(conform::Arguments),
    Bench(bench::Arguments),
}

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // What cannot be printed has nowhere else to go.
            let _ = error.print();
            // Not clap's own 2: that one has a meaning in `connect`.
            return ExitCode::from(u8::from(error.use_stderr()));
        }
    };
    let outcome = match &cli.command {
        Command::Serve(arguments) => serve::run(arguments),
        Command::CheckConfig(arguments) => check_config::run(arguments),
        Command::Echo(arguments) => echo::run(arguments),
        Command::Connect(arguments) => connect::run(arguments),
        Command::Conform(arguments) => conform::run(arguments),
        Command::Bench(arguments) => bench::run(arguments),
    };
    outcome.unwrap_or_else(|error| {
        anstream::eprintln!("longwire: {error:#}");
        ExitCode::FAILURE
    })
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_sound() {
        super::Cli::command().debug_assert();
    }
}
