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
//! | 3 | a dictionary | how many keys with a value follow | its shape |
//! | 4 | something special | see [`Special`] | two |
//! | 5 | a number | whether it is an integer | its 64 bits, the low ones first |
//! | 6 | binary | how many bytes | their address |
//! | 7 | a key or short text that was defined before, or a constant | its slot | |
//!
//! A shape is a number that dictionaries with the same keys in the same order have in common, and few others. It is 0 if
//! some key was not defined before.
//!
//! The text of all strings stands in one block, so that the engine decodes it at once and cuts it. It also finds out
//! whether the text is UTF-8: here it is only seen to that no string begins within a character, or all of the block
//! could be text where its parts are not.

mod keys;
mod values;

use alloc::vec::Vec;
use keys::{Keys, LONGEST, Shape};
use values::{Seen, Values};

use crate::head::{BREAK, Head, INDEFINITE, PADDING, Place, Reader};
use wamplex_shared::codec::MAX_DEPTH;

/// Strings above this size are decoded one by one: a piece cut from a block keeps the whole block alive.
const LONG_STRING: usize = 1024;

/// Above this size, memory is given back when the next message comes.
const LARGE: usize = 1 << 18;

/// Integers from `-SMALL` to below `SMALL` fit a word.
const SMALL: i64 = 1 << 28;

/// The bits that no ASCII character has.
const NOT_ASCII: u64 = 0x8080_8080_8080_8080;

/// How many words a key and a value begin with, at most.
const MOST_WORDS: usize = 8;

/// How much a list or dictionary has before it whose end is marked. It is even.
const ENDLESS: usize = usize::MAX - 1;

/// What JavaScript has before the constants of CBOR, of which `false` is the 20th.
const SIMPLE: usize = keys::SLOTS + values::SLOTS + 1 - 20;

/// In place of where a key begins: it is none.
const NO_KEY: usize = usize::MAX;

/// Integers beyond this are not exact as numbers of JavaScript.
const EXACT: u64 = 1 << 53;

/// Arguments of words for what is rare. They are followed by two words: the low and the high half of a number, the address
/// and length of bytes, or a slot and the string that it has from now on.
#[derive(Clone, Copy)]
enum Special {
    Define = 0,
    U64 = 1,
    I64 = 2,
    LongString = 3,
    BigPositive = 4,
    BigNegative = 5,
}

/// The last message, and what is remembered of those before.
#[derive(Debug)]
pub(crate) struct Tape {
    /// Those that are written are at the beginning.
    words: Vec<u32>,
    /// As long as the message at least, so that all its strings fit.
    text: Vec<u8>,
    reader: Reader,
    now: Position,
    /// The lists and dictionaries around the one that is read.
    outer: [Open; MAX_DEPTH],
    keys: Keys,
    values: Values,
}

/// How far the message is read, and how much is written. The loop over values has its own, for as long as it can: what
/// only a function knows needs no memory.
#[derive(Clone, Copy, Debug, Default)]
struct Position {
    at: usize,
    words: usize,
    text: usize,
}

/// A list or dictionary that has not ended.
#[derive(Clone, Copy, Debug, Default)]
struct Open {
    /// The keys and values that are to come. It counts down from [`ENDLESS`] if that is not known.
    left: usize,
    /// Where its words are.
    place: usize,
    is_dict: bool,
    shape: Shape,
}

impl Default for Tape {
    fn default() -> Self {
        Self {
            words: Vec::new(),
            text: Vec::new(),
            reader: Reader::default(),
            now: Position::default(),
            outer: [Open::default(); MAX_DEPTH],
            keys: Keys::default(),
            values: Values::default(),
        }
    }
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
        if let Some(end) = self.reader.bytes.get_mut(length) {
            *end = BREAK;
        }
        self.reader.bytes.get_mut(..length).unwrap_or_default()
    }

    /// Checks the message and writes it down. `None` if the bytes are not one whole value, or one that is nested too
    /// deeply: then all keys and texts are forgotten, since JavaScript has not heard of the last ones.
    pub(crate) fn write(&mut self, is_cbor: bool) -> Option<&[u32]> {
        self.reader.is_cbor = is_cbor;
        let Some(Position { words, text, .. }) = self.all().filter(|now| now.at == self.reader.end)
        else {
            *self = Self::default();
            return None;
        };
        let start = address(&self.text);
        let [first, second, ..] = &mut *self.words else { return None };
        (*first, *second) = (start, text as u32);
        self.words.get(..words)
    }

    fn all(&mut self) -> Option<Position> {
        let mut now = Position { words: 2, ..Position::default() };
        let (mut open, mut depth) = (Open { left: 1, ..Open::default() }, 0);
        loop {
            let mut is_key = open.is_dict && open.left % 2 == 0;
            if open.left > ENDLESS / 2 && is_key == open.is_dict && self.reader.ends(&mut now.at)? {
                let count = (ENDLESS - open.left) >> u32::from(open.is_dict);
                *self.words.get_mut(open.place)? |= (count << 3) as u32;
                open.left = 0;
            }
            if open.left == 0 {
                if open.is_dict {
                    *self.words.get_mut(open.place + 1)? = open.shape.number();
                }
                if depth == 0 {
                    return Some(now);
                }
                depth -= 1;
                open = *self.outer.get(depth)?;
                continue;
            }
            open.left -= 1;
            if self.words.len() < now.words + MOST_WORDS {
                self.grow();
            }
            let shape = open.shape;
            if is_key {
                let slot = self.keys.expected(&self.reader, &mut now.at);
                open.shape = shape.with(slot);
                if slot > 0 {
                    self.put(&mut now, 7, slot);
                    open.left -= 1;
                    is_key = false;
                }
            }
            let start = now.at;
            if let Some(place) = self.reader.short_text(&mut now.at) {
                if !is_key && place.length <= Values::LONGEST {
                    let (slot, seen) = self.values.find(&self.reader, place);
                    if seen == Seen::Often {
                        self.put(&mut now, 7, slot);
                        continue;
                    }
                    if seen == Seen::Again {
                        self.put(&mut now, 4, Special::Define as usize);
                        self.put(&mut now, 0, slot);
                    }
                }
                let bits = if is_key { NOT_ASCII } else { self.copy(now.text, place)? };
                if bits & NOT_ASCII == 0 {
                    now.text += place.length;
                    self.put(&mut now, 1, place.length);
                } else {
                    self.now = now;
                    if self.text(place, if is_key { start } else { NO_KEY })? {
                        open.shape = shape.with(self.keys.last);
                    }
                    now = self.now;
                }
                continue;
            }
            if let Some(integer) = self.reader.short_integer(&mut now.at) {
                self.put(&mut now, 0, integer.into());
                continue;
            }
            let (mut tag, mut tags) = (0, 0);
            let head = loop {
                let head = self.reader.head(&mut now.at)?;
                if head.major != 6 {
                    break head;
                }
                tag = head.argument;
                tags += 1;
                if tags > MAX_DEPTH {
                    return None;
                }
            };
            let small = head.argument < SMALL as u64;
            match head.major {
                0 | 1 if small => {
                    let value = head.argument as usize ^ usize::from(head.major).wrapping_neg();
                    self.put(&mut now, 0, value);
                }
                7 if matches!(head.info, 20..=23) => {
                    self.put(&mut now, 7, SIMPLE + usize::from(head.info));
                }
                7 if head.info == 27 => self.put_number(&mut now, head.argument, false),
                4 | 5 => {
                    // It takes a byte at least for each entry.
                    let left = usize::try_from(head.argument).ok()?;
                    if is_key || left > self.reader.end {
                        return None;
                    }
                    *self.outer.get_mut(depth)? = open;
                    depth += 1;
                    let is_dict = head.major == 5;
                    open = Open { left, place: now.words, is_dict, shape: Shape::default() };
                    self.put(&mut now, 2, left);
                    if is_dict {
                        *self.words.get_mut(open.place)? += 1;
                        now.words += 1;
                        open.left *= 2;
                    }
                    if head.info == INDEFINITE {
                        open.left = ENDLESS;
                    }
                }
                _ => {
                    self.now = now;
                    if head.major == 3 {
                        let place = self.reader.string(head, &mut self.now.at)?;
                        if self.text(place, if is_key { start } else { NO_KEY })? {
                            open.shape = shape.with(self.keys.last);
                        }
                    } else {
                        self.scalar(head, tag)?;
                    }
                    now = self.now;
                }
            }
        }
    }

    #[inline(never)]
    fn grow(&mut self) {
        self.words.resize(2 * self.words.len() + MOST_WORDS, 0);
    }

    /// A text, or a key whose head stands at `start`. Returns whether it is a key that was known.
    fn text(&mut self, place: Place, start: usize) -> Option<bool> {
        self.reader.check_text(3, place)?;
        let length = place.length;
        if start != NO_KEY {
            let whole = Place { start, length: self.now.at - start };
            if self.is_kept(whole, place) {
                let (slot, is_known) = self.keys.find(&self.reader, whole);
                if is_known {
                    self.word(7, slot);
                    return Some(true);
                }
                self.special(Special::Define);
                self.word(0, slot);
            }
        }
        if length > LONG_STRING {
            self.special_pair(Special::LongString, self.address(place), length as u32);
            return Some(false);
        }
        let bits = self.copy(self.now.text, place)?;
        self.now.text += length;
        let units =
            if bits & NOT_ASCII == 0 { length } else { utf16_units(self.reader.slice(place)) };
        self.word(1, units);
        Some(false)
    }

    /// Whether a key is remembered, which stands in one piece and is nothing special to JavaScript.
    fn is_kept(&self, whole: Place, text: Place) -> bool {
        whole.length <= LONGEST
            && text.start + text.length == self.now.at
            && self.reader.word(text.start, text.length) != u64::from_le_bytes(*b"__proto_")
    }

    #[inline(never)]
    /// The rest of a value that is no text, no list and no dictionary. Of tags only those of large integers are told.
    fn scalar(&mut self, head: Head, tag: u64) -> Option<()> {
        match head.major {
            0 => self.uint(head.argument),
            1 => self.nint(head.argument),
            2 => {
                let place = self.reader.string(head, &mut self.now.at)?;
                if matches!(tag, 2 | 3) {
                    self.big(tag == 3, place);
                } else {
                    self.word(6, place.length);
                    self.push(self.address(place));
                }
            }
            _ => self.simple(head)?,
        }
        Some(())
    }

    fn simple(&mut self, head: Head) -> Option<()> {
        let bits = head.argument;
        match head.info {
            25 => self.number(half(bits), false),
            26 => self.number(f32::from_bits(bits as u32).into(), false),
            27 => self.number(f64::from_bits(bits), false),
            // Those below have a shorter form, which is the only one allowed.
            24 if bits < 32 => return None,
            _ => self.word(7, SIMPLE + 23),
        }
        Some(())
    }

    /// There is room for it.
    #[inline(always)]
    fn put(&mut self, now: &mut Position, bits: u32, argument: usize) {
        if let Some(place) = self.words.get_mut(now.words) {
            *place = (argument as u32) << 3 | bits;
            now.words += 1;
        }
    }

    fn push(&mut self, word: u32) {
        if let Some(place) = self.words.get_mut(self.now.words) {
            *place = word;
            self.now.words += 1;
        }
    }

    fn word(&mut self, bits: u32, argument: usize) {
        self.push((argument as u32) << 3 | bits);
    }

    fn special(&mut self, what: Special) {
        self.word(4, what as usize);
    }

    fn special_pair(&mut self, what: Special, first: u32, second: u32) {
        self.special(what);
        self.push(first);
        self.push(second);
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
            Err(_) => self.big(true, Place { start: self.now.at - 8, length: 8 }),
        }
    }

    fn int(&mut self, value: i64) {
        if (-SMALL..SMALL).contains(&value) {
            self.push((value as u32) << 3);
        } else if value.unsigned_abs() <= EXACT {
            self.number(value as f64, true);
        } else {
            self.special_pair(Special::I64, value as u32, (value >> 32) as u32);
        }
    }

    fn number(&mut self, value: f64, is_integer: bool) {
        let mut now = self.now;
        self.put_number(&mut now, value.to_bits(), is_integer);
        self.now = now;
    }

    #[inline(always)]
    fn put_number(&mut self, now: &mut Position, bits: u64, is_integer: bool) {
        let words = [u32::from(is_integer) << 3 | 5, bits as u32, (bits >> 32) as u32];
        if let Some(place) = self.words.get_mut(now.words..).and_then(|rest| rest.first_chunk_mut())
        {
            *place = words;
            now.words += words.len();
        }
    }

    /// Copies a string to the text, and returns the bits that any of its bytes has.
    #[inline(always)]
    fn copy(&mut self, to: usize, Place { start, length }: Place) -> Option<u64> {
        let (mut at, mut bits) = (0, 0);
        while at < length {
            let word = self.reader.word(start + at, length - at);
            bits |= word;
            *self.text.get_mut(to + at..)?.first_chunk_mut()? = word.to_le_bytes();
            at += 8;
        }
        Some(bits)
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
