//! Whole messages over a [`Connection`]: fragments are put together, and with permessage-deflate
//! (RFC 7692) inflated and compressed.
//!
//! What a connection owns between two messages is its state, and, where the handshake agreed to
//! context takeover and a message has been compressed, that context. Everything else is borrowed
//! from an [`Inbound`] and an [`Outbound`], which many connections share.

use crate::close::CloseCode;
use crate::connection::Connection;
use crate::control::ControlFrames;
use crate::error::{ApiMisuse, ProtocolError};
use crate::event::{Chunk, Event, Kind, Message};
#[cfg(feature = "deflate")]
use crate::extension::PerMessageDeflate;
#[cfg(feature = "deflate")]
use crate::handshake::DeflateParams;
use crate::header::EncodedHeader;
use crate::heap::Heap;
use crate::inbound::Inbound;
use crate::input::Input;
use crate::mask::apply_mask;
use crate::outbound::Outbound;
use crate::partial::Partial;
use crate::send::Fragment;
use alloc::vec::Vec;
use core::fmt;

/// Whether a message may be compressed, where that was agreed to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Compression {
    /// When it is long enough, and gets shorter.
    #[default]
    Auto,
    /// Not this one: it holds a secret beside text that an attacker may choose (the attack called
    /// CRIME), or is compressed already.
    Never,
}

/// A WebSocket connection that speaks in whole messages.
///
/// ```
/// use longwire::*;
/// # fn read_from_socket(buffer: &mut [u8]) -> usize {
/// #     let frame = b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58";
/// #     buffer[..frame.len()].copy_from_slice(frame); frame.len() }
/// // For each connection, after its handshake:
/// let mut socket = WebSocket::new(Connection::server(Limits::default()));
/// // For each thread:
/// let (mut inbound, mut outbound) = (Inbound::new(), Outbound::new(SendOptions::default()));
/// let (mut control, mut out) = (ControlFrames::new(), Vec::new());
///
/// let mut buffer = [0; 4096];
/// let n = read_from_socket(&mut buffer);
/// let mut input = Input::new(&mut buffer[..n]);
/// while let Some(event) = socket.receive(&mut input, &mut control, &mut inbound)? {
///     if let Some(message) = event.message() {
///         socket.send(message, Compression::Auto, &mut outbound, &mut out)?;
///     }
///     out.extend_from_slice(control.poll_transmit().unwrap_or_default());
/// }
/// assert_eq!(out, b"\x81\x05Hello");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct WebSocket {
    pub(crate) connection: Connection,
    /// The message that has come in part.
    pub(crate) partial: Option<Heap<Partial>>,
    #[cfg(feature = "deflate")]
    deflate: Option<PerMessageDeflate>,
}

const _: () = assert!(size_of::<WebSocket>() <= 96, "what an idle connection costs");

impl WebSocket {
    /// A connection without extensions.
    pub fn new(connection: Connection) -> Self {
        Self {
            connection,
            partial: None,
            #[cfg(feature = "deflate")]
            deflate: None,
        }
    }

    /// A connection whose handshake agreed to permessage-deflate with these parameters.
    #[cfg(feature = "deflate")]
    pub fn with_deflate(connection: Connection, params: DeflateParams) -> Self {
        let deflate = Some(PerMessageDeflate::new(connection.role(), params));
        Self { connection: connection.with_deflate(), partial: None, deflate }
    }

    /// The connection: its state, its role, how it ended.
    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Takes the next event out of `input`, as [`Connection::receive`] does, but hands out whole
    /// messages only: those that came in one piece are borrowed from the input, others from
    /// `inbound`. There is never an [`Event::Chunk`].
    ///
    /// # Errors
    /// As for [`Connection::receive`]; also a compressed message that does not inflate, that is
    /// over the limit once inflated, or whose text is not UTF-8.
    // In line in the loop that hands messages out: a call costs a short message a tenth of its time.
    #[inline(always)]
    pub fn receive<'m, 'b: 'm>(
        &mut self,
        input: &mut Input<'b>,
        control: &mut ControlFrames,
        inbound: &'m mut Inbound,
    ) -> Result<Option<Event<'m>>, ProtocolError> {
        match self.connection.receive_message(input, control) {
            Some(message) => Ok(Some(message.into())),
            None => self.receive_other(input, control, inbound),
        }
    }

    /// Takes the next message out of `input`, as [`Connection::receive_message`] does: where this gives
    /// `None`, [`receive`](Self::receive) has to be called.
    #[inline(always)]
    pub fn receive_message<'b>(
        &mut self,
        input: &mut Input<'b>,
        control: &mut ControlFrames,
    ) -> Option<Message<'b>> {
        self.connection.receive_message(input, control)
    }

    /// Receives what is not a whole message already.
    #[inline(never)]
    fn receive_other<'m, 'b: 'm>(
        &mut self,
        input: &mut Input<'b>,
        control: &mut ControlFrames,
        inbound: &'m mut Inbound,
    ) -> Result<Option<Event<'m>>, ProtocolError> {
        let mut received = self.connection.receive_other(input, control);
        while let Ok(Some(Event::Chunk(chunk))) = received {
            match self.add(chunk, inbound) {
                Ok(None) => received = self.connection.receive(input, control),
                Ok(Some(partial)) => return inbound.finish(partial).event().map(Some),
                Err(error) => {
                    input.discard();
                    self.connection.fail(error, control);
                    received = Err(error);
                }
            }
        }
        // Nothing comes behind a Close, or a failure.
        if matches!(received, Err(_) | Ok(Some(Event::Close(_)))) {
            self.release();
        }
        received
    }

    /// The stream has ended; see [`Connection::receive_eof`].
    pub fn receive_eof(&mut self) {
        self.connection.receive_eof();
        self.release();
    }

    /// Sends a message: its frames are added to `out`. It goes in several where it is longer than
    /// [`max_frame_bytes`](crate::SendOptions::max_frame_bytes).
    ///
    /// # Errors
    /// The connection is not open, a fragmented message is being sent, or there is no memory. Then
    /// `out` is as it was.
    #[inline(always)]
    pub fn send(
        &mut self,
        message: Message<'_>,
        compression: Compression,
        outbound: &mut Outbound,
        out: &mut Vec<u8>,
    ) -> Result<(), ApiMisuse> {
        let payload = message.as_bytes();
        let may_be_compressed = self.compresses() && compression == Compression::Auto;
        if !may_be_compressed
            && payload.len() <= outbound.options.max_frame_bytes
            && let Some(header) = self.connection.short_header(message)
        {
            let needed = payload.len().saturating_add(header.len());
            out.try_reserve(needed).map_err(|_| ApiMisuse::OutOfMemory)?;
            out.extend_from_slice(&header);
            out.extend_from_slice(payload);
            return Ok(());
        }
        self.send_other(message, compression, outbound, out)
    }

    /// Sends a message that is not as most are: a client's, a longer one, one to be compressed or cut, and
    /// says why one may not be sent.
    #[inline(never)]
    fn send_other(
        &mut self,
        message: Message<'_>,
        compression: Compression,
        outbound: &mut Outbound,
        out: &mut Vec<u8>,
    ) -> Result<(), ApiMisuse> {
        let (kind, payload) = (message.kind(), message.as_bytes());
        #[cfg(feature = "deflate")]
        if compression == Compression::Auto && self.deflate.is_some() {
            return self.send_compressed(kind, payload, outbound, out);
        }
        let _ = compression;
        let max_frame_bytes = outbound.options.max_frame_bytes;
        if payload.len() <= max_frame_bytes {
            return self.write_frame(kind, payload, Fragment::WHOLE, out);
        }
        self.write_frames(kind, payload, false, max_frame_bytes, out)
    }

    /// Sends a message that is compressed if it is worth it.
    #[cfg(feature = "deflate")]
    fn send_compressed(
        &mut self,
        kind: Kind,
        payload: &[u8],
        outbound: &mut Outbound,
        out: &mut Vec<u8>,
    ) -> Result<(), ApiMisuse> {
        let max_frame_bytes = outbound.options.max_frame_bytes;
        self.connection.may_send(kind, true)?;
        let packed_len = match &mut self.deflate {
            Some(deflate) => deflate.compress(payload, outbound)?,
            None => None,
        };
        let Some(len) = packed_len else {
            return self.write_frames(kind, payload, false, max_frame_bytes, out);
        };
        let packed = outbound.packed.get(..len).unwrap_or_default();
        let sent = self.write_frames(kind, packed, true, max_frame_bytes, out);
        outbound.trim();
        // A message in our window that the peer never gets would spoil all that follow.
        if let Some(deflate) = self.deflate.as_mut().filter(|_| sent.is_err()) {
            deflate.forget_sent();
        }
        sent
    }

    /// Sends one fragment of a message, not compressed: for messages whose end is not known when
    /// their beginning has to go out.
    ///
    /// # Errors
    /// As for [`Connection::send_fragment`]; or there is no memory.
    pub fn send_fragment(
        &mut self,
        fragment: Message<'_>,
        last: bool,
        out: &mut Vec<u8>,
    ) -> Result<(), ApiMisuse> {
        let part = Fragment { whole: false, last, compressed: false };
        self.write_frame(fragment.kind(), fragment.as_bytes(), part, out)
    }

    /// Sends one fragment of a message, or a whole one, not compressed, without touching its
    /// payload: the header goes out before it, and a client has to [mask](EncodedHeader::mask) it.
    /// See [`Connection::send_fragment`].
    ///
    /// # Errors
    /// As for [`Connection::send_fragment`].
    pub fn fragment_header(
        &mut self,
        fragment: Message<'_>,
        last: bool,
    ) -> Result<EncodedHeader, ApiMisuse> {
        self.connection.send_fragment(fragment, last)
    }

    /// Whether permessage-deflate was agreed to, so that messages may be compressed.
    pub fn compresses(&self) -> bool {
        #[cfg(feature = "deflate")]
        return self.deflate.is_some();
        #[cfg(not(feature = "deflate"))]
        false
    }

    /// Begins the closing handshake; see [`Connection::close`].
    ///
    /// # Errors
    /// As for [`Connection::close`].
    pub fn close(
        &mut self,
        code: CloseCode,
        reason: &str,
        control: &mut ControlFrames,
    ) -> Result<(), ApiMisuse> {
        self.connection.close(code, reason, control)
    }

    /// Sends a Ping; see [`Connection::ping`].
    ///
    /// # Errors
    /// As for [`Connection::ping`].
    pub fn ping(&mut self, payload: &[u8], control: &mut ControlFrames) -> Result<(), ApiMisuse> {
        self.connection.ping(payload, control)
    }

    #[cfg(feature = "deflate")]
    pub(crate) fn deflate_mut(&mut self) -> Option<&mut PerMessageDeflate> {
        self.deflate.as_mut()
    }

    /// Adds a piece to the message that it belongs to; gives the message when it is whole.
    fn add(
        &mut self,
        chunk: Chunk<'_>,
        inbound: &mut Inbound,
    ) -> Result<Option<Heap<Partial>>, ProtocolError> {
        let mut partial = match self.partial.take() {
            Some(partial) => partial,
            None => inbound.begin(chunk)?,
        };
        let max_message_bytes = self.connection.limits().max_message_bytes;
        #[cfg(feature = "deflate")]
        if let Some(deflate) = self.deflate.as_mut().filter(|_| chunk.compressed) {
            deflate.inflate(chunk, &mut partial, max_message_bytes, inbound)?;
        } else {
            partial.push(chunk.data, max_message_bytes)?;
        }
        #[cfg(not(feature = "deflate"))]
        partial.push(chunk.data, max_message_bytes)?;
        if chunk.last {
            partial.finish()?;
            return Ok(Some(partial));
        }
        self.partial = Some(partial);
        Ok(None)
    }

    /// Gives back what a connection needs only while it can receive.
    pub(crate) fn release(&mut self) {
        self.partial = None;
        #[cfg(feature = "deflate")]
        if let Some(deflate) = &mut self.deflate {
            deflate.release();
        }
    }

    fn write_frames(
        &mut self,
        kind: Kind,
        payload: &[u8],
        compressed: bool,
        max_frame_bytes: usize,
        out: &mut Vec<u8>,
    ) -> Result<(), ApiMisuse> {
        let max_frame_bytes = max_frame_bytes.max(1);
        // RFC 7692 §6.1: compressed bytes are cut into fragments anywhere, and RSV1 is on the first.
        // All the memory first: an error after the first fragment would leave half a message.
        let headers = payload.len().div_ceil(max_frame_bytes).saturating_add(1);
        let needed = headers.saturating_mul(crate::MAX_HEADER_BYTES).saturating_add(payload.len());
        out.try_reserve(needed).map_err(|_| ApiMisuse::OutOfMemory)?;
        let mut part = Fragment { whole: true, last: payload.len() <= max_frame_bytes, compressed };
        let mut rest = payload;
        while let Some((piece, behind)) = rest.split_at_checked(max_frame_bytes) {
            if behind.is_empty() {
                break;
            }
            self.write_frame(kind, piece, part, out)?;
            rest = behind;
            part =
                Fragment { whole: false, last: rest.len() <= max_frame_bytes, compressed: false };
        }
        self.write_frame(kind, rest, part, out)
    }

    fn write_frame(
        &mut self,
        kind: Kind,
        payload: &[u8],
        part: Fragment,
        out: &mut Vec<u8>,
    ) -> Result<(), ApiMisuse> {
        let needed = payload.len().saturating_add(crate::MAX_HEADER_BYTES);
        out.try_reserve(needed).map_err(|_| ApiMisuse::OutOfMemory)?;
        let header = self.connection.data_header(kind, payload.len(), part)?;
        header.write(|bytes| out.extend_from_slice(bytes));
        let payload_at = out.len();
        out.extend_from_slice(payload);
        if let Some(key) = header.mask {
            apply_mask(out.get_mut(payload_at..).unwrap_or_default(), key);
        }
        Ok(())
    }
}

impl fmt::Debug for WebSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebSocket")
            .field("connection", &self.connection)
            .field("incomplete", &self.partial.is_some())
            .finish_non_exhaustive()
    }
}
