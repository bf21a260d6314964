//! Past events as the values they are in the result of `wamp.subscription.get_events` ("WAMP: Event History").

#[cfg(not(target_arch = "wasm32"))]
use super::head::Reader;
use super::{
    MAX_DEPTH,
    allowance::Allowance,
    dispatch::{with_reader, with_writer},
    head::{Items, Result, Writer},
    options,
    transcode::write_entries,
    values,
};
use crate::{
    message::Event,
    payload::{Payload, PayloadShape},
    serializer::Serializer,
    value::Dict,
};
use alloc::string::String;
use bytes::BytesMut;

/// How many levels deeper the arguments of an event stand in a result than in EVENT.
const DEEPER: usize = 3;

/// Whether the arguments of an event are nested so little that a result that holds the event can be read.
#[must_use]
pub fn fits_in_result(payload: &Payload) -> bool {
    let bytes = payload.bytes();
    let check = || -> Result<()> {
        with_reader!(payload.serializer(), bytes, 1 + DEEPER, Allowance::unlimited(), |r| {
            let mut elements = Items::known(payload.shape().elements() as u64, false);
            for _ in 0..payload.shape().elements() {
                r.more(&mut elements)?;
                r.skip()?;
            }
            Ok(())
        })
    };
    // What is shorter than this cannot be nested too deeply, and most is.
    bytes.len() <= MAX_DEPTH - 1 - DEEPER || check().is_ok()
}

/// Writes events as one positional argument, a list of dictionaries with `timestamp` (the text that stands beside each
/// event), `subscription`, `publication`, `details`, and `args` and `kwargs` if it has them. Arguments are copied, or
/// converted from one serializer to the other; no values are made of them.
///
/// Whether they can be read again: see [`fits_in_result`].
#[must_use]
pub fn write_events(serializer: Serializer, events: &[(String, Event)], kwargs: &Dict) -> Payload {
    const HEAD: usize = 192;
    let size: usize = events.iter().map(|(_, e)| HEAD + e.payload.bytes().len()).sum();
    let mut out = BytesMut::with_capacity(size + HEAD);
    let shape = with_writer!(serializer, &mut out, |w| {
        let w: &mut dyn Writer = w;
        w.begin_list(1);
        w.begin_list(events.len());
        for (timestamp, event) in events {
            write_event(w, timestamp, event);
        }
        w.end_list();
        w.end_list();
        if kwargs.is_empty() {
            PayloadShape::Args
        } else {
            values::write_dict(w, kwargs, 1);
            PayloadShape::ArgsKwargs
        }
    });
    Payload::from_encoded(serializer, shape, out.freeze())
}

fn write_event(w: &mut dyn Writer, timestamp: &str, event: &Event) {
    w.begin_dict(4 + event.payload.shape().elements());
    w.key("timestamp");
    w.str(timestamp);
    w.key("subscription");
    w.uint(event.subscription.get());
    w.key("publication");
    w.uint(event.publication.get());
    w.key("details");
    options::write_options(w, &event.details);
    write_entries(w, &event.payload, ["args", "kwargs"]);
    w.end_dict();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        codec::{check_payload, decode, encode, read_values, transcode},
        id::{PublicationId, RequestId, SubscriptionId},
        message::{EventDetails, Message, ResultDetails, ResultMessage},
        uri::Uri,
        value::Value,
    };
    use bytes::Bytes;

    fn json(shape: PayloadShape, text: &'static str) -> Payload {
        check_payload(Serializer::Json, shape, &Bytes::from_static(text.as_bytes())).unwrap()
    }

    fn event(payload: Payload) -> (String, Event) {
        let details =
            EventDetails { topic: Some(Uri::from_static("com.a")), ..EventDetails::default() };
        let (subscription, publication) = (SubscriptionId::new(7), PublicationId::new(8));
        let (subscription, publication) = (subscription.unwrap(), publication.unwrap());
        ("then".to_owned(), Event { subscription, publication, details, payload })
    }

    #[test]
    fn events_are_dictionaries_with_what_they_have() {
        let events = [
            event(Payload::NONE),
            event(json(
                PayloadShape::Args,
                r#"[1, "\u0000AAE=", 340282366920938463463374607431768211456]"#,
            )),
            event(json(PayloadShape::ArgsKwargs, r#"[] , {"a": [{}]}"#)),
            event(json(PayloadShape::Bare, r#""\u0000AAE=""#)),
        ];
        let head =
            r#""timestamp":"then","subscription":7,"publication":8,"details":{"topic":"com.a"}"#;
        let expected = [
            "[[",
            &format!("{{{head}}},"),
            &format!(
                r#"{{{head},"args":[1, "\u0000AAE=", 340282366920938463463374607431768211456]}},"#
            ),
            &format!(r#"{{{head},"args":[],"kwargs":{{"a": [{{}}]}}}},"#),
            &format!(r#"{{{head},"args":"\u0000AAE="}}"#),
            "]]",
        ]
        .concat();
        let written = write_events(Serializer::Json, &events, &Dict::new());
        assert_eq!(written.bytes(), &expected);
        for serializer in Serializer::ALL {
            for from in Serializer::ALL {
                let events = events.clone().map(|(timestamp, event)| {
                    let payload = transcode(&event.payload, from);
                    (timestamp, Event { payload, ..event })
                });
                let kwargs = [("more", Value::Bool(true))].into_iter().collect();
                let written = write_events(serializer, &events, &kwargs);
                check_payload(serializer, written.shape(), written.bytes()).unwrap();
                let (args, found) = read_values(&written).unwrap();
                assert_eq!(found, kwargs);
                let [Value::List(list)] = &args[..] else { panic!("{args:?}") };
                let entry = |at: usize, key| list[at].as_dict().unwrap().get(key);
                let bytes = Value::Bytes(Bytes::from_static(&[0, 1]));
                assert_eq!(entry(0, "args"), None);
                if (from, serializer) != (Serializer::Json, Serializer::Json) {
                    assert_eq!(entry(1, "args").unwrap().as_list().unwrap()[1], bytes, "{from}");
                    assert_eq!(entry(3, "args"), Some(&bytes));
                }
                assert_eq!(entry(2, "args"), Some(&Value::List(vec![])));
                assert!(entry(2, "kwargs").unwrap().as_dict().unwrap().get("a").is_some());
                assert_eq!(entry(3, "kwargs"), None);
            }
        }
    }

    #[test]
    fn a_result_with_arguments_that_fit_can_be_read_and_with_others_not() {
        let nested = |depth: usize| {
            let text = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
            check_payload(Serializer::Json, PayloadShape::Args, &text.into()).unwrap()
        };
        let deepest = MAX_DEPTH - 1;
        for depth in [1, 2, deepest - DEEPER - 1, deepest - DEEPER, deepest - DEEPER + 1, deepest] {
            let payload = nested(depth);
            let fits = fits_in_result(&payload);
            assert_eq!(fits, depth <= deepest - DEEPER, "{depth}");
            let payload = write_events(Serializer::Json, &[event(payload)], &Dict::new());
            let (request, details) = (RequestId::FIRST, ResultDetails::default());
            let result = Message::Result(ResultMessage { request, details, payload });
            let frame = encode(Serializer::Json, &result).unwrap();
            assert_eq!(decode(Serializer::Json, &frame).is_ok(), fits, "{depth}");
        }
    }
}
