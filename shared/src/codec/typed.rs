//! Arguments to and from Rust types (feature `serde`).

use super::{
    check_payload,
    dispatch::with_reader,
    head::{Items, Reader},
    transcode,
};
use crate::{
    codec::allowance::Allowance,
    error::{DecodeError, WampError},
    payload::{Payload, PayloadShape},
    serializer::Serializer,
    uris,
    value::{Dict, Value},
};
use alloc::{boxed::Box, format};
use bytes::{BufMut, Bytes, BytesMut};
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{DeserializeOwned, IgnoredAny, SeqAccess, Visitor},
};
use std::io;

/// Arguments that do not fit a Rust type, or the other way round.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PayloadError {
    /// The type could not be written in this serializer.
    #[error("the arguments cannot be written in {serializer}")]
    Write {
        /// What they were to be written in.
        serializer: Serializer,
        /// What its library says.
        #[source]
        source: Source,
    },
    /// What was written is no payload: positional arguments must become a list, keyword arguments a dictionary.
    #[error("the arguments do not make a payload")]
    Shape(#[source] DecodeError),
    /// The arguments that came are not of this type.
    #[error("the arguments are not of the expected type")]
    Read {
        /// What they are written in.
        serializer: Serializer,
        /// What its library says.
        #[source]
        source: Source,
    },
}

type Source = Box<dyn core::error::Error + Send + Sync>;

impl Payload {
    /// Writes arguments of Rust types: `args` has to become a list (a tuple, array, `Vec`, slice; `()` means none),
    /// `kwargs` a dictionary (a struct or map).
    ///
    /// Types that serialize as bytes become binary data, in JSON too.
    ///
    /// # Errors
    /// A type that its serializer cannot write, or that becomes something else than a list or dictionary.
    ///
    /// ```
    /// use wamplex_shared::{payload::Payload, serializer::Serializer};
    /// let payload = Payload::encode(Serializer::Json, &("hi", 7), None::<&()>)?;
    /// assert_eq!(payload.bytes(), &br#"["hi",7]"#[..]);
    /// let (text, number): (String, u8) = payload.args()?;
    /// assert_eq!((&*text, number), ("hi", 7));
    /// # Ok::<(), wamplex_shared::codec::PayloadError>(())
    /// ```
    pub fn encode<A, K>(
        serializer: Serializer,
        args: &A,
        kwargs: Option<&K>,
    ) -> Result<Self, PayloadError>
    where
        A: Serialize + ?Sized,
        K: Serialize + ?Sized,
    {
        let wrong = |source| PayloadError::Write { serializer, source };
        let mut out = BytesMut::new();
        write(serializer, args, &mut out).map_err(wrong)?;
        if out == null(serializer) {
            out.clear();
            out.put_slice(empty_list(serializer));
        }
        let shape = match kwargs {
            None if out == empty_list(serializer) => return Ok(Self::NONE),
            None => PayloadShape::Args,
            Some(kwargs) => {
                if serializer == Serializer::Json {
                    out.put_u8(b',');
                }
                write(serializer, kwargs, &mut out).map_err(wrong)?;
                PayloadShape::ArgsKwargs
            }
        };
        check_payload(serializer, shape, &out.freeze()).map_err(PayloadError::Shape)
    }

    /// The positional arguments as a Rust type, such as a tuple; an empty list if there are none. All of them: a tuple
    /// that is shorter does not fit.
    ///
    /// # Errors
    /// They are not of this type.
    pub fn args<T: DeserializeOwned>(&self) -> Result<T, PayloadError> {
        let serializer = self.serializer();
        let args = match self.shape() {
            PayloadShape::None => Bytes::new(),
            PayloadShape::Args => self.bytes().clone(),
            PayloadShape::ArgsKwargs => self.split()?.0,
            PayloadShape::Bare => list_of_one(serializer, self.bytes()),
        };
        if args.is_empty() || args == empty_list(serializer) {
            // `()` and options mean no arguments too, but do not read from an empty list.
            return read(serializer, empty_list(serializer))
                .or_else(|e| read(serializer, null(serializer)).map_err(|_| e));
        }
        read(serializer, &args).map(|Whole(args)| args)
    }

    /// The keyword arguments as a Rust type, such as a struct; an empty dictionary if there are none.
    ///
    /// # Errors
    /// They are not of this type.
    pub fn kwargs<T: DeserializeOwned>(&self) -> Result<T, PayloadError> {
        let serializer = self.serializer();
        let kwargs = match self.shape() {
            PayloadShape::ArgsKwargs => self.split()?.1,
            PayloadShape::None | PayloadShape::Args | PayloadShape::Bare => Bytes::new(),
        };
        if kwargs.is_empty() {
            return read(serializer, empty_dict(serializer))
                .or_else(|e| read(serializer, null(serializer)).map_err(|_| e));
        }
        read(serializer, &kwargs)
    }

    /// The positional arguments of `args` together with the keyword arguments of `kwargs`, in the serializer of the
    /// latter.
    ///
    /// # Errors
    /// One of them was made with [`from_encoded`](Self::from_encoded) and is not what it claims to be.
    pub fn join(args: &Self, kwargs: &Self) -> Result<Self, PayloadError> {
        if kwargs.shape() != PayloadShape::ArgsKwargs {
            return Ok(args.clone());
        }
        let serializer = kwargs.serializer();
        let args = transcode(args, serializer);
        let mut out = BytesMut::from(&*match args.shape() {
            PayloadShape::None => Bytes::from_static(empty_list(serializer)),
            PayloadShape::Args => args.bytes().clone(),
            PayloadShape::ArgsKwargs => args.split()?.0,
            PayloadShape::Bare => list_of_one(serializer, args.bytes()),
        });
        if serializer == Serializer::Json {
            out.put_u8(b',');
        }
        out.put_slice(&kwargs.split()?.1);
        Ok(Self::from_encoded(serializer, PayloadShape::ArgsKwargs, out.freeze()))
    }

    /// The bytes of the positional arguments and those of the keyword arguments.
    fn split(&self) -> Result<(Bytes, Bytes), PayloadError> {
        let bytes = self.bytes();
        let place = || -> super::head::Result<(usize, usize)> {
            with_reader!(self.serializer(), bytes, 1, Allowance::unlimited(), |r| {
                let mut elements = Items::known(2, false);
                r.more(&mut elements)?;
                r.skip()?;
                let end = r.end();
                r.more(&mut elements)?;
                Ok((end, r.at()))
            })
        };
        let (end, start) = place().map_err(|e| PayloadError::Shape(*e))?;
        Ok((bytes.slice(..end), bytes.slice(start..)))
    }
}

/// What an application writes an error in when it does not know the session it goes to: it can express the most.
const ERROR_SERIALIZER: Serializer = Serializer::Cbor;

impl WampError {
    /// The same error with these positional arguments: a tuple or a list.
    ///
    /// # Errors
    /// As [`Payload::encode`].
    pub fn with_args<A: Serialize>(self, args: A) -> Result<Self, PayloadError> {
        let args = Payload::encode(ERROR_SERIALIZER, &args, None::<&()>)?;
        let payload = Payload::join(&args, &self.payload)?;
        Ok(self.with_payload(payload))
    }

    /// The same error with these keyword arguments: a struct or a map.
    ///
    /// # Errors
    /// As [`Payload::encode`].
    pub fn with_kwargs<K: Serialize>(self, kwargs: K) -> Result<Self, PayloadError> {
        let kwargs = Payload::encode(ERROR_SERIALIZER, &(), Some(&kwargs))?;
        let payload = Payload::join(&self.payload, &kwargs)?;
        Ok(self.with_payload(payload))
    }

    /// The positional arguments as a Rust type, such as a tuple.
    ///
    /// # Errors
    /// They are not of this type.
    pub fn args<T: DeserializeOwned>(&self) -> Result<T, PayloadError> {
        self.payload.args()
    }

    /// The keyword arguments as a Rust type, such as a struct.
    ///
    /// # Errors
    /// They are not of this type.
    pub fn kwargs<T: DeserializeOwned>(&self) -> Result<T, PayloadError> {
        self.payload.kwargs()
    }
}

impl PayloadError {
    /// The predefined error that says the same to a caller: what it sent is of the wrong type, or what is to be
    /// answered cannot be written.
    #[must_use]
    pub const fn uri(&self) -> &'static str {
        match self {
            Self::Read { .. } => uris::error::INVALID_ARGUMENT,
            Self::Write { .. } | Self::Shape(_) => uris::error::RUNTIME_ERROR,
        }
    }
}

impl From<PayloadError> for WampError {
    fn from(error: PayloadError) -> Self {
        let cause = core::error::Error::source(&error).map(ToString::to_string);
        let words = format!("{error}: {}", cause.unwrap_or_default());
        let answer = Self::new(error.uri());
        answer.clone().with_args((words,)).unwrap_or(answer)
    }
}

fn write<T: Serialize + ?Sized>(
    serializer: Serializer,
    value: &T,
    out: &mut BytesMut,
) -> Result<(), Source> {
    match serializer {
        Serializer::Json => {
            let mut to = serde_json::Serializer::with_formatter(out.writer(), BinaryAsText);
            value.serialize(&mut to)?;
        }
        Serializer::MsgPack => {
            let mut to = rmp_serde::Serializer::new(out.writer()).with_struct_map();
            value.serialize(&mut to)?;
        }
        Serializer::Cbor => ciborium::into_writer(value, out.writer())?,
    }
    Ok(())
}

fn read<T: DeserializeOwned>(serializer: Serializer, bytes: &[u8]) -> Result<T, PayloadError> {
    let value: Result<T, Source> = match serializer {
        // The library would give types that expect bytes the characters of the base64.
        Serializer::Json if may_have_binary(bytes) => read_converted(serializer, bytes),
        Serializer::Json => serde_json::from_slice(bytes).map_err(Into::into),
        Serializer::MsgPack => rmp_serde::from_slice(bytes).map_err(Into::into),
        Serializer::Cbor => ciborium::from_reader(bytes).map_err(Into::into),
    };
    value.or_else(|source| {
        read_alike(serializer, bytes).ok_or(PayloadError::Read { serializer, source })
    })
}

/// Reads integers as floats and floats without a fraction as integers, where that makes a difference.
///
/// JavaScript does not tell them apart: 1.0 may come as an integer, and a large integer as a float.
fn read_alike<T: DeserializeOwned>(serializer: Serializer, bytes: &[u8]) -> Option<T> {
    let list = list_of_one(serializer, bytes);
    let list = Payload::from_encoded(serializer, PayloadShape::Args, list);
    let mut values = super::read_values(&list).ok()?.0;
    values.iter_mut().for_each(make_integers);
    let list = super::write_values(Serializer::MsgPack, &values, &Dict::new());
    // Behind the one byte that makes it a list of one.
    rmp_serde::from_slice(list.bytes().get(1..)?).ok()
}

fn make_integers(value: &mut Value) {
    match value {
        Value::Float(float) => {
            // Up to here every integer has a float of its own.
            const LIMIT: f64 = (1_u64 << f64::MANTISSA_DIGITS) as f64;
            if float.fract() == 0.0 && float.abs() <= LIMIT {
                *value = Value::Int(*float as i64);
            }
        }
        Value::List(list) => list.iter_mut().for_each(make_integers),
        Value::Dict(dict) => dict.iter_mut().for_each(|(_, value)| make_integers(value)),
        Value::Null
        | Value::Bool(_)
        | Value::Int(_)
        | Value::UInt(_)
        | Value::Str(_)
        | Value::Bytes(_) => {}
    }
}

/// Reads by way of MessagePack.
fn read_converted<T: DeserializeOwned>(serializer: Serializer, bytes: &[u8]) -> Result<T, Source> {
    let bytes = Bytes::copy_from_slice(bytes);
    let payload = Payload::from_encoded(serializer, PayloadShape::Args, bytes);
    let converted = transcode(&payload, Serializer::MsgPack);
    rmp_serde::from_slice(converted.bytes()).map_err(Into::into)
}

/// Whether there may be binary data in this JSON: it begins with an escaped NUL.
fn may_have_binary(json: &[u8]) -> bool {
    json.split(|b| *b == b'\\').skip(1).any(|escape| escape.starts_with(b"u0000"))
}

/// Writes what serializes as bytes the way WAMP wants it ("WAMP: Binary Data in JSON").
struct BinaryAsText;

impl serde_json::ser::Formatter for BinaryAsText {
    fn write_byte_array<W>(&mut self, writer: &mut W, value: &[u8]) -> io::Result<()>
    where
        W: ?Sized + io::Write,
    {
        let mut text = BytesMut::new();
        super::base64::encode(value, &mut text);
        writer.write_all(b"\"\\u0000")?;
        writer.write_all(&text)?;
        writer.write_all(b"\"")
    }
}

/// A list of which every element was read. The libraries do not agree on whether a tuple may leave some out.
struct Whole<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Whole<T> {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        T::deserialize(WholeList(d)).map(Self)
    }
}

/// Passes on what a list is read as, and looks whether the list is over.
struct WholeList<D>(D);

impl<'de, D: Deserializer<'de>> Deserializer<'de> for WholeList<D> {
    type Error = D::Error;

    fn deserialize_any<V: Visitor<'de>>(self, v: V) -> Result<V::Value, D::Error> {
        self.0.deserialize_any(WholeList(v))
    }

    fn deserialize_seq<V: Visitor<'de>>(self, v: V) -> Result<V::Value, D::Error> {
        self.0.deserialize_seq(WholeList(v))
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, len: usize, v: V) -> Result<V::Value, D::Error> {
        self.0.deserialize_tuple(len, WholeList(v))
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        len: usize,
        v: V,
    ) -> Result<V::Value, D::Error> {
        self.0.deserialize_tuple_struct(name, len, WholeList(v))
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        v: V,
    ) -> Result<V::Value, D::Error> {
        self.0.deserialize_newtype_struct(name, WholeList(v))
    }

    fn deserialize_option<V: Visitor<'de>>(self, v: V) -> Result<V::Value, D::Error> {
        self.0.deserialize_option(WholeList(v))
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct map
        struct enum identifier ignored_any
    }
}

impl<'de, V: Visitor<'de>> Visitor<'de> for WholeList<V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.0.expecting(f)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<V::Value, A::Error> {
        let value = self.0.visit_seq(&mut list)?;
        match list.next_element::<IgnoredAny>()? {
            None => Ok(value),
            Some(_) => Err(serde::de::Error::custom("there are more arguments than expected")),
        }
    }

    fn visit_some<D: Deserializer<'de>>(self, d: D) -> Result<V::Value, D::Error> {
        self.0.visit_some(WholeList(d))
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, d: D) -> Result<V::Value, D::Error> {
        self.0.visit_newtype_struct(WholeList(d))
    }
}

const fn null(serializer: Serializer) -> &'static [u8] {
    match serializer {
        Serializer::Json => b"null",
        Serializer::MsgPack => &[0xc0],
        Serializer::Cbor => &[0xf6],
    }
}

const fn empty_list(serializer: Serializer) -> &'static [u8] {
    match serializer {
        Serializer::Json => b"[]",
        Serializer::MsgPack => &[0x90],
        Serializer::Cbor => &[0x80],
    }
}

const fn empty_dict(serializer: Serializer) -> &'static [u8] {
    match serializer {
        Serializer::Json => b"{}",
        Serializer::MsgPack => &[0x80],
        Serializer::Cbor => &[0xa0],
    }
}

fn list_of_one(serializer: Serializer, element: &[u8]) -> Bytes {
    let (before, after): (u8, &[u8]) = match serializer {
        Serializer::Json => (b'[', b"]"),
        Serializer::MsgPack => (0x91, b""),
        Serializer::Cbor => (0x81, b""),
    };
    let mut list = BytesMut::with_capacity(element.len() + 2);
    list.put_u8(before);
    list.put_slice(element);
    list.put_slice(after);
    list.freeze()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[test]
    fn integers_and_floats_without_a_fraction_are_read_as_what_is_asked_for() {
        #[derive(Debug, PartialEq, Deserialize)]
        struct Kwargs {
            time: u64,
            ratio: f64,
        }
        for serializer in Serializer::ALL {
            let kwargs = [("time", 1_700_000_000_000.0), ("ratio", 1.0)];
            let kwargs: std::collections::BTreeMap<_, _> = kwargs.into_iter().collect();
            let payload = Payload::encode(serializer, &(1, -2.0, 0.5), Some(&kwargs)).unwrap();
            let (a, b, c) = payload.args::<(f64, i64, f64)>().unwrap();
            assert_eq!((a, b, c), (1.0, -2, 0.5), "{serializer}");
            let kwargs = payload.kwargs::<Kwargs>().unwrap();
            assert_eq!(kwargs, Kwargs { time: 1_700_000_000_000, ratio: 1.0 }, "{serializer}");
            assert!(payload.args::<(f64, i64, i64)>().is_err(), "{serializer}: 0.5 is no integer");
            assert!(payload.args::<(f64, u64, f64)>().is_err(), "{serializer}: -2 has a sign");
        }
    }

    #[test]
    fn an_error_takes_positional_and_keyword_arguments_in_either_order() {
        let kwargs = std::collections::BTreeMap::from([("k", 1)]);
        let one = WampError::new("a.b").with_args((7, "x")).unwrap().with_kwargs(&kwargs).unwrap();
        let other =
            WampError::new("a.b").with_kwargs(&kwargs).unwrap().with_args((7, "x")).unwrap();
        assert_eq!(one, other);
        assert_eq!(one.args::<(u8, String)>().unwrap(), (7, "x".to_owned()));
        let json = transcode(&one.payload, Serializer::Json);
        assert_eq!(json.bytes(), &br#"[7,"x"],{"k":1}"#[..]);
        let joined = Payload::join(&json, &transcode(&one.payload, Serializer::MsgPack)).unwrap();
        assert_eq!(joined, transcode(&one.payload, Serializer::MsgPack));
    }
}
