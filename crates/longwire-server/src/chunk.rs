//! A piece of a stream that many are sent: framed once, and shared by reference count.

use crate::response::write_chunk;
use longwire::ApiMisuse;
use std::fmt;
use std::sync::Arc;

/// A piece of a streamed answer, in the framing of a chunk (RFC 9112 §7.1). What
/// [`Prepared`](crate::Prepared) is for WebSockets: it is made once, and all who are sent it share its
/// bytes, in any thread. A client that speaks HTTP/1.0 is sent a copy of the content.
///
/// ```
/// use longwire_server::Chunk;
///
/// let chunk = Chunk::new(b"data: hello\n\n")?;
/// assert_eq!(chunk.framed(), b"d\r\ndata: hello\n\n\r\n");
/// assert_eq!(chunk.content(), b"data: hello\n\n");
/// # Ok::<(), longwire_server::ApiMisuse>(())
/// ```
#[derive(Clone)]
pub struct Chunk {
    framed: Arc<[u8]>,
    /// Where the content begins.
    content_at: usize,
    content_bytes: usize,
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
        // Nothing is in front of nothing; otherwise the size is, and CRLF is behind.
        let content_at = framed.len().saturating_sub(content.len() + 2);
        Ok(Self { framed: framed.into(), content_at, content_bytes: content.len() })
    }

    /// The piece itself.
    pub fn content(&self) -> &[u8] {
        let content = self.framed.get(self.content_at..).unwrap_or_default();
        content.get(..self.content_bytes).unwrap_or_default()
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
    fn a_chunk_has_its_content_in_its_framing_and_an_empty_one_has_none() {
        let table: [(&[u8], &[u8]); 4] = [
            (b"", b""),
            (b"\r\n", b"2\r\n\r\n\r\n"),
            (b"0123456789abcdef", b"10\r\n0123456789abcdef\r\n"),
            (b"data: hello\n\n", b"d\r\ndata: hello\n\n\r\n"),
        ];
        for (content, framed) in table {
            let chunk = Chunk::new(content).unwrap();
            assert_eq!((chunk.content(), chunk.framed()), (content, framed));
        }
    }
}
