//! RFC 7692 §7, rule by rule: what is compressed, in which window, and with which context. Another
//! implementation inflates what we send, with exactly what was agreed to and no more, and compresses
//! what we receive.

mod inflater;

use inflater::{
    Peer, ROLES, beyond, compress, compressor, frames, message, noise, outbound, params, payloads,
    send, socket,
};
use longwire::handshake::DeflateParams;
use longwire::{
    Compression, ControlFrames, Event, Inbound, Input, Message, Outbound, Role, SendOptions,
};

const HELLO: &[u8] = b"\xf2\x48\xcd\xc9\xc9\x07\x00";
const HELLO_AGAIN: &[u8] = b"\xf2\x00\x11\x00\x00";

/// Has `sender` send all sorts of messages, and inflates them in a window of just the size agreed
/// to, which is forgotten after each message where that was agreed to.
fn assert_keeps_to(sender: Role, no_context_takeover: bool, window_bits: u8) {
    let params = params(sender, no_context_takeover, window_bits);
    let (mut socket, mut outbound) = (socket(sender, params), outbound());
    let mut peer = Peer::new(window_bits);
    let mut payloads = payloads();
    payloads.extend([beyond(window_bits), beyond(window_bits)]);
    for (index, payload) in payloads.iter().enumerate() {
        if no_context_takeover {
            peer = Peer::new(window_bits);
        }
        let (compressed, data) = message(&send(&mut socket, payload, &mut outbound));
        let got = if compressed { peer.inflate(&data) } else { Ok(data) };
        assert_eq!(got.as_deref(), Ok(&payload[..]), "{sender:?}, {params:?}, message {index}");
    }
}

/// What `sender` makes of the same text twice.
fn twice(sender: Role, params: DeflateParams, text: &[u8]) -> [(bool, Vec<u8>); 2] {
    let (mut socket, mut outbound) = (socket(sender, params), outbound());
    [(); 2].map(|()| message(&send(&mut socket, text, &mut outbound)))
}

/// Without context takeover the second message is the first again, and stands alone.
fn assert_forgets(sender: Role, params: DeflateParams) {
    // "Hello" alone gets longer, and would go as it is.
    let [first, again] = twice(sender, params, b"HelloHelloHello");
    assert_eq!(first, again);
    assert!(first.0, "compressed");
    assert_eq!(Peer::new(15).inflate(&again.1).as_deref(), Ok(&b"HelloHelloHello"[..]));
}

#[test]
fn rfc7692_s7_1_1_1_a_server_without_context_takeover_compresses_each_message_alone() {
    for window_bits in 9..=15 {
        assert_keeps_to(Role::Server, true, window_bits);
    }
    assert_forgets(Role::Server, params(Role::Server, true, 15));
    // The client's context is another matter.
    let kept = params(Role::Client, true, 15);
    let expected = [HELLO, HELLO_AGAIN].map(|data| (true, data.to_vec()));
    assert_eq!(twice(Role::Server, kept, b"Hello"), expected);
}

#[test]
fn rfc7692_s7_1_1_2_a_client_without_context_takeover_compresses_each_message_alone() {
    for window_bits in 9..=15 {
        assert_keeps_to(Role::Client, true, window_bits);
    }
    assert_forgets(Role::Client, params(Role::Client, true, 15));
    // The server's context is another matter.
    let kept = params(Role::Server, true, 15);
    let expected = [HELLO, HELLO_AGAIN].map(|data| (true, data.to_vec()));
    assert_eq!(twice(Role::Client, kept, b"Hello"), expected);
}

/// A decoder with a window of exactly that size inflates it: one byte further back and it could not.
#[test]
fn rfc7692_s7_1_2_1_a_server_looks_back_no_further_than_its_window() {
    for window_bits in 9..=15 {
        assert_keeps_to(Role::Server, false, window_bits);
    }
}

#[test]
fn rfc7692_s7_1_2_2_a_client_looks_back_no_further_than_its_window() {
    for window_bits in 9..=15 {
        assert_keeps_to(Role::Client, false, window_bits);
    }
}

/// A window of 8 bits binds the sender alone: what came out of any window, 15 bits inflate.
#[test]
fn rfc7692_s7_1_2_a_message_from_a_window_of_8_bits_is_inflated() {
    for role in ROLES {
        let sender = if role == Role::Server { Role::Client } else { Role::Server };
        let mut ours = socket(role, params(sender, false, 8));
        let (mut inbound, mut control) = (Inbound::new(), ControlFrames::new());
        // 200 bytes, and then a match of 200 bytes that lie 200 back: within 256.
        let text = [&noise(200)[..], &noise(200)].concat();
        let packed = compress(&mut compressor(), &text);
        assert!(packed.len() < 300, "the second half refers to the first: {}", packed.len());
        let mut wire = frames(&packed, 1_000, sender);
        let event = ours.receive(&mut Input::new(&mut wire), &mut control, &mut inbound);
        assert_eq!(event, Ok(Some(Event::Binary(&text))), "{role:?}");
    }
}

/// §7.2.3.1, §7.2.3.2: the RFC's own bytes, in the window of the first message.
#[test]
fn rfc7692_s7_1_1_with_context_takeover_a_message_refers_to_those_before_it() {
    for role in ROLES {
        let expected = [HELLO, HELLO_AGAIN].map(|data| (true, data.to_vec()));
        assert_eq!(twice(role, params(role, false, 15), b"Hello"), expected);
        // A message in between that is not compressed is in no window.
        let mut socket = socket(role, DeflateParams::default());
        let mut outbound = outbound();
        assert_eq!(message(&send(&mut socket, b"Hello", &mut outbound)).1, HELLO);
        let mut plain = Vec::new();
        let secret = Message::Binary(b"a secret");
        let sent = socket.send(secret, Compression::Never, &mut outbound, &mut plain);
        sent.expect("an open connection");
        assert_eq!(message(&plain), (false, b"a secret".to_vec()));
        assert_eq!(message(&send(&mut socket, b"Hello", &mut outbound)).1, HELLO_AGAIN);
    }
}

/// An application that drops a message without a look at it has it in the window all the same.
#[test]
fn rfc7692_s7_1_1_a_message_that_nobody_looks_at_is_in_the_window() {
    for role in ROLES {
        let sender = if role == Role::Server { Role::Client } else { Role::Server };
        let mut ours = socket(role, params(sender, false, 15));
        let (mut inbound, mut control) = (Inbound::new(), ControlFrames::new());
        let mut wire = [HELLO, HELLO_AGAIN, HELLO_AGAIN].map(|data| frames(data, 3, sender));
        for unseen in &mut wire[..2] {
            let mut input = Input::new(unseen);
            while ours.receive(&mut input, &mut control, &mut inbound).expect("sound").is_some() {}
        }
        let event = ours.receive(&mut Input::new(&mut wire[2]), &mut control, &mut inbound);
        assert_eq!(event, Ok(Some(Event::Binary(b"Hello"))), "{role:?}");
    }
}

/// The four bytes of a sync flush are taken off; an empty message is a zero; and what does not get
/// shorter is sound DEFLATE all the same.
#[test]
fn rfc7692_s7_2_1_what_is_compressed_ends_without_the_bytes_of_its_flush() {
    for role in ROLES {
        let (mut socket, mut outbound) = (socket(role, DeflateParams::default()), outbound());
        let mut peer = Peer::new(15);
        let mut sent = |payload: &[u8]| {
            let (compressed, data) = message(&send(&mut socket, payload, &mut outbound));
            assert!(compressed && !data.ends_with(b"\x00\x00\xff\xff"), "{}", payload.len());
            assert_eq!(peer.inflate(&data).as_deref(), Ok(payload));
            data
        };
        assert_eq!(sent(b"Hello"), HELLO);
        assert_eq!(sent(b""), [0x00]);
        assert_eq!(sent(b""), [0x00], "and once more");
        assert_eq!(sent(b"Hello"), HELLO_AGAIN);
        let mut noise = &noise(90_000)[..];
        for len in [1, 100, 16_384, 70_000] {
            let (payload, rest) = noise.split_at(len);
            assert!(sent(payload).len() >= len, "noise does not get shorter");
            noise = rest;
        }
        sent(b"bytes of a flush: \x00\x00\xff\xff");
    }
}

/// Whatever another implementation compresses, we inflate: with its window kept and dropped, in
/// one frame and in frames of one byte.
#[test]
fn rfc7692_s7_2_2_what_another_implementation_compresses_is_inflated() {
    for role in ROLES {
        let sender = if role == Role::Server { Role::Client } else { Role::Server };
        for no_context_takeover in [true, false] {
            let mut ours = socket(role, params(sender, no_context_takeover, 15));
            let (mut inbound, mut control) = (Inbound::new(), ControlFrames::new());
            let mut theirs = compressor();
            for (index, payload) in payloads().iter().enumerate() {
                if no_context_takeover {
                    theirs = compressor();
                }
                let packed = compress(&mut theirs, payload);
                let frame_bytes = if packed.len() < 200 { 1 } else { 10_000 };
                let mut wire = frames(&packed, frame_bytes, sender);
                let mut input = Input::new(&mut wire);
                let event = ours.receive(&mut input, &mut control, &mut inbound);
                let what = format!("{role:?}, {no_context_takeover}, message {index}");
                assert_eq!(event, Ok(Some(Event::Binary(payload))), "{what}");
                assert!(input.is_empty(), "{what}");
            }
        }
    }
}

/// A compressed message in fragments has RSV1 on the first alone, and FIN on the last: `message`
/// takes them apart and looks at both.
#[test]
fn rfc7692_s6_1_a_compressed_message_is_sent_in_fragments_with_rsv1_on_the_first() {
    let payload = noise(5000);
    for max_frame_bytes in [1, 7, 126, 4096] {
        let options = SendOptions { max_frame_bytes, ..SendOptions::default() };
        let mut outbound = Outbound::new(options);
        for role in ROLES {
            let mut socket = socket(role, params(role, false, 15));
            let wire = send(&mut socket, &payload, &mut outbound);
            let (compressed, data) = message(&wire);
            assert!(compressed && data.len() > 4096, "several frames of every size");
            assert_eq!(Peer::new(15).inflate(&data).as_deref(), Ok(&payload[..]));
        }
    }
}
