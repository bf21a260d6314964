//! Events that are kept to be read again ("WAMP: Event History").

mod memory;
mod query;
#[cfg(test)]
mod tests;

pub use memory::MemoryHistory;
pub use query::HistoryQuery;

use crate::kept::KeptEvent;
use core::{ops::ControlFlow, time::Duration};
use std::sync::Arc;
use wamplex_shared::uri::{MatchPolicy, Uri};

/// Of which topics a realm keeps the events.
///
/// History is kept by topic, whether or not somebody is subscribed. The history of a subscription is that of all topics
/// it matches, in the order the events were published and delivered. Not kept are events published with `exclude` or
/// `eligible`, the lists of sessions, and events whose arguments are nested so deeply that a result could not hold them.
/// The other lists are applied to whoever asks. That a publisher does not receive its own events is not, since its next
/// session would; nor are the keys of sharded subscriptions, since the nodes of today are not those of then.
///
/// ```
/// use core::time::Duration;
/// use wamplex_realm::{HistoryRule, RealmConfig};
/// use wamplex_shared::uri::MatchPolicy;
///
/// let mut chat = HistoryRule::new(MatchPolicy::Prefix, "com.example.chat.");
/// (chat.events, chat.age) = (100, Some(Duration::from_secs(86_400)));
/// let mut config = RealmConfig::new("realm1", 7);
/// config.history.rules.push(chat);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct History {
    /// The rules. A topic goes by the one that a call of it would go to if they were registrations: the exact one, else
    /// the longest prefix, else the wildcard with the most before its first empty component, and so on. What none
    /// matches has no history. Of two rules with the same pattern the last one holds.
    pub rules: Vec<HistoryRule>,
    /// About the most bytes that one call of `wamp.subscription.get_events` is answered with, so that the queue of the
    /// caller does not overflow. If that cuts the answer short, its keyword arguments say `more: true`. One event is
    /// always answered with.
    pub reply_bytes: usize,
}

/// How many of the events of some topics are kept: the oldest go first.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HistoryRule {
    /// How [`pattern`](Self::pattern) is compared with topics.
    pub policy: MatchPolicy,
    /// The topics that it is about.
    pub pattern: Uri,
    /// The most events of one topic.
    pub events: usize,
    /// About the most bytes that the events of one topic take up.
    pub bytes: usize,
    /// About the most bytes that the events of all topics of this rule take up.
    pub total_bytes: usize,
    /// How long an event is kept; `None` for as long as there is room.
    pub age: Option<Duration>,
}

/// Where events are kept.
///
/// A store is asked by one thread at a time, and told of events in the order in which they are delivered.
pub trait HistoryStore: Send {
    /// Keeps an event, which is behind all others, under one of [`History::rules`].
    fn append(&mut self, rule: usize, event: Arc<KeptEvent>);

    /// Visits the events that are asked for, until `visit` wants no more.
    ///
    /// # Errors
    /// The query names a publication that is not there (any more): where it would stand cannot be told.
    fn query(
        &self,
        query: &HistoryQuery,
        visit: &mut dyn FnMut(&Arc<KeptEvent>) -> ControlFlow<()>,
    ) -> Result<(), UnknownPublication>;

    /// Whether what it knows in two places is the same in both. For tests.
    ///
    /// # Errors
    /// What is not the same.
    fn check(&self) -> Result<(), String>;
}

/// There is no such publication in a history.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the history does not have this publication, or not any more")]
pub struct UnknownPublication;

impl History {
    /// An eighth of what a router lets wait for one session.
    pub const REPLY_BYTES: usize = 512 << 10;
}

impl Default for History {
    /// No history.
    fn default() -> Self {
        Self { rules: Vec::new(), reply_bytes: Self::REPLY_BYTES }
    }
}

impl HistoryRule {
    /// Some hours of a busy topic.
    pub const EVENTS: usize = 1_000;
    /// 1 KiB for each of them.
    pub const BYTES: usize = 1 << 20;
    /// Some hundreds of busy topics.
    pub const TOTAL_BYTES: usize = 256 << 20;

    /// The default limits for these topics.
    pub fn new(policy: MatchPolicy, pattern: impl Into<Uri>) -> Self {
        Self {
            policy,
            pattern: pattern.into(),
            events: Self::EVENTS,
            bytes: Self::BYTES,
            total_bytes: Self::TOTAL_BYTES,
            age: None,
        }
    }

    /// The age in milliseconds.
    pub(crate) fn age_millis(&self) -> u64 {
        self.age.map_or(u64::MAX, |age| u64::try_from(age.as_millis()).unwrap_or(u64::MAX))
    }
}
