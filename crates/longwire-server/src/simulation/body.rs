//! The reader of bodies without a connection around it, for those who test it with bytes of their own.

use crate::body::BodyDecoder;
use longwire::handshake::Body;

/// Reads the body of one request.
#[derive(Debug)]
pub struct BodyReader {
    decoder: BodyDecoder,
    content: Vec<u8>,
}

impl BodyReader {
    /// For what a head says of its body, of which up to `max_bytes` are taken.
    ///
    /// # Errors
    /// The status of the answer: the head says already that it is longer.
    pub fn new(body: Body, max_bytes: usize) -> Result<Self, u16> {
        let decoder = BodyDecoder::new(body, max_bytes).map_err(|error| error.status())?;
        Ok(Self { decoder, content: Vec::new() })
    }

    /// Takes bytes up to the end of the body, and says how many that were.
    ///
    /// # Errors
    /// The status of the answer: the body is refused.
    pub fn read(&mut self, bytes: &[u8]) -> Result<usize, u16> {
        self.decoder.decode(bytes, &mut self.content).map_err(|error| error.status())
    }

    /// Whether all of it has come.
    pub fn is_complete(&self) -> bool {
        self.decoder.is_complete()
    }

    /// The content that has come.
    pub fn content(&self) -> &Vec<u8> {
        &self.content
    }
}
