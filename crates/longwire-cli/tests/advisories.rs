//! Attacks on clients that have broken others, tried on `longwire connect`. `tests/advisories.md`
//! lists them.

mod common;

use std::collections::HashSet;
use std::io::ErrorKind;
use std::net::TcpListener;
use std::sync::mpsc;

use common::{Longwire, PATIENCE, accept, scripted};

#[test]
fn t19_a_redirect_is_shown_and_not_followed_so_no_secret_goes_to_another_host() {
    for status in [301, 302, 303, 307, 308, 401] {
        let elsewhere = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = elsewhere.local_addr().unwrap().port();
        let (url, script_ended) = scripted(move |mut peer| {
            assert!(peer.head().contains("\r\nAuthorization: Bearer secret\r\n"));
            let location = format!("Location: ws://localhost:{port}/\r\n");
            let challenge = "WWW-Authenticate: Basic realm=\"a\"\r\n";
            peer.send(format!("HTTP/1.1 {status} No\r\n{location}{challenge}\r\n"));
        });
        let arguments = ["connect", &url, "--header", "Authorization: Bearer secret"];
        let longwire = Longwire::start(&arguments);
        script_ended.recv_timeout(PATIENCE).expect("the end of the script");
        let ended = longwire.end();
        assert_eq!((ended.code, ended.stdout.len()), (Some(1), 0), "{ended:?}");
        let note = format!(
            "the server refused the handshake with status {status}, and points to \
             ws://localhost:{port}/\n"
        );
        assert_eq!(ended.stderr, note);
        // The client has ended, and nobody waits to be accepted.
        elsewhere.set_nonblocking(true).unwrap();
        let nobody = elsewhere.accept().expect_err("no connection");
        assert_eq!(nobody.kind(), ErrorKind::WouldBlock);
    }
}

/// The bounds are six standard deviations wide: chance is outside of one of them in one run of
/// some millions, a generator with a pattern is in every one.
#[test]
fn t42_masking_keys_are_balanced_in_every_bit_and_none_follows_from_the_last() {
    const FRAMES: usize = 10_000;
    let (sender, frames) = mpsc::channel();
    let (url, _) = scripted(move |mut peer| {
        accept(&mut peer);
        // Two bytes of header, four of the key, and the letter.
        sender.send(peer.receive(FRAMES * 7)).unwrap();
    });
    let mut longwire = Longwire::start(&["connect", "--no-deflate", &url]);
    longwire.type_text("a\n".repeat(FRAMES));
    let frames = frames.recv_timeout(PATIENCE).expect("all frames");
    longwire.end();

    let keys: Vec<u32> = frames
        .chunks(7)
        .map(|frame| match frame {
            [0x81, 0x81, a, b, c, d, letter] if a ^ letter == b'a' => {
                u32::from_be_bytes([*a, *b, *c, *d])
            }
            _ => panic!("{frame:02x?}"),
        })
        .collect();
    let pairs = || keys.iter().zip(&keys[1..]);
    let changes: Vec<u32> = pairs().map(|(one, next)| one ^ next).collect();
    let steps: Vec<u32> = pairs().map(|(one, next)| next.wrapping_sub(*one)).collect();
    for (what, values) in [("keys", &keys), ("changes", &changes), ("steps", &steps)] {
        let distinct: HashSet<u32> = values.iter().copied().collect();
        assert!(values.len() - distinct.len() <= 3, "{what}: {} values", distinct.len());
        for bit in 0..32 {
            let ones = values.iter().filter(|value| *value >> bit & 1 == 1).count();
            assert!((4_700..=5_300).contains(&ones), "{what}, bit {bit}: {ones}");
        }
    }
}
