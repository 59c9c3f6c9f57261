//! soketto with its extension for permessage-deflate, which one adds by hand. All else is its
//! default. It leaves it to its user whether text is UTF-8: a Rust program cannot send it back as text
//! without having looked.

use ::soketto::extension::deflate::Deflate;
use ::soketto::handshake::server::Response;
use ::soketto::handshake::{Client, Server, ServerResponse};
use ::soketto::{Data, Mode, Receiver, Sender, connection};
use futures::io::{BufReader, BufWriter};
use tokio::net::TcpStream;
use tokio_util::compat::{Compat, TokioAsyncReadCompatExt as _};

use crate::{Ended, Peer};

type Socket = BufReader<BufWriter<Compat<TcpStream>>>;

pub(crate) struct Soketto;

impl Peer for Soketto {
    async fn serve(stream: TcpStream) -> Ended {
        let mut server = Server::new(BufReader::new(BufWriter::new(stream.compat())));
        server.add_extension(Box::new(Deflate::new(Mode::Server)));
        let key = server.receive_request().await?.key();
        server.send_response(&Response::Accept { key, protocol: None }).await?;
        let (sender, receiver) = server.into_builder().finish();
        echo(sender, receiver).await
    }

    async fn connect(stream: TcpStream, server: std::net::SocketAddr) -> Ended {
        let (host, socket) = (server.to_string(), BufReader::new(BufWriter::new(stream.compat())));
        let mut client = Client::new(socket, &host, "/");
        client.add_extension(Box::new(Deflate::new(Mode::Client)));
        match client.handshake().await? {
            ServerResponse::Accepted { .. } => {
                let (sender, receiver) = client.into_builder().finish();
                echo(sender, receiver).await
            }
            _ => Err("refused".into()),
        }
    }
}

async fn echo(mut sender: Sender<Socket>, mut receiver: Receiver<Socket>) -> Ended {
    let mut message = Vec::new();
    loop {
        message.clear();
        match receiver.receive_data(&mut message).await {
            Ok(Data::Text(_)) => sender.send_text(std::str::from_utf8(&message)?).await?,
            Ok(Data::Binary(_)) => sender.send_binary_mut(&mut message).await?,
            Err(connection::Error::Closed) => return Ok(()),
            Err(error) => return Err(error.into()),
        }
        sender.flush().await?;
    }
}
