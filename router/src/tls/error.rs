//! Why there is no encryption with the files that were given.

use std::{
    io,
    path::{Path, PathBuf},
};

/// Certificates or keys that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// A file is not named, though it is needed.
    #[error("`{key}` is missing: {why}")]
    Missing {
        /// The key in the configuration.
        key: &'static str,
        /// What it is needed for.
        why: &'static str,
    },
    /// A file cannot be read.
    #[error("cannot read {}: {source}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// A file is not PEM.
    #[error("{} is not PEM: {reason}", .path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// There is no certificate in a file that should have one.
    #[error("there is no certificate in {}{}", .path.display(), instead(.found))]
    NoCertificate {
        /// The file.
        path: PathBuf,
        /// What is in it instead.
        found: Vec<&'static str>,
    },
    /// There is no private key in a file that should have one.
    #[error("there is no private key in {}{}", .path.display(), instead(.found))]
    NoKey {
        /// The file.
        path: PathBuf,
        /// What is in it instead.
        found: Vec<&'static str>,
    },
    /// A certificate cannot be used.
    #[error("the certificate in {} cannot be used: {reason}", .path.display())]
    Certificate {
        /// The file.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// A private key cannot be used.
    #[error("the key in {} cannot be used: {reason}", .path.display())]
    Key {
        /// The file.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// Certificate and key are of different pairs.
    #[error("the key in {} is not that of the certificate in {}", .key.display(), .certificate.display())]
    Mismatch {
        /// The file with the certificate.
        certificate: PathBuf,
        /// The file with the key.
        key: PathBuf,
    },
    /// The cryptography at hand cannot do what is asked of it.
    #[error("cannot set up TLS: {0}")]
    Setup(String),
}

impl TlsError {
    /// The file it is about, if it is about one.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        match self {
            Self::Missing { .. } | Self::Setup(_) => None,
            Self::Unreadable { path, .. }
            | Self::Malformed { path, .. }
            | Self::NoCertificate { path, .. }
            | Self::NoKey { path, .. }
            | Self::Certificate { path, .. }
            | Self::Key { path, .. }
            | Self::Mismatch { key: path, .. } => Some(path),
        }
    }
}

fn instead(found: &[&'static str]) -> String {
    if found.is_empty() { String::new() } else { format!(", only {}", found.join(", ")) }
}
