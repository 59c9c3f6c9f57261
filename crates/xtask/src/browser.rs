//! Chromium, in which the tests of the gateway have the built-in page shown.

use std::process::Command;

use anyhow::Result;

use crate::debian;
use crate::missing::Missing;
use crate::process::{Log, answer};

/// With this variable those tests fail where they find no Chromium, which they leave at a word otherwise.
pub(crate) const REQUIRED: &str = "BROWSER_REQUIRED";

/// Makes sure that `chromium` is on the PATH.
///
/// # Errors
///
/// [`Missing`] where it is not, and cannot be installed. All other tests can do without.
pub(crate) fn set_up(log: &Log) -> Result<()> {
    const REMEDY: &str =
        "all tests passed but those of the built-in page, for which install Debian's chromium";
    let present = || answer(Command::new("chromium").arg("--version")).is_some();
    if present() {
        return Ok(());
    }
    debian::install(&["chromium"], REMEDY, log)?;
    if present() {
        return Ok(());
    }
    Err(Missing::with_remedy("chromium does not run", REMEDY))
}
