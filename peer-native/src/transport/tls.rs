//! Encrypted connections.

use super::TransportError;
use crate::tls::Tls;
use std::{io, sync::Arc};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::{TlsConnector, client::TlsStream, rustls::ProtocolVersion};
use wamplex_shared::auth::ChannelBinding;

/// The label of the secret that only the two ends of a connection know (RFC 9266, "Channel Bindings for TLS 1.3").
const CHANNEL_BINDING: &[u8] = b"EXPORTER-Channel-Binding";

/// An encrypted connection.
pub(crate) struct Encrypted<S> {
    pub(crate) stream: TlsStream<S>,
    /// What only the two ends know; proofs can be bound to the connection with it.
    pub(crate) binding: Option<ChannelBinding>,
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
    let binding = exported(&stream).map(ChannelBinding::tls_exporter);
    Ok(Encrypted { stream, binding })
}

/// What identifies the connection. Before TLS 1.3 nothing does in every case.
fn exported<S>(stream: &TlsStream<S>) -> Option<[u8; 32]> {
    let (_, connection) = stream.get_ref();
    if connection.protocol_version() != Some(ProtocolVersion::TLSv1_3) {
        return None;
    }
    connection.export_keying_material([0; 32], CHANNEL_BINDING, None).ok()
}
