//! A bounded queue between the driver and one slow or fast reader.

use crate::error::Error;
use core::task::{Context, Poll, Waker};
use parking_lot::Mutex;
use std::collections::VecDeque;

/// What to drop when the application does not read fast enough.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Overflow {
    /// What waits the longest: whoever catches up sees the newest. The default.
    #[default]
    DropOldest,
    /// What arrives now: whoever catches up sees an unbroken beginning.
    DropNewest,
}

/// Filled by the driver, emptied by one reader. Filling never waits: what does not fit leaves a gap with a count.
#[derive(Debug)]
pub(crate) struct Queue<T> {
    inner: Mutex<Inner<T>>,
}

#[derive(Debug)]
struct Inner<T> {
    places: VecDeque<Place<T>>,
    /// How many places hold an item; the others are gaps, never two in a row.
    items: usize,
    limit: usize,
    overflow: Overflow,
    /// Set once no more will come: with the error the reader is to see, if any.
    end: Option<Option<Error>>,
    reader: Option<Waker>,
}

/// A place in the queue.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Place<T> {
    Item(T),
    /// This many items were dropped here.
    Gap(u64),
}

impl<T> Queue<T> {
    /// A queue for `limit` items; for one if `limit` is 0.
    pub(crate) fn new(limit: usize, overflow: Overflow) -> Self {
        Self {
            inner: Mutex::new(Inner {
                places: VecDeque::new(),
                items: 0,
                limit: limit.max(1),
                overflow,
                end: None,
                reader: None,
            }),
        }
    }

    /// Appends an item, or drops one and counts it. Does nothing once the queue has ended.
    pub(crate) fn push(&self, item: T) {
        let reader = {
            let mut inner = self.inner.lock();
            if inner.end.is_some() {
                return;
            }
            inner.push(item);
            inner.reader.take()
        };
        if let Some(reader) = reader {
            reader.wake();
        }
    }

    /// Leaves a gap for items that were dropped on their way here.
    pub(crate) fn skip(&self, missed: u64) {
        let mut inner = self.inner.lock();
        if inner.end.is_none() {
            inner.note_gap(missed);
        }
    }

    /// Says that no more will come; the first call counts. The reader still gets what is queued.
    pub(crate) fn end(&self, error: Option<Error>) {
        let reader = {
            let mut inner = self.inner.lock();
            inner.end.get_or_insert(error);
            inner.reader.take()
        };
        if let Some(reader) = reader {
            reader.wake();
        }
    }

    /// Takes the next place; after the last one the error, once, and then `None`.
    pub(crate) fn poll_next(&self, cx: &Context<'_>) -> Poll<Option<Result<Place<T>, Error>>> {
        let mut inner = self.inner.lock();
        if let Some(place) = inner.places.pop_front() {
            inner.items -= usize::from(matches!(place, Place::Item(_)));
            return Poll::Ready(Some(Ok(place)));
        }
        if let Some(end) = &mut inner.end {
            return Poll::Ready(end.take().map(Err));
        }
        inner.reader = Some(cx.waker().clone());
        Poll::Pending
    }
}

impl<T> Inner<T> {
    fn push(&mut self, item: T) {
        if self.items < self.limit {
            self.items += 1;
            self.places.push_back(Place::Item(item));
            return;
        }
        match self.overflow {
            Overflow::DropNewest => self.note_gap(1),
            Overflow::DropOldest => {
                let mut missed = 1 + self.take_gap();
                // At the limit, which is at least 1, the place behind a gap is an item.
                self.places.pop_front();
                missed += self.take_gap();
                self.places.push_front(Place::Gap(missed));
                self.places.push_back(Place::Item(item));
            }
        }
    }

    /// Makes the last gap longer, or leaves one.
    fn note_gap(&mut self, missed: u64) {
        if let Some(Place::Gap(before)) = self.places.back_mut() {
            *before += missed;
        } else {
            self.places.push_back(Place::Gap(missed));
        }
    }

    /// Takes the gap that comes first, if one does, and returns how long it was.
    fn take_gap(&mut self) -> u64 {
        let Some(Place::Gap(missed)) = self.places.front() else { return 0 };
        let missed = *missed;
        self.places.pop_front();
        missed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Place::{Gap, Item};
    use std::sync::Arc;

    fn drain(queue: &Queue<u32>) -> Vec<Place<u32>> {
        let cx = Context::from_waker(Waker::noop());
        let mut places = Vec::new();
        while let Poll::Ready(Some(Ok(place))) = queue.poll_next(&cx) {
            places.push(place);
        }
        places
    }

    #[test]
    fn what_does_not_fit_leaves_one_gap_where_it_was_dropped() {
        for (overflow, expected) in [
            (Overflow::DropOldest, vec![Gap(3), Item(4), Item(5)]),
            (Overflow::DropNewest, vec![Item(1), Item(2), Gap(3)]),
        ] {
            let queue = Queue::new(2, overflow);
            (1..=5).for_each(|n| queue.push(n));
            assert_eq!(drain(&queue), expected, "{overflow:?}");
            queue.push(6);
            assert_eq!(drain(&queue), [Item(6)], "{overflow:?}");
        }
    }

    #[test]
    fn a_gap_stays_where_it_arose_when_the_reader_catches_up_halfway() {
        let queue = Queue::new(2, Overflow::DropNewest);
        (1..=3).for_each(|n| queue.push(n));
        let cx = Context::from_waker(Waker::noop());
        assert!(matches!(queue.poll_next(&cx), Poll::Ready(Some(Ok(Item(1))))));
        queue.push(4);
        assert_eq!(drain(&queue), [Item(2), Gap(1), Item(4)]);
    }

    #[test]
    fn what_was_dropped_on_its_way_leaves_a_gap_that_counts_with_those_of_the_queue() {
        for (overflow, expected) in [
            (Overflow::DropOldest, vec![Gap(14), Item(3), Gap(4), Item(4)]),
            (Overflow::DropNewest, vec![Item(1), Gap(12), Item(2), Gap(6)]),
        ] {
            let queue = Queue::new(2, overflow);
            queue.push(1);
            queue.skip(5);
            queue.skip(7);
            queue.push(2);
            assert_eq!(queue.inner.lock().places.len(), 3);
            queue.push(3);
            queue.skip(4);
            queue.push(4);
            assert_eq!(drain(&queue), expected, "{overflow:?}");
        }
    }

    #[test]
    fn the_reader_gets_what_is_queued_then_the_error_once_then_nothing() {
        let queue = Queue::new(8, Overflow::DropOldest);
        queue.push(1);
        queue.end(Some(Error::Canceled));
        queue.end(None);
        queue.push(2);
        let cx = Context::from_waker(Waker::noop());
        assert!(matches!(queue.poll_next(&cx), Poll::Ready(Some(Ok(Item(1))))));
        assert!(matches!(queue.poll_next(&cx), Poll::Ready(Some(Err(Error::Canceled)))));
        assert!(matches!(queue.poll_next(&cx), Poll::Ready(None)));
        assert!(matches!(queue.poll_next(&cx), Poll::Ready(None)));
    }

    #[test]
    fn a_waiting_reader_is_woken_by_an_item_and_by_the_end() {
        struct Count(core::sync::atomic::AtomicUsize);
        impl std::task::Wake for Count {
            fn wake(self: Arc<Self>) {
                self.0.fetch_add(1, core::sync::atomic::Ordering::Relaxed);
            }
        }
        let count = Arc::new(Count(0.into()));
        let waker = Waker::from(count.clone());
        let cx = Context::from_waker(&waker);
        let queue = Queue::new(1, Overflow::DropOldest);
        assert!(queue.poll_next(&cx).is_pending());
        queue.push(1);
        assert!(queue.poll_next(&cx).is_ready());
        assert!(queue.poll_next(&cx).is_pending());
        queue.end(None);
        assert_eq!(count.0.load(core::sync::atomic::Ordering::Relaxed), 2);
    }
}
