//! permessage-deflate beyond what its RFC asks for: what is worth compressing, messages that many
//! connections share, and whether the decoder that the tests trust tells.

mod inflater;

use inflater::{Peer, ROLES, beyond, message, noise, outbound, params, send, socket};
use longwire::handshake::DeflateParams;
use longwire::{
    ApiMisuse, Compression, Connection, Limits, Message, Outbound, Prepared, Role, SendOptions,
    WebSocket,
};

/// What `rfc_deflate_contexts.rs` proves rests on this: with a window of half the sender's, or without
/// the context that the sender kept, the decoder does not come to the same.
#[test]
fn a_decoder_with_less_than_the_sender_uses_fails() {
    for role in ROLES {
        for window_bits in 9..15 {
            let text = beyond(window_bits);
            let more = params(role, true, window_bits + 1);
            let (mut socket, mut outbound) = (socket(role, more), outbound());
            let (compressed, data) = message(&send(&mut socket, &text, &mut outbound));
            assert!(compressed, "it gets shorter, in a larger window");
            assert_eq!(Peer::new(window_bits + 1).inflate(&data).as_deref(), Ok(&text[..]));
            assert_ne!(Peer::new(window_bits).inflate(&data).as_deref(), Ok(&text[..]));
        }
        let (mut full, mut outbound) = (socket(role, DeflateParams::default()), outbound());
        let text = noise(1_000);
        send(&mut full, &text, &mut outbound);
        let (_, again) = message(&send(&mut full, &text, &mut outbound));
        assert!(again.len() < 100, "it refers to the message before: {} bytes", again.len());
        assert_ne!(Peer::new(15).inflate(&again).as_deref(), Ok(&text[..]));
    }
}

/// Compression is a matter of each message: its length, what the caller says, and what it gains.
#[test]
fn a_message_goes_as_it_is_where_that_is_better() {
    let alone = params(Role::Server, true, 15);
    let kept = params(Role::Server, false, 15);
    let noise = noise(1000);
    let text = b"news ".repeat(20);
    let threshold = SendOptions { compress_from_bytes: 100, ..SendOptions::default() };
    let table: &[(&str, DeflateParams, &[u8], Compression, bool)] = &[
        ("long enough", alone, &text, Compression::Auto, true),
        ("too short", alone, &text[..99], Compression::Auto, false),
        ("never", alone, &text, Compression::Never, false),
        ("never, with a context", kept, &text, Compression::Never, false),
        ("no gain", alone, &noise, Compression::Auto, false),
        // What went through the compressor is in its window, so the peer has to have it too.
        ("no gain, with a context", kept, &noise, Compression::Auto, true),
    ];
    for (name, params, payload, compression, expected) in table {
        let (mut socket, mut outbound) = (socket(Role::Server, *params), Outbound::new(threshold));
        let mut out = Vec::new();
        let sent = socket.send(Message::Binary(payload), *compression, &mut outbound, &mut out);
        assert_eq!(sent, Ok(()), "{name}");
        assert_eq!(message(&out).0, *expected, "{name}");
    }
}

/// Several prepared messages go out as they would one by one, in each form.
#[test]
fn prepared_messages_that_are_joined() {
    let long = "Hello ".repeat(50);
    let mut outbound = outbound();
    let mut prepare = |text| Prepared::new(Message::Text(text), Compression::Auto, &mut outbound);
    let [shortened, short] = [&long[..], "1"].map(|text| prepare(text).expect("memory"));
    assert!(shortened.compressed().is_some() && short.compressed().is_none());
    let table: [&[&Prepared]; 5] = [
        &[],
        &[&short],
        &[&short, &short],
        &[&shortened],
        &[&short, &shortened, &short, &shortened],
    ];
    for messages in table {
        let joined = Prepared::join(&messages.iter().copied().cloned().collect::<Vec<_>>());
        let joined = joined.expect("memory");
        let mut with = socket(Role::Server, params(Role::Server, true, 15));
        let mut without = WebSocket::new(Connection::server(Limits::default()));
        for socket in [&mut with, &mut without] {
            let one_by_one =
                messages.iter().map(|it| socket.send_prepared(it).expect("open").to_vec());
            let expected: Vec<u8> = one_by_one.flatten().collect();
            let sent = socket.send_prepared(&joined).expect("an open connection");
            assert_eq!(&sent[..], expected, "{messages:?}");
        }
    }
}

/// A prepared message was compressed with an empty window. The peer's window has it afterwards,
/// whatever ours has: all that follows has to inflate there.
#[test]
fn a_prepared_message_between_messages_with_context() {
    let text = b"Hello Hello Hello ".repeat(10);
    let mut outbound = outbound();
    let prepared = Prepared::new(Message::Binary(&text), Compression::Auto, &mut outbound);
    let prepared = prepared.expect("memory");
    let compressed = prepared.compressed().expect("it gets shorter").clone();
    assert_eq!(Peer::new(15).inflate(&message(&compressed).1).as_deref(), Ok(&text[..]));

    for no_context_takeover in [true, false] {
        let mut socket = socket(Role::Server, params(Role::Server, no_context_takeover, 15));
        let mut peer = Peer::new(15);
        for index in 0..6 {
            let wire = if index % 2 == 0 {
                send(&mut socket, &text, &mut outbound)
            } else {
                socket.send_prepared(&prepared).expect("an open connection").to_vec()
            };
            if no_context_takeover {
                peer = Peer::new(15);
            }
            let (is_compressed, data) = message(&wire);
            assert!(is_compressed);
            assert_eq!(peer.inflate(&data).as_deref(), Ok(&text[..]), "message {index}");
        }
    }
    // A smaller window than it was made for, or no compression at all: it goes as it is.
    let mut small = socket(Role::Server, params(Role::Server, true, 14));
    assert_eq!(small.send_prepared(&prepared), Ok(prepared.plain()));
    let mut plain = WebSocket::new(Connection::server(Limits::default()));
    assert_eq!(plain.send_prepared(&prepared), Ok(prepared.plain()));
    let mut client = socket(Role::Client, DeflateParams::default());
    assert_eq!(client.send_prepared(&prepared), Err(ApiMisuse::PreparedByClient));
}
