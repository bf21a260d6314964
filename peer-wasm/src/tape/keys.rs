use crate::head::{Place, Reader};
use alloc::{vec, vec::Vec};

/// How many keys are remembered.
pub(super) const SLOTS: usize = 512;
/// How many times eight bytes a key may have that is remembered, with its head: longer ones rarely repeat.
const WORDS: usize = 4;

/// How many slots a key may be in.
const TRIES: usize = 4;

/// The longest key that is remembered, with its head.
pub(super) const LONGEST: usize = 8 * WORDS;

/// The keys of dictionaries that JavaScript has as strings already: a message with the same keys as the last one, as
/// most have, needs none of them again. Both sides forget a key when another one takes its slot.
#[derive(Debug)]
pub(crate) struct Keys {
    /// In the first one is nothing.
    slots: Vec<Key>,
    /// Where the last key was found.
    pub(super) last: usize,
}

/// Zeros behind the end. Of length 0: nothing.
#[derive(Clone, Copy, Debug, Default)]
struct Key {
    /// With its head.
    words: [u64; WORDS],
    length: usize,
    /// The slot of the key that came next the last time: most lists of dictionaries repeat the same keys.
    next: usize,
}

impl Keys {
    /// Passes the key that came next the last time, if it stands there again. Returns its slot, or 0.
    #[inline(always)]
    pub(super) fn expected(&mut self, reader: &Reader, at: &mut usize) -> usize {
        let slot = self.slots.get(self.last).map_or(0, |last| last.next);
        let Some(key) = self.slots.get(slot) else { return 0 };
        let length = key.length;
        if length == 0 || length > reader.end - *at || !key.is_quickly(reader, *at) {
            return 0;
        }
        *at += length;
        self.last = slot;
        slot
    }

    /// The slot of a key that stands there with its head, and whether it was known before. It is not longer than
    /// [`LONGEST`].
    #[inline(always)]
    pub(super) fn find(
        &mut self,
        reader: &Reader,
        Place { start, length }: Place,
    ) -> (usize, bool) {
        let mut hash = length as u64;
        for i in 0..length.div_ceil(8) {
            let word = reader.word(start + 8 * i, length - 8 * i);
            hash = (hash.rotate_left(29) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        }
        // Where it is, or where none is yet, or in the end where another one is.
        let (mut slot, mut known) = ((hash >> 48) as usize, false);
        for _ in 0..TRIES {
            slot = 1 + slot % SLOTS;
            let Some(kept) = self.slots.get(slot) else { break };
            known = kept.length == length && kept.is(reader, start);
            if known || kept.length == 0 {
                break;
            }
        }
        if let Some(last) = self.slots.get_mut(self.last) {
            last.next = slot;
        }
        self.last = slot;
        if let (false, Some(kept)) = (known, self.slots.get_mut(slot)) {
            *kept = Key { length, ..Key::default() };
            for (i, kept) in kept.words.iter_mut().enumerate().take(length.div_ceil(8)) {
                *kept = reader.word(start + 8 * i, length - 8 * i);
            }
        }
        (slot, known)
    }
}

impl Key {
    #[inline(never)]
    fn is(&self, reader: &Reader, start: usize) -> bool {
        self.is_quickly(reader, start)
    }

    /// Whether it stands there.
    #[inline(always)]
    fn is_quickly(&self, reader: &Reader, start: usize) -> bool {
        let mut left = self.length;
        for (i, word) in self.words.iter().enumerate() {
            if reader.word(start + 8 * i, left) != *word {
                return false;
            }
            if left <= 8 {
                return true;
            }
            left -= 8;
        }
        true
    }
}

impl Default for Keys {
    fn default() -> Self {
        Self { slots: vec![Key::default(); SLOTS + 1], last: 0 }
    }
}

/// What dictionaries with the same keys in the same order have in common.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape(u32);

impl Shape {
    /// That with one more key, which was found in a slot. Once there was one without, it stays 0.
    #[inline(always)]
    pub(super) const fn with(self, slot: usize) -> Self {
        // Odd numbers have no part in making zeros.
        let factor = if slot == 0 { 0 } else { (slot as u32).wrapping_mul(0x9e37_79b1) | 1 };
        Self(self.0.rotate_left(5).wrapping_mul(factor))
    }

    /// It is below 1024, and 0 if there are no keys.
    pub(super) const fn number(self) -> u32 {
        self.0 >> 22
    }
}

impl Default for Shape {
    fn default() -> Self {
        Self(1)
    }
}
