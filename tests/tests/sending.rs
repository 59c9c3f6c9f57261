//! What is sent: exact bytes, in both roles, through every way to send; and what must not be sent.

use std::cell::Cell;
use std::sync::Arc;

use longwire::{
    ApiMisuse, CloseCode, Compression, Connection, ControlFrames, Inbound, Input, Limits, Message,
    Outbound, Prepared, ProtocolError, Role, SendOptions, WebSocket,
};
use longwire_tests::notation::parse;
use longwire_tests::vector::KEY;

const ROLES: [Role; 2] = [Role::Server, Role::Client];

fn connection(role: Role) -> Connection {
    match role {
        Role::Server => Connection::server(Limits::default()),
        Role::Client => Connection::client(Limits::default(), || KEY),
    }
}

/// The bytes that `text` stands for, from an endpoint of this role.
fn bytes(text: &str, role: Role) -> Vec<u8> {
    let key = (role == Role::Client).then_some(KEY);
    parse(text, key).expect("bytes in the notation of the vectors").bytes
}

/// Something to be sent.
#[derive(Clone, Copy, Debug)]
enum Command {
    Whole(Message<'static>),
    Fragment(Message<'static>, bool),
    Ping(&'static [u8]),
    Pong(&'static [u8]),
    Close(u16, &'static str),
}
use Command::{Close, Fragment, Ping, Pong, Whole};
use Message::{Binary, Text};

/// Sends through a `Connection`: the header, and the payload masked in place behind it.
fn beside(connection: &mut Connection, send: Command) -> Result<Vec<u8>, ApiMisuse> {
    let mut control = ControlFrames::new();
    let (header, payload) = match send {
        Whole(message) => (connection.send(message)?, message.as_bytes()),
        Fragment(message, last) => (connection.send_fragment(message, last)?, message.as_bytes()),
        _ => return controlled(connection, send, &mut control),
    };
    let mut payload = payload.to_vec();
    header.mask(&mut payload);
    Ok([header.as_bytes(), &payload].concat())
}

/// Sends through a `Connection` into a slice of just the length that it says it needs.
fn encoded(connection: &mut Connection, send: Command) -> Result<Vec<u8>, ApiMisuse> {
    let mut encode = |out: &mut [u8]| match send {
        Whole(message) => connection.encode(message, out),
        Fragment(message, last) => connection.encode_fragment(message, last, out),
        _ => panic!("not a message"),
    };
    if !matches!(send, Whole(_) | Fragment(..)) {
        return controlled(connection, send, &mut ControlFrames::new());
    }
    let needed = match encode(&mut []) {
        Err(ApiMisuse::BufferTooSmall { needed }) => needed,
        Err(other) => return Err(other),
        Ok(_) => panic!("a frame of no bytes"),
    };
    let mut out = vec![0xaa; needed + 1];
    assert_eq!(encode(&mut out[..needed - 1]), Err(ApiMisuse::BufferTooSmall { needed }));
    assert_eq!(encode(&mut out), Ok(needed));
    assert_eq!(out.pop(), Some(0xaa), "nothing behind the frame is touched");
    Ok(out)
}

fn controlled(
    connection: &mut Connection,
    send: Command,
    control: &mut ControlFrames,
) -> Result<Vec<u8>, ApiMisuse> {
    match send {
        Ping(payload) => connection.ping(payload, control)?,
        Pong(payload) => connection.pong(payload, control)?,
        Close(code, reason) => connection.close(CloseCode::new(code), reason, control)?,
        Whole(_) | Fragment(..) => panic!("a message is no control frame"),
    }
    Ok(control.poll_transmit().unwrap_or_default().to_vec())
}

/// Sends through a `WebSocket`, into a vector that has something in it already.
fn appended(socket: &mut WebSocket, send: Command) -> Result<Vec<u8>, ApiMisuse> {
    let (mut outbound, mut control) = (Outbound::new(SendOptions::default()), ControlFrames::new());
    let mut out = b"before".to_vec();
    let sent = match send {
        Whole(message) => socket.send(message, Compression::Auto, &mut outbound, &mut out),
        Fragment(message, last) => socket.send_fragment(message, last, &mut out),
        Ping(payload) => socket.ping(payload, &mut control),
        Close(code, reason) => socket.close(CloseCode::new(code), reason, &mut control),
        Pong(_) => panic!("a WebSocket sends no Pong on its own"),
    };
    assert!(out.starts_with(b"before"));
    if sent.is_err() {
        assert_eq!(out, b"before", "an error leaves the output as it was");
    }
    out.extend_from_slice(control.poll_transmit().unwrap_or_default());
    sent.map(|()| out["before".len()..].to_vec())
}

/// RFC 6455 §5.2 to §5.7, §6.1: sequences of commands, and the frames that they are.
#[test]
fn rfc6455_s6_1_what_is_sent() {
    const A125: &[u8] = &[b'a'; 125];
    const A126: &[u8] = &[b'a'; 126];
    const A65535: &[u8] = &[b'a'; 65_535];
    const A65536: &[u8] = &[b'a'; 65_536];
    let table: &[(&[Command], &str)] = &[
        (&[Whole(Text("Hello"))], r#"[81 05 "Hello"]"#),
        (&[Whole(Binary(b"Hello"))], r#"[82 05 "Hello"]"#),
        (&[Whole(Text(""))], "[81 00]"),
        (&[Whole(Binary(b""))], "[82 00]"),
        (&[Whole(Text("größer"))], r#"[81 08 "größer"]"#),
        (&[Whole(Binary(A125))], "[82 7d 61*125]"),
        (&[Whole(Binary(A126))], "[82 7e 007e 61*126]"),
        (&[Whole(Binary(A65535))], "[82 7e ffff 61*65535]"),
        (&[Whole(Binary(A65536))], "[82 7f 0000000000010000 61*65536]"),
        (
            &[Fragment(Text("Hel"), false), Fragment(Text("lo"), true)],
            r#"[01 03 "Hel"] [80 02 "lo"]"#,
        ),
        (
            &[
                Fragment(Binary(b""), false),
                Fragment(Binary(b"a"), false),
                Fragment(Binary(b""), true),
            ],
            r#"[02 00] [00 01 "a"] [80 00]"#,
        ),
        (&[Fragment(Text("a"), true), Whole(Binary(b"b"))], r#"[81 01 "a"] [82 01 "b"]"#),
        (
            &[Fragment(Text("a"), false), Ping(b"p"), Fragment(Text("b"), true), Whole(Text("c"))],
            r#"[01 01 "a"] [89 01 "p"] [80 01 "b"] [81 01 "c"]"#,
        ),
        (&[Ping(b""), Ping(A125)], "[89 00] [89 7d 61*125]"),
        (&[Close(1000, "")], "[88 02 03e8]"),
        (&[Close(1005, "")], "[88 00]"),
        (&[Close(4999, "why")], r#"[88 05 1387 "why"]"#),
        (&[Close(1012, "ß")], r#"[88 04 03f4 "ß"]"#),
        (&[Fragment(Text("a"), false), Close(1001, "")], r#"[01 01 "a"] [88 02 03e9]"#),
    ];
    for role in ROLES {
        for (sends, expected) in table {
            let expected = bytes(expected, role);
            let (mut one, mut two) = (connection(role), connection(role));
            let mut three = WebSocket::new(connection(role));
            let (mut by_one, mut by_two, mut by_three) = (Vec::new(), Vec::new(), Vec::new());
            for send in *sends {
                by_one.extend(beside(&mut one, *send).expect("it may be sent"));
                by_two.extend(encoded(&mut two, *send).expect("it may be sent"));
                by_three.extend(appended(&mut three, *send).expect("it may be sent"));
            }
            assert_eq!(by_one, expected, "{role:?}, header beside payload: {sends:?}");
            assert_eq!(by_two, expected, "{role:?}, encoded: {sends:?}");
            assert_eq!(by_three, expected, "{role:?}, appended: {sends:?}");
        }
        let pong = beside(&mut connection(role), Pong(b"alive"));
        assert_eq!(pong, Ok(bytes(r#"[8a 05 "alive"]"#, role)));
    }
}

/// RFC 6455 §5.4, §5.5, §5.5.1, §7.4: commands that are refused, behind commands that are not. What
/// is refused changes nothing: the last column may still be sent.
#[test]
fn misuse_is_an_error_and_changes_nothing() {
    use ApiMisuse::*;
    const LONG: &[u8] = &[0; 126];
    let reason: &'static str = Box::leak("r".repeat(124).into_boxed_str());
    let begun = &[Fragment(Text("a"), false)][..];
    let closed = &[Close(1000, "")][..];
    let table: &[(&[Command], Command, ApiMisuse, Option<Command>)] = &[
        (begun, Whole(Text("b")), InsideFragmentedMessage, Some(Fragment(Text("b"), true))),
        (begun, Whole(Binary(b"b")), InsideFragmentedMessage, Some(Fragment(Text("b"), true))),
        (
            begun,
            Fragment(Binary(b"b"), true),
            InsideFragmentedMessage,
            Some(Fragment(Text(""), true)),
        ),
        (&[], Ping(LONG), ControlTooLong, Some(Ping(&[0; 125]))),
        (&[], Close(0, ""), CloseCodeNotAllowed, Some(Whole(Text("a")))),
        (&[], Close(999, ""), CloseCodeNotAllowed, Some(Whole(Text("a")))),
        (&[], Close(1004, ""), CloseCodeNotAllowed, Some(Whole(Text("a")))),
        (&[], Close(1005, "a reason"), CloseCodeNotAllowed, Some(Close(1005, ""))),
        (&[], Close(1006, ""), CloseCodeNotAllowed, Some(Close(1000, ""))),
        (&[], Close(1015, ""), CloseCodeNotAllowed, Some(Close(1000, ""))),
        (&[], Close(1016, ""), CloseCodeNotAllowed, Some(Close(1000, ""))),
        (&[], Close(2999, ""), CloseCodeNotAllowed, Some(Close(3000, ""))),
        (&[], Close(5000, ""), CloseCodeNotAllowed, Some(Close(4999, ""))),
        (&[], Close(1000, reason), CloseReasonTooLong, Some(Close(1000, &reason[1..]))),
        (closed, Whole(Text("a")), NotOpen, None),
        (closed, Whole(Binary(b"")), NotOpen, None),
        (closed, Fragment(Text("a"), true), NotOpen, None),
        (closed, Ping(b""), NotOpen, None),
        (closed, Close(1000, ""), NotOpen, None),
        (&[Fragment(Text("a"), false), Close(1000, "")], Fragment(Text("b"), true), NotOpen, None),
    ];
    for role in ROLES {
        for (before, refused, error, then) in table {
            let (mut one, mut two) = (connection(role), connection(role));
            let mut three = WebSocket::new(connection(role));
            for send in *before {
                beside(&mut one, *send).expect("it may be sent");
                encoded(&mut two, *send).expect("it may be sent");
                appended(&mut three, *send).expect("it may be sent");
            }
            assert_eq!(beside(&mut one, *refused), Err(*error), "{role:?}: {refused:?}");
            assert_eq!(encoded(&mut two, *refused), Err(*error), "{role:?}: {refused:?}");
            assert_eq!(appended(&mut three, *refused), Err(*error), "{role:?}: {refused:?}");
            if let Some(send) = then {
                assert!(beside(&mut one, *send).is_ok(), "{send:?}");
                assert!(encoded(&mut two, *send).is_ok(), "{send:?}");
                assert!(appended(&mut three, *send).is_ok(), "{send:?}");
            }
        }
    }
}

/// RFC 6455 §5.5.1, §7.1.7: nothing goes out on a connection that has ended, however it did.
#[test]
fn nothing_is_sent_on_a_connection_that_has_ended() {
    let ends = ["[83 00]", "[88 00]", "[81 01 ff]", ""];
    let all = [Whole(Text("a")), Fragment(Text("a"), false), Ping(b""), Pong(b""), Close(1000, "")];
    for role in ROLES {
        let peer = if role == Role::Server { Role::Client } else { Role::Server };
        for end in ends {
            let mut connection = connection(role);
            let mut wire = bytes(end, peer);
            let (mut input, mut control) = (Input::new(&mut wire), ControlFrames::new());
            while let Ok(Some(_)) = connection.receive(&mut input, &mut control) {}
            connection.receive_eof();
            for send in all {
                assert_eq!(
                    beside(&mut connection, send),
                    Err(ApiMisuse::NotOpen),
                    "{end} {send:?}"
                );
            }
        }
    }
}

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

/// RFC 6455 §5.3, §10.3: a fresh key for each frame, and none for a server.
#[test]
fn rfc6455_s5_3_a_key_for_each_frame() {
    thread_local!(static DRAWN: Cell<u8> = const { Cell::new(0) });
    let keys = || {
        DRAWN.set(DRAWN.get() + 1);
        [DRAWN.get(), 0, 0, 0]
    };
    let mut socket = WebSocket::new(Connection::client(Limits::default(), keys));
    let mut outbound = Outbound::new(SendOptions { max_frame_bytes: 2, ..SendOptions::default() });
    let (mut out, mut control) = (Vec::new(), ControlFrames::new());
    let sent = socket.send(Message::Binary(&[0; 5]), Compression::Auto, &mut outbound, &mut out);
    sent.expect("an open connection");
    socket.ping(b"", &mut control).expect("an open connection");
    let expected = parse(
        "02 82 mask(01000000: 0000) 00 82 mask(02000000: 0000) 80 81 mask(03000000: 00)",
        None,
    );
    assert_eq!(out, expected.expect("bytes").bytes);
    assert_eq!(control.poll_transmit(), Some(&b"\x89\x80\x04\0\0\0"[..]));
    // A Pong and the answer to a Close have keys of their own.
    let mut wire = *b"\x89\x00\x88\x00";
    let (mut input, mut inbound) = (Input::new(&mut wire), Inbound::new());
    while let Ok(Some(_)) = socket.receive(&mut input, &mut control, &mut inbound) {}
    assert_eq!(control.poll_transmit(), Some(&b"\x8a\x80\x05\0\0\0\x88\x80\x06\0\0\0"[..]));
    assert_eq!(DRAWN.get(), 6, "one key a frame, and none for nothing");
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
