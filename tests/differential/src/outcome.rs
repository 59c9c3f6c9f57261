//! What an endpoint made of a stream, in terms that every library can be put into.
//!
//! Only what all of them can say is here. Which errors they have, how they word them, and what they
//! answer to a Ping or a Close that is in order, is not compared.

use std::fmt;

use crate::notation::show;

/// Something that was handed to the application. A message is one event, however it came.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Event {
    /// A text message, UTF-8 or not.
    Text(Vec<u8>),
    Binary(Vec<u8>),
    /// A Ping; where a library does not show them, it is seen by its Pong.
    Ping(Vec<u8>),
    Pong(Vec<u8>),
    /// A Close: its code, 1005 where it had none, and its reason.
    Close(u16, Vec<u8>),
}

/// How it ended. Every stream ends behind its last byte, so none stays open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The stream ended without a Close: between two frames or inside one.
    Lost,
    /// A Close was received.
    Closed,
    /// The endpoint failed the connection, and said this code in a Close, if it sent one.
    Failed(Option<u16>),
    /// It panicked. Nobody is expected to.
    Panicked,
    /// It waits for more, though the stream has ended. Nobody is expected to.
    Stuck,
}

/// Events, and how it ended.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) events: Vec<Event>,
    pub(crate) verdict: Verdict,
}

impl Outcome {
    /// Whether nothing that can be compared is different. RFC 6455 §7.1.7 says that an endpoint
    /// SHOULD send a Close when it fails the connection; that many libraries leave this to the
    /// application is no divergence, so a code is compared where both have sent one.
    pub(crate) fn agrees_with(&self, other: &Self) -> bool {
        let verdicts = match (self.verdict, other.verdict) {
            (Verdict::Failed(ours), Verdict::Failed(theirs)) => {
                ours.is_none() || theirs.is_none() || ours == theirs
            }
            (ours, theirs) => ours == theirs,
        };
        verdicts && self.events == other.events
    }
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(payload) => write!(f, "text {}", show(payload)),
            Self::Binary(payload) => write!(f, "binary {}", show(payload)),
            Self::Ping(payload) => write!(f, "ping {}", show(payload)),
            Self::Pong(payload) => write!(f, "pong {}", show(payload)),
            Self::Close(code, reason) => write!(f, "close {code} {}", show(reason)),
        }
    }
}

/// `text "Hello", close 1000 "": closed`
impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, event) in self.events.iter().enumerate() {
            write!(f, "{}{event:?}", if index == 0 { "" } else { ", " })?;
        }
        if !self.events.is_empty() {
            f.write_str(": ")?;
        }
        match self.verdict {
            Verdict::Lost => f.write_str("lost"),
            Verdict::Closed => f.write_str("closed"),
            Verdict::Failed(Some(code)) => write!(f, "failed {code}"),
            Verdict::Failed(None) => f.write_str("failed"),
            Verdict::Panicked => f.write_str("PANICKED"),
            Verdict::Stuck => f.write_str("STUCK"),
        }
    }
}

impl fmt::Debug for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::{Event, Outcome, Verdict};

    fn outcome(verdict: Verdict) -> Outcome {
        Outcome { events: vec![Event::Text(b"hi".to_vec())], verdict }
    }

    #[test]
    fn a_code_that_was_not_sent_is_not_compared() {
        use Verdict::{Closed, Failed, Lost};
        let table = [
            (Lost, Lost, true),
            (Lost, Closed, false),
            (Failed(None), Failed(Some(1002)), true),
            (Failed(Some(1002)), Failed(Some(1002)), true),
            (Failed(Some(1002)), Failed(Some(1007)), false),
            (Failed(None), Lost, false),
        ];
        for (one, other, expected) in table {
            assert_eq!(outcome(one).agrees_with(&outcome(other)), expected, "{one:?} {other:?}");
        }
        let nothing = Outcome { events: Vec::new(), verdict: Lost };
        assert!(!nothing.agrees_with(&outcome(Lost)));
    }
}
