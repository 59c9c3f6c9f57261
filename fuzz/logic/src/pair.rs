//! Two ends of one connection, any operations on both, and a pipe between them that delays and
//! cuts: nothing that was sent is received altered, one Close goes each way, and both ends come to
//! be closed.

use crate::endpoint::{Endpoint, send_options};
use crate::shape::{self, product};
use arbitrary::{Result, Unstructured};
use longwire::{
    ApiMisuse, CloseCode, Compression, Initiator, Kind, Message, Prepared, Role, State,
};
use longwire_tests::trace::Seen;

/// One end, and what it has sent.
struct End {
    endpoint: Endpoint,
    sent: Vec<Seen>,
    pings: Vec<Vec<u8>>,
    /// The message of which fragments are out.
    partial: Option<(Kind, Vec<u8>)>,
    /// The stream from this end has ended.
    ended: bool,
}

/// Runs one input: parameters, send options, then operations.
///
/// # Errors
/// The input is too short.
pub fn run(data: &[u8]) -> Result<()> {
    let u = &mut Unstructured::new(data);
    let params = shape::deflate_params(u)?;
    let options = send_options(u.arbitrary()?);
    let mut ends = [Role::Client, Role::Server].map(|role| End {
        endpoint: Endpoint::new(role, params, options),
        sent: Vec::new(),
        pings: Vec::new(),
        partial: None,
        ended: false,
    });
    while !u.is_empty() {
        let operation: u8 = u.arbitrary()?;
        let side = usize::from(operation >> 7);
        match operation & 0x7f {
            0..64 => ends[side].act(operation & 63, shape::short(u)?),
            64..96 => deliver(&mut ends, side, usize::from(operation & 31) * 5 + 1),
            96..120 => deliver(&mut ends, side, usize::MAX),
            120 => ends[side].ended = true,
            _ => ends[side].endpoint.transmit(),
        }
    }
    finish(&mut ends);
    Ok(())
}

impl End {
    /// Something that an application does. Where the engine refuses, nothing has happened.
    fn act(&mut self, operation: u8, payload: &[u8]) {
        let end = &mut self.endpoint;
        let (open, before) = (end.state() == State::Open, end.wire.len());
        let text = shape::text(payload);
        let (message, seen) = match operation & 1 {
            0 => (Message::Binary(payload), Seen::Binary(payload.to_vec())),
            _ => (Message::Text(&text), Seen::Text(text.clone().into_bytes())),
        };
        let mut whole = Some(seen);
        let result = match operation >> 1 {
            0..8 => end.socket.send(message, Compression::Auto, &mut end.outbound, &mut end.wire),
            8..12 => end.socket.send(message, Compression::Never, &mut end.outbound, &mut end.wire),
            12..16 => Prepared::new(message, Compression::Auto, &mut end.outbound).and_then(|news| {
                let frames = end.socket.send_prepared(&news)?;
                end.wire.extend_from_slice(frames);
                Ok(())
            }),
            16..24 => {
                let last = operation & 2 != 0;
                let result = end.socket.send_fragment(message, last, &mut end.wire);
                whole = self.fragment(result, message, last);
                result
            }
            24..28 => {
                whole = None;
                let result = end.socket.ping(payload, &mut end.control);
                self.pings.extend(result.is_ok().then(|| payload.to_vec()));
                result
            }
            _ => {
                whole = None;
                let reason: String = text.chars().take(20).collect();
                let code = CloseCode::new(2990 + u16::from(operation & 31) + 20 * u16::from(open));
                end.socket.close(code, &reason, &mut end.control)
            }
        };
        match result {
            Ok(()) => {
                assert!(open, "it was not open");
                self.sent.extend(whole);
            }
            Err(misuse) => {
                assert!(open != (misuse == ApiMisuse::NotOpen) || self.prepared_by_client(misuse));
                assert_eq!(self.endpoint.wire.len(), before, "refused, and sent");
            }
        }
    }

    fn prepared_by_client(&self, misuse: ApiMisuse) -> bool {
        let role = self.endpoint.socket.connection().role();
        misuse == ApiMisuse::PreparedByClient && role == Role::Client
    }

    /// Keeps account of a fragmented message: what it comes to, where this was its end.
    fn fragment(
        &mut self,
        result: core::result::Result<(), ApiMisuse>,
        message: Message<'_>,
        last: bool,
    ) -> Option<Seen> {
        result.ok()?;
        let (kind, mut data) = self.partial.take().unwrap_or((message.kind(), Vec::new()));
        assert_eq!(kind, message.kind(), "a fragment of the other kind");
        data.extend_from_slice(message.as_bytes());
        if !last {
            self.partial = Some((kind, data));
            return None;
        }
        Some(match kind {
            Kind::Text => Seen::Text(data),
            Kind::Binary => Seen::Binary(data),
        })
    }

    fn received(&self, belongs: fn(&Seen) -> bool) -> Vec<&Seen> {
        self.endpoint.seen.iter().filter(|seen| belongs(seen)).collect()
    }
}

/// Carries at most so many bytes from one end to the other.
fn deliver(ends: &mut [End; 2], from: usize, max_bytes: usize) {
    let [from, to] = if from == 0 { ends.each_mut() } else {
        let [client, server] = ends.each_mut();
        [server, client]
    };
    if from.ended && from.endpoint.wire.is_empty() {
        return to.endpoint.socket.receive_eof();
    }
    let len = max_bytes.min(from.endpoint.wire.len());
    let piece: Vec<u8> = from.endpoint.wire.drain(..len).collect();
    to.endpoint.receive(&piece).expect("nothing is wrong with what the other end sends");
}

/// Lets everything arrive, closes what is still open, and compares.
fn finish(ends: &mut [End; 2]) {
    let drain = |ends: &mut [End; 2]| {
        for side in [0, 1, 0, 1, 0, 1] {
            ends[side].endpoint.transmit();
            deliver(ends, side, usize::MAX);
            if ends[side].ended {
                deliver(ends, side, usize::MAX);
            }
        }
    };
    drain(ends);
    if ends[0].endpoint.state() == State::Open {
        let end = &mut ends[0].endpoint;
        end.socket.close(CloseCode::NORMAL, "", &mut end.control).expect("it is open");
    }
    drain(ends);
    let lost = ends.iter().any(|end| end.ended);
    for (end, other) in [(&ends[0], &ends[1]), (&ends[1], &ends[0])] {
        assert!(lost || end.endpoint.state() == State::Closed, "{:?}", end.endpoint.state());
        compare(end, other, lost);
    }
    if !lost {
        let closures = ends.each_ref().map(|end| end.endpoint.socket.connection().closure());
        let initiators = closures.map(|closure| closure.expect("it is closed").initiator);
        assert!(initiators.contains(&Initiator::Us) && !initiators.contains(&Initiator::Nobody));
        let codes = closures.map(|closure| closure.expect("it is closed").code);
        let both = initiators == [Initiator::Us, Initiator::Us];
        assert!(codes[0] == codes[1] || both, "a Close is answered with its code: {codes:?}");
    }
}

/// What one end has sent, and what the other has received of it.
fn compare(from: &End, to: &End, lost: bool) {
    let messages = to.received(|seen| matches!(seen, Seen::Text(_) | Seen::Binary(_)));
    assert!(messages.iter().copied().eq(from.sent.iter().take(messages.len())), "altered");
    assert!(lost || messages.len() == from.sent.len(), "a message was lost");
    let pings = to.received(|seen| matches!(seen, Seen::Ping(_)));
    let sent: Vec<Seen> = from.pings.iter().cloned().map(Seen::Ping).collect();
    assert!(pings.iter().copied().eq(sent.iter().take(pings.len())), "another Ping");
    assert!(lost || pings.len() == sent.len(), "a Ping was lost");
    // RFC 6455 §5.5.3: some Pings may go without an answer, but none is answered twice.
    let mut unanswered = to.pings.iter();
    for pong in to.received(|seen| matches!(seen, Seen::Pong(_))) {
        let Seen::Pong(payload) = pong else { continue };
        assert!(unanswered.any(|ping| ping == payload), "a Pong without a Ping");
    }
    let closes = to.received(|seen| matches!(seen, Seen::Close(..))).len();
    assert!(closes <= 1 && (lost || closes == 1), "{closes} Closes");
}

/// Inputs to begin with.
pub fn seeds() -> Vec<Vec<u8>> {
    let fronts: [&[u8]; 4] = [&[0, 0x30], &[1, 6, 6, 0x30], &[1, 3, 0, 0x32], &[7, 0, 0, 0x37]];
    let operations: [&[u8]; 8] = [
        b"\x01\x05Hello\x60\x81\x05World\xe0",
        b"\x21\x03Hel\x30\x02pi\x7f\x23\x02lo\x42\x42\x60\xff\xe0",
        b"\x01\x05Hello\x3f\x03bye\x7f\x60\xff\xe0",
        b"\x3e\x01a\xbe\x01b\x7f\xff\x60\xe0",
        b"\x99\x20The same again. The same again. \x99\x20The same again. The same again. \xe0",
        b"\x81\x20The same again. The same again. \x99\x20The same again. The same again. \x81\x05again\xe0",
        b"\x01\x05Hello\x41\x78\x60\x60",
        b"\x30\x01a\x30\x01b\x7f\x60\xb8\x00\xff\xe0",
    ];
    product(&fronts, &operations.map(Vec::from))
}
