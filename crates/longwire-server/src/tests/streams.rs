//! Answers that take their time: later ones, and streams.

use super::desk::{Desk, Order, STREAM, answer, ask, desk, get, order, text};
use super::*;
use crate::simulation::Random;

fn log(simulation: &mut Simulation<Desk>) -> Vec<String> {
    std::mem::take(&mut simulation.application().log)
}

#[test]
fn a_later_answer_comes_when_it_is_given_and_before_the_next_request_is_looked_at() {
    let sent = "POST /later HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi".to_owned()
        + &get("/later")
        + &get("/b");
    for cut in 0..=sent.len() {
        let mut simulation = desk(|_| {});
        let client = simulation.connect();
        client.send(&sent.as_bytes()[..cut]);
        simulation.run();
        client.send(&sent.as_bytes()[cut..]);
        simulation.run_for(secs(500));
        assert_eq!(
            (text(&client), log(&mut simulation)),
            (String::new(), vec!["POST /later hi".into()])
        );
        let id = simulation.application().ids[0];
        order(&mut simulation, [Order::Respond(id, "at last")]);
        assert_eq!(text(&client), answer("at last"), "cut at {cut}");
        assert_eq!(log(&mut simulation), ["wake", "GET /later"]);
        order(&mut simulation, [Order::Respond(id, "and again"), Order::Respond(id, "too often")]);
        assert_eq!(text(&client), answer("and again") + &answer("GET /b "), "cut at {cut}");
        assert_eq!(log(&mut simulation), ["wake", "GET /b"]);
        let sent = &simulation.application().sent;
        assert_eq!(*sent, [Sent::Now, Sent::Now, Sent::Dropped], "who is answered is not again");
        assert_eq!((simulation.connections(), simulation.connections_with_buffers()), (1, 0));
    }
}

#[test]
fn what_follows_a_request_that_waits_is_not_read() {
    let mut simulation = desk(|_| {});
    let (client, id) = ask(&mut simulation, &get("/later"));
    let reads = client.reads();
    client.send(&get("/b").into_bytes().repeat(10_000));
    simulation.run();
    assert_eq!((client.reads(), client.unread_bytes()), (reads, get("/b").len() * 10_000));
    order(&mut simulation, [Order::Respond(id, "a")]);
    assert!(text(&client).starts_with(&(answer("a") + &answer("GET /b "))));
}

#[test]
fn a_stream_is_its_head_its_pieces_and_its_end() {
    for (path, begin) in [("/stream", "6\r\nbegin\n\r\n"), ("/empty-stream", "")] {
        let mut simulation = desk(|_| {});
        let (client, id) = ask(&mut simulation, &(get(path) + &get("/b")));
        assert_eq!(text(&client), format!("{STREAM}{begin}"));
        let piece = |bytes: &[u8]| Order::Send(id, bytes.to_vec());
        let shared = |bytes: &[u8]| Order::SendShared(vec![id], bytes.to_vec());
        order(&mut simulation, [piece(b"one"), piece(b""), shared(b"two"), shared(b"")]);
        assert_eq!(text(&client), "3\r\none\r\n3\r\ntwo\r\n");
        assert_eq!(simulation.application().sent, [Sent::Now; 4]);
        simulation.run_for(secs(1_000));
        let large = vec![b'x'; 40_000];
        order(&mut simulation, [shared(&large), piece(b"!"), Order::End(id), piece(b"too late")]);
        let expected = [&b"9c40\r\n"[..], &large, b"\r\n1\r\n!\r\n0\r\n\r\n"].concat();
        assert_eq!(client.receive(), [expected, answer("GET /b ").into_bytes()].concat());
        assert_eq!(simulation.application().sent[7], Sent::Dropped);
        let path = format!("GET {path}");
        assert_eq!(log(&mut simulation), [path.as_str(), "wake", "wake", "GET /b"]);
        assert_eq!((simulation.connections(), simulation.connections_with_buffers()), (1, 0));
    }
}

#[test]
fn a_later_answer_may_be_a_stream() {
    let mut simulation = desk(|_| {});
    let (client, id) = ask(&mut simulation, &get("/later"));
    let piece = || Order::Send(id, b"p".to_vec());
    order(
        &mut simulation,
        [piece(), Order::End(id), Order::Stream(id), piece(), Order::Stream(id)],
    );
    assert_eq!(text(&client), format!("{STREAM}5\r\nlate\n\r\n1\r\np\r\n"));
    assert_eq!(
        simulation.application().sent,
        [Sent::Dropped, Sent::Dropped, Sent::Now, Sent::Now, Sent::Dropped]
    );
}

#[test]
fn rfc9110_s9_3_2_a_stream_that_answers_head_is_over_with_its_head() {
    let mut simulation = desk(|_| {});
    let head = |path: &str| get(path).replacen("GET", "HEAD", 1);
    let (client, _) = ask(&mut simulation, &(head("/stream") + &head("/later") + &get("/b")));
    assert_eq!(text(&client), STREAM);
    assert_eq!(log(&mut simulation), ["HEAD /stream", "gone 0", "HEAD /later"]);
    let id = simulation.application().ids[0];
    order(&mut simulation, [Order::Stream(id)]);
    assert_eq!(text(&client), STREAM.to_owned() + &answer("GET /b "));
    assert_eq!(simulation.application().sent, [Sent::Dropped]);
}

#[test]
fn the_connection_ends_behind_a_stream_where_the_client_wants_that() {
    let mut simulation = desk(|_| {});
    let request = get("/stream").replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n");
    let (client, id) = ask(&mut simulation, &request);
    order(&mut simulation, [Order::End(id)]);
    let expected = STREAM.replace("OK\r\n", "OK\r\nConnection: close\r\n");
    assert_eq!(text(&client), expected + "6\r\nbegin\n\r\n0\r\n\r\n");
    assert!(client.is_ended() && !client.is_closed());
    client.end_stream();
    simulation.run();
    assert!(client.is_closed() && !client.was_cut_off());
}

/// A client that leaves is noticed though nothing is read from it, whatever it has sent before.
#[test]
fn a_client_that_leaves_is_told_of_once() {
    for path in ["/later", "/stream"] {
        for behind in ["", "GET /b HT", &get("/b").repeat(3_000)] {
            for leave in [Client::end_stream, Client::reset] {
                let mut simulation = desk(|_| {});
                let (client, id) = ask(&mut simulation, &(get(path) + behind));
                client.send(behind.as_bytes());
                simulation.run();
                assert_eq!(simulation.connections(), 1);
                leave(&client);
                simulation.run();
                assert!(client.is_closed());
                let asked = format!("GET {path}");
                assert_eq!(log(&mut simulation), [asked.as_str(), "gone 0"], "{behind}");
                order(&mut simulation, [Order::Send(id, b"p".to_vec()), Order::End(id)]);
                assert_eq!(simulation.application().sent, [Sent::Dropped; 2]);
                assert_eq!(
                    (log(&mut simulation), simulation.connections()),
                    (vec!["wake".into()], 0)
                );
            }
        }
    }
}

#[test]
fn a_client_that_has_left_when_its_request_is_read_is_told_of() {
    for path in ["/later", "/stream"] {
        let mut simulation = desk(|_| {});
        let client = simulation.connect();
        client.send(get(path).as_bytes());
        client.end_stream();
        simulation.run();
        assert_eq!(log(&mut simulation), [&*format!("GET {path}"), "gone 0"]);
        assert!(client.is_closed());
    }
}

#[test]
fn a_stalled_reader_is_dropped_and_costs_the_others_nothing() {
    let mut simulation = desk(|config| {
        (config.outbox_low_water_bytes, config.outbox_high_water_bytes) = (1_000, 5_000);
        config.max_outbox_bytes = 10_000;
    });
    let (stalled, first) = ask(&mut simulation, &get("/stream"));
    let (reader, second) = ask(&mut simulation, &get("/stream"));
    stalled.set_window(0);
    reader.receive();
    let piece = vec![b'p'; 2_991];
    let mut kinds = Vec::new();
    for _ in 0..5 {
        order(&mut simulation, [Order::SendShared(vec![first, second], piece.clone())]);
        kinds.extend(std::mem::take(&mut simulation.application().sent));
        assert_eq!(reader.receive(), [&b"baf\r\n"[..], &piece, b"\r\n"].concat());
    }
    // 2,998 bytes each: three fit, and the fourth is too much. Then there is nobody.
    assert_eq!(
        kinds.chunks(2).map(|pair| pair[0]).collect::<Vec<_>>()[..4],
        [Sent::Now, Sent::Queued, Sent::Queued, Sent::Dropped]
    );
    assert_eq!(kinds.len(), 9);
    assert!(stalled.is_closed() && !reader.is_closed());
    let log = log(&mut simulation);
    assert_eq!(log.iter().filter(|line| *line == "gone 0").count(), 1);
    assert_eq!((log.len(), simulation.connections()), (2 + 5 + 1, 1));
}

#[test]
fn a_stream_whose_client_takes_nothing_for_too_long_is_dropped() {
    let mut simulation = desk(|config| config.write_stall_timeout = secs(20));
    let (client, id) = ask(&mut simulation, &get("/stream"));
    client.set_window(0);
    simulation.run_for(secs(1_000));
    order(&mut simulation, [Order::Send(id, b"piece".to_vec())]);
    simulation.run_for(secs(20) - Duration::from_millis(1));
    assert!(!client.is_closed());
    simulation.run_for(Duration::from_millis(51));
    assert!(client.is_closed());
    assert_eq!(log(&mut simulation), ["GET /stream", "wake", "gone 0"]);
}

/// Every line: the call that fails once while a piece is sent to a client that takes little, with
/// which error, and whether the stream survives that.
#[cfg(any(target_os = "linux", target_os = "android"))]
#[test]
fn a_call_that_fails_ends_the_stream_that_it_was_for_and_no_other() {
    use crate::simulation::Call;
    let table = [
        (Call::Write, libc::EAGAIN, true),
        (Call::Write, libc::EPIPE, false),
        (Call::Write, libc::ECONNRESET, false),
        (Call::WatchWrites, libc::ENOMEM, false),
        (Call::Wait, libc::EINTR, true),
    ];
    for (call, errno, survives) in table {
        let mut simulation = desk(|_| {});
        let (client, id) = ask(&mut simulation, &get("/stream"));
        let (other, second) = ask(&mut simulation, &get("/stream"));
        client.receive();
        other.receive();
        client.set_window(3);
        simulation.fail(call, 0, errno);
        order(&mut simulation, [Order::Send(id, b"piece".to_vec())]);
        assert!(simulation.has_failed(), "{call:?}");
        order(&mut simulation, [Order::Send(second, b"other".to_vec())]);
        client.set_window(100);
        simulation.run();
        assert_eq!(text(&other), "5\r\nother\r\n", "{call:?} {errno}");
        let gone = log(&mut simulation).iter().filter(|line| *line == "gone 0").count();
        assert_eq!(
            (gone, client.is_closed()),
            (usize::from(!survives), !survives),
            "{call:?} {errno}"
        );
        let expected = "5\r\npiece\r\n";
        let received = text(&client);
        assert!(expected.starts_with(&received), "{call:?} {errno}");
        assert_eq!(received == expected, survives, "{call:?} {errno}");
    }
}

#[test]
fn a_stream_that_has_room_again_is_told_of() {
    let mut simulation = desk(|_| {});
    let (client, id) = ask(&mut simulation, &get("/stream"));
    client.receive();
    client.set_window(0);
    let piece = || Order::Send(id, vec![b'p'; 50_000]);
    order(&mut simulation, [piece()]);
    order(&mut simulation, [piece()]);
    assert_eq!(simulation.application().sent, [Sent::Now, Sent::Queued]);
    client.set_window(10);
    simulation.run();
    assert_eq!(log(&mut simulation), ["GET /stream", "wake", "wake"]);
    client.set_window(1 << 20);
    simulation.run();
    assert_eq!(log(&mut simulation), ["drained 0"]);
    assert_eq!(client.receive().len(), 2 * (50_000 + 8));
}

#[test]
fn an_aborted_stream_is_cut_off_and_told_of() {
    let mut simulation = desk(|_| {});
    let (client, id) = ask(&mut simulation, &get("/stream"));
    order(&mut simulation, [Order::Abort(id), Order::Send(id, b"p".to_vec()), Order::End(id)]);
    assert_eq!(text(&client), format!("{STREAM}6\r\nbegin\n\r\n"), "no last chunk");
    assert!(client.is_closed());
    assert_eq!(log(&mut simulation), ["GET /stream", "wake", "gone 0"]);
    assert_eq!(simulation.application().sent, [Sent::Now, Sent::Dropped, Sent::Dropped]);
}

#[test]
fn what_is_aborted_when_the_server_shuts_down_is_told_of_once() {
    let mut simulation = desk(|_| {});
    let (client, id) = ask(&mut simulation, &get("/stream"));
    simulation.application().when_woken = vec![Order::Abort(id)];
    simulation.shut_down();
    simulation.run();
    assert!(client.is_closed() && simulation.is_over());
    assert_eq!(log(&mut simulation), ["GET /stream", "shutdown", "gone 0"]);
    assert_eq!(text(&client), format!("{STREAM}6\r\nbegin\n\r\n"), "no last chunk");
}

#[test]
fn a_shutdown_ends_what_the_application_does_not() {
    let mut simulation = desk(|_| {});
    let (idle, _) = ask(&mut simulation, &get("/a"));
    let (later, _) = ask(&mut simulation, &get("/later"));
    let (stream, _) = ask(&mut simulation, &get("/stream"));
    let (polite, told) = ask(&mut simulation, &get("/stream"));
    let (behind, _) = ask(&mut simulation, &get("/large"));
    let half = simulation.connect();
    half.send(b"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nha");
    simulation.run();
    for client in [&idle, &later, &stream, &polite] {
        client.receive();
    }
    log(&mut simulation);
    simulation.application().when_woken =
        vec![Order::Send(told, b"bye".to_vec()), Order::End(told)];
    simulation.shut_down();
    simulation.run();
    assert_eq!(log(&mut simulation), ["shutdown", "gone 1", "gone 2"]);
    assert!(idle.is_closed() && half.is_closed(), "nothing is under way there");
    assert!(text(&later).starts_with("HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\n"));
    assert_eq!(text(&stream), "0\r\n\r\n");
    assert_eq!(text(&polite), "3\r\nbye\r\n0\r\n\r\n");
    let mut received = behind.receive();
    simulation.run();
    received.extend(behind.receive());
    assert!(received.len() > 100_000, "an answer that is on its way arrives");
    for client in [&later, &stream, &polite, &behind] {
        assert!(client.is_ended() && !client.is_closed());
        client.end_stream();
    }
    simulation.run();
    assert!(simulation.is_over());
    assert_eq!(simulation.now(), Duration::ZERO);
    assert_eq!(log(&mut simulation), [""; 0]);
}

/// The content of a chunked body from the beginning of `wire`, and whether it is complete.
fn content(mut wire: &[u8]) -> (Vec<u8>, bool) {
    let mut content = Vec::new();
    while let Some(at) = wire.windows(2).position(|bytes| bytes == b"\r\n") {
        let size = usize::from_str_radix(std::str::from_utf8(&wire[..at]).unwrap(), 16).unwrap();
        if size == 0 {
            assert_eq!(&wire[at..], b"\r\n\r\n");
            return (content, true);
        }
        let piece = wire.get(at + 2..at + 2 + size).expect("a whole chunk");
        content.extend_from_slice(piece);
        assert_eq!(&wire[at + 2 + size..][..2], b"\r\n");
        wire = &wire[at + 4 + size..];
    }
    (content, false)
}

/// Many streams, pieces of all lengths, clients that take little at a time, stall and leave, from
/// seeds: whoever stays has every piece once and in order, whoever leaves is told of once.
#[test]
fn whoever_stays_gets_everything_in_order() {
    for seed in 0..40 {
        let mut random = Random::new(seed);
        let mut simulation = desk(|config| {
            config.outbox_low_water_bytes = 500;
            config.outbox_high_water_bytes = 2_000;
        });
        let mut streams: Vec<_> = (0..10).map(|_| ask(&mut simulation, &get("/stream"))).collect();
        streams.iter().for_each(|(client, _)| client.set_max_write(1 + random.below(5_000)));
        let (mut expected, mut left) = (b"begin\n".to_vec(), 0);
        let mut received = vec![Vec::new(); streams.len()];
        for round in 0..60_u8 {
            let piece = vec![round; random.below(3_000)];
            let ids = streams.iter().map(|(_, id)| *id).collect();
            expected.extend_from_slice(&piece);
            order(&mut simulation, [Order::SendShared(ids, piece)]);
            let at = random.below(streams.len());
            match random.below(8) {
                0 => streams[at].0.set_window(random.below(100)),
                1 if streams.len() > 5 => {
                    let (client, _) = streams.swap_remove(at);
                    received.swap_remove(at);
                    if random.below(2) == 0 {
                        client.end_stream();
                    } else {
                        client.reset();
                    }
                    left += 1;
                }
                _ => received[at].extend(streams[at].0.receive()),
            }
            simulation.run();
        }
        let ends: Vec<Order> = streams.iter().map(|(_, id)| Order::End(*id)).collect();
        order(&mut simulation, ends);
        for ((client, _), mut received) in streams.into_iter().zip(received) {
            client.set_window(1 << 20);
            client.set_max_write(usize::MAX);
            simulation.run();
            received.extend(client.receive());
            let body = received.strip_prefix(STREAM.as_bytes()).expect("the head");
            assert_eq!(content(body), (expected.clone(), true), "seed {seed}");
        }
        let gone = log(&mut simulation).iter().filter(|line| line.starts_with("gone")).count();
        assert_eq!((gone, simulation.connections()), (left, 10 - left), "seed {seed}");
        assert_eq!(simulation.connections_with_buffers(), 0, "seed {seed}");
    }
}
