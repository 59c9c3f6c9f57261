//! Sec-WebSocket-Extensions as the judge reads it (RFC 6455 §9.1), and what an answer to an offer of
//! permessage-deflate may say (RFC 7692 §7.1).

use longwire::Role;

use crate::handshake::{Head, is_tchar};

pub(crate) const HEADER: &str = "Sec-WebSocket-Extensions";
pub(crate) const DEFLATE: &str = "permessage-deflate";

/// An extension with its parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Extension {
    pub(crate) name: String,
    pub(crate) params: Vec<(String, Option<String>)>,
}

/// What both ends agreed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Agreed {
    pub(crate) server: Direction,
    pub(crate) client: Direction,
}

/// What was agreed on about the messages of one end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Direction {
    /// A message may refer to those before it.
    pub(crate) context_takeover: bool,
    pub(crate) window_bits: u8,
}

impl Agreed {
    /// What holds for the messages of an endpoint of this role.
    pub(crate) fn of(&self, role: Role) -> Direction {
        match role {
            Role::Server => self.server,
            Role::Client => self.client,
        }
    }
}

impl Extension {
    fn has(&self, name: &str) -> bool {
        self.params.iter().any(|(of, _)| of == name)
    }

    fn value(&self, name: &str) -> Option<&str> {
        self.params.iter().find(|(of, _)| of == name)?.1.as_deref()
    }
}

/// All extensions of a head, in order.
///
/// # Errors
///
/// The grammar of RFC 6455 §9.1 is broken.
pub(crate) fn extensions(head: &Head) -> Result<Vec<Extension>, String> {
    let mut all = Vec::new();
    for line in head.values(HEADER) {
        for element in line.split(',') {
            all.push(
                extension(element).ok_or_else(|| format!("its {HEADER} is malformed: {line:?}"))?,
            );
        }
    }
    Ok(all)
}

fn extension(element: &str) -> Option<Extension> {
    let is_token = |text: &str| !text.is_empty() && text.bytes().all(is_tchar);
    let mut parts = element.split(';').map(str::trim);
    let name = parts.next().filter(|name| is_token(name))?.to_owned();
    let mut params = Vec::new();
    for part in parts {
        let (name, value) = match part.split_once('=') {
            Some((name, value)) => (name.trim(), Some(value.trim())),
            None => (part, None),
        };
        let value = value.map(|value| {
            let inner = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
            inner.unwrap_or(value)
        });
        if !is_token(name) || !value.is_none_or(is_token) {
            return None;
        }
        params.push((name.to_owned(), value.map(str::to_owned)));
    }
    Some(Extension { name, params })
}

/// What a server's answer to `offers` agrees on; `None` when it has no extension.
///
/// # Errors
///
/// The answer says what RFC 6455 §9.1 or RFC 7692 §7.1 do not allow as an answer to these offers.
pub(crate) fn agreed(offers: &[Extension], answer: &[Extension]) -> Result<Option<Agreed>, String> {
    let answer = match answer {
        [] => return Ok(None),
        [answer] => answer,
        _ => return Err("it answers with several extensions".into()),
    };
    let offers: Vec<_> = offers.iter().filter(|offer| offer.name == answer.name).collect();
    if offers.is_empty() || answer.name != DEFLATE {
        return Err(format!("it answers with an extension that was not offered: {}", answer.name));
    }
    for (at, (name, value)) in answer.params.iter().enumerate() {
        if answer.params[..at].iter().any(|(of, _)| of == name) {
            return Err(format!("its answer has {name} twice (RFC 7692 §7)"));
        }
        let valid = match name.as_str() {
            "server_no_context_takeover" | "client_no_context_takeover" => value.is_none(),
            "server_max_window_bits" | "client_max_window_bits" => bits(value.as_deref()).is_some(),
            _ => false,
        };
        if !valid {
            return Err(format!("its answer has {name} with the value {value:?} (RFC 7692 §7.1)"));
        }
    }
    let server_bits = bits(answer.value("server_max_window_bits"));
    let fits = |offer: &&Extension| {
        let wanted = bits(offer.value("server_max_window_bits"));
        wanted.is_none_or(|wanted| server_bits.is_some_and(|bits| bits <= wanted))
            && (!offer.has("server_no_context_takeover")
                || answer.has("server_no_context_takeover"))
            && (offer.has("client_max_window_bits") || !answer.has("client_max_window_bits"))
    };
    if !offers.iter().any(fits) {
        return Err("its answer fits none of the offers (RFC 7692 §7.1)".into());
    }
    let direction = |takeover: &str, window_bits: Option<u8>| Direction {
        context_takeover: !answer.has(takeover),
        window_bits: window_bits.unwrap_or(15),
    };
    Ok(Some(Agreed {
        server: direction("server_no_context_takeover", server_bits),
        client: direction(
            "client_no_context_takeover",
            bits(answer.value("client_max_window_bits")),
        ),
    }))
}

/// 8 to 15, without leading zeros (RFC 7692 §7.1.2).
fn bits(value: Option<&str>) -> Option<u8> {
    let value = value?;
    let bits = value.parse().ok().filter(|bits| (8..=15).contains(bits))?;
    value.starts_with(['1', '8', '9']).then_some(bits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(value: &str) -> Result<Vec<Extension>, String> {
        let head = if value.is_empty() { String::new() } else { format!("\r\n{HEADER}: {value}") };
        extensions(&Head::parse(format!("x{head}").as_bytes()).unwrap())
    }

    #[test]
    fn grammar() {
        let params = vec![("b".into(), Some("c".into())), ("d".into(), None)];
        let right = vec![
            Extension { name: "a".into(), params },
            Extension { name: "e".into(), params: Vec::new() },
        ];
        assert_eq!(of("a; b=\"c\";d, e"), Ok(right));
        for wrong in [";", "a;", "a;=b", "a; b=", "a; b=\"\"", "a b", "a; b=\"c", "a,,b"] {
            assert!(of(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn answers() {
        let d = DEFLATE;
        let plain = "permessage-deflate; client_max_window_bits";
        let cases: &[(&str, String, bool)] = &[
            (plain, String::new(), true),
            (plain, d.into(), true),
            (plain, format!("{d}; client_max_window_bits=8"), true),
            (plain, format!("{d}; server_max_window_bits=9; server_no_context_takeover"), true),
            (d, format!("{d}; client_max_window_bits=8"), false),
            (plain, format!("{d}, {d}"), false),
            (plain, format!("{d}; client_max_window_bits"), false),
            (plain, format!("{d}; client_max_window_bits=7"), false),
            (plain, format!("{d}; client_max_window_bits=09"), false),
            (plain, format!("{d}; server_no_context_takeover=1"), false),
            (plain, format!("{d}; unknown"), false),
            (plain, "x".into(), false),
            ("x", d.into(), false),
            ("permessage-deflate; server_max_window_bits=10", d.into(), false),
            (
                "permessage-deflate; server_max_window_bits=10",
                format!("{d}; server_max_window_bits=11"),
                false,
            ),
            (
                "permessage-deflate; server_max_window_bits=10",
                format!("{d}; server_max_window_bits=10"),
                true,
            ),
            ("permessage-deflate; server_no_context_takeover", d.into(), false),
        ];
        for (offer, answer, right) in cases {
            let agreed = agreed(&of(offer).unwrap(), &of(answer).unwrap());
            assert_eq!(agreed.is_ok(), *right, "{offer} / {answer}: {agreed:?}");
        }
    }
}
