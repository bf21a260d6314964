//! A principal and what it is recognised by.

use super::CertificateMark;
use crate::config::Method;
use bytestring::ByteString;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use wamplex_shared::{
    auth::{CredentialError, ScramCredentials, ticket::TicketHash, wampcra},
    value::Dict,
};

/// Somebody who may come into a realm, with all that it can prove itself with.
///
/// A method for which there is nothing here is not open to the principal.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Principal {
    /// Its name, unique in its realm.
    pub authid: ByteString,
    /// The role it has.
    pub role: ByteString,
    /// The source that knows it, as `authprovider` of WELCOME says.
    pub provider: ByteString,
    /// For `ticket`.
    pub ticket: Option<Ticket>,
    /// For `wampcra`.
    pub wampcra: Option<CraKey>,
    /// For `wamp-scram`.
    pub scram: Option<ScramCredentials>,
    /// For `cryptosign`: its Ed25519 public keys.
    pub cryptosign: Vec<[u8; 32]>,
    /// For `tls`: the certificates it is recognised by.
    pub certificates: Vec<CertificateMark>,
    /// What WELCOME says in `authextra`.
    pub extra: Dict,
}

/// What a ticket is held against.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Ticket {
    /// A hash of a ticket that nobody can guess. Judging one is cheap.
    Hash(TicketHash),
    /// What was derived from a password that is used as a ticket. Judging one costs what the derivation does, tens of
    /// milliseconds and megabytes, by intention.
    Derived(ScramCredentials),
}

/// The key of WAMP-CRA, and how clients derive it from their secret.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CraKey {
    /// The key of the signatures.
    pub key: wampcra::Key,
    /// How the key was derived; `None` if it is the secret itself.
    pub salting: Option<wampcra::Salting>,
}

impl Principal {
    /// A principal that cannot prove itself by anything yet.
    pub fn new(
        authid: impl Into<ByteString>,
        role: impl Into<ByteString>,
        provider: impl Into<ByteString>,
    ) -> Self {
        Self {
            authid: authid.into(),
            role: role.into(),
            provider: provider.into(),
            ticket: None,
            wampcra: None,
            scram: None,
            cryptosign: Vec::new(),
            certificates: Vec::new(),
            extra: Dict::new(),
        }
    }
}

impl Principal {
    /// A digest of what the principal proves itself with by a method. Another one if that changes.
    pub(crate) fn digest(&self, method: Method) -> [u8; 32] {
        let mut digest = Sha256::new();
        match method {
            Method::Ticket => match &self.ticket {
                Some(Ticket::Hash(hash)) => digest.update(hash.to_bytes()),
                Some(Ticket::Derived(kept)) => digest.update(kept.stored_key),
                None => {}
            },
            Method::Scram => self.scram.iter().for_each(|kept| digest.update(kept.stored_key)),
            Method::Wampcra => {
                self.wampcra.iter().for_each(|kept| digest.update(kept.key.as_text()));
            }
            Method::Cryptosign => self.cryptosign.iter().for_each(|key| digest.update(key)),
            Method::Tls => self.certificates.iter().for_each(|mark| {
                digest.update(mark.kind());
                digest.update(&*mark.text());
                digest.update([0]);
            }),
            Method::Jwt | Method::Cookie | Method::Anonymous => {}
        }
        digest.finalize().into()
    }
}

impl Ticket {
    /// What recognises this ticket, which must be one that nobody can guess.
    #[must_use]
    pub fn new(ticket: &str) -> Self {
        Self::Hash(TicketHash::of(ticket))
    }

    /// Whether judging a ticket is too much work for a thread that serves connections.
    #[must_use]
    pub const fn is_costly(&self) -> bool {
        match self {
            Self::Hash(_) => false,
            Self::Derived(_) => true,
        }
    }

    /// Whether `given` is the ticket, found out in a time that says nothing about it.
    ///
    /// ```
    /// use wamplex_router::principals::Ticket;
    ///
    /// assert!(Ticket::new("open sesame").matches("open sesame"));
    /// assert!(!Ticket::new("open sesame").matches("open barley"));
    /// ```
    #[must_use]
    pub fn matches(&self, given: &str) -> bool {
        match self {
            Self::Hash(hash) => hash.matches(given),
            // A ticket that cannot be a password is not the one that was derived from a password.
            Self::Derived(kept) => ScramCredentials::new(given, &kept.salt, kept.cost())
                .is_ok_and(|derived| derived.stored_key.ct_eq(&kept.stored_key).into()),
        }
    }
}

impl CraKey {
    /// The secret itself as the key.
    #[must_use]
    pub fn plain(secret: &str) -> Self {
        Self { key: wampcra::Key::plain(secret), salting: None }
    }

    /// The key that is derived from a secret.
    ///
    /// # Errors
    /// Clients would refuse the salting: it is too cheap or too dear.
    pub fn derive(secret: &str, salting: wampcra::Salting) -> Result<Self, CredentialError> {
        Ok(Self { key: wampcra::Key::derive(secret, &salting)?, salting: Some(salting) })
    }

    /// A key that was derived before, and how.
    #[must_use]
    pub const fn derived(key: wampcra::Key, salting: wampcra::Salting) -> Self {
        Self { key, salting: Some(salting) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wamplex_shared::auth::scram::Cost;

    #[test]
    fn a_password_used_as_a_ticket_is_recognised_by_what_was_derived_from_it() {
        let kept =
            ScramCredentials::new("open sesame", b"salt and pepper", Cost::argon2id13(3, 4096));
        let ticket = Ticket::Derived(kept.unwrap());
        assert!(ticket.is_costly());
        for (given, expected) in [
            ("open sesame", true),
            ("open Sesame", false),
            ("open sesame ", false),
            ("", false),
            ("open\u{0}sesame", false),
        ] {
            assert_eq!(ticket.matches(given), expected, "{given:?}");
        }
    }

    #[test]
    fn a_principal_shows_no_secret() {
        let mut principal = Principal::new("alice", "user", "static");
        principal.ticket = Some(Ticket::new("s3cret"));
        principal.wampcra = Some(CraKey::plain("s3cret"));
        assert!(!format!("{principal:?}").contains("s3cret"));
    }
}
