//! What is in flight, by the id of its request.

use core::hash::{BuildHasherDefault, Hasher};
use std::collections::{HashMap, hash_map::Entry};
use wamplex_shared::id::RequestId;

/// A table of what has an answer to come. Most stays for a short time only, so that entering and taking out is what counts.
pub(crate) struct InFlight<T>(HashMap<RequestId, T, BuildHasherDefault<IdHasher>>);

impl<T> InFlight<T> {
    /// How many entries an empty table may have room for. One that has grown beyond in a burst gives its room back.
    const KEPT: usize = 64;

    pub(crate) fn new() -> Self {
        Self(HashMap::default())
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn get(&self, request: RequestId) -> Option<&T> {
        self.0.get(&request)
    }

    pub(crate) fn contains(&self, request: RequestId) -> bool {
        self.0.contains_key(&request)
    }

    /// In no order.
    pub(crate) fn values(&self) -> impl Iterator<Item = &T> {
        self.0.values()
    }

    /// Puts something into a free place; says whether it was free.
    pub(crate) fn insert(&mut self, request: RequestId, value: T) -> bool {
        match self.0.entry(request) {
            Entry::Vacant(place) => {
                place.insert(value);
                true
            }
            Entry::Occupied(_) => false,
        }
    }

    pub(crate) fn remove(&mut self, request: RequestId) -> Option<T> {
        self.remove_if(request, |_| true)
    }

    /// Takes out what is there if `may` says so.
    pub(crate) fn remove_if(
        &mut self,
        request: RequestId,
        may: impl FnOnce(&T) -> bool,
    ) -> Option<T> {
        let Entry::Occupied(place) = self.0.entry(request) else { return None };
        if !may(place.get()) {
            return None;
        }
        let value = place.remove();
        if self.0.is_empty() && self.0.capacity() > Self::KEPT {
            self.0 = HashMap::default();
        }
        Some(value)
    }

    /// Takes everything out, by rising ids: what comes of it is then the same in every run.
    pub(crate) fn take_all(&mut self) -> Vec<(RequestId, T)> {
        let mut all: Vec<_> = core::mem::take(&mut self.0).into_iter().collect();
        all.sort_unstable_by_key(|(request, _)| *request);
        all
    }
}

impl<T: Clone> InFlight<T> {
    /// Copies of everything, by rising ids.
    pub(crate) fn snapshot(&self) -> Vec<(RequestId, T)> {
        let mut all: Vec<_> =
            self.0.iter().map(|(request, value)| (*request, value.clone())).collect();
        all.sort_unstable_by_key(|(request, _)| *request);
        all
    }
}

/// Hashes one integer, in two instructions where the keyed hash of the standard library needs a hundred.
///
/// Ids of requests mostly count up. A client in a realm with relaxed rules may choose them so that they collide: then
/// its own table gets slow, as slow as its limit of open calls allows, and nobody else's.
#[derive(Default)]
struct IdHasher(u64);

impl Hasher for IdHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write_u64(&mut self, id: u64) {
        const ODD: u128 = 0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835;
        // Both halves of the product: ids that differ in high bits only are spread over the table too.
        let product = u128::from(id).wrapping_mul(ODD);
        self.0 = (product as u64) ^ (product >> 64) as u64;
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(self.0 ^ u64::from(*byte));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    fn id(n: u64) -> RequestId {
        RequestId::new(n).unwrap()
    }

    #[test]
    fn a_table_that_was_large_gives_its_room_back_when_it_is_empty() {
        let mut table = InFlight::new();
        for n in 1..=10_000 {
            assert!(table.insert(id(n), n));
        }
        assert!(!table.insert(id(7), 0), "the place is taken");
        assert_eq!(table.remove_if(id(7), |n| *n != 7), None);
        for n in 1..=10_000 {
            assert_eq!(table.remove(id(n)), Some(n));
        }
        assert_eq!((table.len(), table.0.capacity()), (0, 0));
    }

    #[test]
    fn everything_is_taken_out_by_rising_ids() {
        let mut table = InFlight::new();
        for n in [5, 1, 9, 3] {
            table.insert(id(n), ());
        }
        let ids =
            |all: Vec<(RequestId, ())>| all.iter().map(|(id, ())| id.get()).collect::<Vec<_>>();
        assert_eq!(ids(table.snapshot()), [1, 3, 5, 9]);
        assert_eq!(ids(table.take_all()), [1, 3, 5, 9]);
        assert_eq!(table.len(), 0);
    }

    #[test]
    fn ids_in_steps_of_any_power_of_two_are_spread() {
        for shift in 0..40 {
            let buckets: HashSet<u64> = (1..=1_000_u64)
                .map(|n| {
                    let mut hasher = IdHasher::default();
                    hasher.write_u64(n << shift);
                    hasher.finish() % 4096
                })
                .collect();
            assert!(buckets.len() > 500, "{} of 1000 with {shift}", buckets.len());
        }
    }
}
