//! Encryption of connections: certificates that can change while the router runs, and the handshake.

mod error;
mod material;

pub use error::TlsError;

use crate::{
    config::{ClientCertificate, Tls},
    peer::TlsPeer,
};
use arc_swap::ArcSwap;
use std::{io, path::Path, sync::Arc, time::SystemTime};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        self, ProtocolVersion, RootCertStore, ServerConfig, ServerConnection,
        crypto::{CryptoProvider, ring},
        server::{
            ClientHello, ResolvesServerCert, WebPkiClientVerifier, danger::ClientCertVerifier,
        },
        sign::CertifiedKey,
    },
    server::TlsStream,
};

/// What is spoken inside of TLS, as ALPN names it. RawSocket has no name there, and its clients offer none.
const HTTP: &[u8] = b"http/1.1";

/// The label of the secret that only the two ends of a connection know (RFC 9266, "Channel Bindings for TLS 1.3").
const CHANNEL_BINDING: &[u8] = b"EXPORTER-Channel-Binding";

/// The encryption of a listener. Its certificates can be replaced at any time; a handshake takes those it finds.
#[derive(Debug)]
pub(crate) struct Encryption(ArcSwap<Loaded>);

#[derive(Debug)]
struct Loaded {
    settings: Tls,
    server: Arc<ServerConfig>,
}

impl Encryption {
    /// Reads what the settings name.
    ///
    /// # Errors
    /// Why it cannot be used.
    pub(crate) fn open(settings: &Tls) -> Result<Self, TlsError> {
        Ok(Self(ArcSwap::from_pointee(Loaded::read(settings)?)))
    }

    /// Reads the same files again, and encrypts with what is in them now from the next handshake on. Open connections stay
    /// as they are.
    ///
    /// # Errors
    /// Why what was read cannot be used. Then everything stays as it was.
    pub(crate) fn reload(&self) -> Result<(), TlsError> {
        let settings = self.0.load().settings.clone();
        self.0.store(Arc::new(Loaded::read(&settings)?));
        tracing::info!(certificate = %settings.certificate.display(), "certificate loaded");
        Ok(())
    }

    /// Whether clients that do not encrypt are served too.
    pub(crate) fn also_plain(&self) -> bool {
        self.0.load().settings.also_plain
    }

    /// Does the server's half of the handshake. Takes as long as the client does.
    ///
    /// # Errors
    /// Why there is no encrypted connection; the client was told as far as TLS has words for it.
    pub(crate) async fn accept<S>(&self, socket: S) -> io::Result<(TlsStream<S>, TlsPeer)>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let server = Arc::clone(&self.0.load().server);
        let stream = TlsAcceptor::from(server).accept(socket).await?;
        let peer = peer_of(stream.get_ref().1);
        Ok((stream, peer))
    }
}

/// Whether what the settings name can be used, without using it.
///
/// # Errors
/// Why it cannot be used.
pub(crate) fn check(settings: &Tls) -> Result<(), TlsError> {
    Loaded::read(settings).map(drop)
}

/// What the handshake found out about a client.
fn peer_of(connection: &ServerConnection) -> TlsPeer {
    let chain = connection.peer_certificates().unwrap_or_default();
    // Before TLS 1.3 what is exported does not identify a connection in every case (RFC 9266, section 4.2).
    let is_unique = connection.protocol_version() == Some(ProtocolVersion::TLSv1_3);
    let export = || connection.export_keying_material([0; 32], CHANNEL_BINDING, None).ok();
    TlsPeer {
        certificates: chain.iter().map(|certificate| certificate.to_vec()).collect(),
        exporter: is_unique.then(export).flatten(),
        server_name: connection.server_name().map(str::to_owned),
    }
}

impl Loaded {
    fn read(settings: &Tls) -> Result<Self, TlsError> {
        let provider = Arc::new(ring::default_provider());
        let certified = certified_key(settings, &provider)?;
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .map_err(|error| TlsError::Setup(error.to_string()))?;
        let builder = match client_verifier(settings, provider)? {
            Some(verifier) => builder.with_client_cert_verifier(verifier),
            None => builder.with_no_client_auth(),
        };
        let mut server = builder.with_cert_resolver(Arc::new(TheOne(Arc::new(certified))));
        server.alpn_protocols = vec![HTTP.to_vec()];
        // Without it two connections of TLS 1.2 can be made to have the same exporter (RFC 9266, section 4.2).
        server.require_ems = true;
        Ok(Self { settings: settings.clone(), server: Arc::new(server) })
    }
}

/// The only certificate of a listener, whatever name its clients ask for.
#[derive(Debug)]
struct TheOne(Arc<CertifiedKey>);

impl ResolvesServerCert for TheOne {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }
}

/// The certificate of the router and the key that belongs to it.
fn certified_key(settings: &Tls, provider: &CryptoProvider) -> Result<CertifiedKey, TlsError> {
    let Tls { certificate, key, .. } = settings;
    needed("certificate", certificate, "a listener with TLS has to have a certificate")?;
    needed("key", key, "a certificate is of no use without its key")?;
    let chain = material::certificates(certificate)?;
    let unusable =
        |reason: rustls::Error| TlsError::Key { path: key.clone(), reason: reason.to_string() };
    let signing = provider.key_provider.load_private_key(material::key(key)?).map_err(unusable)?;
    material::warn_of_dates(certificate, &chain[0], SystemTime::now());
    let certified = CertifiedKey::new(chain, signing);
    certified.keys_match().map_err(|error| {
        let certificate = certificate.clone();
        if let rustls::Error::InconsistentKeys(_) = error {
            TlsError::Mismatch { certificate, key: key.clone() }
        } else {
            TlsError::Certificate { path: certificate, reason: error.to_string() }
        }
    })?;
    Ok(certified)
}

/// Who judges the certificates of clients, if they are asked for some.
fn client_verifier(
    settings: &Tls,
    provider: Arc<CryptoProvider>,
) -> Result<Option<Arc<dyn ClientCertVerifier>>, TlsError> {
    if settings.client_certificate == ClientCertificate::Off {
        return Ok(None);
    }
    let path = settings.client_ca.as_deref().unwrap_or_else(|| Path::new(""));
    needed("client_ca", path, "somebody has to vouch for the certificates of clients")?;
    let unusable = |reason: String| TlsError::Certificate { path: path.to_owned(), reason };
    let mut roots = RootCertStore::empty();
    for certificate in material::certificates(path)? {
        material::warn_of_dates(path, &certificate, SystemTime::now());
        roots.add(certificate).map_err(|error| unusable(error.to_string()))?;
    }
    let mut builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
    if settings.client_certificate == ClientCertificate::Optional {
        builder = builder.allow_unauthenticated();
    }
    builder.build().map(Some).map_err(|error| unusable(error.to_string()))
}

fn needed(key: &'static str, path: &Path, why: &'static str) -> Result<(), TlsError> {
    if path.as_os_str().is_empty() { Err(TlsError::Missing { key, why }) } else { Ok(()) }
}
