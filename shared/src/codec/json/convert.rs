//! JSON to other formats.

use super::JsonReader;
use crate::codec::{
    head::{Result, Writer},
    transcode::{Conversion, write_scalar},
    utf8::Utf8,
};

impl<'b> JsonReader<'b> {
    /// Reads a value and writes it in another format. Recursive, no deeper than [`MAX_DEPTH`](crate::codec::MAX_DEPTH).
    pub(in crate::codec) fn convert<W: Writer + ?Sized>(
        &mut self,
        w: &mut W,
        conversion: &mut Conversion,
    ) -> Result<()> {
        match self.first()? {
            b'"' => self.convert_text(w)?,
            b'-' | b'0'..=b'9' => write_scalar(w, &self.number()?),
            b'[' => self.convert_list(w, conversion)?,
            b'{' => self.convert_dict(w, conversion)?,
            b't' => {
                self.expect(b"true")?;
                w.bool(true);
            }
            b'f' => {
                self.expect(b"false")?;
                w.bool(false);
            }
            b'n' => {
                self.expect(b"null")?;
                w.null();
            }
            _ => return Err(self.unexpected(self.cursor.pos)),
        }
        Ok(())
    }

    fn convert_text(&mut self, w: &mut (impl Writer + ?Sized)) -> Result<()> {
        let quote = self.cursor.pos;
        if self.scan_string()? {
            // With escapes it may be binary data.
            self.cursor.pos = quote;
            write_scalar(w, &self.string_value()?);
        } else {
            w.text(self.between(quote));
        }
        Ok(())
    }

    /// The string that begins at this quotation mark and was read to its end: part of an input that is text.
    fn between(&self, quote: usize) -> Utf8<'b> {
        self.slice(quote + 1, self.cursor.pos - 1).into()
    }

    fn convert_list<W: Writer + ?Sized>(
        &mut self,
        w: &mut W,
        conversion: &mut Conversion,
    ) -> Result<()> {
        self.open(false)?;
        let (at, mut len) = (Conversion::open(w, false), 0);
        if self.first()? != b']' {
            loop {
                self.convert(w, conversion)?;
                len += 1;
                match self.first()? {
                    b',' => self.cursor.pos += 1,
                    b']' => break,
                    _ => return Err(self.unexpected(self.cursor.pos)),
                }
            }
        }
        self.close();
        conversion.close(w, at, false, len);
        Ok(())
    }

    fn convert_dict<W: Writer + ?Sized>(
        &mut self,
        w: &mut W,
        conversion: &mut Conversion,
    ) -> Result<()> {
        self.open(true)?;
        let (at, mut len) = (Conversion::open(w, true), 0);
        if self.first()? != b'}' {
            loop {
                self.before_key()?;
                let quote = self.cursor.pos;
                if self.scan_string()? {
                    self.cursor.pos = quote;
                    w.key(&self.text()?);
                } else {
                    w.text_key(self.between(quote));
                }
                self.colon()?;
                self.convert(w, conversion)?;
                len += 1;
                match self.first()? {
                    b',' => self.cursor.pos += 1,
                    b'}' => break,
                    _ => return Err(self.unexpected(self.cursor.pos)),
                }
            }
        }
        self.close();
        conversion.close(w, at, true, len);
        Ok(())
    }

    /// Reads past the end of a list or dictionary.
    const fn close(&mut self) {
        self.cursor.pos += 1;
        self.cursor.depth -= 1;
    }
}
