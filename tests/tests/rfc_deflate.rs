//! RFC 7692 §6 and §7.2, rule by rule: frames of compressed messages, and what is in them.
//!
//! Each test is a table in the notation of `vectors/README.md`, and each line of it is run in every
//! cut. `^` stands behind the byte at which the connection fails.

use longwire_tests::check::holds;

#[test]
fn rfc6455_s5_2_rsv1_fails_where_no_compression_was_agreed_to() {
    holds(
        r#"
text                | both | - | [c1 07 ^ f248cdc9c90700] [81 00] | - | fail 1002 ReservedBits | close(1002)
binary              | both | - | [c2 01 ^ 00] | - | fail 1002 ReservedBits | close(1002)
a first fragment    | both | - | [41 03 ^ f248cd] [80 04 c9c90700] | - | fail 1002 ReservedBits | close(1002)
after a message     | both | - | [81 05 "Hello"] [c1 05 ^ f200110000] | text "Hello" | fail 1002 ReservedBits | close(1002)
"#,
    );
}

#[test]
fn rfc7692_s6_rsv1_is_on_the_first_frame_of_a_message_alone() {
    holds(
        r#"
on a whole message  | both | deflate | [c1 07 f248cdc9c90700] | text "Hello" | open | -
on the first fragment | both | deflate | [41 03 f248cd] [80 04 c9c90700] | text "Hello" | open | -
on the last too     | both | deflate | [41 03 f248cd] [c0 04 ^ c9c90700] | - | fail 1002 ReservedBits | close(1002)
on one in the middle | both | deflate | [41 03 f248cd] [40 02 ^ c9c9] [80 02 0700] | - | fail 1002 ReservedBits | close(1002)
on an empty one     | both | deflate | [41 07 f248cdc9c90700] [c0 00 ^] | - | fail 1002 ReservedBits | close(1002)
on the last alone   | both | deflate | [01 03 "Hel"] [c0 02 ^ "lo"] | - | fail 1002 ReservedBits | close(1002)
Ping                | both | deflate | [c9 01 ^ 00] | - | fail 1002 ReservedBits | close(1002)
Pong                | both | deflate | [ca 00 ^] | - | fail 1002 ReservedBits | close(1002)
Close               | both | deflate | [c8 02 ^ 03e8] | - | fail 1002 ReservedBits | close(1002)
Ping between fragments | both | deflate | [41 03 f248cd] [c9 00 ^] [80 04 c9c90700] | - | fail 1002 ReservedBits | close(1002)
Close, in our closing | both | deflate close=1000 | [c8 02 ^ 03e8] | - | fail 1002 ReservedBits | [88 02 03e8]
"#,
    );
}

#[test]
fn rfc7692_s6_control_frames_are_not_compressed_and_go_between_compressed_fragments() {
    holds(
        r#"
Ping                | both | deflate | [41 03 f248cd] [89 04 "ping"] [80 04 c9c90700] | ping "ping"; text "Hello" | open | [8a 04 "ping"]
Pong                | both | deflate | [42 03 f248cd] [8a 04 "pong"] [80 04 c9c90700] | pong "pong"; binary "Hello" | open | -
Close               | both | deflate | [41 03 f248cd] [88 05 03e8 "bye"] | close 1000 "bye" | closed by peer | [88 02 03e8]
between all of them | both | deflate | [41 01 f2] [89 01 "1"] [00 01 48] [8a 01 "2"] [00 03 cdc9c9] [89 01 "3"] [00 00] [89 01 "4"] [80 02 0700] | ping "1"; pong "2"; ping "3"; ping "4"; text "Hello" | open | [8a 01 "1"] [8a 01 "3"] [8a 01 "4"]
DEFLATE in a Ping is its payload | both | deflate | [89 07 f248cdc9c90700] | ping f248cdc9c90700 | open | [8a 07 f248cdc9c90700]
no part of the window | both | deflate | [c1 07 f248cdc9c90700] [89 05 "World"] [c1 05 f200110000] | text "Hello"; ping "World"; text "Hello" | open | [8a 05 "World"]
"#,
    );
}

/// One fragment ends, and the next begins, at every byte there is, and at all of them at once.
#[test]
fn rfc7692_s6_1_a_compressed_message_may_be_cut_into_fragments_anywhere() {
    let messages = [
        (&[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00][..], r#"text "Hello""#),
        (&[0x00, 0x05, 0x00, 0xfa, 0xff, 0x48, 0x65, 0x6c, 0x6c, 0x6f, 0x00], r#"text "Hello""#),
        (
            &[0xf2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xff, 0xff, 0xca, 0xc9, 0xc9, 0x07, 0x00],
            r#"text "Hello""#,
        ),
        (&[0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00], r#"text "Hello""#),
        (&[0x3a, 0xbc, 0xf2, 0x51, 0xd3, 0x1a, 0x00, 0x00], r#"text "é€""#),
    ];
    let frame = |first: u8, piece: &[u8]| {
        let payload: String = piece.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("[{first:02x} {:02x} {payload}]", piece.len())
    };
    let mut lines = String::new();
    for (data, event) in messages {
        for cut in 0..=data.len() {
            let (front, back) = data.split_at(cut);
            let input = frame(0x41, front) + &frame(0x80, back);
            lines += &format!(
                "{cut} of {} | both | deflate | {input} | {event} | open | -\n",
                data.len()
            );
        }
        let bytes = data.iter().enumerate().map(|(index, byte)| {
            let fin = if index + 1 == data.len() { 0x80 } else { 0x00 };
            frame(fin | if index == 0 { 0x41 } else { 0x00 }, &[*byte])
        });
        let input: String = bytes.collect();
        lines += &format!("single bytes | both | deflate | {input} | {event} | open | -\n");
    }
    holds(&lines);
}

#[test]
fn rfc7692_s6_2_a_message_without_rsv1_is_taken_as_it_is() {
    holds(
        r#"
text                | both | deflate | [81 05 "Hello"] | text "Hello" | open | -
binary that could be inflated | both | deflate | [82 07 f248cdc9c90700] | binary f248cdc9c90700 | open | -
in fragments        | both | deflate | [01 03 "Hel"] [80 02 "lo"] | text "Hello" | open | -
empty               | both | deflate | [81 00] | text - | open | -
between compressed ones | both | deflate | [c1 07 f248cdc9c90700] [81 05 "World"] [c1 05 f200110000] | text "Hello"; text "World"; text "Hello" | open | -
text is UTF-8       | both | deflate | [81 02 61 ff ^] | - | fail 1007 TextNotUtf8 | close(1007)
"#,
    );
}

/// The examples of §7.2.3, byte for byte, and what else a sender may do.
#[test]
fn rfc7692_s7_2_2_whatever_is_sound_deflate_is_inflated() {
    holds(
        r#"
§7.2.3.1            | client | deflate | c1 07 f2 48 cd c9 c9 07 00 | text "Hello" | open | -
§7.2.3.1, fragments | client | deflate | 41 03 f2 48 cd 80 04 c9 c9 07 00 | text "Hello" | open | -
§7.2.3.1, by a client | server | deflate | c1 87 37fa213d c5b2ecf4fefd21 | text "Hello" | open | -
§7.2.3.2            | both | deflate | [c1 07 f248cdc9c90700] [c1 05 f200110000] | text "Hello"; text "Hello" | open | -
§7.2.3.3, stored    | both | deflate | [c1 0b 000500faff48656c6c6f00] | text "Hello" | open | -
§7.2.3.4, BFINAL    | both | deflate | [c1 08 f348cdc9c9070000] | text "Hello" | open | -
§7.2.3.5, two blocks | both | deflate | [c1 0d f24805000000ffffcac9c90700] | text "Hello" | open | -
§7.2.3.6, empty     | both | deflate | [c1 01 00] | text - | open | -
BFINAL, then another message | both | deflate | [c1 08 f348cdc9c9070000] [c1 07 f248cdc9c90700] | text "Hello"; text "Hello" | open | -
BFINAL, and more blocks | both | deflate | [c1 0e f348cdc9c90700 f248cdc9c90700] | text "HelloHello" | open | -
BFINAL, stored      | both | deflate | [c1 0b 010500faff48656c6c6f00] | text "Hello" | open | -
BFINAL in a fragment | both | deflate | [41 07 f348cdc9c90700] [80 01 00] | text "Hello" | open | -
empty blocks        | both | deflate | [c1 0b 00 0000ffff 00 0000ffff 00] | text - | open | -
a sync flush        | both | deflate | [c1 0d f248cd01000000ffffcac90700] | text "Hello" | open | -
a full flush        | both | deflate | [c1 14 f248cdf148cd01000000fffff248cdf148cd0100] | text "HelHelHelHel" | open | -
codes of its own    | both | deflate | [c1 44 5cc9b91580300c04d156b6351f92cc293098ab7af611f2930926c49445ad847f2952a24c42aa0a2314c25e046bebd28058fd9ca17ea16fd3b2c10fa9df1ec37323bbbd00] | text "abcdefgh"*3 "aaaabbbbccccddddeeeefff gggg hhhh the quick brown fox jumps over the lazy dog" | open | -
1000 zeros          | both | deflate | [c2 0b 62601805a360140c770000] | binary 00*1000 | open | -
"#,
    );
}

#[test]
fn rfc7692_s7_1_1_the_window_lasts_just_as_long_as_was_agreed_to() {
    holds(
        r#"
to the next message | both | deflate | [c1 07 f248cdc9c90700] [c1 05 f200110000] [c1 05 f200110000] | text "Hello"; text "Hello"; text "Hello" | open | -
over an empty one   | both | deflate | [c1 07 f248cdc9c90700] [c1 01 00] [c1 05 f200110000] | text "Hello"; text -; text "Hello" | open | -
over the kind       | both | deflate | [c2 07 f248cdc9c90700] [c1 05 f200110000] | binary "Hello"; text "Hello" | open | -
into our closing    | both | deflate close=1000 | [c1 07 f248cdc9c90700] [c1 05 f200110000] | text "Hello"; text "Hello" | closing | [88 02 03e8]
no context takeover | both | no_context_takeover | [c1 07 f248cdc9c90700] [c1 07 f248cdc9c90700] | text "Hello"; text "Hello" | open | -
it is gone          | both | no_context_takeover | [c1 07 f248cdc9c90700] [c1 05 f20011 ^ 0000] [81 00] | text "Hello" | fail 1007 DeflateInvalid | close(1007)
in fragments        | both | no_context_takeover | [41 03 f248cd] [80 04 c9c90700] [41 02 f200] [80 03 11 ^ 0000] | text "Hello" | fail 1007 DeflateInvalid | close(1007)
there was none yet  | both | deflate | [c1 05 f20011 ^ 0000] | - | fail 1007 DeflateInvalid | close(1007)
BFINAL ends it      | both | deflate | [c1 08 f348cdc9c9070000] [c1 05 f20011 ^ 0000] | text "Hello" | fail 1007 DeflateInvalid | close(1007)
"#,
    );
}

#[test]
fn rfc7692_s6_2_the_inflated_text_is_utf8() {
    holds(
        r#"
two and three bytes | both | deflate | [c1 08 3abcf251d31a0000] | text "é€" | open | -
ff                  | both | deflate | [c1 0a 00 0400 fbff 61 ff ^ 62 63 00] [81 00] | - | fail 1007 TextNotUtf8 | close(1007)
a surrogate         | both | deflate | [c1 09 00 0300 fcff ed a0 ^ 80 00] | - | fail 1007 TextNotUtf8 | close(1007)
in a first fragment | both | deflate | [41 07 00 0400 fbff 61 ff ^] [80 03 62 63 00] | - | fail 1007 TextNotUtf8 | close(1007)
it ends in a character | both | deflate | [c1 07 00 0100 feff c3 00 ^] | - | fail 1007 TextNotUtf8 | close(1007)
the next does not go on with it | both | deflate | [c1 07 00 0100 feff c3 00 ^] [81 01 9f] | - | fail 1007 TextNotUtf8 | close(1007)
before it is no DEFLATE | both | deflate | [c1 08 00 0100 feff ff ^ 07 00] | - | fail 1007 TextNotUtf8 | close(1007)
binary need not be  | both | deflate | [c2 08 000200fdff ff80 00] | binary ff80 | open | -
in our closing      | both | deflate close=1000 | [c1 07 00 0100 feff ff ^ 00] | - | fail 1007 TextNotUtf8 | [88 02 03e8]
"#,
    );
}

#[test]
fn rfc7692_s6_2_what_is_no_deflate_fails_the_connection() {
    holds(
        r#"
block type 3        | both | deflate | [c1 02 07 ^ 00] [81 00] | - | fail 1007 DeflateInvalid | close(1007)
a length not repeated | both | deflate | [c1 06 00 0500 0000 ^ 48] | - | fail 1007 DeflateInvalid | close(1007)
a distance into nothing | both | deflate | [c2 05 f20011 ^ 0000] | - | fail 1007 DeflateInvalid | close(1007)
no data at all      | both | deflate | [c1 00] ^ | - | fail 1007 DeflateInvalid | close(1007)
cut off in a code   | both | deflate | [c1 03 f248cd ^] | - | fail 1007 DeflateInvalid | close(1007)
cut off in a stored block | both | deflate | [c1 06 000500faff48 ^] | - | fail 1007 DeflateInvalid | close(1007)
cut off behind BFINAL | both | deflate | [c1 07 f348cdc9c90700 ^] | - | fail 1007 DeflateInvalid | close(1007)
the end of the flush not taken off | both | deflate | [c1 0b f248cdc9c907000000ffff ^] | - | fail 1007 DeflateInvalid | close(1007)
in a fragment       | both | deflate | [41 02 07 ^ 00] [80 01 00] | - | fail 1007 DeflateInvalid | close(1007)
in the second message | both | deflate | [c1 07 f248cdc9c90700] [c1 02 07 ^ 00] | text "Hello" | fail 1007 DeflateInvalid | close(1007)
in our closing      | both | deflate close=1000 | [c1 02 07 ^ 00] | - | fail 1007 DeflateInvalid | [88 02 03e8]
"#,
    );
}
