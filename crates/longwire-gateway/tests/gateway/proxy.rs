//! A TCP proxy whose connections a test can cut.

use std::io;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

/// The proxy. It lives as long as the test.
pub(crate) struct Proxy {
    pub(crate) address: SocketAddr,
    line: Arc<Mutex<Line>>,
}

/// What lies between the two sides.
#[derive(Default)]
struct Line {
    is_cut: bool,
    streams: Vec<TcpStream>,
}

impl Proxy {
    pub(crate) fn start(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let line = Arc::new(Mutex::new(Line::default()));
        let of_thread = Arc::clone(&line);
        thread::spawn(move || {
            for client in listener.incoming() {
                connect(&of_thread, client.unwrap(), server);
            }
        });
        Self { address, line }
    }

    /// Cuts all connections. New ones are cut at once, until the line is mended.
    pub(crate) fn cut(&self) {
        let mut line = self.line.lock().unwrap();
        line.is_cut = true;
        for stream in line.streams.drain(..) {
            // The other side may have ended it already.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    pub(crate) fn mend(&self) {
        self.line.lock().unwrap().is_cut = false;
    }
}

fn connect(line: &Mutex<Line>, client: TcpStream, server: SocketAddr) {
    let mut line = line.lock().unwrap();
    // The server may be gone already: its test is over.
    let Some(server) = TcpStream::connect(server).ok().filter(|_| !line.is_cut) else { return };
    for (from, to) in [(&client, &server), (&server, &client)] {
        let (mut from, mut to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
        thread::spawn(move || {
            // However it ends, both ends are told.
            let _ = io::copy(&mut from, &mut to);
            let _ = to.shutdown(Shutdown::Write);
        });
    }
    line.streams.extend([client, server]);
}
