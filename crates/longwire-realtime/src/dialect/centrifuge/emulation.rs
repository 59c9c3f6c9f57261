//! Commands of a client whose transport goes one way only: the body of `POST /emulation`.
//!
//! It carries what the reply to `connect` told the client: the node, so that any node can pass the
//! commands on, and the session.

use crate::dialect::fields::{Fields, bad};
use crate::{Error, SessionId};

/// Commands for a session that is elsewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Emulation {
    /// Whose they are.
    pub session: SessionId,
    /// Which node has the session.
    pub node: String,
    /// The frame, for [`Codec::decode`](crate::Codec::decode).
    pub frame: String,
}

impl Emulation {
    /// Reads the body.
    ///
    /// # Errors
    /// [`Error::BadRequest`]: a field is missing or is not what it has to be.
    pub fn parse(body: &[u8]) -> Result<Self, Error> {
        let fields = Fields::parse("request", body)?;
        let session = fields.required_text("session")?;
        Ok(Self {
            session: SessionId::parse(&session)
                .ok_or_else(|| bad("request.session is no session".to_owned()))?,
            node: fields.required_text("node")?,
            frame: fields.required_text("data")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_sdk_posts() {
        let body = br#"{"session":"00000000-0000-4000-8000-000000000007","node":"n1",
            "data":"{\"subscribe\":{\"channel\":\"news\"},\"id\":2}\n{}"}"#;
        let emulation = Emulation {
            session: SessionId(0x4000_8000_0000_0000_0007),
            node: "n1".to_owned(),
            frame: "{\"subscribe\":{\"channel\":\"news\"},\"id\":2}\n{}".to_owned(),
        };
        assert_eq!(Emulation::parse(body), Ok(emulation));
    }

    #[test]
    fn what_is_refused() {
        let rows = [
            ("", "request is not a JSON object, at character 0"),
            ("{}", "request.session is missing"),
            (r#"{"session":"7","node":"","data":""}"#, "request.session is no session"),
            (
                r#"{"session":"00000000-0000-4000-8000-000000000007","data":""}"#,
                "request.node is missing",
            ),
            (
                r#"{"session":"00000000-0000-4000-8000-000000000007","node":"","data":{}}"#,
                "request.data must be a string",
            ),
        ];
        for (body, why) in rows {
            assert_eq!(Emulation::parse(body.as_bytes()), Err(bad(why.to_owned())), "{body}");
        }
    }
}
