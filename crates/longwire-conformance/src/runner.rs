//! Runs the cases one after the other, whatever the peer does.

use std::time::Instant;

use longwire::Role;

use crate::case::{Case, Level};
use crate::cases::cases;
use crate::conversation::Conversation;
use crate::judge::judge;
use crate::options::Options;
use crate::report::Report;
use crate::verdict::{Outcome, Verdict};

/// How far a run is: after each case.
#[derive(Clone, Copy, Debug)]
pub struct Progress<'a> {
    /// The case that was run.
    pub outcome: &'a Outcome,
    /// How many were run, this one included.
    pub done: usize,
    /// How many there are to be run.
    pub total: usize,
}

/// What opens the connection of a case: one for servers, one for clients.
pub(crate) trait Opener {
    /// After so many connections in a row that could not be had, the peer is taken for gone.
    const PATIENCE: usize;

    fn open(&mut self, case: &Case) -> Opened;
}

/// How far the opening got.
#[derive(Debug)]
pub(crate) enum Opened {
    /// The steps of the case are next.
    Open(Conversation),
    /// The opening decides the case. With what went over the wire.
    Decided(Verdict, Vec<String>),
    /// There is no connection to be had.
    Unreachable(String),
}

/// Runs all cases that the options select.
pub(crate) fn run<O: Opener>(
    role: Role,
    peer: String,
    opener: &mut O,
    options: &Options,
    progress: &mut dyn FnMut(Progress<'_>),
) -> Report {
    let cases: Vec<_> = cases(role).into_iter().filter(|case| options.selects(case)).collect();
    let total = cases.len();
    let mut outcomes = Vec::new();
    let mut unreachable = 0;
    for case in cases {
        let started = Instant::now();
        let (verdict, wire) = if unreachable >= O::PATIENCE {
            (Verdict::Skipped("the peer is gone".to_owned()), Vec::new())
        } else if options.deflate && case.is_plain() && case.sets_rsv1() {
            // RFC 7692 §6: the bit is not a reserved one there.
            let reason = "with permessage-deflate, RSV1 says that a message is compressed";
            (Verdict::Skipped(reason.to_owned()), Vec::new())
        } else {
            let opened = opener.open(&case);
            unreachable =
                if matches!(opened, Opened::Unreachable(_)) { unreachable + 1 } else { 0 };
            decide(opened, &case, options)
        };
        let verdict = match verdict {
            Verdict::Fail(reason) if case.level == Level::Info => Verdict::Observed(reason),
            verdict => verdict,
        };
        let outcome = Outcome { case, verdict, wire, took: started.elapsed() };
        progress(Progress { outcome: &outcome, done: outcomes.len() + 1, total });
        outcomes.push(outcome);
    }
    Report { peer, role, outcomes, gone: unreachable >= O::PATIENCE }
}

fn decide(opened: Opened, case: &Case, options: &Options) -> (Verdict, Vec<String>) {
    match opened {
        Opened::Decided(verdict, wire) => (verdict, wire),
        Opened::Unreachable(reason) => {
            (Verdict::Fail(format!("no connection: {reason}")), Vec::new())
        }
        Opened::Open(mut conversation) => {
            let verdict = judge(&mut conversation, &case.steps, options);
            if verdict == Verdict::Pass {
                conversation.say_goodbye();
            }
            (verdict, conversation.link.into_log())
        }
    }
}
