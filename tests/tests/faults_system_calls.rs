//! Each system call of the event loop fails once, at every place where it is made, with each error
//! that its manual page gives for this use: the server goes on, the connection concerned ends or
//! does not as it should, the others do not notice, and nothing is left behind.
//!
//! The calls are those of the simulated network, below which a signal that interrupts a call has it
//! made again.

mod simulated;

use libc::{
    EACCES, EAGAIN, ECONNABORTED, ECONNREFUSED, ECONNRESET, EHOSTDOWN, EHOSTUNREACH, EINTR, EINVAL,
    EIO, EMFILE, ENETDOWN, ENETUNREACH, ENFILE, ENOBUFS, ENOMEM, ENONET, ENOPROTOOPT, ENOSPC,
    ENOTCONN, EOPNOTSUPP, EPERM, EPIPE, EPROTO, ETIMEDOUT,
};
use longwire_server::simulation::{Call, Client};
use longwire_server::{CloseCode, Config};
use simulated::{Echo, frame, request};
use std::time::Duration;

type Simulation = longwire_server::simulation::Simulation<Echo>;

/// What an error means for the connection that the call was for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Effect {
    /// None: the call is made again.
    GoesOn,
    /// It is over.
    Ends,
}

use Effect::{Ends, GoesOn};

/// Call, errors, effect. EBADF, EFAULT, ENOTSOCK and the like are left out: they say that the
/// program is wrong, and not the world.
const TABLE: &[(Call, &[i32], Effect)] = &[
    // epoll_wait(2). Its other errors end the worker: see below.
    (Call::Wait, &[EINTR], GoesOn),
    // accept(2): of this connection, or of none; the next attempt has it.
    (Call::Accept, &[EAGAIN, EINTR, ECONNABORTED, EPERM, EPROTO, ENETDOWN, ENOPROTOOPT], GoesOn),
    (Call::Accept, &[EHOSTDOWN, ENONET, EHOSTUNREACH, EOPNOTSUPP, ENETUNREACH, ETIMEDOUT], GoesOn),
    // accept(2): of the process or the system; the next attempt comes after a pause.
    (Call::Accept, &[EMFILE, ENFILE, ENOBUFS, ENOMEM], GoesOn),
    // epoll_ctl(2)
    (Call::Register, &[ENOMEM, ENOSPC, EPERM], Ends),
    (Call::WatchWrites, &[ENOMEM, EPERM], Ends),
    // recv(2), read(2), tcp(7)
    (Call::Read, &[EAGAIN], GoesOn),
    (Call::Read, &[ECONNRESET, ECONNREFUSED, ETIMEDOUT, ENOTCONN, EIO], Ends),
    (Call::Read, &[EHOSTUNREACH, ENETUNREACH, ENETDOWN, ENOBUFS, ENOMEM], Ends),
    // send(2), writev(2), tcp(7)
    (Call::Write, &[EAGAIN], GoesOn),
    (Call::Write, &[ECONNRESET, EPIPE, ETIMEDOUT, ENOTCONN, EIO, EACCES, EPERM], Ends),
    (Call::Write, &[EHOSTUNREACH, ENETUNREACH, ENETDOWN, ENOBUFS, ENOMEM], Ends),
    // shutdown(2), close(2) of what is behind it
    (Call::ShutdownWrite, &[ENOTCONN, EINVAL, ENOBUFS], Ends),
];

const LARGE: usize = 100_000;
/// Longer than accepting pauses, and shorter than every deadline.
const STEP: Duration = Duration::from_millis(300);

/// A client and what it is to receive behind the response to its handshake.
struct Peer {
    phase: &'static str,
    client: Client,
    received: Vec<u8>,
    expected: Vec<u8>,
}

impl Peer {
    fn new(phase: &'static str, simulation: &mut Simulation) -> Self {
        Self { phase, client: simulation.connect(), received: Vec::new(), expected: Vec::new() }
    }

    fn open(phase: &'static str, simulation: &mut Simulation) -> Self {
        let peer = Self::new(phase, simulation);
        peer.client.send(request("/", "").as_bytes());
        simulation.run();
        peer
    }

    fn asks_for_echo(&mut self, payload: &[u8]) {
        self.client.send(&frame(0x82, payload));
        self.expects(0x82, payload);
    }

    fn expects(&mut self, first: u8, payload: &[u8]) {
        let len = payload.len() as u64;
        let head = match (u8::try_from(len), u16::try_from(len)) {
            (Ok(len @ 0..=125), _) => vec![first, len],
            (_, Ok(len)) => [&[first, 126], &len.to_be_bytes()[..]].concat(),
            _ => [&[first, 127], &len.to_be_bytes()[..]].concat(),
        };
        self.expected.extend([&head, payload].concat());
    }

    fn says_close(&mut self) {
        self.client.send(&frame(0x88, b"\x03\xe8"));
        self.expects(0x88, b"\x03\xe8");
    }

    /// The frames that came behind the 101.
    fn frames(&self) -> &[u8] {
        let head = self.received.windows(4).position(|bytes| bytes == b"\r\n\r\n");
        head.map_or(&[], |at| &self.received[at + 4..])
    }
}

/// What came of a run.
struct Outcome {
    simulation: Simulation,
    peers: Vec<Peer>,
    /// Of the worker's loop, since the fault was set up.
    turns: usize,
}

/// There is room for the connections of [`run`], and for none besides.
const CONNECTIONS: usize = 6;

/// Six connections, each in another phase when the fault is set up, and each brought to its end
/// behind it.
fn run(seed: u64, fault: Option<(Call, usize, i32)>) -> Outcome {
    let config = Config { deflate: None, max_connections: CONNECTIONS, ..Config::default() };
    let mut simulation = Simulation::new(seed, config, Echo::default());
    let request = request("/", "");
    let (begin, end) = request.as_bytes().split_at(request.len() / 2);

    let mut handshaking = Peer::new("handshaking", &mut simulation);
    handshaking.client.send(begin);
    let mut idle = Peer::open("idle", &mut simulation);
    let mut mid_message = Peer::open("in the middle of a message", &mut simulation);
    let message = frame(0x82, &[b'm'; 1000]);
    mid_message.client.send(&message[..500]);
    let mut full = Peer::open("with a filled outbox", &mut simulation);
    full.received.extend(full.client.receive());
    full.client.set_window(0);
    full.asks_for_echo(&[b'f'; LARGE]);
    let mut closing = Peer::open("closing", &mut simulation);
    closing.says_close();
    simulation.run();

    if let Some((call, nth, errno)) = fault {
        simulation.fail(call, nth, errno);
    }
    let mut newcomer = Peer::new("connecting", &mut simulation);
    let mut turns = simulation.run_for(STEP);

    newcomer.client.send(request.as_bytes());
    handshaking.client.send(end);
    // The first time that its socket takes no more.
    idle.client.set_window(10);
    idle.asks_for_echo(b"after the fault");
    mid_message.client.send(&message[500..]);
    mid_message.expects(0x82, &[b'm'; 1000]);
    full.client.set_window(LARGE / 2);
    turns += simulation.run_for(STEP);
    full.client.set_window(2 * LARGE);
    idle.client.set_window(LARGE);
    for peer in [&mut newcomer, &mut handshaking, &mut idle, &mut mid_message, &mut full] {
        peer.asks_for_echo(b"once more");
    }
    turns += simulation.run_for(STEP);
    for peer in [&mut newcomer, &mut handshaking, &mut idle, &mut mid_message, &mut full] {
        peer.says_close();
    }
    turns += simulation.run_for(STEP);
    let mut peers = vec![newcomer, handshaking, idle, mid_message, full, closing];
    for peer in &mut peers {
        peer.received.extend(peer.client.receive());
        peer.client.end_stream();
    }
    turns += simulation.run_for(STEP);
    Outcome { simulation, peers, turns }
}

#[test]
fn each_call_fails_once_with_each_of_its_errors_and_nobody_else_notices() {
    let seed = 1;
    let usual = run(seed, None).turns;
    let mut faults = 0;
    for &(call, errors, effect) in TABLE {
        for &errno in errors {
            for nth in 0.. {
                let row = format!("{call:?} {nth} fails with {errno}");
                let outcome = run(seed, Some((call, nth, errno)));
                if !outcome.simulation.has_failed() {
                    assert!(nth > 0, "{row}: it is never made");
                    break;
                }
                faults += 1;
                check(outcome, effect, usual, &row);
            }
        }
    }
    assert!(faults > 400, "{faults} faults");
}

fn check(outcome: Outcome, effect: Effect, usual: usize, row: &str) {
    let Outcome { mut simulation, peers, turns } = outcome;
    assert!(turns <= usual + 8, "{row}: {turns} turns, and {usual} without it");
    assert!(!simulation.is_over(), "{row}");
    let mut hurt = 0;
    let (mut whole, mut lost) = (0, 0);
    for peer in &peers {
        let row = format!("{row}: the one that was {}", peer.phase);
        assert!(peer.client.is_closed(), "{row} is left open");
        if peer.client.was_hit() && effect == Ends {
            hurt += 1;
            assert!(peer.expected.starts_with(peer.frames()), "{row} got something else");
        } else {
            assert!(peer.frames() == peer.expected, "{row} did not get its echoes");
            assert!(!peer.client.was_cut_off(), "{row} was cut off");
            whole += 1;
        }
    }
    assert_eq!(hurt, usize::from(effect == Ends), "{row}: the fault is for one connection");
    assert_eq!(simulation.connections(), 0, "{row}");
    assert_eq!(simulation.connections_with_buffers(), 0, "{row}");

    // The application is told of each end once: how it was, and that the hurt one was lost, unless
    // it had never been open or the closing handshake was complete before.
    let application = simulation.application();
    let closures = &application.closures;
    assert_eq!(closures.len(), application.opened, "{row}");
    for closure in closures {
        match closure.code {
            CloseCode::NORMAL => {}
            CloseCode::ABNORMAL => lost += 1,
            code => panic!("{row}: {code}"),
        }
        assert_eq!(closure.failure, None, "{row}");
    }
    assert!(lost <= hurt, "{row}: {lost} lost");
    assert!(closures.len() - lost >= whole, "{row}");

    // There is room for as many as before.
    for _ in 0..CONNECTIONS {
        let next = Peer::open("the next", &mut simulation);
        assert!(next.client.receive().starts_with(b"HTTP/1.1 101 "), "{row}: there is no room");
    }
}

/// The descriptors are all in use for a while: no loop, and whoever is connected goes on.
#[test]
fn a_listener_that_cannot_accept_pauses_whatever_the_error() {
    for errno in [EMFILE, ENFILE, ENOBUFS, ENOMEM, EPERM, EPROTO, ECONNABORTED, EINVAL] {
        let mut simulation = simulated::simulation(|config| config.deflate = None);
        let client = simulated::open(&mut simulation, "");
        let errors = (0..10_000).map(|_| std::io::Error::from_raw_os_error(errno));
        simulation.fail_accepts(errors);
        let waiting = simulation.connect();
        waiting.send(request("/", "").as_bytes());
        // In a second it can try five times, which is two turns each, and 64 calls at most.
        let turns = simulation.run_for(Duration::from_secs(1));
        assert!(turns <= 14, "{errno}: {turns} turns");
        assert_eq!(simulation.waiting_clients(), 1, "{errno}");
        client.send(&frame(0x81, b"hello"));
        simulation.run();
        assert_eq!(client.receive(), b"\x81\x05hello", "{errno}");
    }
}

/// epoll_wait(2) cannot fail but for a signal, unless the program is wrong. Then the worker ends,
/// and the application hears of every connection's end.
#[test]
fn when_waiting_fails_the_worker_ends_and_the_application_is_told() {
    for nth in 0..3 {
        let mut simulation = simulated::simulation(|_| {});
        let clients = [(); 3].map(|()| simulated::open(&mut simulation, ""));
        simulation.fail(Call::Wait, nth, EINVAL);
        for client in &clients {
            client.send(&frame(0x81, b"hello"));
        }
        simulation.run_for(STEP);
        assert!(simulation.is_over() && simulation.has_failed());
        assert!(clients.iter().all(Client::is_closed));
        assert_eq!(simulation.connections(), 0);
        let closures = &simulation.application().closures;
        assert_eq!(closures.len(), 3);
        assert!(closures.iter().all(|closure| closure.code == CloseCode::ABNORMAL));
    }
}
