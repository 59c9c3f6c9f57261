//! A signal to this process, which is why this test has one of its own.

#![cfg(unix)]

use longwire_server::{
    Accept, Application, Config, Context, Message, Response, Server, Upgrade, shut_down_on_signals,
};
use signal_hook::consts::SIGTERM;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::thread;
use std::time::Duration;

struct Silent;

impl Application for Silent {
    type Session = ();

    fn upgrade(&mut self, _: &Upgrade<'_>, _: SocketAddr) -> Result<Accept<()>, Response> {
        Ok(Accept::new(()))
    }

    fn message(&mut self, _: &mut Context<'_, ()>, _: Message<'_>) {}
}

#[test]
fn sigterm_closes_with_1001_and_ends_the_server() {
    let listen = vec![SocketAddr::from((Ipv4Addr::LOCALHOST, 0))];
    let server = Server::bind(Config { listen, threads: 2, ..Config::default() }).unwrap();
    shut_down_on_signals(server.handle()).unwrap();
    let address = server.addresses()[0];
    let client = thread::spawn(move || {
        let mut stream = TcpStream::connect(address).unwrap();
        // Only a test that fails waits for this long.
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        let request = "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
            Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
        stream.write_all(request.as_bytes()).unwrap();
        let mut received = Vec::new();
        while !received.ends_with(b"\r\n\r\n") {
            received.push(0);
            stream.read_exact(received.last_mut().map(std::slice::from_mut).unwrap()).unwrap();
        }
        signal_hook::low_level::raise(SIGTERM).unwrap();
        let mut close = [0; 4];
        stream.read_exact(&mut close).unwrap();
        (close[0], u16::from_be_bytes([close[2], close[3]]))
    });
    server.run(|_| Silent).unwrap();
    assert_eq!(client.join().unwrap(), (0x88, 1001));
}
