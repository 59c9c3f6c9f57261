//! The Rust sources of the repository: which tests they have, and which sections they cite.
//!
//! They are looked through line by line, which is enough for sources that rustfmt has laid out.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};

use crate::sources;

/// The folders whose sources count.
const FOLDERS: [&str; 2] = ["crates", "tests"];

/// All sources, by their path from the root of the repository.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    files: BTreeMap<String, String>,
}

/// A function that `cargo test` runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Test<'a> {
    pub(crate) name: &'a str,
    pub(crate) path: &'a str,
    pub(crate) line: usize,
    /// Only `--full` runs it.
    pub(crate) ignored: bool,
}

impl Tree {
    /// Reads the sources under `root`.
    pub(crate) fn read(root: &Path) -> Result<Self> {
        let mut files = BTreeMap::new();
        let mut folders: Vec<String> = FOLDERS.map(str::to_owned).into();
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(root.join(&folder)).with_context(|| folder.clone())? {
                let entry = entry?;
                let name = entry.file_name().to_string_lossy().into_owned();
                let path = format!("{folder}/{name}");
                if entry.file_type()?.is_dir() {
                    // What cargo builds and npm installs is not ours.
                    if name != "target" && name != "node_modules" {
                        folders.push(path);
                    }
                } else if name.ends_with(".rs") {
                    let text = fs::read_to_string(entry.path()).with_context(|| path.clone())?;
                    files.insert(path, text);
                }
            }
        }
        Ok(Self { files })
    }

    /// Every test, file by file.
    pub(crate) fn tests(&self) -> Vec<Test<'_>> {
        let mut tests = Vec::new();
        for (path, text) in &self.files {
            let (mut marked, mut ignored) = (false, false);
            for (index, line) in text.lines().enumerate() {
                let line = line.trim();
                marked |= line == "#[test]";
                ignored |= line.starts_with("#[ignore");
                if let Some(name) = function_name(line) {
                    if marked {
                        tests.push(Test { name, path, line: index + 1, ignored });
                    }
                    (marked, ignored) = (false, false);
                }
            }
        }
        tests
    }

    /// The lines of the file whose comments have one of `citations` in them, outside of its tests
    /// and of what opens the file, which stands beside no code. Nothing where there is no such file.
    pub(crate) fn lines_that_cite(&self, path: &str, citations: &[String]) -> Option<Vec<usize>> {
        let code = sources::code_lines(self.files.get(path)?);
        let cites = |line: &str| {
            line.split_once("//").is_some_and(|(_, comment)| {
                !comment.starts_with('!')
                    && citations.iter().any(|citation| has_citation(comment, citation))
            })
        };
        Some(code.filter(|(_, line)| cites(line)).map(|(number, _)| number).collect())
    }
}

#[cfg(test)]
impl<const N: usize> From<[(&str, &str); N]> for Tree {
    /// A tree of made-up files.
    fn from(files: [(&str, &str); N]) -> Self {
        let owned = |(path, text): (&str, &str)| (path.to_owned(), text.to_owned());
        Self { files: files.into_iter().map(owned).collect() }
    }
}

/// The name of the function that begins in this line.
fn function_name(line: &str) -> Option<&str> {
    let before_name = ["fn ", "pub fn ", "pub(crate) fn "];
    let rest = before_name.iter().find_map(|start| line.strip_prefix(start))?;
    Some(rest.split(['(', '<']).next().unwrap_or(rest))
}

/// Whether `citation` stands in `comment`, and not as the beginning of another: §5.1 stands neither
/// in §5.10 nor in §5.1.2, but in "§5.1." at the end of a sentence.
fn has_citation(comment: &str, citation: &str) -> bool {
    comment.match_indices(citation).any(|(at, _)| {
        let mut rest = comment[at + citation.len()..].chars();
        match rest.next() {
            Some('.') => !rest.next().is_some_and(|next| next.is_ascii_digit()),
            Some(next) => !next.is_ascii_alphanumeric(),
            None => true,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_are_functions_that_are_marked_as_such() {
        let tree = Tree::from([
            ("crates/a/src/b.rs", "#[test]\nfn one() {\n}\nfn not_a_test() {\n}\n"),
            (
                "tests/tests/c.rs",
                "    #[test]\n    // Slow.\n    #[ignore = \"it is\"]\n    fn two() {\n    }\n\
                 #[ignore]\n#[test]\npub(crate) fn three() -> Result<(), Error> {\n}\n\
                 let text = \"#[test]\";\nfn four() {\n}\n#[test]\nfn five() {\n}\n",
            ),
        ]);
        let wanted = [
            Test { name: "one", path: "crates/a/src/b.rs", line: 2, ignored: false },
            Test { name: "two", path: "tests/tests/c.rs", line: 4, ignored: true },
            Test { name: "three", path: "tests/tests/c.rs", line: 8, ignored: true },
            Test { name: "five", path: "tests/tests/c.rs", line: 14, ignored: false },
        ];
        assert_eq!(tree.tests(), wanted);
    }

    #[test]
    fn a_citation_is_a_comment_with_exactly_this_section() {
        let table = [
            ("// RFC 6455 §5.1: a server fails.", true),
            ("let a = 1; // RFC 6455 §5.1", true),
            ("/// The mask (RFC 6455 §5.1).", true),
            ("/// See RFC 6455 §5.1. And so on.", true),
            ("//! See RFC 6455 §5.1.", false),
            ("// RFC 6455 §5.10", false),
            ("// RFC 6455 §5.1.2", false),
            ("// RFC 6455 §5.1a", false),
            ("// RFC 6455 §5", false),
            ("// RFC 7692 §5.1", false),
            ("// RFC 6455 §5.10 and RFC 6455 §5.1", true),
            ("let a = \"RFC 6455 §5.1\";", false),
        ];
        for (line, cites) in table {
            let tree = Tree::from([("a.rs", line)]);
            let wanted = if cites { vec![1] } else { vec![] };
            let citations = ["RFC 6455 §5.1".to_owned()];
            assert_eq!(tree.lines_that_cite("a.rs", &citations), Some(wanted), "{line}");
        }
    }

    #[test]
    fn what_tests_cite_is_not_what_code_cites() {
        let text = "// RFC 1 §2\nfn a() {\n}\n\n#[cfg(test)]\nmod tests {\n    // RFC 1 §2\n}\n\
                    // RFC 1 §3\n";
        let tree = Tree::from([("a.rs", text)]);
        let citations = ["RFC 1 §2".to_owned(), "RFC 1 §3".to_owned()];
        assert_eq!(tree.lines_that_cite("a.rs", &citations), Some(vec![1, 9]));
        assert_eq!(tree.lines_that_cite("b.rs", &citations), None);
    }
}
