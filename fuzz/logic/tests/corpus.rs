//! The corpus and the seeds of every fuzz target, run by the stable compiler.

use longwire_fuzz_logic::{TARGETS, Target};
use std::fs;
use std::path::{Path, PathBuf};

/// What one target may keep in the repository.
const MAX_FILES: usize = 150;
const MAX_BYTES: usize = 100 * 1024;

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../corpus")
}

/// Runs an input in such a way that a failure names the file.
fn run(target: &Target, name: &str, input: &[u8]) -> bool {
    let result = std::panic::catch_unwind(|| (target.run)(input));
    assert!(result.is_ok(), "{} breaks on {name}", target.name);
    result.is_ok_and(|run| run.is_ok())
}

#[test]
fn every_seed_passes() {
    for target in TARGETS {
        let seeds = (target.seeds)();
        assert!(seeds.len() >= 5, "{} begins with {} seeds", target.name, seeds.len());
        for (index, seed) in seeds.iter().enumerate() {
            assert!(run(target, &format!("seed {index}"), seed), "{} {index}", target.name);
        }
    }
}

#[test]
fn the_corpus_passes_and_is_small() {
    for target in TARGETS {
        let folder = corpus().join(target.name);
        let entries = fs::read_dir(&folder).unwrap_or_else(|error| {
            panic!("{}: {error}; `cargo xtask fuzz --merge` writes it", folder.display())
        });
        let files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
        let mut bytes = 0;
        for file in &files {
            let input = fs::read(file).unwrap();
            bytes += input.len();
            run(target, &file.display().to_string(), &input);
        }
        assert!((1..=MAX_FILES).contains(&files.len()), "{}: {} files", target.name, files.len());
        assert!(bytes <= MAX_BYTES, "{}: {bytes} bytes", target.name);
    }
}

#[test]
fn the_corpus_has_no_folder_without_a_target() {
    for entry in fs::read_dir(corpus()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(TARGETS.iter().any(|target| target.name == name), "{name}");
    }
}
