//! Which path is what.

use crate::asking::Question;

/// What a path stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Route<'a> {
    /// Centrifugo's protocol over a WebSocket.
    WebSocket,
    /// The same over Server-Sent Events.
    EmulatedSse,
    /// The same over an answer that does not end.
    EmulatedHttpStream,
    /// Commands for the two above.
    Emulation,
    /// A method of the API.
    Api(&'a str),
    /// Events of channels, for readers that choose them in the URL.
    Events,
    /// The same by long polling.
    Poll,
    /// A client's question, for those that read the two above.
    Ask(Question),
    /// The built-in page.
    Page,
    /// Whether the server serves.
    Health,
}

impl<'a> Route<'a> {
    /// What is at this path; `None` for nothing.
    pub(crate) fn of(path: &'a str) -> Option<Self> {
        Some(match path {
            "/connection/websocket" => Self::WebSocket,
            "/connection/sse" => Self::EmulatedSse,
            "/connection/http_stream" => Self::EmulatedHttpStream,
            "/emulation" => Self::Emulation,
            "/sse" => Self::Events,
            "/poll" => Self::Poll,
            "/publish" => Self::Ask(Question::Publish),
            "/presence" => Self::Ask(Question::Presence),
            "/history" => Self::Ask(Question::History),
            "/" => Self::Page,
            "/health" => Self::Health,
            _ => Self::Api(path.strip_prefix("/api/")?),
        })
    }

    /// The methods that it takes, beside OPTIONS.
    pub(crate) fn methods(self) -> &'static [&'static str] {
        match self {
            Self::WebSocket
            | Self::EmulatedSse
            | Self::Events
            | Self::Poll
            | Self::Ask(Question::Presence | Question::History) => &["GET"],
            Self::Page | Self::Health => &["GET", "HEAD"],
            Self::EmulatedHttpStream
            | Self::Emulation
            | Self::Ask(Question::Publish)
            | Self::Api(_) => &["POST"],
        }
    }

    /// Whether pages of other origins may use it, where they are on the list.
    pub(crate) fn is_for_pages(self) -> bool {
        !matches!(self, Self::Api(_) | Self::Page)
    }
}
