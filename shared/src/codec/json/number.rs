//! Numbers.

use super::{JsonReader, float};
use crate::codec::head::{Result, Token};

impl<'b> JsonReader<'b> {
    /// Reads a number: an integer if it is written as one and fits 64 bits.
    pub(super) fn number(&mut self) -> Result<Token<'b>> {
        if let Some(token) = self.short_integer() {
            return Ok(token);
        }
        let start = self.cursor.pos;
        let is_integer = self.scan_number()?;
        let text = self.slice(start, self.cursor.pos);
        if is_integer && let Some(token) = integer(text) {
            return Ok(token);
        }
        Ok(Token::Float(float::read(text)))
    }

    /// Reads an integer of few digits, which is what most numbers are; `None` without reading for any other.
    #[inline]
    fn short_integer(&mut self) -> Option<Token<'b>> {
        /// As many digits as always fit.
        const FEW: usize = 18;
        let bytes = self.cursor.bytes.get(self.cursor.pos..)?;
        let sign = usize::from(*bytes.first()? == b'-');
        let digits = bytes.get(sign..)?;
        let (mut magnitude, mut len) = (0_u64, 0);
        while let Some(digit @ b'0'..=b'9') = digits.get(len) {
            magnitude = magnitude.wrapping_mul(10).wrapping_add(u64::from(digit - b'0'));
            len += 1;
        }
        let is_integer = !matches!(digits.get(len), Some(b'.' | b'e' | b'E'));
        let has_leading_zero = len > 1 && digits.first() == Some(&b'0');
        if !(1..=FEW).contains(&len) || !is_integer || has_leading_zero {
            return None;
        }
        let token = match sign {
            0 => Token::Uint(magnitude),
            // There is no integer -0.
            _ => Token::Nint(magnitude.checked_sub(1)?),
        };
        self.cursor.pos += sign + len;
        Some(token)
    }

    /// Reads past a number that begins here, checks its grammar and says whether it is written as an integer.
    pub(super) fn scan_number(&mut self) -> Result<bool> {
        let start = self.cursor.pos;
        let mut pos = start + usize::from(self.cursor.bytes[start] == b'-');
        let digits = pos;
        pos = self.scan_digits(pos)?;
        if self.cursor.bytes[digits] == b'0' && pos > digits + 1 {
            return Err(self.unexpected(digits + 1));
        }
        let integer_end = pos;
        if self.cursor.bytes.get(pos) == Some(&b'.') {
            pos = self.scan_digits(pos + 1)?;
        }
        if let Some(b'e' | b'E') = self.cursor.bytes.get(pos) {
            let sign = matches!(self.cursor.bytes.get(pos + 1), Some(b'+' | b'-'));
            pos = self.scan_digits(pos + 1 + usize::from(sign))?;
        }
        self.cursor.pos = pos;
        Ok(pos == integer_end)
    }

    /// The place behind the digits at `pos`, of which there has to be one.
    fn scan_digits(&self, pos: usize) -> Result<usize> {
        let digits = self.cursor.bytes.get(pos..).unwrap_or_default();
        match digits.iter().take_while(|b| b.is_ascii_digit()).count() {
            0 => Err(self.unexpected(pos)),
            count => Ok(pos + count),
        }
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
