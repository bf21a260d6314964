//! Reading past values, which is what a router does with most of what it gets.

use super::JsonReader;
use crate::codec::head::Result;

impl JsonReader<'_> {
    /// Reads past a list or dictionary and checks it. Recursive, no deeper than
    /// [`MAX_DEPTH`](crate::codec::MAX_DEPTH).
    pub(super) fn skip_entries<const IS_DICT: bool>(&mut self) -> Result<()> {
        self.open(IS_DICT)?;
        let end = if IS_DICT { b'}' } else { b']' };
        // The place is kept in a register, but for what is rare.
        let mut pos = self.cursor.pos;
        if self.peek(&mut pos)? == end {
            pos += 1;
        } else {
            loop {
                let mut byte = self.peek(&mut pos)?;
                if IS_DICT {
                    if byte != b'"' {
                        return Err(self.unexpected(pos));
                    }
                    pos = self.string_end(pos)?.0;
                    if self.peek(&mut pos)? != b':' {
                        return Err(self.unexpected(pos));
                    }
                    pos += 1;
                    byte = self.peek(&mut pos)?;
                }
                pos = match byte {
                    b'"' => self.string_end(pos)?.0,
                    b'-' | b'0'..=b'9' => self.number_end(pos)?.0,
                    _ => self.skip_at(pos, byte)?,
                };
                let behind = self.peek(&mut pos)?;
                if behind != b',' && behind != end {
                    return Err(self.unexpected(pos));
                }
                pos += 1;
                if behind == end {
                    break;
                }
            }
        }
        self.cursor.pos = pos;
        self.cursor.depth -= 1;
        Ok(())
    }

    /// The place behind the value that begins at `pos` with this byte, and is no string and no number.
    fn skip_at(&mut self, pos: usize, byte: u8) -> Result<usize> {
        self.cursor.pos = pos;
        match byte {
            b'[' => self.skip_entries::<false>()?,
            b'{' => self.skip_entries::<true>()?,
            _ => self.skip_word(byte)?,
        }
        Ok(self.cursor.pos)
    }

    /// Reads past a word that begins with this byte.
    pub(super) fn skip_word(&mut self, byte: u8) -> Result<()> {
        match byte {
            b't' => self.expect(b"true"),
            b'f' => self.expect(b"false"),
            b'n' => self.expect(b"null"),
            _ => Err(self.unexpected(self.cursor.pos)),
        }
    }

    /// The first byte from `pos` on that is no white space; moves `pos` there.
    #[inline(always)]
    fn peek(&self, pos: &mut usize) -> Result<u8> {
        // Most JSON on the wire has no white space.
        match self.cursor.bytes.get(*pos) {
            Some(byte) if *byte > b' ' => Ok(*byte),
            _ => self.behind_white_space(pos),
        }
    }

    fn behind_white_space(&self, pos: &mut usize) -> Result<u8> {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.cursor.bytes.get(*pos) {
            *pos += 1;
        }
        self.cursor.bytes.get(*pos).copied().ok_or_else(|| self.unexpected(*pos))
    }
}
