//! CBOR to other formats.

use super::{BREAK, CborReader, DICT, Head, INDEFINITE, LIST, NINT, SIMPLE, TEXT, UINT};
use crate::codec::{
    head::{Reader, Result, Writer},
    transcode::{Conversion, convert_key, write_scalar},
};

impl CborReader<'_> {
    /// Reads a value and writes it in another format. Recursive, no deeper than [`MAX_DEPTH`](crate::codec::MAX_DEPTH).
    pub(in crate::codec) fn convert<W: Writer + ?Sized>(
        &mut self,
        w: &mut W,
        conversion: &mut Conversion,
    ) -> Result<()> {
        let start = self.0.pos;
        let tagged = self.tagged()?;
        let head = tagged.head;
        match (head.major, head.info) {
            (LIST | DICT, _) => {
                self.convert_entries(&head, w, conversion)?;
                self.0.depth -= tagged.levels;
            }
            (UINT, _) => {
                w.uint(head.number);
                self.0.depth -= tagged.levels;
            }
            (NINT, _) => {
                w.nint(head.number);
                self.0.depth -= tagged.levels;
            }
            (SIMPLE, 20..=23 | 25..=27) => {
                write_scalar(w, &self.simple(&head)?);
                self.0.depth -= tagged.levels;
            }
            (TEXT, 0..INDEFINITE) => {
                w.text(self.0.utf8(head.number)?);
                self.0.depth -= tagged.levels;
            }
            _ => {
                (self.0.pos, self.0.depth) = (start, self.0.depth - tagged.levels);
                write_scalar(w, &self.next()?);
            }
        }
        Ok(())
    }

    fn convert_entries<W: Writer + ?Sized>(
        &mut self,
        head: &Head,
        w: &mut W,
        conversion: &mut Conversion,
    ) -> Result<()> {
        let is_dict = head.major == DICT;
        if head.info == INDEFINITE {
            self.0.enter(head.at)?;
            let (at, mut len) = (Conversion::open(w, is_dict), 0);
            while self.0.peek()? != BREAK {
                self.convert_entry(is_dict, w, conversion)?;
                len += 1;
            }
            self.0.pos += 1;
            conversion.close(w, at, is_dict, len);
        } else {
            self.0.enter_known(head.at, head.number, is_dict)?;
            // Compared with what there is to read, so this is what a `usize` holds.
            let len = head.number as usize;
            if is_dict {
                w.begin_dict(len)
            } else {
                w.begin_list(len)
            }
            for _ in 0..len {
                self.convert_entry(is_dict, w, conversion)?;
            }
            if is_dict { w.end_dict() } else { w.end_list() }
        }
        self.0.depth -= 1;
        Ok(())
    }

    fn convert_entry<W: Writer + ?Sized>(
        &mut self,
        is_dict: bool,
        w: &mut W,
        conversion: &mut Conversion,
    ) -> Result<()> {
        if is_dict {
            self.convert_key(w)?;
        }
        self.convert(w, conversion)
    }

    fn convert_key<W: Writer + ?Sized>(&mut self, w: &mut W) -> Result<()> {
        let start = self.0.pos;
        let head = self.head()?;
        if head.major == TEXT && head.info != INDEFINITE {
            w.text_key(self.0.utf8(head.number)?);
            return Ok(());
        }
        self.0.pos = start;
        convert_key(self, w.as_dyn())
    }
}
