use super::keys;
use crate::head::{Place, Reader};
use alloc::{vec, vec::Vec};

/// How many bits a slot has.
const BITS: u32 = 8;

/// How many texts are remembered.
pub(super) const SLOTS: usize = 1 << BITS;

/// Short texts that came before, as names of states and kinds do again and again: JavaScript has them as strings already.
#[derive(Debug)]
pub(crate) struct Values {
    slots: Vec<Value>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Value {
    /// The first eight bytes.
    first: u64,
    /// The rest, and the length in the highest byte.
    rest: u64,
    is_known: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Seen {
    Now,
    /// From now on it is known.
    Again,
    Often,
}

impl Values {
    /// The longest one that is remembered: engines cut longer ones without a copy, which would keep their message.
    pub(super) const LONGEST: usize = 12;

    /// The slot of a text, behind those of keys, and whether it was there before.
    #[inline(always)]
    pub(super) fn find(
        &mut self,
        reader: &Reader,
        Place { start, length }: Place,
    ) -> (usize, Seen) {
        let first = reader.word(start, length);
        let behind = if length > 8 { reader.word(start + 8, length - 8) } else { 0 };
        let rest = behind | (length as u64) << 56;
        let hash = (first ^ rest.rotate_left(32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let slot = (hash >> (64 - BITS)) as usize;
        let Some(value) = self.slots.get_mut(slot) else { return (slot, Seen::Now) };
        let seen = if value.first != first || value.rest != rest {
            *value = Value { first, rest, is_known: false };
            Seen::Now
        } else if value.is_known {
            Seen::Often
        } else {
            value.is_known = true;
            Seen::Again
        };
        (keys::SLOTS + 1 + slot, seen)
    }
}

impl Default for Values {
    fn default() -> Self {
        Self { slots: vec![Value::default(); SLOTS] }
    }
}
