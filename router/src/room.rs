//! Room for connections, of all listeners together.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::Relaxed},
};

/// How many connections there may be, and how many there are.
#[derive(Debug)]
pub(crate) struct Room {
    size: AtomicUsize,
    taken: AtomicUsize,
}

/// A place in the room, given up when dropped.
#[derive(Debug)]
pub(crate) struct Place(Arc<Room>);

impl Room {
    /// Room for `size` connections.
    pub(crate) fn new(size: usize) -> Arc<Self> {
        Arc::new(Self { size: AtomicUsize::new(size), taken: AtomicUsize::new(0) })
    }

    /// Makes it larger or smaller. Nobody is thrown out of a room that becomes too small.
    pub(crate) fn resize(&self, size: usize) {
        self.size.store(size, Relaxed);
    }

    /// Takes a place; `None` if there is none.
    pub(crate) fn enter(self: &Arc<Self>) -> Option<Place> {
        let size = self.size.load(Relaxed);
        let enter = |taken: usize| (taken < size).then_some(taken + 1);
        self.taken.fetch_update(Relaxed, Relaxed, enter).ok()?;
        Some(Place(Arc::clone(self)))
    }

    /// How many places are taken.
    pub(crate) fn taken(&self) -> usize {
        self.taken.load(Relaxed)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.taken.fetch_sub(1, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_room_can_be_resized_while_it_is_full() {
        let room = Room::new(2);
        let (first, _second) = (room.enter().unwrap(), room.enter().unwrap());
        assert!(room.enter().is_none());
        room.resize(1);
        drop(first);
        assert!(room.enter().is_none(), "one is there still");
        assert_eq!(room.taken(), 1);
        room.resize(2);
        assert!(room.enter().is_some());
        assert_eq!(room.taken(), 1);
    }
}
