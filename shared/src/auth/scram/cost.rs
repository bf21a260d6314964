//! What it costs to try a password.

use crate::auth::CostError;
use core::{fmt, ops::RangeInclusive};

/// How a key is derived from a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kdf {
    /// PBKDF2 with HMAC-SHA-256 (RFC 8018): what browsers can do by themselves.
    Pbkdf2,
    /// Argon2id, version 1.3, with one lane (RFC 9106): also dear to who has special hardware.
    Argon2id13,
}

impl Kdf {
    /// How messages spell it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pbkdf2 => "pbkdf2",
            Self::Argon2id13 => "argon2id13",
        }
    }

    /// The key derivation that messages spell so.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Pbkdf2, Self::Argon2id13].into_iter().find(|kdf| kdf.as_str() == name)
    }
}

impl fmt::Display for Kdf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A key derivation with its parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    /// The key derivation.
    pub kdf: Kdf,
    /// How often the password is hashed, or for Argon2id how many passes go over the memory.
    pub iterations: u32,
    /// How much memory Argon2id fills, in KiB; `None` for PBKDF2.
    pub memory: Option<u32>,
}

impl Cost {
    /// PBKDF2 with that many iterations; 600,000 are a good choice, 4,096 the least.
    #[must_use]
    pub const fn pbkdf2(iterations: u32) -> Self {
        Self { kdf: Kdf::Pbkdf2, iterations, memory: None }
    }

    /// Argon2id with that many passes over that many KiB of memory; 2 and 19,456 are a good choice.
    #[must_use]
    pub const fn argon2id13(iterations: u32, memory_kib: u32) -> Self {
        Self { kdf: Kdf::Argon2id13, iterations, memory: Some(memory_kib) }
    }
}

impl Default for Cost {
    /// PBKDF2 with 600,000 iterations, since every client can do that.
    fn default() -> Self {
        Self::pbkdf2(600_000)
    }
}

/// What costs are accepted: less does not protect the password, more would let the other side keep this one busy.
///
/// The proof does not cover the key derivation and its memory, so whoever can change messages could lower them: a client
/// has to have bounds of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CostBounds {
    /// Iterations of PBKDF2. By default 4,096 (the least that RFC 7677 allows) to 4,000,000.
    pub pbkdf2_iterations: RangeInclusive<u32>,
    /// Memory of Argon2id in KiB. By default 4,096 to 1,048,576 (4 MiB to 1 GiB).
    pub argon2_memory: RangeInclusive<u32>,
    /// Memory of Argon2id in KiB times iterations, which is what it costs in time. By default 12,288 to 4,194,304.
    pub argon2_work: RangeInclusive<u64>,
}

impl Default for CostBounds {
    fn default() -> Self {
        Self {
            pbkdf2_iterations: 4_096..=4_000_000,
            argon2_memory: 4_096..=1_048_576,
            argon2_work: 12_288..=4_194_304,
        }
    }
}

impl CostBounds {
    /// Whether these costs are accepted.
    ///
    /// # Errors
    /// [`CostError`] names the parameter that is out of bounds; a memory that is missing counts as 0.
    pub fn check(&self, cost: &Cost) -> Result<(), CostError> {
        if cost.kdf == Kdf::Pbkdf2 {
            return CostError::check("iterations", cost.iterations, &self.pbkdf2_iterations);
        }
        let memory = cost.memory.unwrap_or(0);
        CostError::check("memory", memory, &self.argon2_memory)?;
        let work = u64::from(memory) * u64::from(cost.iterations);
        CostError::check("iterations times memory", work, &self.argon2_work)
    }
}
