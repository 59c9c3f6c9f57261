//! Messages that are written from where they lie.

use super::*;
use crate::reading::IN_PLACE_BYTES;
use crate::simulation::Call;
use crate::socket::LONG_BYTES;
use longwire::SendOptions;

/// What one of the probe's answers is on the wire.
fn binary(len: usize) -> Vec<u8> {
    reply(BINARY, &vec![b'b'; len])
}

/// However much of it the socket takes at first, all of it comes, and what was sent before and behind
/// it stands where it belongs.
#[test]
fn a_long_message_comes_whole_and_in_order_wherever_the_socket_stops() {
    let before = reply(TEXT, b"before");
    let expected = [before, binary(LONG_BYTES), reply(TEXT, b"behind")].concat();
    let at_the_edges = [0, 1, 7, 8, 9, 11, 12, 13, 4_000, 8_202, 8_203, 8_204, 8_205, 8_211, 8_212];
    for window in at_the_edges {
        let mut simulation = simulation(|_| {});
        let client = open(&mut simulation);
        client.set_window(window);
        let long = format!("burst 1 {LONG_BYTES}");
        let messages = [&b"before"[..], long.as_bytes(), b"behind"];
        client.send(&messages.map(|text| frame(TEXT, text)).concat());
        simulation.run();
        let mut received = client.receive();
        assert_eq!(received.len(), window.min(expected.len()));
        // The first leaves with the second; the socket stops in the one or the other, or behind.
        let fits = if window >= 8_204 { Sent::Now } else { Sent::Queued };
        assert_eq!(simulation.application().sent, [Sent::Now, fits, fits], "{window}");
        // A Pong goes between two frames.
        client.send(&frame(PING, b"?"));
        simulation.run();
        client.set_window(1 << 20);
        simulation.run();
        received.extend(client.receive());
        let mut frames = frames(&received);
        let pong = frames.iter().position(|frame| *frame == (PONG, b"?".to_vec())).unwrap();
        frames.remove(pong);
        assert_eq!(frames, super::frames(&expected), "{window}");
    }
}

/// A message of several frames: all of them with one write, and what the socket does not take waits
/// as one piece.
#[test]
fn a_message_of_many_frames_comes_whole_wherever_the_socket_stops() {
    let options = SendOptions { max_frame_bytes: 10_000, ..SendOptions::DEFAULT };
    let sizes = [10_000, 10_000, 10_000, 5_000];
    let expected: Vec<_> = [0x02, 0x00, 0x00, 0x80].into_iter().zip(sizes).collect();
    for (window, writes) in [(0, 2), (9_999, 2), (10_004, 2), (25_000, 2), (35_015, 2), (35_016, 1)]
    {
        let mut simulation = simulation(|config| config.send_options = options);
        let client = open(&mut simulation);
        client.set_window(window);
        let writes_before = client.writes();
        client.send(&frame(TEXT, b"burst 1 35000"));
        simulation.run();
        let mut received = client.receive();
        client.set_window(1 << 20);
        simulation.run();
        received.extend(client.receive());
        let frames = frames(&received);
        assert!(frames.iter().all(|(_, payload)| payload.iter().all(|byte| *byte == b'b')));
        let shown: Vec<_> = frames.iter().map(|(first, data)| (*first, data.len())).collect();
        assert_eq!(shown, expected, "{window}");
        assert_eq!(client.writes() - writes_before, writes, "{window}");
    }
}

/// What is short waits for the end of the turn, and leaves with one write.
#[test]
fn only_long_messages_have_a_write_of_their_own() {
    for (text, writes) in
        [(format!("burst 7 {}", LONG_BYTES - 1), 1), (format!("burst 7 {LONG_BYTES}"), 7)]
    {
        let mut simulation = simulation(|_| {});
        let client = open(&mut simulation);
        let before = client.writes();
        client.send(&frame(TEXT, text.as_bytes()));
        simulation.run();
        assert_eq!(frames(&client.receive()).len(), 7);
        assert_eq!(client.writes() - before, writes, "{text}");
    }
}

/// Long messages have been flushed as they went out: they do not make those behind them leave one by
/// one, in this read or in the next.
#[test]
fn short_messages_behind_long_ones_leave_with_one_write() {
    let short = [b'a', b'b', b'c'].map(|byte| frame(TEXT, &[byte; 350])).concat();
    for (text, writes) in [(b"burst 2 40000", 2 + 1), (b"burst 1 64000", 1 + 1)] {
        let mut simulation = simulation(|_| {});
        let client = open(&mut simulation);
        client.set_window(1 << 20);
        for (read, writes) in
            [([&frame(TEXT, text), &*short].concat(), writes), (short.repeat(2), 1)]
        {
            let before = client.writes();
            client.send(&read);
            simulation.run();
            assert_eq!(client.writes() - before, writes);
        }
    }
}

#[test]
fn a_long_message_that_cannot_be_written_ends_its_connection_alone() {
    const EPIPE: i32 = 32;
    let mut simulation = simulation(|_| {});
    let (broken, other) = (open(&mut simulation), open(&mut simulation));
    simulation.fail(Call::Write, 0, EPIPE);
    broken.send(&frame(TEXT, b"burst 2 9000"));
    simulation.run();
    assert!(broken.was_hit() && broken.is_closed());
    assert_eq!(simulation.application().sent, [Sent::Dropped; 2]);
    assert_eq!(simulation.application().closures.len(), 1);
    other.send(&frame(TEXT, b"hello"));
    simulation.run();
    assert_eq!(other.receive(), reply(TEXT, b"hello"));
}

/// Behind what waits a long message waits too.
#[test]
fn nothing_is_written_past_what_waits() {
    let mut simulation = simulation(|_| {});
    let client = open(&mut simulation);
    client.set_window(3);
    client.send(&frame(TEXT, b"first"));
    simulation.run();
    client.send(&frame(TEXT, b"burst 2 9000"));
    simulation.run();
    client.set_window(1 << 20);
    simulation.run();
    let sent = [Sent::Now, Sent::Queued, Sent::Queued];
    assert_eq!(simulation.application().sent, sent);
    // The window was emptied by three bytes that the client has not looked at yet.
    let expected = [reply(TEXT, b"first"), binary(9_000), binary(9_000)].concat();
    assert_eq!(frames(&client.receive()), frames(&expected));
}

/// A message that comes in many reads is put together where it belongs, and the one behind it is not
/// missed, however the stream is cut.
#[test]
fn a_message_in_many_reads_comes_back_and_so_does_the_one_behind_it() {
    let payload: Vec<u8> = (0..=250).cycle().take(200_000).collect();
    let wire = [frame(BINARY, &payload), frame(TEXT, b"behind"), frame(BINARY, &payload)].concat();
    for piece_bytes in [1_000, 70_000, 131_072, 199_999, wire.len()] {
        let mut simulation = simulation(|_| {});
        let client = open(&mut simulation);
        client.set_window(1 << 20);
        for piece in wire.chunks(piece_bytes) {
            client.send(piece);
            simulation.run();
        }
        let frames = frames(&client.receive());
        let joined = |frames: &[(u8, Vec<u8>)]| {
            frames.iter().flat_map(|(_, payload)| payload.clone()).collect::<Vec<u8>>()
        };
        // 200,000 bytes are two frames.
        let firsts: Vec<u8> = frames.iter().map(|(first, _)| *first).collect();
        assert_eq!(firsts, [0x02, 0x80, TEXT, 0x02, 0x80], "{piece_bytes}");
        assert!(joined(&frames[..2]) == payload && joined(&frames[3..]) == payload);
        assert_eq!(simulation.application().messages, 3);
    }
}

/// Text is looked at as it comes there too: the first wrong byte ends the connection (RFC 6455
/// §8.1).
#[test]
fn what_is_wrong_in_a_long_message_ends_the_connection_before_the_message_ends() {
    let mut simulation = simulation(|_| {});
    let client = open(&mut simulation);
    let wire = frame(TEXT, &[b'a'; 300_000]);
    let (front, rest) = wire.split_at(100_000);
    client.send(front);
    simulation.run();
    assert_eq!((client.receive(), client.unread_bytes()), (Vec::new(), 0));
    let mut wrong = rest[..20_000].to_vec();
    wrong[19_999] ^= b'a' ^ 0xff;
    client.send(&wrong);
    simulation.run();
    let frames = frames(&client.receive());
    assert_eq!((frames[0].0, close_code(&frames[0].1), frames.len()), (CLOSE, 1007, 1));
    assert_eq!(simulation.application().messages, 0);
    assert!(client.is_ended(), "the server ends the stream behind its Close");
}

/// Where a long message has to wait, what came behind its request waits too: a peer that takes
/// everything, if not at once, is not found too slow.
#[test]
fn behind_a_long_message_that_waits_no_more_is_processed() {
    let mut simulation = simulation(|config| {
        config.outbox_low_water_bytes = 1_000;
        config.outbox_high_water_bytes = 50_000;
        config.max_outbox_bytes = 70_000;
    });
    let client = open(&mut simulation);
    client.set_window(1_000);
    let requests = [&b"burst 1 65000"[..], b"burst 1 20000", b"hello"];
    client.send(&requests.map(|text| frame(TEXT, text)).concat());
    simulation.run();
    assert_eq!(simulation.application().messages, 1);
    let expected = [binary(65_000), binary(20_000), reply(TEXT, b"hello")].concat();
    let mut received = client.receive();
    for _ in 0..expected.len().div_ceil(1_000) {
        client.set_window(1_000);
        simulation.run();
        received.extend(client.receive());
    }
    assert_eq!(frames(&received), frames(&expected));
}

/// However much of a message has come, and how much there is to read: the others have their turn
/// after so much of it.
#[test]
fn a_long_message_is_read_in_pieces_that_others_can_wait_for() {
    const LEN: usize = 8 << 20;
    let mut simulation = simulation(|config| config.limits.max_message_bytes = LEN as u64);
    let client = open(&mut simulation);
    let reads_before = client.reads();
    client.send(&frame(BINARY, &vec![b'a'; LEN]));
    simulation.run();
    assert_eq!((simulation.application().messages, client.unread_bytes()), (1, 0));
    assert!(client.reads() - reads_before >= LEN / IN_PLACE_BYTES, "{} reads", client.reads());
}
