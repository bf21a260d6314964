//! A signature with a private key.

use super::{
    Answer, Attempt, AuthError, Authenticator, BoxFuture, ChallengeError, Connection,
    CredentialError, Key, PublicKey, random, required_binding,
};
use wamplex_shared::{
    auth::{cryptosign::Responder, method},
    message::Challenge,
    value::Dict,
};

/// A signature with a private key ("WAMP: Cryptosign-based Authentication").
///
/// The router only knows the public key; nothing secret ever leaves this process.
///
/// ```
/// use wamplex::auth::{Cryptosign, PublicKey};
///
/// let router = "4a3838f6fe75251e613329d53fc69b262d5eac97fb1d73bebbaed4015b53c862";
/// let seed = "4d57d97a68f555696620a6d849c0ce582568518d729eb753dc7c732de2804510";
/// let auth = Cryptosign::from_hex(seed)?.authid("joe").trusting(PublicKey::from_hex(router)?);
/// # Ok::<(), wamplex::auth::CredentialError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Cryptosign {
    key: Key,
    authid: Option<String>,
    router: Option<PublicKey>,
    is_bound: bool,
}

impl Cryptosign {
    /// Signs with this key.
    #[must_use]
    pub const fn new(key: Key) -> Self {
        Self { key, authid: None, router: None, is_bound: false }
    }

    /// Signs with the key that this text has in hexadecimal digits: 64 of them, or 128 with the public key. White space
    /// around them, as files have it, does not count.
    ///
    /// # Errors
    /// [`CredentialError::Key`] when it is anything else.
    pub fn from_hex(text: &str) -> Result<Self, CredentialError> {
        Ok(Self::new(Key::from_hex(text.trim())?))
    }

    /// The public key, which the router has to know.
    #[must_use]
    pub fn public_key(&self) -> PublicKey {
        self.key.public()
    }

    /// Sets who the client claims to be; if not set the router says who the owner of the key is.
    #[must_use]
    pub fn authid(mut self, authid: impl Into<String>) -> Self {
        self.authid = Some(authid.into());
        self
    }

    /// Has the router prove that it is the one with this public key. Any other is left at once.
    #[must_use]
    pub const fn trusting(mut self, router: PublicKey) -> Self {
        self.router = Some(router);
        self
    }

    /// Binds the proof to the connection, so that nobody in between can use it, not even one with a certificate that is
    /// trusted.
    ///
    /// It takes TLS 1.3 all the way to the router: one that stands behind a proxy which ends TLS cannot take part.
    #[must_use]
    pub const fn channel_binding(mut self) -> Self {
        self.is_bound = true;
        self
    }
}

impl Authenticator for Cryptosign {
    fn method(&self) -> &'static str {
        method::CRYPTOSIGN
    }

    fn begin(&self, connection: &Connection) -> Result<Box<dyn Attempt>, AuthError> {
        let mut responder = Responder::new(self.key.clone());
        if let Some(binding) = required_binding(method::CRYPTOSIGN, self.is_bound, connection)? {
            responder = responder.bound_to(&binding)?;
        }
        if let Some(router) = self.router {
            responder = responder.trusting(router, random()?);
        }
        let (authid, must_ask) = (self.authid.clone(), self.router.is_some());
        Ok(Box::new(CryptosignAttempt { responder, authid, must_ask }))
    }
}

struct CryptosignAttempt {
    responder: Responder,
    authid: Option<String>,
    /// The router has to prove itself, which it does when it asks, and it has not asked.
    must_ask: bool,
}

impl Attempt for CryptosignAttempt {
    fn authid(&self) -> Option<&str> {
        self.authid.as_deref()
    }

    fn authextra(&self) -> Dict {
        self.responder.authextra()
    }

    fn answer<'a>(
        &'a mut self,
        challenge: &'a Challenge,
    ) -> BoxFuture<'a, Result<Answer, AuthError>> {
        let answer = self.responder.respond(challenge);
        self.must_ask &= answer.is_err();
        Box::pin(core::future::ready(answer.map(Into::into).map_err(Into::into)))
    }

    fn check(&self, _authextra: &Dict) -> Result<(), AuthError> {
        if self.must_ask {
            return Err(ChallengeError::UntrustedRouter.into());
        }
        Ok(())
    }
}
