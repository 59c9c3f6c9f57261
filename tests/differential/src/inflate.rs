//! Inflating as each library does it, over the one that Longwire inflates with: what is looked at
//! here is where a message ends, and not DEFLATE itself.

use zlib_rs::{Inflate, InflateFlush, Status};

use crate::rules::AfterFinalBlock;

/// What a sender cuts off (RFC 7692 §7.2.1).
const TAIL: [u8; 4] = [0, 0, 0xff, 0xff];
const WINDOW_BITS: u8 = 15;

/// It is not DEFLATE.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Invalid;

/// The context of the messages that have come.
pub(crate) struct Inflater {
    stream: Inflate,
    keeps_window: bool,
    /// What has come out last.
    window: Vec<u8>,
    /// A block with BFINAL was the last there will be: see [`AfterFinalBlock`].
    has_ended: bool,
    /// A block with BFINAL was the last thing that came.
    is_behind_final: bool,
}

impl Inflater {
    /// Whether references may reach over a block with BFINAL.
    pub(crate) fn new(keeps_window: bool) -> Self {
        Self {
            stream: Inflate::new(false, WINDOW_BITS),
            keeps_window,
            window: Vec::new(),
            has_ended: false,
            is_behind_final: false,
        }
    }

    /// Forgets the messages before.
    pub(crate) fn reset(&mut self) {
        self.stream.reset(false);
        self.window.clear();
        self.has_ended = false;
        self.is_behind_final = false;
    }

    /// Adds what comes out of `data` to `out`, up to an error too.
    pub(crate) fn push(
        &mut self,
        data: &[u8],
        after: AfterFinalBlock,
        out: &mut Vec<u8>,
    ) -> Result<(), Invalid> {
        self.run(data, InflateFlush::NoFlush, after, out).map(|_| ())
    }

    /// The message ends here: with a whole block, if `strict`.
    pub(crate) fn finish(
        &mut self,
        strict: bool,
        after: AfterFinalBlock,
        out: &mut Vec<u8>,
    ) -> Result<(), Invalid> {
        if after == AfterFinalBlock::GoesOnOrEnds && self.is_behind_final {
            return Ok(());
        }
        if after == AfterFinalBlock::Fails && self.has_ended {
            return Err(Invalid);
        }
        if !strict && after == AfterFinalBlock::GoesOnOrEnds {
            // A block that ends inside the tail ends the message; the rest of it is let go.
            let inflated = self.push(&TAIL, AfterFinalBlock::EndsContext, out);
            if std::mem::take(&mut self.has_ended) {
                self.begin_again()?;
            }
            return inflated;
        }
        if !strict {
            return self.push(&TAIL, after, out);
        }
        // One byte more: whoever stops in front of it has come to the end of a block just there.
        let (mut surplus, probe) = (Vec::new(), [0, 0, 0xff, 0xff, 0]);
        let left = self.run(&probe, InflateFlush::Block, after, &mut surplus)?;
        if left == 1 && surplus.is_empty() { Ok(()) } else { Err(Invalid) }
    }

    /// Another block follows one with BFINAL.
    fn begin_again(&mut self) -> Result<(), Invalid> {
        self.stream.reset(false);
        if self.keeps_window {
            self.stream.set_dictionary(&self.window).map_err(|_| Invalid)?;
        }
        Ok(())
    }

    /// Keeps what a reference may reach back to.
    fn remember(&mut self, made: &[u8]) {
        self.window.extend_from_slice(made);
        let surplus = self.window.len().saturating_sub(1 << WINDOW_BITS);
        self.window.drain(..surplus);
    }

    fn run(
        &mut self,
        mut data: &[u8],
        flush: InflateFlush,
        after: AfterFinalBlock,
        out: &mut Vec<u8>,
    ) -> Result<usize, Invalid> {
        let mut piece = [0; 4096];
        while !self.has_ended {
            let (read, made) = (self.stream.total_in(), self.stream.total_out());
            let status = self.stream.decompress(data, &mut piece, flush);
            let read = usize::try_from(self.stream.total_in() - read).map_err(|_| Invalid)?;
            let made = usize::try_from(self.stream.total_out() - made).map_err(|_| Invalid)?;
            data = &data[read..];
            self.is_behind_final &= read == 0;
            out.extend_from_slice(&piece[..made]);
            self.remember(&piece[..made]);
            match status.map_err(|_| Invalid)? {
                Status::StreamEnd => match after {
                    AfterFinalBlock::GoesOn | AfterFinalBlock::GoesOnOrEnds => {
                        self.begin_again()?;
                        self.is_behind_final = true;
                    }
                    AfterFinalBlock::EndsContext => self.has_ended = true,
                    AfterFinalBlock::Fails => {
                        self.has_ended = true;
                        if !data.is_empty() {
                            return Err(Invalid);
                        }
                    }
                },
                _ if made < piece.len() => return Ok(data.len()),
                _ => {}
            }
            if data.is_empty() && made < piece.len() {
                break;
            }
        }
        Ok(data.len())
    }
}

#[cfg(test)]
mod tests {
    use super::{Inflater, Invalid};
    use crate::rules::AfterFinalBlock::{self, EndsContext, Fails, GoesOn};

    /// The examples of RFC 7692 §7.2.3.
    #[test]
    fn messages() {
        let hello = Ok(b"Hello".to_vec());
        type Row<'r> = (&'r [u8], bool, AfterFinalBlock, Result<Vec<u8>, Invalid>);
        let table: &[Row<'_>] = &[
            (b"\xf2\x48\xcd\xc9\xc9\x07\x00", true, GoesOn, hello.clone()),
            (b"\xf2\x48\xcd\xc9\xc9\x07", true, GoesOn, Err(Invalid)),
            (b"\xf3\x48\xcd\xc9\xc9\x07\x00\x00", true, GoesOn, hello.clone()),
            (b"\xf3\x48\xcd\xc9\xc9\x07\x00", true, GoesOn, Err(Invalid)),
            (b"\xf3\x48\xcd\xc9\xc9\x07\x00", false, EndsContext, hello),
            (b"\xf3\x48\xcd\xc9\xc9\x07\x00\x00", false, Fails, Err(Invalid)),
            (b"", true, GoesOn, Err(Invalid)),
            (b"", false, GoesOn, Ok(Vec::new())),
        ];
        for (data, strict, after, expected) in table {
            let (mut inflater, mut out) = (Inflater::new(false), Vec::new());
            let pushed = inflater.push(data, *after, &mut out);
            let got = pushed.and_then(|()| inflater.finish(*strict, *after, &mut out));
            assert_eq!(got.map(|()| out), *expected, "{data:02x?}");
        }
    }
}
