//! A bounded queue between the task of a session and one reader.

use parking_lot::Mutex;
use std::{
    collections::VecDeque,
    task::{Context, Poll, Waker},
};

/// Filling never waits: at the limit, what waits the longest is dropped and counted.
#[derive(Debug)]
pub(super) struct Queue<T, E> {
    inner: Mutex<Inner<T, E>>,
}

#[derive(Debug)]
struct Inner<T, E> {
    items: VecDeque<T>,
    /// How many were dropped ahead of those that wait.
    missed: u64,
    limit: usize,
    /// Set once no more will come: with the error that the reader is to see, if any.
    end: Option<Option<E>>,
    reader: Option<Waker>,
}

/// What a reader finds next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Place<T> {
    Item(T),
    /// This many were dropped here.
    Gap(u64),
}

impl<T, E> Queue<T, E> {
    /// A queue for `limit` items, at least one.
    pub(super) const fn new(limit: usize) -> Self {
        let limit = if limit == 0 { 1 } else { limit };
        let inner = Inner { items: VecDeque::new(), missed: 0, limit, end: None, reader: None };
        Self { inner: Mutex::new(inner) }
    }

    /// Appends an item. Does nothing once the queue has ended.
    pub(super) fn push(&self, item: T) {
        let mut inner = self.inner.lock();
        if inner.end.is_some() {
            return;
        }
        if inner.items.len() >= inner.limit {
            inner.items.pop_front();
            inner.missed += 1;
        }
        inner.items.push_back(item);
        wake(inner.reader.take());
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
        if let Some(item) = inner.items.pop_front() {
            return Poll::Ready(Some(Ok(Place::Item(item))));
        }
        if let Some(end) = &mut inner.end {
            return Poll::Ready(end.take().map(Err));
        }
        inner.reader = Some(cx.waker().clone());
        Poll::Pending
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
        (1..=5).for_each(|item| queue.push(item));
        assert_eq!(next(&queue), Poll::Ready(Some(Ok(Place::Gap(3)))));
        assert_eq!(next(&queue), Poll::Ready(Some(Ok(Place::Item(4)))));
        assert_eq!(next(&queue), Poll::Ready(Some(Ok(Place::Item(5)))));
        assert_eq!(next(&queue), Poll::Pending);
    }

    #[test]
    fn the_end_comes_once_and_behind_what_waits() {
        let queue = Queue::new(2);
        queue.push(1);
        queue.end(Some("over"));
        queue.end(None);
        queue.push(2);
        assert_eq!(next(&queue), Poll::Ready(Some(Ok(Place::Item(1)))));
        assert_eq!(next(&queue), Poll::Ready(Some(Err("over"))));
        assert_eq!(next(&queue), Poll::Ready(None));
    }
}
