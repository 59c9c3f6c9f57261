//! Does what a case says after the opening, and judges what comes.

use longwire::Role;

use crate::case::{Codes, Expect, PROBE, Step, Wire};
use crate::conversation::{Came, Conversation};
use crate::frames::{Shown, TEXT, close};
use crate::options::Options;
use crate::verdict::Verdict;

/// Why a case ends before its last step.
type Stop = Verdict;

/// Goes through the steps.
pub(crate) fn judge(conversation: &mut Conversation, steps: &[Step], options: &Options) -> Verdict {
    let mut observed = None;
    for step in steps {
        match step {
            Step::Send(frames, wire) => conversation.send(frames, *wire),
            Step::Raw(bytes) => {
                conversation.link.note(format_args!("→ {}", Shown(bytes)));
                conversation.link.write(bytes, Wire::Whole);
            }
            Step::Shutdown => {
                conversation.link.note(format_args!("→ the end of our half of TCP (FIN)"));
                conversation.link.shutdown();
            }
            Step::NeedContext if !conversation.has_context() => {
                return Verdict::Skipped("no context takeover was agreed on".to_owned());
            }
            Step::NeedNoContext if conversation.has_context() => {
                return Verdict::Skipped("context takeover was agreed on".to_owned());
            }
            Step::NeedContext | Step::NeedNoContext => {}
            Step::Expect(Expect::Observed) => observed = Some(observe(conversation, options)),
            Step::Expect(expect) => {
                if let Err(stop) = expect_one(conversation, expect, options) {
                    return stop;
                }
            }
        }
    }
    observed.map_or(Verdict::Pass, Verdict::Observed)
}

fn fail(reason: impl Into<String>) -> Stop {
    Verdict::Fail(reason.into())
}

fn expect_one(it: &mut Conversation, expect: &Expect, options: &Options) -> Result<(), Stop> {
    match expect {
        Expect::Echo(opcode, payload) => expect_echo(it, *opcode, payload),
        Expect::Pong(payload) => expect_pong(it, payload),
        Expect::Failure(codes) => expect_failure(it, codes),
        Expect::Closing(codes) => expect_closing(it, codes).map(|_| ()),
        Expect::ClosingWithFin => match expect_closing(it, &[])? {
            Came::Reset => Err(fail("TCP ends with RST, which is no clean close (§7.1.1)")),
            _ => Ok(()),
        },
        Expect::NotOpen => expect_not_open(it, options),
        Expect::End => expect_end(it),
        Expect::Silence => expect_silence(it, options),
        Expect::FreshKeys(count) => fresh_keys(&it.mask_keys, *count).map_err(fail),
        Expect::Observed => Ok(()),
    }
}

fn expect_echo(it: &mut Conversation, opcode: u8, payload: &[u8]) -> Result<(), Stop> {
    let until = it.link.wait_until(it.link.timeout);
    loop {
        match it.next(until) {
            Came::Message(came, bytes) if came == opcode && bytes == payload => return Ok(()),
            Came::Message(TEXT, bytes) => {
                return Err(fail(format!("another text message came: {}", Shown(&bytes))));
            }
            Came::Message(_, bytes) => {
                return Err(fail(format!("another binary message came: {}", Shown(&bytes))));
            }
            Came::Ping | Came::Pong(_) => {}
            other => return Err(instead("the message", &other)),
        }
    }
}

fn expect_pong(it: &mut Conversation, payload: &[u8]) -> Result<(), Stop> {
    let until = it.link.wait_until(it.link.timeout);
    loop {
        match it.next(until) {
            Came::Pong(bytes) if bytes == payload => return Ok(()),
            Came::Ping | Came::Pong(_) => {}
            Came::Message(..) => return Err(fail("a message came instead of the Pong")),
            other => return Err(instead("the Pong", &other)),
        }
    }
}

fn expect_failure(it: &mut Conversation, codes: Codes) -> Result<(), Stop> {
    let until = it.link.wait_until(it.link.timeout);
    let mut closed_with = None;
    loop {
        match it.next(until) {
            Came::Message(..) => return Err(fail("it goes on: a message came")),
            Came::Pong(bytes) if bytes == PROBE => {
                return Err(fail("it goes on: a Ping behind the failure was answered (§7.1.7)"));
            }
            Came::Ping | Came::Pong(_) => {}
            Came::Close(code) => {
                closed_with.get_or_insert(code);
                answer_close(it);
            }
            Came::Fin | Came::Reset => break,
            Came::Nothing if closed_with.is_some() => {
                return Err(fail("a Close came, but not the end of TCP (§7.1.7)"));
            }
            Came::Nothing => return Err(fail("it does not fail the connection")),
            Came::Violation(violation) => return Err(fail(format!("it goes on: {violation}"))),
        }
    }
    match closed_with {
        _ if codes.is_empty() => Ok(()),
        Some(code) if codes.contains(&code) => Ok(()),
        Some(1005) => Err(fail(format!("the Close has no code, {codes:?} is right (§7.1.7)"))),
        Some(code) => Err(fail(format!("the code is {code}, {codes:?} is right (§7.4.1)"))),
        None => Err(fail("TCP ended without a Close (§7.1.7)")),
    }
}

/// How TCP ended.
fn expect_closing(it: &mut Conversation, codes: Codes) -> Result<Came, Stop> {
    let until = it.link.wait_until(it.link.timeout);
    let mut closed = false;
    loop {
        match it.next(until) {
            Came::Message(..) => return Err(fail("a message came behind our Close")),
            Came::Pong(bytes) if bytes == PROBE => {
                return Err(fail("a Ping behind our Close was answered (§5.5.2)"));
            }
            Came::Ping | Came::Pong(_) => {}
            Came::Close(code) if codes.is_empty() || codes.contains(&code) => {
                closed = true;
                if it.peer() == Role::Client {
                    it.link.shutdown();
                }
            }
            Came::Close(1005) => return Err(fail(format!("no code came, {codes:?} is right"))),
            Came::Close(code) => {
                return Err(fail(format!("the code {code} came, {codes:?} is right")));
            }
            end @ (Came::Fin | Came::Reset) if closed => return Ok(end),
            Came::Nothing if closed => {
                return Err(fail(match it.peer() {
                    Role::Server => "it leaves it to the client to close TCP first (§7.1.1)",
                    Role::Client => "TCP does not end, although we have closed our half",
                }));
            }
            other => return Err(instead("the Close", &other)),
        }
    }
}

fn expect_not_open(it: &mut Conversation, options: &Options) -> Result<(), Stop> {
    let until = it.link.wait_until(options.quiet);
    match it.next(until) {
        Came::Fin | Came::Reset | Came::Nothing => Ok(()),
        Came::Message(..) => Err(fail("it goes on: a message came")),
        other => Err(instead("the end or nothing", &other)),
    }
}

fn expect_end(it: &mut Conversation) -> Result<(), Stop> {
    let until = it.link.wait_until(it.link.timeout);
    loop {
        match it.next(until) {
            Came::Fin | Came::Reset => return Ok(()),
            Came::Close(_) => answer_close(it),
            Came::Message(..) | Came::Ping | Came::Pong(_) => {}
            Came::Nothing => return Err(fail("TCP does not end")),
            Came::Violation(violation) => return Err(fail(violation)),
        }
    }
}

fn expect_silence(it: &mut Conversation, options: &Options) -> Result<(), Stop> {
    let until = it.link.wait_until(options.quiet);
    loop {
        match it.next(until) {
            Came::Nothing => return Ok(()),
            Came::Ping | Came::Pong(_) => {}
            Came::Message(..) => return Err(fail("a message came, where none was complete")),
            other => return Err(instead("silence", &other)),
        }
    }
}

/// What comes until the end, or until nothing comes for a while.
fn observe(it: &mut Conversation, options: &Options) -> String {
    let mut came = Vec::new();
    let until = it.link.wait_until(it.link.timeout);
    while came.len() < 8 {
        match it.next(it.link.wait_until(options.quiet).min(until)) {
            Came::Message(opcode, bytes) => {
                let kind = if opcode == TEXT { "text" } else { "binary" };
                came.push(format!("a {kind} message of {} bytes", bytes.len()));
            }
            Came::Ping => came.push("a Ping".to_owned()),
            Came::Pong(_) => came.push("a Pong".to_owned()),
            Came::Close(code) => {
                came.push(match code {
                    1005 => "a Close without a code".to_owned(),
                    code => format!("Close {code}"),
                });
                answer_close(it);
            }
            Came::Fin => {
                came.push("the end of TCP".to_owned());
                break;
            }
            Came::Reset => {
                came.push("a reset of TCP".to_owned());
                break;
            }
            Came::Nothing => {
                came.push("waits".to_owned());
                break;
            }
            Came::Violation(violation) => {
                came.push(violation);
                break;
            }
        }
    }
    came.join(", ")
}

/// Ours in return (RFC 6455 §5.5.1); a server then ends TCP (§7.1.1).
fn answer_close(it: &mut Conversation) {
    if !it.closed_by_us {
        it.send(&[close(&[0x03, 0xe8])], Wire::Whole);
    }
    if it.peer() == Role::Client {
        it.link.shutdown();
    }
}

fn instead(of: &str, came: &Came) -> Stop {
    fail(match came {
        Came::Message(..) => format!("a message came instead of {of}"),
        Came::Ping => format!("a Ping came instead of {of}"),
        Came::Pong(_) => format!("a Pong came instead of {of}"),
        Came::Close(1005) => format!("a Close without a code came instead of {of}"),
        Came::Close(code) => format!("Close {code} came instead of {of}"),
        Came::Fin => format!("TCP ended instead of {of}"),
        Came::Reset => format!("TCP was reset instead of {of}"),
        Came::Nothing => format!("nothing came, not {of}"),
        Came::Violation(violation) => violation.clone(),
    })
}

/// RFC 6455 §5.3: each key is fresh, and says nothing about the next.
fn fresh_keys(keys: &[[u8; 4]], count: usize) -> Result<(), String> {
    if keys.len() < count {
        return Err(format!("only {} masked frames came", keys.len()));
    }
    let keys: Vec<u32> = keys.iter().map(|key| u32::from_be_bytes(*key)).collect();
    for (at, key) in keys.iter().enumerate() {
        if keys[..at].contains(key) {
            return Err(format!("the masking key {key:08x} comes twice in {} frames", keys.len()));
        }
    }
    let steps: Vec<u32> = keys.windows(2).map(|pair| pair[1].wrapping_sub(pair[0])).collect();
    let flips: Vec<u32> = keys.windows(2).map(|pair| pair[1] ^ pair[0]).collect();
    for differences in [steps, flips] {
        if differences.len() > 2 && differences.windows(2).all(|pair| pair[0] == pair[1]) {
            return Err("the masking keys are in a pattern".into());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::fresh_keys;

    #[test]
    fn keys_that_repeat_or_count_are_not_fresh() {
        let keys = |keys: &[u32]| keys.iter().map(|key| key.to_be_bytes()).collect::<Vec<_>>();
        let cases: &[(&[u32], bool)] = &[
            (&[0x1234_5678, 0x9abc_def0, 0x0f1e_2d3c, 0x7777_1111], true),
            (&[1, 2], false),
            (&[5, 5, 6, 7], false),
            (&[1, 2, 3, 4], false),
            (&[0xffff_fffe, 1, 4, 7], false),
        ];
        for (of, fresh) in cases {
            assert_eq!(fresh_keys(&keys(of), 4).is_ok(), *fresh, "{of:x?}");
        }
    }
}
