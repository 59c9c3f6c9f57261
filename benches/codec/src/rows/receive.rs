//! Receiving messages, one frame each, in reads of 64 KiB: what comes masked as a server, what
//! comes unmasked as a client.

use std::rc::Rc;

use anyhow::Result;
use longwire::Role;

use crate::payload::Payload;
use crate::peers::{self, Receiver};
use crate::row::{Entry, Row, Side, Work, size};
use crate::source::Source;
use crate::wire::{Glance, Wire};

const CASES: [(Payload, &[usize]); 3] = [
    (Payload::Binary, &[20, 125, 1024, 16 * 1024, 64 * 1024]),
    (Payload::Ascii, &[125, 1024]),
    (Payload::Mixed, &[125, 1024]),
];

pub(crate) fn rows() -> Vec<Row> {
    let roles = [(Role::Server, "receive-server"), (Role::Client, "receive-client")];
    let mut rows = Vec::new();
    for (role, table) in roles {
        for (payload, sizes) in CASES {
            for &len in sizes {
                let name = format!("{} {}", payload.name(), size(len));
                rows.push(Row::new(table, name, len, move || entries(role, payload, len)));
            }
        }
    }
    rows
}

fn entries(role: Role, payload: Payload, len: usize) -> Vec<Entry> {
    use peers::{
        fastwebsockets, longwire, longwire_connection, sockudo, sockudo_protocol, tokio_websockets,
        tungstenite, yawc,
    };
    let wire = Rc::new(Wire::new(role, payload, len));
    let wire = &wire;
    vec![
        entry(Side::Ours, "longwire", wire, move |s| longwire::Receive::new(role, s)),
        entry(Side::Ours, "longwire Connection", wire, move |s| {
            longwire_connection::Receive::new(role, s)
        }),
        entry(Side::Peer, "tungstenite", wire, move |s| tungstenite::Receive::new(role, s)),
        entry(Side::Peer, "tokio-websockets", wire, move |s| {
            tokio_websockets::Receive::new(role, s)
        }),
        entry(Side::Peer, "fastwebsockets", wire, move |s| fastwebsockets::Receive::new(role, s)),
        entry(Side::Peer, "yawc", wire, move |s| yawc::Receive::new(role, s)),
        entry(Side::Peer, "sockudo-ws", wire, move |s| sockudo::Receive::new(role, s)),
        entry(Side::Peer, "sockudo-ws Protocol", wire, move |s| {
            sockudo_protocol::Receive::new(role, s)
        }),
    ]
}

/// An implementation that receives what is on the wire.
pub(super) fn entry<R: Receiver + 'static>(
    side: Side,
    implementation: &'static str,
    wire: &Rc<Wire>,
    receiver: impl Fn(Source) -> R + Copy + 'static,
) -> Entry {
    let (checked, timed) = (Rc::clone(wire), Rc::clone(wire));
    let make = move || -> Work {
        let mut receiver = receiver(timed.source());
        Box::new(move |count| receiver.receive(count, &mut Glance::default()))
    };
    Entry::new(side, implementation, move || verify(receiver(checked.source()), &checked), make)
}

/// Every message twice, so that the reads are cut elsewhere the second time.
fn verify(mut receiver: impl Receiver, wire: &Wire) -> Result<()> {
    let mut comparer = wire.comparer();
    let expected = 2 * wire.messages();
    receiver.receive(expected, &mut comparer);
    comparer.finish(expected)
}
