//! The report for a terminal.

use std::fmt::{self, Write as _};

use super::report::{Reason, Report, Row};

/// The column at which a rule, its code and its tests begin.
const INDENT: usize = 23;

/// The report, its rules shortened to lines of `columns`, or not at all.
pub(crate) fn text(report: &Report, columns: Option<usize>) -> String {
    let mut out = String::new();
    write(&mut out, report, columns).expect("a string takes everything");
    out
}

fn write(out: &mut String, report: &Report, columns: Option<usize>) -> fmt::Result {
    for section in &report.sections {
        writeln!(out, "{}", section.title)?;
        for row in &section.rows {
            write_row(out, row, columns)?;
        }
        writeln!(out)?;
    }
    write_reasons(out, "Deviated from", &report.deviates, columns)?;
    write_reasons(out, "Declined", &report.declined, columns)?;
    write_reasons(out, "Waiting", &report.waiting, columns)?;
    for line in &report.counts {
        writeln!(out, "{line}")?;
    }
    if !report.gaps.is_empty() {
        writeln!(out, "\nGaps: {}", report.gaps.len())?;
    }
    for gap in &report.gaps {
        writeln!(out, "{gap}")?;
    }
    Ok(())
}

fn write_row(out: &mut String, row: &Row, columns: Option<usize>) -> fmt::Result {
    let head = format!("  {:6} {:5} {:6}", row.level, row.id, row.role);
    writeln!(out, "{head:INDENT$}{}", shortened(&row.rule, columns))?;
    for code in &row.code {
        writeln!(out, "{:INDENT$}{code}", "")?;
    }
    match row.tests.len() {
        0 => {}
        1 => writeln!(out, "{:INDENT$}1 test", "")?,
        count => writeln!(out, "{:INDENT$}{count} tests", "")?,
    }
    for test in &row.tests {
        writeln!(out, "{:INDENT$}  {test}", "")?;
    }
    Ok(())
}

fn write_reasons(
    out: &mut String,
    title: &str,
    reasons: &[Reason],
    columns: Option<usize>,
) -> fmt::Result {
    if reasons.is_empty() {
        return Ok(());
    }
    writeln!(out, "{title}")?;
    for Reason { level, id, rule, reason } in reasons {
        let head = format!("  {level:6} {id:5}");
        writeln!(out, "{head:INDENT$}{}", shortened(rule, columns))?;
        writeln!(out, "{:INDENT$}{reason}", "")?;
    }
    writeln!(out)
}

/// As much of a rule as fits a line beside what stands in front of it.
fn shortened(rule: &str, columns: Option<usize>) -> String {
    let most = columns.map_or(usize::MAX, |columns| columns.saturating_sub(INDENT));
    if rule.chars().count() <= most {
        return rule.to_owned();
    }
    let begin: String = rule.chars().take(most.saturating_sub(1)).collect();
    begin.trim_end().to_owned() + "…"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rfc::report::Section;

    #[test]
    fn rows_then_reasons_then_counts_then_gaps() {
        let row = Row {
            level: "MUST".to_owned(),
            id: "R40".to_owned(),
            role: "server".to_owned(),
            rule: "A server fails on a frame without a mask.".to_owned(),
            code: vec!["a.rs:1,2".to_owned()],
            tests: vec!["rfc6455_s5_1_a".to_owned(), "rfc6455_s5_1_b".to_owned()],
        };
        let reason = Reason {
            level: "MAY".to_owned(),
            id: "R9".to_owned(),
            rule: "Short.".to_owned(),
            reason: "Because of this, and however long it takes to say so.".to_owned(),
        };
        let report = Report {
            sections: vec![Section { title: "RFC 6455 §5.1".to_owned(), rows: vec![row] }],
            deviates: vec![],
            declined: vec![reason],
            waiting: vec![],
            counts: vec!["2 requirements".to_owned()],
            gaps: vec!["a.rs: is wrong".to_owned()],
        };
        let wanted = "\
RFC 6455 §5.1
  MUST   R40   server  A server fails on…
                       a.rs:1,2
                       2 tests
                         rfc6455_s5_1_a
                         rfc6455_s5_1_b

Declined
  MAY    R9            Short.
                       Because of this, and however long it takes to say so.

2 requirements

Gaps: 1
a.rs: is wrong
";
        assert_eq!(text(&report, Some(42)), wanted);
    }

    #[test]
    fn a_rule_is_shortened_where_it_does_not_fit() {
        let table = [
            ("§5.1 and", None, "§5.1 and"),
            ("§5.1 and", Some(INDENT + 8), "§5.1 and"),
            ("§5.1 and", Some(INDENT + 7), "§5.1 a…"),
            ("§5.1 and", Some(INDENT + 6), "§5.1…"),
            ("§5.1 and", Some(0), "…"),
        ];
        for (rule, columns, wanted) in table {
            assert_eq!(shortened(rule, columns), wanted, "{columns:?}");
        }
    }
}
