use super::{float, number::LEAST, text::find_special};
use crate::{
    codec::{base64, head::Writer, utf8::Utf8},
    serializer::Serializer,
};
use bytes::{BufMut, BytesMut};

/// Writes JSON without white space.
#[derive(Debug)]
pub(crate) struct JsonWriter<'o> {
    out: &'o mut BytesMut,
    /// Whether a comma comes before the next value or key: there is one before it in the same list or dictionary.
    follows: bool,
}

impl<'o> JsonWriter<'o> {
    pub(crate) fn new(out: &'o mut BytesMut) -> Self {
        Self { out, follows: false }
    }

    /// Writes the comma before a value or key that is not the first of its list or dictionary.
    fn comma(&mut self) {
        if self.follows {
            self.out.put_u8(b',');
        }
        self.follows = true;
    }

    fn quoted(&mut self, text: Utf8<'_>) {
        let text = text.as_bytes();
        self.out.reserve(text.len() + 2);
        self.out.put_u8(b'"');
        match find_special(text, 0) {
            special if special == text.len() => self.out.put_slice(text),
            special => self.escaped(text, special),
        }
        self.out.put_u8(b'"');
    }

    /// Text with something to escape, the first of it at `special`.
    #[cold]
    fn escaped(&mut self, text: &[u8], mut special: usize) {
        let mut plain = 0;
        loop {
            self.out.put_slice(&text[plain..special]);
            let Some(byte) = text.get(special) else { return };
            match byte {
                b'"' => self.out.put_slice(b"\\\""),
                b'\\' => self.out.put_slice(b"\\\\"),
                b'\n' => self.out.put_slice(b"\\n"),
                b'\r' => self.out.put_slice(b"\\r"),
                b'\t' => self.out.put_slice(b"\\t"),
                control => {
                    let hex = |digit: u8| b"0123456789abcdef"[usize::from(digit & 0xf)];
                    self.out.put_slice(&[
                        b'\\',
                        b'u',
                        b'0',
                        b'0',
                        hex(control >> 4),
                        hex(*control),
                    ]);
                }
            }
            plain = special + 1;
            special = find_special(text, plain);
        }
    }

    fn digits(&mut self, mut value: u64) {
        // u64::MAX has 20 digits.
        let mut digits = [0; 20];
        let mut start = digits.len();
        loop {
            start -= 1;
            digits[start] = b'0' + (value % 10) as u8;
            value /= 10;
            if value == 0 {
                break;
            }
        }
        self.out.put_slice(&digits[start..]);
    }
}

impl Writer for JsonWriter<'_> {
    fn serializer(&self) -> Serializer {
        Serializer::Json
    }

    fn null(&mut self) {
        self.comma();
        self.out.put_slice(b"null");
    }

    fn bool(&mut self, value: bool) {
        self.comma();
        self.out.put_slice(if value { b"true" } else { b"false" });
    }

    fn uint(&mut self, value: u64) {
        self.comma();
        self.digits(value);
    }

    fn nint(&mut self, n: u64) {
        self.comma();
        match n.checked_add(1) {
            Some(magnitude) => {
                self.out.put_u8(b'-');
                self.digits(magnitude);
            }
            None => self.out.put_slice(LEAST.as_bytes()),
        }
    }

    fn float(&mut self, value: f64) {
        if !value.is_finite() {
            return self.null();
        }
        self.comma();
        float::write(value, self.out);
    }

    fn text(&mut self, value: Utf8<'_>) {
        self.comma();
        self.quoted(value);
    }

    fn bytes(&mut self, value: &[u8]) {
        self.comma();
        self.out.put_slice(b"\"\\u0000");
        base64::encode(value, self.out);
        self.out.put_u8(b'"');
    }

    fn begin_list(&mut self, _len: usize) {
        self.comma();
        self.out.put_u8(b'[');
        self.follows = false;
    }

    fn end_list(&mut self) {
        self.out.put_u8(b']');
        self.follows = true;
    }

    fn begin_dict(&mut self, _len: usize) {
        self.comma();
        self.out.put_u8(b'{');
        self.follows = false;
    }

    fn text_key(&mut self, key: Utf8<'_>) {
        self.comma();
        self.quoted(key);
        self.out.put_u8(b':');
        self.follows = false;
    }

    fn end_dict(&mut self) {
        self.out.put_u8(b'}');
        self.follows = true;
    }

    #[cfg(feature = "transcode")]
    fn begin_open(&mut self, is_dict: bool) {
        if is_dict { self.begin_dict(0) } else { self.begin_list(0) }
    }

    #[cfg(feature = "transcode")]
    fn end_open(&mut self, _at: usize, is_dict: bool, _len: usize) -> bool {
        if is_dict {
            self.end_dict()
        } else {
            self.end_list()
        }
        true
    }

    fn elements(&mut self, encoded: &[u8]) {
        self.comma();
        self.out.put_slice(encoded);
    }

    #[cfg(feature = "transcode")]
    fn out(&mut self) -> &mut BytesMut {
        self.out
    }

    #[cfg(feature = "transcode")]
    fn rewind(&mut self, len: usize) {
        self.out.truncate(len);
        self.follows = !matches!(self.out.last(), None | Some(b'[' | b'{' | b':'));
    }

    fn as_dyn(&mut self) -> &mut dyn Writer {
        self
    }
}
