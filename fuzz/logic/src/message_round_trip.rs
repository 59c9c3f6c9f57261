//! Messages from a client to a server and back, whole and in fragments, with Pings between them,
//! cut at random: what comes out is what went in.

use crate::endpoint::{Endpoint, send_options};
use crate::shape::{self, CUTS, Cuts, product};
use arbitrary::{Result, Unstructured};
use longwire::{Compression, Message, Prepared, Role};
use longwire_tests::trace::Seen;

/// How often a payload is repeated: up to messages that need their length in 64 bits.
const REPEATS: [usize; 8] = [1, 1, 1, 1, 2, 5, 20, 300];

/// Runs one input: parameters, send options, cuts; then for each message a byte of flags and a
/// payload.
///
/// # Errors
/// The input is too short.
pub fn run(data: &[u8]) -> Result<()> {
    let u = &mut Unstructured::new(data);
    let params = shape::deflate_params(u)?;
    let options = send_options(u.arbitrary()?);
    let cuts = Cuts::read(u)?;
    let mut client = Endpoint::new(Role::Client, params, options);
    let mut server = Endpoint::new(Role::Server, params, options);
    while !u.is_empty() {
        let flags: u8 = u.arbitrary()?;
        let payload = shape::short(u)?.repeat(REPEATS[usize::from(flags >> 5)]);
        let text = shape::text(&payload);
        let (message, expected) = match flags & 1 {
            0 => (Message::Binary(&payload), Seen::Binary(payload.clone())),
            _ => (Message::Text(&text), Seen::Text(text.clone().into_bytes())),
        };
        let ping = &payload[..payload.len().min(125)];
        let mut sent = vec![expected];
        match flags >> 1 & 3 {
            0 => client.send(message, Compression::Auto),
            1 => client.send(message, Compression::Never),
            _ => fragments(&mut client, message, usize::from(flags >> 3 & 3) * 50),
        }
        if flags & 8 != 0 {
            client.socket.ping(ping, &mut client.control).expect("a Ping may be sent");
            client.transmit();
            sent.push(Seen::Ping(ping.to_vec()));
        }
        carry(&mut client, &mut server, &cuts, &sent);

        // And back, encoded for this connection or for many.
        let mut sent = vec![sent[0].clone()];
        if flags & 16 == 0 {
            server.send(message, Compression::Auto);
        } else {
            let compression = if params.is_some() { Compression::Auto } else { Compression::Never };
            let prepared = Prepared::new(message, compression, &mut server.outbound);
            let prepared = prepared.expect("there is memory");
            let frames = server.socket.send_prepared(&prepared).expect("it may be sent");
            server.wire.extend_from_slice(frames);
        }
        if flags & 8 != 0 {
            server.transmit();
            sent.push(Seen::Pong(ping.to_vec()));
        }
        carry(&mut server, &mut client, &cuts, &sent);
    }
    Ok(())
}

/// A message in fragments. What may come between them is for `pair` to try.
fn fragments(client: &mut Endpoint, message: Message<'_>, max_bytes: usize) {
    for (piece, last) in message.fragments(max_bytes) {
        assert!(piece.as_bytes().len() <= max_bytes.max(4), "a long fragment");
        client.socket.send_fragment(piece, last, &mut client.wire).expect("a fragment may be sent");
    }
}

fn carry(from: &mut Endpoint, to: &mut Endpoint, cuts: &Cuts, expected: &[Seen]) {
    to.seen.clear();
    for piece in cuts.pieces(&from.wire) {
        to.receive(piece).expect("what was sent can be received");
    }
    assert_eq!(to.seen, expected);
    from.wire.clear();
}

/// Inputs to begin with.
pub fn seeds() -> Vec<Vec<u8>> {
    let deflate: [&[u8]; 4] = [&[0], &[1, 6, 6], &[7, 6, 6], &[3, 0, 3]];
    let fronts: Vec<Vec<u8>> = deflate
        .iter()
        .flat_map(|params| product(&[params], &[vec![0x30], vec![0x32], vec![0x37]]))
        .flat_map(|front| product(&[&front], &CUTS.map(Vec::from)))
        .collect();
    let fronts: Vec<&[u8]> = fronts.iter().map(|front| &front[..]).collect();
    let message = |flags: u8, text: &str| {
        let len = u8::try_from(text.len()).expect("a short text");
        [&[flags, len], text.as_bytes()].concat()
    };
    let (same, text) = ("The same again. The same again. ", "One text, and one text again. ");
    let long = same.repeat(6);
    let messages = [
        [message(1, "Hello"), message(9, "Hello"), message(0, ""), message(1, "")].concat(),
        [message(0x1d, "Hellö, world"), message(0xe4, same), message(0xe2, same)].concat(),
        [message(0xe1, same), message(0xf0, same)].concat(),
        // Compressed here, elsewhere, and here again.
        [message(0xa1, text), message(0xb1, "Some other."), message(0xa1, text)].concat(),
        message(5, "🌍🌍🌍🌍"),
        // Long enough to be received in place; the second in the buffer of the first.
        [message(0xe3, &long), message(0xe3, &long)].concat(),
    ];
    product(&fronts, &messages)
}
