//! tokio-websockets. Its own echo server sends messages of any length in one frame, and so does this
//! one; that is not its default. It has no permessage-deflate.

use ::tokio_websockets::{Config, Message, ServerBuilder};
use tokio::net::TcpStream;

use crate::{Ended, runtime};

pub(crate) async fn serve(stream: TcpStream) -> Ended {
    let builder = ServerBuilder::new().config(Config::default().frame_size(usize::MAX));
    let (_, socket) = builder.accept(stream).await?;
    runtime::gather_and_echo(socket, |message: &Message| message.is_text() || message.is_binary())
        .await
}
