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
