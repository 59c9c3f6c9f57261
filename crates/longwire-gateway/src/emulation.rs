//! Both directions over plain HTTP, where a WebSocket cannot be had: the answer to one request does not
//! end, and what the client says comes with other requests.
//!
//! These name the session and the node that the connect reply named: whoever knows the session may
//! speak for it, on whichever connection and whichever worker.

use std::borrow::Cow;
use std::time::Duration;

use longwire_realtime::dialect::sse;
use longwire_realtime::{Dialect, SessionId};
use longwire_server::{Answer, Incoming, Response};
use serde::Deserialize;

use crate::gateway::{Gateway, text};
use crate::node::Mail;
use crate::query::{QueryError, pairs};

/// What comes by `POST /emulation`.
#[derive(Deserialize)]
struct Emulation<'a> {
    session: &'a str,
    #[serde(borrow)]
    node: Cow<'a, str>,
    /// Commands, as they would stand in a WebSocket message.
    #[serde(borrow)]
    data: Cow<'a, str>,
}

/// What a stream begins with: the connect command.
///
/// # Errors
/// It is missing, or is more than may stand there.
pub(crate) fn first_commands<'a>(
    dialect: Dialect,
    incoming: &Incoming<'a>,
) -> Result<Cow<'a, [u8]>, &'static str> {
    if dialect == Dialect::CentrifugeHttpStream {
        let commands = (!incoming.body.is_empty()).then_some(incoming.body.into());
        return commands.ok_or("the commands to begin with are missing: the body is empty\n");
    }
    first_command(incoming.request.query().unwrap_or_default())
        .map(|command| command.into_bytes().into())
}

/// The connect command in a query.
///
/// RFC 9110 §9.2.1: GET is safe. It has to be, since any page can have its visitor's browser send one,
/// as for a picture, and the browser does not say then whose page it is. To connect changes nothing;
/// commands behind that would.
fn first_command(query: &str) -> Result<String, &'static str> {
    let pairs: Result<Vec<_>, _> = pairs(query).collect();
    let pairs = pairs.map_err(|_| QueryError::NotUtf8.explanation())?;
    let (_, command) = pairs
        .iter()
        .find(|(name, _)| name == "cf_connect")
        .ok_or("the command to begin with is missing: cf_connect in the query\n")?;
    let command = command.trim_end();
    if command.contains('\n') {
        return Err("cf_connect has to be one command: the others are for /emulation\n");
    }
    Ok(command.to_owned())
}

/// The head of the answer, and what it begins with.
pub(crate) fn head(dialect: Dialect) -> Response {
    let (content_type, body): (_, &[u8]) = match dialect {
        // Some proxies and browsers pass nothing on before the first bytes of the body.
        Dialect::CentrifugeSse => (sse::CONTENT_TYPE, b"\n"),
        Dialect::Sse => (sse::CONTENT_TYPE, b""),
        _ => ("application/octet-stream", b""),
    };
    let headers = [
        ("Content-Type", content_type),
        ("Cache-Control", "private, no-cache, no-store, must-revalidate, max-age=0"),
        ("Pragma", "no-cache"),
        ("Expires", "0"),
        // nginx would collect the answer before it passes it on.
        ("X-Accel-Buffering", "no"),
    ];
    let headers = headers.map(|(name, value)| (name.into(), value.into())).into();
    Response { status: 200, headers, body: body.into() }
}

impl Gateway {
    /// Takes commands for a session. That they were taken is all that the answer says.
    pub(crate) fn emulate(&mut self, body: &[u8], now: Duration) -> Answer {
        let Ok(emulation) = serde_json::from_slice::<Emulation<'_>>(body) else {
            return text(
                400,
                "the body has to be an object with session, node and data, all text\n",
            );
        };
        let Some(session) = SessionId::parse(emulation.session) else {
            return text(400, "the session is none that this server has named\n");
        };
        let Some(worker) = self.node.worker_of(&emulation.node) else {
            return text(404, "there is no such node\n");
        };
        let commands = emulation.data.as_bytes();
        if worker == self.worker {
            // What came by other workers was taken before this.
            self.read_mail(now);
            if let Some(key) = self.hub.session(session) {
                self.hub.receive(key, commands, now);
            }
        } else if !self.node.post(worker, Mail { session, commands: commands.into() }) {
            return text(503, "the worker of this session has too much to do\n");
        }
        Answer::Now(Response { status: 204, headers: Vec::new(), body: b"".into() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_connects_and_does_nothing_else() {
        let missing = "the command to begin with is missing: cf_connect in the query\n";
        let several = "cf_connect has to be one command: the others are for /emulation\n";
        let table = [
            ("cf_connect=%7B%22id%22:1%7D", Ok("{\"id\":1}")),
            ("x=1&cf_connect={}%0A", Ok("{}")),
            ("cf_connect=", Ok("")),
            ("", Err(missing)),
            ("connect={}", Err(missing)),
            ("cf_connect={}%0A{}", Err(several)),
            ("cf_connect=%0A{}", Err(several)),
            ("cf_connect={}&x=%FF", Err("the query has to be UTF-8\n")),
        ];
        for (query, expected) in table {
            assert_eq!(first_command(query), expected.map(str::to_owned), "{query}");
        }
    }

    /// A browser's `EventSource` takes nothing that is not called an event stream.
    #[test]
    fn what_a_stream_is_called_and_begins_with() {
        let table: [(Dialect, &str, &[u8]); 3] = [
            (Dialect::CentrifugeSse, "text/event-stream", b"\n"),
            (Dialect::CentrifugeHttpStream, "application/octet-stream", b""),
            (Dialect::Sse, "text/event-stream", b""),
        ];
        for (dialect, content_type, body) in table {
            let head = head(dialect);
            let field = head.headers.iter().find(|(name, _)| name == "Content-Type");
            assert_eq!(field.map(|(_, value)| &**value), Some(content_type), "{dialect:?}");
            assert_eq!(&*head.body, body, "{dialect:?}");
        }
    }
}
