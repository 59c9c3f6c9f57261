//! An echo client that connects again and again, as the conformance suite wants one: every case is a
//! connection of its own, and most of them fail.

use std::io::{self, ErrorKind};
use std::thread;
use std::time::Duration;

use crate::client::{Client, Options};

/// So often nobody is found before it ends, and the time in between.
const REFUSALS: u32 = 40;
const REFUSAL_PAUSE: Duration = Duration::from_millis(50);

/// Echoes over one connection after the other, until nobody listens at `url` any more.
pub fn echo_until_gone(url: &str, options: Options) {
    let mut refusals = 0;
    while refusals < REFUSALS {
        let echoed = Client::connect(url, options).and_then(|mut client| client.echo());
        // How a connection failed is the suite's to judge.
        let refused = echoed.err().is_some_and(|error| {
            let error = error.downcast_ref::<io::Error>();
            error.is_some_and(|error| error.kind() == ErrorKind::ConnectionRefused)
        });
        refusals = if refused { refusals + 1 } else { 0 };
        if refused {
            thread::sleep(REFUSAL_PAUSE);
        }
    }
}
