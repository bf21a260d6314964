//! What a principal proves itself with, as a configuration writes it.

use super::{Problem, Secret};
use crate::principals::{CraKey, Ticket};
use data_encoding::{BASE64, HEXLOWER_PERMISSIVE};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use wamplex_shared::auth::{
    CostError, CredentialError, ScramCredentials,
    scram::{Cost, CostBounds},
    ticket::TicketHash,
    wampcra,
};
use zeroize::Zeroizing;

/// What `scram` costs if nothing else is said: two passes of Argon2id over 19 MiB, some tens of milliseconds.
pub const DEFAULT_SCRAM_COST: Cost = Cost::argon2id13(2, 19_456);

/// How often a password is hashed with PBKDF2 if nothing else is said.
const DEFAULT_PBKDF2_ITERATIONS: u32 = 600_000;

/// The cheapest derivation that is one.
const CHEAPEST: Cost = Cost::pbkdf2(4_096);

/// How many octets a new salt has.
const SALT_OCTETS: usize = 16;

/// What is expected of a salt.
const A_SALT: &str = "at least 8 octets in Base64";

/// What is shown of a secret.
const HIDDEN: &str = "something else";

const NOTHING: &str = "nothing";

/// How often a secret is hashed for a salted `wampcra` key if nothing else is said.
pub(super) const DEFAULT_CRA_ITERATIONS: u32 = 100_000;

/// How many octets a salted `wampcra` key has if nothing else is said, as the protocol has it.
pub(super) const DEFAULT_CRA_KEYLEN: u32 = 32;

/// What recognises a ticket without containing it: `sha256`, or `password`, one of the two.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct TicketHashCredential {
    /// SHA-256 of the ticket in 64 hexadecimal digits. Only for tickets that nobody can guess, such as random ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha256: Option<Secret>,
    /// What was derived from a password that is used as the ticket, as for `scram`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<ScramCredential>,
}

/// The key of `wampcra` (WAMP: Challenge Response Authentication): `secret`, or `key` with `salt`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct WampcraCredential {
    /// The secret itself. With a `salt`, clients are asked for the key that is derived from it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret: Option<Secret>,
    /// The Base64 text of the key that was derived from the secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<Secret>,
    /// The salt, a text that is used as it stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub salt: Option<String>,
    /// How often the secret is hashed: 1,000 to 10,000,000 times. By default 100,000; with a `key` it has to be said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iterations: Option<u32>,
    /// How many octets the derived key has: 16 to 1,024.
    pub keylen: u32,
}

/// What is known of a password for `wamp-scram` (WAMP: Salted Challenge Response Authentication): the `password` itself,
/// or `stored_key`, `server_key` and `salt`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ScramCredential {
    /// The password. What is kept is derived from it, at the cost below, whenever the configuration is read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<Secret>,
    /// What recognises the client: 32 octets in Base64.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stored_key: Option<Secret>,
    /// What proves the router: 32 octets in Base64.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server_key: Option<Secret>,
    /// The salt: at least 8 octets in Base64.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub salt: Option<String>,
    /// How the keys are derived from the password.
    pub kdf: KdfSetting,
    /// How often the password is hashed, or how many passes `argon2id13` makes over the memory; 600,000 or 2 if it is
    /// not said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iterations: Option<u32>,
    /// How much memory `argon2id13` fills, in KiB; 19,456 if it is not said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<u32>,
}

/// How keys are derived from a password.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum KdfSetting {
    /// Argon2id, version 1.3, with one lane.
    #[default]
    Argon2id13,
    /// PBKDF2 with HMAC-SHA256.
    Pbkdf2,
}

impl Default for WampcraCredential {
    fn default() -> Self {
        Self { secret: None, key: None, salt: None, iterations: None, keylen: DEFAULT_CRA_KEYLEN }
    }
}

impl KdfSetting {
    /// What deriving a key costs with this many iterations, by default 2 for Argon2id and 600,000 for PBKDF2, and with this
    /// much memory in KiB, by default 19,456, which only Argon2id takes.
    #[must_use]
    pub fn cost(self, iterations: Option<u32>, memory: Option<u32>) -> Cost {
        match self {
            Self::Argon2id13 => Cost {
                iterations: iterations.unwrap_or(DEFAULT_SCRAM_COST.iterations),
                memory: memory.or(DEFAULT_SCRAM_COST.memory),
                ..DEFAULT_SCRAM_COST
            },
            Self::Pbkdf2 => Cost::pbkdf2(iterations.unwrap_or(DEFAULT_PBKDF2_ITERATIONS)),
        }
    }
}

impl TicketHashCredential {
    /// What these settings say.
    pub(crate) fn ticket(&self) -> Result<Ticket, Problem> {
        match (&self.sha256, &self.password) {
            (Some(hash), None) => {
                let octets = HEXLOWER_PERMISSIVE.decode(hash.expose().as_bytes()).ok();
                let octets = octets.and_then(|octets| octets.try_into().ok());
                let octets = octets
                    .ok_or_else(|| Problem::new("sha256", "64 hexadecimal digits", HIDDEN))?;
                Ok(Ticket::Hash(TicketHash::from_bytes(octets)))
            }
            (None, Some(password)) if password.password.is_none() => {
                password.credentials().map(Ticket::Derived).map_err(|wrong| wrong.below("password"))
            }
            (None, Some(_)) => Err(Problem::new(
                "password.password",
                "a `ticket` in place of `ticket_hash`",
                HIDDEN,
            )),
            (Some(_), Some(_)) => Err(Problem::new("", "`sha256` or `password`", "both")),
            (None, None) => Err(Problem::new("", "`sha256` or `password`", "neither")),
        }
    }
}

impl WampcraCredential {
    /// What these settings say; derives the key if need be.
    pub(crate) fn key(&self) -> Result<CraKey, Problem> {
        let salting = self.salt.as_deref().map(|salt| wampcra::Salting {
            salt: salt.into(),
            iterations: self.iterations.unwrap_or(DEFAULT_CRA_ITERATIONS),
            keylen: self.keylen,
        });
        match (&self.secret, &self.key, salting) {
            (Some(secret), None, None) => Ok(CraKey::plain(secret.expose())),
            (Some(secret), None, Some(salting)) => {
                CraKey::derive(secret.expose(), salting).map_err(|error| unusable("secret", error))
            }
            (None, Some(key), Some(salting)) => {
                salting.check().map_err(|error| out_of_bounds(&error))?;
                if self.iterations.is_none() {
                    let expected = "how often the secret was hashed to derive the key";
                    return Err(Problem::new("iterations", expected, NOTHING));
                }
                octets("key", Some(key), usize::try_from(self.keylen).unwrap_or(usize::MAX))?;
                Ok(CraKey::derived(wampcra::Key::from_derived(key.expose()), salting))
            }
            (None, Some(_), None) => {
                Err(Problem::new("salt", "the salt that the key was derived with", NOTHING))
            }
            (Some(_), Some(_), _) => Err(Problem::new("", "`secret` or `key`", "both")),
            (None, None, _) => Err(Problem::new("", "`secret` or `key`", "neither")),
        }
    }
}

impl ScramCredential {
    /// What these settings say, without deriving anything that takes long.
    pub(crate) fn check(&self) -> Result<(), Problem> {
        match &self.password {
            Some(password) => {
                self.password_alone()?;
                CostBounds::default()
                    .check(&self.cost()?)
                    .map_err(|error| out_of_bounds(&error))?;
                // Whether the password is one at all takes the cheapest derivation to find out.
                ScramCredentials::new(password.expose(), &[0; SALT_OCTETS], CHEAPEST)
                    .map(drop)
                    .map_err(|error| unusable("password", error))
            }
            None => self.credentials().map(drop),
        }
    }

    /// What these settings say; derives it from the password if need be, which takes as long as it costs.
    pub(crate) fn credentials(&self) -> Result<ScramCredentials, Problem> {
        if let Some(password) = &self.password {
            self.password_alone()?;
            return derive(password.expose(), self.cost()?);
        }
        let key = |name, key: &Option<Secret>| {
            let octets = octets(name, key.as_ref(), 32)?;
            <[u8; 32]>::try_from(octets.as_slice())
                .map_err(|_| Problem::new(name, "32 octets", HIDDEN))
        };
        let salt = self.salt.as_deref().ok_or_else(|| Problem::new("salt", A_SALT, NOTHING))?;
        let cost = self.cost()?;
        let credentials = ScramCredentials {
            kdf: cost.kdf,
            salt: BASE64.decode(salt.as_bytes()).map_err(|_| Problem::new("salt", A_SALT, salt))?,
            iterations: cost.iterations,
            memory: cost.memory,
            stored_key: key("stored_key", &self.stored_key)?,
            server_key: key("server_key", &self.server_key)?,
        };
        match credentials.check() {
            Ok(()) => Ok(credentials),
            Err(error) => Err(unusable("salt", error)),
        }
    }

    /// What deriving the keys costs.
    fn cost(&self) -> Result<Cost, Problem> {
        match (self.kdf, self.memory) {
            (KdfSetting::Pbkdf2, Some(memory)) => {
                Err(Problem::new("memory", "nothing, with pbkdf2", memory))
            }
            (kdf, memory) => Ok(kdf.cost(self.iterations, memory)),
        }
    }

    fn password_alone(&self) -> Result<(), Problem> {
        let others = [
            ("stored_key", self.stored_key.is_some()),
            ("server_key", self.server_key.is_some()),
            ("salt", self.salt.is_some()),
        ];
        match others.into_iter().find(|(_, is_there)| *is_there) {
            Some((key, _)) => {
                Err(Problem::new(key, "nothing, since there is a `password`", HIDDEN))
            }
            None => Ok(()),
        }
    }
}

/// Derives what is kept of a password, with a random salt. Takes as long as it costs.
///
/// # Errors
/// The password cannot be one, the cost is out of bounds, or there are no random numbers.
fn derive(password: &str, cost: Cost) -> Result<ScramCredentials, Problem> {
    let mut salt = [0; SALT_OCTETS];
    getrandom::fill(&mut salt).map_err(|error| Problem::new("salt", "random numbers", error))?;
    ScramCredentials::new(password, &salt, cost).map_err(|error| unusable("password", error))
}

/// The octets of a key in Base64, which are never shown.
fn octets(key: &str, text: Option<&Secret>, length: usize) -> Result<Zeroizing<Vec<u8>>, Problem> {
    let expected = || format!("{length} octets in Base64");
    let text = text.ok_or_else(|| Problem::new(key, expected(), NOTHING))?;
    match BASE64.decode(text.expose().as_bytes()).map(Zeroizing::new) {
        Ok(octets) if octets.len() == length => Ok(octets),
        Ok(_) | Err(_) => Err(Problem::new(key, expected(), HIDDEN)),
    }
}

/// What is wrong with the secret or salt under `key`.
fn unusable(key: &str, error: CredentialError) -> Problem {
    if let CredentialError::Cost(error) = &error {
        return out_of_bounds(error);
    }
    if let CredentialError::Prohibited(_) = &error {
        return Problem::new(key, "no characters that RFC 4013 forbids", HIDDEN);
    }
    if error == CredentialError::TooShort("salt") {
        return Problem::new(key, A_SALT, "less");
    }
    Problem::new(key, "what can be used", error)
}

fn out_of_bounds(error: &CostError) -> Problem {
    let key = if error.what.contains(' ') { "iterations" } else { error.what };
    Problem::new(key, format!("{} to {}", error.least, error.most), error.value)
}
