//! Control frames that wait while the peer takes nothing: whole frames in order, Pings of the
//! application never lost, the newest Ping answered (RFC 6455 §5.5.3), one Close, and that last.

use crate::shape;
use arbitrary::{Result, Unstructured};
use longwire::{CloseCode, Connection, ControlFrames, Input, Limits, Role, State};
use longwire_tests::vector::KEY;

/// Every one of them looks at the whole queue.
const MAX_OPERATIONS: usize = 100;
const CLOSE: u8 = 0x88;
const PING: u8 = 0x89;
const PONG: u8 = 0x8a;

type Frame = (u8, Vec<u8>);

/// Runs one input: the role, then operations, each with a payload.
///
/// # Errors
/// The input is too short.
pub fn run(data: &[u8]) -> Result<()> {
    let u = &mut Unstructured::new(data);
    let mut connection = match u.arbitrary()? {
        true => Connection::server(Limits::default()),
        false => Connection::client(Limits::default(), || KEY),
    };
    let mut control = ControlFrames::new();
    // What has to be in the queue: at least these Pings, and the newest Pong.
    let (mut pings, mut newest, mut closed) = (Vec::new(), None, false);
    for _ in 0..MAX_OPERATIONS {
        if u.is_empty() {
            break;
        }
        let operation: u8 = u.arbitrary()?;
        let payload = shape::short(u)?;
        let payload = &payload[..payload.len().min(125)];
        match operation % 5 {
            0 | 1 if connection.state() != State::Closed => {
                let mut frame = frame(PING, payload, connection.role());
                let event = connection.receive(&mut Input::new(&mut frame), &mut control);
                assert!(matches!(event, Ok(Some(_))), "{event:?}");
                newest = Some(payload.to_vec());
            }
            2 if connection.ping(payload, &mut control).is_ok() => {
                pings.push(payload.to_vec());
            }
            3 => closed |= connection.close(CloseCode::NORMAL, "bye", &mut control).is_ok(),
            4 if operation >= 128 => {
                let mut frame = frame(CLOSE, b"\x03\xe8", connection.role());
                let open = connection.state() == State::Open;
                let event = connection.receive(&mut Input::new(&mut frame), &mut control);
                assert!(event.is_ok(), "{event:?}");
                closed |= open;
            }
            4 => {
                let _sent = control.poll_transmit();
                (pings, newest, closed) = (Vec::new(), None, false);
            }
            _ => {}
        }
        check(&control, &pings, newest.as_deref(), closed);
    }
    Ok(())
}

fn check(control: &ControlFrames, pings: &[Vec<u8>], newest: Option<&[u8]>, closed: bool) {
    let frames = frames(control.clone().poll_transmit().unwrap_or_default());
    let payloads = |opcode: u8| {
        let of_opcode = frames.iter().filter(move |frame| frame.0 == opcode);
        of_opcode.map(|frame| &frame.1[..]).collect::<Vec<_>>()
    };
    assert_eq!(payloads(PING), pings, "the application's Pings");
    assert_eq!(payloads(PONG).last().copied(), newest, "the newest Ping's Pong");
    assert_eq!(payloads(CLOSE).len(), usize::from(closed), "the Close");
    assert!(!closed || frames.last().is_some_and(|frame| frame.0 == CLOSE), "a frame behind it");
}

fn frame(opcode: u8, payload: &[u8], receiver: Role) -> Vec<u8> {
    let len = u8::try_from(payload.len()).expect("at most 125");
    match receiver {
        Role::Server => [&[opcode, 0x80 | len, 0, 0, 0, 0], payload].concat(),
        Role::Client => [&[opcode, len], payload].concat(),
    }
}

fn frames(mut bytes: &[u8]) -> Vec<Frame> {
    let mut frames = Vec::new();
    while let [opcode, len, rest @ ..] = bytes {
        let (key, rest) = rest.split_at(if len & 0x80 == 0 { 0 } else { 4 });
        let (payload, rest) = rest.split_at(usize::from(len & 0x7f));
        let mut payload = payload.to_vec();
        for (byte, key) in payload.iter_mut().zip(key.iter().cycle()) {
            *byte ^= key;
        }
        frames.push((*opcode, payload));
        bytes = rest;
    }
    assert!(bytes.is_empty(), "half a frame");
    frames
}

/// Inputs to begin with.
pub fn seeds() -> Vec<Vec<u8>> {
    let long = |operation: u8| [&[operation, 125][..], &[operation; 125]].concat();
    let many: Vec<u8> = [2, 0, 0, 2, 0, 3, 0, 1].iter().flat_map(|op| long(*op)).collect();
    let operations: [&[u8]; 5] = [
        b"\x00\x05Hello\x02\x02me\x01\x03you\x04\x00",
        b"\x00\x01a\x03\x00\x00\x01b\x02\x01c",
        b"\x00\x01a\x84\x00\x00\x01b",
        b"\x03\x00\x84\x00",
        &many,
    ];
    shape::product(&[&[0], &[1]], &operations.map(Vec::from))
}
