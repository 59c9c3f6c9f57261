//! Sending binary messages, written every 64 KiB or so: unmasked as a server, masked with a fresh
//! key for each frame as a client.

use std::rc::Rc;

use anyhow::{Context as _, Result, ensure};
use longwire::Role;

use crate::outgoing::Outgoing;
use crate::payload::Payload;
use crate::peers::{self, Receiver as _, Sender};
use crate::row::{Entry, Row, Side, Work, size};
use crate::sink::Sink;
use crate::source::Source;
use crate::wire::Comparer;

pub(crate) fn rows() -> Vec<Row> {
    let roles = [(Role::Server, "send-server"), (Role::Client, "send-client")];
    let sizes = [20, 125, 1024, 16 * 1024, 64 * 1024];
    let row = |(role, table): (Role, &'static str), len: usize| {
        Row::new(table, format!("binary {}", size(len)), len, move || entries(role, len))
    };
    roles.into_iter().flat_map(|role| sizes.map(|len| row(role, len))).collect()
}

fn entries(role: Role, len: usize) -> Vec<Entry> {
    use peers::{
        fastwebsockets, longwire, longwire_connection, sockudo, sockudo_protocol, tokio_websockets,
        tungstenite, yawc,
    };
    let outgoing = Rc::new(Outgoing::new(Payload::Binary, len));
    let out = &outgoing;
    let mut entries = vec![
        entry(Side::Ours, "longwire", role, out, move |o, s| longwire::Send::new(role, o, s)),
        entry(Side::Ours, "longwire Connection", role, out, move |o, s| {
            longwire_connection::Send::new(role, o, s)
        }),
        entry(Side::Peer, "tungstenite", role, out, move |o, s| tungstenite::Send::new(role, o, s)),
        entry(Side::Peer, "tokio-websockets", role, out, move |o, s| {
            tokio_websockets::Send::new(role, o, s)
        }),
        entry(Side::Peer, "fastwebsockets", role, out, move |o, s| {
            fastwebsockets::Send::new(role, o, s)
        }),
        entry(Side::Peer, "yawc", role, out, move |o, s| yawc::Send::new(role, o, s)),
        entry(Side::Peer, "sockudo-ws", role, out, move |o, s| sockudo::Send::new(role, o, s)),
        entry(Side::Peer, "sockudo-ws Protocol", role, out, move |o, s| {
            sockudo_protocol::Send::new(role, o, s)
        }),
    ];
    if role == Role::Client {
        let with_rand = entry(Side::Ours, "longwire, keys of rand", role, out, move |o, s| {
            longwire::Send::with_keys(role, longwire::RAND_KEYS, o, s)
        });
        entries.insert(1, with_rand);
    }
    entries
}

fn entry<S: Sender + 'static>(
    side: Side,
    implementation: &'static str,
    role: Role,
    outgoing: &Rc<Outgoing>,
    sender: impl Fn(&Outgoing, Sink) -> S + Copy + 'static,
) -> Entry {
    let (checked, timed) = (Rc::clone(outgoing), Rc::clone(outgoing));
    let verify = move || {
        let wire = sent(&checked, |sink| sender(&checked, sink));
        ensure!(role == Role::Server || keys_differ(&wire), "the masking keys are the same");
        compare(&checked, role, &wire)
    };
    Entry::new(side, implementation, verify, move || work(sender(&timed, Sink::new())))
}

pub(super) fn work(mut sender: impl Sender + 'static) -> Work {
    Box::new(move |count| sender.send(count))
}

/// What each message sent once makes on the wire.
pub(super) fn sent<S: Sender>(outgoing: &Outgoing, sender: impl Fn(Sink) -> S) -> Vec<u8> {
    let (sink, written) = Sink::recording();
    sender(sink).send(outgoing.messages());
    written.take()
}

/// Whether the first two frames have different masking keys.
fn keys_differ(wire: &[u8]) -> bool {
    let key = |bytes: &[u8]| -> Option<([u8; 4], usize)> {
        let (len, at) = match bytes.get(1)? & 0x7f {
            126 => (usize::from(u16::from_be_bytes(bytes[2..4].try_into().ok()?)), 4),
            127 => (usize::try_from(u64::from_be_bytes(bytes[2..10].try_into().ok()?)).ok()?, 10),
            len => (usize::from(len), 2),
        };
        Some((bytes.get(at..at + 4)?.try_into().ok()?, at + 4 + len))
    };
    let first = key(wire);
    let second = first.and_then(|(_, end)| key(&wire[end..]));
    first.zip(second).is_some_and(|(first, second)| first.0 != second.0)
}

/// Receives what was sent, in the other role, and compares it.
fn compare(outgoing: &Outgoing, role: Role, wire: &[u8]) -> Result<()> {
    let receiver = if role == Role::Server { Role::Client } else { Role::Server };
    ensure!(!wire.is_empty(), "nothing was sent");
    let mut comparer = Comparer::new(outgoing.text, &outgoing.messages);
    let mut receive = peers::longwire::Receive::new(receiver, Source::new(wire.into()));
    // Once more than once: what is sent has to end behind the last message.
    let expected = 2 * outgoing.messages();
    receive.receive(expected, &mut comparer);
    comparer.finish(expected).context("what was sent")
}
