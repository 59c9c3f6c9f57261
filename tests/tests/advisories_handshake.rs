//! Attacks on the opening handshake that have broken others, each with what has to come of it.
//! `advisories.md` lists them, and says which tests elsewhere belong to them.

mod simulated;

use std::time::Duration;

use allocation_counter::measure;
use longwire::handshake::{
    ClientRequest, DeflateOffer, DeflateParams, Established, HeadError, HeadLimits, HeadScanner,
    Request, RequestError, Response, ResponseError, Status, Url,
};
use simulated::{assert_refused, frame, open, request, simulation};

/// What a server's engine makes of a request: the status of a refusal, or nothing.
fn refused(bytes: &str) -> Option<(RequestError, u16)> {
    let mut scanner = HeadScanner::new(HeadLimits::DEFAULT);
    let refused = match scanner.scan(bytes.as_bytes()) {
        Ok(Status::Complete(head)) => {
            Request::parse(head).and_then(|request| request.upgrade().map(drop)).err()
        }
        Ok(Status::Partial) => panic!("{bytes:?} is not complete"),
        Err(error) => Some(error.into()),
    };
    assert!(scanner.examined_bytes() <= bytes.len().min(16 * 1024));
    refused.map(|error| (error, error.status()))
}

/// The answer to a request that is accepted.
fn accepted(bytes: &str) -> String {
    let mut simulation = simulation(|_| {});
    let client = simulation.connect();
    client.send(bytes.as_bytes());
    simulation.run();
    let answer = String::from_utf8(client.receive()).expect("an answer in ASCII");
    assert!(answer.starts_with("HTTP/1.1 101 "), "{answer:?} to {bytes:?}");
    assert!(!client.is_ended());
    answer
}

/// What a client makes of an answer to the sample of RFC 6455 §1.3.
fn verify(answer: &str, deflate: bool) -> Result<Established<'static>, ResponseError> {
    let url = Url::parse("ws://a/").expect("a URL");
    let mut asked = ClientRequest::new(url, *b"the sample nonce");
    asked.deflate = deflate.then(DeflateOffer::default);
    let mut scanner = HeadScanner::new(HeadLimits::DEFAULT);
    match scanner.scan(answer.as_bytes())? {
        Status::Complete(head) => asked.verify(&Response::parse(head)?),
        Status::Partial => panic!("{answer:?} is not complete"),
    }
}

fn answer(status: &str, upgrade: &str, lines: &str) -> String {
    format!(
        "HTTP/1.1 {status} Whatever\r\n{upgrade}Connection: Upgrade\r\n\
         Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n{lines}\r\n"
    )
}

#[test]
fn t01_a_header_line_without_end_is_answered_431_at_16_kib() {
    let head = [b"GET / HTTP/1.1\r\nHost: a\r\nX: ".as_slice(), &[b'a'; 1 << 20]].concat();
    assert_refused(&head, 431);
    let mut simulation = simulation(|_| {});
    let client = simulation.connect();
    for (at, byte) in head.iter().enumerate().take(16 * 1024) {
        assert!(!client.is_ended(), "not before the limit: {at}");
        client.send(&[*byte]);
        simulation.run();
    }
    let answer = client.receive();
    assert!(answer.starts_with(b"HTTP/1.1 431 "), "{answer:?}");
    assert!(client.is_ended());
    // One look at each byte, however they are cut.
    for read_bytes in [1, 1 << 20] {
        let mut scanner = HeadScanner::new(HeadLimits::DEFAULT);
        let ends = (read_bytes..=head.len()).step_by(read_bytes);
        let verdict = ends.map(|end| scanner.scan(&head[..end]).map(drop)).find(Result::is_err);
        let too_long = HeadError::HeadTooLong { max_head_bytes: 16 * 1024 };
        let whole = HeadScanner::new(HeadLimits::DEFAULT).scan(&head).map(drop);
        assert_eq!((verdict.unwrap_or(whole), whole), (Err(too_long), Err(too_long)));
        assert!(scanner.examined_bytes() <= 16 * 1024);
    }
}

#[test]
fn t02_more_headers_than_allowed_are_refused_before_any_is_looked_up_on_both_sides() {
    for count in [2_001, 100_000] {
        let many: String = (0..count).map(|index| format!("A{index}: b\r\n")).collect();
        // Without the Upgrade in front of them, a truncated map would have none.
        let request = format!("GET / HTTP/1.1\r\n{many}Host: a\r\nUpgrade: websocket\r\n\r\n");
        assert_refused(request.as_bytes(), 431);
        for start_line in ["GET / HTTP/1.1", "HTTP/1.1 101 Switching Protocols"] {
            let head = format!("{start_line}\r\n{many}Upgrade: websocket\r\n\r\n");
            let mut verdict = Ok(());
            let cost = measure(|| {
                verdict = HeadScanner::new(HeadLimits::DEFAULT).scan(head.as_bytes()).map(drop);
            });
            assert_eq!(verdict, Err(HeadError::TooManyHeaders { max_headers: 100 }));
            assert_eq!(cost.count_total, 0, "{cost:?}");
        }
    }
}

#[test]
fn t03_the_answer_to_a_line_too_long_is_the_same_for_every_cut() {
    let limits = HeadLimits { max_start_line_bytes: 20, max_head_bytes: 64, max_headers: 3 };
    let heads = [
        ("GET / HTTP/1.1\r\nHost: a\r\nX: ".to_owned() + &"a".repeat(60), "HTTP/1.1 431 "),
        ("GET /".to_owned() + &"a".repeat(60), "HTTP/1.1 414 "),
    ];
    for (head, begin) in heads {
        let mut answers = Vec::new();
        for cut in 0..=head.len() {
            let mut simulation = simulation(|config| config.head_limits = limits);
            let client = simulation.connect();
            for part in [&head[..cut], &head[cut..]] {
                client.send(part.as_bytes());
                simulation.run();
            }
            assert!(client.is_ended());
            answers.push(client.receive());
        }
        assert!(answers[0].starts_with(begin.as_bytes()));
        assert!(answers.iter().all(|answer| *answer == answers[0]));
    }
}

#[test]
fn t04_spaces_inside_a_subprotocol_are_400_and_beyond_the_head_431() {
    for (spaces, status) in [(1, 400), (1_024, 400), (15 * 1_024, 400), (32 * 1_024, 431)] {
        let line = format!("Sec-WebSocket-Protocol: b{}x\r\n", " ".repeat(spaces));
        assert_refused(request("/", &line).as_bytes(), status);
    }
}

#[test]
fn t05_a_quoted_string_without_end_is_400_at_every_length() {
    for escapes in [0, 1, 1_024, 7 * 1_024] {
        let line = format!("Sec-WebSocket-Extensions: a; b=\"{}\r\n", "\\c".repeat(escapes));
        assert_refused(request("/", &line).as_bytes(), 400);
    }
}

#[test]
fn t06_names_that_objects_have_in_other_languages_are_just_unknown() {
    for name in ["constructor", "__proto__", "toString", "hasOwnProperty"] {
        let cases = [
            name.to_owned(),
            format!("{name}; {name}={name}"),
            format!("permessage-deflate; {name}"),
            format!("permessage-deflate; {name}=15"),
        ];
        for extensions in cases {
            let line = format!("Sec-WebSocket-Extensions: {extensions}\r\n");
            let declined = accepted(&request("/", &line));
            assert!(!declined.contains("Sec-WebSocket-Extensions"), "{declined}");
            let error = match extensions.starts_with("permessage") {
                true => ResponseError::DeflateParameters,
                false => ResponseError::ExtensionNotOffered,
            };
            let chosen = answer("101", "Upgrade: websocket\r\n", &line);
            assert_eq!(verify(&chosen, true), Err(error), "{extensions}");
        }
    }
}

#[test]
fn t07_a_host_that_is_none_or_missing_or_there_twice_is_400() {
    let sound = request("/", "");
    let hosts = [
        "",
        "Host:\r\n",
        "Host: not a host[:port\r\n",
        "Host: [::1\r\n",
        "Host: a:b\r\n",
        "Host: a:99999\r\n",
        "Host: a@b\r\n",
        "Host: a/b\r\n",
        "Host: a\r\nHost: a\r\n",
        "Host: a\r\nhost: b\r\n",
    ];
    for host in hosts {
        assert_refused(sound.replace("Host: a\r\n", host).as_bytes(), 400);
    }
}

#[test]
fn t08_window_bits_that_make_no_sense_are_declined_and_fail_the_client() {
    let wrong = ["abc", "7", "16", "08", "15.0", "-9", "+9", "999999999999", "\"16\""];
    for name in ["server_max_window_bits", "client_max_window_bits"] {
        let offers = wrong.iter().map(|value| format!("{name}={value}"));
        for offer in offers.chain([format!("{name}=9; {name}=9"), format!("{name}=9; {name}=10")]) {
            let line = format!("Sec-WebSocket-Extensions: permessage-deflate; {offer}\r\n");
            let declined = accepted(&request("/", &line));
            assert!(!declined.contains("Sec-WebSocket-Extensions"), "{declined}");
            let chosen = answer("101", "Upgrade: websocket\r\n", &line);
            assert_eq!(verify(&chosen, true), Err(ResponseError::DeflateParameters), "{offer}");
        }
        // RFC 6455 §9.1: what a quoted string holds is a token, and a token is not empty.
        let line = format!("Sec-WebSocket-Extensions: permessage-deflate; {name}=\"\"\r\n");
        assert_eq!(refused(&request("/", &line)), Some((RequestError::ExtensionsMalformed, 400)));
        let chosen = answer("101", "Upgrade: websocket\r\n", &line);
        assert_eq!(verify(&chosen, true), Err(ResponseError::ExtensionsMalformed));
    }
    // RFC 7692 §7.1.2: 8 is a legal value. A server whose compressor cannot do it declines; a
    // client, which only has to read what was compressed so, accepts.
    let line = "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=8\r\n";
    assert!(!accepted(&request("/", line)).contains("Sec-WebSocket-Extensions"));
    let params = DeflateParams { server_max_window_bits: 8, ..DeflateParams::default() };
    let agreed = Established { subprotocol: None, deflate: Some(params) };
    assert_eq!(verify(&answer("101", "Upgrade: websocket\r\n", line), true), Ok(agreed));
}

#[test]
fn t09_another_version_or_no_upgrade_is_never_101() {
    let sound = request("/", "");
    let version = "Sec-WebSocket-Version: 13\r\n";
    for other in ["7", "8", "12", "14", "0", "13, 8", "013", ""] {
        let other = format!("Sec-WebSocket-Version: {other}\r\n");
        let answer = assert_refused(sound.replace(version, &other).as_bytes(), 426);
        assert!(answer.contains("\r\nSec-WebSocket-Version: 13\r\n"), "{answer:?}");
    }
    let answer = assert_refused(sound.replace(version, "").as_bytes(), 426);
    assert!(answer.contains("\r\nSec-WebSocket-Version: 13\r\n"), "{answer:?}");
    assert_refused(sound.replace("Upgrade: websocket\r\n", "").as_bytes(), 426);
    assert_refused(sound.replace("Connection: Upgrade\r\n", "").as_bytes(), 400);
    assert_refused(sound.replace("Connection: Upgrade", "Connection: close").as_bytes(), 400);
}

#[test]
fn t10_what_stands_behind_a_refused_upgrade_is_neither_a_request_nor_a_frame() {
    let behind = [b"GET /admin HTTP/1.1\r\nHost: a\r\n\r\n".as_slice(), &frame(0x81, b"hello")];
    let refused = [(request("/no", ""), 403), (request("/", "").replace("13", "8"), 426)];
    for (request, status) in refused {
        assert_refused(&[request.as_bytes(), &behind.concat()].concat(), status);
    }
}

#[test]
fn t11_only_101_with_its_upgrade_opens_a_client() {
    let upgrade = "Upgrade: websocket\r\n";
    for status in [100, 200, 204, 301, 401, 426, 500] {
        let error = ResponseError::NotSwitching { status };
        assert_eq!(verify(&answer(&status.to_string(), upgrade, ""), false), Err(error));
    }
    for upgrade in ["", "Upgrade: h2c\r\n", "Upgrade:\r\n", "Upgrade: websocket, h2c\r\n"] {
        let error = ResponseError::UpgradeNotWebSocket;
        assert_eq!(verify(&answer("101", upgrade, ""), false), Err(error));
    }
    let opened = Established { subprotocol: None, deflate: None };
    assert_eq!(verify(&answer("101", upgrade, ""), false), Ok(opened));
}

#[test]
fn t12_an_upgrade_with_a_body_however_it_is_announced_is_400_and_the_end() {
    let bodies = [
        "Content-Length: 5\r\n",
        "Content-Length: +5\r\n",
        "Content-Length: -1\r\n",
        "Content-Length: 0x5\r\n",
        "Content-Length: 5, 5\r\n",
        "Content-Length: 5\r\nContent-Length: 5\r\n",
        "Content-Length: 5\r\nContent-Length: 6\r\n",
        "Content-Length: 0\r\nContent-Length: 5\r\n",
        "Content-Length: 99999999999999999999999\r\n",
        "Transfer-Encoding: chunked\r\n",
        "Transfer-Encoding: xchunked\r\n",
        "Transfer-Encoding: chunked, identity\r\n",
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
    ];
    for body in bodies {
        // A chunk of 2^64 bytes and more: a body is never read, so its length means nothing.
        let request = [request("/", body), "10000000000000000\r\nhello\r\n0\r\n\r\n".into()];
        assert_refused(request.concat().as_bytes(), 400);
    }
    // RFC 9112 §6.1: a coding that is not understood, in front of one that is.
    let request = request("/", "Transfer-Encoding: gzip, chunked\r\n");
    assert_refused(request.as_bytes(), 501);
}

#[test]
fn t13_no_answer_ever_switches_to_http_2() {
    let settings = "HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n";
    let sound = request("/", settings);
    let plain = sound.replace("Upgrade: websocket", "Upgrade: h2c");
    let answer = assert_refused(plain.as_bytes(), 426);
    assert!(!answer.contains("h2c"), "{answer}");
    let bare = format!(
        "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\n\
         {settings}\r\n"
    );
    assert_refused(bare.as_bytes(), 426);
    let both = accepted(&sound.replace("Upgrade: websocket", "Upgrade: h2c, websocket"));
    assert!(both.contains("\r\nUpgrade: websocket\r\n") && !both.contains("h2c"), "{both}");
}

#[test]
fn t16_ten_thousand_slow_heads_neither_outlive_their_deadline_nor_hold_up_another_client() {
    const COUNT: usize = 10_000;
    let mut simulation = simulation(|_| {});
    let slow: Vec<_> = (0..COUNT).map(|_| simulation.connect()).collect();
    // Half of them send a byte a second, the others nothing.
    for second in 0..9 {
        for client in slow.iter().step_by(2) {
            client.send(&b"GET / HTT"[second..=second]);
        }
        simulation.run_for(Duration::from_secs(1));
    }
    let client = open(&mut simulation, "");
    client.send(&frame(0x81, b"hello"));
    simulation.turn();
    assert_eq!(client.receive(), b"\x81\x05hello", "in the next turn of the loop");
    assert_eq!(simulation.connections(), COUNT + 1);
    simulation.run_for(Duration::from_millis(1_050));
    assert!(slow.iter().all(|slow| slow.is_closed() && slow.receive().is_empty()));
    assert_eq!(simulation.connections(), 1);
}

/// The engine decides nothing about origins; whoever compares them gets what was sent.
#[test]
fn t17_an_origin_is_handed_over_as_it_was_sent_or_is_400() {
    let origins = [
        "null",
        "https://good.com",
        "https://good.com.evil.com",
        "https://evilgood.com",
        "https://good.com:8443",
        "http://good.com",
        "HTTPS://GOOD.COM",
        "https://xn--bcher-kva.example",
        "*",
    ];
    let origin = |lines: &str| {
        let bytes = request("/", lines);
        let mut scanner = HeadScanner::new(HeadLimits::DEFAULT);
        let Ok(Status::Complete(head)) = scanner.scan(bytes.as_bytes()) else {
            panic!("{lines} is not complete")
        };
        Request::parse(head)
            .and_then(|request| {
                request.upgrade().map(|upgrade| upgrade.origin().map(str::to_owned))
            })
            .map_err(|error| error.status())
    };
    assert_eq!(origin(""), Ok(None));
    for sent in origins {
        assert_eq!(origin(&format!("Origin: {sent}\r\n")), Ok(Some(sent.to_owned())));
    }
    for wrong in ["https://b\u{fc}cher.example", "https://good.com https://evil.com", ""] {
        assert_eq!(origin(&format!("Origin: {wrong}\r\n")), Err(400), "{wrong}");
    }
    assert_eq!(origin("Origin: https://good.com\r\nOrigin: https://good.com\r\n"), Err(400));
}

/// The engine decides nothing about paths; it must not make two of them look the same.
#[test]
fn t18_a_path_is_handed_over_as_it_was_spelled() {
    let path = |target: &str| {
        let bytes = request(target, "");
        let mut scanner = HeadScanner::new(HeadLimits::DEFAULT);
        let Ok(Status::Complete(head)) = scanner.scan(bytes.as_bytes()) else {
            panic!("{target} is not complete")
        };
        Request::parse(head).map(|request| request.path().to_owned())
    };
    for target in ["/ws/", "/%77s", "/ws;x", "//ws", "/./ws", "/x/../ws", "/WS", "/ws%00"] {
        assert_eq!(path(target), Ok(target.to_owned()));
    }
    for target in ["http://a/ws", "ws://a/ws", "/ws?x"] {
        assert_eq!(path(target), Ok("/ws".to_owned()));
    }
    assert_eq!(path("ws"), Err(RequestError::InvalidTarget));
}

#[test]
fn t22_an_application_that_refuses_or_closes_inside_the_upgrade_leaves_nothing_behind() {
    assert_refused(request("/no", "").as_bytes(), 403);
    for leaves_first in [false, true] {
        let mut simulation = simulation(|_| {});
        let client = simulation.connect();
        client.send(request("/bye", "").as_bytes());
        client.send(&frame(0x88, b"\x03\xe9"));
        if leaves_first {
            client.end_stream();
        }
        simulation.run();
        let answer = client.receive();
        assert!(answer.starts_with(b"HTTP/1.1 101 "));
        assert!(answer.ends_with(b"\r\n\r\n\x88\x05\x03\xe9bye"), "{answer:?}");
        client.end_stream();
        simulation.run();
        assert!(client.is_closed() && !client.was_cut_off());
        let echo = simulation.application();
        assert_eq!((echo.opened, echo.closures.len(), echo.messages), (1, 1, 0));
        assert_eq!((simulation.connections(), simulation.connections_with_buffers()), (0, 0));
    }
}
