//! Any bytes as compressed messages: the same verdict however they are cut into frames and reads,
//! what comes out is what another decoder makes of them, and never more than the limit.

use crate::shape::{CUTS, Cuts, product};
use arbitrary::{Result, Unstructured};
use longwire::handshake::DeflateParams;
use longwire::{
    Connection, ControlFrames, Event, Inbound, Input, Limits, ProtocolError, WebSocket,
};
use longwire_tests::vector::KEY;
use miniz_oxide::inflate::stream::{InflateState, inflate};
use miniz_oxide::{DataFormat, MZFlush, MZStatus};

const MAX_MESSAGE_BYTES: usize = 70_000;

/// Runs one input: flags, cuts; then messages, each with its length in two bytes.
///
/// # Errors
/// The input is too short.
pub fn run(data: &[u8]) -> Result<()> {
    let u = &mut Unstructured::new(data);
    let takeover: bool = u.arbitrary()?;
    let (fragments, reads) = (Cuts::read(u)?, Cuts::read(u)?);
    let mut messages = Vec::new();
    while !u.is_empty() {
        let len = usize::from(u.arbitrary::<u16>()?).min(u.len());
        messages.push(u.bytes(len)?);
    }
    let whole = receive(&messages, takeover, &Cuts::none(), &Cuts::none());
    let cut = receive(&messages, takeover, &fragments, &reads);
    assert!(whole == cut, "{:?} whole, {:?} cut", whole.1, cut.1);
    let (received, verdict) = whole;
    let mut state = InflateState::new_boxed(DataFormat::Raw);
    for (compressed, message) in messages.iter().zip(&received) {
        assert!(message.len() <= MAX_MESSAGE_BYTES, "{} bytes", message.len());
        if !takeover {
            state.reset(DataFormat::Raw);
        }
        let expected = reference(&mut state, compressed);
        assert!(expected.as_deref() == Some(message), "another decoder reads something else");
    }
    if verdict.is_none() {
        assert_eq!(received.len(), messages.len());
    }
    Ok(())
}

/// The messages in frames of these lengths and reads of those, and what is made of them.
fn receive(
    messages: &[&[u8]],
    takeover: bool,
    fragments: &Cuts,
    reads: &Cuts,
) -> (Vec<Vec<u8>>, Option<ProtocolError>) {
    let mut stream = Vec::new();
    for message in messages {
        let ends = fragments.ends(message.len());
        for (index, piece) in fragments.pieces(message).enumerate() {
            let first = if index == 0 { 0x42 } else { 0 };
            let fin = if index + 1 == ends.len() { 0x80 } else { 0 };
            match u8::try_from(piece.len()) {
                Ok(len @ 0..126) => stream.extend_from_slice(&[first | fin, len]),
                _ => {
                    let len = u16::try_from(piece.len()).expect("a length came in 16 bits");
                    stream.extend_from_slice(&[first | fin, 126]);
                    stream.extend_from_slice(&len.to_be_bytes());
                }
            }
            stream.extend_from_slice(piece);
        }
    }
    let limits = Limits { max_message_bytes: MAX_MESSAGE_BYTES as u64, ..Limits::default() };
    let params = DeflateParams { server_no_context_takeover: !takeover, ..DeflateParams::default() };
    let mut socket = WebSocket::with_deflate(Connection::client(limits, || KEY), params);
    let (mut control, mut inbound) = (ControlFrames::new(), Inbound::new());
    let (mut kept, mut received) = (Vec::new(), Vec::new());
    for read in reads.pieces(&stream) {
        kept.extend_from_slice(read);
        let mut input = Input::new(&mut kept);
        loop {
            match socket.receive(&mut input, &mut control, &mut inbound) {
                Ok(Some(Event::Binary(message))) => received.push(message.to_vec()),
                Ok(None) => break,
                Ok(Some(other)) => panic!("{other:?}"),
                Err(error) => return (received, Some(error)),
            }
        }
        kept = input.rest().to_vec();
    }
    (received, None)
}

/// What miniz_oxide makes of a message (RFC 7692 §7.2.2).
fn reference(state: &mut InflateState, compressed: &[u8]) -> Option<Vec<u8>> {
    let input = [compressed, &[0, 0, 0xff, 0xff]].concat();
    let (mut input, mut message, mut piece) = (&input[..], Vec::new(), vec![0; 4096]);
    loop {
        let result = inflate(state, input, &mut piece, MZFlush::None);
        input = &input[result.bytes_consumed..];
        message.extend_from_slice(&piece[..result.bytes_written]);
        match result.status {
            // §7.2.3.4: blocks may follow the last one.
            Ok(MZStatus::StreamEnd) => state.reset(DataFormat::Raw),
            Ok(_) if result.bytes_written > 0 || !input.is_empty() => {}
            Ok(_) | Err(miniz_oxide::MZError::Buf) => break,
            Err(_) => return None,
        }
    }
    // The message has to end where a block does: there, a last block that is empty can follow.
    let end = inflate(&mut state.clone(), &[0x03, 0x00], &mut piece, MZFlush::None);
    (end.status == Ok(MZStatus::StreamEnd) && end.bytes_written == 0).then_some(message)
}

/// Inputs to begin with.
pub fn seeds() -> Vec<Vec<u8>> {
    // RFC 7692 §7.2.3, and what is wrong with one.
    let messages: [&[u8]; 10] = [
        b"\x07\x00\xf2\x48\xcd\xc9\xc9\x07\x00",
        b"\x0b\x00\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00",
        b"\x08\x00\xf3\x48\xcd\xc9\xc9\x07\x00\x00",
        b"\x0d\x00\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00",
        b"\x07\x00\xf2\x48\xcd\xc9\xc9\x07\x00\x05\x00\xf2\x00\x11\x00\x00",
        b"\x01\x00\x00\x00\x00",
        b"\x01\x00\x07",
        b"\x03\x00\xf2\x48\xcd",
        b"\x07\x00\xf3\x48\xcd\xc9\xc9\x07\x00",
        b"\x06\x00\x00\x05\x00\xfa\xff\x48",
    ];
    let mut bodies = messages.map(Vec::from).to_vec();
    // Blocks with tables of their own, and a bomb.
    let text = b"The quick brown fox jumps over the lazy dog; the lazy dog sleeps. ".repeat(9);
    for (data, level) in [(&text[..], 9), (&[0; 69_000], 9), (&[0; 100_000], 9), (&text, 1)] {
        let mut packed = miniz_oxide::deflate::compress_to_vec(data, level);
        packed.push(0);
        let len = u16::try_from(packed.len()).expect("it is short");
        bodies.push([&len.to_le_bytes()[..], &packed].concat());
    }
    let fronts: Vec<Vec<u8>> = product(&[&[0], &[1]], &product(&CUTS, &[CUTS[0].to_vec(), CUTS[1].to_vec()]));
    let fronts: Vec<&[u8]> = fronts.iter().map(|front| &front[..]).collect();
    product(&fronts, &bodies)
}
