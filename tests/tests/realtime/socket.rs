//! A WebSocket on a pipe: the engine in the role of the client.

use longwire::handshake::{
    ClientRequest, DeflateOffer, HeadLimits, HeadScanner, Response, Status, Url,
};
use longwire::{
    Compression, Connection, ControlFrames, Event, Inbound, Input, Limits, Message, Outbound,
    SendOptions, WebSocket,
};

use super::pipe::Pipe;
use super::world::nonce;

pub(crate) struct Socket {
    pub(crate) pipe: Pipe,
    request: ClientRequest<'static>,
    websocket: Option<WebSocket>,
    received: Vec<u8>,
    /// What is to be sent once it is open.
    early: Vec<String>,
    inbound: Inbound,
    outbound: Outbound,
    control: ControlFrames,
    /// The code of the server's Close.
    pub(crate) closed: Option<u16>,
}

const URL: &str = "ws://a/connection/websocket";

impl Socket {
    pub(crate) fn new(mut pipe: Pipe, deflate: bool) -> Self {
        let mut request = ClientRequest::new(Url::parse(URL).expect("a URL"), nonce());
        request.deflate = deflate.then(DeflateOffer::default);
        let mut buffer = [0; 1024];
        let len = request.encode(&mut buffer).expect("room for the request");
        pipe.say(&buffer[..len]);
        Self {
            pipe,
            request,
            websocket: None,
            received: Vec::new(),
            early: Vec::new(),
            inbound: Inbound::new(),
            outbound: Outbound::new(SendOptions::DEFAULT),
            control: ControlFrames::new(),
            closed: None,
        }
    }

    pub(crate) fn say(&mut self, text: &str) {
        let Some(websocket) = &mut self.websocket else {
            return self.early.push(text.to_owned());
        };
        let mut out = Vec::new();
        let message = Message::Text(text);
        // It may have been closed.
        if websocket.send(message, Compression::Auto, &mut self.outbound, &mut out).is_ok() {
            self.pipe.say(&out);
        }
    }

    /// The messages that have come.
    pub(crate) fn read(&mut self) -> Vec<String> {
        let new = self.pipe.take();
        if new.is_empty() {
            return Vec::new();
        }
        self.received.extend_from_slice(&new);
        if self.websocket.is_none() {
            self.open();
        }
        let mut messages = Vec::new();
        let Some(websocket) = &mut self.websocket else { return messages };
        let mut input = Input::new(&mut self.received);
        loop {
            let event = websocket.receive(&mut input, &mut self.control, &mut self.inbound);
            match event.expect("the server keeps to the protocol") {
                Some(Event::Text(text)) => messages.push(text.to_owned()),
                Some(Event::Close(close)) => self.closed = Some(close.code.value()),
                Some(Event::Ping(_) | Event::Pong(_)) => {}
                Some(event) => panic!("{event:?}"),
                None => break,
            }
            self.pipe.say(self.control.poll_transmit().unwrap_or_default());
        }
        self.pipe.say(self.control.poll_transmit().unwrap_or_default());
        let rest = input.len();
        self.received.drain(..self.received.len() - rest);
        messages
    }

    fn open(&mut self) {
        let mut scanner = HeadScanner::new(HeadLimits::default());
        let head = scanner.scan(&self.received).expect("a head");
        let Status::Complete(head) = head else { return };
        let len = head.bytes().len();
        let response = Response::parse(head).expect("an answer");
        let established = self.request.verify(&response).expect("a WebSocket");
        let connection = Connection::client(Limits::DEFAULT, nonce);
        self.websocket = Some(match established.deflate {
            Some(params) => WebSocket::with_deflate(connection, params),
            None => WebSocket::new(connection),
        });
        self.received.drain(..len);
        for text in std::mem::take(&mut self.early) {
            self.say(&text);
        }
    }
}
