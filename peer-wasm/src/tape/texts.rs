use crate::head::{mask, word};

/// How many keys are remembered, and how many other texts.
const SLOTS: usize = 512;

/// How many slots there are. JavaScript has the constants of CBOR behind them.
pub(super) const ALL: usize = 2 * SLOTS;

/// How many times eight bytes a text may have that is remembered, with its head: longer ones rarely repeat.
const WORDS: usize = 3;

/// The longest text that is remembered, with its head.
pub(super) const LONGEST: usize = 8 * WORDS;

/// How many slots a key may be in. Other texts come and go.
const TRIES: usize = 4;

/// Short texts that came before, as keys, and names of states and kinds, do again and again: JavaScript has them as
/// strings already. Both sides forget one when another one takes its slot.
#[derive(Debug)]
pub(crate) struct Texts {
    /// Keys are in the second half.
    slots: [Text; ALL],
    /// Where the last key was found.
    last: usize,
}

#[derive(Clone, Copy, Debug, Default)]
struct Text {
    /// With its head, and zeros behind the end.
    words: [u64; WORDS],
    /// With its head. 0: nothing.
    length: u8,
    seen: Seen,
    /// Of a key, the slot of the one that came next the last time: most lists of dictionaries repeat the same keys.
    next: u16,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Seen {
    #[default]
    Now,
    /// From now on it is known.
    Again,
    Often,
}

impl Texts {
    /// Passes the key that came next the last time, if it stands there again. Returns its slot.
    #[inline(always)]
    pub(super) fn expected(&mut self, bytes: &[u8], at: &mut usize) -> Option<usize> {
        let slot = usize::from(self.slots[self.last % ALL].next) % ALL;
        let Text { words: [a, b, c], length, .. } = self.slots[slot];
        let length = usize::from(length);
        let mut differs = word(bytes, *at)? ^ a;
        if length > 8 {
            if differs != 0 {
                return None;
            }
            differs = word(bytes, *at + 8)? ^ b;
            if length > 16 {
                if differs != 0 {
                    return None;
                }
                differs = word(bytes, *at + 16)? ^ c;
            }
        }
        if differs & mask(length) != 0 || slot == 0 {
            return None;
        }
        *at += length;
        self.last = slot;
        Some(slot)
    }

    /// The slot of a key that stands there with its head. It is not longer than [`LONGEST`].
    #[inline(never)]
    pub(super) fn key(&mut self, bytes: &[u8], at: usize, length: usize) -> Option<(usize, Seen)> {
        let mut words = [0; WORDS];
        let mut hash = 0_u64;
        let mut left = length;
        for (i, kept) in words.iter_mut().enumerate() {
            *kept = word(bytes, at + 8 * i)?;
            if left < 8 {
                *kept &= mask(left);
            }
            hash = (hash ^ *kept).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29);
            if left <= 8 {
                break;
            }
            left -= 8;
        }
        // JavaScript has to look at the one key that is something special there.
        if words[0] >> 8 == u64::from_le_bytes(*b"__proto\0") {
            return Some((0, Seen::Now));
        }
        let mut number = hash as usize;
        for _ in 0..TRIES {
            number = SLOTS + number % SLOTS;
            let text = &mut self.slots[number];
            if text.length == 0 || text.words == words {
                break;
            }
            number += 1;
        }
        let slot = SLOTS + number % SLOTS;
        let text = &mut self.slots[slot];
        let seen = text.meet(words, length);
        if seen == Seen::Often {
            self.slots[self.last % ALL].next = slot as u16;
            self.last = slot;
        }
        Some((slot, seen))
    }

    #[inline(always)]
    pub(super) fn value(
        &mut self,
        bytes: &[u8],
        at: usize,
        length: usize,
    ) -> Option<(usize, Seen)> {
        let (mut a, mut b) = (word(bytes, at)?, 0);
        if length <= 8 {
            a &= mask(length);
        } else {
            b = word(bytes, at + 8)? & mask(length);
        }
        let slot = ((a ^ b.rotate_left(32)).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 55) as usize;
        Some((slot, self.slots[slot].meet([a, b, 0], length)))
    }
}

impl Text {
    #[inline(always)]
    fn meet(&mut self, words: [u64; WORDS], length: usize) -> Seen {
        if self.words != words {
            *self = Self { words, length: length as u8, seen: Seen::Now, next: 0 };
            return Seen::Now;
        }
        if self.seen == Seen::Now {
            self.seen = Seen::Often;
            return Seen::Again;
        }
        Seen::Often
    }
}

impl Default for Texts {
    fn default() -> Self {
        Self { slots: [Text::default(); ALL], last: 0 }
    }
}
