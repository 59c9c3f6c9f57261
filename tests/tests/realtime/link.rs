//! How a follower is connected: by a WebSocket, or by one of the two streams with `POST /emulation`.

use longwire_server::simulation::Random;

use super::http::{Http, get, post};
use super::pipe::Pipe;
use super::socket::Socket;
use super::world::World;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Transport {
    WebSocket,
    Sse,
    HttpStream,
}

pub(crate) enum Link {
    Socket(Box<Socket>),
    /// The stream, and where the commands go.
    Stream {
        stream: Box<Http>,
        commands: Box<Http>,
        /// What the commands have to name: session and node.
        session: (String, String),
    },
}

/// What has come.
pub(crate) struct Received {
    /// Each a JSON value.
    pub(crate) lines: Vec<String>,
    /// The server's close code.
    pub(crate) closed: Option<u16>,
    pub(crate) is_over: bool,
}

impl Link {
    /// Connects to some worker. A window of a few thousand bytes is full soon, and such a network may
    /// take only a part of each write: in a burst its client is slow, however it reads.
    pub(crate) fn open(
        transport: Transport,
        connect: &str,
        world: &mut World,
        random: &mut Random,
        window: usize,
    ) -> Self {
        let mut pipe = |random: &mut Random| {
            let worker = random.below(world.workers.len());
            let is_narrow = window < 1 << 20 && random.below(2) == 0;
            let max_write = if is_narrow { 700 } else { usize::MAX };
            Pipe::open(world, worker, window, max_write)
        };
        let request = match transport {
            Transport::WebSocket => {
                let mut socket = Socket::new(pipe(random), random.below(3) == 0);
                socket.say(connect);
                return Self::Socket(Box::new(socket));
            }
            Transport::Sse => {
                let escaped = connect.replace('{', "%7B").replace('}', "%7D").replace('"', "%22");
                get(&format!("/connection/sse?cf_connect={escaped}"), "")
            }
            Transport::HttpStream => post("/connection/http_stream", connect),
        };
        let mut stream = Box::new(Http::new(pipe(random)));
        stream.ask(request);
        let commands = Box::new(Http::new(pipe(random)));
        Self::Stream { stream, commands, session: Default::default() }
    }

    /// The server has said which session it is, on which node.
    pub(crate) fn name(&mut self, of_server: (String, String)) {
        if let Self::Stream { session, .. } = self {
            *session = of_server;
        }
    }

    pub(crate) fn say(&mut self, line: &str) {
        match self {
            Self::Socket(socket) => socket.say(line),
            Self::Stream { commands, session: (session, node), .. } => {
                // A line of JSON, in whose texts there is nothing to be escaped, as a text of JSON.
                let data = line.replace('"', "\\\"");
                commands.ask(post(
                    "/emulation",
                    &format!(r#"{{"session":"{session}","node":"{node}","data":"{data}"}}"#),
                ));
            }
        }
    }

    /// What is under way arrives; where it is not `calm`, maybe only a part of it.
    pub(crate) fn arrive(&mut self, world: &mut World, random: &mut Random, calm: bool) {
        match self {
            Self::Socket(socket) => socket.pipe.arrive(random, calm),
            Self::Stream { stream, commands, .. } => {
                // The next command may come by another worker.
                let moves = !commands.is_waiting() && random.below(4) == 0;
                if moves {
                    commands.pipe.end();
                }
                if moves || commands.pipe.is_ended() {
                    let worker = random.below(world.workers.len());
                    commands.reopen(Pipe::open(world, worker, 1 << 16, usize::MAX));
                }
                stream.pipe.arrive(random, calm);
                commands.pipe.arrive(random, calm);
            }
        }
    }

    pub(crate) fn read(&mut self) -> Received {
        match self {
            Self::Socket(socket) => {
                let messages = socket.read();
                let lines = messages.iter().flat_map(|it| it.lines()).map(str::to_owned).collect();
                let is_over = socket.closed.is_some() || socket.pipe.is_ended();
                Received { lines, closed: socket.closed, is_over }
            }
            Self::Stream { stream, commands, .. } => {
                commands.read();
                while let Some((status, body)) = commands.answer() {
                    assert_eq!(status, 204, "{body}");
                }
                stream.read();
                let text = stream.take_through(b"\n");
                let lines = text.lines().map(|it| it.strip_prefix("data: ").unwrap_or(it));
                let lines = lines.filter(|it| !it.is_empty()).map(str::to_owned).collect();
                Received { lines, closed: None, is_over: stream.is_over() }
            }
        }
    }

    /// By which it is told things.
    pub(crate) fn pipe(&self) -> &Pipe {
        match self {
            Self::Socket(socket) => &socket.pipe,
            Self::Stream { stream, .. } => &stream.pipe,
        }
    }

    /// Ends in some way: `false` where the server cannot notice.
    pub(crate) fn cut(self, random: &mut Random) -> bool {
        let pipes = match &self {
            Self::Socket(socket) => vec![&socket.pipe],
            Self::Stream { stream, commands, .. } => vec![&stream.pipe, &commands.pipe],
        };
        let how = random.below(3);
        for pipe in pipes {
            match how {
                0 => pipe.end(),
                1 => pipe.cut(),
                _ => {}
            }
        }
        how < 2
    }
}
