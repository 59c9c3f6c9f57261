//! Pieces that several targets read from the front of their input, and how their seeds write them.

use arbitrary::{Result, Unstructured};
use longwire::handshake::{DeflateOffer, DeflateParams, DeflatePolicy, HeadLimits, HeadScanner};
use longwire::handshake::{HeadError, Status};
use longwire_realtime::Dialect;

/// The most reads that a cut makes different from each other.
const MAX_READS: u8 = 8;

/// A byte for a length that is not less than this stands for a long read.
const LONG_READS: u8 = 0xf0;
/// So many bytes for each that it is more.
const LONG_READ_BYTES: usize = 4096;

/// How received bytes are cut into reads: lengths, used again and again. None is one read.
#[derive(Clone, Debug)]
pub(crate) struct Cuts(Vec<usize>);

impl Cuts {
    /// A count, and a byte for each length.
    pub(crate) fn read(u: &mut Unstructured<'_>) -> Result<Self> {
        let count = u.int_in_range(0..=MAX_READS)?;
        let length = |byte: &u8| match byte.checked_sub(LONG_READS) {
            Some(more) => usize::from(more) * LONG_READ_BYTES + 1,
            None => usize::from(*byte) + 1,
        };
        Ok(Self(u.bytes(count.into())?.iter().map(length).collect()))
    }

    /// One read.
    pub(crate) fn none() -> Self {
        Self(Vec::new())
    }

    /// A read for each byte.
    pub(crate) fn bytes() -> Self {
        Self(vec![1])
    }

    /// Where the reads of `len` bytes end. There is at least one read.
    pub(crate) fn ends(&self, len: usize) -> Vec<usize> {
        let mut ends = Vec::new();
        for length in self.0.iter().cycle() {
            let end = ends.last().copied().unwrap_or(0) + length;
            if end >= len {
                break;
            }
            ends.push(end);
        }
        ends.push(len);
        ends
    }

    /// The reads.
    pub(crate) fn pieces<'b>(&self, bytes: &'b [u8]) -> impl Iterator<Item = &'b [u8]> {
        let mut begin = 0;
        self.ends(bytes.len()).into_iter().map(move |end| {
            let piece = &bytes[begin..end];
            begin = end;
            piece
        })
    }
}

/// The cuts of a seed: one read; reads of one, two and seven bytes; long ones.
pub(crate) const CUTS: [&[u8]; 3] = [&[0], &[3, 0, 1, 6], &[3, 0xf1, 0xf5, 0xff]];

/// Each of `bodies` behind each of `fronts`.
pub(crate) fn product(fronts: &[&[u8]], bodies: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let behind = |front: &&[u8]| {
        let front = front.to_vec();
        bodies.iter().map(move |body| [&front[..], body].concat())
    };
    fronts.iter().flat_map(behind).collect()
}

/// A payload with its length in front, in one byte, or all that is left where that is less.
pub(crate) fn short<'b>(u: &mut Unstructured<'b>) -> Result<&'b [u8]> {
    let len = usize::from(u.arbitrary::<u8>()?).min(u.len());
    u.bytes(len)
}

/// The one line of data in a payload, which has to be framed as its transport asks for.
pub(crate) fn unframed(dialect: Dialect, payload: &[u8]) -> &str {
    let text = str::from_utf8(payload).expect("a payload in UTF-8");
    let line = match dialect {
        Dialect::CentrifugeWebSocket => Some(text),
        Dialect::CentrifugeHttpStream => text.strip_suffix('\n'),
        Dialect::CentrifugeSse | Dialect::Sse | Dialect::Poll => text
            .strip_suffix("\n\n")
            .and_then(|event| event.lines().next_back())
            .and_then(|line| line.strip_prefix("data: ")),
    };
    line.unwrap_or_else(|| panic!("{dialect:?}: {text:?}"))
}

/// `bytes` without every `part` in it.
pub(crate) fn without(bytes: &[u8], part: &[u8]) -> Vec<u8> {
    let mut rest = bytes;
    let mut others = Vec::new();
    while let [first, behind @ ..] = rest {
        rest = rest.strip_prefix(part).unwrap_or_else(|| {
            others.push(*first);
            behind
        });
    }
    others
}

/// The bytes as text, whatever they are.
pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn window_bits(u: &mut Unstructured<'_>) -> Result<u8> {
    u.int_in_range(9..=15)
}

/// Parameters that a handshake can have agreed to, or none: a byte of flags, and two of windows.
pub(crate) fn deflate_params(u: &mut Unstructured<'_>) -> Result<Option<DeflateParams>> {
    let flags: u8 = u.arbitrary()?;
    if flags & 1 == 0 {
        return Ok(None);
    }
    Ok(Some(DeflateParams {
        server_no_context_takeover: flags & 2 != 0,
        client_no_context_takeover: flags & 4 != 0,
        server_max_window_bits: window_bits(u)?,
        client_max_window_bits: window_bits(u)?,
    }))
}

/// What a server is willing to do.
pub(crate) fn deflate_policy(u: &mut Unstructured<'_>) -> Result<Option<DeflatePolicy>> {
    Ok(deflate_params(u)?.map(|params| DeflatePolicy {
        server_no_context_takeover: params.server_no_context_takeover,
        client_no_context_takeover: params.client_no_context_takeover,
        server_max_window_bits: params.server_max_window_bits,
        client_max_window_bits: params.client_max_window_bits,
    }))
}

/// What a client offers.
pub(crate) fn deflate_offer(u: &mut Unstructured<'_>) -> Result<Option<DeflateOffer>> {
    Ok(deflate_params(u)?.map(|params| DeflateOffer {
        server_no_context_takeover: params.server_no_context_takeover,
        client_no_context_takeover: params.client_no_context_takeover,
        server_max_window_bits: params.server_max_window_bits,
        client_max_window_bits: params.client_max_window_bits,
    }))
}

/// Scans for the end of a head, read by read, and holds the scanner to its promises. The length of
/// the head, or 0 where it is not complete.
pub(crate) fn scan(bytes: &[u8], cuts: &Cuts, limits: HeadLimits) -> Result<usize, HeadError> {
    let mut whole = HeadScanner::new(limits);
    let mut scanner = HeadScanner::new(limits);
    let expected = whole.scan(bytes);
    let mut got = Ok(Status::Partial);
    for end in cuts.ends(bytes.len()) {
        got = scanner.scan(&bytes[..end]);
        // RFC 9112 does not say when; we do: at the earliest byte, and for good.
        let decided = whole.examined_bytes() <= end && expected != Ok(Status::Partial);
        assert_eq!(got != Ok(Status::Partial), decided, "decided at another byte");
        assert!(scanner.examined_bytes() <= end, "it has looked at what is not there");
    }
    assert_eq!(got, expected, "the same bytes, cut otherwise");
    assert!(whole.examined_bytes() <= limits.max_head_bytes.max(1), "over the limit");
    Ok(match expected? {
        Status::Complete(head) => head.bytes().len(),
        Status::Partial => 0,
    })
}
