//! The inputs that fuzzing has found: fuzz/corpus/stream_server and stream_client.
//!
//! In front of the bytes each of them has one byte of settings and a list of cuts; of the settings,
//! what is agreed about deflate counts here, and whether the limit is a small one.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};
use longwire::Role;

use crate::stream::{Deflate, MAX_MESSAGE_BYTES, Stream};

const DEFLATE: u8 = 1;
const NO_CONTEXT_TAKEOVER: u8 = 2;
const SMALL_MESSAGES: u8 = 16;
const SMALL_MESSAGE_BYTES: usize = 300;
/// The count of cuts is read as a number up to this.
const MAX_CUTS: u8 = 8;

/// All of them, in the order of their names.
pub(crate) fn streams(root: &Path) -> Result<Vec<Stream>> {
    let mut streams = Vec::new();
    for (folder, role) in [("stream_server", Role::Server), ("stream_client", Role::Client)] {
        let folder = root.join("fuzz/corpus").join(folder);
        let entries = fs::read_dir(&folder).with_context(|| folder.display().to_string())?;
        let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
        paths.sort();
        for path in paths {
            streams.extend(stream(role, &fs::read(path)?));
        }
    }
    Ok(streams)
}

fn stream(role: Role, input: &[u8]) -> Option<Stream> {
    let (settings, rest) = input.split_first()?;
    let (count, rest) = rest.split_first()?;
    let bytes = rest.get(usize::from(count % (MAX_CUTS + 1))..)?.to_vec();
    let deflate = match (settings & DEFLATE != 0, settings & NO_CONTEXT_TAKEOVER != 0) {
        (false, _) => Deflate::No,
        (true, true) => Deflate::NoContextTakeover,
        (true, false) => Deflate::ContextTakeover,
    };
    let small = settings & SMALL_MESSAGES != 0;
    let max_message_bytes = if small { SMALL_MESSAGE_BYTES } else { MAX_MESSAGE_BYTES };
    Some(Stream { role, deflate, max_message_bytes, bytes })
}

#[cfg(test)]
mod tests {
    use super::stream;
    use crate::stream::{Deflate, Stream};
    use longwire::Role;

    #[test]
    fn settings_and_cuts_stand_in_front() {
        let expected = Stream {
            role: Role::Server,
            deflate: Deflate::ContextTakeover,
            max_message_bytes: 300,
            bytes: b"\x81".to_vec(),
        };
        assert!(stream(Role::Server, b"\x11\x02\x00\x06\x81") == Some(expected));
        assert!(stream(Role::Server, b"\x11").is_none());
    }
}
