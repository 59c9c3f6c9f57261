//! What a step needs and could not be set up: the error that makes it skipped instead of failed.

use std::fmt;

/// Something that is not there.
///
/// A step that ends with this error is skipped. Where there is a remedy, that counts as a failure
/// on a CI machine; where there is none, it does not.
#[derive(Debug)]
pub(crate) struct Missing {
    what: String,
    remedy: Option<&'static str>,
}

impl Missing {
    /// The error of a step that could run after `remedy`, a phrase such as "install python3".
    pub(crate) fn with_remedy(what: impl Into<String>, remedy: &'static str) -> anyhow::Error {
        Self { what: what.into(), remedy: Some(remedy) }.into()
    }

    /// The error of a step that nothing on this machine could make run.
    pub(crate) fn without_remedy(what: impl Into<String>) -> anyhow::Error {
        Self { what: what.into(), remedy: None }.into()
    }

    /// Whether somebody could have made the step run.
    pub(crate) fn has_remedy(&self) -> bool {
        self.remedy.is_some()
    }
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)?;
        match self.remedy {
            Some(remedy) => write!(f, "; {remedy}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Missing {}
