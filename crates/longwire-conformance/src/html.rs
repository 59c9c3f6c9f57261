//! A report as one page of HTML: no script, nothing to load, light and dark.

use std::fmt;
use std::io::{self, Write};

use crate::case::{Level, Section};
use crate::report::{Count, LEVELS, Report, role_name};
use crate::verdict::{Outcome, Verdict};

const STYLE: &str = include_str!("html.css");

pub(crate) fn write(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let peer = Escaped(&report.peer);
    let verdict = if report.passed() { "pass" } else { "fail" };
    write!(
        out,
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n\
         <title>WebSocket conformance: {peer}</title>\n<style>\n{STYLE}</style>\n\
         <header>\n<h1>WebSocket conformance</h1>\n\
         <p>The {} <b>{peer}</b></p>\n<p class=\"summary {verdict}\">{}</p>\n</header>\n<main>\n",
        role_name(report.role),
        Escaped(&report.summary()),
    )?;
    table(report, out)?;
    for section in report.sections() {
        cases(report, section, out)?;
    }
    write!(
        out,
        "</main>\n<footer>longwire-conformance {}. MUST and SHOULD are the standards'; INFO is what \
         they leave open.</footer>\n</html>\n",
        env!("CARGO_PKG_VERSION")
    )
}

fn table(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    write!(
        out,
        "<table>\n<thead><tr><th>Section<th>MUST<th>SHOULD<th>INFO<th>skipped</tr></thead>\n<tbody>\n"
    )?;
    for section in report.sections() {
        let name = format!("<a href=\"#{}\">{section}</a>", anchor(section));
        row(report, &name, Some(section), out)?;
    }
    write!(out, "</tbody>\n<tfoot>\n")?;
    row(report, "all", None, out)?;
    write!(out, "</tfoot>\n</table>\n")
}

fn row(report: &Report, name: &str, of: Option<Section>, out: &mut dyn Write) -> io::Result<()> {
    let [must, should, info] = LEVELS.map(|level| report.count(level, of));
    let ratio = |count: Count, level: Level| match (count.failed, count.passed) {
        (0, 0) => "<td>–".to_owned(),
        (0, passed) => format!("<td class=\"pass\">{passed}/{passed}"),
        (failed, passed) => {
            let class = if level == Level::Must { "fail" } else { "warn" };
            format!("<td class=\"{class}\">{passed}/{}", passed + failed)
        }
    };
    let skipped = must.skipped + should.skipped + info.skipped;
    writeln!(
        out,
        "<tr><th>{name}{}{}<td>{}<td>{skipped}</tr>",
        ratio(must, Level::Must),
        ratio(should, Level::Should),
        info.passed + info.observed,
    )
}

fn cases(report: &Report, section: Section, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "<section id=\"{}\">\n<h2>{section}</h2>", anchor(section))?;
    for outcome in report.outcomes.iter().filter(|outcome| outcome.case.section == section) {
        case(outcome, out)?;
    }
    writeln!(out, "</section>")
}

fn case(outcome: &Outcome, out: &mut dyn Write) -> io::Result<()> {
    let case = &outcome.case;
    let failed = matches!(outcome.verdict, Verdict::Fail(_));
    let class = match (&outcome.verdict, case.level) {
        (Verdict::Fail(_), Level::Should) => "warn",
        (verdict, _) => verdict.name(),
    };
    writeln!(
        out,
        "<details{}>\n<summary><span class=\"verdict {class}\">{}</span> <span class=\"level\">{}\
         </span> <code>{}</code> {}</summary>",
        if failed { " open" } else { "" },
        outcome.verdict.name(),
        case.level.name(),
        Escaped(&case.id),
        Escaped(&case.title),
    )?;
    writeln!(out, "<dl>\n<dt>Expected<dd>{}", Escaped(&case.expectation()))?;
    if let Some(reason) = outcome.verdict.reason() {
        writeln!(out, "<dt>Came<dd>{}", Escaped(reason))?;
    }
    if let Some(number) = case.autobahn {
        writeln!(out, "<dt>Autobahn<dd>{}", Escaped(number))?;
    }
    writeln!(out, "</dl>\n<pre>")?;
    for line in &outcome.wire {
        writeln!(out, "{}", Escaped(line))?;
    }
    writeln!(out, "</pre>\n</details>")
}

fn anchor(section: Section) -> String {
    format!("rfc{}-{}", section.rfc, section.number)
}

/// Text that means no markup.
struct Escaped<'a>(&'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for char in self.0.chars() {
            match char {
                '&' => out.write_str("&amp;")?,
                '<' => out.write_str("&lt;")?,
                '>' => out.write_str("&gt;")?,
                '"' => out.write_str("&quot;")?,
                char if char.is_control() => out.write_str("\u{fffd}")?,
                char => write!(out, "{char}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::tests::sample;

    #[test]
    fn says_everything_and_escapes_it() {
        let mut out = Vec::new();
        write(&sample(), &mut out).unwrap();
        let page = String::from_utf8(out).unwrap();
        for part in ["5.2/c", "a &lt;title&gt;", "what &lt;came&gt;", "&quot;&lt;&amp;&gt;&quot;"] {
            assert!(page.contains(part), "{part}");
        }
        for wrong in ["<title>a", "<came>", "<script", "http://", "https://"] {
            assert!(!page.contains(wrong), "{wrong}");
        }
    }
}
