//! Every vector of frames, in every way to feed it.

use longwire_tests::check::check;
use longwire_tests::vector::parse;

/// Runs a table, and shows every mismatch.
fn run(file: &str, text: &str) {
    let vectors = parse(file, text).unwrap_or_else(|error| panic!("{error}"));
    assert!(!vectors.is_empty(), "{file} has no vectors");
    let failures: Vec<String> = vectors
        .iter()
        .filter_map(|vector| check(vector).err())
        .map(|mismatch| mismatch.to_string())
        .collect();
    let (failed, all) = (failures.len(), vectors.len());
    assert!(failures.is_empty(), "{failed} of {all}:\n\n{}\n", failures.join("\n\n"));
}

#[test]
fn frames() {
    run("frames.txt", include_str!("../vectors/frames.txt"));
}
