//! The end of a worker.

use super::*;
use longwire::{CloseCode, Initiator};

#[test]
fn a_shutdown_closes_everybody_with_1001_and_ends_when_all_are_gone() {
    let mut simulation = simulation(|_| {});
    let clients: Vec<Client> = (0..5).map(|_| open(&mut simulation)).collect();
    let unfinished = simulation.connect();
    unfinished.send(b"GET / HT");
    simulation.run();
    simulation.shut_down();
    simulation.run();
    assert!(!simulation.is_over() && unfinished.is_closed());
    for client in &clients {
        let frames = frames(&client.receive());
        assert_eq!((frames.len(), frames[0].0, close_code(&frames[0].1)), (1, CLOSE, 1001));
        client.send(&frame(CLOSE, b"\x03\xe9"));
        client.end_stream();
    }
    let late = simulation.connect();
    simulation.run();
    assert!(simulation.is_over());
    assert_eq!(simulation.now(), Duration::ZERO);
    assert_eq!(simulation.waiting_clients(), 1, "nobody is accepted any more");
    drop(late);
    let closures = &simulation.application().closures;
    assert_eq!(closures.len(), 5);
    assert!(closures.iter().all(|closure| {
        closure.initiator == Initiator::Us && closure.code == CloseCode::GOING_AWAY
    }));
}

#[test]
fn a_shutdown_ends_in_time_whatever_the_peers_do() {
    let mut simulation = simulation(|config| {
        config.timeouts.close_timeout = None;
        config.shutdown_timeout = secs(3);
        config.write_stall_timeout = secs(60);
    });
    let (silent, stuck, closing) =
        (open(&mut simulation), open(&mut simulation), open(&mut simulation));
    stuck.set_window(0);
    stuck.send(&frame(BINARY, &[b'x'; 10_000]));
    closing.send(&frame(TEXT, b"bye 1000"));
    simulation.run();
    simulation.shut_down();
    simulation.run_for(Duration::from_millis(2_999));
    assert!(!simulation.is_over());
    assert_eq!(close_code(&frames(&silent.receive())[0].1), 1001);
    assert_eq!(close_code(&frames(&closing.receive())[0].1), 1000, "one Close is enough");
    simulation.run_for(Duration::from_millis(1));
    assert!(simulation.is_over());
    assert!(silent.is_closed() && stuck.is_closed() && closing.is_closed());
    assert_eq!(simulation.application().closures.len(), 3);
}

#[test]
fn the_1001_comes_behind_what_was_sent_before() {
    let mut simulation = simulation(|_| {});
    let client = open(&mut simulation);
    client.set_window(5);
    client.send(&frame(TEXT, b"a message"));
    simulation.run();
    simulation.shut_down();
    simulation.run();
    client.set_window(1_000);
    simulation.run();
    let frames = frames(&client.receive());
    assert_eq!(frames[0], (TEXT, b"a message".to_vec()));
    assert_eq!((frames[1].0, close_code(&frames[1].1)), (CLOSE, 1001));
}

#[test]
fn a_shutdown_with_nobody_there_is_over_at_once() {
    let mut simulation = simulation(|_| {});
    simulation.shut_down();
    assert!(simulation.run() <= 1);
    assert!(simulation.is_over());
}
