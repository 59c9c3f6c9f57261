//! libFuzzer's side of the target `gateway_request`; what it does is in `logic/src/gateway_request.rs`.

#![no_main]

use libfuzzer_sys::{Corpus, fuzz_target};
use longwire_fuzz_logic::gateway_request::run;

fuzz_target!(|data: &[u8]| -> Corpus { run(data).map_or(Corpus::Reject, |()| Corpus::Keep) });
