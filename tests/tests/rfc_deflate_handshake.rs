//! RFC 7692 §5 and §7, rule by rule: how permessage-deflate is agreed to.
//!
//! Each test is a table in the notation of `vectors/handshake-server.txt` or `handshake-client.txt`:
//! a request and what a server answers, or a response and what a client makes of it.

mod simulated;

use longwire_tests::handshake::{End, holds};
use longwire_tests::vector::close_frame;
use simulated::{frame, request, simulation};

/// What makes an offer unacceptable, and an answer a failure: parameters that are unknown, that
/// come twice, or that have a value which they cannot have, or none where they need one.
const WRONG: [&str; 34] = [
    "level=9",
    "unknown",
    "Server_no_context_takeover",
    "server_no_context_takeover=1",
    "server_no_context_takeover=true",
    r#"server_no_context_takeover=\"1\""#,
    "client_no_context_takeover=1",
    "client_no_context_takeover=false",
    "server_no_context_takeover; server_no_context_takeover",
    "client_no_context_takeover; client_no_context_takeover",
    "server_max_window_bits",
    "server_max_window_bits=0",
    "server_max_window_bits=1",
    "server_max_window_bits=7",
    "server_max_window_bits=16",
    "server_max_window_bits=100",
    "server_max_window_bits=08",
    "server_max_window_bits=09",
    "server_max_window_bits=015",
    "server_max_window_bits=+9",
    "server_max_window_bits=-9",
    "server_max_window_bits=1e1",
    "server_max_window_bits=0xa",
    "server_max_window_bits=9.0",
    "server_max_window_bits=ten",
    "server_max_window_bits=10; server_max_window_bits=10",
    "client_max_window_bits=0",
    "client_max_window_bits=7",
    "client_max_window_bits=16",
    "client_max_window_bits=08",
    "client_max_window_bits=015",
    "client_max_window_bits=+9",
    "client_max_window_bits; client_max_window_bits",
    "client_max_window_bits=10; client_max_window_bits=12",
];

#[test]
fn rfc7692_s5_1_a_server_answers_the_first_acceptable_offer_with_one_element() {
    holds(
        End::Server,
        r#"
one offer           | deflate | "Sec-WebSocket-Extensions: permessage-deflate" | 101 deflate | "Sec-WebSocket-Extensions: permessage-deflate"
the first of two    | deflate | "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=10, permessage-deflate" | 101 deflate server_max_window_bits=10 | "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=10"
in the other order  | deflate | "Sec-WebSocket-Extensions: permessage-deflate, permessage-deflate; server_max_window_bits=10" | 101 deflate | "Sec-WebSocket-Extensions: permessage-deflate"
the same twice      | deflate | "Sec-WebSocket-Extensions: permessage-deflate, permessage-deflate" | 101 deflate | "Sec-WebSocket-Extensions: permessage-deflate"
the second, the first being unknown | deflate | "Sec-WebSocket-Extensions: permessage-deflate; level=9, permessage-deflate; client_no_context_takeover" | 101 deflate client_no_context_takeover | "Sec-WebSocket-Extensions: permessage-deflate; client_no_context_takeover"
the third, the others not to be done | deflate | "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=8, permessage-deflate; server_max_window_bits, permessage-deflate; server_max_window_bits=9" | 101 deflate server_max_window_bits=9 | "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=9"
in two lines        | deflate | "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=8" +"Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=9" | 101 deflate server_max_window_bits=9 | "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=9"
behind other extensions | deflate | "Sec-WebSocket-Extensions: x-webkit-deflate-frame, permessage-bzip2, permessage-deflate" | 101 deflate | "Sec-WebSocket-Extensions: permessage-deflate"
"#,
    );
    holds(
        End::Client,
        r#"
one answer          | deflate | "Sec-WebSocket-Extensions: permessage-deflate" | open deflate
two                 | deflate | "Sec-WebSocket-Extensions: permessage-deflate, permessage-deflate" | fail DeflateRepeated
two that differ     | deflate | "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=10, permessage-deflate" | fail DeflateRepeated
two in two lines    | deflate | "Sec-WebSocket-Extensions: permessage-deflate" +"Sec-WebSocket-Extensions: permessage-deflate" | fail DeflateRepeated
none at all         | deflate | - | open
"#,
    );
}

#[test]
fn rfc7692_s7_a_server_declines_what_it_cannot_accept_and_goes_on_without() {
    let lines = WRONG.map(|wrong| {
        format!(
            "a wrong one | deflate | \"Sec-WebSocket-Extensions: permessage-deflate; {wrong}\" | 101 | -\n"
        )
    });
    holds(End::Server, &lines.concat());
    // What cannot be done, though it could be asked for.
    holds(
        End::Server,
        r#"
a window of 8 bits  | deflate | "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=8" | 101 | -
one wrong, one right | deflate | "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits; level=9" | 101 | -
"#,
    );
    // The connection is none the worse for it: it is open, and speaks without compression.
    let mut simulation = simulation(|_| {});
    let client = simulation.connect();
    let lines = "Sec-WebSocket-Extensions: permessage-deflate; level=9\r\n";
    client.send(request("/", lines).as_bytes());
    simulation.run();
    let answer = String::from_utf8(client.receive()).expect("a head in ASCII");
    assert!(answer.starts_with("HTTP/1.1 101 ") && answer.ends_with("\r\n\r\n"), "{answer}");
    assert!(!answer.contains("Sec-WebSocket-Extensions"), "{answer}");
    client.send(&frame(0x81, &[b'a'; 100]));
    simulation.run();
    assert_eq!(client.receive(), [&[0x81, 100], &[b'a'; 100][..]].concat());
    client.send(&frame(0xc1, b"\xf2\x48\xcd\xc9\xc9\x07\x00"));
    simulation.run();
    let reason = "a reserved bit is set that no agreed extension defines";
    assert_eq!(client.receive(), close_frame(1002, reason, None));
}

#[test]
fn rfc7692_s7_a_client_fails_on_an_answer_that_it_cannot_accept() {
    let lines = WRONG.map(|wrong| {
        format!(
            "a wrong one | deflate | \"Sec-WebSocket-Extensions: permessage-deflate; {wrong}\" \
             | fail DeflateParameters\n"
        )
    });
    holds(End::Client, &lines.concat());
    holds(
        End::Client,
        r#"
nothing offered     | - | "Sec-WebSocket-Extensions: permessage-deflate" | fail ExtensionNotOffered
one wrong, one right | deflate | "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=10; level=9" | fail DeflateParameters
"#,
    );
}

#[test]
fn rfc7692_s7_1_1_1_server_no_context_takeover_is_granted_and_may_come_unasked() {
    holds(
        End::Server,
        r#"
asked for           | deflate | "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover" | 101 deflate server_no_context_takeover | "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover"
the server's own wish | deflate server_no_context_takeover | "Sec-WebSocket-Extensions: permessage-deflate" | 101 deflate server_no_context_takeover | "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover"
neither             | deflate | "Sec-WebSocket-Extensions: permessage-deflate" | 101 deflate | "Sec-WebSocket-Extensions: permessage-deflate"
"#,
    );
    holds(
        End::Client,
        r#"
asked for           | deflate server_no_context_takeover | "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover" | open deflate server_no_context_takeover
unasked             | deflate | "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover" | open deflate server_no_context_takeover
not granted         | deflate server_no_context_takeover | "Sec-WebSocket-Extensions: permessage-deflate" | fail DeflateParameters
with a value        | deflate | "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover=1" | fail DeflateParameters
"#,
    );
}

#[test]
fn rfc7692_s7_1_1_2_client_no_context_takeover_binds_the_client_asked_or_not() {
    holds(
        End::Server,
        r#"
the client's hint   | deflate | "Sec-WebSocket-Extensions: permessage-deflate; client_no_context_takeover" | 101 deflate client_no_context_takeover | "Sec-WebSocket-Extensions: permessage-deflate; client_no_context_takeover"
the server's wish   | deflate client_no_context_takeover | "Sec-WebSocket-Extensions: permessage-deflate" | 101 deflate client_no_context_takeover | "Sec-WebSocket-Extensions: permessage-deflate; client_no_context_takeover"
"#,
    );
    holds(
        End::Client,
        r#"
told                | deflate | "Sec-WebSocket-Extensions: permessage-deflate; client_no_context_takeover" | open deflate client_no_context_takeover
hinted, and told    | deflate client_no_context_takeover | "Sec-WebSocket-Extensions: permessage-deflate; client_no_context_takeover" | open deflate client_no_context_takeover
hinted, which binds it | deflate client_no_context_takeover | "Sec-WebSocket-Extensions: permessage-deflate" | open deflate client_no_context_takeover
with a value        | deflate | "Sec-WebSocket-Extensions: permessage-deflate; client_no_context_takeover=1" | fail DeflateParameters
"#,
    );
}

#[test]
fn rfc7692_s7_1_2_1_the_servers_window_is_no_larger_than_it_was_asked_for() {
    // Every window that there is: as asked, in the answer too. Ours cannot be of 8 bits.
    let lines = (9..=15).map(|bits| {
        let agreed = if bits == 15 { String::new() } else { format!(" server_max_window_bits={bits}") };
        format!(
            "{bits} | deflate | \"Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits={bits}\" \
             | 101 deflate{agreed} | \"Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits={bits}\"\n"
        )
    });
    holds(End::Server, &lines.collect::<String>());
    holds(
        End::Server,
        r#"
8                   | deflate | "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=8" | 101 | -
in quotes           | deflate | "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=\"10\"" | 101 deflate server_max_window_bits=10 | "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=10"
12 asked for, 10 done | deflate server_max_window_bits=10 | "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=12" | 101 deflate server_max_window_bits=10 | "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=10"
unasked             | deflate server_max_window_bits=10 | "Sec-WebSocket-Extensions: permessage-deflate" | 101 deflate server_max_window_bits=10 | "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=10"
a space in quotes is no token | deflate | "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=\"9 \"" | 400 ExtensionsMalformed | -
"#,
    );
    holds(
        End::Client,
        r#"
as asked            | deflate server_max_window_bits=10 | "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=10" | open deflate server_max_window_bits=10
smaller             | deflate server_max_window_bits=10 | "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=8" | open deflate server_max_window_bits=8
larger              | deflate server_max_window_bits=10 | "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=11" | fail DeflateParameters
not said            | deflate server_max_window_bits=10 | "Sec-WebSocket-Extensions: permessage-deflate" | fail DeflateParameters
unasked             | deflate | "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=8" | open deflate server_max_window_bits=8
no value            | deflate | "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits" | fail DeflateParameters
"#,
    );
}

#[test]
fn rfc7692_s7_1_2_2_the_clients_window_is_told_where_it_may_be_and_kept_to() {
    holds(
        End::Server,
        r#"
not to be told      | deflate client_max_window_bits=10 | "Sec-WebSocket-Extensions: permessage-deflate" | 101 deflate | "Sec-WebSocket-Extensions: permessage-deflate"
to be told          | deflate client_max_window_bits=10 | "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits" | 101 deflate client_max_window_bits=10 | "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=10"
nothing to tell     | deflate | "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits" | 101 deflate | "Sec-WebSocket-Extensions: permessage-deflate"
of its own accord   | deflate | "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=11" | 101 deflate client_max_window_bits=11 | "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=11"
the smaller of both | deflate client_max_window_bits=10 | "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=11" | 101 deflate client_max_window_bits=10 | "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=10"
8, which is the client's to do | deflate | "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=8" | 101 deflate client_max_window_bits=8 | "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=8"
"#,
    );
    holds(
        End::Client,
        r#"
told                | deflate | "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=9" | open deflate client_max_window_bits=9
told less than offered | deflate client_max_window_bits=12 | "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=10" | open deflate client_max_window_bits=10
told more than offered | deflate client_max_window_bits=12 | "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=13" | fail DeflateParameters
told nothing        | deflate client_max_window_bits=12 | "Sec-WebSocket-Extensions: permessage-deflate" | open deflate client_max_window_bits=12
told no value       | deflate | "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits" | fail DeflateParameters
told 8, which we cannot do | deflate | "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=8" | fail DeflateParameters
"#,
    );
}
