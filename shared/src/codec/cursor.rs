//! The place in the input that every reader keeps.

use super::{
    MAX_DEPTH,
    allowance::Allowance,
    head::{Error, Items, Result},
    utf8::Utf8,
};
use crate::{
    error::{DecodeError, DecodeErrorKind},
    serializer::Serializer,
};
use bytes::Bytes;
use bytestring::ByteString;

/// The input, and how far it was read.
#[derive(Debug)]
pub(super) struct Cursor<'b> {
    pub(super) serializer: Serializer,
    pub(super) input: &'b Bytes,
    pub(super) bytes: &'b [u8],
    pub(super) pos: usize,
    pub(super) depth: usize,
    pub(super) allowance: Allowance,
}

impl<'b> Cursor<'b> {
    /// Stands before the first byte, inside `depth` lists.
    pub(super) fn new(
        serializer: Serializer,
        input: &'b Bytes,
        depth: usize,
        allowance: Allowance,
    ) -> Self {
        Self { serializer, input, bytes: input, pos: 0, depth, allowance }
    }

    #[cold]
    pub(super) fn error_at(&self, at: usize, kind: DecodeErrorKind) -> Error {
        Error::new(DecodeError { serializer: self.serializer, at, kind })
    }

    pub(super) fn peek(&self) -> Result<u8> {
        match self.bytes.get(self.pos) {
            Some(byte) => Ok(*byte),
            None => Err(self.error_at(self.pos, DecodeErrorKind::UnexpectedEnd)),
        }
    }

    pub(super) fn byte(&mut self) -> Result<u8> {
        let byte = self.peek()?;
        self.pos += 1;
        Ok(byte)
    }

    /// Reads past this byte; `false` without reading if there is another one.
    #[inline]
    pub(super) fn skip_byte(&mut self, byte: u8) -> bool {
        let found = self.bytes.get(self.pos) == Some(&byte);
        self.pos += usize::from(found);
        found
    }

    /// The next `len` bytes. Compares `len` with what is there before anything is done with it.
    pub(super) fn take(&mut self, len: u64) -> Result<&'b [u8]> {
        let rest = &self.bytes[self.pos..];
        match usize::try_from(len).ok().and_then(|len| rest.get(..len)) {
            Some(taken) => {
                self.pos += taken.len();
                Ok(taken)
            }
            None => Err(self.error_at(self.bytes.len(), DecodeErrorKind::UnexpectedEnd)),
        }
    }

    pub(super) fn skip_bytes(&mut self, len: u64) -> Result<()> {
        if len <= (self.bytes.len() - self.pos) as u64 {
            // No more than there are bytes, so this is what a `usize` holds.
            self.pos += len as usize;
            Ok(())
        } else {
            Err(self.error_at(self.bytes.len(), DecodeErrorKind::UnexpectedEnd))
        }
    }

    /// Reads past text and checks it.
    #[inline]
    pub(super) fn skip_text(&mut self, len: u64) -> Result<()> {
        self.utf8(len).map(drop)
    }

    /// Text, checked, for whoever passes it on.
    #[inline]
    pub(super) fn utf8(&mut self, len: u64) -> Result<Utf8<'b>> {
        let at = self.pos;
        let bytes = self.take(len)?;
        Utf8::new(bytes).map_err(|valid| self.error_at(at + valid, DecodeErrorKind::InvalidUnicode))
    }

    /// A big-endian number of 1, 2, 4 or 8 bytes.
    pub(super) fn uint(&mut self, width: u64) -> Result<u64> {
        let bytes = self.take(width)?;
        Ok(match *bytes {
            [a] => a.into(),
            [a, b] => u16::from_be_bytes([a, b]).into(),
            [a, b, c, d] => u32::from_be_bytes([a, b, c, d]).into(),
            _ => bytes.iter().fold(0, |n, byte| n << 8 | u64::from(*byte)),
        })
    }

    pub(super) fn text(&mut self, len: u64) -> Result<&'b str> {
        let at = self.pos;
        let bytes = self.take(len)?;
        core::str::from_utf8(bytes)
            .map_err(|e| self.error_at(at + e.valid_up_to(), DecodeErrorKind::InvalidUnicode))
    }

    /// Text as a value of its own, a slice of the input, checked on the way.
    pub(super) fn string(&mut self, len: u64) -> Result<ByteString> {
        let at = self.pos;
        let bytes = self.input.slice_ref(self.take(len)?);
        ByteString::try_from(bytes)
            .map_err(|e| self.error_at(at + e.valid_up_to(), DecodeErrorKind::InvalidUnicode))
    }

    /// Steps into a list or dictionary.
    pub(super) fn enter(&mut self, at: usize) -> Result<()> {
        if self.depth >= MAX_DEPTH {
            return Err(self.error_at(at, DecodeErrorKind::TooDeep));
        }
        self.depth += 1;
        Ok(())
    }

    /// Steps into a list or dictionary whose length was announced.
    pub(super) fn enter_known(&mut self, at: usize, len: u64, is_dict: bool) -> Result<Items> {
        self.enter(at)?;
        let at_least = if is_dict { len.saturating_mul(2) } else { len };
        if at_least > (self.bytes.len() - self.pos) as u64 {
            return Err(self.error_at(self.bytes.len(), DecodeErrorKind::UnexpectedEnd));
        }
        Ok(Items::known(len, is_dict))
    }

    pub(super) fn finish(&self) -> Result<()> {
        if self.pos == self.bytes.len() {
            Ok(())
        } else {
            Err(self.error_at(self.pos, DecodeErrorKind::TrailingBytes))
        }
    }
}
