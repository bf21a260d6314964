//! As much WAMP as the generator needs, in MessagePack.

use bytes::{Buf, Bytes};
use wamplex_shared::{
    codec,
    id::{RequestId, SessionId, SubscriptionId},
    message::{Message, Subscribed, Welcome, WelcomeDetails},
    roles::{Features, Role, Roles},
    serializer::Serializer,
};

/// Everything of an EVENT but its arguments: subscription 1, publication 1, no details.
pub(super) const EVENT_HEAD: &[u8] = &[0x95, 36, 1, 1, 0x80];

/// What a message asks for.
pub(super) enum Asked {
    /// This is to be answered.
    Answer(Bytes),
    /// To be a subscriber, and to get this answer.
    Subscribe(Bytes),
    /// These arguments are to go to all subscribers.
    Publish(Bytes),
    /// Nothing that this server can do.
    Nothing,
}

/// Reads a message.
pub(super) fn read(message: &Bytes) -> Asked {
    if let Some(arguments) = published(message) {
        return Asked::Publish(message.slice(message.len() - arguments..));
    }
    let asked = match codec::decode(Serializer::MsgPack, message) {
        Ok(Message::Hello(_)) => welcome().map(Asked::Answer),
        Ok(Message::Subscribe(subscribe)) => subscribed(subscribe.request).map(Asked::Subscribe),
        _ => None,
    };
    asked.unwrap_or(Asked::Nothing)
}

fn welcome() -> Option<Bytes> {
    let mut roles = Roles::default();
    roles.insert(Role::Broker, Features::default());
    let details = WelcomeDetails { roles, ..WelcomeDetails::default() };
    encode(&Message::Welcome(Welcome { session: SessionId::new(1)?, details }))
}

fn subscribed(request: RequestId) -> Option<Bytes> {
    encode(&Message::Subscribed(Subscribed { request, subscription: SubscriptionId::new(1)? }))
}

fn encode(message: &Message) -> Option<Bytes> {
    codec::encode(Serializer::MsgPack, message).ok()
}

/// How long the arguments of a PUBLISH without options are.
fn published(message: &[u8]) -> Option<usize> {
    let mut rest = message.strip_prefix(&[0x95, 16])?;
    let request = match rest.try_get_u8().ok()? {
        0xcc => 1,
        0xcd => 2,
        0xce => 4,
        0xcf => 8,
        _ => 0,
    };
    rest = rest.get(request..)?.strip_prefix(&[0x80])?;
    let topic = match rest.try_get_u8().ok()? {
        short @ 0xa0..=0xbf => usize::from(short - 0xa0),
        0xd9 => usize::from(rest.try_get_u8().ok()?),
        _ => return None,
    };
    Some(rest.get(topic..)?.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        join::hello,
        wire::{Framing, Tag, Transport, publish_template},
    };

    #[test]
    fn arguments_are_found_in_what_the_generator_publishes() {
        for (length, id) in [(16, 1), (300, 127), (300, 128), (70_000, 65_536), (70_000, 1 << 40)] {
            let framing = Framing::new(Transport::RawSocket, Serializer::MsgPack, [0; 4]);
            let mut frame = Vec::new();
            let tag = Tag { sender: 3, number: 4 };
            publish_template(Serializer::MsgPack, "com.example.topic", length)
                .write(&framing, &mut frame, id, tag);
            // Behind the four octets of a RawSocket frame.
            let Asked::Publish(arguments) = read(&Bytes::from(frame).slice(4..)) else {
                panic!("no publication: {length} {id}");
            };
            assert!(arguments.starts_with(&[0x91]) && arguments.ends_with(&tag.to_bytes()));
            assert!((length + 2..length + 7).contains(&arguments.len()));
        }
    }

    #[test]
    fn what_is_no_publication_is_answered_or_refused() {
        let hello = encode(&hello("realm1")).unwrap();
        let Asked::Answer(answer) = read(&hello) else { panic!("no answer") };
        assert!(matches!(codec::decode(Serializer::MsgPack, &answer), Ok(Message::Welcome(_))));
        assert!(matches!(read(&answer), Asked::Nothing));
        assert!(matches!(read(&Bytes::from_static(&[0x95, 16])), Asked::Nothing));
    }
}
