//! Each allocation of the engine fails once: there is an error, the connection fails politely or
//! goes on, nothing is left behind, and whoever shares the memory does not notice.

mod faulty;

use std::cell::Cell;

use alloc_chaos::{AllocOp, Attempt};
use faulty::each_allocation_fails;
use longwire::handshake::DeflateParams;
use longwire::{
    ApiMisuse, CloseCode, Compression, Connection, ControlFrames, Event, Inbound, Input, Limits,
    Message, Outbound, Prepared, ProtocolError, Role, SendOptions, State, WebSocket,
};
use longwire_tests::vector::KEY;

/// Two messages, so that the second meets what the first has left; each is received in reads of
/// 4 KiB and sent in frames of 10,000 bytes.
const PAYLOADS: [&[u8]; 2] =
    [&[b'a'; 40_000], b"a second message, which is so short that it needs little"];

const TAKEOVER: DeflateParams = DeflateParams {
    server_no_context_takeover: false,
    client_no_context_takeover: false,
    server_max_window_bits: 15,
    client_max_window_bits: 15,
};
const NO_TAKEOVER: DeflateParams = DeflateParams {
    server_no_context_takeover: true,
    client_no_context_takeover: true,
    ..TAKEOVER
};
const EXTENSIONS: [Option<DeflateParams>; 3] = [None, Some(TAKEOVER), Some(NO_TAKEOVER)];

fn socket(role: Role, deflate: Option<DeflateParams>) -> WebSocket {
    let connection = match role {
        Role::Server => Connection::server(Limits::default()),
        Role::Client => Connection::client(Limits::default(), || KEY),
    };
    match deflate {
        Some(params) => WebSocket::with_deflate(connection, params),
        None => WebSocket::new(connection),
    }
}

fn other(role: Role) -> Role {
    match role {
        Role::Server => Role::Client,
        Role::Client => Role::Server,
    }
}

fn outbound() -> Outbound {
    let options =
        SendOptions { max_frame_bytes: 10_000, compress_from_bytes: 1, ..SendOptions::DEFAULT };
    Outbound::new(options)
}

/// Everything that one endpoint needs, and what came of it.
struct World {
    socket: WebSocket,
    inbound: Inbound,
    outbound: Outbound,
    control: ControlFrames,
    /// What is going to be received.
    wire: Vec<u8>,
    /// What is sent.
    out: Vec<u8>,
    received: Result<[usize; 2], ProtocolError>,
    sent: [Result<(), ApiMisuse>; 2],
}

impl World {
    fn new(role: Role, deflate: Option<DeflateParams>) -> Self {
        Self {
            socket: socket(role, deflate),
            inbound: Inbound::new(),
            outbound: outbound(),
            control: ControlFrames::new(),
            wire: wire(other(role), deflate),
            out: Vec::new(),
            received: Ok([0; 2]),
            sent: [Ok(()); 2],
        }
    }

    /// Receives `wire`, and notes how much of each message was right.
    fn receive(&mut self) {
        let (mut lens, mut message) = ([0; 2], 0);
        let mut buffer = [0; longwire::MAX_REST_BYTES + 4096];
        let mut kept = 0;
        for read in self.wire.chunks(4096) {
            buffer[kept..kept + read.len()].copy_from_slice(read);
            let filled = kept + read.len();
            let mut input = Input::new(&mut buffer[..filled]);
            loop {
                match self.socket.receive(&mut input, &mut self.control, &mut self.inbound) {
                    Ok(None) => break,
                    Ok(Some(Event::Binary(data))) => {
                        assert!(data == PAYLOADS[message]);
                        lens[message] = data.len();
                        message += 1;
                    }
                    Ok(Some(_)) => unreachable!("there are binary messages only"),
                    Err(error) => {
                        assert!(input.is_empty(), "the input is discarded");
                        self.received = Err(error);
                        return;
                    }
                }
            }
            kept = input.len();
            buffer.copy_within(filled - kept..filled, 0);
        }
        self.received = Ok(lens);
    }

    fn send(&mut self) {
        for (payload, sent) in PAYLOADS.iter().zip(&mut self.sent) {
            let Self { socket, outbound, out, .. } = self;
            *sent = socket.send(Message::Binary(payload), Compression::Auto, outbound, out);
        }
    }
}

/// The two messages as `role` sends them.
fn wire(role: Role, deflate: Option<DeflateParams>) -> Vec<u8> {
    let (mut socket, mut outbound, mut out) = (socket(role, deflate), outbound(), Vec::new());
    for payload in PAYLOADS {
        let message = Message::Binary(payload);
        socket.send(message, Compression::Auto, &mut outbound, &mut out).expect("memory");
    }
    out
}

/// The library panics where it has no memory for its state. The engine asks whether there is any
/// just before, so that can only happen where another thread takes it in between, or a test.
fn check_panic(attempt: &Attempt, asked: &Cell<usize>) {
    let failed = attempt.injected_allocation().expect("a failed allocation");
    let is_of_the_library = (failed.operation(), failed.align()) == (AllocOp::Alloc, 64);
    assert!(is_of_the_library, "{attempt:?}");
    // It was asked for at least as much, and not for much more.
    let (size, asked) = (failed.size(), asked.get());
    assert!(size <= asked && asked < size + size / 4, "{size} bytes, {asked} were asked for");
}

fn receiving(role: Role, deflate: Option<DeflateParams>) -> usize {
    let name = format!("{role:?} receives, {deflate:?}");
    let asked = Cell::new(0);
    let check = |attempt: &Attempt, world: Option<World>| {
        let Some(mut world) = world else { return check_panic(attempt, &asked) };
        asked.set(attempt.injected_allocation().map_or(0, |failed| failed.size()));
        match world.received {
            Ok(lens) => assert_eq!(lens, PAYLOADS.map(<[u8]>::len), "{name}"),
            Err(error) => {
                assert_eq!(error, ProtocolError::OutOfMemory, "{name}");
                let close = world.control.poll_transmit().expect("a Close").to_vec();
                let code = match role {
                    Role::Server => [close[2], close[3]],
                    Role::Client => [close[6] ^ KEY[0], close[7] ^ KEY[1]],
                };
                assert_eq!((close[0], u16::from_be_bytes(code)), (0x88, 1011), "{name}");
                // It stays so, and nothing can be sent any more.
                world.receive();
                assert_eq!(world.received, Err(ProtocolError::OutOfMemory), "{name}");
                assert!(world.control.poll_transmit().is_none(), "{name}: one Close is enough");
                assert_eq!(world.socket.connection().state(), State::Closed);
                let failure = world.socket.connection().closure().and_then(|it| it.failure);
                assert_eq!(failure, Some(ProtocolError::OutOfMemory), "{name}");
                world.send();
                assert_eq!(world.sent, [Err(ApiMisuse::NotOpen); 2], "{name}");
            }
        }
        // Another connection with the same memory.
        world.socket = socket(role, deflate);
        world.receive();
        assert_eq!(world.received, Ok(PAYLOADS.map(<[u8]>::len)), "{name}: another connection");
    };
    each_allocation_fails(&name, || World::new(role, deflate), World::receive, |_, _| false, check)
}

fn sending(role: Role, deflate: Option<DeflateParams>) -> usize {
    let name = format!("{role:?} sends, {deflate:?}");
    let asked = Cell::new(0);
    let check = |attempt: &Attempt, world: Option<World>| {
        let Some(mut world) = world else { return check_panic(attempt, &asked) };
        asked.set(attempt.injected_allocation().map_or(0, |failed| failed.size()));
        let mut expected: Vec<&[u8]> = Vec::new();
        for (payload, sent) in PAYLOADS.iter().zip(world.sent) {
            match sent {
                Ok(()) => expected.push(payload),
                Err(error) => assert_eq!(error, ApiMisuse::OutOfMemory, "{name}"),
            }
        }
        assert_eq!(world.socket.connection().state(), State::Open, "{name}");
        // The connection goes on. What arrives is what was said to be sent, whole and in order.
        world.send();
        assert_eq!(world.sent, [Ok(()); 2], "{name}");
        expected.extend(PAYLOADS);
        assert_eq!(arrived(&mut world.out, other(role), deflate), expected.concat(), "{name}");
    };
    each_allocation_fails(&name, || World::new(role, deflate), World::send, |_, _| false, check)
}

/// All messages, put together, as the other side receives them.
fn arrived(out: &mut [u8], role: Role, deflate: Option<DeflateParams>) -> Vec<u8> {
    let (mut socket, mut inbound) = (socket(role, deflate), Inbound::new());
    let (mut input, mut control) = (Input::new(out), ControlFrames::new());
    let mut all = Vec::new();
    while let Some(event) = socket.receive(&mut input, &mut control, &mut inbound).expect("frames")
    {
        all.extend_from_slice(event.message().expect("a message").as_bytes());
    }
    all
}

fn preparing(compression: Compression) -> usize {
    let name = format!("preparing with {compression:?}");
    let asked = Cell::new(0);
    type World = (Outbound, Option<Result<Prepared, ApiMisuse>>);
    let run = |(outbound, prepared): &mut World| {
        *prepared = Some(Prepared::new(Message::Binary(PAYLOADS[0]), compression, outbound));
    };
    // The frames, the question whether there is room for their `Arc`, and the `Arc`, which would
    // abort if the answer were wrong; so would the one of the compressed frames, the last of all.
    let aborts = |nth, count| nth == 2 || (compression == Compression::Auto && nth + 1 == count);
    let check = |attempt: &Attempt, world: Option<World>| {
        let Some((mut outbound, prepared)) = world else { return check_panic(attempt, &asked) };
        asked.set(attempt.injected_allocation().map_or(0, |failed| failed.size()));
        match prepared.expect("it ran") {
            // Where a compressor cannot be kept, nothing is lost but time.
            Ok(prepared) => assert!(prepared.plain().len() > PAYLOADS[0].len(), "{name}"),
            Err(error) => assert_eq!(error, ApiMisuse::OutOfMemory, "{name}"),
        }
        let again = Prepared::new(Message::Binary(PAYLOADS[1]), compression, &mut outbound);
        let again = again.expect("there is memory again");
        assert_eq!(again.plain()[2..], *PAYLOADS[1], "{name}");
    };
    each_allocation_fails(&name, || (outbound(), None), run, aborts, check)
}

#[test]
fn each_allocation_fails_once_and_that_is_an_error() {
    let mut counts = Vec::new();
    for role in [Role::Server, Role::Client] {
        for deflate in EXTENSIONS {
            counts.push((receiving(role, deflate), sending(role, deflate)));
        }
    }
    assert!(counts.iter().all(|(received, sent)| *received > 3 && *sent > 1), "{counts:?}");
    assert!(preparing(Compression::Never) == 2 && preparing(Compression::Auto) > 5);
    assert_eq!(CloseCode::INTERNAL_ERROR.value(), 1011);
}
