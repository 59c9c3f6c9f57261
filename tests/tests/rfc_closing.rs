//! RFC 6455 §7, rule by rule: closing, failing, being lost, and the codes for it. What it says of
//! TCP is `rfc_server.rs`, and what is sent `rfc_sending.rs`.
//!
//! Most tests are tables in the notation of `vectors/README.md`, of which each line is run in every
//! cut. `^` stands behind the byte at which the connection fails.

use longwire::{CloseCode, Closure, Connection, ControlFrames, Initiator, Input, Limits, Role};
use longwire_tests::check::{difference, holds};
use longwire_tests::feed::{Api, run};
use longwire_tests::vector::{KEY, parse};

/// An endpoint that has received these bytes from the other.
fn received(role: Role, closes_first: bool, bytes: &str) -> Connection {
    let (mut connection, key) = match role {
        Role::Server => (Connection::server(Limits::default()), Some(KEY)),
        Role::Client => (Connection::client(Limits::default(), || KEY), None),
    };
    let mut control = ControlFrames::new();
    if closes_first {
        connection.close(CloseCode::NORMAL, "", &mut control).expect("an open connection");
    }
    let mut wire = longwire_tests::notation::parse(bytes, key).expect("frames").bytes;
    let mut input = Input::new(&mut wire);
    while let Ok(Some(_)) = connection.receive(&mut input, &mut control) {}
    connection
}

/// The server closes TCP. A client waits for that, wherever both sides still talk TCP.
#[test]
fn rfc6455_s7_1_1_a_client_waits_for_the_server_to_end_tcp() {
    let table = [
        ("open", false, "[81 00]", false),
        ("our Close is out", true, "", false),
        ("the peer closed", false, "[88 02 03e8]", true),
        ("the peer closed without a code", false, "[88 00]", true),
        ("we closed, the peer answered", true, "[88 02 03e8]", true),
        ("it failed", false, "[83 00]", true),
        ("it failed behind our Close", true, "[83 00]", true),
    ];
    for (what, closes_first, bytes, expected) in table {
        let mut client = received(Role::Client, closes_first, bytes);
        assert_eq!(client.close_expected(), expected, "{what}");
        // Without a Close or a failure before it, the end of the stream is a loss: it is over.
        client.receive_eof();
        assert_eq!(client.close_expected(), expected, "{what}, and the end of the stream");
        let server = received(Role::Server, closes_first, bytes);
        assert!(!server.close_expected(), "a server waits for nobody: {what}");
    }
}

#[test]
fn rfc6455_s7_1_1_what_comes_behind_both_closes_is_discarded() {
    holds(
        r#"
the peer began      | both | - | [88 02 03e8] [81 01 "a"] [89 01 "p"] [88 02 03e9] | close 1000 | closed by peer | [88 02 03e8]
we began            | both | close=1000 | [88 02 03e8] [81 01 "a"] [89 01 "p"] [88 02 03e9] | close 1000 | closed by us | [88 02 03e8]
no frame at all     | both | - | [88 00] ff*20 | close 1005 | closed by peer | [88 00]
the end of the stream | both | eof | [88 02 03e8] [81 05 "Hel"] | close 1000 | closed by peer | [88 02 03e8]
"#,
    );
}

#[test]
fn rfc6455_s7_1_2_until_the_peer_has_answered_its_messages_come() {
    holds(
        r#"
our Close is out    | both | close=1000 | - | - | closing | [88 02 03e8]
a message           | both | close=1000 | [81 01 "a"] | text "a" | closing | [88 02 03e8]
the rest of one     | both | close=1000 | [01 01 "a"] [80 01 "b"] [88 02 03e8] | text "ab"; close 1000 | closed by us | [88 02 03e8]
compressed          | both | deflate close=1000 | [c1 07 f248cdc9c90700] [88 00] | text "Hello"; close 1005 | closed by us | [88 02 03e8]
both at once        | both | close=1001 | [88 02 03e8] | close 1000 | closed by us | [88 02 03e9]
"#,
    );
}

/// The two codes that are reports and never frames.
#[test]
fn rfc6455_s7_1_5_without_a_code_it_is_1005_and_without_a_close_1006() {
    let closure =
        |code, initiator| Closure { code: CloseCode::new(code), initiator, failure: None };
    for role in [Role::Server, Role::Client] {
        let table = [
            (false, "[88 00]", closure(1005, Initiator::Peer)),
            (true, "[88 00]", closure(1005, Initiator::Us)),
            (false, "[88 02 03e8]", closure(1000, Initiator::Peer)),
            (true, "[88 02 0fa0]", closure(4000, Initiator::Us)),
            (false, "", closure(1006, Initiator::Nobody)),
            (true, "", closure(1006, Initiator::Nobody)),
            (false, "[01 01 61]", closure(1006, Initiator::Nobody)),
        ];
        for (closes_first, bytes, expected) in table {
            let mut connection = received(role, closes_first, bytes);
            connection.receive_eof();
            let what = format!("{role:?}, {closes_first}, {bytes}");
            assert_eq!(connection.closure(), Some(expected), "{what}");
        }
        let closure = received(role, false, "[83 00]").closure().expect("it has failed");
        assert_eq!((closure.code, closure.initiator), (CloseCode::ABNORMAL, Initiator::Nobody));
    }
}

#[test]
fn rfc6455_s7_1_7_nothing_is_processed_behind_a_failure() {
    holds(
        r#"
a message           | both | - | [83 00 ^] [81 01 "a"] [82 01 "b"] | - | fail 1002 ReservedOpcode | close(1002)
a Close             | both | - | [83 00 ^] [88 02 03e8] | - | fail 1002 ReservedOpcode | close(1002)
a Close without a code | both | - | [81 01 ff ^] [88 00] | - | fail 1007 TextNotUtf8 | close(1007)
a Ping              | both | - | [c1 00 ^] [89 01 "p"] | - | fail 1002 ReservedBits | close(1002)
a Pong              | both | - | [80 00 ^] [8a 01 "p"] | - | fail 1002 UnexpectedContinuation | close(1002)
the rest of the message | both | - | [01 01 "a"] [81 00 ^] [80 01 "b"] | - | fail 1002 ExpectedContinuation | close(1002)
the rest of the frame | both | max_message_bytes=4 | [82 05 ^ "Hello"] [81 00] | - | fail 1009 MessageTooBig | close(1009)
another failure     | both | - | [88 01 ^ 03] [83 00] [c1 00] | - | fail 1002 ClosePayloadOneByte | close(1002)
a bad Close, then a good one | both | - | [88 02 03ed ^] [88 02 03e8] | - | fail 1002 CloseCodeInvalid | close(1002)
compressed          | both | deflate | [c1 02 07 ^ 00] [c1 07 f248cdc9c90700] | - | fail 1007 DeflateInvalid | close(1007)
the end of the stream | both | eof | [83 00 ^] | - | fail 1002 ReservedOpcode | close(1002)
what stands before it is | both | - | [81 01 "a"] [89 01 "p"] [8a 00] [83 00 ^] [81 01 "b"] | text "a"; ping "p"; pong - | fail 1002 ReservedOpcode | [8a 01 "p"] close(1002)
ours is out already | both | close=1000 | [83 00 ^] [88 02 03e8] [89 00] | - | fail 1002 ReservedOpcode | [88 02 03e8]
"#,
    );
}

#[test]
fn rfc6455_s7_2_1_a_connection_whose_stream_ends_is_lost() {
    holds(
        r#"
open                | both | eof | - | - | lost | -
behind a message    | both | eof | [81 01 "a"] | text "a" | lost | -
in a header         | both | eof | 81 | - | lost | -
in a length         | both | eof | [82 7e 01] | - | lost | -
in a payload        | both | eof | [81 05 "Hel"] | - | lost | -
in a message        | both | eof | [01 01 "a"] [89 01 "p"] | ping "p" | lost | [8a 01 "p"]
in a compressed one | both | deflate eof | [41 03 f248cd] | - | lost | -
in a Ping           | both | eof | [89 05 "Hel"] | - | lost | -
in a Close          | both | eof | [88 05 03e8 "b"] | - | lost | -
behind our Close    | both | close=1000 eof | [81 01 "a"] | text "a" | lost | [88 02 03e8]
"#,
    );
}

/// Whatever a server may send, a client stays, and has nothing to say to it but Pongs.
#[test]
fn rfc6455_s7_3_a_client_does_not_close_without_a_reason() {
    holds(
        r#"
nothing             | client | - | - | - | open | -
empty messages      | client | - | [81 00] [82 00] [01 00] [80 00] | text -; binary -; text - | open | -
Pings               | client | - | [89 00] [89 7d 70*125] | ping -; ping 70*125 | open | [8a 00] [8a 7d 70*125]
Pongs, not asked for | client | - | [8a 00] [8a 7d 70*125] | pong -; pong 70*125 | open | -
a message that takes long | client | - | [02 00] ([00 00])*100 [00 01 "a"] | - | waiting | -
compressed, and not | client | deflate | [c1 01 00] [81 00] [c2 01 00] | text -; text -; binary - | open | -
"#,
    );
}

#[test]
fn rfc6455_s7_4_1_codes_for_reports_fail_the_connection_and_registered_ones_do_not() {
    holds(
        r#"
1000                | both | - | [88 02 03e8] | close 1000 | closed by peer | [88 02 03e8]
1001                | both | - | [88 02 03e9] | close 1001 | closed by peer | [88 02 03e9]
1002                | both | - | [88 02 03ea] | close 1002 | closed by peer | [88 02 03ea]
1003                | both | - | [88 02 03eb] | close 1003 | closed by peer | [88 02 03eb]
1004, reserved      | both | - | [88 02 03ec ^] | - | fail 1002 CloseCodeInvalid | close(1002)
1005, no code       | both | - | [88 02 03ed ^] | - | fail 1002 CloseCodeInvalid | close(1002)
1006, no Close      | both | - | [88 02 03ee ^] | - | fail 1002 CloseCodeInvalid | close(1002)
1007                | both | - | [88 02 03ef] | close 1007 | closed by peer | [88 02 03ef]
1008                | both | - | [88 02 03f0] | close 1008 | closed by peer | [88 02 03f0]
1009                | both | - | [88 02 03f1] | close 1009 | closed by peer | [88 02 03f1]
1010                | both | - | [88 0d 03f2 "a, b; c=\"d\""] | close 1010 "a, b; c=\"d\"" | closed by peer | [88 02 03f2]
1011                | both | - | [88 02 03f3] | close 1011 | closed by peer | [88 02 03f3]
1012, of IANA       | both | - | [88 02 03f4] | close 1012 | closed by peer | [88 02 03f4]
1013, of IANA       | both | - | [88 02 03f5] | close 1013 | closed by peer | [88 02 03f5]
1014, of IANA       | both | - | [88 02 03f6] | close 1014 | closed by peer | [88 02 03f6]
1015, TLS           | both | - | [88 02 03f7 ^] | - | fail 1002 CloseCodeInvalid | close(1002)
1005 with a reason  | both | - | [88 05 03ed ^ "bye"] | - | fail 1002 CloseCodeInvalid | close(1002)
1006, while closing | both | close=1000 | [88 02 03ee ^] | - | fail 1002 CloseCodeInvalid | [88 02 03e8]
"#,
    );
}

/// IANA's registry, §7.4.1 and §7.4.2: which of all codes a Close may carry. Nothing is said of 5000
/// and above; they are refused.
#[test]
fn rfc6455_s7_4_2_every_code_that_nobody_has_given_a_meaning_fails_the_connection() {
    for code in 0..=u16::MAX {
        let line = match code {
            1000..=1003 | 1007..=1014 | 3000..=4999 => format!(
                "a | both | - | [88 02 {code:04x}] | close {code} | closed by peer | [88 02 {code:04x}]"
            ),
            _ => format!(
                "a | both | - | [88 02 {code:04x} ^] | - | fail 1002 CloseCodeInvalid | close(1002)"
            ),
        };
        for vector in parse("codes", &line).expect("a vector") {
            let every_byte: Vec<usize> = (1..=vector.input.len()).collect();
            let exact = run(&vector, Api::WebSocket, &vector.input, &every_byte);
            assert_eq!(difference(&vector, &exact), None, "{code}");
        }
    }
}
