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
        if let Some(len) = head_len(&link.received) {
            let bytes: Vec<u8> = link.received.drain(..len + 4).take(len).collect();
            for line in String::from_utf8_lossy(&bytes).lines() {
                link.note(format!("← {line:.200}"));
            }
            return match Head::parse(&bytes) {
                Ok(head) => Response::Head(head),
                Err(reason) => Response::Malformed(reason),
            };
        }
        if link.received.len() > MAX_HEAD_BYTES {
            return Response::Malformed("its head does not end".to_owned());
        }
        let read = link.read(until);
        if read != Read::More && !link.received.is_empty() {
            let line = format!("← {}", Shown(&link.received));
            link.note(line);
        }
        match read {
            Read::More => {}
            Read::Fin | Read::Reset if link.received.is_empty() => {
                link.note("← the end of TCP".to_owned());
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
    let another = link.received.windows(9).any(|bytes| {
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
