//! What events are converted to for receivers with other serializers.
//!
//! Whoever is the first to need a conversion makes it, when it writes; those who come after it within moments share it.
//! An event that waits long does so for a receiver that has stopped reading, and what others needed of it is nothing
//! that this one should keep in memory, nor pay for in its limit. So conversions are kept apart from what waits: all of a
//! router together are bounded, and who comes too late for one makes it again for itself.

use parking_lot::Mutex;
use std::{
    collections::VecDeque,
    fmt,
    sync::{Arc, Weak},
};

/// The conversions of one event, or of several that wait as one: at most one of each of `N` kinds.
#[derive(Debug)]
pub struct Conversions<T, const N: usize>([Mutex<Option<Arc<T>>>; N]);

/// Something that has [`Conversions`].
pub trait Converted: Send + Sync {
    /// Gives up the conversions that were made. They can be made again.
    fn forget_conversions(&self);
}

/// The conversions that a router keeps of all events that wait: the latest, in at most so many bytes, or the last one alone
/// if it is longer. They go earlier with the event that they are of, when nobody waits for it any more.
///
/// This is what a router holds beside the limits of its receivers, however many of them are slow.
pub struct Recent {
    limit: usize,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    /// What has conversions, and how many bytes those are. The oldest is first.
    queue: VecDeque<(Weak<dyn Converted>, usize)>,
    bytes: usize,
}

impl<T, const N: usize> Conversions<T, N> {
    /// The conversion of this kind, if there is one.
    pub fn get(&self, kind: usize) -> Option<Arc<T>> {
        self.0.get(kind)?.lock().clone()
    }

    /// The conversion of this kind, and whether it was made just now. Whoever needs it meanwhile waits for that.
    pub fn get_or_make(&self, kind: usize, make: impl FnOnce() -> T) -> (Arc<T>, bool) {
        let Some(place) = self.0.get(kind) else { return (Arc::new(make()), false) };
        let mut place = place.lock();
        if let Some(made) = &*place {
            return (Arc::clone(made), false);
        }
        let made = Arc::new(make());
        *place = Some(Arc::clone(&made));
        (made, true)
    }

    /// Gives up all of them. Who uses one goes on doing so.
    pub fn forget(&self) {
        for place in &self.0 {
            let forgotten = place.lock().take();
            drop(forgotten);
        }
    }
}

impl<T, const N: usize> Default for Conversions<T, N> {
    fn default() -> Self {
        Self([const { Mutex::new(None) }; N])
    }
}

impl Recent {
    /// How many bytes a router keeps: enough that receivers that do not lag find what others have made.
    pub const LIMIT: usize = 1 << 20;

    /// What the bookkeeping takes up, and what an event leaves behind until it is noticed that it is gone.
    const EACH: usize = 256;

    /// Keeps conversions of at most this many bytes.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self { limit, kept: Mutex::default() }
    }

    /// Takes note of a conversion of so many bytes, and gives up others for it. To be called without any lock that giving up
    /// takes.
    pub fn note<T: Converted + 'static>(&self, of: &Arc<T>, bytes: usize) {
        let bytes = bytes + Self::EACH + size_of::<T>();
        let of: Arc<dyn Converted> = Arc::<T>::clone(of);
        let mut forgotten = Vec::new();
        let mut kept = self.kept.lock();
        kept.bytes += bytes;
        kept.queue.push_back((Arc::downgrade(&of), bytes));
        while kept.queue.len() > 1 {
            let is_too_much = kept.bytes > self.limit;
            let Some((oldest, bytes)) = kept.queue.front() else { break };
            if !is_too_much && oldest.strong_count() > 0 {
                break;
            }
            let (oldest, bytes) = (oldest.upgrade(), *bytes);
            kept.bytes -= bytes;
            kept.queue.pop_front();
            forgotten.extend(oldest);
        }
        drop(kept);
        for of in forgotten {
            of.forget_conversions();
        }
    }
}

impl Default for Recent {
    fn default() -> Self {
        Self::new(Self::LIMIT)
    }
}

impl fmt::Debug for Recent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recent").field("bytes", &self.kept.lock().bytes).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Source(Conversions<Vec<u8>, 2>);

    impl Source {
        fn convert(self: &Arc<Self>, kind: usize, bytes: usize, recent: &Recent) {
            let (_, is_new) = self.0.get_or_make(kind, || vec![0; bytes]);
            if is_new {
                recent.note(self, bytes);
            }
        }

        fn kept(&self) -> [bool; 2] {
            [0, 1].map(|kind| self.0.get(kind).is_some())
        }
    }

    impl Converted for Source {
        fn forget_conversions(&self) {
            self.0.forget();
        }
    }

    #[test]
    fn the_latest_are_kept_up_to_the_limit_or_the_last_alone() {
        let recent = Recent::new(10_000);
        let sources: Vec<_> = (0..10).map(|_| Arc::<Source>::default()).collect();
        for source in &sources {
            source.convert(0, 2000, &recent);
            source.convert(0, 2000, &recent);
        }
        let kept: Vec<_> = sources.iter().map(|source| source.kept()[0]).collect();
        assert_eq!(kept, [[false; 6].as_slice(), &[true; 4]].concat());
        assert!(recent.kept.lock().bytes <= 10_000);
        sources[0].convert(1, 100_000, &recent);
        assert_eq!(sources[0].kept(), [false, true]);
        assert!(!sources[9].kept()[0]);
        sources[1].convert(1, 1, &recent);
        assert!(!sources[0].kept()[1], "made for a moment only");
        assert!(sources[1].kept()[1]);
    }

    #[test]
    fn what_is_gone_leaves_nothing_behind_and_makes_room() {
        let recent = Recent::new(10_000);
        for _ in 0..1000 {
            Arc::<Source>::default().convert(0, 2000, &recent);
        }
        let kept = recent.kept.lock();
        assert_eq!(kept.queue.len(), 1);
        assert!(kept.bytes < 3000);
    }

    #[test]
    fn who_uses_a_conversion_keeps_it_and_who_comes_too_late_makes_it_again() {
        let source = Source::default();
        let (used, _) = source.0.get_or_make(1, || vec![1]);
        source.0.forget();
        assert_eq!(*used, [1]);
        let (again, is_new) = source.0.get_or_make(1, || vec![2]);
        assert!(is_new && *again == [2]);
    }
}
