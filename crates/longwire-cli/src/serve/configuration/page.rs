//! The tables of docs/configuration.md, from the table of options.

use std::fmt::Write as _;

use super::options::{DEFAULT_NAMESPACE, SECTIONS, Target, variable};
use super::settings::Settings;

/// The tables as Markdown, each with the name of its section and a sentence about it.
pub(crate) fn tables() -> Vec<(&'static str, String)> {
    let mut tables = Vec::new();
    for section in SECTIONS {
        let table = table(section.about, Target::all_of_section(section));
        tables.push((section.name, table));
    }
    let about = "The policy of channels without a namespace, and, as `[namespaces.NAME]`, of channels \
                 `NAME:…`.";
    tables.push((DEFAULT_NAMESPACE, table(about, Target::all_of_namespace(None))));
    tables
}

fn table(about: &str, targets: impl Iterator<Item = Target>) -> String {
    let mut settings = Settings::default();
    let mut text = format!(
        "{about}\n\n| option and variable | value | default | what it does |\n|---|---|---|---|\n"
    );
    for target in targets {
        let (section, name, about, default) = match &target {
            Target::Node(section, it) => (section.name, it.name, it.about, it.default),
            Target::Namespace(_, it) => (DEFAULT_NAMESPACE, it.name, it.about, it.default),
        };
        let slot = target.slot(&mut settings);
        let default = match (default, slot.show()) {
            (Some(words), _) => words.to_owned(),
            (None, Some(value)) => format!("`{value}`"),
            (None, None) => "none".to_owned(),
        };
        let variable = variable(section, name);
        let form = slot.form();
        // Writing to a String cannot fail.
        let _ = writeln!(text, "| `{name}`<br>`{variable}` | {form} | {default} | {about} |");
    }
    text
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::tables;

    const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/configuration.md");
    const HOW_TO_WRITE: &str =
        "WRITE=1 cargo test -p longwire-cli --bin longwire the_page_has_every_option";

    /// The page with these tables in it.
    fn with_tables(page: &str) -> String {
        let mut page = page.to_owned();
        for (section, table) in tables() {
            let (begin, end) =
                (format!("<!-- begin {section} -->\n"), format!("<!-- end {section} -->"));
            let (before, rest) =
                page.split_once(&begin).expect("the page has the table's beginning");
            let (_, behind) = rest.split_once(&end).expect("the page has the table's end");
            page = format!("{before}{begin}{table}{end}{behind}");
        }
        page
    }

    #[test]
    fn the_page_has_every_option() {
        let page = std::fs::read_to_string(PAGE).unwrap();
        let right = with_tables(&page);
        if std::env::var_os("WRITE").is_some() {
            std::fs::write(Path::new(PAGE), right).unwrap();
        } else if page != right {
            panic!("docs/configuration.md is stale; this writes it anew: {HOW_TO_WRITE}");
        }
    }

    #[test]
    fn a_table_has_a_row_for_an_option() {
        let tables = tables();
        let rows = [
            (
                "http",
                "| `page`<br>`LONGWIRE_HTTP_PAGE` | true, false | `false` \
                 | Whether `/` serves the built-in page. |\n",
            ),
            (
                "limits",
                "| `max_publication_bytes`<br>`LONGWIRE_LIMITS_MAX_PUBLICATION_BYTES` \
                 | 1B to 256MiB | `\"64KiB\"` | Length of the data of one publication. |\n",
            ),
            (
                "tokens",
                "| `issuer`<br>`LONGWIRE_TOKENS_ISSUER` | text, 1 to 255 characters | none \
                 | What a token's `iss` has to be. |\n",
            ),
            (
                "default_namespace",
                "| `publish`<br>`LONGWIRE_DEFAULT_NAMESPACE_PUBLISH` \
                 | \"nobody\", \"users\", \"anyone\" | `\"nobody\"` \
                 | Who may publish, of those who have subscribed or may subscribe. |\n",
            ),
        ];
        for (section, row) in rows {
            let (_, table) = tables.iter().find(|(name, _)| *name == section).unwrap();
            assert!(table.contains(row), "{row}\n{table}");
        }
    }
}
