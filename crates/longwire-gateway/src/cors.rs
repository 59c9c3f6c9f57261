//! What pages of other origins are told they may do (the Fetch standard, "CORS protocol").

use longwire_server::{Answer, HeaderLine, Response};

use crate::origin::Verdict;
use crate::route::Route;

/// How long a browser may remember what it was told, in seconds.
const MAX_AGE_SECONDS: &str = "600";

/// What a page may send that browsers ask for first.
const ALLOWED_HEADERS: &str = "Authorization, Content-Type, If-None-Match, Last-Event-ID";

/// The answer to OPTIONS: which methods there are, and to a page, what it may do.
pub(crate) fn preflight(route: Route<'_>, verdict: Verdict, origin: Option<&str>) -> Answer {
    let methods = methods(route);
    let mut headers: Vec<HeaderLine> = vec![("Allow".into(), methods.clone().into())];
    if route.is_for_pages() {
        headers.push(("Access-Control-Allow-Methods".into(), methods.into()));
        headers.push(("Access-Control-Allow-Headers".into(), ALLOWED_HEADERS.into()));
        headers.push(("Access-Control-Max-Age".into(), MAX_AGE_SECONDS.into()));
    }
    let mut answer = Answer::Now(Response { status: 204, headers, body: b"".into() });
    if route.is_for_pages() {
        allow(&mut answer, verdict, origin);
    }
    answer
}

/// Lets a page of another origin read the answer.
pub(crate) fn allow(answer: &mut Answer, verdict: Verdict, origin: Option<&str>) {
    add(answer, headers(verdict, origin));
}

/// Adds headers to an answer that has some.
pub(crate) fn add(answer: &mut Answer, headers: Vec<HeaderLine>) {
    if let Answer::Now(response) | Answer::Last(response) | Answer::Stream(response) = answer {
        response.headers.extend(headers);
    }
}

/// What lets a page of another origin read the answer.
pub(crate) fn headers(verdict: Verdict, origin: Option<&str>) -> Vec<HeaderLine> {
    // Caches must not give one origin's answer to another.
    let mut headers: Vec<HeaderLine> = vec![("Vary".into(), "Origin".into())];
    match (verdict, origin) {
        (Verdict::Listed, Some(origin)) => {
            headers.push(("Access-Control-Allow-Origin".into(), origin.to_owned().into()));
            headers.push(("Access-Control-Allow-Credentials".into(), "true".into()));
        }
        (Verdict::Any, _) => {
            headers.push(("Access-Control-Allow-Origin".into(), "*".into()));
        }
        _ => return headers,
    }
    // Where a reader is, and where it goes on.
    headers.push(("Access-Control-Expose-Headers".into(), "ETag".into()));
    headers
}

/// The answer to a method that a path does not take.
pub(crate) fn wrong_method(route: Route<'_>) -> Answer {
    let mut response = Response::text(405, "this method is not allowed here\n");
    response.headers.push(("Allow".into(), methods(route).into()));
    Answer::Now(response)
}

fn methods(route: Route<'_>) -> String {
    [route.methods(), &["OPTIONS"]].concat().join(", ")
}
