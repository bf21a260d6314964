//! What WAMP-SCRAM holds a proof against.

use std::fmt;

/// What a router keeps instead of a password.
#[derive(Clone, PartialEq, Eq)]
pub struct ScramCredentials {
    /// The salt.
    pub salt: Vec<u8>,
}

impl fmt::Debug for ScramCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScramCredentials").finish_non_exhaustive()
    }
}
