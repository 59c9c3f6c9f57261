//! What an application is called for beside what its peers send.

use super::desk::{Order, answer, ask, desk, get, order, text};
use super::*;
use std::time::Duration;

#[test]
fn many_wakes_are_one_call_and_each_round_is_another() {
    let mut simulation = desk(|_| {});
    let waker = simulation.application().waker.clone().unwrap();
    assert_eq!(waker.worker(), 0);
    simulation.run();
    assert_eq!(simulation.application().log, [""; 0]);
    for round in 1..=3 {
        let other = waker.clone();
        std::thread::spawn(move || (0..100).for_each(|_| other.wake())).join().unwrap();
        simulation.run();
        assert_eq!(simulation.application().log, vec!["wake"; round]);
    }
}

#[test]
fn a_timeout_is_called_at_its_time_and_once() {
    let mut simulation = desk(|_| {});
    simulation.application().next_timeout = Some(secs(5));
    simulation.run_for(Duration::from_millis(4_999));
    assert_eq!(simulation.application().log, [""; 0]);
    simulation.run_for(Duration::from_millis(1));
    assert_eq!(simulation.application().log, ["timeout 5s"]);
    simulation.run_for(secs(100));
    assert_eq!(simulation.application().log.len(), 1);
    // A time that is past already has the next turn.
    simulation.application().next_timeout = Some(secs(1));
    simulation.run();
    assert_eq!(simulation.application().log[1..], ["timeout 105s"]);
}

#[test]
fn a_turn_ends_once_for_all_calls_in_it_and_not_where_there_was_none() {
    let mut simulation = desk(|_| {});
    let clients: Vec<Client> = (0..5).map(|_| simulation.connect()).collect();
    simulation.run();
    assert_eq!(simulation.application().turns, 0, "accepting is no call");
    for client in &clients {
        client.send(get("/a").repeat(3).as_bytes());
    }
    simulation.turn();
    assert_eq!((simulation.application().log.len(), simulation.application().turns), (15, 1));
    simulation.run_for(secs(1));
    assert_eq!(simulation.application().turns, 1);
}

#[test]
fn what_is_sent_at_the_end_of_a_turn_leaves_in_it_and_together() {
    let mut simulation = desk(|_| {});
    let socket = simulation.connect();
    socket.send(REQUEST.as_bytes());
    simulation.run();
    let (stream, streaming) = ask(&mut simulation, &get("/stream"));
    let (other, _) = ask(&mut simulation, &get("/a"));
    let open = simulation.application().ids[0];
    for client in [&socket, &stream, &other] {
        client.receive();
    }
    let writes = [socket.writes(), stream.writes()];
    simulation.application().at_end_of_turn = (0..16)
        .flat_map(|_| {
            [Order::Message(open, b"m".to_vec()), Order::Send(streaming, b"piece".to_vec())]
        })
        .collect();
    other.send(get("/b").as_bytes());
    simulation.turn();
    assert_eq!(socket.receive(), reply(BINARY, b"m").repeat(16));
    assert_eq!(text(&stream), "5\r\npiece\r\n".repeat(16));
    assert_eq!(text(&other), answer("GET /b "));
    assert_eq!([socket.writes(), stream.writes()], writes.map(|before| before + 1));
    assert_eq!(simulation.application().sent, [Sent::Now; 32]);
}

/// The last call of a turn may come when it has ended, where a write finds a broken connection.
#[test]
fn what_is_called_behind_the_end_of_a_turn_has_an_end_of_turn_too() {
    let mut simulation = desk(|_| {});
    let (client, id) = ask(&mut simulation, &get("/stream"));
    client.refuse_writes();
    let desk = simulation.application();
    let turns = desk.turns;
    // The clock would go on to this if the worker waited for anything in between.
    desk.next_timeout = Some(secs(5));
    desk.when_woken = vec![Order::Send(id, b"lost".to_vec())];
    desk.waker.as_ref().unwrap().wake();
    simulation.run_for(secs(10));
    assert_eq!(simulation.application().log, ["GET /stream", "wake", "gone 0", "timeout 5s"]);
    assert_eq!(simulation.application().turns, turns + 3);
}

/// The flush at the end of a turn may be the one that makes room: nobody waits before that is told.
#[test]
fn room_that_the_last_flush_of_a_turn_makes_is_told_of_at_once() {
    let mut simulation = desk(|config| config.outbox_low_water_bytes = 1_000);
    let (client, id) = ask(&mut simulation, &get("/stream"));
    client.set_window(0);
    order(&mut simulation, [Order::Send(id, b"first".to_vec())]);
    // More pieces than one write has slices for.
    order(&mut simulation, (0..100).map(|_| Order::SendShared(vec![id], vec![b'p'; 300])));
    simulation.application().next_timeout = Some(secs(5));
    client.set_window(100_000);
    let writes = client.writes();
    simulation.run_for(secs(10));
    assert_eq!(client.writes() - writes, 2);
    let expected = ["GET /stream", "wake", "wake", "drained 0", "timeout 5s"];
    assert_eq!(simulation.application().log, expected);
}

#[test]
fn a_websocket_that_has_room_again_is_told_of_once() {
    let mut simulation = desk(|config| {
        config.outbox_low_water_bytes = 1_000;
        config.outbox_high_water_bytes = 10_000;
    });
    let client = simulation.connect();
    client.send(REQUEST.as_bytes());
    simulation.run();
    client.receive();
    client.set_window(0);
    let id = simulation.application().ids[0];
    let message = |bytes: usize| Order::Message(id, vec![b'm'; bytes]);
    order(&mut simulation, [message(2_000)]);
    order(&mut simulation, [message(2_000), message(2_000)]);
    assert_eq!(simulation.application().sent, [Sent::Now, Sent::Queued, Sent::Queued]);
    client.set_window(5_000);
    simulation.run();
    assert_eq!(simulation.application().log, ["open", "wake", "wake"], "1,012 bytes still wait");
    client.set_window(12);
    simulation.run();
    assert_eq!(simulation.application().log[3..], ["drained 0"]);
    client.set_window(100_000);
    simulation.run();
    assert_eq!(client.receive(), reply(BINARY, &[b'm'; 2_000]).repeat(3));
    assert_eq!(simulation.application().log.len(), 4);
}

#[test]
fn a_panic_in_a_call_for_nobody_ends_nobody() {
    let mut simulation = desk(|_| {});
    let (stream, id) = ask(&mut simulation, &get("/stream"));
    order(&mut simulation, [Order::Panic]);
    simulation.application().at_end_of_turn = vec![Order::Panic];
    order(&mut simulation, []);
    order(&mut simulation, [Order::Send(id, b"on".to_vec())]);
    assert!(text(&stream).ends_with("2\r\non\r\n"));
    assert!(!simulation.is_over());
}

#[test]
fn a_websocket_is_closed_by_its_id() {
    let mut simulation = desk(|_| {});
    let client = simulation.connect();
    client.send(REQUEST.as_bytes());
    simulation.run();
    client.receive();
    let id = simulation.application().ids[0];
    order(&mut simulation, [Order::Close(id, 3005.into())]);
    assert_eq!(client.receive(), reply(CLOSE, &3005_u16.to_be_bytes()));
    client.send(&frame(CLOSE, &3005_u16.to_be_bytes()));
    simulation.run();
    assert_eq!(simulation.application().log, ["open", "wake", "close 3005"]);
}
