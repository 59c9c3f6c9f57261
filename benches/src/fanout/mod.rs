//! Publications to many: one publisher and a crowd of subscribers on one channel of one server, each
//! speaking what that server speaks.
//!
//! ```text
//!             publication ----> publisher --(link | post)--> server
//!                  |                                            |
//!  load (slices): tally <---- deliveries <--(protocol)-- subscribers (links)
//! ```
//!
//! Every delivery is compared with the publication that has to be next for its subscriber, byte by
//! byte: what is missing, comes twice, out of order or otherwise than it was published ends it all. One
//! subscriber more may be told not to read (`stalled`); it gets what the server's policy leaves of it.

mod link;
mod load;
mod pace;
mod post;
mod protocol;
mod publication;
mod publisher;
mod stalled;
mod tally;

pub use load::{Bytes, Load, Plan, Saturated};
pub use pace::Paced;
pub use protocol::Protocol;
pub use stalled::Fate;
