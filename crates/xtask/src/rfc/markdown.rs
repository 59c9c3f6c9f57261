//! The report as a page of Markdown.

use std::fmt::{self, Write as _};

use super::report::{Reason, Report, Row};

/// The page.
pub(crate) fn markdown(report: &Report) -> String {
    let mut out = String::new();
    write(&mut out, report).expect("a string takes everything");
    out
}

fn write(out: &mut String, report: &Report) -> fmt::Result {
    writeln!(out, "# What the standards ask for, and the tests that hold it\n")?;
    writeln!(out, "Written by `cargo xtask rfc --markdown`.\n")?;
    write_list(out, &report.counts)?;
    if !report.gaps.is_empty() {
        writeln!(out, "\n## Gaps\n")?;
        write_list(out, &report.gaps)?;
    }
    for section in &report.sections {
        writeln!(out, "\n## {}\n", section.title)?;
        writeln!(out, "| level | id | role | rule | code | tests |")?;
        writeln!(out, "|---|---|---|---|---|---|")?;
        for row in &section.rows {
            write_row(out, row)?;
        }
    }
    write_reasons(out, "Deviated from", &report.deviates)?;
    write_reasons(out, "Declined", &report.declined)?;
    write_reasons(out, "Waiting", &report.waiting)
}

fn write_list(out: &mut String, lines: &[String]) -> fmt::Result {
    lines.iter().try_for_each(|line| writeln!(out, "- {line}"))
}

fn write_row(out: &mut String, row: &Row) -> fmt::Result {
    let Row { level, id, role, rule, code, tests } = row;
    let quoted = |names: &[String]| {
        names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join("<br>")
    };
    let (rule, code, tests) = (cell(rule), quoted(code), quoted(tests));
    writeln!(out, "| {level} | {id} | {role} | {rule} | {code} | {tests} |")
}

fn write_reasons(out: &mut String, title: &str, reasons: &[Reason]) -> fmt::Result {
    if reasons.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n## {title}\n")?;
    writeln!(out, "| level | id | rule | reason |")?;
    writeln!(out, "|---|---|---|---|")?;
    for Reason { level, id, rule, reason } in reasons {
        writeln!(out, "| {level} | {id} | {} | {} |", cell(rule), cell(reason))?;
    }
    Ok(())
}

/// A text that a table takes as one cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rfc::report::Section;

    #[test]
    fn a_page_has_a_table_for_each_section() {
        let row = Row {
            level: "MUST".to_owned(),
            id: "R40".to_owned(),
            role: "server".to_owned(),
            rule: "One | two\nthree.".to_owned(),
            code: vec!["a.rs:1".to_owned(), "b.rs:2".to_owned()],
            tests: vec!["rfc6455_s5_1_a".to_owned()],
        };
        let reason = Reason {
            level: "MAY".to_owned(),
            id: "R9".to_owned(),
            rule: "Short.".to_owned(),
            reason: "No TLS.".to_owned(),
        };
        let report = Report {
            sections: vec![Section { title: "RFC 6455 §5.1".to_owned(), rows: vec![row] }],
            deviates: vec![],
            declined: vec![],
            waiting: vec![reason],
            counts: vec!["2 requirements".to_owned()],
            gaps: vec!["a.rs: is wrong".to_owned()],
        };
        let wanted = "\
# What the standards ask for, and the tests that hold it

Written by `cargo xtask rfc --markdown`.

- 2 requirements

## Gaps

- a.rs: is wrong

## RFC 6455 §5.1

| level | id | role | rule | code | tests |
|---|---|---|---|---|---|
| MUST | R40 | server | One \\| two three. | `a.rs:1`<br>`b.rs:2` | `rfc6455_s5_1_a` |

## Waiting

| level | id | rule | reason |
|---|---|---|---|
| MAY | R9 | Short. | No TLS. |
";
        assert_eq!(markdown(&report), wanted);
    }
}
