//! hyper as the HTTP server of those libraries that leave HTTP to it.

use std::sync::Mutex;

use bytes::Bytes;
use http_body_util::Empty;
use hyper::body::Incoming;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use crate::Ended;

pub(crate) type Answer = Response<Empty<Bytes>>;

/// Serves one connection to its end: `upgrade` says what the library answers, with the task that
/// echoes, or nothing where it refuses; that is answered with 400.
pub(crate) async fn serve(
    stream: TcpStream,
    upgrade: impl Fn(Request<Incoming>) -> Option<(Answer, JoinHandle<Ended>)> + Send + Sync,
) -> Ended {
    let echo = Mutex::new(None);
    let service = hyper::service::service_fn(|request| {
        let answer = match upgrade(request) {
            Some((answer, task)) => {
                *echo.lock().unwrap() = Some(task);
                answer
            }
            None => {
                let mut refusal = Response::new(Empty::new());
                *refusal.status_mut() = StatusCode::BAD_REQUEST;
                refusal
            }
        };
        async move { Ok::<_, std::convert::Infallible>(answer) }
    });
    let connection = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    connection.await?;
    let echo = echo.lock().unwrap().take();
    match echo {
        Some(task) => task.await?,
        None => Ok(()),
    }
}
