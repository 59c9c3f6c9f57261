//! yawc on hyper, with `with_utf8`, zlib-rs, and room for messages of 1 MiB, of which its default is a
//! byte short. Its buffers are its defaults, not the larger ones that its authors measure with.

use std::sync::LazyLock;

use ::yawc::{
    CompressionLevel, DeflatePool, Frame, HttpStream, OpCode, Options, UpgradeFut, WebSocket,
    WebSocketError,
};
use futures::StreamExt as _;
use tokio::net::TcpStream;

use crate::{Ended, hyper_server, runtime};

const MAX_MESSAGE_BYTES: usize = 2 * 1024 * 1024;

/// For connections without context takeover. Its documentation has one make it as large as there are
/// messages compressed at a time.
static POOL: LazyLock<DeflatePool> = LazyLock::new(|| DeflatePool::new(1));

pub(crate) async fn serve(stream: TcpStream) -> Ended {
    hyper_server::serve(stream, |mut request| {
        let upgrade = WebSocket::<HttpStream>::upgrade_with_options(&mut request, options());
        let (answer, upgraded) = upgrade.ok()?;
        Some((answer, echo(upgraded)))
    })
    .await
}

/// With level 6, which is its default, and every message compressed, which is too.
pub(crate) async fn serve_with_deflate(stream: TcpStream) -> Ended {
    hyper_server::serve(stream, |mut request| {
        let level = CompressionLevel::new(6);
        let options = options().with_compression_level(level).with_deflate_pool(POOL.clone());
        let upgrade = WebSocket::<HttpStream>::upgrade_with_options(&mut request, options);
        let (answer, upgraded) = upgrade.ok()?;
        Some((answer, echo(upgraded)))
    })
    .await
}

fn options() -> Options {
    Options::default().with_utf8().with_limits(MAX_MESSAGE_BYTES, MAX_MESSAGE_BYTES)
}

async fn echo(upgraded: UpgradeFut) -> Ended {
    let socket = upgraded.await?.map(Ok::<_, WebSocketError>);
    runtime::echo(socket, |frame: &Frame| matches!(frame.opcode(), OpCode::Text | OpCode::Binary))
        .await
}
