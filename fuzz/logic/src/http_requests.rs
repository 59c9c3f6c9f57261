//! Any bytes as requests of one connection to a whole server, cut at random: the application is given
//! the same requests with the same bodies, and the client the same answers, however they are cut.

use crate::shape::{self, CUTS, Cuts, product};
use arbitrary::{Result, Unstructured};
use longwire_server::simulation::Simulation;
use longwire_server::{
    Accept, Answer, Application, Config, Context, Incoming, Message, Peers, Response, Upgrade,
};
use std::net::SocketAddr;
use std::time::Duration;

/// What stands before an answer where its client waits to be told to go on, which depends on the cuts.
const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

/// Keeps what it is asked: method, target and body.
#[derive(Default)]
struct Desk {
    asked: Vec<(String, String, Vec<u8>)>,
}

impl Application for Desk {
    type Session = ();

    fn upgrade(
        &mut self,
        _: &Upgrade<'_>,
        _: SocketAddr,
    ) -> core::result::Result<Accept<()>, Response> {
        Err(Response::text(404, "no"))
    }

    fn message(&mut self, _: &mut Context<'_, ()>, _: Message<'_>) {}

    fn http(&mut self, _: &mut Peers<'_, ()>, incoming: &Incoming<'_>) -> Answer {
        let request = incoming.request;
        let (method, target) = (request.method().to_owned(), request.target().to_owned());
        self.asked.push((method, target, incoming.body.to_vec()));
        let answer = Response::text(200, "yes");
        if request.path() == "/last" { Answer::Last(answer) } else { Answer::Now(answer) }
    }
}

/// What comes of the bytes.
#[derive(Debug, PartialEq, Eq)]
struct Outcome {
    asked: Vec<(String, String, Vec<u8>)>,
    answers: Vec<u8>,
    is_ended: bool,
}

/// Runs one input: the limits, cuts, then the bytes.
///
/// # Errors
/// The input is too short.
pub fn run(data: &[u8]) -> Result<()> {
    let mut u = Unstructured::new(data);
    let limits: u8 = u.arbitrary()?;
    let mut config = Config { max_body_bytes: usize::from(limits >> 4) * 8, ..Config::default() };
    if limits & 1 != 0 {
        config.read_buffer_bytes = 520;
    }
    if limits & 2 != 0 {
        config.head_limits.max_head_bytes = 200;
        config.head_limits.max_start_line_bytes = 60;
    }
    let cuts = Cuts::read(&mut u)?;
    let bytes = u.take_rest();
    let whole = serve(bytes, &Cuts::none(), &config);
    assert_eq!(serve(bytes, &cuts, &config), whole, "cut");
    Ok(())
}

fn serve(bytes: &[u8], cuts: &Cuts, config: &Config) -> Outcome {
    let mut simulation = Simulation::new(0, config.clone(), Desk::default());
    let client = simulation.connect();
    let mut answers = Vec::new();
    for piece in cuts.pieces(bytes) {
        client.send(piece);
        simulation.run();
        answers.extend(client.receive());
    }
    assert!(simulation.connections() <= 1);
    let is_ended = client.is_ended();
    // Longer than all deadlines together.
    simulation.run_for(Duration::from_secs(600));
    assert_eq!(simulation.connections(), 0, "somebody is still there");
    let asked = std::mem::take(&mut simulation.application().asked);
    let limit = config.max_body_bytes;
    assert!(asked.iter().all(|(_, _, body)| body.len() <= limit), "a body over the limit");
    Outcome { asked, answers: shape::without(&answers, CONTINUE), is_ended }
}

/// Inputs to begin with.
pub fn seeds() -> Vec<Vec<u8>> {
    let requests: [&[u8]; 9] = [
        b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        b"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhelloGET /b HTTP/1.1\r\nHost: a\r\n\r\n",
        b"POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n\
          GET /b HTTP/1.1\r\nHost: a\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\nabc",
        b"HEAD /last HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
          Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n\x81\x80",
        b"GET / HTTP/1.0\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 999\r\n\r\n",
    ];
    let mut fronts = Vec::new();
    for limits in [0xf0_u8, 0x53, 0x01] {
        fronts.extend(CUTS.map(|cuts| [&[limits][..], cuts].concat()));
    }
    let fronts: Vec<&[u8]> = fronts.iter().map(|front| &front[..]).collect();
    product(&fronts, &requests.map(Vec::from))
}
