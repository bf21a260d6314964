//! The only way out of a realm.

use crate::event::SharedEvent;
use bytes::Bytes;
use std::sync::Arc;
use wamplex_shared::{
    codec::{self, EncodeError},
    message::{Message, MessageCode},
    payload::Payload,
    serializer::Serializer,
};

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
    /// Writes the message; an EVENT at most once per serializer, whatever the number of receivers.
    ///
    /// # Errors
    /// The message cannot be written in this serializer.
    pub fn encode(&self, serializer: Serializer) -> Result<Bytes, EncodeError> {
        match self {
            Self::Message(message) => codec::encode(serializer, message),
            Self::Event(event) => event.encode(serializer),
        }
    }

    /// What kind of message it is.
    #[must_use]
    pub const fn code(&self) -> MessageCode {
        match self {
            Self::Message(message) => message.code(),
            Self::Event(_) => MessageCode::Event,
        }
    }

    /// A copy of the message, for whoever wants to look at it rather than send it.
    #[must_use]
    pub fn to_message(&self) -> Message {
        match self {
            Self::Message(message) => (**message).clone(),
            Self::Event(event) => Message::Event(event.event().clone()),
        }
    }

    /// About how many bytes the message keeps in memory while it waits, for queues that are bounded in bytes. An EVENT
    /// counts in full for every receiver, although its bytes are shared.
    #[must_use]
    pub fn weight(&self) -> usize {
        const HEAD: usize = 256;
        let payload = match self {
            Self::Event(event) => Some(&event.event().payload),
            Self::Message(message) => payload(message),
        };
        HEAD + payload.map_or(0, |payload| payload.bytes().len())
    }
}

/// The arguments that a message passes on. The other messages have none, or come once in the life of a session.
const fn payload(message: &Message) -> Option<&Payload> {
    if let Message::Invocation(message) = message {
        Some(&message.payload)
    } else if let Message::Result(message) = message {
        Some(&message.payload)
    } else if let Message::Error(message) = message {
        Some(&message.payload)
    } else {
        None
    }
}

impl<M: Into<Message>> From<M> for Outbound {
    fn from(message: M) -> Self {
        Self::Message(Box::new(message.into()))
    }
}
