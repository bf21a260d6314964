//! A value of any type, between WAMP and the notation of the line protocol.

use data_encoding::BASE64;
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Value, json};
use std::{collections::BTreeMap, fmt};
use wamplex::{Payload, WampError};

/// Keyword arguments.
pub(crate) type Kwargs = BTreeMap<String, Datum>;

/// The largest integer, as a count, that every program can read from JSON.
const SAFE: u64 = (1 << 53) - 1;

/// A value of any type.
#[derive(Clone, Debug)]
pub(crate) enum Datum {
    Null,
    Bool(bool),
    Unsigned(u64),
    Signed(i64),
    Float(f64),
    Text(String),
    Bytes(Vec<u8>),
    List(Vec<Self>),
    Dict(Kwargs),
}

impl Datum {
    /// From the notation of the line protocol.
    pub(crate) fn from_line(value: &Value) -> Result<Self, String> {
        Ok(match value {
            Value::Null => Self::Null,
            Value::Bool(value) => Self::Bool(*value),
            Value::String(text) => Self::Text(text.clone()),
            Value::Array(items) => {
                Self::List(items.iter().map(Self::from_line).collect::<Result<_, _>>()?)
            }
            Value::Number(number) => match (number.as_u64(), number.as_i64(), number.as_f64()) {
                (Some(number), ..) => Self::Unsigned(number),
                (_, Some(number), _) => Self::Signed(number),
                (.., Some(number)) => Self::Float(number),
                _ => return Err(format!("{number} is no number")),
            },
            Value::Object(tagged) => {
                if let Some(Value::String(text)) = tagged.get("$bytes") {
                    Self::Bytes(BASE64.decode(text.as_bytes()).map_err(|e| e.to_string())?)
                } else if let Some(Value::String(digits)) = tagged.get("$int") {
                    let unsigned = digits.parse().map(Self::Unsigned);
                    unsigned
                        .or_else(|_| digits.parse().map(Self::Signed))
                        .map_err(|e| e.to_string())?
                } else {
                    Self::Dict(dict_from_line(tagged)?)
                }
            }
        })
    }

    /// The integer it is, whichever way it was written.
    pub(crate) fn as_integer(&self) -> Option<i64> {
        if let Self::Unsigned(number) = self {
            i64::try_from(*number).ok()
        } else if let Self::Signed(number) = self {
            Some(*number)
        } else {
            None
        }
    }

    /// Into the notation of the line protocol.
    pub(crate) fn to_line(&self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Bool(value) => json!(value),
            Self::Unsigned(number) if *number > SAFE => json!({"$int": number.to_string()}),
            Self::Signed(number) if number.unsigned_abs() > SAFE => {
                json!({"$int": number.to_string()})
            }
            Self::Unsigned(number) => json!(number),
            Self::Signed(number) => json!(number),
            Self::Float(number) => json!(number),
            Self::Text(text) => json!(text),
            Self::Bytes(bytes) => json!({"$bytes": BASE64.encode(bytes)}),
            Self::List(items) => items.iter().map(Self::to_line).collect(),
            Self::Dict(entries) => dict_to_line(entries),
        }
    }
}

fn dict_from_line(entries: &Map<String, Value>) -> Result<Kwargs, String> {
    entries.iter().map(|(key, value)| Ok((key.clone(), Datum::from_line(value)?))).collect()
}

fn dict_to_line(entries: &Kwargs) -> Value {
    entries.iter().map(|(key, value)| (key.clone(), value.to_line())).collect::<Map<_, _>>().into()
}

/// The arguments of a request in the line protocol; what is not there counts as empty.
pub(crate) fn arguments(request: &Value) -> Result<(Vec<Datum>, Kwargs), String> {
    let args = match request.get("args") {
        Some(Value::Array(args)) => args.iter().map(Datum::from_line).collect::<Result<_, _>>()?,
        _ => Vec::new(),
    };
    let kwargs = match request.get("kwargs") {
        Some(Value::Object(kwargs)) => dict_from_line(kwargs)?,
        _ => Kwargs::new(),
    };
    Ok((args, kwargs))
}

/// Arguments in the line protocol, put into `about`.
pub(crate) fn with_arguments(mut about: Value, args: &[Datum], kwargs: &Kwargs) -> Value {
    about["args"] = args.iter().map(Datum::to_line).collect();
    about["kwargs"] = dict_to_line(kwargs);
    about
}

/// The arguments of a payload, put into `about`.
pub(crate) fn with_payload(about: Value, payload: &Payload) -> Result<Value, wamplex::Error> {
    Ok(with_arguments(about, &payload.args::<Vec<Datum>>()?, &payload.kwargs::<Kwargs>()?))
}

/// An ERROR in the line protocol.
pub(crate) fn describe(error: &WampError) -> Value {
    let about = json!({"uri": error.uri.as_str()});
    with_payload(about.clone(), &error.payload).unwrap_or(about)
}

impl Serialize for Datum {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Unsigned(number) => serializer.serialize_u64(*number),
            Self::Signed(number) => serializer.serialize_i64(*number),
            Self::Float(number) => serializer.serialize_f64(*number),
            Self::Text(text) => serializer.serialize_str(text),
            Self::Bytes(bytes) => serializer.serialize_bytes(bytes),
            Self::List(items) => serializer.collect_seq(items),
            Self::Dict(entries) => serializer.collect_map(entries),
        }
    }
}

impl<'de> Deserialize<'de> for Datum {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyVisitor)
    }
}

struct AnyVisitor;

impl<'de> Visitor<'de> for AnyVisitor {
    type Value = Datum;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_unit<E: Error>(self) -> Result<Datum, E> {
        Ok(Datum::Null)
    }

    fn visit_none<E: Error>(self) -> Result<Datum, E> {
        Ok(Datum::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Datum, E> {
        Ok(Datum::Bool(value))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Datum, E> {
        Ok(Datum::Unsigned(number))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Datum, E> {
        Ok(Datum::Signed(number))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Datum, E> {
        Ok(Datum::Float(number))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Datum, E> {
        Ok(Datum::Text(text.to_owned()))
    }

    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Datum, E> {
        Ok(Datum::Bytes(bytes.to_vec()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Datum, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element()? {
            items.push(item);
        }
        Ok(Datum::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut dict: A) -> Result<Datum, A::Error> {
        let mut entries = Kwargs::new();
        while let Some((key, value)) = dict.next_entry()? {
            entries.insert(key, value);
        }
        Ok(Datum::Dict(entries))
    }
}
