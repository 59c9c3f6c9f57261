//! Any requests to the whole realtime server, over a simulated network: what a query says is decided as
//! it is here, written once more; a poll is answered with a position in all its channels; nothing is
//! answered with 500; and when the clients have gone, no session is left.

use crate::realtime;
use crate::realtime_script::Tokens;
use crate::shape;
use arbitrary::{Result, Unstructured};
use longwire::handshake::{HeadLimits, HeadScanner, Response, Status};
use longwire_gateway::{ApiAccess, Gateway, Node, Settings};
use longwire_realtime::Limits;
use longwire_realtime::dialect::positions::Positions;
use longwire_server::Config;
use longwire_server::simulation::{Client, Simulation};
use std::cell::Cell;
use std::time::Duration;

const MAX_REQUESTS: usize = 5;
const MAX_CHANNELS: usize = 3;

/// Paths, and whether they are posted to.
const PATHS: [(&str, bool); 16] = [
    ("/sse", false),
    ("/poll", false),
    ("/sse", false),
    ("/poll", false),
    ("/publish", true),
    ("/presence", false),
    ("/history", false),
    ("/emulation", true),
    ("/connection/sse", false),
    ("/connection/http_stream", true),
    ("/api/publish", true),
    ("/api/batch", true),
    ("/api/broadcast", true),
    ("/api/subscribe", true),
    ("/api/disconnect", true),
    ("/connection/websocket", false),
];

/// What a request may be answered with.
const STATUSES: [u16; 13] = [200, 204, 304, 400, 401, 403, 404, 405, 413, 414, 426, 429, 503];

struct Asked {
    path: &'static str,
    query: String,
    header: String,
    client: Client,
}

/// What the query of a reader says.
#[derive(Debug, Default)]
struct Query {
    channels: Vec<String>,
    since: Option<String>,
    last_event_id: Option<String>,
}

/// Runs one input: requests, each with its path, query, a header and its body.
///
/// # Errors
/// The input is too short.
pub fn run(data: &[u8]) -> Result<()> {
    let u = &mut Unstructured::new(data);
    let mut simulation = server();
    let mut asked = Vec::new();
    while asked.len() < MAX_REQUESTS && !u.is_empty() {
        let at: u8 = u.arbitrary()?;
        let (path, is_post) = PATHS[usize::from(at) % PATHS.len()];
        let query = in_target(shape::short(u)?);
        let header = in_header(shape::short(u)?);
        let body = shape::short(u)?;
        let name = if path == "/sse" { "Last-Event-ID" } else { "If-None-Match" };
        let method = if is_post { "POST" } else { "GET" };
        let head = format!(
            "{method} {path}?{query} HTTP/1.1\r\nHost: localhost\r\n{name}: {header}\r\n\
             Content-Length: {}\r\n\r\n",
            body.len()
        );
        let client = simulation.connect();
        client.send(head.as_bytes());
        client.send(body);
        simulation.run();
        asked.push(Asked { path, query, header, client });
    }
    // Longer than a poll waits, and not long enough for an unasked byte.
    simulation.run_for(Duration::from_secs(3));
    asked.iter().for_each(check);
    asked.iter().for_each(|it| it.client.reset());
    simulation.run_for(Duration::from_secs(600));
    assert_eq!(simulation.connections(), 0, "somebody is still there");
    assert_eq!(simulation.application().hub().session_count(), 0, "sessions without clients");
    Ok(())
}

thread_local! {
    static DRAWN: Cell<u128> = const { Cell::new(0) };
}

/// Not at random, so that a seed can name a session; no two are the same.
fn draw() -> u128 {
    DRAWN.with(|drawn| drawn.replace(drawn.get() + 1))
}

fn server() -> Simulation<Gateway> {
    DRAWN.with(|drawn| drawn.set(0));
    let limits = Limits { max_channels_per_session: MAX_CHANNELS, ..Limits::default() };
    let settings = Settings {
        api: ApiAccess::open(),
        max_poll_wait: Duration::from_secs(1),
        ..Settings::default()
    };
    let node = Node::new(realtime::config(limits), settings, Tokens, draw);
    Simulation::with_waker(0, Config::default(), |waker| node.gateway(waker))
}

/// As a client writes it that knows what may stand in a target.
fn in_target(bytes: &[u8]) -> String {
    let escape = |&byte: &u8| match byte {
        b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => char::from(byte).to_string(),
        byte if b"-._~&=+%*:,!$'()@/?;".contains(&byte) => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    bytes.iter().map(escape).collect()
}

/// The same for the value of a header.
fn in_header(bytes: &[u8]) -> String {
    let text = shape::text(bytes).replace(|it: char| it.is_ascii_control(), " ");
    text.trim_matches(' ').to_owned()
}

fn check(asked: &Asked) {
    let received = asked.client.receive();
    let mut scanner = HeadScanner::new(HeadLimits::default());
    let Ok(Status::Complete(head)) = scanner.scan(&received) else {
        panic!("{}?{}: {:?}", asked.path, asked.query, shape::text(&received))
    };
    let response = Response::parse(head).expect("a response");
    let status = response.status();
    assert!(STATUSES.contains(&status), "{}?{}: {status}", asked.path, asked.query);
    if !matches!(asked.path, "/sse" | "/poll") {
        return;
    }
    let Some(query) = query(&asked.query) else {
        return assert_eq!(status, 400, "{}", asked.query);
    };
    let id = Some(&asked.header).filter(|it| !it.is_empty()).or(query.last_event_id.as_ref());
    if asked.path == "/sse" && id.is_some_and(|id| id == "stop") {
        return assert_eq!(status, 204);
    }
    if asked.path == "/poll" && query.since.as_deref().is_some_and(|it| Positions::parse(it).is_err())
    {
        return assert_eq!(status, 400, "since {:?}", query.since);
    }
    assert_ne!(status, 204);
    let body = &received[head.bytes().len()..];
    if asked.path == "/poll" && status == 200 {
        let body: serde_json::Value = serde_json::from_slice(body).expect("an answer in JSON");
        let position = body["position"].as_str().expect("a position");
        let tag = response.headers().values("ETag").next();
        assert_eq!(tag, Some(format!("\"{position}\"").as_bytes()));
        let positions = Positions::parse(position).expect("a position");
        let has_history = |channel: &&String| !channel.starts_with("plain:");
        for channel in query.channels.iter().filter(has_history) {
            assert!(positions.position(channel).is_some(), "{position} is without {channel:?}");
        }
    }
}

/// What a query says, by the rules of `application/x-www-form-urlencoded`; `None` where it is wrong.
fn query(text: &str) -> Option<Query> {
    let mut query = Query::default();
    for pair in text.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let value = decode(value)?;
        match &*decode(name)? {
            "channel" if query.channels.contains(&value) => {}
            "channel" => query.channels.push(value),
            "since" => query.since = Some(value),
            "lastEventId" => query.last_event_id = Some(value),
            "token" => {}
            "wait" => drop(value.parse::<u64>().ok()?),
            _ => return None,
        }
    }
    (1..=MAX_CHANNELS).contains(&query.channels.len()).then_some(query)
}

/// `None`: it is no UTF-8.
fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, behind @ ..] = rest {
        let digits = behind.get(..2).and_then(|digits| str::from_utf8(digits).ok());
        let digits = digits.filter(|it| it.bytes().all(|byte| byte.is_ascii_hexdigit()));
        rest = behind;
        bytes.push(match (first, digits.and_then(|it| u8::from_str_radix(it, 16).ok())) {
            (b'%', Some(byte)) => {
                rest = &behind[2..];
                byte
            }
            (b'+', _) => b' ',
            _ => *first,
        });
    }
    String::from_utf8(bytes).ok()
}

/// Inputs to begin with.
pub fn seeds() -> Vec<Vec<u8>> {
    let request = |path: &str, query: &str, header: &str, body: &str| {
        let at = PATHS.iter().position(|it| it.0 == path).expect("a path");
        let mut bytes = vec![u8::try_from(at).expect("few paths")];
        for part in [query, header, body] {
            bytes.push(u8::try_from(part.len()).expect("a short part"));
            bytes.extend_from_slice(part.as_bytes());
        }
        bytes
    };
    let publish = || request("/api/publish", "", "", r#"{"channel":"a","data":1}"#);
    let connect = "cf_connect={\"id\":1,\"connect\":{}}";
    let session = "00000000-0000-4000-8000-000000000001";
    let frame = r#"{\"id\":2,\"subscribe\":{\"channel\":\"a\"}}\n{}"#;
    let post = format!(r#"{{"session":"{session}","node":"longwire.0","data":"{frame}"}}"#);
    vec![
        request("/sse", "channel=a&channel=room:1&channel=a", "", ""),
        [publish(), request("/poll", "channel=a&wait=0", "", "")].concat(),
        [publish(), request("/poll", "channel=a&since=1.a.0000000000000000.0", "", "")].concat(),
        request("/poll", "channel=a&wait=0", "\"1.a.0000000000000000.0\"", ""),
        [request("/sse", "channel=a", "1.a..0", ""), publish()].concat(),
        request("/sse", "channel=a&lastEventId=1.a.x.7", "", ""),
        request("/sse", "channel=a", "stop", ""),
        request("/poll", "channel=a&wait=1.5", "", ""),
        request("/poll", "channel=%FF&wait=0", "", ""),
        request("/sse", "chanel=a&token=u1+room:1", "", ""),
        request("/poll", "channel=b&token=u1%2Broom:1,plain:1", "", ""),
        [request("/connection/sse", connect, "", ""), request("/emulation", "", "", &post)].concat(),
        [
            request("/connection/http_stream", "", "", r#"{"id":1,"connect":{"token":"u1"}}"#),
            request("/api/subscribe", "", "", r#"{"user":"u1","channel":"a"}"#),
            publish(),
            request("/api/disconnect", "", "", r#"{"user":"u1"}"#),
        ]
        .concat(),
        [request("/publish", "channel=a", "", "[1]"), request("/history", "channel=a", "", "")].concat(),
        request("/presence", "channel=shut:1", "", ""),
        request("/api/batch", "", "", r#"{"commands":[{"info":{}},{"channels":{}},{"x":1}]}"#),
        request("/connection/websocket", "", "", ""),
    ]
}
