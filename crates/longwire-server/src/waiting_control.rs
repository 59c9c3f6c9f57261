//! The control frames of one connection that wait for the socket, beside its outbox: they go ahead of what is
//! in that (RFC 6455 §5.5.2), and of the Pongs only the newest (RFC 6455 §5.5.3).

use crate::outbox::frame_len;
use std::collections::TryReserveError;

/// Pings that wait take at most this.
const MAX_CONTROL_BYTES: usize = 512;

/// Control frames that wait: Pings in order, and the newest Pong.
#[derive(Debug, Default)]
pub(crate) struct WaitingControl {
    frames: Vec<u8>,
    /// How much of `frames` is sent.
    sent: usize,
    /// Where the Pong begins, if one waits of which nothing is sent.
    pong_at: Option<usize>,
    /// A Pong has given way to a newer one since all was sent.
    pub(crate) overwritten: bool,
}

impl WaitingControl {
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.frames[self.sent..]
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    pub(crate) fn push_ping(&mut self, frame: &[u8]) -> bool {
        let fits = self.frames.len() + frame.len() <= MAX_CONTROL_BYTES
            && self.frames.try_reserve(frame.len()).is_ok();
        if fits {
            self.frames.extend_from_slice(frame);
        }
        fits
    }

    pub(crate) fn push_pong(&mut self, frame: &[u8]) -> Result<(), TryReserveError> {
        self.frames.try_reserve(frame.len())?;
        self.pong_at = Some(self.frames.len());
        self.frames.extend_from_slice(frame);
        Ok(())
    }

    /// Takes out the Pong that waits: how many bytes that makes less.
    pub(crate) fn remove_pong(&mut self) -> usize {
        let Some(at) = self.pong_at.take() else { return 0 };
        self.overwritten = true;
        let len = frame_len(&self.frames[at..]);
        self.frames.drain(at..at + len);
        len
    }

    /// At most `taken` bytes are sent: how many of them were these.
    pub(crate) fn advance(&mut self, taken: usize) -> usize {
        let taken = taken.min(self.frames.len() - self.sent);
        self.sent += taken;
        if self.pong_at.is_some_and(|at| at < self.sent) {
            self.pong_at = None;
        }
        if self.sent == self.frames.len() {
            self.frames.clear();
            self.sent = 0;
            self.overwritten = false;
        }
        taken
    }

    pub(crate) fn clear(&mut self) {
        self.frames.clear();
        (self.sent, self.pong_at, self.overwritten) = (0, None, false);
    }
}
