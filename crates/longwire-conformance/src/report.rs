//! The results of a run, counted and as text.

use std::fmt;
use std::io::{self, Write};

use longwire::Role;

use crate::case::{Case, Level, Section};
use crate::verdict::{Outcome, Verdict};
use crate::{html, json};

/// The results of a run.
#[derive(Clone, Debug)]
pub struct Report {
    /// What was tested: the URL of the server, or "that connects to" and an address.
    pub peer: String,
    /// Its role.
    pub role: Role,
    /// The cases, in the order of the standards.
    pub outcomes: Vec<Outcome>,
    /// The peer stopped taking part before the end.
    pub gone: bool,
}

/// Numbers of verdicts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// As expected.
    pub passed: usize,
    /// Not as expected.
    pub failed: usize,
    /// Not tested.
    pub skipped: usize,
    /// Without an expectation.
    pub observed: usize,
}

/// All levels, in order.
pub(crate) const LEVELS: [Level; 3] = [Level::Must, Level::Should, Level::Info];

impl Report {
    /// Whether the peer conforms: no MUST failed, something was tested, and the peer was there to the
    /// end.
    pub fn passed(&self) -> bool {
        let must = self.count(Level::Must, None);
        let tested = self.outcomes.iter().any(|of| !matches!(of.verdict, Verdict::Skipped(_)));
        must.failed == 0 && tested && !self.gone
    }

    /// The verdicts of a level, in one section or in all.
    pub fn count(&self, level: Level, section: Option<Section>) -> Count {
        let mut count = Count::default();
        for outcome in &self.outcomes {
            let within = section.is_none_or(|section| outcome.case.section == section);
            if outcome.case.level != level || !within {
                continue;
            }
            match outcome.verdict {
                Verdict::Pass => count.passed += 1,
                Verdict::Fail(_) => count.failed += 1,
                Verdict::Skipped(_) => count.skipped += 1,
                Verdict::Observed(_) => count.observed += 1,
            }
        }
        count
    }

    /// The sections that have cases, in order.
    pub fn sections(&self) -> Vec<Section> {
        let mut sections: Vec<_> =
            self.outcomes.iter().map(|outcome| outcome.case.section).collect();
        // They are in order already.
        sections.dedup();
        sections
    }

    /// The cases that failed, the MUSTs first.
    pub fn failures(&self) -> impl Iterator<Item = &Outcome> {
        LEVELS.into_iter().flat_map(|level| {
            self.outcomes.iter().filter(move |outcome| {
                outcome.case.level == level && matches!(outcome.verdict, Verdict::Fail(_))
            })
        })
    }

    /// What was observed where the standard leaves it open.
    pub fn observations(&self) -> impl Iterator<Item = (&Outcome, &str)> {
        self.outcomes.iter().filter_map(|outcome| match &outcome.verdict {
            Verdict::Observed(what) => Some((outcome, what.as_str())),
            _ => None,
        })
    }

    /// Why cases were not tested, and which, in order.
    pub fn skips(&self) -> Vec<(&str, Vec<&Case>)> {
        let mut skips: Vec<(&str, Vec<&Case>)> = Vec::new();
        for outcome in &self.outcomes {
            let Verdict::Skipped(reason) = &outcome.verdict else { continue };
            match skips.iter_mut().find(|(of, _)| of == reason) {
                Some((_, cases)) => cases.push(&outcome.case),
                None => skips.push((reason, vec![&outcome.case])),
            }
        }
        skips
    }

    /// The whole report in text: failures, observations, and a table by section at the end.
    pub fn text(&self) -> Text<'_> {
        Text(self)
    }

    /// The table by section alone.
    pub fn table(&self) -> Table<'_> {
        Table(self)
    }

    /// Everything as JSON.
    ///
    /// # Errors
    ///
    /// Writing fails.
    pub fn write_json(&self, out: &mut dyn Write) -> io::Result<()> {
        json::write(self, out)
    }

    /// Everything as one HTML page that needs nothing beside it.
    ///
    /// # Errors
    ///
    /// Writing fails.
    pub fn write_html(&self, out: &mut dyn Write) -> io::Result<()> {
        html::write(self, out)
    }

    /// A sentence that sums it up.
    pub(crate) fn summary(&self) -> String {
        if self.gone {
            return "The peer was gone before the end.".to_owned();
        }
        let (must, should) = (self.count(Level::Must, None), self.count(Level::Should, None));
        match (must.failed, should.failed) {
            _ if must == Count::default() && should == Count::default() => {
                "No case of a MUST or a SHOULD was run.".to_owned()
            }
            (0, 0) => "Every MUST and every SHOULD that was tested holds.".to_owned(),
            (0, should) => format!("Every MUST that was tested holds; {should} SHOULD do not."),
            (must, should) => format!("{must} MUST and {should} SHOULD do not hold."),
        }
    }
}

/// Of the cases that were skipped for one reason, so many are named in the text.
const SHOWN_SKIPS: usize = 4;

/// The name of a role.
pub(crate) fn role_name(role: Role) -> &'static str {
    match role {
        Role::Server => "server",
        Role::Client => "client",
    }
}

/// A report in text.
#[derive(Clone, Copy, Debug)]
pub struct Text<'a>(&'a Report);

/// The table of a report.
#[derive(Clone, Copy, Debug)]
pub struct Table<'a>(&'a Report);

impl fmt::Display for Text<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for outcome in self.0.failures() {
            write!(out, "{outcome}")?;
        }
        let mut observations = self.0.observations().peekable();
        if observations.peek().is_some() {
            writeln!(out, "\nThe standards leave open:")?;
        }
        for (outcome, what) in observations {
            writeln!(out, "  {:<32} {}: {what}", outcome.case.id, outcome.case.title)?;
        }
        let skips = self.0.skips();
        if !skips.is_empty() {
            writeln!(out, "\nSkipped:")?;
        }
        for (reason, cases) in skips {
            let shown: Vec<_> = cases.iter().take(SHOWN_SKIPS).map(|case| &*case.id).collect();
            let more = if cases.len() > SHOWN_SKIPS { ", …" } else { "" };
            writeln!(out, "  {:>4} {reason}: {}{more}", cases.len(), shown.join(", "))?;
        }
        write!(out, "\n{}", self.0.table())
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let case = &self.case;
        writeln!(out, "\n{:<6} {}  {}", case.level.name(), case.id, self.verdict.name())?;
        writeln!(out, "       {}: {}", case.section, case.title)?;
        writeln!(out, "       expected: {}", case.expectation())?;
        if let Some(reason) = self.verdict.reason() {
            writeln!(out, "       came:     {reason}")?;
        }
        for line in &self.wire {
            writeln!(out, "         {line}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Table<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let head = ["section", "MUST", "SHOULD", "INFO", "skipped"];
        writeln!(
            out,
            "{:<20} {:>9} {:>9} {:>6} {:>8}",
            head[0], head[1], head[2], head[3], head[4]
        )?;
        for section in self.0.sections() {
            row(out, self.0, &section.to_string(), Some(section))?;
        }
        row(out, self.0, "all", None)?;
        writeln!(out, "\n{}", self.0.summary())
    }
}

fn row(
    out: &mut fmt::Formatter<'_>,
    report: &Report,
    name: &str,
    section: Option<Section>,
) -> fmt::Result {
    let [must, should, info] = LEVELS.map(|level| report.count(level, section));
    let ratio = |count: Count| match count.passed + count.failed {
        0 => "-".to_owned(),
        all => format!("{}/{all}", count.passed),
    };
    let skipped = must.skipped + should.skipped + info.skipped;
    let mark = if must.failed > 0 { "  MUST fails" } else { "" };
    writeln!(
        out,
        "{name:<20} {:>9} {:>9} {:>6} {skipped:>8}{mark}",
        ratio(must),
        ratio(should),
        info.passed + info.observed,
    )
}

#[cfg(test)]
pub(crate) mod tests {
    use std::time::Duration;

    use super::*;
    use crate::case::ws;

    pub(crate) fn sample() -> Report {
        let outcome = |level, name: &str, verdict| Outcome {
            case: Case::new(level, ws("5.2"), name, "a <title>"),
            verdict,
            wire: vec!["→ TEXT \"<&>\"".to_owned()],
            took: Duration::from_millis(3),
        };
        Report {
            peer: "ws://localhost/".to_owned(),
            role: Role::Server,
            outcomes: vec![
                outcome(Level::Must, "a", Verdict::Pass),
                outcome(Level::Must, "b", Verdict::Skipped("why".to_owned())),
                outcome(Level::Should, "c", Verdict::Fail("what <came>".to_owned())),
                outcome(Level::Info, "d", Verdict::Observed("seen".to_owned())),
            ],
            gone: false,
        }
    }

    #[test]
    fn a_failed_must_fails_the_run() {
        let mut report = sample();
        assert!(report.passed());
        report.gone = true;
        assert!(!report.passed());
        report.gone = false;
        report.outcomes[0].verdict = Verdict::Fail(String::new());
        assert!(!report.passed());
        report.outcomes[0].verdict = Verdict::Pass;
        report.outcomes.retain(|outcome| matches!(outcome.verdict, Verdict::Skipped(_)));
        assert!(!report.passed(), "nothing was tested");
    }

    #[test]
    fn table() {
        let table = sample().table().to_string();
        let right = "\
section                   MUST    SHOULD   INFO  skipped
RFC 6455 §5.2              1/1       0/1      1        1
all                        1/1       0/1      1        1

Every MUST that was tested holds; 1 SHOULD do not.
";
        assert_eq!(table, right);
        let text = sample().text().to_string();
        assert!(text.contains("SHOULD 5.2/c  fail"), "{text}");
        assert!(text.contains("what <came>"), "{text}");
        assert!(text.contains("\nSkipped:\n     1 why: 5.2/b\n"), "{text}");
    }
}
