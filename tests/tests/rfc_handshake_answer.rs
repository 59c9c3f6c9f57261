//! RFC 6455 §4.2.2 and §10: what a server answers to an opening handshake that is in order. Some of
//! it is the engine's, the rest is decided by the application.
//!
//! The tables are in the notation of `vectors/handshake-server.txt`; each line is run in every cut,
//! and with 101 the response is compared to its last byte.

mod simulated;

use std::net::SocketAddr;

use longwire::handshake::{
    Acceptance, EncodeError, HeadLimits, HeadScanner, Request, Status, Upgrade,
};
use longwire_server::simulation::Simulation;
use longwire_server::{Accept, Application, Config, Context, Message, Response};
use longwire_tests::handshake::{End, holds};
use simulated::request;

fn requests(table: &str) {
    holds(End::Server, table);
}

/// What the engine gives back for this request and this choice.
fn accept(bytes: &str, acceptance: &Acceptance<'_>) -> Result<String, EncodeError> {
    let mut scanner = HeadScanner::new(HeadLimits::DEFAULT);
    let Ok(Status::Complete(head)) = scanner.scan(bytes.as_bytes()) else { panic!("{bytes}") };
    let request = Request::parse(head).expect(bytes);
    let mut out = [0; 1024];
    let accepted = request.upgrade().expect(bytes).accept(acceptance, &mut out)?;
    Ok(String::from_utf8(out[..accepted.response_bytes].to_vec()).expect("ASCII"))
}

#[test]
fn rfc6455_s4_2_2_the_answer_is_101_with_upgrade_connection_and_the_accept_of_the_key() {
    // The accepts were computed with Python's hashlib and base64.
    requests(
        r#"
of §1.3      | - | - | 101 | raw "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
of zeros     | - | "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==" | 101 | raw "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ICX+Yqv66kxgM0FcWaLWlFLwTAI=\r\n\r\n"
of ones      | - | "Sec-WebSocket-Key: /////////////////////w==" | 101 | raw "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: XXpj4jYzLM2yUE0C7TIgMwTQh2g=\r\n\r\n"
with spaces around it | - | "Sec-WebSocket-Key: \t x3JJHMbDL1EzLkh9GBhXDw== \t" | 101 | raw "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: HSmrc0sMlYUkAGmm5OPpG2HaGWk=\r\n\r\n"
whatever is asked for beside it | - | "Connection: keep-alive, Upgrade" "Upgrade: h2c, WebSocket" "Sec-WebSocket-Protocol: a" "Sec-WebSocket-Extensions: b" "Origin: null" "Cookie: c=d" | 101 | raw "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
"#,
    );
}

/// What the answer has once the application cannot add again.
#[test]
fn rfc6455_s11_3_3_the_answer_has_one_accept() {
    let names = ["Sec-WebSocket-Accept", "sec-websocket-accept", "Upgrade", "Connection"];
    for name in names {
        let headers = [("X-More", "a"), (name, "b")];
        let acceptance = Acceptance { headers: &headers, ..Acceptance::default() };
        let refused = Err(EncodeError::ReservedHeader { index: 1 });
        assert_eq!(accept(&request("/", ""), &acceptance), refused, "{name}");
    }
    let headers = [("X-More", "a"), ("Set-Cookie", "b=c")];
    let acceptance = Acceptance { headers: &headers, ..Acceptance::default() };
    let answer = accept(&request("/", ""), &acceptance).expect("an answer");
    assert_eq!(answer.to_lowercase().matches("sec-websocket-accept").count(), 1, "{answer}");
    assert!(answer.ends_with("xOo=\r\nX-More: a\r\nSet-Cookie: b=c\r\n\r\n"), "{answer}");
}

#[test]
fn rfc6455_s4_2_2_the_subprotocol_is_one_that_was_asked_for_or_none() {
    requests(
        r#"
none asked for     | subprotocols=chat | - | 101 | -
none supported     | - | "Sec-WebSocket-Protocol: chat" | 101 | -
none in common     | subprotocols=soap,wamp | "Sec-WebSocket-Protocol: chat, superchat" | 101 | -
one in common      | subprotocols=soap,chat | "Sec-WebSocket-Protocol: superchat, chat" | 101 | "Sec-WebSocket-Protocol: chat"
the server's order | subprotocols=superchat,chat | "Sec-WebSocket-Protocol: chat, superchat" | 101 | "Sec-WebSocket-Protocol: superchat"
from two lines     | subprotocols=b | "Sec-WebSocket-Protocol: a" +"Sec-WebSocket-Protocol: b" | 101 | "Sec-WebSocket-Protocol: b"
case counts        | subprotocols=chat | "Sec-WebSocket-Protocol: Chat, CHAT" | 101 | -
a part is no match | subprotocols=chat | "Sec-WebSocket-Protocol: superchat, cha" | 101 | -
"#,
    );
    let asked = "Sec-WebSocket-Protocol: chat, superchat\r\n";
    for chosen in ["other", "Chat", "", "chat, superchat"] {
        let acceptance = Acceptance { subprotocol: Some(chosen), ..Acceptance::default() };
        let refused = Err(EncodeError::SubprotocolNotOffered);
        assert_eq!(accept(&request("/", asked), &acceptance), refused, "{chosen:?}");
    }
    let acceptance = Acceptance { subprotocol: Some("chat"), ..Acceptance::default() };
    let refused = Err(EncodeError::SubprotocolNotOffered);
    assert_eq!(accept(&request("/", ""), &acceptance), refused);
}

#[test]
fn rfc6455_s11_3_4_the_answer_has_one_subprotocol() {
    let asked = "Sec-WebSocket-Protocol: chat\r\nSec-WebSocket-Protocol: superchat\r\n";
    let chosen = Acceptance { subprotocol: Some("superchat"), ..Acceptance::default() };
    let answer = accept(&request("/", asked), &chosen).expect("an answer");
    assert!(answer.ends_with("xOo=\r\nSec-WebSocket-Protocol: superchat\r\n\r\n"), "{answer}");
    assert_eq!(answer.matches("Sec-WebSocket-Protocol").count(), 1, "{answer}");
    let headers = [("Sec-WebSocket-Protocol", "chat")];
    for subprotocol in [None, Some("superchat")] {
        let acceptance = Acceptance { subprotocol, headers: &headers, ..chosen };
        let refused = Err(EncodeError::ReservedHeader { index: 0 });
        assert_eq!(accept(&request("/", asked), &acceptance), refused);
    }
}

#[test]
fn rfc6455_s4_2_2_only_extensions_that_were_offered_are_chosen() {
    requests(
        r#"
none offered       | deflate | - | 101 | -
others offered     | deflate | "Sec-WebSocket-Extensions: x-webkit-deflate-frame, mux; max-channels=4" | 101 | -
in another case    | deflate | "Sec-WebSocket-Extensions: Permessage-Deflate" | 101 | -
as a parameter     | deflate | "Sec-WebSocket-Extensions: mux; permessage-deflate" | 101 | -
offered among them | deflate | "Sec-WebSocket-Extensions: mux, permessage-deflate, x-unknown" | 101 deflate | "Sec-WebSocket-Extensions: permessage-deflate"
offered, not known | - | "Sec-WebSocket-Extensions: permessage-deflate" | 101 | -
"#,
    );
    let headers = [("Sec-WebSocket-Extensions", "x-unknown")];
    let acceptance = Acceptance { headers: &headers, ..Acceptance::default() };
    let refused = Err(EncodeError::ReservedHeader { index: 0 });
    assert_eq!(accept(&request("/", ""), &acceptance), refused);
}

/// A server as a program would write one: it knows one path, serves one page and whoever is no
/// browser, and wants a cookie.
#[derive(Default)]
struct Chat {
    /// The Origins of those that were let in.
    origins: Vec<Option<String>>,
}

impl Application for Chat {
    type Session = ();

    fn upgrade(&mut self, upgrade: &Upgrade<'_>, _: SocketAddr) -> Result<Accept<()>, Response> {
        match upgrade.request().path() {
            "/chat" => {}
            "/old" => {
                let mut response = Response::text(307, "");
                response.headers.push(("Location".into(), "wss://page.example/chat".into()));
                return Err(response);
            }
            "/misled" => {
                let subprotocol = Some("never-asked-for".into());
                return Ok(Accept { subprotocol, ..Accept::new(()) });
            }
            _ => return Err(Response::text(404, "no such resource\n")),
        }
        if !matches!(upgrade.origin(), None | Some("https://page.example")) {
            return Err(Response::text(403, "not from there\n"));
        }
        let cookie = upgrade.request().headers().values("Cookie").next();
        if cookie != Some(b"id=known") {
            let mut response = Response::text(401, "who are you?\n");
            response.headers.push(("WWW-Authenticate".into(), "Basic realm=\"chat\"".into()));
            return Err(response);
        }
        self.origins.push(upgrade.origin().map(Into::into));
        Ok(Accept::new(()))
    }

    fn message(&mut self, context: &mut Context<'_, ()>, message: Message<'_>) {
        context.send(message);
    }
}

/// The answer of that server, and who it let in. If it is not 101, the server ends the stream
/// behind it, and closes when the client has ended its own.
fn answer(target: &str, lines: &str) -> (String, Vec<Option<String>>) {
    let mut simulation = Simulation::new(1, Config::default(), Chat::default());
    let client = simulation.connect();
    client.send(request(target, lines).as_bytes());
    simulation.run();
    let answer = String::from_utf8(client.receive()).expect("ASCII");
    assert_eq!(client.is_ended(), !answer.starts_with("HTTP/1.1 101 "), "{answer}");
    if client.is_ended() {
        assert!(answer.contains("\r\nConnection: close\r\n"), "{answer}");
        client.end_stream();
        simulation.run();
        assert!(client.is_closed() && !client.was_cut_off());
    }
    let origins = std::mem::take(&mut simulation.application().origins);
    (answer, origins)
}

const COOKIE: &str = "Cookie: id=known\r\n";

#[test]
fn rfc6455_s4_2_2_an_origin_that_is_not_acceptable_is_answered_403() {
    let forbidden = "HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 15\r\n\
                     Content-Type: text/plain; charset=utf-8\r\n\r\nnot from there\n";
    let others = [
        "null",
        "https://other.example",
        "http://page.example",
        "https://page.example:8443",
        "https://page.example.other.example",
        "https://PAGE.example",
    ];
    for origin in others {
        let lines = format!("{COOKIE}Origin: {origin}\r\n");
        assert_eq!(answer("/chat", &lines), (forbidden.into(), vec![]), "{origin}");
    }
    let (accepted, origins) = answer("/chat", &format!("{COOKIE}Origin: https://page.example\r\n"));
    assert!(accepted.starts_with("HTTP/1.1 101 "), "{accepted}");
    assert_eq!(origins, [Some("https://page.example".into())]);
}

#[test]
fn rfc6455_s4_2_1_a_client_without_origin_is_known_to_be_no_browser() {
    let (accepted, origins) = answer("/chat", COOKIE);
    assert!(accepted.starts_with("HTTP/1.1 101 "), "{accepted}");
    assert_eq!(origins, [None]);
    requests(
        r#"
Origin             | - | "Origin: https://page.example" | 101 | -
null is one too    | - | "Origin: null" | 101 | -
empty is not none  | - | "Origin:" | 400 OriginInvalid | -
nor is white space | - | "Origin: \t " | 400 OriginInvalid | -
nor are two        | - | "Origin: null" +"Origin: https://page.example" | 400 OriginRepeated | -
"#,
    );
}

/// Whoever is no browser can write any Origin. It opens no door by itself.
#[test]
fn rfc6455_s10_2_an_origin_that_is_right_is_no_authentication() {
    for lines in ["Origin: https://page.example\r\n", ""] {
        let (refused, origins) = answer("/chat", lines);
        assert!(refused.starts_with("HTTP/1.1 401 "), "{refused}");
        assert_eq!(origins, []);
    }
}

#[test]
fn rfc6455_s4_2_2_a_resource_that_is_not_there_is_answered_404() {
    let missing = "HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 17\r\n\
                   Content-Type: text/plain; charset=utf-8\r\n\r\nno such resource\n";
    for target in ["/", "/chats", "/chat/", "/Chat", "/%63hat", "//chat", "http://a/", "/?/chat"] {
        assert_eq!(answer(target, COOKIE), (missing.into(), vec![]), "{target}");
    }
    for target in ["/chat", "/chat?a", "http://a/chat"] {
        assert!(answer(target, COOKIE).0.starts_with("HTTP/1.1 101 "), "{target}");
    }
}

#[test]
fn rfc6455_s4_2_2_a_client_can_be_sent_elsewhere() {
    let elsewhere = "HTTP/1.1 307 Temporary Redirect\r\nConnection: close\r\nContent-Length: 0\r\n\
                     Content-Type: text/plain; charset=utf-8\r\n\
                     Location: wss://page.example/chat\r\n\r\n";
    assert_eq!(answer("/old", COOKIE), (elsewhere.into(), vec![]));
}

#[test]
fn rfc6455_s10_5_a_client_can_be_asked_to_authenticate() {
    let unauthorized = "HTTP/1.1 401 Unauthorized\r\nConnection: close\r\nContent-Length: 13\r\n\
                        Content-Type: text/plain; charset=utf-8\r\n\
                        WWW-Authenticate: Basic realm=\"chat\"\r\n\r\nwho are you?\n";
    for lines in ["", "Cookie: id=unknown\r\n", "Cookie:\r\n", "X-Cookie: id=known\r\n"] {
        assert_eq!(answer("/chat", lines), (unauthorized.into(), vec![]), "{lines:?}");
    }
    assert!(answer("/chat", COOKIE).0.starts_with("HTTP/1.1 101 "));
}

/// The application's mistake is not put into the answer: the client would have to fail.
#[test]
fn rfc6455_s4_2_2_a_choice_that_must_not_be_answered_is_not_sent() {
    let error = "HTTP/1.1 500 Internal Server Error\r\nConnection: close\r\n\
                 Content-Length: 0\r\n\r\n";
    for lines in ["", "Sec-WebSocket-Protocol: chat\r\n"] {
        assert_eq!(answer("/misled", lines).0, error);
    }
}
