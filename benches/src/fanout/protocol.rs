//! What the servers speak: how one joins the channel, publishes on it, and finds in a message what was
//! published.

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

use super::publication::MARK;

/// What a server speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Protocol {
    /// Every message is a publication. A subscriber connects to /subscribe, a publisher to /publish.
    Plain,
    /// nchan: its WebSocket subscribers get publications as they are. The publisher sends them with
    /// HTTP POST.
    Nchan,
    /// Socket.IO 5 in Engine.IO 4, over WebSocket alone.
    SocketIo,
    /// Centrifugo's client protocol 2, in JSON.
    Centrifugo,
}

/// On whose connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    Publisher,
    Subscriber,
}

/// What a message means that brings no publication.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// Nothing that matters.
    Nothing,
    /// The other side wants this said.
    Say(&'static str),
    /// From here on publications come, or may be sent.
    Joined,
    /// The server has ended the subscription, and says why.
    Ended(u64),
}

impl Protocol {
    /// What the opening handshake asks for.
    pub(super) fn resource(self, role: Role) -> &'static str {
        match (self, role) {
            (Self::Plain | Self::Nchan, Role::Subscriber) => "/subscribe",
            (Self::Plain | Self::Nchan, Role::Publisher) => "/publish",
            (Self::SocketIo, Role::Subscriber) => "/socket.io/?EIO=4&transport=websocket",
            (Self::SocketIo, Role::Publisher) => {
                "/socket.io/?EIO=4&transport=websocket&role=publisher"
            }
            (Self::Centrifugo, _) => "/connection/websocket",
        }
    }

    /// What is said first, unasked. `None`: nothing, and one has joined with the opening handshake.
    pub(super) fn greeting(self, role: Role) -> Option<&'static str> {
        match (self, role) {
            (Self::Plain | Self::Nchan, _) => None,
            // The server begins.
            (Self::SocketIo, _) => Some(""),
            (Self::Centrifugo, Role::Publisher) => Some("{\"id\":1,\"connect\":{}}"),
            (Self::Centrifugo, Role::Subscriber) => {
                Some("{\"id\":1,\"connect\":{}}\n{\"id\":2,\"subscribe\":{\"channel\":\"bench\"}}")
            }
        }
    }

    /// What a subscriber says to have a channel for itself, too, where that is possible: it is answered as
    /// the greeting is.
    pub(super) fn subscribe_alone(self) -> Option<&'static str> {
        let text = "{\"id\":3,\"subscribe\":{\"channel\":\"alone\"}}";
        (self == Self::Centrifugo).then_some(text)
    }

    /// The parts of a message, each of which brings one publication at most.
    pub(super) fn parts(self, message: &str) -> impl Iterator<Item = &str> {
        let several = self == Self::Centrifugo;
        message.split(move |character| several && character == '\n')
    }

    /// Takes a part without a publication.
    ///
    /// # Errors
    /// The server refuses something, or it is not what this protocol may say here.
    pub(super) fn hear(self, role: Role, part: &str) -> Result<Heard> {
        match self {
            Self::Plain | Self::Nchan => bail!("unexpected: {part:?}"),
            Self::SocketIo => hear_socket_io(part),
            Self::Centrifugo => hear_centrifugo(role, part),
        }
    }

    /// The message with which a WebSocket publisher sends a publication.
    pub(super) fn publish(self, number: u64, publication: &str) -> String {
        match self {
            Self::Plain | Self::Nchan => publication.to_owned(),
            Self::SocketIo => format!("42[\"publish\",\"{publication}\"]"),
            Self::Centrifugo => format!(
                "{{\"id\":{},\"publish\":{{\"channel\":\"bench\",\"data\":\"{publication}\"}}}}",
                // 1 was to connect.
                number + 2
            ),
        }
    }
}

/// Where a publication begins in a part of a message, if there is one.
pub(super) fn find(part: &str) -> Option<&str> {
    part.split_at_checked(part.as_bytes().iter().position(|byte| *byte == MARK)?).map(|(_, it)| it)
}

/// The first digit is Engine.IO's type of packet (0 open, 2 ping, 3 pong, 4 message), the second
/// Socket.IO's (0 connect, 2 event, 4 refused).
fn hear_socket_io(part: &str) -> Result<Heard> {
    match part {
        "2" => Ok(Heard::Say("3")),
        open if open.starts_with('0') => Ok(Heard::Say("40")),
        connected if connected.starts_with("40") => Ok(Heard::Joined),
        noop if noop.starts_with('6') => Ok(Heard::Nothing),
        other => bail!("unexpected: {other:?}"),
    }
}

/// Replies to commands, pushes, and `{}`, which is a ping.
fn hear_centrifugo(role: Role, part: &str) -> Result<Heard> {
    match part {
        "" => return Ok(Heard::Nothing),
        "{}" => return Ok(Heard::Say("{}")),
        _ => {}
    }
    let reply: Value = serde_json::from_str(part)?;
    ensure!(reply.get("error").is_none(), "the server refuses: {part}");
    if let Some(push) = reply.get("push") {
        ensure!(push.get("disconnect").is_none(), "the server ends it: {part}");
        let Some(end) = push.get("unsubscribe") else { return Ok(Heard::Nothing) };
        let code = end.get("code").and_then(Value::as_u64);
        return Ok(Heard::Ended(code.with_context(|| format!("no code: {part}"))?));
    }
    let joined = match role {
        Role::Publisher => "connect",
        Role::Subscriber => "subscribe",
    };
    Ok(if reply.get(joined).is_some() { Heard::Joined } else { Heard::Nothing })
}

#[cfg(test)]
mod tests {
    use super::*;
    use Protocol::{Centrifugo, Plain, SocketIo};
    use Role::{Publisher, Subscriber};

    #[test]
    fn what_a_part_means() {
        let open = "0{\"sid\":\"a\",\"upgrades\":[],\"pingInterval\":25000}";
        // What is spoken, on whose connection, what comes, and what it means; nothing: an error.
        let table = [
            (Plain, Subscriber, "anything", None),
            (SocketIo, Subscriber, open, Some(Heard::Say("40"))),
            (SocketIo, Subscriber, "40{\"sid\":\"b\"}", Some(Heard::Joined)),
            (SocketIo, Subscriber, "2", Some(Heard::Say("3"))),
            (SocketIo, Subscriber, "44{\"message\":\"no\"}", None),
            (SocketIo, Subscriber, "41", None),
            (Centrifugo, Subscriber, "", Some(Heard::Nothing)),
            (Centrifugo, Subscriber, "{}", Some(Heard::Say("{}"))),
            (Centrifugo, Subscriber, "{\"id\":1,\"connect\":{\"ping\":25}}", Some(Heard::Nothing)),
            (Centrifugo, Subscriber, "{\"id\":2,\"subscribe\":{}}", Some(Heard::Joined)),
            (Centrifugo, Publisher, "{\"id\":1,\"connect\":{}}", Some(Heard::Joined)),
            (Centrifugo, Publisher, "{\"id\":3,\"publish\":{}}", Some(Heard::Nothing)),
            (Centrifugo, Publisher, "{\"id\":3,\"error\":{\"code\":103}}", None),
            (
                Centrifugo,
                Subscriber,
                "{\"push\":{\"channel\":\"bench\",\"join\":{}}}",
                Some(Heard::Nothing),
            ),
            (
                Centrifugo,
                Subscriber,
                "{\"push\":{\"channel\":\"bench\",\"unsubscribe\":{\"code\":2500}}}",
                Some(Heard::Ended(2500)),
            ),
            (Centrifugo, Subscriber, "{\"push\":{\"disconnect\":{\"code\":3008}}}", None),
            (Centrifugo, Subscriber, "not JSON", None),
        ];
        for (protocol, role, part, wanted) in table {
            assert_eq!(protocol.hear(role, part).ok(), wanted, "{protocol:?} {role:?} {part}");
        }
    }

    #[test]
    fn publications_are_found_in_what_is_around_them() {
        // What is spoken, a message, and from where on its parts hold publications.
        let table: [(_, _, &[Option<&str>]); 5] = [
            (Plain, "~1", &[Some("~1")]),
            (Plain, "a\nb", &[None]),
            (SocketIo, "42[\"publication\",\"~1\"]", &[Some("~1\"]")]),
            (
                Centrifugo,
                "{\"push\":{\"channel\":\"bench\",\"pub\":{\"data\":\"~1\"}}}",
                &[Some("~1\"}}}")],
            ),
            (
                Centrifugo,
                "{\"p\":\"~1\"}\n{}\n{\"p\":\"~2\"}",
                &[Some("~1\"}"), None, Some("~2\"}")],
            ),
        ];
        for (protocol, message, wanted) in table {
            let found: Vec<_> = protocol.parts(message).map(find).collect();
            assert_eq!(found, wanted, "{protocol:?} {message}");
        }
    }

    #[test]
    fn publications_are_sent_as_the_server_wants_them() {
        let table = [
            (Plain, "~1"),
            (SocketIo, "42[\"publish\",\"~1\"]"),
            (Centrifugo, "{\"id\":9,\"publish\":{\"channel\":\"bench\",\"data\":\"~1\"}}"),
        ];
        for (protocol, wanted) in table {
            assert_eq!(protocol.publish(7, "~1"), wanted);
        }
    }
}
