//! Procedures about the router itself, in a realm that the configuration names.
//!
//! | procedure | arguments | result |
//! |---|---|---|
//! | `wamplex.admin.status` | | version, uptime and counts, as a dictionary |
//! | `wamplex.admin.realm.list` | | name and counts of each realm, as a list of dictionaries |
//! | `wamplex.admin.session.X`, `.registration.X`, `.subscription.X` | a realm, then those of `wamp.session.X` and so on | what `wamp.session.X` and so on return there |
//! | `wamplex.admin.session.tap` | a realm, a session id | every message of the session as a piece of the result, until the call is canceled |
//! | `wamplex.admin.reload` | | what has changed, as a list of lines; an error says why nothing has |
//!
//! They are ordinary registrations of a session inside the process: the roles of the realm say who may call them.

mod realms;
mod status;
mod tap;

pub(crate) use tap::{Direction, Tap, Taps};

use crate::{
    authentication::Identity,
    error::StartError,
    local::{Invocation, LocalError, LocalSession, sentence},
    shared::Shared,
};
use std::sync::{Arc, Weak};
use wamplex_shared::{
    error::WampError,
    payload::Payload,
    uri::{MatchPolicy, Uri},
    uris::{error, wamplex::ADMIN},
    value::Value,
};

/// Who offers the procedures, in the realm and in those that are asked about.
pub(crate) const ADMINISTRATOR: &str = "wamplex.admin";

/// Offers the procedures in this realm for as long as what it returns is kept.
///
/// # Errors
/// There is no such realm, or no randomness for a session id.
pub(crate) async fn open(shared: &Arc<Shared>, realm: &str) -> Result<LocalSession, StartError> {
    let failed = |reason: String| StartError::Admin { realm: realm.to_owned(), reason };
    let cell = shared.realms.get(realm).ok_or_else(|| failed("there is no such realm".into()))?;
    let identity = Identity::local(ADMINISTRATOR, ADMINISTRATOR);
    let session = LocalSession::open_privileged(shared, &cell, identity);
    let session = session.map_err(|error| failed(error.to_string()))?;
    offer(shared, &session).await.map_err(|error| failed(error.to_string()))?;
    Ok(session)
}

async fn offer(shared: &Arc<Shared>, session: &LocalSession) -> Result<(), LocalError> {
    let exact = MatchPolicy::Exact;
    register(shared, session, "status", exact, |shared, call| async move {
        no_arguments(&call)?;
        Ok(status::of(&shared))
    })
    .await?;
    register(shared, session, "realm.list", exact, |shared, call| async move {
        no_arguments(&call)?;
        Ok(status::realms(&shared))
    })
    .await?;
    register(shared, session, "reload", exact, |shared, call| async move {
        no_arguments(&call)?;
        status::reload(&shared).await
    })
    .await?;
    register(shared, session, "session.tap", exact, tap::serve).await?;
    for area in ["session.", "registration.", "subscription."] {
        register(shared, session, area, MatchPolicy::Prefix, realms::ask).await?;
    }
    Ok(())
}

/// Registers a procedure. It does not keep the router alive.
async fn register<F, A>(
    shared: &Arc<Shared>,
    session: &LocalSession,
    name: &str,
    policy: MatchPolicy,
    handler: F,
) -> Result<(), LocalError>
where
    F: Fn(Arc<Shared>, Invocation) -> A + Clone + Send + Sync + 'static,
    A: Future<Output = Result<Payload, WampError>> + Send + 'static,
{
    let shared = Arc::downgrade(shared);
    let serve = move |call| {
        let (shared, handler) = (Weak::upgrade(&shared), handler.clone());
        async move {
            let shared = shared.ok_or_else(|| refuse(error::CANCELED, "the router is gone"))?;
            handler(shared, call).await
        }
    };
    let registration = session.register(Uri::from(format!("{ADMIN}{name}")), serve);
    registration.match_policy(policy).await?.detach();
    Ok(())
}

fn no_arguments(call: &Invocation) -> Result<(), WampError> {
    let (args, kwargs) = call.values()?;
    if args.is_empty() && kwargs.is_empty() {
        return Ok(());
    }
    Err(refuse(error::INVALID_ARGUMENT, "this procedure takes no arguments"))
}

/// An error in words.
fn refuse(uri: &'static str, words: impl Into<Value>) -> WampError {
    sentence(Uri::from_static(uri), words)
}
