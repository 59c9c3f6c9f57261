//! The server of this house against all cases: each MUST and each SHOULD holds.

use std::net::SocketAddr;
use std::thread;

use longwire_conformance::{Level, Options, test_server};
use longwire_server::{Accept, Application, Config, Context, Message, Response, Server, Upgrade};

struct Echo;

impl Application for Echo {
    type Session = ();

    fn upgrade(&mut self, _: &Upgrade<'_>, _: SocketAddr) -> Result<Accept<()>, Response> {
        Ok(Accept::new(()))
    }

    fn message(&mut self, context: &mut Context<'_, ()>, message: Message<'_>) {
        context.send(message);
    }
}

#[test]
fn every_must_and_every_should_holds() {
    let listen = vec!["127.0.0.1:0".parse().unwrap()];
    let server = Server::bind(Config { listen, ..Config::default() }).unwrap();
    let url = format!("ws://{}/", server.addresses()[0]);
    thread::spawn(move || server.run(|| Echo));
    let report = test_server(&url, &Options::default(), |_| {}).unwrap();
    assert!(report.passed(), "{}", report.text());
    assert_eq!(report.count(Level::Should, None).failed, 0, "{}", report.text());
    assert!(report.count(Level::Must, None).passed > 500, "{}", report.table());
}
