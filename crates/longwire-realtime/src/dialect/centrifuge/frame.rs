//! A frame: the commands that a client sends at once.

use super::command;
use crate::{Command, CommandId, Disconnect};

/// The bounds of what a client sends at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameLimits {
    /// Bytes of all commands together.
    pub max_frame_bytes: usize,
    /// Commands.
    pub max_commands: usize,
}

impl Default for FrameLimits {
    fn default() -> Self {
        Self { max_frame_bytes: 128 << 10, max_commands: 512 }
    }
}

/// The longest reason of a Close frame (RFC 6455 §5.5.1).
const MAX_REASON_BYTES: usize = 123;

/// Reads the commands of a frame and appends them, each with its number.
///
/// An empty line is the answer to a ping, as `{}` is; a line break at the end of the frame begins no
/// line.
///
/// # Errors
/// Something that has no number, so that nothing can be answered to it: the session has to end, after
/// what stands before it in `commands`.
pub fn decode_frame(
    bytes: &[u8],
    limits: &FrameLimits,
    commands: &mut Vec<(CommandId, Command)>,
) -> Result<(), Disconnect> {
    if bytes.len() > limits.max_frame_bytes {
        return Err(bad_request("the frame has too many bytes"));
    }
    let lines = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    for (index, line) in lines.split(|byte| *byte == b'\n').enumerate() {
        if index == limits.max_commands {
            return Err(bad_request("the frame has too many commands"));
        }
        commands.push(command::parse(line.trim_ascii()).map_err(|why| bad_request(&why))?);
    }
    Ok(())
}

/// The end of a session whose client says something that is no command.
fn bad_request(why: &str) -> Disconnect {
    let mut reason = format!("bad request: {why}");
    while reason.len() > MAX_REASON_BYTES {
        reason.pop();
    }
    Disconnect { reason: reason.into(), ..Disconnect::BAD_REQUEST }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(frame: &[u8]) -> (Vec<CommandId>, Result<(), String>) {
        let limits = FrameLimits { max_frame_bytes: 100, max_commands: 3 };
        let mut commands = Vec::new();
        let result = decode_frame(frame, &limits, &mut commands);
        let ids = commands.into_iter().map(|(id, _)| id).collect();
        (ids, result.map_err(|disconnect| format!("{} {}", disconnect.code, disconnect.reason)))
    }

    #[test]
    fn lines_are_commands() {
        let rows: [(&[u8], &[CommandId]); 9] = [
            (b"", &[0]),
            (b"{}", &[0]),
            (b"\n", &[0]),
            (b"{}\n{}", &[0, 0]),
            (b"{}\n\n", &[0, 0]),
            (b" \t{ } \r\n", &[0]),
            (b"{\"id\":1,\"refresh\":{\"token\":\"\"}}\n{\"id\":2,\"rpc\":{}}", &[1, 2]),
            (b"{\"id\":1,\"rpc\":{}}\r\n{\"id\":2,\"rpc\":{}}\r\n", &[1, 2]),
            (b"{}\n{\"id\":4294967295,\"rpc\":{}}\n{}", &[0, u32::MAX, 0]),
        ];
        for (frame, ids) in rows {
            assert_eq!(
                decode(frame),
                (ids.to_vec(), Ok(())),
                "{:?}",
                String::from_utf8_lossy(frame)
            );
        }
    }

    #[test]
    fn what_stands_before_the_fault_is_carried_out() {
        let rows: [(&[u8], &[CommandId], &str); 6] = [
            (b"{}\n{]\n{}", &[0], "command is not a JSON object, at character 2"),
            (b"{\"id\":1,\"rpc\":{}}\n\xff", &[1], "command is not UTF-8"),
            (b"{}{}", &[], "command is not a JSON object, at character 3"),
            (b"{\"id\":7,\"rpc\":\n{}}", &[], "command is not a JSON object, at character 14"),
            (b"{}\n{}\n{}\n{}", &[0, 0, 0], "the frame has too many commands"),
            (&[b' '; 101], &[], "the frame has too many bytes"),
        ];
        for (frame, ids, why) in rows {
            let why = Err(format!("3501 bad request: {why}"));
            assert_eq!(decode(frame), (ids.to_vec(), why), "{:?}", String::from_utf8_lossy(frame));
        }
    }

    #[test]
    fn a_reason_fits_a_close_frame() {
        let long = bad_request(&"\u{20ac}".repeat(50)).reason;
        assert_eq!(long.len(), 121);
        assert!(long.ends_with('\u{20ac}'));
    }
}
