//! One publication on its way to all subscribers of one subscription.

use bytes::Bytes;
use std::sync::OnceLock;
use wamplex_shared::{
    codec::{self, EncodeError},
    message::{Event, Message},
    serializer::Serializer,
};

/// An EVENT that many sessions receive, encoded at most once per serializer.
///
/// EVENT differs from subscription to subscription (its id is in it), not from subscriber to subscriber. So a queue
/// holds a reference, the first receiver of each serializer encodes, outside the guard of the realm, and the others
/// share the bytes.
#[derive(Debug)]
pub struct SharedEvent {
    message: Message,
    encoded: [OnceLock<Result<Bytes, EncodeError>>; Serializer::COUNT],
}

impl SharedEvent {
    /// Wraps an EVENT that is about to be delivered.
    #[must_use]
    pub fn new(event: Event) -> Self {
        Self { message: Message::Event(event), encoded: Default::default() }
    }

    /// The EVENT.
    #[must_use]
    pub const fn message(&self) -> &Message {
        &self.message
    }

    /// The bytes of the EVENT, made at the first call for each serializer.
    ///
    /// # Errors
    /// The event cannot be written in this serializer.
    pub fn encode(&self, serializer: Serializer) -> Result<Bytes, EncodeError> {
        self.encoded[serializer.index()]
            .get_or_init(|| codec::encode(serializer, &self.message))
            .clone()
    }
}
