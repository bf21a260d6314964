//! Frames that are like one that has come before: the same bytes but for an id and a tag.
//!
//! A generator that takes every message apart needs more time for it than a router that copies it. Nearly all events of
//! a run differ in two places, so each is held against the last one as a whole, and only what differs is read.

use super::{Head, Tag};
use std::iter::zip;
use wamplex_shared::serializer::Serializer;

/// Longer frames are taken apart: there are few of them.
const LONGEST: usize = 2 << 10;

/// How many bytes are compared at once: as many as keep a processor busy.
const LINE: usize = 32;

/// What frames are like.
#[derive(Clone, Debug)]
pub(crate) struct Likeness {
    lines: Vec<Line>,
    /// How long a frame is.
    length: usize,
    /// Where in it the tag is.
    tag: usize,
}

/// Some bytes of a frame, and which bits of them are the same in every frame.
#[derive(Clone, Debug)]
struct Line {
    bytes: [u64; LINE / 8],
    mask: [u64; LINE / 8],
}

impl Likeness {
    /// Frames like this one, which has a message with a tag behind so many bytes. `None` if it is too long, or of
    /// another kind.
    ///
    /// What may differ is the second id and the digits of the tag.
    pub(crate) fn of(serializer: Serializer, frame: &[u8], header: usize) -> Option<Self> {
        let message = frame.get(header..).filter(|_| frame.len() <= LONGEST)?;
        let id = Head::second_id(serializer, message)?;
        let tag = header + Tag::place(message)?;
        let mut mask = vec![0xff; frame.len()];
        let id = header + id.start..header + id.end;
        for (mask, byte) in zip(&mut mask[id.clone()], &frame[id.clone()]) {
            match serializer {
                Serializer::Json if byte.is_ascii_digit() => *mask = 0xf0,
                Serializer::Json => {}
                // Behind the byte that says how long it is.
                _ => *mask = 0,
            }
        }
        if serializer != Serializer::Json {
            mask[id.start] = if id.len() == 1 { 0 } else { 0xff };
        }
        mask[tag + Tag::LENGTH - Tag::DIGITS..tag + Tag::LENGTH].fill(0xf0);
        let mut bytes = frame.to_vec();
        for all in [&mut bytes, &mut mask] {
            all.resize(frame.len().next_multiple_of(LINE), 0);
        }
        let lines = zip(words(&bytes), words(&mask)).map(|(bytes, mask)| Line { bytes, mask });
        Some(Self { lines: lines.collect(), length: frame.len(), tag })
    }

    /// How long such a frame is.
    pub(crate) const fn len(&self) -> usize {
        self.length
    }

    /// The tag of the frame that these bytes begin with, if it is one of these.
    #[inline]
    pub(crate) fn tag(&self, bytes: &[u8]) -> Option<Tag> {
        let lines = self.lines.len() * LINE;
        match bytes.get(..lines) {
            Some(whole) => self.tag_in(whole),
            // The last one of what was read.
            None if bytes.len() >= self.length => {
                let mut whole = bytes.to_vec();
                whole.resize(lines, 0);
                self.tag_in(&whole)
            }
            None => None,
        }
    }

    #[inline]
    fn tag_in(&self, whole: &[u8]) -> Option<Tag> {
        let off = zip(&self.lines, words(whole)).fold(0, |off, (line, found)| {
            let ([a, b, c, d], [p, q, r, s]) = (line.bytes, line.mask);
            let [w, x, y, z] = found;
            off | (a ^ w) & p | (b ^ x) & q | (c ^ y) & r | (d ^ z) & s
        });
        (off == 0).then(|| Tag::read(whole, self.tag)).flatten()
    }
}

#[inline]
fn words(bytes: &[u8]) -> impl Iterator<Item = [u64; LINE / 8]> {
    let (lines, _) = bytes.as_chunks::<8>().0.as_chunks::<{ LINE / 8 }>();
    // Written out, since this is compiled to be small.
    lines.iter().map(|[a, b, c, d]| [word(a), word(b), word(c), word(d)])
}

#[inline]
const fn word(bytes: &[u8; 8]) -> u64 {
    u64::from_le_bytes(*bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{Framing, Transport, payload};
    use bytes::Bytes;
    use wamplex_shared::{
        codec,
        id::{PublicationId, SubscriptionId},
        message::{Event, EventDetails, Message},
        payload::Payload,
    };

    const HEADER: usize = 4;

    /// A frame with an event, and room behind it.
    fn frame(serializer: Serializer, length: usize, publication: u64, tag: Tag) -> Vec<u8> {
        let plain = payload(serializer, length);
        let old = Tag { sender: 0, number: 0 }.to_bytes();
        let at = Tag::place(plain.bytes()).unwrap();
        let bytes = [&plain.bytes()[..at], &tag.to_bytes(), &plain.bytes()[at + old.len()..]];
        let event = Event {
            subscription: SubscriptionId::new(70_000).unwrap(),
            publication: PublicationId::new(publication).unwrap(),
            details: EventDetails::default(),
            payload: Payload::from_encoded(serializer, plain.shape(), Bytes::from(bytes.concat())),
        };
        let message = codec::encode(serializer, &Message::Event(event)).unwrap();
        let mut out = Vec::new();
        Framing::new(Transport::RawSocket, serializer, [0; 4]).write(&mut out, &[&message]);
        out
    }

    #[test]
    fn frames_that_differ_in_id_and_tag_are_alike() {
        let first = Tag { sender: 0, number: 0 };
        for serializer in Serializer::ALL {
            for length in [16, 100, 128, 1024] {
                let likeness =
                    Likeness::of(serializer, &frame(serializer, length, 1 << 52, first), HEADER);
                let likeness = likeness.unwrap();
                for number in [0, 1, 15, 16, 0x12_3456_789a, Tag::LAST_NUMBER] {
                    let tag = Tag { sender: 250, number };
                    let mut bytes = frame(serializer, length, (1 << 52) + number, tag);
                    assert_eq!(bytes.len(), likeness.len());
                    assert_eq!(likeness.tag(&bytes), Some(tag), "{serializer:?} {length}");
                    bytes.extend([0xaa; LINE]);
                    assert_eq!(likeness.tag(&bytes), Some(tag), "{serializer:?} {length}");
                }
            }
        }
    }

    #[test]
    fn a_frame_of_which_any_other_byte_differs_is_not_alike() {
        let tag = Tag { sender: 1, number: 2 };
        for serializer in Serializer::ALL {
            let known = frame(serializer, 40, 1 << 52, tag);
            let likeness = Likeness::of(serializer, &known, HEADER).unwrap();
            let id = Head::second_id(serializer, &known[HEADER..]).unwrap();
            let tag_at = Tag::place(&known).unwrap();
            for at in 0..known.len() {
                let mut other = [&known[..], &[0; LINE]].concat();
                other[at] ^= 0x80;
                let is_id = (HEADER + id.start + 1..HEADER + id.end).contains(&at);
                let found = likeness.tag(&other).is_some();
                assert_eq!(found, is_id && serializer != Serializer::Json, "{serializer:?} {at}");
                if (tag_at + Tag::LENGTH - Tag::DIGITS..tag_at + Tag::LENGTH).contains(&at) {
                    other[at] ^= 0x81;
                    assert_ne!(likeness.tag(&other), Some(tag), "{serializer:?} {at}");
                }
            }
            assert_eq!(likeness.tag(&known[..known.len() - 1]), None);
            let shorter = [&frame(serializer, 39, 1 << 52, tag)[..], &[0; LINE]].concat();
            assert_eq!(likeness.tag(&shorter), None);
        }
    }

    #[test]
    fn long_frames_and_messages_without_a_tag_are_like_nothing() {
        let tag = Tag { sender: 1, number: 2 };
        for serializer in Serializer::ALL {
            let long = frame(serializer, LONGEST, 1 << 52, tag);
            assert!(Likeness::of(serializer, &long, HEADER).is_none());
            let short = frame(serializer, 40, 1 << 52, tag);
            assert!(Likeness::of(serializer, &short[..short.len() - 10], HEADER).is_none());
        }
    }
}
