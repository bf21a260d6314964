//! Numbers.

use super::{JsonReader, float};
use crate::codec::head::{Result, Token};

impl<'b> JsonReader<'b> {
    /// Reads a number: an integer if it is written as one and fits 64 bits.
    pub(super) fn number(&mut self) -> Result<Token<'b>> {
        let is_negative = self.cursor.bytes.get(self.cursor.pos) == Some(&b'-');
        if !is_negative && let Some(number) = self.short_integer(0) {
            return Ok(Token::Uint(number));
        }
        if is_negative && let Some(number) = self.short_integer(1) {
            return Ok(Token::Nint(number - 1));
        }
        let start = self.cursor.pos;
        let is_integer = self.scan_number()?;
        let text = self.slice(start, self.cursor.pos);
        if is_integer && let Some(token) = integer(text) {
            return Ok(token);
        }
        Ok(Token::Float(float::read(text)))
    }

    /// Reads an integer of few digits behind a sign of this length, which is what most numbers are; `None` for any other
    /// number.
    #[inline]
    pub(super) fn short_integer(&mut self, sign: usize) -> Option<u64> {
        /// As many digits as always fit.
        const FEW: usize = 18;
        let digits = self.cursor.bytes.get(self.cursor.pos + sign..)?;
        let (mut number, mut len) = (0_u64, 0);
        while let Some(digit @ b'0'..=b'9') = digits.get(len) {
            number = number.wrapping_mul(10).wrapping_add(u64::from(digit - b'0'));
            len += 1;
        }
        let is_integer = !matches!(digits.get(len), Some(b'.' | b'e' | b'E'));
        let has_leading_zero = len > 1 && digits.first() == Some(&b'0');
        // There is no integer -0.
        let is_minus_zero = sign > 0 && number == 0;
        if !(1..=FEW).contains(&len) || !is_integer || has_leading_zero || is_minus_zero {
            return None;
        }
        self.cursor.pos += sign + len;
        Some(number)
    }

    /// Reads past a number that begins here, checks its grammar and says whether it is written as an integer.
    pub(super) fn scan_number(&mut self) -> Result<bool> {
        let (end, is_integer) = self.number_end(self.cursor.pos)?;
        self.cursor.pos = end;
        Ok(is_integer)
    }

    /// The place behind the number that begins at `start`, and whether it is written as an integer.
    #[inline]
    pub(super) fn number_end(&self, start: usize) -> Result<(usize, bool)> {
        let bytes = self.cursor.bytes;
        let digits = start + usize::from(bytes.get(start) == Some(&b'-'));
        let end = self.digits_end(digits)?;
        if bytes.get(digits) == Some(&b'0') && end > digits + 1 {
            return Err(self.unexpected(digits + 1));
        }
        match bytes.get(end) {
            Some(b'.' | b'e' | b'E') => Ok((self.fraction_end(end)?, false)),
            _ => Ok((end, true)),
        }
    }

    /// The place behind the fraction and exponent that begin at `pos`, or one of the two.
    fn fraction_end(&self, mut pos: usize) -> Result<usize> {
        if self.cursor.bytes.get(pos) == Some(&b'.') {
            pos = self.digits_end(pos + 1)?;
        }
        if let Some(b'e' | b'E') = self.cursor.bytes.get(pos) {
            let sign = matches!(self.cursor.bytes.get(pos + 1), Some(b'+' | b'-'));
            pos = self.digits_end(pos + 1 + usize::from(sign))?;
        }
        Ok(pos)
    }

    /// The place behind the digits at `start`, of which there has to be one.
    #[inline]
    fn digits_end(&self, start: usize) -> Result<usize> {
        let mut pos = start;
        while let Some(b'0'..=b'9') = self.cursor.bytes.get(pos) {
            pos += 1;
        }
        if pos == start { Err(self.unexpected(pos)) } else { Ok(pos) }
    }
}

/// The smallest integer that CBOR has; without its sign it needs a bit more than all others.
pub(super) const LEAST: &str = "-18446744073709551616";

/// The integer, if it fits 64 bits. `-0` does not count: it is a number that only floats have.
fn integer<'b>(text: &str) -> Option<Token<'b>> {
    let (digits, is_negative) = match text.strip_prefix('-') {
        Some(digits) => (digits, true),
        None => (text, false),
    };
    if text == LEAST {
        return Some(Token::Nint(u64::MAX));
    }
    let mut magnitude = 0_u64;
    for digit in digits.bytes() {
        magnitude = magnitude.checked_mul(10)?.checked_add(u64::from(digit - b'0'))?;
    }
    if is_negative {
        magnitude.checked_sub(1).map(Token::Nint)
    } else {
        Some(Token::Uint(magnitude))
    }
}
