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
use alloc::{collections::VecDeque, string::String};
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
        w.out().truncate(start);
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
        w.out().truncate(start);
        for key in &keys[..payload.shape().elements()] {
            w.key(key);
            w.null();
        }
    }
}

fn convert_entries(payload: &Payload, w: &mut dyn Writer, keys: [&str; 2]) -> Result<()> {
    with_reader!(payload.serializer(), payload.bytes(), 1, Allowance::unlimited(), |r| {
        let mut conversion = Conversion { payload, lengths: None, in_key: false };
        let mut elements = Items::known(payload.shape().elements() as u64, false);
        for key in &keys[..payload.shape().elements()] {
            r.more(&mut elements)?;
            w.key(key);
            if payload.serializer() == w.serializer() {
                let start = r.at();
                r.skip()?;
                w.elements(&payload.bytes()[start..r.end()]);
            } else {
                conversion.value(r, w)?;
            }
        }
        r.finish()
    })
}

fn convert(payload: &Payload, w: &mut (impl Writer + ?Sized)) -> Result<()> {
    with_reader!(payload.serializer(), payload.bytes(), 1, Allowance::unlimited(), |r| {
        let mut conversion = Conversion { payload, lengths: None, in_key: false };
        let mut elements = Items::known(payload.shape().elements() as u64, false);
        for _ in 0..payload.shape().elements() {
            r.more(&mut elements)?;
            conversion.value(r, w)?;
        }
        r.finish()
    })
}

/// A conversion under way.
struct Conversion<'p> {
    payload: &'p Payload,
    /// How long the lists and dictionaries to come are whose length is not announced. Counted when first asked for,
    /// all at once, so that nesting does not make it quadratic.
    lengths: Option<VecDeque<usize>>,
    /// Whether a key is under way that is no text.
    in_key: bool,
}

impl Conversion<'_> {
    fn value<'b>(
        &mut self,
        r: &mut (impl Reader<'b> + ?Sized),
        w: &mut (impl Writer + ?Sized),
    ) -> Result<()> {
        let token = r.next()?;
        self.token(token, r, w)
    }

    fn token<'b>(
        &mut self,
        token: Token<'b>,
        r: &mut (impl Reader<'b> + ?Sized),
        w: &mut (impl Writer + ?Sized),
    ) -> Result<()> {
        match token {
            Token::Null => w.null(),
            Token::Bool(value) => w.bool(value),
            Token::Uint(value) => w.uint(value),
            Token::Nint(n) => w.nint(n),
            Token::Float(value) => w.float(value),
            Token::Str(text) => w.str(&text),
            Token::Bytes(bytes) => w.bytes(&bytes),
            Token::List(mut items) => {
                w.begin_list(self.length(&items, w.serializer())?);
                while r.more(&mut items)? {
                    self.value(r, w)?;
                }
                w.end_list();
            }
            Token::Dict(mut items) => {
                w.begin_dict(self.length(&items, w.serializer())?);
                while r.more(&mut items)? {
                    self.key(r, w)?;
                    self.value(r, w)?;
                }
                w.end_dict();
            }
        }
        Ok(())
    }

    fn key<'b>(
        &mut self,
        r: &mut (impl Reader<'b> + ?Sized),
        w: &mut (impl Writer + ?Sized),
    ) -> Result<()> {
        match r.any_key()? {
            Token::Str(key) => w.key(&key),
            Token::Bytes(bytes) => {
                let mut text = BytesMut::from(&b"\0"[..]);
                base64::encode(&bytes, &mut text);
                w.key(&String::from_utf8_lossy(&text));
            }
            // JSON inside JSON inside JSON has twice as many backslashes at every step.
            Token::List(mut items) | Token::Dict(mut items) if self.in_key => {
                w.key(if items.is_dict { "{}" } else { "[]" });
                while r.more(&mut items)? {
                    if items.is_dict {
                        r.skip_key()?;
                    }
                    r.skip()?;
                }
            }
            token => {
                let mut text = BytesMut::new();
                // Dispatched at run time, or the compiler would make this function for JSON into JSON into JSON.
                let json: &mut dyn Writer = &mut JsonWriter::new(&mut text);
                let outer = core::mem::replace(&mut self.in_key, true);
                self.token(token, r.as_dyn(), json)?;
                self.in_key = outer;
                w.key(&String::from_utf8_lossy(&text));
            }
        }
        Ok(())
    }

    /// How many entries a list or dictionary has. JSON does not need to know.
    fn length(&mut self, items: &Items, to: Serializer) -> Result<usize> {
        if let Some(left) = items.left {
            // Announced lengths were compared with what there is to read.
            return Ok(usize::try_from(left).unwrap_or(usize::MAX));
        }
        if to == Serializer::Json {
            return Ok(0);
        }
        if self.lengths.is_none() {
            self.lengths = Some(count(self.payload)?);
        }
        Ok(self.lengths.as_mut().and_then(VecDeque::pop_front).unwrap_or(0))
    }
}

/// The lengths of all lists and dictionaries of a payload that do not announce them, in the order they begin; those
/// inside keys excepted, which become JSON.
fn count(payload: &Payload) -> Result<VecDeque<usize>> {
    let mut lengths = VecDeque::new();
    with_reader!(payload.serializer(), payload.bytes(), 1, Allowance::unlimited(), |r| {
        let mut elements = Items::known(payload.shape().elements() as u64, false);
        for _ in 0..payload.shape().elements() {
            r.more(&mut elements)?;
            count_value(r, &mut lengths)?;
        }
    });
    Ok(lengths)
}

fn count_value<'b>(
    r: &mut (impl Reader<'b> + ?Sized),
    lengths: &mut VecDeque<usize>,
) -> Result<()> {
    let Some(mut items) = r.enter_or_skip()? else {
        return Ok(());
    };
    let place = lengths.len();
    let is_open_ended = items.left.is_none();
    if is_open_ended {
        lengths.push_back(0);
    }
    let mut length = 0;
    while r.more(&mut items)? {
        length += 1;
        if items.is_dict {
            r.skip_key()?;
        }
        count_value(r, lengths)?;
    }
    if is_open_ended {
        lengths[place] = length;
    }
    Ok(())
}
