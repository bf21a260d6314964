//! The sessions that requests are made in.

use super::failure::Failure;
use crate::{
    authentication::Identity, crowd::Counted, local::LocalSession, realm::RealmCell,
    shared::Shared, throttle::Throttle,
};
use bytestring::ByteString;
use lru::LruCache;
use parking_lot::Mutex;
use std::{
    num::NonZeroUsize,
    sync::{Arc, Weak},
    time::Duration,
};
use tokio::time::{Instant, sleep, sleep_until};
use wamplex_shared::uris::wamplex::LIMIT_EXCEEDED;

/// How many sessions are kept for further requests.
const KEPT: NonZeroUsize = NonZeroUsize::new(256).unwrap();

/// How long a session is kept without a request.
const IDLE: Duration = Duration::from_secs(60);

/// Somebody who makes requests: a session, and how much may be asked in it.
pub(super) struct Client {
    pub(super) session: LocalSession,
    throttle: Throttle,
}

impl Client {
    /// Joins as this identity, and keeps what it takes of the room of its address.
    ///
    /// # Errors
    /// Why not.
    pub(super) async fn join(
        shared: &Arc<Shared>,
        realm: &Arc<RealmCell>,
        identity: Identity,
        counted: Option<Counted>,
    ) -> Result<Self, Failure> {
        let (session, throttle) =
            LocalSession::open_as_client(shared, realm, identity, counted).await?;
        Ok(Self { session, throttle })
    }

    /// Pays for a request of this many bytes: waits until it may be made.
    ///
    /// # Errors
    /// There were far too many.
    pub(super) async fn pay(&self, shared: &Shared, bytes: usize) -> Result<(), Failure> {
        let now = shared.clock.now();
        if !self.throttle.pay(bytes, now) {
            return Err(Failure::new(LIMIT_EXCEEDED, "there were too many requests"));
        }
        let debt = self.throttle.debt(now);
        if !debt.is_zero() {
            sleep(debt).await;
        }
        Ok(())
    }
}

/// Clients by who they are. Requests of one identity share a session, which leaves a while after the last.
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
    client: Arc<Client>,
    used: Instant,
}

impl Sessions {
    pub(super) fn new() -> Self {
        Self { kept: Mutex::new(LruCache::new(KEPT)) }
    }

    /// The client of this identity in this realm.
    ///
    /// # Errors
    /// It cannot join.
    pub(super) async fn of(
        self: &Arc<Self>,
        shared: &Arc<Shared>,
        realm: &Arc<RealmCell>,
        mut identity: Identity,
    ) -> Result<Arc<Client>, Failure> {
        // Who it is was found out for this request, and will be for the next.
        identity.ends = None;
        let key = Key {
            realm: Arc::as_ptr(realm).addr(),
            authid: identity.authid.clone(),
            authrole: identity.authrole.clone(),
            authmethod: identity.authmethod.clone(),
            authprovider: identity.authprovider.clone(),
        };
        if let Some(found) = self.find(&key) {
            return Ok(found);
        }
        let client = Arc::new(Client::join(shared, realm, identity, None).await?);
        // Another request may have been quicker. Then this client leaves again.
        Ok(self.find(&key).unwrap_or_else(|| self.keep(key, client)))
    }

    fn find(&self, key: &Key) -> Option<Arc<Client>> {
        let mut kept = self.kept.lock();
        let found = kept.get_mut(key).filter(|found| found.client.session.is_open())?;
        found.used = Instant::now();
        Some(Arc::clone(&found.client))
    }

    fn keep(self: &Arc<Self>, key: Key, client: Arc<Client>) -> Arc<Client> {
        let used = Instant::now();
        let kept = Kept { client: Arc::clone(&client), used };
        // What is dropped leaves its realm, and not under the lock.
        let replaced = self.kept.lock().push(key.clone(), kept);
        drop(replaced);
        tokio::spawn(forget_when_idle(Arc::downgrade(self), key, Arc::downgrade(&client), used));
        client
    }
}

/// Lets a client go that nobody has been for a while.
async fn forget_when_idle(
    sessions: Weak<Sessions>,
    key: Key,
    client: Weak<Client>,
    mut used: Instant,
) {
    loop {
        sleep_until(used + IDLE).await;
        let Some(sessions) = sessions.upgrade() else { return };
        let mut kept = sessions.kept.lock();
        let found = kept.peek(&key).filter(|found| Arc::as_ptr(&found.client) == client.as_ptr());
        let Some(found) = found else { return };
        if found.used == used {
            let idle = kept.pop(&key);
            drop(kept);
            drop(idle);
            return;
        }
        used = found.used;
    }
}
