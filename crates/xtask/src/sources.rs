//! Rules for the Rust sources of `crates/*/src` that no lint of the compiler's knows: how long a
//! file may be, and that the word `unsafe` stands nowhere. How long a function may be, clippy knows.

use std::fs;
use std::iter;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};

use crate::process::Log;
use crate::workspace::Workspace;

/// The longest file, in lines, tests not counted.
const LONGEST_FILE: usize = 400;

/// Fails on a file that is too long, and on a function that is. The limit for functions stands in
/// `clippy.toml`; without `--all-targets`, clippy does not see the tests.
pub(crate) fn check_lengths(workspace: &Workspace, log: &Log) -> Result<()> {
    let mut too_long = 0;
    for path in rust_files(workspace)? {
        if is_test_file(&path) {
            continue;
        }
        let lines = lines_without_tests(&fs::read_to_string(&path)?);
        if lines > LONGEST_FILE {
            too_long += 1;
            log.note(&format!("{}: {lines} lines, at most {LONGEST_FILE}", path.display()));
        }
    }
    let packages = ["--workspace", "--exclude", "longwire-tests", "--exclude", "longwire-benches"];
    let lint = ["--lib", "--bins", "--", "-D", "clippy::too_many_lines"];
    let functions = workspace.run_cargo(&[&["clippy"], &packages[..], &lint].concat(), log);
    ensure!(too_long == 0, "{too_long} files are too long");
    functions
}

/// Fails where a crate could contain unsafe code: where the word stands in its sources, or where
/// its manifest does not take over the lint that forbids it.
pub(crate) fn check_unsafe(workspace: &Workspace, log: &Log) -> Result<()> {
    let mut found = 0;
    for path in rust_files(workspace)? {
        for (number, line) in fs::read_to_string(&path)?.lines().enumerate() {
            if says_unsafe(line) {
                found += 1;
                log.note(&format!("{}:{}: {}", path.display(), number + 1, line.trim()));
            }
        }
    }
    for folder in crates(workspace)? {
        let manifest = folder.join("Cargo.toml");
        if !fs::read_to_string(&manifest)?.contains("[lints]\nworkspace = true\n") {
            found += 1;
            log.note(&format!("{}: does not take the workspace's lints", manifest.display()));
        }
    }
    ensure!(found == 0, "{found} places that are, or could be, unsafe");
    Ok(())
}

/// How many lines a source has, its modules of tests not counted.
fn lines_without_tests(source: &str) -> usize {
    code_lines(source).count()
}

/// The lines of a source and their numbers, its modules of tests left out.
///
/// A module of tests is `#[cfg(test)]` and `mod …` at the left margin, up to the brace at the left
/// margin that closes it: where rustfmt puts them.
pub(crate) fn code_lines(source: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut lines = (1..).zip(source.lines()).peekable();
    iter::from_fn(move || {
        loop {
            let (number, line) = lines.next()?;
            let module =
                |next: &str| next.starts_with("mod ") || next.starts_with("pub(crate) mod ");
            if line != "#[cfg(test)]" || !lines.peek().is_some_and(|(_, next)| module(next)) {
                return Some((number, line));
            }
            // Up to the end of `mod tests;`, or to the closing brace of `mod tests { … }`.
            lines.find(|(_, line)| line.starts_with('}') || (module(line) && !line.ends_with('{')));
        }
    })
}

/// Whether a line of code says `unsafe`, comments and strings aside. The lint's own name,
/// `unsafe_code`, is another word.
fn says_unsafe(line: &str) -> bool {
    let code = line.split("//").next().unwrap_or_default().replace("\\\"", "");
    // Every other part between quotation marks lies in a string.
    code.split('"').step_by(2).any(|part| {
        part.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == "unsafe")
    })
}

/// A file that holds tests alone.
fn is_test_file(path: &Path) -> bool {
    path.file_stem().is_some_and(|name| name == "tests")
        || path.components().any(|part| part.as_os_str() == "tests")
}

/// The folders of the crates.
fn crates(workspace: &Workspace) -> Result<Vec<PathBuf>> {
    let folder = workspace.root.join("crates");
    let mut crates = Vec::new();
    for entry in fs::read_dir(&folder).context("no folder `crates`")? {
        let path = entry?.path();
        if path.join("Cargo.toml").is_file() {
            crates.push(path);
        }
    }
    crates.sort();
    Ok(crates)
}

/// Every Rust file of `crates/*/src`.
fn rust_files(workspace: &Workspace) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut folders: Vec<_> =
        crates(workspace)?.into_iter().map(|folder| folder.join("src")).collect();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).with_context(|| folder.display().to_string())? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    ensure!(!files.is_empty(), "no Rust file in crates/*/src");
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_are_not_counted() {
        let table = [
            ("", 0),
            ("fn a() {\n}\n", 2),
            ("fn a() {\n}\n\n#[cfg(test)]\nmod tests {\n    fn b() {\n    }\n}\n", 3),
            ("#[cfg(test)]\nmod tests;\n\nfn a() {\n}\n", 3),
            ("#[cfg(test)]\nmod tests {\n}\nfn after() {\n}\n", 2),
            ("#[cfg(test)]\nuse std::fmt;\nfn a() {\n}\n", 4),
            ("    #[cfg(test)]\n    mod inner {\n    }\n", 3),
        ];
        for (source, lines) in table {
            assert_eq!(lines_without_tests(source), lines, "{source:?}");
        }
    }

    #[test]
    fn the_word_is_found_in_code_alone() {
        let table = [
            ("    unsafe { read(pointer) }", true),
            ("pub unsafe fn read() {", true),
            ("#[unsafe(no_mangle)]", true),
            ("let text = \"safe\"; unsafe {}", true),
            ("#![forbid(unsafe_code)]", false),
            ("// unsafe would be faster", false),
            ("/// Not unsafe.", false),
            ("let word = \"unsafe\";", false),
            ("let word = \"\\\"unsafe\\\"\";", false),
        ];
        for (line, found) in table {
            assert_eq!(says_unsafe(line), found, "{line}");
        }
    }

    #[test]
    fn files_of_tests_are_known_by_their_path() {
        let table = [
            ("crates/a/src/tests.rs", true),
            ("crates/a/src/frame/tests.rs", true),
            ("crates/a/src/frame/tests/table.rs", true),
            ("crates/a/src/frame.rs", false),
            ("crates/a/src/attests.rs", false),
        ];
        for (path, is_test) in table {
            assert_eq!(is_test_file(Path::new(path)), is_test, "{path}");
        }
    }
}
