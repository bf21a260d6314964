use alloc::{vec, vec::Vec};

/// How many keys are remembered.
const SLOTS: usize = 512;
/// How many times eight bytes a key may have that is remembered: longer ones rarely repeat.
const WORDS: usize = 4;

/// The longest key that is remembered.
pub(super) const LONGEST: usize = 8 * WORDS;

/// The keys of dictionaries that JavaScript has as strings already: a message with the same keys as the last one, as
/// most have, needs none of them again. Both sides forget a key when another one takes its slot.
#[derive(Debug)]
pub(crate) struct Keys {
    slots: Vec<Key>,
    /// Where the last key was found.
    last: usize,
}

#[derive(Clone, Copy, Debug, Default)]
struct Key {
    /// Zeros behind the end. Of length 0: nothing.
    words: [u64; WORDS],
    length: u32,
    /// The slot of the key that came next the last time: most lists of dictionaries repeat the same keys.
    next: u32,
}

pub(super) enum Found {
    Known(usize),
    /// It was not known and now has this slot.
    New(usize),
    NotKept,
}

impl Keys {
    /// Looks for a key of this length; `word` gives its bytes, eight at a time.
    #[inline(always)]
    pub(super) fn find(&mut self, length: usize, word: impl Fn(usize) -> u64) -> Found {
        let mut key = Key { length: length as u32, ..Key::default() };
        for (i, place) in key.words.iter_mut().enumerate().take(length.div_ceil(8)) {
            *place = word(8 * i);
        }
        let expected = self.slots.get(self.last).map_or(0, |last| last.next as usize);
        if self.holds(expected, &key) {
            self.last = expected;
            return Found::Known(expected);
        }
        let slot = slot_of(&key);
        let found = if self.holds(slot, &key) {
            Found::Known(slot)
        } else if length == 0 || !key.is_ascii() {
            return Found::NotKept;
        } else {
            let Some(kept) = self.slots.get_mut(slot) else { return Found::NotKept };
            *kept = key;
            Found::New(slot)
        };
        if let Some(last) = self.slots.get_mut(self.last) {
            last.next = slot as u32;
        }
        self.last = slot;
        found
    }

    #[inline(always)]
    fn holds(&self, slot: usize, key: &Key) -> bool {
        self.slots
            .get(slot)
            .is_some_and(|kept| kept.length == key.length && kept.words == key.words)
            && key.length > 0
    }
}

impl Default for Keys {
    fn default() -> Self {
        Self { slots: vec![Key::default(); SLOTS], last: 0 }
    }
}

impl Key {
    #[inline(always)]
    fn is_ascii(&self) -> bool {
        self.words.iter().all(|word| word & super::NOT_ASCII == 0)
    }
}

#[inline(always)]
fn slot_of(key: &Key) -> usize {
    let hash = key.words.iter().fold(u64::from(key.length), |hash, word| {
        (hash ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29)
    });
    (hash >> 32) as usize % SLOTS
}
