//! Events that are put together as they are published.

use super::{Chunk, Format, Frames, Part, Singles};
use bytes::{Bytes, BytesMut};
use parking_lot::Mutex;
use std::{cell::Cell, ops::Range};
use wamplex_realm::{Conversions, detach_details};
use wamplex_shared::{
    id::SubscriptionId,
    message::{Event, EventDetails},
};

/// From how many bytes on a chunk takes no more events: it should be small beside what may wait for a receiver.
const FULL: usize = 32 << 10;

/// The longest arguments in bytes that are copied into a chunk. Longer ones are shared as they came.
const SHORT: usize = 2 << 10;

/// The most memory that a thread keeps for the next chunk.
const KEPT: usize = 64 << 10;

thread_local! {
    /// Memory for chunks that are being written.
    static SPARE: Cell<(BytesMut, Vec<Part>)> = Cell::default();
}

/// A chunk that is being written.
///
/// Events are written at once: in the serializer that their publisher uses that is a copy of some bytes, less than what it
/// takes to keep them.
#[derive(Debug)]
pub(crate) struct Draft {
    subscription: SubscriptionId,
    details: EventDetails,
    format: Format,
    frames: BytesMut,
    parts: Vec<Part>,
    length: usize,
    longest: usize,
}

impl Draft {
    /// Whether an event can be part of a chunk.
    pub(crate) fn suits(event: &Event) -> bool {
        event.payload.bytes().len() <= SHORT
    }

    /// A chunk with nothing in it yet for events like this one.
    pub(crate) fn new(event: &Event, format: Format) -> Self {
        let (frames, parts) = SPARE.take();
        let mut details = event.details.clone();
        detach_details(&mut details);
        let serializer =
            if event.payload.is_none() { format.serializer } else { event.payload.serializer() };
        Self {
            subscription: event.subscription,
            details,
            format: Format { serializer, ..format },
            frames,
            parts,
            length: 0,
            longest: 0,
        }
    }

    /// Puts an event behind the others, if it is like them and there is room; whether it is there now.
    pub(crate) fn append(&mut self, event: &Event) -> bool {
        let payload = &event.payload;
        let is_like_them = self.subscription == event.subscription
            && (payload.is_none() || payload.serializer() == self.format.serializer)
            && self.details == event.details;
        is_like_them && self.frames.len() < FULL && self.write(event)
    }

    fn write(&mut self, event: &Event) -> bool {
        let Format { serializer, frame } = self.format;
        let start = frame.begin(serializer, &mut self.frames);
        let payload = super::write_event(serializer, event, &mut self.frames);
        let behind = self.frames.len() - payload;
        let Some(place) = frame.end(serializer, &mut self.frames, start) else { return false };
        let Range { start, end } = place;
        self.length += end - start;
        self.longest = self.longest.max(end - start);
        // No chunk is nearly as long as these numbers can say.
        self.parts.push(Part {
            publication: event.publication,
            shape: event.payload.shape(),
            start: start as u32,
            end: end as u32,
            payload: (end - behind) as u32,
            payload_length: event.payload.bytes().len() as u32,
        });
        true
    }

    /// The chunk, in as much memory as it needs.
    pub(crate) fn finish(mut self) -> Chunk {
        let chunk = Chunk {
            subscription: self.subscription,
            details: (self.details != EventDetails::default()).then(|| Box::new(self.details)),
            format: self.format,
            frames: Frames {
                bytes: Bytes::copy_from_slice(&self.frames),
                length: self.length,
                longest: self.longest,
            },
            parts: self.parts.as_slice().into(),
            others: Conversions::default(),
            singles: Mutex::new(Singles::Shared(None)),
        };
        self.frames.clear();
        self.parts.clear();
        if self.frames.capacity() <= KEPT {
            SPARE.set((self.frames, self.parts));
        }
        chunk
    }
}
