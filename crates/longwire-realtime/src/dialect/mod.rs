//! The words that clients speak: bytes to [`Command`]s, and replies and pushes to
//! bytes, for each [`Dialect`].
//!
//! A module a dialect; the hub knows none of them, only the [`Codec`]. Payloads are raw JSON that is
//! checked once, where it comes in, and is never parsed or written anew behind that.

pub mod centrifuge;
pub(crate) mod fields;
pub mod once;
pub mod poll;
pub mod positions;
#[cfg(test)]
mod properties;
pub mod reader;
#[cfg(test)]
mod reader_model;
pub mod sse;
pub(crate) mod writer;

use crate::{Codec, Command, CommandId, Dialect, Disconnect, Error, Push, Reply};

/// Speaks all dialects there are.
#[derive(Clone, Debug, Default)]
pub struct Dialects {
    /// The bounds of what clients send.
    pub limits: centrifuge::FrameLimits,
}

impl Codec for Dialects {
    fn decode(
        &self,
        dialect: Dialect,
        bytes: &[u8],
        commands: &mut Vec<(CommandId, Command)>,
    ) -> Result<(), Disconnect> {
        match dialect {
            Dialect::CentrifugeWebSocket
            | Dialect::CentrifugeSse
            | Dialect::CentrifugeHttpStream => {
                centrifuge::decode_frame(bytes, &self.limits, commands)
            }
            // Their clients say all in the URL of the request.
            Dialect::Sse | Dialect::Poll => Err(Disconnect::BAD_REQUEST),
        }
    }

    fn encode_reply(
        &self,
        dialect: Dialect,
        id: CommandId,
        reply: &Result<Reply, Error>,
        out: &mut Vec<u8>,
    ) {
        in_transport(dialect, out, |out| match dialect {
            Dialect::CentrifugeWebSocket
            | Dialect::CentrifugeSse
            | Dialect::CentrifugeHttpStream => centrifuge::encode_reply(id, reply, out),
            // Their clients ask for nothing; a `Reader` does it for them, and is answered in types.
            Dialect::Sse | Dialect::Poll => {}
        });
    }

    fn encode_push(&self, dialect: Dialect, push: &Push, out: &mut Vec<u8>) {
        in_transport(dialect, out, |out| match dialect {
            Dialect::CentrifugeWebSocket
            | Dialect::CentrifugeSse
            | Dialect::CentrifugeHttpStream => centrifuge::encode_push(push, out),
            Dialect::Sse | Dialect::Poll => sse::encode_push(push, out),
        });
    }
}

/// Puts around a JSON text what tells it from the next one on its transport. Nothing around nothing.
///
/// JSON on its way has no line breaks (see [`Json`](crate::Json)), so it is one line of an event or
/// of a stream.
fn in_transport(dialect: Dialect, out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    let (before, behind): (&[u8], &[u8]) = match dialect {
        Dialect::CentrifugeSse => (b"data: ", b"\n\n"),
        Dialect::CentrifugeHttpStream => (b"", b"\n"),
        Dialect::CentrifugeWebSocket | Dialect::Sse | Dialect::Poll => (b"", b""),
    };
    let start = out.len();
    out.extend_from_slice(before);
    let written = out.len();
    write(out);
    if out.len() == written {
        out.truncate(start);
    } else {
        out.extend_from_slice(behind);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ChannelName, Json, PresenceStats};

    #[test]
    fn a_push_in_each_dialect() {
        let push = Push::Message { data: Json::from_valid("{\"a\":\n1}") };
        let crowd = Push::Crowd {
            channel: ChannelName::new("a", 10).unwrap(),
            stats: PresenceStats { clients: 3, users: 2 },
        };
        let rows = [
            (
                Dialect::CentrifugeWebSocket,
                "{\"push\":{\"message\":{\"data\":{\"a\": 1}}}}",
                "{}",
                "",
            ),
            (
                Dialect::CentrifugeSse,
                "data: {\"push\":{\"message\":{\"data\":{\"a\": 1}}}}\n\n",
                "data: {}\n\n",
                "",
            ),
            (
                Dialect::CentrifugeHttpStream,
                "{\"push\":{\"message\":{\"data\":{\"a\": 1}}}}\n",
                "{}\n",
                "",
            ),
            (
                Dialect::Sse,
                "data: {\"message\":{\"data\":{\"a\": 1}}}\n\n",
                ":\n\n",
                "event: presence\n\
                 data: {\"channel\":\"a\",\"presence_stats\":{\"num_clients\":3,\"num_users\":2}}\n\n",
            ),
            (
                Dialect::Poll,
                "data: {\"message\":{\"data\":{\"a\": 1}}}\n\n",
                ":\n\n",
                "event: presence\n\
                 data: {\"channel\":\"a\",\"presence_stats\":{\"num_clients\":3,\"num_users\":2}}\n\n",
            ),
        ];
        for (dialect, message, ping, presence) in rows {
            let encoded = |push: &Push| {
                let mut out = b"before".to_vec();
                Dialects::default().encode_push(dialect, push, &mut out);
                String::from_utf8(out).unwrap()
            };
            assert_eq!(encoded(&push), format!("before{message}"), "{dialect:?}");
            assert_eq!(encoded(&Push::Ping), format!("before{ping}"), "{dialect:?}");
            assert_eq!(encoded(&crowd), format!("before{presence}"), "{dialect:?}");
        }
    }

    #[test]
    fn readers_of_urls_send_nothing() {
        for dialect in [Dialect::Sse, Dialect::Poll] {
            let mut commands = Vec::new();
            let decoded = Dialects::default().decode(dialect, b"{}", &mut commands);
            assert_eq!(decoded, Err(Disconnect::BAD_REQUEST));
            assert_eq!(commands, []);
        }
    }
}
