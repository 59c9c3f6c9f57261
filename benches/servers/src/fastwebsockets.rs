//! fastwebsockets on hyper, with its `FragmentCollector`, as in its own echo server. It writes each
//! frame at once and has nothing to gather several in. It has no permessage-deflate.

use ::fastwebsockets::{FragmentCollector, Frame, OpCode, upgrade};
use tokio::net::TcpStream;

use crate::{Ended, hyper_server};

pub(crate) async fn serve(stream: TcpStream) -> Ended {
    hyper_server::serve(stream, |mut request| {
        let (answer, upgraded) = upgrade::upgrade(&mut request).ok()?;
        Some((answer, echo(upgraded)))
    })
    .await
}

async fn echo(upgraded: upgrade::UpgradeFut) -> Ended {
    let mut socket = FragmentCollector::new(upgraded.await?);
    loop {
        let frame = socket.read_frame().await?;
        match frame.opcode {
            OpCode::Close => return Ok(()),
            OpCode::Text | OpCode::Binary => {
                socket.write_frame(Frame::new(true, frame.opcode, None, frame.payload)).await?;
            }
            _ => {}
        }
    }
}
