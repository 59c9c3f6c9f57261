//! libFuzzer's side of the target `centrifuge_commands`; what it does is in `logic/src/centrifuge_commands.rs`.

#![no_main]

use libfuzzer_sys::{Corpus, fuzz_target};
use longwire_fuzz_logic::centrifuge_commands::run;

fuzz_target!(|data: &[u8]| -> Corpus { run(data).map_or(Corpus::Reject, |()| Corpus::Keep) });
