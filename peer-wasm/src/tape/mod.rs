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
//! | 4 | the string that follows, which has a slot from now on | the slot | |
//! | 5 | a number | see [`Number`] | two |
//! | 6 | binary, or a long string | how many bytes, doubled; one more if it is a string | their address |
//! | 7 | a key or short text that has a slot, or a constant | the slot | |
//!
//! A shape is a number that dictionaries with the same keys in the same order have in common, and few others. It is 0 if
//! some key had no slot.
//!
//! The text of all strings stands in one block, so that the engine decodes it at once and cuts it. It also finds out
//! whether the text is UTF-8: here it is only seen to that no string begins within a character, or all of the block
//! could be text where its parts are not.

mod shape;
mod texts;

use crate::head::{BREAK, Head, INDEFINITE, PADDING, cbor, head, mask, word};
use ::core::mem::take;
use alloc::{vec, vec::Vec};
use shape::Shape;
use texts::{LONGEST, Seen, Texts};
use wamplex_shared::codec::MAX_DEPTH;

/// Strings above this size are decoded one by one: a piece cut from a block keeps the whole block alive.
const LONG_STRING: usize = 1024;

/// Integers from `-SMALL` to below `SMALL` fit a word.
const SMALL: u64 = 1 << 28;

/// The bits that no ASCII character has.
const NOT_ASCII: u64 = 0x8080_8080_8080_8080;

/// The lowest bit of each byte.
const LOWEST: u64 = 0x0101_0101_0101_0101;

/// The longest text that is remembered and no key, without its head: engines cut longer ones without a copy, which would keep their message.
const LONGEST_VALUE: usize = 13;

/// How many words a key and a value begin with, at most.
const MOST_WORDS: usize = 8;

/// How much a list or dictionary has before it whose end is marked. It is even.
const ENDLESS: u32 = u32::MAX - 1;

/// What JavaScript has before the constants of CBOR, of which `false` is the 20th.
const SIMPLE: usize = texts::ALL - 20;

/// Integers beyond this are not exact as numbers of JavaScript.
const EXACT: u64 = 1 << 53;

/// Arguments of numbers, and what the two words behind are.
#[derive(Clone, Copy)]
enum Number {
    /// A float, as it stands in the message: the high byte first.
    Raw = 0,
    /// A float, the low word first.
    Float = 1,
    /// An integer as a float.
    Integer = 2,
    /// An integer that is no exact float. With one more it is -1 - n.
    Large = 3,
    /// The address and length of the bytes of an integer, the high ones first. With one more it is -1 - n.
    Big = 5,
}

/// The last message, and what is remembered of those before. Internal to the npm package.
#[derive(Debug)]
pub struct Tape {
    /// Those that are written are at the beginning.
    words: &'static mut [u32],
    /// As long as the message at least, so that all its strings fit.
    text: Vec<u8>,
    /// With some behind the end. The first of them is [`BREAK`].
    bytes: Vec<u8>,
    end: usize,
    /// The lists and dictionaries around the one that is read.
    outer: [Open; MAX_DEPTH],
    texts: Texts,
}

/// A list or dictionary that has not ended.
#[derive(Clone, Copy, Debug, Default)]
struct Open {
    /// The keys and values that are to come. It counts down from [`ENDLESS`] if that is not known.
    left: u32,
    /// Where its words are.
    place: u32,
    /// 1 if it is a dictionary.
    dict: u32,
    shape: Shape,
}

impl Default for Tape {
    fn default() -> Self {
        Self {
            words: vec![0; 1 << 12].leak(),
            text: Vec::new(),
            bytes: Vec::new(),
            end: 0,
            outer: [Open::default(); MAX_DEPTH],
            texts: Texts::default(),
        }
    }
}

impl Tape {
    /// Makes room for the next message: where its bytes go.
    pub(crate) fn room(&mut self, length: usize) -> &mut [u8] {
        self.end = length;
        if self.bytes.len() < length + PADDING {
            self.bytes = vec![0; 2 * (length + PADDING)];
            self.text = self.bytes.clone();
        }
        self.bytes.get_mut(..length).unwrap_or_default()
    }

    /// Checks the message and writes it down. `None` if the bytes are not one whole value, or one that is nested too
    /// deeply: then all texts are forgotten, since JavaScript has not heard of the last ones.
    pub(crate) fn write(&mut self, is_cbor: bool) -> Option<&[u32]> {
        let mut words = Words { words: take(&mut self.words), now: 2 };
        let end = self.all(is_cbor, &mut words);
        self.words = words.words;
        if end != Some(self.end) {
            self.texts = Texts::default();
            return None;
        }
        self.words.get(..words.now)
    }

    /// Where the value ends.
    #[inline(always)]
    fn all(&mut self, is_cbor: bool, words: &mut Words) -> Option<usize> {
        let Self { text, bytes, outer, texts, .. } = self;
        let (text, bytes) = (&mut **text, &mut **bytes);
        let first = if is_cbor { 0x60 } else { 0xa0 };
        // Where the next byte and the next of the text is.
        let (mut at, mut told) = (0, 0);
        // That before the next value; 0: none.
        let mut tag = 0;
        let (mut open, mut depth) = (Open { left: 1, ..Open::default() }, 0);
        loop {
            // In a dictionary, it is even before keys.
            let mut is_key = open.dict & !open.left != 0;
            let may_end = open.left > ENDLESS / 2 && is_key == (open.dict != 0) && tag == 0;
            if may_end && *bytes.get(at)? == BREAK {
                at += 1;
                let count = (ENDLESS - open.left) >> open.dict;
                *words.words.get_mut(open.place as usize)? |= count << 3;
                open.left = 0;
            }
            if open.left == 0 {
                if open.dict != 0 {
                    *words.words.get_mut(open.place as usize + 1)? = open.shape.number();
                }
                if depth == 0 {
                    let [first, second, ..] = &mut *words.words else { return None };
                    (*first, *second) = (address(text), told as u32);
                    return Some(at);
                }
                depth -= 1;
                open = *outer.get(depth)?;
                continue;
            }
            open.left -= 1;
            if words.words.len() < words.now + MOST_WORDS {
                let more = vec![0; 2 * words.words.len()].leak();
                more.get_mut(..words.words.len())?.copy_from_slice(words.words);
                words.words = more;
            }
            let shape = open.shape;
            if is_key {
                open.shape = shape.with(0);
                if let Some(slot) = texts.expected(bytes, &mut at) {
                    words.put(7, slot);
                    open.shape = shape.with(slot);
                    open.left -= 1;
                    is_key = false;
                }
            }
            let length = usize::from(bytes.get(at)?.wrapping_sub(first));
            if length < if is_key { LONGEST } else { LONGEST_VALUE } {
                let whole = length + 1;
                let (slot, seen) = if is_key {
                    texts.key(bytes, at, whole)?
                } else {
                    texts.value(bytes, at, whole)?
                };
                if seen == Seen::Often {
                    if is_key {
                        open.shape = shape.with(slot);
                    }
                    at += whole;
                    words.put(7, slot);
                    continue;
                }
                if seen == Seen::Again {
                    words.put(4, slot);
                }
            }
            let Head { major, info, argument } = head(bytes, is_cbor, &mut at)?;
            // Each entry and each character has a byte at least.
            if matches!(major, 2..=5) && argument > bytes.len() as u64 {
                return None;
            }
            let from = at;
            let mut length = argument as usize;
            match major {
                0 | 1 => words.integer(major, argument),
                2 | 3 => {
                    at += length;
                    if info == INDEFINITE {
                        (length, at) = join(bytes, major, at)?;
                    }
                    if major == 2 {
                        let address = address(bytes.get(from..from + length)?);
                        if matches!(tag, 2 | 3) {
                            words.number(
                                Number::Big,
                                tag == 3,
                                u64::from(address) | (length as u64) << 32,
                            );
                        } else {
                            words.put(6, 2 * length);
                            words.push(address);
                        }
                        tag = 0;
                        continue;
                    }
                    if length > LONG_STRING {
                        words.put(6, 2 * length + 1);
                        words.push(address(bytes.get(from..from + length)?));
                        tag = 0;
                        continue;
                    }
                    // Characters beyond the basic plane take two units.
                    let mut units = length;
                    let mut copied = 0;
                    while copied < length {
                        let left = length - copied;
                        let mut word = word(bytes, from + copied)?;
                        if left < 8 {
                            word &= mask(left);
                        }
                        *text.get_mut(told + copied..)?.first_chunk_mut()? = word.to_le_bytes();
                        if word & NOT_ASCII != 0 {
                            if copied == 0 && word & 0xc0 == 0x80 {
                                return None;
                            }
                            let high = word >> 7 & LOWEST;
                            units -= (high & !(word >> 6)).count_ones() as usize;
                            units +=
                                (high & word >> 6 & word >> 5 & word >> 4).count_ones() as usize;
                        }
                        copied += 8;
                    }
                    told += length;
                    words.put(1, units);
                }
                4 | 5 => {
                    if is_key {
                        return None;
                    }
                    *outer.get_mut(depth)? = open;
                    depth += 1;
                    let dict = u32::from(major - 4);
                    let left = if info == INDEFINITE { ENDLESS } else { (length as u32) << dict };
                    open = Open { left, place: words.now as u32, dict, shape: Shape::default() };
                    words.put(2 + dict, length);
                    words.now += dict as usize;
                }
                6 => {
                    tag = argument.max(1);
                    open.left += 1;
                    continue;
                }
                _ => match info {
                    20..=23 => words.put(7, SIMPLE + usize::from(info)),
                    25 => words.number(Number::Float, false, half(argument)),
                    26 => words.number(
                        Number::Float,
                        false,
                        f64::from(f32::from_bits(argument as u32)).to_bits(),
                    ),
                    27 => words.number(Number::Raw, false, word(bytes, at - 8)?),
                    // Those below have a shorter form, which is the only one allowed.
                    24 if argument < 32 => return None,
                    _ => words.put(7, SIMPLE + 23),
                },
            }
            tag = 0;
        }
    }
}

/// The tape as it is written.
struct Words {
    words: &'static mut [u32],
    now: usize,
}

impl Words {
    #[inline(always)]
    fn push(&mut self, word: u32) {
        if let Some(place) = self.words.get_mut(self.now) {
            *place = word;
            self.now += 1;
        }
    }

    #[inline(always)]
    fn put(&mut self, bits: u32, argument: usize) {
        self.push((argument as u32) << 3 | bits);
    }

    #[inline(always)]
    fn number(&mut self, what: Number, inverted: bool, bits: u64) {
        let words =
            [(what as u32 + u32::from(inverted)) << 3 | 5, bits as u32, (bits >> 32) as u32];
        if let Some(place) = self.words.get_mut(self.now..).and_then(|rest| rest.first_chunk_mut())
        {
            *place = words;
            self.now += words.len();
        }
    }

    #[inline(always)]
    fn integer(&mut self, major: u8, argument: u64) {
        if argument < SMALL {
            self.put(0, argument as usize ^ usize::from(major).wrapping_neg());
        } else if argument <= EXACT - u64::from(major) {
            let value = argument as f64;
            self.number(
                Number::Integer,
                false,
                (if major == 0 { value } else { -1.0 - value }).to_bits(),
            );
        } else {
            self.number(Number::Large, major == 1, argument);
        }
    }
}

/// Puts the pieces of a string without a length together in place. Returns its length, and what is behind it.
#[inline(never)]
fn join(bytes: &mut [u8], major: u8, from: usize) -> Option<(usize, usize)> {
    let (mut to, mut at) = (from, from);
    loop {
        let code = *bytes.get(at)?;
        at += 1;
        if code == BREAK {
            return Some((to - from, at));
        }
        let piece = cbor(bytes, code, &mut at)?;
        let first = *bytes.get(at)?;
        // No character of a text may begin in another piece: all of the text is checked later, and as one.
        let continues = major == 3 && piece.argument > 0 && first & 0xc0 == 0x80;
        if piece.major != major
            || piece.info == INDEFINITE
            || continues
            || piece.argument > bytes.len() as u64
        {
            return None;
        }
        for _ in 0..piece.argument {
            let byte = *bytes.get(at)?;
            *bytes.get_mut(to)? = byte;
            at += 1;
            to += 1;
        }
    }
}

/// Where JavaScript finds the bytes in the memory of the module.
fn address(bytes: &[u8]) -> u32 {
    bytes.as_ptr().addr() as u32
}

/// The bits of the float that has 16 bits here.
fn half(bits: u64) -> u64 {
    // The exponents are offset by 15 here and by 1023 there.
    let magnitude = f64::from_bits((bits & 0x7fff) << 42) * f64::from_bits((1008 + 1023) << 52);
    let endless = if magnitude < 65536.0 { 0 } else { 0x7ff << 52 };
    magnitude.to_bits() | endless | bits >> 15 << 63
}

#[cfg(test)]
mod tests;
