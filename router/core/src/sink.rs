//! The only way out of a realm.

use crate::{
    conversions::Recent,
    event::{Made, SharedEvent},
    receivers::Receivers,
    weight::{self, allocated},
};
use bytes::Bytes;
use std::{mem, sync::Arc};
use wamplex_shared::{
    codec::{self, EncodeError, Pieces},
    id::SessionId,
    message::{Event, Message, MessageCode},
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

    /// Queues an EVENT for all receivers of a subscription, `except` one of them: in an order of the sink's choice, but
    /// for each receiver in the order of the calls, among those of [`deliver`](Self::deliver).
    ///
    /// Unless this is overridden, they are delivered to one by one.
    fn deliver_to_all(&mut self, to: &Receivers<H>, except: Option<SessionId>, event: Event) {
        to.deliver_one_by_one(except, event, self);
    }
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
    /// A message for one receiver, made where it stays.
    pub(crate) fn boxed(mut message: Box<Message>) -> Self {
        weight::compact_message(&mut message);
        Self::Message(message)
    }

    /// Writes the message, for this receiver only.
    ///
    /// # Errors
    /// The message cannot be written in this serializer.
    pub fn encode(&self, serializer: Serializer) -> Result<Bytes, EncodeError> {
        match self {
            Self::Message(message) => codec::encode(serializer, message),
            Self::Event(event) => Ok(event.encode(serializer)),
        }
    }

    /// The same in pieces, so that neither an EVENT nor long arguments are copied. `made` is for what is written for
    /// this receiver only, and holds what of the `recent` conversions is used.
    ///
    /// # Errors
    /// As [`encode`](Self::encode).
    pub fn encode_pieces<'a>(
        &'a mut self,
        serializer: Serializer,
        recent: &Recent,
        made: &'a mut Made,
    ) -> Result<Pieces<'a>, EncodeError> {
        let message = match self {
            Self::Event(event) => return Ok(event.encoded(serializer, recent, made)),
            Self::Message(message) => &mut **message,
        };
        let made = &mut made.message;
        let long = payload_mut(message)
            .filter(|p| p.serializer() == serializer && p.bytes().len() >= SHARED)
            .map(|p| {
                let none = Payload::from_encoded(serializer, p.shape(), Bytes::new());
                mem::replace(p, none)
            });
        *made = codec::encode(serializer, message)?;
        let (Some(long), Some(place)) = (long, payload_mut(message)) else {
            return Ok(Pieces::whole(made));
        };
        *place = long;
        // It was written with arguments of no bytes, behind which it ends.
        made.truncate(made.len() - Pieces::new(&[], place).end.len());
        Ok(Pieces::new(made, place))
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
            Self::Event(event) => Message::Event(event.event()),
        }
    }

    /// How many bytes the message keeps in memory while it waits, for queues that are bounded in bytes: itself, its
    /// arguments and details, and its slot in the queue. An EVENT counts in full for every receiver, although its bytes
    /// are shared. What it is converted to for receivers with other serializers does not wait with it: that is among the
    /// [`Recent`] conversions, which have a limit of their own.
    #[must_use]
    pub fn weight(&self) -> usize {
        const MESSAGE: usize = allocated(size_of::<Message>());
        let held = match self {
            Self::Event(event) => event.weight(),
            Self::Message(message) => MESSAGE + weight::passed_on(message),
        };
        SLOT + weight::with_gaps(held)
    }
}

/// What a queue needs for a message, with room to grow.
const SLOT: usize = 96;

/// From this length on arguments are not copied into the message that is written.
const SHARED: usize = 4 << 10;

/// The arguments that a message passes on.
const fn payload_mut(message: &mut Message) -> Option<&mut Payload> {
    if let Message::Invocation(message) = message {
        Some(&mut message.payload)
    } else if let Message::Result(message) = message {
        Some(&mut message.payload)
    } else if let Message::Error(message) = message {
        Some(&mut message.payload)
    } else {
        None
    }
}

impl<M: Into<Message>> From<M> for Outbound {
    fn from(message: M) -> Self {
        Self::boxed(Box::new(message.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytestring::ByteString;
    use wamplex_shared::{
        id::{RegistrationId, RequestId},
        message::{
            Error, ErrorDetails, Invocation, InvocationDetails, Passthru, ResultDetails,
            ResultMessage,
        },
        payload::PayloadShape,
        serializer::Serializer::{Cbor, Json, MsgPack},
        uri::Uri,
        value::{Dict, Value},
    };

    fn result(length: usize) -> ResultMessage {
        let bytes = format!("[\"{}\"]", "x".repeat(length)).into();
        ResultMessage {
            request: RequestId::FIRST,
            details: ResultDetails::default(),
            payload: Payload::from_encoded(Json, PayloadShape::Args, bytes),
        }
    }

    #[test]
    fn pieces_are_the_message_whatever_its_length_and_long_arguments_stay_where_they_are() {
        for length in [0, 1, SHARED, 1 << 20] {
            for serializer in [Json, MsgPack, Cbor] {
                let message = result(length);
                let place = message.payload.bytes().as_ptr();
                let whole = codec::encode(serializer, &message.clone().into()).unwrap();
                let (mut outbound, mut made) = (Outbound::from(message.clone()), Made::default());
                let recent = Recent::default();
                let pieces = outbound.encode_pieces(serializer, &recent, &mut made).unwrap();
                assert_eq!(pieces.to_bytes(), whole);
                let is_shared = pieces.arguments.as_ptr() == place;
                assert_eq!(is_shared, length >= SHARED && serializer == Json);
                assert_eq!(outbound.to_message(), message.into(), "it is what it was");
            }
        }
    }

    #[test]
    fn short_arguments_keep_nothing_else_alive() {
        let frame = Bytes::from(vec![b' '; 10_000]);
        for (length, is_alone) in [(0, true), (255, true), (256, false), (5000, false)] {
            let mut message = result(0);
            let bytes = frame.slice(0..length);
            message.payload = Payload::from_encoded(Json, PayloadShape::Args, bytes);
            let outbound = Outbound::from(message);
            assert_eq!(frame.is_unique(), is_alone, "{length}");
            assert!(outbound.weight() >= length + size_of::<Message>());
        }
    }

    /// As they are read from a frame, each with text of this length wherever there can be any.
    fn messages(length: usize) -> (Bytes, Vec<Message>) {
        let frame = Bytes::from(vec![b'x'; 10_000]);
        let text = || ByteString::try_from(frame.slice(0..length)).unwrap();
        let uri = || Uri::from(text());
        let passthru = || {
            let (scheme, keyid) = (Some(text()), Some(text()));
            Some(Box::new(Passthru { scheme, keyid, ..Passthru::default() }))
        };
        let custom = || Dict::from_iter([("_note", Value::Str(text()))]);
        let invocation = Invocation {
            request: RequestId::FIRST,
            registration: RegistrationId::new(1).unwrap(),
            details: InvocationDetails {
                procedure: Some(uri()),
                transaction_hash: Some(text()),
                passthru: passthru(),
                custom: custom(),
                ..InvocationDetails::default()
            },
            payload: Payload::NONE,
        };
        let details =
            ResultDetails { passthru: passthru(), custom: custom(), ..ResultDetails::default() };
        let result = ResultMessage { details, ..result(0) };
        let error = Error {
            request_type: MessageCode::Call,
            request: RequestId::FIRST,
            details: ErrorDetails { passthru: passthru(), custom: custom() },
            error: uri(),
            payload: Payload::NONE,
        };
        (frame.clone(), vec![invocation.into(), result.into(), error.into()])
    }

    #[test]
    fn details_keep_no_frame_alive_and_are_weighed() {
        let (_, short) = messages(10);
        let (frame, long) = messages(900);
        let long: Vec<_> = long.into_iter().map(Outbound::from).collect();
        assert!(frame.is_unique());
        for ((short, long), texts) in short.into_iter().zip(&long).zip([5, 3, 4]) {
            let more = long.weight() - Outbound::from(short).weight();
            assert!((900 * texts..1400 * texts).contains(&more), "{more} of {:?}", long.code());
        }
    }
}
