//! Encryption of a listener.

use super::{Problems, units};
use crate::tls::{self, TlsError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// Encryption of a listener: TLS 1.3 or 1.2, with a certificate from PEM files.
///
/// The files are read again when the configuration is, and whenever
/// [`RouterHandle::reload_certificates`](crate::RouterHandle::reload_certificates) is called; connections that are open
/// keep what they began with.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Tls {
    /// The file with the certificate of this router in PEM, and behind it those that lead to an authority.
    #[schemars(with = "units::path")]
    pub certificate: PathBuf,
    /// The file with the key of that certificate in PEM: PKCS #8, PKCS #1 or SEC 1, not encrypted.
    #[schemars(with = "units::path")]
    pub key: PathBuf,
    /// Whether clients are asked for certificates of their own; by default they are not.
    pub client_certificate: ClientCertificate,
    /// The file with the certificates in PEM of the authorities whose clients are trusted. Needed if clients are asked.
    #[schemars(with = "Option<units::path>")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_ca: Option<PathBuf>,
    /// Whether clients that do not encrypt are served at the same port; by default they are told to.
    pub also_plain: bool,
}

/// Whether clients are asked for certificates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ClientCertificate {
    /// They are not asked.
    #[default]
    Off,
    /// They may show one. A bad one is refused all the same.
    Optional,
    /// They have to show one.
    Required,
}

impl Tls {
    /// Encryption with the certificate and the key in these files.
    ///
    /// ```
    /// use wamplex_router::config::Tls;
    /// let tls = Tls::new("certificate.pem", "key.pem");
    /// assert!(!tls.also_plain);
    /// ```
    pub fn new(certificate: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Self {
        Self { certificate: certificate.into(), key: key.into(), ..Self::default() }
    }

    /// The files that it is made of: a change of one of them is a reason to reload.
    pub fn files(&self) -> impl Iterator<Item = &Path> {
        [Some(&self.certificate), Some(&self.key), self.client_ca.as_ref()]
            .into_iter()
            .flatten()
            .map(PathBuf::as_path)
    }

    /// Notes what is wrong, also with the content of the files.
    pub fn check(&self, problems: &mut Problems) {
        let Err(error) = tls::check(self) else { return };
        let (key, expected) = match &error {
            TlsError::Missing { key, .. } => (*key, "a file in PEM"),
            TlsError::Mismatch { .. } => ("key", "the key of the certificate"),
            TlsError::Unreadable { .. }
            | TlsError::Malformed { .. }
            | TlsError::NoCertificate { .. }
            | TlsError::NoKey { .. }
            | TlsError::Certificate { .. }
            | TlsError::Key { .. }
            | TlsError::Setup(_) => {
                (error.file().and_then(|file| self.key_of(file)).unwrap_or(""), "a file in PEM")
            }
        };
        problems.add(key, expected, error);
    }

    /// The key under which a file is named.
    fn key_of(&self, file: &Path) -> Option<&'static str> {
        let named = [
            ("certificate", Some(&self.certificate)),
            ("key", Some(&self.key)),
            ("client_ca", self.client_ca.as_ref()),
        ];
        named
            .into_iter()
            .find(|(_, path)| path.is_some_and(|path| path == file))
            .map(|(key, _)| key)
    }
}
