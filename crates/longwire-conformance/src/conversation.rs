//! An open connection with the peer, as the judge sees it: messages, Pings, Pongs, the Close and the
//! end. Whatever a case is about, the peer's own frames have to be right, and are checked here.

use std::time::{Duration, Instant};

use longwire::Role;

use crate::case::Wire;
use crate::extension::Agreed;
use crate::frames::{self, Frame, RSV1, Received};
use crate::inflate::Inflater;
use crate::link::{Link, Read};

/// The most bytes that a message of the peer's may have.
const MAX_MESSAGE_BYTES: usize = 32 << 20;
/// How long to wait for the answer to a last Close that is no part of a case.
const GOODBYE: Duration = Duration::from_millis(200);

/// What came from the peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Came {
    Message(u8, Vec<u8>),
    Ping,
    Pong(Vec<u8>),
    /// 1005 when it has no code.
    Close(u16),
    /// The end of the stream.
    Fin,
    /// The end of the connection, at once.
    Reset,
    /// Nothing, until the deadline.
    Nothing,
    /// What the standard forbids to send, whatever happened before.
    Violation(String),
}

#[derive(Debug)]
pub(crate) struct Conversation {
    pub(crate) link: Link,
    /// Which role the peer has.
    peer: Role,
    agreed: Option<Agreed>,
    inflater: Inflater,
    /// The opcode, whether it is compressed, and what came of a message in fragments.
    message: Option<(u8, bool, Vec<u8>)>,
    closed_by_peer: bool,
    pub(crate) closed_by_us: bool,
    /// The masking keys of the peer's frames that had a payload.
    pub(crate) mask_keys: Vec<[u8; 4]>,
}

impl Conversation {
    pub(crate) fn new(link: Link, peer: Role, agreed: Option<Agreed>) -> Self {
        let window_bits = agreed.map_or(15, |agreed| agreed.of(peer).window_bits);
        Self {
            link,
            peer,
            agreed,
            inflater: Inflater::new(window_bits),
            message: None,
            closed_by_peer: false,
            closed_by_us: false,
            mask_keys: Vec::new(),
        }
    }

    pub(crate) fn peer(&self) -> Role {
        self.peer
    }

    /// The role that the suite has.
    pub(crate) fn role(&self) -> Role {
        match self.peer {
            Role::Server => Role::Client,
            Role::Client => Role::Server,
        }
    }

    /// Whether our messages may refer to those before.
    pub(crate) fn has_context(&self) -> bool {
        self.agreed.is_some_and(|agreed| agreed.of(self.role()).context_takeover)
    }

    /// Sends frames.
    pub(crate) fn send(&mut self, frames: &[Frame], wire: Wire) {
        let mut bytes = Vec::new();
        for frame in frames {
            frame.encode(self.role(), &mut bytes);
            self.closed_by_us |= frame.opcode == frames::CLOSE;
        }
        let how = match wire {
            Wire::Whole => String::new(),
            Wire::Pieces(len) => format!(" ({len} bytes a write)"),
            Wire::First(len) => format!(" (the first {len} bytes only)"),
        };
        for frame in frames {
            self.link.note(format_args!("→ {frame}{how}"));
        }
        self.link.write(&bytes, wire);
    }

    /// The next thing that comes.
    pub(crate) fn next(&mut self, until: Instant) -> Came {
        loop {
            match frames::read_frame(self.link.unused(), MAX_MESSAGE_BYTES) {
                Err(violation) => return self.violation(violation),
                Ok(Some((frame, len))) => {
                    self.link.advance(len);
                    self.link.note(format_args!("← {frame}"));
                    match self.frame(frame) {
                        Err(violation) => return self.violation(violation),
                        Ok(Some(came)) => return came,
                        Ok(None) if Instant::now() < until => continue,
                        Ok(None) => return Came::Nothing,
                    }
                }
                Ok(None) => {}
            }
            match self.link.read(until) {
                Read::More => {}
                Read::Fin => return self.ended("← the end of TCP (FIN)", Came::Fin),
                Read::Reset => return self.ended("← the end of TCP (RST)", Came::Reset),
                Read::Timeout => return Came::Nothing,
                Read::TooMuch => return self.violation("it sends without end".to_owned()),
            }
        }
    }

    /// Closes the connection as the standard has it, without insisting: the case is decided.
    pub(crate) fn say_goodbye(&mut self) {
        if !self.closed_by_us {
            self.send(&[frames::close(&[0x03, 0xe8])], Wire::Whole);
        }
        let until = self.link.wait_until(GOODBYE);
        while !matches!(
            self.next(until),
            Came::Fin | Came::Reset | Came::Nothing | Came::Violation(_) | Came::Close(_)
        ) {}
        self.link.shutdown();
    }

    fn violation(&mut self, violation: String) -> Came {
        self.link.note(format_args!("← {violation}"));
        Came::Violation(violation)
    }

    fn ended(&mut self, line: &str, came: Came) -> Came {
        self.link.note(format_args!("{line}"));
        came
    }

    fn frame(&mut self, frame: Received) -> Result<Option<Came>, String> {
        self.check(&frame)?;
        if let Some(key) = frame.key.filter(|_| !frame.payload.is_empty()) {
            self.mask_keys.push(key);
        }
        match frame.opcode {
            frames::PING => Ok(Some(Came::Ping)),
            frames::PONG => Ok(Some(Came::Pong(frame.payload))),
            frames::CLOSE => {
                self.closed_by_peer = true;
                close_code(&frame.payload).map(|code| Some(Came::Close(code)))
            }
            _ => self.data(&frame),
        }
    }

    /// What no endpoint may send.
    fn check(&self, frame: &Received) -> Result<(), String> {
        let control = frame.opcode >= frames::CLOSE;
        if frame.key.is_some() != (self.peer == Role::Client) {
            return Err(match self.peer {
                Role::Client => "its frame is not masked (§5.1)".into(),
                Role::Server => "its frame is masked (§5.1)".into(),
            });
        }
        if !matches!(frame.opcode, 0..=2 | 8..=10) {
            return Err(format!("its frame has the opcode {} (§5.2)", frame.opcode));
        }
        let compressed = self.agreed.is_some() && matches!(frame.opcode, 1 | 2);
        if frame.rsv & !(if compressed { RSV1 } else { 0 }) != 0 {
            return Err("its frame has a reserved bit that means nothing there (§5.2)".into());
        }
        if control && (!frame.fin || frame.payload.len() > 125) {
            return Err("its control frame is a fragment or longer than 125 bytes (§5.5)".into());
        }
        if !control && self.closed_by_peer {
            return Err("it sends data behind its own Close (§5.5.1)".into());
        }
        if !control && (frame.opcode == frames::CONTINUATION) != self.message.is_some() {
            return Err("its fragments are out of order (§5.4)".into());
        }
        Ok(())
    }

    fn data(&mut self, frame: &Received) -> Result<Option<Came>, String> {
        let (opcode, compressed, mut payload) =
            self.message.take().unwrap_or((frame.opcode, frame.rsv & RSV1 != 0, Vec::new()));
        payload.extend_from_slice(&frame.payload);
        if payload.len() > MAX_MESSAGE_BYTES {
            return Err("its message is longer than anything here asked for".into());
        }
        if !frame.fin {
            self.message = Some((opcode, compressed, payload));
            return Ok(None);
        }
        if compressed {
            payload = self.inflater.message(&payload, MAX_MESSAGE_BYTES)?;
            if !self.agreed.is_some_and(|agreed| agreed.of(self.peer).context_takeover) {
                self.inflater.reset();
            }
        }
        if opcode == frames::TEXT && std::str::from_utf8(&payload).is_err() {
            return Err("its text message is no UTF-8 (§5.6)".into());
        }
        Ok(Some(Came::Message(opcode, payload)))
    }
}

fn close_code(body: &[u8]) -> Result<u16, String> {
    match body {
        [] => Ok(1005),
        [_] => Err("its Close has a body of one byte (§5.5.1)".into()),
        [a, b, reason @ ..] => {
            let code = u16::from_be_bytes([*a, *b]);
            if matches!(code, 1005 | 1006 | 1015) {
                return Err(format!("its Close has the code {code} (§7.4.1)"));
            }
            if std::str::from_utf8(reason).is_err() {
                return Err("its Close has a reason that is no UTF-8 (§5.5.1)".into());
            }
            Ok(code)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::net::{Shutdown, TcpListener, TcpStream};

    use super::*;
    use crate::extension::Direction;
    use crate::options::Options;

    /// What comes of these bytes, from a peer that ends TCP behind them.
    fn all(bytes: &[u8], peer: Role, agreed: Option<Agreed>) -> Vec<Came> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut there = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let link = Link::new(listener.accept().unwrap().0, &Options::default()).unwrap();
        there.write_all(bytes).unwrap();
        there.shutdown(Shutdown::Write).unwrap();
        let mut conversation = Conversation::new(link, peer, agreed);
        let until = conversation.link.wait_until(Duration::from_secs(10));
        let mut all = Vec::new();
        loop {
            all.push(conversation.next(until));
            if matches!(all.last(), Some(Came::Fin | Came::Violation(_) | Came::Nothing)) {
                return all;
            }
        }
    }

    fn direction(context_takeover: bool) -> Direction {
        Direction { context_takeover, window_bits: 15 }
    }

    #[test]
    fn what_comes_from_a_server() {
        let message = |text: &str| Came::Message(frames::TEXT, text.as_bytes().to_vec());
        let pong = Came::Pong(b"p".to_vec());
        let cases: &[(&[u8], Vec<Came>)] = &[
            (b"\x81\x02hi", vec![message("hi")]),
            (b"\x01\x01h\x89\x00\x8a\x01p\x80\x01i", vec![Came::Ping, pong, message("hi")]),
            (b"\x88\x00", vec![Came::Close(1005)]),
            (b"\x88\x02\x03\xe8", vec![Came::Close(1000)]),
            (b"\x81\x05hi", vec![]),
        ];
        for (bytes, right) in cases {
            let mut right = right.clone();
            right.push(Came::Fin);
            assert_eq!(all(bytes, Role::Server, None), right, "{bytes:02x?}");
        }
    }

    #[test]
    fn what_no_server_may_send() {
        let wrong: &[&[u8]] = &[
            b"\x81\x81\0\0\0\0a",
            b"\xc1\x01a",
            b"\xa1\x01a",
            b"\x91\x01a",
            b"\x83\x00",
            b"\x8b\x00",
            b"\x80\x00",
            b"\x01\x01a\x81\x01b",
            b"\x09\x00",
            b"\x81\x7e\x00\x01a",
            b"\x81\x01\xff",
            b"\x88\x01\x03",
            b"\x88\x02\x03\xed",
            b"\x88\x02\x03\xee",
            b"\x88\x02\x03\xf7",
            b"\x88\x03\x03\xe8\xff",
            b"\x88\x00\x81\x00",
        ];
        for bytes in wrong {
            let came = all(bytes, Role::Server, None);
            assert!(matches!(came.last(), Some(Came::Violation(_))), "{bytes:02x?}: {came:?}");
        }
        let unmasked = all(b"\x81\x01a", Role::Client, None);
        assert!(matches!(unmasked[0], Came::Violation(_)));
    }

    #[test]
    fn compressed_messages_keep_to_what_was_agreed_on() {
        let twice = b"\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\x00\xc1\x05\xf2\x00\x11\x00\x00";
        let hello = Came::Message(frames::TEXT, b"Hello".to_vec());
        let kept = Agreed { server: direction(true), client: direction(false) };
        assert_eq!(all(twice, Role::Server, Some(kept)), [hello.clone(), hello.clone(), Came::Fin]);
        let reset = Agreed { server: direction(false), client: direction(true) };
        let came = all(twice, Role::Server, Some(reset));
        assert_eq!(came[0], hello);
        assert!(matches!(came[1], Came::Violation(_)), "{came:?}");
    }
}
