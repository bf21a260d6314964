//! The HTTP side of a listener: `/ws` becomes a WebSocket, some paths are for machines that watch the router, every other
//! one is a file of the site.

mod body;
mod busy;
mod content;
mod cookie;
mod longpoll;
mod origin;
mod reply;
mod site;
mod status;
mod upgrade;

pub(crate) use content::Body;
pub(crate) use longpoll::LongPolls;
pub(crate) use origin::Pages;
pub(crate) use site::Files;

use crate::{
    bridge::Bridge,
    config::{BrowserCookie, Proxy, Status},
    peer::{HttpPeer, Peer, TransportKind},
    proxy,
    shared::Shared,
    transport::Subprotocol,
};
use busy::Busy;
use bytes::Bytes;
use hyper::{
    Request, Response, StatusCode,
    body::Incoming,
    header::{self, HeaderMap, HeaderName},
    server::conn::http1,
    service::Service,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use reply::sentence;
use std::{
    cell::Cell,
    convert::Infallible,
    future::poll_fn,
    pin::{Pin, pin},
    sync::Arc,
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::{Instant, sleep},
};

/// The path at which WAMP is spoken.
pub(crate) const WEBSOCKET_PATH: &str = "/ws";

/// The most bytes of a request line and headers together: what browsers send, several times over.
const REQUEST_HEAD: usize = 16 << 10;

/// The most headers of a request.
const REQUEST_HEADERS: usize = 64;

/// How long a connection may live that never becomes a WebSocket. Then it is closed behind the response that is under
/// way.
const LIFETIME: Duration = Duration::from_secs(60);

/// How long that response may take. A page loads within it, and a long-poll ends; a client that reads a file byte by byte
/// does not hold its place for longer.
const LAST_RESPONSE: Duration = Duration::from_secs(30);

/// What the HTTP side has to know.
pub(crate) struct Front {
    pub(crate) shared: Arc<Shared>,
    pub(crate) status: Status,
    pub(crate) files: Files,
    /// The web pages that may connect.
    pub(crate) pages: Pages,
    /// The cookie that browsers are recognised by.
    pub(crate) cookie: BrowserCookie,
    pub(crate) bridge: Bridge,
    /// Whether a WebSocket can be had.
    pub(crate) websocket: bool,
    /// WAMP over plain requests, if that can be had.
    pub(crate) longpolls: Option<LongPolls>,
    /// The proxies that may say for whom they forward a request.
    pub(crate) proxy: Proxy,
}

/// A connection that left HTTP behind.
#[derive(Debug)]
pub(crate) struct Upgraded<S> {
    pub(crate) socket: S,
    /// What was already read behind the request.
    pub(crate) read: Bytes,
    pub(crate) agreed: Subprotocol,
    /// The client, and what the request said of it.
    pub(crate) peer: Peer,
}

/// The response to come.
type Answer = Pin<Box<dyn Future<Output = Result<Response<Body>, Infallible>> + Send>>;

/// One connection as a service.
struct Visit {
    front: Arc<Front>,
    /// The other end of the connection.
    peer: Peer,
    /// What the two sides agreed on, once an upgrade was granted, and the client it was granted to.
    granted: Cell<Option<(Subprotocol, Peer)>>,
    busy: Busy,
}

impl Front {
    /// Speaks HTTP on a new connection until it becomes a WebSocket or ends, or the router does. `limit` is how long the
    /// client may take to send each request.
    pub(crate) async fn serve<S>(
        self: Arc<Self>,
        socket: S,
        limit: Duration,
        peer: Peer,
    ) -> Option<Upgraded<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let busy = Busy::default();
        let visit =
            Visit { front: Arc::clone(&self), peer, granted: Cell::new(None), busy: busy.clone() };
        let mut connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(limit)
            .max_headers(REQUEST_HEADERS)
            .max_buf_size(REQUEST_HEAD)
            .serve_connection(TokioIo::new(socket), visit);
        let mut until = pin!(sleep(LIFETIME));
        let mut closed = pin!(self.closed());
        let (mut is_last, mut is_closing) = (false, false);
        loop {
            let ended = tokio::select! {
                ended = poll_fn(|cx| connection.poll_without_shutdown(cx)) => ended,
                () = &mut until => {
                    // The bridge has time limits of its own.
                    if is_closing || (is_last && !busy.is_busy()) {
                        return None;
                    }
                    is_last = true;
                    Pin::new(&mut connection).graceful_shutdown();
                    until.as_mut().reset(Instant::now() + LAST_RESPONSE);
                    continue;
                }
                () = &mut closed, if !is_closing => {
                    if !busy.is_busy() {
                        return None;
                    }
                    // Who waits for an answer of the bridge gets one.
                    is_closing = true;
                    Pin::new(&mut connection).graceful_shutdown();
                    until.as_mut().reset(Instant::now() + self.shared.limits().close);
                    continue;
                }
            };
            if let Err(error) = ended {
                tracing::debug!(%error, "http connection ended");
                return None;
            }
            let parts = connection.into_parts();
            let (agreed, peer) = parts.service.granted.take()?;
            let (socket, read) = (parts.io.into_inner(), parts.read_buf);
            return Some(Upgraded { socket, read, agreed, peer });
        }
    }

    /// Ready when the router has shut down, and nobody is here any more who needs further requests to part: over
    /// long-poll the last words of a session need them.
    async fn closed(&self) {
        self.shared.closed().await;
        if let Some(longpolls) = &self.longpolls {
            longpolls.hub.emptied().await;
        }
    }

    fn renew_cookie(&self, request: &HeaderMap, response: &mut HeaderMap, client: &mut Peer) {
        let cookies = &self.shared.realms.gate().cookies;
        cookie::renew(cookies, &self.cookie, &self.pages, request, response, client);
    }

    /// Who sent a request that came from `peer`.
    ///
    /// # Errors
    /// What somebody is told of whom that cannot be known.
    fn client_of(&self, headers: &HeaderMap, peer: &Peer) -> Result<Peer, Box<Response<Body>>> {
        let mut client = peer.clone();
        let forwarded = proxy::client_of(&peer.address, headers, &self.proxy)
            .map_err(|error| Box::new(sentence(StatusCode::BAD_REQUEST, error.to_string())))?;
        if let Some(address) = forwarded {
            client.proxied_for(address);
        }
        client.http = Some(Arc::new(http_peer(headers)));
        Ok(client)
    }
}

impl Visit {
    /// Decides about a request to the path of the WebSocket.
    ///
    /// # Errors
    /// It was not granted.
    fn upgrade(&self, request: &Request<Incoming>) -> Result<Response<Body>, Box<Response<Body>>> {
        let headers = request.headers();
        let mut granted = upgrade::negotiate(request, &self.front.pages)?;
        let mut client = self.front.client_of(headers, &self.peer)?;
        self.front.renew_cookie(headers, granted.response.headers_mut(), &mut client);
        self.granted.set(Some((granted.agreed, client)));
        Ok(granted.response)
    }
}

impl Service<Request<Incoming>> for Visit {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Answer;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        if self.front.websocket && request.uri().path() == WEBSOCKET_PATH {
            return at_once(self.upgrade(&request));
        }
        if let Some(response) = status::respond(&request, self.front.status, &self.front.shared) {
            return at_once(Ok(response));
        }
        let front = Arc::clone(&self.front);
        if let Some(longpolls) = &front.longpolls
            && longpolls.serves(request.uri().path())
        {
            let client = match front.client_of(request.headers(), &self.peer) {
                Ok(client) => client,
                Err(refusal) => return at_once(Err(refusal)),
            };
            return Box::pin(async move { Ok(longpoll::respond(&front, request, client).await) });
        }
        if let Some(endpoint) = front.bridge.find(request.uri().path()) {
            let mut client = match front.client_of(request.headers(), &self.peer) {
                Ok(client) => client,
                Err(refusal) => return at_once(Err(refusal)),
            };
            let hold = self.busy.begin();
            client.transport = TransportKind::Http;
            return Box::pin(async move {
                let response = front.bridge.respond(&endpoint, request, &client).await;
                Ok(response.map(|body| body.holding(hold)))
            });
        }
        Box::pin(async move { Ok(front.files.respond(&request).await) })
    }
}

/// An answer that does not have to be waited for.
fn at_once(answer: Result<Response<Body>, Box<Response<Body>>>) -> Answer {
    Box::pin(std::future::ready(Ok(answer.unwrap_or_else(|refusal| *refusal))))
}

/// What a request says of the client.
fn http_peer(headers: &HeaderMap) -> HttpPeer {
    let text = |name: HeaderName| headers.get(name)?.to_str().ok().map(str::to_owned);
    HttpPeer {
        origin: text(header::ORIGIN),
        cookie: text(header::COOKIE),
        authorization: text(header::AUTHORIZATION),
        user_agent: text(header::USER_AGENT),
        token: None,
    }
}
