//! permessage-deflate: compressing and inflating messages like JSON as a server, with frames and
//! masking and all that belongs to it, beside the compressor alone.

use std::rc::Rc;

use anyhow::{Result, ensure};
use zlib_rs::DeflateFlush;

use crate::deflate::Deflate;
use crate::outgoing::{Outgoing, Turn};
use crate::payload::Payload;
use crate::peers::{self, Receiver as _, Sender};
use crate::row::{Entry, Row, Side, size};
use crate::rows::receive;
use crate::rows::send::{sent, work};
use crate::sink::Sink;
use crate::source::Source;
use crate::wire::{Comparer, Wire};

const SIZES: [usize; 3] = [128, 1024, 16 * 1024];

/// Each level, with and without context takeover; then smaller windows at zlib's own level.
const CASES: [Deflate; 10] = [
    deflate(1, 15, false),
    deflate(6, 15, false),
    deflate(9, 15, false),
    deflate(1, 15, true),
    deflate(6, 15, true),
    deflate(9, 15, true),
    deflate(6, 12, false),
    deflate(6, 9, false),
    deflate(6, 12, true),
    deflate(6, 9, true),
];

const fn deflate(level: u8, window_bits: u8, takeover: bool) -> Deflate {
    Deflate { level, window_bits, takeover }
}

pub(crate) fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    for case in CASES {
        for len in SIZES {
            let name = format!("{}, {}", case.name(), size(len));
            rows.push(Row::new("compress", name, len, move || compressing(case, len)));
        }
    }
    for case in CASES {
        // The level is the other side's affair, and changes next to nothing here.
        for len in SIZES.into_iter().filter(|_| case.level == 6) {
            let name = format!("{}, {}", case.name(), size(len));
            rows.push(Row::new("inflate", name, len, move || inflating(case, len)));
        }
    }
    rows
}

fn compressing(case: Deflate, len: usize) -> Vec<Entry> {
    use peers::{longwire, sockudo, yawc};
    let outgoing = Rc::new(Outgoing::new(Payload::Json, len));
    let out = &outgoing;
    vec![
        entry(Side::Ours, "longwire", case, out, move |o, s| longwire::Send::deflating(case, o, s)),
        entry(Side::Peer, "yawc", case, out, move |o, s| yawc::Send::deflating(case, o, s)),
        entry(Side::Peer, "sockudo-ws", case, out, move |o, s| {
            sockudo::Compress::deflating(case, o, s)
        }),
        entry(Side::Reference, "zlib-rs alone", case, out, move |o, s| Alone::new(case, o, s)),
    ]
}

fn entry<S: Sender + 'static>(
    side: Side,
    implementation: &'static str,
    case: Deflate,
    outgoing: &Rc<Outgoing>,
    sender: impl Fn(&Outgoing, Sink) -> S + Copy + 'static,
) -> Entry {
    let (checked, timed) = (Rc::clone(outgoing), Rc::clone(outgoing));
    let verify = move || {
        let wire = sent(&checked, |sink| sender(&checked, sink));
        if side != Side::Reference {
            compare(case, &checked, &wire)?;
        }
        Ok(wire.len() as f64 / checked.messages() as f64)
    };
    Entry::with_output(side, implementation, verify, move || work(sender(&timed, Sink::new())))
}

/// Receives what was sent as a client, and compares it.
fn compare(case: Deflate, outgoing: &Outgoing, wire: &[u8]) -> Result<()> {
    // Of a short message without those before it, next to nothing can be saved.
    let payload: usize = outgoing.messages.iter().map(Vec::len).sum();
    let short = outgoing.messages[0].len() < 1024 && !case.takeover;
    ensure!(short || wire.len() < payload * 3 / 4, "{} bytes are not shorter", wire.len());
    let mut comparer = Comparer::new(outgoing.text, &outgoing.messages);
    let mut receive = peers::longwire::Receive::inflating_as_client(case, Source::new(wire.into()));
    receive.receive(outgoing.messages(), &mut comparer);
    comparer.finish(outgoing.messages())
}

fn inflating(case: Deflate, len: usize) -> Vec<Entry> {
    use peers::{longwire, sockudo, yawc};
    let outgoing = Outgoing::new(Payload::Json, len);
    let frames = sent(&outgoing, |sink| longwire::Send::deflating_as_client(case, &outgoing, sink));
    let wire = Rc::new(Wire::of(frames, outgoing));
    let wire = &wire;
    vec![
        receive::entry(Side::Ours, "longwire", wire, move |s| {
            longwire::Receive::inflating(case, s)
        }),
        receive::entry(Side::Peer, "yawc", wire, move |s| yawc::Receive::inflating(case, s)),
        receive::entry(Side::Peer, "sockudo-ws", wire, move |s| {
            sockudo::Inflate::inflating(case, s)
        }),
    ]
}

/// The compressor that all of them use, without frames: what cannot be saved.
struct Alone {
    deflate: Deflate,
    turn: Turn<Vec<u8>>,
    stream: zlib_rs::Deflate,
    out: Vec<u8>,
    sink: Sink,
}

impl Alone {
    fn new(deflate: Deflate, outgoing: &Outgoing, sink: Sink) -> Self {
        let stream = zlib_rs::Deflate::new(i32::from(deflate.level), false, deflate.window_bits);
        let turn = outgoing.turn(Vec::clone);
        let out = vec![0; 2 * outgoing.messages[0].len() + 64];
        Self { deflate, turn, stream, out, sink }
    }
}

impl Sender for Alone {
    fn send(&mut self, count: u64) {
        for _ in 0..count {
            let (payload, _) = self.turn.next();
            let before = self.stream.total_out();
            self.stream.compress(payload, &mut self.out, DeflateFlush::SyncFlush).expect("deflate");
            let made = usize::try_from(self.stream.total_out() - before).expect("a length");
            // Without the four bytes that a message does not end with.
            std::io::Write::write_all(&mut self.sink, &self.out[..made - 4]).expect("writable");
            if !self.deflate.takeover {
                self.stream.reset();
            }
        }
    }
}
