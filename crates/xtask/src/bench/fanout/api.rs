//! What `longwire serve` is asked over its HTTP API: how many have subscribed.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::longwire::API_KEY;

/// How long an answer may take.
const LIMIT: Duration = Duration::from_secs(10);
/// How often it is asked again.
const POLL: Duration = Duration::from_millis(5);

/// How many have subscribed to the one channel that there is.
pub(super) fn subscribers(address: SocketAddr) -> Result<usize> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(LIMIT))?;
    write!(
        stream,
        "POST /api/channels HTTP/1.1\r\nHost: {address}\r\nX-API-Key: {API_KEY}\r\n\
         Content-Length: 2\r\nConnection: close\r\n\r\n{{}}"
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    count(&answer).with_context(|| format!("how many have subscribed? {answer}"))
}

/// Waits until so many have.
pub(super) fn expect_subscribers(address: SocketAddr, wanted: usize) -> Result<()> {
    let deadline = Instant::now() + LIMIT;
    loop {
        let now = subscribers(address)?;
        if now == wanted {
            return Ok(());
        }
        ensure!(Instant::now() < deadline, "{now} have subscribed, not {wanted}");
        thread::sleep(POLL);
    }
}

/// The figure in an answer.
fn count(answer: &str) -> Option<usize> {
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let answer: Value = serde_json::from_str(body).ok().filter(|_| head.contains(" 200 "))?;
    let channels = answer.get("result")?.get("channels")?.as_object()?;
    let counts = channels.values().map(|channel| channel.get("num_clients")?.as_u64());
    usize::try_from(counts.sum::<Option<u64>>()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_figure_is_found_or_there_is_none() {
        let table = [
            (" 200 OK", r#"{"result":{"channels":{"bench":{"num_clients":7}}}}"#, Some(7)),
            (" 200 OK", r#"{"result":{"channels":{}}}"#, Some(0)),
            (" 200 OK", r#"{"error":{"code":102}}"#, None),
            (" 401 Unauthorized", "no", None),
        ];
        for (status, body, wanted) in table {
            assert_eq!(count(&format!("HTTP/1.1{status}\r\n\r\n{body}")), wanted, "{body}");
        }
    }
}
