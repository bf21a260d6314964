//! A certificate shown when the connection was encrypted.

use super::{Attempt, AuthError, Authenticator, Connection, Unasked};
use wamplex_shared::auth::method;

/// A certificate that the client has shown when the connection was encrypted ("WAMP: Authentication Methods").
///
/// There is nothing left to prove in WAMP: the router says in WELCOME who the client is. The certificate is given with
/// `Tls::certificate`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Certificate;

impl Authenticator for Certificate {
    fn method(&self) -> &'static str {
        method::TLS
    }

    fn begin(&self, _connection: &Connection) -> Result<Box<dyn Attempt>, AuthError> {
        Ok(Box::new(Unasked))
    }
}
