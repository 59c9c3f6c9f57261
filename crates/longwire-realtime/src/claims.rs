//! What tokens say, and the seam to what verifies them.

use std::sync::Arc;
use std::time::Duration;

use crate::Json;

/// Verifies tokens. The hub knows neither their form nor their keys.
pub trait Tokens: Send {
    /// What a connection token says. `unix_now` is the time for all that begins and ends in it;
    /// one that has expired is [`TokenError::Expired`] without leeway, since its bearer is about to
    /// use it for the first time.
    ///
    /// # Errors
    /// It has expired, or it is no token of ours.
    fn connection(&self, token: &str, unix_now: Duration) -> Result<ConnectionClaims, TokenError>;

    /// What a subscription token says; otherwise as [`connection`](Self::connection).
    ///
    /// # Errors
    /// It has expired, or it is no token of ours.
    fn subscription(
        &self,
        token: &str,
        unix_now: Duration,
    ) -> Result<SubscriptionClaims, TokenError>;
}

/// Why a token is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenError {
    /// It was good once.
    Expired,
    /// It is not.
    Invalid,
}

/// What a connection token says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConnectionClaims {
    /// The user; empty for someone anonymous.
    pub user: Arc<str>,
    /// Unix time at which the connection expires; `None` for never.
    pub expires_at: Option<Duration>,
    /// What others are told of the client.
    pub info: Option<Json>,
    /// What the server subscribes the session to.
    pub channels: Vec<ClaimedChannel>,
}

/// A channel that a connection token subscribes its bearer to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClaimedChannel {
    /// Which one.
    pub channel: String,
    /// What others in the channel are told of the client.
    pub info: Option<Json>,
}

/// What a subscription token says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SubscriptionClaims {
    /// The user, which has to be that of the connection.
    pub user: Arc<str>,
    /// The channel, which has to be the one that is subscribed to.
    pub channel: String,
    /// Unix time at which the subscription expires; `None` for never.
    pub expires_at: Option<Duration>,
    /// What others in the channel are told of the client.
    pub info: Option<Json>,
}

/// No token is valid: for a server without keys.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoTokens;

impl Tokens for NoTokens {
    fn connection(&self, _: &str, _: Duration) -> Result<ConnectionClaims, TokenError> {
        Err(TokenError::Invalid)
    }

    fn subscription(&self, _: &str, _: Duration) -> Result<SubscriptionClaims, TokenError> {
        Err(TokenError::Invalid)
    }
}
