//! From a URL to a transport, and over it to a session.

use super::{Connect, KeepAlive, join};
#[cfg(feature = "tls")]
use crate::transport::encrypt;
use crate::{
    auth::{Anonymous, Connection, Offer},
    client::Client,
    driver::Driver,
    error::Error,
    link::{Handle, Link},
    silence::Patience,
    transport::{
        Place, Protocol, Target, Transport, TransportError, rawsocket,
        websocket::{self, Proposal},
    },
};
use core::time::Duration;
use std::sync::Arc;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::Instant,
};
use wamplex_shared::{
    auth::ChannelBinding, rawsocket::Refusal, serializer::Serializer, session::Joiner,
};

/// How long a router may be silent, if the application says nothing else.
const PATIENCE: Patience =
    Patience { interval: Duration::from_secs(20), wait: Duration::from_secs(10) };

impl Connect {
    /// Connects and opens the session, with one serializer after another if need be: a RawSocket handshake names only
    /// one, and is refused if the router does not have it.
    pub(super) async fn dial(&self, target: &Target) -> Result<Client, Error> {
        let mut serializers = &self.serializers[..];
        loop {
            let dialed = self.dial_with(target, serializers).await;
            match (dialed, serializers) {
                (
                    Err(Error::Transport(TransportError::RawSocket(
                        Refusal::SerializerUnsupported,
                    ))),
                    [_, others @ ..],
                ) if !others.is_empty() => serializers = others,
                (dialed, _) => return dialed,
            }
        }
    }

    async fn dial_with(
        &self,
        target: &Target,
        serializers: &[Serializer],
    ) -> Result<Client, Error> {
        let (host, port) = match &target.place {
            Place::Network { host, port } => (host.as_str(), *port),
            #[cfg(unix)]
            Place::Unix(path) => {
                let address = path.display().to_string();
                let stream = tokio::net::UnixStream::connect(path)
                    .await
                    .map_err(|e| TransportError::Connect { address, source: Arc::new(e) })?;
                return self.open(stream, target, serializers, None).await;
            }
            #[cfg(not(unix))]
            Place::Unix(_) => {
                return Err(TransportError::Url("this system has no Unix sockets").into());
            }
        };
        let address = format!("{host}:{port}");
        let stream = TcpStream::connect((host, port))
            .await
            .map_err(|e| TransportError::Connect { address, source: Arc::new(e) })?;
        stream.set_nodelay(true).map_err(TransportError::from)?;
        if !target.is_tls() {
            return self.open(stream, target, serializers, None).await;
        }
        #[cfg(feature = "tls")]
        {
            let encrypted = encrypt(stream, host, &self.tls).await?;
            self.open(encrypted.stream, target, serializers, encrypted.binding).await
        }
        #[cfg(not(feature = "tls"))]
        Err(TransportError::NoTls.into())
    }

    /// Agrees on a transport over an open stream, and opens the session.
    pub(super) async fn open<S>(
        &self,
        stream: S,
        target: &Target,
        serializers: &[Serializer],
        binding: Option<ChannelBinding>,
    ) -> Result<Client, Error>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (batched, max_message_size) = (self.batched, self.max_message_size);
        match &target.protocol {
            Protocol::WebSocket(uri) => {
                let proposal = Proposal { serializers, batched, max_message_size };
                let (transport, serializer) = websocket::open(stream, uri, proposal).await?;
                let patience = self.keep_alive.patience(Some(PATIENCE));
                self.start(transport, serializer, binding, patience).await
            }
            Protocol::RawSocket => {
                let [serializer, ..] = serializers else {
                    return Err(Error::Config("no serializer is offered"));
                };
                let transport = rawsocket::open(stream, *serializer, max_message_size).await?;
                let patience = self.keep_alive.patience(None);
                self.start(transport, *serializer, binding, patience).await
            }
        }
    }

    /// Opens the session and has it driven.
    async fn start<T: Transport + Unpin>(
        &self,
        mut transport: T,
        serializer: Serializer,
        binding: Option<ChannelBinding>,
        patience: Option<Patience>,
    ) -> Result<Client, Error> {
        let started = Instant::now();
        let mut authenticators = self.authenticators.clone();
        if authenticators.is_empty() {
            authenticators.push(Arc::new(Anonymous));
        }
        let offer = Offer::begin(&authenticators, &Connection { binding })?;
        let joiner = Joiner::new(serializer, self.hello(&offer)?);
        let session = join(&mut transport, joiner, offer).await?;
        let link = Link::new(session, transport.limit(), started);
        tokio::spawn(Driver::new(link.clone(), transport, patience));
        Ok(Client::new(Handle::new(link)))
    }
}

impl KeepAlive {
    const fn patience(self, usual: Option<Patience>) -> Option<Patience> {
        match self {
            Self::Usual => usual,
            Self::On(patience) => Some(patience),
            Self::Off => None,
        }
    }
}
