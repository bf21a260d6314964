//! How much there is in a realm, for statistics.

use crate::realm::Realm;

/// How much there is in a realm at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Census {
    /// Sessions.
    pub sessions: usize,
    /// Subscriptions: topics and patterns that somebody subscribed to, each counted once.
    pub subscriptions: usize,
    /// Registrations: procedures and patterns that somebody registered, each counted once.
    pub registrations: usize,
    /// Calls that are not answered yet.
    pub calls: usize,
}

impl<H> Realm<H> {
    /// Counts what there is. Looks at every session, so it is for now and then.
    #[must_use]
    pub fn census(&self) -> Census {
        Census {
            sessions: self.members.len(),
            subscriptions: self.broker.subscription_count(),
            registrations: self.dealer.registration_count(),
            calls: self.open_calls(),
        }
    }

    /// How many calls are not answered yet. Looks at every session.
    #[must_use]
    pub fn open_calls(&self) -> usize {
        self.members.iter().map(|seat| seat.member.calls.lock().len()).sum()
    }
}
