//! Tests a server: the suite is its client.

use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpStream, ToSocketAddrs as _};

use longwire::Role;
use longwire::handshake::Url;

use crate::answer::{self, Asked, Judged, Response};
use crate::case::{Answer, Case, Opening, Wire};
use crate::conversation::Conversation;
use crate::extension::{self, Agreed};
use crate::handshake::{Draft, Head, head_len, new_key};
use crate::link::Link;
use crate::options::Options;
use crate::report::Report;
use crate::runner::{self, Opened, Opener, Progress};
use crate::verdict::Verdict;

/// Why a server cannot be tested.
#[derive(Debug)]
#[non_exhaustive]
pub enum TargetError {
    /// It is no `ws:` URL: why.
    Url(String),
    /// TLS: the suite speaks TCP alone.
    Secure,
    /// The name has no address.
    Resolve(io::Error),
    /// Nobody listens there.
    Connect(io::Error),
}

impl fmt::Display for TargetError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url(reason) => write!(out, "no WebSocket URL: {reason}"),
            Self::Secure => write!(out, "wss: is not tested, give the server's ws: URL"),
            Self::Resolve(error) => write!(out, "the host has no address: {error}"),
            Self::Connect(error) => write!(out, "cannot connect: {error}"),
        }
    }
}

impl std::error::Error for TargetError {}

/// Tests the echo server at `url`, and tells `progress` after each case.
///
/// # Errors
///
/// There is nothing to connect to. A server that takes a connection and does not answer is no error,
/// but fails its cases.
pub fn test_server(
    url: &str,
    options: &Options,
    mut progress: impl FnMut(Progress<'_>),
) -> Result<Report, TargetError> {
    let mut driver = ServerDriver::new(url, options)?;
    driver.connect().map_err(TargetError::Connect)?;
    Ok(runner::run(Role::Server, url.to_owned(), &mut driver, options, &mut progress))
}

#[derive(Debug)]
struct ServerDriver<'a> {
    addresses: Vec<SocketAddr>,
    host: String,
    target: String,
    options: &'a Options,
    /// Whether it agrees to permessage-deflate, once that is known.
    deflate: Option<bool>,
}

impl<'a> ServerDriver<'a> {
    fn new(url: &str, options: &'a Options) -> Result<Self, TargetError> {
        let url = Url::parse(url).map_err(|error| TargetError::Url(error.to_string()))?;
        if url.is_secure() {
            return Err(TargetError::Secure);
        }
        let addresses =
            (url.host(), url.port()).to_socket_addrs().map_err(TargetError::Resolve)?.collect();
        let host = if url.host().contains(':') {
            format!("[{}]:{}", url.host(), url.port())
        } else {
            format!("{}:{}", url.host(), url.port())
        };
        let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
        let target = format!("{}{query}", url.path());
        Ok(Self { addresses, host, target, options, deflate: None })
    }

    fn connect(&self) -> io::Result<Link> {
        let mut last = io::Error::new(io::ErrorKind::NotFound, "the host has no address");
        for address in &self.addresses {
            match TcpStream::connect_timeout(address, self.options.timeout) {
                Ok(stream) => return Link::new(stream, self.options),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// Sends a request and reads the answer.
    fn ask(&self, link: &mut Link, request: &Draft, wire: Wire, key: &str) -> (Head, Response) {
        let known = [("host", self.host.as_str()), ("target", &self.target), ("key", key)];
        let mut bytes = request.render(&known);
        let head = head_len(&bytes).and_then(|len| Head::parse(&bytes[..len]).ok());
        for line in String::from_utf8_lossy(&bytes).lines().take(16).filter(|line| !line.is_empty())
        {
            link.note(format_args!("→ {line:.200}"));
        }
        for frame in &request.frames {
            link.note(format_args!("→ {frame}"));
            frame.encode(Role::Client, &mut bytes);
        }
        link.write(&bytes, wire);
        (head.unwrap_or_default(), answer::read_head(link))
    }

    fn open_with(&self, request: &Draft, wire: Wire, answer: Answer, case: &Case) -> Opened {
        let mut link = match self.connect() {
            Ok(link) => link,
            Err(error) => return Opened::Unreachable(error.to_string()),
        };
        let key = new_key();
        let (sent, response) = self.ask(&mut link, request, wire, &key);
        let listed = sent.values("Sec-WebSocket-Protocol").into_iter().flat_map(|v| v.split(','));
        let asked = Asked {
            key: sent.values("Sec-WebSocket-Key").first().copied().unwrap_or(&key),
            offers: extension::extensions(&sent).unwrap_or_default(),
            subprotocols: listed.map(|name| name.trim().to_owned()).collect(),
        };
        match answer::judge(answer, response, &asked, &mut link) {
            Judged::Decided(verdict) => Opened::Decided(verdict, link.into_log()),
            Judged::Open(agreed) => self.opened(link, agreed, case),
        }
    }

    fn opened(&self, link: Link, agreed: Option<Agreed>, case: &Case) -> Opened {
        let needed = match case.opening {
            Opening::Plain => self.options.deflate,
            Opening::Deflate { .. } => true,
            _ => false,
        };
        if needed && agreed.is_none() {
            let reason = "the server declines the offer of permessage-deflate".to_owned();
            return Opened::Decided(Verdict::Skipped(reason), link.into_log());
        }
        Opened::Open(Conversation::new(link, Role::Server, agreed))
    }

    /// Whether the server agrees to permessage-deflate at all; asked once.
    fn has_deflate(&mut self) -> bool {
        if let Some(known) = self.deflate {
            return known;
        }
        let offer = format!("{}: {}", extension::HEADER, extension::DEFLATE);
        let Ok(mut link) = self.connect() else { return true };
        let request = Draft::request().and(offer);
        let (_, response) = self.ask(&mut link, &request, Wire::Whole, &new_key());
        let Response::Head(head) = response else { return true };
        let agreed = !head.values(extension::HEADER).is_empty();
        self.deflate = Some(agreed);
        Conversation::new(link, Role::Server, None).say_goodbye();
        agreed
    }
}

impl Opener for ServerDriver<'_> {
    const PATIENCE: usize = 3;

    fn open(&mut self, case: &Case) -> Opened {
        match &case.opening {
            Opening::Plain if self.options.deflate => {
                let offer = format!("{}: {}", extension::HEADER, extension::DEFLATE);
                self.open_with(&Draft::request().and(offer), Wire::Whole, Answer::Upgraded, case)
            }
            Opening::Plain => {
                let without = Answer::UpgradedWithout(extension::HEADER);
                self.open_with(&Draft::request(), Wire::Whole, without, case)
            }
            Opening::Deflate { offer, .. } => {
                let offer = format!("{}: {}{offer}", extension::HEADER, extension::DEFLATE);
                self.open_with(&Draft::request().and(offer), Wire::Whole, Answer::Upgraded, case)
            }
            Opening::Request { request, wire, answer } => {
                let about_deflate = matches!(
                    answer,
                    Answer::Deflate(_) | Answer::DeflateAgreed | Answer::DeflateDeclined
                );
                if about_deflate && !self.has_deflate() {
                    let reason = "the server does not agree to permessage-deflate".to_owned();
                    return Opened::Decided(Verdict::Skipped(reason), Vec::new());
                }
                self.open_with(request, *wire, *answer, case)
            }
            Opening::Response { .. } | Opening::Asked(_) => {
                let reason = "a case for clients".to_owned();
                Opened::Decided(Verdict::Skipped(reason), Vec::new())
            }
        }
    }
}
