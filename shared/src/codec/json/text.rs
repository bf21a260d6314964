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
        let (end, has_escapes) = self.string_end(self.cursor.pos)?;
        self.cursor.pos = end;
        Ok(has_escapes)
    }

    /// The place behind the string that begins with the quotation mark at `quote`, and whether it has escapes.
    #[inline]
    pub(super) fn string_end(&self, quote: usize) -> Result<(usize, bool)> {
        let end = find_special(self.cursor.bytes, quote + 1);
        match self.cursor.bytes.get(end) {
            Some(b'"') => Ok((end + 1, false)),
            _ => Ok((self.escaped_end(end)?, true)),
        }
    }

    /// The place behind a string that was read up to here, where there is no quotation mark.
    #[cold]
    fn escaped_end(&self, mut pos: usize) -> Result<usize> {
        let bytes = self.cursor.bytes;
        loop {
            match bytes.get(pos) {
                Some(b'"') => return Ok(pos + 1),
                Some(b'\\') => pos = find_special(bytes, self.scan_escape(pos)?),
                // A control character, or the end.
                _ => return Err(self.unexpected(pos)),
            }
        }
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
#[inline]
pub(super) fn find_special(bytes: &[u8], pos: usize) -> usize {
    // Most strings are keys and other short text.
    match bytes.get(pos..).and_then(|rest| rest.first_chunk()).map(specials) {
        Some(marks @ 1..) => pos + marks.trailing_zeros() as usize / 8,
        Some(0) => find_special_far(bytes, pos + WORD),
        None => find_special_near(bytes, pos),
    }
}

/// Bytes that are looked at together.
const WORD: usize = 8;

/// A bit for each byte that is special: exact for the lowest, which is the only one to use, since subtracting borrows
/// from the neighbour above.
const fn specials(word: &[u8; WORD]) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let word = u64::from_le_bytes(*word);
    let (quote, backslash) = (word ^ (ONES * 0x22), word ^ (ONES * 0x5c));
    let marks = (word.wrapping_sub(ONES * 0x20) & !word)
        | (quote.wrapping_sub(ONES) & !quote)
        | (backslash.wrapping_sub(ONES) & !backslash);
    marks & HIGH
}

/// As [`find_special`], for text of some length: in blocks that the compiler turns into vector instructions.
fn find_special_far(bytes: &[u8], mut pos: usize) -> usize {
    const BLOCK: usize = 32;
    let is_special = |b: u8| u8::from(b < 0x20) | u8::from(b == b'"') | u8::from(b == b'\\');
    while let Some(block) = bytes.get(pos..).and_then(|rest| rest.first_chunk::<BLOCK>())
        && block.iter().fold(0, |any, b| any | is_special(*b)) == 0
    {
        pos += BLOCK;
    }
    while let Some(word) = bytes.get(pos..).and_then(|rest| rest.first_chunk()) {
        match specials(word) {
            0 => pos += WORD,
            marks => return pos + marks.trailing_zeros() as usize / 8,
        }
    }
    find_special_near(bytes, pos)
}

/// As [`find_special`], for the last few bytes.
fn find_special_near(bytes: &[u8], pos: usize) -> usize {
    let rest = bytes.get(pos..).unwrap_or_default();
    if let (Some([a, b, c, d]), Some([e, f, g, h])) = (rest.first_chunk(), rest.last_chunk())
        && specials(&[*a, *b, *c, *d, *e, *f, *g, *h]) == 0
        && rest.len() <= WORD
    {
        return bytes.len();
    }
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
