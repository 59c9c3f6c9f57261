//! yawc: `next_frame` on a `WebSocket`, which hands out whole messages as owned frames. Its check
//! of UTF-8 is off unless one asks for it; here it is on.

use longwire::Role;
use yawc::{OpCode, Options, WebSocket};

use super::Receiver;
use crate::source::{READ_BYTES, Source, now};
use crate::wire::Eye;

fn role(role: Role) -> yawc::Role {
    match role {
        Role::Server => yawc::Role::Server,
        Role::Client => yawc::Role::Client,
    }
}

pub(crate) struct Receive(WebSocket<Source>);

impl Receiver for Receive {
    fn new(role: Role, source: Source) -> Self {
        let options = Options::default().with_utf8().with_read_buffer_capacity(READ_BYTES);
        Self(WebSocket::from_stream(source, self::role(role), options).expect("no extensions"))
    }

    fn receive(&mut self, count: u64, eye: &mut impl Eye) {
        now(async {
            for _ in 0..count {
                let frame = self.0.next_frame().await.expect("valid frames");
                eye.see(frame.opcode() == OpCode::Text, frame.payload());
            }
        });
    }
}
