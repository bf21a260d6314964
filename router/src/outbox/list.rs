//! A list that can be left from any place in constant time.

/// What is linked to no other place.
const NOWHERE: usize = usize::MAX;

/// How many slots a list keeps while nothing is in it.
const KEPT_SLOTS: usize = 16;

/// Items in the order in which they came. Places that were left are taken again.
#[derive(Debug)]
pub(super) struct List<T> {
    slots: Vec<Slot<T>>,
    free: Vec<usize>,
    first: usize,
    last: usize,
}

/// Where an item is for as long as it is in the list; later another one may be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place(usize);

#[derive(Debug)]
struct Slot<T> {
    item: Option<T>,
    before: usize,
    after: usize,
}

impl<T> List<T> {
    pub(super) const fn new() -> Self {
        Self { slots: Vec::new(), free: Vec::new(), first: NOWHERE, last: NOWHERE }
    }

    pub(super) const fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    /// Appends an item.
    pub(super) fn push_back(&mut self, item: T) -> Place {
        let slot = Slot { item: Some(item), before: self.last, after: NOWHERE };
        let place = match self.free.pop() {
            Some(place) => {
                self.slots[place] = slot;
                place
            }
            None => {
                if self.slots.len() == self.slots.capacity() {
                    // By a quarter and not by its length: slots are memory that waits, too.
                    self.slots.reserve_exact((self.slots.len() / 4).max(KEPT_SLOTS / 4));
                }
                self.slots.push(slot);
                self.slots.len() - 1
            }
        };
        match self.slots.get_mut(self.last) {
            Some(last) => last.after = place,
            None => self.first = place,
        }
        self.last = place;
        Place(place)
    }

    pub(super) fn first(&self) -> Option<(Place, &T)> {
        self.at(self.first)
    }

    pub(super) fn last(&self) -> Option<(Place, &T)> {
        self.at(self.last)
    }

    /// What comes after this place.
    pub(super) fn after(&self, place: Place) -> Option<(Place, &T)> {
        self.at(self.slots.get(place.0)?.after)
    }

    pub(super) fn get(&self, place: Place) -> Option<&T> {
        self.slots.get(place.0)?.item.as_ref()
    }

    pub(super) fn get_mut(&mut self, place: Place) -> Option<&mut T> {
        self.slots.get_mut(place.0)?.item.as_mut()
    }

    /// Takes out what is at this place, if anything is.
    pub(super) fn remove(&mut self, place: Place) -> Option<T> {
        let slot = self.slots.get_mut(place.0)?;
        let item = slot.item.take()?;
        let (before, after) = (slot.before, slot.after);
        match self.slots.get_mut(before) {
            Some(slot) => slot.after = after,
            None => self.first = after,
        }
        match self.slots.get_mut(after) {
            Some(slot) => slot.before = before,
            None => self.last = before,
        }
        self.free.push(place.0);
        if self.len() == 0 && self.slots.len() > KEPT_SLOTS {
            *self = Self::new();
        }
        Some(item)
    }

    fn at(&self, place: usize) -> Option<(Place, &T)> {
        Some((Place(place), self.slots.get(place)?.item.as_ref()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::VecDeque;

    fn items(list: &List<u32>) -> Vec<u32> {
        let mut items = Vec::new();
        let mut next = list.first();
        while let Some((place, item)) = next {
            items.push(*item);
            next = list.after(place);
        }
        assert_eq!(items.last(), list.last().map(|(_, item)| item));
        items
    }

    #[test]
    fn it_is_left_from_anywhere_and_stays_in_order() {
        let mut list = List::new();
        let places: Vec<_> = (0..5).map(|item| list.push_back(item)).collect();
        for (gone, left) in
            [(2, vec![0, 1, 3, 4]), (0, vec![1, 3, 4]), (4, vec![1, 3]), (3, vec![1]), (1, vec![])]
        {
            assert_eq!(list.remove(places[gone]), Some(gone as u32));
            assert_eq!(list.remove(places[gone]), None);
            assert_eq!(items(&list), left);
        }
        assert!(list.first().is_none() && list.last().is_none());
    }

    #[test]
    fn a_list_that_never_runs_empty_does_not_grow() {
        let mut list = List::new();
        let mut places = VecDeque::new();
        for item in 0..1000 {
            places.push_back(list.push_back(item));
            if places.len() > 3 {
                // Not always the oldest.
                let place = places.remove(item as usize % 3).unwrap();
                list.remove(place).unwrap();
            }
        }
        assert_eq!(list.len(), 3);
        assert_eq!(list.slots.len(), 4);
    }

    #[test]
    fn a_burst_leaves_no_slots_behind() {
        let mut list = List::new();
        let places: Vec<_> = (0..1000).map(|item| list.push_back(item)).collect();
        for place in places {
            list.remove(place).unwrap();
        }
        assert_eq!((list.slots.capacity(), list.free.capacity()), (0, 0));
    }
}
