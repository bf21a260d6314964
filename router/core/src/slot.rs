//! How much a callee is asked at a time.

use core::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::Arc;
use wamplex_shared::id::RegistrationId;

/// The room that a callee has in one registration: how many invocations it takes at once, and how many it has.
///
/// Changed under the lock of the registration's queue only.
#[derive(Debug)]
pub(crate) struct Room {
    limit: Option<u64>,
    taken: Arc<AtomicU64>,
}

/// What one invocation takes of its callee's room. Whoever takes the invocation from the callee gives it back.
#[derive(Debug)]
#[must_use = "a slot that is not given back is lost"]
pub(crate) struct Slot {
    pub(crate) registration: RegistrationId,
    taken: Arc<AtomicU64>,
}

impl Room {
    pub(crate) fn new(limit: Option<u64>) -> Self {
        Self { limit, taken: Arc::default() }
    }

    /// Whether there is a limit at all.
    pub(crate) const fn is_limited(&self) -> bool {
        self.limit.is_some()
    }

    /// Whether the callee may be given one more.
    pub(crate) fn is_free(&self) -> bool {
        self.limit.is_none_or(|limit| self.taken.load(Relaxed) < limit)
    }

    /// Takes a slot; none where there is no limit.
    pub(crate) fn take(&self, registration: RegistrationId) -> Option<Slot> {
        self.limit?;
        self.taken.fetch_add(1, Relaxed);
        Some(Slot { registration, taken: Arc::clone(&self.taken) })
    }

    /// How many slots are taken, for checks.
    pub(crate) fn taken(&self) -> u64 {
        self.taken.load(Relaxed)
    }
}

impl Slot {
    /// Gives the slot back.
    pub(crate) fn free(self) {
        self.taken.fetch_sub(1, Relaxed);
    }

    /// Whether it is a slot of this room.
    pub(crate) fn is_of(&self, room: &Room) -> bool {
        Arc::ptr_eq(&self.taken, &room.taken)
    }
}
