//! The client's side.

use super::{
    cost::{Cost, CostBounds, Kdf},
    exchange::{self, Exchange, Keys},
};
use crate::{
    auth::{BindingKind, ChallengeError, ChannelBinding, CredentialError, method, primitives},
    message::{Authenticate, Challenge},
    value::{Dict, Value},
};
use alloc::{string::String, vec::Vec};
use bytestring::ByteString;
use core::fmt;

/// The client's side of one exchange.
#[derive(Debug)]
pub struct Responder {
    authid: String,
    nonce: String,
    binding: Option<ChannelBinding>,
    bounds: CostBounds,
}

impl Responder {
    /// Begins with a name, which is prepared with SASLprep; a nonce that was never used before, random, 16 octets by
    /// recommendation; and what identifies the connection, if the proof is to be bound to it.
    ///
    /// # Errors
    /// The name is empty or has characters that RFC 4013 forbids, or the nonce has less than 8 octets.
    pub fn new(
        authid: &str,
        nonce: &[u8],
        binding: Option<ChannelBinding>,
        bounds: CostBounds,
    ) -> Result<Self, CredentialError> {
        if nonce.len() < 8 {
            return Err(CredentialError::TooShort("nonce"));
        }
        let authid = primitives::saslprep(authid, "authid")?.into_owned();
        Ok(Self { authid, nonce: primitives::base64(nonce), binding, bounds })
    }

    /// The name as HELLO has to say it.
    #[must_use]
    pub fn authid(&self) -> &str {
        &self.authid
    }

    /// What HELLO has to say under `authextra`.
    #[must_use]
    pub fn authextra(&self) -> Dict {
        [
            ("nonce", Value::from(self.nonce.as_str())),
            ("channel_binding", exchange::binding_name(self.kind())),
        ]
        .into_iter()
        .collect()
    }

    /// Answers the CHALLENGE. What is returned beside the answer has to judge the WELCOME.
    ///
    /// Takes as long as the router says, within the bounds.
    ///
    /// # Errors
    /// The challenge is malformed or for somebody else, its costs are out of bounds, or the password is empty or has
    /// characters that RFC 4013 forbids.
    pub fn respond(
        &self,
        password: &str,
        challenge: &Challenge,
    ) -> Result<(Authenticate, ExpectedRouter), ChallengeError> {
        let asked = self.read(challenge)?;
        let keys = Keys::derive(password, &asked.salt, &asked.cost)?;
        let message = Exchange {
            authid: &self.authid,
            client_nonce: &self.nonce,
            nonce: asked.nonce,
            salt: asked.salt_text,
            iterations: asked.cost.iterations,
            binding: self.binding.as_ref(),
        }
        .auth_message();
        let proof = exchange::client_proof(&keys.client_key(), &keys.stored_key(), &message);
        let expected = exchange::server_signature(&keys.server_key(), &message);
        let data = self.binding.as_ref().map(|binding| primitives::base64(&binding.data));
        let extra = [
            ("nonce", Value::from(asked.nonce.clone())),
            ("channel_binding", exchange::binding_name(self.kind())),
            ("cbind_data", data.map_or(Value::Null, Value::from)),
        ];
        let signature = primitives::base64(&proof).into();
        let answer = Authenticate { signature, extra: extra.into_iter().collect() };
        Ok((answer, ExpectedRouter(expected)))
    }

    fn kind(&self) -> Option<BindingKind> {
        self.binding.as_ref().map(|binding| binding.kind)
    }

    fn read<'c>(&self, challenge: &'c Challenge) -> Result<Asked<'c>, ChallengeError> {
        if challenge.method != method::SCRAM {
            return Err(ChallengeError::WrongMethod(challenge.method.clone()));
        }
        let extra = &challenge.extra;
        let malformed = |key| move || ChallengeError::Malformed(key);
        let nonce = primitives::text(extra, "nonce").ok_or_else(malformed("nonce"))?;
        self.check_nonce(nonce)?;
        self.check_binding(extra)?;
        let salt_text = primitives::text(extra, "salt").ok_or_else(malformed("salt"))?;
        let salt = primitives::from_base64(salt_text)
            .filter(|salt| salt.len() >= 8)
            .ok_or_else(malformed("salt"))?;
        let name = primitives::text(extra, "kdf").ok_or_else(malformed("kdf"))?;
        let kdf = Kdf::from_name(name).ok_or_else(|| ChallengeError::UnknownKdf(name.clone()))?;
        let iterations =
            primitives::number(extra, "iterations").ok_or_else(malformed("iterations"))?;
        let memory = match (kdf, extra.get("memory")) {
            (Kdf::Pbkdf2, _) | (_, None | Some(Value::Null)) => None,
            _ => Some(primitives::number(extra, "memory").ok_or_else(malformed("memory"))?),
        };
        let cost = Cost { kdf, iterations, memory };
        self.bounds.check(&cost)?;
        Ok(Asked { nonce, salt_text, salt, cost })
    }

    /// The nonce must go on from ours, with something of the router's own, and nothing in it may look like the end of
    /// it.
    fn check_nonce(&self, nonce: &str) -> Result<(), ChallengeError> {
        let added = nonce.strip_prefix(&self.nonce).ok_or(ChallengeError::ForeignNonce)?;
        if added.is_empty() {
            return Err(ChallengeError::ForeignNonce);
        }
        let printable = added.bytes().all(|b| b.is_ascii_graphic() && b != b',');
        if printable { Ok(()) } else { Err(ChallengeError::Malformed("nonce")) }
    }

    /// A router need not repeat the binding, but it must not name another one.
    fn check_binding(&self, extra: &Dict) -> Result<(), ChallengeError> {
        let found = primitives::optional_text(extra, "channel_binding")
            .map_err(|()| ChallengeError::Malformed("channel_binding"))?;
        match found {
            Some(found) if self.kind().is_none_or(|kind| *found != kind.as_str()) => {
                Err(ChallengeError::Downgrade { asked: self.kind(), found: Some(found.clone()) })
            }
            _ => Ok(()),
        }
    }
}

struct Asked<'c> {
    nonce: &'c ByteString,
    salt_text: &'c ByteString,
    salt: Vec<u8>,
    cost: Cost,
}

/// What only a router that has the credentials can say in WELCOME.
#[must_use = "a router that is not checked may be anybody"]
#[derive(Clone, PartialEq, Eq)]
pub struct ExpectedRouter([u8; 32]);

impl ExpectedRouter {
    /// Judges `WELCOME.Details.authextra`. With `v=` before the proof, as some routers have it, it counts too.
    ///
    /// # Errors
    /// [`ChallengeError::UntrustedRouter`] when the proof is missing or wrong: the session has to be aborted.
    pub fn verify(&self, authextra: &Dict) -> Result<(), ChallengeError> {
        let verifier = primitives::text(authextra, "verifier");
        let given = verifier
            .map(|text| text.strip_prefix("v=").unwrap_or(text))
            .and_then(primitives::from_base64);
        match given {
            Some(given) if primitives::equal(&self.0, &given) => Ok(()),
            _ => Err(ChallengeError::UntrustedRouter),
        }
    }
}

impl fmt::Debug for ExpectedRouter {
    /// Does not show the proof: another router could use it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ExpectedRouter(…)")
    }
}
