//! A signature with a private key ("WAMP: Cryptosign-based Authentication"; Ed25519, RFC 8032).

use super::{
    BindingKind, ChallengeError, ChannelBinding, CredentialError, ProofError, method, primitives,
};
use crate::{
    message::{Authenticate, Challenge},
    value::{Dict, Value},
};
use alloc::string::String;
use bytestring::ByteString;
use core::fmt;
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};

/// A private key.
///
/// ```
/// use wamplex_shared::auth::cryptosign::Key;
///
/// let seed = "4d57d97a68f555696620a6d849c0ce582568518d729eb753dc7c732de2804510";
/// let key = Key::from_hex(seed)?;
/// assert_eq!(format!("{key:?}"), format!("Key(of {})", key.public()));
/// # Ok::<(), wamplex_shared::auth::CredentialError>(())
/// ```
#[derive(Clone)]
pub struct Key(SigningKey);

impl Key {
    /// The key with this seed, which is what is secret of it.
    #[must_use]
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(seed))
    }

    /// The key with this seed in hexadecimal digits: 64 of them, or 128 when the public key follows.
    ///
    /// # Errors
    /// [`CredentialError::Key`] when it is anything else, or the public key is that of another one.
    pub fn from_hex(text: &str) -> Result<Self, CredentialError> {
        let malformed = CredentialError::Key("64 or 128 hexadecimal digits");
        match text.len() {
            64 => Ok(Self::from_seed(&primitives::from_hex(text).ok_or(malformed)?)),
            128 => {
                let pair = primitives::from_hex::<64>(text).ok_or(malformed)?;
                let key = SigningKey::from_keypair_bytes(&pair);
                key.map(Self).map_err(|_| {
                    CredentialError::Key(
                        "a private key followed by the public key that belongs to it",
                    )
                })
            }
            _ => Err(malformed),
        }
    }

    /// The public key that belongs to it.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key().to_bytes())
    }

    /// Signs what is sent to the other side: the signature and the signed octets, in hexadecimal digits.
    fn sign(&self, message: &[u8; 32]) -> String {
        let mut signed = [0; 96];
        signed[..64].copy_from_slice(&self.0.sign(message).to_bytes());
        signed[64..].copy_from_slice(message);
        primitives::hex(&signed)
    }
}

impl fmt::Debug for Key {
    /// Shows the public key only.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key(of {})", self.public())
    }
}

/// A public key: who somebody is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PublicKey([u8; 32]);

impl PublicKey {
    /// The key with these octets.
    #[must_use]
    pub const fn from_bytes(key: [u8; 32]) -> Self {
        Self(key)
    }

    /// The key with these 64 hexadecimal digits.
    ///
    /// # Errors
    /// [`CredentialError::Key`] when it is anything else.
    pub fn from_hex(text: &str) -> Result<Self, CredentialError> {
        let malformed = CredentialError::Key("64 hexadecimal digits");
        primitives::from_hex(text).map(Self).ok_or(malformed)
    }

    /// Its octets.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; 32] {
        self.0
    }

    /// Whether `signed` is a signature of exactly `message`, followed by it.
    fn check(&self, message: &[u8; 32], signed: &str) -> Result<(), ProofError> {
        let signed: [u8; 96] =
            primitives::from_hex(signed).ok_or(ProofError::Malformed("signature"))?;
        let (signature, appended) = signed.split_at(64);
        // What was appended is what the other side says it signed; what counts is what it had to sign.
        if !primitives::equal(appended, message) {
            return Err(ProofError::ForeignChallenge);
        }
        let signature = Signature::from_slice(signature).map_err(|_| ProofError::Wrong)?;
        let key = VerifyingKey::from_bytes(&self.0).map_err(|_| ProofError::Malformed("pubkey"))?;
        key.verify_strict(message, &signature).map_err(|_| ProofError::Wrong)
    }
}

impl fmt::Display for PublicKey {
    /// 64 hexadecimal digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&primitives::hex(&self.0))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({self})")
    }
}

/// What has to be signed: a challenge, tied to the connection if there is a binding.
fn bound(challenge: [u8; 32], channel: Option<[u8; 32]>) -> [u8; 32] {
    channel.map_or(challenge, |channel| primitives::xor(challenge, channel))
}

/// The client's side of one exchange.
#[derive(Debug)]
pub struct Responder {
    key: Key,
    binding: Option<(BindingKind, [u8; 32])>,
    router: Option<AskedRouter>,
}

#[derive(Debug)]
struct AskedRouter {
    challenge: [u8; 32],
    expected: PublicKey,
}

impl Responder {
    /// Begins with a private key.
    #[must_use]
    pub const fn new(key: Key) -> Self {
        Self { key, binding: None, router: None }
    }

    /// Binds the proof to a connection.
    ///
    /// # Errors
    /// [`CredentialError::Key`] unless exactly 32 octets identify it.
    pub fn bound_to(mut self, channel: &ChannelBinding) -> Result<Self, CredentialError> {
        let id = channel.id().ok_or(CredentialError::Key("32 octets to bind to"))?;
        self.binding = Some((channel.kind, id));
        Ok(self)
    }

    /// Asks the router to prove that it is the one with this public key. `challenge` is random and was never used before.
    #[must_use]
    pub const fn trusting(mut self, router: PublicKey, challenge: [u8; 32]) -> Self {
        self.router = Some(AskedRouter { challenge, expected: router });
        self
    }

    /// What HELLO has to say under `authextra`.
    #[must_use]
    pub fn authextra(&self) -> Dict {
        let mut extra = Dict::new();
        extra.insert("pubkey", primitives::hex(&self.key.public().0));
        let kind = self.binding.map(|(kind, _)| Value::from(kind.as_str()));
        extra.insert("channel_binding", kind.unwrap_or_default());
        if let Some(router) = &self.router {
            extra.insert("challenge", primitives::hex(&router.challenge));
        }
        extra
    }

    /// Answers the CHALLENGE.
    ///
    /// # Errors
    /// The challenge is malformed, the router binds to something else than was asked for, or it did not prove who it is.
    pub fn respond(&self, challenge: &Challenge) -> Result<Authenticate, ChallengeError> {
        if challenge.method != method::CRYPTOSIGN {
            return Err(ChallengeError::WrongMethod(challenge.method.clone()));
        }
        let extra = &challenge.extra;
        self.check_binding(extra)?;
        self.check_router(extra)?;
        let text: [u8; 32] = primitives::text(extra, "challenge")
            .and_then(|text| primitives::from_hex(text))
            .ok_or(ChallengeError::Malformed("challenge"))?;
        let signature = self.key.sign(&bound(text, self.channel())).into();
        Ok(Authenticate { signature, extra: Dict::new() })
    }

    fn channel(&self) -> Option<[u8; 32]> {
        self.binding.map(|(_, id)| id)
    }

    fn check_binding(&self, extra: &Dict) -> Result<(), ChallengeError> {
        let found = primitives::optional_text(extra, "channel_binding")
            .map_err(|()| ChallengeError::Malformed("channel_binding"))?;
        let asked = self.binding.map(|(kind, _)| kind);
        if found.map(|found| &**found) == asked.map(BindingKind::as_str) {
            return Ok(());
        }
        Err(ChallengeError::Downgrade { asked, found: found.cloned() })
    }

    fn check_router(&self, extra: &Dict) -> Result<(), ChallengeError> {
        let Some(router) = &self.router else { return Ok(()) };
        let key = primitives::text(extra, "pubkey").and_then(|key| PublicKey::from_hex(key).ok());
        if key != Some(router.expected) {
            return Err(ChallengeError::UntrustedRouter);
        }
        let signed = primitives::text(extra, "signature").ok_or(ChallengeError::UntrustedRouter)?;
        let message = bound(router.challenge, self.channel());
        router.expected.check(&message, signed).map_err(|_| ChallengeError::UntrustedRouter)
    }
}

/// What a client says in HELLO under `authextra`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    key: PublicKey,
    binding: Option<BindingKind>,
    challenge: Option<[u8; 32]>,
}

impl Request {
    /// Reads `HELLO.Details.authextra`.
    ///
    /// A binding that is not known is as good as none: the client has to notice that the CHALLENGE does not name it.
    ///
    /// # Errors
    /// The public key or the client's challenge is malformed.
    pub fn read(authextra: &Dict) -> Result<Self, ProofError> {
        let key = primitives::text(authextra, "pubkey")
            .and_then(|key| primitives::from_hex(key))
            .ok_or(ProofError::Malformed("pubkey"))?;
        let optional = |key| {
            primitives::optional_text(authextra, key).map_err(|()| ProofError::Malformed(key))
        };
        let binding = optional("channel_binding")?.and_then(|name| BindingKind::from_name(name));
        let challenge = match optional("challenge")? {
            None => None,
            Some(text) => {
                Some(primitives::from_hex(text).ok_or(ProofError::Malformed("challenge"))?)
            }
        };
        Ok(Self { key: PublicKey(key), binding, challenge })
    }

    /// Who the client claims to be.
    #[must_use]
    pub const fn public_key(&self) -> PublicKey {
        self.key
    }

    /// How the client wants to bind its proof to the connection.
    #[must_use]
    pub const fn binding(&self) -> Option<BindingKind> {
        self.binding
    }

    /// Whether the client wants the router to prove who it is.
    #[must_use]
    pub const fn wants_router_proof(&self) -> bool {
        self.challenge.is_some()
    }
}

/// The router's side of one exchange.
#[derive(Debug)]
pub struct Challenger {
    request: Request,
    challenge: [u8; 32],
    binding: Option<(BindingKind, [u8; 32])>,
    /// The router's public key and its signature of the client's challenge.
    own: Option<(PublicKey, String)>,
}

impl Challenger {
    /// Begins with what the client said in HELLO, 32 random octets that were never used before, what identifies the
    /// connection, and the key of the router if it has one.
    ///
    /// A binding that the client did not ask for, or asked for in another kind, is not used.
    #[must_use]
    pub fn new(
        request: Request,
        challenge: [u8; 32],
        channel: Option<&ChannelBinding>,
        router: Option<&Key>,
    ) -> Self {
        let binding = channel
            .filter(|channel| request.binding == Some(channel.kind))
            .and_then(|channel| Some((channel.kind, channel.id()?)));
        let channel_id = binding.map(|(_, id)| id);
        let own = router
            .zip(request.challenge)
            .map(|(key, challenge)| (key.public(), key.sign(&bound(challenge, channel_id))));
        Self { request, challenge, binding, own }
    }

    /// The CHALLENGE.
    #[must_use]
    pub fn challenge(&self) -> Challenge {
        let mut extra = Dict::new();
        extra.insert("challenge", primitives::hex(&self.challenge));
        let kind = self.binding.map(|(kind, _)| Value::from(kind.as_str()));
        extra.insert("channel_binding", kind.unwrap_or_default());
        if let Some((key, signature)) = &self.own {
            extra.insert("pubkey", primitives::hex(&key.0));
            extra.insert("signature", signature.as_str());
        }
        Challenge { method: ByteString::from_static(method::CRYPTOSIGN), extra }
    }

    /// Judges the answer and returns the public key whose owner the client is. There is no second try.
    ///
    /// # Errors
    /// [`ProofError`] when the client is not who it claims to be.
    pub fn verify(self, proof: &Authenticate) -> Result<PublicKey, ProofError> {
        let message = bound(self.challenge, self.binding.map(|(_, id)| id));
        self.request.key.check(&message, &proof.signature)?;
        Ok(self.request.key)
    }
}
