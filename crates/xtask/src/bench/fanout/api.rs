//! The HTTP API of `longwire serve`, on one connection: how many have subscribed, and publications on a
//! channel of which the crowd knows nothing.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::longwire::API_KEY;

/// How long an answer may take.
const LIMIT: Duration = Duration::from_secs(10);
/// How often something is asked again.
const POLL: Duration = Duration::from_millis(5);

/// The channel of the crowd, and that which a subscriber that does not read has for itself, as
/// `benches/src/fanout` calls them.
const CHANNEL: &str = "bench";
const OWN_CHANNEL: &str = "alone";

/// A connection to it.
#[derive(Debug)]
pub(super) struct Api {
    stream: BufReader<TcpStream>,
}

impl Api {
    /// Opens one.
    pub(super) fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(LIMIT))?;
        stream.set_nodelay(true)?;
        Ok(Self { stream: BufReader::new(stream) })
    }

    /// How many have subscribed to the crowd's channel.
    pub(super) fn subscribers(&mut self) -> Result<usize> {
        let answer = self.call("channels", &json!({}))?;
        subscribers(&answer).with_context(|| format!("how many have subscribed? {answer}"))
    }

    /// Waits until so many have.
    pub(super) fn expect_subscribers(&mut self, wanted: usize) -> Result<()> {
        let deadline = Instant::now() + LIMIT;
        loop {
            let now = self.subscribers()?;
            if now == wanted {
                return Ok(());
            }
            ensure!(Instant::now() < deadline, "{now} have subscribed, not {wanted}");
            thread::sleep(POLL);
        }
    }

    /// Publishes on the other channel, one publication after the other.
    pub(super) fn publish_alone(&mut self, count: u32, size_bytes: u32) -> Result<()> {
        let data: String = std::iter::repeat_n('x', size_bytes as usize).collect();
        let body = json!({ "channel": OWN_CHANNEL, "data": data });
        for _ in 0..count {
            let answer = self.call("publish", &body)?;
            ensure!(answer.get("error").is_none(), "the server refuses: {answer}");
        }
        Ok(())
    }

    fn call(&mut self, method: &str, body: &Value) -> Result<Value> {
        let body = body.to_string();
        let length = body.len();
        let request = format!(
            "POST /api/{method} HTTP/1.1\r\nHost: localhost\r\nX-API-Key: {API_KEY}\r\n\
             Content-Length: {length}\r\n\r\n{body}"
        );
        self.stream.get_mut().write_all(request.as_bytes())?;
        let (mut length, mut line) = (None, String::new());
        loop {
            line.clear();
            self.stream.read_line(&mut line)?;
            let line = line.trim_end().to_ascii_lowercase();
            match line.split_once(": ") {
                Some(("content-length", value)) => length = Some(value.parse()?),
                _ if line.is_empty() => break,
                _ => {}
            }
        }
        let mut body = vec![0; length.context("an answer without Content-Length")?];
        self.stream.read_exact(&mut body)?;
        let text = || String::from_utf8_lossy(&body).into_owned();
        serde_json::from_slice(&body).with_context(text)
    }
}

/// The figure in an answer.
fn subscribers(answer: &Value) -> Option<usize> {
    let channel = answer.get("result")?.get("channels")?.get(CHANNEL)?;
    usize::try_from(channel.get("num_clients")?.as_u64()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{Ipv4Addr, TcpListener};

    #[test]
    fn answers_come_one_after_the_other() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let mut api = Api::open(listener.local_addr().unwrap()).unwrap();
        let (mut server, _) = listener.accept().unwrap();
        let bodies = [
            r#"{"result":{"channels":{"bench":{"num_clients":7},"alone":{"num_clients":1}}}}"#,
            r#"{"error":{"code":102}}"#,
            "no\n",
        ];
        for body in bodies {
            let length = body.len();
            write!(server, "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{body}").unwrap();
        }
        assert_eq!(api.subscribers().unwrap(), 7);
        assert!(api.publish_alone(1, 8).unwrap_err().to_string().contains("102"));
        assert!(format!("{:#}", api.subscribers().unwrap_err()).starts_with("no\n"));
        drop(server);
        assert!(api.subscribers().is_err());
    }
}
