//! What an endpoint has sent: the Pongs by which Pings are seen where a library does not show them,
//! and the code of its Close.

use crate::outcome::Event;
use crate::pipe::Written;

/// The code of a Close without one (RFC 6455 §7.1.5).
pub(crate) const NO_STATUS: u16 = 1005;

/// The control frames that were sent, read with no care for what is wrong with them.
pub(crate) struct Replies {
    /// A Ping for each Pong.
    pub(crate) pings: Vec<Event>,
    /// The code of the last Close.
    pub(crate) close: Option<u16>,
}

/// What was sent since the last call.
pub(crate) fn take(written: &Written) -> Replies {
    let bytes = written.take();
    let mut replies = Replies { pings: Vec::new(), close: None };
    let mut rest = &bytes[..];
    while let [first, second, behind @ ..] = rest {
        let masked = second & 0x80 != 0;
        let (len, behind) = match (second & 0x7f, behind) {
            (126, [a, b, behind @ ..]) => (usize::from(u16::from_be_bytes([*a, *b])), behind),
            (len @ ..=125, behind) => (usize::from(len), behind),
            // No reply is so long.
            _ => break,
        };
        let (key, behind) = match behind {
            [a, b, c, d, behind @ ..] if masked => ([*a, *b, *c, *d], behind),
            behind => ([0; 4], behind),
        };
        let Some((payload, behind)) = behind.split_at_checked(len) else { break };
        let payload: Vec<u8> =
            payload.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key).collect();
        match first & 0x0f {
            0xa => replies.pings.push(Event::Ping(payload)),
            0x8 => replies.close = Some(close(&payload).0),
            _ => {}
        }
        rest = behind;
    }
    replies
}

/// The code and the reason in the body of a Close.
pub(crate) fn close(body: &[u8]) -> (u16, Vec<u8>) {
    match body {
        [high, low, reason @ ..] => (u16::from_be_bytes([*high, *low]), reason.to_vec()),
        _ => (NO_STATUS, Vec::new()),
    }
}
