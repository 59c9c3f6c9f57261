//! RFC 6455 §5.1 to §5.3, rule by rule: masks, reserved bits, opcodes and lengths.
//!
//! Each test is a table in the notation of `vectors/README.md`, and each line of it is run in every
//! cut. `^` stands behind the byte at which the connection fails.

use longwire_tests::check::holds;

/// Lines that differ in what `line` makes of each case.
fn table<T>(cases: impl IntoIterator<Item = T>, line: impl Fn(T) -> String) -> String {
    cases.into_iter().map(|case| line(case) + "\n").collect()
}

#[test]
fn rfc6455_s5_1_a_server_fails_on_a_frame_that_is_not_masked() {
    holds(
        r#"
text               | server | - | 81 05 ^ "Hello" | - | fail 1002 FrameNotMasked | close(1002)
binary, empty      | server | - | 82 00 ^ | - | fail 1002 FrameNotMasked | close(1002)
Ping               | server | - | 89 04 ^ "ping" | - | fail 1002 FrameNotMasked | close(1002)
Pong               | server | - | 8a 00 ^ | - | fail 1002 FrameNotMasked | close(1002)
Close              | server | - | 88 02 ^ 03e8 | - | fail 1002 FrameNotMasked | close(1002)
first fragment     | server | - | 02 01 ^ 61 | - | fail 1002 FrameNotMasked | close(1002)
continuation       | server | - | [01 01 "a"] 80 01 ^ "b" | - | fail 1002 FrameNotMasked | close(1002)
Ping in a message  | server | - | [01 01 "a"] 89 00 ^ | - | fail 1002 FrameNotMasked | close(1002)
16-bit length      | server | - | 82 7e ^ 0100 61*256 | - | fail 1002 FrameNotMasked | close(1002)
64-bit length      | server | - | 82 7f ^ 0000000000010000 | - | fail 1002 FrameNotMasked | close(1002)
compressed         | server | deflate | c1 07 ^ f248cdc9c90700 | - | fail 1002 FrameNotMasked | close(1002)
after a good one   | server | - | [81 01 "a"] 81 01 ^ "b" [81 01 "c"] | text "a" | fail 1002 FrameNotMasked | close(1002)
while closing      | server | close=1000 | 88 02 ^ 03e8 | - | fail 1002 FrameNotMasked | [88 02 03e8]
"#,
    );
}

#[test]
fn rfc6455_s5_1_a_client_fails_on_a_frame_that_is_masked() {
    holds(
        r#"
text               | client | - | 81 85 ^ mask(37fa213d: "Hello") | - | fail 1002 FrameMasked | close(1002)
the key 00000000   | client | - | 81 85 ^ mask(00000000: "Hello") | - | fail 1002 FrameMasked | close(1002)
binary, empty      | client | - | 82 80 ^ 37fa213d | - | fail 1002 FrameMasked | close(1002)
Ping               | client | - | 89 84 ^ mask(37fa213d: "ping") | - | fail 1002 FrameMasked | close(1002)
Pong               | client | - | 8a 80 ^ 37fa213d | - | fail 1002 FrameMasked | close(1002)
Close              | client | - | 88 82 ^ mask(37fa213d: 03e8) | - | fail 1002 FrameMasked | close(1002)
first fragment     | client | - | 02 81 ^ mask(37fa213d: 61) | - | fail 1002 FrameMasked | close(1002)
continuation       | client | - | [01 01 "a"] 80 81 ^ mask(37fa213d: "b") | - | fail 1002 FrameMasked | close(1002)
Ping in a message  | client | - | [01 01 "a"] 89 80 ^ 37fa213d | - | fail 1002 FrameMasked | close(1002)
16-bit length      | client | - | 82 fe ^ 0100 37fa213d 61*256 | - | fail 1002 FrameMasked | close(1002)
64-bit length      | client | - | 82 ff ^ 0000000000010000 37fa213d | - | fail 1002 FrameMasked | close(1002)
compressed         | client | deflate | c1 87 ^ mask(37fa213d: f248cdc9c90700) | - | fail 1002 FrameMasked | close(1002)
after a good one   | client | - | [81 01 "a"] 81 81 ^ mask(37fa213d: "b") [81 01 "c"] | text "a" | fail 1002 FrameMasked | close(1002)
while closing      | client | close=1000 | 88 82 ^ mask(37fa213d: 03e8) | - | fail 1002 FrameMasked | [88 02 03e8]
"#,
    );
}

/// The opcodes that there are, and what makes a frame of them that would be sound without its
/// reserved bits.
const OPCODES: [(u8, &str, &str); 6] = [
    (0x0, r#"[01 01 "a"]"#, "01 61"),
    (0x1, "", "01 61"),
    (0x2, "", "01 61"),
    (0x8, "", "02 03e8"),
    (0x9, "", "01 61"),
    (0xa, "", "01 61"),
];

#[test]
fn rfc6455_s5_2_a_reserved_bit_without_an_extension_fails_the_connection() {
    let bits = [0x10, 0x20, 0x40, 0x30, 0x50, 0x60, 0x70];
    let cases = bits.iter().flat_map(|bits| OPCODES.map(|opcode| (0x80 | bits, opcode)));
    holds(&table(cases, |(first, (opcode, before, rest))| {
        let (first, second) = (first | opcode, &rest[..2]);
        let payload = &rest[3..];
        format!(
            "{first:02x} | both | - | {before} [{first:02x} {second} ^ {payload}] [81 01 62] | - \
             | fail 1002 ReservedBits | close(1002)"
        )
    }));
    holds(
        r#"
a first fragment   | both | - | [41 01 ^ "a"] | - | fail 1002 ReservedBits | close(1002)
after a message    | both | - | [81 01 "a"] [a1 01 ^ "b"] | text "a" | fail 1002 ReservedBits | close(1002)
after a Ping       | both | - | [89 01 "p"] [91 01 ^ "b"] | ping "p" | fail 1002 ReservedBits | [8a 01 "p"] close(1002)
while closing      | both | close=1000 | [c8 02 ^ 03e8] | - | fail 1002 ReservedBits | [88 02 03e8]
"#,
    );
}

/// permessage-deflate gives a meaning to RSV1 alone, and to that on the first frame of a message.
#[test]
fn rfc6455_s5_2_rsv2_and_rsv3_fail_with_permessage_deflate_too() {
    let bits = [0x10, 0x20, 0x30, 0x50, 0x60, 0x70];
    let cases = bits.iter().flat_map(|bits| OPCODES.map(|opcode| (0x80 | bits, opcode)));
    holds(&table(cases, |(first, (opcode, before, rest))| {
        let (first, second) = (first | opcode, &rest[..2]);
        let payload = &rest[3..];
        format!(
            "{first:02x} | both | deflate | {before} [{first:02x} {second} ^ {payload}] | - \
             | fail 1002 ReservedBits | close(1002)"
        )
    }));
}

#[test]
fn rfc6455_s5_2_an_unknown_opcode_fails_the_connection() {
    let opcodes = [0x3, 0x4, 0x5, 0x6, 0x7, 0xb, 0xc, 0xd, 0xe, 0xf];
    let lengths = ["00 ^", "05 ^ 48656c6c6f", "7e ^ 0080 61*128", "7f ^ 0000000000010000"];
    let places = ["", "[01 01 61]", "[81 00] [02 00]"];
    let fins = [0x80, 0x00];
    for place in places {
        let events = if place.starts_with("[81") { "text -" } else { "-" };
        let cases = opcodes.iter().flat_map(|opcode| fins.map(|fin| fin | opcode));
        let cases = cases.flat_map(|first| lengths.map(|length| (first, length)));
        holds(&table(cases, |(first, length)| {
            format!(
                "{first:02x} | both | - | {place} [{first:02x} {length}] | {events} \
                 | fail 1002 ReservedOpcode | close(1002)"
            )
        }));
    }
}

#[test]
fn rfc6455_s5_2_the_top_bit_of_a_64_bit_length_is_0() {
    holds(
        r#"
2^63                | both | - | [82 7f 80 ^ 00000000000000] | - | fail 1002 LengthOverflow | close(1002)
2^63 + 1            | both | - | [81 7f 80 ^ 00000000000001 61] | - | fail 1002 LengthOverflow | close(1002)
2^64 - 1            | both | - | [82 7f ff ^ ffffffffffffff] | - | fail 1002 LengthOverflow | close(1002)
2^63 + 2^62         | both | - | [02 7f c0 ^ 00000000000000] | - | fail 1002 LengthOverflow | close(1002)
a continuation      | both | - | [01 01 "a"] [80 7f 80 ^ 00000000000000] | - | fail 1002 LengthOverflow | close(1002)
compressed          | both | deflate | [c2 7f 80 ^ 00000000000000] | - | fail 1002 LengthOverflow | close(1002)
under no limit      | both | max_message_bytes=18446744073709551615 | [82 7f ff ^ ffffffffffffff] | - | fail 1002 LengthOverflow | close(1002)
2^63 - 1 may be     | both | max_message_bytes=18446744073709551615 | [82 7f 7fffffffffffffff] | - | waiting | -
"#,
    );
}

#[test]
fn rfc6455_s5_2_a_length_is_in_the_fewest_bytes_possible() {
    holds(&table(0..126, |length| {
        format!(
            "{length} in 16 bits | both | - | [82 7e {length:04x} ^] | - \
             | fail 1002 LengthNotMinimal | close(1002)"
        )
    }));
    let lengths = [0, 1, 2, 124, 125, 126, 127, 128, 255, 256, 32_767, 32_768, 65_534, 65_535_u64];
    holds(&table(lengths, |length| {
        format!(
            "{length} in 64 bits | both | - | [82 7f {length:016x} ^] | - \
             | fail 1002 LengthNotMinimal | close(1002)"
        )
    }));
    holds(
        r#"
text                | both | - | [81 7e 0005 ^ "Hello"] [81 00] | - | fail 1002 LengthNotMinimal | close(1002)
a continuation      | both | - | [01 01 "a"] [80 7e 0001 ^ "b"] | - | fail 1002 LengthNotMinimal | close(1002)
64 bits, continuation | both | - | [01 01 "a"] [80 7f 000000000000007e ^] | - | fail 1002 LengthNotMinimal | close(1002)
compressed          | both | deflate | [c1 7e 0007 ^ f248cdc9c90700] | - | fail 1002 LengthNotMinimal | close(1002)
126 needs 16 bits   | both | - | [82 7e 007e 61*126] | binary 61*126 | open | -
65536 needs 64      | both | - | [82 7f 0000000000010000] | - | waiting | -
"#,
    );
}

#[test]
fn rfc6455_s5_2_lengths_are_in_network_byte_order() {
    // Read in the other order, each would be another length, and most of them over a limit.
    holds(
        r#"
0                   | both | max_message_bytes=1 | [82 00] | binary - | open | -
1                   | both | max_message_bytes=1 | [82 01 61] | binary 61 | open | -
125                 | both | max_message_bytes=125 | [82 7d 61*125] | binary 61*125 | open | -
126                 | both | max_message_bytes=126 | [82 7e 007e 61*126] | binary 61*126 | open | -
127                 | both | max_message_bytes=127 | [82 7e 007f 61*127] | binary 61*127 | open | -
128                 | both | max_message_bytes=128 | [82 7e 0080 61*128] | binary 61*128 | open | -
255                 | both | max_message_bytes=255 | [82 7e 00ff 61*255] | binary 61*255 | open | -
256                 | both | max_message_bytes=256 | [82 7e 0100 61*256] | binary 61*256 | open | -
258                 | both | max_message_bytes=258 | [82 7e 0102 61*258] | binary 61*258 | open | -
65535               | both | max_message_bytes=65535 | [82 7e ffff 61] | - | waiting | -
65536               | both | max_message_bytes=65536 | [82 7f 0000000000010000 61] | - | waiting | -
65537, over a limit | both | max_message_bytes=65536 | [82 7f 0000000000010001 ^] | - | fail 1009 MessageTooBig | close(1009)
2^31                | both | max_message_bytes=2147483648 | [82 7f 0000000080000000 61] | - | waiting | -
2^31, over a limit  | both | max_message_bytes=2147483647 | [82 7f 0000000080000000 ^] | - | fail 1009 MessageTooBig | close(1009)
2^32                | both | max_message_bytes=4294967296 | [82 7f 0000000100000000 61] | - | waiting | -
2^32, over a limit  | both | max_message_bytes=4294967295 | [82 7f 0000000100000000 ^] | - | fail 1009 MessageTooBig | close(1009)
0102030405060708    | both | max_message_bytes=72623859790382856 | [82 7f 0102030405060708 61] | - | waiting | -
one less            | both | max_message_bytes=72623859790382855 | [82 7f 0102030405060708 ^] | - | fail 1009 MessageTooBig | close(1009)
"#,
    );
}

#[test]
fn rfc6455_s5_3_any_key_unmasks_and_each_frame_has_its_own() {
    holds(
        r#"
00000000            | server | - | 81 85 mask(00000000: "Hello") | text "Hello" | open | -
ffffffff            | server | - | 82 85 mask(ffffffff: "Hello") | binary "Hello" | open | -
that of §5.7        | server | - | 81 85 37fa213d 7f9f4d5158 | text "Hello" | open | -
an empty payload    | server | - | 82 80 01020304 | binary - | open | -
1 byte              | server | - | 82 81 mask(01020408: 10) | binary 10 | open | -
2 bytes             | server | - | 82 82 mask(01020408: 1020) | binary 1020 | open | -
3 bytes             | server | - | 82 83 mask(01020408: 102030) | binary 102030 | open | -
4 bytes             | server | - | 82 84 mask(01020408: 10203040) | binary 10203040 | open | -
each place in it    | server | - | 82 93 mask(a1b2c3d4: 000102030405060708090a0b0c0d0e0f101112) | binary 000102030405060708090a0b0c0d0e0f101112 | open | -
two fragments       | server | - | 01 83 mask(01020304: "Hel") 80 82 mask(a5b6c7d8: "lo") | text "Hello" | open | -
a Ping in between   | server | - | 01 83 mask(01020304: "Hel") 89 81 mask(ffffffff: "p") 80 82 mask(00000000: "lo") | ping "p"; text "Hello" | open | 8a 01 "p"
a Close             | server | - | 88 85 mask(0badf00d: 03e8 "bye") | close 1000 "bye" | closed by peer | 88 02 03e8
"#,
    );
}
