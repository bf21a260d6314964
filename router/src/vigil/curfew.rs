//! Keeping the other threads of a runtime asleep while one of them keeps vigil.
//!
//! A tokio worker that finds a task after it had none wakes another worker to look for more. For a thread that looks again
//! and again that is every time: the other one is woken, finds nothing, and may take the sockets with it to sleep, so that
//! the next message has to wake it. A worker that is kept in the hook that it calls before it sleeps counts as one that is
//! looking for work: as long as it is there, nobody is woken.

use parking_lot::{Condvar, Mutex};
use std::{
    cell::RefCell,
    mem,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};
use tokio::runtime::Builder;

/// For how long a thread is kept without a sign that the vigil goes on. This is what a long task in the thread that keeps
/// vigil costs those who wait behind it.
const FAITH: Duration = Duration::from_millis(2);

thread_local! {
    /// What holds for the threads of the runtime that this one belongs to.
    static OURS: RefCell<Option<Arc<Curfew>>> = const { RefCell::new(None) };
}

/// Makes a runtime one in which a router can look out for the next message for a moment before it sleeps, as `busy_poll` of
/// its configuration says: one thread at most, while clients wait for each other's answers.
///
/// Sets what the threads do at their [start](Builder::on_thread_start) and before they [park](Builder::on_thread_park). A
/// router in a runtime of several threads that was not prepared always sleeps at once.
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// let mut builder = tokio::runtime::Builder::new_multi_thread();
/// wamplex_router::prepare_runtime(builder.enable_all());
/// let runtime = builder.build()?;
/// # drop(runtime);
/// # Ok(())
/// # }
/// ```
pub fn prepare_runtime(builder: &mut Builder) {
    let curfew = Arc::new(Curfew::default());
    builder.on_thread_start(move || OURS.set(Some(Arc::clone(&curfew))));
    builder.on_thread_park(|| {
        OURS.with_borrow(|ours| {
            if let Some(curfew) = ours {
                curfew.keep(FAITH);
            }
        });
    });
}

/// Whether the threads of a runtime stay where they are.
///
/// It belongs to the runtime, since all routers in one have the same threads. Each router decides for itself when it keeps
/// vigil: the curfew begins with the first of them and is over with the last, and a sign of life of any of them counts. One
/// that is busy for long therefore does not end it for another, whose thread is awake and takes what there is to do.
#[derive(Debug, Default)]
pub(super) struct Curfew {
    /// How many keep vigil.
    vigils: AtomicUsize,
    /// Counts the signs of life of those who do.
    signs: AtomicU64,
    home: Mutex<()>,
    over: Condvar,
}

/// A curfew that is on. It is over when the last of these is dropped.
#[derive(Debug)]
pub(super) struct Imposed<'a>(&'a Curfew);

impl Curfew {
    /// That of the runtime that this thread belongs to, if it was [prepared](prepare_runtime).
    pub(super) fn of_this_thread() -> Option<Arc<Self>> {
        OURS.with_borrow(Clone::clone)
    }

    /// Keeps those who are about to sleep from now on.
    pub(super) fn impose(&self) -> Imposed<'_> {
        self.vigils.fetch_add(1, Relaxed);
        Imposed(self)
    }

    fn is_on(&self) -> bool {
        self.vigils.load(Relaxed) > 0
    }

    /// Keeps this thread until the curfew is over, or nothing is heard of the vigil for this long.
    fn keep(&self, faith: Duration) {
        if !self.is_on() {
            return;
        }
        let mut home = self.home.lock();
        let mut signs = self.signs.load(Relaxed);
        while self.is_on() {
            let waited = self.over.wait_for(&mut home, faith);
            let before = mem::replace(&mut signs, self.signs.load(Relaxed));
            if waited.timed_out() && before == signs {
                return;
            }
        }
    }
}

impl Imposed<'_> {
    /// Says that the vigil goes on.
    pub(super) fn signal(&self) {
        self.0.signs.fetch_add(1, Relaxed);
    }
}

impl Drop for Imposed<'_> {
    fn drop(&mut self) {
        // Under the lock: nobody is between looking and waiting.
        let _home = self.0.home.lock();
        if self.0.vigils.fetch_sub(1, Relaxed) == 1 {
            self.0.over.notify_all();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;

    #[test]
    fn threads_are_kept_until_a_curfew_is_over() {
        const LONG: Duration = Duration::from_secs(3600);
        let curfew = Curfew::default();
        curfew.keep(LONG);
        let (imposed, kept) = (curfew.impose(), AtomicU64::new(2));
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    curfew.keep(LONG);
                    kept.fetch_sub(1, Relaxed);
                });
            }
            for _ in 0..1000 {
                imposed.signal();
                thread::yield_now();
            }
            assert_eq!(kept.load(Relaxed), 2);
            drop(imposed);
        });
        assert_eq!(kept.load(Relaxed), 0);
    }

    #[test]
    fn the_end_of_one_vigil_is_not_the_end_of_the_curfew_for_another() {
        let curfew = Curfew::default();
        let [one, other] = [curfew.impose(), curfew.impose()];
        drop(one);
        assert!(curfew.is_on());
        let again = curfew.impose();
        drop(other);
        assert!(curfew.is_on());
        drop(again);
        assert!(!curfew.is_on());
        curfew.keep(Duration::from_secs(3600));
    }

    #[test]
    fn nobody_is_kept_by_a_vigil_that_gives_no_sign() {
        let curfew = Curfew::default();
        let imposed = curfew.impose();
        curfew.keep(Duration::from_millis(1));
        drop(imposed);
    }
}
