//! A case: what is sent, and what is expected.

use std::borrow::Cow;
use std::fmt;

use crate::extension::Agreed;
use crate::frames::{Frame, RSV1, Shown, TEXT};
use crate::handshake::{Draft, Head};

/// How much weight a case has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// A MUST of the standard.
    Must,
    /// A SHOULD of the standard; or a MUST carried out at the earliest moment, where the standard
    /// names none; or a MUST for senders that a receiver enforces, where the standard does not say
    /// what becomes of it.
    Should,
    /// The standard leaves it open: what the peer does is worth knowing.
    Info,
}

impl Level {
    /// MUST, SHOULD or INFO.
    pub fn name(self) -> &'static str {
        match self {
            Self::Must => "MUST",
            Self::Should => "SHOULD",
            Self::Info => "INFO",
        }
    }
}

pub(crate) const MUST: Level = Level::Must;
pub(crate) const SHOULD: Level = Level::Should;
pub(crate) const INFO: Level = Level::Info;

/// A section of a standard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Section {
    /// The number of the RFC.
    pub rfc: u16,
    /// The section in it, such as `5.2`.
    pub number: &'static str,
}

/// A section of RFC 6455.
pub(crate) const fn ws(number: &'static str) -> Section {
    Section { rfc: 6455, number }
}

/// A section of RFC 7692, permessage-deflate.
pub(crate) const fn pmd(number: &'static str) -> Section {
    Section { rfc: 7692, number }
}

/// A section of RFC 9112, HTTP/1.1.
pub(crate) const fn http(number: &'static str) -> Section {
    Section { rfc: 9112, number }
}

impl fmt::Display for Section {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "RFC {} §{}", self.rfc, self.number)
    }
}

/// One case of the suite.
#[derive(Clone, Debug)]
pub struct Case {
    /// Its name, such as `5.2/rsv1-text`: the section (with the RFC's number in front where that is
    /// not 6455), and what is tested.
    pub id: String,
    /// The section that decides it.
    pub section: Section,
    /// How much weight it has.
    pub level: Level,
    /// What the peer has to do, in a sentence.
    pub title: String,
    /// The case of the Autobahn suite that tests the same, where there is one.
    pub autobahn: Option<&'static str>,
    pub(crate) opening: Opening,
    pub(crate) steps: Vec<Step>,
}

/// How the connection begins.
#[derive(Clone, Debug)]
pub(crate) enum Opening {
    /// With a correct handshake and no extension.
    Plain,
    /// With permessage-deflate: parameters to offer to a server, or to answer a client with. A
    /// peer that does not take part skips the case.
    Deflate { offer: &'static str, answer: &'static str },
    /// For servers: with this request, and this answer.
    Request { request: Draft, wire: Wire, answer: Answer },
    /// For clients: with this response, if it applies to the request; else why not.
    Response { response: Draft, wire: Wire, applies: fn(&Head) -> Result<(), String> },
    /// For clients: with a correct handshake; the request is the case.
    Asked(fn(&Asked<'_>) -> Result<(), String>),
}

/// What a client has asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked<'a> {
    pub(crate) head: &'a Head,
    /// The bytes that came behind the request before there was a response.
    pub(crate) behind: &'a [u8],
    /// The keys of the connections before.
    pub(crate) earlier_keys: &'a [String],
}

/// What a server has to answer to a request.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Answer {
    /// 101, correct in all.
    Upgraded,
    /// 101, and none of this header.
    UpgradedWithout(&'static str),
    /// 101, and permessage-deflate in this way, or not at all.
    Deflate(fn(&Agreed) -> Result<(), String>),
    /// 101 and permessage-deflate.
    DeflateAgreed,
    /// 101 and no permessage-deflate.
    DeflateDeclined,
    /// Either the offer is declined, or the request refused.
    DeclinedOrRefused,
    /// No 101: any other response, or the end of the connection. Such a request is plain HTTP too.
    NotUpgraded,
    /// A response with one of these statuses; any from 400 on when there are none.
    Refused(&'static [u16]),
    /// As `Refused`, or the connection ended without a response.
    RefusedOrDropped,
    /// A refusal with `Sec-WebSocket-Version: 13`.
    RefusedWithVersion,
    /// As `RefusedOrDropped`, and then the end of the connection, without another response.
    RefusedThenEnd,
    /// As `RefusedThenEnd`, and `Connection: close`.
    RefusedWithClose,
    /// Whatever it is.
    Observed,
}

/// One thing to do after the opening.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// Frames to be sent.
    Send(Vec<Frame>, Wire),
    /// Bytes behind frames that were cut.
    Raw(Vec<u8>),
    /// What has to come.
    Expect(Expect),
    /// Our half of the TCP connection is closed.
    Shutdown,
    /// The case goes on only where our messages may refer to those before.
    NeedContext,
    /// The case goes on only where they may not.
    NeedNoContext,
}

/// How bytes are put on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wire {
    /// In one write.
    Whole,
    /// In writes of so many bytes.
    Pieces(usize),
    /// Only so many bytes of them.
    First(usize),
}

/// What has to come. Pings and unasked Pongs may come at any time.
#[derive(Clone, Debug)]
pub(crate) enum Expect {
    /// A message with this opcode and payload, in however many fragments.
    Echo(u8, Cow<'static, [u8]>),
    /// A Pong with this payload.
    Pong(Cow<'static, [u8]>),
    /// The peer fails the connection: no message more, no answer to a Ping, and the end of TCP. A
    /// Close with one of the codes has to come first, where there are codes.
    Failure(Codes),
    /// The peer answers our Close with a Close with one of the codes, and TCP ends.
    Closing(Codes),
    /// As `Closing`, and TCP ends with FIN, not with RST.
    ClosingWithFin,
    /// The connection is not open: neither a message comes nor a Pong. Whether TCP ends is open.
    NotOpen,
    /// TCP ends, whatever comes before.
    End,
    /// Nothing comes, and TCP does not end.
    Silence,
    /// The masking keys of all frames that came so far are different, and not in a pattern.
    FreshKeys(usize),
    /// Whatever comes.
    Observed,
}

/// Close codes. 1005 stands for a Close without one.
pub(crate) type Codes = &'static [u16];

/// A message that the peer sends back only if it went on behind what should have ended it.
pub(crate) const PROBE: &[u8] = b"still there?";

pub(crate) fn send(frames: Vec<Frame>) -> Step {
    Step::Send(frames, Wire::Whole)
}

pub(crate) fn echo_text(payload: impl Into<Cow<'static, [u8]>>) -> Step {
    echo(TEXT, payload)
}

pub(crate) fn echo(opcode: u8, payload: impl Into<Cow<'static, [u8]>>) -> Step {
    Step::Expect(Expect::Echo(opcode, payload.into()))
}

impl Case {
    /// A case that begins with a correct handshake and has nothing to do yet.
    pub(crate) fn new(
        level: Level,
        section: Section,
        name: &str,
        title: impl Into<String>,
    ) -> Self {
        let id = match section.rfc {
            6455 => format!("{}/{name}", section.number),
            rfc => format!("{rfc}-{}/{name}", section.number),
        };
        let (title, opening) = (title.into(), Opening::Plain);
        Self { id, section, level, title, autobahn: None, opening, steps: Vec::new() }
    }

    pub(crate) fn must(section: Section, name: &str, title: impl Into<String>) -> Self {
        Self::new(Level::Must, section, name, title)
    }

    pub(crate) fn should(section: Section, name: &str, title: impl Into<String>) -> Self {
        Self::new(Level::Should, section, name, title)
    }

    pub(crate) fn info(section: Section, name: &str, title: impl Into<String>) -> Self {
        Self::new(Level::Info, section, name, title)
    }

    /// The same is case `number` of the Autobahn suite.
    pub(crate) fn autobahn(mut self, number: &'static str) -> Self {
        self.autobahn = (!number.is_empty()).then_some(number);
        self
    }

    pub(crate) fn open(mut self, opening: Opening) -> Self {
        self.opening = opening;
        self
    }

    pub(crate) fn step(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }

    pub(crate) fn send(self, frames: Vec<Frame>) -> Self {
        self.step(send(frames))
    }

    pub(crate) fn expect(self, expect: Expect) -> Self {
        self.step(Step::Expect(expect))
    }

    /// Whether it begins with a correct handshake that permessage-deflate changes nothing about.
    pub(crate) fn is_plain(&self) -> bool {
        matches!(self.opening, Opening::Plain)
    }

    /// Whether it sets RSV1 where permessage-deflate gives it a meaning: in the first frame of a
    /// message (RFC 7692 §6).
    pub(crate) fn sets_rsv1(&self) -> bool {
        self.steps.iter().any(|step| match step {
            Step::Send(frames, _) => {
                frames.iter().any(|frame| matches!(frame.opcode, 1 | 2) && frame.rsv & RSV1 != 0)
            }
            _ => false,
        })
    }

    /// What is expected, for a human.
    pub fn expectation(&self) -> String {
        let mut parts = Vec::new();
        match &self.opening {
            Opening::Request { answer, .. } => parts.push(answer.to_string()),
            Opening::Asked(_) => parts.push("a request as the title says".to_owned()),
            Opening::Plain | Opening::Deflate { .. } | Opening::Response { .. } => {}
        }
        for step in &self.steps {
            if let Step::Expect(expect) = step {
                parts.push(expect.to_string());
            }
        }
        parts.join("; then ")
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Upgraded => write!(out, "101, correct in all"),
            Self::UpgradedWithout(name) => write!(out, "101 without {name}"),
            Self::Deflate(_) => write!(out, "101, with an answer that fits the offer, or none"),
            Self::DeflateAgreed => write!(out, "101 with permessage-deflate"),
            Self::DeflateDeclined => write!(out, "101 without permessage-deflate"),
            Self::DeclinedOrRefused => write!(out, "101 without the extension, or a refusal"),
            Self::NotUpgraded => write!(out, "anything but 101"),
            Self::Refused([]) => write!(out, "a status of 400 or above"),
            Self::Refused(statuses) => {
                let statuses: Vec<_> = statuses.iter().map(u16::to_string).collect();
                write!(out, "a status of {}", statuses.join(" or "))
            }
            Self::RefusedOrDropped => write!(out, "a status of 400 or above, or the end of TCP"),
            Self::RefusedWithVersion => {
                write!(out, "a status of 400 or above, and Sec-WebSocket-Version: 13")
            }
            Self::RefusedThenEnd => write!(out, "at most one response, a refusal; the end of TCP"),
            Self::RefusedWithClose => {
                write!(out, "a refusal with Connection: close; the end of TCP")
            }
            Self::Observed => write!(out, "anything"),
        }
    }
}

impl fmt::Display for Expect {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Echo(TEXT, payload) => write!(out, "the text message {}", Shown(payload)),
            Self::Echo(_, payload) => write!(out, "the binary message {}", Shown(payload)),
            Self::Pong(payload) => write!(out, "a Pong with {}", Shown(payload)),
            Self::Failure([]) => write!(out, "the connection fails: nothing more, the end of TCP"),
            Self::Failure(codes) => write!(out, "Close {codes:?}, nothing more, the end of TCP"),
            Self::Closing([]) => write!(out, "a Close in return, the end of TCP"),
            Self::Closing(codes) => write!(out, "Close {codes:?} in return, the end of TCP"),
            Self::ClosingWithFin => write!(out, "a Close in return, the end of TCP with FIN"),
            Self::NotOpen => write!(out, "no message and no Pong: the connection is not open"),
            Self::End => write!(out, "the end of TCP"),
            Self::Silence => write!(out, "nothing"),
            Self::FreshKeys(count) => write!(out, "{count} masking keys, all fresh"),
            Self::Observed => write!(out, "anything"),
        }
    }
}
