//! A piece of a stream that many are sent: framed once, and shared by reference count.

use crate::response::write_chunk;
use longwire::ApiMisuse;
use std::fmt;
use std::sync::Arc;

/// A piece of a streamed answer, in the framing of a chunk (RFC 9112 §7.1). What
/// [`Prepared`](crate::Prepared) is for WebSockets: it is made once, and all who are sent it share its
/// bytes, in any thread.
///
/// ```
/// use longwire_server::Chunk;
///
/// let chunk = Chunk::new(b"data: hello\n\n")?;
/// assert_eq!(chunk.framed(), b"d\r\ndata: hello\n\n\r\n");
/// # Ok::<(), longwire_server::ApiMisuse>(())
/// ```
#[derive(Clone)]
pub struct Chunk {
    framed: Arc<[u8]>,
}

impl Chunk {
    /// Frames a piece. An empty one is sent as nothing at all, since an empty chunk is the last one.
    ///
    /// # Errors
    /// There is no memory.
    pub fn new(content: &[u8]) -> Result<Self, ApiMisuse> {
        let mut framed = Vec::new();
        write_chunk(content, &mut framed).map_err(|_| ApiMisuse::OutOfMemory)?;
        // An `Arc` cannot be asked whether there is memory for it: so much of it is asked for before.
        let mut probe: Vec<u8> = Vec::new();
        let counts = 2 * size_of::<usize>();
        probe.try_reserve_exact(framed.len() + counts).map_err(|_| ApiMisuse::OutOfMemory)?;
        drop(probe);
        Ok(Self { framed: framed.into() })
    }

    /// The bytes that are sent.
    pub fn framed(&self) -> &[u8] {
        &self.framed
    }

    pub(crate) fn shared(&self) -> &Arc<[u8]> {
        &self.framed
    }
}

impl fmt::Debug for Chunk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Chunk").field("framed_bytes", &self.framed.len()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::Chunk;

    #[test]
    fn an_empty_piece_does_not_end_the_stream() {
        assert_eq!(Chunk::new(b"").unwrap().framed(), b"");
    }
}
