use crate::{
    codec::{head::Writer, utf8::Utf8},
    serializer::Serializer,
};
use bytes::{BufMut, BytesMut};

/// Writes MessagePack, every length and integer as short as can be.
#[derive(Debug)]
pub(in crate::codec) struct MsgPackWriter<'o>(pub(in crate::codec) &'o mut BytesMut);

impl MsgPackWriter<'_> {
    /// The first byte and the length of something whose length has 1, 2 or 4 bytes. Where the format has no form for
    /// 1 byte, `first` is that of the form for 2 bytes less one.
    fn length(&mut self, first: u8, has_short: bool, len: usize) {
        if let (true, Ok(len)) = (has_short, u8::try_from(len)) {
            self.0.put_slice(&[first, len]);
        } else if let Ok(len) = u16::try_from(len) {
            self.0.put_u8(first + 1);
            self.0.put_u16(len);
        } else {
            self.0.put_u8(first + 2);
            // No message comes near 4 GiB: the longest a transport carries has 16 MiB.
            self.0.put_u32(len as u32);
        }
    }
}

impl Writer for MsgPackWriter<'_> {
    fn serializer(&self) -> Serializer {
        Serializer::MsgPack
    }

    fn null(&mut self) {
        self.0.put_u8(0xc0);
    }

    fn bool(&mut self, value: bool) {
        self.0.put_u8(0xc2 + u8::from(value));
    }

    fn uint(&mut self, value: u64) {
        match value {
            0..=0x7f => self.0.put_u8(value as u8),
            0x80..=0xff => self.0.put_slice(&[0xcc, value as u8]),
            0x100..=0xffff => {
                self.0.put_u8(0xcd);
                self.0.put_u16(value as u16);
            }
            0x1_0000..=0xffff_ffff => {
                self.0.put_u8(0xce);
                self.0.put_u32(value as u32);
            }
            _ => {
                self.0.put_u8(0xcf);
                self.0.put_u64(value);
            }
        }
    }

    fn nint(&mut self, n: u64) {
        // In two's complement -1 - n is the same as all bits of n turned over.
        match n {
            0..=0x1f => self.0.put_u8(!(n as u8)),
            0x20..=0x7f => self.0.put_slice(&[0xd0, !(n as u8)]),
            0x80..=0x7fff => {
                self.0.put_u8(0xd1);
                self.0.put_u16(!(n as u16));
            }
            0x8000..=0x7fff_ffff => {
                self.0.put_u8(0xd2);
                self.0.put_u32(!(n as u32));
            }
            0x8000_0000..=0x7fff_ffff_ffff_ffff => {
                self.0.put_u8(0xd3);
                self.0.put_u64(!n);
            }
            _ => self.float(-1.0 - n as f64),
        }
    }

    fn float(&mut self, value: f64) {
        self.0.put_u8(0xcb);
        self.0.put_f64(value);
    }

    fn text(&mut self, value: Utf8<'_>) {
        let value = value.as_bytes();
        match value.len() {
            len @ 0..=31 => self.0.put_u8(0xa0 | len as u8),
            len => self.length(0xd9, true, len),
        }
        self.0.put_slice(value);
    }

    fn bytes(&mut self, value: &[u8]) {
        self.length(0xc4, true, value.len());
        self.0.put_slice(value);
    }

    fn begin_list(&mut self, len: usize) {
        match len {
            0..=15 => self.0.put_u8(0x90 | len as u8),
            _ => self.length(0xdb, false, len),
        }
    }

    fn end_list(&mut self) {}

    fn begin_dict(&mut self, len: usize) {
        match len {
            0..=15 => self.0.put_u8(0x80 | len as u8),
            _ => self.length(0xdd, false, len),
        }
    }

    fn text_key(&mut self, key: Utf8<'_>) {
        self.text(key);
    }

    fn end_dict(&mut self) {}

    #[cfg(feature = "transcode")]
    fn begin_open(&mut self, is_dict: bool) {
        self.0.put_u8(if is_dict { 0x80 } else { 0x90 });
    }

    #[cfg(feature = "transcode")]
    fn end_open(&mut self, at: usize, _is_dict: bool, len: usize) -> bool {
        let fits = len <= 15;
        if fits && let Some(first) = self.0.get_mut(at) {
            *first |= len as u8;
        }
        fits
    }

    fn elements(&mut self, encoded: &[u8]) {
        self.0.put_slice(encoded);
    }

    #[cfg(feature = "transcode")]
    fn out(&mut self) -> &mut BytesMut {
        self.0
    }

    fn as_dyn(&mut self) -> &mut dyn Writer {
        self
    }
}
