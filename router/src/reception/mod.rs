//! Receiving a client: what it speaks, and the way to its first WAMP message.

use crate::{
    arrival::{Arrival, Arrived},
    bridge::Bridge,
    config::{KeepAlive, Limits, ListenerConfig, ListenerLimits, SlowConsumers, Transports},
    connection::Connection,
    crowd::Counted,
    error::StartError,
    front::{Files, Front, LongPolls, Pages, Upgraded},
    link::Link,
    log_gate::Line,
    peer::{Peer, TransportKind},
    room::Place,
    shared::Shared,
    silence::Patience,
    tls::Encryption,
    transport::{
        Transport, WebSocket,
        longpoll::{Hub, Opened, Stay},
        rawsocket::{self, HandshakeFailed},
        sniff::{Protocol, Sniffed},
    },
};
use std::{io, pin::Pin, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    sync::OwnedSemaphorePermit,
    time::{Instant, timeout, timeout_at},
};

/// What a client is told in HTTP for which there is no room.
const NO_ROOM: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\ncontent-type: text/plain; charset=utf-8\r\n\
    content-length: 54\r\nconnection: close\r\nretry-after: 5\r\n\r\nthis router has too many connections, try again later\n";

/// The sessions of one client, one after another.
pub(crate) type Conversation<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// How clients of one listener are received.
pub(crate) struct Reception {
    arrival: Arrival,
    front: Arc<Front>,
    transports: Transports,
    keep_alive: KeepAlive,
    limits: ListenerLimits,
    slow_consumers: SlowConsumers,
    hub: Arc<Hub>,
}

impl Reception {
    /// Prepares what the configuration of a listener wants. Sessions over long-poll begin at the other end of the hub, and
    /// have to be [served](Self::serve_polled).
    ///
    /// # Errors
    /// It cannot be put into practice.
    pub(crate) fn open(
        config: &ListenerConfig,
        shared: &Arc<Shared>,
        hub: Arc<Hub>,
    ) -> Result<Self, StartError> {
        let arrival = Arrival::open(config)
            .map_err(|source| StartError::Tls { endpoint: config.endpoint.clone(), source })?;
        let longpolls = config.transports.longpoll.then(|| LongPolls {
            hub: Arc::clone(&hub),
            settings: config.longpoll.clone(),
            time: shared.limits().http_request,
        });
        let pages = Pages::new(config);
        let front = Front {
            shared: Arc::clone(shared),
            status: config.status,
            files: Files::open(&config.site)?,
            pages: pages.clone(),
            cookie: config.cookie.clone(),
            bridge: Bridge::new(&config.bridge, pages, shared),
            websocket: config.transports.websocket,
            longpolls,
            proxy: config.proxy.clone(),
        };
        Ok(Self {
            arrival,
            front: Arc::new(front),
            transports: config.transports,
            keep_alive: config.keep_alive.clone(),
            limits: config.limits,
            slow_consumers: config.slow_consumers,
            hub,
        })
    }

    /// Where sessions over long-poll are found.
    pub(crate) const fn hub(&self) -> &Arc<Hub> {
        &self.hub
    }

    /// How many connections may be open here at once.
    pub(crate) fn most_connections(&self) -> usize {
        self.limits.connections.unwrap_or(usize::MAX)
    }

    /// The limits that hold here.
    fn limits(&self, shared: &Shared) -> Arc<Limits> {
        let limits = shared.limits();
        let is_own = self.limits != ListenerLimits::default();
        if is_own { Arc::new(self.limits.over(&limits)) } else { limits }
    }

    /// What connections are encrypted with, if they are.
    pub(crate) const fn encryption(&self) -> Option<&Encryption> {
        self.arrival.encryption()
    }

    /// One connection, from its first octet to the end of its last session.
    ///
    /// A session holds what it needs and nothing of what led to it: the way there is a future in a box of its own, which
    /// is given back before the session begins. Arguments of an `async fn` would stay for as long as its future.
    pub(crate) fn receive<S>(
        self: Arc<Self>,
        socket: S,
        peer: Peer,
        shared: Arc<Shared>,
        place: Place,
    ) -> impl Future<Output = ()> + Send + use<S>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let arriving = Box::pin(self.arrive(socket, peer, shared));
        async move {
            if let Some((conversation, counted)) = arriving.await {
                conversation.await;
                drop(counted);
            }
            drop(place);
        }
    }

    /// From the first octet of a connection to its first WAMP message, which the conversation begins with.
    async fn arrive<S>(
        self: Arc<Self>,
        socket: S,
        mut peer: Peer,
        shared: Arc<Shared>,
    ) -> Option<(Conversation<'static>, Option<Counted>)>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let deadline = Instant::now() + self.limits(&shared).http_request;
        let entering = self.arrival.enter(Sniffed::new(socket), &mut peer, &shared);
        let arrived = tokio::select! {
            arrived = timeout_at(deadline, entering) => arrived,
            () = shared.closed() => return None,
        };
        let (arrived, counted) = match arrived {
            Ok(Ok(arrived)) => arrived,
            Ok(Err(turned)) => {
                tracing::debug!(peer = %peer.address, %turned, "turned away");
                return None;
            }
            Err(_elapsed) => {
                tracing::debug!(peer = %peer.address, "no handshake in time");
                return None;
            }
        };
        let conversation = match arrived {
            Arrived::Plain(socket) => self.agree(socket, peer, shared, deadline).await,
            Arrived::Encrypted(socket) => self.agree(socket, peer, shared, deadline).await,
        };
        Some((conversation?, counted))
    }

    /// The sessions of one long-poll transport.
    pub(crate) async fn serve_polled(self: Arc<Self>, opened: Opened, shared: Arc<Shared>) {
        let Opened { transport, peer, stay: Stay { place, counted }, listed } = opened;
        self.serve(transport, peer, shared).await;
        drop((listed, counted, place));
    }

    /// A connection on which nothing but WAMP and HTTP can be spoken any more. The client has until `deadline` to make
    /// clear what it wants.
    async fn agree<S>(
        &self,
        mut socket: Sniffed<S>,
        peer: Peer,
        shared: Arc<Shared>,
        deadline: Instant,
    ) -> Option<Conversation<'static>>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let protocol = tokio::select! {
            protocol = timeout_at(deadline, socket.protocol()) => protocol,
            () = shared.closed() => return None,
        };
        match protocol {
            Ok(Ok(Protocol::RawSocket)) if self.transports.rawsocket => {
                return self.rawsocket(socket, peer, shared, deadline).await;
            }
            // In HTTP there is an answer for everything.
            Ok(Ok(Protocol::RawSocket | Protocol::Tls | Protocol::Http)) => {
                return self.http(socket, peer, shared, deadline).await;
            }
            Ok(Err(error)) => tracing::debug!(peer = %peer.address, %error, "no request"),
            Err(_elapsed) => tracing::debug!(peer = %peer.address, "no request in time"),
        }
        None
    }

    async fn rawsocket<S>(
        &self,
        socket: Sniffed<S>,
        mut peer: Peer,
        shared: Arc<Shared>,
        deadline: Instant,
    ) -> Option<Conversation<'static>>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (socket, read) = socket.into_parts();
        let handshake = rawsocket::accept(socket, &read, self.limits(&shared).message_size);
        let transport = tokio::select! {
            transport = timeout_at(deadline, handshake) => transport,
            () = shared.closed() => return None,
        };
        match transport {
            Ok(Ok(transport)) => {
                peer.transport = TransportKind::RawSocket;
                return Some(self.serve(transport, peer, shared));
            }
            Ok(Err(HandshakeFailed::Io(error))) => {
                tracing::debug!(peer = %peer.address, %error, "connection lost before it began");
            }
            Ok(Err(error)) => {
                shared.tally.violations.up();
                let line = shared.log_gate.line(&peer.address, shared.clock.now());
                if let Some(Line { left_out }) = line {
                    let peer = &peer.address;
                    tracing::warn!(%peer, %error, left_out, "no rawsocket connection");
                }
            }
            Err(_elapsed) => tracing::debug!(peer = %peer.address, "no handshake in time"),
        }
        None
    }

    /// Speaks HTTP until the client wants a WebSocket, if it ever does.
    async fn http<S>(
        &self,
        socket: Sniffed<S>,
        peer: Peer,
        shared: Arc<Shared>,
        deadline: Instant,
    ) -> Option<Conversation<'static>>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let limit = deadline.saturating_duration_since(Instant::now());
        let upgraded = Arc::clone(&self.front).serve(socket, limit, peer).await;
        let Upgraded { socket, read, agreed, peer } = upgraded?;
        // All that was read ahead is behind us: it began the request.
        let (socket, _) = socket.into_parts();
        let limit = shared.limits().message_size_before_welcome;
        let transport = WebSocket::new(socket, &read, agreed, limit);
        Some(self.serve(transport, peer, shared))
    }

    /// Serves the sessions of a client, one after another.
    pub(crate) fn serve<'a, T>(
        &self,
        transport: T,
        peer: Peer,
        shared: Arc<Shared>,
    ) -> Conversation<'a>
    where
        T: Transport + 'a,
    {
        let registered = shared.register();
        let patience = Patience::new(&self.keep_alive, peer.transport);
        let outbox = Arc::clone(&registered.outbox);
        let limits = self.limits(&shared);
        let recent = Arc::clone(&shared.recent);
        let link = Link::new(transport, outbox, recent, limits.stall).watched(patience);
        let mut connection = Connection::new(link, shared, limits, peer);
        connection.set_slow_consumers(self.slow_consumers);
        Box::pin(async move {
            connection.run().await;
            drop(registered);
        })
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

#[cfg(test)]
mod tests;
