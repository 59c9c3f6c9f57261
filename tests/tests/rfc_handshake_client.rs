//! RFC 6455 §4.1, second half: what a client makes of the response to its request, rule by rule.
//!
//! Each test is a table in the notation of `vectors/handshake-client.txt`: name, what was asked for,
//! the response as edits of the one in RFC 6455 §1.2, and the verdict. Each line is run in every cut.

use longwire::handshake::{
    ClientRequest, HeadLimits, HeadScanner, Response, ResponseError, Status, Url,
};
use longwire_tests::handshake::{End, holds};

fn responses(table: &str) {
    holds(End::Client, table);
}

/// Every status but 101, with all the rest of a handshake that is right. The application still has
/// the status and the headers, to do with them what HTTP says.
#[test]
fn rfc6455_s4_1_another_status_than_101_opens_nothing() {
    let url = Url::parse("ws://server.example.com/chat").expect("a URL");
    let request = ClientRequest::new(url, *b"the sample nonce");
    for status in (0..=999).filter(|status| *status != 101) {
        let bytes = format!(
            "HTTP/1.1 {status:03} Any\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nLocation: /there\r\n\
             WWW-Authenticate: Basic realm=\"x\"\r\n\r\n"
        );
        let mut scanner = HeadScanner::new(HeadLimits::DEFAULT);
        let Ok(Status::Complete(head)) = scanner.scan(bytes.as_bytes()) else {
            panic!("no head: {bytes}")
        };
        let response = Response::parse(head).expect(&bytes);
        assert_eq!(request.verify(&response), Err(ResponseError::NotSwitching { status }));
        assert_eq!(response.status(), status);
        let headers = response.headers();
        assert_eq!(headers.values("location").collect::<Vec<_>>(), [b"/there"]);
        assert_eq!(headers.values("www-authenticate").collect::<Vec<_>>(), [b"Basic realm=\"x\""]);
    }
}

#[test]
fn rfc6455_s4_1_a_client_fails_where_upgrade_is_not_websocket() {
    responses(
        r#"
in any case         | - | "Upgrade: WebSocket" | open
in capitals         | - | "UPGRADE: WEBSOCKET" | open
white space         | - | "Upgrade: \t websocket \t" | open
absent              | - | -Upgrade | fail UpgradeNotWebSocket
empty               | - | "Upgrade:" | fail UpgradeNotWebSocket
another             | - | "Upgrade: h2c" | fail UpgradeNotWebSocket
longer              | - | "Upgrade: websockets" | fail UpgradeNotWebSocket
shorter             | - | "Upgrade: websocke" | fail UpgradeNotWebSocket
with a version      | - | "Upgrade: websocket/13" | fail UpgradeNotWebSocket
a list              | - | "Upgrade: websocket, h2c" | fail UpgradeNotWebSocket
in two lines        | - | "Upgrade: websocket" +"Upgrade: h2c" | fail UpgradeNotWebSocket
in Connection only  | - | -Upgrade "Connection: Upgrade, websocket" | fail UpgradeNotWebSocket
"#,
    );
}

#[test]
fn rfc6455_s4_1_a_client_fails_where_connection_lacks_upgrade() {
    responses(
        r#"
in any case         | - | "Connection: upgrade" | open
in capitals         | - | "CONNECTION: UPGRADE" | open
in a list           | - | "Connection: keep-alive, Upgrade" | open
in a list, no space | - | "Connection: keep-alive,Upgrade" | open
in the second line  | - | "Connection: keep-alive" +"Connection: Upgrade" | open
absent              | - | -Connection | fail ConnectionNotUpgrade
empty               | - | "Connection:" | fail ConnectionNotUpgrade
another             | - | "Connection: close" | fail ConnectionNotUpgrade
part of a token     | - | "Connection: Upgraded" | fail ConnectionNotUpgrade
two words           | - | "Connection: keep-alive Upgrade" | fail ConnectionNotUpgrade
in quotes           | - | "Connection: \"Upgrade\"" | fail ConnectionNotUpgrade
"#,
    );
}

#[test]
fn rfc6455_s4_1_a_client_fails_where_the_accept_is_not_the_one_of_its_key() {
    responses(
        r#"
white space around it | - | "Sec-WebSocket-Accept: \t s3pPLMBiTxaQ9kYGzzhZRbK+xOo= \t" | open
no white space        | - | "Sec-WebSocket-Accept:s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" | open
name in any case      | - | "sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" | open
absent                | - | -Sec-WebSocket-Accept | fail AcceptMissing
empty                 | - | "Sec-WebSocket-Accept:" | fail AcceptMismatch
of another key        | - | "Sec-WebSocket-Accept: OfS0wDaT5NoxF2gqm7Zj2YtetzM=" | fail AcceptMismatch
the key itself        | - | "Sec-WebSocket-Accept: dGhlIHNhbXBsZSBub25jZQ==" | fail AcceptMismatch
its first letter      | - | "Sec-WebSocket-Accept: S3pPLMBiTxaQ9kYGzzhZRbK+xOo=" | fail AcceptMismatch
its last bit          | - | "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOp=" | fail AcceptMismatch
in small letters      | - | "Sec-WebSocket-Accept: s3pplmbitxaq9kygzzhzrbk+xoo=" | fail AcceptMismatch
without its pad       | - | "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo" | fail AcceptMismatch
a pad too many        | - | "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo==" | fail AcceptMismatch
another alphabet      | - | "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK-xOo=" | fail AcceptMismatch
white space inside    | - | "Sec-WebSocket-Accept: s3pPLMBiTxaQ9k YGzzhZRbK+xOo=" | fail AcceptMismatch
and one more          | - | "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=, a" | fail AcceptMismatch
in hexadecimal        | - | "Sec-WebSocket-Accept: b37a4f2cc0624f1690f64606cf385945b2bec4ea" | fail AcceptMismatch
"#,
    );
}

#[test]
fn rfc6455_s11_3_3_a_client_fails_where_the_accept_comes_twice() {
    responses(
        r#"
the same   | - | +"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" | fail AcceptRepeated
an other   | - | +"Sec-WebSocket-Accept: OfS0wDaT5NoxF2gqm7Zj2YtetzM=" | fail AcceptRepeated
in any case | - | +"SEC-WEBSOCKET-ACCEPT: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" | fail AcceptRepeated
"#,
    );
}

#[test]
fn rfc6455_s4_1_a_client_fails_on_an_extension_that_it_did_not_ask_for() {
    responses(
        r#"
none                   | -       | - | open
declined               | deflate | - | open
the one asked for      | deflate | "Sec-WebSocket-Extensions: permessage-deflate" | open deflate
none was asked for     | -       | "Sec-WebSocket-Extensions: permessage-deflate" | fail ExtensionNotOffered
an unknown one         | -       | "Sec-WebSocket-Extensions: x-unknown" | fail ExtensionNotOffered
another one            | deflate | "Sec-WebSocket-Extensions: x-webkit-deflate-frame" | fail ExtensionNotOffered
in another case        | deflate | "Sec-WebSocket-Extensions: Permessage-Deflate" | fail ExtensionNotOffered
another in front of it | deflate | "Sec-WebSocket-Extensions: x-unknown, permessage-deflate" | fail ExtensionNotOffered
another behind it      | deflate | "Sec-WebSocket-Extensions: permessage-deflate, x-unknown; a=b" | fail ExtensionNotOffered
another in a line more | deflate | "Sec-WebSocket-Extensions: permessage-deflate" +"Sec-WebSocket-Extensions: x-unknown" | fail ExtensionNotOffered
"#,
    );
}

#[test]
fn rfc6455_s4_1_a_client_fails_on_a_subprotocol_that_it_did_not_ask_for() {
    responses(
        r#"
none chosen         | subprotocols=chat,superchat | - | open
the first           | subprotocols=chat,superchat | "Sec-WebSocket-Protocol: chat" | open subprotocol=chat
the second          | subprotocols=chat,superchat | "Sec-WebSocket-Protocol:superchat \t" | open subprotocol=superchat
none was asked for  | - | "Sec-WebSocket-Protocol: chat" | fail SubprotocolNotOffered
another one         | subprotocols=chat | "Sec-WebSocket-Protocol: superchat" | fail SubprotocolNotOffered
its beginning       | subprotocols=superchat | "Sec-WebSocket-Protocol: super" | fail SubprotocolNotOffered
in another case     | subprotocols=chat | "Sec-WebSocket-Protocol: CHAT" | fail SubprotocolNotOffered
empty               | subprotocols=chat | "Sec-WebSocket-Protocol:" | fail SubprotocolNotOffered
empty, none asked   | - | "Sec-WebSocket-Protocol:" | fail SubprotocolNotOffered
both                | subprotocols=chat,superchat | "Sec-WebSocket-Protocol: chat, superchat" | fail SubprotocolNotOffered
the same twice      | subprotocols=chat | "Sec-WebSocket-Protocol: chat, chat" | fail SubprotocolNotOffered
"#,
    );
}

#[test]
fn rfc6455_s11_3_4_a_client_fails_where_the_subprotocol_comes_twice() {
    responses(
        r#"
the same  | subprotocols=chat | "Sec-WebSocket-Protocol: chat" +"Sec-WebSocket-Protocol: chat" | fail SubprotocolRepeated
two       | subprotocols=chat,superchat | "Sec-WebSocket-Protocol: chat" +"sec-websocket-protocol: superchat" | fail SubprotocolRepeated
"#,
    );
}

#[test]
fn rfc6455_s4_1_a_client_fails_on_whatever_else_is_no_response() {
    responses(
        r#"
HTTP/1.0            | - | >"HTTP/1.0 101 Switching Protocols" | fail UnsupportedHttpVersion
HTTP/2              | - | >"HTTP/2 101 Switching Protocols" | fail UnsupportedHttpVersion
HTTP/2.0            | - | >"HTTP/2.0 101 Switching Protocols" | fail UnsupportedHttpVersion
HTTP in small letters | - | >"http/1.1 101 Switching Protocols" | fail UnsupportedHttpVersion
another protocol    | - | >"SIP/2.0 101 Switching Protocols" | fail UnsupportedHttpVersion
a request           | - | >"GET /chat HTTP/1.1" | fail UnsupportedHttpVersion
no version          | - | >"101 Switching Protocols" | fail UnsupportedHttpVersion
no status           | - | >"HTTP/1.1 Switching Protocols" | fail MalformedStatusLine
a short status      | - | >"HTTP/1.1 10 Switching Protocols" | fail MalformedStatusLine
a long status       | - | >"HTTP/1.1 1010 Switching Protocols" | fail MalformedStatusLine
a letter in it      | - | >"HTTP/1.1 1O1 Switching Protocols" | fail MalformedStatusLine
two spaces          | - | >"HTTP/1.1  101 Switching Protocols" | fail MalformedStatusLine
an empty line first | - | raw "\r\nHTTP/1.1 101 Switching Protocols\r\n\r\n" | fail MalformedStatusLine
two empty lines     | - | raw "\r\n\r" ^ "\nHTTP/1.1 101 Switching Protocols\r\n\r\n" | fail EmptyStartLine
no colon            | - | +"Nonsense" | fail MalformedHeader
no name             | - | +": nonsense" | fail MalformedHeader
a space in a name   | - | +"X Y: a" | fail MalformedHeader
no ASCII in a name  | - | +"\xff: a" | fail MalformedHeader
a body              | - | "Content-Length: 5" | fail BodyOnUpgrade
a body in chunks    | - | "Transfer-Encoding: chunked" | fail BodyOnUpgrade
a frame             | - | raw 81 05 ^ "Hello" | fail ControlCharacter
TLS                 | - | raw 15 ^ 03 03 00 02 02 28 | fail ControlCharacter
nothing yet         | - | raw "" | partial
an end too early    | - | raw "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n" | partial
"#,
    );
}

#[test]
fn rfc6455_s9_1_a_client_fails_on_a_malformed_extensions_header() {
    responses(
        r#"
one list in two lines   | deflate | "Sec-WebSocket-Extensions:" +"Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=10" | open deflate server_max_window_bits=10
a quoted token          | deflate | "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=\"1\\0\"" | open deflate server_max_window_bits=10
empty elements          | deflate | "Sec-WebSocket-Extensions: , permessage-deflate ,," | open deflate
empty                   | deflate | "Sec-WebSocket-Extensions:" | fail ExtensionsMalformed
nothing but commas      | deflate | "Sec-WebSocket-Extensions: , ," | fail ExtensionsMalformed
empty, none asked for   | - | "Sec-WebSocket-Extensions:" | fail ExtensionsMalformed
a semicolon, nothing    | deflate | "Sec-WebSocket-Extensions: permessage-deflate;" | fail ExtensionsMalformed
no name                 | deflate | "Sec-WebSocket-Extensions: ; a" | fail ExtensionsMalformed
a name with a value     | deflate | "Sec-WebSocket-Extensions: permessage-deflate=1" | fail ExtensionsMalformed
no value                | deflate | "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=" | fail ExtensionsMalformed
two words               | deflate | "Sec-WebSocket-Extensions: permessage deflate" | fail ExtensionsMalformed
an empty quoted string  | deflate | "Sec-WebSocket-Extensions: permessage-deflate; a=\"\"" | fail ExtensionsMalformed
quoted, and no token    | deflate | "Sec-WebSocket-Extensions: permessage-deflate; a=\"b c\"" | fail ExtensionsMalformed
a quote without its end | deflate | "Sec-WebSocket-Extensions: permessage-deflate; a=\"b" | fail ExtensionsMalformed
in the second line      | deflate | "Sec-WebSocket-Extensions: permessage-deflate" +"Sec-WebSocket-Extensions: =" | fail ExtensionsMalformed
behind one not offered  | - | "Sec-WebSocket-Extensions: x, =" | fail ExtensionsMalformed
"#,
    );
}

/// Where text of the response is compared or read, no byte of it can be other than UTF-8; what
/// nobody reads may be.
#[test]
fn rfc6455_s8_1_a_client_fails_where_what_it_reads_is_not_utf8() {
    responses(
        r#"
a reason phrase   | - | >"HTTP/1.1 101 J\xfcrgen" | open
an unknown header | - | "Server: \xff" | open
the version       | - | >"HTTP/1.\xff 101 Switching Protocols" | fail UnsupportedHttpVersion
the status        | - | >"HTTP/1.1 10\xff Switching Protocols" | fail MalformedStatusLine
a name            | - | +"S\xe9rver: a" | fail MalformedHeader
Upgrade           | - | "Upgrade: websocket\xff" | fail UpgradeNotWebSocket
Connection        | - | "Connection: Upgrade\xff" | fail ConnectionNotUpgrade
the accept        | - | "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xO\xff=" | fail AcceptMismatch
the subprotocol   | subprotocols=chat | "Sec-WebSocket-Protocol: chat\xff" | fail SubprotocolNotOffered
an extension      | deflate | "Sec-WebSocket-Extensions: permessage-deflate\xff" | fail ExtensionsMalformed
a parameter       | deflate | "Sec-WebSocket-Extensions: permessage-deflate; a=\xff" | fail ExtensionsMalformed
"#,
    );
}
