use super::{BYTES, DICT, LIST, NINT, TEXT, UINT};
use crate::{
    codec::{head::Writer, utf8::Utf8},
    serializer::Serializer,
};
use bytes::{BufMut, BytesMut};

/// Writes CBOR, every length and integer as short as can be, all lengths announced.
#[derive(Debug)]
pub(in crate::codec) struct CborWriter<'o>(pub(in crate::codec) &'o mut BytesMut);

impl CborWriter<'_> {
    fn head(&mut self, major: u8, number: u64) {
        let major = major << 5;
        match number {
            0..=23 => self.0.put_u8(major | number as u8),
            24..=0xff => self.0.put_slice(&[major | 24, number as u8]),
            0x100..=0xffff => {
                self.0.put_u8(major | 25);
                self.0.put_u16(number as u16);
            }
            0x1_0000..=0xffff_ffff => {
                self.0.put_u8(major | 26);
                self.0.put_u32(number as u32);
            }
            _ => {
                self.0.put_u8(major | 27);
                self.0.put_u64(number);
            }
        }
    }
}

impl Writer for CborWriter<'_> {
    fn serializer(&self) -> Serializer {
        Serializer::Cbor
    }

    fn null(&mut self) {
        self.0.put_u8(0xf6);
    }

    fn bool(&mut self, value: bool) {
        self.0.put_u8(0xf4 + u8::from(value));
    }

    fn uint(&mut self, value: u64) {
        self.head(UINT, value);
    }

    fn nint(&mut self, n: u64) {
        self.head(NINT, n);
    }

    fn float(&mut self, value: f64) {
        self.0.put_u8(0xfb);
        self.0.put_f64(value);
    }

    fn text(&mut self, value: Utf8<'_>) {
        let value = value.as_bytes();
        self.head(TEXT, value.len() as u64);
        self.0.put_slice(value);
    }

    fn bytes(&mut self, value: &[u8]) {
        self.head(BYTES, value.len() as u64);
        self.0.put_slice(value);
    }

    fn begin_list(&mut self, len: usize) {
        self.head(LIST, len as u64);
    }

    fn end_list(&mut self) {}

    fn begin_dict(&mut self, len: usize) {
        self.head(DICT, len as u64);
    }

    fn text_key(&mut self, key: Utf8<'_>) {
        self.text(key);
    }

    fn end_dict(&mut self) {}

    #[cfg(feature = "transcode")]
    fn begin_open(&mut self, is_dict: bool) {
        self.0.put_u8(if is_dict { DICT } else { LIST } << 5);
    }

    #[cfg(feature = "transcode")]
    fn end_open(&mut self, at: usize, _is_dict: bool, len: usize) -> bool {
        let fits = len <= 23;
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
