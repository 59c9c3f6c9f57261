//! Every first two bytes that a frame can have, in both roles, inside and outside a fragmented
//! message, with and without permessage-deflate, against the rules as the RFCs have them.

mod oracle;

use longwire::{Chunk, Connection, ControlFrames, Event, Input, Kind, Limits, ProtocolError, Role};
use oracle::{Situation, broken_rules, is_whole_frame};

const CLIENT_KEY: [u8; 4] = [0; 4];

fn connection(at: Situation) -> Connection {
    let limits = Limits::default();
    let (connection, mut fragment) = match at.role {
        Role::Server => (Connection::server(limits), b"\x01\x81\0\0\0\0a".to_vec()),
        Role::Client => (Connection::client(limits, || CLIENT_KEY), b"\x01\x01a".to_vec()),
    };
    let mut connection = if at.deflate { connection.with_deflate() } else { connection };
    if at.inside_message {
        let (mut input, mut control) = (Input::new(&mut fragment), ControlFrames::new());
        let begun = Chunk { kind: Kind::Text, compressed: false, last: false, data: b"a" };
        assert_eq!(connection.receive(&mut input, &mut control), Ok(Some(Event::Chunk(begun))));
        assert!(connection.is_receiving_message());
    }
    connection
}

/// What a frame without payload comes to, where it is allowed.
fn event_of(first: u8, at: Situation) -> Option<Event<'static>> {
    let (fin, compressed) = (first & 0x80 != 0, first & 0x40 != 0);
    let last = |kind| Event::Chunk(Chunk { kind, compressed, last: true, data: b"" });
    match first & 0x0f {
        0x0 if fin && at.inside_message => Some(last(Kind::Text)),
        0x1 if fin && compressed => Some(last(Kind::Text)),
        0x2 if fin && compressed => Some(last(Kind::Binary)),
        0x1 if fin => Some(Event::Text("")),
        0x2 if fin => Some(Event::Binary(b"")),
        0x8 => {
            Some(Event::Close(longwire::Close { code: longwire::CloseCode::NO_STATUS, reason: "" }))
        }
        0x9 => Some(Event::Ping(b"")),
        0xa => Some(Event::Pong(b"")),
        _ => None,
    }
}

/// Whether a Close with this code waits to be sent, and nothing else.
fn sends_close(control: &mut ControlFrames, role: Role, code: u16) -> bool {
    let Some(frame) = control.poll_transmit() else { return false };
    let body_at = if role == Role::Client { 6 } else { 2 };
    let len = usize::from(frame[1] & 0x7f);
    frame[0] == 0x88
        && frame.len() == body_at + len
        && frame[body_at..].starts_with(&code.to_be_bytes())
}

fn check(first: u8, second: u8, at: Situation) {
    let rules = broken_rules(first, second, at);
    let context = || format!("{first:02x} {second:02x}, {at:?}, broken: {rules:?}");
    let mut control = ControlFrames::new();
    let mut connection = connection(at);

    // One byte decides nothing.
    let mut byte = [first];
    let alone = connection.receive(&mut Input::new(&mut byte), &mut control);
    assert_eq!(alone, Ok(None), "{}", context());
    assert!(control.poll_transmit().is_none(), "{}", context());

    let mut bytes = [first, second];
    let mut input = Input::new(&mut bytes);
    let verdict = connection.receive(&mut input, &mut control);
    match verdict {
        Err(error) => {
            assert!(rules.contains(&error), "{error:?}, {}", context());
            assert_eq!(error.code().value(), 1002, "{}", context());
            assert!(sends_close(&mut control, at.role, 1002), "{}", context());
            let mut later = [0x81, 0x00];
            let again = connection.receive(&mut Input::new(&mut later), &mut control);
            assert_eq!(again, Err(error), "{}", context());
        }
        Ok(event) if is_whole_frame(second) => {
            assert_eq!(rules, [], "{event:?}, {}", context());
            assert_eq!(event, event_of(first, at), "{}", context());
            assert!(input.is_empty(), "{}", context());
        }
        Ok(event) => {
            assert_eq!((rules.as_slice(), event), (&[] as &[ProtocolError], None), "{}", context());
            assert!(control.poll_transmit().is_none(), "{}", context());
            assert!(connection.closure().is_none(), "{}", context());
        }
    }
}

#[test]
fn rfc6455_s5_2_every_first_two_bytes() {
    let mut failing = 0_u32;
    for role in [Role::Server, Role::Client] {
        for inside_message in [false, true] {
            for deflate in [false, true] {
                let at = Situation { role, inside_message, deflate };
                for bytes in 0..=u16::MAX {
                    let [first, second] = bytes.to_be_bytes();
                    check(first, second, at);
                    failing += u32::from(!broken_rules(first, second, at).is_empty());
                }
            }
        }
    }
    // What is left, by hand. With the right mask bit there are 128 lengths. Outside a message: text
    // and binary, FIN or not (twice that with RSV1 where it was agreed to); inside: continuations,
    // FIN or not. In both: Ping and Pong of 126 lengths, and Close, which cannot be one byte long.
    let control = 126 + 126 + 125;
    let (outside, inside) = (4 * 128 + control, 2 * 128 + control);
    let allowed = 2 * (outside + (outside + 4 * 128) + 2 * inside);
    assert_eq!(8 * 65_536 - failing, allowed);
}
