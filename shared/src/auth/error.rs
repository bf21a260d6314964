//! Why one side does not believe the other.

use super::BindingKind;
use bytestring::ByteString;
use core::ops::RangeInclusive;

/// Why a client does not answer a CHALLENGE, or does not trust the WELCOME that follows. The session is not opened.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ChallengeError {
    /// The CHALLENGE is for another method.
    #[error("the router asks for the authentication method {0:?} out of turn")]
    WrongMethod(ByteString),
    /// A key is missing in `CHALLENGE.Extra` or `WELCOME.Details.authextra`, or its value has the wrong form.
    #[error("the router's {0} is missing or malformed")]
    Malformed(&'static str),
    /// The nonce of the CHALLENGE does not begin with the client's, or adds nothing to it: somebody replays.
    #[error("the router's nonce does not extend the client's")]
    ForeignNonce,
    /// A parameter of the key derivation is too cheap to protect the password, or so dear that it keeps the client busy.
    #[error("the router's key derivation is not accepted")]
    Cost(#[from] CostError),
    /// The key derivation is not known.
    #[error("the router's key derivation {0:?} is not known")]
    UnknownKdf(ByteString),
    /// The client asked to bind the proof to the connection, and the router goes on without, or the other way round.
    #[error("the router's channel binding is {found:?} and not {asked:?}: a downgrade")]
    Downgrade {
        /// What the client asked for.
        asked: Option<BindingKind>,
        /// What the router says.
        found: Option<ByteString>,
    },
    /// The router should have proved who it is, and did not, or it is another one.
    #[error("the router did not prove to be the one expected")]
    UntrustedRouter,
    /// The client's own credentials are at fault.
    #[error(transparent)]
    Credential(#[from] CredentialError),
}

/// Why a router does not believe a client. None of it says anything about the secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProofError {
    /// A key is missing in HELLO or AUTHENTICATE, or its value has the wrong form.
    #[error("the client's {0} is missing or malformed")]
    Malformed(&'static str),
    /// The client wants to bind the proof to the connection in a way that the router or the connection does not offer.
    #[error("the channel binding {0:?} is not available")]
    UnsupportedBinding(ByteString),
    /// The proof is for another challenge: a replay, or a mistake.
    #[error("the proof answers another challenge")]
    ForeignChallenge,
    /// The proof is bound to another connection: somebody sits in between.
    #[error("the proof is bound to another connection")]
    ForeignChannel,
    /// The secret is another one.
    #[error("the proof is wrong")]
    Wrong,
}

/// Why credentials cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CredentialError {
    /// A private or public key is malformed; what was expected.
    #[error("the key is malformed: expected {0}")]
    Key(&'static str),
    /// A user name or password has characters that must not appear in one (RFC 4013).
    #[error("the {0} has characters that are not allowed in one")]
    Prohibited(&'static str),
    /// A user name, password, nonce or salt is empty or too short.
    #[error("the {0} is too short")]
    TooShort(&'static str),
    /// Clients would not accept the key derivation.
    #[error("the key derivation is not accepted")]
    Cost(#[from] CostError),
}

/// A parameter of a key derivation is out of bounds.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} has to be {least} to {most} and is {value}")]
pub struct CostError {
    /// Which parameter.
    pub what: &'static str,
    /// What it is.
    pub value: u64,
    /// The least it may be.
    pub least: u64,
    /// The most it may be.
    pub most: u64,
}

impl CostError {
    pub(super) fn check(
        what: &'static str,
        value: impl Into<u64>,
        bounds: &RangeInclusive<impl Copy + Into<u64>>,
    ) -> Result<(), Self> {
        let (value, least, most) = (value.into(), (*bounds.start()).into(), (*bounds.end()).into());
        if (least..=most).contains(&value) {
            Ok(())
        } else {
            Err(Self { what, value, least, most })
        }
    }
}
