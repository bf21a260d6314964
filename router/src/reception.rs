//! Receiving a client: what it speaks, and the way to its first WAMP message.

use crate::{
    config::{KeepAlive, ListenerConfig, Transports},
    connection::Connection,
    error::StartError,
    front::{Files, Front, Upgraded},
    link::Link,
    peer::{Peer, TransportKind},
    shared::Shared,
    silence::Patience,
    transport::{
        Transport, WebSocket,
        rawsocket::{self, HandshakeFailed},
        sniff::{Protocol, Sniffed},
    },
};
use std::{io, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    sync::OwnedSemaphorePermit,
    time::{Instant, timeout, timeout_at},
};

/// What a client is told in HTTP for which there is no room.
const NO_ROOM: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\ncontent-type: text/plain; charset=utf-8\r\n\
    content-length: 54\r\nconnection: close\r\nretry-after: 5\r\n\r\nthis router has too many connections, try again later\n";

/// How clients of one listener are received.
pub(crate) struct Reception {
    front: Arc<Front>,
    transports: Transports,
    keep_alive: KeepAlive,
}

impl Reception {
    /// Prepares what the configuration of a listener wants.
    ///
    /// # Errors
    /// It cannot be put into practice.
    pub(crate) fn open(config: &ListenerConfig, shared: &Arc<Shared>) -> Result<Self, StartError> {
        let front = Front {
            shared: Arc::clone(shared),
            status: config.status,
            files: Files::open(&config.site)?,
            origins: config.origins.clone(),
            websocket: config.transports.websocket,
        };
        Ok(Self {
            front: Arc::new(front),
            transports: config.transports,
            keep_alive: config.keep_alive.clone(),
        })
    }

    /// One connection, from its first octet to the end of its last session.
    pub(crate) async fn receive<S>(
        self: Arc<Self>,
        socket: S,
        peer: Peer,
        shared: Arc<Shared>,
        place: OwnedSemaphorePermit,
    ) where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let deadline = Instant::now() + shared.limits.http_request;
        let socket = Sniffed::new(socket);
        self.converse(socket, peer, shared, deadline).await;
        drop(place);
    }

    /// A connection on which nothing but WAMP and HTTP can be spoken any more. The client has until `deadline` to make
    /// clear what it wants.
    async fn converse<S>(
        &self,
        mut socket: Sniffed<S>,
        peer: Peer,
        shared: Arc<Shared>,
        deadline: Instant,
    ) where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let protocol = tokio::select! {
            protocol = timeout_at(deadline, socket.protocol()) => protocol,
            () = shared.closed() => return,
        };
        match protocol {
            Ok(Ok(Protocol::RawSocket)) if self.transports.rawsocket => {
                self.rawsocket(socket, peer, shared, deadline).await;
            }
            // In HTTP there is an answer for everything.
            Ok(Ok(Protocol::RawSocket | Protocol::Tls | Protocol::Http)) => {
                self.http(socket, peer, shared, deadline).await;
            }
            Ok(Err(error)) => tracing::debug!(peer = %peer.address, %error, "no request"),
            Err(_elapsed) => tracing::debug!(peer = %peer.address, "no request in time"),
        }
    }

    async fn rawsocket<S>(
        &self,
        socket: Sniffed<S>,
        mut peer: Peer,
        shared: Arc<Shared>,
        deadline: Instant,
    ) where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (socket, read) = socket.into_parts();
        let handshake = rawsocket::accept(socket, &read, shared.limits.message_size);
        let transport = tokio::select! {
            transport = timeout_at(deadline, handshake) => transport,
            () = shared.closed() => return,
        };
        match transport {
            Ok(Ok(transport)) => {
                peer.transport = TransportKind::RawSocket;
                self.serve(transport, peer, shared).await;
            }
            Ok(Err(HandshakeFailed::Io(error))) => {
                tracing::debug!(peer = %peer.address, %error, "connection lost before it began");
            }
            Ok(Err(error)) => {
                shared.tally.violations.up();
                tracing::warn!(peer = %peer.address, %error, "no rawsocket connection");
            }
            Err(_elapsed) => tracing::debug!(peer = %peer.address, "no handshake in time"),
        }
    }

    /// Speaks HTTP until the client wants a WebSocket, if it ever does.
    async fn http<S>(
        &self,
        socket: Sniffed<S>,
        mut peer: Peer,
        shared: Arc<Shared>,
        deadline: Instant,
    ) where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let limit = deadline.saturating_duration_since(Instant::now());
        // Boxed, so that what HTTP needs is given back before the session begins.
        let visit = Box::pin(Arc::clone(&self.front).serve(socket, limit));
        let upgraded = tokio::select! {
            upgraded = visit => upgraded,
            () = shared.closed() => None,
        };
        let Some(Upgraded { socket, read, agreed, http }) = upgraded else { return };
        peer.http = Some(Arc::new(http));
        // All that was read ahead is behind us: it began the request.
        let (socket, _) = socket.into_parts();
        let limit = shared.limits.message_size_before_welcome;
        let transport = WebSocket::new(socket, &read, agreed, limit);
        drop(read);
        self.serve(transport, peer, shared).await;
    }

    /// Serves the sessions of a client, one after another.
    async fn serve<T: Transport>(&self, transport: T, peer: Peer, shared: Arc<Shared>) {
        let registered = shared.register();
        let patience = Patience::new(&self.keep_alive, peer.transport);
        let outbox = Arc::clone(&registered.outbox);
        let link = Link::new(transport, outbox, shared.limits.stall).watched(patience);
        Connection::new(link, shared, peer).run().await;
        drop(registered);
    }
}

/// Tells a client that there is no room, in the protocol it speaks.
pub(crate) async fn refuse<S>(socket: S, limit: Duration, place: OwnedSemaphorePermit)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let told = timeout(limit, async {
        let mut socket = Sniffed::new(socket);
        match socket.protocol().await? {
            Protocol::RawSocket => rawsocket::refuse(socket).await,
            Protocol::Http => refuse_http(socket).await?,
            // Whatever would be said, the client could not read it.
            Protocol::Tls => {}
        }
        io::Result::Ok(())
    });
    // It is refused whether it hears it or not.
    let _ = told.await;
    drop(place);
}

async fn refuse_http<S: AsyncRead + AsyncWrite + Unpin>(mut socket: S) -> io::Result<()> {
    socket.write_all(NO_ROOM).await?;
    socket.shutdown().await?;
    // A socket that is closed with unread bytes resets the connection, and the answer may be lost with it.
    let mut space = [0; 1024];
    while socket.read(&mut space).await? > 0 {}
    Ok(())
}
