//! Floats from decimal digits and back.
//!
//! What the standard library has for this is fast and large: with its tables it weighs more than all the rest of a
//! client in a browser, where floats in options are as good as unknown. So builds without `transcode` have this
//! instead: big integers by hand, exact and slow.

#[cfg(feature = "transcode")]
pub(super) use library::{read, write};
#[cfg(not(feature = "transcode"))]
pub(super) use small::{read, write};

#[cfg(feature = "transcode")]
mod library {
    use bytes::BytesMut;
    use core::fmt::Write as _;

    /// The float nearest to a number whose grammar was checked; infinite if it is too large.
    pub(in super::super) fn read(text: &str) -> f64 {
        // The grammar of JSON is part of what `f64` reads, so this never fails.
        text.parse().unwrap_or(f64::NAN)
    }

    /// Appends the shortest text that reads back as this finite float, always with a point or an exponent.
    pub(in super::super) fn write(value: f64, out: &mut BytesMut) {
        // `Debug` is that. Writing to memory does not fail.
        let _ = write!(out, "{value:?}");
    }
}

#[cfg(any(test, not(feature = "transcode")))]
mod small {
    use alloc::{vec, vec::Vec};

    use bytes::{BufMut, BytesMut};

    /// Beyond these every number is zero or infinite: 800 digits before the point or behind it.
    const EXPONENTS: i64 = 1600;

    /// More digits than these cannot change which float is nearest, only whether it is hit exactly.
    const DIGITS: usize = 800;

    /// The bits of a fraction, the first included.
    const PRECISION: i64 = 53;

    /// The exponent of the smallest float whose fraction has all its bits.
    const LEAST: i64 = -1022;

    /// The float nearest to a number whose grammar was checked; infinite if it is too large.
    pub(in super::super) fn read(text: &str) -> f64 {
        let (digits, exponent) = split(text.trim_start_matches('-'));
        let magnitude = nearest(&digits, exponent);
        if text.starts_with('-') { -magnitude } else { magnitude }
    }

    /// The digits from the first that is not zero, and the power of ten that the last of them counts.
    fn split(text: &str) -> (Vec<u8>, i64) {
        let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let (before, behind) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        // What does not fit is as good as what does.
        let mut exponent = exponent.trim_start_matches('+').parse::<i32>().map_or_else(
            |_| if exponent.starts_with('-') { -EXPONENTS << 20 } else { EXPONENTS << 20 },
            i64::from,
        );
        let mut digits = Vec::new();
        for digit in before.bytes().chain(behind.bytes()).map(|b| b - b'0') {
            if digits.len() < DIGITS {
                if digit != 0 || !digits.is_empty() {
                    digits.push(digit);
                }
            } else {
                exponent += 1;
                // Not zero is enough to know of the digits that are left out.
                if digit != 0
                    && let Some(last @ 0) = digits.last_mut()
                {
                    *last = 1;
                }
            }
        }
        (digits, exponent - behind.len() as i64)
    }

    fn nearest(digits: &[u8], exponent: i64) -> f64 {
        if digits.is_empty() || exponent < -EXPONENTS {
            return 0.0;
        }
        if exponent > EXPONENTS {
            return f64::INFINITY;
        }
        let mut number = Big(Vec::new());
        for digit in digits {
            number.multiply_add(10, u32::from(*digit));
        }
        let (mut shift, mut is_exact) = (0, true);
        if exponent >= 0 {
            for _ in 0..exponent {
                number.multiply_add(10, 0);
            }
        } else {
            // Four bits for every digit, and those of the result.
            let words = (-exponent).unsigned_abs() as usize / 8 + 4;
            number.0.splice(0..0, core::iter::repeat_n(0, words));
            shift = -32 * words as i64;
            for _ in exponent..0 {
                is_exact &= number.divide(10) == 0;
            }
        }
        number.round(shift, is_exact)
    }

    /// Appends a text of at most 17 digits that reads back as this finite float, always with a point or an exponent.
    pub(in super::super) fn write(value: f64, out: &mut BytesMut) {
        let bits = value.to_bits();
        if value.is_sign_negative() {
            out.put_u8(b'-');
        }
        let (fraction, exponent) = (bits & ((1 << (PRECISION - 1)) - 1), bits >> 52 & 0x7ff);
        let (mantissa, power) = match exponent {
            0 => (fraction, LEAST - 52),
            // The exponent has eleven bits.
            _ => (fraction | 1 << 52, exponent.cast_signed() - 1 + LEAST - 52),
        };
        if mantissa == 0 {
            return out.put_slice(b"0.0");
        }
        let (digits, exponent) = decimal(mantissa, power);
        for count in [15, 16, 17] {
            let (digits, exponent) = rounded(&digits, exponent, count);
            if count == 17 || nearest(&digits, exponent) == value.abs() {
                return put(&digits, exponent, out);
            }
        }
    }

    /// All digits of `mantissa * 2^power`, and the power of ten of the last.
    fn decimal(mantissa: u64, power: i64) -> (Vec<u8>, i64) {
        let mut number = Big(vec![mantissa as u32, (mantissa >> 32) as u32]);
        // A power of two is a power of five and one of ten.
        let factor = if power < 0 { 5 } else { 2 };
        for _ in 0..power.unsigned_abs() {
            number.multiply_add(factor, 0);
        }
        let mut digits = Vec::new();
        while number.bits() > 0 {
            digits.push(number.divide(10) as u8);
        }
        digits.reverse();
        (digits, power.min(0))
    }

    /// The first `count` digits, rounded to nearest, without zeros at the end.
    fn rounded(digits: &[u8], exponent: i64, count: usize) -> (Vec<u8>, i64) {
        let (mut kept, rest) = (digits.to_vec(), digits.get(count..).unwrap_or_default());
        kept.truncate(count);
        let mut exponent = exponent + rest.len() as i64;
        if rest.first().is_some_and(|digit| *digit >= 5) {
            while let Some(9) = kept.last() {
                kept.pop();
                exponent += 1;
            }
            match kept.last_mut() {
                Some(last) => *last += 1,
                None => kept.push(1),
            }
        }
        while let Some(0) = kept.last() {
            kept.pop();
            exponent += 1;
        }
        (kept, exponent)
    }

    fn put(digits: &[u8], exponent: i64, out: &mut BytesMut) {
        // The place of the point behind the first digit.
        let point = digits.len() as i64 + exponent;
        let text = |out: &mut BytesMut, digits: &[u8]| out.extend(digits.iter().map(|d| d + b'0'));
        match usize::try_from(point) {
            Ok(before @ 1..=16) if before < digits.len() => {
                text(out, &digits[..before]);
                out.put_u8(b'.');
                text(out, &digits[before..]);
            }
            Ok(before @ 1..=16) => {
                text(out, digits);
                out.extend(core::iter::repeat_n(b'0', before - digits.len()));
                out.put_slice(b".0");
            }
            _ => {
                text(out, &digits[..1]);
                out.put_u8(b'.');
                text(out, if digits.len() > 1 { &digits[1..] } else { &[0] });
                out.put_u8(b'e');
                if point < 1 {
                    out.put_u8(b'-');
                }
                // No float has an exponent of more than three digits.
                let exponent = (point - 1).unsigned_abs() as u16;
                let digits = [exponent / 100, exponent / 10 % 10, exponent % 10].map(|d| d as u8);
                let zeros = digits[..2].iter().take_while(|d| **d == 0).count();
                text(out, &digits[zeros..]);
            }
        }
    }

    /// An integer from 0 up, its lowest 32 bits first.
    struct Big(Vec<u32>);

    impl Big {
        fn multiply_add(&mut self, factor: u32, addend: u32) {
            let mut carry = u64::from(addend);
            for word in &mut self.0 {
                carry += u64::from(*word) * u64::from(factor);
                *word = carry as u32;
                carry >>= 32;
            }
            if carry > 0 {
                self.0.push(carry as u32);
            }
        }

        /// Divides and returns the remainder.
        fn divide(&mut self, divisor: u32) -> u32 {
            let mut rest = 0;
            for word in self.0.iter_mut().rev() {
                let dividend = u64::from(rest) << 32 | u64::from(*word);
                *word = (dividend / u64::from(divisor)) as u32;
                rest = (dividend % u64::from(divisor)) as u32;
            }
            while let Some(0) = self.0.last() {
                self.0.pop();
            }
            rest
        }

        /// How many bits it has.
        fn bits(&self) -> i64 {
            self.0
                .last()
                .map_or(0, |word| 32 * self.0.len() as i64 - i64::from(word.leading_zeros()))
        }

        fn bit(&self, index: i64) -> bool {
            let Ok(index) = usize::try_from(index) else { return false };
            self.0.get(index / 32).is_some_and(|word| word >> (index % 32) & 1 == 1)
        }

        /// The float nearest to this times 2^shift, the even one of two. If not exact, a little is missing.
        fn round(&self, shift: i64, is_exact: bool) -> f64 {
            let bits = self.bits();
            if bits == 0 {
                return 0.0;
            }
            let exponent = bits + shift - 1;
            // Floats below the least exponent have fewer bits.
            let precision = PRECISION.min(PRECISION + exponent - LEAST);
            let cut = bits - precision;
            let mut mantissa = 0_u64;
            for index in (cut..bits).rev() {
                mantissa = mantissa << 1 | u64::from(self.bit(index));
            }
            let is_half = self.bit(cut - 1);
            let is_more = !is_exact || (0..cut - 1).any(|index| self.bit(index));
            mantissa += u64::from(is_half && (is_more || mantissa & 1 == 1));
            // The first bit of the mantissa adds one to the exponent, so that of floats with all their bits is one
            // too small here; and so does a carry, which is what should happen.
            let exponent = (exponent.max(LEAST) - LEAST).unsigned_abs();
            if exponent > 2045 || precision < 0 {
                return if exponent > 2045 { f64::INFINITY } else { 0.0 };
            }
            f64::from_bits((exponent << 52) + mantissa)
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
        fn numbers_at_the_edges_are_read_as_the_library_reads_them() {
            let many = "123456789".repeat(200);
            let half = format!("{}.5{}1", 1_u64 << 53, "0".repeat(1000));
            let texts = [
                "0.0",
                "-0.0",
                "0e5",
                "1.0",
                "1e0",
                "1E+2",
                "0.1",
                "123.456",
                "1e22",
                "1e23",
                "9007199254740993.0",
                "9007199254740992.5",
                "9007199254740993.5",
                "1.7976931348623157e308",
                "1.7976931348623158e308",
                "1.7976931348623159e308",
                "1e308",
                "1e309",
                "2.2250738585072014e-308",
                "2.2250738585072011e-308",
                "4.9e-324",
                "2.4703282292062327e-324",
                "2.4703282292062328e-324",
                "2.5e-324",
                "1e-323",
                "1e-400",
                "1e99999999999",
                "1e-99999999999",
                "0.000000000000000000000000000001e30",
                &many,
                &half,
            ];
            for text in texts {
                let library: f64 = text.parse().unwrap();
                assert_eq!(read(text).to_bits(), library.to_bits(), "{text}");
            }
        }

        #[test]
        fn floats_are_written_with_a_point_or_an_exponent() {
            for (value, text) in [
                (0.0, "0.0"),
                (-0.0, "-0.0"),
                (1.0, "1.0"),
                (-1.5, "-1.5"),
                (0.1, "1.0e-1"),
                (100.0, "100.0"),
                (1234.5678, "1234.5678"),
                (1e16, "1.0e16"),
                (1e300, "1.0e300"),
                (f64::MAX, "1.7976931348623157e308"),
                (1e-5, "1.0e-5"),
            ] {
                assert_eq!(written(value), text);
            }
        }

        proptest! {
            #[test]
            fn every_float_reads_back_the_same(bits: u64) {
                let value = f64::from_bits(bits);
                prop_assume!(value.is_finite());
                let text = written(value);
                prop_assert_eq!(text.parse::<f64>().unwrap().to_bits(), bits, "{} by the library", text);
                prop_assert_eq!(read(&text).to_bits(), bits, "{}", text);
            }

            #[test]
            fn every_number_is_read_as_the_library_reads_it(text in "-?[1-9][0-9]{0,25}(\\.[0-9]{1,25})?(e-?[0-9]{1,3})?") {
                prop_assert_eq!(read(&text).to_bits(), text.parse::<f64>().unwrap().to_bits(), "{}", text);
            }
        }
    }
}
