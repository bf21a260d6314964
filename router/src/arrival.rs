//! What comes before the first octet of HTTP or RawSocket: the word of a proxy, and encryption.

use crate::{
    config::{ListenerConfig, Proxy, ProxyProtocol},
    crowd::Counted,
    peer::{Address, Peer},
    proxy::{self, ProxyError},
    shared::Shared,
    tls::{Encryption, TlsError},
    transport::sniff::{Protocol, Sniffed},
};
use std::{io, net::SocketAddr, sync::Arc};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio_rustls::server::TlsStream;

/// What a client is told that speaks plain HTTP where everything has to be encrypted.
const ENCRYPT: &[u8] = b"HTTP/1.1 400 Bad Request\r\ncontent-type: text/plain; charset=utf-8\r\n\
    content-length: 66\r\nconnection: close\r\n\r\nthis port speaks TLS: connect with wss:// or https:// in the URL\r\n";

/// How clients come in at a listener.
#[derive(Debug)]
pub(crate) struct Arrival {
    proxy: Proxy,
    encryption: Option<Encryption>,
}

/// A client that has come in.
pub(crate) enum Arrived<S> {
    /// What it says can be read as it comes.
    Plain(Sniffed<S>),
    /// What it says is encrypted.
    Encrypted(Sniffed<Box<TlsStream<Sniffed<S>>>>),
}

/// Why a client has not come in.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Turned {
    /// Its proxy does not say what it has to.
    #[error(transparent)]
    Proxy(#[from] ProxyError),
    /// There are too many from its address.
    #[error("{0}")]
    Crowded(&'static str),
    /// The connection was lost.
    #[error("the connection was lost before it began: {0}")]
    Lost(io::Error),
    /// It speaks no TLS.
    #[error("the client does not encrypt")]
    Plain,
    /// The two sides do not agree about encryption.
    #[error("no TLS: {0}")]
    Handshake(io::Error),
}

impl Arrival {
    /// Prepares what the configuration of a listener wants.
    ///
    /// # Errors
    /// The certificate or the key cannot be used.
    pub(crate) fn open(config: &ListenerConfig) -> Result<Self, TlsError> {
        let encryption = config.tls.as_ref().map(Encryption::open).transpose()?;
        Ok(Self { proxy: config.proxy.clone(), encryption })
    }

    /// The encryption, if there is any.
    pub(crate) const fn encryption(&self) -> Option<&Encryption> {
        self.encryption.as_ref()
    }

    /// Lets a client in, and notes in `peer` what that tells about it. It counts for its address as long as what comes
    /// with it lives. Takes as long as the client does.
    ///
    /// # Errors
    /// Why it stays outside. It was told so, as far as there are words for it.
    pub(crate) async fn enter<S>(
        &self,
        mut socket: Sniffed<S>,
        peer: &mut Peer,
        shared: &Shared,
    ) -> Result<(Arrived<S>, Option<Counted>), Turned>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        if let Some(client) = self.ask_proxy(&mut socket, peer).await? {
            peer.proxied_for(client);
        }
        // A proxy that has not said for whom it connects connects for many.
        let ip = peer.address.ip().filter(|ip| !self.proxy.trusts(*ip));
        let counted = shared.crowd.connect(ip, &shared.limits(), shared.clock.now());
        let counted = counted.map_err(|crowded| {
            shared.tally.connections_refused.up();
            Turned::Crowded(crowded.words())
        })?;
        Ok((self.encrypt(socket, peer).await?, counted))
    }

    async fn encrypt<S>(
        &self,
        mut socket: Sniffed<S>,
        peer: &mut Peer,
    ) -> Result<Arrived<S>, Turned>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let Some(encryption) = &self.encryption else { return Ok(Arrived::Plain(socket)) };
        match socket.protocol().await.map_err(Turned::Lost)? {
            Protocol::Tls => {}
            Protocol::Http | Protocol::RawSocket if encryption.also_plain() => {
                return Ok(Arrived::Plain(socket));
            }
            Protocol::Http => return Err(tell_to_encrypt(socket).await),
            Protocol::RawSocket => return Err(Turned::Plain),
        }
        let (stream, found) = encryption.accept(socket).await.map_err(Turned::Handshake)?;
        peer.tls = Some(Arc::new(found));
        // Boxed, so that connections without encryption do not hold the room for it.
        Ok(Arrived::Encrypted(Sniffed::new(Box::new(stream))))
    }

    /// For whom a proxy connects; `None` if the client is no proxy, or speaks for itself.
    async fn ask_proxy<S>(
        &self,
        socket: &mut Sniffed<S>,
        peer: &Peer,
    ) -> Result<Option<SocketAddr>, ProxyError>
    where
        S: AsyncRead + Unpin,
    {
        let is_trusted = match &peer.address {
            Address::Ip(address) => self.proxy.trusts(address.ip()),
            Address::Unix { .. } => true,
            Address::Local => false,
        };
        if self.proxy.protocol == ProxyProtocol::None || !is_trusted {
            return Ok(None);
        }
        proxy::read_header(socket, self.proxy.protocol).await
    }
}

/// Tells a client in plain HTTP that it should encrypt.
async fn tell_to_encrypt<S: AsyncRead + AsyncWrite + Unpin>(mut socket: Sniffed<S>) -> Turned {
    let told = async {
        socket.write_all(ENCRYPT).await?;
        socket.shutdown().await?;
        // A socket that is closed with unread bytes resets the connection, and the answer may be lost with it.
        let mut space = [0; 1024];
        while socket.read(&mut space).await? > 0 {}
        io::Result::Ok(())
    };
    told.await.err().map_or(Turned::Plain, Turned::Lost)
}
