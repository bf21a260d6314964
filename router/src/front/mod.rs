//! The HTTP side of a listener: `/ws` becomes a WebSocket, some paths are for machines that watch the router, every other
//! one is a file of the site.

mod origin;
mod reply;
mod site;
mod status;
mod upgrade;

pub(crate) use site::Files;

use crate::{
    config::{Origins, Status},
    peer::HttpPeer,
    shared::Shared,
    transport::Subprotocol,
};
use bytes::Bytes;
use http_body_util::Full;
use hyper::{
    Request, Response,
    body::Incoming,
    header::{self, HeaderMap, HeaderName},
    server::conn::http1,
    service::Service,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::{cell::Cell, convert::Infallible, pin::Pin, sync::Arc, time::Duration};
use tokio::io::{AsyncRead, AsyncWrite};

/// The path at which WAMP is spoken.
pub(crate) const WEBSOCKET_PATH: &str = "/ws";

/// The most bytes of a request line and headers together: what browsers send, several times over.
const REQUEST_HEAD: usize = 16 << 10;

/// The most headers of a request.
const REQUEST_HEADERS: usize = 64;

/// How long a connection may live that never becomes a WebSocket. A page loads within it; a client that reads a file
/// byte by byte does not hold its place for longer.
const LIFETIME: Duration = Duration::from_secs(60);

/// What the HTTP side has to know.
pub(crate) struct Front {
    pub(crate) shared: Arc<Shared>,
    pub(crate) status: Status,
    pub(crate) files: Files,
    pub(crate) origins: Origins,
    /// Whether a WebSocket can be had.
    pub(crate) websocket: bool,
}

/// A connection that left HTTP behind.
#[derive(Debug)]
pub(crate) struct Upgraded<S> {
    pub(crate) socket: S,
    /// What was already read behind the request.
    pub(crate) read: Bytes,
    pub(crate) agreed: Subprotocol,
    /// What the request said of the client.
    pub(crate) http: HttpPeer,
}

/// The body of every response.
type Body = Full<Bytes>;

/// One connection as a service.
struct Visit {
    front: Arc<Front>,
    /// What the two sides agreed on, once an upgrade was granted.
    granted: Cell<Option<(Subprotocol, HttpPeer)>>,
}

impl Front {
    /// Speaks HTTP on a new connection until it becomes a WebSocket or ends. `limit` is how long the client may take to
    /// send each request.
    pub(crate) async fn serve<S>(self: Arc<Self>, socket: S, limit: Duration) -> Option<Upgraded<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let visit = Visit { front: Arc::clone(&self), granted: Cell::new(None) };
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(limit)
            .max_headers(REQUEST_HEADERS)
            .max_buf_size(REQUEST_HEAD)
            .serve_connection(TokioIo::new(socket), visit)
            .without_shutdown();
        match tokio::time::timeout(LIFETIME, connection).await {
            Ok(Ok(parts)) => {
                let (agreed, http) = parts.service.granted.take()?;
                let (socket, read) = (parts.io.into_inner(), parts.read_buf);
                Some(Upgraded { socket, read, agreed, http })
            }
            Ok(Err(error)) => {
                tracing::debug!(%error, "http connection ended");
                None
            }
            Err(_elapsed) => None,
        }
    }
}

impl Service<Request<Incoming>> for Visit {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        if self.front.websocket && request.uri().path() == WEBSOCKET_PATH {
            let response = match upgrade::negotiate(&request, &self.front.origins) {
                Ok(granted) => {
                    let http = http_peer(request.headers());
                    self.granted.set(Some((granted.agreed, http)));
                    granted.response
                }
                Err(refusal) => *refusal,
            };
            return Box::pin(std::future::ready(Ok(response)));
        }
        if let Some(response) = status::respond(&request, self.front.status, &self.front.shared) {
            return Box::pin(std::future::ready(Ok(response)));
        }
        let front = Arc::clone(&self.front);
        Box::pin(async move { Ok(front.files.respond(&request).await) })
    }
}

/// What a request says of the client.
fn http_peer(headers: &HeaderMap) -> HttpPeer {
    let text = |name: HeaderName| headers.get(name)?.to_str().ok().map(str::to_owned);
    HttpPeer {
        origin: text(header::ORIGIN),
        cookie: text(header::COOKIE),
        authorization: text(header::AUTHORIZATION),
        user_agent: text(header::USER_AGENT),
    }
}
