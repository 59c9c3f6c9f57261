//! The rules of RFC 9110 and RFC 9112 on heads and on lengths, in both roles: what a server answers
//! to a request that breaks one, and what fails a client.
//!
//! The tables are in the notation of `vectors/handshake-server.txt` and `handshake-client.txt`; each
//! line is run in every cut. `^` stands behind the byte at which the head is refused.

use longwire::handshake::{
    Head, HeadError, HeadLimits, HeadScanner, Request, RequestError, Status,
};
use longwire_tests::handshake::{End, holds};

fn requests(table: &str) {
    holds(End::Server, table);
}

fn responses(table: &str) {
    holds(End::Client, table);
}

/// What the scanner says to these bytes, which has to be the same for the whole and byte by byte;
/// with an error, the number of bytes that it took.
fn scan(bytes: &[u8]) -> Result<Status<Head<'_>>, (HeadError, usize)> {
    let [mut slow, mut fast] = [HeadScanner::new(HeadLimits::DEFAULT); 2];
    for end in 1..bytes.len() {
        if slow.scan(&bytes[..end]).is_err() {
            break;
        }
    }
    let whole = fast.scan(bytes);
    assert_eq!(slow.scan(bytes), whole);
    assert_eq!(slow.examined_bytes(), fast.examined_bytes());
    whole.map_err(|error| (error, fast.examined_bytes()))
}

#[test]
fn rfc9112_s3_a_request_line_over_8_kib_is_answered_414() {
    let line = |bytes: usize| format!("GET /{} HTTP/1.1", "a".repeat(bytes - 14));
    let longest = format!("{}\r\nHost: a\r\n\r\n", line(8192));
    let Ok(Status::Complete(head)) = scan(longest.as_bytes()) else { panic!("no head") };
    assert_eq!(Request::parse(head).expect("a request").target().len(), 8192 - 13);
    let too_long = HeadError::StartLineTooLong { max_start_line_bytes: 8192 };
    assert_eq!(too_long.status(), 414);
    for bytes in [8193, 8194, 10_000, 100_000] {
        let line = line(bytes);
        assert_eq!(scan(line.as_bytes()), Err((too_long, 8193)), "a line of {bytes} bytes");
    }
    requests(
        r#"
of the limit       | max_start_line_bytes=18 | - | 101 | -
over it            | max_start_line_bytes=17 | raw "GET /chat HTTP/1.1" ^ "\r\n" | 414 StartLineTooLong | -
a method over it   | max_start_line_bytes=17 | raw "G"*17 "G" ^ | 414 StartLineTooLong | -
an empty one first | max_start_line_bytes=17 | raw "\r\nGET /chat HTTP/1.1" ^ "\r\n" | 414 StartLineTooLong | -
"#,
    );
    responses(
        r#"
of the limit       | max_start_line_bytes=32 | - | open
over it            | max_start_line_bytes=31 | raw "HTTP/1.1 101 Switching Protocols" ^ "\r\n" | fail StartLineTooLong
"#,
    );
}

#[test]
fn rfc9110_s5_4_a_head_over_16_kib_or_100_fields_is_answered_431() {
    for start_line in ["GET / HTTP/1.1", "HTTP/1.1 101 Any"] {
        let fixed = start_line.len() + "\r\nHost: a\r\nA: \r\n\r\n".len();
        let head = |bytes: usize| {
            format!("{start_line}\r\nHost: a\r\nA: {}\r\n\r\n", "a".repeat(bytes - fixed))
        };
        assert!(matches!(scan(head(16_384).as_bytes()), Ok(Status::Complete(_))));
        let too_long = HeadError::HeadTooLong { max_head_bytes: 16_384 };
        assert_eq!(too_long.status(), 431);
        for bytes in [16_385, 16_386, 100_000] {
            assert_eq!(scan(head(bytes).as_bytes()), Err((too_long, 16_384)), "{bytes} bytes");
        }
        let fields =
            |count: usize| format!("{start_line}\r\nHost: a\r\n{}", "A: b\r\n".repeat(count - 1));
        let most = fields(100) + "\r\n";
        assert!(matches!(scan(most.as_bytes()), Ok(Status::Complete(_))));
        let too_many = HeadError::TooManyHeaders { max_headers: 100 };
        assert_eq!(too_many.status(), 431);
        let refused = scan(fields(101).as_bytes()).map(|_| ());
        // The first byte of the line is enough.
        assert_eq!(refused, Err((too_many, fields(100).len() + 1)));
    }
    requests(
        r#"
bytes of the limit  | max_head_bytes=27 | raw "GET / HTTP/1.1\r\nHost: a\r\n\r\n" | 426 NotWebSocket | -
bytes over it       | max_head_bytes=26 | raw "GET / HTTP/1.1\r\nHost: a\r\n\r" ^ "\n" | 431 HeadTooLong | -
fields of the limit | max_headers=5 | - | 101 | -
fields over it      | max_headers=1 | raw "GET / HTTP/1.1\r\nHost: a\r\nA" ^ ": b\r\n\r\n" | 431 TooManyHeaders | -
"#,
    );
    responses(
        r#"
bytes of the limit  | max_head_bytes=129 | - | open
bytes over it       | max_head_bytes=33 | raw "HTTP/1.1 101 Switching Protocols\r" ^ "\n\r\n" | fail HeadTooLong
fields of the limit | max_headers=3 | - | open
fields over it      | max_headers=0 | raw "HTTP/1.1 101 Any\r\nU" ^ "pgrade: websocket\r\n\r\n" | fail TooManyHeaders
"#,
    );
}

/// Every byte there is, inside of a target.
#[test]
fn rfc9112_s3_2_a_target_is_in_visible_ascii_without_a_fragment() {
    for byte in 0..=u8::MAX {
        let bytes = [b"GET /a".as_slice(), &[byte], b"b HTTP/1.1\r\nHost: a\r\n\r\n"].concat();
        let at = 6;
        let verdict = match scan(&bytes) {
            Ok(Status::Complete(head)) => Request::parse(head).map(|request| request.path().len()),
            Ok(Status::Partial) => panic!("no verdict: {byte:#04x}"),
            Err((error, _)) => Err(error.into()),
        };
        let expected = match byte {
            b'\n' => Err(HeadError::BareLineFeed { at }.into()),
            b'\r' => Err(HeadError::BareCarriageReturn { at }.into()),
            b' ' | b'\t' => Err(RequestError::MalformedRequestLine),
            0..=0x1f | 0x7f => Err(HeadError::ControlCharacter { byte, at }.into()),
            // A single byte of these is no UTF-8 either.
            0x80.. => Err(RequestError::MalformedRequestLine),
            b'#' => Err(RequestError::InvalidTarget),
            b'?' => Ok(2),
            _ => Ok(4),
        };
        assert_eq!(verdict, expected, "{byte:#04x}");
        assert_eq!(verdict.map_err(RequestError::status).err().unwrap_or(400), 400);
    }
    requests(
        r#"
UTF-8            | - | >"GET /caf\xc3\xa9 HTTP/1.1" | 400 InvalidTarget | -
UTF-8, as a host | - | >"GET http://caf\xc3\xa9/ HTTP/1.1" | 400 InvalidTarget | -
two spaces       | - | >"GET  /chat HTTP/1.1" | 400 MalformedRequestLine | -
a tab            | - | >"GET\t/chat HTTP/1.1" | 400 MalformedRequestLine | -
empty            | - | >"GET HTTP/1.1" | 400 MalformedRequestLine | -
"#,
    );
}

#[test]
fn rfc9112_s5_1_no_white_space_stands_between_a_name_and_its_colon() {
    requests(
        r#"
a space          | - | "Upgrade : websocket" | 400 MalformedHeader | -
a tab            | - | "Upgrade\t: websocket" | 400 MalformedHeader | -
in an unknown header | - | +"X-Unknown : a" | 400 MalformedHeader | -
inside a name    | - | +"X Unknown: a" | 400 MalformedHeader | -
no name          | - | +": a" | 400 MalformedHeader | -
no colon         | - | +"X-Unknown" | 400 MalformedHeader | -
no token         | - | +"X(Unknown): a" | 400 MalformedHeader | -
"#,
    );
    responses(
        r#"
a space          | - | "Upgrade : websocket" | fail MalformedHeader
a tab            | - | "Upgrade\t: websocket" | fail MalformedHeader
in an unknown header | - | +"X-Unknown : a" | fail MalformedHeader
"#,
    );
}

#[test]
fn rfc9112_s2_2_no_white_space_stands_in_front_of_the_first_header() {
    requests(
        r#"
a space              | - | raw "GET / HTTP/1.1\r\n " ^ "Host: a\r\n\r\n" | 400 LeadingWhitespace | -
a tab                | - | raw "GET / HTTP/1.1\r\n\t" ^ "Host: a\r\n\r\n" | 400 LeadingWhitespace | -
and nothing but that | - | raw "GET / HTTP/1.1\r\n " ^ "\r\nHost: a\r\n\r\n" | 400 LeadingWhitespace | -
before the request line | - | raw " " ^ "GET / HTTP/1.1\r\nHost: a\r\n\r\n" | 400 LeadingWhitespace | -
"#,
    );
    responses(
        r#"
a space              | - | raw "HTTP/1.1 101 Any\r\n " ^ "Upgrade: websocket\r\n\r\n" | fail LeadingWhitespace
before the status line | - | raw " " ^ "HTTP/1.1 101 Any\r\n\r\n" | fail LeadingWhitespace
"#,
    );
}

#[test]
fn rfc9112_s2_2_one_empty_line_in_front_of_a_request_is_ignored() {
    requests(
        r#"
one                  | - | raw "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n" | 426 NotWebSocket | -
two                  | - | raw "\r\n\r" ^ "\nGET / HTTP/1.1\r\nHost: a\r\n\r\n" | 400 EmptyStartLine | -
one, without its CR  | - | raw "\n" ^ "GET / HTTP/1.1\r\nHost: a\r\n\r\n" | 400 BareLineFeed | -
nothing but that     | - | raw "\r\n" | partial | -
"#,
    );
}

#[test]
fn rfc9112_s5_2_a_folded_line_is_refused_and_never_joined() {
    requests(
        r#"
with a space     | - | raw "GET / HTTP/1.1\r\nHost: a\r\n " ^ "b\r\n\r\n" | 400 LeadingWhitespace | -
with a tab       | - | raw "GET / HTTP/1.1\r\nHost: a\r\n\t" ^ "b\r\n\r\n" | 400 LeadingWhitespace | -
a list           | - | raw "GET / HTTP/1.1\r\nConnection: keep-alive,\r\n " ^ "Upgrade\r\n\r\n" | 400 LeadingWhitespace | -
an empty line    | - | raw "GET / HTTP/1.1\r\nHost: a\r\n " ^ "\r\n\r\n" | 400 LeadingWhitespace | -
"#,
    );
}

/// The rule has a client read the lines as one, with spaces between them. Then a head would have two
/// readings, of which somebody in between may take the other: it is refused, as in a request.
#[test]
fn rfc9112_s5_2_a_client_refuses_a_folded_line_in_place_of_joining_it() {
    responses(
        r#"
with a space     | - | raw "HTTP/1.1 101 Any\r\nUpgrade:\r\n " ^ "websocket\r\n\r\n" | fail LeadingWhitespace
with a tab       | - | raw "HTTP/1.1 101 Any\r\nUpgrade:\r\n\t" ^ "websocket\r\n\r\n" | fail LeadingWhitespace
an unknown header | - | raw "HTTP/1.1 101 Any\r\nServer: a\r\n " ^ "b\r\n\r\n" | fail LeadingWhitespace
a refusal        | - | raw "HTTP/1.1 403 No\r\nServer: a\r\n " ^ "b\r\n\r\n" | fail LeadingWhitespace
an empty line    | - | raw "HTTP/1.1 101 Any\r\nServer: a\r\n " ^ "\r\n\r\n" | fail LeadingWhitespace
"#,
    );
}

/// Every byte there is, inside of a value, in both roles.
#[test]
fn rfc9110_s5_5_no_control_character_stands_in_a_value() {
    for start_line in ["GET / HTTP/1.1", "HTTP/1.1 101 Any"] {
        for byte in 0..=u8::MAX {
            let before = format!("{start_line}\r\nHost: a\r\nX: b");
            let bytes = [before.as_bytes(), &[byte], b"c\r\n\r\n"].concat();
            let at = before.len();
            // A CR shows its fault only with the byte behind it.
            let expected = match byte {
                b'\n' => Err((HeadError::BareLineFeed { at }, at + 1)),
                b'\r' => Err((HeadError::BareCarriageReturn { at }, at + 2)),
                b'\t' => Ok(()),
                0..=0x1f | 0x7f => Err((HeadError::ControlCharacter { byte, at }, at + 1)),
                _ => Ok(()),
            };
            assert_eq!(scan(&bytes).map(|_| ()), expected, "{byte:#04x}");
            if let Err((error, _)) = expected {
                assert_eq!(error.status(), 400);
            }
        }
    }
}

#[test]
fn rfc9112_s2_2_a_bare_carriage_return_is_refused() {
    requests(
        r#"
in the request line | - | raw "GET /\r" "a" ^ " HTTP/1.1\r\n\r\n" | 400 BareCarriageReturn | -
in a name           | - | raw "GET / HTTP/1.1\r\nHo\r" "s" ^ "t: a\r\n\r\n" | 400 BareCarriageReturn | -
in a value          | - | raw "GET / HTTP/1.1\r\nHost: a\rb" ^ "\r\n\r\n" | 400 BareCarriageReturn | -
two of them         | - | raw "GET / HTTP/1.1\r\nHost: a\r\r" ^ "\n\r\n" | 400 BareCarriageReturn | -
at the end          | - | raw "GET / HTTP/1.1\r\nHost: a\r\n\ra" ^ | 400 BareCarriageReturn | -
the end is missing  | - | raw "GET / HTTP/1.1\r\nHost: a\r\n\r" | partial | -
"#,
    );
    responses(
        r#"
in the status line  | - | raw "HTTP/1.1 101 A\rb" ^ "\r\n\r\n" | fail BareCarriageReturn
in a value          | - | raw "HTTP/1.1 101 Any\r\nUpgrade: a\rb" ^ "\r\n\r\n" | fail BareCarriageReturn
"#,
    );
}

/// The other way that the RFC allows, to take it for the end of a line, makes two readings of one
/// head where somebody in between reads it the first way.
#[test]
fn rfc9112_s2_2_a_lone_line_feed_is_refused_wherever_it_stands() {
    requests(
        r#"
behind the request line | - | raw "GET / HTTP/1.1\n" ^ "Host: a\n\n" | 400 BareLineFeed | -
behind a header     | - | raw "GET / HTTP/1.1\r\nHost: a\n" ^ "\r\n" | 400 BareLineFeed | -
at the end          | - | raw "GET / HTTP/1.1\r\nHost: a\r\n\n" ^ | 400 BareLineFeed | -
in front            | - | raw "\n" ^ "GET / HTTP/1.1\r\nHost: a\r\n\r\n" | 400 BareLineFeed | -
behind an empty line | - | raw "\r\n\n" ^ "GET / HTTP/1.1\r\nHost: a\r\n\r\n" | 400 BareLineFeed | -
"#,
    );
    responses(
        r#"
behind the status line | - | raw "HTTP/1.1 101 Any\n" ^ "Upgrade: websocket\n\n" | fail BareLineFeed
behind a header     | - | raw "HTTP/1.1 101 Any\r\nUpgrade: websocket\n" ^ "\r\n" | fail BareLineFeed
at the end          | - | raw "HTTP/1.1 101 Any\r\nUpgrade: websocket\r\n\n" ^ | fail BareLineFeed
"#,
    );
}

#[test]
fn rfc9112_s6_1_a_transfer_coding_beside_a_length_or_other_than_chunked_is_refused() {
    requests(
        r#"
beside a length      | - | "Content-Length: 5" "Transfer-Encoding: chunked" | 400 AmbiguousLength | -
beside a length of 0 | - | "Transfer-Encoding: chunked" "Content-Length: 0" | 400 AmbiguousLength | -
not at the end       | - | "Transfer-Encoding: chunked, gzip" | 400 InvalidTransferEncoding | -
not there            | - | "Transfer-Encoding: gzip" | 400 InvalidTransferEncoding | -
identity             | - | "Transfer-Encoding: identity" | 400 InvalidTransferEncoding | -
twice                | - | "Transfer-Encoding: chunked, chunked" | 400 InvalidTransferEncoding | -
twice, in two lines  | - | "Transfer-Encoding: chunked" +"Transfer-Encoding: chunked" | 400 InvalidTransferEncoding | -
nearly               | - | "Transfer-Encoding: xchunked" | 400 InvalidTransferEncoding | -
with a parameter     | - | "Transfer-Encoding: chunked;a=b" | 400 InvalidTransferEncoding | -
behind a control     | - | "Transfer-Encoding: \x0bchunked" | 400 ControlCharacter | -
empty                | - | "Transfer-Encoding:" | 400 InvalidTransferEncoding | -
behind another       | - | "Transfer-Encoding: gzip, chunked" | 501 UnsupportedTransferCoding | -
alone, on an upgrade | - | "Transfer-Encoding: chunked" | 400 BodyOnUpgrade | -
in any case          | - | "TRANSFER-ENCODING: CHUNKED" | 400 BodyOnUpgrade | -
"#,
    );
    responses(
        r#"
chunked              | - | "Transfer-Encoding: chunked" | fail BodyOnUpgrade
another              | - | "Transfer-Encoding: gzip" | fail BodyOnUpgrade
empty                | - | "Transfer-Encoding:" | fail BodyOnUpgrade
"#,
    );
}

#[test]
fn rfc9112_s6_3_a_length_is_one_number_in_digits() {
    requests(
        r#"
0                    | - | "Content-Length: 0" | 101 | -
000                  | - | "Content-Length: 000" | 101 | -
5, on an upgrade     | - | "Content-Length: 5" | 400 BodyOnUpgrade | -
2^64 - 1             | - | "Content-Length: 18446744073709551615" | 400 BodyOnUpgrade | -
2^64                 | - | "Content-Length: 18446744073709551616" | 400 InvalidContentLength | -
a sign               | - | "Content-Length: +0" | 400 InvalidContentLength | -
less than nothing    | - | "Content-Length: -1" | 400 InvalidContentLength | -
hexadecimal          | - | "Content-Length: 0x0" | 400 InvalidContentLength | -
no digits of ASCII   | - | "Content-Length: \xd9\xa0" | 400 InvalidContentLength | -
a space inside       | - | "Content-Length: 0 0" | 400 InvalidContentLength | -
a fraction           | - | "Content-Length: 0.0" | 400 InvalidContentLength | -
empty                | - | "Content-Length:" | 400 InvalidContentLength | -
a list, equal        | - | "Content-Length: 0, 0" | 400 InvalidContentLength | -
two lines, equal     | - | "Content-Length: 0" +"Content-Length: 0" | 400 InvalidContentLength | -
two lines, unequal   | - | "Content-Length: 0" +"Content-Length: 5" | 400 InvalidContentLength | -
"#,
    );
    responses(
        r#"
0, which is no body  | - | "Content-Length: 0" | open
5                    | - | "Content-Length: 5" | fail BodyOnUpgrade
no number            | - | "Content-Length: a" | fail BodyOnUpgrade
two lines, unequal   | - | "Content-Length: 0" +"Content-Length: 5" | fail BodyOnUpgrade
"#,
    );
}

#[test]
fn rfc9110_s7_8_an_upgrade_in_http_1_0_gets_no_101() {
    requests(
        r#"
HTTP/1.0             | - | >"GET /chat HTTP/1.0" | 505 UnsupportedHttpVersion | -
and kept alive       | - | >"GET /chat HTTP/1.0" "Connection: keep-alive, Upgrade" | 505 UnsupportedHttpVersion | -
"#,
    );
    responses(
        r#"
an answer in HTTP/1.0 | - | >"HTTP/1.0 101 Switching Protocols" | fail UnsupportedHttpVersion
"#,
    );
}

#[test]
fn rfc9110_s2_5_a_higher_minor_version_is_not_guessed_at() {
    requests(
        r#"
HTTP/1.2             | - | >"GET /chat HTTP/1.2" | 505 UnsupportedHttpVersion | -
HTTP/1.9             | - | >"GET /chat HTTP/1.9" | 505 UnsupportedHttpVersion | -
"#,
    );
    responses(
        r#"
HTTP/1.2             | - | >"HTTP/1.2 101 Switching Protocols" | fail UnsupportedHttpVersion
HTTP/1.9             | - | >"HTTP/1.9 101 Switching Protocols" | fail UnsupportedHttpVersion
"#,
    );
}

/// The answer of the handshake is the final one, so that there is nothing to be continued.
#[test]
fn rfc9110_s10_1_1_an_expectation_on_an_upgrade_is_ignored() {
    requests(
        r#"
100-continue         | - | "Expect: 100-continue" | 101 | -
in another case      | - | "Expect: 100-Continue" | 101 | -
with a body of none  | - | "Expect: 100-continue" "Content-Length: 0" | 101 | -
with a body          | - | "Expect: 100-continue" "Content-Length: 5" | 400 BodyOnUpgrade | -
"#,
    );
}
