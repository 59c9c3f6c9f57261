//! What the URL of a reader says.

use std::borrow::Cow;
use std::str::Utf8Error;
use std::time::Duration;

use longwire_server::Request;
use percent_encoding::percent_decode_str;

use crate::gateway::header;

/// What a reader wants.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Query {
    /// `channel`, any number of times: each channel once.
    pub(crate) channels: Vec<String>,
    /// `token`, or the header `Authorization: Bearer`.
    pub(crate) token: Option<String>,
    /// `since`: where a poll goes on.
    pub(crate) since: Option<String>,
    /// `lastEventId`, for clients that cannot set the header.
    pub(crate) last_event_id: Option<String>,
    /// `wait`: how many seconds a poll waits.
    pub(crate) wait: Option<Duration>,
}

/// What is wrong with a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum QueryError {
    NoChannel,
    TooManyChannels,
    Wait,
    NotUtf8,
    /// Nothing is to be ignored that was meant to change what comes.
    Unknown,
}

impl QueryError {
    pub(crate) fn explanation(self) -> &'static str {
        match self {
            Self::NoChannel => {
                "the query has to name a channel, or several: ?channel=a&channel=b\n"
            }
            Self::TooManyChannels => "the query names more channels than a session may have\n",
            Self::Wait => "wait has to be a number of seconds, without a fraction\n",
            Self::NotUtf8 => "the query has to be UTF-8\n",
            Self::Unknown => {
                "the query may have channel, token, since, lastEventId and wait alone\n"
            }
        }
    }
}

impl Query {
    pub(crate) fn parse(request: &Request<'_>, max_channels: usize) -> Result<Self, QueryError> {
        let mut query = Self::parse_pairs(request.query().unwrap_or_default(), max_channels)?;
        if query.token.is_none() {
            query.token =
                header(request, "Authorization").as_deref().and_then(bearer).map(str::to_owned);
        }
        Ok(query)
    }

    fn parse_pairs(text: &str, max_channels: usize) -> Result<Self, QueryError> {
        let mut query = Self::default();
        for pair in pairs(text) {
            let (name, value) = pair.map_err(|_| QueryError::NotUtf8)?;
            match &*name {
                "channel" if query.channels.contains(&value) => {}
                "channel" if query.channels.len() == max_channels => {
                    return Err(QueryError::TooManyChannels);
                }
                "channel" => query.channels.push(value),
                "token" => query.token = Some(value),
                "since" => query.since = Some(value),
                "lastEventId" => query.last_event_id = Some(value),
                "wait" => {
                    let seconds = value.parse().map_err(|_| QueryError::Wait)?;
                    query.wait = Some(Duration::from_secs(seconds));
                }
                _ => return Err(QueryError::Unknown),
            }
        }
        if query.channels.is_empty() { Err(QueryError::NoChannel) } else { Ok(query) }
    }
}

/// The names and values of a query (the URL standard, "application/x-www-form-urlencoded parsing"). What is
/// no UTF-8 is not put right: two names that differ would be the same.
pub(crate) fn pairs(text: &str) -> impl Iterator<Item = Result<(String, String), Utf8Error>> {
    let decode = |text: &str| {
        let spaced = text.replace('+', " ");
        percent_decode_str(&spaced).decode_utf8().map(Cow::into_owned)
    };
    text.split('&').filter(|pair| !pair.is_empty()).map(move |pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        Ok((decode(name)?, decode(value)?))
    })
}

/// The token in an `Authorization` (RFC 6750 §2.1). None at all behind the scheme is one that is not valid.
fn bearer(credentials: &str) -> Option<&str> {
    // RFC 9110 §11.1, §11.4: the scheme, in any case, spaces, and the token.
    let (scheme, token) = credentials.split_once(' ').unwrap_or((credentials, ""));
    scheme.eq_ignore_ascii_case("Bearer").then(|| token.trim_start_matches(' '))
}

#[cfg(test)]
mod tests {
    use super::{Query, QueryError};
    use std::time::Duration;

    #[test]
    fn what_a_query_says() {
        let channels = |names: &[&str]| Query {
            channels: names.iter().map(|&name| name.into()).collect(),
            ..Query::default()
        };
        let wait = Some(Duration::from_secs(7));
        let table = [
            ("channel=a", Ok(channels(&["a"]))),
            ("channel=b&channel=a&channel=b", Ok(channels(&["b", "a"]))),
            ("channel=a%3Ab+c", Ok(channels(&["a:b c"]))),
            // What only looks like an escape stands for itself.
            ("&ch%61nnel=%zz%2=&", Ok(channels(&["%zz%2="]))),
            ("channel=%C3%BC", Ok(channels(&["ü"]))),
            ("channel=%C3", Err(QueryError::NotUtf8)),
            ("channel=a&%FF", Err(QueryError::NotUtf8)),
            ("channel=a&wait=7", Ok(Query { wait, ..channels(&["a"]) })),
            (
                "since=1.a.x.2&channel=a",
                Ok(Query { since: Some("1.a.x.2".into()), ..channels(&["a"]) }),
            ),
            (
                "channel=a&token=t&lastEventId=",
                Ok(Query {
                    token: Some("t".into()),
                    last_event_id: Some(String::new()),
                    ..channels(&["a"])
                }),
            ),
            ("", Err(QueryError::NoChannel)),
            ("since=1", Err(QueryError::NoChannel)),
            ("channel=a&channel=b&channel=c", Err(QueryError::TooManyChannels)),
            ("channel=a&wait=1.5", Err(QueryError::Wait)),
            ("channel=a&wait=-1", Err(QueryError::Wait)),
            ("channel=a&chanel=b", Err(QueryError::Unknown)),
        ];
        for (text, expected) in table {
            assert_eq!(Query::parse_pairs(text, 2), expected, "{text}");
        }
    }
}
