//! What is shown, and how: messages on standard output, everything else on standard error.
//!
//! Nothing that the peer sent reaches a terminal as it is: control characters, and those that turn
//! the direction of text, are shown as `\u{…}`.

use std::fmt::{self, Write as _};
use std::io::{self, IsTerminal as _, Write};

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};
use longwire::{CloseCode, Closure, Initiator};

/// Of a binary message, so many bytes are shown.
const SHOWN_BYTES: usize = 32;

const RECEIVED: Style = AnsiColor::Green.on_default();
const NOTE: Style = AnsiColor::BrightBlack.on_default();
const ALARM: Style = AnsiColor::Red.on_default();

/// One of the two outputs.
struct Output {
    to: Box<dyn Write>,
    is_terminal: bool,
    /// NO_COLOR is respected, and so is a terminal that has none.
    has_colours: bool,
}

impl Output {
    fn new(to: impl Write + 'static, is_terminal: bool, choice: ColorChoice) -> Self {
        let has_colours = is_terminal && choice != ColorChoice::Never;
        Self { to: Box::new(to), is_terminal, has_colours }
    }

    /// A line; on a terminal behind a mark.
    fn line(&mut self, mark: &str, style: Style, text: &str) -> io::Result<()> {
        let mark = if self.is_terminal { mark } else { "" };
        let style = if self.has_colours { style } else { Style::new() };
        writeln!(self.to, "{style}{mark}{text}{style:#}")?;
        self.to.flush()
    }
}

/// Where the user sees what happens.
pub(super) struct Display {
    messages: Output,
    notes: Output,
    is_broken: bool,
}

impl Display {
    pub(super) fn new() -> Self {
        let (stdout, stderr) = (io::stdout(), io::stderr());
        let (on_stdout, on_stderr) = (stdout.is_terminal(), stderr.is_terminal());
        let (stdout_choice, stderr_choice) =
            (AutoStream::choice(&stdout), AutoStream::choice(&stderr));
        Self {
            messages: Output::new(stdout, on_stdout, stdout_choice),
            notes: Output::new(stderr, on_stderr, stderr_choice),
            is_broken: false,
        }
    }

    /// Whether nobody takes the messages any more, as in `longwire connect … | head -1`.
    pub(super) fn is_broken(&self) -> bool {
        self.is_broken
    }

    pub(super) fn connected(&mut self, url: &str, deflate: bool, subprotocol: Option<&str>) {
        let mut text = format!("connected to {}", Escaped(url));
        if deflate {
            text.push_str(", permessage-deflate");
        }
        if let Some(subprotocol) = subprotocol {
            text.push_str(", subprotocol ");
            text.push_str(subprotocol);
        }
        self.note(&text);
    }

    /// A text message. Where it goes into a file or a pipe it is left as it is.
    pub(super) fn text(&mut self, text: &str) {
        if self.messages.is_terminal {
            self.message(&Escaped(text).to_string());
        } else {
            self.message(text);
        }
    }

    /// A binary message: its length and its beginning.
    pub(super) fn binary(&mut self, data: &[u8]) {
        self.message(&Binary(data).to_string());
    }

    /// A Ping or a Pong.
    pub(super) fn control(&mut self, name: &str, payload: &[u8]) {
        if payload.is_empty() {
            self.note(name);
        } else {
            self.note(&format!("{name} \"{}\"", Escaped(&String::from_utf8_lossy(payload))));
        }
    }

    pub(super) fn refused(&mut self, status: u16, location: Option<&str>) {
        let mut text = format!("the server refused the handshake with status {status}");
        if let Some(location) = location {
            text.push_str(", and points to ");
            text.push_str(&Escaped(location).to_string());
        }
        self.alarm(&text);
    }

    /// The beginning of the body of a refusal.
    pub(super) fn body(&mut self, body: &[u8]) {
        let text = String::from_utf8_lossy(body);
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            self.note(&Escaped(line).to_string());
        }
    }

    /// How the connection ended; `reason` is that of the server's Close.
    pub(super) fn closed(&mut self, closure: &Closure, reason: &str) {
        let mut text = match (closure.failure, closure.code, closure.initiator) {
            (Some(failure), ..) => format!("failed: {failure}"),
            (None, CloseCode::ABNORMAL, _) => {
                "connection lost, without a closing handshake: 1006".into()
            }
            (None, code, Initiator::Peer) => format!("closed by the server: {code}"),
            (None, code, _) => format!("closed: {code}"),
        };
        if !reason.is_empty() {
            let _ = write!(text, " \"{}\"", Escaped(reason));
        }
        let is_alarm = closure.failure.is_some() || closure.code == CloseCode::ABNORMAL;
        if is_alarm { self.alarm(&text) } else { self.note(&text) }
    }

    /// Something to know.
    pub(super) fn note(&mut self, text: &str) {
        // Notes that nobody takes are not worth an end.
        let _ = self.notes.line("* ", NOTE, text);
    }

    /// Something that went wrong.
    pub(super) fn alarm(&mut self, text: &str) {
        let _ = self.notes.line("! ", ALARM, text);
    }

    fn message(&mut self, text: &str) {
        if !self.is_broken {
            self.is_broken = self.messages.line("< ", RECEIVED, text).is_err();
        }
    }
}

/// Text whose control characters are shown and not obeyed. Tabs and line ends are left to a
/// terminal; a new line is indented, so that it does not pass for a message of its own.
struct Escaped<'a>(&'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            match character {
                '\t' => f.write_char('\t')?,
                '\n' => f.write_str("\n  ")?,
                _ if character.is_control() || turns_direction(character) => {
                    write!(f, "{}", character.escape_unicode())?;
                }
                _ => f.write_char(character)?,
            }
        }
        Ok(())
    }
}

/// The characters that change in which direction what follows is shown (Unicode's UAX 9): with them,
/// a line reads as something that it is not.
fn turns_direction(character: char) -> bool {
    matches!(
        character,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    )
}

struct Binary<'a>(&'a [u8]);

impl fmt::Display for Binary<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(data) = self;
        write!(f, "<binary {} byte{}", data.len(), if data.len() == 1 { "" } else { "s" })?;
        f.write_str(if data.is_empty() { "" } else { ":" })?;
        for byte in data.iter().take(SHOWN_BYTES) {
            write!(f, " {byte:02x}")?;
        }
        f.write_str(if data.len() > SHOWN_BYTES { " …>" } else { ">" })
    }
}

#[cfg(test)]
mod tests {
    use super::{Display, Output};
    use anstream::ColorChoice;
    use longwire::{CloseCode, Closure, Initiator, ProtocolError};
    use std::cell::RefCell;
    use std::io::{self, Write};
    use std::rc::Rc;

    #[derive(Clone, Default)]
    struct Paper(Rc<RefCell<Vec<u8>>>);

    impl Write for Paper {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.borrow_mut().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// What stands on standard output and on standard error after `show`.
    fn shown(is_terminal: bool, show: impl Fn(&mut Display)) -> (String, String) {
        let (stdout, stderr) = (Paper::default(), Paper::default());
        let output = |paper: &Paper| Output::new(paper.clone(), is_terminal, ColorChoice::Never);
        show(&mut Display { messages: output(&stdout), notes: output(&stderr), is_broken: false });
        let text = |paper: Paper| String::from_utf8(paper.0.take()).unwrap();
        (text(stdout), text(stderr))
    }

    #[test]
    fn a_terminal_shows_control_characters_and_does_not_obey_them() {
        // A message, and how it stands on a terminal.
        let table = [
            ("Hello", "< Hello\n"),
            ("", "< \n"),
            ("tab\there", "< tab\there\n"),
            ("two\nlines", "< two\n  lines\n"),
            ("\x1b]0;title\x07", "< \\u{1b}]0;title\\u{7}\n"),
            ("over\rwritten", "< over\\u{d}written\n"),
            ("\u{9b}31m", "< \\u{9b}31m\n"),
            ("abc\u{202e}txt.exe", "< abc\\u{202e}txt.exe\n"),
            ("del\x7f", "< del\\u{7f}\n"),
            ("żółć 漢字 😀", "< żółć 漢字 😀\n"),
        ];
        for (text, expected) in table {
            let (messages, notes) = shown(true, |display| display.text(text));
            assert_eq!((messages.as_str(), notes.as_str()), (expected, ""));
            let (messages, _) = shown(false, |display| display.text(text));
            assert_eq!(messages, format!("{text}\n"), "a pipe gets it as it is");
        }
    }

    #[test]
    fn notes_are_never_obeyed() {
        for is_terminal in [true, false] {
            let mark = |mark| if is_terminal { mark } else { "" };
            let (messages, notes) = shown(is_terminal, |display| {
                display.control("ping", b"");
                display.control("pong", b"\x1bc\xff");
                display.refused(302, Some("http://a/\x1bc"));
                display.body(b"one\r\n\r\n\x1bc");
            });
            assert_eq!(messages, "");
            let lines = [
                (mark("* "), "ping"),
                (mark("* "), "pong \"\\u{1b}c\u{fffd}\""),
                (
                    mark("! "),
                    "the server refused the handshake with status 302, and points to http://a/\\u{1b}c",
                ),
                (mark("* "), "one"),
                (mark("* "), "\\u{1b}c"),
            ];
            let expected: String =
                lines.iter().map(|(mark, text)| format!("{mark}{text}\n")).collect();
            assert_eq!(notes, expected);
        }
    }

    #[test]
    fn binary_messages_are_shown_in_part() {
        let table: &[(&[u8], &str)] = &[
            (b"", "<binary 0 bytes>\n"),
            (b"\x00", "<binary 1 byte: 00>\n"),
            (b"\x00\x1b\xff", "<binary 3 bytes: 00 1b ff>\n"),
        ];
        for (data, expected) in table {
            assert_eq!(shown(false, |display| display.binary(data)).0, *expected);
        }
        let long = shown(false, |display| display.binary(&[7; 33])).0;
        assert_eq!(long, format!("<binary 33 bytes:{} …>\n", " 07".repeat(32)));
    }

    #[test]
    fn every_ending_is_told() {
        use Initiator::{Nobody, Peer, Us};
        let table = [
            (1000, Us, None, "", "closed: 1000 (normal closure)\n"),
            (4000, Peer, None, "bye\x07", "closed by the server: 4000 \"bye\\u{7}\"\n"),
            (1006, Nobody, None, "", "connection lost, without a closing handshake: 1006\n"),
            (
                1006,
                Nobody,
                Some(ProtocolError::FrameMasked),
                "",
                "failed: a server must not mask a frame (RFC 6455 §5.1, close code 1002)\n",
            ),
        ];
        for (code, initiator, failure, reason, expected) in table {
            let closure = Closure { code: CloseCode::new(code), initiator, failure };
            assert_eq!(shown(false, |display| display.closed(&closure, reason)).1, expected);
        }
    }

    #[test]
    fn colours_are_for_terminals_that_have_them() {
        let table = [
            (true, ColorChoice::Always, "\u{1b}[32m< Hello\u{1b}[0m\n"),
            (true, ColorChoice::Never, "< Hello\n"),
            (false, ColorChoice::Always, "Hello\n"),
        ];
        for (is_terminal, choice, expected) in table {
            let paper = Paper::default();
            let mut display = Display {
                messages: Output::new(paper.clone(), is_terminal, choice),
                notes: Output::new(Paper::default(), is_terminal, choice),
                is_broken: false,
            };
            display.text("Hello");
            assert_eq!(String::from_utf8(paper.0.take()).unwrap(), expected);
        }
    }

    /// An output that nobody takes.
    struct Closed;

    impl Write for Closed {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_broken_pipe_is_noticed() {
        let mut display = Display {
            messages: Output::new(Closed, false, ColorChoice::Never),
            notes: Output::new(Closed, false, ColorChoice::Never),
            is_broken: false,
        };
        display.note("notes do not count");
        assert!(!display.is_broken());
        display.text("Hello");
        assert!(display.is_broken());
    }
}
