//! Any bytes at a client: the same bytes, whole and cut, give the same events, error and output.

use crate::shape::{CUTS, Cuts};
use arbitrary::{Result, Unstructured};
use longwire::handshake::DeflateParams;
use longwire::{CloseCode, Limits, Role, State};
use longwire_tests::feed::{self, Api};
use longwire_tests::trace::{End, Seen};
use longwire_tests::vector::{self, Setup, Vector};

/// What is compared byte by byte. Behind it, everything comes in one read.
const MAX_SINGLE_BYTES: usize = 2048;

const DEFLATE: u8 = 1;
const NO_CONTEXT_TAKEOVER: u8 = 2;
const EOF: u8 = 4;
const CLOSING: u8 = 8;
const SMALL_MESSAGES: u8 = 16;
const SMALL_FRAMES: u8 = 32;
const FEW_FRAGMENTS: u8 = 64;

/// Runs one input: set-up, cuts, then what is received.
///
/// # Errors
/// The input is too short.
pub fn run(data: &[u8]) -> Result<()> {
    stream(Role::Client, data)
}

/// Inputs to begin with.
pub fn seeds() -> Vec<Vec<u8>> {
    stream_seeds(Role::Client)
}

pub(crate) fn stream(role: Role, data: &[u8]) -> Result<()> {
    let mut u = Unstructured::new(data);
    let setup = setup(u.arbitrary()?);
    let cuts = Cuts::read(&mut u)?;
    let input = u.take_rest();
    let vector = Vector {
        name: format!("{role:?}, {setup:?}"),
        role,
        setup,
        input: Vec::new(),
        events: Vec::new(),
        failure: None,
        end: End::Idle(State::Open),
        output: Vec::new(),
    };
    let mut single: Vec<usize> = (1..=input.len().min(MAX_SINGLE_BYTES)).collect();
    single.extend((input.len() > MAX_SINGLE_BYTES).then_some(input.len()));
    let cut = cuts.ends(input.len());
    let mut traces = Vec::new();
    for api in [Api::Connection, Api::WebSocket, Api::InPlace] {
        let exact = feed::run(&vector, api, input, &single);
        for ends in [&cut[..], &[input.len()]] {
            // Where the reads are longer than those of `exact`, it says when everything happens.
            let comparable = ends.iter().all(|end| single.contains(end));
            let got = feed::run(&vector, api, input, ends);
            if comparable {
                assert_eq!(got, exact.gathered(ends), "{api:?} in reads that end at {ends:?}");
            }
            assert_eq!(got.events(), exact.events(), "{api:?} in reads that end at {ends:?}");
            assert_eq!(got.output(), exact.output(), "{api:?} in reads that end at {ends:?}");
            assert_eq!(got.end, exact.end, "{api:?} in reads that end at {ends:?}");
        }
        for seen in exact.events() {
            let (Seen::Text(message) | Seen::Binary(message)) = seen else { continue };
            assert!(message.len() as u64 <= setup.limits.max_message_bytes, "over the limit");
        }
        traces.push(exact);
    }
    if !traces[0].compressed {
        assert_eq!(traces[0], traces[1], "a connection, and a socket over it");
    }
    assert_eq!(traces[1], traces[2], "through a buffer, and in place");
    Ok(())
}

fn setup(flags: u8) -> Setup {
    let has = |flag: u8| flags & flag != 0;
    let mut limits = Limits::default();
    if has(SMALL_MESSAGES) {
        limits.max_message_bytes = 300;
    }
    if has(SMALL_FRAMES) {
        limits.max_frame_bytes = 130;
    }
    if has(FEW_FRAGMENTS) {
        limits.max_fragments = 3;
    }
    let params = DeflateParams {
        server_no_context_takeover: has(NO_CONTEXT_TAKEOVER),
        client_no_context_takeover: has(NO_CONTEXT_TAKEOVER),
        ..DeflateParams::default()
    };
    Setup {
        limits,
        deflate: has(DEFLATE).then_some(params),
        close: has(CLOSING).then_some(CloseCode::NORMAL),
        eof: has(EOF),
    }
}

/// The vectors that are tested anyway, where they are short.
pub(crate) fn stream_seeds(role: Role) -> Vec<Vec<u8>> {
    let tables = [
        include_str!("../../../tests/vectors/frames.txt"),
        include_str!("../../../tests/vectors/hostile.txt"),
        include_str!("../../../tests/vectors/deflate.txt"),
    ];
    let vectors = tables.iter().flat_map(|text| vector::parse("", text).expect("vectors"));
    let ours = vectors.filter(|vector| vector.role == role && vector.input.len() < 400);
    ours.enumerate()
        .map(|(index, vector)| {
            let flags = flags(&vector.setup);
            [&[flags], CUTS[index % CUTS.len()], &vector.input].concat()
        })
        .collect()
}

fn flags(setup: &Setup) -> u8 {
    let default = Limits::default();
    let table = [
        (setup.deflate.is_some(), DEFLATE),
        (setup.deflate.is_some_and(|params| params.server_no_context_takeover), NO_CONTEXT_TAKEOVER),
        (setup.eof, EOF),
        (setup.close.is_some(), CLOSING),
        (setup.limits.max_message_bytes != default.max_message_bytes, SMALL_MESSAGES),
        (setup.limits.max_frame_bytes != default.max_frame_bytes, SMALL_FRAMES),
        (setup.limits.max_fragments != default.max_fragments, FEW_FRAGMENTS),
    ];
    table.iter().map(|(is_set, flag)| if *is_set { *flag } else { 0 }).sum()
}
