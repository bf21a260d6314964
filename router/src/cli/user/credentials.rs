//! What a user can prove itself with.

use super::{Failure, Password};
use clap::{Args, ValueEnum};
use data_encoding::BASE64;
use wamplex_router::{
    config::{CraSettings, KdfSetting},
    principals::{CertificateMark, CraKey, Principal, Ticket},
};
use wamplex_shared::auth::{
    CredentialError, ScramCredentials, cryptosign::PublicKey, wampcra::Salting,
};

/// How many octets a salt has.
const SALT_OCTETS: usize = 16;

/// What a password is good for.
#[derive(Debug, Args)]
pub(super) struct Methods {
    /// Methods to log in with the password; by default scram for a new user, and otherwise those it had
    #[arg(long, value_delimiter = ',', value_enum)]
    methods: Vec<Method>,
    /// How keys are derived from the password for scram; not every client can do argon2id13. If a realm has users with
    /// other costs than the default, say so in its configuration under authentication.scram: challenges for unknown names
    /// then look the same
    #[arg(long, value_enum, default_value = "argon2id13")]
    kdf: KdfName,
    /// How often the password is hashed for scram: passes of argon2id13, by default 2, or iterations of pbkdf2, by
    /// default 600000
    #[arg(long)]
    iterations: Option<u32>,
    /// Memory that argon2id13 fills, in KiB; by default 19456
    #[arg(long, value_name = "KIB")]
    memory: Option<u32>,
}

/// A method that takes a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Method {
    /// The password never leaves the client
    #[value(alias = "wamp-scram")]
    Scram,
    /// A signature; what is kept is as good as the password
    Wampcra,
    /// The password itself is sent
    Ticket,
}

/// How keys are derived from a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum KdfName {
    Argon2id13,
    Pbkdf2,
}

/// Keys and certificates.
#[derive(Debug, Args)]
pub(super) struct Keys {
    /// Ed25519 public key for cryptosign, 64 hexadecimal digits; may be given several times
    #[arg(long = "cryptosign-key", value_name = "HEX", value_parser = public_key)]
    cryptosign: Vec<[u8; 32]>,
    /// What a TLS certificate is recognised by: fingerprint (SHA-256 in hexadecimal digits), common_name, dns, email or
    /// uri; may be given several times
    #[arg(long = "certificate", value_name = "KIND=VALUE", value_parser = mark)]
    certificates: Vec<CertificateMark>,
}

impl Methods {
    /// Whether they were named.
    pub(super) fn are_named(&self) -> bool {
        !self.methods.is_empty()
    }

    /// The same but, if none were named, for the methods that a principal has a password for.
    pub(super) fn or_those_of(&self, principal: &Principal) -> Self {
        let has = |method: &Method| match method {
            Method::Scram => principal.scram.is_some(),
            Method::Wampcra => principal.wampcra.is_some(),
            Method::Ticket => principal.ticket.is_some(),
        };
        let methods = if self.are_named() {
            self.methods.clone()
        } else {
            Method::value_variants().iter().copied().filter(has).collect()
        };
        Self { methods, ..*self }
    }

    /// Puts into a principal what is derived from its password.
    pub(super) fn derive(
        &self,
        password: &Password,
        principal: &mut Principal,
    ) -> Result<(), Failure> {
        let default = [Method::Scram];
        let methods = if self.are_named() { &self.methods[..] } else { &default };
        for method in methods {
            match method {
                Method::Scram => principal.scram = Some(self.derive_scram(password)?),
                Method::Wampcra => principal.wampcra = Some(derive_cra(password)?),
                // A password that can be guessed is to cost something to try.
                Method::Ticket if password.is_random() => {
                    principal.ticket = Some(Ticket::new(password.text()));
                }
                Method::Ticket => {
                    principal.ticket = Some(Ticket::Derived(self.derive_scram(password)?));
                }
            }
        }
        Ok(())
    }

    fn derive_scram(&self, password: &Password) -> Result<ScramCredentials, Failure> {
        let kdf = match self.kdf {
            KdfName::Argon2id13 => KdfSetting::Argon2id13,
            KdfName::Pbkdf2 if self.memory.is_some() => {
                return Err(Failure::Wrong("--memory is for --kdf argon2id13".to_owned()));
            }
            KdfName::Pbkdf2 => KdfSetting::Pbkdf2,
        };
        let cost = kdf.cost(self.iterations, self.memory);
        ScramCredentials::new(password.text(), &salt()?, cost).map_err(wrong)
    }
}

impl Keys {
    /// Whether there are any.
    pub(super) fn are_there(&self) -> bool {
        !self.cryptosign.is_empty() || !self.certificates.is_empty()
    }

    /// Gives them to a principal, in place of those it has.
    pub(super) fn put_into(&self, principal: &mut Principal) {
        principal.cryptosign.clone_from(&self.cryptosign);
        principal.certificates.clone_from(&self.certificates);
    }
}

fn derive_cra(password: &Password) -> Result<CraKey, Failure> {
    // As the challenges for unknown names have it: otherwise it would show who is known.
    let CraSettings { iterations, keylen, .. } = CraSettings::default();
    let salting = Salting { iterations, keylen, salt: BASE64.encode(&salt()?).into() };
    CraKey::derive(password.text(), salting).map_err(wrong)
}

fn salt() -> Result<[u8; SALT_OCTETS], Failure> {
    let mut salt = [0; SALT_OCTETS];
    getrandom::fill(&mut salt)
        .map_err(|error| Failure::Failed(format!("cannot draw random numbers: {error}")))?;
    Ok(salt)
}

fn wrong(error: CredentialError) -> Failure {
    let text = error.to_string();
    Failure::Wrong(if let CredentialError::Cost(bounds) = error {
        bounds.to_string()
    } else {
        text
    })
}

fn public_key(text: &str) -> Result<[u8; 32], String> {
    PublicKey::from_hex(text).map(PublicKey::to_bytes).map_err(|error| error.to_string())
}

fn mark(text: &str) -> Result<CertificateMark, String> {
    let found = text.split_once('=').and_then(|(kind, value)| CertificateMark::read(kind, value));
    found.ok_or_else(|| {
        "expected fingerprint=, common_name=, dns=, email= or uri=, and a value".to_owned()
    })
}
