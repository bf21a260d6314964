//! Proving who the client is ("WAMP: Authentication Methods").

use core::{fmt, future::Future, pin::Pin};
use std::sync::Arc;
use wamplex_shared::{message::Challenge, value::Dict};

/// A future on the heap.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Answers the router's question who the client is.
///
/// Asked anew for every session, so that credentials may change between two of them.
pub trait Authenticator: Send + Sync + 'static {
    /// The name of the method, as HELLO announces it under `authmethods`.
    fn method(&self) -> &str;

    /// Who the client claims to be; `None` leaves it to the router.
    fn authid(&self) -> Option<&str> {
        None
    }

    /// What the method says under `authextra` in HELLO.
    fn authextra(&self) -> Dict {
        Dict::new()
    }

    /// Whether the answer is a secret that others must not read: then the connection has to be encrypted, or must not
    /// leave this machine.
    fn needs_confidentiality(&self) -> bool {
        false
    }

    /// Answers a CHALLENGE.
    ///
    /// # Errors
    /// [`AuthError`] when there is no answer. The session is not opened then.
    fn authenticate<'a>(
        &'a self,
        challenge: &'a Challenge,
    ) -> BoxFuture<'a, Result<Answer, AuthError>>;
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
}

impl fmt::Debug for Answer {
    /// Does not show the proof, which may be the secret itself.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer").finish_non_exhaustive()
    }
}

/// Why the credentials could not be given.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuthError {
    /// The router asks for a method that the client did not offer.
    #[error("the router asks for the authentication method {0:?}, which was not offered")]
    UnknownMethod(String),
    /// The method would send a secret over a connection that others can read.
    #[error("{0:?} sends a secret: use wss:// or a connection on this machine")]
    NotConfidential(String),
    /// The credentials could not be had.
    #[error("the credentials are not available")]
    Provider(#[source] Arc<dyn core::error::Error + Send + Sync>),
}

/// No identity at all: the default.
#[derive(Clone, Copy, Debug, Default)]
pub struct Anonymous;

impl Authenticator for Anonymous {
    fn method(&self) -> &'static str {
        "anonymous"
    }

    fn authenticate<'a>(
        &'a self,
        challenge: &'a Challenge,
    ) -> BoxFuture<'a, Result<Answer, AuthError>> {
        let method = challenge.method.to_string();
        Box::pin(core::future::ready(Err(AuthError::UnknownMethod(method))))
    }
}

/// A shared secret that is shown as it is ("WAMP: Ticket-based Authentication").
///
/// Since the secret crosses the connection, this is refused on one that is neither encrypted nor on this machine.
#[derive(Clone)]
pub struct Ticket {
    authid: String,
    provider: Arc<Provider>,
}

type Provider = dyn Fn() -> BoxFuture<'static, Result<String, AuthError>> + Send + Sync;

impl Ticket {
    /// A ticket that is known beforehand.
    pub fn new(authid: impl Into<String>, ticket: impl Into<String>) -> Self {
        let ticket = ticket.into();
        Self {
            authid: authid.into(),
            provider: Arc::new(move || Box::pin(core::future::ready(Ok(ticket.clone())))),
        }
    }

    /// A ticket that is fetched each time the router asks for it.
    pub fn fetched<F, Fut, E>(authid: impl Into<String>, fetch: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<String, E>> + Send + 'static,
        E: core::error::Error + Send + Sync + 'static,
    {
        let provider = move || -> BoxFuture<'static, Result<String, AuthError>> {
            let fetched = fetch();
            Box::pin(async move { fetched.await.map_err(|e| AuthError::Provider(Arc::new(e))) })
        };
        Self { authid: authid.into(), provider: Arc::new(provider) }
    }
}

impl Authenticator for Ticket {
    fn method(&self) -> &'static str {
        "ticket"
    }

    fn authid(&self) -> Option<&str> {
        Some(&self.authid)
    }

    fn needs_confidentiality(&self) -> bool {
        true
    }

    fn authenticate<'a>(
        &'a self,
        _challenge: &'a Challenge,
    ) -> BoxFuture<'a, Result<Answer, AuthError>> {
        Box::pin(async { Ok(Answer::new((self.provider)().await?)) })
    }
}

impl fmt::Debug for Ticket {
    /// Does not show the ticket.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ticket").field("authid", &self.authid).finish_non_exhaustive()
    }
}
