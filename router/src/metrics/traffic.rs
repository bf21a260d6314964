//! What passes through one realm, counted without slowing it down.
//!
//! A connection counts a batch for itself and adds it up once: cores do not fight over a counter for every message.

use super::latency::Latency;
use crate::config::SlowConsumerPolicy;
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};
use wamplex_realm::{CallEnd, Observer};
use wamplex_shared::message::MessageCode;

/// How many kinds of messages are counted apart.
const KINDS: usize = MessageCode::ALL.len();

/// The traffic of one realm.
#[derive(Debug, Default)]
pub(crate) struct Traffic {
    received: Flow,
    sent: Flow,
    calls: [Latency; CallEnd::ALL.len()],
    /// Events that were dropped, by policy.
    dropped: [Arc<AtomicU64>; SlowConsumerPolicy::ALL.len()],
}

/// The messages that go in one direction.
#[derive(Debug)]
pub(crate) struct Flow {
    messages: [AtomicU64; KINDS],
    bytes: AtomicU64,
}

/// Messages that a connection has counted and not added up yet.
#[derive(Debug)]
pub(crate) struct Batch {
    messages: [u32; KINDS],
    bytes: u64,
    /// One bit for each kind that has come up.
    seen: u32,
}

const _: () = assert!(KINDS <= u32::BITS as usize, "a bit for each kind");

impl Traffic {
    /// What clients have sent.
    pub(crate) const fn received(&self) -> &Flow {
        &self.received
    }

    /// What clients were sent.
    pub(crate) const fn sent(&self) -> &Flow {
        &self.sent
    }

    /// How long the calls took that ended in this way.
    pub(crate) const fn calls(&self, how: CallEnd) -> &Latency {
        &self.calls[how as usize]
    }

    /// How many events were dropped by this policy, for whoever drops them to add to.
    pub(crate) const fn dropped(&self, policy: SlowConsumerPolicy) -> &Arc<AtomicU64> {
        &self.dropped[policy as usize]
    }

    /// How many events were dropped, by any policy.
    pub(crate) fn all_dropped(&self) -> u64 {
        self.dropped.iter().map(|count| count.load(Relaxed)).sum()
    }
}

impl Observer for Traffic {
    fn call_ended(&self, how: CallEnd, took: Duration) {
        self.calls[how as usize].note(took);
    }
}

impl Flow {
    /// Adds a batch up and empties it.
    pub(crate) fn add(&self, batch: &mut Batch) {
        while batch.seen != 0 {
            let kind = batch.seen.trailing_zeros() as usize;
            batch.seen &= batch.seen - 1;
            let count = std::mem::take(&mut batch.messages[kind]);
            self.messages[kind].fetch_add(u64::from(count), Relaxed);
        }
        let bytes = std::mem::take(&mut batch.bytes);
        if bytes > 0 {
            self.bytes.fetch_add(bytes, Relaxed);
        }
    }

    /// How many messages there were of each kind that occurred.
    pub(crate) fn messages(&self) -> impl Iterator<Item = (MessageCode, u64)> {
        let counts = self.messages.iter().map(|count| count.load(Relaxed));
        MessageCode::ALL.iter().copied().zip(counts).filter(|(_, count)| *count > 0)
    }

    /// How many bytes they had, without the headers of the transport.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes.load(Relaxed)
    }
}

impl Default for Flow {
    fn default() -> Self {
        Self { messages: [const { AtomicU64::new(0) }; KINDS], bytes: AtomicU64::new(0) }
    }
}

impl Batch {
    /// Nothing counted yet.
    pub(crate) const fn new() -> Self {
        Self { messages: [0; KINDS], bytes: 0, seen: 0 }
    }

    /// Counts a message of this many bytes.
    pub(crate) const fn count(&mut self, code: MessageCode, bytes: usize) {
        self.count_many(code, 1, bytes);
    }

    /// Counts so many messages that have this many bytes together.
    pub(crate) const fn count_many(&mut self, code: MessageCode, messages: usize, bytes: usize) {
        let kind = kind_of(code);
        // A batch is added up long before there are so many.
        self.messages[kind] += messages as u32;
        self.bytes += bytes as u64;
        self.seen |= 1 << kind;
    }

    /// Whether it is time to add it up, even if there is more to come.
    pub(crate) const fn is_much(&self) -> bool {
        self.bytes >= MUCH
    }
}

/// How many bytes a connection that goes on sending may have counted for itself.
const MUCH: u64 = 8 << 10;

/// Where a kind of message stands among all.
const fn kind_of(code: MessageCode) -> usize {
    const PLACES: [u8; 512] = {
        let (mut places, mut kind) = ([0; 512], 0);
        while kind < KINDS {
            // There are fewer than 32 kinds.
            places[MessageCode::ALL[kind].number() as usize] = kind as u8;
            kind += 1;
        }
        places
    };
    PLACES[code.number() as usize] as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_counted_in_batches_adds_up() {
        let (flow, mut batch) = (Flow::default(), Batch::new());
        for (kind, code) in MessageCode::ALL.iter().enumerate() {
            assert_eq!(kind_of(*code), kind);
        }
        for _ in 0..2 {
            batch.count(MessageCode::Publish, 10);
            batch.count(MessageCode::Publish, 5);
            batch.count(MessageCode::EventReceived, 1);
            flow.add(&mut batch);
            flow.add(&mut batch);
        }
        let expected = [(MessageCode::Publish, 4), (MessageCode::EventReceived, 2)];
        assert_eq!(flow.messages().collect::<Vec<_>>(), expected);
        assert_eq!(flow.bytes(), 32);
    }
}
