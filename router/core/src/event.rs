//! One publication on its way to all subscribers of one subscription.

use crate::{
    conversions::{Conversions, Converted, Recent},
    weight::{self, allocated},
};
use bytes::Bytes;
use std::sync::{Arc, OnceLock};
use wamplex_shared::{
    codec::{self, Pieces},
    id::{PublicationId, SubscriptionId},
    message::{Event, EventDetails},
    payload::Payload,
    serializer::Serializer,
};

/// An EVENT that many sessions receive, encoded once for all that use the serializer of its publisher, and once in a while
/// for those that use another.
///
/// EVENT differs from subscription to subscription (its id is in it), not from subscriber to subscriber. So a queue
/// holds a reference, the first receiver of each serializer encodes, outside the guard of the realm, and the others
/// share the bytes.
///
/// It is as small as it can be, since it may wait long for a slow receiver: what is encoded is only what stands before
/// the arguments, neither details nor short arguments keep the memory alive that they arrived in, and what it is
/// converted to is kept for moments only.
#[derive(Debug)]
pub struct SharedEvent {
    subscription: SubscriptionId,
    publication: PublicationId,
    /// Often there are none.
    details: Option<Box<EventDetails>>,
    payload: Payload,
    /// What stands before the arguments in the serializer that these are in. If there are none, in the first that somebody
    /// asked for.
    head: OnceLock<(Serializer, Box<[u8]>)>,
    conversions: Conversions<Conversion, { Serializer::COUNT }>,
    /// The event of the same publication for another subscription, which is asked for converted payloads.
    first: Option<Arc<Self>>,
}

/// An EVENT in another serializer than that of its publisher.
#[derive(Debug)]
struct Conversion {
    head: Box<[u8]>,
    payload: Payload,
}

/// What is encoded for one receiver, or held for it while that writes it.
#[derive(Debug, Default)]
pub struct Made {
    /// A message for this receiver alone.
    pub(crate) message: Bytes,
    conversion: Option<Arc<Conversion>>,
}

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
            head: OnceLock::new(),
            conversions: Conversions::default(),
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

    /// The EVENT as it is written, made at the first call for the serializer of its publisher, and for another one unless
    /// it is among the `recent` conversions; those are held in `made`.
    ///
    /// Nothing counts a reference to what needs no conversion: all cores that send the event would write to that count.
    #[must_use]
    pub fn encoded<'a>(
        self: &'a Arc<Self>,
        serializer: Serializer,
        recent: &Recent,
        made: &'a mut Made,
    ) -> Pieces<'a> {
        if self.payload.is_none() || self.payload.serializer() == serializer {
            let (of, head) =
                self.head.get_or_init(|| (serializer, self.head(serializer, &self.payload)));
            if *of == serializer {
                return Pieces::new(head, &self.payload);
            }
        }
        let conversion = made.conversion.insert(self.conversion(serializer, recent));
        Pieces::new(&conversion.head, &conversion.payload)
    }

    /// The bytes of the EVENT in one piece, made anew.
    #[must_use]
    pub fn encode(&self, serializer: Serializer) -> Bytes {
        let payload = self.converted(serializer);
        Pieces::new(&self.head(serializer, &payload), &payload).to_bytes()
    }

    /// How many bytes of memory it takes up for each receiver.
    pub(crate) fn weight(&self) -> usize {
        const SELF: usize = allocated(size_of::<(usize, usize, SharedEvent)>());
        const HEAD: usize = 64;
        let details = self.details.as_deref().map_or(0, weight::details);
        let first = if self.first.is_some() { SELF + HEAD } else { 0 };
        SELF + HEAD + details + weight::payload(&self.payload) + first
    }

    fn conversion(self: &Arc<Self>, serializer: Serializer, recent: &Recent) -> Arc<Conversion> {
        let kind = serializer.index();
        if let Some(made) = self.conversions.get(kind) {
            return made;
        }
        // Without a lock, since others may be given up for it.
        let payload = self.first.as_ref().filter(|_| !self.payload.is_none());
        let payload = payload.map(|first| first.conversion(serializer, recent).payload.clone());
        let (made, is_new) = self.conversions.get_or_make(kind, || {
            let payload = payload.unwrap_or_else(|| self.converted(serializer));
            Conversion { head: self.head(serializer, &payload), payload }
        });
        if is_new {
            recent.note(self, made.head.len() + made.payload.bytes().len());
        }
        made
    }

    fn head(&self, serializer: Serializer, payload: &Payload) -> Box<[u8]> {
        let none;
        let details = match self.details.as_deref() {
            Some(details) => details,
            None => {
                none = EventDetails::default();
                &none
            }
        };
        codec::event_head(serializer, self.subscription, self.publication, details, payload)
    }

    fn converted(&self, serializer: Serializer) -> Payload {
        if self.payload.is_none() || self.payload.serializer() == serializer {
            return self.payload.clone();
        }
        codec::transcode(&self.payload, serializer)
    }
}

impl Converted for SharedEvent {
    fn forget_conversions(&self) {
        self.conversions.forget();
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
        let (event, recent) = (event(1, None), Recent::default());
        for serializer in Serializer::ALL {
            let (mut made, mut again) = (Made::default(), Made::default());
            let first = event.encoded(serializer, &recent, &mut made);
            let second = event.encoded(serializer, &recent, &mut again);
            assert_eq!(first.head.as_ptr(), second.head.as_ptr(), "{serializer}");
            assert_eq!(first.arguments.as_ptr(), second.arguments.as_ptr(), "{serializer}");
            let whole = first.to_bytes();
            assert_eq!(whole, event.encode(serializer));
            let Ok(Message::Event(read)) = codec::decode(serializer, &whole) else { panic!() };
            assert_eq!(codec::read_values(&read.payload).unwrap().0, [Value::from("text")]);
        }
        assert_eq!(event.encode(Json), "[36,1,7,{},[\"text\"]]");
    }

    #[test]
    fn an_event_without_arguments_is_written_in_every_serializer() {
        let shared = event(1, None);
        let shared =
            Arc::new(SharedEvent::new(Event { payload: Payload::NONE, ..shared.event() }, None));
        let recent = Recent::default();
        for serializer in [MsgPack, Json, Cbor, MsgPack, Json] {
            let mut made = Made::default();
            let bytes = shared.encoded(serializer, &recent, &mut made).to_bytes();
            assert_eq!(codec::decode(serializer, &bytes).unwrap(), shared.event().into());
        }
    }

    #[test]
    fn a_payload_is_converted_once_for_all_subscriptions() {
        let first = event(1, None);
        let second = event(2, Some(first.clone()));
        let (recent, mut made, mut again) = (Recent::default(), Made::default(), Made::default());
        let of_second = second.encoded(MsgPack, &recent, &mut made);
        let of_first = first.encoded(MsgPack, &recent, &mut again);
        assert_eq!(of_second.len(), of_first.len());
        assert_ne!(of_second.head, of_first.head);
        assert_eq!(of_second.arguments.as_ptr(), of_first.arguments.as_ptr());
        let is_converted = |event: &SharedEvent| {
            [MsgPack, Cbor].map(|s| event.conversions.get(s.index()).is_some())
        };
        assert_eq!(is_converted(&first), [true, false]);
        assert_eq!(is_converted(&second), [true, false]);
    }

    #[test]
    fn what_waits_keeps_no_more_conversions_than_a_router_keeps_of_all() {
        let recent = Recent::new(10_000);
        let events: Vec<_> = (1..1000).map(|id| event(id, None)).collect();
        for event in &events {
            for serializer in Serializer::ALL {
                let mut made = Made::default();
                let bytes = event.encoded(serializer, &recent, &mut made).to_bytes();
                assert_eq!(bytes, event.encode(serializer));
            }
        }
        let kept = |event: &Arc<SharedEvent>| event.conversions.get(Cbor.index()).is_some();
        assert!(kept(events.last().unwrap()));
        assert!(events.iter().filter(|event| kept(event)).count() < 20);
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
