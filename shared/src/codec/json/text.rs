//! Strings: finding their end, and undoing escapes.

use super::JsonReader;
use crate::{
    codec::head::{Error, Result, Text},
    error::DecodeErrorKind,
};
use alloc::{borrow::Cow, string::String};

impl<'b> JsonReader<'b> {
    /// Reads a string that begins here. What stands in the input as it is meant stays a slice of it.
    pub(super) fn text(&mut self) -> Result<Text<'b>> {
        let start = self.cursor.pos + 1;
        let has_escapes = self.scan_string()?;
        let raw = self.slice(start, self.cursor.pos - 1);
        if has_escapes {
            self.charge(raw.len())?;
            Ok(Cow::Owned(unescape(raw)))
        } else {
            Ok(Cow::Borrowed(raw))
        }
    }

    /// A part of the input that begins and ends with ASCII, so it is text of its own. Asked for in a way that has no
    /// panic, whose message would be larger than this file in a browser.
    pub(super) fn slice(&self, start: usize, end: usize) -> &'b str {
        self.checked.get(start..end).unwrap_or_default()
    }

    /// Reads past a string that begins here, checks it and says whether it has escapes.
    pub(super) fn scan_string(&mut self) -> Result<bool> {
        let bytes = self.cursor.bytes;
        let (mut pos, mut has_escapes) = (self.cursor.pos + 1, false);
        loop {
            pos = find_special(bytes, pos);
            match bytes.get(pos) {
                Some(b'"') => break,
                Some(b'\\') => {
                    has_escapes = true;
                    pos = self.scan_escape(pos)?;
                }
                // A control character, or the end.
                _ => return Err(self.unexpected(pos)),
            }
        }
        self.cursor.pos = pos + 1;
        Ok(has_escapes)
    }

    /// Checks the escape that begins at `pos` and returns the place behind it.
    fn scan_escape(&self, pos: usize) -> Result<usize> {
        match self.cursor.bytes.get(pos + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(pos + 2),
            Some(b'u') => match self.scan_unit(pos + 2)? {
                0xdc00..=0xdfff => Err(self.half_a_pair(pos)),
                0xd800..=0xdbff => {
                    let bytes = self.cursor.bytes;
                    if bytes.get(pos + 6) != Some(&b'\\') || bytes.get(pos + 7) != Some(&b'u') {
                        return Err(self.half_a_pair(pos));
                    }
                    match self.scan_unit(pos + 8)? {
                        0xdc00..=0xdfff => Ok(pos + 12),
                        _ => Err(self.half_a_pair(pos)),
                    }
                }
                _ => Ok(pos + 6),
            },
            _ => Err(self.unexpected(pos + 1)),
        }
    }

    fn half_a_pair(&self, at: usize) -> Error {
        self.cursor.error_at(at, DecodeErrorKind::InvalidUnicode)
    }

    /// The code unit that the four hexadecimal digits at `pos` stand for.
    fn scan_unit(&self, pos: usize) -> Result<u32> {
        let mut unit = 0;
        for at in pos..pos + 4 {
            let digit = self.cursor.bytes.get(at).and_then(|b| char::from(*b).to_digit(16));
            unit = unit << 4 | digit.ok_or_else(|| self.unexpected(at))?;
        }
        Ok(unit)
    }
}

/// The place of the first byte from `pos` on that is a quotation mark, a backslash or a control character; the length
/// of `bytes` if there is none.
pub(super) fn find_special(bytes: &[u8], mut pos: usize) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    // Eight bytes at a time. Subtracting borrows from the neighbour above, so only the lowest mark is exact, and it
    // alone is used.
    while let Some(chunk) = bytes.get(pos..).and_then(|rest| rest.first_chunk::<8>()) {
        let word = u64::from_le_bytes(*chunk);
        let (quote, backslash) = (word ^ (ONES * 0x22), word ^ (ONES * 0x5c));
        let marks = (word.wrapping_sub(ONES * 0x20) & !word)
            | (quote.wrapping_sub(ONES) & !quote)
            | (backslash.wrapping_sub(ONES) & !backslash);
        if marks & HIGH != 0 {
            return pos + (marks & HIGH).trailing_zeros() as usize / 8;
        }
        pos += 8;
    }
    let rest = bytes.get(pos..).unwrap_or_default();
    let special = |b: &u8| *b < 0x20 || *b == b'"' || *b == b'\\';
    pos + rest.iter().position(special).unwrap_or(rest.len())
}

/// Undoes the escapes of a string that was checked.
fn unescape(raw: &str) -> String {
    let mut text = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some((plain, escape)) = rest.split_once('\\') {
        text.push_str(plain);
        let mut chars = escape.chars();
        match chars.next() {
            Some('u') => {
                let (character, len) = unescape_unit(escape);
                text.push(character);
                rest = escape.get(len..).unwrap_or_default();
                continue;
            }
            Some('b') => text.push('\u{8}'),
            Some('f') => text.push('\u{c}'),
            Some('n') => text.push('\n'),
            Some('r') => text.push('\r'),
            Some('t') => text.push('\t'),
            Some(other) => text.push(other),
            None => {}
        }
        rest = chars.as_str();
    }
    text.push_str(rest);
    text
}

/// The character of an escape that begins with `u`, and how many bytes it takes up behind its backslash.
fn unescape_unit(escape: &str) -> (char, usize) {
    let unit = |at: usize| {
        escape.get(at..at + 4).and_then(|digits| u32::from_str_radix(digits, 16).ok()).unwrap_or(0)
    };
    let first = unit(1);
    let (code, len) = if (0xd800..0xdc00).contains(&first) {
        (0x1_0000 + ((first - 0xd800) << 10) + (unit(7).wrapping_sub(0xdc00) & 0x3ff), 11)
    } else {
        (first, 5)
    };
    (char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER), len)
}
