//! Plain requests: their bodies, one behind the other on one connection, and what ends that.

use super::desk::{answer, ask, desk, get, text};
use super::*;
use crate::simulation::Random;

const REFUSED: &str = "\r\nConnection: close\r\n";

#[test]
fn requests_with_bodies_are_answered_in_order_at_every_cut() {
    let sent = "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello\
        POST /b HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\
        3;x=y\r\nwor\r\n2\r\nld\r\n0\r\nTrailer: t\r\n\r\n\
        HEAD /c HTTP/1.1\r\nHost: a\r\n\r\n\
        OPTIONS * HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n\
        GET /d?e HTTP/1.1\r\nHost: a\r\n\r\n";
    let head = answer("HEAD /c ");
    let expected = [
        &*answer("POST /a hello"),
        &*answer("POST /b world"),
        head.strip_suffix("HEAD /c ").unwrap(),
        &*answer("OPTIONS * "),
        &*answer("GET /d "),
    ]
    .concat();
    let log = ["POST /a hello", "POST /b world", "HEAD /c", "OPTIONS *", "GET /d"];
    for cut in 0..sent.len() {
        let mut simulation = desk(|_| {});
        let client = simulation.connect();
        for part in [&sent[..cut], &sent[cut..]] {
            client.send(part.as_bytes());
            simulation.run();
        }
        assert_eq!(text(&client), expected, "cut at {cut}");
        assert_eq!(simulation.application().log, log);
        assert_eq!((simulation.connections(), simulation.connections_with_buffers()), (1, 0));
    }
    let mut simulation = desk(|_| {});
    let client = simulation.connect();
    for byte in sent.as_bytes() {
        client.send(&[*byte]);
        simulation.run();
    }
    assert_eq!(
        (text(&client), &simulation.application().log[..]),
        (expected, &log.map(String::from)[..])
    );
}

/// Bytes changed at random, from seeds: whatever they come to, it is the same for every way of cutting,
/// and nothing panics.
#[test]
fn damaged_requests_have_one_outcome_however_they_are_cut() {
    const DAMAGE: &[u8] = b"\r\n\t\0 :;,=059afF\x7f\xff";
    let sound = "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello\
        POST /b HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n\
        3;x=y\r\nwor\r\n02\r\nld\r\n0\r\nT: t\r\n\r\nGET /c HTTP/1.1\r\nHost: a\r\n\r\n";
    let outcome = |bytes: &[u8], cuts: &[usize]| {
        let mut simulation = desk(|config| config.max_body_bytes = 64);
        let client = simulation.connect();
        let mut begin = 0;
        for &cut in cuts.iter().chain([&bytes.len()]) {
            client.send(&bytes[begin..cut]);
            simulation.run();
            begin = cut;
        }
        let log = std::mem::take(&mut simulation.application().log);
        (text(&client), log, client.is_ended())
    };
    let (mut whole, mut refused) = (0, 0);
    for seed in 0..600 {
        let mut random = Random::new(seed);
        let mut bytes = sound.as_bytes().to_vec();
        for _ in 0..=random.below(2) {
            let at = random.below(bytes.len());
            match random.below(3) {
                0 => bytes[at] = DAMAGE[random.below(DAMAGE.len())],
                1 => bytes.insert(at, DAMAGE[random.below(DAMAGE.len())]),
                _ => drop(bytes.remove(at)),
            }
        }
        let expected = outcome(&bytes, &[]);
        let cut = random.below(bytes.len());
        let every: Vec<usize> = (1..bytes.len()).collect();
        for cuts in [&[cut][..], &every] {
            assert_eq!(outcome(&bytes, cuts), expected, "seed {seed}: {:?}", bytes.escape_ascii());
        }
        whole += usize::from(expected.1.len() == 3);
        refused += usize::from(expected.2);
    }
    // The damage is neither always harmless nor always fatal.
    assert!(whole > 50 && refused > 200, "{whole} answered in full, {refused} refused");
}

#[test]
fn requests_of_one_read_are_answered_with_one_write() {
    let mut simulation = desk(|_| {});
    let client = simulation.connect();
    client.send(get("/a").repeat(10).as_bytes());
    simulation.run();
    assert_eq!(text(&client), answer("GET /a ").repeat(10));
    assert_eq!((client.reads(), client.writes()), (1, 1));
}

#[test]
fn rfc9112_s9_3_a_connection_goes_on_until_it_is_idle_for_too_long() {
    let mut simulation = desk(|config| config.keep_alive_timeout = secs(30));
    let (client, first) = ask(&mut simulation, &get("/a"));
    for _ in 0..3 {
        simulation.run_for(secs(29));
        assert_eq!((simulation.connections_with_buffers(), text(&client)), (0, answer("GET /a ")));
        client.send(get("/a").as_bytes());
        simulation.run();
    }
    assert!(simulation.application().ids.iter().all(|id| *id == first), "it is one connection");
    simulation.run_for(secs(30) - Duration::from_millis(1));
    assert!(!client.is_ended());
    simulation.run_for(Duration::from_millis(51));
    // A request that crosses that on its way must not be answered with a reset.
    assert!(client.is_ended() && !client.is_closed());
    client.send(get("/late").as_bytes());
    client.end_stream();
    simulation.run();
    assert!(client.is_closed() && !client.was_cut_off());
    assert_eq!((text(&client), simulation.application().log.len()), (answer("GET /a "), 4));
}

#[test]
fn a_connection_is_not_idle_while_its_answer_is_on_its_way() {
    let mut simulation = desk(|config| {
        (config.keep_alive_timeout, config.write_stall_timeout) = (secs(5), secs(20));
    });
    let client = simulation.connect();
    client.set_window(0);
    client.send(get("/a").as_bytes());
    simulation.run_for(secs(7));
    client.set_window(1_000);
    simulation.run_for(secs(2));
    assert_eq!((text(&client), client.is_ended()), (answer("GET /a "), false));
    simulation.run_for(secs(2));
    assert!(client.is_ended(), "5 s after the first 5 s");
}

#[test]
fn the_head_of_a_later_request_has_its_time_from_its_first_byte() {
    let mut simulation = desk(|config| {
        config.keep_alive_timeout = secs(60);
        config.handshake_timeout = secs(10);
    });
    let (client, _) = ask(&mut simulation, &get("/a"));
    simulation.run_for(secs(55));
    client.send(b"GET /b HT");
    simulation.run();
    for _ in 0..9 {
        simulation.run_for(secs(1));
        client.send(b"T");
    }
    simulation.run();
    assert!(!client.is_closed());
    simulation.run_for(Duration::from_millis(1_050));
    assert!(client.is_closed());
    assert_eq!((text(&client), simulation.connections()), (answer("GET /a "), 0));
}

#[test]
fn rfc9112_s9_6_who_wants_it_closed_gets_it_closed() {
    let table = [
        ("GET /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "GET /a "),
        ("GET /a HTTP/1.1\r\nHost: a\r\nConnection: x, CLOSE\r\n\r\n", "GET /a "),
        ("GET /last HTTP/1.1\r\nHost: a\r\n\r\n", "last"),
    ];
    for (request, body) in table {
        let mut simulation = desk(|_| {});
        let (client, _) = ask(&mut simulation, &(request.to_owned() + &get("/b")));
        let received = text(&client);
        assert!(received.contains(REFUSED) && received.ends_with(body), "{received}");
        assert_eq!(received.matches("HTTP/1.1 ").count(), 1, "{received}");
        assert!(client.is_ended() && !client.is_closed());
        assert_eq!(simulation.application().log.len(), 1);
    }
}

/// Every line: the request, with a limit of 8 bytes; and the status.
#[test]
fn a_body_over_the_limit_is_refused_as_soon_as_that_is_known() {
    let post = "POST /a HTTP/1.1\r\nHost: a\r\n";
    let table = [
        ("Content-Length: 8\r\n\r\n12345678", 200),
        ("Content-Length: 9\r\n\r\n", 413),
        ("Content-Length: 18446744073709551615\r\n\r\n", 413),
        ("Transfer-Encoding: chunked\r\n\r\n8\r\n12345678\r\n0\r\n\r\n", 200),
        ("Transfer-Encoding: chunked\r\n\r\n9\r\n", 413),
        ("Transfer-Encoding: chunked\r\n\r\n4\r\n1234\r\n5\r\n", 413),
        ("Transfer-Encoding: chunked\r\n\r\n-1\r\n", 400),
        ("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        ("Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!", 400),
        ("Content-Length: 5, 5\r\n\r\nhello", 400),
        ("Content-Length: +5\r\n\r\nhello", 400),
        ("Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n", 400),
        ("Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 501),
        ("Content-Length: 5\r\n folded: 6\r\n\r\nhello", 400),
    ];
    for (rest, status) in table {
        for one_byte_at_a_time in [false, true] {
            let mut simulation = desk(|config| config.max_body_bytes = 8);
            let client = simulation.connect();
            let request = format!("{post}{rest}");
            for part in request.as_bytes().chunks(if one_byte_at_a_time { 1 } else { 1000 }) {
                client.send(part);
                simulation.run();
            }
            let received = text(&client);
            assert!(received.starts_with(&format!("HTTP/1.1 {status} ")), "{rest}: {received}");
            assert_eq!(received.contains(REFUSED), status != 200, "{rest}: {received}");
            assert_eq!(client.is_ended(), status != 200, "{rest}");
            assert_eq!(simulation.application().log.is_empty(), status != 200, "{rest}");
        }
    }
}

#[test]
fn rfc9110_s15_5_9_a_body_that_comes_too_slowly_is_answered_with_408() {
    let mut simulation = desk(|config| config.body_timeout = secs(5));
    let client = simulation.connect();
    client.send(b"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n");
    for _ in 0..4 {
        simulation.run_for(secs(1));
        client.send(b"slow");
    }
    simulation.run_for(Duration::from_millis(999));
    assert_eq!((text(&client), client.is_ended()), (String::new(), false));
    simulation.run_for(Duration::from_millis(51));
    let received = text(&client);
    assert!(received.starts_with("HTTP/1.1 408 Request Timeout\r\n"), "{received}");
    assert!(received.contains(REFUSED) && client.is_ended() && !client.is_closed());
    client.send(b"the rest, too late");
    client.end_stream();
    simulation.run();
    assert!(client.is_closed() && !client.was_cut_off());
    assert_eq!(simulation.application().log, [""; 0]);
}

#[test]
fn a_client_that_leaves_in_the_middle_of_a_body_is_forgotten() {
    for breaks in [false, true] {
        let mut simulation = desk(|_| {});
        let client = simulation.connect();
        client.send(b"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nhello");
        simulation.run();
        if breaks {
            client.reset();
        } else {
            client.end_stream();
        }
        simulation.run();
        assert!(client.is_closed());
        assert_eq!((simulation.connections(), simulation.application().log.len()), (0, 0));
    }
}

/// Who asks and does not listen is not read from: what it asks for waits in its own memory.
#[test]
fn rfc9112_s9_3_2_a_client_that_does_not_read_its_answers_is_not_read_from() {
    const REQUESTS: usize = 10_000;
    let mut simulation = desk(|_| {});
    let (client, other) = (simulation.connect(), simulation.connect());
    client.set_window(1_000);
    let request = get("/a");
    client.send(request.repeat(REQUESTS).as_bytes());
    other.send(request.as_bytes());
    simulation.run();
    assert_eq!(text(&other), answer("GET /a "));
    let asked = simulation.application().log.len() - 1;
    assert!((1..200).contains(&asked), "{asked} requests");
    assert!(client.unread_bytes() > request.len() * REQUESTS - 100_000);
    let mut received = String::new();
    while received.len() < answer("GET /a ").len() * REQUESTS {
        let more = text(&client);
        assert!(!more.is_empty());
        received += &more;
        simulation.run();
    }
    assert_eq!(received, answer("GET /a ").repeat(REQUESTS));
    assert_eq!((simulation.connections_with_buffers(), client.is_ended()), (0, false));
}

#[test]
fn t15_requests_of_a_client_that_takes_no_answer_wait_with_it_and_end_with_the_write_stall() {
    let mut simulation = desk(|config| config.write_stall_timeout = secs(20));
    let client = simulation.connect();
    client.set_window(0);
    let requests = get("/a").repeat(10_000);
    client.send(requests.as_bytes());
    simulation.run();
    let unread_bytes = client.unread_bytes();
    assert!(unread_bytes > requests.len() - 40_000, "one read, and no more");
    for _ in 0..19 {
        client.send(requests.as_bytes());
        simulation.run_for(secs(1));
    }
    assert_eq!(client.unread_bytes(), unread_bytes + 19 * requests.len());
    assert!(!client.is_closed());
    simulation.run_for(secs(2));
    assert!(client.is_closed());
    assert_eq!((simulation.connections(), simulation.application().log.len()), (0, 64));
}

#[test]
fn a_client_that_ends_its_stream_behind_its_requests_gets_all_its_answers() {
    let mut simulation = desk(|_| {});
    let client = simulation.connect();
    client.set_window(10);
    client.send((get("/large") + &get("/b")).as_bytes());
    client.end_stream();
    simulation.run();
    assert!(!client.is_closed());
    client.set_window(1_000_000);
    simulation.run();
    let received = text(&client);
    assert!(received.ends_with(&("l".to_owned() + &answer("GET /b "))), "{}", received.len());
    assert!(client.is_closed() && !client.was_cut_off());
}

/// What is left of the answer lies in front of the 101 and of frames, and control frames jump ahead
/// among these alone.
#[test]
fn a_websocket_may_follow_a_plain_request_however_little_the_client_takes() {
    let sent = [
        get("/a").as_bytes(),
        REQUEST.as_bytes(),
        &frame(BINARY, &[b'x'; 100]),
        &frame(PING, b"p"),
    ]
    .concat();
    let mut whole = Vec::new();
    for window in (0..500).rev() {
        let mut simulation = desk(|_| {});
        let client = simulation.connect();
        client.set_window(window);
        client.send(&sent);
        simulation.run();
        client.set_window(100_000);
        simulation.run();
        client.send(&frame(PING, b"q"));
        simulation.run();
        let received = client.receive();
        let first = answer("GET /a ");
        let rest = received.strip_prefix(first.as_bytes()).expect("the answer first");
        assert!(rest.starts_with(b"HTTP/1.1 101 "), "{window}");
        let end = rest.windows(4).position(|bytes| bytes == b"\r\n\r\n").unwrap() + 4;
        let mut frames = frames(&rest[end..]);
        frames.sort();
        if whole.is_empty() {
            whole.clone_from(&frames);
            assert_eq!(frames.len(), 3);
        }
        assert_eq!(frames, whole, "{window}");
        assert_eq!(simulation.application().log, ["GET /a", "open"]);
    }
}

#[test]
fn an_answer_that_cannot_be_sent_is_500_and_the_end() {
    let mut simulation = desk(|_| {});
    let (client, _) = ask(&mut simulation, &(get("/a") + &get("/wrong") + &get("/b")));
    let received = text(&client);
    let expected = answer("GET /a ")
        + "HTTP/1.1 500 Internal Server Error\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
    assert_eq!((received, client.is_ended()), (expected, true));
}

#[test]
fn a_panic_is_500_behind_the_answers_before_it() {
    let post = "POST /panic HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello".to_owned();
    for sent in [get("/a") + &get("/panic"), get("/a") + &post] {
        for cut in [0, sent.len() - 1] {
            let mut simulation = desk(|_| {});
            let (client, other) = (simulation.connect(), simulation.connect());
            for part in [&sent[..cut], &sent[cut..]] {
                client.send(part.as_bytes());
                simulation.run();
            }
            other.send(get("/b").as_bytes());
            simulation.run();
            let expected = answer("GET /a ")
                + "HTTP/1.1 500 Internal Server Error\r\nConnection: close\r\n\
                   Content-Length: 0\r\n\r\n";
            assert_eq!((text(&client), client.is_ended()), (expected, true));
            assert_eq!(text(&other), answer("GET /b "));
        }
    }
}
