//! Challenges for clients that nobody knows.

use super::{ScramCredentials, primitives, scram::Cost, wampcra};
use core::fmt;
use zeroize::Zeroizing;

/// Makes up credentials for names that do not exist, so that nobody learns from a CHALLENGE who does (RFC 5802,
/// section 9).
///
/// The same name gets the same salt each time, as a real one would, and no proof ever fits.
///
/// ```
/// use wamplex_shared::auth::{Decoy, scram::Cost};
///
/// let decoy = Decoy::new([7; 32]);
/// let nobody = decoy.scram("nobody", Cost::pbkdf2(600_000));
/// assert_eq!(nobody.salt, decoy.scram("nobody", Cost::pbkdf2(600_000)).salt);
/// assert_ne!(nobody.salt, decoy.scram("noone", Cost::pbkdf2(600_000)).salt);
/// ```
#[derive(Clone)]
pub struct Decoy(Zeroizing<[u8; 32]>);

impl Decoy {
    /// Makes them up with this key: random, secret, and the same for as long as names are to look the same.
    #[must_use]
    pub fn new(key: [u8; 32]) -> Self {
        Self(Zeroizing::new(key))
    }

    /// SCRAM credentials for a name, with the costs that the realm's real ones have. The salt has 16 octets.
    #[must_use]
    pub fn scram(&self, authid: &str, cost: Cost) -> ScramCredentials {
        ScramCredentials {
            kdf: cost.kdf,
            salt: self.octets("scram salt", authid)[..16].into(),
            iterations: cost.iterations,
            memory: cost.memory,
            stored_key: self.octets("scram stored key", authid),
            server_key: self.octets("scram server key", authid),
        }
    }

    /// A WAMP-CRA key for a name.
    #[must_use]
    pub fn wampcra_key(&self, authid: &str) -> wampcra::Key {
        wampcra::Key::from_derived(&primitives::base64(&self.octets("wampcra key", authid)))
    }

    /// A salting of WAMP-CRA for a name, with this cost.
    #[must_use]
    pub fn wampcra_salting(&self, authid: &str, iterations: u32, keylen: u32) -> wampcra::Salting {
        let salt = primitives::base64(&self.octets("wampcra salt", authid)[..16]).into();
        wampcra::Salting { salt, iterations, keylen }
    }

    /// A number for a name, from 0 to `below` - 1: for choices that have to look the same each time, too.
    #[must_use]
    pub fn choice(&self, authid: &str, below: u64) -> u64 {
        let [a, b, c, d, e, f, g, h, ..] = self.octets("choice", authid);
        u64::from_be_bytes([a, b, c, d, e, f, g, h]).checked_rem(below).unwrap_or(0)
    }

    fn octets(&self, what: &str, authid: &str) -> [u8; 32] {
        let text = alloc::format!("{what}\0{authid}");
        primitives::hmac(&*self.0, text.as_bytes())
    }
}

impl fmt::Debug for Decoy {
    /// Does not show the key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Decoy(…)")
    }
}
