//! Markdown that can be read as it is, too: tables whose columns are aligned, and lines that end where
//! one's eye does.

use std::fmt;

/// Rows of cells below a heading. The first column holds names, the others figures.
#[derive(Debug)]
pub(crate) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table without rows.
    pub(crate) fn new<S: Into<String>>(headings: impl IntoIterator<Item = S>) -> Self {
        Self { rows: vec![headings.into_iter().map(Into::into).collect()] }
    }

    /// Adds a row; cells that it has too few of are empty.
    pub(crate) fn row<S: Into<String>>(&mut self, cells: impl IntoIterator<Item = S>) {
        self.rows.push(cells.into_iter().map(Into::into).collect());
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some((headings, rows)) = self.rows.split_first() else { return Ok(()) };
        let cell = |row: &[String], column: usize| row.get(column).cloned().unwrap_or_default();
        let widths: Vec<usize> = (0..headings.len())
            .map(|column| {
                let lengths = self.rows.iter().map(|row| cell(row, column).chars().count());
                lengths.max().unwrap_or(0).max(2)
            })
            .collect();
        let write = |f: &mut fmt::Formatter<'_>, row: &[String]| {
            for (column, width) in widths.iter().enumerate() {
                let cell = cell(row, column);
                match column {
                    0 => write!(f, "| {cell:<width$} ")?,
                    _ => write!(f, "| {cell:>width$} ")?,
                }
            }
            writeln!(f, "|")
        };
        write(f, headings)?;
        for (column, width) in widths.iter().enumerate() {
            match column {
                0 => write!(f, "|-{:-<width$}-", "")?,
                _ => write!(f, "|-{:->width$}:", "")?,
            }
        }
        writeln!(f, "|")?;
        rows.iter().try_for_each(|row| write(f, row))
    }
}

/// As long as a line of prose may be.
const LINE: usize = 110;

/// Breaks what is longer than a line, but for tables. What continues an item of a list is indented.
pub(crate) fn wrapped(text: &str) -> String {
    let mut lines = Vec::new();
    for long in text.lines() {
        if long.starts_with('|') {
            lines.push(long.to_owned());
            continue;
        }
        let indent = if long.starts_with("- ") { "  " } else { "" };
        let mut line = String::new();
        for word in long.split(' ') {
            if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > LINE {
                lines.push(std::mem::replace(&mut line, format!("{indent}{word}")));
            } else {
                line.push_str(if line.is_empty() { "" } else { " " });
                line.push_str(word);
            }
        }
        lines.push(line);
    }
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_and_short_rows_filled_up() {
        let mut table = Table::new(["server", "E1"]);
        table.row(["raw", "0.98 (0.9–1)"]);
        table.row(["longwire"]);
        assert_eq!(
            table.to_string(),
            "\
| server   |           E1 |
|----------|-------------:|
| raw      | 0.98 (0.9–1) |
| longwire |              |
"
        );
    }
    #[test]
    fn prose_is_broken_and_tables_are_not() {
        let (word, long) = ("x".repeat(54), "y".repeat(120));
        let table = [
            (format!("{word} {word}\n\nshort"), format!("{word} {word}\n\nshort\n")),
            (format!("{word} {word} a"), format!("{word} {word}\na\n")),
            (format!("- {word} {word} a"), format!("- {word}\n  {word} a\n")),
            (format!("a {long} b"), format!("a\n{long}\nb\n")),
            (long.clone(), format!("{long}\n")),
            (format!("| {long} | {long} |"), format!("| {long} | {long} |\n")),
        ];
        for (text, wanted) in table {
            assert_eq!(wrapped(&text), wanted);
        }
    }
}
