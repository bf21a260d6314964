//! JSON notation to the bytes of each serializer and back, by the serde crates and not by our own codec: what is tested
//! is not used to test. Binary values are strings that begin with NUL, as WAMP has it.

use bytes::Bytes;
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{MapAccess, SeqAccess, Visitor},
    ser::{SerializeMap, SerializeSeq},
};
use serde_json::{Map, Value};
use std::fmt;
use wamplex_shared::serializer::Serializer;

/// Writes a message.
///
/// # Panics
/// When the value cannot be written, which JSON always can.
#[must_use]
pub(super) fn write(serializer: Serializer, message: &Value) -> Bytes {
    let binary = Binary(message);
    match serializer {
        Serializer::Json => message.to_string().into(),
        Serializer::MsgPack => rmp_serde::to_vec(&binary).expect("JSON can be written").into(),
        Serializer::Cbor => {
            let mut bytes = Vec::new();
            ciborium::into_writer(&binary, &mut bytes).expect("JSON can be written");
            bytes.into()
        }
    }
}

/// Reads a message.
///
/// # Errors
/// What is wrong with the bytes.
pub(super) fn read(serializer: Serializer, bytes: &[u8]) -> Result<Value, String> {
    let wrong = |e: &dyn fmt::Display| format!("the router sent no {serializer}: {e}");
    match serializer {
        Serializer::Json => serde_json::from_slice(bytes).map_err(|e| wrong(&e)),
        Serializer::MsgPack => {
            rmp_serde::from_slice(bytes).map(|Owned(value)| value).map_err(|e| wrong(&e))
        }
        Serializer::Cbor => {
            ciborium::from_reader(bytes).map(|Owned(value)| value).map_err(|e| wrong(&e))
        }
    }
}

/// Bytes that are no value in this serializer.
#[must_use]
pub(super) const fn garbage(serializer: Serializer) -> Bytes {
    Bytes::from_static(match serializer {
        Serializer::Json => b"[1, ",
        // A byte that MessagePack never uses, and the end of something that has not begun.
        Serializer::MsgPack => &[0xc1],
        Serializer::Cbor => &[0xff],
    })
}

/// A JSON value that is written with real binary values.
struct Binary<'a>(&'a Value);

impl Serialize for Binary<'_> {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::String(text) => match text.strip_prefix('\0').and_then(from_base64) {
                Some(bytes) => to.serialize_bytes(&bytes),
                None => to.serialize_str(text),
            },
            Value::Array(list) => {
                let mut seq = to.serialize_seq(Some(list.len()))?;
                list.iter().try_for_each(|value| seq.serialize_element(&Binary(value)))?;
                seq.end()
            }
            Value::Object(dict) => {
                let mut map = to.serialize_map(Some(dict.len()))?;
                dict.iter()
                    .try_for_each(|(key, value)| map.serialize_entry(key, &Binary(value)))?;
                map.end()
            }
            scalar => scalar.serialize(to),
        }
    }
}

/// A JSON value that was read from real binary values.
struct Owned(Value);

impl<'de> Deserialize<'de> for Owned {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Reader).map(Self)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value that WAMP knows")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, from: D) -> Result<Value, D::Error> {
        from.deserialize_any(self)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_bytes<E>(self, value: &[u8]) -> Result<Value, E> {
        Ok(format!("\0{}", to_base64(value)).into())
    }

    fn visit_byte_buf<E>(self, value: Vec<u8>) -> Result<Value, E> {
        Ok(format!("\0{}", to_base64(&value)).into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Owned(value)) = from.next_element()? {
            list.push(value);
        }
        Ok(list.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<Value, A::Error> {
        let mut dict = Map::new();
        while let Some((key, Owned(value))) = from.next_entry::<String, _>()? {
            dict.insert(key, value);
        }
        Ok(dict.into())
    }
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fn to_base64(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let word = (0..3).fold(0, |word, i| word << 8 | u32::from(*chunk.get(i).unwrap_or(&0)));
        for i in 0..4 {
            let sextet = (word >> (18 - 6 * i)) as usize & 63;
            text.push(if i <= chunk.len() { ALPHABET[sextet].into() } else { '=' });
        }
    }
    text
}

fn from_base64(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    for chunk in text.as_bytes().chunks(4) {
        let padding = chunk.iter().filter(|c| **c == b'=').count();
        let mut word = 0;
        for c in chunk {
            let sextet = ALPHABET.iter().position(|known| known == c).unwrap_or(0);
            word = word << 6 | u32::try_from(sextet).ok()?;
        }
        bytes.extend(&word.to_be_bytes()[1..4 - padding.min(2)]);
    }
    text.len().is_multiple_of(4).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_written_is_read_again() {
        let message = json!([16, 1, {"a": true}, "t", [null, -1, u64::MAX, 1.5, "\0AAEC", "\0"]]);
        for serializer in Serializer::ALL {
            assert_eq!(read(serializer, &write(serializer, &message)), Ok(message.clone()));
            assert!(read(serializer, &garbage(serializer)).is_err());
        }
    }

    #[test]
    fn binary_values_are_binary_on_the_wire() {
        assert_eq!(write(Serializer::MsgPack, &json!("\0AAEC")), &[0xc4, 3, 0, 1, 2][..]);
        assert_eq!(write(Serializer::Cbor, &json!("\0AAEC")), &[0x43, 0, 1, 2][..]);
    }

    #[test]
    fn base64_of_every_length() {
        for (bytes, text) in [(&b""[..], ""), (b"f", "Zg=="), (b"fo", "Zm8="), (b"foo", "Zm9v")] {
            assert_eq!(to_base64(bytes), text);
            assert_eq!(from_base64(text).unwrap(), bytes);
        }
        assert_eq!(from_base64("abc"), None);
    }
}
