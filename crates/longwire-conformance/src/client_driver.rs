//! Tests a client: the suite is its server. The client connects again and again, and sends back
//! what it receives.

use std::io;
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use longwire::Role;

use crate::answer::{Response, read_head};
use crate::case::{Asked, Case, Opening, Wire};
use crate::conversation::Conversation;
use crate::extension::{self, Agreed, Extension};
use crate::handshake::{Draft, Head, accept};
use crate::link::Link;
use crate::options::Options;
use crate::report::Report;
use crate::runner::{self, Opened, Opener, Progress};
use crate::verdict::Verdict;

/// Between two looks at the listener.
const ACCEPT_INTERVAL: Duration = Duration::from_millis(2);
/// Answers to an offer of permessage-deflate: one of them fits any offer (RFC 7692 §7.1).
const ANSWERS: [&str; 4] = [
    "",
    "; server_no_context_takeover",
    "; server_max_window_bits=9",
    "; server_no_context_takeover; server_max_window_bits=9",
];
/// The most keys that are remembered.
const MAX_KEYS: usize = 10_000;

/// Tests the client that connects to `listener`, one connection a case, and tells `progress` after
/// each. The client is to echo each message, and to connect again when a connection has ended,
/// however it did.
///
/// # Errors
///
/// The listener cannot be used. A client that does not come is no error, but fails its cases.
pub fn test_client(
    listener: &TcpListener,
    options: &Options,
    mut progress: impl FnMut(Progress<'_>),
) -> io::Result<Report> {
    listener.set_nonblocking(true)?;
    let peer = format!("that connects to {}", listener.local_addr()?);
    let mut driver = ClientDriver { listener, options, keys: Vec::new() };
    Ok(runner::run(Role::Client, peer, &mut driver, options, &mut progress))
}

#[derive(Debug)]
struct ClientDriver<'a> {
    listener: &'a TcpListener,
    options: &'a Options,
    /// The keys of all connections so far.
    keys: Vec<String>,
}

impl ClientDriver<'_> {
    fn accept(&self) -> io::Result<TcpStream> {
        let until = Instant::now() + self.options.accept_timeout;
        loop {
            match self.listener.accept() {
                Ok((stream, _)) => return Ok(stream),
                Err(error) => match error.kind() {
                    io::ErrorKind::WouldBlock if Instant::now() < until => {
                        thread::sleep(ACCEPT_INTERVAL);
                    }
                    io::ErrorKind::WouldBlock => {
                        return Err(io::Error::new(io::ErrorKind::TimedOut, "no client connects"));
                    }
                    io::ErrorKind::Interrupted | io::ErrorKind::ConnectionAborted => {}
                    _ => return Err(error),
                },
            }
        }
    }

    /// Sends the response, and says what was agreed on; or why the case does not apply.
    fn respond(
        &self,
        link: &mut Link,
        request: &Head,
        case: &Case,
    ) -> Result<Option<Agreed>, String> {
        let key = request.values("Sec-WebSocket-Key").first().copied().unwrap_or_default();
        let offers = extension::extensions(request).unwrap_or_default();
        let (mut draft, mut wire, mut agreed) = (Draft::response(), Wire::Whole, None);
        match &case.opening {
            Opening::Response { response, wire: how, applies } => {
                applies(request)?;
                (draft, wire) = (response.clone(), *how);
            }
            Opening::Deflate { answer, .. } => (draft, agreed) = agree(draft, &offers, answer)?,
            Opening::Plain if self.options.deflate => {
                let mut answers = ANSWERS.iter();
                let fitting = answers.find_map(|answer| agree(draft.clone(), &offers, answer).ok());
                (draft, agreed) = fitting.ok_or("the client offers no permessage-deflate")?;
            }
            Opening::Plain | Opening::Request { .. } | Opening::Asked(_) => {}
        }
        let mut bytes = draft.render(&[("accept", &accept(key)), ("key", key)]);
        for line in String::from_utf8_lossy(&bytes).lines().filter(|line| !line.is_empty()) {
            link.note(format_args!("→ {line:.200}"));
        }
        for frame in &draft.frames {
            link.note(format_args!("→ {frame}"));
            frame.encode(Role::Server, &mut bytes);
        }
        link.write(&bytes, wire);
        Ok(agreed)
    }
}

impl Opener for ClientDriver<'_> {
    /// A client that does not come for so long comes no more.
    const PATIENCE: usize = 1;

    fn open(&mut self, case: &Case) -> Opened {
        let link = self.accept().and_then(|stream| Link::new(stream, self.options));
        let mut link = match link {
            Ok(link) => link,
            Err(error) => return Opened::Unreachable(error.to_string()),
        };
        let request = match read_head(&mut link) {
            Response::Head(head) => head,
            Response::Dropped => return failed("TCP ended without a request", link),
            Response::Nothing => return failed("no request came", link),
            Response::Malformed(reason) => return failed(&reason, link),
        };
        let behind = link.unused().to_vec();
        let agreed = match self.respond(&mut link, &request, case) {
            Ok(agreed) => agreed,
            Err(reason) => return Opened::Decided(Verdict::Skipped(reason), link.into_log()),
        };
        let mut conversation = Conversation::new(link, Role::Client, agreed);
        if let Opening::Asked(check) = case.opening {
            let asked = Asked { head: &request, behind: &behind, earlier_keys: &self.keys };
            let verdict = check(&asked).map_or_else(Verdict::Fail, |()| Verdict::Pass);
            self.remember(&request);
            conversation.say_goodbye();
            return Opened::Decided(verdict, conversation.link.into_log());
        }
        self.remember(&request);
        Opened::Open(conversation)
    }
}

impl ClientDriver<'_> {
    fn remember(&mut self, request: &Head) {
        if self.keys.len() < MAX_KEYS {
            self.keys
                .extend(request.values("Sec-WebSocket-Key").first().map(|&key| key.to_owned()));
        }
    }
}

/// The response with permessage-deflate and these parameters, if they answer the offers.
fn agree(
    response: Draft,
    offers: &[Extension],
    parameters: &str,
) -> Result<(Draft, Option<Agreed>), String> {
    let line = format!("{}: {}{parameters}", extension::HEADER, extension::DEFLATE);
    let answer = Head::parse(format!("\r\n{line}").as_bytes())
        .and_then(|head| extension::extensions(&head))?;
    let agreed = extension::agreed(offers, &answer)
        .map_err(|_| "the client does not offer that of permessage-deflate")?;
    Ok((response.and(line), agreed))
}

fn failed(reason: &str, link: Link) -> Opened {
    Opened::Decided(Verdict::Fail(reason.to_owned()), link.into_log())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_the_answers_fits_any_offer() {
        for (offer, right) in [
            ("", 0),
            ("; client_max_window_bits", 0),
            ("; server_no_context_takeover", 1),
            ("; server_max_window_bits=9", 2),
            ("; server_max_window_bits=15; client_no_context_takeover", 2),
            ("; server_max_window_bits=12; server_no_context_takeover", 3),
        ] {
            let request = format!("\r\n{}: {}{offer}", extension::HEADER, extension::DEFLATE);
            let offers = Head::parse(request.as_bytes())
                .and_then(|head| extension::extensions(&head))
                .unwrap();
            let fits = |answer: &&str| agree(Draft::response(), &offers, answer).is_ok();
            assert_eq!(ANSWERS.iter().position(fits), Some(right), "{offer}");
        }
    }
}
