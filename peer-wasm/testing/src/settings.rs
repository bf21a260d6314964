//! The settings of a realm, as JavaScript gives them.

use crate::{
    door::{Door, User},
    proof::PBKDF2,
    router::Hosted,
};
use bytes::Bytes;
use bytestring::ByteString;
use core::time::Duration;
use std::sync::Arc;
use wamplex_realm::{
    Access, Action, Disclosure, HistoryRule, JsonSchema, MetaApi, PassedOptions, Permission, Realm,
    RealmConfig, Retention, Role, Roles,
};
use wamplex_shared::{
    auth::{
        ScramCredentials, cryptosign,
        scram::{Cost, Kdf, prepared_authid},
        wampcra::{Key, Salting},
    },
    codec,
    payload::PayloadShape,
    serializer::Serializer,
    uri::{MatchPolicy, UriRule},
    value::{Dict, Value},
};

/// A setting that is none, or makes no sense.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the setting `{key}` of a realm: {reason}")]
pub struct BadSetting {
    key: String,
    reason: String,
}

impl BadSetting {
    pub(crate) fn new(key: &str, reason: impl Into<String>) -> Self {
        Self { key: camel_case(key), reason: reason.into() }
    }
}

/// The key as whoever gave it spells it.
fn camel_case(key: &str) -> String {
    let mut words = key.split('_');
    let first = words.next().unwrap_or_default();
    words.fold(first.to_owned(), |mut camel, word| {
        let mut letters = word.chars();
        camel.extend(letters.next().map(|letter| letter.to_ascii_uppercase()));
        camel + letters.as_str()
    })
}

/// What was read, or what it should have been.
type Read<T> = Result<T, &'static str>;

/// The least that clients accept of Argon2id.
const ARGON2: Cost = Cost::argon2id13(3, 4096);

/// The role of clients that prove nothing.
const ANONYMOUS: &str = "anonymous";

/// Makes a realm of a JSON object.
pub(crate) fn read(text: &str, seed: u64, epoch: u64) -> Result<Hosted, BadSetting> {
    let dict = parse(text).ok_or_else(|| BadSetting::new("name", "there is no JSON object"))?;
    let name = dict.get("name").and_then(Value::as_str).filter(|name| !name.is_empty());
    let name = name.ok_or_else(|| BadSetting::new("name", "expected the name of the realm"))?;
    let mut config = RealmConfig::new(name.clone(), seed);
    config.epoch = epoch;
    config.meta_api = MetaApi::Ask;
    let mut door = Door::default();
    let (mut roles, mut trustlevel, mut anonymous) = (Vec::new(), None, None);
    for (key, value) in dict.iter().filter(|(_, value)| **value != Value::Null) {
        let read = match key {
            "name" => Ok(()),
            "users" => set(&mut door.users, users(value)),
            "private_key" => set(&mut door.key, private_key(value)),
            "anonymous" => boolean(value).map(|on| anonymous = Some(on)),
            "roles" => each(value, role).map(|read| roles = read),
            "trustlevel" => number(value).map(|level| trustlevel = Some(level)),
            _ => rule(&mut config, key, value),
        };
        read.map_err(|reason| BadSetting::new(key, reason))?;
    }
    config.trustlevels = trustlevel.is_some();
    // Where there are users, who proves nothing stays out.
    let is_open = anonymous.unwrap_or(door.users.is_empty());
    door.anonymous = is_open.then(|| ByteString::from_static(ANONYMOUS));
    let roles = if roles.is_empty() {
        None
    } else {
        let made = Roles::new(roles, config.uri_rule, config.meta_api);
        Some(Arc::new(made.map_err(|bad| BadSetting::new("roles", bad.to_string()))?))
    };
    // The realm itself asks where a message needs more than a right to its own URI.
    config.authority = roles.clone().map(|roles| roles as _);
    Ok(Hosted { realm: Realm::new(config), door, roles, trustlevel })
}

fn parse(text: &str) -> Option<Dict> {
    let list = Bytes::from(format!("[{text}]"));
    let payload = codec::check_payload(Serializer::Json, PayloadShape::Args, &list).ok()?;
    let (args, _) = codec::read_values(&payload).ok()?;
    match <[Value; 1]>::try_from(args) {
        Ok([Value::Dict(dict)]) => Some(dict),
        _ => None,
    }
}

fn rule(config: &mut RealmConfig, key: &str, value: &Value) -> Read<()> {
    match key {
        "uris" => set(&mut config.uri_rule, uri_rule(value)),
        "strict_request_ids" => set(&mut config.strict_request_ids, boolean(value)),
        "disclosure" => set(&mut config.disclosure, disclosure(value)),
        "meta_api" => set(&mut config.meta_api, meta_api(value)),
        "call_timeout" => set(&mut config.call_timeout, millis(value)),
        "max_call_timeout" => set(&mut config.max_call_timeout, millis(value)),
        "validate" => {
            config.validator = if boolean(value)? { Some(Arc::new(JsonSchema)) } else { None };
            Ok(())
        }
        "passed_options" => set(&mut config.passed_options, passed_options(value)),
        "retention" => retention(&mut config.retention, value),
        "history" => set(&mut config.history.rules, each(value, history_rule)),
        "history_reply_bytes" => set(&mut config.history.reply_bytes, size(value)),
        _ => Err("there is no such setting"),
    }
}

fn uri_rule(value: &Value) -> Read<UriRule> {
    match text(value) {
        Ok("loose") => Ok(UriRule::Loose),
        Ok("strict") => Ok(UriRule::Strict),
        _ => Err("expected `loose` or `strict`"),
    }
}

fn disclosure(value: &Value) -> Read<Disclosure> {
    match text(value) {
        Ok("never") => Ok(Disclosure::Never),
        Ok("on_request") => Ok(Disclosure::OnRequest),
        Ok("always") => Ok(Disclosure::Always),
        _ => Err("expected `never`, `on_request` or `always`"),
    }
}

fn meta_api(value: &Value) -> Read<MetaApi> {
    match text(value) {
        Ok("off") => Ok(MetaApi::Off),
        Ok("ask") => Ok(MetaApi::Ask),
        Ok("full") => Ok(MetaApi::Full),
        _ => Err("expected `off`, `ask` or `full`"),
    }
}

fn match_policy(value: &Value) -> Read<MatchPolicy> {
    let policy = text(value).ok().and_then(MatchPolicy::from_name);
    policy.ok_or("`match` is `exact`, `prefix` or `wildcard`")
}

fn passed_options(value: &Value) -> Read<PassedOptions> {
    let keys = each(value, |key| text(key).map(ByteString::from))?;
    PassedOptions::new(keys).map_err(|_| "expected at most 16 names that begin with an underscore")
}

fn retention(retention: &mut Retention, value: &Value) -> Read<()> {
    for (key, value) in dict(value)?.iter() {
        match key {
            "events" => set(&mut retention.events, size(value)),
            "bytes" => set(&mut retention.bytes, size(value)),
            "replay_bytes" => set(&mut retention.replay_bytes, size(value)),
            "ttl" => set(&mut retention.ttl, millis(value)),
            "max_ttl" => set(&mut retention.max_ttl, millis(value)),
            _ => Err("there are `events`, `bytes`, `replayBytes`, `ttl` and `maxTtl`"),
        }?;
    }
    Ok(())
}

fn history_rule(value: &Value) -> Read<HistoryRule> {
    let dict = dict(value)?;
    let pattern = text(dict.get("pattern").ok_or("there is no `pattern`")?)?;
    let policy = dict.get("match").map_or(Ok(MatchPolicy::Exact), match_policy)?;
    let mut rule = HistoryRule::new(policy, pattern);
    for (key, value) in dict.iter() {
        match key {
            "pattern" | "match" => Ok(()),
            "events" => set(&mut rule.events, size(value)),
            "bytes" => set(&mut rule.bytes, size(value)),
            "total_bytes" => set(&mut rule.total_bytes, size(value)),
            "age" => set(&mut rule.age, millis(value)),
            _ => Err("a rule has `pattern`, `match`, `events`, `bytes`, `totalBytes` and `age`"),
        }?;
    }
    Ok(rule)
}

fn role(value: &Value) -> Read<Role> {
    let dict = dict(value)?;
    let mut role = Role::new(text(dict.get("name").ok_or("a role has no `name`")?)?);
    for (key, value) in dict.iter() {
        match key {
            "name" => Ok(()),
            "allow_all" => {
                role.otherwise = if boolean(value)? { Access::Allow } else { Access::Deny };
                Ok(())
            }
            "permissions" => set(&mut role.permissions, each(value, permission)),
            _ => Err("a role has `name`, `allowAll` and `permissions`"),
        }?;
    }
    Ok(role)
}

fn permission(value: &Value) -> Read<Permission> {
    let dict = dict(value)?;
    let uri = text(dict.get("uri").ok_or("a permission has no `uri`")?)?;
    let policy = dict.get("match").map_or(Ok(MatchPolicy::Exact), match_policy)?;
    let mut permission = Permission::new(policy, uri);
    for (key, value) in dict.iter() {
        match key {
            "uri" | "match" => Ok(()),
            "allow" => each(value, action).map(|actions| {
                permission = permission.clone().allow(&actions);
            }),
            "disclose" => disclose(&mut permission, value),
            "force_reregister" => set(&mut permission.force_reregister, boolean(value)),
            _ => Err("a permission has `uri`, `match`, `allow`, `disclose` and `forceReregister`"),
        }?;
    }
    Ok(permission)
}

fn disclose(permission: &mut Permission, value: &Value) -> Read<()> {
    for (key, value) in dict(value)?.iter() {
        match key {
            "caller" => set(&mut permission.disclose.caller, boolean(value).map(Some)),
            "publisher" => set(&mut permission.disclose.publisher, boolean(value).map(Some)),
            _ => Err("`disclose` has `caller` and `publisher`"),
        }?;
    }
    Ok(())
}

fn action(value: &Value) -> Read<Action> {
    let action = text(value).ok().and_then(Action::from_name);
    action.ok_or("`allow` lists `call`, `register`, `publish` and `subscribe`")
}

fn users(value: &Value) -> Read<Vec<User>> {
    let users = each(value, user)?;
    let mut names: Vec<_> = users.iter().map(|user| &user.authid).collect();
    names.sort_unstable();
    names.dedup();
    let is_unique = names.len() == users.len();
    is_unique.then_some(users).ok_or("two users have the same `authid`")
}

fn user(value: &Value) -> Read<User> {
    let dict = dict(value)?;
    let mut user = User { role: ByteString::from_static("user"), ..User::default() };
    let (mut secret, mut salting) = (None, Salting::new(""));
    let (mut password, mut kdf) = (None, None);
    for (key, value) in dict.iter() {
        match key {
            "authid" => set(&mut user.authid, text(value).map(Into::into)),
            "role" => set(&mut user.role, text(value).map(Into::into)),
            "ticket" => set(&mut user.ticket, text(value).map(|ticket| Some(ticket.into()))),
            "secret" => set(&mut secret, text(value).map(Some)),
            "salt" => set(&mut salting.salt, text(value).map(Into::into)),
            "iterations" => set(&mut salting.iterations, small(value)),
            "keylen" => set(&mut salting.keylen, small(value)),
            "password" => set(&mut password, text(value).map(Some)),
            "kdf" => set(&mut kdf, cost(value).map(Some)),
            "public_key" => set(&mut user.public_key, public_key(value).map(Some)),
            _ => Err(
                "a user has `authid`, `role`, `ticket`, `secret`, `salt`, `iterations`, `keylen`, `password`, `kdf` and `publicKey`",
            ),
        }?;
    }
    if user.authid.is_empty() {
        return Err("a user has no `authid`");
    }
    user.secret = secret.map(|secret| wampcra(secret, salting)).transpose()?;
    user.password = match (password, kdf) {
        (Some(password), kdf) => Some(scram(&user.authid, password, kdf.unwrap_or(PBKDF2))?),
        (None, Some(_)) => {
            return Err("`kdf` says what becomes of a `password`, and there is none");
        }
        (None, None) => None,
    };
    let has_proof = user.ticket.is_some() || user.secret.is_some();
    if has_proof || user.password.is_some() || user.public_key.is_some() {
        Ok(user)
    } else {
        Err("a user has neither a `ticket` nor a `secret`, `password` or `publicKey`")
    }
}

fn wampcra(secret: &str, salting: Salting) -> Read<(Key, Option<Salting>)> {
    if salting.salt.is_empty() {
        return Ok((Key::plain(secret), None));
    }
    let key = Key::derive(secret, &salting);
    let key = key.map_err(
        |_| "clients accept 1,000 to 10,000,000 iterations and a key of 16 to 1,024 octets",
    )?;
    Ok((key, Some(salting)))
}

fn scram(authid: &str, password: &str, cost: Cost) -> Read<ScramCredentials> {
    // Clients prepare what they are given.
    if prepared_authid(authid).ok().is_none_or(|prepared| prepared != authid) {
        return Err("the `authid` of a user with a `password` must be as SASLprep has it");
    }
    if password.is_empty() {
        return Err("a `password` is empty");
    }
    // The same each time, as nobody can do anything with it.
    let kept = ScramCredentials::new(password, b"a salt for tests", cost);
    kept.map_err(|_| "a `password` has characters that are not allowed")
}

fn cost(value: &Value) -> Read<Cost> {
    match text(value).ok().and_then(Kdf::from_name) {
        Some(Kdf::Pbkdf2) => Ok(PBKDF2),
        Some(Kdf::Argon2id13) => Ok(ARGON2),
        None => Err("`kdf` is `pbkdf2` or `argon2id13`"),
    }
}

fn public_key(value: &Value) -> Read<cryptosign::PublicKey> {
    let key = cryptosign::PublicKey::from_hex(text(value)?);
    key.map_err(|_| "expected 64 hexadecimal digits as `publicKey`")
}

fn private_key(value: &Value) -> Read<Option<cryptosign::Key>> {
    let key = cryptosign::Key::from_hex(text(value)?);
    key.map(Some).map_err(
        |_| "expected 64 hexadecimal digits, or 128 with the public key that belongs to it",
    )
}

fn set<T>(place: &mut T, value: Read<T>) -> Read<()> {
    *place = value?;
    Ok(())
}

fn each<T>(value: &Value, read: impl Fn(&Value) -> Read<T>) -> Read<Vec<T>> {
    value.as_list().ok_or("expected a list")?.iter().map(read).collect()
}

fn dict(value: &Value) -> Read<&Dict> {
    value.as_dict().ok_or("expected an object")
}

fn text(value: &Value) -> Read<&str> {
    value.as_str().map(|text| &**text).ok_or("expected a string")
}

fn boolean(value: &Value) -> Read<bool> {
    value.as_bool().ok_or("expected `true` or `false`")
}

fn number(value: &Value) -> Read<u64> {
    value.as_u64().ok_or("expected a whole number from 0")
}

fn size(value: &Value) -> Read<usize> {
    number(value).map(|size| usize::try_from(size).unwrap_or(usize::MAX))
}

fn small(value: &Value) -> Read<u32> {
    number(value).map(|number| u32::try_from(number).unwrap_or(u32::MAX))
}

fn millis(value: &Value) -> Read<Option<Duration>> {
    number(value).map(|millis| Some(Duration::from_millis(millis)))
}
