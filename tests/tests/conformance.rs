//! The client of this house against all cases of the conformance suite: each MUST and each SHOULD
//! holds. (The server is held against it in `longwire-conformance` itself.)

use std::net::TcpListener;
use std::thread;

use longwire_conformance::{Level, Options, Report, test_client};
use longwire_tests::client;
use longwire_tests::reconnect::echo_until_gone;

fn tested(options: &Options) -> Report {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("ws://{}/", listener.local_addr().unwrap());
    let echo = thread::spawn(move || echo_until_gone(&url, client::Options::default()));
    let report = test_client(&listener, options, |_| {}).unwrap();
    drop(listener);
    echo.join().unwrap();
    assert!(report.passed(), "{}", report.text());
    assert_eq!(report.count(Level::Should, None).failed, 0, "{}", report.text());
    report
}

#[test]
fn every_must_and_every_should_holds() {
    let report = tested(&Options::default());
    assert!(report.count(Level::Must, None).passed > 450, "{}", report.table());
}

#[test]
fn with_deflate_agreed_on_in_every_case() {
    let sections = ["5", "6", "7", "8", "10.4"].map(str::to_owned).to_vec();
    let report = tested(&Options { deflate: true, sections, ..Options::default() });
    assert!(report.count(Level::Must, None).passed > 250, "{}", report.table());
}
