//! Staying awake for a moment after a message, so that the next one finds somebody awake.
//!
//! Waking a thread that sleeps takes tens of microseconds, which is most of what a call takes in a router that has little
//! to do. While one task yields again and again, a thread goes on looking at the sockets instead.

use crate::clock::Clock;
use std::{
    num::NonZeroUsize,
    sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
    thread::available_parallelism,
    time::Duration,
};
use tokio::{sync::Notify, task::yield_now};
use wamplex_shared::time::Time;

/// Keeps one thread awake.
#[derive(Debug)]
pub(crate) struct Vigil {
    length: Duration,
    clock: Clock,
    /// When the last message came, in nanoseconds.
    last: AtomicU64,
    sleeps: AtomicBool,
    begins: Notify,
}

impl Vigil {
    /// One of this length. None where there is one core: whoever sends the next message needs it.
    pub(crate) fn new(length: Option<Duration>, clock: Clock) -> Option<Self> {
        let length = length.filter(|length| !length.is_zero())?;
        let cores = available_parallelism().map_or(1, NonZeroUsize::get);
        let (last, sleeps) = (AtomicU64::new(0), AtomicBool::new(false));
        (cores > 1).then(|| Self { length, clock, last, sleeps, begins: Notify::new() })
    }

    /// Says that messages came at this time.
    pub(crate) fn note(&self, now: Time) {
        self.last.store(nanos(now), SeqCst);
        if self.sleeps.load(SeqCst) && self.sleeps.swap(false, SeqCst) {
            self.begins.notify_one();
        }
    }

    /// Stays awake while messages come.
    pub(crate) async fn keep(&self) {
        loop {
            while self.is_due() {
                yield_now().await;
            }
            self.sleeps.store(true, SeqCst);
            if !self.is_due() {
                self.begins.notified().await;
            }
        }
    }

    fn is_due(&self) -> bool {
        let last = Duration::from_nanos(self.last.load(SeqCst));
        self.clock.now().since_start().saturating_sub(last) < self.length
    }
}

fn nanos(time: Time) -> u64 {
    u64::try_from(time.since_start().as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    #[tokio::test]
    async fn a_vigil_begins_with_a_message_and_ends_by_itself() {
        let clock = Clock::start();
        let length = Duration::from_millis(1);
        let Some(vigil) = Vigil::new(Some(length), clock) else { return };
        let mut keeping = Box::pin(vigil.keep());
        for _ in 0..3 {
            while !vigil.sleeps.load(SeqCst) {
                assert!((&mut keeping).now_or_never().is_none());
            }
            vigil.note(clock.now());
            assert!(!vigil.sleeps.load(SeqCst), "awake");
        }
    }

    #[test]
    fn who_wants_none_has_none() {
        assert!(Vigil::new(None, Clock::start()).is_none());
        assert!(Vigil::new(Some(Duration::ZERO), Clock::start()).is_none());
    }
}
