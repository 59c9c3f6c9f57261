//! A configuration in a few lines, for people: what it lets whom do, and what it may lack.

use std::fmt;

use super::Configuration;

/// Prints the lines.
pub(crate) struct Summary<'a>(&'a Configuration);

impl Configuration {
    /// It in a few lines.
    pub(crate) fn summary(&self) -> Summary<'_> {
        Summary(self)
    }

    /// What is right but can hardly be meant.
    pub(crate) fn notes(&self) -> Vec<&'static str> {
        let Self { settings, is_development, .. } = self;
        let mut notes = Vec::new();
        if *is_development {
            notes.push(
                "development mode, since nothing is configured: everybody on this machine may do \
                 everything; docs/configuration.md says how to write a configuration",
            );
        }
        if !settings.allow_anonymous && !settings.tokens.has_key() {
            notes.push(
                "no client can connect: there is no key to verify tokens with, such as \
                 tokens.hmac_secret, and realtime.allow_anonymous is false",
            );
        }
        if !settings.api.is_on() {
            notes.push("the HTTP API is off: there is no key in api.keys or api.keys_file");
        }
        notes
    }
}

impl fmt::Display for Summary<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let settings = &self.0.settings;
        let addresses: Vec<_> = settings.server.listen.iter().map(ToString::to_string).collect();
        writeln!(f, "listens on  {}", addresses.join(", "))?;
        let clients = match (settings.tokens.has_key(), settings.allow_anonymous) {
            (true, true) => "with a token, or anonymous",
            (true, false) => "with a token",
            (false, true) => "anonymous",
            (false, false) => "none",
        };
        writeln!(f, "clients     {clients}")?;
        match (settings.api.is_open(), settings.api.key_count()) {
            (true, _) => writeln!(f, "API         open, without a key")?,
            (false, 0) => writeln!(f, "API         off")?,
            (false, 1) => writeln!(f, "API         on, with 1 key")?,
            (false, number) => writeln!(f, "API         on, with {number} keys")?,
        }
        let names: Vec<_> = settings.namespaces.keys().map(String::as_str).collect();
        let names = if names.is_empty() { "none" } else { &names.join(", ") };
        writeln!(f, "namespaces  {names}")?;
        self.0.notes().iter().try_for_each(|note| writeln!(f, "note: {note}"))
    }
}
