//! What a router keeps instead of a password.

use super::{
    cost::{Cost, CostBounds, Kdf},
    exchange::Keys,
};
use crate::auth::CredentialError;
use alloc::vec::Vec;
use core::fmt;
use zeroize::Zeroize;

/// The least number of octets of a salt.
const SALT_LENGTH: usize = 8;

/// What a router keeps instead of a password (RFC 5802, section 3).
///
/// It suffices to recognize who knows the password, but not to pretend to be that client. It should be kept secret
/// nevertheless: with it passwords can be tried without asking anybody.
#[derive(Clone, PartialEq, Eq)]
pub struct ScramCredentials {
    /// The key derivation.
    pub kdf: Kdf,
    /// The salt: random, 16 octets by recommendation.
    pub salt: Vec<u8>,
    /// Iterations of the key derivation.
    pub iterations: u32,
    /// Memory of Argon2id in KiB; `None` for PBKDF2.
    pub memory: Option<u32>,
    /// What recognizes the client.
    pub stored_key: [u8; 32],
    /// What proves the router.
    pub server_key: [u8; 32],
}

impl ScramCredentials {
    /// The credentials of this password, which is prepared with SASLprep. `salt` has to be random; 16 octets by
    /// recommendation.
    ///
    /// Takes as long as the cost says: tens or hundreds of milliseconds.
    ///
    /// # Errors
    /// The password is empty or has characters that RFC 4013 forbids, the salt has less than 8 octets, or the cost is
    /// outside [`CostBounds::default`], so that clients would refuse.
    pub fn new(password: &str, salt: &[u8], cost: Cost) -> Result<Self, CredentialError> {
        CostBounds::default().check(&cost)?;
        if salt.len() < SALT_LENGTH {
            return Err(CredentialError::TooShort("salt"));
        }
        let keys = Keys::derive(password, salt, &cost)?;
        Ok(Self {
            kdf: cost.kdf,
            salt: salt.into(),
            iterations: cost.iterations,
            memory: cost.memory,
            stored_key: keys.stored_key(),
            server_key: keys.server_key(),
        })
    }

    /// The key derivation with its parameters.
    #[must_use]
    pub const fn cost(&self) -> Cost {
        Cost { kdf: self.kdf, iterations: self.iterations, memory: self.memory }
    }

    /// Checks credentials that come from elsewhere.
    ///
    /// # Errors
    /// The salt has less than 8 octets, or the cost is outside [`CostBounds::default`], so that clients would refuse.
    pub fn check(&self) -> Result<(), CredentialError> {
        if self.salt.len() < SALT_LENGTH {
            return Err(CredentialError::TooShort("salt"));
        }
        Ok(CostBounds::default().check(&self.cost())?)
    }
}

impl Drop for ScramCredentials {
    fn drop(&mut self) {
        self.stored_key.zeroize();
        self.server_key.zeroize();
    }
}

impl fmt::Debug for ScramCredentials {
    /// Does not show the keys.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScramCredentials").field("cost", &self.cost()).finish_non_exhaustive()
    }
}
