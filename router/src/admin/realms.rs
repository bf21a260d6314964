//! Asking a realm about its sessions, registrations and subscriptions from outside of it.

use super::{ADMINISTRATOR, refuse};
use crate::{
    authentication::Identity,
    local::{Invocation, LocalSession},
    shared::Shared,
};
use std::sync::Arc;
use wamplex_shared::{
    error::WampError,
    payload::Payload,
    uri::Uri,
    uris::{error, wamplex::ADMIN},
    value::Value,
};

/// Calls the procedure of the protocol that the one called stands for, in the realm that its first argument names.
pub(super) async fn ask(shared: Arc<Shared>, call: Invocation) -> Result<Payload, WampError> {
    let unknown = || refuse(error::NO_SUCH_PROCEDURE, "there is no such procedure");
    let name = call.procedure().as_str().strip_prefix(ADMIN).ok_or_else(unknown)?;
    // What acts for the one who calls makes no sense for somebody else.
    if name.ends_with("_testament") || name.ends_with("_testaments") {
        return Err(unknown());
    }
    let procedure = Uri::from(format!("wamp.{name}"));
    let (mut args, kwargs) = call.values()?;
    if args.is_empty() {
        return Err(refuse(error::INVALID_ARGUMENT, "the first argument has to name a realm"));
    }
    let realm = realm_of(&args.remove(0))?;
    let cell = shared.realms.get(&realm).ok_or_else(|| {
        refuse(error::NO_SUCH_REALM, format!("there is no realm `{}` here", shorten(&realm)))
    })?;
    let identity = Identity::local(ADMINISTRATOR, ADMINISTRATOR);
    let session = LocalSession::open_privileged(&shared, &cell, identity)
        .map_err(|error| refuse(error::UNAVAILABLE, error.to_string()))?;
    let reply = session.call(procedure, (args, kwargs)).await?;
    session.leave().await;
    Ok(reply.payload)
}

/// The name of a realm in an argument.
pub(super) fn realm_of(argument: &Value) -> Result<String, WampError> {
    let name = argument.as_str().map(|name| (**name).to_owned());
    name.ok_or_else(|| refuse(error::INVALID_ARGUMENT, "the name of the realm has to be a string"))
}

/// The beginning of a text that somebody else chose.
pub(super) fn shorten(text: &str) -> &str {
    crate::admission::shorten(text)
}
