//! Encrypted connections.

use super::TransportError;
use crate::tls::Tls;
use std::{io, sync::Arc};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::{TlsConnector, client::TlsStream};

/// The label of the secret that only the two ends of a connection know (RFC 9266, "Channel Bindings for TLS 1.3").
const CHANNEL_BINDING: &[u8] = b"EXPORTER-Channel-Binding";

/// An encrypted connection.
pub(crate) struct Encrypted<S> {
    pub(crate) stream: TlsStream<S>,
    /// What only the two ends know (`tls-exporter`); proofs can be bound to the connection with it.
    #[expect(dead_code, reason = "methods that bind their proofs to the connection will read it")]
    pub(crate) channel_id: Option<[u8; 32]>,
}

/// Encrypts a connection to `host`, whose certificate has to come from an authority that is trusted.
pub(crate) async fn encrypt<S>(
    stream: S,
    host: &str,
    tls: &Tls,
) -> Result<Encrypted<S>, TransportError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let failed = |source| TransportError::Tls { host: host.to_owned(), source: Arc::new(source) };
    let unusable = |error| failed(io::Error::new(io::ErrorKind::InvalidInput, error));
    let name = tls.name_for(host).map_err(unusable)?;
    let config = tls.config().map_err(unusable)?;
    let stream = TlsConnector::from(config).connect(name, stream).await.map_err(failed)?;
    let channel_id = stream.get_ref().1.export_keying_material([0; 32], CHANNEL_BINDING, None).ok();
    Ok(Encrypted { stream, channel_id })
}
