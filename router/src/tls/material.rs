//! Certificates and keys from PEM files.

use super::TlsError;
use rustls_pki_types::{
    CertificateDer, PrivateKeyDer,
    pem::{self, PemObject, SectionKind},
};
use std::{
    fs,
    path::Path,
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use x509_parser::prelude::{FromDer, X509Certificate};
use zeroize::Zeroizing;

/// The largest file that is read: a bundle of all the authorities of the web has a quarter of it.
const LONGEST_FILE: u64 = 1 << 20;

/// How long before its end a certificate is worth a warning.
const SOON: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// Reads the certificates of a file, at least one.
///
/// # Errors
/// The file cannot be read, is not PEM, or has none.
pub(super) fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let sections = sections(path)?;
    let found: Vec<_> = sections
        .iter()
        .filter(|(kind, _)| *kind == Some(SectionKind::Certificate))
        .map(|(_, der)| CertificateDer::from(der.to_vec()))
        .collect();
    if found.is_empty() {
        return Err(TlsError::NoCertificate { path: path.to_owned(), found: names(&sections) });
    }
    for certificate in &found {
        if let Err(error) = X509Certificate::from_der(certificate) {
            let (path, reason) = (path.to_owned(), error.to_string());
            return Err(TlsError::Certificate { path, reason });
        }
    }
    Ok(found)
}

/// Reads the private key of a file, the first if there are several.
///
/// # Errors
/// The file cannot be read, is not PEM, or has none.
pub(super) fn key(path: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    let sections = sections(path)?;
    let key = sections
        .iter()
        .find_map(|(kind, der)| kind.and_then(|kind| PrivateKeyDer::from_pem(kind, der.to_vec())));
    key.ok_or_else(|| TlsError::NoKey { path: path.to_owned(), found: names(&sections) })
}

/// Warns of a certificate that clients will not accept, now or soon. It is used nevertheless: clocks are wrong more
/// often than certificates, and a router that does not start helps nobody.
pub(super) fn warn_of_dates(path: &Path, certificate: &CertificateDer<'_>, now: SystemTime) {
    let path = path.display();
    match standing(certificate, now) {
        Standing::Good => {}
        Standing::NotYet => tracing::warn!(%path, "the certificate is not valid yet"),
        Standing::Expired => tracing::warn!(%path, "the certificate has expired"),
        Standing::ExpiresIn(left) => {
            let days = left.as_secs() / (24 * 60 * 60);
            tracing::warn!(%path, days, "the certificate expires soon");
        }
    }
}

/// What the dates of a certificate say.
#[derive(Debug, PartialEq, Eq)]
enum Standing {
    Good,
    NotYet,
    Expired,
    ExpiresIn(Duration),
}

fn standing(certificate: &CertificateDer<'_>, now: SystemTime) -> Standing {
    let Ok((_, certificate)) = X509Certificate::from_der(certificate) else {
        return Standing::Good;
    };
    let validity = certificate.validity();
    let time = |seconds: i64| {
        u64::try_from(seconds).map_or(UNIX_EPOCH, |s| UNIX_EPOCH + Duration::from_secs(s))
    };
    if now < time(validity.not_before.timestamp()) {
        return Standing::NotYet;
    }
    match time(validity.not_after.timestamp()).duration_since(now) {
        Err(_) => Standing::Expired,
        Ok(left) if left < SOON => Standing::ExpiresIn(left),
        Ok(_) => Standing::Good,
    }
}

/// A section of a PEM file; without a kind, a key that needs a password.
type Section = (Option<SectionKind>, Zeroizing<Vec<u8>>);

/// How a key begins that needs a password, which nobody is there to type.
const ENCRYPTED_KEY: &[u8] = b"-----BEGIN ENCRYPTED PRIVATE KEY-----";

fn sections(path: &Path) -> Result<Vec<Section>, TlsError> {
    let unreadable = |source| TlsError::Unreadable { path: path.to_owned(), source };
    let malformed = |reason: String| TlsError::Malformed { path: path.to_owned(), reason };
    if path.as_os_str().is_empty() {
        return Err(malformed("it has no name".to_owned()));
    }
    if fs::metadata(path).map_err(unreadable)?.len() > LONGEST_FILE {
        return Err(malformed(format!("it has more than {LONGEST_FILE} bytes")));
    }
    let content = Zeroizing::new(fs::read(path).map_err(unreadable)?);
    let mut sections = <(SectionKind, Vec<u8>)>::pem_slice_iter(&content)
        .map(|section| section.map(|(kind, der)| (Some(kind), Zeroizing::new(der))))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| malformed(describe(&error)))?;
    if content.windows(ENCRYPTED_KEY.len()).any(|part| part == ENCRYPTED_KEY) {
        sections.push((None, Zeroizing::default()));
    }
    Ok(sections)
}

/// What is wrong with PEM, in words that show nothing of a key.
#[expect(clippy::wildcard_enum_match_arm, reason = "all others are described by their words")]
fn describe(error: &pem::Error) -> String {
    match error {
        pem::Error::MissingSectionEnd { .. } => "a section does not end".to_owned(),
        pem::Error::IllegalSectionStart { .. } => {
            "a section does not begin as it has to".to_owned()
        }
        pem::Error::Base64Decode(_) => "a section is not base64".to_owned(),
        other => other.to_string(),
    }
}

fn names(sections: &[Section]) -> Vec<&'static str> {
    let mut names: Vec<_> = sections.iter().map(|(kind, _)| name(*kind)).collect();
    names.dedup();
    names
}

const fn name(kind: Option<SectionKind>) -> &'static str {
    match kind {
        None => "a private key that needs a password",
        Some(SectionKind::Certificate) => "a certificate",
        Some(SectionKind::PublicKey) => "a public key",
        Some(SectionKind::RsaPrivateKey | SectionKind::PrivateKey | SectionKind::EcPrivateKey) => {
            "a private key"
        }
        Some(SectionKind::Crl) => "a revocation list",
        Some(SectionKind::Csr) => "a request for a certificate",
        Some(_) => "something else",
    }
}
