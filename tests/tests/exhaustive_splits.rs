//! The short vectors of frames, in every cut into three. (Every cut into two, and single bytes, are
//! the vectors' own test.)

use longwire_tests::feed::{Api, run};
use longwire_tests::vector::{Vector, parse};

/// The longest input that is cut everywhere: two frames with keys and payloads.
const SHORT_BYTES: usize = 40;

const FILES: [(&str, &str); 3] = [
    ("frames.txt", include_str!("../vectors/frames.txt")),
    ("deflate.txt", include_str!("../vectors/deflate.txt")),
    ("hostile.txt", include_str!("../vectors/hostile.txt")),
];

/// Every cut of the vector into three parts that are not empty, through one interface: how many.
fn cut_into_three(vector: &Vector, api: Api) -> usize {
    let len = vector.input.len();
    let every_byte: Vec<usize> = (1..=len).collect();
    let exact = run(vector, api, &vector.input, &every_byte);
    assert!(!exact.is_broken(), "{}: {exact:?}", vector.name);
    let mut cuts = 0;
    for first in 1..len {
        for second in first + 1..len {
            let ends = [first, second, len];
            let got = run(vector, api, &vector.input, &ends);
            assert!(
                exact.comes_to(&ends, &got),
                "{}, {api:?}, cut at {first} and {second}\n  expected:\n{:?}\n  got:\n{got:?}",
                vector.name,
                exact.gathered(&ends),
            );
            cuts += 1;
        }
    }
    cuts
}

#[test]
fn every_cut_of_the_short_vectors_into_three() {
    let (mut vectors, mut cuts) = (0, 0);
    for (file, text) in FILES {
        let all = parse(file, text).unwrap_or_else(|error| panic!("{error}"));
        let mut short = all.iter().filter(|vector| vector.input.len() <= SHORT_BYTES).peekable();
        assert!(short.peek().is_some(), "{file} has short vectors");
        for vector in short {
            vectors += 1;
            cuts +=
                cut_into_three(vector, Api::WebSocket) + cut_into_three(vector, Api::Connection);
        }
    }
    assert!(vectors > 100 && cuts > 10_000, "{vectors} vectors, {cuts} cuts");
}
