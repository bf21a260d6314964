//! What decoding may cost in memory.

use super::head::{Reader, Result};
use crate::{error::DecodeErrorKind, value::Dict};
use alloc::vec::Vec;

/// What may still be allocated, so that a small message cannot become a large structure.
#[derive(Debug)]
pub(super) struct Allowance {
    bytes: usize,
    values: usize,
    list: usize,
}

impl Allowance {
    /// The most values in all options and details of a message together.
    const HEAD_VALUES: usize = 2000;

    /// For the head of a message: with all other costs of decoding at most three times its length and 64 KiB.
    pub(super) const fn head(message: usize) -> Self {
        Self {
            bytes: message.saturating_mul(2).saturating_add(60 * 1024),
            values: Self::HEAD_VALUES,
            list: Dict::MAX_ENTRIES,
        }
    }

    /// For a payload that an application asked to see as values, which are larger than the bytes they come from.
    pub(super) const fn values(payload: usize) -> Self {
        Self {
            bytes: payload.saturating_mul(8).saturating_add(64 * 1024),
            values: usize::MAX,
            list: usize::MAX,
        }
    }

    /// For conversions, which keep nothing but one string at a time.
    #[cfg(feature = "transcode")]
    pub(super) const fn unlimited() -> Self {
        Self { bytes: usize::MAX, values: usize::MAX, list: usize::MAX }
    }

    pub(super) const fn take(&mut self, bytes: usize) -> bool {
        match self.bytes.checked_sub(bytes) {
            Some(left) => {
                self.bytes = left;
                true
            }
            None => false,
        }
    }
}

/// Appends to a list within what is allowed. `left` is how many items are announced to follow, if known.
pub(super) fn push<'b, T>(
    r: &mut dyn Reader<'b>,
    list: &mut Vec<T>,
    left: Option<u64>,
    item: T,
) -> Result<()> {
    let (len, size) = (list.len(), size_of::<T>());
    let allowance = r.allowance();
    let may_grow = match allowance.values.checked_sub(1) {
        Some(values) if len < allowance.list => {
            allowance.values = values;
            true
        }
        _ => false,
    };
    let fits = may_grow
        && (len < list.capacity() || {
            let announced = usize::try_from(left.unwrap_or(0)).unwrap_or(usize::MAX);
            let more = announced.saturating_add(1).min(Dict::MAX_ENTRIES).max(len).max(4);
            // Old and new memory exist side by side while growing.
            let taken = allowance.take((len + more) * size);
            if taken {
                allowance.bytes += len * size;
                list.reserve_exact(more);
            }
            taken
        });
    if fits {
        list.push(item);
        Ok(())
    } else {
        Err(r.error_at(r.end(), DecodeErrorKind::TooManyEntries))
    }
}
