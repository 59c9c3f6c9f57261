//! A client and a server in one thread, each with its own connection, and two arrays between them
//! for a network: handshake, text in both directions, a Ping, the closing handshake.

use longwire::handshake::{
    Acceptance, ClientRequest, HeadLimits, HeadScanner, Request, Response, Status, Url,
};
use longwire::{
    CloseCode, Connection, ControlFrames, Event, Initiator, Input, Limits, Message, State,
};

/// The step that did not come out as it should.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Step {
    /// The client writes its request.
    Ask = 1,
    /// The server accepts it.
    Answer,
    /// The client verifies the answer.
    Verify,
    /// The client sends text and a Ping.
    Send,
    /// The server sends the text back, and a Pong.
    Echo,
    /// The client receives both, and sends a Close.
    Receive,
    /// The Close is answered.
    Close,
    /// Both ends say how it ended.
    End,
}

/// What one end has written and the other has not read.
struct Wire {
    bytes: [u8; 512],
    len: usize,
}

impl Wire {
    const fn new() -> Self {
        Self { bytes: [0; 512], len: 0 }
    }

    /// Adds bytes; `None` where there is no room.
    fn push(&mut self, bytes: &[u8]) -> Option<()> {
        let end = self.len.checked_add(bytes.len())?;
        self.bytes.get_mut(self.len..end)?.copy_from_slice(bytes);
        self.len = end;
        Some(())
    }

    /// Has `encode` write behind what is there already.
    fn encode<E>(&mut self, encode: impl FnOnce(&mut [u8]) -> Result<usize, E>) -> Option<()> {
        self.len = self.len.checked_add(encode(self.bytes.get_mut(self.len..)?).ok()?)?;
        Some(())
    }

    /// Takes everything out.
    fn take(&mut self) -> &mut [u8] {
        let len = core::mem::take(&mut self.len);
        self.bytes.get_mut(..len).unwrap_or_default()
    }
}

const TEXT: &str = "no std, no allocator: naïve 漢字 😀";
const CLOSE_CODE: CloseCode = CloseCode::new(4000);

pub(crate) fn run() -> Result<(), Step> {
    let (mut to_server, mut to_client) = (Wire::new(), Wire::new());
    open(&mut to_server, &mut to_client)?;

    let mut server = Connection::server(Limits::DEFAULT);
    let mut client = Connection::client(Limits::DEFAULT, mask_key);
    let mut control = ControlFrames::new();
    to_server.encode(|out| client.encode(Message::Text(TEXT), out)).ok_or(Step::Send)?;
    client.ping(b"ping", &mut control).map_err(|_| Step::Send)?;
    to_server.push(control.poll_transmit().unwrap_or_default()).ok_or(Step::Send)?;

    serve(&mut server, &mut to_server, &mut to_client).ok_or(Step::Echo)?;
    receive(&mut client, &mut to_client, &mut to_server).ok_or(Step::Receive)?;
    serve(&mut server, &mut to_server, &mut to_client).ok_or(Step::Close)?;
    receive(&mut client, &mut to_client, &mut to_server).ok_or(Step::Close)?;

    let ended = |connection: &Connection, initiator| {
        connection.closure().is_some_and(|closure| {
            closure.code == CLOSE_CODE
                && closure.initiator == initiator
                && closure.failure.is_none()
        })
    };
    let both = ended(&server, Initiator::Peer) && ended(&client, Initiator::Us);
    if both && to_server.len == 0 { Ok(()) } else { Err(Step::End) }
}

/// The opening handshake.
fn open(to_server: &mut Wire, to_client: &mut Wire) -> Result<(), Step> {
    let url = Url::parse("ws://example.com/chat?room=1").map_err(|_| Step::Ask)?;
    let mut client = ClientRequest::new(url, *b"the sample nonce");
    client.subprotocols = &["superchat", "chat"];
    to_server.encode(|out| client.encode(out)).ok_or(Step::Ask)?;

    answer(to_server.take(), to_client).ok_or(Step::Answer)?;

    let mut scanner = HeadScanner::new(HeadLimits::DEFAULT);
    let Ok(Status::Complete(head)) = scanner.scan(to_client.take()) else {
        return Err(Step::Verify);
    };
    let established = Response::parse(head).and_then(|response| client.verify(&response));
    match established {
        Ok(established) if established.subprotocol == Some("chat") => Ok(()),
        _ => Err(Step::Verify),
    }
}

fn answer(request: &[u8], to_client: &mut Wire) -> Option<()> {
    let mut scanner = HeadScanner::new(HeadLimits::DEFAULT);
    let Ok(Status::Complete(head)) = scanner.scan(request) else { return None };
    let request = Request::parse(head).ok()?;
    let upgrade = request.upgrade().ok()?;
    let acceptance =
        Acceptance { subprotocol: upgrade.select_subprotocol(&["chat"]), ..Acceptance::default() };
    to_client.encode(|out| upgrade.accept(&acceptance, out).map(|accepted| accepted.response_bytes))
}

/// The server's turn: it sends text back, and answers control frames.
fn serve(server: &mut Connection, from: &mut Wire, to: &mut Wire) -> Option<()> {
    let mut control = ControlFrames::new();
    let mut input = Input::new(from.take());
    while let Some(event) = server.receive(&mut input, &mut control).ok()? {
        if let Event::Text(text) = event {
            to.encode(|out| server.encode(Message::Text(text), out))?;
        }
        to.push(control.poll_transmit().unwrap_or_default())?;
    }
    input.is_empty().then_some(())
}

/// The client's turn: once it has its text and its Pong, it begins the closing handshake.
fn receive(client: &mut Connection, from: &mut Wire, to: &mut Wire) -> Option<()> {
    let mut control = ControlFrames::new();
    let mut input = Input::new(from.take());
    let was_open = client.state() == State::Open;
    let (mut texts, mut pongs) = (0, 0);
    while let Some(event) = client.receive(&mut input, &mut control).ok()? {
        match event {
            Event::Text(TEXT) => texts += 1,
            Event::Pong(b"ping") => pongs += 1,
            Event::Close(_) if !was_open => {}
            _ => return None,
        }
    }
    if was_open {
        client.close(CLOSE_CODE, "done", &mut control).ok()?;
        to.push(control.poll_transmit()?)?;
        return ((texts, pongs) == (1, 1)).then_some(());
    }
    (client.state() == State::Closed).then_some(())
}

/// A key that anybody can guess: there is nobody between the two ends.
fn mask_key() -> [u8; 4] {
    [0x37, 0xfa, 0x21, 0x3d]
}
