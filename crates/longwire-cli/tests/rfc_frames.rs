//! What RFC 6455 asks of the frames of a client and no engine can keep alone: where their masking
//! keys come from. `longwire connect` against a server that follows a script.

mod common;

use std::collections::BTreeSet;
use std::sync::mpsc;

use common::{Longwire, PATIENCE, accept, scripted};

/// Sixty-four Pongs, each under a key that none of the others tells: no two are the same, nor two
/// steps from one to the next, and no bit stays as it is. (Of good keys one run in a million is
/// otherwise.)
#[test]
fn rfc6455_s5_3_the_masking_keys_are_fresh_and_cannot_be_predicted() {
    let (result, received) = mpsc::channel();
    let (url, ended) = scripted(move |mut peer| {
        accept(&mut peer);
        let mut keys = Vec::new();
        for _ in 0..64 {
            peer.send(b"\x89\x00");
            let pong = peer.receive(6);
            assert_eq!(pong[..2], *b"\x8a\x80");
            keys.push(u32::from_be_bytes(pong[2..].try_into().expect("four bytes")));
        }
        result.send(keys).expect("somebody who wants to know");
    });
    let longwire = Longwire::start(&["connect", &url]);
    ended.recv_timeout(PATIENCE).expect("the end of the script");
    longwire.end();
    let keys = received.recv_timeout(PATIENCE).expect("the keys");
    assert_eq!(keys.iter().collect::<BTreeSet<_>>().len(), 64, "{keys:08x?}");
    let steps = keys.windows(2).map(|pair| pair[1].wrapping_sub(pair[0]));
    assert_eq!(steps.collect::<BTreeSet<_>>().len(), 63, "{keys:08x?}");
    let ever_set = keys.iter().fold(0, |all, key| all | key);
    let always_set = keys.iter().fold(u32::MAX, |all, key| all & key);
    assert_eq!((ever_set, always_set), (u32::MAX, 0), "{keys:08x?}");
}
