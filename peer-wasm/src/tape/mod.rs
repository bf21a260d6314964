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

mod cbor;
mod cursor;
mod keys;
mod msgpack;

pub(crate) use keys::Keys;

use cursor::Cursor;
use wamplex_shared::serializer::Serializer;

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
#[derive(Default)]
pub(crate) struct Tape {
    pub(crate) words: Vec<u32>,
    pub(crate) text: Vec<u8>,
    pub(crate) numbers: Vec<f64>,
    /// Strings and binary that came in pieces and had to be put together.
    joined: Vec<Vec<u8>>,
}

impl Tape {
    /// Writes a message that is known to be well-formed; `None` if it is not.
    pub(crate) fn write(serializer: Serializer, bytes: &[u8], keys: &mut Keys) -> Option<Self> {
        let mut tape = Self::default();
        let mut input = Cursor::new(bytes);
        match serializer {
            Serializer::MsgPack => msgpack::value(&mut input, &mut tape, keys)?,
            Serializer::Cbor => cbor::value(&mut input, &mut tape, keys)?,
            // JavaScript reads that by itself.
            Serializer::Json => return None,
        }
        Some(tape)
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

    fn uint(&mut self, value: u64) {
        match i64::try_from(value) {
            Ok(value) => self.int(value),
            Err(_) => self.special_pair(Special::U64, value as u32, (value >> 32) as u32),
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

    fn float(&mut self, value: f64) {
        self.number(value, false);
    }

    fn number(&mut self, value: f64, is_integer: bool) {
        self.word(5, self.numbers.len() << 1 | usize::from(is_integer));
        self.numbers.push(value);
    }

    fn string(&mut self, utf8: &[u8]) {
        if utf8.len() > LONG_STRING {
            self.special_pair(Special::LongString, address(utf8), utf8.len() as u32);
        } else {
            self.text.extend_from_slice(utf8);
            self.word(1, utf16_units(utf8));
        }
    }

    fn binary(&mut self, bytes: &[u8]) {
        self.word(6, bytes.len());
        self.words.push(address(bytes));
    }

    /// A string or binary value whose pieces were put together here.
    fn joined(&mut self, bytes: Vec<u8>, is_text: bool) {
        if is_text {
            self.string(&bytes);
        } else {
            self.binary(&bytes);
        }
        self.joined.push(bytes);
    }

    /// An integer of any size: its absolute value, or for negative ones -1 minus it, from the high bytes to the low.
    fn big(&mut self, negative: bool, bytes: &[u8]) {
        let what = if negative { Special::BigNegative } else { Special::BigPositive };
        self.special_pair(what, address(bytes), bytes.len() as u32);
    }

    fn joined_big(&mut self, negative: bool, bytes: Vec<u8>) {
        self.big(negative, &bytes);
        self.joined.push(bytes);
    }

    /// The integer -1 - n, which is below all of 64 bits.
    fn joined_integer(&mut self, n: u64) {
        self.joined_big(true, n.to_be_bytes().to_vec());
    }

    fn key(&mut self, utf8: &[u8], keys: &mut Keys) {
        match keys.find(utf8) {
            keys::Found::Known(slot) => self.word(7, slot),
            keys::Found::New(slot) => {
                self.special(Special::DefineKey);
                self.words.push(slot as u32);
                self.string(utf8);
            }
            keys::Found::NotKept => self.string(utf8),
        }
    }

    /// Begins a list or dictionary whose length is not known yet.
    fn begin_open(&mut self) -> usize {
        self.words.push(0);
        self.words.len() - 1
    }

    fn end_open(&mut self, place: usize, bits: u32, entries: usize) {
        if let Some(word) = self.words.get_mut(place) {
            *word = (entries as u32) << 3 | bits;
        }
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

    fn words(serializer: Serializer, bytes: &[u8]) -> Vec<u32> {
        Tape::write(serializer, bytes, &mut Keys::default()).expect("well-formed").words
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
        let msgpack = b"\x96\x01\xff\xc0\xc3\xa2ab\x81\xa1k\x91\xcb\x3f\xe0\0\0\0\0\0\0";
        let cbor = b"\x86\x01\x20\xf6\xf5\x62ab\xa1\x61k\x81\xfb\x3f\xe0\0\0\0\0\0\0";
        let expected = words(Serializer::MsgPack, msgpack);
        assert_eq!(expected, words(Serializer::Cbor, cbor));
        let open_ended =
            b"\x9f\x01\x20\xf6\xf5\x7f\x61a\x61b\xff\xbf\x61k\x9f\xf9\x38\0\xff\xff\xff";
        assert_eq!(expected, words(Serializer::Cbor, open_ended));
    }

    #[test]
    fn a_key_is_defined_once_and_known_afterwards() {
        let mut keys = Keys::default();
        let dict = b"\x81\xa4name\x01";
        let first = Tape::write(Serializer::MsgPack, dict, &mut keys).expect("well-formed");
        let second = Tape::write(Serializer::MsgPack, dict, &mut keys).expect("well-formed");
        assert_eq!(first.text, b"name");
        assert!(second.text.is_empty());
        assert_eq!(second.words[1] >> 3, first.words[2], "the same slot");
    }

    #[test]
    fn integers_around_every_limit() {
        let ints = |value: i64| {
            let mut bytes = vec![0xd3];
            bytes.extend(value.to_be_bytes());
            let tape = Tape::write(Serializer::MsgPack, &bytes, &mut Keys::default())
                .expect("well-formed");
            (tape.words[0] & 7, tape.words[0] >> 3)
        };
        assert_eq!(ints(SMALL - 1).0, 0);
        assert_eq!(ints(-SMALL).0, 0);
        assert_eq!(ints(SMALL).0, 5);
        assert_eq!(ints(1 << 53).0, 5);
        assert_eq!(ints((1 << 53) + 1), (4, Special::I64 as u32));
        assert_eq!(ints(i64::MIN), (4, Special::I64 as u32));
    }

    #[test]
    fn what_is_cut_off_is_no_tape() {
        let whole = b"\x93\xa3abc\x81\xa1k\xcd\x12\x34\xc4\x02xy";
        for end in 0..whole.len() {
            assert!(
                Tape::write(Serializer::MsgPack, &whole[..end], &mut Keys::default()).is_none()
            );
        }
        let whole = b"\x83\x63abc\xa1\x61k\x19\x12\x34\x5f\x42xy\xff";
        for end in 0..whole.len() {
            assert!(Tape::write(Serializer::Cbor, &whole[..end], &mut Keys::default()).is_none());
        }
    }
}
