//! A report as JSON, for other programs.

use std::io::{self, Write};

use serde_json::{Value, json};

use crate::report::{LEVELS, Report, role_name};
use crate::verdict::Outcome;

pub(crate) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, &value(report))?;
    writeln!(out)
}

fn value(report: &Report) -> Value {
    let counts = LEVELS.map(|level| {
        let count = report.count(level, None);
        let value = json!({
            "passed": count.passed,
            "failed": count.failed,
            "skipped": count.skipped,
            "observed": count.observed,
        });
        (level.name().to_owned(), value)
    });
    json!({
        "suite": concat!("longwire-conformance ", env!("CARGO_PKG_VERSION")),
        "peer": report.peer,
        "role": role_name(report.role),
        "passed": report.passed(),
        "gone": report.gone,
        "counts": Value::Object(counts.into_iter().collect()),
        "cases": report.outcomes.iter().map(case).collect::<Vec<_>>(),
    })
}

fn case(outcome: &Outcome) -> Value {
    let case = &outcome.case;
    json!({
        "id": case.id,
        "section": case.section.to_string(),
        "level": case.level.name(),
        "title": case.title,
        "autobahn": case.autobahn,
        "verdict": outcome.verdict.name(),
        "reason": outcome.verdict.reason(),
        "expected": case.expectation(),
        "wire": outcome.wire,
        "took_ms": u64::try_from(outcome.took.as_millis()).unwrap_or(u64::MAX),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests::sample;

    #[test]
    fn says_everything() {
        let mut out = Vec::new();
        write(&sample(), &mut out).unwrap();
        let value: Value = serde_json::from_slice(&out).unwrap();
        assert_eq!(value["passed"], true);
        assert_eq!(value["role"], "server");
        assert_eq!(value["counts"]["SHOULD"]["failed"], 1);
        assert_eq!(value["cases"][2]["id"], "5.2/c");
        assert_eq!(value["cases"][2]["verdict"], "fail");
        assert_eq!(value["cases"][2]["reason"], "what <came>");
        assert_eq!(value["cases"][0]["wire"][0], "→ TEXT \"<&>\"");
    }
}
