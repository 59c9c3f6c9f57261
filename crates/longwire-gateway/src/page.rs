//! `GET /`: a page on which people can try the server: join a channel over a transport of their choice,
//! publish, and see who is there.
//!
//! It is one answer, needs nothing from anywhere else, and may load nothing: its policy names its own
//! style and script by their hashes, and lets it connect to its own origin alone.

use longwire_server::{Answer, HeaderLine, Response};

const HEAD: &str = include_str!("page/head.html");
const BODY: &str = include_str!("page/body.html");
const STYLE: &str = include_str!("page/page.css");
const SCRIPT: &str = concat!(
    include_str!("page/room.js"),
    include_str!("page/socket.js"),
    include_str!("page/readers.js"),
    include_str!("page/join.js"),
);

/// What the policy calls the style and the script; a test computes them.
const STYLE_HASH: &str = "sha256-Ef/uOwLDR3QTlpeAYOosmtn7AjJf1kCPN6wqGbt9nxg=";
const SCRIPT_HASH: &str = "sha256-TRPW3Nt/fFoPF2ivqJF5Wq7zWJrK/VIETjji7opKK/g=";

/// The page as it is sent.
fn html() -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n{HEAD}<style>{STYLE}</style>\n</head>\n\
         {BODY}<script>{SCRIPT}</script>\n</html>\n"
    )
}

/// The page.
pub(crate) fn answer() -> Answer {
    let policy = format!(
        "default-src 'none'; style-src '{STYLE_HASH}'; script-src '{SCRIPT_HASH}'; \
         connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'"
    );
    let headers: Vec<HeaderLine> = vec![
        ("Content-Type".into(), "text/html; charset=utf-8".into()),
        ("Content-Security-Policy".into(), policy.into()),
        ("Cache-Control".into(), "no-cache".into()),
        ("X-Content-Type-Options".into(), "nosniff".into()),
        ("Referrer-Policy".into(), "no-referrer".into()),
    ];
    Answer::Now(Response { status: 200, headers, body: html().into_bytes().into() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine as _;
    use base64::prelude::BASE64_STANDARD;
    use sha2::{Digest as _, Sha256};

    /// Content Security Policy Level 3 §2.3.1: the hash is that of the element's text.
    #[test]
    fn the_policy_knows_what_is_on_the_page() {
        let html = html();
        for (element, text, hash) in [("style", STYLE, STYLE_HASH), ("script", SCRIPT, SCRIPT_HASH)]
        {
            let digest = BASE64_STANDARD.encode(Sha256::digest(text));
            assert_eq!(hash, format!("sha256-{digest}"), "{element}");
            let (open, close) = (format!("<{element}>"), format!("</{element}>"));
            assert_eq!(html.matches(&open).count(), 1);
            let inside = html.split_once(&open).and_then(|(_, behind)| behind.split_once(&close));
            assert_eq!(inside.map(|(inside, _)| inside), Some(text));
        }
    }

    /// What comes from the network is text on the page, and never markup or code.
    #[test]
    fn the_script_makes_no_markup_of_text() {
        for word in ["innerHTML", "outerHTML", "insertAdjacent", "document.write", "eval("] {
            assert!(!SCRIPT.contains(word), "{word}");
        }
        for word in ["//", " on", "style="] {
            assert!(![HEAD, BODY].concat().contains(word), "{word}");
        }
    }
}
