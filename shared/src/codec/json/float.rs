//! Floats from decimal digits and back.

use bytes::BytesMut;
use core::fmt::Write as _;

/// The float nearest to a number whose grammar was checked; infinite if it is too large.
pub(super) fn read(text: &str) -> f64 {
    // The grammar of JSON is part of what `f64` reads, so this never fails.
    text.parse().unwrap_or(f64::NAN)
}

/// Appends the shortest text that reads back as this finite float, always with a point or an exponent.
pub(super) fn write(value: f64, out: &mut BytesMut) {
    // `Debug` is that. Writing to memory does not fail.
    let _ = write!(out, "{value:?}");
}
