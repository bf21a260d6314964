//! Clients that do not come through a listener.

use crate::{
    config::{Endpoint, KeepAlive, ListenerConfig, Site, Transports},
    error::StartError,
    peer::{Address, Peer, TransportKind},
    reception::Reception,
    router::RouterHandle,
    shared::Shared,
    transport::{Messages, longpoll::Hub},
};
use bytes::Bytes;
use futures_util::{Sink, Stream};
use std::{io, net::Ipv4Addr, sync::Arc};
use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, duplex};
use wamplex_shared::serializer::Serializer;

/// How many bytes are on their way inside the process before the writer waits for the reader.
const PIPE: usize = 64 << 10;

/// What clients are called in the log that do not come through a listener.
const NAME: &str = "embedded";

/// Why a client was not served.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GuestError {
    /// The router has as many connections as it may have: see [`Limits::connections`](crate::config::Limits::connections).
    #[error("the router has too many connections")]
    NoRoom,
    /// There is no tokio runtime here for the task of the connection.
    #[error("a connection inside the process needs a tokio runtime")]
    NoRuntime,
}

/// How clients are received that do not come through a listener.
pub(crate) struct Guests(Arc<Reception>);

impl Guests {
    /// Prepares for them.
    ///
    /// # Errors
    /// As for a listener.
    pub(crate) fn open(shared: &Arc<Shared>) -> Result<Self, StartError> {
        let config = ListenerConfig {
            name: NAME.to_owned(),
            // Where they came to is known to the program only, and so are the names of that place.
            endpoint: Endpoint::Tcp((Ipv4Addr::UNSPECIFIED, 0).into()),
            // There are no requests to poll with once the one stream is gone.
            transports: Transports { longpoll: false, ..Transports::default() },
            site: Site::Nothing,
            keep_alive: KeepAlive { interval: None, ..KeepAlive::default() },
            ..ListenerConfig::default()
        };
        let (hub, _no_longpolls) = Hub::new();
        Ok(Self(Arc::new(Reception::open(&config, shared, hub)?)))
    }
}

impl Peer {
    /// A client inside this process.
    #[must_use]
    pub fn local() -> Self {
        Self::new(Address::Local, TransportKind::Local, NAME.into())
    }
}

impl RouterHandle {
    /// Connects to the router without a network: what is returned is the client's end of a connection, on which it speaks
    /// WAMP over WebSocket or RawSocket as over any other. The native client takes it:
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use wamplex_router::{Router, RouterConfig};
    ///
    /// let router = Router::bind(RouterConfig::on(([127, 0, 0, 1], 0))).await?;
    /// let stream = router.handle().connect()?;
    /// // wamplex::Client::builder("ws://localhost/ws").realm("realm1").connect_over(stream).await?
    /// # drop(stream);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// A session by [`join`](Self::join) costs less, and proves nothing; over this one the client authenticates.
    ///
    /// # Errors
    /// There is no room, or no runtime here.
    pub fn connect(&self) -> Result<DuplexStream, GuestError> {
        let runtime = tokio::runtime::Handle::try_current().map_err(|_| GuestError::NoRuntime)?;
        let place = self.shared().room.enter().ok_or(GuestError::NoRoom)?;
        let (ours, theirs) = duplex(PIPE);
        let shared = Arc::clone(self.shared());
        let serving = Arc::clone(&self.guests().0).receive(ours, Peer::local(), shared, place);
        self.shared().tally.connections.up();
        self.shared().tasks.spawn_on(serving, &runtime);
        Ok(theirs)
    }

    /// Serves a client on a connection that the program accepted itself: WebSocket at `/ws` or RawSocket, whatever the
    /// client speaks. Ready when the connection is over; dropping the future cuts it.
    ///
    /// `peer` is what the program knows of the client: authentication goes by it, and the limits per address.
    ///
    /// # Errors
    /// There is no room.
    pub async fn serve<S>(&self, stream: S, peer: Peer) -> Result<(), GuestError>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let place = self.shared().room.enter().ok_or(GuestError::NoRoom)?;
        self.shared().tally.connections.up();
        let (reception, shared) = (Arc::clone(&self.guests().0), Arc::clone(self.shared()));
        reception.receive(stream, peer, shared, place).await;
        Ok(())
    }

    /// Serves a client over a transport of the program's own, which carries whole messages in this serializer: a stream of
    /// those that the client sends, and a sink for those that it receives. Ready when the connection is over; dropping the
    /// future cuts it.
    ///
    /// Whether the other side is still there is for the transport to find out: no PINGs are sent.
    ///
    /// # Errors
    /// There is no room.
    pub async fn serve_messages(
        &self,
        messages: impl Stream<Item = io::Result<Bytes>> + Send + Unpin,
        answers: impl Sink<Bytes, Error = io::Error> + Send + Unpin,
        serializer: Serializer,
        peer: Peer,
    ) -> Result<(), GuestError> {
        let place = self.shared().room.enter().ok_or(GuestError::NoRoom)?;
        self.shared().tally.connections.up();
        let transport = Messages::new(messages, answers, serializer);
        let shared = Arc::clone(self.shared());
        self.guests().0.serve(transport, peer, shared).await;
        drop(place);
        Ok(())
    }
}
