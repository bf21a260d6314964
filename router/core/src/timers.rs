//! When calls time out.

use crate::pending::{NEVER, Pending, from_nanos, to_nanos};
use core::{
    cmp::Reverse,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
};
use parking_lot::Mutex;
use std::{
    collections::BinaryHeap,
    sync::{Arc, Weak},
};
use wamplex_shared::time::Time;

/// The deadlines of all calls whose time the dealer watches.
///
/// An answered call is not looked for here: its entry is dead and goes when it comes up, or when there are more dead
/// entries than living ones. So a call pays one push, and only if it has a timeout.
pub(crate) struct Timers<H> {
    queue: Mutex<Queue<H>>,
    /// The earliest deadline in the queue, for looking without locking. May be too early, never too late.
    next: AtomicU64,
}

struct Queue<H> {
    heap: BinaryHeap<Entry<H>>,
    /// The number of entries at which the dead are cleared out.
    clear_at: usize,
}

struct Entry<H> {
    /// The earliest comes up first.
    deadline: Reverse<Time>,
    call: Weak<Pending<H>>,
}

/// The queue is not cleared below this many entries: walking them is cheaper than the bookkeeping.
const MIN_CLEAR: usize = 1024;

impl<H> Timers<H> {
    pub(crate) const fn new() -> Self {
        let queue = Queue { heap: BinaryHeap::new(), clear_at: MIN_CLEAR };
        Self { queue: Mutex::new(queue), next: AtomicU64::new(NEVER) }
    }

    /// Adds a call that has to be looked at when `deadline` has come.
    pub(crate) fn push(&self, deadline: Time, call: &Arc<Pending<H>>) {
        let mut queue = self.queue.lock();
        queue.heap.push(Entry { deadline: Reverse(deadline), call: Arc::downgrade(call) });
        if queue.heap.len() >= queue.clear_at {
            queue.heap.retain(|entry| entry.call.strong_count() > 0);
            queue.clear_at = MIN_CLEAR.max(2 * queue.heap.len());
        }
        self.note_next(&queue);
    }

    /// When there is something to look at.
    pub(crate) fn next(&self) -> Option<Time> {
        from_nanos(self.next.load(Relaxed))
    }

    /// Takes out the living calls whose deadline has come.
    pub(crate) fn due(&self, now: Time) -> Vec<Arc<Pending<H>>> {
        let mut due = Vec::new();
        let mut queue = self.queue.lock();
        while let Some(entry) = queue.heap.peek() {
            if entry.deadline.0 > now && entry.call.strong_count() > 0 {
                break;
            }
            let call = queue.heap.pop().and_then(|entry| entry.call.upgrade());
            due.extend(call);
        }
        self.note_next(&queue);
        due
    }

    fn note_next(&self, queue: &Queue<H>) {
        let next = queue.heap.peek().map_or(NEVER, |entry| to_nanos(entry.deadline.0));
        self.next.store(next, Relaxed);
    }

    /// Whether the call has an entry no later than `deadline`.
    pub(crate) fn watches(&self, call: &Arc<Pending<H>>, deadline: Time) -> bool {
        let is_of = |entry: &Entry<H>| core::ptr::eq(entry.call.as_ptr(), Arc::as_ptr(call));
        self.queue.lock().heap.iter().any(|entry| entry.deadline.0 <= deadline && is_of(entry))
    }
}

impl<H> PartialEq for Entry<H> {
    fn eq(&self, other: &Self) -> bool {
        self.deadline == other.deadline
    }
}

impl<H> Eq for Entry<H> {}

impl<H> PartialOrd for Entry<H> {
    fn partial_cmp(&self, other: &Self) -> Option<core::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<H> Ord for Entry<H> {
    fn cmp(&self, other: &Self) -> core::cmp::Ordering {
        self.deadline.cmp(&other.deadline)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::member::{Joining, Member};
    use core::time::Duration;
    use wamplex_shared::{
        id::{PublicationIds, RequestId, SessionId},
        roles::Roles,
    };

    fn call() -> Arc<Pending<()>> {
        let who = Joining::new(SessionId::new(1).unwrap(), Roles::NONE);
        let member = Arc::new(Member::new(who, (), PublicationIds::new(1)));
        let timeout = Some(Duration::from_secs(1));
        Arc::new(Pending::new(member, RequestId::FIRST, timeout, None, Time::ZERO))
    }

    #[test]
    fn answered_calls_take_no_more_room_than_open_ones() {
        let timers = Timers::new();
        let open: Vec<_> = (0..3_000).map(|_| call()).collect();
        for call in &open {
            timers.push(Time::from_millis(7), call);
        }
        for _ in 0..100_000 {
            timers.push(Time::from_millis(7), &call());
        }
        let entries = timers.queue.lock().heap.len();
        assert!((3_000..=6_000).contains(&entries), "{entries} entries");
        assert_eq!(timers.due(Time::from_millis(6)).len(), 0);
        assert_eq!(timers.due(Time::from_millis(7)).len(), 3_000);
        assert_eq!(timers.next(), None);
    }
}
