//! One publication on its way to all subscribers of one subscription.

use wamplex_shared::message::{Event, Message};

/// An EVENT that many sessions receive.
#[derive(Debug)]
pub struct SharedEvent {
    message: Message,
}

impl SharedEvent {
    /// Wraps an EVENT that is about to be delivered.
    #[must_use]
    pub const fn new(event: Event) -> Self {
        Self { message: Message::Event(event) }
    }

    /// The EVENT.
    #[must_use]
    pub const fn message(&self) -> &Message {
        &self.message
    }
}
