//! The sessions of one thread that receive, and what they have received.

use super::{PATIENCE, Run, flow::Flow, unexpected};
use crate::{
    error::{BenchError, Result},
    socket::{Out, Take},
    wire::{Head, Tag},
};

/// The code of EVENT.
const EVENT: u64 = 36;

/// The sessions of one thread that receive, and what they have received.
#[derive(Debug)]
pub(super) struct Subscribers<'a> {
    thread: usize,
    flow: &'a Flow,
    run: &'a Run,
    /// By session on the poll loop: which subscriber it is.
    sessions: Vec<Option<usize>>,
    /// By subscriber and publisher: the event that has to come next.
    next: Vec<u64>,
    /// By subscriber: where the tag was found last.
    from_end: Vec<usize>,
    /// How many events have arrived.
    pub(super) received: u64,
    /// How many had arrived when progress was said last.
    said: u64,
    tolerant: bool,
    /// What went wrong, where that is tolerated.
    pub(super) faults: Faults,
    /// How long events took, in nanoseconds, where that is asked for.
    pub(super) latencies: Vec<u64>,
}

/// Events that did not come as they should have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Faults {
    /// How many never came.
    pub(super) lost: u64,
    /// How many came after a later one, or twice.
    pub(super) late: u64,
}

impl<'a> Subscribers<'a> {
    /// No sessions.
    pub(super) fn new(thread: usize, flow: &'a Flow, run: &'a Run, tolerant: bool) -> Self {
        Self {
            thread,
            flow,
            run,
            sessions: Vec::new(),
            next: Vec::new(),
            from_end: Vec::new(),
            received: 0,
            said: 0,
            tolerant,
            faults: Faults::default(),
            latencies: Vec::new(),
        }
    }

    /// Takes note of the next session on the poll loop.
    pub(super) fn add(&mut self, receives: bool) {
        self.sessions.push(receives.then_some(self.from_end.len()));
        if receives {
            self.from_end.push(Tag::LENGTH);
            self.next.extend((0..self.flow.publishers()).map(|_| 0));
            self.flow.set_arrived(self.thread, |_| 0);
        }
    }

    /// Whether no session receives.
    pub(super) fn is_empty(&self) -> bool {
        self.from_end.is_empty()
    }

    /// Tells publishers how far the slowest subscriber of this thread is.
    pub(super) fn say_progress(&mut self) {
        if self.received == self.said {
            return;
        }
        self.said = self.received;
        self.run.count(self.thread, self.received);
        let publishers = self.flow.publishers();
        self.flow.set_arrived(self.thread, |publisher| {
            let each = self.next.iter().skip(publisher).step_by(publishers);
            each.min().copied().unwrap_or(super::flow::UNKNOWN)
        });
        self.flow.wake_waiting();
    }

    /// Whether all that was published has arrived here.
    pub(super) fn have_all(&self) -> bool {
        let Some(totals) = self.flow.totals() else { return false };
        self.next.chunks(totals.len().max(1)).all(|next| next == totals)
    }

    /// What to make of events that do not come any more.
    ///
    /// # Errors
    /// Nobody may lose events.
    pub(super) fn give_up(&mut self) -> Result<()> {
        if let (true, Some(totals)) = (self.tolerant, self.flow.totals()) {
            let missing = self.next.chunks(totals.len().max(1)).flat_map(|next| {
                next.iter().zip(&totals).map(|(next, total)| total.saturating_sub(*next))
            });
            self.faults.lost += missing.sum::<u64>();
            return Ok(());
        }
        Err(BenchError::Wrong(format!(
            "events are missing: after {} of them nothing came for {} s",
            self.received,
            PATIENCE.as_secs()
        )))
    }

    /// An event that is not the next one.
    fn take_other(&mut self, expected: u64, found: u64) -> Result<u64> {
        if !self.tolerant {
            let what = if found > expected { "lost or overtaken" } else { "doubled or late" };
            return Err(BenchError::Wrong(format!(
                "events were {what}: number {found} arrived where {expected} should have"
            )));
        }
        if found > expected {
            self.faults.lost += found - expected;
            return Ok(found + 1);
        }
        self.faults.late += 1;
        self.faults.lost = self.faults.lost.saturating_sub(1);
        Ok(expected)
    }
}

impl Take for Subscribers<'_> {
    fn take(&mut self, session: usize, out: &mut Out, message: &[u8]) -> Result<()> {
        let serializer = out.framing.serializer();
        let head = Head::read(serializer, message)?;
        let (EVENT, Some(subscriber)) = (head.code, self.sessions[session]) else {
            return Err(unexpected(serializer, message));
        };
        let tag = Tag::find(message, &mut self.from_end[subscriber])?;
        let (sender, publishers) = (usize::from(tag.sender), self.flow.publishers());
        if sender >= publishers {
            return Err(BenchError::Wrong("an event is not ours".to_owned()));
        }
        let place = subscriber * publishers + sender;
        let expected = self.next[place];
        self.next[place] = if tag.number == expected {
            expected + 1
        } else {
            self.take_other(expected, tag.number)?
        };
        self.received += 1;
        if self.flow.interval.is_some() && self.run.is_measuring() {
            let sent = self.flow.time(sender, tag.number);
            self.latencies.push(self.run.now().saturating_sub(sent));
        }
        Ok(())
    }
}
