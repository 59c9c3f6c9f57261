//! An echo server: `cargo run -p longwire-server --example echo -- 127.0.0.1:9001`.

use longwire_server::{
    Accept, Application, Config, Context, Message, Response, Server, Upgrade, shut_down_on_signals,
};
use std::net::SocketAddr;

struct Echo;

impl Application for Echo {
    type Session = ();

    fn upgrade(&mut self, upgrade: &Upgrade<'_>, _: SocketAddr) -> Result<Accept<()>, Response> {
        match upgrade.request().path() {
            "/" => Ok(Accept::new(())),
            _ => Err(Response::text(404, "there is nothing but /\n")),
        }
    }

    fn message(&mut self, context: &mut Context<'_, ()>, message: Message<'_>) {
        context.send(message);
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let listen = std::env::args().nth(1).unwrap_or("127.0.0.1:9001".into()).parse()?;
    let server = Server::bind(Config { listen: vec![listen], ..Config::default() })?;
    println!("listening on ws://{}", server.addresses()[0]);
    shut_down_on_signals(server.handle())?;
    server.run(|_| Echo)?;
    Ok(())
}
