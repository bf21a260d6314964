//! Messages in MessagePack or CBOR as a tape that JavaScript builds its values from, in one crossing.
//!
//! A crossing per value is many times slower than a pass over numbers in shared memory. The tape is a list of words of
//! 32 bits in the order of the values; the low three bits say what a word is, the rest is its argument:
//!
//! | bits | value | argument | further words |
//! |---|---|---|---|
//! | 0 | a small integer | the integer, with its sign | |
//! | 1 | a string | how many UTF-16 units of the text it takes | |
//! | 2 | a list | how many values follow | |
//! | 3 | a dictionary | how many keys with a value follow | |
//! | 4 | something special | see [`Special`] | none or two |
//! | 5 | a number | its index times two, plus one if it is an integer | |
//! | 6 | binary | how many bytes | their address |
//! | 7 | a key that was defined before | its slot | |
//!
//! The text of all strings stands in one block, so that the engine decodes it at once and cuts it.

mod keys;

use alloc::{borrow::Cow, vec::Vec};
pub(crate) use keys::Keys;

use crate::wire::{Reader, Token};
use wamplex_shared::codec::MAX_DEPTH;

/// Strings above this size are decoded one by one: a piece cut from a block keeps the whole block alive.
const LONG_STRING: usize = 1024;

/// Integers from `-SMALL` to below `SMALL` fit a word.
const SMALL: i64 = 1 << 28;

/// Integers beyond this are not exact as numbers of JavaScript.
const EXACT: u64 = 1 << 53;

/// Arguments of words for what is rare. The names `U64` and so on say what the two further words hold.
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

/// One decoded message.
#[derive(Debug, Default)]
pub(crate) struct Tape {
    pub(crate) words: Vec<u32>,
    pub(crate) text: Vec<u8>,
    pub(crate) numbers: Vec<f64>,
    /// Strings and binary that are not in the message as such.
    joined: Vec<Vec<u8>>,
}

impl Tape {
    /// Checks a message and writes it down. `None` if the bytes are not one whole value, or one that is nested too deeply.
    pub(crate) fn write(mut reader: Reader<'_>, keys: &mut Keys) -> Option<Self> {
        let mut tape = Self::default();
        tape.value(&mut reader, keys, 0)?;
        reader.is_at_end().then_some(tape)
    }

    fn value(&mut self, reader: &mut Reader<'_>, keys: &mut Keys, depth: usize) -> Option<()> {
        let token = reader.next()?;
        self.token(token, reader, keys, depth)
    }

    fn token(
        &mut self,
        token: Token<'_>,
        reader: &mut Reader<'_>,
        keys: &mut Keys,
        depth: usize,
    ) -> Option<()> {
        if depth > MAX_DEPTH {
            return None;
        }
        match token {
            Token::Null => self.special(Special::Null),
            Token::Undefined => self.special(Special::Undefined),
            Token::Bool(value) => self.special(if value { Special::True } else { Special::False }),
            Token::Uint(value) => self.uint(value),
            Token::Nint(value) => self.nint(value),
            Token::Float(value) => self.number(value, false),
            Token::Str(text) => self.string(text),
            Token::Bytes(bytes) => self.binary(bytes),
            Token::List(mut left) => {
                let place = self.begin();
                while reader.more(&mut left)? {
                    self.value(reader, keys, depth + 1)?;
                    self.count(place);
                }
                self.end(place, 2);
            }
            Token::Dict(mut left) => {
                let place = self.begin();
                while reader.more(&mut left)? {
                    self.key(reader, keys, depth + 1)?;
                    self.value(reader, keys, depth + 1)?;
                    self.count(place);
                }
                self.end(place, 3);
            }
            Token::Tag(tag) => {
                let tagged = reader.next()?;
                match (tag, tagged) {
                    (2 | 3, Token::Bytes(bytes)) => self.big(tag == 3, bytes.into_owned()),
                    // Of other tags only what they are about is told.
                    (_, tagged) => self.token(tagged, reader, keys, depth + 1)?,
                }
            }
        }
        Some(())
    }

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

    /// Begins a list or dictionary; its word counts the entries until it ends.
    fn begin(&mut self) -> usize {
        self.words.push(0);
        self.words.len() - 1
    }

    fn count(&mut self, place: usize) {
        if let Some(word) = self.words.get_mut(place) {
            *word += 1;
        }
    }

    fn end(&mut self, place: usize, bits: u32) {
        if let Some(word) = self.words.get_mut(place) {
            *word = *word << 3 | bits;
        }
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
            Err(_) => self.big(true, value.to_be_bytes().to_vec()),
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
        self.word(5, self.numbers.len() << 1 | usize::from(is_integer));
        self.numbers.push(value);
    }

    fn string(&mut self, utf8: Cow<'_, [u8]>) {
        if utf8.len() > LONG_STRING {
            self.special_pair(Special::LongString, address(&utf8), utf8.len() as u32);
            self.keep(utf8);
        } else {
            self.text.extend_from_slice(&utf8);
            self.word(1, utf16_units(&utf8));
        }
    }

    fn binary(&mut self, bytes: Cow<'_, [u8]>) {
        self.word(6, bytes.len());
        self.words.push(address(&bytes));
        self.keep(bytes);
    }

    /// An integer of any size: its absolute value, or for negative ones -1 minus it, from the high bytes to the low.
    fn big(&mut self, negative: bool, bytes: Vec<u8>) {
        let what = if negative { Special::BigNegative } else { Special::BigPositive };
        self.special_pair(what, address(&bytes), bytes.len() as u32);
        self.joined.push(bytes);
    }

    /// Keeps alive what JavaScript reads from its address.
    fn keep(&mut self, bytes: Cow<'_, [u8]>) {
        if let Cow::Owned(bytes) = bytes {
            self.joined.push(bytes);
        }
    }

    fn key(&mut self, reader: &mut Reader<'_>, keys: &mut Keys, depth: usize) -> Option<()> {
        let token = reader.next()?;
        let Token::Str(text) = token else { return self.token(token, reader, keys, depth) };
        match keys.find(&text) {
            keys::Found::Known(slot) => self.word(7, slot),
            keys::Found::New(slot) => {
                self.special(Special::DefineKey);
                self.words.push(slot as u32);
                self.string(text);
            }
            keys::Found::NotKept => self.string(text),
        }
        Some(())
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

#[cfg(test)]
mod tests {
    use super::*;

    fn msgpack(bytes: &[u8]) -> Option<Tape> {
        Tape::write(Reader::msgpack(bytes), &mut Keys::default())
    }

    fn cbor(bytes: &[u8]) -> Option<Tape> {
        Tape::write(Reader::cbor(bytes), &mut Keys::default())
    }

    #[test]
    fn units_are_those_of_utf16() {
        for text in ["", "abc", "äöü", "漢字", "a😀b", "\u{feff}x"] {
            assert_eq!(utf16_units(text.as_bytes()), text.encode_utf16().count(), "{text}");
        }
    }

    #[test]
    fn both_formats_give_the_same_tape() {
        // [1, -1, null, true, "ab", {"k": [0.5]}]
        let expected = msgpack(b"\x96\x01\xff\xc0\xc3\xa2ab\x81\xa1k\x91\xcb\x3f\xe0\0\0\0\0\0\0");
        let expected = expected.expect("well-formed").words;
        for same in [
            b"\x86\x01\x20\xf6\xf5\x62ab\xa1\x61k\x81\xfb\x3f\xe0\0\0\0\0\0\0".as_slice(),
            b"\x9f\x01\x20\xf6\xf5\x7f\x61a\x61b\xff\xbf\x61k\x9f\xf9\x38\0\xff\xff\xff",
        ] {
            assert_eq!(cbor(same).expect("well-formed").words, expected);
        }
    }

    #[test]
    fn a_key_is_defined_once_and_known_afterwards() {
        let mut keys = Keys::default();
        let dict = b"\x81\xa4name\x01";
        let first = Tape::write(Reader::msgpack(dict), &mut keys).expect("well-formed");
        let second = Tape::write(Reader::msgpack(dict), &mut keys).expect("well-formed");
        assert_eq!(first.text, b"name");
        assert!(second.text.is_empty());
        assert_eq!(second.words[1] >> 3, first.words[2], "the same slot");
    }

    #[test]
    fn integers_around_every_limit() {
        let word = |value: i64| {
            let mut bytes = vec![0xd3];
            bytes.extend(value.to_be_bytes());
            let word = msgpack(&bytes).expect("well-formed").words[0];
            (word & 7, word >> 3)
        };
        assert_eq!(word(SMALL - 1).0, 0);
        assert_eq!(word(-SMALL).0, 0);
        assert_eq!(word(SMALL).0, 5);
        assert_eq!(word(1 << 53).0, 5);
        assert_eq!(word((1 << 53) + 1), (4, Special::I64 as u32));
        assert_eq!(word(i64::MIN), (4, Special::I64 as u32));
    }

    #[test]
    fn integers_beyond_64_bits_keep_their_bytes() {
        for bytes in [b"\xc2\x41\x07".as_slice(), b"\xc3\x41\x07", b"\xc2\x5f\x41\x07\xff"] {
            let words = cbor(bytes).expect("well-formed").words;
            assert!(matches!(words[0] >> 3, 8 | 9));
            assert_eq!(words[2], 1);
        }
    }

    #[test]
    fn what_is_cut_off_or_continued_is_no_tape() {
        let whole = b"\x93\xa3abc\x81\xa1k\xcd\x12\x34\xc4\x02xy";
        assert!(msgpack(whole).is_some());
        for end in 0..whole.len() {
            assert!(msgpack(&whole[..end]).is_none());
        }
        assert!(msgpack(&[whole.as_slice(), b"\0"].concat()).is_none());
        let whole = b"\x83\x63abc\xa1\x61k\x19\x12\x34\x5f\x42xy\xff";
        assert!(cbor(whole).is_some());
        for end in 0..whole.len() {
            assert!(cbor(&whole[..end]).is_none());
        }
        assert!(cbor(&[whole.as_slice(), b"\0"].concat()).is_none());
    }

    #[test]
    fn hostile_bytes_are_no_tape() {
        let deep_msgpack = [vec![0x91; 200_000], vec![0xc0]].concat();
        let deep_tags = [vec![0xc6; 200_000], vec![0xf6]].concat();
        assert!(msgpack(&deep_msgpack).is_none());
        assert!(cbor(&deep_tags).is_none());
        for bytes in [
            b"\xc1".as_slice(),
            b"\xa1\xff",
            b"\xdd\xff\xff\xff\xff\x01",
            b"\xdb\xff\xff\xff\xff",
            b"\xa2\xc3",
        ] {
            assert!(msgpack(bytes).is_none(), "{bytes:x?}");
        }
        for bytes in [
            b"\x61\xff".as_slice(),
            b"\xf8\x10",
            b"\x1c",
            b"\x1f",
            b"\xff",
            b"\x9b\xff\xff\xff\xff\xff\xff\xff\xff\x01",
            b"\x7b\xff\xff\xff\xff\xff\xff\xff\xff",
            b"\x7f\x41x\xff",
            b"\x7f\x61\xc3\x61\xa4\xff",
            b"\xbf\x61k\xff",
        ] {
            assert!(cbor(bytes).is_none(), "{bytes:x?}");
        }
    }
}
