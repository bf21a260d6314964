//! Who a session belongs to, and the reasons why there is none.

use bytestring::ByteString;
use std::time::SystemTime;
use wamplex_shared::{message::Abort, uris::error, value::Dict};

/// Who a session belongs to, as authentication has found out.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Identity {
    /// The principal.
    pub authid: ByteString,
    /// The role it has in its realm, by which it is authorized.
    pub authrole: ByteString,
    /// How it proved who it is.
    pub authmethod: ByteString,
    /// Where the principal is kept.
    pub authprovider: ByteString,
    /// What WELCOME says besides.
    pub authextra: Dict,
    /// How far the router trusts it, 0 being the lowest; `None` leaves it to the rules of the realm.
    pub trustlevel: Option<u64>,
    /// When the session has to end; `None` for never.
    pub ends: Option<SystemTime>,
    /// When its proof expires, whether the session ends then or not: no cookie stands for it any longer than that.
    pub(crate) proof_ends: Option<SystemTime>,
}

/// Why a client is not let in.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refusal {
    /// The reason in ABORT.
    pub uri: &'static str,
    /// What the client is told.
    pub message: String,
    /// What only the log says, if that is more. Never a secret.
    pub detail: Option<String>,
}

impl Identity {
    /// An identity with nothing extra.
    pub fn new(
        authid: impl Into<ByteString>,
        authrole: impl Into<ByteString>,
        authmethod: impl Into<ByteString>,
        authprovider: impl Into<ByteString>,
    ) -> Self {
        Self {
            authid: authid.into(),
            authrole: authrole.into(),
            authmethod: authmethod.into(),
            authprovider: authprovider.into(),
            authextra: Dict::new(),
            trustlevel: None,
            ends: None,
            proof_ends: None,
        }
    }

    /// The identity of a session inside the process: nobody has to prove anything there.
    pub fn local(authid: impl Into<ByteString>, authrole: impl Into<ByteString>) -> Self {
        Self::new(authid, authrole, "local", "local")
    }
}

impl Refusal {
    /// A refusal for a reason of the specification ("WAMP: Predefined URIs"), explained in words.
    pub fn new(uri: &'static str, message: impl Into<String>) -> Self {
        Self { uri, message: message.into(), detail: None }
    }

    /// The client is not who it claims to be: `wamp.error.authentication_denied`. What it hears is the same for every
    /// reason; `detail` is for the log.
    pub fn denied(detail: impl Into<String>) -> Self {
        Self::new(error::AUTHENTICATION_DENIED, "the credentials are not accepted").because(detail)
    }

    /// Who the client is could not be found out: `wamp.error.authentication_failed`. `detail` is for the log.
    pub fn failed(detail: impl Into<String>) -> Self {
        Self::new(error::AUTHENTICATION_FAILED, "the router cannot authenticate anybody so now")
            .because(detail)
    }

    /// The same, with words that only the log shows.
    #[must_use]
    pub fn because(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    pub(crate) fn to_abort(&self) -> Abort {
        Abort::new(self.uri, self.message.as_str())
    }
}

impl From<getrandom::Error> for Refusal {
    fn from(error: getrandom::Error) -> Self {
        Self::failed(format!("no random numbers: {error}"))
    }
}
