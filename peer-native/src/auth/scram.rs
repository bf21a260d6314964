//! A password that the router does not know.

use super::{
    Answer, Attempt, AuthError, Authenticator, BoxFuture, ChallengeError, Connection, CostBounds,
    Secret, hashing, random, required_binding,
};
use std::sync::Arc;
use wamplex_shared::{
    auth::{
        method,
        scram::{ExpectedRouter, Responder},
    },
    message::Challenge,
    value::Dict,
};

/// A password that the router does not know, and with which the router proves itself too ("WAMP: Salted Challenge
/// Response Authentication").
///
/// A router that cannot prove in WELCOME that it has the credentials is left at once.
///
/// ```
/// let auth = wamplex::auth::Scram::new("joe", "pencil").channel_binding();
/// assert!(!format!("{auth:?}").contains("pencil"));
/// ```
#[derive(Clone, Debug)]
pub struct Scram {
    authid: String,
    password: Secret,
    bounds: CostBounds,
    is_bound: bool,
}

impl Scram {
    /// The password of whom the router knows under this name. Both are prepared with SASLprep (RFC 4013).
    pub fn new(authid: impl Into<String>, password: impl Into<Secret>) -> Self {
        Self {
            authid: authid.into(),
            password: password.into(),
            bounds: CostBounds::default(),
            is_bound: false,
        }
    }

    /// Sets what the router may make hashing cost; [`CostBounds::default`] if not set.
    #[must_use]
    pub fn cost_bounds(mut self, bounds: CostBounds) -> Self {
        self.bounds = bounds;
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

impl Authenticator for Scram {
    fn method(&self) -> &'static str {
        method::SCRAM
    }

    fn begin(&self, connection: &Connection) -> Result<Box<dyn Attempt>, AuthError> {
        let binding = required_binding(method::SCRAM, self.is_bound, connection)?;
        let nonce: [u8; 16] = random()?;
        let responder = Responder::new(&self.authid, &nonce, binding, self.bounds.clone())?;
        Ok(Box::new(ScramAttempt {
            responder: Arc::new(responder),
            password: self.password.clone(),
            expected: None,
        }))
    }
}

struct ScramAttempt {
    responder: Arc<Responder>,
    password: Secret,
    /// What the router has to say in WELCOME, once it was answered.
    expected: Option<ExpectedRouter>,
}

impl Attempt for ScramAttempt {
    fn authid(&self) -> Option<&str> {
        Some(self.responder.authid())
    }

    fn authextra(&self) -> Dict {
        self.responder.authextra()
    }

    fn answer<'a>(
        &'a mut self,
        challenge: &'a Challenge,
    ) -> BoxFuture<'a, Result<Answer, AuthError>> {
        Box::pin(async {
            let (password, challenge) = (self.password.get().await?, challenge.clone());
            let responder = Arc::clone(&self.responder);
            let (answer, expected) =
                hashing(move || responder.respond(&password, &challenge)).await?;
            self.expected = Some(expected);
            Ok(answer.into())
        })
    }

    fn check(&self, authextra: &Dict) -> Result<(), AuthError> {
        let expected = self.expected.as_ref().ok_or(ChallengeError::UntrustedRouter)?;
        Ok(expected.verify(authextra)?)
    }
}
