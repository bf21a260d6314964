//! The only way out of a realm.

use crate::event::SharedEvent;
use std::sync::Arc;
use wamplex_shared::message::Message;

/// What a realm says to the world.
///
/// A realm delivers while it is guarded, so that the order of deliveries is the order of what happened: an
/// implementation queues the message and returns. It never waits for the receiver and never calls back into the realm.
pub trait Sink<H> {
    /// Queues `message` for the session behind `to`. GOODBYE and ABORT end that session.
    fn deliver(&mut self, to: &H, message: Outbound);
}

/// A message on its way to one session: cheap to clone, and not encoded before the receiver's own task does it.
#[derive(Clone, Debug)]
pub enum Outbound {
    /// A message for one receiver.
    Message(Box<Message>),
    /// An EVENT for all subscribers of one subscription.
    Event(Arc<SharedEvent>),
}

impl Outbound {
    /// The message, for whoever wants to look at it rather than send it.
    #[must_use]
    pub fn message(&self) -> &Message {
        match self {
            Self::Message(message) => message,
            Self::Event(event) => event.message(),
        }
    }
}

impl<M: Into<Message>> From<M> for Outbound {
    fn from(message: M) -> Self {
        Self::Message(Box::new(message.into()))
    }
}
