//! One option that was given a value, somewhere.

use super::given::Given;
use super::options::Target;
use super::problem::Place;

/// An option, what it was given, and where.
#[derive(Clone)]
pub(super) struct Entry {
    pub(super) target: Target,
    pub(super) place: Place,
    pub(super) given: Given,
}

/// The longest name of a namespace.
const MAX_NAMESPACE_CHARS: usize = 64;

/// What is wrong with the name of a namespace. Names are such that they can stand in a channel's name
/// in front of the colon, and in a variable's in front of two underscores.
pub(super) fn namespace_name_fault(name: &str) -> Option<String> {
    let is_inner = |it: char| it.is_ascii_alphanumeric() || matches!(it, '-' | '_' | '.');
    let is_outer = |it: char| it.is_ascii_alphanumeric();
    let is_right = name.len() <= MAX_NAMESPACE_CHARS
        && name.chars().all(is_inner)
        && name.starts_with(is_outer)
        && name.ends_with(is_outer)
        && !name.contains("__");
    (!is_right).then(|| {
        format!(
            "a namespace must be named with 1 to {MAX_NAMESPACE_CHARS} letters, digits, `-`, `.` and \
             `_`, begin and end with a letter or digit, and not have `__` in it, not {name:?}"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::namespace_name_fault;

    #[test]
    fn names_of_namespaces() {
        let long = "a".repeat(64);
        for name in ["chat", "a", "Chat", "live-scores", "a_b", "v1.2", "7", &long] {
            assert_eq!(namespace_name_fault(name), None, "{name}");
        }
        let longer = "a".repeat(65);
        for name in ["", "_a", "a_", "-a", "a.", "a__b", "a:b", "a#b", "a b", "ä", &longer] {
            assert!(namespace_name_fault(name).is_some(), "{name}");
        }
    }
}
