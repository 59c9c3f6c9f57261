//! The measurements; see `--help`.

use std::process::ExitCode;

fn main() -> ExitCode {
    longwire_codec_bench::main(None)
}
