//! Staying awake for a moment after a message, so that the next one finds somebody awake.
//!
//! Waking a thread that sleeps takes tens of microseconds, which is most of what a call takes in a router that has little
//! to do. While one task yields again and again, a thread goes on looking at the sockets instead. When that is worth
//! while is what the [`governor`] decides, and the other threads are kept from being woken by the [`curfew`].

mod curfew;
mod governor;

pub use curfew::prepare_runtime;

use crate::clock::Clock;
use curfew::Curfew;
use governor::{Governor, Turn};
use parking_lot::Mutex;
use std::{
    future::poll_fn,
    mem,
    num::NonZeroUsize,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
    task::Poll,
    thread::{self, available_parallelism},
    time::Duration,
};
use tokio::{runtime::Handle, sync::Notify, task::yield_now};
use wamplex_shared::time::Time;

/// Keeps one thread awake.
#[derive(Debug)]
pub(crate) struct Vigil {
    clock: Clock,
    governor: Mutex<Governor>,
    /// Until when the governor rests, in nanoseconds: read by all threads, and seldom written.
    resting: AtomicU64,
    begins: Notify,
}

impl Vigil {
    /// One that waits this long for each message. None where there is one core: whoever sends the next message needs it.
    pub(crate) fn new(length: Option<Duration>, clock: Clock) -> Option<Self> {
        let length = length.filter(|length| !length.is_zero())?;
        let cores = available_parallelism().map_or(1, NonZeroUsize::get);
        let (governor, resting) = (Mutex::new(Governor::new(length)), AtomicU64::new(0));
        (cores > 1).then(|| Self { clock, governor, resting, begins: Notify::new() })
    }

    /// Says that a session has sent as many messages, and whether something had been sent to it since it spoke last.
    pub(crate) fn note(&self, session: u64, messages: usize, is_answer: bool, now: Time) {
        if nanos(now) < self.resting.load(Relaxed) {
            return;
        }
        // Whoever else has it at the same time shows that there is more going on than one conversation.
        let Some(mut governor) = self.governor.try_lock() else { return };
        let was_awake = governor.is_awake();
        governor.hear(Turn { session, messages, is_answer }, now);
        self.resting.store(nanos(governor.resting()), Relaxed);
        if governor.is_awake() && !was_awake {
            drop(governor);
            self.begins.notify_one();
        }
    }

    /// Stays awake while a conversation goes on. Ends in a runtime of several threads that was not
    /// [prepared](prepare_runtime): there every look would wake another thread.
    pub(crate) async fn keep(&self) {
        let curfew = Curfew::of_this_thread();
        if curfew.is_none() && Handle::current().metrics().num_workers() > 1 {
            tracing::debug!("busy_poll does nothing in a runtime that was not prepared for it");
            self.resting.store(u64::MAX, Relaxed);
            return;
        }
        loop {
            self.begins.notified().await;
            let imposed = curfew.as_ref().map(|curfew| curfew.impose());
            while self.is_worth_while() {
                if let Some(imposed) = &imposed {
                    imposed.signal();
                }
                // Whoever else wants this core has it.
                thread::yield_now();
                // Here the thread looks, since it has nothing else to do.
                yield_now().await;
                stand_back().await;
            }
        }
    }

    fn is_worth_while(&self) -> bool {
        let mut governor = self.governor.lock();
        let goes_on = governor.look(self.clock.now());
        self.resting.store(nanos(governor.resting()), Relaxed);
        goes_on
    }
}

/// Lets those tasks run that are ready, for which the last look may have been the reason.
async fn stand_back() {
    let mut has_stood_back = false;
    poll_fn(|cx| {
        if mem::replace(&mut has_stood_back, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

fn nanos(time: Time) -> u64 {
    u64::try_from(time.since_start().as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use tokio::{runtime::Builder, task};

    /// Two sessions talk until somebody stays awake for them, neither too fast nor too slowly for a vigil of a millisecond.
    fn converse(vigil: &Vigil) {
        let (mut session, mut now) = (0, vigil.clock.now());
        while !vigil.governor.lock().is_awake() {
            (session, now) = (1 - session, now + Duration::from_micros(500));
            vigil.note(session, 1, true, now);
        }
    }

    #[test]
    fn vigils_begin_with_a_conversation_and_end_by_themselves() {
        let mut builder = Builder::new_multi_thread();
        builder.worker_threads(2);
        prepare_runtime(&mut builder);
        builder.build().unwrap().block_on(async {
            let length = Duration::from_millis(1);
            let Some(vigil) = Vigil::new(Some(length), Clock::start()) else { return };
            let vigil = Arc::new(vigil);
            let kept = Arc::clone(&vigil);
            let keeping = task::spawn(async move { kept.keep().await });
            for _ in 0..3 {
                converse(&vigil);
                while vigil.governor.lock().is_awake() {
                    yield_now().await;
                }
            }
            assert!(!keeping.is_finished());
        });
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn several_threads_that_were_not_prepared_sleep_at_once() {
        let Some(vigil) = Vigil::new(Some(Duration::from_millis(1)), Clock::start()) else {
            return;
        };
        let vigil = Arc::new(vigil);
        let kept = Arc::clone(&vigil);
        assert!(task::spawn(async move { kept.keep().await }).await.is_ok());
        for turn in 0..1000 {
            vigil.note(turn % 2, 1, true, vigil.clock.now());
        }
        assert!(!vigil.governor.lock().is_awake());
    }

    #[test]
    fn who_wants_none_has_none() {
        assert!(Vigil::new(None, Clock::start()).is_none());
        assert!(Vigil::new(Some(Duration::ZERO), Clock::start()).is_none());
    }
}
