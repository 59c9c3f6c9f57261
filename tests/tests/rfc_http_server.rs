//! The rules of RFC 9110 and RFC 9112 on answers, on other methods than GET, and on the end of a
//! connection: the server over its simulated network.

mod simulated;

use std::net::SocketAddr;
use std::time::Duration;

use longwire::handshake::Upgrade;
use longwire_server::simulation::Simulation;
use longwire_server::{
    Accept, Answer, Application, Config, Context, Incoming, Message, Peers, Response,
};
use simulated::{assert_refused, frame, open, request, simulation};

/// A server that answers every plain request with the same page, whatever is asked for, but for a
/// path that names a status: the answer has that, and the query as its body.
#[derive(Default)]
struct Pages {
    /// Method and path of the requests that it was asked about.
    asked: Vec<String>,
}

impl Application for Pages {
    type Session = ();

    fn upgrade(&mut self, _: &Upgrade<'_>, _: SocketAddr) -> Result<Accept<()>, Response> {
        Ok(Accept::new(()))
    }

    fn message(&mut self, context: &mut Context<'_, ()>, message: Message<'_>) {
        context.send(message);
    }

    fn http(&mut self, _: &mut Peers<'_, ()>, incoming: &Incoming<'_>) -> Answer {
        let request = incoming.request;
        self.asked.push(format!("{} {}", request.method(), request.path()));
        Answer::Last(match request.path().strip_prefix("/status/") {
            Some(status) => Response {
                status: status.parse().expect("a status"),
                headers: vec![("X-More".into(), "a".into())],
                body: request.query().unwrap_or_default().to_owned().into_bytes().into(),
            },
            None => Response::text(200, "a page\n"),
        })
    }
}

const PAGE: &str = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 7\r\n\
    Content-Type: text/plain; charset=utf-8\r\n\r\na page\n";

/// Everything that comes back for these bytes and what is sent behind the answer, up to the end of
/// the connection; and what the application was asked.
fn page(bytes: &[u8], behind: &[u8]) -> (String, Vec<String>) {
    let mut simulation = Simulation::new(1, Config::default(), Pages::default());
    let client = simulation.connect();
    client.send(bytes);
    simulation.run();
    assert!(client.is_ended() && !client.is_closed(), "the server ends the stream first");
    client.send(behind);
    client.end_stream();
    simulation.run();
    assert!(client.is_closed() && !client.was_cut_off());
    let asked = std::mem::take(&mut simulation.application().asked);
    (String::from_utf8(client.receive()).expect("ASCII"), asked)
}

/// How the server that has nothing but WebSockets answers: 426 to every plain request.
fn plain(start_line: &str, lines: &str) -> String {
    assert_refused(format!("{start_line}\r\nHost: a\r\n{lines}\r\n").as_bytes(), 426)
}

/// The head of an answer, with its empty line, and the body.
fn parts(answer: &str) -> (&str, &str) {
    let end = answer.find("\r\n\r\n").expect("a head") + 4;
    answer.split_at(end)
}

/// Where chunks end is certain, or the request is refused before anybody is asked; and what follows
/// them is no request where the connection ends.
#[test]
fn rfc9112_s7_1_chunks_end_where_they_say_or_are_refused() {
    let head = "POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    let behind = "GET /b HTTP/1.1\r\nHost: a\r\n\r\n";
    let table = [
        ("5\r\nhello\r\n0\r\n\r\n", 200),
        ("5;a=b;c=\"d\"\r\nhello\r\n0\r\nTrailer: a\r\n\r\n", 200),
        ("0\r\n\r\n", 200),
        ("fffffffff\r\nhello", 400),
        ("5\r\nhello", 400),
        ("5\nhello\n0\n\n", 400),
        ("0\r\n", 400),
        ("no size at all", 400),
    ];
    for (chunks, status) in table {
        let (answer, asked) = page((head.to_owned() + chunks + behind).as_bytes(), b"");
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{chunks}: {answer}");
        assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{chunks}: {answer}");
        let expected: &[&str] = if status == 200 { &["POST /a"] } else { &[] };
        assert_eq!(asked, expected, "{chunks}");
        let upgrade = request("/", "Transfer-Encoding: chunked\r\n") + chunks;
        assert_refused(upgrade.as_bytes(), 400);
    }
}

/// Whatever the answer is, it is the last: `Connection: close` is in it, the server ends the stream
/// behind it, and no later byte is taken for a request, sent together with the first or after it.
#[test]
fn rfc9112_s9_6_behind_connection_close_nothing_is_read_as_a_request() {
    let second = b"GET /second HTTP/1.1\r\nHost: a\r\n\r\n";
    let requests = [
        ("GET /a HTTP/1.1\r\nHost: a\r\n\r\n", 200, true),
        ("GET /a HTTP/1.1\r\nHost: a\r\nConnection: keep-alive\r\n\r\n", 200, true),
        ("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello", 200, true),
        ("GET /a HTTP/1.1\r\n\r\n", 400, false),
        (
            "GET /a HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
            400,
            false,
        ),
        ("GET /a HTTP/1.1\nHost: a\n\n", 400, false),
        ("GET /a HTTP/1.0\r\n\r\n", 200, true),
        ("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", 200, true),
        ("GET /a HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400, false),
        ("GET /a HTTP/2.0\r\n\r\n", 505, false),
        ("GET /a HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n", 400, false),
    ];
    for (first, status, asked) in requests {
        let asked: Vec<String> =
            asked.then(|| format!("{} /a", first.split(' ').next().unwrap())).into_iter().collect();
        for (at_once, later) in [(&second[..], &b""[..]), (b"", second), (second, second)] {
            let (answer, got) = page(&[first.as_bytes(), at_once].concat(), later);
            assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{first}: {answer}");
            assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{first}: {answer}");
            assert!(parts(&answer).0.contains("\r\nConnection: close\r\n"), "{first}: {answer}");
            assert_eq!(got, asked, "{first}");
        }
    }
}

/// What a client still sends is read and dropped, so that no reset destroys the answer on its way;
/// but not for ever.
#[test]
fn rfc9112_s9_6_the_server_lingers_for_the_client_and_not_for_ever() {
    let linger = Config::default().linger_timeout;
    let tick = Duration::from_millis(1);
    for ends_its_stream in [true, false] {
        let mut simulation = simulation(|_| {});
        let client = simulation.connect();
        client.send(b"GET / HTTP/1.1\r\n\r\n");
        simulation.run();
        assert!(client.is_ended() && !client.is_closed());
        for _ in 0..10 {
            client.send(&[b'x'; 100_000]);
            simulation.run();
            assert_eq!(client.unread_bytes(), 0);
        }
        assert!(client.receive().starts_with(b"HTTP/1.1 400 "));
        if ends_its_stream {
            client.end_stream();
            simulation.run();
        } else {
            simulation.run_for(linger - tick);
            assert!(!client.is_closed());
            // The granularity of the timing wheel.
            simulation.run_for(tick + Duration::from_millis(100));
        }
        assert!(client.is_closed());
        assert_eq!(client.was_cut_off(), !ends_its_stream);
        assert_eq!((simulation.connections(), client.receive()), (0, vec![]));
    }
}

/// RFC 9110 §6.4.1: a 101 has no content; the first byte behind it is a frame's.
#[test]
fn rfc9110_s6_4_1_the_first_byte_behind_101_is_a_frames() {
    let mut simulation = simulation(|_| {});
    let client = simulation.connect();
    client.send(&[request("/", "").as_bytes(), &frame(0x89, b"ping")].concat());
    simulation.run();
    let expected = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\
        Connection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n\
        \x8a\x04ping";
    assert_eq!(client.receive(), expected);
}

#[test]
fn rfc9110_s6_4_1_an_answer_of_204_or_304_has_no_body() {
    let mistake = "HTTP/1.1 500 Internal Server Error\r\nConnection: close\r\n\
                   Content-Length: 0\r\n\r\n";
    let table = [
        ("204", "HTTP/1.1 204 No Content\r\nConnection: close\r\nX-More: a\r\n\r\n"),
        ("304", "HTTP/1.1 304 Not Modified\r\nConnection: close\r\nX-More: a\r\n\r\n"),
        (
            "205",
            "HTTP/1.1 205 Reset Content\r\nConnection: close\r\nContent-Length: 0\r\nX-More: a\r\n\r\n",
        ),
        ("204?body", mistake),
        ("205?body", mistake),
        ("304?body", mistake),
        // There is one answer, so that it is a final one; only a handshake switches.
        ("101", mistake),
        ("100", mistake),
        (
            "404?body",
            "HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 4\r\nX-More: a\r\n\r\nbody",
        ),
    ];
    for (target, expected) in table {
        let request = format!("GET /status/{target} HTTP/1.1\r\nHost: a\r\n\r\n");
        assert_eq!(page(request.as_bytes(), b"").0, expected, "{target}");
    }
}

#[test]
fn rfc9110_s15_5_6_the_answer_405_says_which_method_is_allowed() {
    let expected = "HTTP/1.1 405 Method Not Allowed\r\nConnection: close\r\nContent-Length: 46\r\n\
                    Content-Type: text/plain; charset=utf-8\r\nAllow: GET\r\n\r\n\
                    the method of an opening handshake must be GET";
    for method in ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "get"] {
        let upgrade = request("/", "").replacen("GET ", &format!("{method} "), 1);
        assert_eq!(assert_refused(upgrade.as_bytes(), 405), expected, "{method}");
    }
}

/// RFC 9110 §7.8: where there is an Upgrade, Connection names it.
#[test]
fn rfc9110_s15_5_22_the_answer_426_says_what_to_upgrade_to() {
    let head = "HTTP/1.1 426 Upgrade Required\r\nConnection: close, Upgrade\r\n\
                Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n";
    let sound = request("/", "");
    let requests = [
        "GET / HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(),
        sound.replace("Upgrade: websocket\r\n", ""),
        sound.replace("Version: 13", "Version: 8"),
    ];
    for request in requests {
        let answer = assert_refused(request.as_bytes(), 426);
        assert!(answer.starts_with(head), "{answer}");
    }
}

/// The rule has a 100 sent in front of the 101. The 101 is the first answer, and the only one: a
/// request that cannot have content has none to wait with.
#[test]
fn rfc9110_s7_8_no_100_goes_before_the_101() {
    let mut simulation = simulation(|_| {});
    for lines in ["Expect: 100-continue\r\n", "Expect: 100-continue\r\nContent-Length: 0\r\n"] {
        let client = simulation.connect();
        client.send(request("/", lines).as_bytes());
        simulation.run();
        let expected = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\
            Connection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
        assert_eq!(client.receive(), expected, "{lines:?}");
    }
}

/// No 100 and no second answer, where there is no body or some of it is there; a 100 where it is
/// waited for, and then the one answer. Other expectations are ignored.
#[test]
fn rfc9110_s10_1_1_an_expectation_is_answered_with_100_where_a_body_is_waited_for() {
    const CONTINUE: &str = "HTTP/1.1 100 Continue\r\n\r\n";
    let mut simulation = simulation(|_| {});
    let client = open(&mut simulation, "Expect: 100-continue\r\n");
    client.send(&frame(0x81, b"hello"));
    simulation.run();
    assert_eq!(client.receive(), b"\x81\x05hello");
    let table = [
        ("Expect: 100-continue\r\nContent-Length: 5\r\n", "", CONTINUE),
        ("Expect: 100-Continue\r\nContent-Length: 5\r\n", "", CONTINUE),
        ("Expect: 100-continue\r\nContent-Length: 5\r\n", "h", ""),
        ("Expect: 200-ok\r\nContent-Length: 5\r\n", "", ""),
        ("Content-Length: 5\r\n", "", ""),
    ];
    for (lines, begin, interim) in table {
        let mut simulation = Simulation::new(1, Config::default(), Pages::default());
        let client = simulation.connect();
        client.send(format!("POST /a HTTP/1.1\r\nHost: a\r\n{lines}\r\n{begin}").as_bytes());
        simulation.run();
        assert_eq!(client.receive(), interim.as_bytes(), "{lines}");
        client.send(&b"hello"[begin.len()..]);
        simulation.run();
        assert_eq!(client.receive(), PAGE.as_bytes(), "{lines}");
        assert_eq!(simulation.application().asked, ["POST /a"]);
    }
    // Without a body there is nothing to wait for, and one that is too long is not asked for.
    for (lines, status) in
        [("", 200), ("Content-Length: 0\r\n", 200), ("Content-Length: 1048577\r\n", 413)]
    {
        let head = format!("POST /a HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n{lines}\r\n");
        let (answer, _) = page(head.as_bytes(), b"");
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{lines}: {answer}");
        assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{answer}");
    }
}

/// The same head as for GET, its Content-Length too, and not a byte behind it; refusals also.
#[test]
fn rfc9110_s9_3_2_no_answer_to_head_has_a_body() {
    let (answer, asked) = page(b"HEAD /a HTTP/1.1\r\nHost: a\r\n\r\n", b"");
    assert_eq!(asked, ["HEAD /a"]);
    assert_eq!(answer, parts(PAGE).0);
    let requests = [
        (" / HTTP/1.1\r\nHost: a\r\n\r\n", 426),
        (" / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400),
        (" / HTTP/1.1\r\n\r\n", 400),
        (" / HTTP/1.0\r\n\r\n", 426),
        (" / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        (" / HTTP/2.0\r\n\r\n", 505),
        (" / HTTP/1.1\r\nHost: a\r\nContent-Length: a\r\n\r\n", 400),
        (" / HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n", 400),
        (" / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n", 400),
        (" / HTTP/1.1\nHost: a\n\n", 400),
        (&format!(" /{} HTTP/1.1\r\n\r\n", "a".repeat(9_000)), 414),
        (&format!(" / HTTP/1.1\r\n{}\r\n", "A: b\r\n".repeat(101)), 431),
    ];
    for (rest, status) in requests {
        let of = |method: &str| {
            let bytes = format!("{method}{rest}");
            let mut simulation = simulation(|_| {});
            let [whole, cut] = [simulation.connect(), simulation.connect()];
            whole.send(bytes.as_bytes());
            for byte in bytes.as_bytes() {
                cut.send(&[*byte]);
                simulation.run();
            }
            let answer = String::from_utf8(whole.receive()).expect("ASCII");
            assert_eq!(answer.as_bytes(), cut.receive(), "{method}{rest}");
            answer
        };
        let (get, head) = (of("GET"), of("HEAD"));
        assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{head} to {rest}");
        assert_eq!(parts(&get).0, head, "{rest}");
        assert_ne!(parts(&get).1, "", "{rest}");
        // A method that only begins so is another one.
        assert_ne!(parts(&of("HEADS")).1, "", "{rest}");
    }
    // With an Upgrade it is not the method of a handshake, and still HEAD.
    let upgrade = request("/", "").replacen("GET ", "HEAD ", 1);
    let answer = assert_refused(upgrade.as_bytes(), 405);
    assert!(answer.ends_with("\r\n\r\n") && answer.contains("\r\nAllow: GET\r\n"), "{answer}");
}

/// A 2xx would be a tunnel. The application, which would answer 200 to everything, is not asked.
#[test]
fn rfc9110_s9_3_6_connect_never_tunnels() {
    let targets = ["a:443", "127.0.0.1:22", "[::1]:80"];
    for target in targets {
        let head = format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n");
        for behind in [&b""[..], b"\x16\x03\x01\x02\x00\x01", b"GET /b HTTP/1.1\r\nHost: a\r\n\r\n"]
        {
            let (answer, asked) = page(&[head.as_bytes(), behind].concat(), behind);
            assert!(answer.starts_with("HTTP/1.1 405 Method Not Allowed\r\n"), "{answer}");
            assert!(answer.contains("\r\nAllow: GET\r\n"), "{answer}");
            assert_eq!((answer.matches("HTTP/1.1 ").count(), asked), (1, vec![]), "{answer}");
        }
        assert_refused(head.as_bytes(), 405);
        let upgrade = request("/", "").replacen("GET / ", &format!("CONNECT {target} "), 1);
        assert_refused(upgrade.as_bytes(), 405);
    }
    // RFC 9112 §3.2.3: a host and a port, and nothing else.
    for target in ["/", "*", "a", "http://a:80/", "a:80/b", "user@a:80"] {
        let head = format!("CONNECT {target} HTTP/1.1\r\nHost: a\r\n\r\n");
        assert_refused(head.as_bytes(), 400);
    }
}

#[test]
fn rfc9110_s9_3_7_options_gets_the_same_answer_everywhere() {
    let answers = ["/", "/chat", "*", "http://a/chat"]
        .map(|target| plain(&format!("OPTIONS {target} HTTP/1.1"), ""));
    assert!(answers.iter().all(|answer| *answer == plain("GET / HTTP/1.1", "")), "{answers:?}");
    assert!(answers[0].contains("\r\nUpgrade: websocket\r\n"), "{answers:?}");
}

/// A page that a browser shows could read what TRACE gives back, cookies too.
#[test]
fn rfc9110_s9_3_8_trace_gives_nothing_back() {
    let lines = "Cookie: id=secret\r\nAuthorization: Basic c2VjcmV0\r\nMax-Forwards: 0\r\n";
    for target in ["/", "/secret", "http://a/secret?secret"] {
        let answer = plain(&format!("TRACE {target} HTTP/1.1"), lines);
        assert_eq!(answer, plain("GET / HTTP/1.1", ""));
        assert!(!answer.contains("ecret") && !answer.contains("TRACE"), "{answer}");
    }
}
