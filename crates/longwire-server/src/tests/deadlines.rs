//! Everything that has to happen in time, on a clock that the test turns.

use super::*;
use longwire::{CloseCode, Initiator, Timeouts};

const TIMEOUTS: Timeouts = Timeouts {
    ping_interval: Some(secs(30)),
    pong_timeout: Some(secs(20)),
    message_timeout: Some(secs(60)),
    close_timeout: Some(secs(5)),
};

/// The wheel is late by less than this.
const TICK: Duration = Duration::from_millis(50);

/// Goes on to just before `time` from now, where the client is to be connected, and then to just
/// behind it, where it is to be closed.
fn assert_closed_after(simulation: &mut Simulation<Probe>, client: &Client, time: Duration) {
    simulation.run_for(time - Duration::from_millis(1));
    assert!(!client.is_closed(), "not before its time");
    simulation.run_for(Duration::from_millis(1) + TICK);
    assert!(client.is_closed(), "at its time");
}

fn without_heartbeat(config: &mut Config) {
    config.timeouts = Timeouts { ping_interval: None, ..TIMEOUTS };
}

#[test]
fn t16_the_whole_head_has_one_deadline() {
    for silent in [true, false] {
        let mut simulation = simulation(|_| {});
        let client = simulation.connect();
        let mut request = REQUEST.bytes();
        for _ in 0..9 {
            simulation.run_for(secs(1));
            if !silent {
                client.send(&[request.next().unwrap()]);
            }
        }
        assert_closed_after(&mut simulation, &client, secs(1));
        assert_eq!((simulation.connections(), client.receive()), (0, Vec::new()));
    }
}

#[test]
fn silence_is_pinged_and_an_answer_is_enough() {
    let mut simulation = simulation(|config| config.timeouts = TIMEOUTS);
    let client = open(&mut simulation);
    for _ in 0..3 {
        simulation.run_for(secs(30) - TICK);
        assert_eq!(client.receive(), b"");
        simulation.run_for(TICK + TICK);
        assert_eq!(client.receive(), reply(PING, b""));
        client.send(&frame(PONG, b""));
        simulation.run();
    }
    assert_eq!(simulation.application().pongs, 3);
}

#[test]
fn a_ping_without_an_answer_ends_the_connection() {
    let mut simulation = simulation(|config| config.timeouts = TIMEOUTS);
    let client = open(&mut simulation);
    simulation.run_for(secs(30) + TICK);
    assert_eq!(client.receive(), reply(PING, b""));
    assert_closed_after(&mut simulation, &client, secs(20) - TICK);
    let closure = simulation.application().closures[0];
    assert_eq!((closure.code, closure.initiator), (CloseCode::ABNORMAL, Initiator::Nobody));
}

#[test]
fn a_message_that_drips_in_is_closed_with_1008() {
    let mut simulation = simulation(|config| config.timeouts = TIMEOUTS);
    let client = open(&mut simulation);
    client.send(&frame(0x01, b"beginning"));
    for _ in 0..59 {
        simulation.run_for(secs(1));
        client.send(&frame(0x00, b"."));
    }
    assert_eq!(client.receive(), b"");
    simulation.run_for(secs(1) + TICK);
    let frames = frames(&client.receive());
    assert_eq!((frames.len(), frames[0].0, close_code(&frames[0].1)), (1, CLOSE, 1008));
    assert_closed_after(&mut simulation, &client, secs(5) - TICK);
}

#[test]
fn the_beginning_of_a_header_is_the_beginning_of_a_message() {
    let mut simulation = simulation(without_heartbeat);
    let client = open(&mut simulation);
    client.send(&frame(TEXT, b"hello")[..1]);
    simulation.run_for(secs(60) + TICK);
    assert_eq!(close_code(&frames(&client.receive())[0].1), 1008);
}

#[test]
fn every_message_has_its_own_time() {
    let mut simulation = simulation(without_heartbeat);
    let client = open(&mut simulation);
    let message = frame(BINARY, b"message");
    client.send(&message[..8]);
    simulation.run_for(secs(50));
    client.send(&[&message[8..], &message[..8]].concat());
    simulation.run_for(secs(60) - TICK);
    assert_eq!(client.receive(), reply(BINARY, b"message"));
    simulation.run_for(TICK + TICK);
    assert_eq!(close_code(&frames(&client.receive())[0].1), 1008);
}

#[test]
fn the_first_heartbeat_does_not_wait_for_the_deadline_of_the_handshake() {
    let mut simulation = simulation(|config| {
        config.timeouts = Timeouts { ping_interval: Some(secs(3)), ..TIMEOUTS };
    });
    let client = open(&mut simulation);
    simulation.run_for(secs(3) + TICK);
    assert_eq!(client.receive(), reply(PING, b""));
}

#[test]
fn t41_a_close_without_an_answer_ends_the_connection_whatever_else_comes() {
    let mut simulation = simulation(|config| config.timeouts = TIMEOUTS);
    let client = open(&mut simulation);
    client.send(&frame(TEXT, b"bye 1000"));
    simulation.run();
    assert_eq!(close_code(&frames(&client.receive())[0].1), 1000);
    for _ in 0..4 {
        simulation.run_for(secs(1));
        client.send(&frame(TEXT, b"still here"));
    }
    assert_closed_after(&mut simulation, &client, secs(1));
}

#[test]
fn t41_a_close_that_nobody_takes_ends_the_connection_too() {
    let mut simulation = simulation(|config| config.timeouts = TIMEOUTS);
    let client = open(&mut simulation);
    client.set_window(0);
    client.send(&[frame(TEXT, b"hello"), frame(TEXT, b"bye 1000")].concat());
    simulation.run();
    assert_closed_after(&mut simulation, &client, secs(5));
    assert_eq!(client.receive(), b"");
}

#[test]
fn a_peer_that_takes_nothing_is_dropped() {
    let mut simulation = simulation(without_heartbeat);
    let client = open(&mut simulation);
    simulation.run_for(secs(11));
    client.set_window(10);
    client.send(&frame(TEXT, b"hello, this is more than ten bytes"));
    simulation.run();
    // Other traffic does not put it off.
    simulation.run_for(secs(15));
    client.send(&frame(PING, b"?"));
    assert_closed_after(&mut simulation, &client, secs(5));
}

#[test]
fn a_peer_that_takes_a_little_now_and_then_is_not_dropped() {
    let mut simulation = simulation(without_heartbeat);
    let client = open(&mut simulation);
    client.set_window(0);
    client.send(&frame(BINARY, &[b'x'; 100]));
    simulation.run();
    for _ in 0..10 {
        simulation.run_for(secs(19));
        client.set_window(5);
    }
    simulation.run();
    assert!(!client.is_closed());
    assert_eq!(client.receive().len(), 50);
}

#[test]
fn an_outbox_that_was_empty_for_long_has_not_stalled() {
    let mut simulation = simulation(without_heartbeat);
    let client = open(&mut simulation);
    // The beginning of a frame is kept in the same place as what waits to be sent.
    client.send(&frame(BINARY, b"12345")[..3]);
    simulation.run_for(secs(50));
    client.set_window(0);
    client.send(&frame(BINARY, b"12345")[3..]);
    simulation.run();
    assert_closed_after(&mut simulation, &client, secs(20));
}

#[test]
fn a_connection_without_messages_is_closed_if_that_is_asked_for() {
    let mut simulation = simulation(|config| {
        config.timeouts = TIMEOUTS;
        config.idle_timeout = Some(secs(100));
    });
    let client = open(&mut simulation);
    simulation.run_for(secs(10));
    client.send(&frame(TEXT, b"hello"));
    for _ in 0..5 {
        simulation.run_for(secs(19));
        client.send(&frame(PONG, b""));
    }
    assert_eq!(client.receive(), reply(TEXT, b"hello"), "pongs are answered by nothing");
    simulation.run_for(secs(5) + TICK);
    assert_eq!(close_code(&frames(&client.receive())[0].1), 1001);
}

/// Bytes that are read to where they belong are heard as all others are, and so is the end of their
/// message.
#[test]
fn a_long_message_that_is_read_in_place_has_the_same_deadlines() {
    let mut simulation = simulation(|config| {
        config.timeouts = TIMEOUTS;
        config.idle_timeout = Some(secs(100));
    });
    let client = open(&mut simulation);
    client.set_window(1 << 20);
    for piece in frame(BINARY, &[b'a'; 300_000]).chunks(101_000) {
        assert_eq!(client.receive(), b"", "neither a Ping nor a Close");
        client.send(piece);
        simulation.run_for(secs(19));
    }
    assert_eq!(simulation.application().messages, 1);
    for _ in 0..4 {
        client.send(&frame(PONG, b""));
        simulation.run_for(secs(19));
    }
    let firsts: Vec<u8> = frames(&client.receive()).iter().map(|(first, _)| *first).collect();
    assert_eq!(firsts, [0x02, 0x00, 0x80], "the echo alone");
    client.send(&frame(PONG, b""));
    simulation.run_for(secs(5) + TICK);
    assert_eq!(close_code(&frames(&client.receive())[0].1), 1001);
}

#[test]
fn an_idle_worker_wakes_for_deadlines_alone() {
    let mut simulation = simulation(without_heartbeat);
    let _client = open(&mut simulation);
    // The deadline of the handshake is still in the wheel, and finds that it is over.
    simulation.run_for(secs(11));
    // One turn waits for an hour, and one finds that there is nothing to do.
    assert_eq!(simulation.run_for(secs(3600)), 2);
}

#[test]
fn timeouts_without_end_are_no_deadlines() {
    let never = Duration::MAX;
    let mut simulation = simulation(|config| {
        config.handshake_timeout = never;
        config.idle_timeout = Some(never);
        config.write_stall_timeout = never;
        config.linger_timeout = never;
        config.shutdown_timeout = never;
        let never = Some(never);
        config.timeouts = Timeouts {
            ping_interval: never,
            pong_timeout: never,
            message_timeout: never,
            close_timeout: never,
        };
    });
    simulation.run_for(secs(1));
    let silent = simulation.connect();
    let [stalled, incomplete, closing] = [(); 3].map(|()| open(&mut simulation));
    stalled.set_window(0);
    stalled.send(&frame(TEXT, b"hello"));
    incomplete.send(&frame(TEXT, b"hello")[..3]);
    closing.send(&frame(CLOSE, b""));
    simulation.run_for(secs(1_000_000));
    assert_eq!((simulation.connections(), silent.is_ended()), (4, false));
    simulation.shut_down();
    simulation.run_for(secs(1_000_000));
    assert!(!simulation.is_over() && silent.is_closed());
    for client in [stalled, incomplete, closing] {
        client.end_stream();
    }
    simulation.run();
    assert!(simulation.is_over());
}
