//! What the user does: lines on standard input, and signals. A thread for each waits, and wakes the
//! session's loop.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, SyncSender};
use std::thread;

use anyhow::{Context as _, Result};
use mio::Waker;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

/// So many lines are read ahead of the network.
pub(super) const LINES: usize = 16;

/// What the session is to do.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Command {
    /// Send this.
    Line(String),
    /// A line was not UTF-8: it cannot be a text message.
    NotUtf8,
    /// The input has ended, or cannot be read.
    End,
}

/// The user's side of the session.
pub(super) struct Input {
    commands: Receiver<Command>,
    interrupted: Arc<AtomicBool>,
}

impl Input {
    /// Starts to wait. `waker` is woken whenever there is something to take.
    pub(super) fn start(waker: Arc<Waker>) -> Result<Self> {
        let interrupted = Arc::new(AtomicBool::new(false));
        wait_for_signals(Arc::clone(&interrupted), Arc::clone(&waker))
            .context("cannot handle signals")?;
        let (sender, commands) = mpsc::sync_channel(LINES);
        // It ends with the process: a read of standard input cannot be called off.
        thread::Builder::new()
            .name("longwire-stdin".into())
            .spawn(move || read_lines(io::stdin().lock(), &sender, || waker.wake()))?;
        Ok(Self { commands, interrupted })
    }

    /// The next thing to do, if there is one yet.
    pub(super) fn next(&self) -> Option<Command> {
        self.commands.try_recv().ok()
    }

    /// Whether the user wants to leave.
    pub(super) fn is_interrupted(&self) -> bool {
        self.interrupted.load(Ordering::Relaxed)
    }
}

/// Sends every line, without its line end, up to the end of the input.
fn read_lines(
    mut input: impl io::BufRead,
    sender: &SyncSender<Command>,
    wake: impl Fn() -> io::Result<()>,
) {
    loop {
        let mut line = Vec::new();
        let command = match input.read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => Command::End,
            Ok(_) => {
                let line = line.strip_suffix(b"\n").unwrap_or(&line);
                let line = line.strip_suffix(b"\r").unwrap_or(line);
                String::from_utf8(line.to_vec()).map_or(Command::NotUtf8, Command::Line)
            }
        };
        let is_last = command == Command::End;
        // Where nobody listens any more, the session is over.
        if sender.send(command).is_err() || wake().is_err() || is_last {
            return;
        }
    }
}

/// The first SIGINT or SIGTERM is the session's affair, the second ends the process.
fn wait_for_signals(interrupted: Arc<AtomicBool>, waker: Arc<Waker>) -> io::Result<()> {
    let mut signals = Signals::new([SIGINT, SIGTERM])?;
    thread::Builder::new().name("longwire-signals".into()).spawn(move || {
        let mut received = signals.forever();
        if received.next().is_some() {
            interrupted.store(true, Ordering::Relaxed);
            // A loop that cannot be woken is ended by the second signal.
            let _ = waker.wake();
        }
        if let Some(signal) = received.next() {
            std::process::exit(128 + signal);
        }
    })?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Command, read_lines};
    use std::sync::mpsc;

    #[test]
    fn every_line_is_a_message() {
        let line = |text: &str| Command::Line(text.to_owned());
        let table: &[(&[u8], Vec<Command>)] = &[
            (b"", vec![]),
            (b"one\ntwo\n", vec![line("one"), line("two")]),
            (b"one\r\n\r\n\n", vec![line("one"), line(""), line("")]),
            (b"no end", vec![line("no end")]),
            (b"a\rb\n", vec![line("a\rb")]),
            ("żółć\n".as_bytes(), vec![line("żółć")]),
            (b"\xff\nfine\n", vec![Command::NotUtf8, line("fine")]),
        ];
        for (input, expected) in table {
            let (sender, receiver) = mpsc::sync_channel(16);
            read_lines(*input, &sender, || Ok(()));
            drop(sender);
            let mut commands: Vec<_> = receiver.iter().collect();
            assert_eq!(commands.pop(), Some(Command::End), "{input:?}");
            assert_eq!(commands, *expected, "{input:?}");
        }
    }
}
