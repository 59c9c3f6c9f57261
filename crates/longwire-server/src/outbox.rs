//! What one connection has to send and its socket has not taken.
//!
//! ```text
//!   queue:   [ segment | segment | segment ]      whole frames, but for the front one's beginning
//!              ^sent ^frame_end
//!   control:              [ Ping Ping Pong ]      goes in at frame_end
//! ```
//!
//! A segment is bytes that nobody changes any more: a piece of a turn's output, or frames that are
//! shared with other connections. A write that is taken in part moves `sent` and copies nothing, so
//! the work is linear in the bytes however few of them the socket takes at a time.
//!
//! Control frames wait beside the queue and jump ahead of it, so that a Pong goes out soon
//! (RFC 6455 §5.5.2), but not into a frame (RFC 6455 §5.4): where the frame under way ends is found by
//! walking over the headers, each of them once, and only while a control frame waits. Of the Pongs
//! only the newest is kept (RFC 6455 §5.5.3). A Close is not among them: nothing may be sent behind it
//! (RFC 6455 §5.5.1), so it goes to the end of the queue.
//!
//! Where there is no memory for what is to wait, nothing of it does: the connection is to be dropped,
//! since its peer would miss a part.

use crate::waiting_control::WaitingControl;
use std::collections::{TryReserveError, VecDeque};
use std::io::{self, IoSlice};
use std::mem;
use std::sync::Arc;

/// How many slices one vectored write has at most.
const MAX_SLICES: usize = 64;
/// Small pieces are put together up to this.
const COALESCED_BYTES: usize = 16 * 1024;
/// Shared frames shorter than this are cheaper to copy than to count.
const COPIED_BYTES: usize = 256;
/// An emptied queue that has room for more segments than this gives it back.
const KEPT_SEGMENTS: usize = 16;

/// How far a write came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    /// Everything is sent.
    Drained,
    /// The socket took all that one write can hold, and might take more.
    Partly,
    /// The socket takes no more for now.
    Blocked,
}

#[derive(Debug)]
enum Segment {
    Owned(Vec<u8>),
    Shared(Arc<[u8]>),
}

impl Segment {
    fn bytes(&self) -> &[u8] {
        match self {
            Self::Owned(bytes) => bytes,
            Self::Shared(bytes) => bytes,
        }
    }
}

/// Output that waits for the socket.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    /// The front segment, while there is any. Most often it is the only one: a publication to thousands
    /// needs no queue for each of them.
    front: Option<Segment>,
    behind: VecDeque<Segment>,
    /// How much of the front segment is sent.
    sent: usize,
    /// An offset in the front segment that lies between two frames, `sent` or before it if no
    /// frame is cut. It is brought forward when a control frame waits.
    frame_end: usize,
    control: WaitingControl,
    bytes: usize,
    /// A large buffer that has been sent.
    emptied: Option<Vec<u8>>,
}

impl Outbox {
    /// Everything that waits, control frames included, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.bytes == 0
    }

    /// Whether a Pong has given way to a newer one: the peer asks faster than it listens.
    pub(crate) fn is_flooded(&self) -> bool {
        self.control.overwritten
    }

    /// Queues the rest of an output that was begun: `unsent` of it is left, and the first frame
    /// to begin in that does so at `frame_end`. Only an empty outbox can be given half a frame.
    pub(crate) fn push_rest(
        &mut self,
        output: &mut Vec<u8>,
        sent: usize,
        frame_end: usize,
    ) -> Result<(), TryReserveError> {
        debug_assert!(self.is_empty() && sent <= frame_end && frame_end <= output.len());
        let bytes = output.len() - sent;
        if is_worth_moving(output) {
            self.front = Some(Segment::Owned(mem::take(output)));
            (self.sent, self.frame_end) = (sent, frame_end);
        } else {
            self.front = Some(Segment::Owned(copy(&output[sent..])?));
            (self.sent, self.frame_end) = (0, frame_end - sent);
        }
        self.bytes = bytes;
        Ok(())
    }

    /// Queues a turn's output, which is whole frames.
    pub(crate) fn push_output(&mut self, output: &mut Vec<u8>) -> Result<(), TryReserveError> {
        if !is_worth_moving(output) {
            return self.push(output);
        }
        self.reserve()?;
        self.bytes += output.len();
        self.push_segment(Segment::Owned(mem::take(output)));
        Ok(())
    }

    /// Queues whole frames. A Close is one that waits for its turn: nothing is sent behind it
    /// (RFC 6455 §5.5.1).
    pub(crate) fn push(&mut self, frames: &[u8]) -> Result<(), TryReserveError> {
        match self.behind.back_mut().or(self.front.as_mut()) {
            Some(Segment::Owned(last)) if last.len() + frames.len() <= COALESCED_BYTES => {
                last.try_reserve(frames.len())?;
                last.extend_from_slice(frames);
            }
            _ if frames.is_empty() => {}
            _ => {
                self.reserve()?;
                self.push_segment(Segment::Owned(copy(frames)?));
            }
        }
        self.bytes += frames.len();
        Ok(())
    }

    /// Queues whole frames that others send too.
    pub(crate) fn push_shared(&mut self, frames: &Arc<[u8]>) -> Result<(), TryReserveError> {
        // The first to wait is most often the only one, and is not copied. Behind it a place in the
        // queue for each would cost many times the bytes that are accounted for.
        if frames.len() < COPIED_BYTES && self.front.is_some() {
            return self.push(frames);
        }
        if !frames.is_empty() {
            self.reserve()?;
            self.push_segment(Segment::Shared(Arc::clone(frames)));
            self.bytes += frames.len();
        }
        Ok(())
    }

    /// Makes sure that there is memory for a segment more.
    fn reserve(&mut self) -> Result<(), TryReserveError> {
        if self.front.is_some() { self.behind.try_reserve(1) } else { Ok(()) }
    }

    fn push_segment(&mut self, segment: Segment) {
        match self.front {
            None => self.front = Some(segment),
            Some(_) => self.behind.push_back(segment),
        }
    }

    /// Puts a Pong ahead of what waits (RFC 6455 §5.5.2), in place of one that waits already
    /// (RFC 6455 §5.5.3).
    pub(crate) fn push_pong(&mut self, frame: &[u8]) -> Result<(), TryReserveError> {
        self.bytes -= self.control.remove_pong();
        self.control.push_pong(frame)?;
        self.bytes += frame.len();
        Ok(())
    }

    /// Puts a Ping ahead of what waits. `false` when too many wait already, or there is no memory:
    /// it can be done without.
    pub(crate) fn push_ping(&mut self, frame: &[u8]) -> bool {
        let pushed = self.control.push_ping(frame);
        if pushed {
            self.bytes += frame.len();
        }
        pushed
    }

    /// Sends what it can with one call of `write`.
    pub(crate) fn write(
        &mut self,
        write: impl FnOnce(&[IoSlice<'_>]) -> io::Result<usize>,
    ) -> io::Result<Progress> {
        if self.is_empty() {
            return Ok(Progress::Drained);
        }
        if !self.control.is_empty() {
            self.walk_to_frame_end();
        }
        let mut slices = [IoSlice::new(&[]); MAX_SLICES];
        let (count, offered) = self.fill(&mut slices);
        let taken = match write(&slices[..count]) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(taken) if taken > offered => {
                return Err(io::Error::other("a write took more bytes than it was given"));
            }
            Ok(taken) => taken,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                return Ok(Progress::Blocked);
            }
            Err(error) => return Err(error),
        };
        self.advance(taken);
        Ok(match taken {
            _ if self.is_empty() => Progress::Drained,
            _ if taken == offered => Progress::Partly,
            _ => Progress::Blocked,
        })
    }

    /// A large buffer, for others to use.
    pub(crate) fn take_emptied(&mut self) -> Option<Vec<u8>> {
        self.emptied.take()
    }

    /// Makes it as good as new, and keeps a little memory for the next connection.
    pub(crate) fn clear(&mut self) {
        // Shrinking would need memory for a moment.
        if self.behind.capacity() > KEPT_SEGMENTS {
            self.behind = VecDeque::new();
        }
        self.front = None;
        self.behind.clear();
        self.control.clear();
        self.emptied = None;
        (self.sent, self.frame_end, self.bytes) = (0, 0, 0);
    }

    /// Collects what is to be sent, in order: how many slices, and how many bytes.
    fn fill<'a>(&'a self, slices: &mut [IoSlice<'a>; MAX_SLICES]) -> (usize, usize) {
        let (front, control) = (self.front(), self.control.bytes());
        // RFC 6455 §5.4: control frames go between two frames, not into one. Without them the front
        // segment is not cut.
        let cut = if control.is_empty() { front.len() } else { self.frame_end };
        let behind = self.behind.iter().map(Segment::bytes);
        let pieces = [&front[self.sent..cut], control, &front[cut..]].into_iter().chain(behind);
        let mut offered = 0;
        let mut count = 0;
        for (slot, piece) in slices.iter_mut().zip(pieces.filter(|piece| !piece.is_empty())) {
            *slot = IoSlice::new(piece);
            offered += piece.len();
            count += 1;
        }
        (count, offered)
    }

    /// `taken` bytes of what [`fill`](Self::fill) offered are sent.
    fn advance(&mut self, taken: usize) {
        self.bytes -= taken;
        let mut left = taken;
        if !self.control.is_empty() {
            left -= self.advance_front(left.min(self.frame_end - self.sent));
            left -= self.control.advance(left);
        }
        while left > 0 {
            left -= self.advance_front(left.min(self.front().len() - self.sent));
            self.pop_sent();
        }
        self.pop_sent();
    }

    fn advance_front(&mut self, taken: usize) -> usize {
        self.sent += taken;
        taken
    }

    /// Drops the front segment if all of it is sent.
    fn pop_sent(&mut self) {
        if self.sent < self.front().len() {
            return;
        }
        if let Some(segment) = mem::replace(&mut self.front, self.behind.pop_front()) {
            (self.sent, self.frame_end) = (0, 0);
            if let Segment::Owned(buffer) = segment
                && buffer.capacity() > COALESCED_BYTES
            {
                self.emptied = Some(buffer);
            }
        }
    }

    fn front(&self) -> &[u8] {
        self.front.as_ref().map(Segment::bytes).unwrap_or_default()
    }

    /// Brings `frame_end` to the end of the frame that `sent` lies in.
    fn walk_to_frame_end(&mut self) {
        self.frame_end = frame_end(self.front(), self.frame_end, self.sent);
    }
}

fn copy(bytes: &[u8]) -> Result<Vec<u8>, TryReserveError> {
    let mut copy = Vec::new();
    copy.try_reserve_exact(bytes.len())?;
    copy.extend_from_slice(bytes);
    Ok(copy)
}

/// A buffer that is large, and for the most part full, is handed over rather than copied.
fn is_worth_moving(output: &Vec<u8>) -> bool {
    output.len() >= COALESCED_BYTES && output.len() >= output.capacity() / 2
}

/// The first end of a frame in `frames` that is not before `at`, looking from the frame that begins
/// at `from`.
pub(crate) fn frame_end(frames: &[u8], from: usize, at: usize) -> usize {
    let mut end = from;
    while end < at {
        end = end.saturating_add(frame_len(&frames[end..])).min(frames.len());
    }
    end
}

/// How long the frame is that `frames` begins with. A server's frames are not masked (RFC 6455
/// §5.1, §5.2).
pub(crate) fn frame_len(frames: &[u8]) -> usize {
    let (head, payload) = match *frames {
        [_, 126, a, b, ..] => (4, u64::from(u16::from_be_bytes([a, b]))),
        [_, 127, a, b, c, d, e, f, g, h, ..] => (10, u64::from_be_bytes([a, b, c, d, e, f, g, h])),
        [_, length @ 0..=125, ..] => (2, length.into()),
        _ => return frames.len(),
    };
    usize::try_from(payload).unwrap_or(usize::MAX).saturating_add(head)
}

#[cfg(test)]
mod tests {
    use super::{COALESCED_BYTES, Outbox, Progress, frame_end};
    use std::io;
    use std::sync::Arc;

    /// A server's frame whose payload is `len` times its own tag.
    fn frame(opcode: u8, tag: u8, len: usize) -> Vec<u8> {
        let mut frame = vec![0x80 | opcode];
        match (u8::try_from(len), u16::try_from(len)) {
            (Ok(len @ 0..=125), _) => frame.push(len),
            (_, Ok(len)) => {
                frame.push(126);
                frame.extend_from_slice(&len.to_be_bytes());
            }
            _ => {
                frame.push(127);
                frame.extend_from_slice(&(len as u64).to_be_bytes());
            }
        }
        frame.resize(frame.len() + len, tag);
        frame
    }

    fn segments(outbox: &Outbox) -> usize {
        outbox.front.iter().len() + outbox.behind.len()
    }

    /// Takes at most `limit` bytes off the outbox, and adds them to `wire`.
    fn write(outbox: &mut Outbox, limit: usize, wire: &mut Vec<u8>) -> Progress {
        let before = (outbox.bytes(), wire.len());
        let progress = outbox.write(|slices| {
            assert!(slices.iter().all(|slice| !slice.is_empty()));
            let mut left = limit;
            for slice in slices {
                let taken = left.min(slice.len());
                wire.extend_from_slice(&slice[..taken]);
                left -= taken;
            }
            Ok(limit - left)
        });
        assert_eq!(before.0 - outbox.bytes(), wire.len() - before.1, "every byte is accounted for");
        progress.unwrap()
    }

    fn drain(outbox: &mut Outbox, limit: usize, wire: &mut Vec<u8>) {
        while write(outbox, limit, wire) != Progress::Drained {}
        assert!(outbox.is_empty());
        assert_eq!(outbox.bytes(), 0);
    }

    /// The frames on the wire, each as its opcode, its tag and its length.
    fn frames(mut wire: &[u8]) -> Vec<(u8, u8, usize)> {
        let mut found = Vec::new();
        while !wire.is_empty() {
            let end = frame_end(wire, 0, 1);
            let header = if end < 128 { 2 } else { 4 };
            let payload = &wire[header..end];
            assert!(payload.iter().all(|byte| *byte == payload[0]), "a frame was cut");
            found.push((wire[0] & 0xf, payload[0], payload.len()));
            wire = &wire[end..];
        }
        found
    }

    #[test]
    fn small_shared_frames_cost_about_as_much_memory_as_they_have_bytes() {
        let mut outbox = Outbox::default();
        let small: Arc<[u8]> = frame(2, b's', 2).into();
        for _ in 0..10_000 {
            outbox.push_shared(&small).unwrap();
        }
        let most = 2 + outbox.bytes() / COALESCED_BYTES;
        assert!(segments(&outbox) <= most, "{} segments", segments(&outbox));
        assert_eq!(Arc::strong_count(&small), 2, "the first alone is not copied");
        let mut wire = Vec::new();
        drain(&mut outbox, 1000, &mut wire);
        assert_eq!(frames(&wire), vec![(2, b's', 2); 10_000]);
    }

    #[test]
    fn control_frames_jump_ahead_between_frames_at_every_size_of_write() {
        let data = [(2, b'a', 5), (2, b'b', 200), (2, b'c', 1), (2, b'd', 300), (2, b'e', 9)];
        let shared: Arc<[u8]> = frame(2, b'd', 300).into();
        let plain: Vec<u8> = data.iter().flat_map(|&(op, tag, len)| frame(op, tag, len)).collect();
        let total = plain.len();
        for limit in 1..=total {
            for before in 0..=total / limit {
                let mut outbox = Outbox::default();
                outbox.push(&[frame(2, b'a', 5), frame(2, b'b', 200)].concat()).unwrap();
                outbox.push(&frame(2, b'c', 1)).unwrap();
                outbox.push_shared(&shared).unwrap();
                outbox.push(&frame(2, b'e', 9)).unwrap();
                assert_eq!(outbox.bytes(), total);
                let mut wire = Vec::new();
                for _ in 0..before {
                    write(&mut outbox, limit, &mut wire);
                }
                // They go in where the frame under way ends.
                let place = frames(&plain[..frame_end(&plain, 0, wire.len())]).len();
                assert!(outbox.push_ping(&frame(9, b'!', 3)));
                outbox.push_pong(&frame(10, b'1', 4)).unwrap();
                outbox.push_pong(&frame(10, b'2', 125)).unwrap();
                drain(&mut outbox, limit, &mut wire);
                let mut expected = data.to_vec();
                expected.splice(place..place, [(9, b'!', 3), (10, b'2', 125)]);
                assert_eq!(frames(&wire), expected, "{before} writes of {limit} bytes before");
            }
        }
    }

    #[test]
    fn a_pong_that_is_partly_sent_is_finished_and_a_newer_one_follows() {
        let mut outbox = Outbox::default();
        let mut wire = Vec::new();
        outbox.push_pong(&frame(10, b'1', 8)).unwrap();
        assert_eq!(write(&mut outbox, 3, &mut wire), Progress::Blocked);
        outbox.push_pong(&frame(10, b'2', 8)).unwrap();
        assert!(!outbox.is_flooded());
        outbox.push_pong(&frame(10, b'3', 8)).unwrap();
        assert!(outbox.is_flooded());
        outbox.push(&frame(2, b'x', 1)).unwrap();
        drain(&mut outbox, 3, &mut wire);
        assert_eq!(frames(&wire), [(10, b'1', 8), (10, b'3', 8), (2, b'x', 1)]);
        assert!(!outbox.is_flooded());
    }

    #[test]
    fn the_rest_of_an_output_keeps_its_place_between_frames() {
        for len in [40, COALESCED_BYTES + 40] {
            let first = frame(2, b'a', len);
            let second = frame(2, b'b', 9);
            for sent in 0..first.len() + second.len() {
                let mut output = [&first[..], &second[..]].concat();
                let mut wire = output[..sent].to_vec();
                let end = frame_end(&output, 0, sent);
                let mut outbox = Outbox::default();
                outbox.push_rest(&mut output, sent, end).unwrap();
                outbox.push_pong(&frame(10, b'p', 1)).unwrap();
                drain(&mut outbox, usize::MAX, &mut wire);
                let place = if sent == 0 { 0 } else { 1 + usize::from(sent > first.len()) };
                let mut expected = [&first[..], &second[..]].to_vec();
                let pong = frame(10, b'p', 1);
                expected.insert(place, &pong);
                assert_eq!(wire, expected.concat(), "{sent} of {len} bytes were sent");
            }
        }
    }

    #[test]
    fn too_many_pings_are_refused() {
        let mut outbox = Outbox::default();
        let ping = frame(9, b'!', 125);
        let pushed = (0..10).filter(|_| outbox.push_ping(&ping)).count();
        assert_eq!((pushed, outbox.bytes()), (4, 4 * ping.len()));
    }

    #[test]
    fn t38_a_large_message_to_a_slow_socket_is_not_moved_and_is_linear() {
        const TOTAL: usize = 32 << 20;
        let mut output = frame(2, b'x', TOTAL - 10);
        assert_eq!(output.len(), TOTAL);
        let place = output.as_ptr() as usize;
        let mut outbox = Outbox::default();
        outbox.push_rest(&mut output, 0, 0).unwrap();
        let mut sent = 0;
        let mut writes = 0;
        while !outbox.is_empty() {
            let progress = outbox.write(|slices| {
                assert_eq!(slices.len(), 1);
                assert_eq!(slices[0].as_ptr() as usize, place + sent, "the bytes stay in place");
                assert_eq!(slices[0].len(), TOTAL - sent);
                Ok(slices[0].len().min(16 * 1024))
            });
            assert!(progress.is_ok());
            writes += 1;
            sent += 16 * 1024;
            assert_eq!(outbox.bytes(), TOTAL - sent);
        }
        assert_eq!(writes, TOTAL / (16 * 1024));
        assert_eq!(outbox.take_emptied().map(|buffer| buffer.as_ptr() as usize), Some(place));
    }

    #[test]
    fn t38_a_socket_that_takes_nothing_is_not_asked_twice() {
        let mut outbox = Outbox::default();
        outbox.push(b"\x82\x01x").unwrap();
        let mut calls = 0;
        let progress = outbox.write(|_| {
            calls += 1;
            Err(io::ErrorKind::WouldBlock.into())
        });
        assert_eq!((progress.unwrap(), calls, outbox.bytes()), (Progress::Blocked, 1, 3));
    }

    #[test]
    fn t38_a_write_that_takes_more_than_it_was_given_or_nothing_is_an_error() {
        for taken in [0, 4, usize::MAX] {
            let mut outbox = Outbox::default();
            outbox.push(b"\x82\x01x").unwrap();
            assert!(outbox.write(|_| Ok(taken)).is_err());
            assert_eq!(outbox.bytes(), 3);
        }
    }

    #[test]
    fn more_segments_than_one_write_holds_go_in_several() {
        let shared: Arc<[u8]> = frame(2, b's', 1000).into();
        let mut outbox = Outbox::default();
        (0..150).for_each(|_| outbox.push_shared(&shared).unwrap());
        let mut wire = Vec::new();
        assert_eq!(write(&mut outbox, usize::MAX, &mut wire), Progress::Partly);
        assert_eq!(write(&mut outbox, usize::MAX, &mut wire), Progress::Partly);
        assert_eq!(write(&mut outbox, usize::MAX, &mut wire), Progress::Drained);
        assert_eq!(frames(&wire), [(2, b's', 1000); 150]);
        assert_eq!(Arc::strong_count(&shared), 1);
    }

    #[test]
    fn small_pieces_share_a_segment() {
        let mut outbox = Outbox::default();
        (0..1000).for_each(|_| outbox.push(&frame(2, b'm', 6)).unwrap());
        assert_eq!((segments(&outbox), outbox.bytes()), (1, 8000));
    }
}
