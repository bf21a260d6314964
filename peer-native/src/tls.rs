//! Encryption of connections to a router.

use core::fmt;
use std::sync::Arc;
use tokio_rustls::rustls::{
    ClientConfig, ConfigBuilder, RootCertStore, WantsVerifier,
    client::WantsClientCert,
    crypto::ring,
    pki_types::{CertificateDer, InvalidDnsNameError, PrivateKeyDer, ServerName, pem::PemObject},
};

/// Whom a client trusts when it connects to `wss://`, and what it shows about itself.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use wamplex::{Client, Tls};
///
/// let tls = Tls::trusting(std::fs::read("ca.pem")?)?
///     .certificate(std::fs::read("me.pem")?, std::fs::read("me.key.pem")?)?;
/// let client = Client::builder("wss://router.example/ws").realm("realm1").tls(tls).connect().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default)]
#[must_use = "it is used by a connection that is given it"]
pub struct Tls {
    /// The authorities that are trusted; `None` for those that browsers trust.
    authorities: Option<Arc<RootCertStore>>,
    identity: Option<Arc<Identity>>,
    server_name: Option<ServerName<'static>>,
}

/// A certificate, those that lead to its authority, and its key.
struct Identity {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

/// Certificates, keys or names that cannot be used.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// There is no certificate where one should be, or none that can be used; says why.
    #[error("no usable certificate: {0}")]
    Certificate(String),
    /// There is no private key where one should be, or none that can be used; says why.
    #[error("no usable private key: {0}")]
    Key(String),
    /// A name is neither one of a host nor an IP address.
    #[error("{0:?} is neither the name of a host nor an IP address")]
    ServerName(String),
    /// The cryptography at hand cannot do what is asked of it; says why.
    #[error("TLS cannot be set up: {0}")]
    Setup(String),
}

impl Tls {
    /// Trusts the authorities that browsers trust, and shows nothing. This is the default.
    pub fn new() -> Self {
        Self::default()
    }

    /// Trusts the authorities whose certificates are in this text in PEM, and no others.
    ///
    /// # Errors
    /// [`TlsError::Certificate`] if there is none, or one cannot be read.
    pub fn trusting(authorities: impl AsRef<[u8]>) -> Result<Self, TlsError> {
        let mut roots = RootCertStore::empty();
        for certificate in certificates(authorities.as_ref())? {
            roots.add(certificate).map_err(|e| TlsError::Certificate(e.to_string()))?;
        }
        Ok(Self { authorities: Some(Arc::new(roots)), ..Self::default() })
    }

    /// Shows the router a certificate if it asks for one, and proves to have its key. Both are texts in PEM; behind the
    /// certificate come those that lead to its authority.
    ///
    /// # Errors
    /// [`TlsError::Certificate`] and [`TlsError::Key`] if one of them is not there or does not belong to the other.
    pub fn certificate(
        mut self,
        chain: impl AsRef<[u8]>,
        key: impl AsRef<[u8]>,
    ) -> Result<Self, TlsError> {
        let chain = certificates(chain.as_ref())?;
        let key = PrivateKeyDer::from_pem_slice(key.as_ref())
            .map_err(|e| TlsError::Key(e.to_string()))?;
        self.identity = Some(Arc::new(Identity { chain, key }));
        self.config()?;
        Ok(self)
    }

    /// Expects the certificate of the router to be for this host, and not for that of the URL.
    ///
    /// # Errors
    /// [`TlsError::ServerName`] if it is no name of a host.
    pub fn server_name(mut self, name: impl Into<String>) -> Result<Self, TlsError> {
        self.server_name = Some(parse_name(&name.into())?);
        Ok(self)
    }

    /// Whom the certificate of the router at `host` has to be for.
    pub(crate) fn name_for(&self, host: &str) -> Result<ServerName<'static>, TlsError> {
        self.server_name.clone().map_or_else(|| parse_name(host), Ok)
    }

    /// What a handshake needs.
    pub(crate) fn config(&self) -> Result<Arc<ClientConfig>, TlsError> {
        let builder = builder()?;
        let builder = match &self.authorities {
            Some(roots) => builder.with_root_certificates(Arc::clone(roots)),
            None => {
                let roots = webpki_roots::TLS_SERVER_ROOTS.to_vec();
                builder.with_root_certificates(RootCertStore { roots })
            }
        };
        self.identify(builder).map(Arc::new)
    }

    fn identify(
        &self,
        builder: ConfigBuilder<ClientConfig, WantsClientCert>,
    ) -> Result<ClientConfig, TlsError> {
        let Some(identity) = &self.identity else { return Ok(builder.with_no_client_auth()) };
        builder
            .with_client_auth_cert(identity.chain.clone(), identity.key.clone_key())
            .map_err(|e| TlsError::Key(e.to_string()))
    }
}

fn builder() -> Result<ConfigBuilder<ClientConfig, WantsVerifier>, TlsError> {
    // The provider by name: the process may have none, or another one, as its default.
    ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|e| TlsError::Setup(e.to_string()))
}

fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let found = found.map_err(|e| TlsError::Certificate(e.to_string()))?;
    if found.is_empty() {
        return Err(TlsError::Certificate("the text has none".to_owned()));
    }
    Ok(found)
}

fn parse_name(name: &str) -> Result<ServerName<'static>, TlsError> {
    let parsed = ServerName::try_from(name.to_owned());
    parsed.map_err(|_: InvalidDnsNameError| TlsError::ServerName(name.to_owned()))
}

impl fmt::Debug for Tls {
    /// Does not show the key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls")
            .field("authorities", &self.authorities.as_ref().map(|roots| roots.len()))
            .field("has_certificate", &self.identity.is_some())
            .field("server_name", &self.server_name)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_certificate_or_key_or_name_is_refused_in_words() {
        for pem in
            ["", "nonsense", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
        {
            assert!(matches!(Tls::trusting(pem), Err(TlsError::Certificate(_))), "{pem}");
            assert!(Tls::new().certificate(pem, "").is_err(), "{pem}");
        }
        assert!(matches!(Tls::new().server_name("a b"), Err(TlsError::ServerName(_))));
        assert!(Tls::new().server_name("192.0.2.7").is_ok());
    }
}
