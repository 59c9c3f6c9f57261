//! Judges a server's answer to a request (RFC 6455 §4.2).

use crate::case::Answer;
use crate::extension::{self, Agreed};
use crate::frames::Shown;
use crate::handshake::{Head, check_upgrade, head_len};
use crate::link::{Link, Read};
use crate::verdict::Verdict;

/// The longest head that is read.
const MAX_HEAD_BYTES: usize = 64 * 1024;

/// What came for a request.
#[derive(Clone, Debug)]
pub(crate) enum Response {
    Head(Head),
    /// TCP ended before there was a head.
    Dropped,
    /// Neither came in time.
    Nothing,
    /// Something that is no HTTP response.
    Malformed(String),
}

/// Reads a head and takes it out of what was received.
pub(crate) fn read_head(link: &mut Link) -> Response {
    let until = link.wait_until(link.timeout);
    loop {
        if let Some(len) = head_len(link.unused()) {
            let bytes = link.unused()[..len].to_vec();
            link.advance(len + 4);
            for line in String::from_utf8_lossy(&bytes).lines() {
                link.note(format_args!("← {line:.200}"));
            }
            return match Head::parse(&bytes) {
                Ok(head) => Response::Head(head),
                Err(reason) => Response::Malformed(reason),
            };
        }
        if link.unused().len() > MAX_HEAD_BYTES {
            return Response::Malformed("its head does not end".to_owned());
        }
        let read = link.read(until);
        if read != Read::More && !link.unused().is_empty() {
            let shown = Shown(link.unused()).to_string();
            link.note(format_args!("← {shown}"));
        }
        match read {
            Read::More => {}
            Read::Fin | Read::Reset if link.unused().is_empty() => {
                link.note(format_args!("← the end of TCP"));
                return Response::Dropped;
            }
            Read::Fin | Read::Reset => {
                return Response::Malformed("TCP ended in the midst of the head".to_owned());
            }
            Read::Timeout => return Response::Nothing,
            Read::TooMuch => return Response::Malformed("it sends without end".to_owned()),
        }
    }
}

/// What was asked for.
#[derive(Debug)]
pub(crate) struct Asked<'a> {
    pub(crate) key: &'a str,
    pub(crate) offers: Vec<extension::Extension>,
    pub(crate) subprotocols: Vec<String>,
}

/// Checks a 101 against what was asked for, and reads what was agreed on.
pub(crate) fn check_101(head: &Head, asked: &Asked<'_>) -> Result<Option<Agreed>, String> {
    check_upgrade(head, asked.key)?;
    match head.values("Sec-WebSocket-Protocol")[..] {
        [] => {}
        [chosen] if asked.subprotocols.iter().any(|of| of == chosen) => {}
        [chosen] => return Err(format!("the subprotocol {chosen:?} was not asked for (§4.2.2)")),
        _ => return Err("Sec-WebSocket-Protocol more than once (§11.3.4)".into()),
    }
    extension::agreed(&asked.offers, &extension::extensions(head)?)
}

/// What an answer comes to.
#[derive(Debug)]
pub(crate) enum Judged {
    /// The connection is open, as it should be.
    Open(Option<Agreed>),
    Decided(Verdict),
}

pub(crate) fn judge(
    answer: Answer,
    response: Response,
    asked: &Asked<'_>,
    link: &mut Link,
) -> Judged {
    let result = match response {
        Response::Head(head) if head.status() == Some(101) => judge_101(answer, &head, asked),
        Response::Head(head) => judge_refusal(answer, &head, link).map(Judged::Decided),
        Response::Dropped => match answer {
            Answer::NotUpgraded
            | Answer::RefusedOrDropped
            | Answer::RefusedThenEnd
            | Answer::RefusedWithClose
            | Answer::DeclinedOrRefused => Ok(Judged::Decided(Verdict::Pass)),
            Answer::Observed => Ok(observed("ends TCP without a response")),
            _ => Err("TCP ended without a response".into()),
        },
        Response::Nothing if matches!(answer, Answer::Observed) => Ok(observed("waits")),
        Response::Nothing => Err("no response came".into()),
        Response::Malformed(reason) => Err(reason),
    };
    result.unwrap_or_else(|reason| Judged::Decided(Verdict::Fail(reason)))
}

fn observed(what: impl Into<String>) -> Judged {
    Judged::Decided(Verdict::Observed(what.into()))
}

fn judge_101(answer: Answer, head: &Head, asked: &Asked<'_>) -> Result<Judged, String> {
    match answer {
        Answer::Upgraded | Answer::DeclinedOrRefused | Answer::Observed => {}
        Answer::UpgradedWithout(name) if head.values(name).is_empty() => {}
        Answer::UpgradedWithout(name) => return Err(format!("the response has {name}")),
        Answer::Deflate(_) | Answer::DeflateAgreed | Answer::DeflateDeclined => {}
        _ => return Err("it accepts the handshake".into()),
    }
    let agreed = check_101(head, asked)?;
    match (answer, agreed) {
        (Answer::DeflateAgreed, None) => Err("it declines permessage-deflate".into()),
        (Answer::DeflateDeclined | Answer::DeclinedOrRefused, Some(_)) => {
            Err("it agrees to what it has to decline (RFC 7692 §7)".into())
        }
        (Answer::Deflate(check), Some(agreed)) => {
            check(&agreed)?;
            Ok(Judged::Open(Some(agreed)))
        }
        (Answer::Observed, agreed) => Ok(observed(match agreed {
            Some(_) => "accepts, with permessage-deflate",
            None => "accepts",
        })),
        (_, agreed) => Ok(Judged::Open(agreed)),
    }
}

fn judge_refusal(answer: Answer, head: &Head, link: &mut Link) -> Result<Verdict, String> {
    let status = head.status().ok_or_else(|| format!("no HTTP response: {:?}", head.line))?;
    let statuses = match answer {
        Answer::Observed => return Ok(Verdict::Observed(format!("refuses with {status}"))),
        Answer::NotUpgraded => return Ok(Verdict::Pass),
        Answer::Refused(statuses) => statuses,
        Answer::RefusedOrDropped
        | Answer::RefusedWithVersion
        | Answer::RefusedThenEnd
        | Answer::RefusedWithClose
        | Answer::DeclinedOrRefused => &[],
        _ => return Err(format!("it refuses a correct request: {:?}", head.line)),
    };
    if status < 400 || !(statuses.is_empty() || statuses.contains(&status)) {
        return Err(format!("the status is {status}"));
    }
    match answer {
        Answer::RefusedWithVersion if !head.lists("Sec-WebSocket-Version", "13") => {
            Err("no Sec-WebSocket-Version with 13 (§4.2.2, §4.4)".into())
        }
        Answer::RefusedWithClose if !head.lists("Connection", "close") => {
            Err("no Connection: close".into())
        }
        Answer::RefusedThenEnd | Answer::RefusedWithClose => expect_one_response(link),
        _ => Ok(Verdict::Pass),
    }
}

/// Nothing but the body may come, and the end.
fn expect_one_response(link: &mut Link) -> Result<Verdict, String> {
    let until = link.wait_until(link.timeout);
    let end = loop {
        match link.read(until) {
            Read::More => {}
            end => break end,
        }
    };
    let another = link.unused().windows(9).any(|bytes| {
        bytes.starts_with(b"HTTP/1.") && bytes[7].is_ascii_digit() && bytes[8] == b' '
    });
    if another {
        return Err("another response came: what follows was read as a request".into());
    }
    match end {
        Read::Fin | Read::Reset => Ok(Verdict::Pass),
        Read::TooMuch => Err("it sends without end".into()),
        _ => Err("TCP does not end".into()),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::net::{Shutdown, TcpListener, TcpStream};

    use super::*;
    use crate::handshake::{Draft, Edit, accept};
    use crate::options::Options;

    const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";

    /// What comes of these bytes as an answer, from a server that ends TCP behind them: "open", or
    /// the verdict.
    fn judged(answer: Answer, bytes: &[u8]) -> &'static str {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut there = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let mut link = Link::new(listener.accept().unwrap().0, &Options::default()).unwrap();
        there.write_all(bytes).unwrap();
        there.shutdown(Shutdown::Write).unwrap();
        let response = read_head(&mut link);
        let asked = Asked { key: KEY, offers: Vec::new(), subprotocols: vec!["chat".to_owned()] };
        match judge(answer, response, &asked, &mut link) {
            Judged::Open(_) => "open",
            Judged::Decided(verdict) => verdict.name(),
        }
    }

    #[test]
    fn answers() {
        let upgraded = |edits: &[Edit]| {
            Draft::response().edits(edits).render(&[("accept", accept(KEY).as_str())])
        };
        let refused =
            |status: &str, rest: &str| format!("HTTP/1.1 {status} No\r\n{rest}\r\n").into_bytes();
        let (version, close) = ("Sec-WebSocket-Version: 13\r\n", "Connection: close\r\n");
        let another = "\r\nHTTP/1.1 404 Not Found\r\n";
        let cases = [
            (Answer::Upgraded, upgraded(&[]), "open"),
            (Answer::Upgraded, upgraded(&[Edit::And("Sec-WebSocket-Protocol: chat")]), "open"),
            (Answer::Upgraded, upgraded(&[Edit::And("Sec-WebSocket-Protocol: x")]), "fail"),
            (Answer::Upgraded, upgraded(&[Edit::And("Sec-WebSocket-Extensions: x")]), "fail"),
            (Answer::Upgraded, upgraded(&[Edit::Without("Upgrade")]), "fail"),
            (Answer::Upgraded, refused("400", ""), "fail"),
            (Answer::Upgraded, Vec::new(), "fail"),
            (Answer::Refused(&[]), upgraded(&[]), "fail"),
            (Answer::Refused(&[]), refused("400", ""), "pass"),
            (Answer::Refused(&[]), refused("200", ""), "fail"),
            (Answer::Refused(&[]), refused("4000", ""), "fail"),
            (Answer::Refused(&[426]), refused("400", ""), "fail"),
            (Answer::Refused(&[]), Vec::new(), "fail"),
            (Answer::RefusedOrDropped, Vec::new(), "pass"),
            (Answer::RefusedOrDropped, b"HTTP/1.1 400 Bad".to_vec(), "fail"),
            (Answer::NotUpgraded, refused("200", ""), "pass"),
            (Answer::NotUpgraded, upgraded(&[]), "fail"),
            (Answer::RefusedWithVersion, refused("426", version), "pass"),
            (Answer::RefusedWithVersion, refused("426", ""), "fail"),
            (Answer::RefusedWithClose, refused("400", close), "pass"),
            (Answer::RefusedWithClose, refused("400", ""), "fail"),
            (Answer::RefusedThenEnd, refused("400", "\r\nsome body"), "pass"),
            (Answer::RefusedThenEnd, refused("400", another), "fail"),
            (Answer::Observed, refused("418", ""), "observed"),
        ];
        for (answer, bytes, right) in cases {
            let text = String::from_utf8_lossy(&bytes).into_owned();
            assert_eq!(judged(answer, &bytes), right, "{answer:?} {text}");
        }
    }
}
