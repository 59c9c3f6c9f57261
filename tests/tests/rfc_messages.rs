//! RFC 6455 §5.4, §5.6, §6.2 and §8.1, rule by rule: messages in fragments, and text.
//!
//! Each test is a table in the notation of `vectors/README.md`, and each line of it is run in every
//! cut. `^` stands behind the byte at which the connection fails.

use longwire_tests::check::{difference, holds};
use longwire_tests::feed::{Api, run};
use longwire_tests::vector::parse;

#[test]
fn rfc6455_s5_4_a_new_message_inside_a_fragmented_one_fails_the_connection() {
    holds(
        r#"
text in text        | both | - | [01 01 "a"] [81 01 ^ "b"] [80 01 "c"] | - | fail 1002 ExpectedContinuation | close(1002)
text in binary      | both | - | [02 01 "a"] [81 01 ^ "b"] [80 01 "c"] | - | fail 1002 ExpectedContinuation | close(1002)
binary in text      | both | - | [01 01 "a"] [82 01 ^ "b"] [80 01 "c"] | - | fail 1002 ExpectedContinuation | close(1002)
binary in binary    | both | - | [02 01 "a"] [82 01 ^ "b"] [80 01 "c"] | - | fail 1002 ExpectedContinuation | close(1002)
a first fragment    | both | - | [01 01 "a"] [01 01 ^ "b"] | - | fail 1002 ExpectedContinuation | close(1002)
one of binary       | both | - | [01 01 "a"] [02 01 ^ "b"] | - | fail 1002 ExpectedContinuation | close(1002)
empty, in empty     | both | - | [01 00] [81 00 ^] | - | fail 1002 ExpectedContinuation | close(1002)
behind a second fragment | both | - | [01 01 "a"] [00 01 "b"] [82 01 ^ "c"] | - | fail 1002 ExpectedContinuation | close(1002)
behind a Ping       | both | - | [02 01 "a"] [89 01 "p"] [81 01 ^ "b"] | ping "p" | fail 1002 ExpectedContinuation | [8a 01 "p"] close(1002)
in our closing      | both | close=1000 | [01 01 "a"] [81 01 ^ "b"] | - | fail 1002 ExpectedContinuation | [88 02 03e8]
compressed in text  | both | deflate | [01 01 "a"] [c1 07 ^ f248cdc9c90700] | - | fail 1002 ExpectedContinuation | close(1002)
in a compressed one | both | deflate | [41 03 f248cd] [81 01 ^ "b"] | - | fail 1002 ExpectedContinuation | close(1002)
"#,
    );
}

#[test]
fn rfc6455_s5_4_a_continuation_of_nothing_fails_the_connection() {
    holds(
        r#"
the last            | both | - | [80 01 ^ "a"] [81 00] | - | fail 1002 UnexpectedContinuation | close(1002)
not the last        | both | - | [00 01 ^ "a"] [80 01 "b"] | - | fail 1002 UnexpectedContinuation | close(1002)
empty               | both | - | [80 00 ^] | - | fail 1002 UnexpectedContinuation | close(1002)
in 16 bits          | both | - | [80 7e ^ 007e 61*126] | - | fail 1002 UnexpectedContinuation | close(1002)
behind a message    | both | - | [81 01 "a"] [80 01 ^ "b"] | text "a" | fail 1002 UnexpectedContinuation | close(1002)
behind a fragmented one | both | - | [01 01 "a"] [80 01 "b"] [00 01 ^ "c"] | text "ab" | fail 1002 UnexpectedContinuation | close(1002)
behind a Ping       | both | - | [89 01 "p"] [80 01 ^ "a"] | ping "p" | fail 1002 UnexpectedContinuation | [8a 01 "p"] close(1002)
in our closing      | both | close=1000 | [80 01 ^ "a"] | - | fail 1002 UnexpectedContinuation | [88 02 03e8]
behind a compressed one | both | deflate | [c1 07 f248cdc9c90700] [80 01 ^ "a"] | text "Hello" | fail 1002 UnexpectedContinuation | close(1002)
"#,
    );
}

#[test]
fn rfc6455_s5_4_messages_come_whole_and_in_fragments() {
    holds(
        r#"
whole               | both | - | [81 05 "Hello"] [82 02 0001] | text "Hello"; binary 0001 | open | -
two fragments       | both | - | [01 03 "Hel"] [80 02 "lo"] [02 01 00] [80 01 01] | text "Hello"; binary 0001 | open | -
in the order they were sent | both | - | [01 01 "a"] [00 01 "b"] [00 01 "c"] [00 01 "d"] [80 01 "e"] | text "abcde" | open | -
a mixture           | both | - | [81 01 "a"] [02 01 "b"] [80 01 "c"] [82 01 "d"] [01 01 "e"] [80 01 "f"] | text "a"; binary "bc"; binary "d"; text "ef" | open | -
the kind is the first's | both | - | [02 02 ff80] [00 01 fe] [80 02 "ab"] | binary ff80 fe "ab" | open | -
all of them empty   | both | - | [01 00] [00 00] [00 00] [80 00] | text - | open | -
the first empty     | both | - | [02 00] [00 01 "a"] [80 01 "b"] | binary "ab" | open | -
in the middle       | both | - | [01 01 "a"] [00 00] [80 01 "b"] | text "ab" | open | -
the last empty      | both | - | [01 01 "a"] [00 01 "b"] [80 00] | text "ab" | open | -
every form of length | both | - | [02 01 "a"] [00 7e 007e "b"*126] [80 00] | binary "a" "b"*126 | open | -
"#,
    );
}

/// A hundred thousand fragments, of which every other is empty: whole, and in reads of a thousand
/// bytes, which end everywhere in a frame.
#[test]
fn rfc6455_s5_4_a_message_in_a_hundred_thousand_fragments_keeps_its_order() {
    let vectors = parse(
        "line",
        r#"100,000 | both | - | [01 00] ([00 01 "a"] [00 00] [00 01 "b"] [00 00])*24999 [00 01 "c"] [00 00] [80 01 "d"] | text ("ab")*24999 "cd" | open | -"#,
    );
    for vector in vectors.expect("a vector") {
        let len = vector.input.len();
        for api in [Api::WebSocket, Api::Connection] {
            for read_bytes in [len, 1_000] {
                let ends: Vec<usize> = (0..len).step_by(read_bytes).skip(1).chain([len]).collect();
                let got = run(&vector, api, &vector.input, &ends);
                assert_eq!(difference(&vector, &got), None, "{api:?}, {read_bytes}");
            }
        }
    }
}

#[test]
fn rfc6455_s6_2_a_message_is_an_event_when_all_of_it_has_come() {
    holds(
        r#"
all but a byte      | both | - | [81 05 "Hell"] | - | waiting | -
all                 | both | - | [81 05 "Hello"] | text "Hello" | open | -
without its last fragment | both | - | [01 03 "Hel"] [00 02 "lo"] | - | waiting | -
with an empty one   | both | - | [01 03 "Hel"] [00 02 "lo"] [80 00] | text "Hello" | open | -
all but a byte of the last | both | - | [02 03 "Hel"] [80 02 "l"] | - | waiting | -
the Ping in it first | both | - | [02 03 "Hel"] [89 01 "p"] [80 02 "l"] | ping "p" | waiting | [8a 01 "p"]
lost before its end | both | eof | [81 01 "a"] [01 05 "Hello"] | text "a" | lost | -
closed before its end | both | - | [01 05 "Hello"] [88 02 03e8] [80 00] | close 1000 | closed by peer | [88 02 03e8]
failed before its end | both | - | [01 05 "Hello"] [83 00 ^] [80 00] | - | fail 1002 ReservedOpcode | close(1002)
compressed, all but a byte | both | deflate | [c1 07 f248cdc9c907] | - | waiting | -
compressed          | both | deflate | [c1 07 f248cdc9c90700] | text "Hello" | open | -
a server unmasks it | server | - | 81 85 37fa213d 7f9f4d5158 | text "Hello" | open | -
and its fragments   | server | - | 01 83 37fa213d 7f9f4d 80 82 37fa213d 5b95 | text "Hello" | open | -
"#,
    );
}

#[test]
fn rfc6455_s5_6_text_is_utf8_over_the_whole_message() {
    holds(
        r#"
of every length     | both | - | [81 0a "aß€𝄞"] | text "aß€𝄞" | open | -
the ends of each    | both | - | [81 13 7f c280 dfbf e0a080 efbfbf f0908080 f48fbfbf] | text 7f c280 dfbf e0a080 efbfbf f0908080 f48fbfbf | open | -
beside the surrogates | both | - | [81 06 ed9fbf ee8080] | text ed9fbf ee8080 | open | -
NUL                 | both | - | [81 03 61 00 62] | text 61 00 62 | open | -
a byte order mark is kept | both | - | [81 04 efbbbf 61] | text efbbbf 61 | open | -
noncharacters       | both | - | [81 0d efb790 efbfbe efbfbf f09fbfbe] | text efb790 efbfbe efbfbf f09fbfbe | open | -
cut in two          | both | - | [01 01 c3] [80 01 9f] | text "ß" | open | -
cut in three        | both | - | [01 01 e2] [00 01 82] [80 01 ac] | text "€" | open | -
cut in four         | both | - | [01 01 f0] [00 01 9d] [00 01 84] [80 01 9e] | text "𝄞" | open | -
and empty fragments | both | - | [01 01 f0] [00 00] [00 02 9d 84] [00 00] [80 01 9e] | text "𝄞" | open | -
binary may be anything | both | - | [82 05 ff fe ed a0 80] [02 01 c3] [80 01 28] | binary ff fe ed a0 80; binary c3 28 | open | -
"#,
    );
}

#[test]
fn rfc6455_s8_1_text_that_is_not_utf8_fails_the_connection() {
    holds(
        r#"
a continuation byte | both | - | [81 02 80 ^ 61] [81 00] | - | fail 1007 TextNotUtf8 | close(1007)
c0                  | both | - | [81 02 c0 ^ 80] | - | fail 1007 TextNotUtf8 | close(1007)
c1                  | both | - | [81 02 c1 ^ bf] | - | fail 1007 TextNotUtf8 | close(1007)
overlong, three     | both | - | [81 03 e0 9f ^ bf] | - | fail 1007 TextNotUtf8 | close(1007)
overlong, four      | both | - | [81 04 f0 8f ^ bf bf] | - | fail 1007 TextNotUtf8 | close(1007)
the first surrogate | both | - | [81 03 ed a0 ^ 80] | - | fail 1007 TextNotUtf8 | close(1007)
the last surrogate  | both | - | [81 03 ed bf ^ bf] | - | fail 1007 TextNotUtf8 | close(1007)
over U+10FFFF       | both | - | [81 04 f4 90 ^ 80 80] | - | fail 1007 TextNotUtf8 | close(1007)
f5                  | both | - | [81 04 f5 ^ 80 80 80] | - | fail 1007 TextNotUtf8 | close(1007)
five bytes          | both | - | [81 05 f8 ^ 88 80 80 80] | - | fail 1007 TextNotUtf8 | close(1007)
fe                  | both | - | [81 01 fe ^] | - | fail 1007 TextNotUtf8 | close(1007)
ff                  | both | - | [81 04 61 62 ff ^ 63] | - | fail 1007 TextNotUtf8 | close(1007)
a lead byte for a continuation | both | - | [81 03 e2 c3 ^ 9f] | - | fail 1007 TextNotUtf8 | close(1007)
it ends too early   | both | - | [81 03 61 e2 82 ^] [81 00] | - | fail 1007 TextNotUtf8 | close(1007)
in its last fragment | both | - | [01 01 61] [80 01 c3 ^] | - | fail 1007 TextNotUtf8 | close(1007)
an empty last fragment in a character | both | - | [01 01 c3] [80 00] ^ | - | fail 1007 TextNotUtf8 | close(1007)
the next message does not go on with it | both | - | [81 01 c3 ^] [81 01 9f] | - | fail 1007 TextNotUtf8 | close(1007)
over a cut          | both | - | [01 01 ed] [00 01 a0 ^] [80 01 80] | - | fail 1007 TextNotUtf8 | close(1007)
in a frame that has only begun | both | - | [81 7e 03e8 61 ff ^] | - | fail 1007 TextNotUtf8 | close(1007)
in our closing      | both | close=1000 | [81 01 ff ^] | - | fail 1007 TextNotUtf8 | [88 02 03e8]
"#,
    );
}

/// Stored blocks are their bytes, so that each byte of a character comes out of the decoder alone.
#[test]
fn rfc6455_s8_1_text_is_utf8_where_the_output_of_deflate_is_cut_inside_a_character() {
    holds(
        r#"
cut in two          | both | deflate | [41 06 00 0100 feff c3] [80 07 00 0100 feff 9f 00] | text "ß" | open | -
cut in four         | both | deflate | [41 06 00 0100 feff f0] [00 06 00 0100 feff 9d] [00 06 00 0100 feff 84] [80 07 00 0100 feff 9e 00] | text "𝄞" | open | -
in one frame        | both | deflate | [c1 0d 00 0100 feff c3 00 0100 feff 9f 00] | text "ß" | open | -
a surrogate, over the cut | both | deflate | [41 06 00 0100 feff ed] [00 06 00 0100 feff a0 ^] [80 07 00 0100 feff 80 00] | - | fail 1007 TextNotUtf8 | close(1007)
it ends too early   | both | deflate | [41 06 00 0100 feff e2] [80 07 00 0100 feff 82 00 ^] | - | fail 1007 TextNotUtf8 | close(1007)
binary may be anything | both | deflate | [42 06 00 0100 feff ed] [80 07 00 0100 feff a0 00] | binary ed a0 | open | -
"#,
    );
}
