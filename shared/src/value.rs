//! Decoded values, for options and details only: a payload stays bytes until an application asks for more.

use alloc::{string::String, vec::Vec};
use bytes::Bytes;
use bytestring::ByteString;

/// A value that any of the three serializers can write.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Value {
    /// Nothing.
    #[default]
    Null,
    /// True or false.
    Bool(bool),
    /// An integer that fits 64 bits with a sign.
    Int(i64),
    /// An integer above `i64::MAX`. Smaller ones are always [`Int`](Self::Int), so that equal numbers are equal values.
    UInt(u64),
    /// A number with a fraction or an exponent.
    Float(f64),
    /// Text.
    Str(ByteString),
    /// Binary data.
    Bytes(Bytes),
    /// A list.
    List(List),
    /// A dictionary with string keys.
    Dict(Dict),
}

/// A list of values.
pub type List = Vec<Value>;

/// A dictionary of values under unique string keys, in the order they were written.
///
/// Look-ups walk it, since the dictionaries of options and details are short: decoding refuses more than
/// [`Dict::MAX_ENTRIES`].
#[derive(Clone, Debug, Default)]
pub struct Dict(Vec<(ByteString, Value)>);

impl Dict {
    /// The most entries that decoding takes in one dictionary of options or details.
    pub const MAX_ENTRIES: usize = 1000;

    /// A dictionary without entries; allocates nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// How many entries it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether it has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The value under `key`.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.0.iter().find(|(k, _)| k == key).map(|(_, v)| v)
    }

    /// Puts `value` under `key` and returns what was there.
    pub fn insert(&mut self, key: impl Into<ByteString>, value: impl Into<Value>) -> Option<Value> {
        let (key, value) = (key.into(), value.into());
        if let Some((_, old)) = self.0.iter_mut().find(|(k, _)| *k == key) {
            return Some(core::mem::replace(old, value));
        }
        self.0.push((key, value));
        None
    }

    /// Takes out the value under `key`.
    pub fn remove(&mut self, key: &str) -> Option<Value> {
        let at = self.0.iter().position(|(k, _)| k == key)?;
        Some(self.0.remove(at).1)
    }

    /// The entries in the order they were written.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &Value)> {
        self.0.iter().map(|(k, v)| (&**k, v))
    }

    /// The entries in the order they were written, with values to change.
    pub fn iter_mut(&mut self) -> impl ExactSizeIterator<Item = (&str, &mut Value)> {
        self.0.iter_mut().map(|(k, v)| (&**k, v))
    }

    /// The dictionary of entries whose keys are known to differ. For decoders, which check that themselves.
    pub(crate) const fn from_unique(entries: Vec<(ByteString, Value)>) -> Self {
        Self(entries)
    }
}

impl PartialEq for Dict {
    /// Two dictionaries are equal when they have the same entries, in whatever order.
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().all(|(k, v)| other.get(k) == Some(v))
    }
}

impl IntoIterator for Dict {
    type Item = (ByteString, Value);
    type IntoIter = alloc::vec::IntoIter<Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<K: Into<ByteString>, V: Into<Value>> FromIterator<(K, V)> for Dict {
    /// Collects entries; of several with the same key the last one stays.
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        let mut dict = Self::new();
        for (key, value) in entries {
            dict.insert(key, value);
        }
        dict
    }
}

impl Value {
    /// The text, if it is text.
    #[must_use]
    pub const fn as_str(&self) -> Option<&ByteString> {
        if let Self::Str(s) = self { Some(s) } else { None }
    }

    /// The truth value, if it is one.
    #[must_use]
    pub const fn as_bool(&self) -> Option<bool> {
        if let Self::Bool(b) = self { Some(*b) } else { None }
    }

    /// The number, if it is an integer from 0 to `u64::MAX`.
    #[must_use]
    pub fn as_u64(&self) -> Option<u64> {
        if let Self::UInt(n) = self {
            return Some(*n);
        }
        if let Self::Int(n) = self { u64::try_from(*n).ok() } else { None }
    }

    /// The list, if it is one.
    #[must_use]
    pub fn as_list(&self) -> Option<&[Self]> {
        if let Self::List(list) = self { Some(list) } else { None }
    }

    /// The dictionary, if it is one.
    #[must_use]
    pub const fn as_dict(&self) -> Option<&Dict> {
        if let Self::Dict(dict) = self { Some(dict) } else { None }
    }
}

macro_rules! from {
    ($($type:ty => |$v:ident| $value:expr;)*) => {$(
        impl From<$type> for Value {
            fn from($v: $type) -> Self {
                $value
            }
        }
    )*};
}

from! {
    bool => |v| Self::Bool(v);
    i64 => |v| Self::Int(v);
    i32 => |v| Self::Int(v.into());
    u32 => |v| Self::Int(v.into());
    u64 => |v| i64::try_from(v).map_or(Self::UInt(v), Self::Int);
    f64 => |v| Self::Float(v);
    &str => |v| Self::Str(v.into());
    String => |v| Self::Str(v.into());
    ByteString => |v| Self::Str(v);
    Bytes => |v| Self::Bytes(v);
    List => |v| Self::List(v);
    Dict => |v| Self::Dict(v);
    crate::uri::Uri => |v| Self::Str(v.into());
    crate::id::SessionId => |v| v.get().into();
    crate::id::SubscriptionId => |v| v.get().into();
    crate::id::RegistrationId => |v| v.get().into();
    crate::id::PublicationId => |v| v.get().into();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dict_keeps_the_last_value_of_a_key_and_compares_without_order() {
        let a: Dict = [("x", Value::from(1)), ("y", Value::from("z")), ("x", Value::from(2))]
            .into_iter()
            .collect();
        let b: Dict = [("y", Value::from("z")), ("x", Value::from(2))].into_iter().collect();
        assert_eq!(a, b);
        assert_eq!(a.get("x"), Some(&Value::Int(2)));
        let mut c = b;
        assert_eq!(c.remove("x"), Some(Value::Int(2)));
        assert_ne!(a, c);
    }

    #[test]
    fn equal_integers_are_equal_values() {
        assert_eq!(Value::from(7_u64), Value::from(7_i64));
        assert_eq!(Value::from(u64::MAX), Value::UInt(u64::MAX));
        assert_eq!(Value::from(u64::MAX).as_u64(), Some(u64::MAX));
        assert_eq!(Value::from(-1).as_u64(), None);
    }
}
