//! The server of this house against all cases: each MUST and each SHOULD holds, whatever it
//! agrees to about compression.

use std::net::SocketAddr;
use std::thread;

use longwire::handshake::DeflatePolicy;
use longwire_conformance::{Level, Options, Report, test_server};
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

/// What comes of the cases of these sections, all where there are none, with permessage-deflate
/// agreed on in all of them or only in those about it.
fn tested(deflate: Option<DeflatePolicy>, sections: &[&str], agree: bool) -> Report {
    let listen = vec!["127.0.0.1:0".parse().unwrap()];
    let server = Server::bind(Config { listen, deflate, ..Config::default() }).unwrap();
    let url = format!("ws://{}/", server.addresses()[0]);
    thread::spawn(move || server.run(|_| Echo));
    let sections = sections.iter().map(|&section| section.to_owned()).collect();
    let options = Options { sections, deflate: agree, ..Options::default() };
    let report = test_server(&url, &options, |_| {}).unwrap();
    assert!(report.passed(), "{}", report.text());
    assert_eq!(report.count(Level::Should, None).failed, 0, "{}", report.text());
    report
}

#[test]
fn every_must_and_every_should_holds() {
    let report = tested(Config::default().deflate, &[], false);
    assert!(report.count(Level::Must, None).passed > 500, "{}", report.table());
}

#[test]
fn with_deflate_agreed_on_in_every_case() {
    let report = tested(Config::default().deflate, &["5", "6", "7", "8", "10.4"], true);
    assert!(report.count(Level::Must, None).passed > 250, "{}", report.table());
}

#[test]
fn with_context_takeover() {
    let policy = DeflatePolicy {
        server_no_context_takeover: false,
        client_no_context_takeover: false,
        ..DeflatePolicy::default()
    };
    let report = tested(Some(policy), &["7692", "8.1"], false);
    assert_eq!(report.count(Level::Must, None).skipped, 0, "{}", report.table());
}

#[test]
fn without_deflate() {
    let report = tested(None, &["7692", "9.1"], false);
    assert!(report.count(Level::Must, None).skipped > 50, "{}", report.table());
}
