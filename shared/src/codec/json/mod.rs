//! JSON (RFC 8259), with WAMP's form for binary data.

#[cfg(feature = "transcode")]
mod convert;
mod float;
mod number;
mod skip;
mod text;
mod writer;

pub(super) use writer::JsonWriter;

use super::{
    allowance::Allowance,
    base64,
    cursor::Cursor,
    head::{Error, Items, Reader, Result, Text, Token, own},
};
#[cfg(feature = "transcode")]
use super::{head::Writer, transcode::Conversion};
use crate::{error::DecodeErrorKind, serializer::Serializer};
use alloc::borrow::Cow;
use bytes::Bytes;
use bytestring::ByteString;

/// Reads JSON.
#[derive(Debug)]
pub(super) struct JsonReader<'b> {
    cursor: Cursor<'b>,
    /// The input, known to be UTF-8 from here on.
    checked: &'b str,
}

impl<'b> JsonReader<'b> {
    pub(super) fn new(input: &'b Bytes, depth: usize, allowance: Allowance) -> Result<Self> {
        let cursor = Cursor::new(Serializer::Json, input, depth, allowance);
        match core::str::from_utf8(input) {
            Ok(checked) => Ok(Self { cursor, checked }),
            Err(e) => Err(cursor.error_at(e.valid_up_to(), DecodeErrorKind::InvalidUnicode)),
        }
    }

    #[cold]
    fn unexpected(&self, at: usize) -> Error {
        let kind = if at < self.cursor.bytes.len() {
            DecodeErrorKind::UnexpectedByte
        } else {
            DecodeErrorKind::UnexpectedEnd
        };
        self.cursor.error_at(at, kind)
    }

    fn skip_white_space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.cursor.bytes.get(self.cursor.pos) {
            self.cursor.pos += 1;
        }
    }

    /// The first byte of what comes next.
    fn first(&mut self) -> Result<u8> {
        // Most JSON on the wire has no white space.
        match self.cursor.bytes.get(self.cursor.pos) {
            Some(byte) if *byte > b' ' => Ok(*byte),
            _ => {
                self.skip_white_space();
                self.cursor.peek()
            }
        }
    }

    fn expect(&mut self, word: &[u8]) -> Result<()> {
        let rest = &self.cursor.bytes[self.cursor.pos..];
        if rest.starts_with(word) {
            self.cursor.pos += word.len();
            return Ok(());
        }
        let same = rest.iter().zip(word).take_while(|(a, b)| a == b).count();
        Err(self.unexpected(self.cursor.pos + same))
    }

    fn open(&mut self, is_dict: bool) -> Result<Items> {
        self.cursor.enter(self.cursor.pos)?;
        self.cursor.pos += 1;
        Ok(Items::open_ended(is_dict))
    }

    /// Reads a string, which is binary data if it begins with NUL and goes on in base64.
    fn string_value(&mut self) -> Result<Token<'b>> {
        let text = self.text()?;
        // A NUL has to be escaped, so a slice of the input does not begin with one.
        if let Cow::Owned(text) = &text
            && let Some(encoded) = text.strip_prefix('\0')
            && let Some(bytes) = base64::decode(encoded.as_bytes())
        {
            self.charge(bytes.len())?;
            return Ok(Token::Bytes(Cow::Owned(bytes)));
        }
        Ok(Token::Str(text))
    }

    fn charge(&mut self, bytes: usize) -> Result<()> {
        if self.cursor.allowance.take(bytes) {
            Ok(())
        } else {
            Err(self.cursor.error_at(self.cursor.pos, DecodeErrorKind::TooManyEntries))
        }
    }

    /// Reads the colon behind a key.
    fn colon(&mut self) -> Result<()> {
        if self.first()? != b':' {
            return Err(self.unexpected(self.cursor.pos));
        }
        self.cursor.pos += 1;
        Ok(())
    }

    /// Reads up to the quotation mark of a key.
    fn before_key(&mut self) -> Result<()> {
        if self.first()? == b'"' { Ok(()) } else { Err(self.unexpected(self.cursor.pos)) }
    }
}

impl<'b> Reader<'b> for JsonReader<'b> {
    fn serializer(&self) -> Serializer {
        Serializer::Json
    }

    fn input(&self) -> &'b Bytes {
        self.cursor.input
    }

    fn at(&mut self) -> usize {
        self.skip_white_space();
        self.cursor.pos
    }

    fn end(&self) -> usize {
        self.cursor.pos
    }

    fn next(&mut self) -> Result<Token<'b>> {
        Ok(match self.first()? {
            b'"' => return self.string_value(),
            b'[' => Token::List(self.open(false)?),
            b'{' => Token::Dict(self.open(true)?),
            b'-' | b'0'..=b'9' => return self.number(),
            b't' => {
                self.expect(b"true")?;
                Token::Bool(true)
            }
            b'f' => {
                self.expect(b"false")?;
                Token::Bool(false)
            }
            b'n' => {
                self.expect(b"null")?;
                Token::Null
            }
            _ => return Err(self.unexpected(self.cursor.pos)),
        })
    }

    fn string(&mut self) -> Result<Option<ByteString>> {
        if self.first()? != b'"' {
            return Ok(None);
        }
        let text = self.text()?;
        Ok(Some(own(self, text)))
    }

    #[inline]
    fn usual_uint(&mut self) -> Option<u64> {
        self.short_integer(0)
    }

    #[inline]
    fn usual_empty_dict(&mut self) -> bool {
        let found = self.cursor.bytes.get(self.cursor.pos..).is_some_and(|b| b.starts_with(b"{}"));
        self.cursor.pos += if found { 2 } else { 0 };
        found
    }

    fn more(&mut self, items: &mut Items) -> Result<bool> {
        let byte = self.first()?;
        if byte == if items.is_dict { b'}' } else { b']' } {
            self.cursor.pos += 1;
            self.cursor.depth -= items.levels;
            return Ok(false);
        }
        if !items.fresh {
            if byte != b',' {
                return Err(self.unexpected(self.cursor.pos));
            }
            self.cursor.pos += 1;
        }
        items.fresh = false;
        Ok(true)
    }

    fn any_key(&mut self) -> Result<Token<'b>> {
        self.before_key()?;
        let key: Text<'b> = self.text()?;
        self.colon()?;
        Ok(Token::Str(key))
    }

    fn skip_key(&mut self) -> Result<()> {
        self.before_key()?;
        self.scan_string()?;
        self.colon()
    }

    fn skip(&mut self) -> Result<()> {
        match self.first()? {
            b'"' => self.scan_string().map(drop),
            b'-' | b'0'..=b'9' => self.scan_number().map(drop),
            b'[' => self.skip_entries::<false>(),
            b'{' => self.skip_entries::<true>(),
            byte => self.skip_word(byte),
        }
    }

    fn enter_or_skip(&mut self) -> Result<Option<Items>> {
        match self.first()? {
            byte @ (b'[' | b'{') => self.open(byte == b'{').map(Some),
            _ => {
                self.skip()?;
                Ok(None)
            }
        }
    }

    #[cfg(feature = "transcode")]
    fn convert(&mut self, w: &mut dyn Writer, conversion: &mut Conversion) -> Result<()> {
        self.convert(w, conversion)
    }

    fn finish(&mut self) -> Result<()> {
        self.skip_white_space();
        self.cursor.finish()
    }

    fn allowance(&mut self) -> &mut Allowance {
        &mut self.cursor.allowance
    }

    fn as_dyn(&mut self) -> &mut dyn Reader<'b> {
        self
    }
}
