//! What the measurements need of a client: connections that block, opened one after the other.

use std::io::{self, Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use longwire::handshake::{
    self, ClientRequest, DeflateOffer, HeadLimits, HeadScanner, Status, Url,
};
use socket2::{Domain, Protocol, Socket, Type};

/// How long a server may take to answer.
const TIMEOUT: Duration = Duration::from_secs(5);

/// From one address, so many connections to one server find a free port soon. Linux takes every
/// second one of some 28,000 first, and has to look long when most of these are taken.
const CONNECTIONS_PER_ADDRESS: usize = 10_000;

/// What a packet of a narrow connection carries at most.
const NARROW_PACKET_BYTES: u32 = 1460;
/// The receive buffer of one, of which Linux takes a part for itself.
const NARROW_BUFFER_BYTES: usize = 8 * 1024;

/// What is spoken on a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speech {
    /// Bytes that come back as they are.
    Raw,
    /// WebSocket.
    Plain,
    /// WebSocket with permessage-deflate, offered as browsers do.
    Deflate,
}

/// A server and how to speak with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Target {
    /// Where it listens.
    pub address: SocketAddr,
    /// What it speaks.
    pub speech: Speech,
}

/// An opening handshake whose response is outstanding.
#[derive(Debug)]
pub struct Asked {
    nonce: [u8; 16],
}

impl Target {
    /// Of `ws://IP:PORT/`, or of `tcp://IP:PORT` for a server that knows no WebSocket.
    ///
    /// # Errors
    /// It is neither, or it is the latter and `deflate` is wanted.
    pub fn parse(url: &str, deflate: bool) -> Result<Self> {
        let (address, speech) = match (url.split_once("://"), deflate) {
            (Some(("tcp", address)), false) => (address, Speech::Raw),
            (Some(("ws", address)), false) => (address, Speech::Plain),
            (Some(("ws", address)), true) => (address, Speech::Deflate),
            _ => bail!("{url} is neither ws://IP:PORT/ nor, without --deflate, tcp://IP:PORT"),
        };
        let address = address.trim_end_matches('/');
        let address = address.parse().with_context(|| format!("{address} is no IP:PORT"))?;
        Ok(Self { address, speech })
    }

    /// Opens a TCP connection, the one of this number among those that are open at a time.
    ///
    /// # Errors
    /// The server does not take it.
    pub fn dial(&self, number: usize) -> Result<TcpStream> {
        self.dial_with(number, |_| Ok(()))
    }

    /// The same, of a connection on which little is under way before it is full: its packets are as
    /// short as Ethernet's, by which Linux judges how much to hold on the server's side, and its
    /// receive buffer is small.
    ///
    /// # Errors
    /// The server does not take it.
    pub fn dial_narrow(&self, number: usize) -> Result<TcpStream> {
        self.dial_with(number, |socket| {
            socket.set_tcp_mss(NARROW_PACKET_BYTES)?;
            socket.set_recv_buffer_size(NARROW_BUFFER_BYTES)
        })
    }

    fn dial_with(
        &self,
        number: usize,
        prepare: impl FnOnce(&Socket) -> io::Result<()>,
    ) -> Result<TcpStream> {
        let domain = Domain::for_address(self.address);
        let socket = Socket::new(domain, Type::STREAM, Some(Protocol::TCP))?;
        prepare(&socket)?;
        if let Some(source) = self.source(number, std::process::id()) {
            socket.bind(&source.into()).with_context(|| format!("no port on {source}"))?;
        }
        socket.connect(&self.address.into())?;
        socket.set_tcp_nodelay(true)?;
        socket.set_read_timeout(Some(TIMEOUT))?;
        Ok(socket.into())
    }

    /// Opens a connection with all that belongs to it.
    ///
    /// # Errors
    /// The server does not take it, or answers the opening handshake wrongly.
    pub fn connect(&self, number: usize) -> Result<TcpStream> {
        let mut stream = self.dial(number)?;
        if self.speech != Speech::Raw {
            let asked = self.ask(&mut stream)?;
            self.read_response(&mut stream, &asked)?;
        }
        Ok(stream)
    }

    /// Sends the request of an opening handshake.
    ///
    /// # Errors
    /// The server has gone.
    pub fn ask(&self, stream: &mut TcpStream) -> Result<Asked> {
        let mut asked = Asked { nonce: [0; 16] };
        getrandom::fill(&mut asked.nonce)?;
        let url = self.url();
        let mut buffer = [0; 1024];
        let sent = self.request(Url::parse(&url)?, &asked).encode(&mut buffer)?;
        stream.write_all(&buffer[..sent])?;
        Ok(asked)
    }

    /// Reads the response to it.
    ///
    /// # Errors
    /// It does not come, or is not the one that was asked for.
    pub fn read_response(&self, stream: &mut TcpStream, asked: &Asked) -> Result<()> {
        let url = self.url();
        let mut buffer = [0; 1024];
        let mut scanner = HeadScanner::new(HeadLimits::default());
        let mut filled = 0;
        loop {
            let read = stream.read(&mut buffer[filled..])?;
            ensure!(read > 0, "the server closed the connection in the handshake");
            filled += read;
            if let Status::Complete(head) = scanner.scan(&buffer[..filled])? {
                let request = self.request(Url::parse(&url)?, asked);
                let established = request.verify(&handshake::Response::parse(head)?)?;
                let wanted = self.speech == Speech::Deflate;
                ensure!(established.deflate.is_some() == wanted, "deflate was not agreed to");
                return Ok(());
            }
        }
    }

    fn url(&self) -> String {
        format!("ws://{}/", self.address)
    }

    fn request<'a>(&self, url: Url<'a>, asked: &Asked) -> ClientRequest<'a> {
        let mut request = ClientRequest::new(url, asked.nonce);
        request.deflate = (self.speech == Speech::Deflate).then(DeflateOffer::default);
        request
    }

    /// The address that a connection comes from; `None`: the system chooses. One address has too few
    /// ports for many connections, but a machine has 16 million addresses towards itself. Each process
    /// has some for itself, since a port that was chosen by `bind` is nobody else's on that address, for
    /// a minute after its end too.
    fn source(&self, number: usize, process: u32) -> Option<SocketAddr> {
        let is_loopback = self.address.is_ipv4() && self.address.ip().is_loopback();
        if !is_loopback || number < CONNECTIONS_PER_ADDRESS {
            return None;
        }
        let number = u32::try_from(number / CONNECTIONS_PER_ADDRESS).ok()?;
        let first = u32::from(Ipv4Addr::LOCALHOST) + ((process & 0x7FFF) << 8);
        let address = first.checked_add(number)?;
        Some(SocketAddr::new(IpAddr::V4(address.into()), 0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_says_where_and_how() {
        let address = SocketAddr::from(([127, 0, 0, 1], 80));
        let table = [
            ("tcp://127.0.0.1:80", false, Some(Speech::Raw)),
            ("ws://127.0.0.1:80/", false, Some(Speech::Plain)),
            ("ws://127.0.0.1:80", true, Some(Speech::Deflate)),
            ("tcp://127.0.0.1:80", true, None),
            ("wss://127.0.0.1:80/", false, None),
            ("ws://localhost:80/", false, None),
            ("127.0.0.1:80", false, None),
        ];
        for (url, deflate, speech) in table {
            let wanted = speech.map(|speech| Target { address, speech });
            assert_eq!(Target::parse(url, deflate).ok(), wanted, "{url} {deflate}");
        }
    }

    #[test]
    fn many_connections_come_from_several_addresses_of_this_machine() {
        let table = [
            ("127.0.0.1:80", 9_999, 0, None),
            ("127.0.0.1:80", 10_000, 0, Some("127.0.0.2:0")),
            ("127.0.0.1:80", 29_999, 0, Some("127.0.0.3:0")),
            ("127.0.0.1:80", 10_000, 0x0001_7FFE, Some("127.127.254.2:0")),
            ("192.0.2.1:80", 10_000, 0, None),
            ("[::1]:80", 10_000, 0, None),
        ];
        for (server, number, process, wanted) in table {
            let target = Target { address: server.parse().unwrap(), speech: Speech::Plain };
            let wanted = wanted.map(|address| address.parse().unwrap());
            assert_eq!(target.source(number, process), wanted, "{server}, {number}");
        }
    }
}
