//! Requests in HTTP/1.0, as reverse proxies send them.

use std::io::{BufRead as _, BufReader, Read as _};

use crate::server::TestServer;

/// What comes back up to the end of the connection, which the server ends.
fn answer(server: &TestServer, request: &str) -> String {
    let mut answer = String::new();
    server.connect(request).read_to_string(&mut answer).unwrap();
    answer
}

/// Every line: a request, the status of the answer, and how its body begins.
#[test]
fn each_route_is_served_whether_or_not_the_server_is_named() {
    let server = TestServer::start();
    let table = [
        ("GET /health HTTP/1.0\r\n\r\n", "200 OK", "ok\n"),
        ("OPTIONS / HTTP/1.0\r\n\r\n", "204 No Content", ""),
        ("GET / HTTP/1.0\r\n\r\n", "200 OK", "<!doctype html>"),
        (
            "POST /publish?channel=a HTTP/1.0\r\nContent-Length: 1\r\n\r\n7",
            "200 OK",
            "{\"publish\":{}}",
        ),
        ("GET /poll?channel=a&wait=0 HTTP/1.0\r\n\r\n", "200 OK", "{\"position\":\"1.a."),
        (
            "GET /history?channel=a HTTP/1.0\r\nHost: push.example\r\n\r\n",
            "200 OK",
            "{\"history\":{\"publications\":[{\"data\":7,",
        ),
        (
            "POST /api/info HTTP/1.0\r\nContent-Length: 2\r\n\r\n{}",
            "401 Unauthorized",
            "X-API-Key has to be",
        ),
        (
            "GET /poll?channel=a HTTP/1.0\r\nOrigin: https://stranger.example\r\n\r\n",
            "403 Forbidden",
            "pages of this origin may not come here",
        ),
        (
            "GET /connection/websocket HTTP/1.0\r\nConnection: close\r\n\r\n",
            "426 Upgrade Required",
            "there is a WebSocket here, and nothing else\n",
        ),
        (
            "GET /connection/websocket HTTP/1.0\r\nHost: a\r\nUpgrade: websocket\r\n\
             Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
            "505 HTTP Version Not Supported",
            "the HTTP version must be 1.1",
        ),
    ];
    for (request, status, begin) in table {
        let answer = answer(&server, request);
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with(&format!("HTTP/1.1 {status}\r\nConnection: close")), "{answer}");
        assert!(body.starts_with(begin), "{request}: {body}");
    }
}

/// A name that was pointed at this machine would be known by its `Host`, so there has to be one.
#[test]
fn in_development_mode_the_server_has_to_be_named() {
    let server = TestServer::start_in_development();
    let poll = "GET /poll?channel=a&wait=0 HTTP/1.0\r\n";
    let publish = "POST /api/publish HTTP/1.0\r\nContent-Length: 24\r\n";
    let publication = "{\"channel\":\"a\",\"data\":1}";
    let unnamed =
        "in development mode a request has to name this machine in Host, as localhost or so\n";
    let other = "pages of this origin may not come here, or not to a server of this name\n";
    let table = [
        (format!("{poll}\r\n"), "403", unnamed),
        (format!("{publish}\r\n{publication}"), "403", unnamed),
        (format!("{poll}Host: push.example\r\n\r\n"), "403", other),
        (format!("{poll}Host: localhost:8000\r\n\r\n"), "200", "{\"position\":\"1.a."),
        (format!("{publish}Host: 127.0.0.1\r\n\r\n{publication}"), "200", "{\"result\":{"),
        ("GET /health HTTP/1.0\r\n\r\n".to_owned(), "200", "ok\n"),
    ];
    for (request, status, begin) in table {
        let answer = answer(&server, &request);
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{request}: {answer}");
        assert!(body.starts_with(begin), "{request}: {body}");
    }
}

#[test]
fn events_come_without_chunks() {
    let server = TestServer::start();
    let mut stream = BufReader::new(server.connect("GET /sse?channel=a HTTP/1.0\r\n\r\n"));
    let mut line = || {
        let mut line = String::new();
        stream.read_line(&mut line).unwrap();
        line
    };
    assert_eq!([line(), line()], ["HTTP/1.1 200 OK\r\n", "Connection: close\r\n"]);
    let headers: Vec<String> =
        std::iter::from_fn(|| Some(line()).filter(|it| it != "\r\n")).collect();
    let framing = ["Content-Length:", "Transfer-Encoding:"];
    assert!(
        !headers.iter().any(|it| framing.iter().any(|name| it.starts_with(name))),
        "{headers:?}"
    );
    assert_eq!([line(), line()], ["retry: 50\n", "\n"]);
    assert!(line().starts_with("id: 1.a.") && line() == "\n");
    // The reader itself has come.
    assert_eq!(line(), "event: join\n");
    assert!(line().starts_with("data: {\"channel\":\"a\",\"join\":{") && line() == "\n");
    for data in ["1", "[2]"] {
        server.publish("a", data);
        assert!(line().starts_with("id: 1.a."));
        let event = format!("data: {{\"channel\":\"a\",\"pub\":{{\"data\":{data},");
        assert!(line().starts_with(&event) && line() == "\n");
    }
}
