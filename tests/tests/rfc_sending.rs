//! RFC 6455 §5 to §7, rule by rule: what is sent, in both roles and through every way to send, and
//! what must not be sent.
//!
//! Frames in brackets are a client's with the mask bit and the key 37fa213d, as in `vectors/README.md`.

mod commands;

use std::cell::Cell;

use commands::Command::{self, Close, Fragment, Ping, Pong, Whole};
use commands::{Endpoint, ROLES, assert_refused, assert_sent, bytes, connection};
use longwire::Message::{Binary, Text};
use longwire::handshake::DeflateParams;
use longwire::{
    ApiMisuse, CloseCode, Compression, Connection, ControlFrames, Inbound, Initiator, Input,
    Limits, Outbound, Prepared, Role, SendOptions, State, WebSocket,
};
use longwire_tests::notation::parse;
use longwire_tests::vector::{KEY, close_frame};

const A125: &[u8] = &[b'a'; 125];
const A126: &[u8] = &[b'a'; 126];
const A65535: &[u8] = &[b'a'; 65_535];
const A65536: &[u8] = &[b'a'; 65_536];

/// What an endpoint answers to these bytes.
fn answer(connection: &mut Connection, bytes: &[u8]) -> Vec<u8> {
    let (mut wire, mut control) = (bytes.to_vec(), ControlFrames::new());
    let mut input = Input::new(&mut wire);
    while let Ok(Some(_)) = connection.receive(&mut input, &mut control) {}
    control.poll_transmit().unwrap_or_default().to_vec()
}

/// All bytes literally: with the mask bit, the key and a masked payload from a client, and without
/// any of them from a server.
#[test]
fn rfc6455_s5_1_a_client_masks_every_frame_and_a_server_none() {
    let table: &[(Command, &[u8], &[u8])] = &[
        (Whole(Text("Hello")), b"\x81\x05Hello", b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"),
        (
            Whole(Binary(b"\0\0\0\0\0")),
            b"\x82\x05\0\0\0\0\0",
            b"\x82\x85\x37\xfa\x21\x3d\x37\xfa\x21\x3d\x37",
        ),
        (Whole(Text("")), b"\x81\x00", b"\x81\x80\x37\xfa\x21\x3d"),
        (Fragment(Text("H"), false), b"\x01\x01H", b"\x01\x81\x37\xfa\x21\x3d\x7f"),
        (Fragment(Text("e"), false), b"\x00\x01e", b"\x00\x81\x37\xfa\x21\x3d\x52"),
        (Ping(b"Hello"), b"\x89\x05Hello", b"\x89\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"),
        (Pong(b""), b"\x8a\x00", b"\x8a\x80\x37\xfa\x21\x3d"),
        (Fragment(Text(""), true), b"\x80\x00", b"\x80\x80\x37\xfa\x21\x3d"),
        (Close(1000, ""), b"\x88\x02\x03\xe8", b"\x88\x82\x37\xfa\x21\x3d\x34\x12"),
    ];
    let (mut server, mut client) = (Endpoint::new(Role::Server), Endpoint::new(Role::Client));
    for (command, by_server, by_client) in table {
        assert_eq!(server.send(*command).as_deref(), Ok(*by_server), "{command:?}");
        assert_eq!(client.send(*command).as_deref(), Ok(*by_client), "{command:?}");
    }
    // A Pong and a Close that answer the peer's, and the Close of a failure.
    let pong =
        answer(&mut connection(Role::Server), b"\x89\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58");
    assert_eq!(pong, b"\x8a\x05Hello");
    let pong = answer(&mut connection(Role::Client), b"\x89\x05Hello");
    assert_eq!(pong, b"\x8a\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58");
    let close = answer(&mut connection(Role::Server), b"\x88\x82\x37\xfa\x21\x3d\x34\x12");
    assert_eq!(close, b"\x88\x02\x03\xe8");
    let close = answer(&mut connection(Role::Client), b"\x88\x02\x03\xe8");
    assert_eq!(close, b"\x88\x82\x37\xfa\x21\x3d\x34\x12");
    let failed = answer(&mut connection(Role::Server), b"\x83\x80");
    assert_eq!(failed, b"\x88\x18\x03\xeathe opcode is reserved");
    let failed = answer(&mut connection(Role::Client), b"\x83\x00");
    assert_eq!(failed, close_frame(1002, "the opcode is reserved", Some(KEY)));
}

#[test]
fn rfc6455_s5_2_lengths_are_sent_in_the_fewest_bytes_and_in_network_byte_order() {
    assert_sent(&[
        (&[Whole(Binary(b""))], "[82 00]"),
        (&[Whole(Binary(b"a"))], "[82 01 61]"),
        (&[Whole(Binary(A125))], "[82 7d 61*125]"),
        (&[Whole(Binary(A126))], "[82 7e 007e 61*126]"),
        (&[Whole(Binary(A65535))], "[82 7e ffff 61*65535]"),
        (&[Whole(Binary(A65536))], "[82 7f 0000000000010000 61*65536]"),
        (&[Fragment(Binary(A126), false)], "[02 7e 007e 61*126]"),
        (&[Fragment(Binary(A65536), true)], "[82 7f 0000000000010000 61*65536]"),
    ]);
}

/// A key for each frame, and none for a server. The source that gives them is the caller's, and it
/// has to be a strong one: the engine adds nothing to it and keeps nothing of it.
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
    let sent = socket.send(Binary(&[0; 5]), Compression::Auto, &mut outbound, &mut out);
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

/// Compressed bytes are masked like any others, and no frame of a client is ever sent twice.
#[test]
fn rfc6455_s10_3_compressed_and_shared_messages_are_no_way_around_the_masks() {
    thread_local!(static DRAWN: Cell<u8> = const { Cell::new(0) });
    let keys = || {
        DRAWN.set(DRAWN.get() + 1);
        [DRAWN.get(), 0xff, 0, 0]
    };
    let connection = Connection::client(Limits::default(), keys);
    let mut socket = WebSocket::with_deflate(connection, DeflateParams::default());
    let options =
        SendOptions { max_frame_bytes: 2, compress_from_bytes: 0, ..SendOptions::DEFAULT };
    let (mut outbound, mut out) = (Outbound::new(options), Vec::new());
    let sent = socket.send(Text("Hello"), Compression::Auto, &mut outbound, &mut out);
    sent.expect("an open connection");
    let expected = parse(
        "41 82 mask(01ff0000: f248) 00 82 mask(02ff0000: cdc9) 00 82 mask(03ff0000: c907) \
         80 81 mask(04ff0000: 00)",
        None,
    );
    assert_eq!(out, expected.expect("bytes").bytes);
    // A message that is encoded once for many has one key or none: clients do not send it.
    let prepared = Prepared::new(Text("Hello"), Compression::Never, &mut outbound);
    let prepared = prepared.expect("memory");
    assert_eq!(prepared.plain()[..], *b"\x01\x02He\x00\x02ll\x80\x01o");
    assert_eq!(socket.send_prepared(&prepared).err(), Some(ApiMisuse::PreparedByClient));
    assert_eq!(DRAWN.get(), 4);
}

#[test]
fn rfc6455_s5_4_control_frames_are_sent_between_fragments() {
    assert_sent(&[
        (
            &[Fragment(Text("a"), false), Ping(b"p"), Fragment(Text("b"), true), Whole(Text("c"))],
            r#"[01 01 "a"] [89 01 "p"] [80 01 "b"] [81 01 "c"]"#,
        ),
        (
            &[Fragment(Binary(b"a"), false), Pong(b""), Fragment(Binary(b"b"), false), Ping(b"")],
            r#"[02 01 "a"] [8a 00] [00 01 "b"] [89 00]"#,
        ),
        (&[Fragment(Text("a"), false), Close(1001, "")], r#"[01 01 "a"] [88 02 03e9]"#),
    ]);
}

#[test]
fn rfc6455_s5_4_no_message_is_sent_inside_a_fragmented_one() {
    use ApiMisuse::InsideFragmentedMessage;
    let begun = &[Fragment(Text("a"), false)][..];
    let end = Some(Fragment(Text("b"), true));
    assert_refused(&[
        (begun, Whole(Text("b")), InsideFragmentedMessage, end),
        (begun, Whole(Binary(b"b")), InsideFragmentedMessage, end),
        (begun, Fragment(Binary(b"b"), true), InsideFragmentedMessage, end),
        (begun, Fragment(Binary(b"b"), false), InsideFragmentedMessage, end),
    ]);
}

#[test]
fn rfc6455_s5_5_control_frames_are_sent_whole_and_with_at_most_125_bytes() {
    const LONG: &[u8] = &[b'a'; 126];
    const R123: &str = match str::from_utf8(&[b'r'; 123]) {
        Ok(reason) => reason,
        Err(_) => "",
    };
    const R124: &str = match str::from_utf8(&[b'r'; 124]) {
        Ok(reason) => reason,
        Err(_) => "",
    };
    assert_sent(&[
        (&[Ping(b""), Ping(A125)], "[89 00] [89 7d 61*125]"),
        (&[Pong(b""), Pong(A125)], "[8a 00] [8a 7d 61*125]"),
        (&[Close(1000, R123)], "[88 7d 03e8 72*123]"),
    ]);
    assert_refused(&[
        (&[], Ping(LONG), ApiMisuse::ControlTooLong, Some(Ping(A125))),
        (&[], Pong(LONG), ApiMisuse::ControlTooLong, Some(Pong(A125))),
        (&[], Close(1000, R124), ApiMisuse::CloseReasonTooLong, Some(Close(1000, R123))),
    ]);
}

/// What is sent begins with its opcode, goes on with continuations, and ends with FIN.
#[test]
fn rfc6455_s6_1_a_message_is_sent_with_its_opcode_first_and_fin_last() {
    assert_sent(&[
        (&[Whole(Text("Hello"))], r#"[81 05 "Hello"]"#),
        (&[Whole(Binary(b"Hello"))], r#"[82 05 "Hello"]"#),
        (&[Whole(Text(""))], "[81 00]"),
        (&[Whole(Text("größer"))], r#"[81 08 "größer"]"#),
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
            &[Fragment(Text("a"), false), Fragment(Text("b"), true), Fragment(Binary(b"c"), true)],
            r#"[01 01 "a"] [80 01 "b"] [82 01 "c"]"#,
        ),
    ]);
}

/// However the connection has ended, nothing goes out on it any more.
#[test]
fn rfc6455_s6_1_nothing_is_sent_on_a_connection_that_is_not_open() {
    let ends = ["[83 00]", "[88 00]", "[88 02 03e8]", "[81 01 ff]", ""];
    let all = [Whole(Text("a")), Fragment(Text("a"), false), Ping(b""), Pong(b""), Close(1000, "")];
    for role in ROLES {
        let peer = if role == Role::Server { Role::Client } else { Role::Server };
        for end in ends {
            let mut connection = connection(role);
            answer(&mut connection, &bytes(end, peer));
            connection.receive_eof();
            assert_eq!(connection.state(), State::Closed);
            for send in all {
                let sent = commands::beside(&mut connection, send);
                assert_eq!(sent, Err(ApiMisuse::NotOpen), "{role:?}: {end} {send:?}");
            }
        }
    }
}

#[test]
fn rfc6455_s5_5_1_no_data_is_sent_behind_a_close() {
    use ApiMisuse::NotOpen;
    let closed = &[Close(1000, "")][..];
    let inside = &[Fragment(Text("a"), false), Close(1000, "")][..];
    assert_refused(&[
        (closed, Whole(Text("a")), NotOpen, None),
        (closed, Whole(Binary(b"")), NotOpen, None),
        (closed, Fragment(Text("a"), false), NotOpen, None),
        (closed, Fragment(Binary(b"a"), true), NotOpen, None),
        (inside, Fragment(Text("b"), false), NotOpen, None),
        (inside, Fragment(Text("b"), true), NotOpen, None),
        (closed, Ping(b""), NotOpen, None),
        (closed, Pong(b""), NotOpen, None),
        (closed, Close(1000, ""), NotOpen, None),
    ]);
    // A message that was encoded before, for many.
    let (mut outbound, mut control) = (Outbound::new(SendOptions::DEFAULT), ControlFrames::new());
    let prepared = Prepared::new(Text("news"), Compression::Never, &mut outbound).expect("memory");
    let mut socket = WebSocket::new(connection(Role::Server));
    assert_eq!(socket.send_prepared(&prepared), Ok(prepared.plain()));
    socket.close(CloseCode::NORMAL, "", &mut control).expect("an open connection");
    assert_eq!(socket.send_prepared(&prepared), Err(NotOpen));
}

/// Close, then the answer: the whole handshake, begun by this end.
#[test]
fn rfc6455_s7_1_2_the_closing_handshake_is_begun_with_a_code_and_a_reason() {
    assert_sent(&[
        (&[Close(1000, "")], "[88 02 03e8]"),
        (&[Close(1000, "bye")], r#"[88 05 03e8 "bye"]"#),
        (&[Close(1012, "ß")], r#"[88 04 03f4 "ß"]"#),
        (&[Close(1005, "")], "[88 00]"),
        (&[Whole(Text("a")), Close(4999, "why")], r#"[81 01 "a"] [88 05 1387 "why"]"#),
    ]);
    for role in ROLES {
        let peer = if role == Role::Server { Role::Client } else { Role::Server };
        let (mut connection, mut control) = (connection(role), ControlFrames::new());
        assert_eq!((connection.state(), connection.closure()), (State::Open, None));
        connection.close(CloseCode::GOING_AWAY, "", &mut control).expect("an open connection");
        assert_eq!(control.poll_transmit(), Some(&bytes("[88 02 03e9]", role)[..]));
        assert_eq!((connection.state(), connection.closure()), (State::Closing, None));
        let refused = connection.close(CloseCode::GOING_AWAY, "", &mut control);
        assert_eq!((refused, control.is_empty()), (Err(ApiMisuse::NotOpen), true), "once");
        assert_eq!(answer(&mut connection, &bytes("[88 02 03e9]", peer)), b"");
        assert_eq!(connection.state(), State::Closed);
        let closure = connection.closure().expect("it has ended");
        assert_eq!((closure.code, closure.initiator), (CloseCode::GOING_AWAY, Initiator::Us));
    }
}

#[test]
fn rfc6455_s7_4_1_codes_for_reports_are_not_sent() {
    use ApiMisuse::CloseCodeNotAllowed;
    assert_refused(&[
        (&[], Close(1004, ""), CloseCodeNotAllowed, Some(Whole(Text("a")))),
        (&[], Close(1005, "a reason"), CloseCodeNotAllowed, Some(Close(1005, ""))),
        (&[], Close(1006, ""), CloseCodeNotAllowed, Some(Close(1000, ""))),
        (&[], Close(1015, ""), CloseCodeNotAllowed, Some(Close(1000, ""))),
    ]);
}

/// All 65,536 codes: those that may be sent, as they are on the wire.
#[test]
fn rfc6455_s7_4_2_codes_that_nobody_has_given_a_meaning_are_not_sent() {
    for role in ROLES {
        for code in 0..=u16::MAX {
            let sent = Endpoint::new(role).send(Close(code, ""));
            let expected = match code {
                1000..=1003 | 1007..=1014 | 3000..=4999 => {
                    Ok(bytes(&format!("[88 02 {code:04x}]"), role))
                }
                // The absence of a code, which is what 1005 stands for.
                1005 => Ok(bytes("[88 00]", role)),
                _ => Err(ApiMisuse::CloseCodeNotAllowed),
            };
            assert_eq!(sent, expected, "{role:?}: {code}");
        }
    }
}
