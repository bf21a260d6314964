//! One publication on its way to all subscribers of one subscription.

use crate::weight::{self, allocated};
use bytes::Bytes;
use std::sync::{Arc, OnceLock};
use wamplex_shared::{
    codec::{self, Pieces},
    id::{PublicationId, SubscriptionId},
    message::{Event, EventDetails},
    payload::Payload,
    serializer::Serializer,
};

/// An EVENT that many sessions receive, encoded at most once per serializer.
///
/// EVENT differs from subscription to subscription (its id is in it), not from subscriber to subscriber. So a queue
/// holds a reference, the first receiver of each serializer encodes, outside the guard of the realm, and the others
/// share the bytes.
///
/// It is as small as it can be, since it may wait long for a slow receiver: what is encoded is only what stands before
/// the arguments, and neither details nor short arguments keep the memory alive that they arrived in.
#[derive(Debug)]
pub struct SharedEvent {
    subscription: SubscriptionId,
    publication: PublicationId,
    /// Often there are none.
    details: Option<Box<EventDetails>>,
    payload: Payload,
    heads: PerSerializer<Box<[u8]>>,
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
        let Event { subscription, publication, mut details, payload } = event;
        weight::detach_details(&mut details);
        let payload = match &first {
            Some(first) => first.payload.clone(),
            None => weight::compact(payload),
        };
        Self {
            subscription,
            publication,
            details: (details != EventDetails::default()).then(|| Box::new(details)),
            payload,
            heads: PerSerializer::default(),
            converted: OnceLock::new(),
            first,
        }
    }

    /// The EVENT.
    #[must_use]
    pub fn event(&self) -> Event {
        Event {
            subscription: self.subscription,
            publication: self.publication,
            details: self.details.as_deref().cloned().unwrap_or_default(),
            payload: self.payload.clone(),
        }
    }

    /// The subscription it comes through.
    #[must_use]
    pub const fn subscription(&self) -> SubscriptionId {
        self.subscription
    }

    /// The details, if there are any.
    #[must_use]
    pub fn details(&self) -> Option<&EventDetails> {
        self.details.as_deref()
    }

    /// The EVENT as it is written, made at the first call for each serializer.
    ///
    /// Nothing counts a reference to it: all cores that send the event would write to that count.
    #[must_use]
    pub fn encoded(&self, serializer: Serializer) -> Pieces<'_> {
        let payload = self.payload_in(serializer);
        let head = self.heads[serializer.index()].get_or_init(|| {
            let none;
            let details = match self.details.as_deref() {
                Some(details) => details,
                None => {
                    none = EventDetails::default();
                    &none
                }
            };
            codec::event_head(serializer, self.subscription, self.publication, details, payload)
        });
        Pieces::new(head, payload)
    }

    /// The bytes of the EVENT in one piece.
    #[must_use]
    pub fn encode(&self, serializer: Serializer) -> Bytes {
        self.encoded(serializer).to_bytes()
    }

    /// How many bytes of memory it takes up for each receiver, encoded in the serializer of its publisher.
    pub(crate) fn weight(&self) -> usize {
        const SELF: usize = allocated(size_of::<(usize, usize, SharedEvent)>());
        const HEAD: usize = 64;
        let details = self.details.as_deref().map_or(0, weight::details);
        let first = if self.first.is_some() { SELF + HEAD } else { 0 };
        SELF + HEAD + details + weight::payload(&self.payload) + first
    }

    /// The payload as this serializer writes it, converted once for all subscriptions of the publication.
    fn payload_in(&self, serializer: Serializer) -> &Payload {
        if self.payload.is_none() || self.payload.serializer() == serializer {
            return &self.payload;
        }
        if let Some(first) = &self.first {
            return first.payload_in(serializer);
        }
        let convert = || codec::transcode(&self.payload, serializer);
        self.converted.get_or_init(Box::default)[serializer.index()].get_or_init(convert)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Serializer::{Cbor, Json, MsgPack};
    use bytestring::ByteString;
    use wamplex_shared::{
        id::{PublicationId, SubscriptionId},
        message::{EventDetails, Message, Passthru},
        uri::Uri,
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
            let (first, second) = (event.encoded(serializer), event.encoded(serializer));
            assert_eq!(first.head.as_ptr(), second.head.as_ptr(), "{serializer}");
            assert_eq!(first.arguments.as_ptr(), second.arguments.as_ptr(), "{serializer}");
            let whole = first.to_bytes();
            let Ok(Message::Event(read)) = codec::decode(serializer, &whole) else { panic!() };
            assert_eq!(codec::read_values(&read.payload).unwrap().0, [Value::from("text")]);
        }
        assert_eq!(event.encode(Json), "[36,1,7,{},[\"text\"]]");
    }

    #[test]
    fn a_payload_is_converted_once_for_all_subscriptions() {
        let first = event(1, None);
        let second = event(2, Some(first.clone()));
        assert_eq!(second.encode(MsgPack).len(), first.encode(MsgPack).len());
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

    #[test]
    fn details_keep_no_frame_alive() {
        let frame = Bytes::from(vec![b'x'; 1000]);
        let text = || ByteString::try_from(frame.slice(0..10)).unwrap();
        for payload in
            [Payload::NONE, codec::write_values(Json, &["x".repeat(1000).into()], &Dict::new())]
        {
            let details = EventDetails {
                topic: Some(Uri::from(text())),
                transaction_hash: Some(text()),
                passthru: Some(Box::new(Passthru { keyid: Some(text()), ..Passthru::default() })),
                custom: Dict::from_iter([("_note", Value::Str(text()))]),
                ..EventDetails::default()
            };
            let event = Event { details, payload, ..event(1, None).event() };
            let shared = SharedEvent::new(event.clone(), None);
            assert_eq!(shared.event(), event);
            drop(event);
            assert!(frame.is_unique());
            drop(shared);
        }
    }
}
