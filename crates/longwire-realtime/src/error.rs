//! What can go wrong, in three kinds: a command is refused, a subscription ends, a session ends.
//!
//! The kinds are ours. Which number and text a dialect has for one is the dialect's; the numbers of
//! the Centrifugo protocol stand here too, because the codes of `Unsubscribed` and `Disconnect`
//! steer what every SDK does next, over whichever transport.

use std::fmt;

/// Why a command or a request is refused. The session goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// The fault is here; to try again may help.
    Internal,
    /// There is no valid token where one is needed.
    Unauthorized,
    /// There is no such namespace.
    UnknownChannel,
    /// The policy of the namespace does not allow it.
    PermissionDenied,
    /// There is no such method.
    MethodNotFound,
    /// The session is subscribed to this channel already.
    AlreadySubscribed,
    /// A limit is reached; which one is in the text.
    LimitExceeded(&'static str),
    /// It has more bytes than it may have; what is in the text.
    TooLong(&'static str),
    /// The command makes no sense; why is in the text.
    BadRequest(String),
    /// The namespace does not have it: history, presence.
    NotAvailable,
    /// The token has expired: a fresh one is asked for.
    TokenExpired,
    /// What was granted has expired and was not refreshed.
    Expired,
    /// Too much is asked at once; to try again later helps.
    TooManyRequests,
    /// The history does not reach back to this position.
    UnrecoverablePosition,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Internal => "internal server error",
            Self::Unauthorized => "unauthorized",
            Self::UnknownChannel => "unknown channel",
            Self::PermissionDenied => "permission denied",
            Self::MethodNotFound => "method not found",
            Self::AlreadySubscribed => "already subscribed",
            Self::LimitExceeded(limit) => return write!(f, "limit exceeded: {limit}"),
            Self::TooLong(what) => return write!(f, "limit exceeded: bytes of {what}"),
            Self::BadRequest(why) => return write!(f, "bad request: {why}"),
            Self::NotAvailable => "not available",
            Self::TokenExpired => "token expired",
            Self::Expired => "expired",
            Self::TooManyRequests => "too many requests",
            Self::UnrecoverablePosition => "unrecoverable position",
        })
    }
}

impl std::error::Error for Error {}

/// Why the server ends a subscription. From code 2500 on clients subscribe again by themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unsubscribed {
    /// 2000–2499: for good; 2500–2999: subscribe again.
    pub code: u16,
    /// The same for people.
    pub reason: &'static str,
}

impl Unsubscribed {
    /// Somebody asked for it over the server's API.
    pub const SERVER: Self = Self { code: 2000, reason: "server unsubscribe" };
    /// Something is missing between where the client is and what would come next: it has to
    /// subscribe again, and recover from history.
    pub const INSUFFICIENT_STATE: Self = Self { code: 2500, reason: "insufficient state" };
    /// The subscription has expired and was not refreshed.
    pub const EXPIRED: Self = Self { code: 2501, reason: "subscription expired" };

    /// Whether clients subscribe again.
    pub fn resubscribes(self) -> bool {
        self.code >= 2500
    }
}

/// Why the server ends a session: a close code of a WebSocket, or a last push elsewhere.
/// Codes from 3500 to 3999 and from 4500 to 4999 tell clients not to come back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disconnect {
    /// 3000–4999.
    pub code: u16,
    /// The same for people; at most 123 bytes, since it stands in a Close frame.
    pub reason: std::borrow::Cow<'static, str>,
}

impl Disconnect {
    /// One of the fixed ones.
    const fn fixed(code: u16, reason: &'static str) -> Self {
        Self { code, reason: std::borrow::Cow::Borrowed(reason) }
    }

    /// The server shuts down.
    pub const SHUTDOWN: Self = Self::fixed(3001, "shutdown");
    /// The fault is here.
    pub const INTERNAL: Self = Self::fixed(3004, "internal server error");
    /// The connection has expired and was not refreshed.
    pub const EXPIRED: Self = Self::fixed(3005, "connection expired");
    /// The client does not read fast enough.
    pub const SLOW: Self = Self::fixed(3008, "slow");
    /// Something is missing, and the session as a whole has to begin anew.
    pub const INSUFFICIENT_STATE: Self = Self::fixed(3010, "insufficient state");
    /// Somebody asked that it comes back.
    pub const FORCE_RECONNECT: Self = Self::fixed(3011, "force reconnect");
    /// No pong came within the time for it.
    pub const NO_PONG: Self = Self::fixed(3012, "no pong");
    /// More sessions than the limit.
    pub const TOO_MANY_REQUESTS: Self = Self::fixed(3013, "too many requests");
    /// The token is not valid.
    pub const INVALID_TOKEN: Self = Self::fixed(3500, "invalid token");
    /// What came is no command, or none that may come now.
    pub const BAD_REQUEST: Self = Self::fixed(3501, "bad request");
    /// No connect command came within the time for it.
    pub const STALE: Self = Self::fixed(3502, "stale");
    /// Somebody asked that it stays away.
    pub const FORCE_NO_RECONNECT: Self = Self::fixed(3503, "force disconnect");
    /// More sessions of one user than the limit.
    pub const CONNECTION_LIMIT: Self = Self::fixed(3504, "connection limit");
    /// More channels than the limit.
    pub const CHANNEL_LIMIT: Self = Self::fixed(3505, "channel limit");
    /// It may not be here.
    pub const PERMISSION_DENIED: Self = Self::fixed(3507, "permission denied");

    /// Whether a client may come back.
    pub fn reconnects(&self) -> bool {
        !matches!(self.code, 3500..=3999 | 4500..=4999)
    }
}
