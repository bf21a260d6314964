//! MessagePack to other formats.

use super::MsgPackReader;
use crate::codec::{
    head::{Reader, Result, Writer},
    transcode::{Conversion, convert_key, write_scalar},
};

impl MsgPackReader<'_> {
    /// Reads a value and writes it in another format. Recursive, no deeper than [`MAX_DEPTH`](crate::codec::MAX_DEPTH).
    pub(in crate::codec) fn convert<W: Writer + ?Sized>(
        &mut self,
        w: &mut W,
        conversion: &mut Conversion,
    ) -> Result<()> {
        let at = self.0.pos;
        match self.0.peek()? {
            byte @ 0..=0x7f => {
                self.0.pos += 1;
                w.uint(byte.into());
            }
            byte @ 0xa0..=0xbf => {
                self.0.pos += 1;
                w.text(self.0.utf8((byte & 0x1f).into())?);
            }
            byte @ 0x80..=0x9f => {
                self.0.pos += 1;
                self.convert_entries(at, (byte & 0x0f).into(), byte < 0x90, w, conversion)?;
            }
            byte @ 0xdc..=0xdf => {
                self.0.pos += 1;
                let len = self.0.uint(2 << (byte & 1))?;
                self.convert_entries(at, len, byte >= 0xde, w, conversion)?;
            }
            byte @ 0xd9..=0xdb => {
                self.0.pos += 1;
                let len = self.0.uint(1 << (byte - 0xd9))?;
                w.text(self.0.utf8(len)?);
            }
            byte @ 0xcc..=0xcf => {
                self.0.pos += 1;
                w.uint(self.0.uint(1 << (byte - 0xcc))?);
            }
            0xcb => {
                self.0.pos += 1;
                w.float(f64::from_bits(self.0.uint(8)?));
            }
            byte @ 0xc2..=0xc3 => {
                self.0.pos += 1;
                w.bool(byte == 0xc3);
            }
            byte @ 0xe0..=0xff => {
                self.0.pos += 1;
                w.nint((!byte).into());
            }
            0xc0 => {
                self.0.pos += 1;
                w.null();
            }
            _ => write_scalar(w, &self.next()?),
        }
        Ok(())
    }

    fn convert_entries<W: Writer + ?Sized>(
        &mut self,
        at: usize,
        len: u64,
        is_dict: bool,
        w: &mut W,
        conversion: &mut Conversion,
    ) -> Result<()> {
        self.0.enter_known(at, len, is_dict)?;
        // Compared with what there is to read, so this is what a `usize` holds.
        let count = len as usize;
        if is_dict {
            w.begin_dict(count);
            for _ in 0..len {
                self.convert_key(w)?;
                self.convert(w, conversion)?;
            }
            w.end_dict();
        } else {
            w.begin_list(count);
            for _ in 0..len {
                self.convert(w, conversion)?;
            }
            w.end_list();
        }
        self.0.depth -= 1;
        Ok(())
    }

    fn convert_key<W: Writer + ?Sized>(&mut self, w: &mut W) -> Result<()> {
        if let byte @ 0xa0..=0xbf = self.0.peek()? {
            self.0.pos += 1;
            w.text_key(self.0.utf8((byte & 0x1f).into())?);
            return Ok(());
        }
        convert_key(self, w.as_dyn())
    }
}
