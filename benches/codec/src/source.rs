//! A socket in memory that always has more to read: it gives the same bytes over and over, at most
//! 64 KiB a read. The copy stands for what the system call would cost, and is the same for everyone.

use std::io::{self, Read, Write};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The most that one read brings.
pub(crate) const READ_BYTES: usize = 64 * 1024;

/// The receiving end; what is written to it is forgotten.
pub(crate) struct Source {
    bytes: Rc<[u8]>,
    at: usize,
}

impl Source {
    pub(crate) fn new(bytes: Rc<[u8]>) -> Self {
        Self { bytes, at: 0 }
    }

    /// Gives the next `len` bytes to `take`, in two pieces where the end lies between.
    #[inline]
    fn next(&mut self, mut len: usize, mut take: impl FnMut(&[u8])) {
        while len > 0 {
            let rest = &self.bytes[self.at..];
            let piece = &rest[..len.min(rest.len())];
            take(piece);
            len -= piece.len();
            self.at += piece.len();
            if self.at == self.bytes.len() {
                self.at = 0;
            }
        }
    }
}

impl Read for Source {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let len = buf.len().min(READ_BYTES);
        let mut rest = &mut buf[..len];
        self.next(len, |piece| {
            let (front, behind) = std::mem::take(&mut rest).split_at_mut(piece.len());
            front.copy_from_slice(piece);
            rest = behind;
        });
        Ok(len)
    }
}

impl Write for Source {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl AsyncRead for Source {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let len = buf.remaining().min(READ_BYTES);
        self.next(len, |piece| buf.put_slice(piece));
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Source {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(buf.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// Runs a future that never has to wait.
///
/// # Panics
/// It waits after all.
pub(crate) fn now<F: Future>(future: F) -> F::Output {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("a library waits for what is there"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_goes_round_and_gives_at_most_64_kib() {
        let mut source = Source::new(Rc::from(*b"abcde"));
        let mut buf = [0; 7];
        assert_eq!(source.read(&mut buf).unwrap(), 7);
        assert_eq!(&buf, b"abcdeab");
        assert_eq!(source.read(&mut buf[..2]).unwrap(), 2);
        assert_eq!(&buf[..2], b"cd");
        assert_eq!(source.read(&mut vec![0; READ_BYTES + 1]).unwrap(), READ_BYTES);
    }
}
