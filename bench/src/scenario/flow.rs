//! Publishers are as fast as the slowest subscriber, and no faster.

use mio::Waker;
use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

/// What is not known yet, or does not limit anybody.
pub(super) const UNKNOWN: u64 = u64::MAX;

/// What the threads of a generator tell each other, so that publishers are as fast as the slowest subscriber and no
/// faster: what does not wait in the router cannot be dropped by it.
#[derive(Debug)]
pub(super) struct Flow {
    threads: Vec<ThreadFlow>,
    publishers: Vec<PublisherFlow>,
    /// How many publications of one publisher may be on the way.
    pub(super) window: u64,
    /// The time between two publications of one publisher, if not as fast as possible.
    pub(super) interval: Option<Duration>,
    /// How many events each publisher publishes; [`UNKNOWN`] for as many as there is time for.
    pub(super) count: u64,
}

#[derive(Debug)]
struct ThreadFlow {
    /// For each publisher: all events before this one have arrived at all subscribers of this thread.
    arrived: Vec<AtomicU64>,
    /// Whether a publisher of this thread wants to hear about progress.
    waiting: AtomicBool,
    waker: OnceLock<Arc<Waker>>,
}

#[derive(Debug)]
struct PublisherFlow {
    /// Nothing is to be said to it before all events ahead of this one have arrived everywhere.
    wanted: AtomicU64,
    /// How many it has published in all, once it publishes no more.
    total: AtomicU64,
    /// When each event that is on the way was published.
    times: Vec<AtomicU64>,
}

impl Flow {
    /// For so many threads and publishers.
    pub(super) fn new(
        threads: usize,
        publishers: usize,
        window: u64,
        interval: Option<Duration>,
        count: Option<u64>,
    ) -> Self {
        let thread = |_| ThreadFlow {
            // Without subscribers there is nothing to wait for.
            arrived: (0..publishers).map(|_| AtomicU64::new(UNKNOWN)).collect(),
            waiting: AtomicBool::new(false),
            waker: OnceLock::new(),
        };
        let timed = if interval.is_some() { window } else { 0 };
        let publisher = |_| PublisherFlow {
            wanted: AtomicU64::new(0),
            total: AtomicU64::new(UNKNOWN),
            times: (0..timed).map(|_| AtomicU64::new(0)).collect(),
        };
        let threads = (0..threads).map(thread).collect();
        let publishers = (0..publishers).map(publisher).collect();
        Self { threads, publishers, window, interval, count: count.unwrap_or(UNKNOWN) }
    }

    /// How many publish.
    pub(super) fn publishers(&self) -> usize {
        self.publishers.len()
    }

    /// Says how a thread is woken.
    pub(super) fn set_waker(&self, thread: usize, waker: Arc<Waker>) {
        // Said once by each thread.
        let _ = self.threads[thread].waker.set(waker);
    }

    /// Before which event the slowest subscriber has all of this publisher.
    pub(super) fn arrived(&self, publisher: usize) -> u64 {
        let each = self.threads.iter().map(|t| t.arrived[publisher].load(Ordering::SeqCst));
        each.min().unwrap_or(UNKNOWN)
    }

    /// Says how far the slowest subscriber of a thread is with each publisher.
    pub(super) fn set_arrived(&self, thread: usize, progress: impl Fn(usize) -> u64) {
        for (publisher, arrived) in self.threads[thread].arrived.iter().enumerate() {
            arrived.store(progress(publisher), Ordering::SeqCst);
        }
    }

    /// Says how far all subscribers have to be before a publisher can do something.
    pub(super) fn set_wanted(&self, publisher: usize, number: u64) {
        self.publishers[publisher].wanted.store(number, Ordering::SeqCst);
    }

    /// Wakes the other threads whose publishers wait for progress, if there is enough for one of them.
    pub(super) fn wake_waiting(&self, own: usize) {
        for (number, thread) in self.threads.iter().enumerate() {
            if number != own
                && thread.waiting.load(Ordering::SeqCst)
                && self.has_enough(number)
                && thread.waiting.swap(false, Ordering::SeqCst)
                && let Some(waker) = thread.waker.get()
            {
                // If that fails, it looks by itself before long.
                let _ = waker.wake();
            }
        }
    }

    /// Whether a publisher of a thread has what it waits for. They take turns with the threads.
    fn has_enough(&self, thread: usize) -> bool {
        let mut its = (thread..self.publishers.len()).step_by(self.threads.len());
        its.any(|number| {
            self.arrived(number) >= self.publishers[number].wanted.load(Ordering::SeqCst)
        })
    }

    /// Says whether publishers of a thread wait for progress.
    pub(super) fn set_waiting(&self, thread: usize, waiting: bool) {
        self.threads[thread].waiting.store(waiting, Ordering::SeqCst);
    }

    /// Says how many events a publisher has published in all.
    pub(super) fn set_total(&self, publisher: usize, total: u64) {
        self.publishers[publisher].total.store(total, Ordering::SeqCst);
    }

    /// How many events each publisher has published in all, once all of them have stopped.
    pub(super) fn totals(&self) -> Option<Vec<u64>> {
        let known = |total| (total != UNKNOWN).then_some(total);
        self.publishers.iter().map(|p| known(p.total.load(Ordering::SeqCst))).collect()
    }

    /// Notes when an event is published.
    pub(super) fn set_time(&self, publisher: usize, number: u64, now: u64) {
        let times = &self.publishers[publisher].times;
        times[(number % times.len() as u64) as usize].store(now, Ordering::SeqCst);
    }

    /// When an event that has just arrived was published.
    pub(super) fn time(&self, publisher: usize, number: u64) -> u64 {
        let times = &self.publishers[publisher].times;
        times[(number % times.len() as u64) as usize].load(Ordering::SeqCst)
    }
}
