//! An HTTP/1.1 client on a pipe: one request at a time, and its answer as it comes.

use std::collections::VecDeque;

use super::pipe::Pipe;
use super::world::API_KEY;

/// How the body of an answer ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Body {
    /// The head has not come.
    NoHead,
    Sized(usize),
    Chunked,
    Complete,
}

pub(crate) struct Http {
    pub(crate) pipe: Pipe,
    requests: VecDeque<String>,
    /// Whether the first request has been sent.
    asked: bool,
    received: Vec<u8>,
    state: Body,
    pub(crate) status: u16,
    /// Of the body, what has come and not been taken.
    pub(crate) body: Vec<u8>,
}

pub(crate) fn get(target: &str, lines: &str) -> String {
    format!("GET {target} HTTP/1.1\r\nHost: a\r\n{lines}\r\n")
}

pub(crate) fn post(target: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "POST {target} HTTP/1.1\r\nHost: a\r\nX-API-Key: {API_KEY}\r\n\
         Content-Length: {length}\r\n\r\n{body}"
    )
}

impl Http {
    pub(crate) fn new(pipe: Pipe) -> Self {
        Self {
            pipe,
            requests: VecDeque::new(),
            asked: false,
            received: Vec::new(),
            state: Body::NoHead,
            status: 0,
            body: Vec::new(),
        }
    }

    /// Sends a request when those before it have been answered.
    pub(crate) fn ask(&mut self, request: String) {
        self.requests.push_back(request);
        self.ask_next();
    }

    /// Goes on over another connection: the server closes one that has been quiet for long, and never
    /// in the middle of a request that it has read.
    pub(crate) fn reopen(&mut self, pipe: Pipe) {
        // Its last answer may not have been looked at.
        self.read();
        if self.is_complete() {
            self.requests.pop_front();
        }
        (self.pipe, self.asked, self.state) = (pipe, false, Body::NoHead);
        self.received.clear();
        self.ask_next();
    }

    fn ask_next(&mut self) {
        if !self.asked
            && let Some(request) = self.requests.front()
        {
            self.pipe.say(request.as_bytes());
            self.asked = true;
        }
    }

    /// Takes what has come of the answer.
    pub(crate) fn read(&mut self) {
        self.received.extend_from_slice(&self.pipe.take());
        if self.received.is_empty() {
            return;
        }
        if self.state == Body::NoHead && !self.read_head() {
            return;
        }
        match self.state {
            Body::Sized(missing) => {
                let part = missing.min(self.received.len());
                self.body.extend_from_slice(&self.received[..part]);
                self.received.drain(..part);
                self.state =
                    if part == missing { Body::Complete } else { Body::Sized(missing - part) };
            }
            Body::Chunked => while self.read_chunk() {},
            Body::NoHead | Body::Complete => {}
        }
    }

    fn read_head(&mut self) -> bool {
        let Some(end) = find(&self.received, b"\r\n\r\n") else { return false };
        let head = str::from_utf8(&self.received[..end]).expect("a head in ASCII").to_lowercase();
        self.received.drain(..end + 4);
        self.status = head[9..12].parse().expect("a status");
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        self.state = if head.contains("transfer-encoding: chunked") {
            Body::Chunked
        } else {
            Body::Sized(length.map_or(0, |length| length.parse().expect("a length")))
        };
        true
    }

    /// RFC 9112 §7.1.
    fn read_chunk(&mut self) -> bool {
        let Some(line) = find(&self.received, b"\r\n") else { return false };
        let size = str::from_utf8(&self.received[..line]).expect("a size in ASCII");
        let size = usize::from_str_radix(size, 16).expect("a size");
        let end = line + 2 + size + 2;
        if self.state == Body::Complete || self.received.len() < end {
            return false;
        }
        assert_eq!(&self.received[end - 2..end], b"\r\n", "the end of a chunk");
        self.body.extend_from_slice(&self.received[line + 2..end - 2]);
        self.received.drain(..end);
        if size == 0 {
            self.state = Body::Complete;
        }
        true
    }

    /// Takes what has come of the body up to the last of these.
    pub(crate) fn take_through(&mut self, end: &[u8]) -> String {
        let end = self.body.windows(end.len()).rposition(|it| it == end).map(|at| at + end.len());
        let rest = self.body.split_off(end.unwrap_or(0));
        String::from_utf8(std::mem::replace(&mut self.body, rest)).expect("text")
    }

    /// Whether the answer has come to its end.
    pub(crate) fn is_complete(&self) -> bool {
        self.state == Body::Complete
    }

    /// Whether nothing more comes of it.
    pub(crate) fn is_over(&self) -> bool {
        self.is_complete() || self.pipe.is_ended()
    }

    /// A complete answer, and room for the next one.
    pub(crate) fn answer(&mut self) -> Option<(u16, String)> {
        if !self.is_complete() {
            return None;
        }
        self.requests.pop_front();
        (self.asked, self.state) = (false, Body::NoHead);
        self.ask_next();
        let body = String::from_utf8(std::mem::take(&mut self.body)).expect("a body in UTF-8");
        Some((self.status, body))
    }

    /// Whether it waits for an answer.
    pub(crate) fn is_waiting(&self) -> bool {
        !self.requests.is_empty()
    }
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|it| it == what)
}
