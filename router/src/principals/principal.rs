//! A principal and what it is recognised by.

use super::{CertificateMark, ScramCredentials};
use bytestring::ByteString;
use std::fmt;
use wamplex_shared::value::Dict;
use zeroize::Zeroizing;

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
#[derive(Clone)]
#[non_exhaustive]
pub enum Ticket {
    /// The ticket itself. Judging one is cheap.
    Plain(Zeroizing<String>),
    /// What was derived from it. Judging one costs what the derivation does: tens of milliseconds and megabytes, by
    /// intention. That is no work for a thread that serves connections.
    Derived(ScramCredentials),
}

/// The key of WAMP-CRA, and how the client gets it from its secret.
#[derive(Clone)]
#[non_exhaustive]
pub struct CraKey {
    /// The key of the HMAC: the secret itself or, if it is salted, the Base64 text of what was derived from it.
    pub key: Zeroizing<Vec<u8>>,
    /// How the key was derived; `None` if it is the secret itself.
    pub salting: Option<CraSalting>,
}

/// How the key of WAMP-CRA is derived from a secret: PBKDF2 with HMAC-SHA256 ("WAMP: Challenge Response
/// Authentication").
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CraSalting {
    /// The salt, which is taken as the text it is.
    pub salt: ByteString,
    /// How often the function is applied.
    pub iterations: u32,
    /// How many octets are derived.
    pub keylen: u32,
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

impl fmt::Debug for Ticket {
    /// Does not show the ticket.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Plain(_) => "Plain(…)",
            Self::Derived(_) => "Derived(…)",
        })
    }
}

impl fmt::Debug for CraKey {
    /// Does not show the key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CraKey").field("salting", &self.salting).finish_non_exhaustive()
    }
}
