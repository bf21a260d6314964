//! The sessions that requests are made in.

use crate::{
    authentication::Identity,
    local::{JoinError, LocalSession},
    realm::RealmCell,
    shared::Shared,
};
use bytestring::ByteString;
use lru::LruCache;
use parking_lot::Mutex;
use std::{
    num::NonZeroUsize,
    sync::{Arc, Weak},
    time::Duration,
};
use tokio::time::{Instant, sleep_until};

/// How many sessions are kept for further requests.
const KEPT: NonZeroUsize = NonZeroUsize::new(256).unwrap();

/// How long a session is kept without a request.
const IDLE: Duration = Duration::from_secs(60);

/// Sessions by who they belong to. Requests of one identity share a session, which leaves a while after the last.
pub(super) struct Sessions {
    kept: Mutex<LruCache<Key, Kept>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    /// A realm that is gone and one of the same name that came after it are two.
    realm: usize,
    authid: ByteString,
    authrole: ByteString,
    authmethod: ByteString,
    authprovider: ByteString,
}

struct Kept {
    session: LocalSession,
    used: Instant,
}

impl Sessions {
    pub(super) fn new() -> Self {
        Self { kept: Mutex::new(LruCache::new(KEPT)) }
    }

    /// The session of this identity in this realm.
    ///
    /// # Errors
    /// It cannot be opened.
    pub(super) fn of(
        self: &Arc<Self>,
        shared: &Arc<Shared>,
        realm: &Arc<RealmCell>,
        identity: Identity,
    ) -> Result<LocalSession, JoinError> {
        let key = Key {
            realm: Arc::as_ptr(realm).addr(),
            authid: identity.authid.clone(),
            authrole: identity.authrole.clone(),
            authmethod: identity.authmethod.clone(),
            authprovider: identity.authprovider.clone(),
        };
        let used = Instant::now();
        let mut kept = self.kept.lock();
        if let Some(found) = kept.get_mut(&key)
            && found.session.is_open()
        {
            found.used = used;
            return Ok(found.session.clone());
        }
        let session = LocalSession::open(shared, realm, identity)?;
        let replaced = kept.push(key.clone(), Kept { session: session.clone(), used });
        drop(kept);
        // What is dropped leaves its realm, and not under the lock.
        drop(replaced);
        let forget = forget_when_idle(Arc::downgrade(self), key, session.id(), used);
        tokio::spawn(forget);
        Ok(session)
    }
}

/// Lets a session go that nobody has used for a while.
async fn forget_when_idle(
    sessions: Weak<Sessions>,
    key: Key,
    session: wamplex_shared::id::SessionId,
    mut used: Instant,
) {
    loop {
        sleep_until(used + IDLE).await;
        let Some(sessions) = sessions.upgrade() else { return };
        let mut kept = sessions.kept.lock();
        match kept.peek(&key) {
            Some(found) if found.session.id() != session => return,
            Some(found) if found.used > used => used = found.used,
            Some(_) => {
                let idle = kept.pop(&key);
                drop(kept);
                drop(idle);
                return;
            }
            None => return,
        }
    }
}
