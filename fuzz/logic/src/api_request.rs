//! Any bytes as the body of a request to the HTTP API: what is read keeps the rules, a request means
//! the same alone and in a batch, and every answer is JSON.

use crate::shape;
use arbitrary::{Result, Unstructured};
use longwire_realtime::api::{self, Batch, BatchLimits, Method};
use longwire_realtime::{Error, Json, Outgoing, Request, Response};
use serde_json::Value;
use serde_json::value::RawValue;
use std::time::Duration;

/// How deep a body may be nested: in a batch the same request is two levels deeper.
const MAX_DEPTH: usize = 128;

/// Runs one input: the time, the limit of a batch, then the body.
///
/// # Errors
/// The input is too short.
pub fn run(data: &[u8]) -> Result<()> {
    let mut u = Unstructured::new(data);
    let unix_now = Duration::from_secs(u.arbitrary()?);
    let limits = BatchLimits { max_requests: u.arbitrary::<u8>()?.into() };
    let body = u.take_rest();
    for method in Method::ALL {
        assert_eq!(Method::from_name(method.name()), Some(method));
        let request = method.parse(body, unix_now);
        check(&request, unix_now);
        check_in_batch(method, body, &request, unix_now);
    }
    match Batch::parse(body, &limits, unix_now) {
        Ok(batch) => {
            assert!(batch.requests.len() <= limits.max_requests, "more than there may be");
            let mut answers = Vec::new();
            for request in batch.requests {
                let (method, request) = match request {
                    Ok((method, request)) => (Some(method), Ok(request)),
                    Err(error) => (None, Err(error)),
                };
                check(&request, unix_now);
                answers.push((method, request.map(|_| Response::Done)));
            }
            let mut out = Vec::new();
            let all = answers.iter().map(|(method, answer)| (*method, answer));
            api::encode_batch(all, &mut out);
            let value: Value = serde_json::from_slice(&out).expect("an answer in JSON");
            assert_eq!(value["replies"].as_array().map(Vec::len), Some(answers.len()));
        }
        Err(error) => check(&Err(error), unix_now),
    }
    Ok(())
}

/// A request in a batch is what it is alone.
fn check_in_batch(
    method: Method,
    body: &[u8],
    alone: &std::result::Result<Request, Error>,
    unix_now: Duration,
) {
    let Ok(text) = str::from_utf8(body) else { return };
    let is_object = serde_json::from_str::<&RawValue>(text).is_ok() && text.trim_start().starts_with('{');
    if !is_object || text.matches(['{', '[']).count() > MAX_DEPTH - 3 {
        return;
    }
    let batch = format!("{{\"commands\":[{{\"{}\":{text}}}]}}", method.name());
    let batch = Batch::parse(batch.as_bytes(), &BatchLimits::default(), unix_now);
    let request = batch.expect("a batch").requests.pop().expect("its one request");
    assert_eq!(request.map(|(_, request)| request), *alone, "{}", method.name());
}

fn check(request: &std::result::Result<Request, Error>, unix_now: Duration) {
    match request {
        Ok(Request::Publish { message, .. } | Request::Broadcast { message, .. }) => {
            check_message(message);
        }
        Ok(Request::Subscribe { info, ttl, .. }) => {
            info.iter().for_each(check_json);
            check_ttl(*ttl, unix_now);
        }
        Ok(Request::Refresh { ttl, .. }) => check_ttl(*ttl, unix_now),
        Ok(Request::Disconnect { disconnect, .. }) => {
            assert!((3000..5000).contains(&disconnect.code), "no code of a Close");
            assert!((1..=123).contains(&disconnect.reason.len()), "no reason of a Close");
        }
        Ok(_) => {}
        Err(error) => {
            assert!(matches!(error, Error::BadRequest(_) | Error::MethodNotFound), "{error:?}");
            let mut out = Vec::new();
            api::encode(&Err(error.clone()), &mut out);
            let value: Value = serde_json::from_slice(&out).expect("an answer in JSON");
            assert_eq!(value["error"]["message"], error.to_string());
        }
    }
}

fn check_message(message: &Outgoing) {
    check_json(&message.data);
    assert_ne!(message.idempotency_key.as_deref(), Some(""), "an empty key is none");
}

/// It is one value on one line.
fn check_json(json: &Json) {
    assert!(!json.as_str().contains(['\n', '\r']), "{json:?}");
    assert!(serde_json::from_str::<&RawValue>(json.as_str()).is_ok(), "{json:?}");
}

fn check_ttl(ttl: Option<Duration>, unix_now: Duration) {
    let expires_at = ttl.map(|ttl| ttl.checked_add(unix_now));
    assert!(expires_at.is_none_or(|at| at.is_some()), "{ttl:?} is behind the end of time");
}

/// Inputs to begin with.
pub fn seeds() -> Vec<Vec<u8>> {
    let bodies = [
        r#"{"channel":"a","data":{"b":[1.50]},"tags":{"a":"b"},"key":"k","idempotency_key":"i","skip_history":true}"#,
        r#"{"channel":"a","b64data":"eyJhIjoxfQ==","exclude_client":"00000000-0000-4000-8000-000000000007"}"#,
        r#"{"channels":["a","b:c"],"data":null}"#,
        r#"{"channel":"a","user":"7","info":{"x":1},"expire_at":1700000300,"recover_since":{"offset":5,"epoch":"x"}}"#,
        r#"{"user":"7","client":"","session":"00000000-0000-4000-8000-000000000007","channel":""}"#,
        r#"{"user":"7","whitelist":["00000000-0000-4000-8000-000000000007"],"disconnect":{"code":3000,"reason":"x"}}"#,
        r#"{"user":"7","expired":true,"expire_at":18446744073709551615}"#,
        r#"{"channel":"a","limit":-1,"since":{"offset":18446744073709551615},"reverse":true}"#,
        r#"{"commands":[{"publish":{"channel":"a","data":1}},{"info":{}},{"x":{}},7],"parallel":true}"#,
        r#"{"pattern":"*a*"}"#,
        "{}",
        "[",
    ];
    let fronts: [&[u8]; 2] = [&[0, 0, 0, 0, 0, 0, 0, 0, 3], &[0, 0xf1, 0x53, 0x65, 0, 0, 0, 0, 0xff]];
    shape::product(&fronts, &bodies.map(|it| it.as_bytes().to_vec()))
}
