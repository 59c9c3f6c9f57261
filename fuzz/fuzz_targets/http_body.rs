//! libFuzzer's side of the target `http_body`; what it does is in `logic/src/http_body.rs`.

#![no_main]

use libfuzzer_sys::{Corpus, fuzz_target};
use longwire_fuzz_logic::http_body::run;

fuzz_target!(|data: &[u8]| -> Corpus { run(data).map_or(Corpus::Reject, |()| Corpus::Keep) });
