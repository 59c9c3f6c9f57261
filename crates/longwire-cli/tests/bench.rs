//! `longwire bench`, from outside: runs of a fraction of a second.

mod common;

use common::{Ended, Longwire, Peer, accept, accept_with, scripted};
use longwire::handshake::DeflatePolicy;
use longwire::{
    Compression, Connection, ControlFrames, Inbound, Input, Limits, Outbound, SendOptions, State,
    WebSocket,
};
use serde_json::Value;

/// A run that ends by itself.
fn bench(arguments: &str) -> Ended {
    let words: Vec<_> =
        ["bench", "--seconds", "0.05"].into_iter().chain(arguments.split(' ')).collect();
    Longwire::start(&words).end()
}

/// A run that succeeds, and its JSON.
fn json(arguments: &str) -> Value {
    let ended = bench(&format!("--json - {arguments}"));
    assert_eq!(ended.code, Some(0), "{arguments}: {ended:?}");
    serde_json::from_str(&ended.stdout.join("\n")).unwrap()
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is a number"))
}

/// A server that is asked once for a message of three bytes, and answers with these bytes.
fn answers(bytes: Vec<u8>) -> String {
    let (url, _) = scripted(move |mut peer: Peer| {
        accept(&mut peer);
        peer.masked_frame();
        peer.send(bytes);
        // It stays until the client has had enough.
        peer.rest();
    });
    format!("--connections 1 --size 3 {url}")
}

#[test]
fn whatever_is_sent_comes_back() {
    let (_echo, address) = Longwire::echo(&["--threads", "1"]);
    let table = [
        ("--connections 1 --size 0", "binary", "none"),
        ("--connections 3 --size 20", "binary", "none"),
        ("--connections 200 --size 125", "binary", "none"),
        ("--connections 2 --in-flight 16 --size 125", "binary", "none"),
        ("--connections 1 --in-flight 200 --size 126", "binary", "none"),
        ("--connections 2 --size 1048576", "binary", "none"),
        ("--connections 2 --in-flight 3 --size 70000 --text", "text", "none"),
        ("--connections 4 --text=mixed --size 500", "text", "none"),
        (
            "--connections 4 --in-flight 4 --text --deflate --size 500",
            "text",
            "no_context_takeover",
        ),
        ("--connections 1 --deflate --size 1048576", "binary", "no_context_takeover"),
        ("--connections 2 --rate 1000", "binary", "none"),
    ];
    for (arguments, kind, deflate) in table {
        let report = json(&format!("{arguments} ws://{address}/"));
        assert_eq!((&report["kind"], &report["deflate"]), (&kind.into(), &deflate.into()));
        let server = &report["servers"][0];
        assert!(number(&server["messages"]) > 0.0, "{arguments}: {server}");
    }
}

/// An echo that keeps its context: what it sends refers to what it sent before.
fn echo_with_takeover(mut peer: Peer) {
    let policy = DeflatePolicy {
        server_no_context_takeover: false,
        client_no_context_takeover: false,
        ..DeflatePolicy::default()
    };
    let (_, params) = accept_with(&mut peer, Some(&policy));
    let connection = Connection::server(Limits::DEFAULT);
    let mut socket = WebSocket::with_deflate(connection, params.unwrap());
    let (mut inbound, mut outbound) = (Inbound::new(), Outbound::new(SendOptions::DEFAULT));
    let (mut control, mut rest) = (ControlFrames::new(), Vec::new());
    while let Some(bytes) = peer.some() {
        rest.extend_from_slice(&bytes);
        let (mut input, mut out) = (Input::new(&mut rest), Vec::new());
        while let Some(event) = socket.receive(&mut input, &mut control, &mut inbound).unwrap() {
            if let Some(message) = event.message() {
                socket.send(message, Compression::Auto, &mut outbound, &mut out).unwrap();
            }
        }
        out.extend_from_slice(control.poll_transmit().unwrap_or_default());
        rest = input.rest().to_vec();
        peer.send(out);
        if socket.connection().state() == State::Closed {
            break;
        }
    }
}

#[test]
fn a_server_that_keeps_its_context_sends_less() {
    let received = |arguments: &str| {
        let (url, ended) = scripted(echo_with_takeover);
        let report = json(&format!("{arguments} --connections 1 --text --size 500 {url}"));
        ended.recv_timeout(common::PATIENCE).expect("the server saw a Close");
        let server = &report["servers"][0];
        let bytes = number(&server["received_bytes"]) / number(&server["messages"]);
        (report["deflate"].as_str().unwrap().to_owned(), bytes)
    };
    let (with, bytes_with) = received("--deflate-takeover");
    let (without, bytes_without) = received("--deflate");
    assert_eq!((&*with, &*without), ("context_takeover", "no_context_takeover"));
    assert!(bytes_with < bytes_without, "{bytes_with}, {bytes_without}");
}

#[test]
fn the_json_has_what_programs_look_for() {
    let (_echo, address) = Longwire::echo(&["--threads", "1"]);
    let url = format!("ws://{address}/");
    let report = json(&format!("--connections 2 --size 100 --slice 0.025 --rate 2000 {url} {url}"));
    assert_eq!(report["connections"], 2);
    assert_eq!((&report["in_flight"], &report["size_bytes"]), (&1.into(), &100.into()));
    assert_eq!((&report["rate"], &report["rounds"]), (&2000.into(), &2.into()));
    assert_eq!(report["slice_seconds"], 0.025);
    let servers = report["servers"].as_array().unwrap();
    assert_eq!(servers.len(), 2);
    for server in servers {
        assert_eq!(server["url"], url.as_str());
        // 2000 messages a second, for two slices of 25 ms. On a machine that has no time at all some
        // of them are not sent.
        let (messages, missed) = (server["messages"].as_u64().unwrap(), &server["missed"]);
        assert_eq!(messages + missed.as_u64().unwrap(), 100);
        // Frames of 100 bytes, with a key on the way there and without one back.
        assert_eq!(server["sent_bytes"], messages * 106);
        assert_eq!(server["received_bytes"], messages * 102);
        assert_eq!(server["pid"], Value::Null);
        assert_eq!(server["server_cpu_seconds"], Value::Null);
        assert_eq!(server["messages_per_server_cpu_second"], Value::Null);
        for name in ["seconds", "messages_per_second", "own_cpu_share"] {
            assert!(number(&server[name]) > 0.0, "{name}");
        }
        let slices = server["slices"].as_array().unwrap();
        let of_slices = slices.iter().map(|slice| slice["messages"].as_u64().unwrap());
        assert_eq!((slices.len(), of_slices.sum::<u64>()), (2, messages));
        assert!(number(&slices[0]["seconds"]) > 0.0 && number(&slices[0]["own_cpu_seconds"]) > 0.0);
        let (ratio, latency) = (&server["ratio"], &server["latency_us"]);
        let rising = |object: &Value, names: &[&str]| {
            let numbers: Vec<_> = names.iter().map(|name| number(&object[name])).collect();
            assert!(numbers.is_sorted() && numbers[0] > 0.0, "{names:?}: {object}");
        };
        rising(ratio, &["p25", "median", "p75"]);
        rising(latency, &["p50", "p99", "p999", "max"]);
        rising(&latency["p99_slices"], &["p25", "median", "p75"]);
        for name in ["p50", "p99", "p999", "max"] {
            number(&server["own_lateness_us"][name]);
        }
        let buckets = server["histogram"].as_array().unwrap();
        assert_eq!(buckets.iter().map(|bucket| number(&bucket["count"])).sum::<f64>(), 100.0);
        assert!(buckets.iter().map(|bucket| number(&bucket["up_to_us"])).is_sorted());
    }
    assert_eq!(servers[0]["ratio"]["median"], 1.0);
}

#[test]
#[cfg(target_os = "linux")]
fn the_cpu_time_of_a_server_is_read() {
    let (echo, address) = Longwire::echo(&["--threads", "1"]);
    let report = json(&format!("--pid {} ws://{address}/", echo.id()));
    let server = &report["servers"][0];
    assert_eq!(server["pid"], echo.id());
    assert!(number(&server["server_cpu_seconds"]) > 0.0, "{server}");
    assert!(number(&server["messages_per_server_cpu_second"]) > 0.0, "{server}");
}

#[test]
fn the_results_are_printed_and_written() {
    let (_echo, address) = Longwire::echo(&["--threads", "1"]);
    let path = std::env::temp_dir().join(format!("longwire-bench-{}.json", std::process::id()));
    let url = format!("ws://{address}/");
    // One server; several.
    let table = [(url.clone(), "  server "), (format!("{url} {url}"), "server ")];
    for (urls, line) in table {
        let ended = bench(&format!("--json {} {urls}", path.display()));
        assert_eq!(ended.code, Some(0), "{ended:?}");
        assert!(ended.stdout[0].starts_with("32 connections, 1 in flight, binary messages of 125"));
        assert!(ended.stdout.iter().any(|text| text.starts_with(line)), "{ended:?}");
        let json: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        let servers = json["servers"].as_array().unwrap();
        assert_eq!(servers.len(), urls.split(' ').count());
    }
    std::fs::remove_file(path).unwrap();
}

#[test]
fn a_wrong_answer_is_exit_code_2_and_says_what_was_wrong() {
    let table: [(&[u8], &str); 8] = [
        (b"\x82\x02ab", "reply 1: byte 0 is "),
        (b"\x82\x04abcd", "reply 1: it has more bytes than 3, which it should have"),
        (b"\x81\x03abc", "reply 1: it is text and should be binary"),
        (b"\x82\x83\0\0\0\0abc", "the server broke the protocol: a server must not mask a frame"),
        (b"\xc2\x03abc", "the server broke the protocol: a reserved bit is set"),
        (b"\x88\x07\x03\xe9going", "the server closed the connection with 1001 \"going\""),
        (b"\x88\x00", "the server closed the connection with 1005"),
        (b"\x02\x00\x80\x00", "reply 1: it has 0 bytes and should have 3"),
    ];
    for (bytes, expected) in table {
        let arguments = answers(bytes.to_vec());
        let ended = bench(&arguments);
        assert_eq!((ended.code, ended.stdout.len()), (Some(2), 0), "{ended:?}");
        let url = arguments.rsplit(' ').next().unwrap();
        let beginning = format!("longwire: {url}: connection 1, reply 1: ");
        assert!(ended.stderr.starts_with(&beginning), "{ended:?}");
        assert!(ended.stderr.contains(expected), "{expected}: {ended:?}");
    }
}

#[test]
fn a_server_that_breaks_off_or_falls_silent_is_exit_code_2() {
    let (url, _) = scripted(|mut peer| {
        accept(&mut peer);
        peer.masked_frame();
    });
    let ended = bench(&format!("--connections 1 {url}"));
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.stderr.contains("connection 1, reply 1: the "), "{ended:?}");

    let ended = bench(&format!("--timeout 2 {}", answers(Vec::new())));
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.stderr.contains("nothing came for 2 seconds (--timeout)"), "{ended:?}");
}

#[test]
fn a_ping_is_answered_and_the_connection_closed() {
    let (url, ended) = scripted(|mut peer| {
        accept(&mut peer);
        peer.send(b"\x89\x02hi");
        let mut has_pong = false;
        loop {
            match peer.masked_frame() {
                (0x82, payload) => peer.send([&[0x82, 3], &*payload].concat()),
                (0x8a, payload) => {
                    assert_eq!(payload, b"hi");
                    has_pong = true;
                }
                (0x88, payload) => {
                    assert_eq!(payload, b"\x03\xe8");
                    peer.send(b"\x88\x02\x03\xe8");
                    break;
                }
                other => panic!("{other:?}"),
            }
        }
        assert!(has_pong);
    });
    let run = bench(&format!("--connections 1 --size 3 {url}"));
    assert_eq!(run.code, Some(0), "{run:?}");
    ended.recv_timeout(common::PATIENCE).expect("the script went to its end");
}

#[test]
fn a_pong_goes_between_two_frames_and_not_into_one() {
    // More than the buffers of two sockets take: the message is being written when the Ping comes.
    const BYTES: usize = 16 << 20;
    let (url, ended) = scripted(|mut peer| {
        accept(&mut peer);
        loop {
            let start = peer.receive(2);
            if start == [0x88, 0x82] {
                break;
            }
            assert_eq!(start, [0x82, 0xff]);
            let length_and_key = peer.receive(12);
            let (length, key) = length_and_key.split_at(8);
            assert_eq!(length, (BYTES as u64).to_be_bytes());
            peer.send(b"\x89\x02hi");
            let mut payload = peer.receive(BYTES);
            longwire::apply_mask(&mut payload, key.try_into().unwrap());
            assert_eq!(peer.masked_frame(), (0x8a, b"hi".to_vec()));
            peer.send([&[0x82, 127], length].concat());
            peer.send(payload);
        }
    });
    let run = bench(&format!("--connections 1 --size {BYTES} {url}"));
    assert_eq!(run.code, Some(0), "{run:?}");
    ended.recv_timeout(common::PATIENCE).expect("the script went to its end");
}

#[test]
fn a_plain_tcp_echo_gets_the_same_bytes() {
    let (url, _) = scripted(|mut peer| {
        while let Some(bytes) = peer.some() {
            peer.send(bytes);
        }
    });
    let address = url.strip_prefix("ws://").unwrap().split('/').next().unwrap();
    let report = json(&format!("--connections 1 --in-flight 5 tcp://{address}"));
    let server = &report["servers"][0];
    assert_eq!(server["sent_bytes"], server["received_bytes"]);
    assert!(number(&server["messages"]) > 0.0);
}

#[test]
fn what_cannot_be_opened_is_exit_code_1() {
    let (_echo, address) = Longwire::echo(&["--no-deflate", "--max-connections", "3"]);
    let (_takes_over, other) = Longwire::echo(&[]);
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let nobody = closed.local_addr().unwrap();
    drop(closed);
    let (silent, _) = scripted(|mut peer| drop(peer.head()));
    let table = [
        (format!("ws://{nobody}/"), "cannot open connection 1 of 32: "),
        (
            format!("--connections 5 ws://{address}/"),
            "of 5: the server refused the handshake with status 503",
        ),
        (
            format!("--connections 1 --deflate ws://{address}/"),
            "the server does not agree to permessage-deflate",
        ),
        (
            format!("--connections 1 --deflate-takeover ws://{other}/"),
            "the server does not keep its context: --deflate measures it",
        ),
        (format!("--connections 1 {silent}"), "before it answered the handshake"),
        (format!("--pid 1 --pid 2 ws://{address}/"), "--pid is given 2 times and there are 1 URLs"),
        (format!("--pid 4294967295 ws://{address}/"), "(--pid)"),
        ("wss://127.0.0.1/".to_owned(), "TLS is not supported yet"),
        (
            format!("--connections 1 --json /nowhere/at/all ws://{address}/"),
            "cannot write /nowhere",
        ),
    ];
    for (arguments, expected) in table {
        let ended = bench(&arguments);
        assert_eq!(ended.code, Some(1), "{arguments}: {ended:?}");
        assert!(ended.stderr.contains(expected), "{arguments}: {ended:?}");
    }
}
