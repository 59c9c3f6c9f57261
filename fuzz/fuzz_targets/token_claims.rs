//! libFuzzer's side of the target `token_claims`; what it does is in `logic/src/token_claims.rs`.

#![no_main]

use libfuzzer_sys::{Corpus, fuzz_target};
use longwire_fuzz_logic::token_claims::run;

fuzz_target!(|data: &[u8]| -> Corpus { run(data).map_or(Corpus::Reject, |()| Corpus::Keep) });
