//! Tests a server, or a client that connects:
//! `cargo run -p longwire-conformance --example conform -- ws://127.0.0.1:9001/ [SECTION]`,
//! `cargo run -p longwire-conformance --example conform -- 127.0.0.1:9002 [SECTION]`.

use std::error::Error;
use std::fs::File;
use std::net::TcpListener;
use std::process::ExitCode;

use longwire_conformance::{Options, Progress, test_client, test_server};

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let peer = arguments.next().ok_or("what shall be tested?")?;
    let options = Options { sections: arguments.collect(), ..Options::default() };
    let progress = |progress: Progress<'_>| {
        let outcome = progress.outcome;
        let (done, total, took) = (progress.done, progress.total, outcome.took);
        eprintln!("{done}/{total} {} {} {took:?}", outcome.case.id, outcome.verdict.name());
    };
    let report = if peer.starts_with("ws:") {
        test_server(&peer, &options, progress)?
    } else {
        test_client(&TcpListener::bind(&peer)?, &options, progress)?
    };
    print!("{}", report.text());
    report.write_html(&mut File::create("conformance.html")?)?;
    report.write_json(&mut File::create("conformance.json")?)?;
    Ok(if report.passed() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
