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
    #[schemars(example = &"alice")]
    pub authid: String,
    /// Its role, by which it is authorized.
    #[schemars(example = &"user")]
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
    #[schemars(example = ["e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"])]
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
    #[schemars(example = &"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")]
    pub fingerprint: Option<String>,
    /// The common name of its subject.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"alice")]
    pub common_name: Option<String>,
    /// An e-mail address among its alternative names.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = "alice@example.com")]
    pub email: Option<String>,
    /// A host among its alternative names.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = "client.example.com")]
    pub dns: Option<String>,
    /// A URI among its alternative names.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = "spiffe://example.com/client")]
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
    #[schemars(example = "users.toml")]
    pub file: Option<PathBuf>,
    /// A SQLite database as `wamplex user` writes it. Changes hold from the next session on.
    #[schemars(with = "Option<units::path>")]
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = "users.db")]
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

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(text: &str) -> Vec<String> {
        let settings: PrincipalSettings = toml::from_str(text).unwrap();
        let mut problems = Problems::default();
        settings.check(&mut problems);
        problems.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_cannot_be_is_named_by_its_key_and_without_secrets() {
        let key = "0".repeat(63);
        for (text, expected) in [
            ("", None),
            ("ticket = 'c4nary'", None),
            ("wampcra = { secret = 'c4nary' }", None),
            ("wampcra = { secret = 'c4nary', salt = 's' }", None),
            ("scram = { password = 'c4nary' }", None),
            ("scram = { password = 'c4nary', kdf = 'pbkdf2' }", None),
            ("certificates = [{ dns = 'a' }, { uri = 'b' }]", None),
            ("ticket = 'c4nary'\nticket_hash = { sha256 = 'c4nary' }", Some("ticket_hash: ")),
            ("ticket_hash = { sha256 = 'c4nary' }", Some("ticket_hash.sha256: ")),
            ("ticket_hash = {}", Some("ticket_hash: ")),
            (
                "ticket_hash = { password = { password = 'c4nary' } }",
                Some("ticket_hash.password.password: "),
            ),
            (
                "ticket_hash = { password = { salt = 'AAAAAAAAAAA=' } }",
                Some("ticket_hash.password.stored_key: "),
            ),
            ("wampcra = {}", Some("wampcra: ")),
            ("wampcra = { secret = 'c4nary', key = 'c4nary' }", Some("wampcra: ")),
            ("wampcra = { key = 'c4nary' }", Some("wampcra.salt: ")),
            ("wampcra = { key = 'c4nary', salt = 's' }", Some("wampcra.iterations: ")),
            ("wampcra = { key = 'c4nary', salt = 's', iterations = 1000 }", Some("wampcra.key: ")),
            (
                "wampcra = { secret = 'c4nary', salt = 's', iterations = 1 }",
                Some("wampcra.iterations: "),
            ),
            ("wampcra = { secret = 'c4nary', salt = 's', keylen = 1 }", Some("wampcra.keylen: ")),
            ("scram = {}", Some("scram.salt: ")),
            ("scram = { password = 'c4nary', salt = 'c4nary' }", Some("scram.salt: ")),
            ("scram = { password = 'c4nary', memory = 1 }", Some("scram.memory: ")),
            (
                "scram = { password = 'c4nary', kdf = 'pbkdf2', memory = 4096 }",
                Some("scram.memory: "),
            ),
            (
                "scram = { password = 'c4nary', kdf = 'argon2id13', memory = 4096, iterations = 1 }",
                Some("scram.iterations: "),
            ),
            ("scram = { password = \"c4nary\\u0007\" }", Some("scram.password: ")),
            (
                "scram = { salt = 'c4nary', stored_key = 'c4nary', server_key = 'c4nary' }",
                Some("scram.salt: "),
            ),
            (
                "scram = { salt = 'AAAA', stored_key = 'c4nary', server_key = 'c4nary' }",
                Some("scram.stored_key: "),
            ),
            (&format!("cryptosign = ['{key}0', '{key}']"), Some("cryptosign[1]: ")),
            ("certificates = [{ dns = 'a', uri = 'b' }]", Some("certificates[0]: ")),
            ("certificates = [{}]", Some("certificates[0]: ")),
            ("certificates = [{ fingerprint = 'ab:cd' }]", Some("certificates[0].fingerprint: ")),
            ("certificates = [{ dns = '' }]", Some("certificates[0].dns: ")),
        ] {
            let found = problems(&format!("authid = 'alice'\nrole = 'user'\n{text}"));
            assert_eq!(found.len(), usize::from(expected.is_some()), "{text}: {found:?}");
            for found in found {
                assert!(found.starts_with(expected.unwrap_or_default()), "{text}: {found}");
                // A salt is no secret.
                assert!(
                    !found
                        .replace("salt: expected at least 8 octets in Base64, found c4nary", "")
                        .contains("c4nary"),
                    "{found}"
                );
            }
        }
        assert!(problems("role = 'user'")[0].starts_with("authid: "));
        assert!(problems("authid = 'alice'")[0].starts_with("role: "));
        assert!(problems("authid = \"a\\n\"\nrole = 'user'")[0].starts_with("authid: "));
    }

    #[test]
    fn settings_become_what_they_say() {
        let settings: PrincipalSettings = toml::from_str(
            r#"
            authid = "alice"
            role = "user"
            ticket = "open sesame"
            wampcra = { secret = "secret123", salt = "salt123", iterations = 1000 }
            scram = { kdf = "pbkdf2", iterations = 4096, salt = "W22ZaJ0SNY7soEsUEjb6gQ==",
                      stored_key = "WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=",
                      server_key = "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=" }
            cryptosign = ["0101010101010101010101010101010101010101010101010101010101010101"]
            certificates = [{ common_name = "alice" }]
            extra = { team = "blue", numbers = [1, 2.5], deep = { yes = true } }
            "#,
        )
        .unwrap();
        let principal = settings.principal("static").unwrap();
        assert!(principal.ticket.unwrap().matches("open sesame"));
        let wampcra = principal.wampcra.unwrap();
        assert_eq!(wampcra.key.as_text(), "Eu7CQLfR+/Ffb+275A4s9/6H/RGKYxM4s6IMrsNKzC8=");
        let kept = principal.scram.unwrap();
        let salt = kept.salt.clone();
        let derived = wamplex_shared::auth::ScramCredentials::new("pencil", &salt, kept.cost());
        assert_eq!(derived.unwrap(), kept);
        assert_eq!(principal.cryptosign, [[1; 32]]);
        assert_eq!(principal.certificates, [CertificateMark::CommonName("alice".into())]);
        assert_eq!(principal.extra.get("team").and_then(Value::as_str).unwrap(), "blue");
        assert_eq!(principal.extra.len(), 3);
    }
}
