//! A reader that only chose its channels, in the URL of a request: plain Server-Sent Events and long
//! polling.
//!
//! To the hub it is a session as any other. The reader says the commands that the client cannot say,
//! and makes events of what the hub answers and sends, each with the position of the reader in all its
//! channels ([`Positions`]). It keeps two promises: an id moves on only with what the client has been
//! given, and where something is missing there is an event `gap`. If the hub ends a subscription so that
//! the client recovers, the reader does that, and only what could not be recovered is a gap.

use super::centrifuge::shapes;
use super::positions::Positions;
use super::sse;
use super::writer::object;
use crate::{
    ChannelName, Command, CommandId, Connect, Error, Position, Push, Recover, Reply, Subscribe,
    Subscribed,
};

/// The number of the connect command. Those of the subscribe commands follow, in the order of the
/// channels.
const CONNECT: CommandId = 1;

/// What the reader writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Events of a `text/event-stream`.
    Sse,
    /// JSON values with commas between, for [`poll::encode_answer`](super::poll::encode_answer).
    Poll,
}

/// What became of something that the hub said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// It is an event of the stream as it stands, and can go out shared with other streams. Only in
    /// [`Form::Sse`].
    AsItIs,
    /// What there is to send has been appended, which may be nothing.
    Written,
    /// The same, and the hub has to be given this command for the session.
    Resubscribe(CommandId, Command),
    /// A command was refused, so the request cannot be served.
    Refused(Error),
}

/// A reader of channels.
#[derive(Clone, Debug)]
pub struct Reader {
    form: Form,
    channels: Vec<String>,
    positions: Positions,
    /// Replies that have not come yet.
    awaited: usize,
}

impl Reader {
    /// A reader of these channels, of which none stands there twice. `since` is where it was last time.
    /// What that says of channels that it turns out not to read is forgotten when it is connected: until
    /// then nobody knows which ones its token subscribes it to.
    pub fn new(form: Form, channels: Vec<String>, since: Positions) -> Self {
        let awaited = channels.len().saturating_add(1);
        Self { form, channels, positions: since, awaited }
    }

    /// The commands that begin the session, to be given to the hub in this order.
    pub fn commands(&self, token: Option<String>) -> Vec<(CommandId, Command)> {
        let subs =
            self.positions.iter().map(|(channel, position)| (channel.to_owned(), at(position)));
        let connect = Connect { token, subs: subs.collect(), ..Connect::default() };
        let mut commands = vec![(CONNECT, Command::Connect(connect))];
        for (id, channel) in (CONNECT + 1..).zip(&self.channels) {
            commands.push((id, self.subscribe(channel)));
        }
        commands
    }

    /// Whether all commands have been answered: from then on the position covers all channels.
    pub fn is_ready(&self) -> bool {
        self.awaited == 0
    }

    /// Where the client is when it has got all that was written.
    pub fn positions(&self) -> &Positions {
        &self.positions
    }

    /// Takes the answer to one of the [`commands`](Self::commands).
    pub fn reply(
        &mut self,
        id: CommandId,
        reply: &Result<Reply, Error>,
        out: &mut Vec<u8>,
    ) -> Heard {
        self.awaited = self.awaited.saturating_sub(1);
        match reply {
            Ok(Reply::Connect(connected)) => {
                // What its token subscribes it to, it reads as well.
                let Self { channels, positions, .. } = &mut *self;
                positions.retain(|channel| {
                    channels.iter().any(|it| it == channel)
                        || connected.subs.iter().any(|(it, _)| it.as_str() == channel)
                });
                for (channel, subscribed) in &connected.subs {
                    self.begin(channel.as_str(), subscribed, out);
                }
            }
            Ok(Reply::Subscribe(subscribed)) => {
                let index = usize::try_from(id.saturating_sub(CONNECT + 1)).ok();
                if let Some(channel) = index.and_then(|it| self.channels.get(it)).cloned() {
                    self.begin(&channel, subscribed, out);
                }
            }
            // Its token subscribes it to a channel that it chose as well.
            Ok(_) | Err(Error::AlreadySubscribed) => {}
            Err(error) => return Heard::Refused(error.clone()),
        }
        if self.is_ready() && self.form == Form::Sse {
            // An id without data: the client is told where it is, and nothing else.
            self.write_id(out);
            out.push(b'\n');
        }
        Heard::Written
    }

    /// Takes what the hub pushes to this session alone.
    pub fn push(&mut self, push: &Push, out: &mut Vec<u8>) -> Heard {
        match push {
            Push::Unsubscribe { channel, why } if why.resubscribes() => {
                self.resubscribe(channel, out)
            }
            Push::Subscribe { channel, subscribed } => {
                self.begin_anew(channel.as_str(), subscribed, out);
                self.event(push, None, out)
            }
            Push::Publication { channel, epoch: Some(epoch), publication } => {
                let position = Position { epoch: epoch.clone(), offset: publication.offset };
                self.event(push, Some((channel, &position)), out)
            }
            push => self.event(push, None, out),
        }
    }

    /// Writes what is for this session alone as an event.
    fn event(
        &mut self,
        push: &Push,
        mark: Option<(&ChannelName, &Position)>,
        out: &mut Vec<u8>,
    ) -> Heard {
        let mut event = Vec::new();
        sse::encode_push(push, &mut event);
        if self.payload(&event, mark, out) == Heard::AsItIs {
            out.extend_from_slice(&event);
        }
        Heard::Written
    }

    /// Takes what the hub sends to many, encoded by [`Dialects`](super::Dialects). `mark` is where a
    /// reader is behind it, where it is a publication with an offset.
    pub fn payload(
        &mut self,
        payload: &[u8],
        mark: Option<(&ChannelName, &Position)>,
        out: &mut Vec<u8>,
    ) -> Heard {
        if let Some((channel, position)) = mark {
            self.positions.set(channel.as_str(), position.clone());
        }
        // The id of a publication is the position in its channel: all there is to say, if that is all
        // there is.
        let is_complete = mark.is_none() || self.positions.len() == 1;
        if self.form == Form::Sse && is_complete {
            return Heard::AsItIs;
        }
        if let Some((name, data)) = sse::name_and_data(payload) {
            self.write(mark.is_some(), name, data, out);
        }
        Heard::Written
    }

    fn subscribe(&self, channel: &str) -> Command {
        Command::Subscribe(Subscribe {
            channel: channel.to_owned(),
            recover: self.positions.position(channel).map(at),
            ..Subscribe::default()
        })
    }

    /// A subscription has ended so that the client may recover.
    fn resubscribe(&mut self, channel: &ChannelName, out: &mut Vec<u8>) -> Heard {
        let channel = channel.as_str();
        let Some(index) = self.channels.iter().position(|it| it == channel) else {
            // The application subscribed the session to it, and does not do so again.
            self.positions.remove(channel);
            self.gap(channel, out);
            return Heard::Written;
        };
        if self.positions.position(channel).is_none() {
            // There is nothing to recover from.
            self.gap(channel, out);
        }
        self.awaited = self.awaited.saturating_add(1);
        let id = CommandId::try_from(index).unwrap_or(CommandId::MAX).saturating_add(CONNECT + 1);
        Heard::Resubscribe(id, self.subscribe(channel))
    }

    /// A subscription has begun: first what was missed, then the word that something is missing.
    fn begin(&mut self, channel: &str, subscribed: &Subscribed, out: &mut Vec<u8>) {
        let asked = self.positions.position(channel).cloned();
        for publication in &subscribed.publications {
            if let Some(Position { epoch, .. }) = &subscribed.position {
                let position = Position { epoch: epoch.clone(), offset: publication.offset };
                self.positions.set(channel, position);
            }
            let mut data = Vec::new();
            object(&mut data, |it| {
                it.text("channel", channel);
                it.object("pub", |it| shapes::publication(it, publication));
            });
            self.write(true, None, &data, out);
        }
        match &subscribed.position {
            Some(position) => self.positions.set(channel, position.clone()),
            None => self.positions.remove(channel),
        }
        // Nothing is missing for one that is where the channel is, also where nothing is recovered.
        if asked.is_some() && !subscribed.recovered && asked != subscribed.position {
            self.gap(channel, out);
        }
    }

    /// The application has subscribed the session. What it recovers follows, from the position here on: if
    /// the client was elsewhere, it is told that there is a gap.
    fn begin_anew(&mut self, channel: &str, subscribed: &Subscribed, out: &mut Vec<u8>) {
        let known = self.positions.position(channel);
        let is_elsewhere = known.is_some() && known != subscribed.position.as_ref();
        match &subscribed.position {
            Some(position) => self.positions.set(channel, position.clone()),
            None => self.positions.remove(channel),
        }
        if is_elsewhere {
            self.gap(channel, out);
        }
    }

    /// Tells the client to fetch the state of a channel anew.
    fn gap(&self, channel: &str, out: &mut Vec<u8>) {
        let mut data = Vec::new();
        object(&mut data, |it| {
            it.text("channel", channel);
            it.object("gap", |_| {});
        });
        self.write(true, Some(sse::GAP), &data, out);
    }

    fn write(&self, has_id: bool, name: Option<&str>, data: &[u8], out: &mut Vec<u8>) {
        match self.form {
            Form::Poll => {
                if !out.is_empty() {
                    out.push(b',');
                }
                out.extend_from_slice(data);
            }
            Form::Sse => {
                if has_id {
                    self.write_id(out);
                }
                if let Some(name) = name {
                    // A name of ours: it has no line break.
                    let _ = sse::encode_name(name, out);
                }
                sse::encode_data(data, out);
            }
        }
    }

    /// Where the position is longer than a client can send back, it stays at its old id: it will get
    /// something twice, and miss nothing.
    fn write_id(&self, out: &mut Vec<u8>) {
        if let Ok(id) = self.positions.encode() {
            // It has no line break.
            let _ = sse::encode_id(&id, out);
        }
    }
}

/// A position as a client says it.
fn at(position: &Position) -> Recover {
    Recover { epoch: position.epoch.clone(), offset: position.offset }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::Dialects;
    use crate::{
        ClientId, Codec as _, Connected, Dialect, Disconnect, Epoch, Json, Publication, SessionId,
        Unsubscribed,
    };
    use std::sync::Arc;
    use std::time::Duration;

    /// A reader, and what its client is sent.
    struct Client {
        reader: Reader,
        out: Vec<u8>,
    }

    fn client(form: Form, channels: &[&str], since: &str) -> Client {
        let channels = channels.iter().map(|&channel| channel.to_owned()).collect();
        let reader = Reader::new(form, channels, Positions::parse(since).unwrap());
        Client { reader, out: Vec::new() }
    }

    impl Client {
        /// What the client gets, and what else there is to do.
        fn gets(&mut self, heard: Heard) -> String {
            let mut text = String::from_utf8(std::mem::take(&mut self.out)).unwrap();
            match heard {
                Heard::Written => {}
                Heard::Resubscribe(id, Command::Subscribe(it)) => {
                    let since = it.recover.map(|it| format!("{}.{}", it.epoch.as_str(), it.offset));
                    text += &format!("{id} {} since {since:?}", it.channel);
                }
                other => text += &format!("{other:?}"),
            }
            text
        }

        fn reply(&mut self, id: CommandId, reply: &Result<Reply, Error>) -> String {
            let heard = self.reader.reply(id, reply, &mut self.out);
            self.gets(heard)
        }

        fn push(&mut self, push: &Push) -> String {
            let heard = self.reader.push(push, &mut self.out);
            self.gets(heard)
        }

        /// A publication, as the hub hands it out.
        fn live(&mut self, channel: &str, epoch: Option<&str>, offset: u64) -> String {
            let channel = ChannelName::new(channel, 20).unwrap();
            let epoch = epoch.map(Epoch::new);
            let push = Push::Publication {
                channel: channel.clone(),
                epoch: epoch.clone(),
                publication: publication(offset),
            };
            let mut bytes = Vec::new();
            Dialects::default().encode_push(Dialect::Sse, &push, &mut bytes);
            let position = epoch.map(|epoch| Position { epoch, offset });
            let mark = position.as_ref().map(|position| (&channel, position));
            match self.reader.payload(&bytes, mark, &mut self.out) {
                Heard::AsItIs => format!("as it is: {}", String::from_utf8(bytes).unwrap()),
                heard => self.gets(heard),
            }
        }

        fn connected(self) -> Self {
            self.connected_with(vec![])
        }

        fn connected_with(mut self, subs: Vec<(ChannelName, Subscribed)>) -> Self {
            let connected = Connected {
                client: ClientId(1),
                session: SessionId(2),
                node: "n".into(),
                version: "1".into(),
                ttl: None,
                ping_interval: Duration::ZERO,
                pong: false,
                subs,
            };
            let heard = self.reader.reply(1, &Ok(Reply::Connect(connected)), &mut self.out);
            assert_eq!(heard, Heard::Written);
            self
        }
    }

    fn publication(offset: u64) -> Arc<Publication> {
        let data = Json::from_valid(&format!("{{ \"n\":{offset} }}"));
        Arc::new(Publication { offset, data, info: None, tags: vec![], key: None })
    }

    fn gap(channel: &str) -> Push {
        let channel = ChannelName::new(channel, 20).unwrap();
        Push::Unsubscribe { channel, why: Unsubscribed::INSUFFICIENT_STATE }
    }

    fn fresh(position: Option<(&str, u64)>) -> Subscribed {
        let position =
            position.map(|(epoch, offset)| Position { epoch: Epoch::new(epoch), offset });
        Subscribed {
            position,
            recoverable: true,
            was_recovering: false,
            recovered: false,
            publications: vec![],
            ttl: None,
        }
    }

    fn subscribed(position: Option<(&str, u64)>) -> Result<Reply, Error> {
        Ok(Reply::Subscribe(fresh(position)))
    }

    fn recovered(position: (&str, u64), offsets: &[u64]) -> Result<Reply, Error> {
        let publications = offsets.iter().map(|offset| publication(*offset)).collect();
        let begin = fresh(Some(position));
        Ok(Reply::Subscribe(Subscribed { recovered: true, publications, ..begin }))
    }

    #[test]
    fn the_commands_of_a_reader() {
        let reader = client(Form::Sse, &["a", "b"], "1.b.x.7.c.y.1").reader;
        let subscribe = |channel: &str, recover| {
            Command::Subscribe(Subscribe {
                channel: channel.into(),
                recover,
                ..Subscribe::default()
            })
        };
        let since = Recover { epoch: Epoch::new("x"), offset: 7 };
        let of_token = Recover { epoch: Epoch::new("y"), offset: 1 };
        let connect = Connect {
            token: Some("T".into()),
            subs: vec![("b".into(), since.clone()), ("c".into(), of_token)],
            ..Connect::default()
        };
        assert_eq!(
            reader.commands(Some("T".into())),
            [
                (1, Command::Connect(connect)),
                (2, subscribe("a", None)),
                (3, subscribe("b", Some(since))),
            ]
        );
    }

    #[test]
    fn a_reader_of_one_channel_gets_events_as_they_are() {
        let mut client = client(Form::Sse, &["a"], "1").connected();
        assert!(!client.reader.is_ready());
        assert_eq!(client.reply(2, &subscribed(Some(("x", 7)))), "id: 1.a.x.7\n\n");
        assert!(client.reader.is_ready());
        assert_eq!(
            client.live("a", Some("x"), 8),
            "as it is: id: 1.a.x.8\ndata: {\"channel\":\"a\",\"pub\":{\"data\":{ \"n\":8 },\"offset\":8}}\n\n"
        );
        assert_eq!(client.reader.positions().encode().as_deref(), Ok("1.a.x.8"));
        assert_eq!(client.push(&Push::Ping), ":\n\n");
        assert_eq!(
            client.push(&Push::Disconnect(Disconnect::SHUTDOWN)),
            "event: disconnect\ndata: {\"disconnect\":{\"code\":3001,\"reason\":\"shutdown\"}}\n\n"
        );
    }

    #[test]
    fn a_reader_of_several_channels_has_the_position_in_all() {
        let mut client = client(Form::Sse, &["b", "a", "c"], "1.b.y.1").connected();
        assert_eq!(client.reply(3, &subscribed(Some(("x", 7)))), "");
        // Where it was in `b` stays in the id until the reply about `b` has come.
        let event = |offset| {
            format!(
                "data: {{\"channel\":\"a\",\"pub\":{{\"data\":{{ \"n\":{offset} }},\"offset\":{offset}}}}}\n\n"
            )
        };
        assert_eq!(client.live("a", Some("x"), 8), format!("id: 1.a.x.8.b.y.1\n{}", event(8)));
        // A channel without history is not in the position.
        assert_eq!(client.reply(4, &subscribed(None)), "");
        assert_eq!(
            client.reply(2, &recovered(("y", 3), &[2, 3])),
            "id: 1.a.x.8.b.y.2\ndata: {\"channel\":\"b\",\"pub\":{\"data\":{ \"n\":2 },\"offset\":2}}\n\n\
             id: 1.a.x.8.b.y.3\ndata: {\"channel\":\"b\",\"pub\":{\"data\":{ \"n\":3 },\"offset\":3}}\n\n\
             id: 1.a.x.8.b.y.3\n\n"
        );
        assert_eq!(
            client.live("c", None, 0),
            "as it is: data: {\"channel\":\"c\",\"pub\":{\"data\":{ \"n\":0 }}}\n\n"
        );
    }

    #[test]
    fn what_could_not_be_recovered_is_a_gap() {
        let mut sse = client(Form::Sse, &["a"], "1.a.old.7").connected();
        assert_eq!(
            sse.reply(2, &subscribed(Some(("new", 0)))),
            "id: 1.a.new.0\nevent: gap\ndata: {\"channel\":\"a\",\"gap\":{}}\n\nid: 1.a.new.0\n\n"
        );
        let mut without_history = client(Form::Sse, &["a"], "1.a.old.7").connected();
        assert_eq!(
            without_history.reply(2, &subscribed(None)),
            "id: 1\nevent: gap\ndata: {\"channel\":\"a\",\"gap\":{}}\n\nid: 1\n\n"
        );
        // Nothing was missed, and that is so where nothing is ever recovered, too: a poll would be
        // answered at once, again and again.
        for reply in [recovered(("x", 7), &[]), subscribed(Some(("x", 7)))] {
            let mut complete = client(Form::Sse, &["a"], "1.a.x.7").connected();
            assert_eq!(complete.reply(2, &reply), "id: 1.a.x.7\n\n");
        }
    }

    #[test]
    fn a_subscription_that_ends_to_be_recovered_is_recovered() {
        let mut sse = client(Form::Sse, &["a", "b"], "1").connected();
        sse.reply(2, &subscribed(Some(("x", 7))));
        sse.reply(3, &subscribed(None));
        assert_eq!(sse.push(&gap("a")), "2 a since Some(\"x.7\")");
        assert_eq!(
            sse.reply(2, &recovered(("x", 8), &[8])),
            "id: 1.a.x.8\ndata: {\"channel\":\"a\",\"pub\":{\"data\":{ \"n\":8 },\"offset\":8}}\n\n\
             id: 1.a.x.8\n\n"
        );
        assert_eq!(
            sse.push(&gap("b")),
            "id: 1.a.x.8\nevent: gap\ndata: {\"channel\":\"b\",\"gap\":{}}\n\n3 b since None"
        );
        assert_eq!(sse.reply(3, &subscribed(None)), "id: 1.a.x.8\n\n");
    }

    #[test]
    fn what_an_application_subscribes_it_to_goes_on_from_where_it_was_or_is_a_gap() {
        let publication = |offset| Push::Publication {
            channel: ChannelName::new("a", 20).unwrap(),
            epoch: Some(Epoch::new("x")),
            publication: publication(offset),
        };
        let subscribe = |offset| Push::Subscribe {
            channel: ChannelName::new("a", 20).unwrap(),
            subscribed: fresh(Some(("x", offset))),
        };
        let told = |offset: u64| {
            format!(
                "event: subscribe\ndata: {{\"channel\":\"a\",\"subscribe\":{{\"recoverable\":true,\
                 \"positioned\":true,\"epoch\":\"x\",\"offset\":{offset}}}}}\n\n"
            )
        };
        let event = |offset| {
            format!(
                "data: {{\"channel\":\"a\",\"pub\":{{\"data\":{{ \"n\":{offset} }},\"offset\":{offset}}}}}\n\n"
            )
        };
        let mut sse = client(Form::Sse, &["a", "b"], "1.a.x.7").connected();
        sse.reply(3, &subscribed(Some(("y", 1))));
        assert_eq!(sse.push(&subscribe(7)), told(7));
        assert_eq!(sse.push(&publication(8)), format!("id: 1.a.x.8.b.y.1\n{}", event(8)));
        let gap = "id: 1.a.x.9.b.y.1\nevent: gap\ndata: {\"channel\":\"a\",\"gap\":{}}\n\n";
        assert_eq!(sse.push(&subscribe(9)), format!("{gap}{}", told(9)));
        let mut fresh = client(Form::Sse, &["b"], "1").connected();
        fresh.reply(2, &subscribed(Some(("y", 1))));
        assert_eq!(fresh.push(&subscribe(9)), told(9));
        assert_eq!(fresh.push(&publication(10)), format!("id: 1.a.x.10.b.y.1\n{}", event(10)));
    }

    #[test]
    fn a_poll_collects_json() {
        let mut poll = client(Form::Poll, &["a", "b"], "1.a.x.6.b.y.1").connected();
        let a = |offset| {
            format!(
                "{{\"channel\":\"a\",\"pub\":{{\"data\":{{ \"n\":{offset} }},\"offset\":{offset}}}}}"
            )
        };
        assert_eq!(poll.reply(2, &recovered(("x", 8), &[7, 8])), format!("{},{}", a(7), a(8)));
        assert_eq!(poll.reply(3, &subscribed(Some(("z", 0)))), "{\"channel\":\"b\",\"gap\":{}}");
        assert_eq!(poll.live("a", Some("x"), 9), a(9));
        assert_eq!(poll.live("b", None, 0), "{\"channel\":\"b\",\"pub\":{\"data\":{ \"n\":0 }}}");
        assert_eq!(poll.push(&Push::Ping), "");
        assert_eq!(poll.reader.positions().encode().as_deref(), Ok("1.a.x.9.b.z.0"));
    }

    #[test]
    fn channels_of_the_token_are_read_as_well() {
        let name = |name| ChannelName::new(name, 20).unwrap();
        let publications = vec![publication(7)];
        let begin = fresh(Some(("x", 7)));
        let a = Subscribed { recovered: true, publications, ..begin };
        let subs = vec![(name("a"), a), (name("t"), fresh(Some(("z", 1))))];
        let mut sse = client(Form::Sse, &["a"], "1.a.x.6").connected_with(subs);
        assert_eq!(
            sse.reply(2, &Err(Error::AlreadySubscribed)),
            "id: 1.a.x.7\ndata: {\"channel\":\"a\",\"pub\":{\"data\":{ \"n\":7 },\"offset\":7}}\n\n\
             id: 1.a.x.7.t.z.1\n\n"
        );
        assert_eq!(
            sse.push(&gap("t")),
            "id: 1.a.x.7\nevent: gap\ndata: {\"channel\":\"t\",\"gap\":{}}\n\n"
        );
    }

    #[test]
    fn channels_of_the_token_are_recovered_as_well() {
        let name = |name| ChannelName::new(name, 20).unwrap();
        let begin = fresh(Some(("x", 8)));
        let all = Subscribed { recovered: true, publications: vec![publication(8)], ..begin };
        // What its id says of the channel `u`, of which the token does not speak any more, is over.
        let back = || client(Form::Sse, &["a"], "1.a.y.1.t.x.7.u.z.1");
        let mut sse = back().connected_with(vec![(name("t"), all)]);
        assert_eq!(
            sse.reply(2, &recovered(("y", 1), &[])),
            "id: 1.a.y.1.t.x.8\ndata: {\"channel\":\"t\",\"pub\":{\"data\":{ \"n\":8 },\"offset\":8}}\n\n\
             id: 1.a.y.1.t.x.8\n\n"
        );
        let mut sse = back().connected_with(vec![(name("t"), fresh(Some(("x", 9))))]);
        assert_eq!(
            sse.reply(2, &recovered(("y", 1), &[])),
            "id: 1.a.y.1.t.x.9\nevent: gap\ndata: {\"channel\":\"t\",\"gap\":{}}\n\n\
             id: 1.a.y.1.t.x.9\n\n"
        );
    }

    #[test]
    fn a_refusal_ends_it() {
        let mut sse = client(Form::Sse, &["a"], "1").connected();
        assert_eq!(sse.reply(2, &Err(Error::PermissionDenied)), "Refused(PermissionDenied)");
    }
}
