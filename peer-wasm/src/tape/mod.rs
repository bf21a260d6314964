//! Messages in MessagePack or CBOR as a tape that JavaScript builds its values from, in one crossing.
//!
//! A crossing per value is many times slower than a pass over numbers in shared memory. The tape is a list of words of
//! 32 bits in the order of the values, behind two that say where the text is and how many bytes it has. The low three
//! bits of a word say what it is, the rest is its argument:
//!
//! | bits | value | argument | further words |
//! |---|---|---|---|
//! | 0 | a small integer | the integer, with its sign | |
//! | 1 | a string | how many UTF-16 units of the text it takes | |
//! | 2 | a list | how many values follow | |
//! | 3 | a dictionary | how many keys with a value follow | |
//! | 4 | something special | see [`Special`] | none or two |
//! | 5 | a number | whether it is an integer | its 64 bits, the low ones first |
//! | 6 | binary | how many bytes | their address |
//! | 7 | a key that was defined before | its slot | |
//!
//! The text of all strings stands in one block, so that the engine decodes it at once and cuts it. It also finds out
//! whether the text is UTF-8: here it is only seen to that no string begins within a character, or all of the block
//! could be text where its parts are not.

mod keys;

use alloc::vec::Vec;
use keys::{Found, Keys, LONGEST};

use crate::head::{Head, PADDING, Place, Reader};
use wamplex_shared::codec::MAX_DEPTH;

/// Strings above this size are decoded one by one: a piece cut from a block keeps the whole block alive.
const LONG_STRING: usize = 1024;

/// Above this size, memory is given back when the next message comes.
const LARGE: usize = 1 << 18;

/// Integers from `-SMALL` to below `SMALL` fit a word.
const SMALL: i64 = 1 << 28;

/// The bits that no ASCII character has.
const NOT_ASCII: u64 = 0x8080_8080_8080_8080;

/// Integers beyond this are not exact as numbers of JavaScript.
const EXACT: u64 = 1 << 53;

/// Arguments of words for what is rare. Those from `U64` on are followed by two words: the low and the high half of a
/// number, or the address and length of bytes.
#[derive(Clone, Copy)]
enum Special {
    Null = 0,
    False = 1,
    True = 2,
    Undefined = 3,
    U64 = 4,
    I64 = 5,
    LongString = 6,
    DefineKey = 7,
    BigPositive = 8,
    BigNegative = 9,
}

/// The last message, and what is remembered of those before.
#[derive(Debug, Default)]
pub(crate) struct Tape {
    words: Vec<u32>,
    /// As long as the message at least, so that all its strings fit.
    text: Vec<u8>,
    text_length: usize,
    reader: Reader,
    keys: Keys,
}

impl Tape {
    /// Makes room for the next message: where its bytes go.
    pub(crate) fn room(&mut self, length: usize) -> &mut [u8] {
        if self.reader.bytes.capacity() > LARGE {
            (self.reader, self.words, self.text) = Default::default();
        }
        self.reader.end = length;
        for bytes in [&mut self.reader.bytes, &mut self.text] {
            if bytes.len() < length + PADDING {
                bytes.resize(length + PADDING, 0);
            }
        }
        self.reader.bytes.get_mut(..length).unwrap_or_default()
    }

    /// Checks the message and writes it down. `None` if the bytes are not one whole value, or one that is nested too
    /// deeply.
    pub(crate) fn write(&mut self, is_cbor: bool) -> Option<&[u32]> {
        self.reader.at = 0;
        self.reader.is_cbor = is_cbor;
        self.words.clear();
        self.words.extend([0, 0]);
        self.text_length = 0;
        self.value(0)?;
        if !self.reader.is_at_end() {
            return None;
        }
        let (start, length) = (address(&self.text), self.text_length as u32);
        let [first, second, ..] = &mut *self.words else { return None };
        (*first, *second) = (start, length);
        Some(&self.words)
    }

    fn value(&mut self, depth: usize) -> Option<()> {
        if depth > MAX_DEPTH {
            return None;
        }
        if let Some(place) = self.reader.short_text() {
            return self.string(place);
        }
        if let Some(integer) = self.reader.short_integer() {
            self.words.push(u32::from(integer) << 3);
            return Some(());
        }
        let head = self.reader.head()?;
        self.behind(head, depth)
    }

    /// The rest of a value.
    fn behind(&mut self, head: Head, depth: usize) -> Option<()> {
        if depth > MAX_DEPTH {
            return None;
        }
        match head.major {
            0 => self.uint(head.argument),
            1 => self.nint(head.argument),
            2 => {
                let place = self.reader.string(head)?;
                self.word(6, place.length);
                self.words.push(self.address(place));
            }
            3 => {
                let place = self.reader.string(head)?;
                self.string(place)?;
            }
            4 | 5 => self.entries(head, depth)?,
            6 => self.tagged(head.argument, depth)?,
            _ => self.simple(head)?,
        }
        Some(())
    }

    fn entries(&mut self, head: Head, depth: usize) -> Option<()> {
        let is_dict = head.major == 5;
        let place = self.words.len();
        self.words.push(0);
        let (mut left, mut count) = (head.argument, 0);
        while self.reader.more(head, &mut left)? {
            if is_dict {
                self.key(depth + 1)?;
            }
            self.value(depth + 1)?;
            count += 1;
        }
        *self.words.get_mut(place)? = count << 3 | (2 + u32::from(is_dict));
        Some(())
    }

    #[inline(always)]
    fn key(&mut self, depth: usize) -> Option<()> {
        let place = if let Some(place) = self.reader.short_text() {
            place
        } else {
            let head = self.reader.head()?;
            if head.major != 3 {
                return self.behind(head, depth);
            }
            self.reader.string(head)?
        };
        let Place { start, length } = place;
        if length <= LONGEST {
            let reader = &self.reader;
            match self.keys.find(length, |at| reader.word(start + at, length - at)) {
                Found::Known(slot) => {
                    self.word(7, slot);
                    return Some(());
                }
                Found::New(slot) => {
                    self.special(Special::DefineKey);
                    self.words.push(slot as u32);
                }
                Found::NotKept => {}
            }
        }
        self.string(place)
    }

    fn tagged(&mut self, tag: u64, depth: usize) -> Option<()> {
        let head = self.reader.head()?;
        if !matches!(tag, 2 | 3) || head.major != 2 {
            // Of other tags only what they are about is told.
            return self.behind(head, depth + 1);
        }
        let place = self.reader.string(head)?;
        self.big(tag == 3, place);
        Some(())
    }

    fn simple(&mut self, head: Head) -> Option<()> {
        let bits = head.argument;
        match head.info {
            20 => self.special(Special::False),
            21 => self.special(Special::True),
            22 => self.special(Special::Null),
            25 => self.number(half(bits), false),
            26 => self.number(f32::from_bits(bits as u32).into(), false),
            27 => self.number(f64::from_bits(bits), false),
            // Those below have a shorter form, which is the only one allowed.
            24 if bits < 32 => return None,
            _ => self.special(Special::Undefined),
        }
        Some(())
    }

    #[inline(always)]
    fn word(&mut self, bits: u32, argument: usize) {
        self.words.push((argument as u32) << 3 | bits);
    }

    fn special(&mut self, what: Special) {
        self.word(4, what as usize);
    }

    fn special_pair(&mut self, what: Special, first: u32, second: u32) {
        self.special(what);
        self.words.extend([first, second]);
    }

    fn uint(&mut self, value: u64) {
        match i64::try_from(value) {
            Ok(value) => self.int(value),
            Err(_) => self.special_pair(Special::U64, value as u32, (value >> 32) as u32),
        }
    }

    fn nint(&mut self, value: u64) {
        match i64::try_from(value) {
            Ok(value) => self.int(-1 - value),
            // Its bytes are those that were just read.
            Err(_) => self.big(true, Place { start: self.reader.at - 8, length: 8 }),
        }
    }

    fn int(&mut self, value: i64) {
        if (-SMALL..SMALL).contains(&value) {
            self.words.push((value as u32) << 3);
        } else if value.unsigned_abs() <= EXACT {
            self.number(value as f64, true);
        } else {
            self.special_pair(Special::I64, value as u32, (value >> 32) as u32);
        }
    }

    fn number(&mut self, value: f64, is_integer: bool) {
        let bits = value.to_bits();
        self.word(5, is_integer.into());
        self.words.extend([bits as u32, (bits >> 32) as u32]);
    }

    fn string(&mut self, place: Place) -> Option<()> {
        let Place { start, length } = place;
        if length > LONG_STRING {
            self.reader.check_text(3, place)?;
            self.special_pair(Special::LongString, self.address(place), length as u32);
            return Some(());
        }
        let (mut at, mut bits) = (0, 0);
        while at < length {
            let word = self.reader.word(start + at, length - at);
            bits |= word;
            let to = self.text.get_mut(self.text_length + at..)?.first_chunk_mut()?;
            *to = word.to_le_bytes();
            at += 8;
        }
        self.text_length += length;
        let units = if bits & NOT_ASCII == 0 {
            length
        } else {
            self.reader.check_text(3, place)?;
            utf16_units(self.reader.slice(place))
        };
        self.word(1, units);
        Some(())
    }

    /// An integer of any size: its absolute value, or for negative ones -1 minus it, from the high bytes to the low.
    fn big(&mut self, negative: bool, place: Place) {
        let what = if negative { Special::BigNegative } else { Special::BigPositive };
        self.special_pair(what, self.address(place), place.length as u32);
    }

    fn address(&self, place: Place) -> u32 {
        address(self.reader.slice(place))
    }
}

/// Where JavaScript finds the bytes in the memory of the module.
fn address(bytes: &[u8]) -> u32 {
    bytes.as_ptr().addr() as u32
}

/// How long the text is as a string of JavaScript: characters beyond the basic plane take two units.
fn utf16_units(utf8: &[u8]) -> usize {
    utf8.iter().map(|b| usize::from(b & 0xc0 != 0x80) + usize::from(*b >= 0xf0)).sum()
}

/// A number of 16 bits.
fn half(bits: u64) -> f64 {
    let fraction = bits & 0x3ff;
    let magnitude = match bits >> 10 & 0x1f {
        // The smallest step is 2^-24.
        0 => fraction as f64 / f64::from(1 << 24),
        31 => f64::from_bits(0x7ff << 52 | fraction << 42),
        // The exponents are offset by 15 here and by 1023 there.
        exponent => f64::from_bits((exponent + 1008) << 52 | fraction << 42),
    };
    if bits >> 15 == 0 { magnitude } else { -magnitude }
}

#[cfg(test)]
mod tests;
