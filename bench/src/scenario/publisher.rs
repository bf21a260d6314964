//! A session that publishes.

use super::{Run, flow::Flow};
use crate::{
    socket::Out,
    wire::{Tag, Template},
};
use std::time::{Duration, Instant};

/// How many bytes a publisher writes before it sends them.
const BATCH: usize = 64 << 10;

/// A session that publishes.
#[derive(Debug)]
pub(super) struct Publisher {
    /// Which publisher it is.
    pub(super) number: usize,
    /// Its number on the poll loop.
    pub(super) session: usize,
    /// How many events it has published.
    pub(super) published: u64,
    /// One PUBLISH for each topic, which take turns.
    templates: Vec<Template>,
    due: Instant,
}

impl Publisher {
    /// A session that has published nothing.
    pub(super) fn new(number: usize, session: usize, templates: Vec<Template>) -> Self {
        Self { number, session, published: 0, templates, due: Instant::now() }
    }

    /// Writes a batch. Says when there is more to write: at once, at a time, or once there is room.
    pub(super) fn write(&mut self, flow: &Flow, run: &Run, out: &mut Out) -> Option<Duration> {
        let limit = flow.arrived(self.number).saturating_add(flow.window);
        let limit = limit.min(self.published + flow.window).min(flow.count);
        // In batches, or the router would be woken for each.
        let least = if flow.interval.is_none() { flow.window / 4 } else { 0 };
        let room = limit.saturating_sub(self.published);
        let least = least.min(flow.count - self.published).max(1);
        if room < least {
            flow.set_wanted(self.number, (self.published + least).saturating_sub(flow.window));
            return None;
        }
        while self.published < limit && out.bytes.len() < BATCH {
            if let Some(interval) = flow.interval {
                let left = self.due.saturating_duration_since(Instant::now());
                if !left.is_zero() {
                    // The system waits for whole milliseconds; the rest is waited for by looking.
                    return Some(Duration::from_millis(left.as_millis() as u64));
                }
                self.due += interval;
                flow.set_time(self.number, self.published, run.now());
            }
            self.write_one(out);
        }
        (self.published < limit).then_some(Duration::ZERO)
    }

    fn write_one(&mut self, out: &mut Out) {
        let tag = Tag { sender: self.number as u8, number: self.published };
        let id = out.next_id();
        let framing = out.framing;
        let topic = (self.published % self.templates.len() as u64) as usize;
        self.templates[topic].write(&framing, &mut out.bytes, id, tag);
        self.published += 1;
    }
}
