//! Arguments between JSON texts and payloads. No values are made of them: numbers keep their digits.

use bytes::{Bytes, BytesMut};
use serde::Serialize;
use serde_json::value::RawValue;
use wamplex_shared::{
    codec,
    error::DecodeError,
    payload::{Payload, PayloadShape},
    serializer::Serializer,
};

/// Positional and keyword arguments as they stand in a body.
#[derive(Debug, Default, Serialize)]
pub(super) struct Arguments {
    pub(super) args: Box<RawValue>,
    pub(super) kwargs: Box<RawValue>,
}

/// The arguments of a body as a payload. `null` is as good as nothing.
///
/// # Errors
/// They are no list or no object.
pub(super) fn to_payload(
    args: Option<&RawValue>,
    kwargs: Option<&RawValue>,
) -> Result<Payload, DecodeError> {
    let present = |value: &&RawValue| value.get() != "null";
    let (args, kwargs) = (args.filter(present), kwargs.filter(present));
    let mut bytes = BytesMut::new();
    let shape = match (args, kwargs) {
        (None, None) => return Ok(Payload::NONE),
        (Some(args), None) => {
            bytes.extend_from_slice(args.get().as_bytes());
            PayloadShape::Args
        }
        (args, Some(kwargs)) => {
            bytes.extend_from_slice(args.map_or("[]", RawValue::get).as_bytes());
            bytes.extend_from_slice(b",");
            bytes.extend_from_slice(kwargs.get().as_bytes());
            PayloadShape::ArgsKwargs
        }
    };
    codec::check_payload(Serializer::Json, shape, &bytes.freeze())
}

/// A payload as the arguments of a body.
pub(super) fn from_payload(payload: &Payload) -> Arguments {
    let payload = codec::transcode(payload, Serializer::Json);
    let mut list = BytesMut::with_capacity(payload.bytes().len() + 4);
    // A bare payload stands where the list should be.
    let is_bare = payload.shape() == PayloadShape::Bare;
    list.extend_from_slice(if is_bare { b"[[" } else { b"[" });
    list.extend_from_slice(payload.bytes());
    list.extend_from_slice(if is_bare { b"]]" } else { b"]" });
    // Decoding lets nothing else in.
    let mut elements =
        serde_json::from_slice::<Vec<Box<RawValue>>>(&list).unwrap_or_default().into_iter();
    let (args, kwargs) = (elements.next(), elements.next());
    Arguments {
        args: args.unwrap_or_else(|| raw("[]")),
        kwargs: kwargs.unwrap_or_else(|| raw("{}")),
    }
}

/// A text that is JSON, as it is.
pub(super) fn raw(text: &str) -> Box<RawValue> {
    RawValue::from_string(text.to_owned()).unwrap_or_default()
}

/// Something of ours as JSON.
pub(super) fn write(value: &impl Serialize) -> Bytes {
    // Nothing of ours has keys that are no strings, or fails to be written.
    serde_json::to_vec(value).unwrap_or_default().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use wamplex_shared::value::{Dict, Value};

    fn through(args: &str, kwargs: &str) -> Result<(String, String), String> {
        let (args, kwargs) = (raw(args), raw(kwargs));
        let payload = to_payload(Some(&args), Some(&kwargs)).map_err(|e| e.to_string())?;
        let Arguments { args, kwargs } = from_payload(&payload);
        Ok((args.get().to_owned(), kwargs.get().to_owned()))
    }

    #[test]
    fn arguments_pass_unchanged() {
        for (args, kwargs, expected) in [
            ("null", "null", ("[]", "{}")),
            ("[1,  {\"a\": 1.50}]", "null", ("[1,  {\"a\": 1.50}]", "{}")),
            ("null", "{\"k\":[]}", ("[]", "{\"k\":[]}")),
            (
                "[340282366920938463463374607431768211456]",
                "{}",
                ("[340282366920938463463374607431768211456]", "{}"),
            ),
        ] {
            let found = through(args, kwargs).unwrap();
            assert_eq!((found.0.as_str(), found.1.as_str()), expected);
        }
        for (args, kwargs) in [("{}", "null"), ("1", "null"), ("[]", "[]"), ("null", "1")] {
            assert!(through(args, kwargs).is_err(), "{args} {kwargs}");
        }
    }

    #[test]
    fn arguments_of_other_serializers_become_json() {
        for serializer in Serializer::ALL {
            let values = [Value::from("é"), Value::Bytes(Bytes::from_static(&[0, 1]))];
            let kwargs: Dict = [("k", -1)].into_iter().collect();
            let payload = codec::write_values(serializer, &values, &kwargs);
            let Arguments { args, kwargs } = from_payload(&payload);
            assert_eq!(args.get(), "[\"é\",\"\\u0000AAE=\"]", "{serializer}");
            assert_eq!(kwargs.get(), "{\"k\":-1}", "{serializer}");
        }
        let bare = Bytes::from_static(b"\"\\u0000AAE=\"");
        let bare = Payload::from_encoded(Serializer::Json, PayloadShape::Bare, bare);
        assert_eq!(from_payload(&bare).args.get(), "[\"\\u0000AAE=\"]");
    }
}
