//! A signature with a shared secret.

use super::{Answer, Attempt, AuthError, Authenticator, BoxFuture, Connection, Secret, hashing};
use wamplex_shared::{
    auth::{method, wampcra},
    message::Challenge,
};

/// A signature with a shared secret, salted or not ("WAMP: Challenge Response Authentication").
///
/// The secret does not cross the connection, but the router has it, or a key that is as good. [`Scram`](super::Scram)
/// does not have that weakness.
///
/// ```
/// let auth = wamplex::auth::WampCra::new("joe", "pencil");
/// assert!(!format!("{auth:?}").contains("pencil"));
/// ```
#[derive(Clone, Debug)]
pub struct WampCra {
    authid: String,
    secret: Secret,
}

impl WampCra {
    /// The secret of whom the router knows under this name.
    pub fn new(authid: impl Into<String>, secret: impl Into<Secret>) -> Self {
        Self { authid: authid.into(), secret: secret.into() }
    }
}

impl Authenticator for WampCra {
    fn method(&self) -> &'static str {
        method::WAMPCRA
    }

    fn begin(&self, _connection: &Connection) -> Result<Box<dyn Attempt>, AuthError> {
        Ok(Box::new(self.clone()))
    }
}

impl Attempt for WampCra {
    fn authid(&self) -> Option<&str> {
        Some(&self.authid)
    }

    fn answer<'a>(
        &'a mut self,
        challenge: &'a Challenge,
    ) -> BoxFuture<'a, Result<Answer, AuthError>> {
        Box::pin(async {
            let (secret, challenge) = (self.secret.get().await?, challenge.clone());
            Ok(hashing(move || wampcra::respond(&secret, &challenge)).await?.into())
        })
    }
}
