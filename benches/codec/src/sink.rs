//! A socket in memory that takes whatever is written to it. The copy stands for what the system
//! call would cost, and is the same for everyone.

use std::cell::RefCell;
use std::io::{self, IoSlice, Read, Write};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Where it begins again from the front, unless it is to remember everything.
const SPACE_BYTES: usize = 64 * 1024;

/// What was written, for who has lent the sink to a library.
pub(crate) type Written = Rc<RefCell<Vec<u8>>>;

/// The sending end; nothing is ever received.
pub(crate) struct Sink {
    space: Vec<u8>,
    at: usize,
    written: Option<Written>,
}

impl Sink {
    /// It forgets.
    pub(crate) fn new() -> Self {
        Self { space: vec![0; SPACE_BYTES], at: 0, written: None }
    }

    /// It remembers everything.
    pub(crate) fn recording() -> (Self, Written) {
        let written = Written::default();
        (Self { written: Some(Rc::clone(&written)), ..Self::new() }, written)
    }

    fn take(&mut self, mut bytes: &[u8]) {
        if let Some(written) = &self.written {
            written.borrow_mut().extend_from_slice(bytes);
            return;
        }
        while !bytes.is_empty() {
            let space = &mut self.space[self.at..];
            let (piece, behind) = bytes.split_at(bytes.len().min(space.len()));
            space[..piece.len()].copy_from_slice(piece);
            self.at += piece.len();
            if self.at == SPACE_BYTES {
                self.at = 0;
            }
            bytes = behind;
        }
        std::hint::black_box(&self.space);
    }
}

impl Write for Sink {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.take(buf);
        Ok(buf.len())
    }

    fn write_vectored(&mut self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        bufs.iter().for_each(|buf| self.take(buf));
        Ok(bufs.iter().map(|buf| buf.len()).sum())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl AsyncWrite for Sink {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(self.write(buf))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(self.write_vectored(bufs))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl Read for Sink {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::ErrorKind::WouldBlock.into())
    }
}

impl AsyncRead for Sink {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        _: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_takes_more_than_it_has_space_for_and_remembers_when_asked() {
        let mut sink = Sink::new();
        let long: Vec<u8> = (0..=255).cycle().take(SPACE_BYTES + 3).collect();
        assert_eq!(sink.write(&long).unwrap(), long.len());
        assert_eq!((sink.at, &sink.space[..3]), (3, &long[SPACE_BYTES..]));
        let (mut sink, written) = Sink::recording();
        let slices = [IoSlice::new(b"ab"), IoSlice::new(b"c")];
        assert_eq!(sink.write_vectored(&slices).unwrap(), 3);
        assert_eq!(*written.borrow(), b"abc");
    }
}
