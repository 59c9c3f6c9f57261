//! New connections: too many of them, and a system that has no room for more.

use super::*;
use crate::acceptor::PAUSE;
use crate::simulation::Call;
use std::io::{Error, ErrorKind};

/// What epoll_ctl(2) says when there are too many watches.
const ENOSPC: i32 = 28;

#[test]
fn a_full_server_answers_503_and_has_room_again_later() {
    let mut simulation = simulation(|config| config.max_connections = 2);
    let first = open(&mut simulation);
    let second = open(&mut simulation);
    let refused = simulation.connect();
    refused.send(REQUEST.as_bytes());
    simulation.run();
    let answer = String::from_utf8(refused.receive()).unwrap();
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    assert!(answer.contains("\r\nConnection: close\r\n"), "{answer}");
    assert!(refused.is_ended());
    refused.end_stream();
    first.send(&frame(TEXT, b"hello"));
    simulation.run();
    assert!(refused.is_closed() && !refused.was_cut_off());
    assert_eq!(first.receive(), reply(TEXT, b"hello"));
    second.reset();
    simulation.run();
    open(&mut simulation);
}

#[test]
fn refusals_are_limited_too() {
    let mut simulation = simulation(|config| config.max_connections = 1);
    let _first = open(&mut simulation);
    let refused: Vec<Client> = (0..300).map(|_| simulation.connect()).collect();
    simulation.run();
    let told = refused.iter().filter(|client| !client.receive().is_empty()).count();
    assert_eq!((told, simulation.connections()), (256, 257));
    assert!(refused[256..].iter().all(Client::is_closed));
    simulation.run_for(secs(6));
    assert_eq!(simulation.connections(), 1);
}

#[test]
fn without_descriptors_accepting_pauses_and_nothing_else_does() {
    for code in [23, 24] {
        // ENFILE and EMFILE
        let mut simulation = simulation(|_| {});
        let client = open(&mut simulation);
        simulation.fail_accepts((0..3).map(|_| Error::from_raw_os_error(code)));
        let waiting = simulation.connect();
        waiting.send(REQUEST.as_bytes());
        client.send(&frame(TEXT, b"hello"));
        for _ in 0..5 {
            client.send(&frame(PONG, b"other events are no reason to try again"));
            simulation.run();
        }
        let turns = simulation.run_for(PAUSE);
        assert!(turns <= 4, "{turns} turns: no busy loop");
        assert_eq!(client.receive(), reply(TEXT, b"hello"));
        assert_eq!(simulation.waiting_clients(), 1);
        simulation.run_for(PAUSE * 2);
        assert_eq!(simulation.waiting_clients(), 0);
        assert!(waiting.receive().starts_with(b"HTTP/1.1 101 "));
    }
}

#[test]
fn a_connection_that_is_aborted_before_it_is_accepted_does_not_hold_up_the_next() {
    let mut simulation = simulation(|_| {});
    let errors = [ErrorKind::ConnectionAborted, ErrorKind::ConnectionReset, ErrorKind::Interrupted];
    simulation.fail_accepts(errors.map(Error::from));
    open(&mut simulation);
    #[cfg(target_os = "linux")]
    {
        use libc::{EHOSTDOWN, EHOSTUNREACH, ENETDOWN, ENETUNREACH, ENONET, ENOPROTOOPT};
        use libc::{EOPNOTSUPP, EPERM, EPROTO, ETIMEDOUT};
        let of_the_network = [EHOSTDOWN, EHOSTUNREACH, ENETDOWN, ENETUNREACH, ENONET, ENOPROTOOPT];
        let codes = of_the_network.into_iter().chain([EOPNOTSUPP, EPERM, EPROTO, ETIMEDOUT]);
        simulation.fail_accepts(codes.map(Error::from_raw_os_error));
        open(&mut simulation);
    }
    assert_eq!(simulation.now(), Duration::ZERO);
}

#[test]
fn many_connections_at_once_are_all_accepted() {
    let mut simulation = simulation(|_| {});
    let clients: Vec<Client> = (0..1_000).map(|_| simulation.connect()).collect();
    clients.iter().for_each(|client| client.send(REQUEST.as_bytes()));
    simulation.run();
    assert_eq!(simulation.connections(), 1_000);
    assert!(clients.iter().all(|client| client.receive().starts_with(b"HTTP/1.1 101 ")));
}

#[test]
fn a_connection_that_cannot_be_watched_leaves_its_place_to_another() {
    let mut simulation = simulation(|config| config.max_connections = 1);
    simulation.fail(Call::Register, 0, ENOSPC);
    let unlucky = simulation.connect();
    simulation.run();
    assert!(unlucky.is_closed());
    open(&mut simulation);
    assert_eq!(simulation.connections(), 1);
}
