//! Messages that are the same but for an id and the end of their payload.

use super::{Framing, Tag};
use bytes::Bytes;
use wamplex_shared::{
    codec,
    id::RequestId,
    message::{Message, Publish, PublishOptions},
    payload::{Payload, PayloadShape},
    serializer::Serializer,
    uri::Uri,
};

/// A message written once, with a gap where the id behind its type is.
#[derive(Clone, Debug)]
pub(crate) struct Template {
    serializer: Serializer,
    before: Vec<u8>,
    behind: Vec<u8>,
    /// Where in `behind` the tag is.
    tag: Option<usize>,
}

impl Template {
    /// A template of a message whose first id is 1.
    pub(crate) fn new(serializer: Serializer, message: &Message) -> Self {
        // Payloads are written in the serializer of the message, and for nothing else can this fail.
        let bytes = codec::encode(serializer, message).unwrap_or_default();
        let gap = match serializer {
            Serializer::Json => bytes.iter().position(|byte| *byte == b',').map_or(0, |at| at + 1),
            Serializer::MsgPack => 2,
            Serializer::Cbor if message.code().number() < 24 => 2,
            Serializer::Cbor => 3,
        };
        let behind = bytes.get(gap + 1..).unwrap_or_default().to_vec();
        let tag = Tag { sender: 0, number: 0 }.to_bytes();
        Self {
            serializer,
            before: bytes[..gap.min(bytes.len())].to_vec(),
            tag: behind.windows(Tag::LENGTH).rposition(|window| window == tag),
            behind,
        }
    }

    /// Appends a frame with this id, and with this tag if the payload has one.
    pub(crate) fn write(&mut self, framing: &Framing, out: &mut Vec<u8>, id: u64, tag: Tag) {
        if let Some(at) = self.tag {
            self.behind[at..at + Tag::LENGTH].copy_from_slice(&tag.to_bytes());
        }
        let mut digits = [0; 20];
        let id = write_number(self.serializer, id, &mut digits);
        framing.write(out, &[&self.before, id, &self.behind]);
    }

    /// How long the message is, give or take its id.
    pub(crate) fn len(&self) -> usize {
        self.before.len() + 1 + self.behind.len()
    }
}

/// One text of so many bytes, at least those of a tag, which it ends with.
pub(crate) fn payload(serializer: Serializer, length: usize) -> Payload {
    let tag = Tag { sender: 0, number: 0 }.to_bytes();
    let length = length.max(tag.len());
    let mut bytes = match serializer {
        Serializer::Json => b"[\"".to_vec(),
        Serializer::MsgPack => vec![0x91],
        Serializer::Cbor => vec![0x81],
    };
    match serializer {
        Serializer::Json => {}
        Serializer::MsgPack => match length {
            0..=31 => bytes.push(0xa0 | length as u8),
            32..=0xff => bytes.extend([0xd9, length as u8]),
            0x100..=0xffff => bytes.extend([&[0xda][..], &(length as u16).to_be_bytes()].concat()),
            _ => bytes.extend([&[0xdb][..], &(length as u32).to_be_bytes()].concat()),
        },
        Serializer::Cbor => match length {
            0..=23 => bytes.push(0x60 | length as u8),
            24..=0xff => bytes.extend([0x78, length as u8]),
            0x100..=0xffff => bytes.extend([&[0x79][..], &(length as u16).to_be_bytes()].concat()),
            _ => bytes.extend([&[0x7a][..], &(length as u32).to_be_bytes()].concat()),
        },
    }
    bytes.extend((0..length - tag.len()).map(|at| b'a' + (at % 26) as u8));
    bytes.extend(tag);
    if serializer == Serializer::Json {
        bytes.extend(b"\"]");
    }
    Payload::from_encoded(serializer, PayloadShape::Args, Bytes::from(bytes))
}

/// An unacknowledged PUBLISH with a payload of so many bytes.
pub(crate) fn publish_template(serializer: Serializer, topic: &str, length: usize) -> Template {
    let publish = Publish {
        request: RequestId::FIRST,
        options: PublishOptions::default(),
        topic: Uri::new(topic.to_owned()),
        payload: payload(serializer, length),
    };
    Template::new(serializer, &Message::Publish(publish))
}

/// Writes a number as short as the serializer allows.
fn write_number(serializer: Serializer, number: u64, out: &mut [u8; 20]) -> &[u8] {
    if serializer == Serializer::Json {
        return write_decimal(number, out);
    }
    let (single, first) =
        if serializer == Serializer::MsgPack { (0x7f, 0xcc) } else { (0x17, 0x18) };
    let bytes = number.to_be_bytes();
    let (mark, width) = match number {
        0..=0xff => (0, 1),
        0x100..=0xffff => (1, 2),
        0x1_0000..=0xffff_ffff => (2, 4),
        _ => (3, 8),
    };
    if number <= single {
        out[0] = number as u8;
        return &out[..1];
    }
    out[0] = first + mark;
    out[1..=width].copy_from_slice(&bytes[8 - width..]);
    &out[..=width]
}

fn write_decimal(mut number: u64, out: &mut [u8; 20]) -> &[u8] {
    let mut at = out.len();
    loop {
        at -= 1;
        out[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            return &out[at..];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{Incoming, Scanned, Transport};

    #[test]
    fn templates_are_messages_whatever_the_id_and_the_length() {
        for serializer in Serializer::ALL {
            for length in [16, 23, 24, 31, 32, 128, 255, 256, 65_535, 65_536] {
                let mut template = publish_template(serializer, "com.example.topic", length);
                for id in [1, 23, 24, 127, 128, 255, 256, 65_536, 1 << 32, (1 << 53) - 1] {
                    let framing = Framing::new(Transport::RawSocket, serializer, [0; 4]);
                    let mut out = Vec::new();
                    let tag = Tag { sender: 3, number: id & Tag::LAST_NUMBER };
                    template.write(&framing, &mut out, id, tag);
                    let Ok(Scanned::Message { message, consumed }) = Incoming::scan(&framing, &out)
                    else {
                        panic!("no frame");
                    };
                    assert_eq!(consumed, out.len());
                    let message = Bytes::copy_from_slice(message);
                    let Ok(Message::Publish(publish)) = codec::decode(serializer, &message) else {
                        panic!("{serializer:?} {length} {id}");
                    };
                    assert_eq!(publish.request.get(), id);
                    let head = publish.payload.bytes().len() - length;
                    assert!(head <= 6, "{serializer:?} {length}");
                    let mut from_end = 0;
                    assert_eq!(Tag::find(publish.payload.bytes(), &mut from_end).unwrap(), tag);
                }
            }
        }
    }
}
