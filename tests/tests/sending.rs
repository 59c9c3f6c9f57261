//! What is sent beyond single frames: control frames that wait, long messages, messages that many
//! connections share, and failures. What the RFC says of single frames is `rfc_sending.rs`.

mod commands;

use std::sync::Arc;

use commands::{ROLES, bytes, connection};
use longwire::{
    ApiMisuse, CloseCode, Compression, ControlFrames, Input, Message, Outbound, Prepared,
    ProtocolError, Role, SendOptions, WebSocket,
};
use longwire_tests::vector::KEY;

/// A full `ControlFrames` refuses Pings, and has room for a Close still.
#[test]
fn control_frames_that_wait_are_full_one_day() {
    for role in ROLES {
        let (mut connection, mut control) = (connection(role), ControlFrames::new());
        let mut pings = 0;
        let refused = loop {
            match connection.ping(&[b'p'; 125], &mut control) {
                Ok(()) => pings += 1,
                Err(error) => break error,
            }
            assert!(pings < 100, "it is never full");
        };
        assert_eq!(refused, ApiMisuse::ControlFramesFull);
        let reason = "r".repeat(123);
        assert_eq!(connection.close(CloseCode::NORMAL, &reason, &mut control), Ok(()));
        let expected = format!("[89 7d 70*125]*{pings} [88 7d 03e8 72*123]");
        assert_eq!(control.poll_transmit(), Some(&bytes(&expected, role)[..]));
    }
}

/// A long message goes in frames of at most `max_frame_bytes`, and comes back whole.
#[test]
fn a_long_message_goes_in_fragments() {
    let table = [
        (Message::Text("abcdef"), 6, r#"[81 06 "abcdef"]"#),
        (Message::Text("abcdef"), 5, r#"[01 05 "abcde"] [80 01 "f"]"#),
        (Message::Text("abcdef"), 3, r#"[01 03 "abc"] [80 03 "def"]"#),
        (Message::Binary(b"abcde"), 2, r#"[02 02 "ab"] [00 02 "cd"] [80 01 "e"]"#),
        (Message::Binary(b"ab"), 0, r#"[02 01 "a"] [80 01 "b"]"#),
        // RFC 6455 §5.6: a fragment of text may end inside a character.
        (Message::Text("aé"), 2, r#"[01 02 61 c3] [80 01 a9]"#),
        (Message::Text(""), 0, "[81 00]"),
    ];
    for role in ROLES {
        for (message, max_frame_bytes, expected) in table {
            let mut outbound =
                Outbound::new(SendOptions { max_frame_bytes, ..SendOptions::default() });
            let (mut socket, mut out) = (WebSocket::new(connection(role)), Vec::new());
            let sent = socket.send(message, Compression::Auto, &mut outbound, &mut out);
            sent.expect("an open connection");
            assert_eq!(out, bytes(expected, role), "{message:?} in {max_frame_bytes}");
        }
    }
}

/// Encoded once, shared by all.
#[test]
fn a_prepared_message_is_shared() {
    let mut outbound = Outbound::new(SendOptions::default());
    let text = "news ".repeat(30);
    let news = Prepared::new(Message::Text(&text), Compression::Auto, &mut outbound);
    let news = news.expect("memory");
    assert_eq!(news.plain()[..], bytes(r#"[81 7e 0096 "news "*30]"#, Role::Server));
    let compressed = news.compressed().expect("it gets shorter");
    assert_eq!(compressed[0], 0xc1, "RSV1, text");
    assert!(compressed.len() < news.plain().len());

    let mut sockets = [(); 3].map(|()| WebSocket::new(connection(Role::Server)));
    for socket in &mut sockets {
        let frames = socket.send_prepared(&news).expect("an open connection");
        assert!(Arc::ptr_eq(frames, news.plain()), "the same bytes, not a copy");
    }
    let never = Prepared::new(Message::Text(&text), Compression::Never, &mut outbound);
    assert!(never.expect("memory").compressed().is_none());
    let short = Prepared::new(Message::Binary(b"ab"), Compression::Auto, &mut outbound);
    assert!(short.expect("memory").compressed().is_none(), "shorter than compress_from_bytes");

    let mut client = WebSocket::new(connection(Role::Client));
    assert_eq!(client.send_prepared(&news).err(), Some(ApiMisuse::PreparedByClient));
    let mut busy = WebSocket::new(connection(Role::Server));
    busy.send_fragment(Message::Text("a"), false, &mut Vec::new()).expect("an open connection");
    assert_eq!(busy.send_prepared(&news).err(), Some(ApiMisuse::InsideFragmentedMessage));
    let mut closing = WebSocket::new(connection(Role::Server));
    let mut control = ControlFrames::new();
    closing.close(CloseCode::NORMAL, "", &mut control).expect("an open connection");
    assert_eq!(closing.send_prepared(&news).err(), Some(ApiMisuse::NotOpen));
}

/// A failure that a layer above has found is told to the peer as any other, once.
#[test]
fn a_failure_from_above_is_final() {
    for role in ROLES {
        for error in ProtocolError::ALL {
            let (mut connection, mut control) = (connection(role), ControlFrames::new());
            connection.fail(*error, &mut control);
            let key = (role == Role::Client).then_some(KEY);
            let code = error.code().value();
            let close = longwire_tests::vector::close_frame(code, error.reason(), key);
            assert_eq!(control.poll_transmit(), Some(&close[..]), "{error:?}");
            connection.fail(ProtocolError::ReservedBits, &mut control);
            assert_eq!(control.poll_transmit(), None);
            let mut wire = *b"\x81\x00";
            let received = connection.receive(&mut Input::new(&mut wire), &mut control);
            assert_eq!(received, Err(*error));
            let closure = connection.closure().expect("it has ended");
            assert_eq!((closure.failure, closure.code), (Some(*error), CloseCode::ABNORMAL));
        }
    }
}
