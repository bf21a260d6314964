//! What stays of a publication once it is delivered.

use crate::{
    config::RealmConfig, kept::KeptEvent, member::Member, reject::Reject, retained::Retained,
};
use core::time::Duration;
use parking_lot::{Mutex, MutexGuard};
use std::sync::Arc;
use wamplex_shared::{
    message::PublishOptions,
    time::Time,
    uri::{MatchPolicy, Uri},
};

/// Keeps events of one realm.
pub(crate) struct Keeper {
    /// One lock for all of it, and held until the event is delivered: subscribers receive what is kept in the order in
    /// which it is kept, so that nobody misses an event between the last that it received and the first that it asks
    /// for. What is not kept does not wait for it.
    kept: Mutex<Kept>,
}

/// What is kept.
pub(crate) struct Kept {
    pub(crate) retained: Retained,
}

/// What is to be kept of one publication.
pub(crate) struct Keeping {
    /// As the retained event of its topic, for this long.
    retain: Option<Option<Duration>>,
}

impl Keeper {
    pub(crate) fn new(config: &RealmConfig) -> Self {
        Self { kept: Mutex::new(Kept { retained: Retained::new(config.retention.clone()) }) }
    }

    /// What is to be kept of a publication with these options: mostly nothing, and then this is all it costs.
    pub(crate) fn judge(
        &self,
        config: &RealmConfig,
        options: &PublishOptions,
    ) -> Result<Option<Keeping>, Reject> {
        if !options.retain || config.retention.events == 0 {
            return Ok(None);
        }
        Ok(Some(Keeping { retain: Some(config.retention.effective_ttl(options)?) }))
    }

    /// Keeps an event. Others wait with theirs until the guard is gone.
    pub(crate) fn keep(
        &self,
        keeping: &Keeping,
        event: KeptEvent,
        now: Time,
    ) -> MutexGuard<'_, Kept> {
        let event = Arc::new(event.detach());
        let mut kept = self.kept.lock();
        if let Some(ttl) = keeping.retain {
            kept.retained.put(event, ttl, now);
        }
        kept
    }

    /// The retained events for a new subscriber.
    pub(crate) fn retained<H>(
        &self,
        policy: MatchPolicy,
        pattern: &Uri,
        to: &Member<H>,
        now: Time,
    ) -> Vec<Arc<KeptEvent>> {
        self.kept.lock().retained.select(policy, pattern, to, now, |_| true)
    }

    /// Takes retained events away; see [`Retained::purge`].
    pub(crate) fn purge(&self, policy: MatchPolicy, pattern: &Uri, now: Time) -> usize {
        self.kept.lock().retained.purge(policy, pattern, now)
    }

    /// Whether the tables agree. For tests.
    pub(crate) fn check(&self) -> Result<(), String> {
        self.kept.lock().retained.check()
    }
}
