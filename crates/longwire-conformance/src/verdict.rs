//! What came of a case.

use std::time::Duration;

use crate::case::Case;

/// Whether the peer is right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// As expected.
    Pass,
    /// Not as expected: why.
    Fail(String),
    /// Not tested: why, for instance that the peer did not agree to permessage-deflate.
    Skipped(String),
    /// Nothing was expected: what the peer does.
    Observed(String),
}

impl Verdict {
    /// One word for it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail(_) => "fail",
            Self::Skipped(_) => "skipped",
            Self::Observed(_) => "observed",
        }
    }

    /// Why it failed or was skipped, or what was observed.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Pass => None,
            Self::Fail(reason) | Self::Skipped(reason) | Self::Observed(reason) => Some(reason),
        }
    }
}

/// A case that was run.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The case.
    pub case: Case,
    /// Whether the peer is right.
    pub verdict: Verdict,
    /// What went over the wire, a line each, in order: "→" was sent by the suite, "←" came.
    pub wire: Vec<String>,
    /// How long it took.
    pub took: Duration,
}
