//! `longwire connect`, from outside: against `longwire echo`, and against servers that follow a
//! script.

mod common;

use std::sync::mpsc;

use common::{Ended, Longwire, PATIENCE, Peer, accept, scripted};

/// Receives the client's Close: its code.
fn close_code(peer: &mut Peer) -> u16 {
    let (first, payload) = peer.masked_frame();
    assert_eq!((first, payload.len() >= 2), (0x88, true));
    u16::from_be_bytes([payload[0], payload[1]])
}

/// Runs `longwire connect` against a server that follows a script: from the beginning of the
/// connection, to its end.
fn run(arguments: &[&str], script: impl FnOnce(&mut Peer) + Send + 'static) -> Ended {
    let (url, script_ended) = scripted(move |mut peer| {
        accept(&mut peer);
        script(&mut peer);
    });
    let longwire = Longwire::start(&[&["connect", &url], arguments].concat());
    script_ended.recv_timeout(PATIENCE).expect("the end of the script");
    longwire.end()
}

#[test]
fn lines_become_messages_and_messages_lines() {
    let text = "one\n\nżółć 漢字 😀\r\nno line end";
    for (arguments, deflate) in [(&[][..], true), (&["--no-deflate"][..], false)] {
        let (_echo, address) = Longwire::echo(&[]);
        let url = format!("ws://{address}/");
        let mut longwire = Longwire::start(&[&["connect", &url], arguments].concat());
        longwire.type_text(text);
        let ended = longwire.end();
        assert_eq!(ended.code, Some(0), "{ended:?}");
        assert_eq!(ended.stdout, ["one", "", "żółć 漢字 😀", "no line end"]);
        let agreed = if deflate { ", permessage-deflate" } else { "" };
        let notes = format!("connected to {url}{agreed}\nclosed: 1000 (normal closure)\n");
        assert_eq!(ended.stderr, notes);
    }
}

/// Both ends could wait for the other to read first: each has more to send than fits in between.
#[test]
fn much_goes_both_ways_at_once() {
    let (_echo, address) = Longwire::echo(&["--max-message-bytes", "16777216"]);
    let lines: Vec<String> = (0..40).map(|n| format!("{n} ").repeat(100_000)).collect();
    let mut longwire = Longwire::start(&["connect", "--no-deflate", &format!("ws://{address}")]);
    longwire.type_text(lines.join("\n"));
    let ended = longwire.end();
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(ended.stdout == lines, "{} lines of {} came back", ended.stdout.len(), lines.len());
}

#[test]
fn what_was_asked_for_is_in_the_request() {
    let (url, script_ended) = scripted(|mut peer| {
        let head = accept(&mut peer);
        assert!(head.starts_with("GET /path?query HTTP/1.1\r\n"), "{head}");
        let lines = [
            "Sec-WebSocket-Protocol: one, two",
            "Origin: https://example.com",
            "X-First: a: b",
            "X-Second: c",
        ];
        for line in lines {
            assert!(head.contains(&format!("\r\n{line}\r\n")), "{line}: {head}");
        }
    });
    let mut arguments = vec!["connect", url.as_str(), "--origin", "https://example.com"];
    arguments.extend(["--subprotocol", "one", "--subprotocol", "two"]);
    arguments.extend(["--header", "X-First: a: b", "--header", "X-Second:c"]);
    let longwire = Longwire::start(&arguments);
    script_ended.recv_timeout(PATIENCE).expect("the request that was asked for");
    assert_eq!(longwire.end().code, Some(2));
}

#[test]
fn messages_go_to_stdout_and_the_rest_to_stderr() {
    let ended = run(&[], |peer| {
        peer.send(b"\x81\x05Hello\x82\x03\x00\x1b\xff\x89\x04ping");
        assert_eq!(peer.masked_frame(), (0x8a, b"ping".to_vec()));
        peer.send(b"\x8a\x00\x81\x0a\x1b[31mred\x1b[\x88\x08\x03\xe8\x1b[31mb");
        assert_eq!(close_code(peer), 1000);
    });
    assert_eq!(ended.code, Some(0));
    assert_eq!(ended.stdout, ["Hello", "<binary 3 bytes: 00 1b ff>", "\x1b[31mred\x1b["]);
    let notes: Vec<_> = ended.stderr.lines().skip(1).collect();
    let closed = "closed by the server: 1000 (normal closure) \"\\u{1b}[31mb\"";
    assert_eq!(notes, ["ping \"ping\"", "pong", closed]);
}

#[test]
fn the_end_of_the_input_waits_for_what_is_on_its_way() {
    let (url, script_ended) = scripted(|mut peer| {
        accept(&mut peer);
        assert_eq!(peer.masked_frame(), (0x81, b"question".to_vec()));
        assert_eq!(close_code(&mut peer), 1000);
        peer.send(b"\x81\x06answer\x81\x07another\x88\x02\x03\xe8");
    });
    let mut longwire = Longwire::start(&["connect", "--no-deflate", &url]);
    longwire.type_text("question\n");
    script_ended.recv_timeout(PATIENCE).expect("the end of the script");
    let ended = longwire.end();
    assert_eq!((ended.code, ended.stdout), (Some(0), vec!["answer".into(), "another".into()]));
}

#[test]
fn a_script_can_tell_how_it_ended() {
    // What the server sends behind the handshake, the code of the client's Close if one is due, the
    // client's exit code, and what it says.
    type Case = (&'static [u8], Option<u16>, i32, &'static str);
    let table: &[Case] = &[
        (b"\x88\x02\x03\xe8", Some(1000), 0, "closed by the server: 1000 (normal closure)"),
        (b"\x88\x02\x03\xe9", Some(1001), 0, "closed by the server: 1001 (going away)"),
        (b"\x88\x00", None, 0, "closed by the server: 1005 (no status received)"),
        (b"", None, 2, "connection lost, without a closing handshake: 1006"),
        (b"\x81\x05Hel", None, 2, "connection lost, without a closing handshake: 1006"),
        (b"\x88\x02\x03\xf3", Some(1011), 3, "closed by the server: 1011 (internal error)"),
        (b"\x88\x05\x0f\xa0bye", Some(4000), 3, "closed by the server: 4000 \"bye\""),
        (b"\x81\x80\x00\x00\x00\x00", Some(1002), 4, "failed: a server must not mask a frame"),
        (b"\xc1\x00", Some(1002), 4, "failed: a reserved bit is set"),
        (b"\x81\x01\xff", Some(1007), 4, "failed: a text message is not UTF-8"),
        (b"\x82\x7e\x10\x01", Some(1009), 4, "failed: the message is over"),
    ];
    for &(sent, code, exit_code, note) in table {
        let limits = ["--no-deflate", "--max-message-bytes", "4096"];
        let ended = run(&limits, move |peer| {
            peer.send(sent);
            if let Some(code) = code {
                assert_eq!(close_code(peer), code);
            }
        });
        assert_eq!(ended.code, Some(exit_code), "{sent:?}: {ended:?}");
        let last = ended.stderr.lines().last().unwrap_or_default();
        assert!(last.starts_with(note), "{sent:?}: {last}");
    }
}

#[test]
fn a_refusal_is_shown() {
    let (url, script_ended) = scripted(|mut peer| {
        peer.head();
        peer.send(
            "HTTP/1.1 307 Elsewhere\r\nLocation: /there\r\nContent-Length: 12\r\n\r\n\
             not\r\n\x1b[31mred",
        );
    });
    let longwire = Longwire::start(&["connect", &url]);
    script_ended.recv_timeout(PATIENCE).expect("the end of the script");
    let ended = longwire.end();
    assert_eq!((ended.code, ended.stdout.len()), (Some(1), 0), "{ended:?}");
    let refused = "the server refused the handshake with status 307, and points to /there";
    let lines: Vec<_> = ended.stderr.lines().collect();
    assert_eq!(lines, [refused, "not", "\\u{1b}[31mred"]);
}

#[test]
fn without_a_connection_it_says_why() {
    // A port that nobody is given, unlike one that was free a moment ago.
    let nobody = "ws://127.0.0.1:1/";
    // A server that answers something else.
    let (stranger, _) = scripted(|mut peer| {
        peer.head();
        peer.send("220 mail.example.com\r\n\r\n");
    });
    let (silent, _) = scripted(|mut peer| {
        peer.head();
    });
    let (release, held) = mpsc::channel();
    let (slow, _) = scripted(move |_peer| held.recv().unwrap());
    let table: &[(&[&str], &str)] = &[
        (&[nobody], "longwire: cannot connect to 127.0.0.1, port 1: "),
        (&["wss://127.0.0.1/"], "longwire: wss://127.0.0.1/: TLS is not supported yet"),
        (&["127.0.0.1:9001"], "longwire: 127.0.0.1:9001: the URL must begin with ws:// or wss://"),
        (&[&stranger], "longwire: HTTP version is not 1.1 "),
        (&[&silent], "longwire: the server ended the connection before it answered the handshake"),
        (&[&slow, "--connect-timeout", "0.1"], "longwire: the server did not answer in time"),
        (
            &[nobody, "--header", "none"],
            "error: invalid value 'none' for '--header <HEADER>': a name, ",
        ),
    ];
    for (arguments, complaint) in table {
        let ended = Longwire::start(&[&["connect"], *arguments].concat()).end();
        assert_eq!((ended.code, ended.stdout.len()), (Some(1), 0), "{ended:?}");
        assert!(ended.stderr.starts_with(complaint), "{ended:?}");
    }
    release.send(()).unwrap();
}

#[test]
fn a_signal_closes_with_1001() {
    for signal in ["INT", "TERM"] {
        let (url, script_ended) = scripted(|mut peer| {
            accept(&mut peer);
            peer.send(b"\x81\x05ready");
            assert_eq!(close_code(&mut peer), 1001);
            peer.send(b"\x88\x02\x03\xe9");
        });
        let longwire = Longwire::start(&["connect", &url]);
        assert_eq!(longwire.line(), "ready");
        longwire.signal(signal);
        script_ended.recv_timeout(PATIENCE).expect("the end of the script");
        let ended = longwire.end();
        assert_eq!(ended.code, Some(0), "SIG{signal}: {ended:?}");
        assert!(ended.stderr.ends_with("closed: 1001 (going away)\n"), "{ended:?}");
    }
}

#[test]
fn a_server_that_falls_silent_is_pinged() {
    let ended = run(&["--ping-interval", "0.05"], |peer| {
        assert_eq!(peer.masked_frame(), (0x89, Vec::new()));
        peer.send(b"\x8a\x00\x88\x02\x03\xe8");
    });
    assert_eq!(ended.code, Some(0));
    assert!(ended.stderr.contains("\npong\n"), "{ended:?}");
}

#[test]
fn a_server_that_does_not_answer_the_close_is_left() {
    let (release, held) = mpsc::channel();
    let (url, _) = scripted(move |mut peer| {
        accept(&mut peer);
        held.recv().unwrap();
    });
    let mut longwire = Longwire::start(&["connect", &url, "--close-timeout", "0.1"]);
    longwire.end_input();
    let ended = longwire.end();
    release.send(()).unwrap();
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert!(ended.stderr.contains("\nthe server does not answer the Close\n"), "{ended:?}");
}

#[test]
fn a_line_that_is_not_text_is_not_sent() {
    let (_echo, address) = Longwire::echo(&[]);
    let mut longwire = Longwire::start(&["connect", &format!("ws://{address}/")]);
    longwire.type_text(b"\xff\nfine\n");
    let ended = longwire.end();
    assert_eq!((ended.code, ended.stdout), (Some(0), vec!["fine".into()]));
    assert!(ended.stderr.contains("\nnot sent: the line is not UTF-8\n"), "{}", ended.stderr);
}
