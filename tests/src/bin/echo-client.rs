//! The engine's client for the conformance suite: it connects to the URL given, echoes, and connects
//! again, until nobody listens there.

use anyhow::{Context as _, Result};
use longwire_tests::client::Options;
use longwire_tests::reconnect::echo_until_gone;

fn main() -> Result<()> {
    let url = std::env::args().nth(1).context("the URL of a server, as in ws://127.0.0.1:9002/")?;
    echo_until_gone(&url, Options::default());
    Ok(())
}
