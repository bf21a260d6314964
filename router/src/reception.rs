//! Receiving a client: what it speaks, and the way to its first WAMP message.

use crate::{
    arrival::{Arrival, Arrived},
    bridge::Bridge,
    config::{KeepAlive, Limits, ListenerConfig, ListenerLimits, Transports},
    connection::Connection,
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
    arrival: Arrival,
    front: Arc<Front>,
    transports: Transports,
    keep_alive: KeepAlive,
    limits: ListenerLimits,
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
    pub(crate) async fn receive<S>(
        self: Arc<Self>,
        socket: S,
        mut peer: Peer,
        shared: Arc<Shared>,
        place: Place,
    ) where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let deadline = Instant::now() + self.limits(&shared).http_request;
        // Boxed, so that what a handshake needs is given back before the session begins.
        let entering = Box::pin(self.arrival.enter(Sniffed::new(socket), &mut peer, &shared));
        let arrived = tokio::select! {
            arrived = timeout_at(deadline, entering) => arrived,
            () = shared.closed() => return,
        };
        let (arrived, counted) = match arrived {
            Ok(Ok(arrived)) => arrived,
            Ok(Err(turned)) => {
                tracing::debug!(peer = %peer.address, %turned, "turned away");
                return;
            }
            Err(_elapsed) => {
                tracing::debug!(peer = %peer.address, "no handshake in time");
                return;
            }
        };
        match arrived {
            Arrived::Plain(socket) => self.converse(socket, peer, shared, deadline).await,
            Arrived::Encrypted(socket) => self.converse(socket, peer, shared, deadline).await,
        }
        drop((counted, place));
    }

    /// The sessions of one long-poll transport.
    pub(crate) async fn serve_polled(self: Arc<Self>, opened: Opened, shared: Arc<Shared>) {
        let Opened { transport, peer, stay: Stay { place, counted }, listed } = opened;
        self.serve(transport, peer, shared).await;
        drop((listed, counted, place));
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
        let handshake = rawsocket::accept(socket, &read, self.limits(&shared).message_size);
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
                let line = shared.log_gate.line(&peer.address, shared.clock.now());
                if let Some(Line { left_out }) = line {
                    let peer = &peer.address;
                    tracing::warn!(%peer, %error, left_out, "no rawsocket connection");
                }
            }
            Err(_elapsed) => tracing::debug!(peer = %peer.address, "no handshake in time"),
        }
    }

    /// Speaks HTTP until the client wants a WebSocket, if it ever does.
    async fn http<S>(&self, socket: Sniffed<S>, peer: Peer, shared: Arc<Shared>, deadline: Instant)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let limit = deadline.saturating_duration_since(Instant::now());
        // Boxed, so that what HTTP needs is given back before the session begins.
        let upgraded = Box::pin(Arc::clone(&self.front).serve(socket, limit, peer)).await;
        let Some(Upgraded { socket, read, agreed, peer }) = upgraded else { return };
        // All that was read ahead is behind us: it began the request.
        let (socket, _) = socket.into_parts();
        let limit = shared.limits().message_size_before_welcome;
        let transport = WebSocket::new(socket, &read, agreed, limit);
        drop(read);
        self.serve(transport, peer, shared).await;
    }

    /// Serves the sessions of a client, one after another.
    pub(crate) async fn serve<T: Transport>(&self, transport: T, peer: Peer, shared: Arc<Shared>) {
        let registered = shared.register();
        let patience = Patience::new(&self.keep_alive, peer.transport);
        let outbox = Arc::clone(&registered.outbox);
        let limits = self.limits(&shared);
        let link = Link::new(transport, outbox, limits.stall).watched(patience);
        Connection::new(link, shared, limits, peer).run().await;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{config::RouterConfig, peer::Address};
    use bytes::{Bytes, BytesMut};
    use futures_util::{SinkExt, StreamExt};
    use tokio::io::{DuplexStream, duplex};
    use tokio_tungstenite::{
        WebSocketStream, client_async,
        tungstenite::{
            Message as Frame, client::IntoClientRequest, http::header::SEC_WEBSOCKET_PROTOCOL,
        },
    };
    use wamplex_shared::{
        codec,
        rawsocket::{Deframer, FrameKind, Handshake, MaxLength, header},
        serializer::Serializer,
    };

    const HELLO: &str =
        r#"[1,"realm1",{"roles":{"caller":{},"callee":{},"publisher":{},"subscriber":{}}}]"#;

    /// Clients on a network that takes no time, before a router that has no sockets.
    struct Network {
        shared: Arc<Shared>,
        reception: Arc<Reception>,
    }

    impl Network {
        fn new(keep_alive: KeepAlive) -> Self {
            let mut config = RouterConfig::on(([127, 0, 0, 1], 0));
            config.listeners[0].keep_alive = keep_alive;
            let shared = Arc::new(Shared::new(&config).unwrap());
            let reception = Reception::open(&config.listeners[0], &shared, Hub::new().0).unwrap();
            Self { shared, reception: Arc::new(reception) }
        }

        fn connect(&self) -> DuplexStream {
            let (ours, theirs) = duplex(1 << 16);
            let peer = Peer::new(Address::Local, TransportKind::WebSocket, "test".into());
            let place = self.shared.room.enter().unwrap();
            let shared = Arc::clone(&self.shared);
            tokio::spawn(Arc::clone(&self.reception).receive(theirs, peer, shared, place));
            ours
        }

        async fn websocket(&self, subprotocol: &str) -> WebSocketStream<DuplexStream> {
            let mut request = "ws://localhost/ws".into_client_request().unwrap();
            request.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, subprotocol.parse().unwrap());
            client_async(request, self.connect()).await.unwrap().0
        }

        async fn rawsocket(&self) -> DuplexStream {
            let mut socket = self.connect();
            let ours = Handshake { max_length: MaxLength::MAX, serializer: Serializer::Json };
            socket.write_all(&ours.to_octets()).await.unwrap();
            let mut answer = [0; 4];
            socket.read_exact(&mut answer).await.unwrap();
            raw_say(&mut socket, HELLO).await;
            assert!(raw_hear(&mut socket).await.unwrap().1.starts_with("[2,"));
            socket
        }

        fn sessions(&self) -> usize {
            self.shared.realms.all().iter().map(|realm| realm.read().session_count()).sum()
        }

        async fn await_sessions(&self, count: usize) -> Duration {
            let start = Instant::now();
            while self.sessions() != count {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            start.elapsed()
        }
    }

    async fn raw_say(socket: &mut DuplexStream, message: &str) {
        let head = header(FrameKind::Message, message.len(), MaxLength::MAX).unwrap();
        socket.write_all(&[&head, message.as_bytes()].concat()).await.unwrap();
    }

    async fn raw_hear(socket: &mut DuplexStream) -> Option<(FrameKind, String)> {
        let mut received = BytesMut::new();
        while socket.read_buf(&mut received).await.unwrap() > 0 {
            if let Some(frame) = Deframer::new(MaxLength::MAX).next(&mut received).unwrap() {
                assert!(received.is_empty(), "one frame at a time");
                return Some((frame.kind, String::from_utf8(frame.content.to_vec()).unwrap()));
            }
        }
        None
    }

    async fn say(socket: &mut WebSocketStream<DuplexStream>, message: &str) {
        socket.send(Frame::text(message)).await.unwrap();
    }

    async fn hear(socket: &mut WebSocketStream<DuplexStream>) -> String {
        loop {
            if let Frame::Text(text) = socket.next().await.unwrap().unwrap() {
                return text.to_string();
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_half_open_callee_is_found_in_time_and_the_calls_it_owes_fail_at_once() {
        let network = Network::new(KeepAlive::default());
        let mut callee = network.websocket("wamp.2.json").await;
        let mut caller = network.websocket("wamp.2.json").await;
        for peer in [&mut callee, &mut caller] {
            say(peer, HELLO).await;
            hear(peer).await;
        }
        say(&mut callee, r#"[64,1,{},"com.example.p"]"#).await;
        hear(&mut callee).await;
        let silent_since = Instant::now();
        say(&mut caller, r#"[48,1,{},"com.example.p"]"#).await;
        // The caller answers its PINGs while it waits; the callee is held, but nobody reads from it any more.
        let error = hear(&mut caller).await;
        assert!(error.starts_with(r#"[8,48,1,{},"wamp.error.canceled""#), "{error}");
        assert!(silent_since.elapsed() <= Duration::from_secs(30), "{:?}", silent_since.elapsed());
        assert_eq!(network.sessions(), 1);
        assert_eq!(network.shared.tally.read().silences, 1);
        drop(callee);
    }

    #[tokio::test(start_paused = true)]
    async fn clients_that_answer_pings_stay_and_are_asked_again_and_again() {
        let network = Network::new(KeepAlive::default());
        let mut peer = network.websocket("wamp.2.json").await;
        say(&mut peer, HELLO).await;
        hear(&mut peer).await;
        let mut pings = 0;
        let hour = timeout(Duration::from_secs(3600), async {
            while let Some(Ok(frame)) = peer.next().await {
                assert!(matches!(frame, Frame::Ping(_)), "{frame:?}");
                pings += 1;
            }
        });
        assert!(hour.await.is_err(), "the session is still there");
        assert!((170..=190).contains(&pings), "{pings}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_over_rawsocket_is_sent_no_ping_unless_that_is_asked_for() {
        let network = Network::new(KeepAlive::default());
        let mut silent = network.rawsocket().await;
        let month = Duration::from_secs(30 * 24 * 3600);
        assert!(timeout(month, raw_hear(&mut silent)).await.is_err());
        assert_eq!(network.sessions(), 1);

        let pinged = KeepAlive { rawsocket: true, ..KeepAlive::default() };
        let network = Network::new(pinged);
        let mut peer = network.rawsocket().await;
        for _ in 0..3 {
            assert_eq!(raw_hear(&mut peer).await, Some((FrameKind::Ping, String::new())));
            let pong = header(FrameKind::Pong, 0, MaxLength::MAX).unwrap();
            peer.write_all(&pong).await.unwrap();
        }
        assert_eq!(raw_hear(&mut peer).await, Some((FrameKind::Ping, String::new())));
        assert!(network.await_sessions(0).await <= Duration::from_secs(11));
        let (_, abort) = raw_hear(&mut peer).await.unwrap();
        assert!(abort.ends_with(r#""wamp.close.killed"]"#), "{abort}");
        assert_eq!(raw_hear(&mut peer).await, None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_over_rawsocket_that_is_idle_for_too_long_is_cut() {
        let idle = Duration::from_secs(60);
        let network = Network::new(KeepAlive { idle: Some(idle), ..KeepAlive::default() });
        let mut busy = network.rawsocket().await;
        let silent = network.rawsocket().await;
        for _ in 0..10 {
            tokio::time::sleep(idle / 2).await;
            raw_say(&mut busy, r#"[49,1,{}]"#).await;
        }
        assert_eq!(network.sessions(), 1);
        let waited = network.await_sessions(0).await;
        assert!(waited >= idle && waited <= idle * 3 / 2 + Duration::from_secs(1), "{waited:?}");
        drop(silent);
    }

    #[tokio::test]
    async fn batches_carry_one_or_more_messages_both_ways_in_every_serializer() {
        let network = Network::new(KeepAlive::default());
        for serializer in Serializer::ALL {
            let name = codec::batch::subprotocol(serializer);
            let mut peer = network.websocket(name).await;
            let messages =
                [HELLO, r#"[32,1,{},"com.t"]"#, r#"[16,2,{"exclude_me":false},"com.t",["a"]]"#];
            let mut batch = BytesMut::new();
            for message in messages {
                let message = codec::decode(Serializer::Json, &Bytes::from(message)).unwrap();
                codec::batch::encode_append(serializer, &message, &mut batch).unwrap();
            }
            peer.send(frame(serializer, batch.freeze())).await.unwrap();
            let (mut codes, mut frames) = (Vec::new(), 0);
            while codes.len() < 3 {
                let bytes = peer.next().await.unwrap().unwrap().into_data();
                frames += 1;
                for message in codec::batch::split(serializer, bytes) {
                    codes.push(
                        codec::decode(serializer, &message.unwrap()).unwrap().code().number(),
                    );
                }
            }
            assert_eq!(codes, [2, 33, 36], "{serializer}");
            assert!(frames <= 2, "what one batch causes is one batch: {frames}");
        }
    }

    #[tokio::test]
    async fn batches_with_the_separator_of_autobahn_are_understood_and_empty_ones_are_violations() {
        let network = Network::new(KeepAlive::default());
        let mut peer = network.websocket("wamp.2.json.batched").await;
        say(&mut peer, &format!("{HELLO}\u{18}")).await;
        assert!(hear(&mut peer).await.ends_with('\u{1e}'));
        for wrong in ["", "\u{1e}", "[49,1,{}]", "[49,1,{}]\u{1e}\u{1e}"] {
            let mut peer = network.websocket("wamp.2.json.batched").await;
            say(&mut peer, &format!("{HELLO}\u{1e}")).await;
            hear(&mut peer).await;
            say(&mut peer, wrong).await;
            let abort = hear(&mut peer).await;
            assert!(abort.contains("wamp.error.protocol_violation"), "{wrong:?}: {abort}");
        }
    }

    fn frame(serializer: Serializer, bytes: Bytes) -> Frame {
        if serializer.is_text() {
            Frame::Text(bytes.try_into().unwrap())
        } else {
            Frame::Binary(bytes)
        }
    }
}
