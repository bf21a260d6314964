//! The router's side.

use super::{
    credentials::ScramCredentials,
    exchange::{self, Exchange},
};
use crate::{
    auth::{BindingKind, ChannelBinding, CredentialError, ProofError, method, primitives},
    message::{Authenticate, Challenge},
    value::{Dict, Value},
};
use alloc::{format, string::String};
use bytestring::ByteString;

/// What a client says in HELLO under `authextra`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    nonce: ByteString,
    binding: Option<BindingKind>,
}

impl Request {
    /// Reads `HELLO.Details.authextra`.
    ///
    /// # Errors
    /// The nonce is missing, too short or too long (8 to 1,024 characters without comma), or the channel binding is of a
    /// kind that is not known.
    pub fn read(authextra: &Dict) -> Result<Self, ProofError> {
        let nonce = primitives::text(authextra, "nonce")
            .filter(|nonce| (8..=1024).contains(&nonce.len()))
            .filter(|nonce| nonce.bytes().all(|b| b.is_ascii_graphic() && b != b','))
            .ok_or(ProofError::Malformed("nonce"))?
            .clone();
        Ok(Self { nonce, binding: binding(authextra)? })
    }

    /// How the client wants to bind its proof to the connection.
    #[must_use]
    pub const fn binding(&self) -> Option<BindingKind> {
        self.binding
    }
}

fn binding(extra: &Dict) -> Result<Option<BindingKind>, ProofError> {
    let name = primitives::optional_text(extra, "channel_binding")
        .map_err(|()| ProofError::Malformed("channel_binding"))?;
    let known = |name: &ByteString| {
        BindingKind::from_name(name).ok_or_else(|| ProofError::UnsupportedBinding(name.clone()))
    };
    name.map(known).transpose()
}

/// The name under which a client is looked up: what it says, prepared with SASLprep.
///
/// # Errors
/// It is empty or has characters that RFC 4013 forbids.
pub fn prepared_authid(authid: &str) -> Result<String, CredentialError> {
    Ok(primitives::saslprep(authid, "authid")?.into_owned())
}

/// The router's side of one exchange.
#[derive(Debug)]
pub struct Challenger {
    authid: String,
    client_nonce: ByteString,
    nonce: ByteString,
    salt: ByteString,
    binding: Option<ChannelBinding>,
    credentials: ScramCredentials,
}

impl Challenger {
    /// Begins with who the client claims to be, what it said in HELLO, what is kept of it or what a
    /// [`Decoy`](crate::auth::Decoy) made up, a nonce that was never used before (random; 16 octets by recommendation),
    /// and what identifies the connection in the way that the request asks for.
    ///
    /// # Errors
    /// [`ProofError::UnsupportedBinding`] when the client asks for a binding and `channel` is none of that kind;
    /// [`ProofError::Malformed`] when the name has characters that RFC 4013 forbids.
    pub fn new(
        authid: &str,
        request: Request,
        credentials: &ScramCredentials,
        nonce: &[u8],
        channel: Option<ChannelBinding>,
    ) -> Result<Self, ProofError> {
        let authid = prepared_authid(authid).map_err(|_| ProofError::Malformed("authid"))?;
        let binding = match request.binding {
            None => None,
            Some(kind) => {
                Some(channel.filter(|channel| channel.kind == kind).ok_or_else(|| {
                    ProofError::UnsupportedBinding(ByteString::from_static(kind.as_str()))
                })?)
            }
        };
        Ok(Self {
            authid,
            nonce: format!("{}{}", request.nonce, primitives::base64(nonce)).into(),
            client_nonce: request.nonce,
            salt: primitives::base64(&credentials.salt).into(),
            binding,
            credentials: credentials.clone(),
        })
    }

    /// The CHALLENGE.
    #[must_use]
    pub fn challenge(&self) -> Challenge {
        let cost = self.credentials.cost();
        let extra = [
            ("nonce", Value::from(self.nonce.clone())),
            ("salt", self.salt.clone().into()),
            ("kdf", cost.kdf.as_str().into()),
            ("iterations", cost.iterations.into()),
            ("memory", cost.memory.map_or(Value::Null, Value::from)),
        ];
        Challenge {
            method: ByteString::from_static(method::SCRAM),
            extra: extra.into_iter().collect(),
        }
    }

    /// Judges the answer. There is no second try. What it returns goes into `WELCOME.Details.authextra`, where the client
    /// looks for the router's own proof.
    ///
    /// # Errors
    /// [`ProofError`] when the client is not who it claims to be.
    pub fn verify(self, proof: &Authenticate) -> Result<Dict, ProofError> {
        self.check_extra(&proof.extra)?;
        let given: [u8; 32] = primitives::from_base64(&proof.signature)
            .and_then(|given| given.try_into().ok())
            .ok_or(ProofError::Malformed("signature"))?;
        let message = Exchange {
            authid: &self.authid,
            client_nonce: &self.client_nonce,
            nonce: &self.nonce,
            salt: &self.salt,
            iterations: self.credentials.iterations,
            binding: self.binding.as_ref(),
        }
        .auth_message();
        let stored_key = &self.credentials.stored_key;
        // The proof is its own inverse: the signature taken off again leaves the client's key.
        let client_key = exchange::client_proof(&given, stored_key, &message);
        if !primitives::equal(&primitives::sha256(&client_key), stored_key) {
            return Err(ProofError::Wrong);
        }
        let verifier = exchange::server_signature(&self.credentials.server_key, &message);
        Ok([("verifier", Value::from(primitives::base64(&verifier)))].into_iter().collect())
    }

    fn check_extra(&self, extra: &Dict) -> Result<(), ProofError> {
        let nonce = primitives::text(extra, "nonce").ok_or(ProofError::Malformed("nonce"))?;
        if *nonce != self.nonce {
            return Err(ProofError::ForeignChallenge);
        }
        if binding(extra)? != self.binding.as_ref().map(|binding| binding.kind) {
            return Err(ProofError::ForeignChannel);
        }
        let data = primitives::optional_text(extra, "cbind_data")
            .map_err(|()| ProofError::Malformed("cbind_data"))?;
        match (data, &self.binding) {
            (None, None) => Ok(()),
            (Some(data), Some(ours)) => {
                let data =
                    primitives::from_base64(data).ok_or(ProofError::Malformed("cbind_data"))?;
                let same = primitives::equal(&data, &ours.data);
                if same { Ok(()) } else { Err(ProofError::ForeignChannel) }
            }
            _ => Err(ProofError::Malformed("cbind_data")),
        }
    }
}
