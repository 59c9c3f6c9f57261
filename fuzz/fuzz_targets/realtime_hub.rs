//! libFuzzer's side of the target `realtime_hub`; what it does is in `logic/src/realtime_hub.rs`.

#![no_main]

use libfuzzer_sys::{Corpus, fuzz_target};
use longwire_fuzz_logic::realtime_hub::run;

fuzz_target!(|data: &[u8]| -> Corpus { run(data).map_or(Corpus::Reject, |()| Corpus::Keep) });
