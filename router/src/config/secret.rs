//! Texts that nobody should read by accident.

use super::units::KIND;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error, MapAccess, Visitor},
};
use std::{borrow::Cow, env, fmt, fs, io, path::PathBuf, sync::Arc};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// A password, key or token: overwritten in memory when the last copy goes, and shown as `…`.
///
/// A configuration gives it in place, or names a file or an environment variable that has it, which are read when the
/// configuration is. Line ends at the end of a file do not belong to it. Two secrets are compared in a time that depends
/// on their lengths only.
///
/// ```
/// use wamplex_router::config::Secret;
///
/// #[derive(Debug, serde::Deserialize)]
/// struct Account { ticket: Secret }
/// let account: Account = toml::from_str("ticket = 'open sesame'").unwrap();
/// assert_eq!(account.ticket.expose(), "open sesame");
/// assert_eq!(format!("{account:?}"), "Account { ticket: … }");
/// ```
#[derive(Clone)]
pub struct Secret(Arc<Zeroizing<String>>);

/// A secret that could not be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SecretError {
    /// The file cannot be read, or is not text.
    #[error("cannot read the file {}: {source}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// The environment variable does not exist, or is not text.
    #[error("cannot read the environment variable {name}: {source}")]
    Variable {
        /// Its name.
        name: String,
        /// Why.
        source: env::VarError,
    },
    /// There is nothing in it, which anybody could guess.
    #[error("the secret is empty")]
    Empty,
}

/// What stands in place of a secret.
const MASK: &str = "…";

/// What is expected of a secret, in error messages.
pub(super) const A_SECRET: &str = "a text, { file = \"…\" } or { env = \"…\" }";

/// The keys under which a secret names where it is.
pub(super) const FILE: &str = "file";
pub(super) const VARIABLE: &str = "env";

impl Secret {
    /// A secret that is at hand.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(Arc::new(Zeroizing::new(text.into())))
    }

    /// The secret that a file has, without the line ends at its end.
    ///
    /// # Errors
    /// The file cannot be read, is not UTF-8, or is empty.
    pub fn from_file(path: impl Into<PathBuf>) -> Result<Self, SecretError> {
        let path = path.into();
        match fs::read_to_string(&path).map(Zeroizing::new) {
            Ok(text) => Self::not_empty(text.trim_end_matches(['\r', '\n'])),
            Err(source) => Err(SecretError::File { path, source }),
        }
    }

    /// The secret that an environment variable of this process has.
    ///
    /// # Errors
    /// There is no such variable, it is not UTF-8, or empty.
    pub fn from_variable(name: &str) -> Result<Self, SecretError> {
        match env::var(name).map(Zeroizing::new) {
            Ok(text) => Self::not_empty(&text),
            Err(source) => Err(SecretError::Variable { name: name.to_owned(), source }),
        }
    }

    fn not_empty(text: &str) -> Result<Self, SecretError> {
        if text.is_empty() { Err(SecretError::Empty) } else { Ok(Self::new(text)) }
    }

    /// The secret itself.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.expose().as_bytes().ct_eq(other.expose().as_bytes()).into()
    }
}

impl Eq for Secret {}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(MASK)
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Read)
    }
}

struct Read;

impl<'de> Visitor<'de> for Read {
    type Value = Secret;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(A_SECRET)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Secret, E> {
        Secret::not_empty(text).map_err(E::custom)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Secret, A::Error> {
        let secret = match map.next_entry::<String, String>()? {
            Some((key, path)) if key == FILE => Secret::from_file(path),
            Some((key, name)) if key == VARIABLE => Secret::from_variable(&name),
            Some((key, _)) => return Err(A::Error::unknown_field(&key, &[FILE, VARIABLE])),
            None => return Err(A::Error::custom(format_args!("expected {A_SECRET}, found {{}}"))),
        };
        if let Some((key, _)) = map.next_entry::<String, String>()? {
            return Err(A::Error::custom(format_args!("expected {A_SECRET}, found `{key}` too")));
        }
        secret.map_err(A::Error::custom)
    }
}

impl JsonSchema for Secret {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Secret".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let mut schema = json_schema!({
            "anyOf": [
                { "type": "string", "minLength": 1 },
                {
                    "type": "object",
                    "properties": { FILE: { "type": "string" } },
                    "required": [FILE],
                    "additionalProperties": false,
                },
                {
                    "type": "object",
                    "properties": { VARIABLE: { "type": "string" } },
                    "required": [VARIABLE],
                    "additionalProperties": false,
                },
            ],
        });
        schema.insert(KIND.to_owned(), "secret".into());
        schema
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Deserialize, Serialize)]
    struct Account {
        ticket: Secret,
    }

    fn read(text: &str) -> Result<Account, String> {
        toml::from_str(text).map_err(|error: toml::de::Error| error.message().to_owned())
    }

    #[test]
    fn a_secret_is_never_shown() {
        let account = read("ticket = 'open sesame'").unwrap();
        assert_eq!(account.ticket.expose(), "open sesame");
        assert_eq!(format!("{account:?} {account:#?}").matches("sesame").count(), 0);
        assert_eq!(toml::to_string(&account).unwrap(), "ticket = \"…\"\n");
        assert_eq!(account.ticket, Secret::new("open sesame"));
        assert_ne!(account.ticket, Secret::new("open sesamf"));
        assert_ne!(account.ticket, Secret::new("open"));
    }

    #[test]
    fn a_secret_comes_from_a_file_without_its_line_end() {
        let path = env::temp_dir().join(format!("wamplex-secret-{}", std::process::id()));
        fs::write(&path, "open sesame\r\n").unwrap();
        let text = format!("ticket = {{ file = '{}' }}", path.display());
        assert_eq!(read(&text).unwrap().ticket.expose(), "open sesame");
        fs::write(&path, "\n").unwrap();
        assert_eq!(read(&text).unwrap_err(), "the secret is empty");
        fs::remove_file(&path).unwrap();
        assert!(read(&text).unwrap_err().starts_with("cannot read the file "));
    }

    #[test]
    fn a_secret_comes_from_the_environment() {
        let path = env::var("PATH").unwrap();
        assert_eq!(read("ticket = { env = 'PATH' }").unwrap().ticket.expose(), path);
        let error =
            "cannot read the environment variable NO_SUCH_VARIABLE: environment variable not found";
        assert_eq!(read("ticket = { env = 'NO_SUCH_VARIABLE' }").unwrap_err(), error);
    }

    #[test]
    fn other_things_are_no_secrets() {
        for (text, expected) in [
            ("''", "the secret is empty"),
            ("{}", "expected a text, { file = \"…\" } or { env = \"…\" }, found {}"),
            ("{ path = 'x' }", "unknown field `path`, expected `file` or `env`"),
            (
                "{ env = 'PATH', file = 'x' }",
                "expected a text, { file = \"…\" } or { env = \"…\" }, found `file` too",
            ),
            (
                "7",
                "invalid type: integer `7`, expected a text, { file = \"…\" } or { env = \"…\" }",
            ),
        ] {
            assert_eq!(read(&format!("ticket = {text}")).unwrap_err(), expected);
        }
    }
}
