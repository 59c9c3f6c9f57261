//! What an idle connection costs a server in user space: opens many and divides what its process has
//! grown by.

use std::io::{Read, Write};
use std::net::TcpStream;

use anyhow::{Context as _, Result, bail};
use longwire::{Header, OpCode};

use crate::client::{Speech, Target};
use crate::memory::resident_bytes;

/// The connections before the first figure. They bring what a server has once: buffers, a compressor.
const WARM_UP: usize = 64;

/// The message that each connection echoes.
const MESSAGE: [u8; MESSAGE_BYTES as usize] = [b'm'; MESSAGE_BYTES as usize];
const MESSAGE_BYTES: u16 = 128;

/// Bytes of resident user-space memory a connection.
#[derive(Clone, Copy, Debug)]
pub struct Bytes {
    /// With the connection open, and no message sent on it yet.
    pub idle: f64,
    /// After it has echoed a message of 128 bytes and is idle again.
    pub after_an_echo: f64,
}

/// Opens `connections` to the server, which is the process `pid`. They stay open as long as what is
/// returned beside the figures.
///
/// # Errors
/// The server refuses a connection, does not echo, or has no such process.
pub fn measure(target: &Target, pid: u32, connections: usize) -> Result<(Bytes, Vec<TcpStream>)> {
    let speech = target.speech;
    let message = message(speech);
    let mut warm_up = Vec::new();
    for number in 0..WARM_UP {
        let mut stream = target.connect(number)?;
        echo(&mut stream, speech, &message)?;
        warm_up.push(stream);
    }
    let before = resident_bytes(pid)?;
    let mut streams = Vec::with_capacity(connections);
    for number in 0..connections {
        streams.push(target.connect(number).with_context(|| format!("connection {number}"))?);
    }
    let idle = resident_bytes(pid)?;
    for stream in &mut streams {
        echo(stream, speech, &message)?;
    }
    let echoed = resident_bytes(pid)?;
    let each = |after: u64| (after as f64 - before as f64) / connections as f64;
    Ok((Bytes { idle: each(idle), after_an_echo: each(echoed) }, streams))
}

/// What each connection sends.
fn message(speech: Speech) -> Vec<u8> {
    // RFC 7692 §7.2.3.3: a block without compression, which every inflater takes.
    let (low, high) = (MESSAGE_BYTES.to_le_bytes(), (!MESSAGE_BYTES).to_le_bytes());
    let block = [&[0], &low[..], &high, &MESSAGE, &[0]].concat();
    let (payload, rsv1) = match speech {
        Speech::Raw => return MESSAGE.to_vec(),
        Speech::Plain => (&MESSAGE[..], false),
        Speech::Deflate => (&block[..], true),
    };
    let mask = Some([0; 4]);
    let payload_len = payload.len() as u64;
    let header = Header { fin: true, rsv1, opcode: OpCode::Binary, mask, payload_len };
    [header.encode().as_bytes(), payload].concat()
}

/// Sends the message and reads its echo to the end, compressed or not.
fn echo(stream: &mut TcpStream, speech: Speech, message: &[u8]) -> Result<()> {
    stream.write_all(message)?;
    let mut reply = [0; 256];
    if speech == Speech::Raw {
        return Ok(stream.read_exact(&mut reply[..message.len()])?);
    }
    loop {
        let mut header = [0; 2];
        stream.read_exact(&mut header)?;
        let [first, length] = header;
        let length = match length {
            126 => {
                let mut length = [0; 2];
                stream.read_exact(&mut length)?;
                usize::from(u16::from_be_bytes(length))
            }
            127.. => bail!("the reply is too long"),
            length => usize::from(length),
        };
        let payload = reply.get_mut(..length).context("the reply is too long")?;
        stream.read_exact(payload)?;
        match first & 0x8F {
            0x82 => return Ok(()),
            // A server pings those that have been idle for long, which they are on a busy machine.
            0x89 => {}
            other => bail!("the reply begins with {other:#04x}, not with a binary message"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_message_in_each_form() {
        let table: [(Speech, &[u8], &[u8]); 3] = [
            (Speech::Raw, b"mmmm", b"mmmm"),
            (Speech::Plain, &[0x82, 0xFE, 0, 128, 0, 0, 0, 0, b'm'], b"mmmm"),
            (
                Speech::Deflate,
                &[0xC2, 0xFE, 0, 134, 0, 0, 0, 0, 0, 128, 0, 127, 255, b'm'],
                &[b'm', b'm', 0],
            ),
        ];
        for (speech, begins, ends) in table {
            let message = message(speech);
            assert!(message.starts_with(begins) && message.ends_with(ends), "{message:02x?}");
        }
    }
}
