//! Attacks on masking keys, and on what runs over payloads many bytes at a time, each with what has
//! to come of it. `advisories.md` lists them; the keys of a real client are looked at in the tests of
//! `longwire connect`.

use std::cell::Cell;

use longwire::{Connection, ControlFrames, Event, Input, Limits, Message, apply_mask};

thread_local! {
    static KEYS: Cell<u32> = const { Cell::new(0) };
}

fn next_key() -> [u8; 4] {
    KEYS.with(|keys| {
        keys.set(keys.get() + 1);
        keys.get().wrapping_mul(0x9e37_79b9).to_be_bytes()
    })
}

/// Whatever the source of the keys gives, which is the caller's generator, masks one frame.
#[test]
fn t42_every_frame_of_a_client_has_the_next_key_of_its_source() {
    let mut client = Connection::client(Limits::default(), next_key);
    let (mut control, mut out) = (ControlFrames::new(), [0; 64]);
    for number in 0..100_000_u32 {
        let mut fragment = |client: &mut Connection, last| {
            let len = client.encode_fragment(Message::Binary(b"Hello"), last, &mut out);
            out[..len.expect("it fits")].to_vec()
        };
        let wire = match number % 8 {
            1 | 6 => fragment(&mut client, true),
            5 => fragment(&mut client, false),
            2 => {
                client.ping(b"Hello", &mut control).expect("room");
                control.poll_transmit().expect("a Ping").to_vec()
            }
            3 | 7 => {
                let mut ping = *b"\x89\x05Hello";
                let event = client.receive(&mut Input::new(&mut ping), &mut control);
                assert_eq!(event, Ok(Some(Event::Ping(b"Hello"))));
                control.poll_transmit().expect("a Pong").to_vec()
            }
            _ => {
                let len = client.encode(Message::Text("Hello"), &mut out).expect("it fits");
                out[..len].to_vec()
            }
        };
        let key = (number + 1).wrapping_mul(0x9e37_79b9).to_be_bytes();
        let mut payload = *b"Hello";
        apply_mask(&mut payload, key);
        assert_eq!(wire[1], 0x85, "frame {number}");
        assert_eq!((&wire[2..6], &wire[6..]), (&key[..], &payload[..]), "frame {number}");
    }
    assert_eq!(KEYS.with(Cell::get), 100_000, "one for each frame, and none for anything else");
}

#[test]
fn t44_masking_and_utf8_touch_nothing_beside_their_bytes_at_any_alignment() {
    let text = "a\u{7ff}\u{800}\u{10ffff}z".repeat(400);
    for offset in 0..16 {
        for len in (0..130).chain((131..4096).step_by(127)) {
            let mut memory = vec![0xff_u8; offset];
            memory.extend_from_slice(&text.as_bytes()[..len]);
            memory.extend_from_slice(&[0xff; 16]);
            let range = offset..offset + len;
            let sound = text.is_char_boundary(len);
            let mut utf8 = longwire::Utf8::default();
            // Bytes that no text has stand on both sides.
            assert_eq!(utf8.push(&memory[range.clone()]), Ok(()));
            assert_eq!(utf8.finish().is_ok(), sound, "{len} at {offset}");
            let before = memory.clone();
            let key = [0x37, 0xfa, 0x21, 0x3d];
            let next = apply_mask(&mut memory[range.clone()], key);
            let masked = |(index, byte): (usize, &u8)| match range.contains(&index) {
                true => byte ^ key[(index - offset) % 4],
                false => *byte,
            };
            assert!(memory.iter().copied().eq(before.iter().enumerate().map(masked)));
            assert_eq!(next[0], key[len % 4]);
        }
    }
}
