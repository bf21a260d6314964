//! Who may join: what becomes of a HELLO.

use crate::{clock, realm::RealmCell, shared::Shared};
use bytestring::ByteString;
use std::sync::Arc;
use wamplex_realm::Joining;
use wamplex_shared::{
    id::SessionId,
    message::{Abort, Hello, WelcomeDetails},
    uri::{MatchPolicy, UriRule},
    uris::error,
};

/// What a router calls itself.
const AGENT: &str = concat!("wamplex/", env!("CARGO_PKG_VERSION"));

/// The method, and the role, of clients that prove nothing.
const ANONYMOUS: &str = "anonymous";

/// Where the principals are kept of clients that prove nothing.
const STATIC: &str = "static";

/// A client that may join.
pub(crate) struct Admitted {
    pub(crate) realm: Arc<RealmCell>,
    pub(crate) who: Joining,
    pub(crate) welcome: WelcomeDetails,
}

/// Decides about a HELLO.
///
/// # Errors
/// The ABORT that turns the client away.
pub(crate) fn admit(shared: &Shared, hello: &Hello) -> Result<Admitted, Box<Abort>> {
    let realm = find_realm(shared, hello)?;
    let methods = &hello.details.authmethods;
    if !methods.is_empty() && !methods.iter().any(|method| method == ANONYMOUS) {
        let offered: Vec<&str> = methods.iter().map(|method| &**method).collect();
        return Err(refuse(
            error::NO_MATCHING_AUTH_METHOD,
            format!("this realm takes {ANONYMOUS}, not {}", shorten(&offered.join(", "))),
        ));
    }
    let failed = |e| refuse(error::AUTHENTICATION_FAILED, format!("no random numbers: {e}"));
    let session = draw_session_id(&realm).map_err(failed)?;
    let authid = ByteString::from(format!("{:x}", getrandom::u64().map_err(failed)?));

    let mut who = Joining::new(session, hello.details.roles);
    who.authid = Some(authid);
    who.authrole = Some(ByteString::from_static(ANONYMOUS));
    who.authmethod = Some(ByteString::from_static(ANONYMOUS));
    who.authprovider = Some(ByteString::from_static(STATIC));
    who.trustlevel = shared.trustlevel;
    let welcome = WelcomeDetails {
        roles: realm.read().welcome_roles(),
        agent: Some(ByteString::from_static(AGENT)),
        realm: Some(realm.name().clone()),
        authid: who.authid.clone(),
        authrole: who.authrole.clone(),
        authmethod: who.authmethod.clone(),
        authprovider: who.authprovider.clone(),
        ..WelcomeDetails::default()
    };
    Ok(Admitted { realm, who, welcome })
}

fn find_realm(shared: &Shared, hello: &Hello) -> Result<Arc<RealmCell>, Box<Abort>> {
    if let Some(realm) = shared.realms.get(hello.realm.as_str()) {
        return Ok(Arc::clone(realm));
    }
    match hello.realm.check(UriRule::Loose, MatchPolicy::Exact) {
        Ok(()) => Err(refuse(
            error::NO_SUCH_REALM,
            format!("there is no realm `{}` here", shorten(hello.realm.as_str())),
        )),
        Err(invalid) => {
            Err(refuse(error::INVALID_URI, format!("the name of the realm: {invalid}")))
        }
    }
}

/// Draws an id that no session of the realm has.
fn draw_session_id(realm: &RealmCell) -> Result<SessionId, getrandom::Error> {
    loop {
        let id = clock::draw_session_id()?;
        if realm.read().session(id).is_none() {
            return Ok(id);
        }
    }
}

fn refuse(reason: &'static str, message: impl Into<ByteString>) -> Box<Abort> {
    Box::new(Abort::new(reason, message))
}

/// The beginning of a text that somebody else chose, for messages and logs.
fn shorten(text: &str) -> &str {
    const KEPT: usize = 200;
    text.char_indices().nth(KEPT).map_or(text, |(end, _)| &text[..end])
}
