//! What a connection did, step by step, and after how many received bytes: what two ways of
//! feeding the same bytes are compared by.

use std::fmt;

use longwire::{Chunk, Event, Kind, ProtocolError, State};

use crate::notation::show;

/// Something that the engine handed out. A message is one event, however it came.
#[derive(Clone, PartialEq, Eq)]
pub enum Seen {
    /// A text message.
    Text(Vec<u8>),
    /// A binary message.
    Binary(Vec<u8>),
    /// A compressed message, as it was on the wire: from a `Connection`, which does not inflate.
    Compressed(Vec<u8>),
    /// A Ping.
    Ping(Vec<u8>),
    /// A Pong.
    Pong(Vec<u8>),
    /// The peer's Close: its code, or 1005, and its reason.
    Close(u16, String),
}

impl fmt::Debug for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(payload) => write!(f, "text {}", show(payload)),
            Self::Binary(payload) => write!(f, "binary {}", show(payload)),
            Self::Compressed(payload) => write!(f, "compressed {}", show(payload)),
            Self::Ping(payload) => write!(f, "ping {}", show(payload)),
            Self::Pong(payload) => write!(f, "pong {}", show(payload)),
            Self::Close(code, reason) => write!(f, "close {code} {reason:?}"),
        }
    }
}

/// One thing that happened.
#[derive(Clone, PartialEq, Eq)]
pub enum What {
    /// An event.
    Event(Seen),
    /// Bytes to be sent, after an event or a failure.
    Output(Vec<u8>),
    /// The connection failed.
    Failure(ProtocolError),
    /// The engine broke what it promises to every caller. No vector expects that.
    Broken(String),
}

impl fmt::Debug for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Event(seen) => seen.fmt(f),
            Self::Output(bytes) => write!(f, "output {}", show(bytes)),
            Self::Failure(error) => write!(f, "failure {error:?}"),
            Self::Broken(promise) => write!(f, "a broken promise: {promise}"),
        }
    }
}

/// How a connection stands, or how it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Open or closing, and all bytes used: the next one begins a message.
    Idle(State),
    /// Open or closing, and a frame or a message is incomplete.
    Waiting(State),
    /// Closed: the code received or 1005 or 1006, who began, and the failure.
    Closed(longwire::Closure),
}

/// What happened, in order, each with the number of bytes that had been received by then.
#[derive(Clone, PartialEq, Eq)]
pub struct Trace {
    /// The steps.
    pub steps: Vec<(usize, What)>,
    /// What they led to.
    pub end: End,
    /// Whether a `Connection` has handed out something compressed: what is in it is not its affair.
    pub compressed: bool,
}

impl fmt::Debug for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, what) in &self.steps {
            writeln!(f, "    at byte {at}: {what:?}")?;
        }
        write!(f, "    then {:?}", self.end)
    }
}

impl Trace {
    /// What this trace of single bytes comes to when the reads end at `ends`: everything happens
    /// in the read that brings its last byte.
    pub fn gathered(&self, ends: &[usize]) -> Self {
        let steps = self.steps.iter().map(|(at, what)| (read_of(*at, ends), what.clone()));
        Self { steps: steps.collect(), ..self.clone() }
    }

    /// Whether `other` is what this comes to when the reads end at `ends`.
    pub fn comes_to(&self, ends: &[usize], other: &Self) -> bool {
        let expected = self.steps.iter().map(|(at, what)| (read_of(*at, ends), what));
        expected.eq(other.steps.iter().map(|(at, what)| (*at, what)))
            && (self.end, self.compressed) == (other.end, other.compressed)
    }

    /// The events.
    pub fn events(&self) -> Vec<Seen> {
        let event = |what: &What| match what {
            What::Event(seen) => Some(seen.clone()),
            _ => None,
        };
        self.steps.iter().filter_map(|(_, what)| event(what)).collect()
    }

    /// All bytes to be sent.
    pub fn output(&self) -> Vec<u8> {
        let output = |what: &What| match what {
            What::Output(bytes) => bytes.clone(),
            _ => Vec::new(),
        };
        self.steps.iter().flat_map(|(_, what)| output(what)).collect()
    }

    /// Whether the engine broke a promise.
    pub fn is_broken(&self) -> bool {
        self.steps.iter().any(|(_, what)| matches!(what, What::Broken(_)))
    }

    /// The failure, and after how many bytes it was there.
    pub fn failure(&self) -> Option<(usize, ProtocolError)> {
        self.steps.iter().find_map(|(at, what)| match what {
            What::Failure(error) => Some((*at, *error)),
            _ => None,
        })
    }
}

/// The end of the read that brings the byte in front of `at`.
fn read_of(at: usize, ends: &[usize]) -> usize {
    match at {
        0 => 0,
        at => ends.iter().copied().find(|end| *end >= at).unwrap_or(at),
    }
}

/// Puts the chunks of a message together. One that never ends is none.
#[derive(Debug, Default)]
pub struct Assembler {
    message: Option<(Kind, bool, Vec<u8>)>,
    compressed: bool,
}

impl Assembler {
    /// Whether any chunk was compressed.
    pub fn has_seen_compressed(&self) -> bool {
        self.compressed
    }

    /// The event, unless it is a chunk with more to come.
    ///
    /// # Panics
    /// The chunks break their promise: one kind, no other message between them, never empty but
    /// for the last.
    pub fn event(&mut self, event: Event<'_>) -> Option<Seen> {
        let whole = matches!(event, Event::Text(_) | Event::Binary(_));
        assert!(!whole || self.message.is_none(), "a whole message between the chunks of another");
        match event {
            Event::Text(text) => Some(Seen::Text(text.into())),
            Event::Binary(data) => Some(Seen::Binary(data.into())),
            Event::Chunk(chunk) => self.chunk(chunk),
            Event::Ping(payload) => Some(Seen::Ping(payload.into())),
            Event::Pong(payload) => Some(Seen::Pong(payload.into())),
            Event::Close(close) => Some(Seen::Close(close.code.value(), close.reason.into())),
        }
    }

    fn chunk(&mut self, chunk: Chunk<'_>) -> Option<Seen> {
        assert!(chunk.last || !chunk.data.is_empty(), "an empty chunk that is not the last");
        let start = || (chunk.kind, chunk.compressed, Vec::new());
        let (kind, compressed, mut data) = self.message.take().unwrap_or_else(start);
        assert_eq!((kind, compressed), (chunk.kind, chunk.compressed), "chunks of two kinds");
        data.extend_from_slice(chunk.data);
        self.compressed |= compressed;
        if !chunk.last {
            self.message = Some((kind, compressed, data));
            return None;
        }
        Some(match (kind, compressed) {
            (_, true) => Seen::Compressed(data),
            (Kind::Text, false) => Seen::Text(data),
            (Kind::Binary, false) => Seen::Binary(data),
        })
    }
}
