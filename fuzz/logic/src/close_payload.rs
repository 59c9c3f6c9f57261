//! The body of a Close frame, received: the verdict, the event and the reply against RFC 6455 §7.4
//! and §5.5.1 written once more. And what an application may send comes out at the peer.

use arbitrary::{Result, Unstructured};
use longwire::{CloseCode, Connection, ControlFrames, Event, Input, Limits, ProtocolError};
use longwire_tests::vector::KEY;

/// Runs one input: the body.
///
/// # Errors
/// Never: every input is one.
pub fn run(data: &[u8]) -> Result<()> {
    let body = Unstructured::new(data).take_rest();
    let body = &body[..body.len().min(125)];
    let mut frame = [&[0x88, u8::try_from(body.len()).expect("at most 125")], body].concat();
    let mut client = Connection::client(Limits::default(), || KEY);
    let mut control = ControlFrames::new();
    let event = client.receive(&mut Input::new(&mut frame), &mut control);
    match expected(body) {
        Ok((code, reason)) => {
            let Ok(Some(Event::Close(close))) = event else { panic!("{event:?}") };
            assert_eq!((close.code.value(), close.reason), (code, reason));
            send(close.code, reason, body);
        }
        Err(error) => assert_eq!(event, Err(error)),
    }
    let reply = control.poll_transmit().expect("a reply, in every case");
    assert_eq!((reply[0], usize::from(reply[1] & 0x7f) + 6), (0x88, reply.len()));
    assert_eq!(control.poll_transmit(), None);
    Ok(())
}

/// An application that closes with this puts the same body on the wire.
fn send(code: CloseCode, reason: &str, body: &[u8]) {
    let mut server = Connection::server(Limits::default());
    let mut control = ControlFrames::new();
    server.close(code, reason, &mut control).expect("what may be received may be sent");
    assert_eq!(&control.poll_transmit().expect("a Close")[2..], body);
}

fn expected(body: &[u8]) -> core::result::Result<(u16, &str), ProtocolError> {
    let (code, reason) = match body.len() {
        0 => return Ok((1005, "")),
        1 => return Err(ProtocolError::ClosePayloadOneByte),
        _ => (u16::from(body[0]) << 8 | u16::from(body[1]), &body[2..]),
    };
    let registered = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014];
    if !registered.contains(&code) && !(3000..5000).contains(&code) {
        return Err(ProtocolError::CloseCodeInvalid);
    }
    core::str::from_utf8(reason)
        .map(|reason| (code, reason))
        .map_err(|_| ProtocolError::CloseReasonNotUtf8)
}

/// Inputs to begin with.
pub fn seeds() -> Vec<Vec<u8>> {
    let bodies: [&[u8]; 13] = [
        b"",
        b"\x03",
        b"\x03\xe8",
        b"\x03\xe8bye",
        b"\x03\xf3the reason, \xc3\xa4",
        b"\x03\xed",
        b"\x0b\xb8",
        b"\x13\x88",
        b"\x13\x87",
        b"\x03\xf6",
        b"\x03\xf7",
        b"\x03\xe8\xc3",
        b"\x03\xe8\xed\xa0\x80",
    ];
    bodies.map(Vec::from).to_vec()
}
