//! One message to a thousand receivers: encoded once, and encoded for each.

use std::hint::black_box;
use std::sync::Arc;

use anyhow::{Result, ensure};
use fastrand::Rng;
use longwire::handshake::DeflateParams;
use longwire::{
    Compression, Connection, Limits, Message, Outbound, Prepared, SendOptions, WebSocket,
};

use crate::payload::Payload;
use crate::row::{Entry, Row, Side, Work, size};

const RECEIVERS: usize = 1000;
/// What has been encoded leaves when it is so much.
const WRITE_BYTES: usize = 64 * 1024;

pub(crate) fn rows() -> Vec<Row> {
    let cases = [
        ("plain", false, 125),
        ("plain", false, 1024),
        ("plain", false, 16 * 1024),
        ("compressed", true, 1024),
        ("compressed", true, 16 * 1024),
    ];
    let row = |(kind, compressed, len): (&str, bool, usize)| {
        let entries = move || {
            let publisher = move || Publisher::new(compressed, len);
            vec![
                entry("longwire", publisher, Publisher::prepared),
                entry("longwire, encoded for each", publisher, Publisher::encoded_for_each),
            ]
        };
        Row::new("prepared", format!("{kind} {}", size(len)), len, entries)
    };
    cases.into_iter().map(row).collect()
}

fn entry(
    name: &'static str,
    publisher: impl Fn() -> Publisher + Copy + 'static,
    serve: fn(&mut Publisher),
) -> Entry {
    let verify = move || verify(publisher(), serve);
    let make = move || -> Work {
        let mut publisher = publisher();
        Box::new(move |count| (0..count).for_each(|_| serve(&mut publisher)))
    };
    Entry::new(Side::Ours, name, verify, make)
}

/// A message, and who wants it: one receiver after the other, and then from the first again.
struct Publisher {
    message: String,
    compression: Compression,
    outbound: Outbound,
    sockets: Vec<WebSocket>,
    /// The next receiver.
    at: usize,
    prepared: Option<Prepared>,
    out: Vec<u8>,
    /// Bytes that were sent.
    sent: usize,
}

impl Publisher {
    fn new(compressed: bool, len: usize) -> Self {
        let text = if compressed { Payload::Json } else { Payload::Ascii };
        let message = text.make(len, &mut Rng::with_seed(len as u64));
        let params = DeflateParams {
            server_no_context_takeover: true,
            client_no_context_takeover: true,
            ..DeflateParams::default()
        };
        let socket = || {
            let connection = Connection::server(Limits::default());
            if compressed {
                WebSocket::with_deflate(connection, params)
            } else {
                WebSocket::new(connection)
            }
        };
        Self {
            message: String::from_utf8(message).expect("text"),
            compression: if compressed { Compression::Auto } else { Compression::Never },
            outbound: Outbound::new(SendOptions::default()),
            sockets: (0..RECEIVERS).map(|_| socket()).collect(),
            at: 0,
            prepared: None,
            out: Vec::new(),
            sent: 0,
        }
    }

    fn next(&mut self) -> usize {
        let at = self.at;
        self.at = (at + 1) % RECEIVERS;
        at
    }

    /// The receiver's outbox gets a share in the bytes, which the first one has had encoded.
    fn prepared(&mut self) {
        let at = self.next();
        if at == 0 {
            let message = Message::Text(&self.message);
            let prepared = Prepared::new(message, self.compression, &mut self.outbound);
            self.prepared = Some(prepared.expect("memory"));
        }
        let prepared = self.prepared.as_ref().expect("made for the first");
        let frames = Arc::clone(self.sockets[at].send_prepared(prepared).expect("open"));
        self.sent += black_box(&frames).len();
    }

    /// The receiver's frames are encoded.
    fn encoded_for_each(&mut self) {
        if self.out.len() > WRITE_BYTES {
            black_box(&self.out);
            self.out.clear();
        }
        let (at, from) = (self.next(), self.out.len());
        let message = Message::Text(&self.message);
        self.sockets[at]
            .send(message, self.compression, &mut self.outbound, &mut self.out)
            .expect("open");
        self.sent += self.out.len() - from;
    }
}

/// Everyone is sent as many bytes as the frames have; those prepared are the same bytes.
fn verify(mut publisher: Publisher, serve: fn(&mut Publisher)) -> Result<()> {
    let mut frames = Vec::new();
    let message = Message::Text(&publisher.message);
    let socket = publisher.sockets.last_mut().expect("receivers");
    socket.send(message, publisher.compression, &mut publisher.outbound, &mut frames)?;
    (0..RECEIVERS).for_each(|_| serve(&mut publisher));
    ensure!(publisher.sent == RECEIVERS * frames.len(), "not all got all of it");
    if let Some(prepared) = &publisher.prepared {
        let socket = publisher.sockets.last_mut().expect("receivers");
        ensure!(**socket.send_prepared(prepared)? == *frames, "something else was prepared");
    } else {
        ensure!(publisher.out.ends_with(&frames), "something else was encoded");
    }
    Ok(())
}
