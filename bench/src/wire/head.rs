//! The type and the ids a message begins with.

use crate::error::{BenchError, Result};
use std::ops::Range;
use wamplex_shared::serializer::Serializer;

/// The whole numbers that a message begins with: its type, then up to three ids.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Head {
    /// The type of the message.
    pub(crate) code: u64,
    /// The ids behind it; 0 where there is none.
    pub(crate) ids: [u64; 3],
}

impl Head {
    /// Reads the head of a message.
    ///
    /// # Errors
    /// It does not begin as a message does.
    pub(crate) fn read(serializer: Serializer, message: &[u8]) -> Result<Self> {
        numbers(serializer, message)
            .map(|[code, ids @ ..]| Self { code: code.0, ids: ids.map(|(id, _)| id) })
            .ok_or_else(|| BenchError::Router("sent something that is no message".to_owned()))
    }

    /// Where the second id of a message is, with what stands between it and the first.
    pub(crate) fn second_id(serializer: Serializer, message: &[u8]) -> Option<Range<usize>> {
        let [_, first, second, _] = numbers(serializer, message)?;
        let left = |(_, left): (u64, usize)| message.len() - left;
        (second.0 != 0).then(|| left(first)..left(second))
    }
}

/// Numbers, and how many bytes are left behind each.
type Numbers = [(u64, usize); 4];

fn numbers(serializer: Serializer, message: &[u8]) -> Option<Numbers> {
    let mut rest = message;
    match serializer {
        Serializer::Json => json(&mut rest),
        Serializer::MsgPack => binary(&mut rest, msgpack_list, msgpack_number),
        Serializer::Cbor => binary(&mut rest, cbor_list, cbor_number),
    }
}

fn json(rest: &mut &[u8]) -> Option<Numbers> {
    let mut numbers = [(0, 0); 4];
    for (at, number) in numbers.iter_mut().enumerate() {
        let opening = if at == 0 { b'[' } else { b',' };
        skip_spaces(rest);
        if rest.split_off_first() != Some(&opening) {
            break;
        }
        skip_spaces(rest);
        let Some(value) = json_number(rest) else { break };
        *number = (value, rest.len());
    }
    (numbers[0].0 != 0).then_some(numbers)
}

fn skip_spaces(rest: &mut &[u8]) {
    while let [b' ' | b'\n' | b'\r' | b'\t', behind @ ..] = rest {
        *rest = behind;
    }
}

fn json_number(rest: &mut &[u8]) -> Option<u64> {
    let mut number = None;
    while let [digit @ b'0'..=b'9', behind @ ..] = rest {
        number =
            Some(number.unwrap_or(0u64).wrapping_mul(10).wrapping_add(u64::from(digit - b'0')));
        *rest = behind;
    }
    number
}

fn binary(
    rest: &mut &[u8],
    list: fn(&mut &[u8]) -> Option<()>,
    number: fn(&mut &[u8]) -> Option<u64>,
) -> Option<Numbers> {
    list(rest)?;
    let mut numbers = [(number(rest)?, rest.len()), (0, 0), (0, 0), (0, 0)];
    for place in &mut numbers[1..] {
        let Some(value) = number(rest) else { break };
        *place = (value, rest.len());
    }
    Some(numbers)
}

fn msgpack_list(rest: &mut &[u8]) -> Option<()> {
    match rest.split_off_first()? {
        0x90..=0x9f => Some(()),
        0xdc => be(rest, 2).map(drop),
        0xdd => be(rest, 4).map(drop),
        _ => None,
    }
}

fn msgpack_number(rest: &mut &[u8]) -> Option<u64> {
    match *rest.split_off_first()? {
        small @ 0..=0x7f => Some(u64::from(small)),
        wide @ 0xcc..=0xcf => be(rest, 1 << (wide - 0xcc)),
        // Signed ones that are not negative, which some libraries write.
        wide @ 0xd0..=0xd3 => be(rest, 1 << (wide - 0xd0)),
        _ => None,
    }
}

fn cbor_list(rest: &mut &[u8]) -> Option<()> {
    match *rest.split_off_first()? {
        0x80..=0x97 | 0x9f => Some(()),
        wide @ 0x98..=0x9b => be(rest, 1 << (wide - 0x98)).map(drop),
        _ => None,
    }
}

fn cbor_number(rest: &mut &[u8]) -> Option<u64> {
    match *rest.split_off_first()? {
        small @ 0..=0x17 => Some(u64::from(small)),
        wide @ 0x18..=0x1b => be(rest, 1 << (wide - 0x18)),
        _ => None,
    }
}

fn be(rest: &mut &[u8], width: usize) -> Option<u64> {
    let bytes = rest.split_off(..width)?;
    Some(bytes.iter().fold(0, |value, byte| value << 8 | u64::from(*byte)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use wamplex_shared::{
        codec,
        id::{PublicationId, SubscriptionId},
        message::{Event, EventDetails, Message},
        payload::Payload,
    };

    #[test]
    fn ids_of_all_sizes_are_read_in_all_serializers() {
        for serializer in Serializer::ALL {
            for id in [1, 23, 24, 127, 128, 255, 256, 65_535, 65_536, 1 << 32, (1 << 53) - 1] {
                let event = Message::Event(Event {
                    subscription: SubscriptionId::new(id).unwrap(),
                    publication: PublicationId::new(id).unwrap(),
                    details: EventDetails::default(),
                    payload: Payload::NONE,
                });
                let bytes: Bytes = codec::encode(serializer, &event).unwrap();
                let head = Head { code: 36, ids: [id, id, 0] };
                assert_eq!(Head::read(serializer, &bytes).unwrap(), head, "{serializer:?} {id}");
            }
        }
    }

    #[test]
    fn what_is_no_message_has_no_head() {
        for (serializer, bytes) in [
            (Serializer::Json, &b"{}"[..]),
            (Serializer::Json, b""),
            (Serializer::MsgPack, b"\x80"),
            (Serializer::MsgPack, b"\x91\xcf\x00"),
            (Serializer::Cbor, b"\xa0"),
        ] {
            assert!(Head::read(serializer, bytes).is_err(), "{bytes:?}");
        }
        let spaced = Head::read(Serializer::Json, b" [ 36 , 5,\n6, {}]").unwrap();
        assert_eq!(spaced, Head { code: 36, ids: [5, 6, 0] });
    }
}
