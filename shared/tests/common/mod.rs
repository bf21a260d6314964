//! What several tests of the codec need: a tree of values that the libraries we compare ourselves with can read and
//! write, and helpers around frames.

#![allow(dead_code, reason = "every test file uses its own part of this")]
#![allow(clippy::unwrap_used, reason = "this is a test")]
#![allow(clippy::wildcard_enum_match_arm, reason = "most values are written as the library does")]

pub(crate) mod samples;
pub(crate) mod styled;

use bytes::Bytes;
use core::fmt;
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{MapAccess, SeqAccess, Visitor},
    ser::{SerializeMap, SerializeSeq},
};
use wamplex_shared::serializer::Serializer;

/// Any value of any of the three formats, in a form of our own, so that no library's notion of a value is in the way.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Tree {
    Null,
    Bool(bool),
    Int(i128),
    Float(f64),
    Str(String),
    Bytes(Vec<u8>),
    List(Vec<Self>),
    Dict(Vec<(Self, Self)>),
}

impl Tree {
    pub(crate) fn str(text: &str) -> Self {
        Self::Str(text.into())
    }

    /// What it should be after a journey between serializers: only JSON has no infinities and no NaN.
    pub(crate) fn after(self, from: Serializer, to: Serializer) -> Self {
        match self {
            Self::Float(f) if [from, to].contains(&Serializer::Json) && !f.is_finite() => {
                Self::Null
            }
            Self::List(list) => Self::List(list.into_iter().map(|t| t.after(from, to)).collect()),
            Self::Dict(dict) => {
                Self::Dict(dict.into_iter().map(|(k, v)| (k, v.after(from, to))).collect())
            }
            other => other,
        }
    }

    /// The same without entries whose key stood before.
    pub(crate) fn unique(self) -> Self {
        match self {
            Self::List(list) => Self::List(list.into_iter().map(Self::unique).collect()),
            Self::Dict(dict) => {
                let mut unique: Vec<(Self, Self)> = Vec::new();
                for (key, value) in dict {
                    if !unique.iter().any(|(k, _)| *k == key) {
                        unique.push((key, value.unique()));
                    }
                }
                Self::Dict(unique)
            }
            other => other,
        }
    }

    /// Equal, where NaN equals NaN and zeros have signs.
    pub(crate) fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Float(a), Self::Float(b)) => {
                a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan())
            }
            (Self::List(a), Self::List(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.same(b))
            }
            (Self::Dict(a), Self::Dict(b)) => {
                a.len() == b.len()
                    && a.iter().zip(b).all(|((ka, va), (kb, vb))| ka.same(kb) && va.same(vb))
            }
            (a, b) => a == b,
        }
    }
}

impl Serialize for Tree {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => s.serialize_unit(),
            Self::Bool(value) => s.serialize_bool(*value),
            Self::Int(value) => match (u64::try_from(*value), i64::try_from(*value)) {
                (Ok(value), _) => s.serialize_u64(value),
                (_, Ok(value)) => s.serialize_i64(value),
                _ => s.serialize_i128(*value),
            },
            Self::Float(value) => s.serialize_f64(*value),
            Self::Str(value) => s.serialize_str(value),
            Self::Bytes(value) => s.serialize_bytes(value),
            Self::List(list) => {
                let mut seq = s.serialize_seq(Some(list.len()))?;
                for item in list {
                    seq.serialize_element(item)?;
                }
                seq.end()
            }
            Self::Dict(dict) => {
                let mut map = s.serialize_map(Some(dict.len()))?;
                for (key, value) in dict {
                    map.serialize_entry(key, value)?;
                }
                map.end()
            }
        }
    }
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        d.deserialize_any(TreeVisitor)
    }
}

struct TreeVisitor;

impl<'de> Visitor<'de> for TreeVisitor {
    type Value = Tree;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_unit<E>(self) -> Result<Tree, E> {
        Ok(Tree::Null)
    }

    fn visit_none<E>(self) -> Result<Tree, E> {
        Ok(Tree::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Tree, E> {
        Ok(Tree::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Tree, E> {
        Ok(Tree::Int(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Tree, E> {
        Ok(Tree::Int(value.into()))
    }

    fn visit_i128<E>(self, value: i128) -> Result<Tree, E> {
        Ok(Tree::Int(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Tree, E> {
        Ok(Tree::Float(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Tree, E> {
        Ok(Tree::str(value))
    }

    fn visit_bytes<E>(self, value: &[u8]) -> Result<Tree, E> {
        Ok(Tree::Bytes(value.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Tree, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = seq.next_element()? {
            list.push(item);
        }
        Ok(Tree::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Tree, A::Error> {
        let mut dict = Vec::new();
        while let Some(entry) = map.next_entry()? {
            dict.push(entry);
        }
        Ok(Tree::Dict(dict))
    }

    /// The kind and the data of a MessagePack extension.
    fn visit_newtype_struct<D: Deserializer<'de>>(self, d: D) -> Result<Tree, D::Error> {
        d.deserialize_any(self)
    }
}

/// What the library for this serializer writes.
pub(crate) fn oracle_write(serializer: Serializer, tree: &Tree) -> Vec<u8> {
    match serializer {
        Serializer::Json => {
            let mut out = Vec::new();
            let mut json = serde_json::Serializer::with_formatter(&mut out, Convention);
            tree.serialize(&mut json).unwrap();
            out
        }
        Serializer::MsgPack => rmp_serde::to_vec(tree).unwrap(),
        Serializer::Cbor => {
            let mut out = Vec::new();
            ciborium::into_writer(tree, &mut out).unwrap();
            out
        }
    }
}

/// What the library for this serializer reads, if it takes all of the bytes for one value.
pub(crate) fn oracle_read(serializer: Serializer, mut bytes: &[u8]) -> Option<Tree> {
    match serializer {
        Serializer::Json => serde_json::from_slice(bytes).ok().map(binary_of_convention),
        Serializer::MsgPack => {
            let tree = Tree::deserialize(&mut rmp_serde::Deserializer::new(&mut bytes)).ok();
            tree.filter(|_| bytes.is_empty())
        }
        Serializer::Cbor => {
            // Through the library's own values, since ours have no place for tags.
            let value = ciborium::from_reader::<ciborium::Value, _>(&mut bytes).ok();
            value.filter(|_| bytes.is_empty()).map(without_tags)
        }
    }
}

fn without_tags(value: ciborium::Value) -> Tree {
    use ciborium::Value;
    match value {
        Value::Null => Tree::Null,
        Value::Bool(value) => Tree::Bool(value),
        Value::Integer(value) => Tree::Int(value.into()),
        Value::Float(value) => Tree::Float(value),
        Value::Text(value) => Tree::Str(value),
        Value::Bytes(value) => Tree::Bytes(value),
        Value::Array(list) => Tree::List(list.into_iter().map(without_tags).collect()),
        Value::Map(dict) => {
            Tree::Dict(dict.into_iter().map(|(k, v)| (without_tags(k), without_tags(v))).collect())
        }
        Value::Tag(_, value) => without_tags(*value),
        other => panic!("{other:?}"),
    }
}

/// WAMP's form of binary data in JSON, from the specification and not from our codec.
struct Convention;

impl serde_json::ser::Formatter for Convention {
    fn write_byte_array<W>(&mut self, writer: &mut W, value: &[u8]) -> std::io::Result<()>
    where
        W: ?Sized + std::io::Write,
    {
        write!(writer, "\"\\u0000{}\"", slow_base64(value))
    }
}

fn binary_of_convention(tree: Tree) -> Tree {
    match tree {
        Tree::Str(text) => match text.strip_prefix('\0').and_then(slow_unbase64) {
            Some(bytes) => Tree::Bytes(bytes),
            None => Tree::Str(text),
        },
        Tree::List(list) => Tree::List(list.into_iter().map(binary_of_convention).collect()),
        Tree::Dict(dict) => {
            Tree::Dict(dict.into_iter().map(|(k, v)| (k, binary_of_convention(v))).collect())
        }
        other => other,
    }
}

const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Base64 by the definition: bits in a row, six at a time.
fn slow_base64(bytes: &[u8]) -> String {
    let bits: Vec<u8> = bytes.iter().flat_map(|b| (0..8).rev().map(move |i| b >> i & 1)).collect();
    let mut text: String = bits
        .chunks(6)
        .map(|six| {
            let value = (0..6).fold(0, |n, i| n << 1 | usize::from(*six.get(i).unwrap_or(&0)));
            char::from(LETTERS[value])
        })
        .collect();
    while !text.len().is_multiple_of(4) {
        text.push('=');
    }
    text
}

fn slow_unbase64(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(4) {
        return None;
    }
    let letters = text.strip_suffix("==").or_else(|| text.strip_suffix('=')).unwrap_or(text);
    let mut bits = Vec::new();
    for letter in letters.bytes() {
        let value = LETTERS.iter().position(|l| *l == letter)?;
        bits.extend((0..6).rev().map(|i| (value >> i & 1) as u8));
    }
    Some(bits.chunks_exact(8).map(|byte| byte.iter().fold(0, |n, b| n << 1 | b)).collect())
}

pub(crate) fn from_hex(text: &str) -> Bytes {
    (0..text.len())
        .step_by(2)
        .map(|i| u8::from_str_radix(&text[i..i + 2], 16).unwrap())
        .collect::<Vec<_>>()
        .into()
}

/// `[16, 1, {}, "a"` and these elements.
pub(crate) fn publish(serializer: Serializer, elements: usize, payload: &[u8]) -> Bytes {
    let mut frame = Vec::new();
    match serializer {
        Serializer::Json => {
            frame.extend(b"[16,1,{},\"a\"");
            if elements > 0 {
                frame.push(b',');
            }
            frame.extend(payload);
            frame.push(b']');
        }
        Serializer::MsgPack => {
            frame.extend([0x94 + elements as u8, 16, 1, 0x80, 0xa1, b'a']);
            frame.extend(payload);
        }
        Serializer::Cbor => {
            frame.extend([0x84 + elements as u8, 16, 1, 0xa0, 0x61, b'a']);
            frame.extend(payload);
        }
    }
    frame.into()
}
