//! A principal in rows of the tables.

use super::DatabaseError;
use crate::{
    config::{ScramCredential, TicketHashCredential, WampcraCredential, dict},
    principals::{CertificateMark, CraKey, Principal, Ticket},
};
use data_encoding::{BASE64, HEXLOWER};
use rusqlite::{Connection, OptionalExtension, params};
use serde::de::DeserializeOwned;
use serde_json::json;
use wamplex_shared::{
    auth::ScramCredentials,
    value::{Dict, Value},
};

/// The source that principals of databases name.
pub(super) const PROVIDER: &str = "sqlite";

/// Reads a principal; `None` if there is none.
///
/// # Errors
/// The database cannot be read, or the principal is not kept as it should be.
pub(super) fn read(
    connection: &Connection,
    realm: &str,
    authid: &str,
) -> Result<Option<Principal>, DatabaseError> {
    let row = connection
        .prepare_cached("SELECT role, extra FROM principals WHERE realm = ?1 AND authid = ?2")?
        .query_row([realm, authid], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))
        .optional()?;
    let Some((role, extra)) = row else { return Ok(None) };
    let malformed = |reason: String| DatabaseError::Malformed {
        realm: realm.to_owned(),
        authid: authid.to_owned(),
        reason,
    };
    let mut principal = Principal::new(authid, role, PROVIDER);
    principal.extra = serde_json::from_str(&extra)
        .map(|extra| dict(&extra))
        .map_err(|error| malformed(format!("extra: {error}")))?;
    let mut statement = connection
        .prepare_cached("SELECT method, value FROM credentials WHERE realm = ?1 AND authid = ?2")?;
    let mut rows = statement.query([realm, authid])?;
    while let Some(row) = rows.next()? {
        let (method, value) = (row.get::<_, String>(0)?, row.get::<_, String>(1)?);
        read_credential(&mut principal, &method, &value)
            .map_err(|reason| malformed(format!("{method}: {reason}")))?;
    }
    let mut statement = connection
        .prepare_cached("SELECT key FROM public_keys WHERE realm = ?1 AND authid = ?2")?;
    let keys = statement.query_map([realm, authid], |row| row.get::<_, [u8; 32]>(0))?;
    principal.cryptosign = keys.collect::<Result<_, _>>()?;
    let mut statement = connection
        .prepare_cached("SELECT kind, value FROM certificates WHERE realm = ?1 AND authid = ?2")?;
    let mut rows = statement.query([realm, authid])?;
    while let Some(row) = rows.next()? {
        let (kind, text) = (row.get::<_, String>(0)?, row.get::<_, String>(1)?);
        let mark = CertificateMark::read(&kind, &text);
        principal.certificates.push(mark.ok_or_else(|| malformed(format!("certificate {kind}")))?);
    }
    Ok(Some(principal))
}

/// The principal that has this public key.
pub(super) fn owner_of_key(
    connection: &Connection,
    realm: &str,
    key: &[u8; 32],
) -> rusqlite::Result<Option<String>> {
    connection
        .prepare_cached("SELECT authid FROM public_keys WHERE realm = ?1 AND key = ?2")?
        .query_row(params![realm, key], |row| row.get(0))
        .optional()
}

/// The principal that is recognised by this.
pub(super) fn owner_of_mark(
    connection: &Connection,
    realm: &str,
    mark: &CertificateMark,
) -> rusqlite::Result<Option<String>> {
    connection
        .prepare_cached(
            "SELECT authid FROM certificates WHERE realm = ?1 AND kind = ?2 AND value = ?3",
        )?
        .query_row(params![realm, mark.kind(), mark.text()], |row| row.get(0))
        .optional()
}

/// Writes a principal that is not there, in a transaction.
///
/// # Errors
/// A key or certificate belongs to another one, a secret would be kept as it is, or the database cannot be written.
pub(super) fn write(
    connection: &Connection,
    realm: &str,
    principal: &Principal,
) -> Result<(), DatabaseError> {
    let authid: &str = &principal.authid;
    connection.prepare_cached("INSERT INTO principals VALUES (?1, ?2, ?3, ?4)")?.execute(
        params![realm, authid, &*principal.role, json_of_dict(&principal.extra).to_string()],
    )?;
    let mut statement =
        connection.prepare_cached("INSERT INTO credentials VALUES (?1, ?2, ?3, ?4)")?;
    for (method, value) in credentials(principal)? {
        statement.execute(params![realm, authid, method, value.to_string()])?;
    }
    let mut statement = connection.prepare_cached("INSERT INTO public_keys VALUES (?1, ?2, ?3)")?;
    for key in &principal.cryptosign {
        if let Some(owner) = owner_of_key(connection, realm, key)? {
            return Err(taken(format!("public key {}", HEXLOWER.encode(key)), owner));
        }
        statement.execute(params![realm, key, authid])?;
    }
    let mut statement =
        connection.prepare_cached("INSERT INTO certificates VALUES (?1, ?2, ?3, ?4)")?;
    for mark in &principal.certificates {
        if let Some(owner) = owner_of_mark(connection, realm, mark)? {
            return Err(taken(format!("certificate with {} {}", mark.kind(), mark.text()), owner));
        }
        statement.execute(params![realm, mark.kind(), mark.text(), authid])?;
    }
    Ok(())
}

fn taken(what: String, authid: String) -> DatabaseError {
    DatabaseError::Taken { what, authid }
}

fn read_credential(principal: &mut Principal, method: &str, value: &str) -> Result<(), String> {
    match method {
        "ticket" => {
            let settings: TicketHashCredential = settings(value)?;
            principal.ticket = Some(settings.ticket().map_err(|problem| problem.to_string())?);
        }
        "wampcra" => {
            let settings: WampcraCredential = settings(value)?;
            if settings.secret.is_some() {
                return Err("a secret is kept as it is".to_owned());
            }
            principal.wampcra = Some(settings.key().map_err(|problem| problem.to_string())?);
        }
        "scram" => {
            let settings: ScramCredential = settings(value)?;
            if settings.password.is_some() {
                return Err("a password is kept as it is".to_owned());
            }
            principal.scram = Some(settings.credentials().map_err(|problem| problem.to_string())?);
        }
        _ => return Err("no such method".to_owned()),
    }
    Ok(())
}

/// Reads JSON without saying what is in it.
fn settings<T: DeserializeOwned>(value: &str) -> Result<T, String> {
    serde_json::from_str(value).map_err(|_| "not the keys and values of this method".to_owned())
}

fn credentials(
    principal: &Principal,
) -> Result<Vec<(&'static str, serde_json::Value)>, DatabaseError> {
    let mut found = Vec::new();
    match &principal.ticket {
        None => {}
        Some(Ticket::Hash(hash)) => {
            found.push(("ticket", json!({ "sha256": HEXLOWER.encode(&hash.to_bytes()) })));
        }
        Some(Ticket::Derived(kept)) => {
            found.push(("ticket", json!({ "password": json_of_scram(kept) })));
        }
    }
    match &principal.wampcra {
        None => {}
        Some(CraKey { salting: None, .. }) => {
            return Err(DatabaseError::Plain("secret of wampcra"));
        }
        Some(CraKey { key, salting: Some(salting) }) => found.push((
            "wampcra",
            json!({
                "key": key.as_text(),
                "salt": &*salting.salt,
                "iterations": salting.iterations,
                "keylen": salting.keylen,
            }),
        )),
    }
    if let Some(kept) = &principal.scram {
        found.push(("scram", json_of_scram(kept)));
    }
    Ok(found)
}

fn json_of_scram(kept: &ScramCredentials) -> serde_json::Value {
    let mut json = json!({
        "kdf": kept.kdf.as_str(),
        "iterations": kept.iterations,
        "salt": BASE64.encode(&kept.salt),
        "stored_key": BASE64.encode(&kept.stored_key),
        "server_key": BASE64.encode(&kept.server_key),
    });
    if let Some(memory) = kept.memory {
        json["memory"] = memory.into();
    }
    json
}

fn json_of_dict(dict: &Dict) -> serde_json::Value {
    dict.iter()
        .map(|(key, value)| (key.to_owned(), json_of(value)))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

/// The value as JSON; binary data becomes text as WAMP has it in JSON.
fn json_of(value: &Value) -> serde_json::Value {
    match value {
        Value::Null => serde_json::Value::Null,
        Value::Bool(value) => (*value).into(),
        Value::Int(value) => (*value).into(),
        Value::UInt(value) => (*value).into(),
        Value::Float(value) => (*value).into(),
        Value::Str(text) => serde_json::Value::String(text.to_string()),
        Value::Bytes(octets) => format!("\0{}", BASE64.encode(octets)).into(),
        Value::List(list) => list.iter().map(json_of).collect(),
        Value::Dict(dict) => json_of_dict(dict),
    }
}
