//! Encrypted connections.

use super::TransportError;
use std::{io, sync::Arc};
use tokio::net::TcpStream;
use tokio_rustls::{
    TlsConnector,
    client::TlsStream,
    rustls::{ClientConfig, RootCertStore, crypto::ring, pki_types::ServerName},
};

/// Encrypts a connection to `host`, whose certificate has to come from an authority that browsers trust.
pub(crate) async fn encrypt(
    stream: TcpStream,
    host: &str,
) -> Result<TlsStream<TcpStream>, TransportError> {
    let failed = |source| TransportError::Tls { host: host.to_owned(), source: Arc::new(source) };
    let name = ServerName::try_from(host.to_owned())
        .map_err(|e| failed(io::Error::new(io::ErrorKind::InvalidInput, e)))?;
    let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    // The provider by name: the process may have none, or another one, as its default.
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|e| failed(io::Error::other(e)))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    TlsConnector::from(Arc::new(config)).connect(name, stream).await.map_err(failed)
}
