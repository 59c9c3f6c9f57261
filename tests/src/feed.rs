//! Feeds bytes to an endpoint as a caller with a socket does: read by read, with what was left of
//! one in front of the next, and the control frames sent after each event.

use longwire::{
    Connection, ControlFrames, Event, Inbound, Input, MAX_REST_BYTES, ProtocolError, Role, State,
    WebSocket,
};

use crate::trace::{Assembler, End, Trace, What};
use crate::vector::{KEY, Setup, Vector};

/// Which of the engine's two interfaces is fed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Api {
    /// `Connection`: messages may come in chunks, and are not inflated.
    Connection,
    /// `WebSocket`: whole messages.
    WebSocket,
    /// The same, with the bytes of long messages received where they belong.
    InPlace,
}

enum Engine {
    Connection(Connection),
    WebSocket(Box<(WebSocket, Inbound)>),
}

impl Engine {
    fn new(role: Role, setup: &Setup, api: Api) -> Self {
        let connection = match role {
            Role::Server => Connection::server(setup.limits),
            Role::Client => Connection::client(setup.limits, || KEY),
        };
        match (api, setup.deflate) {
            (Api::Connection, None) => Self::Connection(connection),
            (Api::Connection, Some(_)) => Self::Connection(connection.with_deflate()),
            (Api::WebSocket | Api::InPlace, None) => {
                Self::WebSocket(Box::new((WebSocket::new(connection), Inbound::new())))
            }
            (Api::WebSocket | Api::InPlace, Some(params)) => {
                let socket = WebSocket::with_deflate(connection, params);
                Self::WebSocket(Box::new((socket, Inbound::new())))
            }
        }
    }

    fn connection(&self) -> &Connection {
        match self {
            Self::Connection(connection) => connection,
            Self::WebSocket(socket) => socket.0.connection(),
        }
    }

    fn receive<'m, 'b: 'm>(
        &'m mut self,
        input: &mut Input<'b>,
        control: &mut ControlFrames,
    ) -> Result<Option<Event<'m>>, ProtocolError> {
        match self {
            Self::Connection(connection) => connection.receive(input, control),
            Self::WebSocket(both) => {
                let (socket, inbound) = &mut **both;
                let event = socket.receive(input, control, inbound);
                assert!(!matches!(event, Ok(Some(Event::Chunk(_)))), "a chunk from a WebSocket");
                event
            }
        }
    }

    /// Receives the first of `bytes` where they belong, if there is a place: how many, and what
    /// came of them.
    fn receive_in_place<'m>(
        &'m mut self,
        bytes: &[u8],
        control: &mut ControlFrames,
    ) -> Option<(usize, Result<Option<Event<'m>>, ProtocolError>)> {
        let Self::WebSocket(both) = self else { return None };
        let (socket, inbound) = &mut **both;
        let space = socket.space()?;
        let len = space.len().min(bytes.len());
        space[..len].copy_from_slice(&bytes[..len]);
        Some((len, socket.receive_in_place(len, control, inbound)))
    }
}

/// An endpoint, and what it has done so far.
struct Feed {
    engine: Engine,
    in_place: bool,
    control: ControlFrames,
    assembler: Assembler,
    kept: Vec<u8>,
    received: usize,
    failure: Option<ProtocolError>,
    steps: Vec<(usize, What)>,
}

/// Feeds `input` in reads that end at `ends`. Where the engine breaks what it promises to every
/// caller, it stands in the trace.
pub fn run(vector: &Vector, api: Api, input: &[u8], ends: &[usize]) -> Trace {
    let mut feed = Feed {
        engine: Engine::new(vector.role, &vector.setup, api),
        in_place: api == Api::InPlace,
        control: ControlFrames::new(),
        assembler: Assembler::default(),
        kept: Vec::new(),
        received: 0,
        failure: None,
        steps: Vec::new(),
    };
    if let Some(code) = vector.setup.close {
        feed.close(code);
    }
    let mut begin = 0;
    for end in ends {
        feed.read(&input[begin..*end]);
        begin = *end;
    }
    if vector.setup.eof {
        feed.eof();
    }
    let end = feed.end();
    Trace { steps: feed.steps, end, compressed: feed.assembler.has_seen_compressed() }
}

impl Feed {
    fn close(&mut self, code: longwire::CloseCode) {
        let closed = match &mut self.engine {
            Engine::Connection(connection) => connection.close(code, "", &mut self.control),
            Engine::WebSocket(both) => both.0.close(code, "", &mut self.control),
        };
        assert_eq!(closed, Ok(()), "a vector begins with a Close that can be sent");
        self.send();
    }

    fn eof(&mut self) {
        match &mut self.engine {
            Engine::Connection(connection) => connection.receive_eof(),
            Engine::WebSocket(both) => both.0.receive_eof(),
        }
        self.send();
    }

    /// Receives the bytes of a long message where they belong: what is left of `bytes`.
    fn read_in_place<'b>(&mut self, mut bytes: &'b [u8]) -> &'b [u8] {
        while self.in_place && self.failure.is_none() && !bytes.is_empty() {
            let Some((len, received)) = self.engine.receive_in_place(bytes, &mut self.control)
            else {
                break;
            };
            bytes = &bytes[len..];
            let step = match received {
                Ok(event) => event.and_then(|event| self.assembler.event(event)).map(What::Event),
                Err(error) => {
                    self.failed(error, true);
                    bytes = &[];
                    Some(What::Failure(error))
                }
            };
            self.steps.extend(step.map(|step| (self.received, step)));
            self.promise(self.kept.is_empty() && len > 0, "there is space for what comes next");
            self.send();
        }
        bytes
    }

    fn read(&mut self, bytes: &[u8]) {
        self.received += bytes.len();
        let had_failed = self.failure.is_some();
        let bytes = self.read_in_place(bytes);
        if self.failure.is_some() != had_failed {
            return;
        }
        let mut buffer = std::mem::take(&mut self.kept);
        buffer.extend_from_slice(bytes);
        let mut input = Input::new(&mut buffer);
        loop {
            let step = match self.engine.receive(&mut input, &mut self.control) {
                Ok(Some(event)) => self.assembler.event(event).map(What::Event),
                Ok(None) => break,
                Err(error) => {
                    let first = self.failure.is_none();
                    self.failed(error, input.is_empty());
                    first.then_some(What::Failure(error))
                }
            };
            self.steps.extend(step.map(|step| (self.received, step)));
            self.send();
            if self.failure.is_some() {
                return;
            }
        }
        self.promise(self.failure.is_none(), "after a failure, every call fails");
        self.promise(input.len() <= MAX_REST_BYTES, "at most MAX_REST_BYTES are left");
        self.kept = input.rest().to_vec();
        self.send();
    }

    fn failed(&mut self, error: ProtocolError, discarded: bool) {
        let first = *self.failure.get_or_insert(error);
        self.promise(first == error, "after a failure, every call gives the same error");
        self.promise(discarded, "a failure discards the input");
    }

    fn promise(&mut self, kept: bool, promise: &str) {
        if !kept {
            self.steps.push((self.received, What::Broken(promise.into())));
        }
    }

    /// What waits to be sent has been sent.
    fn send(&mut self) {
        if let Some(bytes) = self.control.poll_transmit() {
            self.steps.push((self.received, What::Output(bytes.to_vec())));
        }
    }

    fn end(&self) -> End {
        let connection = self.engine.connection();
        match (connection.state(), connection.closure()) {
            (State::Closed, Some(closure)) => End::Closed(closure),
            (state @ (State::Open | State::Closing), None)
                if self.kept.is_empty() && !connection.is_receiving_message() =>
            {
                End::Idle(state)
            }
            (state @ (State::Open | State::Closing), None) => End::Waiting(state),
            (state, closure) => panic!("{state:?} and {closure:?} exclude each other"),
        }
    }
}
