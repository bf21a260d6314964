//! What is behind the lock of an outbox: what waits, how much that is, and who sleeps until there is something.

use super::{
    Cut, Item,
    backlog::{Backlog, Full},
    terms::Terms,
};
use std::{
    collections::VecDeque,
    mem,
    task::{Context, Waker},
};

/// What waits, and for whom.
#[derive(Debug)]
pub(super) struct State<T> {
    pub(super) queue: Queue<T>,
    pub(super) terms: Terms,
    /// How many messages wait in a queue that drops nothing.
    pub(super) messages: usize,
    /// The bytes of the queue, and of what was taken from it and has not reached the socket.
    pub(super) bytes: usize,
    /// Whether the next message would have passed the limit.
    pub(super) has_overflowed: bool,
    /// Whether the router shuts down.
    pub(super) is_shut: bool,
    /// The task of the session, while it sleeps.
    pub(super) waker: Option<Waker>,
    pub(super) waits_for: WaitsFor,
    /// Whether the task is woken when events are dropped.
    pub(super) wants_losses: bool,
}

/// What waits.
#[derive(Debug)]
pub(super) enum Queue<T> {
    /// Nothing of it is ever dropped. It is taken as a whole.
    Whole(VecDeque<(T, usize)>),
    /// Events may be dropped as long as they are not taken, so no more is taken than is written next.
    Lossy(Box<Backlog<T>>),
}

/// What the task of a session sleeps until.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WaitsFor {
    /// A message, or the end.
    Message,
    /// The end only, since its socket is full.
    Cut,
}

/// How many slots a queue keeps while nothing is in it.
pub(super) const KEPT_SLOTS: usize = 16;

impl<T: Item> State<T> {
    /// Nothing waits, and nothing will be dropped.
    pub(super) const fn new(terms: Terms) -> Self {
        Self {
            queue: Queue::Whole(VecDeque::new()),
            terms,
            messages: 0,
            bytes: 0,
            has_overflowed: false,
            is_shut: false,
            waker: None,
            waits_for: WaitsFor::Message,
            wants_losses: true,
        }
    }

    /// Why nothing more is taken; an overflow goes before what else there may be.
    pub(super) fn cut(&self) -> Option<Cut> {
        let overflow = self.has_overflowed.then_some(Cut::Overflow);
        overflow.or_else(|| self.is_shut.then_some(Cut::Shutdown))
    }

    pub(super) const fn set_cut(&mut self, cut: Cut) {
        match cut {
            Cut::Overflow => self.has_overflowed = true,
            Cut::Shutdown => self.is_shut = true,
        }
    }

    /// Takes an item in as far as there is room; whether the task has to know of that.
    pub(super) fn push(&mut self, item: T, bytes: usize) -> bool {
        match &mut self.queue {
            Queue::Whole(queue) => {
                let count = item.count();
                // Of several messages only the first may be longer by itself than the limit.
                let has_room = if count > 1 && self.bytes == 0 {
                    bytes <= self.terms.bytes
                } else {
                    self.terms.has_room(self.bytes, bytes)
                };
                if !has_room || self.messages.saturating_add(count) > self.terms.messages {
                    self.has_overflowed = true;
                    return true;
                }
                self.bytes += bytes;
                self.messages += count;
                make_room(queue);
                queue.push_back((item, bytes));
                self.waits_for != WaitsFor::Cut
            }
            Queue::Lossy(backlog) => {
                if let Some(parts) = item.split() {
                    return parts.into_iter().fold(false, |wakes, (part, bytes)| {
                        // What comes behind an overflow is not taken.
                        self.cut().is_none() && self.push(part, bytes) || wakes
                    });
                }
                let underway = self.bytes.saturating_sub(backlog.bytes());
                if backlog.push(item, bytes, underway, &self.terms) == Err(Full) {
                    self.has_overflowed = true;
                }
                self.bytes = underway + backlog.bytes();
                let is_news = self.wants_losses && backlog.losses().events > 0;
                is_news || self.has_overflowed || self.waits_for != WaitsFor::Cut
            }
        }
    }

    /// The bytes that were taken and have not reached the socket.
    pub(super) fn underway(&self, backlog: &Backlog<T>) -> usize {
        self.bytes.saturating_sub(backlog.bytes())
    }

    pub(super) fn has_losses(&self) -> bool {
        matches!(&self.queue, Queue::Lossy(backlog) if backlog.losses().events > 0)
    }

    pub(super) fn sleep(&mut self, until: WaitsFor, cx: &Context<'_>) {
        self.waits_for = until;
        if !self.waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker())) {
            self.waker = Some(cx.waker().clone());
        }
    }
}

impl<T: Item> Queue<T> {
    /// Moves everything into `taken`, which has to be empty.
    pub(super) fn take_all(&mut self, taken: &mut VecDeque<(T, usize)>) {
        match self {
            Self::Whole(queue) => *taken = mem::take(queue),
            Self::Lossy(backlog) => backlog.take(usize::MAX, taken),
        }
    }
}

/// Makes room for one more. A queue grows by a quarter and not by its length: slots are memory that waits, too.
fn make_room<T>(queue: &mut VecDeque<T>) {
    if queue.len() == queue.capacity() {
        queue.reserve_exact((queue.len() / 4).max(KEPT_SLOTS / 4));
    }
}

/// Gives the slots of a burst back.
pub(super) fn shrink<T>(queue: &mut VecDeque<T>) {
    if queue.capacity() > KEPT_SLOTS {
        *queue = VecDeque::new();
    }
}
