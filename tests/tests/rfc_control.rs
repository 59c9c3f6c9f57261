//! RFC 6455 §5.4 and §5.5, rule by rule: control frames, alone and between the fragments of a message.
//!
//! Each test is a table in the notation of `vectors/README.md`, and each line of it is run in every
//! cut. `^` stands behind the byte at which the connection fails.

use longwire::{Connection, ControlFrames, Event, Input, Limits, Role};
use longwire_tests::check::holds;
use longwire_tests::notation::parse;
use longwire_tests::vector::KEY;

#[test]
fn rfc6455_s5_4_control_frames_between_fragments_are_handled_in_their_place() {
    holds(
        r#"
Ping                | both | - | [01 01 "a"] [89 01 "p"] [80 01 "b"] | ping "p"; text "ab" | open | [8a 01 "p"]
Ping in binary      | both | - | [02 01 "a"] [89 01 "p"] [80 01 "b"] | ping "p"; binary "ab" | open | [8a 01 "p"]
Pong                | both | - | [01 01 "a"] [8a 01 "p"] [80 01 "b"] | pong "p"; text "ab" | open | -
Pong in binary      | both | - | [02 01 "a"] [8a 01 "p"] [80 01 "b"] | pong "p"; binary "ab" | open | -
Close               | both | - | [01 01 "a"] [88 02 03e8] [80 01 "b"] | close 1000 | closed by peer | [88 02 03e8]
Close in binary     | both | - | [02 01 "a"] [00 01 "b"] [88 05 0fa0 "bye"] | close 4000 "bye" | closed by peer | [88 02 0fa0]
many, in order      | both | - | [89 01 "1"] [01 01 "a"] [8a 01 "2"] [89 01 "3"] [00 01 "b"] [89 01 "4"] [8a 01 "5"] [80 01 "c"] [8a 01 "6"] | ping "1"; pong "2"; ping "3"; ping "4"; pong "5"; text "abc"; pong "6" | open | [8a 01 "1"] [8a 01 "3"] [8a 01 "4"]
and then a Close    | both | - | [01 01 "a"] [89 01 "1"] [00 01 "b"] [8a 01 "2"] [88 02 03e9] [80 01 "c"] | ping "1"; pong "2"; close 1001 | closed by peer | [8a 01 "1"] [88 02 03e9]
inside a character  | both | - | [01 01 e2] [89 01 "p"] [00 01 82] [8a 00] [80 01 ac] | ping "p"; pong -; text "€" | open | [8a 01 "p"]
beside empty fragments | both | - | [01 00] [89 00] [00 00] [8a 00] [80 00] | ping -; pong -; text - | open | [8a 00]
of full length      | both | - | [02 01 "a"] [89 7d 70*125] [8a 7d 71*125] [80 01 "b"] | ping 70*125; pong 71*125; binary "ab" | open | [8a 7d 70*125]
in our closing      | both | close=1000 | [01 01 "a"] [89 01 "p"] [80 01 "b"] [88 02 03e8] | ping "p"; text "ab"; close 1000 | closed by us | [88 02 03e8] [8a 01 "p"]
in a compressed one | both | deflate | [41 03 f248cd] [89 01 "1"] [00 02 c9c9] [8a 01 "2"] [80 02 0700] | ping "1"; pong "2"; text "Hello" | open | [8a 01 "1"]
Close in a compressed one | both | deflate | [42 03 f248cd] [8a 00] [88 02 03e8] [80 04 c9c90700] | pong -; close 1000 | closed by peer | [88 02 03e8]
"#,
    );
}

#[test]
fn rfc6455_s5_5_a_fragmented_control_frame_fails_the_connection() {
    holds(
        r#"
Ping                | both | - | [09 01 ^ "a"] [80 01 "b"] | - | fail 1002 ControlFragmented | close(1002)
Pong                | both | - | [0a 01 ^ "a"] [80 01 "b"] | - | fail 1002 ControlFragmented | close(1002)
Close               | both | - | [08 02 ^ 03e8] [80 01 "a"] | - | fail 1002 ControlFragmented | close(1002)
empty Ping          | both | - | [09 00 ^] | - | fail 1002 ControlFragmented | close(1002)
empty Pong          | both | - | [0a 00 ^] | - | fail 1002 ControlFragmented | close(1002)
empty Close         | both | - | [08 00 ^] | - | fail 1002 ControlFragmented | close(1002)
Ping in a message   | both | - | [01 01 "a"] [09 01 ^ "p"] [80 01 "b"] | - | fail 1002 ControlFragmented | close(1002)
Pong in a message   | both | - | [02 01 "a"] [0a 01 ^ "p"] [80 01 "b"] | - | fail 1002 ControlFragmented | close(1002)
Close in a message  | both | - | [01 01 "a"] [08 02 ^ 03e8] [80 01 "b"] | - | fail 1002 ControlFragmented | close(1002)
Close in our closing | both | close=1000 | [08 02 ^ 03e8] | - | fail 1002 ControlFragmented | [88 02 03e8]
Ping with deflate   | both | deflate | [09 01 ^ "a"] | - | fail 1002 ControlFragmented | close(1002)
"#,
    );
}

#[test]
fn rfc6455_s5_5_a_control_frame_over_125_bytes_fails_the_connection() {
    holds(
        r#"
Ping of 125 may be  | both | - | [89 7d 70*125] | ping 70*125 | open | [8a 7d 70*125]
Pong of 125 may be  | both | - | [8a 7d 70*125] | pong 70*125 | open | -
Close of 125 may be | both | - | [88 7d 03e8 72*123] | close 1000 72*123 | closed by peer | [88 02 03e8]
Ping of 126         | both | - | [89 7e ^ 007e 70*126] [81 00] | - | fail 1002 ControlTooLong | close(1002)
Pong of 126         | both | - | [8a 7e ^ 007e 70*126] [81 00] | - | fail 1002 ControlTooLong | close(1002)
Close of 126        | both | - | [88 7e ^ 007e 03e8 72*124] [81 00] | - | fail 1002 ControlTooLong | close(1002)
Ping of 65536       | both | - | [89 7f ^ 0000000000010000] | - | fail 1002 ControlTooLong | close(1002)
Pong of 65536       | both | - | [8a 7f ^ 0000000000010000] | - | fail 1002 ControlTooLong | close(1002)
Close of 65536      | both | - | [88 7f ^ 0000000000010000] | - | fail 1002 ControlTooLong | close(1002)
Ping of 125 in 16 bits  | both | - | [89 7e ^ 007d 70*125] | - | fail 1002 ControlTooLong | close(1002)
Pong of 0 in 16 bits    | both | - | [8a 7e ^ 0000] | - | fail 1002 ControlTooLong | close(1002)
Close of 2 in 16 bits   | both | - | [88 7e ^ 0002 03e8] | - | fail 1002 ControlTooLong | close(1002)
Ping of 1 in 64 bits    | both | - | [89 7f ^ 0000000000000001 70] | - | fail 1002 ControlTooLong | close(1002)
Pong of 125 in 64 bits  | both | - | [8a 7f ^ 000000000000007d] | - | fail 1002 ControlTooLong | close(1002)
Close of 2 in 64 bits   | both | - | [88 7f ^ 0000000000000002 03e8] | - | fail 1002 ControlTooLong | close(1002)
between fragments   | both | - | [01 01 "a"] [8a 7e ^ 007e 70*126] [80 00] | - | fail 1002 ControlTooLong | close(1002)
in our closing      | both | close=1000 | [88 7e ^ 007e 03e8 72*124] | - | fail 1002 ControlTooLong | [88 02 03e8]
"#,
    );
}

#[test]
fn rfc6455_s5_5_1_the_body_of_a_close_is_empty_or_begins_with_a_code() {
    holds(
        r#"
no body             | both | - | [88 00] | close 1005 | closed by peer | [88 00]
one byte            | both | - | [88 01 ^ 03] [81 00] | - | fail 1002 ClosePayloadOneByte | close(1002)
another byte        | both | - | [88 01 ^ ff] | - | fail 1002 ClosePayloadOneByte | close(1002)
one byte in our closing | both | close=1000 | [88 01 ^ 03] | - | fail 1002 ClosePayloadOneByte | [88 02 03e8]
one byte in a message | both | - | [01 01 "a"] [88 01 ^ 03] | - | fail 1002 ClosePayloadOneByte | close(1002)
two bytes, a code   | both | - | [88 02 03e8] | close 1000 | closed by peer | [88 02 03e8]
in network byte order | both | - | [88 02 0fa1] | close 4001 | closed by peer | [88 02 0fa1]
and a reason        | both | - | [88 05 03e9 "bye"] | close 1001 "bye" | closed by peer | [88 02 03e9]
"#,
    );
}

#[test]
fn rfc6455_s5_5_1_the_reason_in_a_close_is_utf8() {
    holds(
        r#"
two, three, four bytes | both | - | [88 0b 03e8 "ß€𝄞"] | close 1000 "ß€𝄞" | closed by peer | [88 02 03e8]
NUL                 | both | - | [88 03 03e8 00] | close 1000 00 | closed by peer | [88 02 03e8]
ff                  | both | - | [88 04 03e8 ff ^ 61] [81 00] | - | fail 1007 CloseReasonNotUtf8 | close(1007)
a lone continuation | both | - | [88 04 03e8 61 80 ^] | - | fail 1007 CloseReasonNotUtf8 | close(1007)
overlong            | both | - | [88 04 03e8 c0 ^ af] | - | fail 1007 CloseReasonNotUtf8 | close(1007)
a surrogate         | both | - | [88 05 03e8 ed a0 ^ 80] | - | fail 1007 CloseReasonNotUtf8 | close(1007)
over U+10FFFF       | both | - | [88 06 03e8 f4 90 ^ 80 80] | - | fail 1007 CloseReasonNotUtf8 | close(1007)
it ends in a character | both | - | [88 05 03e8 61 e2 82 ^] | - | fail 1007 CloseReasonNotUtf8 | close(1007)
in our closing      | both | close=1000 | [88 03 03e8 ff ^] | - | fail 1007 CloseReasonNotUtf8 | [88 02 03e8]
behind a bad code, which comes first | both | - | [88 03 03ec ^ ff] | - | fail 1002 CloseCodeInvalid | close(1002)
"#,
    );
}

#[test]
fn rfc6455_s5_5_1_a_close_is_answered_once_with_its_code() {
    holds(
        r#"
1000                | both | - | [88 02 03e8] | close 1000 | closed by peer | [88 02 03e8]
1001                | both | - | [88 02 03e9] | close 1001 | closed by peer | [88 02 03e9]
1002                | both | - | [88 02 03ea] | close 1002 | closed by peer | [88 02 03ea]
1007                | both | - | [88 02 03ef] | close 1007 | closed by peer | [88 02 03ef]
4999                | both | - | [88 02 1387] | close 4999 | closed by peer | [88 02 1387]
the reason is not repeated | both | - | [88 05 03e8 "bye"] | close 1000 "bye" | closed by peer | [88 02 03e8]
a second one        | both | - | [88 02 03e8] [88 02 03e9] | close 1000 | closed by peer | [88 02 03e8]
inside a message    | both | - | [01 01 "a"] [88 02 03e8] | close 1000 | closed by peer | [88 02 03e8]
ours was first      | both | close=1000 | [88 02 03e8] | close 1000 | closed by us | [88 02 03e8]
ours, another code  | both | close=1001 | [88 02 0fa0] | close 4000 | closed by us | [88 02 03e9]
ours, and two       | both | close=1000 | [88 02 03e8] [88 02 03e8] | close 1000 | closed by us | [88 02 03e8]
"#,
    );
}

#[test]
fn rfc6455_s5_5_1_a_close_without_a_code_is_answered_without_one() {
    holds(
        r#"
nothing in it       | both | - | [88 00] | close 1005 | closed by peer | [88 00]
behind a message    | both | - | [81 01 "a"] [88 00] | text "a"; close 1005 | closed by peer | [88 00]
ours was first      | both | close=1000 | [88 00] | close 1005 | closed by us | [88 02 03e8]
neither has one     | both | close=1005 | [88 00] | close 1005 | closed by us | [88 00]
"#,
    );
}

#[test]
fn rfc6455_s5_5_2_every_ping_is_answered_unless_a_close_has_come() {
    holds(
        r#"
one                 | both | - | [89 05 "Hello"] | ping "Hello" | open | [8a 05 "Hello"]
in order            | both | - | [89 01 "1"] [89 01 "2"] [89 01 "3"] | ping "1"; ping "2"; ping "3" | open | [8a 01 "1"] [8a 01 "2"] [8a 01 "3"]
the same twice      | both | - | [89 01 "1"] [89 01 "1"] | ping "1"; ping "1" | open | [8a 01 "1"] [8a 01 "1"]
before the message behind it | both | - | [89 01 "p"] [81 05 "Hell"] | ping "p" | waiting | [8a 01 "p"]
behind a message    | both | - | [81 01 "a"] [89 01 "p"] | text "a"; ping "p" | open | [8a 01 "p"]
before a failure    | both | - | [89 01 "p"] [83 00 ^] | ping "p" | fail 1002 ReservedOpcode | [8a 01 "p"] close(1002)
ours is out, the peer's Close has not come | both | close=1000 | [89 01 "p"] | ping "p" | closing | [88 02 03e8] [8a 01 "p"]
before its Close    | both | - | [89 01 "p"] [88 02 03e8] | ping "p"; close 1000 | closed by peer | [8a 01 "p"] [88 02 03e8]
behind its Close    | both | - | [88 02 03e8] [89 01 "p"] | close 1000 | closed by peer | [88 02 03e8]
behind both         | both | close=1000 | [88 02 03e8] [89 01 "p"] | close 1000 | closed by us | [88 02 03e8]
behind a failure    | both | - | [83 00 ^] [89 01 "p"] | - | fail 1002 ReservedOpcode | close(1002)
"#,
    );
}

#[test]
fn rfc6455_s5_5_3_a_pong_has_the_payload_of_its_ping() {
    // Every length that there is, and bytes that are no text.
    let lines = (0..=125).map(|len| match len {
        0 => "0 | both | - | [89 00] | ping - | open | [8a 00]\n".to_owned(),
        _ => format!(
            "{len} | both | - | [89 {len:02x} fe*{len}] | ping fe*{len} | open | [8a {len:02x} fe*{len}]\n"
        ),
    });
    holds(&lines.collect::<String>());
    holds(
        r#"
any bytes           | both | - | [89 08 00 0a 0d 7f 80 c0 ff fe] | ping 000a0d7f80c0fffe | open | [8a 08 00 0a 0d 7f 80 c0 ff fe]
a frame in it       | both | - | [89 04 8900 8800] | ping 8900 8800 | open | [8a 04 8900 8800]
"#,
    );
}

#[test]
fn rfc6455_s5_5_3_a_pong_that_nobody_asked_for_is_no_error() {
    holds(
        r#"
one                 | both | - | [8a 05 "Hello"] | pong "Hello" | open | -
empty               | both | - | [8a 00] | pong - | open | -
several             | both | - | [8a 01 "1"] [8a 01 "2"] [8a 01 "2"] | pong "1"; pong "2"; pong "2" | open | -
and a Ping          | both | - | [8a 01 "a"] [89 01 "b"] [8a 01 "c"] | pong "a"; ping "b"; pong "c" | open | [8a 01 "b"]
in our closing      | both | close=1000 | [8a 01 "a"] | pong "a" | closing | [88 02 03e8]
"#,
    );
}

/// Where the answers are not taken, their memory ends; what stays is the newest, and the Close.
#[test]
fn rfc6455_s5_5_3_the_newest_ping_alone_may_be_answered() {
    for role in [Role::Server, Role::Client] {
        let (mut connection, in_key, out_key) = match role {
            Role::Server => (Connection::server(Limits::default()), Some(KEY), None),
            Role::Client => (Connection::client(Limits::default(), || KEY), None, Some(KEY)),
        };
        let bytes = |text: &str, key| parse(text, key).expect("frames").bytes;
        let mut control = ControlFrames::new();
        for number in 0..=0xff_u8 {
            let mut wire = bytes(&format!("[89 7d {number:02x}*125]"), in_key);
            let event = connection.receive(&mut Input::new(&mut wire), &mut control);
            assert_eq!(event, Ok(Some(Event::Ping(&[number; 125]))), "{role:?}");
        }
        let mut wire = bytes("[88 02 03e8]", in_key);
        connection.receive(&mut Input::new(&mut wire), &mut control).expect("a Close");
        let sent = control.poll_transmit().expect("frames").to_vec();
        let newest = bytes("[8a 7d ff*125] [88 02 03e8]", out_key);
        assert!(sent.ends_with(&newest), "{role:?}");
        let pongs = (sent.len() - newest.len()) / bytes("[8a 7d 00*125]", out_key).len();
        let older: String = (0xff - pongs..0xff).map(|n| format!("[8a 7d {n:02x}*125]")).collect();
        assert_eq!(sent, [bytes(&older, out_key), newest].concat(), "{role:?}, {pongs} older");
    }
}
