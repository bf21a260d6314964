//! Arguments between Rust values and bytes.

use core::{fmt, marker::PhantomData};
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{DeserializeOwned, IgnoredAny, IntoDeserializer, SeqAccess, Visitor},
};
use wamplex_shared::{codec::PayloadError, payload::Payload, serializer::Serializer};

/// Positional and keyword arguments as they are given one after the other.
#[derive(Debug, Default)]
pub(crate) struct Arguments {
    args: Option<Payload>,
    kwargs: Option<Payload>,
    error: Option<PayloadError>,
}

impl Arguments {
    pub(crate) fn set_args<A: Serialize + ?Sized>(&mut self, serializer: Serializer, args: &A) {
        match Payload::encode(serializer, args, None::<&()>) {
            Ok(payload) => self.args = Some(payload),
            Err(error) => self.error = Some(error),
        }
    }

    pub(crate) fn set_kwargs<K: Serialize + ?Sized>(&mut self, serializer: Serializer, kwargs: &K) {
        match Payload::encode(serializer, &(), Some(kwargs)) {
            Ok(payload) => self.kwargs = Some(payload),
            Err(error) => self.error = Some(error),
        }
    }

    /// The arguments as one payload, or what was wrong with them.
    pub(crate) fn into_payload(self) -> Result<Payload, PayloadError> {
        match (self.error, self.args, self.kwargs) {
            (Some(error), ..) => Err(error),
            (None, None, None) => Ok(Payload::NONE),
            (None, Some(payload), None) | (None, None, Some(payload)) => Ok(payload),
            (None, Some(args), Some(kwargs)) => Payload::join(&args, &kwargs),
        }
    }
}

/// Writes one value as the only positional argument.
pub(crate) fn write_single<T: Serialize + ?Sized>(
    serializer: Serializer,
    value: &T,
) -> Result<Payload, PayloadError> {
    Payload::encode(serializer, &[value], None::<&()>)
}

/// Reads the first positional argument; what is not there counts as null.
pub(crate) fn read_first<T: DeserializeOwned>(payload: &Payload) -> Result<T, PayloadError> {
    payload.args::<First<T>>().map(|first| first.0)
}

/// The first element of a list of any length.
struct First<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for First<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(FirstVisitor(PhantomData))
    }
}

struct FirstVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for FirstVisitor<T> {
    type Value = First<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("positional arguments")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let Some(first) = list.next_element()? else {
            return T::deserialize(().into_deserializer()).map(First);
        };
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(First(first))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn positional_and_keyword_arguments_given_apart_are_one_payload() {
        for serializer in Serializer::ALL {
            let kwargs = BTreeMap::from([("x", 1), ("y", 2)]);
            let mut arguments = Arguments::default();
            arguments.set_kwargs(serializer, &kwargs);
            arguments.set_args(serializer, &("a", -7));
            let together = Payload::encode(serializer, &("a", -7), Some(&kwargs)).unwrap();
            assert_eq!(arguments.into_payload().unwrap(), together, "{serializer}");
        }
    }

    #[test]
    fn the_first_argument_is_read_whatever_follows_and_a_missing_one_is_null() {
        for serializer in Serializer::ALL {
            let three = Payload::encode(serializer, &(1.5, "b", [3]), None::<&()>).unwrap();
            assert_eq!(read_first::<f64>(&three).unwrap(), 1.5, "{serializer}");
            assert!(read_first::<String>(&three).is_err(), "{serializer}");
            let none = Payload::encode(serializer, &(), None::<&()>).unwrap();
            assert_eq!(read_first::<Option<u8>>(&none).unwrap(), None, "{serializer}");
            read_first::<()>(&none).unwrap();
            assert!(read_first::<u8>(&none).is_err(), "{serializer}");
        }
        assert_eq!(read_first::<Option<u8>>(&Payload::NONE).unwrap(), None);
    }
}
