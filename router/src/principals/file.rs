//! Principals in a file that is read again when it changes.

use super::{Ambiguous, Finding, Lookup, Principal, Principals, table::Table};
use crate::{
    config::PrincipalSettings,
    watching::{UnusableFile, WatchedFile},
};
use serde::Deserialize;
use std::{collections::HashMap, path::PathBuf, sync::Arc};
use toml::Spanned;

/// Principals in a file, in TOML or with a JSON object per line.
///
/// ```toml
/// [[principals]]            # in every realm that uses the file
/// authid = "alice"
/// role = "user"
/// ticket_hash = { sha256 = "…" }
///
/// [[realms]]
/// name = "realm1"
/// [[realms.principals]]     # in this realm only
/// authid = "bob"
/// role = "admin"
/// ```
///
/// In a line of JSON the key `realm` says to which realm a principal belongs.
#[derive(Clone, Debug)]
pub(crate) struct FileSource {
    file: Arc<WatchedFile<Realms>>,
}

/// The principals of all realms of a file.
#[derive(Debug, Default)]
struct Realms {
    everywhere: Table,
    named: HashMap<String, Table>,
}

/// What a file is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Toml,
    JsonLines,
}

/// A file in TOML.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Document {
    principals: Vec<Spanned<PrincipalSettings>>,
    realms: Vec<RealmOfDocument>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RealmOfDocument {
    name: String,
    #[serde(default)]
    principals: Vec<Spanned<PrincipalSettings>>,
}

/// What is wrong with a file, and in which line.
type Wrong = (Option<usize>, String);

impl FileSource {
    /// The name of this source.
    pub(crate) const PROVIDER: &str = "file";

    /// Reads a file. Takes long if there are passwords to derive something from.
    ///
    /// # Errors
    /// The file cannot be read, or something in it is wrong.
    pub(crate) fn open(path: impl Into<PathBuf>) -> Result<Self, UnusableFile> {
        let path = path.into();
        let extension = path.extension().and_then(|extension| extension.to_str());
        let format = match extension {
            Some("jsonl" | "ndjson" | "json") => Format::JsonLines,
            _ => Format::Toml,
        };
        let file = WatchedFile::open(path, move |text| match format {
            Format::Toml => read_toml(text),
            Format::JsonLines => read_json_lines(text),
        })?;
        Ok(Self { file: Arc::new(file) })
    }

    /// The file, to be watched.
    pub(crate) fn file(&self) -> &Arc<WatchedFile<impl Send + Sync + use<>>> {
        &self.file
    }
}

impl Principals for FileSource {
    fn provider(&self) -> &str {
        Self::PROVIDER
    }

    fn find<'a>(&'a self, realm: &'a str, who: Lookup<'a>) -> Finding<'a> {
        Box::pin(std::future::ready(Ok(self.file.get().find(realm, who))))
    }
}

impl Realms {
    /// A principal of this realm, or of every realm unless this one has another principal of the name.
    fn find(&self, realm: &str, who: Lookup<'_>) -> Option<Arc<Principal>> {
        let named = self.named.get(realm);
        let has_its_own = |found: &Arc<Principal>| {
            named.is_some_and(|table| table.find(Lookup::Authid(&found.authid)).is_some())
        };
        let found = named.and_then(|table| table.find(who));
        found.or_else(|| self.everywhere.find(who).filter(|found| !has_its_own(found)))
    }

    fn insert(&mut self, realm: Option<&str>, settings: &PrincipalSettings) -> Result<(), String> {
        let principal =
            settings.principal(FileSource::PROVIDER).map_err(|problem| problem.to_string())?;
        let table = match realm {
            None => &mut self.everywhere,
            Some(realm) => self.named.entry(realm.to_owned()).or_default(),
        };
        table.insert(principal).map_err(|error: Ambiguous| error.to_string())
    }
}

fn read_toml(text: &str) -> Result<Realms, Wrong> {
    let line = |offset: usize| Some(1 + text.bytes().take(offset).filter(|b| *b == b'\n').count());
    // The message of the error only: all of it would show the line, and what is secret in it.
    let document: Document = toml::from_str(text).map_err(|error| {
        (error.span().and_then(|span| line(span.start)), error.message().to_owned())
    })?;
    let mut realms = Realms::default();
    let mut insert = |realm, settings: &Spanned<PrincipalSettings>| {
        let at = line(settings.span().start);
        realms.insert(realm, settings.get_ref()).map_err(|reason| (at, reason))
    };
    document.principals.iter().try_for_each(|settings| insert(None, settings))?;
    for realm in &document.realms {
        let name = Some(realm.name.as_str());
        realm.principals.iter().try_for_each(|settings| insert(name, settings))?;
    }
    Ok(realms)
}

fn read_json_lines(text: &str) -> Result<Realms, Wrong> {
    let mut realms = Realms::default();
    for (i, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        read_json_line(line, &mut realms).map_err(|reason| (Some(i + 1), reason))?;
    }
    Ok(realms)
}

fn read_json_line(line: &str, realms: &mut Realms) -> Result<(), String> {
    let mut object: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(line).map_err(|error| without_place(&error))?;
    let realm = match object.remove("realm") {
        None => None,
        Some(serde_json::Value::String(realm)) => Some(realm),
        Some(_) => {
            return Err("realm: expected the name of a realm, found something else".to_owned());
        }
    };
    let settings: PrincipalSettings = serde_json::from_value(serde_json::Value::Object(object))
        .map_err(|error| without_place(&error))?;
    realms.insert(realm.as_deref(), &settings)
}

/// What is wrong, without the line, which is always the first.
fn without_place(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.rsplit_once(" at line ").map_or(text.as_str(), |(what, _)| what).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "0101010101010101010101010101010101010101010101010101010101010101";

    fn found(realms: &Realms, realm: &str, authid: &str) -> Option<String> {
        realms.find(realm, Lookup::Authid(authid)).map(|found| found.role.to_string())
    }

    #[test]
    fn both_formats_say_the_same() {
        let toml = read_toml(&format!(
            "[[principals]]\nauthid = 'alice'\nrole = 'user'\nticket = 'x'\ncryptosign = ['{KEY}']\n\
             [[realms]]\nname = 'realm1'\n[[realms.principals]]\nauthid = 'alice'\nrole = 'admin'\n\
             extra = {{ team = 'blue' }}\n"
        ));
        let json = read_json_lines(&format!(
            "{{\"authid\": \"alice\", \"role\": \"user\", \"ticket\": \"x\", \"cryptosign\": [\"{KEY}\"]}}\n\n\
             {{\"realm\": \"realm1\", \"authid\": \"alice\", \"role\": \"admin\", \"extra\": {{\"team\": \"blue\"}}}}"
        ));
        for realms in [toml.unwrap(), json.unwrap()] {
            assert_eq!(found(&realms, "realm1", "alice").as_deref(), Some("admin"));
            assert_eq!(found(&realms, "realm2", "alice").as_deref(), Some("user"));
            assert_eq!(found(&realms, "realm1", "bob"), None);
            let admin = realms.named["realm1"].find(Lookup::Authid("alice")).unwrap();
            assert_eq!(
                admin.extra.get("team").and_then(|v| v.as_str()).map(|v| &**v),
                Some("blue")
            );
            assert_eq!(admin.provider, "file");
            assert!(realms.everywhere.find(Lookup::PublicKey(&[1; 32])).is_some());
        }
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line_and_without_secrets() {
        for (text, line, expected) in [
            ("x", 1, "key with no value"),
            ("[[principals]]\nauthid = 'a'\nrole = ", 3, "string values must be quoted"),
            (
                "[[principals]]\nauthid = 'a'\nrole = 'u'\npassword = 'c4nary'",
                4,
                "unknown field `password`",
            ),
            (
                "[[principals]]\nauthid = 'a'\nrole = 1",
                3,
                "invalid type: integer `1`, expected a string",
            ),
            ("\n\n[[principals]]\nrole = 'user'", 3, "authid: expected the name of a principal"),
            ("[[principals]]\nauthid = 'a'", 1, "role: expected the name of a role"),
            (
                "[[principals]]\nauthid = 'a'\nrole = 'u'\n[[principals]]\nauthid = 'a'\nrole = 'u'",
                4,
                "there are two principals `a`",
            ),
            (
                "[[principals]]\nauthid = 'a'\nrole = 'u'\ncryptosign = ['00']",
                1,
                "cryptosign[0]: expected 64 hexadecimal digits",
            ),
            (
                "[[principals]]\nauthid = 'a'\nrole = 'u'\nscram = { stored_key = 'c4nary' }",
                1,
                "scram.salt: expected at least 8 octets in Base64, found nothing",
            ),
            (
                "[[principals]]\nauthid = 'a'\nrole = 'u'\nwampcra = { key = 'c4nary', salt = 's', iterations = 1000 }",
                1,
                "wampcra.key: expected 32 octets in Base64, found something else",
            ),
            ("[[realms]]\nname = 'r'\n[[realms.principals]]\nauthid = 'a'", 3, "role: expected"),
            ("[[realms]]\n", 1, "missing field `name`"),
        ] {
            let (found, reason) = read_toml(text).unwrap_err();
            assert_eq!(found, Some(line), "{text}: {reason}");
            assert!(reason.starts_with(expected) && !reason.contains("c4nary"), "{text}: {reason}");
        }
        for (text, line, expected) in [
            ("\n{", 2, "EOF while parsing"),
            (
                "{\"authid\": \"a\", \"role\": \"u\"}\n{\"authid\": \"a\", \"role\": \"u\"}",
                2,
                "there are two",
            ),
            ("{\"realm\": 1, \"authid\": \"a\", \"role\": \"u\"}", 1, "realm: expected"),
            ("[]", 1, "invalid type: sequence, expected a map"),
            (
                "{\"authid\": \"a\", \"role\": \"u\", \"password\": \"c4nary\"}",
                1,
                "unknown field `password`",
            ),
        ] {
            let (found, reason) = read_json_lines(text).unwrap_err();
            assert_eq!(found, Some(line), "{text}: {reason}");
            assert!(reason.starts_with(expected) && !reason.contains("c4nary"), "{text}: {reason}");
        }
    }

    #[test]
    fn a_key_of_every_realm_is_none_of_another_principal_of_the_same_name() {
        let text = format!(
            "[[principals]]\nauthid = 'alice'\nrole = 'admin'\ncryptosign = ['{KEY}']\n\
             [[realms]]\nname = 'realm1'\n\
             [[realms.principals]]\nauthid = 'alice'\nrole = 'guest'\n"
        );
        let realms = read_toml(&text).unwrap();
        let role = |realm| {
            let found = realms.find(realm, Lookup::PublicKey(&[1; 32]));
            found.map(|found| found.role.to_string())
        };
        assert_eq!(role("realm2").as_deref(), Some("admin"));
        assert_eq!(role("realm1"), None);
    }
}
