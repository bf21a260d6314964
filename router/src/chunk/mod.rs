//! Several events of one subscription on their way to the same receivers.
//!
//! A client that publishes much sends many messages at once, and mostly to one topic. What comes of them is one piece of
//! memory: each receiver gets one reference to it, under one lock, and most of them write it to their sockets as it is.

mod draft;
#[cfg(test)]
mod tests;

pub(crate) use draft::Draft;

use crate::transport::FrameFormat;
use bytes::{Bytes, BytesMut};
use std::sync::{Arc, OnceLock};
use wamplex_realm::{SharedEvent, with_gaps};
use wamplex_shared::{
    codec::{self, Pieces},
    id::{PublicationId, SubscriptionId},
    message::{Event, EventDetails},
    payload::{Payload, PayloadShape},
    serializer::Serializer,
};

/// Several events of one subscription, in the order in which they were published: at least one.
#[derive(Debug)]
pub(crate) struct Chunk {
    subscription: SubscriptionId,
    /// What all of them say, if it is anything.
    details: Option<Box<EventDetails>>,
    format: Format,
    frames: Frames,
    parts: Box<[Part]>,
    /// The same in other formats, for receivers that need that.
    others: OnceLock<Box<[OnceLock<Option<Frames>>; Format::COUNT]>>,
    /// The same one by one, for receivers that need that.
    singles: OnceLock<Box<[Arc<SharedEvent>]>>,
}

/// How events are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Format {
    pub(crate) serializer: Serializer,
    pub(crate) frame: FrameFormat,
}

/// Events one behind the other, each with what a transport puts ahead of it.
#[derive(Clone, Debug)]
pub(crate) struct Frames {
    pub(crate) bytes: Bytes,
    /// How many bytes the EVENTs have without what is ahead of them.
    pub(crate) length: usize,
    /// How many the longest of them has.
    pub(crate) longest: usize,
}

/// One of the events, and where it is.
#[derive(Clone, Copy, Debug)]
struct Part {
    publication: PublicationId,
    shape: PayloadShape,
    /// Where its EVENT begins.
    start: u32,
    end: u32,
    /// Where its arguments begin.
    payload: u32,
    payload_length: u32,
}

impl Chunk {
    /// How many events there are.
    pub(crate) const fn count(&self) -> usize {
        self.parts.len()
    }

    /// How many bytes the events keep in memory while they wait, for queues that are bounded in bytes, with the slot in the
    /// queue. They count in full for every receiver, although they are shared; what they are converted to does not count.
    pub(crate) fn weight(&self) -> usize {
        // As allocators round, and what counts references to the frames.
        const SELF: usize = size_of::<Chunk>() + 128;
        let text = self.parts.first().map_or(0, |part| (part.payload - part.start) as usize);
        let details = self.details.as_ref().map_or(0, |_| size_of::<EventDetails>() + text);
        let held = SELF + details + size_of_val(&*self.parts) + self.frames.bytes.len();
        with_gaps(held)
    }

    /// The events as one connection sends them, made at the first call for each format; `None` if they can be sent
    /// [one by one](Self::singles) only.
    pub(crate) fn frames(&self, format: Format) -> Option<&Frames> {
        if format == self.format {
            return Some(&self.frames);
        }
        let other = &self.others.get_or_init(Box::default)[format.index()];
        other.get_or_init(|| self.write(format)).as_ref()
    }

    /// The events one by one.
    pub(crate) fn singles(&self) -> &[Arc<SharedEvent>] {
        let single = |event: Event| {
            // What waits for long should not keep all of the chunk alive.
            let payload = event.payload.detach();
            Arc::new(SharedEvent::new(Event { payload, ..event }, None))
        };
        self.singles.get_or_init(|| self.events().map(single).collect())
    }

    /// The events as messages.
    pub(crate) fn events(&self) -> impl Iterator<Item = Event> {
        self.parts.iter().map(|part| Event {
            subscription: self.subscription,
            publication: part.publication,
            details: self.details.as_deref().cloned().unwrap_or_default(),
            payload: self.payload(part),
        })
    }

    fn payload(&self, part: &Part) -> Payload {
        if part.shape == PayloadShape::None {
            return Payload::NONE;
        }
        let start = part.payload as usize;
        let bytes = self.frames.bytes.slice(start..start + part.payload_length as usize);
        Payload::from_encoded(self.format.serializer, part.shape, bytes)
    }

    /// Writes the events in another format.
    fn write(&self, format: Format) -> Option<Frames> {
        let mut out = BytesMut::with_capacity(self.frames.bytes.len());
        let (mut length, mut longest) = (0, 0);
        let mut events = self.events();
        for part in &self.parts {
            let start = FrameFormat::begin(&mut out);
            if format.serializer == self.format.serializer {
                out.extend_from_slice(&self.frames.bytes[part.start as usize..part.end as usize]);
            } else if let Some(event) = events.next() {
                let payload = codec::transcode(&event.payload, format.serializer);
                write_event(format.serializer, &Event { payload, ..event }, &mut out);
            }
            let begin = format.frame.end(format.serializer, &mut out, start)?;
            length += out.len() - begin;
            longest = longest.max(out.len() - begin);
        }
        Some(Frames { bytes: out.freeze(), length, longest })
    }
}

/// Appends an EVENT with arguments in this serializer, and says where those begin.
fn write_event(serializer: Serializer, event: &Event, out: &mut BytesMut) -> usize {
    let Event { subscription, publication, details, payload } = event;
    codec::append_event_head(serializer, *subscription, *publication, details, payload, out);
    let start = out.len();
    Pieces::new(&[], payload).each(|piece| out.extend_from_slice(piece));
    start
}

impl Format {
    /// How many there are.
    const COUNT: usize = Serializer::COUNT * FrameFormat::COUNT;

    /// A dense index below [`COUNT`](Self::COUNT).
    const fn index(self) -> usize {
        self.serializer.index() * FrameFormat::COUNT + self.frame.index()
    }
}
