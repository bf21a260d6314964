//! The lock around a realm.
//!
//! The one place that says what kind of lock it is. Readers move messages and run on all cores at once, the writer
//! changes who is here and what they asked for. Nothing awaits under either, and a task that panics under one leaves
//! it unlocked: a realm is not lost because one session failed.

use parking_lot::{RwLock, RwLockReadGuard, RwLockWriteGuard};

/// A guard that one task goes on holding from message to message, for reading only.
///
/// Taking a read lock writes to a cache line that all cores share; holding it for a batch costs that once. A writer that
/// waits comes in between two messages all the same, so it waits no longer than for one message of each reader.
#[derive(Debug)]
pub(crate) struct Held<'a, T> {
    guard: &'a Guard<T>,
    reading: Option<RwLockReadGuard<'a, T>>,
}

/// A value with many readers or one writer.
#[derive(Debug)]
pub(crate) struct Guard<T>(RwLock<T>);

impl<T> Guard<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self(RwLock::new(value))
    }

    /// Waits until nobody writes.
    pub(crate) fn read(&self) -> RwLockReadGuard<'_, T> {
        self.0.read()
    }

    /// Waits until nobody reads or writes.
    pub(crate) fn write(&self) -> RwLockWriteGuard<'_, T> {
        self.0.write()
    }

    /// A guard to hold for several messages, not taken yet.
    pub(crate) const fn hold(&self) -> Held<'_, T> {
        Held { guard: self, reading: None }
    }
}

impl<T> Held<'_, T> {
    /// The value, for reading. What was read before may have changed: a writer that waited has been let in first, and
    /// `before` that this was done.
    pub(crate) fn read(&mut self, before: impl FnOnce()) -> &T {
        if let Some(reading) = &mut self.reading
            && self.guard.0.is_locked_exclusive()
        {
            before();
            RwLockReadGuard::bump(reading);
        }
        self.reading.get_or_insert_with(|| self.guard.read())
    }

    /// The value, for changing it. Waits until nobody else reads or writes.
    pub(crate) fn write(&mut self) -> RwLockWriteGuard<'_, T> {
        self.release();
        self.guard.write()
    }

    /// Lets go of the value until it is asked for again.
    pub(crate) fn release(&mut self) {
        self.reading = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{
        panic::{AssertUnwindSafe, catch_unwind},
        sync::atomic::{AtomicBool, Ordering::SeqCst},
    };

    #[test]
    fn a_panic_under_the_guard_leaves_it_unlocked() {
        let guard = Guard::new(1);
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            let _held = guard.write();
            panic!("as a test");
        }));
        assert!(panicked.is_err());
        assert_eq!(*guard.read(), 1);
    }

    #[test]
    fn who_holds_the_guard_may_change_the_value_and_go_on_reading() {
        let guard = Guard::new(1);
        let mut held = guard.hold();
        assert_eq!(*held.read(|| ()), 1);
        *held.write() += 1;
        assert_eq!(*held.read(|| ()), 2);
        held.release();
        *guard.write() += 1;
        assert_eq!(*held.read(|| ()), 3);
    }

    #[test]
    fn a_writer_comes_in_between_two_messages_of_a_reader_that_never_lets_go() {
        let (guard, is_ready) = (Guard::new(0), AtomicBool::new(false));
        std::thread::scope(|scope| {
            let mut held = guard.hold();
            assert_eq!(*held.read(|| panic!("nobody waits")), 0);
            scope.spawn(|| {
                let mut value = guard.write();
                assert!(is_ready.load(SeqCst), "what comes before it was done");
                *value = 1;
            });
            while *held.read(|| is_ready.store(true, SeqCst)) == 0 {
                std::thread::yield_now();
            }
        });
    }
}
