//! libFuzzer's side of the target `channel_name`; what it does is in `logic/src/channel_name.rs`.

#![no_main]

use libfuzzer_sys::{Corpus, fuzz_target};
use longwire_fuzz_logic::channel_name::run;

fuzz_target!(|data: &[u8]| -> Corpus { run(data).map_or(Corpus::Reject, |()| Corpus::Keep) });
