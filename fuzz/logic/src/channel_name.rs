//! Any text as the name of a channel, with any limit: the verdict and the parts, written once more.

use crate::shape;
use arbitrary::{Result, Unstructured};
use longwire_realtime::{ChannelName, ChannelNameError, Config, Namespace};
use std::sync::Arc;

/// Runs one input: the limit, a user, then the name.
///
/// # Errors
/// The input is too short.
pub fn run(data: &[u8]) -> Result<()> {
    let mut u = Unstructured::new(data);
    let max_bytes = usize::from(u.arbitrary::<u8>()?);
    let user = shape::text(shape::short(&mut u)?);
    let text = shape::text(u.take_rest());
    let name = match ChannelName::new(&text, max_bytes) {
        Ok(name) => name,
        Err(error) => {
            assert_eq!(Some(error), fault(&text, max_bytes), "{text:?}");
            return Ok(());
        }
    };
    assert_eq!(fault(&text, max_bytes), None, "{text:?}");
    assert_eq!((name.as_str(), &*name.to_string()), (&*text, &*text));
    let colon = text.find(':');
    assert_eq!(name.namespace(), colon.map(|at| &text[..at]));
    let hash = text.rfind('#');
    let users: Option<Vec<&str>> = hash.map(|at| text[at + 1..].split(',').collect());
    assert_eq!(name.users().map(Iterator::collect::<Vec<_>>), users);
    let admitted = users.map(|users| !user.is_empty() && users.contains(&&*user));
    assert_eq!(name.admits(&user), admitted, "{user:?}");
    // Only a namespace that is there has a policy.
    let mut config = Config::default();
    assert_eq!(config.namespace(&name).is_some(), colon.is_none());
    if let Some(namespace) = name.namespace() {
        let policy = Arc::new(Namespace { history_size: 7, ..Namespace::default() });
        config.namespaces.insert(namespace.to_owned(), policy);
        assert_eq!(config.namespace(&name).map(|it| it.history_size), Some(7));
    }
    Ok(())
}

fn fault(text: &str, max_bytes: usize) -> Option<ChannelNameError> {
    // Unicode's category Cc.
    let is_control = |it: char| matches!(it, '\0'..='\x1f' | '\x7f'..='\u{9f}');
    if text.len() > max_bytes {
        Some(ChannelNameError::TooLong)
    } else if text.chars().any(is_control) {
        Some(ChannelNameError::ControlCharacter)
    } else if text.is_empty() || text.ends_with(':') {
        Some(ChannelNameError::Empty)
    } else {
        None
    }
}

/// Inputs to begin with.
pub fn seeds() -> Vec<Vec<u8>> {
    let names = [
        "news", "chat:42", "chat:a:b", "dialog#7,8", "chat:d#7", "a#b#7", "nobody#", "", "chat:",
        "#", ":", ":a", "a\u{85}", "gr\u{fc}\u{df}e", "a\0",
    ];
    shape::product(&[b"\xff\x017", b"\x05\x00"], &names.map(|it| it.as_bytes().to_vec()))
}
