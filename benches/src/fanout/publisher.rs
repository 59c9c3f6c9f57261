//! The one who publishes, over whichever connection the server wants.

use anyhow::{Result, bail};
use mio::net::TcpStream;

use super::link::{Asked, Link, Memory, Socket};
use super::post::Post;
use super::protocol::{Heard, Protocol, Role};
use crate::client::Target;

/// A connection for publications.
#[derive(Debug)]
pub(super) struct Publisher {
    protocol: Protocol,
    way: Way,
    /// It may publish.
    pub(super) has_joined: bool,
}

#[derive(Debug)]
enum Way {
    WebSocket(Box<Link>),
    Http(Post),
}

impl Publisher {
    /// Opens its connection.
    ///
    /// # Errors
    /// The server does not take it.
    pub(super) fn open(protocol: Protocol, target: &Target, memory: &mut Memory) -> Result<Self> {
        let role = Role::Publisher;
        let resource = protocol.resource(role);
        if protocol == Protocol::Nchan {
            let way = Way::Http(Post::open(target, 0, resource)?);
            return Ok(Self { protocol, way, has_joined: true });
        }
        let mut link = Box::new(Asked::new(target.dial(0)?, resource)?.answer()?);
        let greeting = protocol.greeting(role);
        if let Some(greeting) = greeting.filter(|text| !text.is_empty()) {
            link.say(greeting, memory)?;
            link.socket.flush()?;
        }
        let way = Way::WebSocket(link);
        let mut publisher = Self { protocol, way, has_joined: greeting.is_none() };
        publisher.take(memory, true)?;
        Ok(publisher)
    }

    pub(super) fn stream(&mut self) -> &mut TcpStream {
        &mut self.socket().stream
    }

    fn socket(&mut self) -> &mut Socket {
        match &mut self.way {
            Way::WebSocket(link) => &mut link.socket,
            Way::Http(post) => &mut post.socket,
        }
    }

    /// Adds a publication to what is to be sent.
    pub(super) fn publish(&mut self, number: u64, text: &str, memory: &mut Memory) -> Result<()> {
        match &mut self.way {
            Way::WebSocket(link) => link.say(&self.protocol.publish(number, text), memory),
            Way::Http(post) => {
                post.publish(text);
                Ok(())
            }
        }
    }

    /// Sends as much as goes.
    pub(super) fn flush(&mut self) -> Result<()> {
        self.socket().flush()
    }

    /// Reads what the server has to say of publications.
    ///
    /// # Errors
    /// It refuses one, or is gone.
    pub(super) fn read(&mut self, memory: &mut Memory) -> Result<()> {
        self.take(memory, false)
    }

    fn take(&mut self, memory: &mut Memory, begins: bool) -> Result<()> {
        let Self { protocol, way, has_joined } = self;
        let link = match way {
            Way::WebSocket(link) => link,
            Way::Http(post) => return post.read(&mut memory.buffer),
        };
        let mut says = Vec::new();
        let on_text = |text: &str| {
            for part in protocol.parts(text) {
                match protocol.hear(Role::Publisher, part)? {
                    Heard::Nothing => {}
                    Heard::Say(text) => says.push(text),
                    Heard::Joined => *has_joined = true,
                    Heard::Ended(code) => bail!("the server ends it with {code}"),
                }
            }
            Ok(())
        };
        if begins { link.begin(memory, on_text) } else { link.read(memory, on_text) }?;
        for text in says {
            link.say(text, memory)?;
        }
        link.socket.flush()
    }
}
