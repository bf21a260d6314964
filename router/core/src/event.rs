//! One publication on its way to all subscribers of one subscription.

use bytes::Bytes;
use std::sync::{Arc, OnceLock};
use wamplex_shared::{
    codec::{self, EncodeError},
    message::Event,
    payload::Payload,
    serializer::Serializer,
};

/// An EVENT that many sessions receive, encoded at most once per serializer.
///
/// EVENT differs from subscription to subscription (its id is in it), not from subscriber to subscriber. So a queue
/// holds a reference, the first receiver of each serializer encodes, outside the guard of the realm, and the others
/// share the bytes.
#[derive(Debug)]
pub struct SharedEvent {
    event: Event,
    encoded: PerSerializer<Result<Bytes, EncodeError>>,
    /// The payload in the other serializers, for this event and those that name it as `first`.
    converted: OnceLock<Box<PerSerializer<Payload>>>,
    /// The event of the same publication for another subscription, which keeps the converted payloads of both.
    first: Option<Arc<Self>>,
}

type PerSerializer<T> = [OnceLock<T>; Serializer::COUNT];

impl SharedEvent {
    /// Wraps an EVENT that is about to be delivered. `first` is an event with the same payload for another subscription,
    /// if there is one.
    #[must_use]
    pub fn new(event: Event, first: Option<Arc<Self>>) -> Self {
        Self { event, encoded: PerSerializer::default(), converted: OnceLock::new(), first }
    }

    /// The EVENT.
    #[must_use]
    pub const fn event(&self) -> &Event {
        &self.event
    }

    /// The bytes of the EVENT, made at the first call for each serializer.
    ///
    /// # Errors
    /// The event cannot be written in this serializer.
    pub fn encode(&self, serializer: Serializer) -> Result<Bytes, EncodeError> {
        self.encoded(serializer).cloned()
    }

    /// The same bytes, without counting another reference: all cores that send the event would write to that count.
    ///
    /// # Errors
    /// The event cannot be written in this serializer.
    pub fn encoded(&self, serializer: Serializer) -> Result<&Bytes, EncodeError> {
        let encode = || codec::encode_event(serializer, &self.event, self.payload_in(serializer));
        self.encoded[serializer.index()].get_or_init(encode).as_ref().map_err(Clone::clone)
    }

    /// The payload as this serializer writes it, converted once for all subscriptions of the publication.
    fn payload_in(&self, serializer: Serializer) -> &Payload {
        if let Some(first) = &self.first {
            return first.payload_in(serializer);
        }
        if self.event.payload.is_none() || self.event.payload.serializer() == serializer {
            return &self.event.payload;
        }
        let convert = || codec::transcode(&self.event.payload, serializer);
        self.converted.get_or_init(Box::default)[serializer.index()].get_or_init(convert)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Serializer::{Cbor, Json, MsgPack};
    use wamplex_shared::{
        id::{PublicationId, SubscriptionId},
        message::{EventDetails, Message},
        value::{Dict, Value},
    };

    fn event(subscription: u64, first: Option<Arc<SharedEvent>>) -> Arc<SharedEvent> {
        let event = Event {
            subscription: SubscriptionId::new(subscription).unwrap(),
            publication: PublicationId::new(7).unwrap(),
            details: EventDetails::default(),
            payload: codec::write_values(Json, &[Value::from("text")], &Dict::new()),
        };
        Arc::new(SharedEvent::new(event, first))
    }

    #[test]
    fn an_event_is_encoded_once_per_serializer() {
        let event = event(1, None);
        for serializer in Serializer::ALL {
            let (first, second) =
                (event.encode(serializer).unwrap(), event.encode(serializer).unwrap());
            assert_eq!(first.as_ptr(), second.as_ptr(), "{serializer}");
            let Ok(Message::Event(read)) = codec::decode(serializer, &first) else { panic!() };
            assert_eq!(codec::read_values(&read.payload).unwrap().0, [Value::from("text")]);
        }
        assert_eq!(event.encode(Json).unwrap(), "[36,1,7,{},[\"text\"]]");
    }

    #[test]
    fn a_payload_is_converted_once_for_all_subscriptions() {
        let first = event(1, None);
        let second = event(2, Some(first.clone()));
        second.encode(MsgPack).unwrap();
        first.encode(MsgPack).unwrap();
        let converted = |event: &SharedEvent| {
            let converted = event.converted.get();
            [MsgPack, Cbor].map(|s| converted.is_some_and(|c| c[s.index()].get().is_some()))
        };
        assert_eq!(converted(&first), [true, false]);
        assert_eq!(converted(&second), [false, false]);
        assert_eq!(
            first.payload_in(MsgPack).bytes().as_ptr(),
            second.payload_in(MsgPack).bytes().as_ptr()
        );
    }
}
