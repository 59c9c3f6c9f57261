//! `longwire connect`: an interactive client.
//!
//! ```text
//!  standard input, signals --(input)--> session --(display)--> standard output, standard error
//!                                          |
//!                     handshake ------> WebSocket over a non-blocking socket
//! ```

mod display;
mod handshake;
mod input;
mod session;

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Result, bail, ensure};
use longwire::handshake::Url;
use longwire::{CloseCode, Closure};

use crate::arguments::seconds;
use display::Display;

/// Talk to a WebSocket server: lines become messages, messages become lines
///
/// A line that is typed is sent as a text message, and what comes is printed. Messages go to standard output, everything else (the connection, pings and pongs, how it was
/// closed) to standard error. Where standard output is no terminal, a text message is a line,
/// unchanged; on a terminal, its control characters are shown and not obeyed. Of a binary message
/// its length and its first bytes are printed.
///
/// The end of the input (Ctrl-D) closes the connection with 1000. What the server has still to
/// send, until it has answered the Close, is printed. Ctrl-C and SIGTERM close with 1001; a second
/// one ends the program at once.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  longwire connect ws://127.0.0.1:9001/
  longwire connect ws://127.0.0.1:9001/chat --subprotocol chat --header 'Authorization: Bearer x'
  printf 'one\\ntwo\\n' | longwire connect ws://127.0.0.1:9001/ > answers
  (echo subscribe; sleep 60) | longwire connect ws://127.0.0.1:9001/    listen for a minute

Exit codes:
  0  closed normally: 1000, 1001, or no code (1005)
  1  wrong usage, no connection, or the server refused the handshake
  2  the connection was lost: no closing handshake (1006)
  3  closed by the server with another code
  4  the server broke the protocol, or a message was over --max-message-bytes")]
pub(crate) struct Arguments {
    /// The server, as in ws://host:port/path?query
    url: String,
    /// A subprotocol to ask for; the best first when there are several
    #[arg(long, value_name = "NAME")]
    subprotocol: Vec<String>,
    /// A header to send with the request, as in 'Name: value'; may be repeated
    #[arg(long, value_name = "HEADER", value_parser = header)]
    header: Vec<(String, String)>,
    /// The Origin to send, as in https://example.com
    #[arg(long, value_name = "ORIGIN")]
    origin: Option<String>,
    /// Do not offer permessage-deflate
    #[arg(long)]
    no_deflate: bool,
    /// Ping the server after so many seconds of silence, and give it 20 to answer [default: never]
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    ping_interval: Option<Duration>,
    /// The longest message taken; a longer one closes the connection with 1009
    #[arg(long, value_name = "N", default_value_t = 16 << 20)]
    max_message_bytes: u64,
    /// How long connecting, and then the opening handshake, may take
    #[arg(long, value_name = "SECONDS", value_parser = seconds, default_value = "10")]
    connect_timeout: Duration,
    /// How long a silent server may take to answer a Close
    #[arg(long, value_name = "SECONDS", value_parser = seconds, default_value = "10")]
    close_timeout: Duration,
}

/// A header as it is typed: the name, a colon, the value.
fn header(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once(':').ok_or("a name, a colon and a value: 'Name: value'")?;
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}

pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let url = match Url::parse(&arguments.url) {
        Ok(url) => url,
        Err(error) => bail!("{}: {error}", arguments.url),
    };
    // RFC 6455 §4.1: a wss URL is for TLS alone.
    ensure!(!url.is_secure(), "{}: TLS is not supported yet: use ws://", arguments.url);
    let mut display = Display::new();
    let Some(opened) = handshake::open(url, arguments, &mut display)? else {
        return Ok(ExitCode::from(1));
    };
    let closure = session::run(opened, arguments, &mut display)?;
    Ok(ExitCode::from(exit_code(&closure)))
}

fn exit_code(closure: &Closure) -> u8 {
    match closure.code {
        _ if closure.failure.is_some() => 4,
        CloseCode::NORMAL | CloseCode::GOING_AWAY | CloseCode::NO_STATUS => 0,
        CloseCode::ABNORMAL => 2,
        _ => 3,
    }
}

#[cfg(test)]
mod tests {
    use super::{exit_code, header};
    use longwire::{CloseCode, Closure, Initiator, ProtocolError};

    #[test]
    fn a_script_can_tell_the_endings_apart() {
        let table = [
            (1000, None, 0),
            (1001, None, 0),
            (1005, None, 0),
            (1006, None, 2),
            (1002, None, 3),
            (1011, None, 3),
            (4000, None, 3),
            (1006, Some(ProtocolError::FrameMasked), 4),
            (1000, Some(ProtocolError::MessageTooBig), 4),
        ];
        for (code, failure, expected) in table {
            let code = CloseCode::new(code);
            let closure = Closure { code, initiator: Initiator::Peer, failure };
            assert_eq!(exit_code(&closure), expected, "{closure:?}");
        }
    }

    #[test]
    fn a_header_has_a_colon() {
        let table = [
            ("Name: value", Some(("Name", "value"))),
            ("Name:value", Some(("Name", "value"))),
            ("Name: a: b", Some(("Name", "a: b"))),
            ("Name:", Some(("Name", ""))),
            ("Name", None),
        ];
        for (text, expected) in table {
            let parsed = header(text).ok();
            let parsed = parsed.as_ref().map(|(name, value)| (name.as_str(), value.as_str()));
            assert_eq!(parsed, expected, "{text}");
        }
    }
}
