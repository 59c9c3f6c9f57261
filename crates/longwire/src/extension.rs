//! permessage-deflate on one connection (RFC 7692): its parameters, and the contexts that it has
//! to keep from one message to the next.

use crate::deflate::Deflater;
use crate::error::{ApiMisuse, ProtocolError};
use crate::event::Chunk;
use crate::handshake::DeflateParams;
use crate::inbound::Inbound;
use crate::inflate::Inflater;
use crate::outbound::Outbound;
use crate::partial::Partial;
use crate::state::Role;
use core::mem;

pub(crate) struct PerMessageDeflate {
    /// The context of what is received: during a compressed message, and, where it lasts, after it.
    inflater: Option<Inflater>,
    /// The context of what is sent, where it lasts.
    deflater: Option<Deflater>,
    /// RFC 7692 §7.1.1: each direction has its own agreement on whether its context lasts from
    /// one message to the next: the server's compressor (RFC 7692 §7.1.1.1) and the client's
    /// (RFC 7692 §7.1.1.2).
    keeps_inflater: bool,
    keeps_deflater: bool,
    /// RFC 7692 §7.1.2: how far back what we compress may look, as the server
    /// (RFC 7692 §7.1.2.1) or as the client (RFC 7692 §7.1.2.2).
    window_bits: u8,
}

impl PerMessageDeflate {
    pub(crate) fn new(role: Role, params: DeflateParams) -> Self {
        let server_keeps = !params.server_no_context_takeover;
        let client_keeps = !params.client_no_context_takeover;
        let (keeps_inflater, keeps_deflater, window_bits) = match role {
            Role::Server => (client_keeps, server_keeps, params.server_max_window_bits),
            Role::Client => (server_keeps, client_keeps, params.client_max_window_bits),
        };
        Self { inflater: None, deflater: None, keeps_inflater, keeps_deflater, window_bits }
    }

    /// Inflates a piece of a message onto `partial`.
    pub(crate) fn inflate(
        &mut self,
        chunk: Chunk<'_>,
        partial: &mut Partial,
        max_message_bytes: u64,
        inbound: &mut Inbound,
    ) -> Result<(), ProtocolError> {
        let inflater = self.inflater.take().map_or_else(|| inbound.take_inflater(), Ok);
        let mut inflater = inflater?;
        let mut scratch = mem::take(&mut inbound.scratch);
        let mut take = |piece: &[u8]| partial.push_inflated(piece, max_message_bytes);
        let mut inflated = inflater.push(chunk.data, &mut scratch, &mut take);
        if chunk.last && inflated.is_ok() {
            inflated = inflater.finish(&mut scratch);
        }
        inbound.scratch = scratch;
        if inflated.is_err() || (chunk.last && !self.keeps_inflater) {
            inbound.put_inflater(inflater);
        } else {
            self.inflater = Some(inflater);
        }
        inflated
    }

    /// Compresses a message into the front of `outbound.packed`: its length there, or `None` when
    /// it is to go out as it is.
    pub(crate) fn compress(
        &mut self,
        payload: &[u8],
        outbound: &mut Outbound,
    ) -> Result<Option<usize>, ApiMisuse> {
        if payload.len() < outbound.options.compress_from_bytes {
            return Ok(None);
        }
        let deflater = self.deflater.take();
        let deflater = deflater.map_or_else(|| outbound.take_deflater(self.window_bits), Ok);
        let mut deflater = deflater?;
        let len = deflater.compress(payload, &mut outbound.packed);
        if self.keeps_deflater && len.is_ok() {
            self.deflater = Some(deflater);
        } else {
            outbound.put_deflater(deflater);
        }
        // With context takeover the message is in the window now, so the peer has to have it too.
        len.map(|len| Some(len).filter(|len| *len < payload.len() || self.keeps_deflater))
    }

    /// The peer's window and ours are not the same any more: a message goes out that was compressed
    /// elsewhere, or one that was compressed here does not. What we compress next must not look back.
    pub(crate) fn forget_sent(&mut self) {
        self.deflater = None;
    }

    /// Whether what was compressed in a window of 15 bits can be read by the peer.
    pub(crate) fn sends_full_window(&self) -> bool {
        self.window_bits == 15
    }

    /// Nothing more will be received.
    pub(crate) fn release(&mut self) {
        self.inflater = None;
    }
}
