//! Arguments to and from Rust types.

#![cfg(feature = "serde")]
#![allow(clippy::unwrap_used, reason = "this is a test")]

use bytes::Bytes;
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::BTreeMap;
use wamplex_shared::{
    codec::{self, PayloadError},
    payload::{Payload, PayloadShape},
    serializer::Serializer::{self, Cbor, Json, MsgPack},
};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Reading {
    station: String,
    values: Vec<f64>,
    note: Option<String>,
    kind: Kind,
    raw: Binary,
    count: i64,
    large: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Plain,
    Between(i8, i8),
    Named { name: String },
}

/// What serializes as bytes.
#[derive(Clone, Debug, PartialEq)]
struct Binary(Vec<u8>);

impl Serialize for Binary {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for Binary {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl serde::de::Visitor<'_> for Visitor {
            type Value = Binary;

            fn expecting(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str("binary data")
            }

            fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Binary, E> {
                Ok(Binary(bytes.into()))
            }
        }
        d.deserialize_bytes(Visitor)
    }
}

fn readings() -> Vec<Reading> {
    [Kind::Plain, Kind::Between(-3, 4), Kind::Named { name: "ü".into() }]
        .into_iter()
        .map(|kind| Reading {
            station: "north \"1\"\n".into(),
            values: vec![0.1, -1e300, 1.0, 5e-324],
            note: None,
            kind,
            raw: Binary(vec![0, 1, 254, 255]),
            count: i64::MIN,
            large: u64::MAX,
        })
        .collect()
}

#[test]
fn rust_types_come_back_the_same_through_every_pair_of_serializers() {
    for from in Serializer::ALL {
        for reading in readings() {
            let args = (reading.clone(), 7_u8, "text");
            let payload = Payload::encode(from, &args, Some(&reading)).unwrap();
            assert_eq!(payload.shape(), PayloadShape::ArgsKwargs);
            for to in Serializer::ALL {
                let there = codec::transcode(&payload, to);
                let found: (Reading, u8, String) = there.args().unwrap();
                assert_eq!(found, (reading.clone(), 7, "text".to_owned()), "{from} to {to}");
                assert_eq!(there.kwargs::<Reading>().unwrap(), reading, "{from} to {to}");
            }
        }
    }
}

#[test]
fn no_arguments_are_written_as_none_and_read_as_empty() {
    for serializer in Serializer::ALL {
        for payload in [
            Payload::encode(serializer, &(), None::<&()>).unwrap(),
            Payload::encode(serializer, &[0_u8; 0], None::<&()>).unwrap(),
        ] {
            assert_eq!(payload, Payload::NONE);
        }
        let empty = Payload::encode(serializer, &(), Some(&BTreeMap::<String, u8>::new())).unwrap();
        assert_eq!(empty.shape(), PayloadShape::ArgsKwargs);
        for payload in [Payload::NONE, empty] {
            assert_eq!(payload.args::<Vec<u8>>().unwrap(), [0_u8; 0]);
            payload.args::<()>().unwrap();
            assert_eq!(payload.args::<Option<(u8,)>>().unwrap(), None);
            assert!(payload.args::<(u8,)>().is_err());
            assert!(payload.kwargs::<BTreeMap<String, u8>>().unwrap().is_empty());
        }
    }
}

#[test]
fn binary_data_is_written_in_the_form_that_wamp_wants() {
    let args = (Binary(vec![1, 2, 3]),);
    let written = |serializer| Payload::encode(serializer, &args, None::<&()>).unwrap();
    assert_eq!(written(Json).bytes(), &br#"["\u0000AQID"]"#[..]);
    assert_eq!(written(MsgPack).bytes(), &[0x91, 0xc4, 3, 1, 2, 3][..]);
    assert_eq!(written(Cbor).bytes(), &[0x81, 0x43, 1, 2, 3][..]);
}

#[test]
fn a_bare_binary_payload_is_one_argument() {
    for serializer in Serializer::ALL {
        let json =
            Payload::from_encoded(Json, PayloadShape::Bare, Bytes::from_static(b"\"\\u0000AQID\""));
        let payload = codec::transcode(&json, serializer);
        assert_eq!(payload.args::<(Binary,)>().unwrap(), (Binary(vec![1, 2, 3]),));
    }
}

#[test]
fn types_that_are_no_arguments_are_refused_when_written() {
    let shape =
        |result: Result<Payload, PayloadError>| matches!(result, Err(PayloadError::Shape(_)));
    for serializer in Serializer::ALL {
        assert!(shape(Payload::encode(serializer, "text", None::<&()>)));
        assert!(shape(Payload::encode(serializer, &7, None::<&()>)));
        assert!(shape(Payload::encode(serializer, &readings()[0], None::<&()>)));
        assert!(shape(Payload::encode(serializer, &(1,), Some(&[1]))));
        assert!(shape(Payload::encode(serializer, &(1,), Some(&()))));
        let deep = (0..200).fold(serde_json::Value::Null, |inner, _| serde_json::json!([inner]));
        assert!(shape(Payload::encode(serializer, &deep, None::<&()>)));
    }
}

#[test]
fn arguments_of_another_type_are_refused_when_read() {
    for serializer in Serializer::ALL {
        let payload = Payload::encode(serializer, &("text", 300), Some(&readings()[0])).unwrap();
        for error in [
            payload.args::<(u8, u8)>().unwrap_err(),
            payload.args::<(String, u8)>().unwrap_err(),
            payload.args::<(String,)>().unwrap_err(),
            payload.kwargs::<BTreeMap<String, u8>>().unwrap_err(),
        ] {
            assert!(matches!(error, PayloadError::Read { serializer: s, .. } if s == serializer));
            assert_eq!(error.to_string(), "the arguments are not of the expected type");
            assert!(core::error::Error::source(&error).is_some());
        }
    }
}
