//! The opening handshake (RFC 6455 §4), both roles, without IO and without allocation.
//!
//! The bytes received stay with the caller. A [`HeadScanner`] finds the end of the head in them,
//! however they arrive; the [`Head`] is then parsed once. What stands behind the head is not
//! touched: it is the beginning of the WebSocket connection.
//!
//! ```text
//! server   HeadScanner -> Head -> Request  -> Upgrade -> accept: 101 in the caller's slice
//!                                    `-----------`----> Rejection: anything else
//! client   ClientRequest::encode   HeadScanner -> Head -> Response -> ClientRequest::verify
//! ```
//!
//! Both ends of one handshake:
//!
//! ```
//! use longwire::handshake::*;
//!
//! // The client asks.
//! let url = Url::parse("ws://example.com/chat")?;
//! let mut request = ClientRequest::new(url, *b"the sample nonce");
//! request.subprotocols = &["superchat", "chat"];
//! let mut wire = [0; 512];
//! let sent = request.encode(&mut wire)?;
//!
//! // The server answers. Where it has received only the beginning, it scans again with more.
//! fn answer(head: Head<'_>, out: &mut [u8]) -> Result<usize, EncodeError> {
//!     let request = match Request::parse(head) {
//!         Ok(request) => request,
//!         Err(error) => return Rejection::of(error).encode(out),
//!     };
//!     let upgrade = match request.upgrade() {
//!         Ok(upgrade) => upgrade,
//!         Err(error) => return Rejection::of(error).encode(out),
//!     };
//!     let subprotocol = upgrade.select_subprotocol(&["chat"]);
//!     let acceptance = Acceptance { subprotocol, ..Acceptance::default() };
//!     Ok(upgrade.accept(&acceptance, out)?.response_bytes)
//! }
//! let mut scanner = HeadScanner::new(HeadLimits::default());
//! let Status::Complete(head) = scanner.scan(&wire[..sent])? else { panic!("cut off") };
//! let mut reply = [0; 512];
//! let answered = answer(head, &mut reply)?;
//!
//! // The client checks the answer.
//! let mut scanner = HeadScanner::new(HeadLimits::default());
//! let Status::Complete(head) = scanner.scan(&reply[..answered])? else { panic!("cut off") };
//! let established = request.verify(&Response::parse(head)?)?;
//! assert_eq!(established.subprotocol, Some("chat"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod authority;
mod body;
mod client;
#[cfg(feature = "deflate")]
mod deflate;
mod error;
#[cfg_attr(
    not(feature = "deflate"),
    allow(dead_code, reason = "permessage-deflate alone asks for the parameters of an extension")
)]
mod extensions;
mod head;
mod headers;
mod key;
mod limits;
mod output;
mod rejection;
mod request;
mod response;
mod syntax;
mod target;
#[cfg(test)]
mod testing;
mod upgrade;
mod url;

pub use body::Body;
pub use client::{ClientRequest, Established};
#[cfg(feature = "deflate")]
pub use deflate::{DeflateOffer, DeflateParams, DeflatePolicy};
pub use error::{EncodeError, HeadError, RequestError, ResponseError};
pub use head::{Head, HeadScanner, Status};
pub use headers::{Header, Headers};
pub use limits::{HeadLimits, MAX_SUBPROTOCOLS};
pub use rejection::{Rejection, reason_phrase};
pub use request::{HttpVersion, Request};
pub use response::Response;
pub use upgrade::{Acceptance, Accepted, Upgrade};
pub use url::{Url, UrlError};
