//! RFC 6455 §4.1: what stands in a client's request.

use crate::case::{Asked, Case, Level, MUST, Opening, Section, http, ws};
use crate::extension;
use crate::handshake::{is_key, is_tchar};

type Check = fn(&Asked<'_>) -> Result<(), String>;

struct Row(Level, Section, &'static str, &'static str, Check);

static ROWS: &[Row] = &[
    Row(MUST, ws("4.1"), "method", "the method is GET", |asked| {
        let method = asked.head.line.split(' ').next();
        ensure(method == Some("GET"), || format!("the request line is {:?}", asked.head.line))
    }),
    Row(MUST, ws("4.1"), "version-of-http", "the version is HTTP/1.1", |asked| {
        let line = &asked.head.line;
        ensure(line.ends_with(" HTTP/1.1"), || format!("the request line is {line:?}"))
    }),
    Row(MUST, ws("4.1"), "target", "the target is a path, with the query", |asked| {
        let target = asked.head.line.split(' ').nth(1).unwrap_or_default();
        let right = target.starts_with('/') || target.starts_with("http://");
        ensure(right && !target.contains('#'), || format!("the target is {target:?}"))
    }),
    Row(MUST, ws("4.1"), "host", "there is one Host, with the port where it is not 80", |asked| {
        let host = asked.head.only("Host")?;
        ensure(host.contains(':'), || format!("Host is {host:?}, without the port"))
    }),
    Row(MUST, ws("4.1"), "upgrade", "Upgrade has websocket", |asked| {
        ensure(asked.head.lists("Upgrade", "websocket"), || "it does not".to_owned())
    }),
    Row(MUST, ws("4.1"), "connection", "Connection has Upgrade", |asked| {
        ensure(asked.head.lists("Connection", "upgrade"), || "it does not".to_owned())
    }),
    Row(MUST, ws("4.1"), "key", "there is one key: 16 bytes in base64", |asked| {
        let key = asked.head.only("Sec-WebSocket-Key")?;
        ensure(is_key(key), || format!("the key is {key:?}"))
    }),
    Row(MUST, ws("4.1"), "key-fresh", "the key is another one for each connection", |asked| {
        let key = asked.head.only("Sec-WebSocket-Key")?;
        let repeated = asked.earlier_keys.iter().any(|earlier| earlier == key);
        ensure(!repeated, || format!("the key {key:?} was used before"))
    }),
    Row(MUST, ws("4.1"), "key-random", "the key is not in a pattern", |asked| {
        let key = asked.head.only("Sec-WebSocket-Key")?;
        let one = key.bytes().take(20).all(|byte| Some(byte) == key.bytes().next());
        ensure(!one, || format!("the key is {key:?}"))
    }),
    Row(MUST, ws("4.1"), "version", "the version is 13, once", |asked| {
        let version = asked.head.only("Sec-WebSocket-Version")?;
        ensure(version == "13", || format!("the version is {version:?}"))
    }),
    Row(MUST, ws("4.1"), "waits", "nothing is sent before the response", |asked| {
        ensure(asked.behind.is_empty(), || format!("{} bytes came before", asked.behind.len()))
    }),
    Row(MUST, ws("9.1"), "extensions", "Sec-WebSocket-Extensions follows the grammar", |asked| {
        extension::extensions(asked.head).map(|_| ())
    }),
    Row(MUST, ws("4.1"), "subprotocols", "subprotocols are tokens, none of them twice", |asked| {
        let mut seen = Vec::new();
        for value in asked.head.values("Sec-WebSocket-Protocol") {
            for name in value.split(',').map(str::trim) {
                ensure(!name.is_empty() && name.bytes().all(is_tchar), || format!("{name:?}"))?;
                ensure(!seen.contains(&name), || format!("{name:?} twice"))?;
                seen.push(name);
            }
        }
        Ok(())
    }),
    Row(MUST, http("6.3"), "no-body", "the request has no body", |asked| {
        let length = asked.head.values("Content-Length");
        let none = length.iter().all(|length| *length == "0");
        let plain = asked.head.values("Transfer-Encoding").is_empty();
        ensure(none && plain, || "it announces a body".to_owned())
    }),
    Row(MUST, ws("4.1"), "no-accept", "Sec-WebSocket-Accept is for servers", |asked| {
        let none = asked.head.values("Sec-WebSocket-Accept").is_empty();
        ensure(none, || "the request has it".to_owned())
    }),
    Row(
        MUST,
        pmd_offer(),
        "offer",
        "an offer of permessage-deflate has known parameters, once each",
        |asked| {
            let offers = extension::extensions(asked.head)?;
            for offer in offers.iter().filter(|offer| offer.name == extension::DEFLATE) {
                let mut seen: Vec<&str> = Vec::new();
                for (name, value) in &offer.params {
                    ensure(!seen.contains(&name.as_str()), || format!("{name} twice"))?;
                    seen.push(name);
                    let right = match (name.as_str(), value.as_deref()) {
                        ("server_no_context_takeover" | "client_no_context_takeover", None)
                        | ("client_max_window_bits", None) => true,
                        ("server_max_window_bits" | "client_max_window_bits", Some(bits)) => {
                            matches!(bits, "8" | "9" | "10" | "11" | "12" | "13" | "14" | "15")
                        }
                        _ => false,
                    };
                    ensure(right, || format!("{name} with the value {value:?}"))?;
                }
            }
            Ok(())
        },
    ),
];

const fn pmd_offer() -> Section {
    crate::case::pmd("7.1")
}

fn ensure(right: bool, reason: impl FnOnce() -> String) -> Result<(), String> {
    if right { Ok(()) } else { Err(reason()) }
}

pub(super) fn cases() -> Vec<Case> {
    let case = |row: &Row| {
        let &Row(level, section, name, title, check) = row;
        Case::new(level, section, &format!("request-{name}"), title).open(Opening::Asked(check))
    };
    ROWS.iter().map(case).collect()
}
