//! Connections that come and go: each is opened, shakes hands, and is closed at once, over and over.
//!
//! They come in small crowds, whose members take each step together, so that the server finds work
//! for several of them when it wakes up, as a busy one does.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};

use crate::client::{Speech, Target};
use crate::cpu::cpu_time;

/// How many connections are open at a time.
pub const CROWD: usize = 64;

/// A masked Close with 1000, with the masking key 0 (RFC 6455 §5.5.1).
const CLOSE: [u8; 8] = [0x88, 0x82, 0, 0, 0, 0, 0x03, 0xE8];
/// What it is answered with.
const CLOSE_REPLY: [u8; 4] = [0x88, 0x02, 0x03, 0xE8];

/// What stands for the request where no WebSocket is spoken, about as long as one.
const RAW_REQUEST: [u8; 160] = [b'r'; 160];

/// What came and went within a time.
#[derive(Clone, Copy, Debug)]
pub struct Slice {
    /// How many connections.
    pub connections: usize,
    /// The server's CPU time.
    pub server_cpu: Duration,
}

/// Keeps the server, which is the process `pid`, busy with connections for a time.
///
/// # Errors
/// The server refuses one, answers it wrongly, or has no such process.
pub fn slice(target: &Target, pid: u32, length: Duration) -> Result<Slice> {
    let before = cpu_time(pid)?;
    let start = Instant::now();
    let mut connections = 0;
    while start.elapsed() < length {
        crowd(target).with_context(|| format!("{}", target.address))?;
        connections += CROWD;
    }
    Ok(Slice { connections, server_cpu: cpu_time(pid)?.saturating_sub(before) })
}

/// One crowd, from the first SYN to the last FIN.
fn crowd(target: &Target) -> Result<()> {
    let mut streams = Vec::with_capacity(CROWD);
    for number in 0..CROWD {
        streams.push(target.dial(number)?);
    }
    if target.speech == Speech::Raw {
        exchange(&mut streams, &RAW_REQUEST, &RAW_REQUEST)?;
        return exchange(&mut streams, &CLOSE, &CLOSE);
    }
    let mut asked = Vec::with_capacity(CROWD);
    for stream in &mut streams {
        asked.push(target.ask(stream)?);
    }
    for (stream, asked) in streams.iter_mut().zip(&asked) {
        target.read_response(stream, asked)?;
    }
    exchange(&mut streams, &CLOSE, &CLOSE_REPLY)?;
    for stream in &mut streams {
        // RFC 6455 §7.1.1: the server is the one to end the TCP connection.
        let rest = stream.read(&mut [0])?;
        ensure!(rest == 0, "the server goes on after its Close");
    }
    Ok(())
}

/// Sends the same on all connections, then reads the same from each.
fn exchange(streams: &mut [TcpStream], sent: &[u8], wanted: &[u8]) -> Result<()> {
    for stream in &mut *streams {
        stream.write_all(sent)?;
    }
    let mut reply = [0; RAW_REQUEST.len()];
    let reply = reply.get_mut(..wanted.len()).context("the reply is too long")?;
    for stream in streams {
        stream.read_exact(reply)?;
        ensure!(*reply == *wanted, "the reply is {reply:02x?}");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::raw_echo;
    use std::net::TcpListener;

    #[test]
    fn a_crowd_comes_and_goes_and_a_wrong_answer_is_an_error() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(|| raw_echo::serve(listener));
        crowd(&Target { address, speech: Speech::Raw }).unwrap();
        // It sends the request back, which is no response.
        crowd(&Target { address, speech: Speech::Plain }).unwrap_err();
    }

    #[test]
    fn nothing_is_opened_in_no_time() {
        let target = Target { address: ([127, 0, 0, 1], 1).into(), speech: Speech::Plain };
        let slice = slice(&target, std::process::id(), Duration::ZERO).unwrap();
        assert_eq!(slice.connections, 0);
    }
}
