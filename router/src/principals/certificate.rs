//! TLS certificates of clients, and what principals are recognised by in them.

use data_encoding::HEXLOWER_PERMISSIVE;
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use x509_parser::{
    extensions::GeneralName,
    prelude::{FromDer, X509Certificate},
};

/// A client's certificate: what a principal may be recognised by.
///
/// Whether it is genuine is not judged here: TLS has done that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    fingerprint: [u8; 32],
    marks: Vec<CertificateMark>,
}

/// One thing a certificate is recognised by.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CertificateMark {
    /// SHA-256 of the certificate in DER: this one certificate.
    Fingerprint([u8; 32]),
    /// The one common name of its subject: any certificate that the authority issues to this name.
    CommonName(String),
    /// One of its names: an e-mail address.
    Email(String),
    /// One of its names: a host, in lower case.
    Dns(String),
    /// One of its names: a URI, such as `spiffe://example.com/service`.
    Uri(String),
}

impl CertificateMark {
    /// Reads what a certificate is recognised by: `fingerprint` (with or without colons), `common_name`, `email`, `dns`
    /// or `uri`.
    #[must_use]
    pub fn read(kind: &str, text: &str) -> Option<Self> {
        if text.is_empty() {
            return None;
        }
        match kind {
            "fingerprint" => {
                let digits = text.replace(':', "");
                let octets = HEXLOWER_PERMISSIVE.decode(digits.as_bytes()).ok()?;
                octets.try_into().ok().map(Self::Fingerprint)
            }
            "common_name" => Some(Self::CommonName(text.to_owned())),
            "email" => Some(Self::Email(text.to_owned())),
            "dns" => Some(Self::Dns(text.to_ascii_lowercase())),
            "uri" => Some(Self::Uri(text.to_owned())),
            _ => None,
        }
    }

    /// What kind of thing it is, as [`read`](Self::read) takes it.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Fingerprint(_) => "fingerprint",
            Self::CommonName(_) => "common_name",
            Self::Email(_) => "email",
            Self::Dns(_) => "dns",
            Self::Uri(_) => "uri",
        }
    }

    /// The fingerprint in hexadecimal digits, or the name.
    #[must_use]
    pub fn text(&self) -> Cow<'_, str> {
        match self {
            Self::Fingerprint(octets) => HEXLOWER_PERMISSIVE.encode(octets).into(),
            Self::CommonName(text) | Self::Email(text) | Self::Dns(text) | Self::Uri(text) => {
                text.into()
            }
        }
    }
}

/// Bytes that are no X.509 certificate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is no X.509 certificate: {0}")]
pub struct NoCertificate(String);

impl Certificate {
    /// Reads a certificate.
    ///
    /// # Errors
    /// The bytes are not exactly one X.509 certificate in DER.
    pub fn from_der(der: &[u8]) -> Result<Self, NoCertificate> {
        let (rest, certificate) =
            X509Certificate::from_der(der).map_err(|error| NoCertificate(error.to_string()))?;
        if !rest.is_empty() {
            return Err(NoCertificate("more bytes follow".to_owned()));
        }
        let fingerprint = Sha256::digest(der).into();
        let mut marks = vec![CertificateMark::Fingerprint(fingerprint)];
        let names = certificate
            .subject_alternative_name()
            .map_err(|error| NoCertificate(error.to_string()))?
            .map_or(&[][..], |names| &names.value.general_names[..]);
        marks.extend(names.iter().filter_map(mark_of));
        // With two of them, nobody can say which one the authority has looked at.
        let mut common = certificate.subject().iter_common_name();
        if let (Some(name), None) = (common.next(), common.next())
            && let Ok(name) = name.as_str()
        {
            marks.push(CertificateMark::CommonName(name.to_owned()));
        }
        Ok(Self { fingerprint, marks })
    }

    /// SHA-256 of the certificate.
    #[must_use]
    pub const fn fingerprint(&self) -> &[u8; 32] {
        &self.fingerprint
    }

    /// What it is recognised by, the most exact first: a principal with the fingerprint goes before one with the name.
    pub fn marks(&self) -> impl Iterator<Item = &CertificateMark> {
        self.marks.iter()
    }
}

fn mark_of(name: &GeneralName<'_>) -> Option<CertificateMark> {
    match name {
        GeneralName::RFC822Name(email) => Some(CertificateMark::Email((*email).to_owned())),
        GeneralName::DNSName(host) => Some(CertificateMark::Dns(host.to_ascii_lowercase())),
        GeneralName::URI(uri) => Some(CertificateMark::Uri((*uri).to_owned())),
        GeneralName::OtherName(..)
        | GeneralName::X400Address(_)
        | GeneralName::DirectoryName(_)
        | GeneralName::EDIPartyName(_)
        | GeneralName::IPAddress(_)
        | GeneralName::RegisteredID(_)
        | GeneralName::Invalid(..) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{CertificateParams, DnType, KeyPair, SanType};

    fn certificate(common_name: &str, names: Vec<SanType>) -> Vec<u8> {
        let mut params = CertificateParams::default();
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, common_name);
        params.distinguished_name.push(DnType::OrganizationName, "Example");
        params.subject_alt_names = names;
        params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().to_vec()
    }

    #[test]
    fn a_certificate_is_recognised_by_its_fingerprint_first_and_then_by_its_names() {
        let names = vec![
            SanType::DnsName("Client.Example.com".try_into().unwrap()),
            SanType::Rfc822Name("alice@example.com".try_into().unwrap()),
            SanType::URI("spiffe://example.com/alice".try_into().unwrap()),
        ];
        let der = certificate("alice", names);
        let read = Certificate::from_der(&der).unwrap();
        let fingerprint: [u8; 32] = Sha256::digest(&der).into();
        assert_eq!(read.fingerprint(), &fingerprint);
        assert_eq!(
            read.marks().cloned().collect::<Vec<_>>(),
            [
                CertificateMark::Fingerprint(fingerprint),
                CertificateMark::Dns("client.example.com".into()),
                CertificateMark::Email("alice@example.com".into()),
                CertificateMark::Uri("spiffe://example.com/alice".into()),
                CertificateMark::CommonName("alice".into()),
            ]
        );
    }

    #[test]
    fn what_is_no_certificate_is_refused() {
        let der = certificate("alice", Vec::new());
        assert!(Certificate::from_der(&[]).is_err());
        assert!(Certificate::from_der(&der[..der.len() - 1]).is_err());
        assert!(Certificate::from_der(&[&der[..], &[0]].concat()).is_err());
    }
}
