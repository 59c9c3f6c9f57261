//! Every vector of the opening handshake, in every way to feed it.

mod simulated;

use longwire::handshake::{HeadError, HeadScanner, Status};
use longwire_tests::handshake::{End, Vector, check, holds, parse};
use simulated::{frame, request, simulation};

const REQUESTS: &str = include_str!("../vectors/handshake-server.txt");
const RESPONSES: &str = include_str!("../vectors/handshake-client.txt");

#[test]
fn requests() {
    holds(End::Server, REQUESTS);
}

#[test]
fn responses() {
    holds(End::Client, RESPONSES);
}

/// Every cut of the vectors that are not longer than this into three parts, none of them empty:
/// how many vectors, and how many cuts.
///
/// It is enough to look at the scanner. What it completes is the same slice however it came, and
/// everything else is made of that slice alone.
fn every_cut_into_three(max_input_bytes: usize) -> (usize, usize) {
    let all = [(End::Server, REQUESTS), (End::Client, RESPONSES)];
    let (mut vectors, mut cuts) = (0, 0);
    for (end, table) in all {
        let table = parse(end, "line", table).unwrap_or_else(|error| panic!("{error}"));
        for vector in table.iter().filter(|vector| vector.input().len() <= max_input_bytes) {
            cuts += cut_into_three(vector);
            vectors += 1;
        }
    }
    (vectors, cuts)
}

fn cut_into_three(vector: &Vector) -> usize {
    type Verdict = Result<Option<usize>, HeadError>;
    let (input, mut cuts) = (vector.input(), 0);
    let scan = |scanner: &mut HeadScanner, end: usize| -> Verdict {
        Ok(match scanner.scan(&input[..end])? {
            Status::Complete(head) => Some(head.bytes().len()),
            Status::Partial => None,
        })
    };
    // The first byte at which there is something to say, and what.
    let mut scanner = HeadScanner::new(vector.limits());
    let (mut decided_at, mut verdict) = (usize::MAX, Ok(None));
    for end in 1..=input.len() {
        if verdict == Ok(None) {
            verdict = scan(&mut scanner, end);
            decided_at = if verdict == Ok(None) { usize::MAX } else { end };
        }
    }
    let expected = |end: usize| if end < decided_at { Ok(None) } else { verdict };
    for first in 1..input.len() {
        let mut one = HeadScanner::new(vector.limits());
        assert_eq!(scan(&mut one, first), expected(first), "{vector} up to {first}");
        for second in first + 1..input.len() {
            let mut two = one;
            assert_eq!(scan(&mut two, second), expected(second), "{vector}: {first}, {second}");
            let whole = scan(&mut two, input.len());
            assert_eq!(whole, expected(input.len()), "{vector}: {first}, {second}");
            cuts += 1;
        }
    }
    cuts
}

#[test]
fn short_heads_in_every_cut_into_three() {
    let (vectors, cuts) = every_cut_into_three(170);
    assert!(vectors >= 90 && cuts > 750_000, "{vectors} vectors, {cuts} cuts");
}

/// All but the handful that is there for the limits of a head.
#[test]
#[ignore = "three million cuts: twenty seconds without optimisation"]
fn heads_of_300_bytes_in_every_cut_into_three() {
    let (vectors, cuts) = every_cut_into_three(300);
    assert!(vectors > 200 && cuts > 3_000_000, "{vectors} vectors, {cuts} cuts");
}

/// A verdict, a position or a response that is not what comes is seen.
#[test]
fn a_wrong_expectation_is_a_mismatch() {
    let table = [
        (End::Server, "a | - | - | 101 | -", true),
        (End::Server, "a | - | - | 400 KeyMissing | -", false),
        (End::Server, "a | - | -Host | 101 | -", false),
        (End::Server, "a | - | - | 101 | -Upgrade", false),
        (End::Server, "a | - | - | 101 | \"X: a\"", false),
        (End::Server, "a | - | -Upgrade | 426 NotWebSocket | \"Upgrade: websocket\"", true),
        (End::Server, "a | - | -Upgrade | 426 NotWebSocket | \"Upgrade: h2c\"", false),
        (End::Server, "a | - | -Upgrade | 400 NotWebSocket | -", false),
        (End::Server, "a | - | raw \"GET\\x00\" ^ \"a\" | 400 ControlCharacter | -", true),
        (End::Server, "a | - | raw \"GET\" ^ \"\\x00a\" | 400 ControlCharacter | -", false),
        (End::Server, "a | deflate | - | 101 deflate | -", false),
        (End::Client, "a | - | - | open", true),
        (End::Client, "a | - | - | fail AcceptMissing", false),
        (End::Client, "a | - | -Upgrade | open", false),
        (End::Client, "a | subprotocols=b | - | open subprotocol=b", false),
    ];
    for (end, line, good) in table {
        let vectors = parse(end, "t", line).unwrap_or_else(|error| panic!("{error}"));
        let checked = check(&vectors[0]);
        assert_eq!(checked.is_ok(), good, "{line}: {checked:?}");
    }
    for (end, line) in [
        (End::Server, "a | - | - | 101"),
        (End::Client, "a | - | - | open | -"),
        (End::Server, "a | none | - | 101 | -"),
        (End::Server, "a | - | -Nothing | 101 | -"),
    ] {
        assert!(parse(end, "t", line).is_err(), "{line}");
    }
}

/// The server, which keeps what has come of a head until it is complete: one that is accepted, with
/// a message behind it, and one that is refused, with another behind it.
#[test]
fn a_server_is_given_a_head_in_every_cut_into_three() {
    let accepted = request("/", "");
    let refused = accepted.replace("Version: 13", "Version: 12");
    let behind_accepted = frame(0x81, b"hello");
    for (head, behind, end) in [
        (&accepted, &*behind_accepted, &b"\r\n\r\n\x81\x05hello"[..]),
        (&refused, accepted.as_bytes(), b"\r\n\r\nSec-WebSocket-Version must be 13"),
    ] {
        let sent = [head.as_bytes(), behind].concat();
        // Of what stands behind the head, only the beginning is cut.
        let seconds = head.len() + behind_accepted.len();
        for first in 1..seconds {
            let mut simulation = simulation(|_| {});
            for second in first + 1..seconds {
                let client = simulation.connect();
                for part in [&sent[..first], &sent[first..second], &sent[second..]] {
                    client.send(part);
                    simulation.run();
                }
                let answer = client.receive();
                assert!(answer.ends_with(end), "cut at {first} and {second}: {answer:?}");
                assert_eq!(answer.windows(9).filter(|window| window == b"HTTP/1.1 ").count(), 1);
                client.reset();
            }
        }
    }
}
