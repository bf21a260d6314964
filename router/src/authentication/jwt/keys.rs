//! The keys that tokens are signed with, each for one algorithm.

use crate::config::HmacAlgorithm;
use data_encoding::BASE64URL_NOPAD;
use jsonwebtoken::{
    Algorithm, DecodingKey, crypto,
    jwk::{
        AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, KeyOperations, PublicKeyUse,
        RSAKeyParameters,
    },
};
use serde::Deserialize;
use std::{fmt, ops::RangeInclusive};

/// The most keys that a set may have: issuers have a few.
const MOST_KEYS: usize = 100;

/// How many bits an RSA key may have: fewer are weak (RFC 7518, section 3.3), more take long.
const RSA_BITS: RangeInclusive<usize> = 2048..=4096;

/// What is wrong with a key that is none.
const MALFORMED: &str = "malformed";

/// A key and the one algorithm it is for.
pub(super) struct Key {
    id: Option<String>,
    algorithm: Algorithm,
    key: DecodingKey,
}

/// The keys of an issuer.
#[derive(Debug)]
pub(super) struct Keys {
    keys: Vec<Key>,
    /// Whether tokens need not name the key, since the issuer has no more than one and never another.
    is_shared_secret: bool,
}

/// Why there is no key for a token.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NoKey {
    /// The token names a key that there is not.
    Unknown,
    /// The token names none, and there are several.
    Unnamed,
    /// The key is for another algorithm.
    Algorithm,
}

/// A file of keys; each is looked at by itself, so that one that is not understood is no reason to refuse the others.
#[derive(Deserialize)]
struct Set {
    keys: Vec<serde_json::Value>,
}

impl Keys {
    /// One key that is shared with the issuer.
    pub(super) fn of_secret(secret: &[u8], algorithm: Algorithm) -> Self {
        let key = Key { id: None, algorithm, key: DecodingKey::from_secret(secret) };
        Self { keys: vec![key], is_shared_secret: true }
    }

    /// Reads a JSON Web Key Set. Keys of kinds that are not known here, and keys for other purposes, are left out.
    ///
    /// # Errors
    /// It is none, a key that is known is malformed or too weak, or no key is left.
    pub(super) fn of_set(text: &str) -> Result<Self, (Option<usize>, String)> {
        let set: Set = serde_json::from_str(text)
            .map_err(|error| (Some(error.line()), format!("no JSON Web Key Set: {error}")))?;
        if set.keys.len() > MOST_KEYS {
            return Err((None, format!("more than {MOST_KEYS} keys")));
        }
        let mut keys = Vec::new();
        for (i, key) in set.keys.into_iter().enumerate() {
            match read_key(key) {
                Ok(Some(key)) => keys.push(key),
                Ok(None) => tracing::debug!(key = i, "key left out: not for signatures known here"),
                Err(reason) => return Err((None, format!("keys[{i}]: {reason}"))),
            }
        }
        if keys.is_empty() {
            return Err((None, "there is no key for signatures in it".to_owned()));
        }
        Ok(Self { keys, is_shared_secret: false })
    }

    /// The keys a token may be signed with that says this of itself: most often one.
    pub(super) fn for_token(&self, id: Option<&str>, algorithm: &str) -> Result<Vec<&Key>, NoKey> {
        let named: Vec<_> = match id {
            _ if self.is_shared_secret => self.keys.iter().collect(),
            Some(id) => self.keys.iter().filter(|key| key.id.as_deref() == Some(id)).collect(),
            None if self.keys.len() == 1 => self.keys.iter().collect(),
            None => return Err(NoKey::Unnamed),
        };
        if named.is_empty() {
            return Err(NoKey::Unknown);
        }
        let fitting = named.into_iter().filter(|key| name(key.algorithm) == algorithm);
        let fitting: Vec<_> = fitting.collect();
        if fitting.is_empty() { Err(NoKey::Algorithm) } else { Ok(fitting) }
    }
}

impl Key {
    /// Whether `signature` (in Base64 for URLs) is one of `message`.
    pub(super) fn verifies(&self, message: &str, signature: &str) -> bool {
        crypto::verify(signature, message.as_bytes(), &self.key, self.algorithm).unwrap_or(false)
    }
}

impl fmt::Debug for Key {
    /// Does not show the key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key")
            .field("id", &self.id)
            .field("algorithm", &self.algorithm)
            .finish_non_exhaustive()
    }
}

/// Reads a key; `None` if it is for something else.
fn read_key(key: serde_json::Value) -> Result<Option<Key>, String> {
    // What cannot be read at all is of a kind of the future. What it says is not repeated: it may be a secret.
    let Ok(key) = serde_json::from_value::<Jwk>(key) else { return Ok(None) };
    let common = &key.common;
    let is_for_signatures = common
        .public_key_use
        .as_ref()
        .is_none_or(|u| *u == PublicKeyUse::Signature)
        && common.key_operations.as_ref().is_none_or(|all| all.contains(&KeyOperations::Verify));
    if !is_for_signatures {
        return Ok(None);
    }
    let Some(algorithm) = algorithm_of(&key)? else { return Ok(None) };
    let decoding = DecodingKey::from_jwk(&key).map_err(|_| MALFORMED.to_owned())?;
    // A key that cannot be used shows when it is: better now than at the first token.
    crypto::verify("", b"", &decoding, algorithm).map_err(|_| MALFORMED.to_owned())?;
    Ok(Some(Key { id: common.key_id.clone(), algorithm, key: decoding }))
}

/// The one algorithm a key is for; `None` if it is not for signatures that are known here.
#[expect(clippy::wildcard_enum_match_arm, reason = "kinds to come are not known here either")]
fn algorithm_of(key: &Jwk) -> Result<Option<Algorithm>, String> {
    let said = key.common.key_algorithm;
    let one_of = |known: &[Algorithm], unsaid: Algorithm| match said {
        None => Ok(Some(unsaid)),
        Some(
            KeyAlgorithm::RSA1_5
            | KeyAlgorithm::RSA_OAEP
            | KeyAlgorithm::RSA_OAEP_256
            | KeyAlgorithm::UNKNOWN_ALGORITHM,
        ) => Ok(None),
        Some(said) => match Algorithm::try_from(said) {
            Ok(said) if known.contains(&said) => Ok(Some(said)),
            Ok(_) | Err(_) => Err("it is not of the kind that its algorithm needs".to_owned()),
        },
    };
    match &key.algorithm {
        AlgorithmParameters::RSA(rsa) => {
            check_rsa(rsa)?;
            one_of(jsonwebtoken::AlgorithmFamily::Rsa.algorithms(), Algorithm::RS256)
        }
        AlgorithmParameters::EllipticCurve(ec) => match ec.curve {
            EllipticCurve::P256 => one_of(&[Algorithm::ES256], Algorithm::ES256),
            EllipticCurve::P384 => one_of(&[Algorithm::ES384], Algorithm::ES384),
            _ => Ok(None),
        },
        AlgorithmParameters::OctetKeyPair(pair) => match pair.curve {
            // The library takes the first octets of longer keys, and panics with shorter ones.
            EllipticCurve::Ed25519 if octets(&pair.x)? != 32 => Err(MALFORMED.to_owned()),
            EllipticCurve::Ed25519 => one_of(&[Algorithm::EdDSA], Algorithm::EdDSA),
            _ => Ok(None),
        },
        AlgorithmParameters::OctetKey(secret) => {
            let algorithm =
                one_of(jsonwebtoken::AlgorithmFamily::Hmac.algorithms(), Algorithm::HS256)?;
            let length = octets(&secret.value)?;
            match algorithm {
                Some(algorithm) if length < hmac_key_length(algorithm) => {
                    Err(format!("too short for {}", name(algorithm)))
                }
                algorithm => Ok(algorithm),
            }
        }
        _ => Ok(None),
    }
}

fn check_rsa(key: &RSAKeyParameters) -> Result<(), String> {
    let modulus = BASE64URL_NOPAD.decode(key.n.as_bytes()).map_err(|_| MALFORMED.to_owned())?;
    let length = modulus.iter().skip_while(|octet| **octet == 0).count();
    if RSA_BITS.contains(&(length * 8)) {
        return Ok(());
    }
    Err(format!(
        "an RSA key of {} bits, not {} to {}",
        length * 8,
        RSA_BITS.start(),
        RSA_BITS.end()
    ))
}

/// How many octets a text stands for.
fn octets(text: &str) -> Result<usize, String> {
    BASE64URL_NOPAD
        .decode(text.as_bytes())
        .map(|octets| octets.len())
        .map_err(|_| MALFORMED.to_owned())
}

fn hmac_key_length(algorithm: Algorithm) -> usize {
    let one = [HmacAlgorithm::HS384, HmacAlgorithm::HS512]
        .into_iter()
        .find(|hmac| Algorithm::from(*hmac) == algorithm);
    one.unwrap_or_default().key_length()
}

/// What the header of a token calls an algorithm. There is no name for `none`.
const fn name(algorithm: Algorithm) -> &'static str {
    match algorithm {
        Algorithm::HS256 => "HS256",
        Algorithm::HS384 => "HS384",
        Algorithm::HS512 => "HS512",
        Algorithm::ES256 => "ES256",
        Algorithm::ES384 => "ES384",
        Algorithm::RS256 => "RS256",
        Algorithm::RS384 => "RS384",
        Algorithm::RS512 => "RS512",
        Algorithm::PS256 => "PS256",
        Algorithm::PS384 => "PS384",
        Algorithm::PS512 => "PS512",
        Algorithm::EdDSA => "EdDSA",
        _ => "",
    }
}
