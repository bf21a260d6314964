//! Who may come into a realm, as a configuration writes it.

use super::{
    Problem, Problems, ScramCredential, Secret, TicketHashCredential, WampcraCredential, units,
};
use crate::principals::{CertificateMark, Principal, Ticket};
use data_encoding::HEXLOWER_PERMISSIVE;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use wamplex_shared::{
    auth::scram::prepared_authid,
    value::{Dict, Value},
};

/// A principal: somebody who may come into a realm, and what it proves itself with. A method for which there is nothing
/// here is not open to it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PrincipalSettings {
    /// Its name, unique in the realm.
    pub authid: String,
    /// Its role, by which it is authorized.
    pub role: String,
    /// The ticket for `ticket`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ticket: Option<Secret>,
    /// What recognises the ticket for `ticket`, in place of the ticket itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ticket_hash: Option<TicketHashCredential>,
    /// The key for `wampcra`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wampcra: Option<WampcraCredential>,
    /// What is known of the password for `wamp-scram`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scram: Option<ScramCredential>,
    /// The Ed25519 public keys for `cryptosign`, each 64 hexadecimal digits.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cryptosign: Vec<String>,
    /// The certificates for `tls`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub certificates: Vec<CertificateSettings>,
    /// What WELCOME says in `authextra`.
    #[serde(skip_serializing_if = "serde_json::Map::is_empty")]
    pub extra: serde_json::Map<String, serde_json::Value>,
}

/// What a client's certificate is recognised by: exactly one of these. The names are worth as much as the authority that
/// signs them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CertificateSettings {
    /// SHA-256 of the certificate in DER: 64 hexadecimal digits, with or without colons.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
    /// The common name of its subject.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub common_name: Option<String>,
    /// An e-mail address among its alternative names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// A host among its alternative names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dns: Option<String>,
    /// A URI among its alternative names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uri: Option<String>,
}

/// What is expected of a certificate.
const A_MARK: &str = "one of `fingerprint`, `common_name`, `email`, `dns` and `uri`";

/// A place where principals of a realm are kept: exactly one of these.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PrincipalSource {
    /// A file in TOML (`.toml`) or with a JSON object per line (`.jsonl`), read again when it changes.
    #[schemars(with = "Option<units::path>")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<PathBuf>,
    /// A SQLite database as `wamplex user` writes it. Changes hold from the next session on.
    #[schemars(with = "Option<units::path>")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sqlite: Option<PathBuf>,
}

impl PrincipalSettings {
    /// Finds out what is wrong, without deriving anything that takes long.
    pub(crate) fn check(&self, problems: &mut Problems) {
        if let Err(problem) = self.read(ScramCredential::check) {
            problems.add(&problem.key, problem.expected, problem.found);
        }
    }

    /// The principal these settings describe, as the source `provider` knows it. Takes long if there are passwords to
    /// derive something from.
    ///
    /// # Errors
    /// Says what is wrong with the settings.
    pub(crate) fn principal(&self, provider: &'static str) -> Result<Principal, Problem> {
        let mut principal = self.read(|_| Ok(()))?;
        principal.provider = provider.into();
        principal.scram = match &self.scram {
            Some(scram) => Some(scram.credentials().map_err(|wrong| wrong.below("scram"))?),
            None => None,
        };
        Ok(principal)
    }

    /// All but what takes long.
    fn read(
        &self,
        check: impl Fn(&ScramCredential) -> Result<(), Problem>,
    ) -> Result<Principal, Problem> {
        name("authid", "the name of a principal", &self.authid)?;
        name("role", "the name of a role", &self.role)?;
        let mut principal = Principal::new(self.authid.as_str(), self.role.as_str(), "");
        principal.ticket = match (&self.ticket, &self.ticket_hash) {
            (Some(_), Some(_)) => {
                return Err(Problem::new("ticket_hash", "`ticket` or `ticket_hash`", "both"));
            }
            (Some(ticket), None) => Some(Ticket::new(ticket.expose())),
            (None, Some(hash)) => Some(hash.ticket().map_err(|wrong| wrong.below("ticket_hash"))?),
            (None, None) => None,
        };
        if let Some(wampcra) = &self.wampcra {
            principal.wampcra = Some(wampcra.key().map_err(|wrong| wrong.below("wampcra"))?);
        }
        if let Some(scram) = &self.scram {
            check(scram).map_err(|wrong| wrong.below("scram"))?;
            prepared_authid(&self.authid).map_err(|error| {
                Problem::new("authid", "a name that can be prepared for `scram`", error)
            })?;
        }
        for (i, key) in self.cryptosign.iter().enumerate() {
            let key = octets(key).ok_or_else(|| {
                Problem::new(&format!("cryptosign[{i}]"), "64 hexadecimal digits", key)
            })?;
            principal.cryptosign.push(key);
        }
        for (i, certificate) in self.certificates.iter().enumerate() {
            let mark = certificate.mark();
            let mark = mark.map_err(|wrong| wrong.below(&format!("certificates[{i}]")))?;
            principal.certificates.push(mark);
        }
        principal.extra = dict(&self.extra);
        Ok(principal)
    }
}

impl CertificateSettings {
    /// What these settings say.
    fn mark(&self) -> Result<CertificateMark, Problem> {
        let given = [
            ("fingerprint", &self.fingerprint),
            ("common_name", &self.common_name),
            ("email", &self.email),
            ("dns", &self.dns),
            ("uri", &self.uri),
        ];
        let mut given = given.into_iter().filter_map(|(kind, text)| Some((kind, text.as_ref()?)));
        match (given.next(), given.next()) {
            (Some((kind, text)), None) => {
                let expected =
                    if kind == "fingerprint" { "64 hexadecimal digits" } else { "a name" };
                CertificateMark::read(kind, text).ok_or_else(|| Problem::new(kind, expected, text))
            }
            (Some(_), Some(_)) => Err(Problem::new("", A_MARK, "several")),
            (None, _) => Err(Problem::new("", A_MARK, "nothing")),
        }
    }
}

impl PrincipalSource {
    /// Finds out what is wrong, without opening anything.
    pub(crate) fn check(&self, problems: &mut Problems) {
        let given = [&self.file, &self.sqlite].into_iter().flatten().count();
        problems.expect(given == 1, "", "one of `file` and `sqlite`", given);
    }
}

/// A name that is not empty and can be written in one line.
fn name(key: &str, what: &str, text: &str) -> Result<(), Problem> {
    if text.is_empty() || text.contains(char::is_control) {
        return Err(Problem::new(key, what, format_args!("{text:?}")));
    }
    Ok(())
}

fn octets(text: &str) -> Option<[u8; 32]> {
    HEXLOWER_PERMISSIVE.decode(text.as_bytes()).ok()?.try_into().ok()
}

/// The same values as WAMP has them.
pub(crate) fn dict(map: &serde_json::Map<String, serde_json::Value>) -> Dict {
    map.iter().map(|(key, entry)| (key.as_str(), value(entry))).collect()
}

/// The same value as WAMP has it.
pub(crate) fn value(json: &serde_json::Value) -> Value {
    match json {
        serde_json::Value::Null => Value::Null,
        serde_json::Value::Bool(value) => Value::Bool(*value),
        serde_json::Value::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(value), _) => Value::Int(value),
            (None, Some(value)) => Value::UInt(value),
            (None, None) => number.as_f64().map_or(Value::Null, Value::Float),
        },
        serde_json::Value::String(text) => Value::Str(text.as_str().into()),
        serde_json::Value::Array(list) => Value::List(list.iter().map(value).collect()),
        serde_json::Value::Object(map) => Value::Dict(dict(map)),
    }
}
