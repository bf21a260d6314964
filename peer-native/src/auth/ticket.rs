//! A shared secret that is shown as it is.

use super::{Answer, Attempt, AuthError, Authenticator, BoxFuture, Connection, Secret};
use core::future::Future;
use wamplex_shared::{auth::method, message::Challenge};

/// A shared secret that is shown as it is ("WAMP: Ticket-based Authentication").
///
/// Since the secret crosses the connection, this is refused on one that is neither encrypted nor on this machine.
///
/// ```
/// use wamplex::auth::{Secret, Ticket};
///
/// let known = Ticket::new("joe", "secret");
/// let fetched = Ticket::new("joe", Secret::fetched(|| async { std::fs::read_to_string("ticket") }));
/// ```
#[derive(Clone, Debug)]
pub struct Ticket {
    authid: String,
    ticket: Secret,
}

impl Ticket {
    /// A ticket of whom the router knows under this name.
    pub fn new(authid: impl Into<String>, ticket: impl Into<Secret>) -> Self {
        Self { authid: authid.into(), ticket: ticket.into() }
    }

    /// A ticket that is fetched each time the router asks for it.
    pub fn fetched<F, Fut, E>(authid: impl Into<String>, fetch: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<String, E>> + Send + 'static,
        E: core::error::Error + Send + Sync + 'static,
    {
        Self::new(authid, Secret::fetched(fetch))
    }
}

impl Authenticator for Ticket {
    fn method(&self) -> &'static str {
        method::TICKET
    }

    fn needs_confidentiality(&self) -> bool {
        true
    }

    fn begin(&self, _connection: &Connection) -> Result<Box<dyn Attempt>, AuthError> {
        Ok(Box::new(self.clone()))
    }
}

impl Attempt for Ticket {
    fn authid(&self) -> Option<&str> {
        Some(&self.authid)
    }

    fn answer<'a>(
        &'a mut self,
        _challenge: &'a Challenge,
    ) -> BoxFuture<'a, Result<Answer, AuthError>> {
        Box::pin(async { Ok(Answer::new(self.ticket.get().await?.as_str())) })
    }
}
