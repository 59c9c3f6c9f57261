//! Two hubs on one node, driven by a script: clients in three dialects that open, say anything, stall,
//! read again and go, an application that asks for anything, and time. Everybody's publications come in
//! order and without a silent gap, nothing comes when it should not, what waits is bounded, and in the
//! end whoever is there is present, and nobody else.

use crate::centrifuge_client::write;
use crate::realtime::{self, Node};
use crate::realtime_peer::{EventClient, Lossy, Peer, Reading};
use crate::realtime_script as script;
use crate::shape;
use arbitrary::{Result, Unstructured};
use longwire_realtime::dialect::Dialects;
use longwire_realtime::dialect::positions::Positions;
use longwire_realtime::dialect::reader::{Form, Reader};
use longwire_realtime::{
    ClientId, Codec as _, Dialect, Error, Hub, Limits, Output, Payload, Push, Reply,
    Request, Response, SessionKey,
};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

const MAX_OPERATIONS: usize = 150;
const MAX_PEERS: usize = 12;
/// Longer than every grace period and lease.
const LONG: Duration = Duration::from_secs(200);
/// How often a hub may have more to do before it is stuck.
const MAX_ROUNDS: usize = 10_000;

/// Something that a hub wants done, without the hub.
enum Event {
    Payload(SessionKey, Payload),
    Reply(SessionKey, u32, std::result::Result<Reply, Error>),
    Push(SessionKey, Push),
    Close(SessionKey),
}

struct Run {
    node: Node,
    hubs: Vec<(Hub, Arc<AtomicBool>)>,
    peers: Vec<Peer>,
    by_key: BTreeMap<(usize, SessionKey), usize>,
    answers: Vec<std::result::Result<Response, Error>>,
    lossy: Lossy,
    /// Where the last reader was, for the next one to come back.
    positions: Positions,
    now: Duration,
    next_id: u32,
}

/// Runs one input: the limits, then operations.
///
/// # Errors
/// The input is too short.
pub fn run(data: &[u8]) -> Result<()> {
    let u = &mut Unstructured::new(data);
    let mut run = Run::new(u.arbitrary()?);
    for _ in 0..MAX_OPERATIONS {
        if u.is_empty() {
            break;
        }
        run.operate(u)?;
        run.check_bounds();
    }
    run.finish();
    Ok(())
}

impl Run {
    fn new(limits: u8) -> Self {
        let node = Node::new(realtime::config(Limits {
            max_in_flight_bytes: if limits & 1 != 0 { 150 } else { 4000 },
            max_queued_bytes: if limits & 2 != 0 { 600 } else { 3000 },
            max_history_bytes: if limits & 4 != 0 { 3000 } else { 1 << 20 },
            max_recovered_publications: if limits & 8 != 0 { 3 } else { 300 },
            max_channels_per_session: 6,
            max_sessions_per_user: 4,
            max_publication_bytes: 400,
            max_idempotency_keys: 2,
            ..Limits::default()
        }));
        let hub = |_| node.woken_hub(Box::new(script::Tokens), Duration::ZERO);
        let hubs = (0..2).map(hub).collect();
        Self {
            node,
            hubs,
            peers: Vec::new(),
            by_key: BTreeMap::new(),
            answers: Vec::new(),
            lossy: Lossy::default(),
            positions: Positions::default(),
            now: Duration::ZERO,
            next_id: 1,
        }
    }

    fn operate(&mut self, u: &mut Unstructured<'_>) -> Result<()> {
        let operation: u8 = u.arbitrary()?;
        let hub = usize::from(operation >> 7);
        match operation & 15 {
            kind @ 0..3 => self.open(hub, kind, u)?,
            3 => {
                let (request, left_out) = script::request(u)?;
                self.lossy.0.extend(left_out);
                self.api(hub, request);
            }
            4 => self.pass(Duration::from_millis(u64::from(u.arbitrary::<u8>()?) * 100)),
            5 => self.wake(hub),
            _ => self.act(operation, u)?,
        }
        Ok(())
    }

    /// A client does something.
    fn act(&mut self, operation: u8, u: &mut Unstructured<'_>) -> Result<()> {
        let at = usize::from(operation >> 4) % self.peers.len().max(1);
        let Some(peer) = self.peers.get_mut(at).filter(|peer| !peer.is_over) else { return Ok(()) };
        let (hub, key) = (peer.hub, peer.key);
        match operation & 15 {
            6 => peer.reads = !peer.reads,
            7 => {
                let bytes: u8 = u.arbitrary()?;
                self.room(at, bytes.into());
            }
            8 => {
                peer.leave_all();
                self.hubs[hub].0.close(key, self.now);
            }
            _ if peer.reading.is_some() => {}
            9 => self.say(at, shape::short(u)?),
            _ => {
                let command = script::command(operation & 15, &self.peers[at].places, u)?;
                self.next_id += 1;
                if let Some(line) = write(self.next_id, &command) {
                    self.say(at, line.as_bytes());
                }
            }
        }
        // What there is to take is taken before there is said to be room.
        self.drive(hub);
        if self.peers[at].reads && !self.peers[at].is_over {
            self.room(at, usize::MAX);
            self.drive(hub);
        }
        Ok(())
    }

    fn open(&mut self, hub: usize, kind: u8, u: &mut Unstructured<'_>) -> Result<()> {
        let dialect = [Dialect::CentrifugeWebSocket, Dialect::CentrifugeSse, Dialect::Sse];
        let dialect = dialect[usize::from(kind)];
        if self.peers.len() == MAX_PEERS {
            return Ok(());
        }
        let key = self.hubs[hub].0.open(dialect, self.now).expect("there is room");
        let mut peer = Peer::new(hub, key, dialect);
        if dialect == Dialect::Sse {
            let (channels, token, comes_back) = script::reader(u)?;
            let since = if comes_back { self.positions.clone() } else { Positions::default() };
            let client = EventClient { positions: since.clone() };
            let reader = Reader::new(Form::Sse, channels.clone(), since);
            let commands = reader.commands(token).into();
            peer.reading = Some(Reading { reader, channels, commands, client });
        }
        self.by_key.insert((hub, key), self.peers.len());
        self.peers.push(peer);
        self.drive(hub);
        Ok(())
    }

    /// A client sends bytes.
    fn say(&mut self, at: usize, bytes: &[u8]) {
        let peer = &mut self.peers[at];
        let mut commands = Vec::new();
        let _end = Dialects::default().decode(peer.dialect, bytes, &mut commands);
        for (id, command) in commands {
            self.lossy.0.extend(script::left_out(&command));
            if id != 0 {
                peer.asked.push_back((id, command));
            }
        }
        let (hub, key) = (peer.hub, peer.key);
        self.hubs[hub].0.receive(key, bytes, self.now);
    }

    fn room(&mut self, at: usize, bytes: usize) {
        let max = i64::from(self.node.config.limits.max_in_flight_bytes);
        let peer = &mut self.peers[at];
        if peer.is_connected {
            peer.room = i64::try_from(bytes).unwrap_or(i64::MAX).min(max);
        }
        let (hub, key) = (peer.hub, peer.key);
        self.hubs[hub].0.room(key, bytes);
    }

    fn api(&mut self, hub: usize, request: Request) {
        self.hubs[hub].0.api(1, request, self.now);
        self.drive(hub);
        assert!(self.answers.pop().is_some(), "the application gets no answer");
    }

    fn wake(&mut self, hub: usize) {
        self.hubs[hub].1.store(false, Ordering::Relaxed);
        self.hubs[hub].0.wake(self.now);
        self.drive(hub);
    }

    fn settle(&mut self) {
        let is_woken = |it: &(Hub, Arc<AtomicBool>)| it.1.load(Ordering::Relaxed);
        while let Some(hub) = self.hubs.iter().position(is_woken) {
            self.wake(hub);
        }
    }

    /// Turns the clock on, from deadline to deadline.
    fn pass(&mut self, time: Duration) {
        let until = self.now + time;
        for round in 0.. {
            assert!(round < MAX_ROUNDS, "time does not pass");
            let next = self.hubs.iter().filter_map(|it| it.0.poll_timeout()).min();
            let Some(next) = next.filter(|next| *next <= until) else { break };
            self.now = self.now.max(next);
            for hub in 0..self.hubs.len() {
                self.hubs[hub].0.handle_timeout(self.now);
                self.drive(hub);
            }
            self.settle();
        }
        self.now = until;
    }

    /// Does what a hub wants done, until that is nothing any more.
    fn drive(&mut self, hub: usize) {
        for round in 0.. {
            assert!(round < MAX_ROUNDS, "a hub always has more to do");
            for at in self.carry_out(hub) {
                let peer = &self.peers[at];
                if peer.reads && !peer.is_over {
                    self.room(at, usize::MAX);
                }
            }
            if self.hubs[hub].0.has_output() {
                continue;
            }
            if self.say_for_readers(hub) {
                continue;
            }
            if !self.hubs[hub].0.has_more() {
                return;
            }
            self.hubs[hub].0.wake(self.now);
        }
    }

    /// Takes the output of a hub to its clients, and says to whom it was.
    fn carry_out(&mut self, hub: usize) -> BTreeSet<usize> {
        let mut events = Vec::new();
        while let Some(output) = self.hubs[hub].0.poll_output() {
            match output {
                Output::Frame { session, payload } => events.push(Event::Payload(session, payload)),
                Output::Fanout { payload, sessions } => {
                    let one = |key: &SessionKey| Event::Payload(*key, payload.clone());
                    events.extend(sessions.iter().map(one));
                }
                Output::Reply { session, id, reply } => {
                    events.push(Event::Reply(session, id, reply));
                }
                Output::Push { session, push } => events.push(Event::Push(session, push)),
                Output::Close { session, .. } => events.push(Event::Close(session)),
                Output::Answer { result, .. } => self.answers.push(result),
            }
        }
        let mut reached = BTreeSet::new();
        for event in events {
            let (Event::Payload(key, _) | Event::Reply(key, ..) | Event::Push(key, _)
            | Event::Close(key)) = &event;
            let at = self.by_key[&(hub, *key)];
            if self.peers[at].has_left {
                continue;
            }
            reached.insert(at);
            let was_connected = self.peers[at].is_connected;
            self.told(at, &event);
            let peer = &mut self.peers[at];
            if peer.is_connected && !was_connected {
                peer.room = self.node.config.limits.max_in_flight_bytes.into();
            }
        }
        reached
    }

    fn told(&mut self, at: usize, event: &Event) {
        let (peer, lossy) = (&mut self.peers[at], &self.lossy);
        match event {
            Event::Payload(_, payload) => peer.payload(payload, lossy),
            Event::Reply(_, id, reply) => {
                if !peer.reply(*id, reply, lossy) {
                    peer.leave_all();
                    self.hubs[peer.hub].0.close(peer.key, self.now);
                }
            }
            Event::Push(_, push) => peer.push(push, lossy),
            Event::Close(_) => peer.is_over = true,
        }
        if let Some(reading) = &peer.reading {
            self.positions = reading.client.positions.clone();
        }
    }

    /// Readers say their commands, each when the one before has been answered.
    fn say_for_readers(&mut self, hub: usize) -> bool {
        let mut has_said = false;
        for peer in self.peers.iter_mut().filter(|peer| peer.hub == hub && !peer.is_over) {
            let Some(reading) = &mut peer.reading else { continue };
            if peer.asked.is_empty()
                && let Some((id, command)) = reading.commands.pop_front()
            {
                peer.asked.push_back((id, command.clone()));
                self.hubs[hub].0.command(peer.key, id, command, self.now);
                has_said = true;
            }
        }
        has_said
    }

    fn check_bounds(&self) {
        let limits = &self.node.config.limits;
        for (hub, _) in &self.hubs {
            assert!(hub.longest_queue_bytes() <= limits.max_queued_bytes, "a queue is too long");
        }
        let history = self.node.broker.history_bytes();
        assert!(history <= limits.max_history_bytes, "{history} bytes of history");
    }

    /// Everybody reads all there is; then everybody goes.
    fn finish(&mut self) {
        for at in 0..self.peers.len() {
            self.peers[at].reads = true;
            if !self.peers[at].is_over {
                self.room(at, usize::MAX);
            }
        }
        (0..self.hubs.len()).for_each(|hub| self.drive(hub));
        self.settle();
        self.pass(LONG);
        for peer in self.peers.iter().filter(|peer| !peer.is_over) {
            assert_eq!(peer.asked.len(), 0, "not answered: {:?}", peer.asked);
            assert_eq!(self.hubs[peer.hub].0.queued_bytes(peer.key), 0, "it waits for nothing");
        }
        self.check_presence();
        for at in 0..self.peers.len() {
            let peer = &mut self.peers[at];
            peer.leave_all();
            self.hubs[peer.hub].0.close(peer.key, self.now);
        }
        (0..self.hubs.len()).for_each(|hub| self.drive(hub));
        self.settle();
        self.pass(LONG);
        self.check_presence();
    }

    /// Whoever has subscribed is present, and nobody else; and the totals say so.
    fn check_presence(&mut self) {
        let mut channels: BTreeSet<String> = script::CHANNELS.map(str::to_owned).into();
        channels.extend(self.peers.iter().flat_map(|peer| peer.following.keys().cloned()));
        let mut subscriptions = 0;
        for channel in channels {
            let here = |peer: &&Peer| !peer.is_over && peer.following.contains_key(&channel);
            let client = |peer: &Peer| self.hubs[peer.hub].0.client_of(peer.key);
            let expected: BTreeSet<ClientId> =
                self.peers.iter().filter(here).filter_map(client).collect();
            subscriptions += expected.len();
            self.hubs[0].0.api(1, Request::Presence { channel: channel.clone() }, self.now);
            self.drive(0);
            match self.answers.pop() {
                Some(Ok(Response::Presence(members))) => {
                    let there: BTreeSet<ClientId> = members.iter().map(|it| it.client).collect();
                    assert_eq!(there, expected, "present in {channel}");
                }
                Some(Err(_)) => assert!(expected.is_empty(), "{channel}"),
                other => panic!("{channel}: {other:?}"),
            }
        }
        self.hubs[0].0.api(1, Request::Info, self.now);
        self.drive(0);
        let Some(Ok(Response::Info(info))) = self.answers.pop() else { panic!("no totals") };
        let clients = self.peers.iter().filter(|peer| !peer.is_over && peer.is_connected).count();
        assert_eq!((info.clients, info.subscriptions), (clients, subscriptions));
        let sessions: usize = self.hubs.iter().map(|it| it.0.session_count()).sum();
        assert!(sessions >= clients && sessions <= self.peers.len());
    }
}

/// Inputs to begin with.
pub fn seeds() -> Vec<Vec<u8>> {
    script::seeds()
}
