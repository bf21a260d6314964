//! The lock around a realm.
//!
//! The one place that says what kind of lock it is. Readers move messages and run on all cores at once, the writer
//! changes who is here and what they asked for. Nothing awaits under either, and a task that panics under one leaves
//! it unlocked: a realm is not lost because one session failed.

use parking_lot::{RwLock, RwLockReadGuard, RwLockWriteGuard};

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
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::panic::{AssertUnwindSafe, catch_unwind};

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
}
