//! Floats from decimal digits and back.

use bytes::{BufMut, BytesMut};
use core::fmt::Write as _;

/// The float nearest to a number whose grammar was checked; infinite if it is too large.
pub(super) fn read(text: &str) -> f64 {
    // The grammar of JSON is part of what `f64` reads, so this never fails.
    text.parse().unwrap_or(f64::NAN)
}

/// Appends the shortest text that reads back as this finite float, always with a point or an exponent.
pub(super) fn write(value: f64, out: &mut BytesMut) {
    if let Some(decimal) = Decimal::of(value.abs()) {
        if value.is_sign_negative() {
            out.put_u8(b'-');
        }
        return decimal.write(out);
    }
    // `Debug` is that. Writing to memory does not fail.
    let _ = write!(out, "{value:?}");
}

/// A number of few digits: `digits` divided by ten to the power of `places`.
#[derive(Debug)]
struct Decimal {
    digits: u64,
    /// At most [`MOST_PLACES`](Self::MOST_PLACES), and no more than are needed.
    places: usize,
}

impl Decimal {
    const MOST_PLACES: usize = 6;

    /// The decimal with the fewest places that reads back as this float from 0 up; `None` if it has many, or is better
    /// written with an exponent.
    ///
    /// Measurements are mostly such numbers, and the search for the shortest among all decimals takes ten times as long.
    /// It would find the same: no two decimals of up to 15 digits are the same float, and dividing two integers that
    /// floats hold exactly gives the float nearest to the quotient, which is what reading gives.
    fn of(value: f64) -> Option<Self> {
        const LEAST: f64 = 1e-3;
        const LIMIT: f64 = 1e15;
        if value < LEAST && value != 0.0 {
            return None;
        }
        let mut power = 1.0;
        for places in 0..=Self::MOST_PLACES {
            let scaled = value * power;
            if scaled >= LIMIT {
                return None;
            }
            let digits = (scaled + 0.5) as u64;
            if digits as f64 / power == value {
                return Some(Self { digits, places });
            }
            power *= 10.0;
        }
        None
    }

    /// Appends it, with one place if it needs none.
    fn write(self, out: &mut BytesMut) {
        let (mut rest, places) =
            if self.places == 0 { (self.digits * 10, 1) } else { (self.digits, self.places) };
        // At most 16 digits and a point.
        let mut text = [0; 20];
        let mut start = text.len();
        let mut put = |byte| {
            start -= 1;
            text[start] = byte;
        };
        let mut digit = || {
            let digit = b'0' + (rest % 10) as u8;
            rest /= 10;
            (digit, rest == 0)
        };
        (0..places).for_each(|_| put(digit().0));
        put(b'.');
        loop {
            let (digit, is_last) = digit();
            put(digit);
            if is_last {
                break;
            }
        }
        out.put_slice(&text[start..]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn written(value: f64) -> String {
        let mut out = BytesMut::new();
        write(value, &mut out);
        String::from_utf8(out.to_vec()).unwrap()
    }

    #[test]
    fn what_is_written_is_what_the_standard_library_finds_shortest() {
        let table = [
            0.0,
            -0.0,
            1.0,
            -1.0,
            0.1,
            0.5,
            10.0,
            21.5,
            101.25,
            1e-3,
            9.99e-4,
            1e-5,
            1.0e15,
            999_999_999_999_999.0,
            99_999_999.999_999,
            123.456_789,
            0.000_001,
            0.123_456,
            1e16,
            1e300,
            5e-324,
            0.3,
            0.1 + 0.2,
            1.0 / 3.0,
            2.0_f64.powi(53),
            f64::MAX,
        ];
        for value in table {
            assert_eq!(written(value), format!("{value:?}"));
        }
    }

    proptest! {
        #[test]
        fn decimals_and_any_other_floats_too(
            digits in 0..1_000_000_000_000_000_u64, places in 0..12_i32, bits in any::<u64>(),
        ) {
            let decimal = digits as f64 / 10.0_f64.powi(places);
            for value in [decimal, -decimal, f64::from_bits(bits)] {
                if value.is_finite() {
                    prop_assert_eq!(written(value), format!("{value:?}"));
                }
            }
        }
    }
}
