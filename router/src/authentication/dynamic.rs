//! A procedure that says who may come in, after the interface of Crossbar's dynamic authenticators.

use super::{Attempt, Refusal, judge::draw_authid};
use crate::{
    config::{DynamicSettings, Method},
    peer::Peer,
    principals::{Certificate, CraKey, Principal},
};
use bytestring::ByteString;
use data_encoding::{BASE64, HEXLOWER, HEXLOWER_PERMISSIVE};
use std::{fmt, future::Future, pin::Pin, sync::Arc};
use tokio::{sync::Semaphore, time::timeout};
use wamplex_shared::{
    auth::{
        ScramCredentials,
        scram::Kdf,
        wampcra::{Key, Salting},
    },
    uris::error,
    value::{Dict, List, Value},
};

/// What WELCOME calls the place where such principals are kept.
pub(super) const PROVIDER: &str = "dynamic";

/// A call that is under way.
pub(crate) type Calling<'a> = Pin<Box<dyn Future<Output = Result<Value, CallFailure>> + Send + 'a>>;

/// Calls procedures from inside the router.
pub(crate) trait Procedures: fmt::Debug + Send + Sync {
    /// Calls a procedure of a realm and gives the first argument of its result, or null. Holds nothing of the realm
    /// while it waits.
    ///
    /// # Errors
    /// The callee's error, or that there is none.
    fn call<'a>(&'a self, realm: &'a str, procedure: &'a str, args: List) -> Calling<'a>;
}

/// A call without a result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum CallFailure {
    /// ERROR with this URI.
    Error(String),
    /// The call could not be made.
    Unreachable(String),
}

/// The errors of a call that the router says itself: nobody has judged.
const NOT_JUDGED: [&str; 8] = [
    error::NO_SUCH_PROCEDURE,
    error::CANCELED,
    error::TIMEOUT,
    error::UNAVAILABLE,
    error::NO_AVAILABLE_CALLEE,
    error::NETWORK_FAILURE,
    error::NOT_AUTHORIZED,
    error::AUTHORIZATION_FAILED,
];

/// The dynamic authenticator of a realm.
#[derive(Debug)]
pub(super) struct Dynamic {
    settings: DynamicSettings,
    procedures: Option<Arc<dyn Procedures>>,
    places: Semaphore,
}

impl Dynamic {
    pub(super) fn new(settings: DynamicSettings, procedures: Option<Arc<dyn Procedures>>) -> Self {
        let places = usize::try_from(settings.concurrency).unwrap_or(usize::MAX);
        let places = Semaphore::new(places.min(Semaphore::MAX_PERMITS));
        Self { settings, procedures, places }
    }

    /// Whether it judges clients by this method, where the realm takes these.
    pub(super) fn takes(&self, method: Method, of_realm: &[Method]) -> bool {
        if !of_realm.contains(&method) {
            return false;
        }
        match method {
            Method::Cookie | Method::Jwt => false,
            Method::Anonymous => self.settings.methods.contains(&method),
            Method::Cryptosign | Method::Scram | Method::Tls | Method::Wampcra | Method::Ticket => {
                self.settings.methods.is_empty() || self.settings.methods.contains(&method)
            }
        }
    }

    /// Asks who a client is that authenticates by `method`, and shows `ticket` if it has to be judged there.
    ///
    /// # Errors
    /// The procedure says no, or cannot say.
    pub(super) async fn ask(
        &self,
        realm: &str,
        attempt: &Attempt,
        method: Method,
        ticket: Option<&str>,
    ) -> Result<Arc<Principal>, Refusal> {
        let Some(procedures) = &self.procedures else {
            return Err(Refusal::failed("there is no way to call a dynamic authenticator"));
        };
        let authid = attempt.hello().details.authid.clone().filter(|authid| !authid.is_empty());
        let args = vec![
            realm.into(),
            authid.clone().map_or(Value::Null, Value::from),
            details(attempt, method, ticket).into(),
        ];
        let within = self.settings.realm.as_deref().unwrap_or(realm);
        let procedure = &*self.settings.procedure;
        let asked = timeout(self.settings.time_limit, async {
            let _place = self.places.acquire().await;
            procedures.call(within, procedure, args).await
        });
        let failed = |what: &str| Refusal::failed(format!("dynamic authenticator: {what}"));
        let answer = match asked.await {
            Ok(Ok(answer)) => answer,
            Ok(Err(CallFailure::Error(uri))) if !NOT_JUDGED.contains(&&*uri) => {
                return Err(Refusal::denied(format!("the dynamic authenticator says {uri}")));
            }
            Ok(Err(CallFailure::Error(what) | CallFailure::Unreachable(what))) => {
                return Err(failed(&what));
            }
            Err(_elapsed) => return Err(failed("no answer in time")),
        };
        // A name that nobody has to prove is not to be had by saying it.
        let authid = if method == Method::Anonymous { Some(draw_authid()?) } else { authid };
        let principal = read(&answer, realm, authid, method).map_err(|what| failed(&what))?;
        Ok(Arc::new(principal))
    }
}

/// What the procedure is told of the client.
fn details(attempt: &Attempt, method: Method, ticket: Option<&str>) -> Dict {
    let hello = &attempt.hello().details;
    let mut details = Dict::new();
    details.insert("session", attempt.session());
    details.insert("authmethod", method.as_str());
    details.insert("authextra", hello.authextra.clone());
    if let Some(authrole) = &hello.authrole {
        details.insert("authrole", authrole.clone());
    }
    if let Some(agent) = &hello.agent {
        details.insert("agent", agent.clone());
    }
    if let Some(ticket) = ticket {
        details.insert("ticket", ticket);
    }
    details.insert("transport", transport(attempt.peer()));
    details
}

/// The client's connection, without what the client could be impersonated with.
fn transport(peer: &Peer) -> Dict {
    let mut transport = Dict::new();
    transport.insert("type", peer.transport.to_string());
    transport.insert("peer", peer.address.to_string());
    transport.insert("confidential", peer.is_confidential());
    let certificate = peer.tls.as_ref().and_then(|tls| tls.certificates.first());
    let fingerprint = certificate
        .and_then(|der| Certificate::from_der(der).ok())
        .map(|shown| Dict::from_iter([("sha256", HEXLOWER.encode(shown.fingerprint()))]));
    transport.insert("client_cert", fingerprint.map_or(Value::Null, Value::from));
    if let Some(http) = &peer.http {
        let mut headers = Dict::new();
        for (name, value) in [("origin", &http.origin), ("user-agent", &http.user_agent)] {
            if let Some(value) = value {
                headers.insert(name, value.as_str());
            }
        }
        transport.insert("http_headers_received", headers);
    }
    transport
}

/// Reads the answer of the procedure: a role, or a dictionary with it.
///
/// # Errors
/// What is wrong with it.
fn read(
    answer: &Value,
    realm: &str,
    authid: Option<ByteString>,
    method: Method,
) -> Result<Principal, String> {
    if let Value::Str(role) = answer {
        if role.is_empty() {
            return Err("the answer names no role".to_owned());
        }
        let authid = authid.ok_or("the answer names no authid")?;
        let principal = principal(&authid, role);
        return with_credential(principal, &Dict::new(), method);
    }
    let answer = answer.as_dict().ok_or("the answer is neither a role nor a dictionary")?;
    let role = text(answer, "role")?.filter(|role| !role.is_empty());
    let role = role.ok_or("the answer names no role")?;
    if text(answer, "realm")?.is_some_and(|named| named != realm) {
        return Err("the answer names another realm".to_owned());
    }
    let authid = text(answer, "authid")?.cloned().or(authid);
    let authid = match (authid, text(answer, "pubkey")?) {
        (Some(authid), _) => authid,
        (None, Some(key)) if method == Method::Cryptosign => key.clone(),
        (None, _) => return Err("the answer names no authid".to_owned()),
    };
    let mut principal = principal(&authid, role);
    match answer.get("extra") {
        None | Some(Value::Null) => {}
        Some(Value::Dict(extra)) => principal.extra = extra.clone(),
        Some(_) => return Err("`extra` is no dictionary".to_owned()),
    }
    with_credential(principal, answer, method)
}

/// A principal whose names are in memory of their own: they stay with the session, and should keep neither its HELLO alive
/// nor the answer of the procedure.
fn principal(authid: &str, role: &str) -> Principal {
    Principal::new(authid, role, PROVIDER)
}

/// Adds what the method needs.
fn with_credential(
    mut principal: Principal,
    answer: &Dict,
    method: Method,
) -> Result<Principal, String> {
    match method {
        Method::Wampcra => principal.wampcra = Some(cra_key(answer)?),
        Method::Scram => principal.scram = Some(scram(answer)?),
        Method::Cryptosign => principal.cryptosign = keys(answer)?,
        Method::Ticket | Method::Tls | Method::Anonymous | Method::Cookie | Method::Jwt => {}
    }
    Ok(principal)
}

fn cra_key(answer: &Dict) -> Result<CraKey, String> {
    let secret = text(answer, "secret")?.filter(|secret| !secret.is_empty());
    let secret = secret.ok_or("the answer has no secret")?;
    let Some(salt) = text(answer, "salt")? else { return Ok(CraKey::plain(secret)) };
    let mut salting = Salting::new(salt.clone());
    salting.iterations = number(answer, "iterations")?.unwrap_or(salting.iterations);
    salting.keylen = number(answer, "keylen")?.unwrap_or(salting.keylen);
    // With a salt, `secret` is what was derived with it already.
    Ok(CraKey::derived(Key::from_derived(secret), salting))
}

fn scram(answer: &Dict) -> Result<ScramCredentials, String> {
    // Crossbar spells the keys with a hyphen and everything in hex; otherwise it is Base64, as on the wire.
    let is_hex = answer.get("stored-key").is_some();
    let octets = |key: &str| -> Result<Vec<u8>, String> {
        let text = text(answer, key)?.ok_or_else(|| format!("the answer has no {key}"))?;
        let encoding = if is_hex { &HEXLOWER_PERMISSIVE } else { &BASE64 };
        encoding.decode(text.as_bytes()).map_err(|_| format!("`{key}` is not encoded as expected"))
    };
    let key = |spelled: &str, hyphened: &str| -> Result<[u8; 32], String> {
        let name = if is_hex { hyphened } else { spelled };
        octets(name)?.try_into().map_err(|_| format!("`{name}` does not have 32 octets"))
    };
    let kdf = text(answer, "kdf")?.ok_or("the answer has no kdf")?;
    let credentials = ScramCredentials {
        kdf: match &**kdf {
            "pbkdf2" => Kdf::Pbkdf2,
            "argon2id13" | "argon2id-13" => Kdf::Argon2id13,
            _ => return Err("`kdf` is neither pbkdf2 nor argon2id13".to_owned()),
        },
        salt: octets("salt")?,
        iterations: number(answer, "iterations")?.ok_or("the answer has no iterations")?,
        memory: number(answer, "memory")?,
        stored_key: key("stored_key", "stored-key")?,
        server_key: key("server_key", "server-key")?,
    };
    credentials.check().map_err(|error| error.to_string())?;
    Ok(credentials)
}

fn keys(answer: &Dict) -> Result<Vec<[u8; 32]>, String> {
    let key = |text: &str| -> Result<[u8; 32], String> {
        let decoded = HEXLOWER_PERMISSIVE.decode(text.as_bytes()).ok();
        let decoded = decoded.and_then(|key| key.try_into().ok());
        decoded.ok_or_else(|| "a public key is not 64 hexadecimal digits".to_owned())
    };
    if let Some(one) = text(answer, "pubkey")? {
        return Ok(vec![key(one)?]);
    }
    let list = ["authorized_keys", "pubkeys"].into_iter().find_map(|name| answer.get(name));
    let list = list.and_then(Value::as_list).ok_or("the answer has no pubkey")?;
    list.iter().map(|one| key(one.as_str().ok_or("a public key is no text")?)).collect()
}

fn text<'a>(answer: &'a Dict, key: &str) -> Result<Option<&'a ByteString>, String> {
    match answer.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Str(text)) => Ok(Some(text)),
        Some(_) => Err(format!("`{key}` is no text")),
    }
}

fn number(answer: &Dict, key: &str) -> Result<Option<u32>, String> {
    match answer.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => {
            let number = value.as_u64().and_then(|number| u32::try_from(number).ok());
            number.map(Some).ok_or_else(|| format!("`{key}` is no number that fits"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use wamplex_shared::{
        codec,
        payload::{Payload, PayloadShape},
        serializer::Serializer,
    };

    #[test]
    fn who_is_let_in_keeps_neither_hello_nor_the_answer_in_memory() {
        let hello = Bytes::from(format!("alice{}", "x".repeat(10_000)));
        for answer in
            [r#"["user"]"#, r#"[{"role": "user"}]"#, r#"[{"role": "user", "authid": "bob"}]"#]
        {
            let frame = Bytes::from(answer.as_bytes().to_vec());
            let payload =
                Payload::from_encoded(Serializer::Json, PayloadShape::Args, frame.clone());
            let (values, _) = codec::read_values(&payload).unwrap();
            let authid = ByteString::try_from(hello.slice(0..5)).unwrap();
            let principal = read(&values[0], "realm1", Some(authid), Method::Ticket).unwrap();
            assert_eq!(principal.role, "user");
            drop((payload, values));
            assert!(hello.is_unique(), "{answer}");
            assert!(frame.is_unique(), "{answer}");
        }
    }
}
