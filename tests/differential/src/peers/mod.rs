//! The libraries, each behind one function: from a stream to what it made of it.

mod fastwebsockets;
mod longwire;
mod ratchet;
mod replies;
mod sockudo;
mod soketto;
mod tokio_websockets;
mod tungstenite;

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::outcome::{Outcome, Verdict};
use crate::stream::{Deflate, Stream};

/// What Longwire makes of a stream.
pub(crate) fn longwire(stream: &Stream) -> Outcome {
    caught(self::longwire::run, stream)
}

/// A library that Longwire is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Peer {
    Tungstenite,
    TokioWebsockets,
    Fastwebsockets,
    Soketto,
    SockudoWs,
    Ratchet,
}

impl Peer {
    pub(crate) const ALL: [Self; 6] = [
        Self::Tungstenite,
        Self::TokioWebsockets,
        Self::Fastwebsockets,
        Self::Soketto,
        Self::SockudoWs,
        Self::Ratchet,
    ];

    /// Name and version, as Cargo.toml has them.
    pub(crate) fn release(self) -> (&'static str, &'static str) {
        match self {
            Self::Tungstenite => ("tungstenite", "0.30.0"),
            Self::TokioWebsockets => ("tokio-websockets", "0.13.3"),
            Self::Fastwebsockets => ("fastwebsockets", "0.10.0"),
            Self::Soketto => ("soketto", "0.8.1"),
            Self::SockudoWs => ("sockudo-ws", "3.1.0"),
            Self::Ratchet => ("ratchet_rs", "1.2.1"),
        }
    }

    /// Whether it can be set up so.
    pub(crate) fn takes(self, deflate: Deflate) -> bool {
        match self {
            Self::Tungstenite | Self::TokioWebsockets | Self::Fastwebsockets => {
                deflate == Deflate::No
            }
            // It asks for no context takeover, and knows nothing else.
            Self::Soketto => deflate != Deflate::ContextTakeover,
            Self::SockudoWs | Self::Ratchet => true,
        }
    }

    /// What it makes of a stream.
    pub(crate) fn run(self, stream: &Stream) -> Outcome {
        let run = match self {
            Self::Tungstenite => tungstenite::run,
            Self::TokioWebsockets => tokio_websockets::run,
            Self::Fastwebsockets => fastwebsockets::run,
            Self::Soketto => soketto::run,
            Self::SockudoWs => sockudo::run,
            Self::Ratchet => ratchet::run,
        };
        caught(run, stream)
    }
}

fn caught(run: fn(&Stream) -> Outcome, stream: &Stream) -> Outcome {
    catch_unwind(AssertUnwindSafe(|| run(stream)))
        .unwrap_or(Outcome { events: Vec::new(), verdict: Verdict::Panicked })
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.release().0)
    }
}
