//! docs/performance.md: its prose is written by hand, its tables by the commands that measure. Each
//! table stands between two comments that name its section, and replaces what stood there before.

use std::fs;

use anyhow::{Context as _, Result, ensure};

use crate::workspace::Workspace;

/// Puts `markdown` in the place of a section's last tables.
///
/// # Errors
///
/// The page or the section's two comments are not there, or the page cannot be written.
pub(crate) fn replace(workspace: &Workspace, section: &str, markdown: &str) -> Result<()> {
    let path = workspace.root.join("docs/performance.md");
    let page =
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let page = replaced(&page, section, markdown)?;
    fs::write(&path, page).with_context(|| format!("cannot write {}", path.display()))
}

/// The page with the section's lines replaced. All else stays as it is.
fn replaced(page: &str, section: &str, markdown: &str) -> Result<String> {
    let begin = format!("<!-- begin {section}: written by cargo xtask bench ");
    let end = format!("<!-- end {section} -->");
    let lines: Vec<&str> = page.lines().collect();
    let find = |wanted: &str| {
        let mut found = (0..).zip(&lines).filter(|(_, line)| line.starts_with(wanted));
        let (place, _) = found.next().with_context(|| format!("the page has no {wanted:?}"))?;
        ensure!(found.next().is_none(), "the page has {wanted:?} twice");
        anyhow::Ok::<usize>(place)
    };
    let (first, last) = (find(&begin)?, find(&end)?);
    ensure!(first < last, "the section {section} ends before it begins");
    let (before, after) = (lines.get(..=first), lines.get(last..));
    let mut text = before.unwrap_or_default().join("\n");
    text.push_str("\n\n");
    text.push_str(markdown.trim_matches('\n'));
    text.push_str("\n\n");
    text.push_str(&after.unwrap_or_default().join("\n"));
    text.push('\n');
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "\
# Title

<!-- begin echo: written by cargo xtask bench echo -->
old
<!-- end echo -->
prose
<!-- begin idle: written by cargo xtask bench echo -->
<!-- end idle -->
";

    #[test]
    fn a_section_is_replaced_and_nothing_else() {
        let once = replaced(PAGE, "echo", "| a |\n|---|\n").unwrap();
        assert_eq!(
            once,
            "\
# Title

<!-- begin echo: written by cargo xtask bench echo -->

| a |
|---|

<!-- end echo -->
prose
<!-- begin idle: written by cargo xtask bench echo -->
<!-- end idle -->
"
        );
        assert_eq!(replaced(&once, "echo", "| a |\n|---|").unwrap(), once);
        assert_eq!(
            replaced(PAGE, "idle", "b").unwrap(),
            PAGE.replace("cho -->\n<!-- end idle", "cho -->\n\nb\n\n<!-- end idle")
        );
    }

    #[test]
    fn a_page_without_the_sections_comments_is_left_alone() {
        let table = [
            ("", "has no \"<!-- begin echo: "),
            ("<!-- begin echo: written by cargo xtask bench echo -->", "has no \"<!-- end echo"),
            (&PAGE.replace("<!-- end idle", "<!-- end echo"), "twice"),
            (
                "<!-- end echo -->\n<!-- begin echo: written by cargo xtask bench echo -->",
                "ends before it begins",
            ),
        ];
        for (page, wanted) in table {
            let error = replaced(page, "echo", "x").unwrap_err().to_string();
            assert!(error.contains(wanted), "{error}");
        }
    }
}
