//! Calls of dynamic authenticators, made by sessions inside the router.

use super::dynamic::{CallFailure, Calling, Procedures};
use crate::{
    authentication::Identity,
    local::{LocalError, LocalSession},
    shared::Shared,
};
use parking_lot::Mutex;
use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, OnceLock, Weak},
};
use wamplex_shared::value::{List, Value};

/// The authid and the role of the sessions that call authenticators.
const ASKER: &str = "wamplex.authentication";

/// Calls procedures of the router's own realms. Each realm has one session for that, opened when it is needed.
#[derive(Default)]
pub(crate) struct Inside {
    /// The router, once there is one.
    shared: OnceLock<Weak<Shared>>,
    sessions: Mutex<HashMap<String, LocalSession>>,
}

impl Inside {
    /// Says which router it is inside of.
    pub(crate) fn attach(&self, shared: &Arc<Shared>) {
        // Once is enough: a router stays the same.
        let _ = self.shared.set(Arc::downgrade(shared));
    }

    fn session(&self, realm: &str) -> Result<LocalSession, CallFailure> {
        let unreachable = |why: &str| CallFailure::Unreachable(why.to_owned());
        let mut sessions = self.sessions.lock();
        if let Some(session) = sessions.get(realm).filter(|session| session.is_open()) {
            return Ok(session.clone());
        }
        sessions.retain(|_, session| session.is_open());
        let shared = self.shared.get().and_then(Weak::upgrade);
        let shared = shared.ok_or_else(|| unreachable("the router is not there"))?;
        let cell = shared.realms.get(realm);
        let cell = cell.ok_or_else(|| unreachable("there is no realm of that name"))?;
        let session = LocalSession::open_privileged(&shared, &cell, Identity::local(ASKER, ASKER));
        let session = session.map_err(|error| unreachable(&error.to_string()))?;
        sessions.insert(realm.to_owned(), session.clone());
        Ok(session)
    }
}

impl Procedures for Inside {
    fn call<'a>(&'a self, realm: &'a str, procedure: &'a str, args: List) -> Calling<'a> {
        Box::pin(async move {
            let reply = self.session(realm)?.call(procedure, args).await.map_err(failure)?;
            let (args, _) = reply.values().map_err(failure)?;
            Ok(args.into_iter().next().unwrap_or(Value::Null))
        })
    }
}

fn failure(error: LocalError) -> CallFailure {
    if let LocalError::Wamp(error) = error {
        return CallFailure::Error(error.uri.as_str().to_owned());
    }
    CallFailure::Unreachable(error.to_string())
}

impl fmt::Debug for Inside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inside").finish_non_exhaustive()
    }
}
