//! A signature with a shared secret ("WAMP: Challenge Response Authentication").

use super::{ChallengeError, CostError, CredentialError, ProofError, method, primitives};
use crate::{
    id::SessionId,
    message::{Authenticate, Challenge},
    value::Dict,
};
use alloc::string::String;
use bytestring::ByteString;
use core::{fmt, ops::RangeInclusive};
use zeroize::Zeroizing;

/// How often a client lets its secret be hashed: 1,000 (the protocol's own default) to 10,000,000 times.
pub const ITERATIONS: RangeInclusive<u32> = 1_000..=10_000_000;

/// How many octets a derived key may have: 16 to 1,024.
pub const KEY_LENGTH: RangeInclusive<u32> = 16..=1_024;

/// How a key is derived from a secret, so that a router need not keep the secret (PBKDF2 with HMAC-SHA-256).
///
/// Who steals the derived key can still pretend to be the client; SCRAM does not have this weakness.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Salting {
    /// The salt. It is text and used as it stands, even when it looks like base64.
    pub salt: ByteString,
    /// How often the secret is hashed; see [`ITERATIONS`].
    pub iterations: u32,
    /// How many octets the derived key has; see [`KEY_LENGTH`].
    pub keylen: u32,
}

impl Salting {
    /// With this salt, and the protocol's defaults: 1,000 iterations and 32 octets.
    pub fn new(salt: impl Into<ByteString>) -> Self {
        Self { salt: salt.into(), iterations: 1_000, keylen: 32 }
    }

    /// Whether clients would accept it.
    ///
    /// # Errors
    /// [`CostError`] names what is out of bounds.
    pub fn check(&self) -> Result<(), CostError> {
        CostError::check("iterations", self.iterations, &ITERATIONS)?;
        CostError::check("keylen", self.keylen, &KEY_LENGTH)
    }
}

/// What signatures are made with.
#[derive(Clone)]
pub struct Key(Zeroizing<String>);

impl Key {
    /// The key of an unsalted exchange: the secret itself.
    #[must_use]
    pub fn plain(secret: &str) -> Self {
        Self(Zeroizing::new(secret.into()))
    }

    /// The key of a salted exchange.
    ///
    /// # Errors
    /// [`CredentialError::Cost`] when the salting is out of the bounds that clients accept.
    ///
    /// ```
    /// use wamplex_shared::auth::wampcra::{Key, Salting};
    ///
    /// let key = Key::derive("secret123", &Salting::new("salt123"))?;
    /// assert_eq!(key.as_text(), "Eu7CQLfR+/Ffb+275A4s9/6H/RGKYxM4s6IMrsNKzC8=");
    /// # Ok::<(), wamplex_shared::auth::CredentialError>(())
    /// ```
    pub fn derive(secret: &str, salting: &Salting) -> Result<Self, CredentialError> {
        salting.check()?;
        Ok(Self::derived(secret, salting))
    }

    /// The key of a salted exchange that was derived before: what [`as_text`](Self::as_text) gave.
    #[must_use]
    pub fn from_derived(text: &str) -> Self {
        Self::plain(text)
    }

    /// The key as text, to keep it: the secret itself, or the derived key in base64. That text, not the octets behind
    /// it, is what WAMP's implementations sign with.
    #[must_use]
    pub fn as_text(&self) -> &str {
        &self.0
    }

    /// The signature of a challenge.
    ///
    /// ```
    /// use wamplex_shared::auth::wampcra::Key;
    ///
    /// let signature = Key::plain("secret123").sign("{}");
    /// assert_eq!(signature, "nkApFyhJRjArvaO+A7pfmFnSdFKABm+IF4FFrZCP8Jg=");
    /// ```
    #[must_use]
    pub fn sign(&self, challenge: &str) -> String {
        primitives::base64(&self.mac(challenge))
    }

    /// Checks a signature, in a time that says nothing about the right one.
    ///
    /// # Errors
    /// [`ProofError::Malformed`] when it is none, [`ProofError::Wrong`] when it is another one.
    pub fn verify(&self, challenge: &str, signature: &str) -> Result<(), ProofError> {
        let given = primitives::from_base64(signature)
            .filter(|given| given.len() == 32)
            .ok_or(ProofError::Malformed("signature"))?;
        let holds = primitives::equal(&self.mac(challenge), &given);
        if holds { Ok(()) } else { Err(ProofError::Wrong) }
    }

    fn mac(&self, challenge: &str) -> [u8; 32] {
        primitives::hmac(self.0.as_bytes(), challenge.as_bytes())
    }

    fn derived(secret: &str, salting: &Salting) -> Self {
        let length = usize::try_from(salting.keylen).unwrap_or(usize::MAX);
        let mut key = Zeroizing::new(alloc::vec![0; length]);
        let salt = salting.salt.as_bytes();
        primitives::pbkdf2(secret.as_bytes(), salt, salting.iterations, &mut key);
        Self(Zeroizing::new(primitives::base64(&key)))
    }
}

impl fmt::Debug for Key {
    /// Does not show the key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}

/// Answers a CHALLENGE.
///
/// # Errors
/// The challenge is malformed, or asks for more or less hashing than [`ITERATIONS`] and [`KEY_LENGTH`] allow.
pub fn respond(secret: &str, challenge: &Challenge) -> Result<Authenticate, ChallengeError> {
    if challenge.method != method::WAMPCRA {
        return Err(ChallengeError::WrongMethod(challenge.method.clone()));
    }
    let extra = &challenge.extra;
    let text =
        primitives::text(extra, "challenge").ok_or(ChallengeError::Malformed("challenge"))?;
    let key = match salting(extra)? {
        Some(salting) => Key::derived(secret, &salting),
        None => Key::plain(secret),
    };
    Ok(Authenticate { signature: key.sign(text).into(), extra: Dict::new() })
}

fn salting(extra: &Dict) -> Result<Option<Salting>, ChallengeError> {
    let salt = primitives::optional_text(extra, "salt");
    let Some(salt) = salt.map_err(|()| ChallengeError::Malformed("salt"))? else {
        return Ok(None);
    };
    let number = |key: &'static str, default| match extra.get(key) {
        None => Ok(default),
        Some(_) => primitives::number(extra, key).ok_or(ChallengeError::Malformed(key)),
    };
    let salting = Salting {
        salt: salt.clone(),
        iterations: number("iterations", 1_000)?,
        keylen: number("keylen", 32)?,
    };
    salting.check()?;
    Ok(Some(salting))
}

/// What a challenge says: who will be welcome, if the signature is right.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// Who the client claims to be.
    pub authid: &'a str,
    /// The role it would get.
    pub authrole: &'a str,
    /// Where its principal is kept.
    pub authprovider: &'a str,
    /// Random text that was never used before; 16 octets of randomness or more.
    pub nonce: &'a str,
    /// The time in UTC (ISO 8601), for example `2014-06-22T16:36:25.448Z`.
    pub timestamp: &'a str,
    /// The session it would get.
    pub session: SessionId,
}

/// The router's side of one exchange.
#[derive(Debug)]
pub struct Challenger {
    key: Key,
    salting: Option<Salting>,
    text: ByteString,
}

impl Challenger {
    /// Begins with the key kept for the client, and the salting it was derived with, if it was.
    #[must_use]
    pub fn new(key: Key, salting: Option<Salting>, subject: &Subject<'_>) -> Self {
        Self { key, salting, text: challenge_text(subject).into() }
    }

    /// The CHALLENGE.
    #[must_use]
    pub fn challenge(&self) -> Challenge {
        let mut extra = Dict::new();
        extra.insert("challenge", self.text.clone());
        if let Some(salting) = &self.salting {
            extra.insert("salt", salting.salt.clone());
            extra.insert("iterations", salting.iterations);
            extra.insert("keylen", salting.keylen);
        }
        Challenge { method: ByteString::from_static(method::WAMPCRA), extra }
    }

    /// Judges the answer against the text that was sent. There is no second try.
    ///
    /// # Errors
    /// [`ProofError`] when the client is not who it claims to be.
    pub fn verify(self, proof: &Authenticate) -> Result<(), ProofError> {
        self.key.verify(&self.text, &proof.signature)
    }
}

/// The text that is signed: JSON, of which nobody reads anything but the octets.
fn challenge_text(subject: &Subject<'_>) -> String {
    let mut text = String::from("{");
    let fields = [
        ("authid", subject.authid),
        ("authrole", subject.authrole),
        ("authmethod", method::WAMPCRA),
        ("authprovider", subject.authprovider),
        ("nonce", subject.nonce),
        ("timestamp", subject.timestamp),
    ];
    for (key, value) in fields {
        push_quoted(&mut text, key);
        text.push(':');
        push_quoted(&mut text, value);
        text.push(',');
    }
    text.push_str("\"session\":");
    text.push_str(&alloc::format!("{}}}", subject.session.get()));
    text
}

fn push_quoted(text: &mut String, value: &str) {
    text.push('"');
    for c in value.chars() {
        match c {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            c if c.is_control() => text.push_str(&alloc::format!("\\u{:04x}", u32::from(c))),
            c => text.push(c),
        }
    }
    text.push('"');
}
