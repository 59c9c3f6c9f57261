//! A realtime server on a port of its own, and plain requests to it.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use longwire_gateway::{ApiAccess, Node, Origins, Settings};
use longwire_realtime::{Access, Namespace, NoTokens, Times, Tokens};
use longwire_server::{Config, Handle, Server};

/// With it the API may be used, but in development mode, where none is needed.
pub(crate) const API_KEY: &str = "the key of the application";

pub(crate) struct TestServer {
    pub(crate) address: SocketAddr,
    handle: Handle,
    thread: Option<JoinHandle<()>>,
}

impl TestServer {
    /// A server in which everyone may do everything without a token, but for some namespaces: in `quiet:`
    /// nobody may publish, `plain:` has neither history nor presence, and `short:` keeps two publications.
    pub(crate) fn start() -> Self {
        let quiet = Namespace { publish: Access::Nobody, ..open() };
        let plain = Namespace { history_size: 0, presence: false, recover: false, ..open() };
        let short = Namespace { history_size: 2, ..open() };
        let namespaces = [("quiet", quiet), ("plain", plain), ("short", short)];
        let realtime = longwire_realtime::Config {
            default_namespace: Arc::new(open()),
            namespaces: namespaces.map(|(name, it)| (name.into(), Arc::new(it))).into(),
            allow_anonymous: true,
            times: Times { unix_time_at_zero: Duration::from_secs(1), ..Times::default() },
            ..longwire_realtime::Config::default()
        };
        Self::with(realtime, NoTokens)
    }

    /// A server in development mode.
    pub(crate) fn start_in_development() -> Self {
        let realtime = longwire_realtime::Config {
            default_namespace: Arc::new(open()),
            allow_anonymous: true,
            ..longwire_realtime::Config::default()
        };
        let settings = Settings { api: ApiAccess::open(), ..Settings::default() };
        Self::serve(realtime, settings, NoTokens)
    }

    /// A server with these channels, and these tokens.
    pub(crate) fn with(
        realtime: longwire_realtime::Config,
        tokens: impl Tokens + Clone + Sync + 'static,
    ) -> Self {
        let mut origins = Origins::default();
        origins.add("https://friend.example").unwrap();
        let settings = Settings {
            origins,
            api: ApiAccess::with_keys([API_KEY]),
            sse_retry: Duration::from_millis(50),
            page: true,
            ..Settings::default()
        };
        Self::serve(realtime, settings, tokens)
    }

    fn serve(
        realtime: longwire_realtime::Config,
        settings: Settings,
        tokens: impl Tokens + Clone + Sync + 'static,
    ) -> Self {
        let node = Node::new(realtime, settings, tokens, numbers);
        let listen = vec![([127, 0, 0, 1], 0).into()];
        let server = Server::bind(Config { listen, threads: 2, ..Config::default() }).unwrap();
        let (address, handle) = (server.addresses()[0], server.handle());
        let serve = move || server.run(|waker| node.gateway(waker)).unwrap();
        Self { address, handle, thread: Some(std::thread::spawn(serve)) }
    }

    /// Sends a request on a connection of its own, and reads the answer to its end; of a stream the head
    /// alone.
    pub(crate) fn ask(&self, request: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let mut stream = self.send(request, headers, body);
        let mut answer = Answer::begin(&mut stream);
        if answer.header("Transfer-Encoding").is_none() {
            stream.read_to_string(&mut answer.body).unwrap();
        }
        answer
    }

    fn send(&self, request: &str, headers: &[(&str, &str)], body: &str) -> TcpStream {
        let mut head = format!("{request} HTTP/1.1\r\nHost: {}\r\n", self.address);
        for (name, value) in headers {
            head += &format!("{name}: {value}\r\n");
        }
        head += &format!("Content-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len());
        self.connect(&head)
    }

    /// A connection on which this was sent.
    pub(crate) fn connect(&self, text: &str) -> TcpStream {
        self.connect_bytes(text.as_bytes())
    }

    /// The same, of bytes that may be no text.
    pub(crate) fn connect_bytes(&self, bytes: &[u8]) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        stream.write_all(bytes).unwrap();
        stream
    }

    /// Publishes as a client does that reads.
    pub(crate) fn publish(&self, channel: &str, data: &str) {
        let answer = self.ask(&format!("POST /publish?channel={channel}"), &[], data);
        assert_eq!((answer.status, &*answer.body), (200, r#"{"publish":{}}"#));
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        self.handle.shut_down();
        if let Some(thread) = self.thread.take() {
            // A panic of its own has been printed.
            let _ = thread.join();
        }
    }
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: String,
}

impl Answer {
    /// Reads the head, and nothing behind it.
    fn begin(stream: &mut TcpStream) -> Self {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            head.extend(byte);
        }
        let head = String::from_utf8(head).unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Self { status, head, body: String::new() }
    }

    /// The value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut fields = self.head.lines().filter_map(|line| line.split_once(": "));
        fields.find(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}

fn open() -> Namespace {
    Namespace { history_size: 1000, ..Namespace::for_everyone() }
}

/// No two are the same, which is all that matters here.
fn numbers() -> u128 {
    static LAST: AtomicU64 = AtomicU64::new(0);
    u128::from(LAST.fetch_add(1, Ordering::Relaxed)) * 0x0001_0000_0001_0000_0001
}
