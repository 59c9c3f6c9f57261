//! The engine's client in conversation with an echo server that somebody else wrote. A line for each
//! check; the first that fails ends it with exit code 1.

use std::fmt::Debug;
use std::process::ExitCode;

use anyhow::{Context as _, Result, ensure};
use clap::{Parser, ValueEnum};
use longwire::{CloseCode, Initiator, Limits, Message, SendOptions};
use longwire_tests::client::{Client, Options, Received};

const MIB: usize = 1 << 20;
const MULTI_BYTE: &str = "naïve żółć 漢字 😀";
const CLOSE_CODE: CloseCode = CloseCode::new(4000);
const CLOSE_REASON: &str = "that is all, tschüß";

/// Talks to an echo server, and checks what comes back.
#[derive(Parser)]
struct Arguments {
    /// The echo server, as in ws://127.0.0.1:9001
    url: String,
    /// Do not offer permessage-deflate
    #[arg(long)]
    no_deflate: bool,
    /// What the handshake has to agree on; without it the server may choose
    #[arg(long)]
    expect: Option<Agreed>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum Agreed {
    Deflate,
    Plain,
}

fn main() -> ExitCode {
    match converse(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("FAILED {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn converse(arguments: &Arguments) -> Result<()> {
    let mut options = Options {
        limits: Limits { max_message_bytes: 2 * MIB as u64, ..Limits::DEFAULT },
        send: SendOptions { compress_from_bytes: 0, ..SendOptions::DEFAULT },
        ..Options::default()
    };
    if arguments.no_deflate {
        options.deflate = None;
    }
    let mut client = Client::connect(&arguments.url, options).context("handshake")?;
    let agreed = if client.deflate().is_some() { Agreed::Deflate } else { Agreed::Plain };
    println!("ok handshake: {agreed:?}, {:?}", client.deflate());
    check("permessage-deflate", &agreed, &arguments.expect.unwrap_or(agreed))?;

    check_messages(&mut client)?;
    check_compression(&mut client, agreed)?;
    check_fragments(&mut client)?;
    check_pings(&mut client)?;
    check_close(&mut client)
}

fn check_messages(client: &mut Client) -> Result<()> {
    echo("text", client, Message::Text("Hello"))?;
    echo("multi-byte text", client, Message::Text(MULTI_BYTE))?;
    let octets: Vec<u8> = (0..=255).collect();
    echo("binary", client, Message::Binary(&octets))?;
    echo("empty text", client, Message::Text(""))?;
    echo("empty binary", client, Message::Binary(b""))?;
    // One byte on each side of every boundary between the three forms of a length.
    let noise = noise();
    for len in [125, 126, 127, 65_535, 65_536] {
        echo(&format!("binary of {len} bytes"), client, Message::Binary(&noise[..len]))?;
    }
    echo("1 MiB of binary that does not compress", client, Message::Binary(&noise))?;
    for number in 1..=3 {
        let text = "Hello, hello, hello. ".repeat(10);
        echo(&format!("the same text again, {number}"), client, Message::Text(&text))?;
    }
    Ok(())
}

/// What was agreed on shows in the number of bytes that 1 MiB takes.
fn check_compression(client: &mut Client, agreed: Agreed) -> Result<()> {
    let text = format!("{}{}", "abcdefg漢€".repeat(MIB / 13), "x".repeat(MIB % 13));
    for message in [Message::Text(&text), Message::Binary(&vec![0; MIB])] {
        let kind = message.kind();
        let before = client.sent_bytes();
        echo(&format!("1 MiB, {kind:?}, that compresses"), client, message)?;
        let sent = client.sent_bytes() - before;
        let compressed = sent < MIB as u64 / 10;
        ensure!(
            compressed == (agreed == Agreed::Deflate),
            "1 MiB, {kind:?}: sent in {sent} bytes, where {agreed:?} was agreed on"
        );
        println!("ok 1 MiB, {kind:?}: sent in {sent} bytes");
    }
    Ok(())
}

fn check_fragments(client: &mut Client) -> Result<()> {
    let name = "text in fragments, a Ping between each two";
    let mut pongs = 0;
    for (fragment, last) in Message::Text(MULTI_BYTE).fragments(4) {
        client.send_fragment(fragment, last)?;
        if !last {
            client.ping(b"between")?;
            pongs += 1;
        }
    }
    for _ in 0..pongs {
        expect(name, client, &Received::Pong(b"between".to_vec()))?;
    }
    expect(name, client, &Received::Text(MULTI_BYTE.to_owned()))?;

    let fragments: [(&[u8], bool); 3] = [(b"\x00\x01", false), (b"", false), (b"\xff\xfe", true)];
    for (fragment, last) in fragments {
        client.send_fragment(Message::Binary(fragment), last)?;
    }
    let whole = Received::Binary(b"\x00\x01\xff\xfe".to_vec());
    expect("binary in fragments, one of them empty", client, &whole)
}

fn check_pings(client: &mut Client) -> Result<()> {
    for payload in [&b"are you there?"[..], &[0xff; 125], b""] {
        client.ping(payload)?;
        let name = format!("Ping of {} bytes", payload.len());
        expect(&name, client, &Received::Pong(payload.to_vec()))?;
    }
    Ok(())
}

fn check_close(client: &mut Client) -> Result<()> {
    client.close(CLOSE_CODE, CLOSE_REASON)?;
    // RFC 6455 §5.5.1: the answer typically has the code received; the reason may be left out.
    let Some(Received::Close(code, reason)) = client.receive()? else {
        anyhow::bail!("close: anything but a Close came back");
    };
    check("close: the code came back", &code, &CLOSE_CODE)?;
    if !reason.is_empty() {
        check("close: the reason came back", &reason.as_str(), &CLOSE_REASON)?;
    }
    client.wait_for_eof()?;
    println!("ok close: the server closed the TCP connection");
    let closure = client.closure().context("close: not closed")?;
    check("close: begun by us", &closure.initiator, &Initiator::Us)?;
    check("close: no failure", &closure.failure, &None)
}

/// Sends a message, and expects the same, of the same kind, back.
fn echo(name: &str, client: &mut Client, message: Message<'_>) -> Result<()> {
    client.send(message)?;
    let expected = match message {
        Message::Text(text) => Received::Text(text.to_owned()),
        Message::Binary(data) => Received::Binary(data.to_vec()),
    };
    expect(name, client, &expected)
}

fn expect(name: &str, client: &mut Client, expected: &Received) -> Result<()> {
    let received = client.receive().with_context(|| name.to_owned())?;
    ensure!(received.as_ref() == Some(expected), "{name}: received {}", shown(received.as_ref()));
    println!("ok {name}");
    Ok(())
}

fn check<T: PartialEq + Debug>(name: &str, found: &T, expected: &T) -> Result<()> {
    ensure!(found == expected, "{name}: {found:?} and not {expected:?}");
    println!("ok {name}");
    Ok(())
}

/// What came, cut to a line.
fn shown(received: Option<&Received>) -> String {
    let text = format!("{received:?}");
    let len = text.chars().count();
    if len > 200 {
        format!("{}… ({len} characters)", text.chars().take(200).collect::<String>())
    } else {
        text
    }
}

/// 1 MiB that no compressor makes shorter, the same every time: a xorshift generator's output.
fn noise() -> Vec<u8> {
    let mut state = 0x6455_7692_u64;
    let next = |_| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    };
    (0..MIB / 8).flat_map(next).collect()
}
