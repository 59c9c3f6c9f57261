//! What the fuzz targets do, apart from libFuzzer: so that the corpus is replayed, and a crash
//! debugged, by the stable compiler.
//!
//! One file is one target. Its `run` reads its input from front to back, a few bytes of set-up and
//! then the bytes or the operations that matter, and panics where the engine breaks a promise. An
//! input that is too short for its target is an error, and no input. Its `seeds` are inputs that
//! mean something, for the fuzzer to begin with.

mod centrifuge_client;
mod endpoint;
mod realtime;
mod realtime_peer;
mod realtime_script;
mod shape;

/// One fuzz target.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its name, which is that of its binary and of its folder in the corpus.
    pub name: &'static str,
    /// Runs it on one input. It panics where the engine breaks a promise.
    pub run: fn(&[u8]) -> arbitrary::Result<()>,
    /// Inputs to begin with.
    pub seeds: fn() -> Vec<Vec<u8>>,
}

macro_rules! targets {
    ($($name:ident)+) => {
        $(pub mod $name;)+

        /// Every target.
        pub const TARGETS: &[Target] = &[
            $(Target { name: stringify!($name), run: $name::run, seeds: $name::seeds },)+
        ];
    };
}

targets! {
    api_request
    centrifuge_commands
    channel_name
    client_handshake
    client_request
    close_payload
    control_queue
    deadlines
    deflate_round_trip
    extension_answer
    extension_offer
    frame_header
    gateway_request
    http_body
    http_head
    http_requests
    inflate
    message_round_trip
    pair
    positions
    realtime_hub
    response_head
    server_handshake
    server_session
    stream_client
    stream_server
    token_claims
    utf8
}
