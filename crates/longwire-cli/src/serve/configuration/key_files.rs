//! Files that have keys in them: they are read once, when everything else is known.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use longwire_realtime::token::{KeyError, Verifier};

use super::options::{MIN_API_KEY_CHARS, MIN_HMAC_SECRET_CHARS};
use super::problem::{Place, Problem};
use super::secret::Secret;
use super::settings::Settings;

/// Reads a whole file.
pub(crate) type Read<'a> = &'a dyn Fn(&Path) -> io::Result<String>;

/// Reads the files that the settings name, and makes the verifier of tokens. Tells what is wrong with
/// them, never what is in them.
pub(super) fn read(
    settings: &mut Settings,
    places: &BTreeMap<String, Place>,
    read: Read<'_>,
) -> Vec<Problem> {
    let mut files = Files { places, read, problems: Vec::new() };
    files.api_keys(settings);
    files.token_keys(settings);
    files.problems
}

struct Files<'a> {
    places: &'a BTreeMap<String, Place>,
    read: Read<'a>,
    problems: Vec<Problem>,
}

impl Files<'_> {
    fn api_keys(&mut self, settings: &mut Settings) {
        const OPTION: &str = "api.keys_file";
        let Some(text) = self.text(OPTION, settings.api.keys_file.as_ref()) else { return };
        let lines = text.lines().enumerate().map(|(index, line)| (index + 1, line.trim()));
        let mut is_empty = true;
        for (number, key) in lines.filter(|(_, key)| !key.is_empty()) {
            is_empty = false;
            let form = if key.starts_with('#') {
                "must not begin with `#`: there are no comments".to_owned()
            } else if Secret::new(key).chars() < MIN_API_KEY_CHARS {
                format!("must be at least {MIN_API_KEY_CHARS} characters long")
            } else {
                settings.api.keys_of_file.push(Secret::new(key));
                continue;
            };
            self.refuse(OPTION, &format!("has a key in line {number} that {form}"));
        }
        if is_empty {
            self.refuse(OPTION, "has no key in it");
        }
    }

    fn token_keys(&mut self, settings: &mut Settings) {
        let tokens = &mut settings.tokens;
        const SECRET: &str = "tokens.hmac_secret_file";
        let mut secret = tokens.hmac_secret.clone();
        if let Some(text) = self.text(SECRET, tokens.hmac_secret_file.as_ref()) {
            let of_file = Secret::new(text.trim_end_matches(['\r', '\n']));
            if of_file.chars() < MIN_HMAC_SECRET_CHARS {
                let form = format!("must be at least {MIN_HMAC_SECRET_CHARS} characters long");
                self.refuse(SECRET, &format!("has a secret that {form}"));
            }
            secret = Some(of_file);
        }
        let mut verifier = tokens.verifier.clone();
        if let Some(secret) = &secret {
            verifier =
                self.key(SECRET, verifier, |it| it.with_hmac_secret(secret.reveal().as_bytes()));
        }
        let rsa = ("tokens.rsa_public_key_file", tokens.rsa_public_key_file.as_ref());
        if let Some(pem) = self.text(rsa.0, rsa.1) {
            verifier = self.key(rsa.0, verifier, |it| it.with_rsa_public_key(pem.as_bytes()));
        }
        let ecdsa = ("tokens.ecdsa_public_key_file", tokens.ecdsa_public_key_file.as_ref());
        if let Some(pem) = self.text(ecdsa.0, ecdsa.1) {
            verifier = self.key(ecdsa.0, verifier, |it| it.with_ecdsa_public_key(pem.as_bytes()));
        }
        let ed25519 = ("tokens.ed25519_public_key_file", tokens.ed25519_public_key_file.as_ref());
        if let Some(pem) = self.text(ed25519.0, ed25519.1) {
            verifier =
                self.key(ed25519.0, verifier, |it| it.with_ed25519_public_key(pem.as_bytes()));
        }
        if let Some(audience) = &tokens.audience {
            verifier = verifier.with_audience(audience);
        }
        if let Some(issuer) = &tokens.issuer {
            verifier = verifier.with_issuer(issuer);
        }
        tokens.verifier = verifier;
    }

    /// The verifier with one key more, if it is one.
    fn key(
        &mut self,
        option: &str,
        verifier: Verifier,
        with: impl FnOnce(Verifier) -> Result<Verifier, KeyError>,
    ) -> Verifier {
        let before = verifier.clone();
        with(verifier).unwrap_or_else(|error| {
            self.refuse(option, &format!("names a file that is not right: {error}"));
            before
        })
    }

    /// What the file of an option holds, if it names one that can be read.
    fn text(&mut self, option: &str, path: Option<&PathBuf>) -> Option<String> {
        let path = self.beside_the_configuration(option, path?);
        match (self.read)(&path) {
            Ok(text) => Some(text),
            Err(error) => {
                let path = path.display();
                self.refuse(option, &format!("names {path}, which cannot be read: {error}"));
                None
            }
        }
    }

    /// A path in the configuration file begins where that file is; others where the program was started.
    fn beside_the_configuration(&self, option: &str, path: &Path) -> PathBuf {
        match self.places.get(option) {
            Some(Place::File { name, .. }) => {
                Path::new(&**name).parent().unwrap_or(Path::new("")).join(path)
            }
            _ => path.to_owned(),
        }
    }

    fn refuse(&mut self, option: &str, message: &str) {
        // An option that has a value was given it somewhere.
        let place = self.places.get(option).cloned().unwrap_or(Place::Development);
        self.problems.push(Problem::new(place, format!("{option} {message}")));
    }
}
