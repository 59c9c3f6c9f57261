//! Holds the engine against a vector: through both interfaces; byte by byte, whole, and in every
//! cut into two; alone and with bytes behind it.
//!
//! The run of single bytes is compared with the vector. It says exactly at which byte everything
//! happens, and so what every other way of feeding the same bytes has to come to.

use std::fmt;

use longwire::{ProtocolError, Role, State};

use crate::feed::{Api, run};
use crate::notation::{self, show};
use crate::trace::{End, Seen, Trace, What};
use crate::vector::{KEY, Vector, close_frame, parse};

/// Inputs longer than this have one long payload, that is all the same.
pub const LONG_BYTES: usize = 4096;

/// Where an input is cut into two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cuts {
    /// Everywhere.
    All,
    /// Everywhere, but in the middle of a long payload only at every 61st byte. That is still every
    /// place in the masking key, and in any machine word.
    Most,
}

/// The engine did something else than it should.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// The vector, and the interface.
    pub name: String,
    /// How it was fed.
    pub cut: String,
    /// What should have happened.
    pub expected: String,
    /// What did.
    pub got: String,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, cut, expected, got } = self;
        write!(f, "{name}, {cut}\n  expected:\n{expected}\n  got:\n{got}")
    }
}

/// Runs every line of a table in every way.
///
/// # Panics
/// A line cannot be read, there is none, or the engine does something else than one says.
#[track_caller]
pub fn holds(table: &str) {
    let vectors = parse("line", table).unwrap_or_else(|error| panic!("{error}"));
    assert!(!vectors.is_empty(), "there are no vectors");
    let mismatch = vectors.iter().find_map(|vector| check(vector, Cuts::Most).err());
    if let Some(mismatch) = mismatch {
        panic!("{mismatch}");
    }
}

/// Runs a vector in every way.
///
/// # Errors
/// The first way in which the engine does not do what it should.
pub fn check(vector: &Vector, cuts: Cuts) -> Result<(), Mismatch> {
    for api in [Api::WebSocket, Api::InPlace, Api::Connection] {
        let name = format!("{}, {api:?}", vector.name);
        let mismatch = |cut: &str, expected, got| {
            let (name, cut) = (name.clone(), cut.to_owned());
            Err(Mismatch { name, cut, expected, got })
        };
        let every_byte: Vec<usize> = (1..=vector.input.len()).collect();
        let exact = run(vector, api, &vector.input, &every_byte);
        if exact.is_broken() {
            return mismatch("byte by byte", "    every promise kept".into(), format!("{exact:?}"));
        }
        // What is inside of a compressed message, a `Connection` does not know.
        if !exact.compressed
            && let Some((expected, got)) = difference(vector, &exact)
        {
            return mismatch("byte by byte", expected, got);
        }
        for (what, tail, expected) in tails(vector, &exact) {
            let input = [&vector.input[..], &tail].concat();
            if let Some((cut, expected, got)) = cut_everywhere(vector, api, &input, &expected, cuts)
            {
                return mismatch(&format!("{what}, {cut}"), expected, got);
            }
        }
    }
    Ok(())
}

/// What differs between a vector and the run of its single bytes, if anything: what should have
/// happened, and what did.
pub fn difference(vector: &Vector, exact: &Trace) -> Option<(String, String)> {
    let lines = |events: &[Seen], output: &[u8], failure: Option<(usize, ProtocolError)>, end| {
        let events: String = events.iter().map(|event| format!("    {event:?}\n")).collect();
        let failure = failure.map(|(at, error)| format!("    failure {error:?} at byte {at}\n"));
        let failure = failure.unwrap_or_default();
        format!("{events}    output {}\n{failure}    then {end:?}", show(output))
    };
    let expected = (&vector.events[..], &vector.output[..], vector.failure, vector.end);
    let (events, output) = (exact.events(), exact.output());
    let got = (&events[..], &output[..], exact.failure(), exact.end);
    (expected != got).then(|| {
        (lines(expected.0, expected.1, expected.2, expected.3), lines(got.0, got.1, got.2, got.3))
    })
}

/// What may stand behind the vector, and what it all comes to then.
fn tails(vector: &Vector, exact: &Trace) -> Vec<(&'static str, Vec<u8>, Trace)> {
    let mut tails = vec![("alone", Vec::new(), exact.clone())];
    let (in_key, out_key) = match vector.role {
        Role::Server => (Some(KEY), None),
        Role::Client => (None, Some(KEY)),
    };
    let frame = |text, key| notation::parse(text, key).expect("a frame").bytes;
    let (text, ping) = (frame("[81 01 74]", in_key), frame("[89 02 7069]", in_key));
    match exact.end {
        _ if vector.setup.eof => {}
        // RFC 6455 §7.1.7, §1.4: whatever comes behind a failure or a Close is not processed.
        End::Closed(_) => {
            let close = close_frame(1001, "behind it", in_key);
            tails.extend([
                ("with a message behind it", text, exact.clone()),
                ("with a Ping behind it", ping, exact.clone()),
                ("with a Close behind it", close, exact.clone()),
                ("with no frame behind it", vec![0xff; 9], exact.clone()),
            ]);
        }
        End::Idle(state) => {
            let longer = |frame: &[u8], steps: &[What]| {
                let at = vector.input.len() + frame.len();
                let mut longer = exact.clone();
                longer.steps.extend(steps.iter().map(|step| (at, step.clone())));
                longer
            };
            let seen = [What::Event(Seen::Text(b"t".to_vec()))];
            tails.push(("with a message behind it", text.clone(), longer(&text, &seen)));
            let pong = What::Output(frame("[8a 02 7069]", out_key));
            let seen = [What::Event(Seen::Ping(b"pi".to_vec())), pong];
            tails.push(("with a Ping behind it", ping.clone(), longer(&ping, &seen)));
            // What is not complete is waited for, and what came before it is not held up.
            tails.push(("with part of a message behind it", cut(&text), waiting(exact, state)));
            tails.push(("with part of a Ping behind it", cut(&ping), waiting(exact, state)));
        }
        End::Waiting(_) => {}
    }
    tails
}

/// A frame without its last byte.
fn cut(frame: &[u8]) -> Vec<u8> {
    frame[..frame.len() - 1].to_vec()
}

fn waiting(exact: &Trace, state: State) -> Trace {
    Trace { end: End::Waiting(state), ..exact.clone() }
}

/// Feeds `input` byte by byte, whole, and in every cut into two. What differs from `exact`, if
/// anything.
fn cut_everywhere(
    vector: &Vector,
    api: Api,
    input: &[u8],
    exact: &Trace,
    cuts: Cuts,
) -> Option<(String, String, String)> {
    let len = input.len();
    // A long payload is cut everywhere once. Behind it, what matters is where it ends.
    let first =
        if len > LONG_BYTES && len > vector.input.len() { vector.input.len() - 16 } else { 0 };
    let near_an_end = |at: usize| at.min(len - at) <= LONG_BYTES / 2;
    let wanted = |at: &usize| cuts == Cuts::All || near_an_end(*at) || at.is_multiple_of(61);
    let mut cut_at = (first..=len).filter(wanted);
    let differs = |what: &dyn Fn() -> String, ends: &[usize]| {
        let got = run(vector, api, input, ends);
        let differs = !exact.comes_to(ends, &got);
        differs.then(|| (what(), format!("{:?}", exact.gathered(ends)), format!("{got:?}")))
    };
    let every_byte: Vec<usize> = (1..=len).collect();
    differs(&|| "byte by byte".into(), &every_byte)
        .or_else(|| differs(&|| "whole".into(), &[len]))
        .or_else(|| cut_at.find_map(|at| differs(&|| format!("cut at {at}"), &[at, len])))
}

#[cfg(test)]
mod tests {
    use super::{Cuts, check, cut_everywhere, holds};
    use crate::feed::{Api, run};
    use crate::trace::What;
    use crate::vector::{Vector, parse};
    use std::panic::catch_unwind;

    const GOOD: &str = r#"a | both | - | [81 01 "a"] [89 01 "p"] [83 00 ^] | text "a"; ping "p" | fail 1002 ReservedOpcode | [8a 01 "p"] close(1002)"#;

    fn vectors(line: &str) -> Vec<Vector> {
        parse("t", line).unwrap()
    }

    #[test]
    fn a_wrong_expectation_is_a_mismatch() {
        assert!(vectors(GOOD).iter().all(|vector| check(vector, Cuts::All).is_ok()));
        let table = [
            ("text \"a\";", "text \"b\";"),
            ("text \"a\";", "binary \"a\";"),
            ("text \"a\"; ping \"p\"", "ping \"p\"; text \"a\""),
            ("text \"a\"; ", ""),
            ("[83 00 ^]", "[83 ^ 00]"),
            ("[83 00 ^]", "[81 00 ^]"),
            ("fail 1002 ReservedOpcode", "fail 1002 ReservedBits"),
            ("[8a 01 \"p\"] ", ""),
            ("[8a 01 \"p\"]", "[8a 01 \"q\"]"),
            (" close(1002)", ""),
            ("close(1002)", "close(1007)"),
        ];
        for (from, to) in table {
            assert_eq!(GOOD.matches(from).count(), 1, "{from}");
            for vector in vectors(&GOOD.replace(from, to)) {
                let mismatch = check(&vector, Cuts::All).expect_err(to);
                assert!(mismatch.name.starts_with("t:1 \"a\""), "{mismatch}");
                assert_ne!(mismatch.expected, mismatch.got, "{mismatch}");
            }
        }
        holds(GOOD);
        for table in ["", "# nothing", "a line", &GOOD.replace("1002", "1007")] {
            assert!(catch_unwind(|| holds(table)).is_err(), "{table:?}");
        }
        let open = r#"a | both | - | [01 01 "a"] | - | open | -"#;
        assert!(vectors(open).iter().all(|vector| check(vector, Cuts::All).is_err()));
    }

    /// What an engine that depends on the cuts would do: something a byte too early or too late.
    #[test]
    fn what_depends_on_the_cut_is_a_mismatch() {
        for vector in vectors(GOOD) {
            let len = vector.input.len();
            let every_byte: Vec<usize> = (1..=len).collect();
            let exact = run(&vector, Api::WebSocket, &vector.input, &every_byte);
            assert_eq!(
                cut_everywhere(&vector, Api::WebSocket, &vector.input, &exact, Cuts::All),
                None
            );
            for step in 0..exact.steps.len() {
                let mut late = exact.clone();
                late.steps[step].0 -= 1;
                let differs =
                    cut_everywhere(&vector, Api::WebSocket, &vector.input, &late, Cuts::All);
                assert!(differs.is_some(), "{:?}", exact.steps[step]);
                // The same where only a cut could tell.
                let ends = [late.steps[step].0, len];
                assert_ne!(
                    late.gathered(&ends),
                    run(&vector, Api::WebSocket, &vector.input, &ends)
                );
            }
            let mut broken = exact.clone();
            broken.steps.push((len, What::Broken("promise".into())));
            assert!(broken.is_broken() && !exact.is_broken());
        }
    }
}
