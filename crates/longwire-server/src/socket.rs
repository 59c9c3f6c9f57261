//! The socket of the connection that owns the turn, lent to its callbacks: a long message is written
//! from where it lies, and copied only as far as the socket does not take it.
//!
//! Short messages are worth their copy, since all of a turn leave with one write. For a long one
//! the copy costs more than a write of its own.

use crate::application::Sent;
use crate::connection::Phase;
use crate::network::Network;
use crate::outbox::frame_end;
use crate::table::{NO_MEMORY, Table};
use crate::turn::Turn;
use arrayvec::ArrayVec;
use longwire::{Compression, EncodedHeader, Message};
use std::io::{self, ErrorKind, IoSlice};

/// From this length on a message is written at once.
pub(crate) const LONG_BYTES: usize = 8 * 1024;

/// Somewhere to write: the part of [`Network`] that a callback needs, without its type.
pub(crate) trait Socket {
    /// As [`Network::write`], but where the socket takes nothing that is 0 bytes, and no error.
    fn write(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize>;
}

/// A stream and the network that it belongs to.
pub(crate) struct StreamSocket<'a, N: Network> {
    pub(crate) network: &'a mut N,
    pub(crate) stream: &'a mut N::Stream,
}

impl<N: Network> Socket for StreamSocket<'_, N> {
    #[inline(always)]
    fn write(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        let offered = slices.iter().map(|slice| slice.len()).sum();
        match self.network.write(self.stream, slices) {
            Ok(0) => Err(ErrorKind::WriteZero.into()),
            Ok(sent) if sent > offered => {
                Err(io::Error::other("a write took more bytes than it was given"))
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(0),
            result => result,
        }
    }
}

impl<S> Table<S> {
    /// Sends a long message to the turn's owner, whose socket this is: at once, unless it is
    /// compressed or something waits already.
    #[inline(never)]
    pub(crate) fn send_long(
        &mut self,
        key: usize,
        message: Message<'_>,
        compression: Compression,
        socket: &mut dyn Socket,
    ) -> Sent {
        let connection = &self.connections[key];
        let Phase::Open(session) = &connection.phase else { return Sent::Dropped };
        let compresses = compression == Compression::Auto && session.websocket.compresses();
        let waits = connection.blocked || connection.pending.is_some();
        if compresses || waits || self.turn.owner != Some(key) {
            return self.send(key, message, compression);
        }
        if !self.makes_room(key, message.as_bytes().len()) {
            return Sent::Dropped;
        }
        match self.write_at_once(key, message, socket) {
            Ok(sent) => sent,
            Err(error) => {
                tracing::debug!(id = %self.id(key), %error, "the connection is broken");
                self.doom(key, "broken");
                Sent::Dropped
            }
        }
    }

    /// Writes the message behind what is in the turn's output, many frames with each write: each write
    /// wakes the peer.
    fn write_at_once(
        &mut self,
        key: usize,
        message: Message<'_>,
        socket: &mut dyn Socket,
    ) -> io::Result<Sent> {
        let mut fragments = message.fragments(self.config.send_options.max_frame_bytes).peekable();
        while fragments.peek().is_some() {
            let Phase::Open(session) = &mut self.connections[key].phase else {
                return Ok(Sent::Dropped);
            };
            let mut frames = Frames::new();
            for (piece, last) in fragments.by_ref().take(FRAMES) {
                let Ok(header) = session.websocket.fragment_header(piece, last) else {
                    return Ok(Sent::Dropped);
                };
                frames.push(Frame { header, payload: piece.as_bytes() });
            }
            let (sent, offered) = write_frames(&self.turn.output, &frames, socket)?;
            if sent == offered {
                self.turn.written_bytes += sent;
                self.turn.clear_output();
                continue;
            }
            let sent = keep_unsent(&mut self.turn, &frames, sent)?;
            for (piece, last) in &mut fragments {
                let added = session.websocket.send_fragment(piece, last, &mut self.turn.output);
                added.map_err(|_| ErrorKind::OutOfMemory)?;
            }
            // Before anything else is processed the worker is to find out how much waits.
            self.turn.written_bytes += self.turn.output.len();
            if !self.queue_output(key, sent) {
                return Err(io::Error::other(NO_MEMORY));
            }
        }
        Ok(self.connections[key].sent())
    }

    /// Moves the turn's output to the owner's outbox, which is empty: `sent` bytes of it are sent,
    /// and the socket takes no more. `false` where there is no memory.
    #[inline(never)]
    pub(crate) fn queue_output(&mut self, key: usize, sent: usize) -> bool {
        let mut output = std::mem::take(&mut self.turn.output);
        let end = frame_end(&output, self.turn.frames_at, sent);
        let outbox = self.outbox(key);
        let queued = outbox.is_some_and(|outbox| outbox.push_rest(&mut output, sent, end).is_ok());
        self.turn.output = output;
        self.turn.clear_output();
        self.connections[key].blocked = true;
        self.reschedule(key);
        queued
    }
}

/// How many frames one write has at most: 2 MiB, where frames have the length that is the default.
const FRAMES: usize = 16;

type Frames<'m> = ArrayVec<Frame<'m>, FRAMES>;

/// A frame whose payload lies elsewhere.
struct Frame<'m> {
    header: EncodedHeader,
    payload: &'m [u8],
}

/// Writes `output`, and the frames behind it: how many bytes were taken, and how many there were.
fn write_frames(
    output: &[u8],
    frames: &Frames<'_>,
    socket: &mut dyn Socket,
) -> io::Result<(usize, usize)> {
    let mut slices = ArrayVec::<_, { 1 + 2 * FRAMES }>::new();
    if !output.is_empty() {
        slices.push(IoSlice::new(output));
    }
    for frame in frames {
        slices.push(IoSlice::new(frame.header.as_bytes()));
        slices.push(IoSlice::new(frame.payload));
    }
    let offered = slices.iter().map(|slice| slice.len()).sum();
    Ok((socket.write(&slices)?, offered))
}

/// Puts what the socket has not taken into the turn's output, from the frame that is cut on. `sent` is
/// how much was taken of that output and these frames; returns how much of the new output that is.
fn keep_unsent(turn: &mut Turn, frames: &Frames<'_>, mut sent: usize) -> io::Result<usize> {
    if sent >= turn.output.len() {
        sent -= turn.output.len();
        turn.clear_output();
    }
    for Frame { header, payload } in frames {
        let (head, frame_len) = (header.as_bytes(), header.as_bytes().len() + payload.len());
        if turn.output.is_empty() && sent >= frame_len {
            sent -= frame_len;
            continue;
        }
        turn.output.try_reserve(frame_len)?;
        turn.output.extend_from_slice(head);
        turn.output.extend_from_slice(payload);
    }
    Ok(sent)
}
