//! The server's API for applications, in the requests and answers of Centrifugo's HTTP API.
//!
//! `POST /api/<method>` has the fields of one request in its body and is answered
//! `{"result":{…}}` or `{"error":{"code":107,"message":"…"}}`. `POST /api/batch` has several of them and
//! is answered `{"replies":[{"publish":{…}},{"error":{…}}]}`, in the same order. A request that is
//! refused changes nothing.
//!
//! Keys, HTTP and who may call are the caller's.

mod answer;
mod batch;
mod request;

pub use answer::{encode, encode_batch};
pub use batch::{Batch, BatchLimits};
pub use request::Method;
