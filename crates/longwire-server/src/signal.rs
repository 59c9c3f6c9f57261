//! SIGTERM and SIGINT.

use crate::server::Handle;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use std::io;
use std::thread;

/// Has the first SIGTERM or SIGINT shut the server down, and a second one end the process at once.
///
/// A thread of its own waits for them: a signal handler could do next to nothing.
///
/// # Errors
/// The system refuses the handlers or the thread.
pub fn shut_down_on_signals(handle: Handle) -> io::Result<()> {
    let mut signals = Signals::new([SIGTERM, SIGINT])?;
    thread::Builder::new().name("longwire-signals".into()).spawn(move || {
        let mut received = signals.forever();
        if let Some(signal) = received.next() {
            tracing::info!(signal, "shutting down");
            handle.shut_down();
        }
        if let Some(signal) = received.next() {
            tracing::warn!(signal, "ending at once");
            std::process::exit(128 + signal);
        }
    })?;
    Ok(())
}
