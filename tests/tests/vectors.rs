//! Every vector of frames, in every way to feed it.

use std::thread;

use longwire_tests::check::check;
use longwire_tests::vector::{Vector, parse};

/// Runs a table, and shows every mismatch.
fn run(file: &str, text: &str) {
    let vectors = parse(file, text).unwrap_or_else(|error| panic!("{error}"));
    assert!(!vectors.is_empty(), "{file} has no vectors");
    let threads = thread::available_parallelism().map_or(1, usize::from);
    // Long inputs stand side by side in a table: deal them out in turn.
    let share = |first: usize| vectors.iter().skip(first).step_by(threads).collect::<Vec<_>>();
    let failures: Vec<String> = thread::scope(|scope| {
        let shares = (0..threads).map(|first| scope.spawn(move || mismatches(&share(first))));
        let shares: Vec<_> = shares.collect();
        shares.into_iter().flat_map(|share| share.join().expect("a broken promise")).collect()
    });
    let (failed, all) = (failures.len(), vectors.len());
    assert!(failures.is_empty(), "{failed} of {all}:\n\n{}\n", failures.join("\n\n"));
}

fn mismatches(vectors: &[&Vector]) -> Vec<String> {
    let mismatch = |vector: &&Vector| check(vector).err().map(|mismatch| mismatch.to_string());
    vectors.iter().filter_map(mismatch).collect()
}

#[test]
fn frames() {
    run("frames.txt", include_str!("../vectors/frames.txt"));
}

#[test]
fn deflate() {
    run("deflate.txt", include_str!("../vectors/deflate.txt"));
}

#[test]
fn hostile() {
    run("hostile.txt", include_str!("../vectors/hostile.txt"));
}
