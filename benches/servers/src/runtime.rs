//! What the libraries on tokio share: one runtime of one thread with a task for each connection, and
//! the echo of those whose sockets are a `Stream` and a `Sink` of messages.

use std::error::Error;
use std::net::TcpListener;

use futures::{FutureExt as _, Sink, SinkExt as _, Stream, StreamExt as _};
use tokio::net::TcpStream;
use tokio::task::unconstrained;

use crate::Ended;

/// How many messages are answered in one write at most. The servers with which yawc's authors measure
/// do it so, with this number.
const MAX_BATCH: usize = 32;

/// Accepts connections, each of which is a task. They are not made to take turns, as in the echo
/// servers of fastwebsockets and tokio-websockets.
pub(crate) fn serve<F>(listener: TcpListener, connection: fn(TcpStream) -> F) -> Ended
where
    F: Future<Output = Ended> + Send + 'static,
{
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            tokio::spawn(unconstrained(connection(stream)));
        }
    })
}

/// Sends messages back until the peer closes. What has arrived together is answered together: `feed`
/// for each message that is there, then one `flush`.
pub(crate) async fn echo<S, M, E>(mut socket: S, is_data: fn(&M) -> bool) -> Ended
where
    S: Stream<Item = Result<M, E>> + Sink<M, Error = E> + Unpin,
    E: Error + Send + Sync + 'static,
{
    while let Some(message) = socket.next().await {
        feed(&mut socket, message?, is_data).await?;
        for _ in 1..MAX_BATCH {
            let Some(Some(message)) = socket.next().now_or_never() else { break };
            feed(&mut socket, message?, is_data).await?;
        }
        socket.flush().await?;
    }
    Ok(())
}

/// The same for tokio-websockets, which writes what it was fed before it reads on: all messages are
/// read before the first is fed.
pub(crate) async fn gather_and_echo<S, M, E>(mut socket: S, is_data: fn(&M) -> bool) -> Ended
where
    S: Stream<Item = Result<M, E>> + Sink<M, Error = E> + Unpin,
    E: Error + Send + Sync + 'static,
{
    let mut more = Vec::new();
    while let Some(first) = socket.next().await {
        while more.len() + 1 < MAX_BATCH
            && let Some(Some(next)) = socket.next().now_or_never()
        {
            more.push(next?);
        }
        for message in std::iter::once(first?).chain(more.drain(..)) {
            feed(&mut socket, message, is_data).await?;
        }
        socket.flush().await?;
    }
    Ok(())
}

async fn feed<S: Sink<M> + Unpin, M>(
    socket: &mut S,
    message: M,
    is_data: fn(&M) -> bool,
) -> Result<(), S::Error> {
    if is_data(&message) { socket.feed(message).await } else { Ok(()) }
}
