//! What both sides compute from the same exchange.

use super::cost::{Cost, Kdf};
use crate::auth::{BindingKind, ChannelBinding, CostError, CredentialError, primitives};
use crate::value::Value;
use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};
use argon2::{Algorithm, Argon2, Params, Version};
use zeroize::Zeroizing;

/// The keys behind a password.
pub(super) struct Keys(Zeroizing<[u8; 32]>);

impl Keys {
    /// Derives them; the costs are checked by the caller.
    pub(super) fn derive(
        password: &str,
        salt: &[u8],
        cost: &Cost,
    ) -> Result<Self, CredentialError> {
        let password = Zeroizing::new(primitives::saslprep(password, "password")?.into_owned());
        let mut salted = Zeroizing::new([0; 32]);
        match cost.kdf {
            Kdf::Pbkdf2 => {
                primitives::pbkdf2(password.as_bytes(), salt, cost.iterations, &mut *salted);
            }
            Kdf::Argon2id13 => argon2id13(password.as_bytes(), salt, cost, &mut salted)?,
        }
        Ok(Self(salted))
    }

    pub(super) fn client_key(&self) -> Zeroizing<[u8; 32]> {
        Zeroizing::new(primitives::hmac(&*self.0, b"Client Key"))
    }

    pub(super) fn stored_key(&self) -> [u8; 32] {
        primitives::sha256(&*self.client_key())
    }

    pub(super) fn server_key(&self) -> [u8; 32] {
        primitives::hmac(&*self.0, b"Server Key")
    }
}

fn argon2id13(
    password: &[u8],
    salt: &[u8],
    cost: &Cost,
    out: &mut [u8; 32],
) -> Result<(), CredentialError> {
    let memory = cost.memory.unwrap_or(0);
    let params =
        Params::new(memory, cost.iterations, 1, Some(out.len())).map_err(|_| CostError {
            what: "memory",
            value: memory.into(),
            least: Params::MIN_M_COST.into(),
            most: Params::MAX_M_COST.into(),
        })?;
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(password, salt, out)
        .map_err(|_| CredentialError::TooShort("salt"))
}

/// What both sides must have seen alike.
pub(super) struct Exchange<'a> {
    /// Prepared with SASLprep.
    pub(super) authid: &'a str,
    pub(super) client_nonce: &'a str,
    /// Of client and router.
    pub(super) nonce: &'a str,
    /// In base64.
    pub(super) salt: &'a str,
    pub(super) iterations: u32,
    pub(super) binding: Option<&'a ChannelBinding>,
}

impl Exchange<'_> {
    /// The text that is signed: `AuthMessage` of RFC 5802, section 3.
    pub(super) fn auth_message(&self) -> String {
        format!(
            "n={},r={},r={},s={},i={},c={},r={}",
            escaped(self.authid),
            self.client_nonce,
            self.nonce,
            self.salt,
            self.iterations,
            bound(self.binding),
            self.nonce
        )
    }
}

/// A user name in which nothing looks like the end of it.
fn escaped(name: &str) -> String {
    name.replace('=', "=3D").replace(',', "=2C")
}

/// The flag that says whether there is a channel binding, and its octets.
fn bound(binding: Option<&ChannelBinding>) -> String {
    let Some(binding) = binding else { return primitives::base64(b"n,,") };
    let mut input: Vec<u8> = format!("p={},,", binding.kind).into_bytes();
    input.extend_from_slice(&binding.data);
    primitives::base64(&input)
}

/// What the client shows: its key, hidden behind a signature.
pub(super) fn client_proof(
    client_key: &[u8; 32],
    stored_key: &[u8; 32],
    message: &str,
) -> [u8; 32] {
    primitives::xor(*client_key, primitives::hmac(stored_key, message.as_bytes()))
}

/// What the router shows in WELCOME.
pub(super) fn server_signature(server_key: &[u8; 32], message: &str) -> [u8; 32] {
    primitives::hmac(server_key, message.as_bytes())
}

/// The name of a binding in messages, or its absence.
pub(super) fn binding_name(binding: Option<BindingKind>) -> Value {
    binding.map_or(Value::Null, |kind| kind.to_string().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7677, section 3.
    #[test]
    fn the_example_of_rfc_7677_holds() {
        let keys = Keys::derive(
            "pencil",
            &primitives::from_base64("W22ZaJ0SNY7soEsUEjb6gQ==").unwrap(),
            &Cost::pbkdf2(4096),
        )
        .unwrap();
        let message = Exchange {
            authid: "user",
            client_nonce: "rOprNGfwEbeRWgbNEkqO",
            nonce: "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
            salt: "W22ZaJ0SNY7soEsUEjb6gQ==",
            iterations: 4096,
            binding: None,
        }
        .auth_message();
        let proof = client_proof(&keys.client_key(), &keys.stored_key(), &message);
        assert_eq!(primitives::base64(&proof), "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=");
        assert_eq!(
            primitives::base64(&server_signature(&keys.server_key(), &message)),
            "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="
        );
    }
}
