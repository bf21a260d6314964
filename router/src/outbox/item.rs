//! What an outbox has to know of a message.

use wamplex_realm::Outbound;
use wamplex_shared::{
    id::SubscriptionId,
    message::{EventDetails, Message},
    uri::Uri,
};

/// A message that waits: it may be dropped if it is an event, and only then.
pub(crate) trait Item: Sized {
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

impl Item for Outbound {
    fn is_event(&self) -> bool {
        matches!(self, Self::Event(_))
    }

    fn topic(&self) -> Option<Topic> {
        let Self::Event(event) = self else { return None };
        let uri = event.details().and_then(|details| details.topic.clone());
        Some(Topic { subscription: event.subscription(), uri })
    }

    /// A message of its own: the bytes that other receivers share say nothing of gaps.
    fn after_gap(self, dropped: u64) -> Self {
        let Self::Event(event) = self else { return self };
        let mut event = event.event();
        event.details.custom.insert(EventDetails::DROPPED, dropped);
        Self::Message(Box::new(Message::Event(event)))
    }
}
