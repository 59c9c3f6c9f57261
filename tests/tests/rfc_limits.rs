//! RFC 6455 §10, rule by rule: limits, and input that nobody should trust.
//!
//! Each test is a table in the notation of `vectors/README.md`, and each line of it is run in every
//! cut. `^` stands behind the byte at which the connection fails.

use std::collections::HashSet;

use longwire::ProtocolError;
use longwire_tests::check::holds;
use longwire_tests::vector::parse;

/// The limit on one frame, whatever it belongs to. A header is enough to pass it.
#[test]
fn rfc6455_s10_4_a_frame_over_its_limit_fails_the_connection() {
    holds(
        r#"
of the limit        | both | max_frame_bytes=5 | [81 05 "Hello"] | text "Hello" | open | -
a byte over it      | both | max_frame_bytes=5 | [81 06 ^ "Hello!"] [81 00] | - | fail 1009 FrameTooBig | close(1009)
binary              | both | max_frame_bytes=5 | [82 7e 0100 ^ 61*256] | - | fail 1009 FrameTooBig | close(1009)
in 64 bits          | both | max_frame_bytes=65536 | [82 7f 0000000000010001 ^] | - | fail 1009 FrameTooBig | close(1009)
fragments of the limit | both | max_frame_bytes=3 | [01 03 "Hel"] [00 03 "lo,"] [80 02 " w"] | text "Hello, w" | open | -
a fragment over it  | both | max_frame_bytes=3 | [01 03 "Hel"] [80 04 ^ "lo, "] | - | fail 1009 FrameTooBig | close(1009)
compressed          | both | deflate max_frame_bytes=6 | [c1 07 ^ f248cdc9c90700] | - | fail 1009 FrameTooBig | close(1009)
control frames have 125 | both | max_frame_bytes=1 | [89 05 "Hello"] [8a 02 "hi"] | ping "Hello"; pong "hi" | open | [8a 05 "Hello"]
in our closing      | both | max_frame_bytes=5 close=1000 | [81 06 ^ "Hello!"] | - | fail 1009 FrameTooBig | [88 02 03e8]
"#,
    );
}

/// The limit on a message, put together from its frames, and inflated.
#[test]
fn rfc6455_s10_4_a_message_over_its_limit_fails_the_connection() {
    holds(
        r#"
of the limit        | both | max_message_bytes=5 | [81 05 "Hello"] | text "Hello" | open | -
a byte over it      | both | max_message_bytes=5 | [81 06 ^ "Hello!"] [81 00] | - | fail 1009 MessageTooBig | close(1009)
2^63 - 1            | both | - | [82 7f 7fffffffffffffff ^] | - | fail 1009 MessageTooBig | close(1009)
the default limit   | both | - | [82 7f 0000000000100000] | - | waiting | -
a byte over that    | both | - | [82 7f 0000000000100001 ^] | - | fail 1009 MessageTooBig | close(1009)
fragments of the limit | both | max_message_bytes=5 | [01 02 "He"] [00 00] [00 02 "ll"] [80 01 "o"] | text "Hello" | open | -
over it with the last | both | max_message_bytes=5 | [01 02 "He"] [00 03 "llo"] [80 01 ^ "!"] | - | fail 1009 MessageTooBig | close(1009)
the sum does not overflow | both | max_message_bytes=9223372036854775807 | [02 01 "a"] [80 7f 7fffffffffffffff ^] | - | fail 1009 MessageTooBig | close(1009)
each message anew   | both | max_message_bytes=3 | [01 02 "ab"] [80 01 "c"] [81 03 "def"] [02 03 "ghi"] [80 00] | text "abc"; text "def"; binary "ghi" | open | -
inflated, of the limit | both | deflate max_message_bytes=5 | [c1 07 f248cdc9c90700] | text "Hello" | open | -
inflated, over it   | both | deflate max_message_bytes=4 | [c1 07 f248cdc9c907 ^ 00] | - | fail 1009 MessageTooBig | close(1009)
1000 zeros in 11 bytes | both | deflate max_message_bytes=999 | [c2 0b 62601805a360140c7700 ^ 00] | - | fail 1009 MessageTooBig | close(1009)
in our closing      | both | max_message_bytes=5 close=1000 | [81 06 ^ "Hello!"] | - | fail 1009 MessageTooBig | [88 02 03e8]
"#,
    );
}

#[test]
fn rfc6455_s10_4_a_message_in_too_many_fragments_fails_the_connection() {
    holds(
        r#"
of the limit        | both | max_fragments=3 | [01 01 "a"] [00 01 "b"] [80 01 "c"] | text "abc" | open | -
one over it         | both | max_fragments=3 | [01 01 "a"] [00 01 "b"] [00 01 "c"] [80 01 ^ "d"] | - | fail 1008 TooManyFragments | close(1008)
empty ones count    | both | max_fragments=2 | [01 00] [00 00] [80 00 ^] | - | fail 1008 TooManyFragments | close(1008)
control frames do not | both | max_fragments=2 | [01 00] [89 00] [8a 00] [80 00] | ping -; pong -; text - | open | [8a 00]
each message anew   | both | max_fragments=2 | [01 01 "a"] [80 01 "b"] [01 01 "c"] [80 01 "d"] | text "ab"; text "cd" | open | -
compressed          | both | deflate max_fragments=2 | [41 02 f248] [00 02 cdc9] [80 03 ^ c90700] | - | fail 1008 TooManyFragments | close(1008)
"#,
    );
}

/// One line for each way in which input can be wrong: it is found, and told with its code and a
/// reason. (That there is no memory is no fault of the input.)
#[test]
fn rfc6455_s10_7_all_input_is_validated_and_what_is_wrong_is_told_with_a_code() {
    const TABLE: &str = r#"
reserved bits       | both | - | [91 00 ^] | - | fail 1002 ReservedBits | close(1002)
reserved opcode     | both | - | [8f 00 ^] | - | fail 1002 ReservedOpcode | close(1002)
not masked          | server | - | 81 00 ^ | - | fail 1002 FrameNotMasked | close(1002)
masked              | client | - | 81 80 ^ | - | fail 1002 FrameMasked | close(1002)
length not minimal  | both | - | [81 7e 007d ^] | - | fail 1002 LengthNotMinimal | close(1002)
length over 2^63    | both | - | [81 7f 80 ^ 00*7] | - | fail 1002 LengthOverflow | close(1002)
control in fragments | both | - | [09 00 ^] | - | fail 1002 ControlFragmented | close(1002)
control too long    | both | - | [89 7e ^ 007e] | - | fail 1002 ControlTooLong | close(1002)
a continuation of nothing | both | - | [80 00 ^] | - | fail 1002 UnexpectedContinuation | close(1002)
a message in a message | both | - | [01 00] [81 00 ^] | - | fail 1002 ExpectedContinuation | close(1002)
half a close code   | both | - | [88 01 ^ 03] | - | fail 1002 ClosePayloadOneByte | close(1002)
no close code       | both | - | [88 02 0000 ^] | - | fail 1002 CloseCodeInvalid | close(1002)
no reason           | both | - | [88 03 03e8 ff ^] | - | fail 1007 CloseReasonNotUtf8 | close(1007)
no text             | both | - | [81 01 ff ^] | - | fail 1007 TextNotUtf8 | close(1007)
frame too big       | both | max_frame_bytes=1 | [81 02 ^ 6161] | - | fail 1009 FrameTooBig | close(1009)
message too big     | both | max_message_bytes=1 | [81 02 ^ 6161] | - | fail 1009 MessageTooBig | close(1009)
too many fragments  | both | max_fragments=1 | [01 00] [80 00 ^] | - | fail 1008 TooManyFragments | close(1008)
no DEFLATE          | both | deflate | [c1 02 07 ^ 00] | - | fail 1007 DeflateInvalid | close(1007)
"#;
    holds(TABLE);
    let vectors = parse("line", TABLE).expect("vectors");
    let found = vectors.iter().filter_map(|vector| vector.failure.map(|(_, error)| error));
    let mut all: HashSet<ProtocolError> = found.collect();
    all.insert(ProtocolError::OutOfMemory);
    let every = ProtocolError::ALL.iter().copied().collect();
    assert_eq!(all, every, "every rule that there is has a line");
}
