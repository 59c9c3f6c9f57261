//! Centrifugo's client protocol, version 2, in JSON.
//!
//! A frame has commands in JSON, one a line; a command has a number, `id`, which stands in its reply
//! too. What comes unasked is a push and has none. `{}` is a ping from the server and the answer to it
//! from the client. Of the protocol, the stable core is spoken, as the SDKs of others do; what they
//! offer beyond that is not agreed to, and they do without.

mod command;
mod emulation;
mod error;
mod frame;
mod push;
mod reply;
pub(crate) mod shapes;

pub(crate) use command::history;
pub use emulation::Emulation;
pub use error::{code, is_temporary};
pub use frame::{FrameLimits, decode_frame};
pub(crate) use push::body as push_body;
pub use push::encode_push;
pub(crate) use reply::body as reply_body;
pub use reply::encode_reply;
