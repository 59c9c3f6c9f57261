//! Receiving messages, one frame each, in reads of 64 KiB: what comes masked as a server, what
//! comes unmasked as a client.

use std::rc::Rc;

use anyhow::Result;
use longwire::Role;

use crate::payload::Payload;
use crate::peers::{self, Receiver};
use crate::row::{Entry, Row, Work, size};
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
    let wire = Rc::new(Wire::new(role, payload, len));
    vec![
        entry::<peers::longwire::Messages>("longwire", role, &wire),
        entry::<peers::longwire::Frames>("longwire Connection", role, &wire),
        entry::<peers::tungstenite::Receive>("tungstenite", role, &wire),
        entry::<peers::tokio_websockets::Receive>("tokio-websockets", role, &wire),
        entry::<peers::fastwebsockets::Receive>("fastwebsockets", role, &wire),
        entry::<peers::yawc::Receive>("yawc", role, &wire),
        entry::<peers::sockudo::Receive>("sockudo-ws", role, &wire),
    ]
}

fn entry<R: Receiver + 'static>(
    implementation: &'static str,
    role: Role,
    wire: &Rc<Wire>,
) -> Entry {
    let (checked, timed) = (Rc::clone(wire), Rc::clone(wire));
    Entry::new(implementation, move || verify::<R>(role, &checked), move || work::<R>(role, &timed))
}

/// Every message twice, so that the reads are cut elsewhere the second time.
fn verify<R: Receiver>(role: Role, wire: &Wire) -> Result<()> {
    let mut receiver = R::new(role, wire.source());
    let mut checker = wire.checker();
    let expected = 2 * wire.messages();
    receiver.receive(expected, &mut checker);
    checker.finish(expected)
}

fn work<R: Receiver + 'static>(role: Role, wire: &Wire) -> Work {
    let mut receiver = R::new(role, wire.source());
    Box::new(move |count| receiver.receive(count, &mut Glance::default()))
}
