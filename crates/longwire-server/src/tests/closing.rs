//! Who closes, when, with what, and what is still sent.

use super::*;
use longwire::{CloseCode, Initiator, ProtocolError};

#[test]
fn rfc6455_s7_1_1_the_server_ends_the_stream_first_and_waits_for_the_peer() {
    let mut simulation = simulation(|_| {});
    let client = open(&mut simulation);
    client.send(&[frame(CLOSE, b"\x0b\xb8bye"), frame(TEXT, b"too late")].concat());
    simulation.run();
    assert_eq!(client.receive(), reply(CLOSE, b"\x0b\xb8"));
    assert!(client.is_ended() && !client.is_closed());
    assert_eq!((simulation.connections(), simulation.application().messages), (1, 0));
    let closure = simulation.application().closures[0];
    assert_eq!((closure.code, closure.initiator), (CloseCode::new(3000), Initiator::Peer));
    client.send(b"late bytes must not become a reset");
    client.end_stream();
    simulation.run();
    assert!(client.is_closed() && !client.was_cut_off());
    assert_eq!(simulation.application().closures.len(), 1);
}

#[test]
fn rfc6455_s7_1_1_a_peer_that_does_not_end_its_stream_is_left_after_a_while() {
    let mut simulation = simulation(|_| {});
    let client = open(&mut simulation);
    client.send(&frame(CLOSE, b""));
    simulation.run();
    assert_eq!(client.receive(), reply(CLOSE, b""));
    simulation.run_for(secs(4));
    client.send(b"more bytes do not put it off");
    assert!(!client.is_closed());
    simulation.run_for(secs(2));
    assert!(client.is_closed());
}

#[test]
fn rfc6455_s7_1_2_the_application_closes_and_the_peer_answers() {
    let mut simulation = simulation(|_| {});
    let client = open(&mut simulation);
    client.send(&frame(TEXT, b"bye 4000"));
    simulation.run();
    assert_eq!(client.receive(), reply(CLOSE, b"\x0f\xa0bye"));
    assert!(!client.is_ended());
    client.send(&frame(TEXT, b"a message is still delivered"));
    client.send(&frame(CLOSE, b"\x0f\xa0"));
    client.end_stream();
    simulation.run();
    let probe = simulation.application();
    assert_eq!((probe.messages, probe.sent.clone()), (2, vec![Sent::Dropped]));
    let closure = probe.closures[0];
    assert_eq!((closure.code, closure.initiator), (CloseCode::new(4000), Initiator::Us));
    assert!(client.is_closed() && client.receive().is_empty());
}

#[test]
fn autobahn_5_15_what_came_before_the_failure_is_answered_before_the_close() {
    for window in [0, 1, 7, 8, 100_000] {
        let mut simulation = simulation(|_| {});
        let client = open(&mut simulation);
        client.set_window(window);
        let fragments = [frame(0x01, b"frag"), frame(0x80, b"ment")].concat();
        client.send(&[fragments, frame(0x00, b"orphan"), frame(TEXT, b"unseen")].concat());
        simulation.run();
        client.set_window(100_000);
        simulation.run();
        let frames = frames(&client.receive());
        assert_eq!(frames.len(), 2);
        assert_eq!(frames[0], (TEXT, b"fragment".to_vec()));
        assert_eq!((frames[1].0, close_code(&frames[1].1)), (CLOSE, 1002));
        assert!(client.is_ended());
        let closure = simulation.application().closures[0];
        assert_eq!(closure.failure, Some(ProtocolError::UnexpectedContinuation));
        assert_eq!(closure.code, CloseCode::ABNORMAL);
    }
}

#[test]
fn t40_the_end_of_the_stream_anywhere_is_told_once() {
    let sent = [frame(0x01, b"frag"), frame(PING, b"p"), frame(0x80, b"ment")].concat();
    for cut in 0..sent.len() {
        for breaks in [false, true] {
            let mut simulation = simulation(|_| {});
            let (client, other) = (open(&mut simulation), open(&mut simulation));
            client.send(&sent[..cut]);
            if breaks {
                client.reset();
            } else {
                client.end_stream();
            }
            other.send(&frame(TEXT, b"hello"));
            let turns = simulation.run_for(secs(1));
            assert!(turns < 10, "no turns are spent on it");
            assert!(client.is_closed());
            assert_eq!(simulation.connections(), 1);
            let closures = &simulation.application().closures;
            assert_eq!(closures.len(), 1);
            assert_eq!(closures[0].code, CloseCode::ABNORMAL);
            assert_eq!(closures[0].initiator, Initiator::Nobody);
            assert_eq!(other.receive(), reply(TEXT, b"hello"), "others do not notice");
        }
    }
}

#[test]
fn the_last_message_before_the_end_of_the_stream_is_delivered() {
    let mut simulation = simulation(|_| {});
    let client = open(&mut simulation);
    client.send(&frame(TEXT, b"last"));
    client.end_stream();
    simulation.run();
    assert_eq!(simulation.application().messages, 1);
    assert_eq!(client.receive(), reply(TEXT, b"last"));
    assert!(client.is_closed());
}

#[test]
fn a_connection_that_breaks_while_it_is_written_to_takes_nobody_with_it() {
    let mut simulation = simulation(|_| {});
    let clients: Vec<Client> = (0..4).map(|_| open(&mut simulation)).collect();
    clients[1].set_window(3);
    clients[0].send(&frame(TEXT, b"all one"));
    simulation.run();
    clients[1].reset();
    clients[2].reset();
    clients[0].send(&frame(TEXT, b"all two"));
    simulation.run();
    let news = [reply(TEXT, b"one"), reply(TEXT, b"two")].concat();
    assert_eq!((clients[0].receive(), clients[3].receive()), (news.clone(), news));
    assert_eq!((simulation.connections(), simulation.application().closures.len()), (2, 2));
}

#[test]
fn an_id_is_never_that_of_a_later_connection() {
    let mut simulation = simulation(|_| {});
    let gone = open(&mut simulation);
    let old = simulation.application().open[0];
    gone.reset();
    simulation.run();
    let _new = open(&mut simulation);
    let new = simulation.application().open[0];
    assert_ne!(old, new);
    simulation.application().open.push(old);
    let client = open(&mut simulation);
    client.send(&frame(TEXT, b"all news"));
    simulation.run();
    assert_eq!(simulation.application().sent, [Sent::Now; 2], "the old id names nobody");
}

#[test]
fn a_peer_that_takes_its_time_gets_everything_up_to_the_close() {
    for end in [frame(CLOSE, b"\x03\xe8"), frame(TEXT, b"bye 1000"), frame(0x80, b"orphan")] {
        let mut simulation = simulation(|_| {});
        let client = open(&mut simulation);
        client.set_window(10);
        client.send(&[frame(BINARY, &[b'x'; 100]), end].concat());
        simulation.run();
        let mut received = Vec::new();
        for _ in 0..20 {
            simulation.run_for(secs(4));
            received.extend(client.receive());
            client.set_window(10);
        }
        simulation.run();
        assert_eq!(frames(&received).len(), 2);
        assert_eq!(frames(&received)[0], (BINARY, vec![b'x'; 100]));
        assert_eq!(frames(&received)[1].0, CLOSE);
    }
}
