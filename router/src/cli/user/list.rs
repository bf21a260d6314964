//! `wamplex user list`.

use super::{Failure, realm};
use clap::Args;
use data_encoding::HEXLOWER;
use serde_json::{Value as Json, json};
use std::path::PathBuf;
use wamplex_router::principals::{Principal, sqlite::Database};

/// The arguments of `wamplex user list`.
#[derive(Debug, Args)]
pub(crate) struct Listing {
    /// SQLite database with the users
    #[arg(long, value_name = "FILE")]
    database: PathBuf,
    /// Realm whose users are listed; all without it
    #[arg(long, value_name = "URI", value_parser = realm)]
    realm: Option<String>,
    /// Write a JSON object per line
    #[arg(long)]
    json: bool,
}

impl Listing {
    pub(super) fn execute(&self) -> Result<String, Failure> {
        let users = Database::open(&self.database)?.list(self.realm.as_deref())?;
        if self.json {
            return Ok(users
                .iter()
                .map(|(realm, user)| format!("{}\n", object(realm, user)))
                .collect());
        }
        let heads = ["REALM", "USER", "ROLE", "METHODS"].map(str::to_owned);
        let rows = users.iter().map(|(realm, user)| {
            [shown(realm), shown(&user.authid), shown(&user.role), methods(user).join(",")]
        });
        Ok(table(&std::iter::once(heads).chain(rows).collect::<Vec<_>>()))
    }
}

/// The names of the methods a user has something for.
fn methods(user: &Principal) -> Vec<&'static str> {
    let all = [
        ("cryptosign", !user.cryptosign.is_empty()),
        ("wamp-scram", user.scram.is_some()),
        ("tls", !user.certificates.is_empty()),
        ("wampcra", user.wampcra.is_some()),
        ("ticket", user.ticket.is_some()),
    ];
    all.into_iter().filter_map(|(method, is_there)| is_there.then_some(method)).collect()
}

/// A user without anything that is secret.
fn object(realm: &str, user: &Principal) -> Json {
    let keys: Vec<_> = user.cryptosign.iter().map(|key| HEXLOWER.encode(key)).collect();
    let marks = user.certificates.iter().map(|mark| json!({ mark.kind(): mark.text() }));
    json!({
        "realm": realm,
        "authid": &*user.authid,
        "role": &*user.role,
        "methods": methods(user),
        "cryptosign": keys,
        "certificates": marks.collect::<Vec<_>>(),
    })
}

/// Text from a database, on one line.
fn shown(text: &str) -> String {
    text.chars()
        .flat_map(|c| {
            let escaped = c.is_control().then(|| c.escape_default());
            escaped.into_iter().flatten().chain((!c.is_control()).then_some(c))
        })
        .collect()
}

/// Rows in columns that are as wide as they have to be.
fn table(rows: &[[String; 4]]) -> String {
    let width =
        |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths = [width(0), width(1), width(2)];
    let mut text = String::new();
    for [realm, user, role, methods] in rows {
        let [first, second, third] = widths;
        let line = format!("{realm:first$}  {user:second$}  {role:third$}  {methods}");
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}
