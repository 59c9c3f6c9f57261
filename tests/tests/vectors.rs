//! Every vector of frames, in every way to feed it.

use std::thread;

use longwire_tests::check::{Cuts, LONG_BYTES, check};
use longwire_tests::vector::{Vector, parse};

const FRAMES: &str = include_str!("../vectors/frames.txt");

fn read(file: &str, text: &str) -> Vec<Vector> {
    parse(file, text).unwrap_or_else(|error| panic!("{error}"))
}

/// Runs vectors on all processors, and shows every mismatch.
fn run(vectors: &[Vector], cuts: Cuts) {
    assert!(!vectors.is_empty(), "there are no vectors");
    let threads = thread::available_parallelism().map_or(1, usize::from);
    // Long inputs stand side by side in a table: deal them out in turn.
    let share = |first: usize| vectors.iter().skip(first).step_by(threads).collect::<Vec<_>>();
    let failures: Vec<String> = thread::scope(|scope| {
        let shares = (0..threads).map(|first| scope.spawn(move || mismatches(&share(first), cuts)));
        let shares: Vec<_> = shares.collect();
        shares.into_iter().flat_map(|share| share.join().expect("a broken promise")).collect()
    });
    let (failed, all) = (failures.len(), vectors.len());
    assert!(failures.is_empty(), "{failed} of {all}:\n\n{}\n", failures.join("\n\n"));
}

fn mismatches(vectors: &[&Vector], cuts: Cuts) -> Vec<String> {
    vectors.iter().filter_map(|vector| Some(check(vector, cuts).err()?.to_string())).collect()
}

#[test]
fn frames() {
    run(&read("frames.txt", FRAMES), Cuts::Most);
}

/// The payloads of 64 KiB, cut at each of their bytes.
#[test]
#[ignore = "copies 64 KiB half a million times: run it with --include-ignored"]
fn long_frames_at_every_cut() {
    let mut vectors = read("frames.txt", FRAMES);
    vectors.retain(|vector| vector.input.len() > LONG_BYTES);
    run(&vectors, Cuts::All);
}

#[test]
fn deflate() {
    run(&read("deflate.txt", include_str!("../vectors/deflate.txt")), Cuts::All);
}

#[test]
fn hostile() {
    run(&read("hostile.txt", include_str!("../vectors/hostile.txt")), Cuts::All);
}
