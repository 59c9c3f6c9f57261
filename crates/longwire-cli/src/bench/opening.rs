//! Opening the connections to one server: TCP and the opening handshake, some dozens at a time.
//!
//! Any that fails ends it all: a load on fewer connections than were asked for says nothing.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, bail, ensure};
use longwire::handshake::{
    ClientRequest, DeflateOffer, DeflateParams, HeadLimits, HeadScanner, Response, Status, Url,
};
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use socket2::{Domain, Protocol, Socket, Type};

use super::Deflate;
use super::lane::{Lane, Wire};
use super::progress::Progress;
use super::target::Target;
use crate::random::random;

/// So many connections are being opened at a time: fewer than the queue of any listener takes.
const WINDOW: usize = 64;
/// From one address, so many connections to one server find a free port soon. Linux takes every
/// second one of some 28,000 first, and has to look long when most of these are taken.
const CONNECTIONS_PER_ADDRESS: usize = 10_000;
/// How long it sleeps at most, before it looks for connections that take too long.
const LONGEST_SLEEP: Duration = Duration::from_millis(100);
const BUFFER_BYTES: usize = 4096;

/// What is to be opened.
pub(super) struct Plan<'a> {
    pub(super) target: &'a Target,
    pub(super) connections: usize,
    /// How many have been opened to other servers.
    pub(super) opened_before: usize,
    pub(super) size_bytes: usize,
    pub(super) deflate: Deflate,
    pub(super) timeout: Duration,
    /// This process, which has addresses to come from for itself.
    pub(super) process: u32,
}

/// All connections to a server.
pub(super) struct Opened {
    /// Each is registered for reading and writing, with its index as its token.
    pub(super) poll: Poll,
    pub(super) lanes: Vec<Lane>,
    /// What was agreed about permessage-deflate, on all of them.
    pub(super) deflate: Option<DeflateParams>,
}

pub(super) fn open(plan: &Plan<'_>, progress: &mut Progress) -> Result<Opened> {
    let address = plan.target.resolve(plan.timeout)?;
    let mut poll = Poll::new()?;
    let mut events = Events::with_capacity(WINDOW);
    let mut places: Vec<Place> = Vec::with_capacity(plan.connections);
    let (mut oldest, mut open) = (0, 0);
    let mut agreed: Option<Option<DeflateParams>> = None;
    while open < plan.connections {
        while places.len() < plan.connections && places.len() - open < WINDOW {
            let index = places.len();
            let opening = Opening::start(plan, address, index, &poll);
            places.push(Place::Opening(opening.map_err(|error| plan.complain(index, error))?));
        }
        match poll.poll(&mut events, Some(LONGEST_SLEEP)) {
            Err(error) if error.kind() != ErrorKind::Interrupted => return Err(error.into()),
            _ => {}
        }
        for index in events.iter().map(|event| event.token().0) {
            let done = places[index].advance(plan).map_err(|error| plan.complain(index, error))?;
            let Some(deflate) = done else { continue };
            open += 1;
            ensure!(
                *agreed.get_or_insert(deflate) == deflate,
                "{}: permessage-deflate is agreed to otherwise on connection {} than before",
                plan.target.name(),
                index + 1
            );
        }
        while matches!(places.get(oldest), Some(Place::Open(_))) {
            oldest += 1;
        }
        if let Some(Place::Opening(opening)) = places.get(oldest)
            && opening.start.elapsed() > plan.timeout
        {
            let error = anyhow!("{} (--timeout)", opening.phase.overdue());
            return Err(plan.complain(oldest, error));
        }
        progress.say(|| {
            let name = plan.target.name();
            format!("{name}: {open} of {} connections are open", plan.connections)
        });
    }
    let lanes = places.into_iter().filter_map(|place| match place {
        Place::Open(lane) => Some(*lane),
        _ => None,
    });
    Ok(Opened { poll, lanes: lanes.collect(), deflate: agreed.flatten() })
}

impl Plan<'_> {
    fn complain(&self, index: usize, error: anyhow::Error) -> anyhow::Error {
        let (name, number, of) = (self.target.name(), index + 1, self.connections);
        error.context(format!("{name}: cannot open connection {number} of {of}"))
    }

    /// The address that connection `index` comes from; `None`: the system chooses. One address has
    /// too few ports for many connections, but a machine has 16 million addresses towards itself. Those
    /// of another process would not do: a port that was chosen by `bind` is taken on that address for a
    /// minute after its connection has ended.
    fn source(&self, index: usize, server: SocketAddr) -> Option<SocketAddr> {
        let is_loopback = server.is_ipv4() && server.ip().is_loopback();
        if !is_loopback || self.connections <= CONNECTIONS_PER_ADDRESS {
            return None;
        }
        let number = (self.opened_before + index) / CONNECTIONS_PER_ADDRESS;
        let first = u32::from(Ipv4Addr::new(127, 0, 0, 2)) + ((self.process & 0x7FFF) << 8);
        let address = first.checked_add(u32::try_from(number).ok()?)?;
        Some(SocketAddr::new(IpAddr::V4(address.into()), 0))
    }

    fn request<'a>(&self, url: Url<'a>, nonce: [u8; 16]) -> ClientRequest<'a> {
        let no_takeover = self.deflate == Deflate::NoTakeover;
        let offer = DeflateOffer {
            server_no_context_takeover: no_takeover,
            client_no_context_takeover: no_takeover,
            ..DeflateOffer::default()
        };
        let mut request = ClientRequest::new(url, nonce);
        request.deflate = (self.deflate != Deflate::None).then_some(offer);
        request
    }
}

/// One connection, on its way or there.
enum Place {
    Opening(Opening),
    Open(Box<Lane>),
    /// For a moment only.
    Moving,
}

impl Place {
    /// Goes on as far as it goes. When the connection is open: what was agreed.
    fn advance(&mut self, plan: &Plan<'_>) -> Result<Option<Option<DeflateParams>>> {
        let Self::Opening(opening) = self else { return Ok(None) };
        let Some(deflate) = opening.advance(plan)? else { return Ok(None) };
        let Self::Opening(opening) = std::mem::replace(self, Self::Moving) else {
            return Ok(None);
        };
        let wire = match plan.target.is_raw {
            true => Wire::Raw,
            false => Wire::websocket(plan.size_bytes, deflate),
        };
        *self = Self::Open(Box::new(Lane::new(opening.stream, wire, opening.received)));
        Ok(Some(deflate))
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// TCP's handshake is under way.
    Connecting,
    /// The request is out.
    Asked,
}

impl Phase {
    fn overdue(self) -> &'static str {
        match self {
            Self::Connecting => "the server did not accept it in time",
            Self::Asked => "the server did not answer the handshake in time",
        }
    }
}

/// A connection on its way.
struct Opening {
    stream: TcpStream,
    phase: Phase,
    start: Instant,
    nonce: [u8; 16],
    scanner: HeadScanner,
    received: Vec<u8>,
}

impl Opening {
    fn start(plan: &Plan<'_>, address: SocketAddr, index: usize, poll: &Poll) -> Result<Self> {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))
            .context("no socket")?;
        socket.set_nonblocking(true)?;
        socket.set_tcp_nodelay(true)?;
        if let Some(source) = plan.source(index, address) {
            socket.bind(&source.into()).with_context(|| format!("no port on {source}"))?;
        }
        match socket.connect(&address.into()) {
            Err(error) if !is_under_way(&error) => return Err(error.into()),
            _ => {}
        }
        let mut stream = TcpStream::from_std(socket.into());
        let interest = Interest::READABLE | Interest::WRITABLE;
        poll.registry().register(&mut stream, Token(index), interest)?;
        Ok(Self {
            stream,
            phase: Phase::Connecting,
            start: Instant::now(),
            nonce: random(),
            scanner: HeadScanner::new(HeadLimits::DEFAULT),
            received: Vec::new(),
        })
    }

    /// What was agreed about compression, once the connection is open.
    fn advance(&mut self, plan: &Plan<'_>) -> Result<Option<Option<DeflateParams>>> {
        if self.phase == Phase::Connecting {
            if let Some(error) = self.stream.take_error()? {
                return Err(error.into());
            }
            match self.stream.peer_addr() {
                Err(error) if error.kind() == ErrorKind::NotConnected => return Ok(None),
                other => other?,
            };
            self.phase = Phase::Asked;
            let Some(url) = plan.target.websocket_url() else { return Ok(Some(None)) };
            let mut request = [0; BUFFER_BYTES];
            let len = plan.request(url, self.nonce).encode(&mut request)?;
            // The buffer of a new socket is empty: it takes a request.
            self.stream.write_all(&request[..len]).context("cannot send the request")?;
        }
        let Some(url) = plan.target.websocket_url() else { return Ok(Some(None)) };
        let mut buffer = [0; BUFFER_BYTES];
        let mut has_ended = false;
        while !has_ended {
            match self.stream.read(&mut buffer) {
                Ok(0) => has_ended = true,
                Ok(read) => self.received.extend_from_slice(&buffer[..read]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error).context("the server did not answer the handshake"),
            }
        }
        let agreed = self.answer(&plan.request(url, self.nonce), plan.deflate)?;
        ensure!(
            agreed.is_some() || !has_ended,
            "the server ended the connection before it answered the handshake"
        );
        Ok(agreed)
    }

    /// Looks at the response, once it is there.
    fn answer(
        &mut self,
        request: &ClientRequest<'_>,
        wanted: Deflate,
    ) -> Result<Option<Option<DeflateParams>>> {
        loop {
            let Status::Complete(head) = self.scanner.scan(&self.received)? else {
                return Ok(None);
            };
            let response = Response::parse(head)?;
            let status = response.status();
            // RFC 9110 §15.2: behind any 1xx but 101 another response comes, though nobody asked.
            let is_interim = matches!(status, 100 | 102..=199);
            ensure!(
                status == 101 || is_interim,
                "the server refused the handshake with status {status}"
            );
            let deflate = match is_interim {
                true => None,
                false => request.verify(&response).context("not a valid handshake")?.deflate,
            };
            self.received.drain(..self.scanner.examined_bytes());
            if !is_interim {
                check_agreed(wanted, deflate)?;
                return Ok(Some(deflate));
            }
            self.scanner = HeadScanner::new(HeadLimits::DEFAULT);
        }
    }
}

/// What is measured has to be what was asked for.
fn check_agreed(wanted: Deflate, agreed: Option<DeflateParams>) -> Result<()> {
    match (wanted, agreed) {
        (Deflate::None, _) => Ok(()),
        (_, None) => bail!("the server does not agree to permessage-deflate"),
        // RFC 7692 §7.1.1.1: a server may decline takeover though the client would allow it.
        (Deflate::Takeover, Some(params)) if params.server_no_context_takeover => {
            bail!("the server does not keep its context: --deflate measures it")
        }
        _ => Ok(()),
    }
}

fn is_under_way(error: &std::io::Error) -> bool {
    // EINPROGRESS has no name in `ErrorKind` that is stable.
    error.kind() == ErrorKind::WouldBlock
        || error.raw_os_error() == Some(rustix::io::Errno::INPROGRESS.raw_os_error())
}

#[cfg(test)]
mod tests {
    use super::{Deflate, DeflateParams, IpAddr, Plan, Target, check_agreed};
    use std::time::Duration;

    #[test]
    fn many_connections_to_this_machine_come_from_several_addresses() {
        // The server, how many connections, how many to other servers before; which one it is, and
        // where it comes from, in process 0.
        let table = [
            ("127.0.0.1:80", 10_000, 0, 9_999, None),
            ("127.0.0.1:80", 10_001, 0, 0, Some("127.0.0.2:0")),
            ("127.0.0.1:80", 10_001, 0, 9_999, Some("127.0.0.2:0")),
            ("127.0.0.1:80", 10_001, 0, 10_000, Some("127.0.0.3:0")),
            ("127.0.0.1:80", 20_000, 20_000, 0, Some("127.0.0.4:0")),
            ("127.0.0.1:80", 3_000_000, 0, 2_999_999, Some("127.0.1.45:0")),
            ("192.0.2.1:80", 20_000, 0, 0, None),
            ("[::1]:80", 20_000, 0, 0, None),
        ];
        let target = Target::parse("ws://127.0.0.1/").unwrap();
        for (server, connections, opened_before, index, expected) in table {
            let plan = Plan {
                target: &target,
                connections,
                opened_before,
                size_bytes: 0,
                deflate: Deflate::None,
                timeout: Duration::ZERO,
                process: 0,
            };
            let source = plan.source(index, server.parse().unwrap());
            assert_eq!(source, expected.map(|text| text.parse().unwrap()), "{server}, {index}");
            // Process 0x12345 is as far from it as its last 15 bits say.
            let other =
                Plan { process: 0x0001_2345, ..plan }.source(index, server.parse().unwrap());
            let distance =
                other.zip(source).map(|(other, source)| match (other.ip(), source.ip()) {
                    (IpAddr::V4(other), IpAddr::V4(source)) => u32::from(other) - u32::from(source),
                    _ => 0,
                });
            assert_eq!(distance, source.map(|_| 0x0023_4500), "{server}, {index}");
        }
    }

    #[test]
    fn what_is_agreed_has_to_be_what_was_asked_for() {
        let kept = DeflateParams::default();
        let forgotten = DeflateParams { server_no_context_takeover: true, ..kept };
        let client_forgets = DeflateParams { client_no_context_takeover: true, ..kept };
        let table = [
            (Deflate::None, None, true),
            (Deflate::NoTakeover, None, false),
            (Deflate::NoTakeover, Some(forgotten), true),
            (Deflate::Takeover, None, false),
            (Deflate::Takeover, Some(kept), true),
            (Deflate::Takeover, Some(forgotten), false),
            // Nothing that is sent refers to what was sent before: it makes no difference.
            (Deflate::Takeover, Some(client_forgets), true),
        ];
        for (wanted, agreed, is_right) in table {
            let checked = check_agreed(wanted, agreed);
            assert_eq!(checked.is_ok(), is_right, "{wanted:?}, {agreed:?}: {checked:?}");
        }
    }
}
