use alloc::{vec, vec::Vec};

/// How many keys are remembered.
const SLOTS: usize = 512;
/// Longer keys rarely repeat.
const LONGEST: usize = 28;

/// The keys of dictionaries that JavaScript has as strings already: a message with the same keys as the last one, as
/// most have, needs none of them again. Both sides forget a key when another one takes its slot.
#[derive(Debug)]
pub(crate) struct Keys {
    /// Per slot the length, then the bytes. Length 0: nothing.
    slots: Vec<[u8; LONGEST + 1]>,
}

pub(super) enum Found {
    Known(usize),
    /// It was not known and now has this slot.
    New(usize),
    NotKept,
}

impl Keys {
    pub(super) fn find(&mut self, key: &[u8]) -> Found {
        if key.is_empty() || key.len() > LONGEST || !key.is_ascii() {
            return Found::NotKept;
        }
        let slot = slot_of(key);
        let Some(kept) = self.slots.get_mut(slot) else { return Found::NotKept };
        if usize::from(kept[0]) == key.len() && kept[1..].starts_with(key) {
            return Found::Known(slot);
        }
        kept[0] = key.len() as u8;
        kept[1..=key.len()].copy_from_slice(key);
        Found::New(slot)
    }
}

impl Default for Keys {
    fn default() -> Self {
        Self { slots: vec![[0; LONGEST + 1]; SLOTS] }
    }
}

fn slot_of(key: &[u8]) -> usize {
    let hash =
        key.iter().fold(0x811c_9dc5_u32, |h, b| (h ^ u32::from(*b)).wrapping_mul(0x0100_0193));
    (hash ^ hash >> 16) as usize % SLOTS
}
