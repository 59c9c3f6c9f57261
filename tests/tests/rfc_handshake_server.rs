//! RFC 6455 §4.2.1: what a server takes for an opening handshake, rule by rule.
//!
//! Each test is a table in the notation of `vectors/handshake-server.txt`: name, what the server is
//! willing to do, the request as edits of the one in RFC 6455 §1.2, status and rule of the answer,
//! and what is in it. Each line is run in every cut. The first test has a whole server answer.

mod simulated;

use longwire::handshake::MAX_SUBPROTOCOLS;
use longwire_tests::handshake::{End, holds};
use simulated::{assert_refused, frame, request, simulation};

fn requests(table: &str) {
    holds(End::Server, table);
}

/// Each rule broken alone: the error that HTTP has for it, the end of the connection announced and
/// then made, and nothing of what follows looked at, whether it is a request that would be right or
/// a frame.
#[test]
fn rfc6455_s4_2_1_any_deviation_is_answered_with_an_error_and_the_end() {
    let sound = request("/", "");
    let behind = [request("/", "").as_bytes(), &frame(0x81, b"hello")].concat();
    let edits = [
        ("GET / HTTP/1.1\r\n", "POST / HTTP/1.1\r\n", 405),
        ("GET / HTTP/1.1\r\n", "CONNECT a:80 HTTP/1.1\r\n", 405),
        ("GET / HTTP/1.1\r\n", "GET / HTTP/1.0\r\n", 505),
        ("GET / HTTP/1.1\r\n", "GET / HTTP/2.0\r\n", 505),
        ("GET / HTTP/1.1\r\n", "GET /\r\n", 400),
        ("GET / HTTP/1.1\r\n", "GET / HTTP/1.1\n", 400),
        ("GET / HTTP/1.1\r\n", "GET /#a HTTP/1.1\r\n", 400),
        ("Host: a\r\n", "", 400),
        ("Host: a\r\n", "Host:\r\n", 400),
        ("Host: a\r\n", "Host: a\r\nHost: a\r\n", 400),
        ("Host: a\r\n", "Host : a\r\n", 400),
        ("Host: a\r\n", "Host: a\r\n b\r\n", 400),
        ("Host: a\r\n", "Host: a\0\r\n", 400),
        ("Upgrade: websocket\r\n", "", 426),
        ("Upgrade: websocket\r\n", "Upgrade: h2c\r\n", 426),
        ("Connection: Upgrade\r\n", "", 400),
        ("Connection: Upgrade\r\n", "Connection: keep-alive\r\n", 400),
        ("Version: 13\r\n", "Version: 8\r\n", 426),
        ("Sec-WebSocket-Version: 13\r\n", "", 426),
        ("Version: 13\r\n", "Version: 13\r\nSec-WebSocket-Version: 13\r\n", 400),
        ("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", "", 400),
        ("Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", "Key: dGhlIHNhbXBsZQ==\r\n", 400),
        ("Host: a\r\n", "Host: a\r\nOrigin:\r\n", 400),
        ("Host: a\r\n", "Host: a\r\nSec-WebSocket-Protocol: a, a\r\n", 400),
        ("Host: a\r\n", "Host: a\r\nSec-WebSocket-Extensions: ;\r\n", 400),
        ("Host: a\r\n", "Host: a\r\nContent-Length: 1\r\n", 400),
        ("Host: a\r\n", "Host: a\r\nTransfer-Encoding: gzip, chunked\r\n", 501),
    ];
    for (from, to, status) in edits {
        assert_eq!(sound.matches(from).count(), 1, "{from:?}");
        let request = sound.replace(from, to);
        assert_refused(request.as_bytes(), status);
        assert_refused(&[request.as_bytes(), &behind].concat(), status);
    }
}

#[test]
fn rfc6455_s4_2_1_the_method_is_get() {
    requests(
        r#"
POST           | - | >"POST /chat HTTP/1.1" | 405 MethodNotGet | "Allow: GET"
PUT            | - | >"PUT /chat HTTP/1.1" | 405 MethodNotGet | "Allow: GET"
HEAD           | - | >"HEAD /chat HTTP/1.1" | 405 MethodNotGet | "Allow: GET"
OPTIONS        | - | >"OPTIONS * HTTP/1.1" | 405 MethodNotGet | "Allow: GET"
TRACE          | - | >"TRACE /chat HTTP/1.1" | 405 MethodNotGet | "Allow: GET"
CONNECT        | - | >"CONNECT server.example.com:80 HTTP/1.1" | 405 MethodNotGet | "Allow: GET"
get            | - | >"get /chat HTTP/1.1" | 405 MethodNotGet | "Allow: GET"
Get            | - | >"Get /chat HTTP/1.1" | 405 MethodNotGet | "Allow: GET"
longer         | - | >"GETS /chat HTTP/1.1" | 405 MethodNotGet | "Allow: GET"
shorter        | - | >"GE /chat HTTP/1.1" | 405 MethodNotGet | "Allow: GET"
none           | - | >" /chat HTTP/1.1" | 400 LeadingWhitespace | -
no token       | - | >"G(T /chat HTTP/1.1" | 400 MalformedRequestLine | -
CONNECT a path | - | >"CONNECT /chat HTTP/1.1" | 400 InvalidTarget | -
"#,
    );
}

#[test]
fn rfc6455_s4_2_1_the_version_of_http_is_1_1() {
    requests(
        r#"
HTTP/1.0             | - | >"GET /chat HTTP/1.0" | 505 UnsupportedHttpVersion | -
HTTP/0.9, in words   | - | >"GET /chat HTTP/0.9" | 505 UnsupportedHttpVersion | -
HTTP/0.9, really     | - | >"GET /chat" | 400 MalformedRequestLine | -
HTTP/2.0             | - | >"GET /chat HTTP/2.0" | 505 UnsupportedHttpVersion | -
HTTP/3.0             | - | >"GET /chat HTTP/3.0" | 505 UnsupportedHttpVersion | -
HTTP/2               | - | >"GET /chat HTTP/2" | 400 MalformedRequestLine | -
the preface of HTTP/2 | - | raw "PRI * HTTP/2.0\r\n\r\n" | 505 UnsupportedHttpVersion | -
HTTP/1.10            | - | >"GET /chat HTTP/1.10" | 400 MalformedRequestLine | -
http/1.1             | - | >"GET /chat http/1.1" | 400 MalformedRequestLine | -
two versions         | - | >"GET /chat HTTP/1.0 HTTP/1.1" | 400 MalformedRequestLine | -
a space behind it    | - | >"GET /chat HTTP/1.1 " | 400 MalformedRequestLine | -
"#,
    );
}

#[test]
fn rfc6455_s4_2_1_host_is_there_once_and_is_one() {
    requests(
        r#"
a name and a port   | - | "Host: server.example.com:80" | 101 | -
an IPv6 address     | - | "Host: [::1]:9001" | 101 | -
absent              | - | -Host | 400 HostMissing | -
empty               | - | "Host:" | 400 HostInvalid | -
nothing but spaces  | - | "Host: \t " | 400 HostInvalid | -
twice the same      | - | +"Host: server.example.com" | 400 HostRepeated | -
two                 | - | +"HOST: other.example.com" | 400 HostRepeated | -
two in one line     | - | "Host: a, b" | 400 HostInvalid | -
a port without host | - | "Host: :80" | 400 HostInvalid | -
a port beyond       | - | "Host: a:65536" | 400 HostInvalid | -
a user              | - | "Host: user@a" | 400 HostInvalid | -
a path              | - | "Host: a/chat" | 400 HostInvalid | -
half an address     | - | "Host: [::1" | 400 HostInvalid | -
absent beside the absolute form | - | >"GET http://server.example.com/chat HTTP/1.1" -Host | 400 HostMissing | -
"#,
    );
}

#[test]
fn rfc6455_s4_2_1_upgrade_names_websocket() {
    requests(
        r#"
in any case         | - | "Upgrade: WebSocket" | 101 | -
in capitals         | - | "UPGRADE: WEBSOCKET" | 101 | -
in a list           | - | "Upgrade: foo, WebSocket" | 101 | -
in front of a list  | - | "Upgrade: websocket,foo/1.0" | 101 | -
in the second line  | - | "Upgrade: h2c" +"Upgrade: websocket" | 101 | -
absent              | - | -Upgrade | 426 NotWebSocket | "Upgrade: websocket" "Sec-WebSocket-Version: 13"
empty               | - | "Upgrade:" | 426 NotWebSocket | "Upgrade: websocket"
another             | - | "Upgrade: h2c" | 426 NotWebSocket | "Upgrade: websocket"
longer              | - | "Upgrade: websockets" | 426 NotWebSocket | "Upgrade: websocket"
in two words        | - | "Upgrade: web socket" | 426 NotWebSocket | "Upgrade: websocket"
with a version      | - | "Upgrade: websocket/13" | 426 NotWebSocket | "Upgrade: websocket"
in quotes           | - | "Upgrade: \"websocket\"" | 426 NotWebSocket | "Upgrade: websocket"
in Connection alone | - | -Upgrade "Connection: Upgrade, websocket" | 426 NotWebSocket | "Upgrade: websocket"
"#,
    );
}

#[test]
fn rfc6455_s4_2_1_connection_names_upgrade() {
    requests(
        r#"
in any case        | - | "CONNECTION: uPGRADE" | 101 | -
in a list          | - | "Connection: keep-alive, Upgrade" | 101 | -
in front of a list | - | "Connection: upgrade,keep-alive" | 101 | -
empty elements     | - | "Connection: ,, Upgrade ," | 101 | -
in the second line | - | "Connection: keep-alive" +"Connection: Upgrade" | 101 | -
absent             | - | -Connection | 400 ConnectionNotUpgrade | -
empty              | - | "Connection:" | 400 ConnectionNotUpgrade | -
another            | - | "Connection: keep-alive" | 400 ConnectionNotUpgrade | -
part of a token    | - | "Connection: not-Upgrade" | 400 ConnectionNotUpgrade | -
two words          | - | "Connection: keep-alive Upgrade" | 400 ConnectionNotUpgrade | -
in quotes          | - | "Connection: \"Upgrade\"" | 400 ConnectionNotUpgrade | -
"#,
    );
}

#[test]
fn rfc6455_s4_2_1_order_case_white_space_and_other_headers_are_free() {
    requests(
        r#"
turned round          | - | raw "GET /chat HTTP/1.1\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nHost: server.example.com\r\n\r\n" | 101 | -
Host at the end       | - | -Host +"Host: a" | 101 | -
names in small letters | - | "host: a" "upgrade: websocket" "connection: Upgrade" "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==" "sec-websocket-version: 13" | 101 | -
names in capitals     | - | "HOST: a" "UPGRADE: websocket" "CONNECTION: Upgrade" "SEC-WEBSOCKET-KEY: dGhlIHNhbXBsZSBub25jZQ==" "SEC-WEBSOCKET-VERSION: 13" | 101 | -
no white space        | - | "Host:a" "Upgrade:websocket" "Connection:Upgrade" "Sec-WebSocket-Key:dGhlIHNhbXBsZSBub25jZQ==" "Sec-WebSocket-Version:13" | 101 | -
spaces and tabs       | - | "Host: \t a \t" "Upgrade:\twebsocket\t" "Connection:  Upgrade  " "Sec-WebSocket-Key:\t dGhlIHNhbXBsZSBub25jZQ==\t " "Sec-WebSocket-Version:\t\t13 " | 101 | -
unknown headers       | - | +"X-Unknown: a; b=\"c, d\"" +"Sec-WebSocket-Unknown: a" +"User-Agent:" +"X-Unknown: again" | 101 | -
bytes that nobody reads | - | +"X-Unknown: \x80\xff" | 101 | -
a header of an older version | - | +"Sec-WebSocket-Key1: 4 @1  46546xW%0l 1 5" +"Sec-WebSocket-Draft: 76" | 101 | -
"#,
    );
}

#[test]
fn rfc6455_s4_2_1_the_absolute_form_is_the_same_request() {
    requests(
        r#"
http          | - | >"GET http://server.example.com/chat HTTP/1.1" | 101 | -
https         | - | >"GET https://server.example.com/chat HTTP/1.1" | 101 | -
ws            | - | >"GET ws://server.example.com/chat HTTP/1.1" | 101 | -
wss, a port   | - | >"GET WSS://server.example.com:443/chat?a HTTP/1.1" | 101 | -
no path       | - | >"GET http://server.example.com HTTP/1.1" | 101 | -
another host  | - | >"GET http://other.example.com/chat HTTP/1.1" | 101 | -
no host       | - | >"GET http:///chat HTTP/1.1" | 400 InvalidTarget | -
another scheme | - | >"GET ftp://server.example.com/chat HTTP/1.1" | 400 InvalidTarget | -
a fragment    | - | >"GET http://server.example.com/chat#a HTTP/1.1" | 400 InvalidTarget | -
a user        | - | >"GET http://user@server.example.com/chat HTTP/1.1" | 400 InvalidTarget | -
no form       | - | >"GET chat HTTP/1.1" | 400 InvalidTarget | -
"#,
    );
    // It goes the same way: the application refuses the path `/no`.
    for target in ["/no", "http://a/no", "ws://b:80/no?a", "/no?a"] {
        assert_refused(request(target, "").as_bytes(), 403);
    }
    let mut simulation = simulation(|_| {});
    for target in ["/yes", "http://a/yes", "http://a/no/", "http://a?/no"] {
        let client = simulation.connect();
        client.send(request(target, "").as_bytes());
        simulation.run();
        assert!(client.receive().starts_with(b"HTTP/1.1 101 "), "{target}");
    }
}

#[test]
fn rfc6455_s4_2_1_a_key_is_16_bytes_in_base64() {
    requests(
        r#"
nothing but zeros | - | "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==" | 101 | "Sec-WebSocket-Accept: ICX+Yqv66kxgM0FcWaLWlFLwTAI="
nothing but ones  | - | "Sec-WebSocket-Key: /////////////////////w==" | 101 | "Sec-WebSocket-Accept: XXpj4jYzLM2yUE0C7TIgMwTQh2g="
absent            | - | -Sec-WebSocket-Key | 400 KeyMissing | -
empty             | - | "Sec-WebSocket-Key:" | 400 KeyInvalid | -
no bytes          | - | "Sec-WebSocket-Key: ==" | 400 KeyInvalid | -
15 bytes          | - | "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25j" | 400 KeyInvalid | -
17 bytes          | - | "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZSE=" | 400 KeyInvalid | -
18 bytes          | - | "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZSEh" | 400 KeyInvalid | -
20 bytes, padded  | - | "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQAAAA==" | 400 KeyInvalid | -
no pads           | - | "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ" | 400 KeyInvalid | -
one pad           | - | "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=" | 400 KeyInvalid | -
three pads        | - | "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZ===" | 400 KeyInvalid | -
a pad inside      | - | "Sec-WebSocket-Key: dGhlIHNhbXBs=SBub25jZQ==" | 400 KeyInvalid | -
another alphabet  | - | "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25-ZQ==" | 400 KeyInvalid | -
a space inside    | - | "Sec-WebSocket-Key: dGhlIHNhbXBs ZSBub25jZQ==" | 400 KeyInvalid | -
no ASCII          | - | "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25j\xc5Q==" | 400 KeyInvalid | -
16 characters     | - | "Sec-WebSocket-Key: the sample nonce" | 400 KeyInvalid | -
in hexadecimal    | - | "Sec-WebSocket-Key: 7468652073616d706c65206e6f6e6365" | 400 KeyInvalid | -
"#,
    );
}

/// Erratum 3150: the sample of §4.1 has bits behind its sixteenth byte. It is hashed as it came.
#[test]
fn rfc6455_s4_2_1_a_key_with_pad_bits_is_accepted() {
    requests(
        r#"
of §4.1   | - | "Sec-WebSocket-Key: AQIDBAUGBwgJCgsMDQ4PEC==" | 101 | "Sec-WebSocket-Accept: OfS0wDaT5NoxF2gqm7Zj2YtetzM="
"#,
    );
}

#[test]
fn rfc6455_s11_3_1_a_key_comes_once() {
    requests(
        r#"
twice the same | - | +"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==" | 400 KeyRepeated | -
two            | - | +"SEC-WEBSOCKET-KEY: AAAAAAAAAAAAAAAAAAAAAA==" | 400 KeyRepeated | -
one is empty   | - | +"Sec-WebSocket-Key:" | 400 KeyRepeated | -
two in a line  | - | "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==, dGhlIHNhbXBsZSBub25jZQ==" | 400 KeyInvalid | -
"#,
    );
}

#[test]
fn rfc6455_s4_4_another_version_is_answered_with_426_and_the_one_supported() {
    requests(
        r#"
absent     | - | -Sec-WebSocket-Version | 426 VersionMissing | "Sec-WebSocket-Version: 13" "Upgrade: websocket"
empty      | - | "Sec-WebSocket-Version:" | 426 VersionUnsupported | "Sec-WebSocket-Version: 13"
0          | - | "Sec-WebSocket-Version: 0" | 426 VersionUnsupported | "Sec-WebSocket-Version: 13"
8          | - | "Sec-WebSocket-Version: 8" | 426 VersionUnsupported | "Sec-WebSocket-Version: 13"
12         | - | "Sec-WebSocket-Version: 12" | 426 VersionUnsupported | "Sec-WebSocket-Version: 13"
14         | - | "Sec-WebSocket-Version: 14" | 426 VersionUnsupported | "Sec-WebSocket-Version: 13"
255        | - | "Sec-WebSocket-Version: 255" | 426 VersionUnsupported | "Sec-WebSocket-Version: 13"
013        | - | "Sec-WebSocket-Version: 013" | 426 VersionUnsupported | "Sec-WebSocket-Version: 13"
+13        | - | "Sec-WebSocket-Version: +13" | 426 VersionUnsupported | "Sec-WebSocket-Version: 13"
13.0       | - | "Sec-WebSocket-Version: 13.0" | 426 VersionUnsupported | "Sec-WebSocket-Version: 13"
a list     | - | "Sec-WebSocket-Version: 13, 8" | 426 VersionUnsupported | "Sec-WebSocket-Version: 13"
"#,
    );
}

#[test]
fn rfc6455_s11_3_5_the_version_comes_once() {
    requests(
        r#"
twice the same | - | +"Sec-WebSocket-Version: 13" | 400 VersionRepeated | -
two            | - | +"Sec-WebSocket-Version: 8" | 400 VersionRepeated | -
in any case    | - | +"sec-websocket-version: 13" | 400 VersionRepeated | -
"#,
    );
}

/// RFC 6455 §4.1, request item 10, from the other side: a list of tokens, each of them once.
#[test]
fn rfc6455_s4_2_1_subprotocols_are_tokens_and_none_comes_twice() {
    let many = |count: usize| (0..count).map(|at| at.to_string()).collect::<Vec<_>>().join(",");
    let limit = MAX_SUBPROTOCOLS;
    requests(&format!(
        r#"
one list in two lines | subprotocols=b | "Sec-WebSocket-Protocol: a" +"Sec-WebSocket-Protocol: b" | 101 | "Sec-WebSocket-Protocol: b"
every kind of token | - | "Sec-WebSocket-Protocol: !#$%&'*+-.^_`|~09AZaz" | 101 | -
empty               | - | "Sec-WebSocket-Protocol:" | 400 SubprotocolsMalformed | -
nothing but commas  | - | "Sec-WebSocket-Protocol: ,," | 400 SubprotocolsMalformed | -
a space             | - | "Sec-WebSocket-Protocol: chat room" | 400 SubprotocolsMalformed | -
a separator         | - | "Sec-WebSocket-Protocol: chat, a/b" | 400 SubprotocolsMalformed | -
in quotes           | - | "Sec-WebSocket-Protocol: \"chat\"" | 400 SubprotocolsMalformed | -
twice the same      | - | "Sec-WebSocket-Protocol: a, b, a" | 400 SubprotocolRepeated | -
twice, in two lines | - | "Sec-WebSocket-Protocol: a" +"Sec-WebSocket-Protocol: b, a" | 400 SubprotocolRepeated | -
as many as allowed  | - | "Sec-WebSocket-Protocol: {}" | 101 | -
one more            | - | "Sec-WebSocket-Protocol: {}" | 400 TooManySubprotocols | -
"#,
        many(limit),
        many(limit + 1)
    ));
}

#[test]
fn rfc6455_s9_1_a_server_refuses_a_malformed_extensions_header() {
    requests(
        r#"
one list in two lines   | deflate | "Sec-WebSocket-Extensions: x-unknown; a" +"Sec-WebSocket-Extensions: permessage-deflate" | 101 deflate | "Sec-WebSocket-Extensions: permessage-deflate"
an empty line first     | deflate | "Sec-WebSocket-Extensions:" +"Sec-WebSocket-Extensions: permessage-deflate" | 101 deflate | "Sec-WebSocket-Extensions: permessage-deflate"
unknown ones            | deflate | "Sec-WebSocket-Extensions: mux; max-channels=4; flow-control, deflate-stream" | 101 | -
a quoted token          | deflate | "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=\"1\\0\"" | 101 deflate server_max_window_bits=10 | "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=10"
white space             | deflate | "Sec-WebSocket-Extensions: \tpermessage-deflate ;\t server_max_window_bits = 10 " | 101 deflate server_max_window_bits=10 | "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=10"
empty                   | - | "Sec-WebSocket-Extensions:" | 400 ExtensionsMalformed | -
nothing but commas      | - | "Sec-WebSocket-Extensions: , ," | 400 ExtensionsMalformed | -
a semicolon, nothing    | - | "Sec-WebSocket-Extensions: a;" | 400 ExtensionsMalformed | -
two semicolons          | - | "Sec-WebSocket-Extensions: a;;b" | 400 ExtensionsMalformed | -
no name                 | - | "Sec-WebSocket-Extensions: ;a" | 400 ExtensionsMalformed | -
a name with a value     | - | "Sec-WebSocket-Extensions: a=b" | 400 ExtensionsMalformed | -
no value                | - | "Sec-WebSocket-Extensions: a; b=" | 400 ExtensionsMalformed | -
two values              | - | "Sec-WebSocket-Extensions: a; b=c=d" | 400 ExtensionsMalformed | -
two words               | - | "Sec-WebSocket-Extensions: a b" | 400 ExtensionsMalformed | -
a name in quotes        | - | "Sec-WebSocket-Extensions: \"a\"" | 400 ExtensionsMalformed | -
an empty quoted string  | - | "Sec-WebSocket-Extensions: a; b=\"\"" | 400 ExtensionsMalformed | -
quoted, and no token    | - | "Sec-WebSocket-Extensions: a; b=\"c,d\"" | 400 ExtensionsMalformed | -
a quote without its end | - | "Sec-WebSocket-Extensions: a; b=\"c" | 400 ExtensionsMalformed | -
malformed at the end    | deflate | "Sec-WebSocket-Extensions: permessage-deflate, a b" | 400 ExtensionsMalformed | -
in the second line      | deflate | "Sec-WebSocket-Extensions: permessage-deflate" +"Sec-WebSocket-Extensions: =" | 400 ExtensionsMalformed | -
"#,
    );
}

/// Where text of the request is compared or read, no byte of it can be other than UTF-8; what
/// nobody reads may be.
#[test]
fn rfc6455_s8_1_a_server_refuses_what_it_reads_and_is_not_utf8() {
    requests(
        r#"
an unknown header | - | +"X-Unknown: \xff" | 101 | -
the method        | - | >"GE\xd4 /chat HTTP/1.1" | 400 MalformedRequestLine | -
the target        | - | >"GET /caf\xe9 HTTP/1.1" | 400 MalformedRequestLine | -
a name            | - | +"X-\xff: a" | 400 MalformedHeader | -
Host              | - | "Host: a\xff" | 400 HostInvalid | -
Upgrade           | - | "Upgrade: websocket\xff" | 426 NotWebSocket | -
Connection        | - | "Connection: Upgrade\xff" | 400 ConnectionNotUpgrade | -
the version       | - | "Sec-WebSocket-Version: 13\xff" | 426 VersionUnsupported | -
the key           | - | "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZ\xff==" | 400 KeyInvalid | -
Origin            | - | "Origin: http://\xff" | 400 OriginInvalid | -
a subprotocol     | - | "Sec-WebSocket-Protocol: chat, \xff" | 400 SubprotocolsMalformed | -
an extension      | - | "Sec-WebSocket-Extensions: a\xff" | 400 ExtensionsMalformed | -
a parameter       | - | "Sec-WebSocket-Extensions: a; b=\"\xff\"" | 400 ExtensionsMalformed | -
"#,
    );
}
