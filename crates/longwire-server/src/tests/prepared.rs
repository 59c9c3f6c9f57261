//! Messages that are encoded once and sent to many.

use super::{CLOSE, TEXT, frame, frames, open, request_with_deflate, simulation};
use longwire::handshake::DeflatePolicy;

/// The first byte of a compressed text.
const COMPRESSED: u8 = TEXT | 0x40;

#[test]
fn a_form_is_made_where_somebody_has_agreed_to_it() {
    let mut simulation = simulation(|config| config.deflate = Some(DeflatePolicy::default()));
    let text = "all ".to_owned() + &"a".repeat(200);
    let plain = open(&mut simulation);
    let mut told = Vec::new();
    for ends in [false, true] {
        plain.send(&frame(TEXT, text.as_bytes()));
        simulation.run();
        let compressing = simulation.connect();
        compressing.send(request_with_deflate().as_bytes());
        simulation.run();
        assert!(compressing.receive().starts_with(b"HTTP/1.1 101 "));
        plain.send(&frame(TEXT, text.as_bytes()));
        simulation.run();
        told.extend(frames(&compressing.receive()).iter().map(|it| it.0));
        if ends {
            compressing.send(&frame(CLOSE, &1000_u16.to_be_bytes()));
        } else {
            compressing.reset();
        }
        simulation.run();
    }
    plain.send(&frame(TEXT, text.as_bytes()));
    simulation.run();
    assert_eq!(told, [COMPRESSED; 2]);
    assert_eq!(simulation.application().compressed, [false, true, false, true, false]);
    assert_eq!(frames(&plain.receive()), vec![(TEXT, vec![b'a'; 200]); 5]);
}
