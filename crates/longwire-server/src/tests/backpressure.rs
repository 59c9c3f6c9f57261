//! Peers that do not take what they are sent.

use super::*;
use crate::SlowConsumer;
use longwire::handshake::{DeflateParams, DeflatePolicy};
use longwire::{
    Compression, Connection, Initiator, Limits, Outbound, SendOptions, Timeouts, WebSocket,
};

fn marks(config: &mut Config) {
    config.outbox_low_water_bytes = 1_000;
    config.outbox_high_water_bytes = 10_000;
    config.max_outbox_bytes = 100_000;
    config.read_buffer_bytes = 4_096;
}

#[test]
fn a_slow_reader_is_paused_at_the_high_water_mark_and_read_from_at_the_low_one() {
    let mut simulation = simulation(marks);
    let client = open(&mut simulation);
    client.set_window(0);
    let message = frame(BINARY, &[b'x'; 1_000]);
    client.send(&message.repeat(100));
    simulation.run();
    let echoed = simulation.application().messages;
    // 10 messages are over the mark; at most one read is processed beyond it.
    assert!((10..=14).contains(&echoed), "{echoed} messages");
    let unread = client.unread_bytes();
    assert!(unread > 80_000);
    // Down to the low-water mark, nothing is read; below it, all that fits.
    client.set_window(8_000);
    simulation.run();
    assert_eq!(client.unread_bytes(), unread);
    client.set_window(6_000);
    simulation.run();
    assert!(client.unread_bytes() < unread);
    let mut received = client.receive();
    client.set_window(1 << 20);
    simulation.run();
    received.extend(client.receive());
    assert_eq!(received, reply(BINARY, &[b'x'; 1_000]).repeat(100));
    assert_eq!(simulation.application().messages, 100);
}

#[test]
fn requests_with_large_answers_are_not_taken_for_a_slow_consumer() {
    // Everything comes in one read; the answers are many times the most that may wait.
    let mut simulation = simulation(|config| {
        marks(config);
        config.read_buffer_bytes = 64 * 1024;
    });
    let client = open(&mut simulation);
    client.set_max_write(5_000);
    client.send(&frame(TEXT, b"burst 3 30000").repeat(50));
    let mut received = Vec::new();
    for _ in 0..10_000 {
        simulation.run();
        let more = client.receive();
        if more.is_empty() {
            break;
        }
        received.extend(more);
    }
    assert_eq!(frames(&received).len(), 150);
    assert_eq!(received.len(), 150 * 30_004);
    assert!(!simulation.application().sent.contains(&Sent::Dropped));
}

#[test]
fn a_message_over_the_maximum_is_taken_when_nothing_waits() {
    let mut simulation = simulation(|config| {
        config.outbox_low_water_bytes = 10;
        config.outbox_high_water_bytes = 10;
        config.max_outbox_bytes = 10;
    });
    let client = open(&mut simulation);
    client.send(&frame(BINARY, &[b'x'; 1_000]));
    simulation.run();
    assert_eq!(client.receive(), reply(BINARY, &[b'x'; 1_000]));
}

#[test]
fn a_slow_consumer_is_closed_with_1008_behind_what_waits() {
    let mut simulation = simulation(marks);
    let client = open(&mut simulation);
    client.set_window(100);
    client.send(&frame(TEXT, b"burst 13 8000"));
    simulation.run();
    let sent = simulation.application().sent.clone();
    assert_eq!(sent, [[Sent::Now; 12].as_slice(), &[Sent::Dropped]].concat());
    client.set_window(1 << 20);
    simulation.run();
    let frames = frames(&client.receive());
    let (close, messages) = frames.split_last().unwrap();
    assert_eq!(messages, vec![(BINARY, vec![b'b'; 8_000]); 12]);
    assert_eq!((close.0, close_code(&close.1)), (CLOSE, 1008));
}

#[test]
fn a_slow_consumer_is_dropped_if_that_is_the_policy() {
    let mut simulation = simulation(|config| {
        marks(config);
        config.slow_consumer = SlowConsumer::Drop;
    });
    let (slow, other) = (open(&mut simulation), open(&mut simulation));
    slow.set_window(0);
    slow.send(&frame(TEXT, b"burst 12 9000"));
    other.send(&frame(TEXT, b"hello"));
    simulation.run();
    assert!(slow.is_closed());
    assert_eq!(simulation.application().closures[0].initiator, Initiator::Nobody);
    assert_eq!(other.receive(), reply(TEXT, b"hello"));
}

#[test]
fn what_is_sent_to_others_waits_in_their_outboxes_up_to_the_maximum() {
    let mut simulation = simulation(marks);
    let (publisher, slow, fast) =
        (open(&mut simulation), open(&mut simulation), open(&mut simulation));
    slow.set_window(0);
    let text = "n".repeat(1_000);
    for round in 0..120 {
        publisher.send(&frame(TEXT, format!("all {text}").as_bytes()));
        simulation.run();
        assert_eq!(fast.receive(), reply(TEXT, text.as_bytes()), "round {round}");
        assert_eq!(publisher.receive(), reply(TEXT, text.as_bytes()));
    }
    // 99 of 1,004 bytes fit; then the slow one is closed, and not sent anything any more.
    assert_eq!(simulation.application().sent.iter().filter(|&&s| s == Sent::Dropped).count(), 21);
    slow.set_window(1 << 20);
    simulation.run();
    let frames = frames(&slow.receive());
    assert_eq!((frames.len(), frames[99].0, close_code(&frames[99].1)), (100, CLOSE, 1008));
}

#[test]
fn what_one_turn_has_for_a_connection_leaves_in_one_write() {
    let mut simulation = simulation(|_| {});
    let (publisher, subscriber) = (open(&mut simulation), open(&mut simulation));
    let writes = subscriber.writes();
    publisher.send(&frame(TEXT, b"all news").repeat(16));
    simulation.run();
    assert_eq!(subscriber.writes() - writes, 1);
    assert_eq!(subscriber.receive(), reply(TEXT, b"news").repeat(16));
}

#[test]
fn pings_are_answered_in_order_while_the_peer_takes_the_answers() {
    let mut simulation = simulation(|_| {});
    let client = open(&mut simulation);
    let payloads: Vec<[u8; 2]> = (0..1_000_u16).map(u16::to_be_bytes).collect();
    let pings: Vec<u8> = payloads.iter().flat_map(|payload| frame(PING, payload)).collect();
    client.send(&pings);
    simulation.run();
    let pongs: Vec<u8> = payloads.iter().flat_map(|payload| reply(PONG, payload)).collect();
    assert_eq!(client.receive(), pongs);
}

#[test]
fn t36_of_the_pings_that_cannot_be_answered_the_newest_is_and_reading_stops() {
    let mut simulation = simulation(|config| {
        config.timeouts = Timeouts { ping_interval: None, ..Timeouts::DEFAULT };
    });
    let client = open(&mut simulation);
    client.set_window(8);
    client.send(&frame(BINARY, b"message"));
    simulation.run();
    for number in 0..1_000_u16 {
        client.send(&frame(PING, &number.to_be_bytes()));
        simulation.run();
    }
    // The second one takes the place of the first, and nothing is read any more.
    assert_eq!(client.unread_bytes(), 998 * frame(PING, b"..").len());
    let mut received = client.receive();
    client.set_window(10);
    simulation.run();
    received.extend(client.receive());
    let expected = [reply(BINARY, b"message"), reply(PONG, &1_u16.to_be_bytes())].concat();
    assert_eq!(received[..expected.len()], expected);
    client.set_window(1 << 20);
    simulation.run();
    assert_eq!(client.unread_bytes(), 0);
    // What waited to be read is answered in order, now that the answers are taken.
    let pongs: Vec<u8> = (2..1_000_u16).flat_map(|n| reply(PONG, &n.to_be_bytes())).collect();
    received.extend(client.receive());
    assert_eq!(received, [expected, pongs].concat());
}

#[test]
fn t36_a_ping_flood_by_a_peer_that_never_reads_ends_with_the_write_stall() {
    let mut simulation = simulation(|_| {});
    let client = open(&mut simulation);
    client.set_window(0);
    client.send(&frame(PING, &[b'p'; 125]).repeat(10_000));
    simulation.run_for(secs(19));
    assert!(client.unread_bytes() > 1_000_000);
    assert!(!client.is_closed());
    simulation.run_for(secs(2));
    assert!(client.is_closed());
}

#[test]
fn t37_a_pong_flood_leaves_nothing_behind() {
    let mut simulation = simulation(|_| {});
    let client = open(&mut simulation);
    client.send(&frame(PONG, &[b'p'; 125]).repeat(10_000));
    simulation.run();
    assert_eq!(simulation.application().pongs, 10_000);
    assert_eq!((client.unread_bytes(), client.receive()), (0, Vec::new()));
    assert_eq!(simulation.connections_with_buffers(), 0);
}

#[test]
fn t38_a_peer_that_takes_one_byte_at_a_time_costs_one_write_for_each() {
    let mut simulation = simulation(|_| {});
    let client = open(&mut simulation);
    let payload: Vec<u8> = (0..=255).cycle().take(3_000).collect();
    let expected = reply(BINARY, &payload);
    client.set_window(0);
    client.send(&frame(BINARY, &payload));
    simulation.run();
    let mut received = Vec::new();
    for taken in 0..expected.len() {
        let writes = client.writes();
        client.set_window(1);
        let turns = simulation.run();
        assert!(turns <= 2 && client.writes() - writes == 1, "byte {taken}: {turns} turns");
        received.extend(client.receive());
        assert_eq!(received.len(), taken + 1);
    }
    assert_eq!(received, expected);
    let writes = client.writes();
    simulation.run_for(secs(1));
    assert_eq!(client.writes(), writes, "nothing is left");
    assert_eq!(simulation.connections_with_buffers(), 0);
}

#[test]
fn control_frames_overtake_queued_data_between_frames_and_a_close_does_not() {
    let mut simulation = simulation(|_| {});
    let client = open(&mut simulation);
    client.set_window(50);
    let messages = [frame(BINARY, &[b'1'; 100]), frame(BINARY, &[b'2'; 100])].concat();
    client.send(&messages);
    simulation.run();
    client.send(&[frame(PING, b"ping"), frame(TEXT, b"ping"), frame(CLOSE, b"\x03\xe8")].concat());
    simulation.run();
    client.set_window(1 << 20);
    simulation.run();
    let expected = [
        reply(BINARY, &[b'1'; 100]),
        reply(PONG, b"ping"),
        reply(PING, b"probe"),
        reply(BINARY, &[b'2'; 100]),
        reply(CLOSE, b"\x03\xe8"),
    ];
    assert_eq!(client.receive(), expected.concat());
}

#[test]
fn a_paused_peer_is_not_blamed_for_its_silence() {
    let mut simulation = simulation(marks);
    let client = open(&mut simulation);
    client.set_window(0);
    client.send(&frame(BINARY, &[b'x'; 1_000]).repeat(20));
    // It takes a little now and then, so nothing stalls, for longer than any heartbeat.
    for _ in 0..10 {
        assert!(simulation.run_for(secs(15)) <= 10, "nothing is tried again and again");
        client.set_window(10);
    }
    simulation.run();
    assert!(!client.is_closed());
    client.set_window(1 << 20);
    simulation.run();
    assert_eq!(client.receive(), reply(BINARY, &[b'x'; 1_000]).repeat(20));
}

#[test]
fn a_peer_that_catches_up_at_the_end_of_a_turn_is_read_from_again() {
    let mut simulation = simulation(|config| {
        config.outbox_low_water_bytes = 100;
        config.outbox_high_water_bytes = 1_000;
    });
    let (publisher, slow) = (open(&mut simulation), open(&mut simulation));
    slow.set_window(0);
    // More slices than fit one write, so that the last of them leaves outside the slow one's turn.
    let text = "n".repeat(300);
    publisher.send(&frame(TEXT, format!("all {text}").as_bytes()).repeat(150));
    simulation.run();
    slow.send(&frame(TEXT, b"hello"));
    simulation.run();
    assert!(slow.unread_bytes() > 0);
    slow.set_window(1 << 20);
    simulation.run();
    assert_eq!(slow.unread_bytes(), 0);
    let received = slow.receive();
    assert_eq!(frames(&received).len(), 151);
    assert!(received.ends_with(&reply(TEXT, b"hello")));
}

#[test]
fn a_message_that_was_not_read_has_its_time_when_it_is() {
    let mut simulation = simulation(marks);
    let (publisher, slow) = (open(&mut simulation), open(&mut simulation));
    slow.send(&frame(0x01, b"begin"));
    simulation.run();
    slow.set_window(0);
    let text = "n".repeat(12_000);
    publisher.send(&frame(TEXT, format!("all {text}").as_bytes()));
    for _ in 0..7 {
        simulation.run_for(secs(10));
        publisher.send(&frame(PONG, b""));
        slow.set_window(10);
    }
    slow.set_window(1 << 20);
    simulation.run_for(secs(1));
    slow.send(&frame(0x80, b" end"));
    simulation.run();
    let frames = frames(&slow.receive());
    assert_eq!(frames.last().unwrap(), &(TEXT, b"begin end".to_vec()));
}

#[test]
fn a_write_that_is_taken_in_part_is_not_followed_by_another() {
    let mut simulation = simulation(|_| {});
    let client = open(&mut simulation);
    client.set_window(10);
    let writes = client.writes();
    client.send(&frame(BINARY, &[b'x'; 100]));
    simulation.run();
    assert_eq!(client.writes() - writes, 1);
}

#[test]
fn nothing_is_kept_when_nothing_is_incomplete() {
    let mut simulation = simulation(marks);
    let client = open(&mut simulation);
    assert_eq!(simulation.connections_with_buffers(), 0);
    let message = frame(BINARY, &[b'x'; 1_000]);
    client.send(&message[..1]);
    simulation.run();
    assert_eq!(simulation.connections_with_buffers(), 1, "the beginning of a header");
    client.send(&message[1..]);
    simulation.run();
    assert_eq!(simulation.connections_with_buffers(), 0);
    client.set_window(0);
    client.send(&message.repeat(20));
    simulation.run();
    assert_eq!(simulation.connections_with_buffers(), 1, "what the peer does not take");
    client.set_window(1 << 20);
    simulation.run();
    assert_eq!(simulation.connections_with_buffers(), 0);
    assert_eq!(client.receive().len(), 21 * 1_004);
}

#[test]
fn a_slow_consumer_of_what_others_send_is_dropped_too() {
    let mut simulation = simulation(|config| {
        marks(config);
        config.slow_consumer = SlowConsumer::Drop;
    });
    let (publisher, slow) = (open(&mut simulation), open(&mut simulation));
    slow.set_window(0);
    let news = frame(TEXT, format!("all {}", "n".repeat(9_000)).as_bytes());
    for _ in 0..11 {
        publisher.send(&news);
        simulation.run();
        assert_eq!((publisher.receive().len(), slow.is_closed()), (9_004, false));
    }
    publisher.send(&news);
    simulation.run();
    assert!(slow.is_closed());
}

#[test]
fn a_busy_connection_has_a_few_reads_a_turn_and_the_others_have_theirs() {
    let mut simulation = simulation(marks);
    let (busy, other) = (open(&mut simulation), open(&mut simulation));
    let pongs = frame(PONG, &[b'p'; 125]).repeat(100);
    for _ in 0..100 {
        busy.send(&pongs);
        other.send(&frame(TEXT, b"hello"));
        let reads = busy.reads();
        simulation.turn();
        // Two because it is ready, and two because it filled the buffer in the turn before.
        assert!((1..=4).contains(&(busy.reads() - reads)));
        assert_eq!(other.receive(), reply(TEXT, b"hello"));
    }
    assert!(busy.unread_bytes() > 0);
    simulation.run();
    assert_eq!((busy.unread_bytes(), simulation.application().pongs), (0, 10_000));
}

#[test]
fn a_connection_with_a_lot_of_output_does_not_hold_up_the_others() {
    let mut simulation = simulation(|_| {});
    let (busy, other) = (open(&mut simulation), open(&mut simulation));
    busy.set_window(usize::MAX / 2);
    busy.send(&frame(TEXT, b"burst 1 65535").repeat(500));
    other.send(&frame(TEXT, b"hello"));
    simulation.turn();
    assert_eq!(other.receive(), reply(TEXT, b"hello"));
    assert_eq!(simulation.application().messages, 9);
    simulation.turn();
    assert_eq!(simulation.application().messages, 17);
    simulation.run();
    assert_eq!(frames(&busy.receive()), vec![(BINARY, vec![b'b'; 65_535]); 500]);
}

/// A thousandth of what they inflate to is on the wire, so one read can hold a lot of work.
#[test]
fn t50_messages_that_inflate_to_far_more_than_was_read_do_not_hold_up_the_others() {
    let mut simulation = simulation(|config| config.deflate = Some(DeflatePolicy::default()));
    let busy = simulation.connect();
    busy.send(request_with_deflate().as_bytes());
    let other = open(&mut simulation);
    assert!(busy.receive().starts_with(b"HTTP/1.1 101 "));

    let connection = Connection::client(Limits::default(), || [1, 2, 3, 4]);
    let params = DeflateParams { client_no_context_takeover: true, ..DeflateParams::default() };
    let mut client = WebSocket::with_deflate(connection, params);
    let (mut outbound, mut wire) = (Outbound::new(SendOptions::default()), Vec::new());
    let zeros = vec![0; 1 << 20];
    client.send(Message::Binary(&zeros), Compression::Auto, &mut outbound, &mut wire).unwrap();
    assert!(wire.len() < 2_000, "{}", wire.len());
    busy.send(&wire.repeat(20));

    for turn in 1..=20 {
        other.send(&frame(TEXT, b"hello"));
        simulation.turn();
        assert_eq!(other.receive(), reply(TEXT, b"hello"));
        assert_eq!(simulation.application().messages, 2 * turn, "one of each");
    }
    simulation.run();
    assert_eq!((simulation.application().messages, busy.unread_bytes()), (40, 0));
}

#[test]
fn a_peer_that_takes_everything_is_not_too_slow_however_little_may_wait() {
    let mut simulation = simulation(|config| {
        config.outbox_low_water_bytes = 100;
        config.outbox_high_water_bytes = 1_000;
        config.max_outbox_bytes = 2_000;
    });
    let client = open(&mut simulation);
    client.send(&frame(TEXT, &[b'a'; 100]).repeat(500));
    simulation.run();
    assert_eq!(client.receive(), reply(TEXT, &[b'a'; 100]).repeat(500));
}
