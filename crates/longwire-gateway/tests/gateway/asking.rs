//! `POST /publish`, `GET /presence` and `GET /history`: what clients do that only read otherwise.

use crate::server::{API_KEY, TestServer};
use longwire_realtime::Limits;

const PUBLISHED: &str = r#"{"publish":{}}"#;
const FRIEND: (&str, &str) = ("Origin", "https://friend.example");
const STRANGER: (&str, &str) = ("Origin", "https://stranger.example");

#[test]
fn what_requests_are_answered() {
    let server = TestServer::start();
    // A request and its body; status and body of the answer.
    let table = [
        ("POST /publish?channel=a", "{\"n\":1}", 200, PUBLISHED),
        ("POST /publish?channel=a", "7", 200, PUBLISHED),
        ("POST /publish?channel=plain:a", "{}", 200, PUBLISHED),
        ("POST /publish?channel=a", "", 400, "bad request: the body has to be one JSON value\n"),
        (
            "POST /publish?channel=a",
            "{} {}",
            400,
            "bad request: the body has to be one JSON value\n",
        ),
        (
            "POST /publish?channel=a&channel=b",
            "{}",
            400,
            "bad request: the query has to name one channel\n",
        ),
        (
            "POST /publish?channel=a&wait=1",
            "{}",
            400,
            "bad request: the query may have channel and token alone\n",
        ),
        (
            "POST /publish",
            "{}",
            400,
            "the query has to name a channel, or several: ?channel=a&channel=b\n",
        ),
        ("POST /publish?channel=quiet:a", "{}", 403, "permission denied\n"),
        ("POST /publish?channel=none:a", "{}", 404, "unknown channel\n"),
        ("POST /publish?channel=a&token=t", "{}", 401, "invalid token\n"),
        ("GET /publish?channel=a", "", 405, "this method is not allowed here\n"),
        ("POST /presence?channel=a", "", 405, "this method is not allowed here\n"),
        // Who only asks is not there.
        ("GET /presence?channel=a", "", 200, r#"{"presence":{"presence":{}}}"#),
        ("GET /presence?channel=plain:a", "", 404, "not available\n"),
        ("GET /history?channel=plain:a", "", 404, "not available\n"),
    ];
    for (request, body, status, expected) in table {
        let answer = server.ask(request, &[], body);
        assert_eq!((answer.status, &*answer.body), (status, expected), "{request} {body}");
    }
    // One byte more than a publication may have.
    let long = format!("\"{}\"", "x".repeat(Limits::default().max_publication_bytes - 1));
    let answer = server.ask("POST /publish?channel=a", &[], &long);
    assert_eq!((answer.status, &*answer.body), (413, "limit exceeded: bytes of a publication\n"));
    // This server takes no token, so none must be overlooked.
    let token = ("Authorization", "Bearer t");
    let answer = server.ask("GET /presence?channel=a", &[token], "");
    assert_eq!((answer.status, &*answer.body), (401, "invalid token\n"));
}

#[test]
fn the_history_is_the_newest_first_and_says_where_to_go_on() {
    let server = TestServer::start();
    for data in ["1", "2", "3"] {
        server.publish("short:a", data);
    }
    let history = server.ask("GET /history?channel=short:a", &[], "");
    let body: serde_json::Value = serde_json::from_str(&history.body).unwrap();
    let publications = body["history"]["publications"].as_array().unwrap();
    let seen: Vec<_> = publications.iter().map(|it| (&it["data"], &it["offset"])).collect();
    let number = |number: u64| serde_json::Value::from(number);
    assert_eq!(seen, [(&number(3), &number(3)), (&number(2), &number(2))]);

    server.publish("short:a", "4");
    let since = history.header("ETag").unwrap().trim_matches('"');
    let poll = server.ask(&format!("GET /poll?channel=short:a&wait=0&since={since}"), &[], "");
    let poll: serde_json::Value = serde_json::from_str(&poll.body).unwrap();
    let events: Vec<_> = poll["events"].as_array().unwrap().iter().collect();
    assert_eq!(events.len(), 1, "{poll}");
    assert_eq!(events[0]["pub"]["data"], number(4));
}

/// The server is one node, whichever of its workers is asked.
#[test]
fn the_node_has_one_name() {
    let server = TestServer::start();
    for _ in 0..20 {
        let answer = server.ask("POST /api/info", &[("X-API-Key", API_KEY)], "{}");
        let begin = r#"{"result":{"nodes":[{"uid":"longwire","name":"longwire","version":"#;
        assert!(answer.body.starts_with(begin), "{}", answer.body);
    }
}

#[test]
fn pages_of_other_origins() {
    let server = TestServer::start();
    let asked = ["GET /presence?channel=a", "GET /history?channel=a", "GET /poll?channel=a&wait=0"];
    // The answer to each of these comes later than the request.
    for request in asked {
        let friend = server.ask(request, &[FRIEND], "");
        assert_eq!(friend.status, 200, "{request}");
        assert_eq!(friend.header("Access-Control-Allow-Origin"), Some(FRIEND.1), "{request}");
        assert_eq!(friend.header("Access-Control-Expose-Headers"), Some("ETag"), "{request}");
        assert_eq!(friend.header("Vary"), Some("Origin"), "{request}");
    }
    let stream = server.ask("GET /sse?channel=a", &[FRIEND], "");
    assert_eq!((stream.status, stream.header("Content-Type")), (200, Some("text/event-stream")));
    assert_eq!(stream.header("Access-Control-Allow-Origin"), Some(FRIEND.1));
    for request in asked.into_iter().chain(["GET /sse?channel=a", "POST /publish?channel=a"]) {
        let stranger = server.ask(request, &[STRANGER], "{}");
        assert_eq!(stranger.status, 403, "{request}");
        assert_eq!(stranger.header("Access-Control-Allow-Origin"), None, "{request}");
    }
    assert_eq!(server.ask("POST /publish?channel=a", &[FRIEND], "{}").status, 200);
    let refused = server.ask("POST /publish?channel=quiet:a", &[FRIEND], "{}");
    assert_eq!(refused.status, 403);
    assert_eq!(refused.header("Access-Control-Allow-Origin"), Some(FRIEND.1));
    let history = server.ask("GET /history?channel=a", &[], "");
    assert_eq!(history.body.matches("\"data\":{}").count(), 1, "{}", history.body);
}

#[test]
fn the_page_is_for_this_origin_and_may_load_nothing() {
    let server = TestServer::start();
    let page = server.ask("GET /?channel=a", &[], "");
    assert_eq!(page.status, 200);
    assert_eq!(page.header("Content-Type"), Some("text/html; charset=utf-8"));
    let policy = page.header("Content-Security-Policy").unwrap();
    assert!(policy.starts_with("default-src 'none'; "), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");
    assert_eq!(server.ask("POST /", &[], "").status, 405);
    assert_eq!(server.ask("HEAD /", &[], "").body, "");
}
