//! Entries by request id, for ids that only grow.

use crate::id::RequestId;
use alloc::vec::Vec;

/// A map from request ids, which are given out in rising order and mostly end in about that order.
///
/// A list sorted by id, whose ended entries stay empty until they are more than half of it: that makes every operation
/// cheap, however many requests there are, and is a fraction of the code of a tree, which counts in a browser.
#[derive(Debug)]
pub(super) struct Table<T> {
    slots: Vec<(RequestId, Option<T>)>,
    live: usize,
}

impl<T> Table<T> {
    /// Below this size empty slots are not worth a clean-up.
    const SMALL: usize = 32;

    pub(super) const fn new() -> Self {
        Self { slots: Vec::new(), live: 0 }
    }

    pub(super) const fn len(&self) -> usize {
        self.live
    }

    pub(super) fn get(&self, id: RequestId) -> Option<&T> {
        self.slots.get(self.place(id).ok()?)?.1.as_ref()
    }

    pub(super) fn get_mut(&mut self, id: RequestId) -> Option<&mut T> {
        let place = self.place(id).ok()?;
        self.slots.get_mut(place)?.1.as_mut()
    }

    /// Puts an entry in the place of the one with this id, if there is one.
    pub(super) fn insert(&mut self, id: RequestId, entry: T) {
        match self.place(id) {
            Ok(place) => {
                let before = self.slots.get_mut(place).and_then(|slot| slot.1.replace(entry));
                self.live += usize::from(before.is_none());
            }
            Err(place) => {
                self.slots.insert(place, (id, Some(entry)));
                self.live += 1;
            }
        }
    }

    pub(super) fn remove(&mut self, id: RequestId) -> Option<T> {
        let place = self.place(id).ok()?;
        let entry = self.slots.get_mut(place)?.1.take()?;
        self.live -= 1;
        if self.live == 0 {
            self.slots.clear();
        } else if self.slots.len() > Self::SMALL && self.slots.len() > 2 * self.live {
            self.slots.retain(|slot| slot.1.is_some());
        }
        Some(entry)
    }

    pub(super) fn clear(&mut self) {
        self.slots.clear();
        self.live = 0;
    }

    /// Empties the table, in the order of the ids.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = (RequestId, T)> {
        self.live = 0;
        core::mem::take(&mut self.slots).into_iter().filter_map(|(id, entry)| Some((id, entry?)))
    }

    fn place(&self, id: RequestId) -> Result<usize, usize> {
        // The next id goes behind all others, but for the one time in 2^53 that the count begins anew.
        match self.slots.last() {
            Some((last, _)) if *last >= id => self.slots.binary_search_by_key(&id, |slot| slot.0),
            _ => Err(self.slots.len()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn id(n: u64) -> RequestId {
        RequestId::new(n).unwrap()
    }

    proptest! {
        #[test]
        fn it_is_a_map(steps in prop::collection::vec((any::<bool>(), 1..60_u64), 0..400)) {
            let (mut table, mut model) = (Table::new(), BTreeMap::new());
            for (step, (insert, n)) in steps.into_iter().enumerate() {
                if insert {
                    table.insert(id(n), step);
                    model.insert(id(n), step);
                } else {
                    prop_assert_eq!(table.remove(id(n)), model.remove(&id(n)));
                }
                prop_assert_eq!(table.len(), model.len());
                prop_assert_eq!(table.get(id(n)), model.get(&id(n)));
                prop_assert_eq!(table.get_mut(id(n)), model.get_mut(&id(n)));
            }
            prop_assert_eq!(table.drain().collect::<Vec<_>>(), model.into_iter().collect::<Vec<_>>());
        }
    }

    #[test]
    fn one_old_entry_does_not_keep_the_places_of_all_that_ended_since() {
        let mut table = Table::new();
        table.insert(id(1), ());
        for n in 2..100_000 {
            table.insert(id(n), ());
            table.remove(id(n));
        }
        assert!(table.slots.len() <= Table::<()>::SMALL, "{} slots", table.slots.len());
    }
}
