//! MessagePack (specification of 2013 and later, where strings and binary data are apart).

#[cfg(feature = "transcode")]
mod convert;
mod writer;

pub(super) use writer::MsgPackWriter;

use super::{
    allowance::Allowance,
    cursor::Cursor,
    head::{Items, Reader, Result, Token},
    utf8::Utf8,
};
#[cfg(feature = "transcode")]
use super::{head::Writer, transcode::Conversion};
use crate::{error::DecodeErrorKind, serializer::Serializer};
use alloc::borrow::Cow;
use bytes::Bytes;
use bytestring::ByteString;

/// How many bytes a value takes that begins with this byte, if that alone says so; otherwise 0.
static SIZES: [u8; 256] = {
    let mut sizes = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        sizes[byte] = match byte {
            0..=0x7f | 0xe0..=0xff | 0xc0 | 0xc2 | 0xc3 => 1,
            0xca..=0xcb => 1 + (4 << (byte - 0xca)),
            0xcc..=0xcf => 1 + (1 << (byte - 0xcc)),
            0xd0..=0xd3 => 1 + (1 << (byte - 0xd0)),
            0xd4..=0xd8 => 2 + (1 << (byte - 0xd4)),
            _ => 0,
        };
        byte += 1;
    }
    sizes
};

/// Reads MessagePack.
#[derive(Debug)]
pub(super) struct MsgPackReader<'b>(Cursor<'b>);

impl<'b> MsgPackReader<'b> {
    pub(super) fn new(input: &'b Bytes, depth: usize, allowance: Allowance) -> Self {
        Self(Cursor::new(Serializer::MsgPack, input, depth, allowance))
    }

    fn text(&mut self, len: u64) -> Result<Token<'b>> {
        Ok(Token::Str(Cow::Borrowed(self.0.text(len)?)))
    }

    fn binary(&mut self, len: u64) -> Result<Token<'b>> {
        Ok(Token::Bytes(Cow::Borrowed(self.0.take(len)?)))
    }

    /// An extension type: one byte for its kind, then the data, which is all that is left of it elsewhere.
    fn extension(&mut self, len: u64) -> Result<Token<'b>> {
        self.0.byte()?;
        self.binary(len)
    }

    fn list(&mut self, at: usize, len: u64) -> Result<Token<'b>> {
        Ok(Token::List(self.0.enter_known(at, len, false)?))
    }

    fn dict(&mut self, at: usize, len: u64) -> Result<Token<'b>> {
        Ok(Token::Dict(self.0.enter_known(at, len, true)?))
    }

    /// Reads past `count` values and checks them, without making tokens of them.
    fn skip_values(&mut self, count: u64) -> Result<()> {
        // The place is kept in a register, but for what is rare.
        let (bytes, mut pos) = (self.0.bytes, self.0.pos);
        for _ in 0..count {
            let Some(byte) = bytes.get(pos).copied() else {
                return Err(self.0.error_at(pos, DecodeErrorKind::UnexpectedEnd));
            };
            if byte & 0xe0 == 0xa0 {
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
                self.skip_long(byte)?;
                pos = self.0.pos;
            }
        }
        self.0.pos = pos;
        Ok(())
    }

    /// Reads past a value whose first byte does not say how long it is.
    fn skip_long(&mut self, byte: u8) -> Result<()> {
        let at = self.0.pos;
        self.0.pos += 1;
        match byte {
            0x80..=0x8f => self.skip_entries(at, (byte & 0x0f).into(), true),
            0x90..=0x9f => self.skip_entries(at, (byte & 0x0f).into(), false),
            0xdc..=0xdf => {
                let len = self.0.uint(2 << (byte & 1))?;
                self.skip_entries(at, len, byte >= 0xde)
            }
            0xd9..=0xdb => {
                let len = self.0.uint(1 << (byte - 0xd9))?;
                self.0.skip_text(len)
            }
            0xc4..=0xc6 => {
                let len = self.0.uint(1 << (byte - 0xc4))?;
                self.0.skip_bytes(len)
            }
            0xc7..=0xc9 => {
                let len = self.0.uint(1 << (byte - 0xc7))?;
                self.0.skip_bytes(len + 1)
            }
            _ => Err(self.0.error_at(at, DecodeErrorKind::UnexpectedByte)),
        }
    }

    fn skip_entries(&mut self, at: usize, len: u64, is_dict: bool) -> Result<()> {
        self.0.enter_known(at, len, is_dict)?;
        self.skip_values(if is_dict { 2 * len } else { len })?;
        self.0.depth -= 1;
        Ok(())
    }

    /// A signed integer of `width` bytes.
    fn signed(&mut self, width: u32) -> Result<Token<'b>> {
        let shift = 64 - 8 * width;
        let value = (self.0.uint(width.into())? << shift).cast_signed() >> shift;
        Ok(match u64::try_from(value) {
            Ok(value) => Token::Uint(value),
            Err(_) => Token::Nint((!value).unsigned_abs()),
        })
    }
}

impl<'b> Reader<'b> for MsgPackReader<'b> {
    fn serializer(&self) -> Serializer {
        Serializer::MsgPack
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
        let at = self.0.pos;
        let c = &mut self.0;
        match c.byte()? {
            byte @ 0..=0x7f => Ok(Token::Uint(byte.into())),
            byte @ 0x80..=0x8f => self.dict(at, (byte & 0x0f).into()),
            byte @ 0x90..=0x9f => self.list(at, (byte & 0x0f).into()),
            byte @ 0xa0..=0xbf => self.text((byte & 0x1f).into()),
            0xc0 => Ok(Token::Null),
            0xc1 => Err(c.error_at(at, DecodeErrorKind::UnexpectedByte)),
            0xc2 => Ok(Token::Bool(false)),
            0xc3 => Ok(Token::Bool(true)),
            byte @ 0xc4..=0xc6 => {
                let len = c.uint(1 << (byte - 0xc4))?;
                self.binary(len)
            }
            byte @ 0xc7..=0xc9 => {
                let len = c.uint(1 << (byte - 0xc7))?;
                self.extension(len)
            }
            // The casts undo how the number was put together from four and eight bytes.
            0xca => Ok(Token::Float(f32::from_bits(c.uint(4)? as u32).into())),
            0xcb => Ok(Token::Float(f64::from_bits(c.uint(8)?))),
            byte @ 0xcc..=0xcf => Ok(Token::Uint(c.uint(1 << (byte - 0xcc))?)),
            byte @ 0xd0..=0xd3 => self.signed(1 << (byte - 0xd0)),
            byte @ 0xd4..=0xd8 => self.extension(1 << (byte - 0xd4)),
            byte @ 0xd9..=0xdb => {
                let len = c.uint(1 << (byte - 0xd9))?;
                self.text(len)
            }
            byte @ 0xdc..=0xdd => {
                let len = c.uint(2 << (byte - 0xdc))?;
                self.list(at, len)
            }
            byte @ 0xde..=0xdf => {
                let len = c.uint(2 << (byte - 0xde))?;
                self.dict(at, len)
            }
            byte @ 0xe0..=0xff => Ok(Token::Nint((!byte).into())),
        }
    }

    fn string(&mut self) -> Result<Option<ByteString>> {
        let len = match self.0.peek()? {
            byte @ 0xa0..=0xbf => {
                self.0.pos += 1;
                (byte & 0x1f).into()
            }
            byte @ 0xd9..=0xdb => {
                self.0.pos += 1;
                self.0.uint(1 << (byte - 0xd9))?
            }
            _ => return Ok(None),
        };
        self.0.string(len).map(Some)
    }

    #[inline]
    fn usual_uint(&mut self) -> Option<u64> {
        let rest = self.0.bytes.get(self.0.pos..)?;
        let (number, size) = match *rest {
            [byte @ 0..=0x7f, ..] => (byte.into(), 1),
            [0xcc, a, ..] => (a.into(), 2),
            [0xcd, a, b, ..] => (u16::from_be_bytes([a, b]).into(), 3),
            [0xce, a, b, c, d, ..] => (u32::from_be_bytes([a, b, c, d]).into(), 5),
            _ => return None,
        };
        self.0.pos += size;
        Some(number)
    }

    #[inline]
    fn usual_empty_dict(&mut self) -> bool {
        self.0.skip_byte(0x80)
    }

    fn more(&mut self, items: &mut Items) -> Result<bool> {
        match items.left {
            Some(left) if left > 0 => {
                items.left = Some(left - 1);
                Ok(true)
            }
            _ => {
                self.0.depth -= items.levels;
                Ok(false)
            }
        }
    }

    fn any_key(&mut self) -> Result<Token<'b>> {
        self.next()
    }

    fn skip(&mut self) -> Result<()> {
        self.skip_values(1)
    }

    fn enter_or_skip(&mut self) -> Result<Option<Items>> {
        match self.next()? {
            Token::List(items) | Token::Dict(items) => Ok(Some(items)),
            _ => Ok(None),
        }
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
