//! CBOR (RFC 8949).

#[cfg(feature = "transcode")]
mod convert;
mod writer;

pub(super) use writer::CborWriter;

use super::{
    allowance::Allowance,
    cursor::Cursor,
    head::{Items, Reader, Result, Token, own},
    utf8::Utf8,
};
#[cfg(feature = "transcode")]
use super::{head::Writer, transcode::Conversion};
use crate::{error::DecodeErrorKind, serializer::Serializer};
use alloc::{borrow::Cow, string::String, vec::Vec};
use bytes::Bytes;
use bytestring::ByteString;

/// The additional information that stands for "of no announced length", and with major type 7 for the end of that.
const INDEFINITE: u8 = 31;
const BREAK: u8 = 0xff;

const UINT: u8 = 0;
const NINT: u8 = 1;
const BYTES: u8 = 2;
const TEXT: u8 = 3;
const LIST: u8 = 4;
const DICT: u8 = 5;
const TAG: u8 = 6;
const SIMPLE: u8 = 7;

/// The tag of an integer from 0 up that is written as big-endian bytes; the one behind it is for -1 - n.
const BIGNUM: u64 = 2;

/// The first byte of an item, and the number it announces.
struct Head {
    at: usize,
    major: u8,
    info: u8,
    /// 0 for what is indefinite.
    number: u64,
}

/// The beginning of a value behind its tags.
struct Tagged {
    head: Head,
    /// How many tags there are.
    levels: usize,
    /// The last of them.
    tag: Option<u64>,
}

/// How many bytes a value takes that begins with this byte, if that alone says so; otherwise 0.
static SIZES: [u8; 256] = {
    let mut sizes = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let (major, info) = (byte as u8 >> 5, byte as u8 & 0x1f);
        sizes[byte] = match (major, info) {
            (UINT | NINT | SIMPLE, 0..=23) => 1,
            (UINT | NINT, 24..=27) | (SIMPLE, 25..=27) => 1 + (1 << (info - 24)),
            _ => 0,
        };
        byte += 1;
    }
    sizes
};

/// Reads CBOR.
#[derive(Debug)]
pub(super) struct CborReader<'b>(Cursor<'b>);

impl<'b> CborReader<'b> {
    pub(super) fn new(input: &'b Bytes, depth: usize, allowance: Allowance) -> Self {
        Self(Cursor::new(Serializer::Cbor, input, depth, allowance))
    }

    /// Always inlined, so that the parts stay in registers: put together in memory and read back at once they cost
    /// more than all the rest.
    #[inline(always)]
    fn head(&mut self) -> Result<Head> {
        let at = self.0.pos;
        let byte = self.0.byte()?;
        let number = self.number(byte)?;
        Ok(Head { at, major: byte >> 5, info: byte & 0x1f, number })
    }

    /// The number that the first byte of an item announces.
    fn number(&mut self, byte: u8) -> Result<u64> {
        match byte & 0x1f {
            info @ 0..=23 => Ok(info.into()),
            info @ 24..=27 => self.0.uint(1 << (info - 24)),
            INDEFINITE if matches!(byte >> 5, BYTES..=DICT) => Ok(0),
            _ => Err(self.0.error_at(self.0.pos - 1, DecodeErrorKind::UnexpectedByte)),
        }
    }

    /// Reads tags, the first of which is read already, up to what they belong to. Each is a level of nesting.
    #[cold]
    fn tags(&mut self, first: Head) -> Result<Tagged> {
        let (mut head, mut levels, mut tag) = (first, 0, None);
        while head.major == TAG {
            self.0.enter(head.at)?;
            levels += 1;
            tag = Some(head.number);
            head = self.head()?;
        }
        Ok(Tagged { head, levels, tag })
    }

    /// The beginning of a value, behind the tags it may have.
    #[inline(always)]
    fn tagged(&mut self) -> Result<Tagged> {
        let head = self.head()?;
        if head.major == TAG { self.tags(head) } else { Ok(Tagged { head, levels: 0, tag: None }) }
    }

    /// Checks the chunks of a string of indefinite length and returns their length. Every chunk is a string of the
    /// same type that announces its length, and text of its own.
    fn chunks(&mut self, major: u8) -> Result<usize> {
        let mut total = 0;
        while self.0.peek()? != BREAK {
            total += self.chunk(major)?.len();
        }
        self.0.pos += 1;
        Ok(total)
    }

    fn chunk(&mut self, major: u8) -> Result<&'b [u8]> {
        let head = self.head()?;
        if head.major != major || head.info == INDEFINITE {
            return Err(self.0.error_at(head.at, DecodeErrorKind::UnexpectedByte));
        }
        if major == TEXT {
            self.0.text(head.number).map(str::as_bytes)
        } else {
            self.0.take(head.number)
        }
    }

    /// A string of indefinite length, put together.
    fn join(&mut self, major: u8) -> Result<Vec<u8>> {
        let start = self.0.pos;
        let total = self.chunks(major)?;
        let end = self.0.pos;
        if !self.0.allowance.take(total) {
            return Err(self.0.error_at(start, DecodeErrorKind::TooManyEntries));
        }
        let mut joined = Vec::with_capacity(total);
        self.0.pos = start;
        while self.0.pos < end - 1 {
            joined.extend_from_slice(self.chunk(major)?);
        }
        self.0.pos = end;
        Ok(joined)
    }

    /// Reads past `count` values and checks them, without making tokens of them.
    fn skip_values(&mut self, count: u64) -> Result<()> {
        // The place is kept in a register, but for what is rare.
        let (bytes, mut pos) = (self.0.bytes, self.0.pos);
        for _ in 0..count {
            let Some(byte) = bytes.get(pos).copied() else {
                return Err(self.0.error_at(pos, DecodeErrorKind::UnexpectedEnd));
            };
            if let 0x60..=0x77 = byte {
                let end = pos + 1 + usize::from(byte & 0x1f);
                let Some(text) = bytes.get(pos + 1..end) else {
                    return Err(self.0.error_at(bytes.len(), DecodeErrorKind::UnexpectedEnd));
                };
                if let Err(valid) = Utf8::new(text) {
                    let at = pos + 1 + valid;
                    return Err(self.0.error_at(at, DecodeErrorKind::InvalidUnicode));
                }
                pos = end;
            } else if let size @ 1.. = SIZES[usize::from(byte)] {
                pos += usize::from(size);
                if pos > bytes.len() {
                    return Err(self.0.error_at(bytes.len(), DecodeErrorKind::UnexpectedEnd));
                }
            } else {
                self.0.pos = pos;
                self.skip_long()?;
                pos = self.0.pos;
            }
        }
        self.0.pos = pos;
        Ok(())
    }

    /// Reads past a value whose first byte does not say how long it is.
    fn skip_long(&mut self) -> Result<()> {
        let head = self.head()?;
        match (head.major, head.info) {
            (TEXT, 0..INDEFINITE) => self.0.skip_text(head.number)?,
            (BYTES, 0..INDEFINITE) => self.0.skip_bytes(head.number)?,
            (TEXT | BYTES, _) => {
                self.chunks(head.major)?;
            }
            (LIST | DICT, 0..INDEFINITE) => {
                let is_dict = head.major == DICT;
                self.0.enter_known(head.at, head.number, is_dict)?;
                // Compared with what there is to read, so twice as many is a number too.
                self.skip_values(if is_dict { 2 * head.number } else { head.number })?;
                self.0.depth -= 1;
            }
            (LIST | DICT, _) => self.skip_open_ended(&head)?,
            (TAG, _) => {
                self.0.enter(head.at)?;
                self.skip_values(1)?;
                self.0.depth -= 1;
            }
            _ => {
                self.simple(&head)?;
            }
        }
        Ok(())
    }

    fn skip_open_ended(&mut self, head: &Head) -> Result<()> {
        self.0.enter(head.at)?;
        while self.0.peek()? != BREAK {
            self.skip_values(if head.major == DICT { 2 } else { 1 })?;
        }
        self.0.pos += 1;
        self.0.depth -= 1;
        Ok(())
    }

    fn bytes(&mut self, head: &Head) -> Result<Cow<'b, [u8]>> {
        if head.info == INDEFINITE {
            Ok(Cow::Owned(self.join(BYTES)?))
        } else {
            Ok(Cow::Borrowed(self.0.take(head.number)?))
        }
    }

    fn text(&mut self, head: &Head) -> Result<Token<'b>> {
        if head.info != INDEFINITE {
            return Ok(Token::Str(Cow::Borrowed(self.0.text(head.number)?)));
        }
        let at = self.0.pos;
        String::from_utf8(self.join(TEXT)?)
            .map(|text| Token::Str(Cow::Owned(text)))
            .map_err(|_| self.0.error_at(at, DecodeErrorKind::InvalidUnicode))
    }

    fn items(&mut self, head: &Head, levels: usize) -> Result<Items> {
        let is_dict = head.major == DICT;
        let mut items = if head.info == INDEFINITE {
            self.0.enter(head.at)?;
            Items::open_ended(is_dict)
        } else {
            self.0.enter_known(head.at, head.number, is_dict)?
        };
        items.levels += levels;
        Ok(items)
    }

    /// What major type 7 is for: truth values, null, numbers with a fraction.
    fn simple(&self, head: &Head) -> Result<Token<'b>> {
        Ok(match head.info {
            20 => Token::Bool(false),
            21 => Token::Bool(true),
            // Values below 32 have a form of one byte, and only that.
            24 if head.number < 32 => {
                return Err(self.0.error_at(head.at, DecodeErrorKind::UnexpectedByte));
            }
            // The casts undo how the number was put together from two and four bytes.
            25 => Token::Float(half(head.number as u16)),
            26 => Token::Float(f32::from_bits(head.number as u32).into()),
            27 => Token::Float(f64::from_bits(head.number)),
            // Null, undefined, and values that nobody has given a meaning.
            _ => Token::Null,
        })
    }
}

/// A number of 16 bits: one for the sign, five for the exponent, ten for the fraction.
fn half(bits: u16) -> f64 {
    let (exponent, fraction) = (bits >> 10 & 0x1f, f64::from(bits & 0x3ff));
    let magnitude = match exponent {
        0 => fraction / f64::from(1 << 24),
        31 if fraction == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        _ => (1.0 + fraction / 1024.0) * f64::from(1_u32 << exponent) / f64::from(1 << 15),
    };
    if bits & 0x8000 == 0 { magnitude } else { -magnitude }
}

/// The integer that these bytes stand for, or the nearest number with a fraction if it has more than 64 bits.
fn bignum<'b>(bytes: &[u8], is_negative: bool) -> Token<'b> {
    let significant = &bytes[bytes.iter().take_while(|b| **b == 0).count()..];
    let first: u64 = significant.iter().take(8).fold(0, |n, byte| n << 8 | u64::from(*byte));
    if significant.len() <= 8 {
        return if is_negative { Token::Nint(first) } else { Token::Uint(first) };
    }
    // Rounding to 53 bits looks at the first 64 and at whether anything lies below them.
    let rest = &significant[8..];
    let sticky = u64::from(rest.iter().any(|b| *b != 0));
    let mut float = (first | sticky) as f64;
    for _ in rest {
        float *= 256.0;
        if float.is_infinite() {
            break;
        }
    }
    Token::Float(if is_negative { -float } else { float })
}

impl<'b> Reader<'b> for CborReader<'b> {
    fn serializer(&self) -> Serializer {
        Serializer::Cbor
    }

    fn input(&self) -> &'b Bytes {
        self.0.input
    }

    fn at(&mut self) -> usize {
        self.0.pos
    }

    fn end(&self) -> usize {
        self.0.pos
    }

    fn next(&mut self) -> Result<Token<'b>> {
        let Tagged { head, levels, tag } = self.tagged()?;
        let token = match head.major {
            LIST => return Ok(Token::List(self.items(&head, levels)?)),
            DICT => return Ok(Token::Dict(self.items(&head, levels)?)),
            UINT => Token::Uint(head.number),
            NINT => Token::Nint(head.number),
            TEXT => self.text(&head)?,
            BYTES => match (self.bytes(&head)?, tag) {
                (bytes, Some(BIGNUM)) => bignum(&bytes, false),
                (bytes, Some(tag)) if tag == BIGNUM + 1 => bignum(&bytes, true),
                (bytes, _) => Token::Bytes(bytes),
            },
            _ => self.simple(&head)?,
        };
        self.0.depth -= levels;
        Ok(token)
    }

    fn string(&mut self) -> Result<Option<ByteString>> {
        let start = self.0.pos;
        let head = self.head()?;
        if head.major == TEXT && head.info != INDEFINITE {
            return self.0.string(head.number).map(Some);
        }
        self.0.pos = start;
        match self.next()? {
            Token::Str(text) => Ok(Some(own(self, text))),
            _ => Ok(None),
        }
    }

    #[inline]
    fn usual_uint(&mut self) -> Option<u64> {
        let rest = self.0.bytes.get(self.0.pos..)?;
        let (number, size) = match *rest {
            [byte @ 0..=23, ..] => (byte.into(), 1),
            [24, a, ..] => (a.into(), 2),
            [25, a, b, ..] => (u16::from_be_bytes([a, b]).into(), 3),
            [26, a, b, c, d, ..] => (u32::from_be_bytes([a, b, c, d]).into(), 5),
            _ => return None,
        };
        self.0.pos += size;
        Some(number)
    }

    #[inline]
    fn usual_empty_dict(&mut self) -> bool {
        self.0.skip_byte(DICT << 5)
    }

    fn more(&mut self, items: &mut Items) -> Result<bool> {
        let more = match items.left {
            Some(0) => false,
            Some(left) => {
                items.left = Some(left - 1);
                true
            }
            None if self.0.peek()? == BREAK => {
                self.0.pos += 1;
                false
            }
            None => true,
        };
        if !more {
            self.0.depth -= items.levels;
        }
        Ok(more)
    }

    fn any_key(&mut self) -> Result<Token<'b>> {
        self.next()
    }

    fn skip(&mut self) -> Result<()> {
        self.skip_values(1)
    }

    fn enter_or_skip(&mut self) -> Result<Option<Items>> {
        let start = self.0.pos;
        let Tagged { head, levels, .. } = self.tagged()?;
        if matches!(head.major, LIST | DICT) {
            return Ok(Some(self.items(&head, levels)?));
        }
        self.0.depth -= levels;
        self.0.pos = start;
        self.skip()?;
        Ok(None)
    }

    #[cfg(feature = "transcode")]
    fn convert(&mut self, w: &mut dyn Writer, conversion: &mut Conversion) -> Result<()> {
        self.convert(w, conversion)
    }

    fn finish(&mut self) -> Result<()> {
        self.0.finish()
    }

    fn allowance(&mut self) -> &mut Allowance {
        &mut self.0.allowance
    }

    fn as_dyn(&mut self) -> &mut dyn Reader<'b> {
        self
    }
}
