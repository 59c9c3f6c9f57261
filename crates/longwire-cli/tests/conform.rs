//! `longwire conform`, from outside.

mod common;

use std::net::TcpListener;
use std::thread;

use common::Longwire;

#[test]
fn our_own_server_passes_and_leaves_reports() {
    let folder = std::env::temp_dir().join(format!("longwire-conform-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let (json, html) = (folder.join("report.json"), folder.join("report.html"));
    let (_echo, address) = Longwire::echo(&["--threads", "1"]);
    let url = format!("ws://{address}/");
    let files = ["--json", json.to_str().unwrap(), "--html", html.to_str().unwrap()];
    let run = [&["conform", "server", &url, "--section", "5.5"], &files[..]].concat();
    let ended = Longwire::start(&run).end();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let last = ended.stdout.last().map(String::as_str);
    assert_eq!(last, Some("Every MUST and every SHOULD that was tested holds."));
    for (path, beginning) in [(&json, "{"), (&html, "<!")] {
        let report = std::fs::read_to_string(path).unwrap();
        assert!(report.starts_with(beginning) && report.contains("5.5"), "{report:.200}");
    }
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn a_server_that_hangs_up_fails_and_ends_the_run() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("ws://{}/", listener.local_addr().unwrap());
    thread::spawn(move || listener.incoming().for_each(drop));
    let ended = Longwire::start(&["conform", "server", &url, "--section", "5.5.2"]).end();
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.stderr.contains("MUST 5.5.2/"), "{ended:?}");
}

#[test]
fn what_cannot_be_tested_is_wrong_usage() {
    for (arguments, complaint) in [
        (&["conform", "server", "ws://127.0.0.1:1/", "--section", "99"][..], "no case is selected"),
        (&["conform", "server", "wss://127.0.0.1:1/"], "wss"),
        (&["conform", "server", "ws://127.0.0.1:1/"], "cannot connect"),
        (&["conform", "server", "ws://127.0.0.1:1/", "--html", "/nowhere/x"], "/nowhere/x"),
        (&["conform", "server", "nonsense"], "must begin with ws://"),
    ] {
        let ended = Longwire::start(arguments).end();
        assert_eq!(ended.code, Some(1), "{ended:?}");
        assert!(ended.stderr.contains(complaint), "{ended:?}");
    }
}

#[test]
fn the_cases_can_be_listed() {
    let ended = Longwire::start(&["conform", "list", "--section", "5.5.2"]).end();
    assert_eq!(ended.code, Some(0));
    assert!(ended.stdout.iter().any(|line| line.starts_with("MUST") && line.contains("5.5.2/")));
    assert!(ended.stdout.iter().all(|line| line.contains("5.5.2/")), "{ended:?}");
    assert!(ended.stderr.contains("--client lists those for clients"), "{ended:?}");
    let ended = Longwire::start(&["conform", "list", "--client"]).end();
    assert!(ended.stdout.iter().any(|line| line.contains("the request")), "{ended:?}");
}
