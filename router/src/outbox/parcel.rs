//! What waits in the outboxes of this router.

use super::{Item, item::Topic};
use crate::chunk::Chunk;
use std::sync::Arc;
use wamplex_realm::Outbound;
use wamplex_shared::message::{EventDetails, Message};

/// A message, or several events that came together.
#[derive(Clone, Debug)]
pub(crate) enum Parcel {
    One(Outbound),
    Chunk(Arc<Chunk>),
}

impl Item for Parcel {
    fn count(&self) -> usize {
        match self {
            Self::One(_) => 1,
            Self::Chunk(chunk) => chunk.count(),
        }
    }

    fn split(&self) -> Option<Vec<(Self, usize)>> {
        let Self::Chunk(chunk) = self else { return None };
        let single = |event: &Arc<_>| {
            let event = Outbound::Event(Arc::clone(event));
            let bytes = event.weight();
            (Self::One(event), bytes)
        };
        Some(chunk.singles().iter().map(single).collect())
    }

    fn is_event(&self) -> bool {
        matches!(self, Self::Chunk(_) | Self::One(Outbound::Event(_)))
    }

    fn topic(&self) -> Option<Topic> {
        // Where events are told apart, chunks have been split.
        let Self::One(Outbound::Event(event)) = self else { return None };
        let uri = event.details().and_then(|details| details.topic.clone());
        Some(Topic { subscription: event.subscription(), uri })
    }

    /// A message of its own: the bytes that other receivers share say nothing of gaps.
    fn after_gap(self, dropped: u64) -> Self {
        let Self::One(Outbound::Event(event)) = self else { return self };
        let mut event = event.event();
        event.details.custom.insert(EventDetails::DROPPED, dropped);
        Self::One(Outbound::Message(Box::new(Message::Event(event))))
    }
}

impl From<Outbound> for Parcel {
    fn from(message: Outbound) -> Self {
        Self::One(message)
    }
}
