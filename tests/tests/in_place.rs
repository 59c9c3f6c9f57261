//! Long messages whose bytes are read to where they belong come to the same as through a buffer,
//! however the stream is cut: the same messages, the same error, the same Close.

use longwire::handshake::DeflateParams;
use longwire::{
    CloseCode, Connection, ControlFrames, Event, Inbound, Input, Limits, MAX_REST_BYTES, Message,
    Outbound, ProtocolError, SendOptions, WebSocket,
};
use longwire_tests::vector::KEY;

/// Beyond the length from which bytes are read in place, several times.
const LONG: usize = 100_000;

/// A message from a client, in frames of `max_frame_bytes`.
fn message(message: Message<'_>, max_frame_bytes: usize) -> Vec<u8> {
    let mut client = WebSocket::new(Connection::client(Limits::default(), || KEY));
    let options = SendOptions { max_frame_bytes, ..SendOptions::default() };
    let mut out = Vec::new();
    client.send(message, Default::default(), &mut Outbound::new(options), &mut out).unwrap();
    out
}

/// What a server makes of a stream: a line for each event, the error and the control frames that
/// answer it; and how many bytes were read in place.
fn receive(wire: &[u8], read_bytes: usize, may_read_in_place: bool) -> (Vec<String>, usize) {
    let limits = Limits { max_message_bytes: LONG as u64 + 10, ..Limits::default() };
    let mut socket = WebSocket::new(Connection::server(limits));
    let (mut inbound, mut control) = (Inbound::new(), ControlFrames::new());
    let mut buffer = vec![0; MAX_REST_BYTES + read_bytes];
    let (mut said, mut kept, mut in_place, mut rest) = (Vec::new(), 0, 0, wire);
    while !rest.is_empty() {
        if let Some(space) = socket.space().filter(|_| may_read_in_place) {
            let len = space.len().min(read_bytes).min(rest.len());
            space[..len].copy_from_slice(&rest[..len]);
            (in_place, rest) = (in_place + len, &rest[len..]);
            note(socket.receive_in_place(len, &mut control, &mut inbound), &mut said);
            note_sent(&mut control, &mut said);
        } else {
            let len = read_bytes.min(rest.len());
            buffer[kept..kept + len].copy_from_slice(&rest[..len]);
            rest = &rest[len..];
            let mut input = Input::new(&mut buffer[..kept + len]);
            while note(socket.receive(&mut input, &mut control, &mut inbound), &mut said) {
                note_sent(&mut control, &mut said);
            }
            note_sent(&mut control, &mut said);
            let left = input.len();
            buffer.copy_within(kept + len - left..kept + len, 0);
            kept = left;
        }
    }
    // A failure is said again at every further read.
    if let Some(failure) = said.iter().position(|line| line.starts_with("failed")) {
        let is_same = |line: &String| *line == said[failure] || line.starts_with("sent");
        assert!(said[failure..].iter().all(is_same), "{said:?}");
        said.truncate(failure + 2);
    }
    (said, in_place)
}

/// Writes down what was received; `false` where there is no more.
fn note(received: Result<Option<Event<'_>>, ProtocolError>, said: &mut Vec<String>) -> bool {
    let line = match received {
        Ok(None) => return false,
        Ok(Some(Event::Text(text))) => format!("text {} {}", text.len(), sum(text.as_bytes())),
        Ok(Some(Event::Binary(data))) => format!("binary {} {}", data.len(), sum(data)),
        Ok(Some(event)) => format!("{event:?}"),
        Err(error) => {
            said.push(format!("failed {error:?}"));
            return false;
        }
    };
    said.push(line);
    true
}

fn note_sent(control: &mut ControlFrames, said: &mut Vec<String>) {
    if let Some(frames) = control.poll_transmit() {
        said.push(format!("sent {frames:02x?}"));
    }
}

/// It tells bytes apart that have changed places.
fn sum(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |sum: u64, byte| sum.wrapping_mul(31).wrapping_add(u64::from(*byte)))
}

#[test]
fn what_is_read_in_place_comes_to_the_same() {
    let binary: Vec<u8> = (0..=250).cycle().take(LONG).collect();
    let long_text = "aä€🦀".repeat(LONG / 10);
    let whole = message(Message::Binary(&binary), usize::MAX);
    let of_text = message(Message::Text(&long_text), usize::MAX);
    let in_frames = message(Message::Binary(&binary), 30_000);
    let of_text_in_frames = message(Message::Text(&long_text), 33_333);
    let short = message(Message::Text("short"), usize::MAX);
    let ping = b"\x89\x81\0\0\0\0?".to_vec();
    // One bit of the text is wrong, near its end; with it the character is none.
    let mut wrong = of_text.clone();
    let near_end = wrong.len() - 7;
    wrong[near_end] ^= 0x40;
    // The last byte of the last character is missing: the frame says so.
    let mut cut_off = of_text.clone();
    cut_off[..10].copy_from_slice(b"\x81\xff\0\0\0\0\0\x01\x86\x9f");
    cut_off.truncate(cut_off.len() - 1);
    let too_long = message(Message::Binary(&vec![1; LONG + 11]), 40_000);
    let table: &[(&str, Vec<u8>, &str)] = &[
        ("binary", whole.clone(), "binary 100000"),
        ("text", of_text.clone(), "text 100000"),
        ("in frames", in_frames.clone(), "binary 100000"),
        ("text in frames", of_text_in_frames, "text 100000"),
        ("others behind it", [&*whole, &ping, &short, &of_text].concat(), "binary 100000"),
        ("a Ping inside", [&in_frames[..30_008], &ping, &in_frames[30_008..]].concat(), "Ping"),
        ("not UTF-8", wrong, "failed TextNotUtf8"),
        ("cut inside a character", cut_off, "failed TextNotUtf8"),
        ("too long", too_long, "failed MessageTooBig"),
    ];
    for (name, wire, first) in table {
        let (expected, none) = receive(wire, 64 * 1024, false);
        assert!(expected[0].starts_with(first), "{name}: {expected:?}");
        assert_eq!(none, 0);
        for read_bytes in [1_000, 16_383, 16_384, 20_001, 64 * 1024, wire.len()] {
            let (said, in_place) = receive(wire, read_bytes, true);
            assert_eq!(said, expected, "{name} in reads of {read_bytes}");
            assert!(in_place > 0 || read_bytes > 30_000, "{name} in reads of {read_bytes}");
        }
    }
}

/// Memory follows what has come: there is as much space again, whatever was announced, and no more
/// than is missing.
#[test]
fn there_is_as_much_space_as_has_come() {
    let wire = message(Message::Binary(&vec![7; 1 << 20]), usize::MAX);
    let mut socket = WebSocket::new(Connection::server(Limits::default()));
    let (mut inbound, mut control) = (Inbound::new(), ControlFrames::new());
    let mut first = wire[..1_014].to_vec();
    let received = socket.receive(&mut Input::new(&mut first), &mut control, &mut inbound);
    assert_eq!(received, Ok(None));
    let mut came = 1_000;
    while let Some(space) = socket.space() {
        assert_eq!(space.len(), came.min((1 << 20) - came), "behind {came}");
        let len = space.len();
        came += len;
        let received = socket.receive_in_place(len, &mut control, &mut inbound);
        assert_eq!(received.is_ok_and(|event| event.is_some()), came == 1 << 20);
    }
    assert_eq!(came, 1 << 20);
}

/// Where nothing is under way, or it is compressed, or the connection has failed, there is none.
#[test]
fn there_is_space_inside_a_long_plain_frame_alone() {
    type Case = (&'static str, &'static [u8], bool);
    let table: &[Case] = &[
        ("nothing has come", b"", false),
        ("a header alone", b"\x82\xff\0\0\0\0\0\x01\0\0\x01\x02\x03\x04", false),
        ("16 KiB are missing", b"\x82\xfe\x40\x07\0\0\0\0payload", true),
        ("a byte less is missing", b"\x82\xfe\x40\x06\0\0\0\0payload", false),
        ("a fragment", b"\x02\xfe\x40\x07\0\0\0\0payload", true),
        ("between fragments", b"\x02\x87\0\0\0\0payload", false),
        ("compressed", b"\xc2\xfe\x40\x07\0\0\0\0\0\xff\xff\0\0ab", false),
    ];
    for (name, bytes, is_there) in table {
        let connection = Connection::server(Limits::default());
        let mut socket = WebSocket::with_deflate(connection, DeflateParams::default());
        let (mut inbound, mut control) = (Inbound::new(), ControlFrames::new());
        let mut bytes = bytes.to_vec();
        let mut input = Input::new(&mut bytes);
        let received = socket.receive(&mut input, &mut control, &mut inbound);
        assert_eq!(received, Ok(None), "{name}");
        assert_eq!(socket.space().is_some(), *is_there, "{name}");
        // Behind our Close the peer's messages still come.
        socket.close(CloseCode::NORMAL, "", &mut control).expect("it is open");
        assert_eq!(socket.space().is_some(), *is_there, "{name}, closing");
        socket.receive_eof();
        assert!(socket.space().is_none(), "{name}, and the end of the stream");
    }
}

/// A failure is for good there too, and its Close is said once.
#[test]
fn a_failure_in_place_is_said_again_by_every_call() {
    let mut wire = message(Message::Text(&"a".repeat(LONG)), usize::MAX);
    let mut socket = WebSocket::new(Connection::server(Limits::default()));
    let (mut inbound, mut control) = (Inbound::new(), ControlFrames::new());
    let mut input = Input::new(&mut wire[..50_014]);
    assert_eq!(socket.receive(&mut input, &mut control, &mut inbound), Ok(None));
    let space = socket.space().expect("half of it is missing");
    space[..2].copy_from_slice(&[0xff ^ KEY[0], 0xff ^ KEY[1]]);
    for closes in [1, 0, 0] {
        let received = socket.receive_in_place(2, &mut control, &mut inbound);
        assert_eq!(received, Err(ProtocolError::TextNotUtf8));
        assert_eq!(control.poll_transmit().is_some(), closes == 1);
        assert!(socket.space().is_none());
        let mut input = Input::new(&mut wire[..100]);
        let received = socket.receive(&mut input, &mut control, &mut inbound);
        assert_eq!(received, Err(ProtocolError::TextNotUtf8));
    }
}
