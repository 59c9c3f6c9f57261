//! Deadlines under any order of events and any clock that does not go back: nothing fires early or
//! unannounced, everything has an end, and once a Close is out that alone counts.

use crate::shape;
use arbitrary::{Result, Unstructured};
use core::time::Duration;
use longwire::{Deadlines, Expired, Timeouts};

/// The clock does not jump farther than this, though a time-out may be longer.
const END: Duration = Duration::from_secs(1 << 40);

/// The latest deadline that can be said in milliseconds.
const MAX: Duration = Duration::from_millis(u64::MAX);

/// Runs one input: the time-outs, then operations.
///
/// # Errors
/// The input is too short.
pub fn run(data: &[u8]) -> Result<()> {
    let u = &mut Unstructured::new(data);
    let timeouts = Timeouts {
        ping_interval: duration(u)?,
        pong_timeout: duration(u)?,
        message_timeout: duration(u)?,
        close_timeout: duration(u)?,
    };
    let mut now = Duration::from_secs(u.arbitrary::<u32>()?.into());
    let mut deadlines = Deadlines::new(now);
    // The same, written as plainly as the table in the engine's `deadlines.rs`.
    let (mut heard, mut awaits_pong, mut begun, mut closing) = (now, false, None, None);
    while !u.is_empty() {
        match u.arbitrary::<u8>()? {
            0 => {
                let incomplete = u.arbitrary()?;
                deadlines.receive(now, incomplete);
                (heard, awaits_pong) = (now, false);
                begun = if incomplete { begun.or(Some(now)) } else { None };
            }
            1 => {
                deadlines.end_of_message();
                begun = None;
            }
            2 => {
                deadlines.closing(now);
                closing = closing.or(Some(now));
            }
            3 => now += Duration::from_millis(u.arbitrary::<u32>()?.into()),
            4 => {
                let next = deadlines.poll_timeout(&timeouts).filter(|next| *next < END);
                now = next.unwrap_or(now).max(now);
            }
            _ => now += Duration::from_millis(1),
        }
        let after = |from: Duration, timeout: Option<Duration>, expired: Expired| {
            timeout.map(|timeout| (from.saturating_add(timeout).min(MAX), expired))
        };
        let silence = match timeouts.pong_timeout.filter(|_| awaits_pong) {
            Some(timeout) => after(heard, Some(timeout), Expired::PongOverdue),
            None => {
                let at_least_one_ms = |interval: Duration| interval.max(Duration::from_millis(1));
                after(heard, timeouts.ping_interval.map(at_least_one_ms), Expired::Ping)
            }
        };
        let message =
            begun.and_then(|begun| after(begun, timeouts.message_timeout, Expired::MessageOverdue));
        let expected = match closing {
            Some(closing) => after(closing, timeouts.close_timeout, Expired::CloseOverdue),
            None => [message, silence].into_iter().flatten().min_by_key(|(at, _)| *at),
        };
        assert_eq!(deadlines.poll_timeout(&timeouts), expected.map(|(at, _)| at));
        let expired = expected.filter(|(at, _)| *at <= now).map(|(_, expired)| expired);
        assert_eq!(deadlines.handle_timeout(now, &timeouts), expired);
        if expired == Some(Expired::Ping) {
            (heard, awaits_pong) = (now, true);
        }
    }
    Ok(())
}

/// Nothing, a tenth of a second and more, or any time at all.
fn duration(u: &mut Unstructured<'_>) -> Result<Option<Duration>> {
    Ok(match u.arbitrary::<u8>()? {
        0 => None,
        255 => Some(Duration::from_millis(u.arbitrary()?)),
        tenths => Some(Duration::from_millis(u64::from(tenths) * 100)),
    })
}

/// Inputs to begin with.
pub fn seeds() -> Vec<Vec<u8>> {
    let operations: [&[u8]; 5] = [
        b"\x04\x04\x04\x00\x00\x04",
        b"\x00\x01\x04\x04\x01\x04",
        b"\x02\x05\x02\x04\x00\x01\x04",
        b"\x03\x00\x02\x00\x00\x00\x01\x03\xff\xff\xff\xff\x05",
        b"\x04\x00\x00\x04\x03\x7f\x00\x00\x00\x04",
    ];
    let timeouts: [&[u8]; 3] = [
        &[30, 20, 60, 5, 1, 0, 0, 0],
        &[0, 0, 9, 0, 0, 0, 0, 0],
        &[1, 1, 1, 1, 255, 255, 255, 255],
    ];
    shape::product(&timeouts, &operations.map(Vec::from))
}
