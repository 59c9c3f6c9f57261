//! hyper as the HTTP server of those libraries that leave the opening handshake to it.

use std::convert::Infallible;

use bytes::Bytes;
use http_body_util::Empty;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::unconstrained;

use crate::Ended;

pub(crate) type Answer = Response<Empty<Bytes>>;

/// Serves one connection: `upgrade` gives the library's answer to a request and what echoes after it,
/// or nothing where the library refuses.
pub(crate) async fn serve<F>(
    stream: TcpStream,
    upgrade: fn(Request<Incoming>) -> Option<(Answer, F)>,
) -> Ended
where
    F: Future<Output = Ended> + Send + 'static,
{
    let service = service_fn(|request| async move {
        Ok::<_, Infallible>(match upgrade(request) {
            Some((answer, echo)) => {
                tokio::spawn(unconstrained(echo));
                answer
            }
            None => {
                let mut refusal = Response::new(Empty::new());
                *refusal.status_mut() = StatusCode::BAD_REQUEST;
                refusal
            }
        })
    });
    let http = hyper::server::conn::http1::Builder::new();
    Ok(http.serve_connection(TokioIo::new(stream), service).with_upgrades().await?)
}
