//! A bounded queue between the task of a session and one reader.

use parking_lot::Mutex;
use std::{
    collections::VecDeque,
    task::{Context, Poll, Waker},
};

/// Filling never waits: at the limit of items, what waits the longest is dropped and counted; at that of bytes the queue
/// is over.
#[derive(Debug)]
pub(super) struct Queue<T, E> {
    inner: Mutex<Inner<T, E>>,
}

#[derive(Debug)]
struct Inner<T, E> {
    /// What waits, each with its bytes.
    items: VecDeque<(T, usize)>,
    bytes: usize,
    /// How many were dropped ahead of those that wait.
    missed: u64,
    limit: usize,
    byte_limit: usize,
    /// Set once no more will come: with the error that the reader is to see, if any.
    end: Option<Option<E>>,
    reader: Option<Waker>,
}

/// More bytes would wait than may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Overflow;

/// What a reader finds next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Place<T> {
    Item(T),
    /// This many were dropped here.
    Gap(u64),
}

impl<T, E> Queue<T, E> {
    /// A queue for `limit` items, at least one, however long they are.
    pub(super) const fn new(limit: usize) -> Self {
        Self::with_bytes(limit, usize::MAX)
    }

    /// A queue for `limit` items, at least one, and for one item or `byte_limit` bytes.
    pub(super) const fn with_bytes(limit: usize, byte_limit: usize) -> Self {
        let limit = if limit == 0 { 1 } else { limit };
        let inner = Inner {
            items: VecDeque::new(),
            bytes: 0,
            missed: 0,
            limit,
            byte_limit,
            end: None,
            reader: None,
        };
        Self { inner: Mutex::new(inner) }
    }

    /// Appends an item of so many bytes. Does nothing once the queue has ended.
    ///
    /// # Errors
    /// There are too many bytes. What waits is dropped, and the queue has ended.
    pub(super) fn push(&self, item: T, bytes: usize) -> Result<(), Overflow> {
        let mut inner = self.inner.lock();
        if inner.end.is_some() {
            return Ok(());
        }
        if inner.items.len() >= inner.limit {
            inner.take();
            inner.missed += 1;
        }
        wake(inner.reader.take());
        let total = inner.bytes.saturating_add(bytes);
        if total > inner.byte_limit && !inner.items.is_empty() {
            (inner.items, inner.bytes, inner.missed) = (VecDeque::new(), 0, 0);
            inner.end = Some(None);
            return Err(Overflow);
        }
        inner.items.push_back((item, bytes));
        inner.bytes = total;
        Ok(())
    }

    /// Says that no more will come; the first call counts. The reader still gets what waits.
    pub(super) fn end(&self, error: Option<E>) {
        let mut inner = self.inner.lock();
        inner.end.get_or_insert(error);
        wake(inner.reader.take());
    }

    /// The next place; after the last one the error, once, and then `None`.
    pub(super) fn poll_next(&self, cx: &Context<'_>) -> Poll<Option<Result<Place<T>, E>>> {
        let mut inner = self.inner.lock();
        if inner.missed > 0 {
            return Poll::Ready(Some(Ok(Place::Gap(std::mem::take(&mut inner.missed)))));
        }
        if let Some(item) = inner.take() {
            return Poll::Ready(Some(Ok(Place::Item(item))));
        }
        if let Some(end) = &mut inner.end {
            return Poll::Ready(end.take().map(Err));
        }
        inner.reader = Some(cx.waker().clone());
        Poll::Pending
    }
}

impl<T, E> Inner<T, E> {
    fn take(&mut self) -> Option<T> {
        let (item, bytes) = self.items.pop_front()?;
        self.bytes -= bytes;
        Some(item)
    }
}

fn wake(reader: Option<Waker>) {
    if let Some(reader) = reader {
        reader.wake();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(queue: &Queue<u8, &'static str>) -> Poll<Option<Result<Place<u8>, &'static str>>> {
        queue.poll_next(&Context::from_waker(Waker::noop()))
    }

    #[test]
    fn a_slow_reader_finds_a_gap_and_then_the_newest() {
        let queue = Queue::new(2);
        (1..=5).for_each(|item| queue.push(item, 1).unwrap());
        assert_eq!(next(&queue), Poll::Ready(Some(Ok(Place::Gap(3)))));
        assert_eq!(next(&queue), Poll::Ready(Some(Ok(Place::Item(4)))));
        assert_eq!(next(&queue), Poll::Ready(Some(Ok(Place::Item(5)))));
        assert_eq!(next(&queue), Poll::Pending);
    }

    #[test]
    fn too_many_bytes_end_the_queue_and_what_waits_is_dropped() {
        let queue = Queue::with_bytes(3, 10);
        queue.push(1, 100).unwrap();
        assert_eq!(next(&queue), Poll::Ready(Some(Ok(Place::Item(1)))), "one alone passes");
        for item in 2..=10 {
            queue.push(item, 3).unwrap();
        }
        assert_eq!(next(&queue), Poll::Ready(Some(Ok(Place::Gap(6)))));
        assert_eq!(next(&queue), Poll::Ready(Some(Ok(Place::Item(8)))));
        queue.push(11, 4).unwrap();
        assert_eq!(queue.inner.lock().bytes, 10);
        assert_eq!(next(&queue), Poll::Ready(Some(Ok(Place::Item(9)))));
        assert_eq!(queue.push(12, 4), Err(Overflow));
        assert_eq!(queue.push(13, 1), Ok(()), "it has ended, and nobody need be told twice");
        assert_eq!(next(&queue), Poll::Ready(None));
    }

    #[test]
    fn the_end_comes_once_and_behind_what_waits() {
        let queue = Queue::new(2);
        queue.push(1, 1).unwrap();
        queue.end(Some("over"));
        queue.end(None);
        queue.push(2, 1).unwrap();
        assert_eq!(next(&queue), Poll::Ready(Some(Ok(Place::Item(1)))));
        assert_eq!(next(&queue), Poll::Ready(Some(Err("over"))));
        assert_eq!(next(&queue), Poll::Ready(None));
    }
}
