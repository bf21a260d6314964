//! What somebody wants to know of the past.

use core::ops::RangeInclusive;
use wamplex_shared::{
    id::PublicationId,
    uri::{MatchPolicy, Uri},
};

/// Which events of a history, and in which order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HistoryQuery {
    /// How [`pattern`](Self::pattern) is compared with topics.
    pub policy: MatchPolicy,
    /// The topics of the subscription.
    pub pattern: Uri,
    /// The one topic of them that is wanted, if not all are.
    pub topic: Option<Uri>,
    /// Whether the newest come first.
    pub reverse: bool,
    /// When the events were published, in milliseconds since 1970.
    pub times: RangeInclusive<u64>,
    /// The first event that is wanted.
    pub from: Option<PublicationId>,
    /// The last event that is not wanted.
    pub after: Option<PublicationId>,
    /// The first event that is not wanted any more.
    pub before: Option<PublicationId>,
    /// The last event that is wanted.
    pub until: Option<PublicationId>,
    /// The present, in milliseconds since 1970: what is too old by now is not wanted.
    pub now: u64,
}

impl HistoryQuery {
    /// All events of a subscription, the oldest first.
    #[must_use]
    pub const fn new(policy: MatchPolicy, pattern: Uri, now: u64) -> Self {
        Self {
            policy,
            pattern,
            topic: None,
            reverse: false,
            times: 0..=u64::MAX,
            from: None,
            after: None,
            before: None,
            until: None,
            now,
        }
    }
}
