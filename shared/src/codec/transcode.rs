//! Arguments from one serializer to another, without a tree of values in between.
//!
//! The conversion is total: there is no well-formed payload it refuses. What one format has and another has not
//! becomes something near to it:
//!
//! | from | to JSON | to MessagePack | to CBOR |
//! |---|---|---|---|
//! | integers that fit 64 bits (CBOR: -2^64 to 2^64 - 1) | the same | the same; a float below -2^63 | the same |
//! | JSON integers of more than 64 bits, `-0` | | float64 | float64 |
//! | float16, float32, float64 | shortest decimal form, always with a point or an exponent | float64 | float64 |
//! | NaN and infinities | `null` | the same | the same |
//! | JSON numbers too large for a float64 | | infinity | infinity |
//! | text | the same | the same | the same |
//! | binary data | `"\u0000"` and base64 | bin | byte string |
//! | JSON text of NUL and valid base64 | | bin | byte string |
//! | MessagePack extension types | as binary data, without their type | | byte string, without their type |
//! | CBOR tags | dropped, what they mark stays | dropped | |
//! | CBOR bignums | integer if it fits 64 bits, else float | the same | |
//! | CBOR undefined and unassigned simple values | `null` | nil | |
//! | lists, dictionaries, strings of indefinite length | of known length | of known length | of known length |
//! | keys that are not text | their JSON as text, binary data as NUL and base64 | the same | the same |
//! | lists and dictionaries as keys inside such keys | `"[]"`, `"{}"` | the same | the same |
//! | keys that stand twice | pass | pass | pass |
//!
//! So text that begins with NUL and happens to go on in base64 arrives as binary data once it has crossed JSON: that
//! is the price of the specification's convention ("WAMP: Binary Data in JSON").

use super::{
    allowance::Allowance,
    base64,
    dispatch::{with_reader, with_writer},
    head::{Items, Reader, Result, Token, Writer},
    json::JsonWriter,
};
use crate::{
    payload::{Payload, PayloadShape},
    serializer::Serializer,
};
use alloc::{string::String, vec::Vec};
use bytes::BytesMut;

/// The same arguments in another serializer. Costs a reference count if they are written in it already.
///
/// See the [module](self) for what becomes of what. Bytes that are no payload at all, which decoding never lets in,
/// become empty arguments of the same shape.
#[must_use]
pub fn transcode(payload: &Payload, to: Serializer) -> Payload {
    if payload.serializer() == to || payload.is_none() {
        return payload.clone();
    }
    let mut out = BytesMut::with_capacity(payload.bytes().len() * 5 / 4 + 16);
    with_writer!(to, &mut out, |w| write_converted(w, payload));
    Payload::from_encoded(to, payload.shape(), out.freeze())
}

/// Appends the elements of a payload in another serializer.
pub(super) fn write_converted(w: &mut (impl Writer + ?Sized), payload: &Payload) {
    let start = w.out().len();
    if convert(payload, w).is_err() {
        w.rewind(start);
        match payload.shape() {
            PayloadShape::None => {}
            PayloadShape::Bare => w.bytes(&[]),
            shape @ (PayloadShape::Args | PayloadShape::ArgsKwargs) => {
                w.begin_list(0);
                w.end_list();
                if shape == PayloadShape::ArgsKwargs {
                    w.begin_dict(0);
                    w.end_dict();
                }
            }
        }
    }
}

/// Writes the elements of a payload as entries of a dictionary, under one key each.
pub(super) fn write_entries(w: &mut dyn Writer, payload: &Payload, keys: [&str; 2]) {
    let start = w.out().len();
    if convert_entries(payload, w, keys).is_err() {
        w.rewind(start);
        for key in &keys[..payload.shape().elements()] {
            w.key(key);
            w.null();
        }
    }
}

fn convert_entries(payload: &Payload, w: &mut dyn Writer, keys: [&str; 2]) -> Result<()> {
    let mut conversion = Conversion::begin(w);
    with_reader!(payload.serializer(), payload.bytes(), 1, Allowance::unlimited(), |r| {
        let mut elements = Items::known(payload.shape().elements() as u64, false);
        for key in &keys[..payload.shape().elements()] {
            r.more(&mut elements)?;
            w.key(key);
            if payload.serializer() == w.serializer() {
                let start = r.at();
                r.skip()?;
                w.elements(&payload.bytes()[start..r.end()]);
            } else {
                r.convert(w, &mut conversion)?;
            }
        }
        r.finish()?;
    });
    conversion.finish(w);
    Ok(())
}

fn convert(payload: &Payload, w: &mut (impl Writer + ?Sized)) -> Result<()> {
    let mut conversion = Conversion::begin(w);
    with_reader!(payload.serializer(), payload.bytes(), 1, Allowance::unlimited(), |r| {
        let mut elements = Items::known(payload.shape().elements() as u64, false);
        for _ in 0..payload.shape().elements() {
            r.more(&mut elements)?;
            #[cfg(not(target_arch = "wasm32"))]
            r.convert(w, &mut conversion)?;
            #[cfg(target_arch = "wasm32")]
            r.convert(w.as_dyn(), &mut conversion)?;
        }
        r.finish()?;
    });
    conversion.finish(w);
    Ok(())
}

/// A conversion under way: what has to be put right at its end.
///
/// A format that begins lists with their length gets one byte for it while the length is not known. That is enough for
/// most lists; where it is not, the output is copied once at the end, with longer beginnings. So nothing is read twice,
/// and nesting does not make it quadratic.
#[derive(Debug)]
pub(super) struct Conversion {
    /// Where in the output it began.
    start: usize,
    /// The lists and dictionaries whose length does not fit where they begin, in the order they ended.
    long: Vec<Long>,
}

#[derive(Debug)]
struct Long {
    at: usize,
    is_dict: bool,
    len: usize,
}

impl Conversion {
    fn begin(w: &mut (impl Writer + ?Sized)) -> Self {
        Self { start: w.out().len(), long: Vec::new() }
    }

    /// Begins a list or dictionary of unknown length. Returns its place, for [`close`](Self::close).
    #[inline]
    pub(super) fn open(w: &mut (impl Writer + ?Sized), is_dict: bool) -> usize {
        let at = w.out().len();
        w.begin_open(is_dict);
        at
    }

    /// Ends a list or dictionary of which it is known by now how many entries it has.
    #[inline]
    pub(super) fn close(
        &mut self,
        w: &mut (impl Writer + ?Sized),
        at: usize,
        is_dict: bool,
        len: usize,
    ) {
        if !w.end_open(at, is_dict, len) {
            self.long.push(Long { at, is_dict, len });
        }
    }

    fn finish(mut self, w: &mut (impl Writer + ?Sized)) {
        if self.long.is_empty() {
            return;
        }
        self.long.sort_unstable_by_key(|long| long.at);
        let written = w.out()[self.start..].to_vec();
        w.rewind(self.start);
        let mut done = 0;
        for Long { at, is_dict, len } in self.long {
            let at = at - self.start;
            w.elements(&written[done..at]);
            if is_dict {
                w.begin_dict(len)
            } else {
                w.begin_list(len)
            }
            done = at + 1;
        }
        w.elements(&written[done..]);
    }
}

/// Writes a value that is no list and no dictionary.
pub(super) fn write_scalar(w: &mut (impl Writer + ?Sized), token: &Token<'_>) {
    match token {
        Token::Bool(value) => w.bool(*value),
        Token::Uint(value) => w.uint(*value),
        Token::Nint(n) => w.nint(*n),
        Token::Float(value) => w.float(*value),
        Token::Str(text) => w.str(text),
        Token::Bytes(bytes) => w.bytes(bytes),
        Token::Null | Token::List(_) | Token::Dict(_) => w.null(),
    }
}

/// Reads a key that may be no text, and writes it as text: its JSON, or NUL and base64.
#[cold]
pub(super) fn convert_key(r: &mut dyn Reader<'_>, w: &mut dyn Writer) -> Result<()> {
    match r.any_key()? {
        Token::Str(key) => w.key(&key),
        Token::Bytes(bytes) => w.key(&as_text(&bytes)),
        token => {
            let mut text = BytesMut::new();
            write_json(token, r, &mut JsonWriter::new(&mut text))?;
            w.key(&String::from_utf8_lossy(&text));
        }
    }
    Ok(())
}

/// Binary data as it stands in JSON.
fn as_text(bytes: &[u8]) -> String {
    let mut text = BytesMut::from(&b"\0"[..]);
    base64::encode(bytes, &mut text);
    String::from_utf8_lossy(&text).into_owned()
}

/// Writes a value that is a key or in a key.
fn write_json(token: Token<'_>, r: &mut dyn Reader<'_>, json: &mut JsonWriter<'_>) -> Result<()> {
    match token {
        Token::List(mut items) => {
            json.begin_list(0);
            while r.more(&mut items)? {
                let token = r.next()?;
                write_json(token, r, json)?;
            }
            json.end_list();
        }
        Token::Dict(mut items) => {
            json.begin_dict(0);
            while r.more(&mut items)? {
                write_inner_key(r, json)?;
                let token = r.next()?;
                write_json(token, r, json)?;
            }
            json.end_dict();
        }
        scalar => write_scalar(json, &scalar),
    }
    Ok(())
}

/// Writes a key in a key.
fn write_inner_key(r: &mut dyn Reader<'_>, json: &mut JsonWriter<'_>) -> Result<()> {
    match r.any_key()? {
        Token::Str(key) => json.key(&key),
        Token::Bytes(bytes) => json.key(&as_text(&bytes)),
        // JSON inside JSON inside JSON has twice as many backslashes at every step.
        Token::List(mut items) | Token::Dict(mut items) => {
            json.key(if items.is_dict { "{}" } else { "[]" });
            while r.more(&mut items)? {
                if items.is_dict {
                    r.skip_key()?;
                }
                r.skip()?;
            }
        }
        scalar => {
            let mut text = BytesMut::new();
            write_scalar(&mut JsonWriter::new(&mut text), &scalar);
            json.key(&String::from_utf8_lossy(&text));
        }
    }
    Ok(())
}
