//! Tokens of requests that have no session to connect in: `GET /sse`, `GET /poll`, `POST /publish`,
//! `GET /presence` and `GET /history`.

use std::sync::Arc;
use std::time::Duration;

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use longwire_realtime::token::Verifier;
use longwire_realtime::{Access, Config, Namespace, Times};
use serde_json::{Value, json};

use crate::server::{API_KEY, Answer, TestServer};

const SECRET: &[u8] = b"a secret of thirty-two bytes ...";
const OTHER_SECRET: &[u8] = b"another one of thirty-two bytes.";
/// What the server's clock says when it starts, in seconds since 1970. A test takes no hour.
const NOW: u64 = 1_700_000_000;
const HOUR: u64 = 3_600;

const REQUESTS: [&str; 5] =
    ["GET /sse", "GET /poll", "POST /publish", "GET /presence", "GET /history"];

/// Users may do everything, in channels of `closed:` only what their token says that they subscribe to.
fn server() -> TestServer {
    let everything = Namespace {
        subscribe: Access::Users,
        publish: Access::Users,
        see_presence: Access::Users,
        see_history: Access::Users,
        ..Namespace::for_everyone()
    };
    let closed = Namespace { subscribe: Access::Nobody, ..everything };
    let realtime = Config {
        default_namespace: Arc::new(everything),
        namespaces: [("closed".into(), Arc::new(closed))].into(),
        times: Times { unix_time_at_zero: Duration::from_secs(NOW), ..Times::default() },
        ..Config::default()
    };
    let tokens = Verifier::new().with_hmac_secret(SECRET).unwrap().with_audience("push");
    TestServer::with(realtime, tokens)
}

fn sign(claims: &Value, secret: &[u8]) -> String {
    let header = Header::new(Algorithm::HS256);
    jsonwebtoken::encode(&header, claims, &EncodingKey::from_secret(secret)).unwrap()
}

/// What is asked of a channel, with the token in the header and then in the URL: the answers are alike.
fn ask(server: &TestServer, request: &str, channel: &str, token: &str) -> Answer {
    let wait = if request == "GET /poll" { "&wait=0" } else { "" };
    let url = format!("{request}?channel={channel}{wait}");
    let body = if request == "POST /publish" { "7" } else { "" };
    let bearer = format!("Bearer {token}");
    let in_header = server.ask(&url, &[("Authorization", &bearer)], body);
    let in_url = server.ask(&format!("{url}&token={token}"), &[], body);
    assert_eq!((in_header.status, &in_header.body), (in_url.status, &in_url.body), "{url}");
    in_url
}

/// Asks everything there is to ask, and is answered with what was asked for, or with this refusal.
#[track_caller]
fn is_answered(
    server: &TestServer,
    channel: &str,
    token: &str,
    refusal: Option<(u16, &str)>,
    row: &str,
) {
    for request in REQUESTS {
        let answer = ask(server, request, channel, token);
        let Some(refusal) = refusal else {
            assert_eq!(answer.status, 200, "{row}: {request}: {}", answer.body);
            let content_type = answer.header("Content-Type");
            assert_eq!(content_type == Some("text/event-stream"), request == "GET /sse", "{row}");
            let begin = match request {
                // The body of a stream is not read.
                "GET /sse" => "",
                "GET /poll" => r#"{"position":"#,
                "POST /publish" => r#"{"publish":{}}"#,
                "GET /presence" => r#"{"presence":{"presence":{}}}"#,
                _ => r#"{"history":{"publications":[{"data":7,"#,
            };
            assert!(answer.body.starts_with(begin), "{row}: {request}: {}", answer.body);
            continue;
        };
        assert_eq!((answer.status, &*answer.body), refusal, "{row}: {request}");
        // RFC 9110 §15.5.2: 401 says how to say who one is.
        let asks = answer.header("WWW-Authenticate");
        assert_eq!(asks, (answer.status == 401).then_some("Bearer"), "{row}: {request}");
    }
}

/// How many publications there are in a channel, all of them by this user.
fn published(server: &TestServer, channel: &str, token: &str, user: &str) -> usize {
    let history: Value =
        serde_json::from_str(&ask(server, "GET /history", channel, token).body).unwrap();
    let publications = history["history"]["publications"].as_array().unwrap();
    assert!(publications.iter().all(|it| it["info"]["user"] == user), "{history}");
    publications.len()
}

/// Every line: what a token is, what it says, the key that it was signed with, and the refusal.
#[test]
fn a_token_has_to_be_good_for_every_request() {
    const EXPIRED: Option<(u16, &str)> = Some((401, "token expired\n"));
    const INVALID: Option<(u16, &str)> = Some((401, "invalid token\n"));
    let table = [
        ("valid", json!({ "sub": "42", "aud": "push", "exp": NOW + HOUR }), SECRET, None),
        ("for ever", json!({ "sub": "42", "aud": "push" }), SECRET, None),
        ("for others, too", json!({ "sub": "42", "aud": ["mail", "push"] }), SECRET, None),
        ("expired", json!({ "sub": "42", "aud": "push", "exp": NOW }), SECRET, EXPIRED),
        ("from 1970", json!({ "sub": "42", "aud": "push", "exp": 1 }), SECRET, EXPIRED),
        ("too early", json!({ "sub": "42", "aud": "push", "nbf": NOW + HOUR }), SECRET, INVALID),
        ("wrong audience", json!({ "sub": "42", "aud": "mail" }), SECRET, INVALID),
        ("no audience", json!({ "sub": "42", "exp": NOW + HOUR }), SECRET, INVALID),
        ("wrong key", json!({ "sub": "42", "aud": "push" }), OTHER_SECRET, INVALID),
        (
            "wrong key, expired",
            json!({ "sub": "42", "aud": "push", "exp": 1 }),
            OTHER_SECRET,
            INVALID,
        ),
        ("for a subscription", json!({ "aud": "push", "channel": "a" }), SECRET, INVALID),
        ("no text for a user", json!({ "sub": 42, "aud": "push" }), SECRET, INVALID),
    ];
    let server = server();
    let mut expected = 0;
    for (row, claims, secret, refusal) in &table {
        is_answered(&server, "a", &sign(claims, secret), *refusal, row);
        expected += if refusal.is_none() { 2 } else { 0 };
    }
    // {"alg":"none"}, and {"sub":"42","aud":"push"}.
    let unsigned = "eyJhbGciOiJub25lIn0.eyJzdWIiOiI0MiIsImF1ZCI6InB1c2gifQ.";
    is_answered(&server, "a", unsigned, INVALID, "unsigned");
    is_answered(&server, "a", "nonsense", INVALID, "no token at all");
    let [(_, valid, ..), ..] = &table;
    assert_eq!(published(&server, "a", &sign(valid, SECRET), "42"), expected);
}

/// Every line: a channel, what the token says beside its audience, and the refusal.
#[test]
fn a_channel_is_for_those_whom_its_policy_or_their_token_lets_in() {
    const DENIED: Option<(u16, &str)> = Some((403, "permission denied\n"));
    let table = [
        ("a", json!({ "sub": "42" }), None),
        ("closed:a", json!({ "sub": "42" }), DENIED),
        ("closed:a", json!({ "sub": "42", "channels": ["a", "closed:b"] }), DENIED),
        ("closed:a", json!({ "sub": "42", "channels": ["closed:a"] }), None),
        ("closed:a", json!({ "sub": "42", "subs": { "closed:a": {} } }), None),
        ("dm%237,42", json!({ "sub": "42" }), None),
        ("dm%237,42", json!({ "sub": "4" }), DENIED),
        ("none:a", json!({ "sub": "42" }), Some((404, "unknown channel\n"))),
    ];
    let server = server();
    for (channel, mut claims, refusal) in table {
        claims["aud"] = "push".into();
        let row = format!("{channel} {claims}");
        is_answered(&server, channel, &sign(&claims, SECRET), refusal, &row);
    }
    let valid = sign(&json!({ "sub": "42", "aud": "push", "channels": ["closed:a"] }), SECRET);
    assert_eq!(published(&server, "closed:a", &valid, "42"), 4);
    assert_eq!(published(&server, "dm%237,42", &valid, "42"), 2);
}

#[test]
fn nobody_is_let_in_without_a_token() {
    let server = server();
    let valid = sign(&json!({ "sub": "42", "aud": "push" }), SECRET);
    // RFC 9110 §11.1: the scheme is in any case, with any number of spaces behind it.
    let schemes = [("Bearer", 200), ("bearer", 200), ("BEARER  ", 200), ("Basic", 401), ("", 401)];
    for (scheme, status) in schemes {
        let authorization = format!("{scheme} {valid}");
        let headers = [("Authorization", authorization.trim_start())];
        let answer = server.ask("GET /history?channel=a", &headers, "");
        assert_eq!(answer.status, status, "{scheme}");
    }
    for request in REQUESTS {
        let answer = server.ask(&format!("{request}?channel=a"), &[], "7");
        assert_eq!((answer.status, &*answer.body), (401, "unauthorized\n"), "{request}");
        assert_eq!(answer.header("WWW-Authenticate"), Some("Bearer"), "{request}");
    }
}

#[test]
fn the_api_asks_for_its_key() {
    let server = server();
    let body = r#"{"channel":"chat:1","data":7}"#;
    let table = [
        (&[][..], 401, Some("X-API-Key")),
        (&[("X-API-Key", "another key")], 401, Some("X-API-Key")),
        (&[("X-API-Key", API_KEY)], 200, None),
    ];
    for (headers, status, asks) in table {
        let answer = server.ask("POST /api/publish", headers, body);
        let got = (answer.status, answer.header("WWW-Authenticate"));
        assert_eq!(got, (status, asks), "{headers:?}: {}", answer.body);
    }
}
