//! A message that is encoded once and sent to many.

use crate::connection::Connection;
use crate::error::ApiMisuse;
use crate::event::{Kind, Message};
#[cfg(feature = "deflate")]
use crate::handshake::DeflateParams;
use crate::heap::has_room;
use crate::limits::Limits;
use crate::outbound::Outbound;
use crate::state::Role;
use crate::websocket::{Compression, WebSocket};
use alloc::sync::Arc;
use alloc::vec::Vec;

/// A message in each wire form that a server's connections may need: plain, and compressed with an
/// empty window. Cloning it shares the bytes.
///
/// ```
/// use longwire::*;
/// let mut outbound = Outbound::new(SendOptions::default());
/// let news = Prepared::new(Message::Text("news"), Compression::Auto, &mut outbound)?;
/// let mut sockets = [(); 3].map(|()| WebSocket::new(Connection::server(Limits::default())));
/// for socket in &mut sockets {
///     let frames = socket.send_prepared(&news)?; // the same bytes each time, counted
///     assert_eq!(&frames[..], b"\x81\x04news");
/// }
/// # Ok::<(), ApiMisuse>(())
/// ```
#[derive(Clone, Debug)]
pub struct Prepared {
    kind: Kind,
    plain: Arc<[u8]>,
    compressed: Option<Arc<[u8]>>,
}

impl Prepared {
    /// Encodes the message.
    ///
    /// # Errors
    /// There is no memory.
    pub fn new(
        message: Message<'_>,
        compression: Compression,
        outbound: &mut Outbound,
    ) -> Result<Self, ApiMisuse> {
        let connection = || Connection::server(Limits::DEFAULT);
        let mut frames = Vec::new();
        WebSocket::new(connection()).send(message, Compression::Never, outbound, &mut frames)?;
        let plain = share(&frames)?;
        #[cfg(feature = "deflate")]
        if compression == Compression::Auto {
            let params = DeflateParams { server_no_context_takeover: true, ..Default::default() };
            frames.clear();
            let mut socket = WebSocket::with_deflate(connection(), params);
            socket.send(message, compression, outbound, &mut frames)?;
            // A message that is not worth it comes out as it is.
            let compressed =
                if frames.as_slice() == &*plain { None } else { Some(share(&frames)?) };
            return Ok(Self { kind: message.kind(), plain, compressed });
        }
        let _ = compression;
        Ok(Self { kind: message.kind(), plain, compressed: None })
    }

    /// Several messages, one behind the other, to be sent as one: who is to get all of them gets them with one
    /// call, and holds one piece of memory. The first one says whether it [may be
    /// sent](WebSocket::send_prepared); of none, nothing is sent.
    ///
    /// ```
    /// use longwire::*;
    /// let mut outbound = Outbound::new(SendOptions::default());
    /// let mut prepare = |text| Prepared::new(Message::Text(text), Compression::Auto, &mut outbound);
    /// let both = Prepared::join(&[prepare("one")?, prepare("two")?])?;
    /// assert_eq!(&both.plain()[..], b"\x81\x03one\x81\x03two");
    /// # Ok::<(), ApiMisuse>(())
    /// ```
    ///
    /// # Errors
    /// There is no memory.
    pub fn join(messages: &[Self]) -> Result<Self, ApiMisuse> {
        let plain = concat(messages, |it| &it.plain)?;
        let compressed = if messages.iter().any(|it| it.compressed.is_some()) {
            Some(concat(messages, |it| it.compressed.as_ref().unwrap_or(&it.plain))?)
        } else {
            None
        };
        let kind = messages.first().map_or(Kind::Binary, |first| first.kind);
        Ok(Self { kind, plain, compressed })
    }

    /// The frames, not compressed.
    pub fn plain(&self) -> &Arc<[u8]> {
        &self.plain
    }

    /// The frames, compressed, where that made them shorter.
    pub fn compressed(&self) -> Option<&Arc<[u8]>> {
        self.compressed.as_ref()
    }
}

/// Copies the frames to where they can be shared.
fn share(frames: &[u8]) -> Result<Arc<[u8]>, ApiMisuse> {
    // There is no way to have an `Arc` that does not abort where there is no memory for it.
    const COUNTS_BYTES: usize = 2 * size_of::<usize>();
    let needed = frames.len().saturating_add(COUNTS_BYTES);
    if has_room(needed) { Ok(Arc::from(frames)) } else { Err(ApiMisuse::OutOfMemory) }
}

fn concat(
    messages: &[Prepared],
    form: impl Fn(&Prepared) -> &Arc<[u8]>,
) -> Result<Arc<[u8]>, ApiMisuse> {
    let mut frames = Vec::new();
    let len = messages.iter().map(|it| form(it).len()).fold(0, usize::saturating_add);
    frames.try_reserve_exact(len).map_err(|_| ApiMisuse::OutOfMemory)?;
    messages.iter().for_each(|it| frames.extend_from_slice(form(it)));
    share(&frames)
}

impl WebSocket {
    /// Sends a message that was encoded before: the frames that go out on this connection.
    ///
    /// # Errors
    /// The connection is not open, a fragmented message is being sent, or this is a client.
    pub fn send_prepared<'p>(
        &mut self,
        prepared: &'p Prepared,
    ) -> Result<&'p Arc<[u8]>, ApiMisuse> {
        // RFC 6455 §5.3: a client takes a fresh key for each frame, so nothing can be shared.
        if self.connection().role() == Role::Client {
            return Err(ApiMisuse::PreparedByClient);
        }
        self.connection().may_send(prepared.kind, true)?;
        Ok(self.choose_form(prepared))
    }

    #[cfg(feature = "deflate")]
    fn choose_form<'p>(&mut self, prepared: &'p Prepared) -> &'p Arc<[u8]> {
        match (self.deflate_mut(), &prepared.compressed) {
            (Some(deflate), Some(compressed)) if deflate.sends_full_window() => {
                deflate.forget_sent();
                compressed
            }
            _ => &prepared.plain,
        }
    }

    #[cfg(not(feature = "deflate"))]
    fn choose_form<'p>(&mut self, prepared: &'p Prepared) -> &'p Arc<[u8]> {
        &prepared.plain
    }
}
