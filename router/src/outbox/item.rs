//! What an outbox has to know of a message.

use wamplex_shared::{id::SubscriptionId, uri::Uri};

/// A message that waits, or several events in one: it may be dropped if it is an event, and only then.
pub(crate) trait Item: Sized {
    /// How many messages it is: at least one.
    fn count(&self) -> usize {
        1
    }

    /// The messages one by one, each with its bytes; `None` if it is one message as it is.
    fn split(&self) -> Option<Vec<(Self, usize)>> {
        None
    }

    /// Whether it is an event.
    fn is_event(&self) -> bool;

    /// What it is an event of; `None` if it is no event.
    fn topic(&self) -> Option<Topic>;

    /// The same event for one receiver, which is told that so many events of its subscription were dropped ahead of it.
    fn after_gap(self, dropped: u64) -> Self;
}

/// What tells events of one session apart: of those with one topic and subscription the newest may stand for all.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Topic {
    pub(crate) subscription: SubscriptionId,
    /// The topic, if the subscription is to a pattern; otherwise it is that of the subscription.
    pub(crate) uri: Option<Uri>,
}

impl Topic {
    /// The same, without keeping the frame alive in which the topic was written.
    pub(super) fn detach(&self) -> Self {
        Self { subscription: self.subscription, uri: self.uri.as_ref().map(Uri::detach) }
    }
}
