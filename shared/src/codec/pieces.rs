//! Messages in pieces: arguments are written from where they are, between what stands before and behind them.

use super::{layout, with_writer};
use crate::{
    id::{PublicationId, SubscriptionId},
    message::EventDetails,
    payload::Payload,
    serializer::Serializer,
};
use alloc::boxed::Box;
use bytes::{Bytes, BytesMut};

/// A message that is encoded, in three pieces.
#[derive(Clone, Copy, Debug)]
pub struct Pieces<'a> {
    /// What stands before the arguments, or the whole message.
    pub head: &'a [u8],
    /// The arguments, which other messages may share.
    pub arguments: &'a Bytes,
    /// What stands behind them.
    pub end: &'static [u8],
}

/// No arguments.
static NONE: Bytes = Bytes::new();

/// Enough for the head of an EVENT without details.
const SHORT_HEAD: usize = 64;

impl<'a> Pieces<'a> {
    /// The head of a message with its arguments, as they are written in `payload`.
    #[must_use]
    pub const fn new(head: &'a [u8], payload: &'a Payload) -> Self {
        if payload.is_none() {
            return Self { head, arguments: &NONE, end: &[] };
        }
        Self { head, arguments: payload.bytes(), end: end(payload.serializer()) }
    }

    /// A message that was written as a whole.
    #[must_use]
    pub const fn whole(message: &'a Bytes) -> Self {
        Self { head: &[], arguments: message, end: &[] }
    }

    /// How many bytes the message has.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.head.len() + self.arguments.len() + self.end.len()
    }

    /// Whether there is no byte at all, which no message is.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The message in one piece; not copied if it is that already.
    #[must_use]
    pub fn to_bytes(&self) -> Bytes {
        if self.head.is_empty() && self.end.is_empty() {
            return self.arguments.clone();
        }
        let mut bytes = BytesMut::with_capacity(self.len());
        self.each(|piece| bytes.extend_from_slice(piece));
        bytes.freeze()
    }

    /// Calls `f` with one piece after the other.
    pub fn each(&self, mut f: impl FnMut(&[u8])) {
        f(self.head);
        f(self.arguments);
        f(self.end);
    }
}

/// What stands behind the arguments of a message that has some.
#[must_use]
const fn end(serializer: Serializer) -> &'static [u8] {
    match serializer {
        Serializer::Json => b"]",
        Serializer::MsgPack | Serializer::Cbor => &[],
    }
}

/// Writes an EVENT up to its arguments, or the whole of it if `payload` has none. For [`Pieces::new`].
#[must_use]
pub fn event_head(
    serializer: Serializer,
    subscription: SubscriptionId,
    publication: PublicationId,
    details: &EventDetails,
    payload: &Payload,
) -> Box<[u8]> {
    let mut out = BytesMut::with_capacity(SHORT_HEAD);
    append_event_head(serializer, subscription, publication, details, payload, &mut out);
    Box::from(&out[..])
}

/// Writes the same behind what `out` has.
pub fn append_event_head(
    serializer: Serializer,
    subscription: SubscriptionId,
    publication: PublicationId,
    details: &EventDetails,
    payload: &Payload,
    out: &mut BytesMut,
) {
    let shape = payload.shape();
    with_writer!(serializer, out, |w| {
        layout::write_event_head(w, subscription, publication, details, shape);
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        codec::{self, encode},
        message::Event,
        value::{Dict, Value},
    };

    #[test]
    fn pieces_are_the_message() {
        let args = [Value::from("text")];
        let kwargs: Dict = [("key", 1_u64)].into_iter().collect();
        let details = EventDetails { trustlevel: Some(3), ..EventDetails::default() };
        for serializer in Serializer::ALL {
            for (args, kwargs) in
                [(&[][..], Dict::new()), (&args[..], Dict::new()), (&args[..], kwargs.clone())]
            {
                for details in [EventDetails::default(), details.clone()] {
                    let event = Event {
                        subscription: SubscriptionId::new(1).unwrap(),
                        publication: PublicationId::new(1 << 53).unwrap(),
                        details,
                        payload: codec::write_values(serializer, args, &kwargs),
                    };
                    let Event { subscription, publication, details, payload } = &event;
                    let head =
                        event_head(serializer, *subscription, *publication, details, payload);
                    let pieces = Pieces::new(&head, payload);
                    let whole = encode(serializer, &event.clone().into()).unwrap();
                    assert_eq!(pieces.to_bytes(), whole);
                    assert_eq!(pieces.len(), whole.len());
                    assert_eq!(Pieces::whole(&whole).to_bytes().as_ptr(), whole.as_ptr());
                }
            }
        }
    }
}
