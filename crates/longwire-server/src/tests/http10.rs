//! Plain requests in HTTP/1.0, which is what many proxies speak to the servers behind them.

use super::desk::{Order, STREAM, ask, desk, get, order, text};
use super::*;

/// The head of a stream, for HTTP/1.0.
const STREAM_1_0: &str = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n";

/// What comes back for these bytes up to the end of the stream, which the server ends, however they
/// are cut; and what the application was asked.
fn exchange(bytes: &[u8]) -> (String, Vec<String>) {
    let in_pieces = |ends: &[usize]| {
        let mut simulation = desk(|_| {});
        let client = simulation.connect();
        let mut begin = 0;
        for &end in ends {
            client.send(&bytes[begin..end]);
            simulation.run();
            begin = end;
        }
        assert!(client.is_ended() && !client.is_closed(), "the server ends the stream first");
        client.end_stream();
        simulation.run();
        assert!(client.is_closed() && !client.was_cut_off());
        assert_eq!(simulation.connections(), 0);
        (text(&client), std::mem::take(&mut simulation.application().log))
    };
    let whole = in_pieces(&[bytes.len()]);
    for cut in 0..bytes.len() {
        assert_eq!(in_pieces(&[cut, bytes.len()]), whole, "cut at {cut}");
    }
    let every_byte: Vec<usize> = (0..=bytes.len()).collect();
    assert_eq!(in_pieces(&every_byte), whole, "byte by byte");
    whole
}

/// Every line: a request, the status line and body of the answer, and what the application was asked.
/// What is sent behind the request is not looked at.
#[test]
fn rfc9112_s9_3_http_1_0_is_answered_in_1_1_and_the_connection_ends() {
    let table: [(&str, &str, &str, &str); 15] = [
        ("GET /a HTTP/1.0\r\n\r\n", "200 OK", "GET /a ", "GET /a"),
        ("GET /a HTTP/1.0\r\nHost: a\r\nConnection: close\r\n\r\n", "200 OK", "GET /a ", "GET /a"),
        ("GET /a HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", "200 OK", "GET /a ", "GET /a"),
        ("GET http://a/b HTTP/1.0\r\n\r\n", "200 OK", "GET /b ", "GET /b"),
        ("GET /last HTTP/1.0\r\n\r\n", "200 OK", "last", "GET /last"),
        ("POST /a HTTP/1.0\r\nContent-Length: 2\r\n\r\nhi", "200 OK", "POST /a hi", "POST /a hi"),
        ("POST /a HTTP/1.0\r\n\r\n", "200 OK", "POST /a ", "POST /a"),
        // An upgrade is not for HTTP/1.0.
        ("GET /a HTTP/1.0\r\nUpgrade: h2c\r\n\r\n", "200 OK", "GET /a ", "GET /a"),
        (
            "GET /a HTTP/1.0\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
            "505 HTTP Version Not Supported",
            "the HTTP version must be 1.1",
            "",
        ),
        (
            "CONNECT a:80 HTTP/1.0\r\n\r\n",
            "405 Method Not Allowed",
            "the method of an opening handshake must be GET",
            "",
        ),
        (
            "POST /a HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
            "400 Bad Request",
            "Transfer-Encoding must not be in HTTP/1.0",
            "",
        ),
        (
            "POST /a HTTP/1.0\r\nContent-Length: 2\r\nTransfer-Encoding: identity\r\n\r\nhi",
            "400 Bad Request",
            "Transfer-Encoding must not be in HTTP/1.0",
            "",
        ),
        (
            "GET /a HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n",
            "400 Bad Request",
            "Host must not be repeated",
            "",
        ),
        // Other versions are what they were.
        (
            "GET /a HTTP/0.9\r\n\r\n",
            "505 HTTP Version Not Supported",
            "the HTTP version must be 1.1",
            "",
        ),
        (
            "GET /a HTTP/1.2\r\nHost: a\r\n\r\n",
            "505 HTTP Version Not Supported",
            "the HTTP version must be 1.1",
            "",
        ),
    ];
    for (request, status, body, asked) in table {
        for behind in ["", "GET /b HTTP/1.0\r\n\r\n"] {
            let (answer, log) = exchange([request, behind].concat().as_bytes());
            let (head, content) = answer.split_once("\r\n\r\n").unwrap();
            let expected = [
                format!("HTTP/1.1 {status}"),
                "Connection: close".into(),
                format!("Content-Length: {}", body.len()),
                "Content-Type: text/plain; charset=utf-8".into(),
            ];
            let lines: Vec<&str> = head.split("\r\n").take(4).collect();
            assert_eq!((&lines[..], content), (&expected.each_ref().map(|it| &**it)[..], body));
            let asked: &[&str] = if asked.is_empty() { &[] } else { &[asked] };
            assert_eq!(log, asked, "{request}");
        }
    }
    let (answer, log) = exchange(b"HEAD /a HTTP/1.0\r\n\r\n");
    let head = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 8\r\n\
        Content-Type: text/plain; charset=utf-8\r\n\r\n";
    assert_eq!((&*answer, &log[..]), (head, &["HEAD /a".to_owned()][..]));
}

#[test]
fn rfc9110_s10_1_1_http_1_0_is_not_told_to_go_on() {
    for (version, interim) in [("1.0", ""), ("1.1", "HTTP/1.1 100 Continue\r\n\r\n")] {
        let mut simulation = desk(|_| {});
        let client = simulation.connect();
        let head = format!(
            "POST /a HTTP/{version}\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"
        );
        client.send(head.as_bytes());
        simulation.run();
        assert_eq!(text(&client), interim);
        client.send(b"hi");
        simulation.run();
        let answer = text(&client);
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("POST /a hi"));
    }
}

#[test]
fn rfc9112_s6_1_a_stream_for_http_1_0_has_no_chunks_and_ends_with_the_connection() {
    let request = |path: &str| get(path).replace("HTTP/1.1", "HTTP/1.0");
    for (path, begin) in [("/stream", "begin\n"), ("/empty-stream", ""), ("/later", "late\n")] {
        let mut simulation = desk(|_| {});
        let (client, id) = ask(&mut simulation, &(request(path) + &get("/b")));
        if path == "/later" {
            order(&mut simulation, [Order::Stream(id)]);
        }
        assert_eq!(text(&client), format!("{STREAM_1_0}{begin}"));
        // Others are sent the same in chunks.
        let (other, other_id) = ask(&mut simulation, &get("/empty-stream"));
        assert_eq!(text(&other), STREAM);
        let shared = |bytes: &[u8]| Order::SendShared(vec![id, other_id], bytes.to_vec());
        let piece = |bytes: &[u8]| Order::Send(id, bytes.to_vec());
        order(&mut simulation, [piece(b"one"), piece(b""), shared(b"two"), shared(b"")]);
        assert_eq!((&*text(&client), &*text(&other)), ("onetwo", "3\r\ntwo\r\n"));
        simulation.run_for(secs(1_000));
        let large = vec![b'x'; 40_000];
        client.set_window(100);
        order(&mut simulation, [shared(&large), piece(b"!")]);
        assert!(client.receive() == large[..100] && !client.is_ended());
        order(&mut simulation, [Order::End(id), piece(b"too late")]);
        let last_two = simulation.application().sent.iter().rev().take(2).rev();
        assert_eq!(last_two.collect::<Vec<_>>(), [&Sent::Queued, &Sent::Dropped]);
        assert!(!client.is_ended(), "not in front of what waits");
        client.set_window(100_000);
        simulation.run();
        assert_eq!(client.receive(), [&large[100..], b"!"].concat());
        assert!(client.is_ended() && !client.is_closed());
        client.end_stream();
        simulation.run();
        assert!(client.is_closed() && !client.was_cut_off());
        assert!(!simulation.application().log.contains(&"GET /b".to_owned()));
        assert_eq!(simulation.connections(), 1, "the other");
    }
}

/// With nothing that waits, the stream ends at once.
#[test]
fn a_stream_for_http_1_0_is_ended_by_the_application_or_with_the_server() {
    for shuts_down in [false, true] {
        let mut simulation = desk(|_| {});
        let (client, id) = ask(&mut simulation, "GET /stream HTTP/1.0\r\n\r\n");
        assert!(!client.is_ended());
        if shuts_down {
            simulation.shut_down();
            simulation.run();
        } else {
            order(&mut simulation, [Order::End(id)]);
        }
        assert_eq!(text(&client), format!("{STREAM_1_0}begin\n"));
        assert!(client.is_ended());
        let log: &[&str] = if shuts_down { &["shutdown", "gone 0"] } else { &["wake"] };
        assert_eq!(simulation.application().log[1..], *log);
    }
}

#[test]
fn rfc9110_s9_3_2_a_stream_that_answers_head_in_http_1_0_is_its_head() {
    let (answer, log) = exchange(b"HEAD /stream HTTP/1.0\r\n\r\n");
    assert_eq!((&*answer, &log[..]), (STREAM_1_0, &["HEAD /stream".into(), "gone 0".into()][..]));
}
