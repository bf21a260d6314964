//! Several events of one subscription on their way to the same receivers.
//!
//! A client that publishes much sends many messages at once, and mostly to one topic. What comes of them is one piece of
//! memory: each receiver gets one reference to it, under one lock, and most of them write it to their sockets as it is.
//! What others write is made when they do, and kept among the [`Recent`] conversions of the router: it does not wait with
//! the chunk for those that are slow.

mod draft;
#[cfg(test)]
mod tests;

pub(crate) use draft::Draft;

use crate::transport::FrameFormat;
use bytes::{Bytes, BytesMut};
use parking_lot::Mutex;
use std::sync::Arc;
use wamplex_realm::{Conversions, Converted, Recent, SharedEvent, with_gaps};
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
    others: Conversions<Option<Conversion>, { Format::COUNT }>,
    singles: Mutex<Singles>,
}

/// The events one by one, for outboxes that may drop some of them.
#[derive(Debug)]
enum Singles {
    /// While the chunk is put into outboxes they share what the first of them needed.
    Shared(Option<Arc<[Arc<SharedEvent>]>>),
    /// Later nobody does, and it would wait with the chunk.
    Apart,
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

/// The events in another format.
#[derive(Debug)]
struct Conversion {
    frames: Frames,
    /// Where the EVENTs are without what is ahead of them.
    bodies: Box<[(u32, u32)]>,
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
    /// queue. They count in full for every receiver, although they are shared. What they are converted to does not wait
    /// with them.
    pub(crate) fn weight(&self) -> usize {
        // As allocators round, and what counts references to the frames.
        const SELF: usize = size_of::<Chunk>() + 128;
        let text = self.parts.first().map_or(0, |part| (part.payload - part.start) as usize);
        let details = self.details.as_ref().map_or(0, |_| size_of::<EventDetails>() + text);
        let held = SELF + details + size_of_val(&*self.parts) + self.frames.bytes.len();
        with_gaps(held)
    }

    /// Calls `f` with the events as one connection sends them, made anew unless they were written so or are among the
    /// `recent` conversions; with nothing if they can be sent one by one only.
    ///
    /// Nothing counts a reference to what was written first: all cores that send it would write to that count.
    pub(crate) fn frames<R>(
        self: &Arc<Self>,
        format: Format,
        recent: &Recent,
        f: impl FnOnce(Option<&Frames>) -> R,
    ) -> R {
        if format == self.format {
            return f(Some(&self.frames));
        }
        let made = self.conversion(format, recent);
        f(Option::as_ref(&made).map(|made| &made.frames))
    }

    /// The EVENTs without what is ahead of them in frames, as [`frames`](Self::frames) has them.
    pub(crate) fn bodies(
        self: &Arc<Self>,
        serializer: Serializer,
        recent: &Recent,
    ) -> Option<Vec<Bytes>> {
        if serializer == self.format.serializer {
            let body =
                |part: &Part| self.frames.bytes.slice(part.start as usize..part.end as usize);
            return Some(self.parts.iter().map(body).collect());
        }
        // Whatever the frames are: what is in them is the same.
        let made = self.conversion(Format { serializer, ..self.format }, recent);
        let Conversion { frames, bodies } = Option::as_ref(&made)?;
        let body = |(start, end): &(u32, u32)| frames.bytes.slice(*start as usize..*end as usize);
        Some(bodies.iter().map(body).collect())
    }

    fn conversion(self: &Arc<Self>, format: Format, recent: &Recent) -> Arc<Option<Conversion>> {
        let (made, is_new) = self.others.get_or_make(format.index(), || self.write(format));
        if is_new {
            let bytes = |made: &Conversion| made.frames.bytes.len() + size_of_val(&*made.bodies);
            recent.note(self, Option::as_ref(&made).map_or(0, bytes));
        }
        made
    }

    /// The events one by one.
    pub(crate) fn singles(&self) -> Arc<[Arc<SharedEvent>]> {
        let mut singles = self.singles.lock();
        let Singles::Shared(singles) = &mut *singles else { return self.one_by_one().collect() };
        Arc::clone(singles.get_or_insert_with(|| self.one_by_one().collect()))
    }

    /// Keeps no more what outboxes shared of the events one by one, now that it is in all of them.
    pub(crate) fn forget_singles(&self) {
        *self.singles.lock() = Singles::Apart;
    }

    /// The events one by one, each in memory of its own: what waits for long should not keep all of the chunk alive.
    pub(crate) fn one_by_one(&self) -> impl Iterator<Item = Arc<SharedEvent>> {
        self.events().map(|event| {
            let payload = event.payload.detach();
            Arc::new(SharedEvent::new(Event { payload, ..event }, None))
        })
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
    fn write(&self, format: Format) -> Option<Conversion> {
        let mut out = BytesMut::with_capacity(self.frames.bytes.len());
        let (mut length, mut longest) = (0, 0);
        let mut bodies = Vec::with_capacity(self.parts.len());
        let mut events = self.events();
        for part in &self.parts {
            let start = format.frame.begin(format.serializer, &mut out);
            if format.serializer == self.format.serializer {
                out.extend_from_slice(&self.frames.bytes[part.start as usize..part.end as usize]);
            } else if let Some(event) = events.next() {
                let payload = codec::transcode(&event.payload, format.serializer);
                write_event(format.serializer, &Event { payload, ..event }, &mut out);
            }
            let place = format.frame.end(format.serializer, &mut out, start)?;
            length += place.len();
            longest = longest.max(place.len());
            bodies.push((u32::try_from(place.start).ok()?, u32::try_from(place.end).ok()?));
        }
        if out.len() > format.frame.most() {
            return None;
        }
        // In as much memory as it needs.
        let bytes = Bytes::copy_from_slice(&out);
        Some(Conversion { frames: Frames { bytes, length, longest }, bodies: bodies.into() })
    }
}

impl Converted for Chunk {
    fn forget_conversions(&self) {
        self.others.forget();
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
