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
    publish: fn(&mut Publisher),
) -> Entry {
    let verify = move || verify(publisher(), publish);
    let make = move || -> Work {
        let mut publisher = publisher();
        let mut sent = 0;
        Box::new(move |count| {
            // One time is one receiver; all of them are served at once.
            while sent < count {
                publish(&mut publisher);
                sent += RECEIVERS as u64;
            }
            sent -= count;
        })
    };
    Entry::new(Side::Ours, name, verify, make)
}

/// A message, and who wants it.
struct Publisher {
    message: String,
    compression: Compression,
    outbound: Outbound,
    sockets: Vec<WebSocket>,
    out: Vec<u8>,
    /// Bytes that have left.
    sent: usize,
    /// What the last receiver was sent.
    last: Vec<u8>,
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
            out: Vec::new(),
            sent: 0,
            last: Vec::new(),
        }
    }

    /// Each receiver's outbox gets a share in the same bytes.
    fn prepared(&mut self) {
        let message = Message::Text(&self.message);
        let prepared = Prepared::new(message, self.compression, &mut self.outbound);
        let prepared = prepared.expect("memory");
        for socket in &mut self.sockets {
            let frames = Arc::clone(socket.send_prepared(&prepared).expect("open"));
            self.sent += black_box(&frames).len();
        }
        self.last.clear();
        let socket = self.sockets.last_mut().expect("receivers");
        self.last.extend_from_slice(socket.send_prepared(&prepared).expect("open"));
    }

    /// Each receiver's frames are encoded.
    fn encoded_for_each(&mut self) {
        let message = Message::Text(&self.message);
        for socket in &mut self.sockets {
            let at = self.out.len();
            socket
                .send(message, self.compression, &mut self.outbound, &mut self.out)
                .expect("open");
            self.sent += self.out.len() - at;
            if self.out.len() > WRITE_BYTES {
                black_box(&self.out);
                self.out.drain(..at);
            }
        }
        self.last.clone_from(&self.out);
        self.out.clear();
    }
}

/// What is sent ends with the frames of the message, for the last receiver and, by its length, for all.
fn verify(mut publisher: Publisher, publish: fn(&mut Publisher)) -> Result<()> {
    publish(&mut publisher);
    let mut frames = Vec::new();
    let message = Message::Text(&publisher.message);
    let socket = publisher.sockets.last_mut().expect("receivers");
    socket.send(message, publisher.compression, &mut publisher.outbound, &mut frames)?;
    ensure!(publisher.last.ends_with(&frames), "the last receiver got something else");
    ensure!(publisher.sent == RECEIVERS * frames.len(), "not all got all of it");
    Ok(())
}
