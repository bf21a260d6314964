//! Proving who the client is ("WAMP: Authentication Methods").
//!
//! | | what the router keeps | what crosses the connection | proves the router too |
//! |---|---|---|---|
//! | [`Cryptosign`] | a public key | signatures | if [asked](Cryptosign::trusting) |
//! | [`Scram`] | what recognizes a password | proofs | yes |
//! | [`WampCra`] | the secret, or a key derived from it | signatures | no |
//! | [`Ticket`] | the secret | the secret | no |
//! | [`Certificate`] | an authority, or a fingerprint | nothing more than TLS has shown | TLS does |
//! | [`Anonymous`] | nothing | nothing | no |
//!
//! Several may be offered at once, the favourite first; then the router chooses:
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use wamplex::{Client, auth};
//!
//! let client = Client::builder("wss://router.example/ws")
//!     .realm("realm1")
//!     .auth(auth::Cryptosign::from_hex(&std::fs::read_to_string("key")?)?.authid("joe"))
//!     .auth(auth::Scram::new("joe", "pencil"))
//!     .connect()
//!     .await?;
//! # Ok(())
//! # }
//! ```

mod certificate;
mod cryptosign;
mod offer;
mod scram;
mod secret;
mod ticket;
mod wampcra;

pub use certificate::Certificate;
pub use cryptosign::Cryptosign;
pub(crate) use offer::Offer;
pub use scram::Scram;
pub use secret::Secret;
pub use ticket::Ticket;
pub use wampcra::WampCra;
pub use wamplex_shared::auth::{
    BindingKind, ChallengeError, ChannelBinding, CredentialError,
    cryptosign::{Key, PublicKey},
    scram::CostBounds,
};
pub use wamplex_shared::{
    message::Challenge,
    value::{Dict, Value},
};

use core::{fmt, future::Future, pin::Pin};
use std::sync::Arc;
use wamplex_shared::auth::method;

/// A future on the heap.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Credentials, and how to prove with them who the client is.
pub trait Authenticator: Send + Sync + 'static {
    /// The name of the method, as HELLO announces it under `authmethods`.
    fn method(&self) -> &str;

    /// Whether the method shows a secret that others must not read: then the connection has to be encrypted, or must not
    /// leave this machine.
    fn needs_confidentiality(&self) -> bool {
        false
    }

    /// Begins to open one session. Asked anew for every session, so that credentials may change between two of them.
    ///
    /// # Errors
    /// [`AuthError`] when the credentials are unusable, or do not fit the connection. The session is not opened then.
    fn begin(&self, connection: &Connection) -> Result<Box<dyn Attempt>, AuthError>;
}

/// The opening of one session by one method.
pub trait Attempt: Send {
    /// Who the client claims to be; `None` leaves it to the router.
    fn authid(&self) -> Option<&str> {
        None
    }

    /// What the method says under `authextra` in HELLO.
    fn authextra(&self) -> Dict {
        Dict::new()
    }

    /// Answers a CHALLENGE.
    ///
    /// # Errors
    /// [`AuthError`] when there is no answer. The session is not opened then.
    fn answer<'a>(
        &'a mut self,
        challenge: &'a Challenge,
    ) -> BoxFuture<'a, Result<Answer, AuthError>>;

    /// Judges `WELCOME.Details.authextra`, where some routers prove who they are.
    ///
    /// # Errors
    /// [`AuthError`] when the router is not to be trusted. The session is aborted then.
    fn check(&self, authextra: &Dict) -> Result<(), AuthError> {
        let _ = authextra;
        Ok(())
    }
}

/// What an authenticator may know of the connection.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Connection {
    /// What identifies it, if it is encrypted and can be identified.
    pub binding: Option<ChannelBinding>,
}

/// The answer to a CHALLENGE.
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct Answer {
    /// The proof.
    pub signature: String,
    /// What the method adds.
    pub extra: Dict,
}

impl Answer {
    /// An answer that is nothing but a proof.
    pub fn new(signature: impl Into<String>) -> Self {
        Self { signature: signature.into(), extra: Dict::new() }
    }

    /// The same with what the method adds.
    #[must_use]
    pub fn with_extra(mut self, extra: Dict) -> Self {
        self.extra = extra;
        self
    }
}

impl From<wamplex_shared::message::Authenticate> for Answer {
    fn from(message: wamplex_shared::message::Authenticate) -> Self {
        Self { signature: message.signature.to_string(), extra: message.extra }
    }
}

impl fmt::Debug for Answer {
    /// Does not show the proof, which may be the secret itself.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer").finish_non_exhaustive()
    }
}

/// Why the credentials could not be given, or the router is not trusted.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuthError {
    /// The router asks for a method that the client did not offer, or claims to have used one.
    #[error("the router chose the authentication method {0:?}, which was not offered")]
    UnknownMethod(String),
    /// The method would send a secret over a connection that others can read.
    #[error("{0:?} sends a secret: use wss:// or a connection on this machine")]
    NotConfidential(String),
    /// The credentials could not be had.
    #[error("the credentials are not available")]
    Provider(#[source] Arc<dyn core::error::Error + Send + Sync>),
    /// The router's challenge is not answered, or its WELCOME is not trusted.
    #[error("{0}")]
    Challenge(#[source] ChallengeError),
    /// The credentials are unusable.
    #[error("{0}")]
    Credential(#[source] CredentialError),
    /// The proof was to be bound to the connection, which has nothing to bind to: it is not TLS 1.3.
    #[error("the connection has nothing that {0:?} could be bound to")]
    NoBinding(String),
    /// The methods offered contradict each other; says about what.
    #[error("the authentication methods offered contradict each other about {0:?}")]
    Contradiction(String),
    /// The operating system gave no random numbers.
    #[error("the operating system gave no random numbers")]
    Random,
}

impl From<ChallengeError> for AuthError {
    fn from(error: ChallengeError) -> Self {
        Self::Challenge(error)
    }
}

impl From<CredentialError> for AuthError {
    fn from(error: CredentialError) -> Self {
        Self::Credential(error)
    }
}

/// The attempt of a method that has nothing to prove in WAMP: a CHALLENGE is for a method that was not offered.
struct Unasked;

impl Attempt for Unasked {
    fn answer<'a>(
        &'a mut self,
        challenge: &'a Challenge,
    ) -> BoxFuture<'a, Result<Answer, AuthError>> {
        let method = challenge.method.to_string();
        Box::pin(core::future::ready(Err(AuthError::UnknownMethod(method))))
    }
}

/// No identity at all: the default.
#[derive(Clone, Copy, Debug, Default)]
pub struct Anonymous;

impl Authenticator for Anonymous {
    fn method(&self) -> &'static str {
        method::ANONYMOUS
    }

    fn begin(&self, _connection: &Connection) -> Result<Box<dyn Attempt>, AuthError> {
        Ok(Box::new(Unasked))
    }
}

/// Octets that were never used before.
fn random<const N: usize>() -> Result<[u8; N], AuthError> {
    let mut octets = [0; N];
    getrandom::fill(&mut octets).map_err(|_| AuthError::Random)?;
    Ok(octets)
}

/// The binding of a method that wants one.
fn required_binding(
    method: &str,
    wanted: bool,
    connection: &Connection,
) -> Result<Option<ChannelBinding>, AuthError> {
    if !wanted {
        return Ok(None);
    }
    let binding = connection.binding.clone();
    binding.map(Some).ok_or_else(|| AuthError::NoBinding(method.to_owned()))
}

/// Does what takes long on a thread where nobody waits for it.
async fn hashing<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ChallengeError> + Send + 'static,
) -> Result<T, AuthError> {
    let done = tokio::task::spawn_blocking(work).await;
    Ok(done.map_err(|error| AuthError::Provider(Arc::new(error)))??)
}
