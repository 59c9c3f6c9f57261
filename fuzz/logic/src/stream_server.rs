//! Any bytes at a server: the same bytes, whole and cut, give the same events, error and output.

use crate::stream_client::{stream, stream_seeds};
use arbitrary::Result;
use longwire::Role;

/// Runs one input: set-up, cuts, then what is received.
///
/// # Errors
/// The input is too short.
pub fn run(data: &[u8]) -> Result<()> {
    stream(Role::Server, data)
}

/// Inputs to begin with.
pub fn seeds() -> Vec<Vec<u8>> {
    stream_seeds(Role::Server)
}
