//! Several requests in one body.

use std::time::Duration;

use super::Method;
use crate::dialect::fields::{Fields, bad};
use crate::{Error, Request};

/// The bounds of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchLimits {
    /// Requests.
    pub max_requests: usize,
}

impl Default for BatchLimits {
    fn default() -> Self {
        Self { max_requests: 1000 }
    }
}

/// Several requests, in the order of their answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// Each with its method, or with what is wrong with it; the others are carried out all the same.
    pub requests: Vec<Result<(Method, Request), Error>>,
    /// Whether they may be carried out at the same time.
    pub parallel: bool,
}

impl Batch {
    /// Reads the body of a batch.
    ///
    /// # Errors
    /// [`Error::BadRequest`]: the body as a whole cannot be read, and no request is carried out.
    pub fn parse(body: &[u8], limits: &BatchLimits, unix_now: Duration) -> Result<Self, Error> {
        let fields = Fields::parse("batch", body)?;
        let commands = fields.objects("commands")?;
        if commands.len() > limits.max_requests {
            return Err(bad(format!("batch has more than {} commands", limits.max_requests)));
        }
        let requests = commands.into_iter().map(|command| one(&command?, unix_now)).collect();
        Ok(Self { requests, parallel: fields.flag("parallel")? })
    }
}

fn one(command: &Fields<'_>, unix_now: Duration) -> Result<(Method, Request), Error> {
    let (name, fields) = command.one_of(&Method::ALL.map(Method::name))?;
    let method = Method::from_name(name).ok_or(Error::MethodNotFound)?;
    Ok((method, method.read(&fields, unix_now)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: BatchLimits = BatchLimits { max_requests: 3 };

    fn bad_request(why: &str) -> Error {
        Error::BadRequest(why.to_owned())
    }

    #[test]
    fn what_is_wrong_with_one_does_not_hurt_the_others() {
        let body = br#"{"parallel":false,"commands":[
            {"presence":{"channel":"a"}},
            {"publish":{"channel":"a"}},
            {"info":{}}]}"#;
        let batch = Batch::parse(body, &LIMITS, Duration::ZERO).unwrap();
        assert!(!batch.parallel);
        assert_eq!(
            batch.requests,
            [
                Ok((Method::Presence, Request::Presence { channel: "a".to_owned() })),
                Err(bad_request("publish.data is missing")),
                Ok((Method::Info, Request::Info)),
            ]
        );
    }

    #[test]
    fn what_is_no_request() {
        let rows = [
            ("{}", Error::MethodNotFound),
            (r#"{"rpc":{}}"#, Error::MethodNotFound),
            (r#"{"info":{},"channels":{}}"#, bad_request("commands must have one method")),
            ("7", bad_request("commands is not a JSON object, at character 1")),
            (r#"{"info":7}"#, bad_request("info is not a JSON object, at character 1")),
        ];
        for (command, error) in rows {
            let body = format!(r#"{{"commands":[{command}],"parallel":true}}"#);
            let batch = Batch::parse(body.as_bytes(), &LIMITS, Duration::ZERO).unwrap();
            assert!(batch.parallel);
            assert_eq!(batch.requests, [Err(error)], "{command}");
        }
    }

    #[test]
    fn what_is_no_batch() {
        let rows = [
            ("", "batch is not a JSON object, at character 0"),
            ("{}", "batch.commands is missing"),
            (r#"{"commands":{}}"#, "batch.commands must be a list of objects"),
            (r#"{"commands":[],"parallel":1}"#, "batch.parallel must be true or false"),
            (r#"{"commands":[{},{},{},{}]}"#, "batch has more than 3 commands"),
        ];
        for (body, why) in rows {
            let parsed = Batch::parse(body.as_bytes(), &LIMITS, Duration::ZERO);
            assert_eq!(parsed, Err(bad_request(why)), "{body}");
        }
    }
}
