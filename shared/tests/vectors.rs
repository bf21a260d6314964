//! The single-message vectors of the WAMP project: bytes to attributes, and back to the same bytes.
//!
//! They are found through `WAMP_VECTORS`, by default beside the repository, and are not part of it.

#![cfg(feature = "transcode")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "this is a test")]
#![allow(clippy::wildcard_enum_match_arm, reason = "the rest is a failure")]

mod common;

use bytes::Bytes;
use common::from_hex;
use serde_json::{Map, Value, json};
use std::{
    env, fs,
    io::{self, Write as _},
    path::PathBuf,
};
use wamplex_shared::{
    codec::{self, Options},
    message::Message,
    payload::{Payload, PayloadShape},
    serializer::Serializer,
};

/// Samples that we do not meet, and why. None: also those that rest on keys which only Autobahn has are met.
const NOT_MET: &[(&str, &str)] = &[];

/// Samples that give binary arguments as text with hexadecimal digits, since the vectors are JSON files. We feed them
/// as the binary data they mean.
const BINARY_AS_HEX: &[&str] = &[
    "EVENT.Details.enc_algo cryptobox (valid with payload)",
    "EVENT.Details.enc_algo with invalid value",
    "EVENT.Details.enc_serializer cbor (valid with payload)",
    "PUBLISH.Options.enc_algo cryptobox (valid with payload)",
    "PUBLISH.Options.enc_algo with invalid value",
    "PUBLISH.Options.enc_serializer cbor (valid with payload)",
];

/// All samples; `None`, with a word about it, where there are no vectors.
fn samples() -> Option<Vec<Value>> {
    let folder = env::var_os("WAMP_VECTORS").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/vectors"),
        PathBuf::from,
    );
    if !folder.is_dir() {
        assert!(
            env::var_os("CI").is_none(),
            "no vectors at {}: set WAMP_VECTORS",
            folder.display()
        );
        // Past the test runner, which keeps what passing tests print to itself.
        let _ =
            writeln!(io::stderr(), "skipped: no vectors at {}, set WAMP_VECTORS", folder.display());
        return None;
    }
    let mut samples = Vec::new();
    for part in ["basic", "advanced"] {
        for file in fs::read_dir(folder.join("singlemessage").join(part)).unwrap() {
            let vector: Value =
                serde_json::from_slice(&fs::read(file.unwrap().path()).unwrap()).unwrap();
            samples.extend(vector["samples"].as_array().unwrap().iter().cloned());
        }
    }
    samples.retain(|s| !NOT_MET.iter().any(|(name, _)| s["description"] == *name));
    assert!(samples.len() >= 90, "only {} samples", samples.len());
    Some(samples)
}

/// The byte forms of a sample in one serializer.
fn forms(sample: &Value, serializer: Serializer) -> Vec<Bytes> {
    let forms = sample["serializers"][serializer.name()].as_array().cloned().unwrap_or_default();
    forms.iter().map(|form| from_hex(form["bytes_hex"].as_str().unwrap())).collect()
}

#[test]
fn every_form_decodes_to_the_attributes_it_should_have() {
    let Some(samples) = samples() else { return };
    let mut decoded = 0;
    for sample in samples.iter().filter(|s| s.get("serializers").is_some()) {
        for serializer in Serializer::ALL {
            let forms = forms(sample, serializer);
            assert!(!forms.is_empty(), "{} in {serializer}", sample["description"]);
            for form in forms {
                let message = codec::decode(serializer, &form).unwrap();
                let found = attributes(&message);
                for (name, wanted) in sample["expected_attributes"].as_object().unwrap() {
                    let found = found.get(name).unwrap_or(&Value::Null);
                    assert_eq!(
                        found, wanted,
                        "{name} of {} in {serializer}",
                        sample["description"]
                    );
                }
                decoded += 1;
            }
        }
    }
    assert!(decoded >= 100, "only {decoded}");
}

#[test]
fn every_message_encodes_to_one_of_the_forms_in_every_serializer() {
    let Some(samples) = samples() else { return };
    for sample in samples.iter().filter(|s| s.get("serializers").is_some()) {
        for from in Serializer::ALL {
            for form in forms(sample, from) {
                let message = codec::decode(from, &form).unwrap();
                for to in Serializer::ALL {
                    let written = codec::encode(to, &message).unwrap();
                    let (name, wanted) = (&sample["description"], forms(sample, to));
                    assert!(wanted.contains(&written), "{name}, {from} to {to}: {written:?}");
                }
            }
        }
    }
}

#[test]
fn options_and_details_are_accepted_and_refused_as_they_should_be() {
    let Some(samples) = samples() else { return };
    let (mut accepted, mut refused) = (0, 0);
    for sample in samples.iter().filter(|s| s.get("wmsg").is_some()) {
        let (name, mut wmsg) = (sample["description"].as_str().unwrap(), sample["wmsg"].clone());
        if BINARY_AS_HEX.contains(&name) {
            let last = wmsg.as_array_mut().unwrap().last_mut().unwrap();
            assert!(last.as_str().is_some_and(|s| s.bytes().all(|b| b.is_ascii_hexdigit())));
            // The hexadecimal digits are base64 as well, and 16 of them need no padding.
            *last = json!(format!("\0{}", last.as_str().unwrap()));
        }
        let frame = Bytes::from(serde_json::to_vec(&wmsg).unwrap());
        let result = codec::decode(Serializer::Json, &frame);
        match sample.get("expected_error") {
            None => {
                let message = result.unwrap_or_else(|e| panic!("{name}: {e}"));
                for serializer in Serializer::ALL {
                    let frame = codec::encode(serializer, &message).unwrap();
                    let again = codec::decode(serializer, &frame).unwrap();
                    assert_eq!(attributes(&again), attributes(&message), "{name} in {serializer}");
                }
                accepted += 1;
            }
            Some(error) => {
                let found = result.expect_err(name).to_string();
                let part = error["contains"].as_str().unwrap();
                assert_eq!(error["type"], "protocol_violation", "{name}");
                assert!(found.contains(part), "{name}: {found:?} does not name {part:?}");
                refused += 1;
            }
        }
    }
    assert!(accepted >= 30 && refused >= 25, "{accepted} accepted, {refused} refused");
}

/// The attributes of a message under the names that the vectors use.
fn attributes(message: &Message) -> Map<String, Value> {
    let mut found = Map::new();
    let mut set = |name: &str, value: Value| {
        found.insert(name.into(), value);
    };
    set("message_type", message.code().number().into());
    match message {
        Message::Hello(m) => {
            set("realm", m.realm.as_str().into());
            set("roles", dict(&m.details)["roles"].clone());
        }
        Message::Welcome(m) => {
            set("session_id", m.session.get().into());
            set("roles", dict(&m.details)["roles"].clone());
        }
        Message::Abort(m) => {
            set("details", dict(&m.details));
            set("reason", m.reason.as_str().into());
        }
        Message::Challenge(m) => {
            set("method", (&*m.method).into());
            set("extra", values(&m.extra));
        }
        Message::Authenticate(m) => {
            set("signature", (&*m.signature).into());
            set("extra", values(&m.extra));
        }
        Message::Goodbye(m) => {
            set("details", dict(&m.details));
            set("reason", m.reason.as_str().into());
        }
        Message::Error(m) => {
            set("request_type", m.request_type.number().into());
            set("request_id", m.request.get().into());
            set("details", dict(&m.details));
            set("error", m.error.as_str().into());
            arguments(&m.payload, &mut set);
        }
        Message::Publish(m) => {
            set("request_id", m.request.get().into());
            set("options", dict(&m.options));
            set("topic", m.topic.as_str().into());
            arguments(&m.payload, &mut set);
        }
        Message::Published(m) => {
            set("request_id", m.request.get().into());
            set("publication_id", m.publication.get().into());
        }
        Message::Subscribe(m) => {
            set("request_id", m.request.get().into());
            set("options", dict(&m.options));
            set("topic", m.topic.as_str().into());
        }
        Message::Subscribed(m) => {
            set("request_id", m.request.get().into());
            set("subscription_id", m.subscription.get().into());
        }
        Message::Unsubscribe(m) => {
            set("request_id", m.request.get().into());
            set("subscription_id", m.subscription.get().into());
        }
        Message::Unsubscribed(m) => set("request_id", m.request.unwrap().get().into()),
        Message::Event(m) => {
            set("subscription", m.subscription.get().into());
            set("publication", m.publication.get().into());
            set("details", dict(&m.details));
            arguments(&m.payload, &mut set);
        }
        Message::Call(m) => {
            set("request_id", m.request.get().into());
            set("options", dict(&m.options));
            set("procedure", m.procedure.as_str().into());
            arguments(&m.payload, &mut set);
        }
        Message::Cancel(m) => {
            set("request_id", m.request.get().into());
            set("options", dict(&m.options));
        }
        Message::Result(m) => {
            set("request_id", m.request.get().into());
            set("details", dict(&m.details));
            arguments(&m.payload, &mut set);
        }
        Message::Register(m) => {
            set("request_id", m.request.get().into());
            set("options", dict(&m.options));
            set("procedure", m.procedure.as_str().into());
        }
        Message::Registered(m) => {
            set("request_id", m.request.get().into());
            set("registration_id", m.registration.get().into());
        }
        Message::Unregister(m) => {
            set("request_id", m.request.get().into());
            set("registration_id", m.registration.get().into());
        }
        Message::Unregistered(m) => set("request_id", m.request.unwrap().get().into()),
        Message::Invocation(m) => {
            set("request_id", m.request.get().into());
            set("registration_id", m.registration.get().into());
            set("details", dict(&m.details));
            arguments(&m.payload, &mut set);
        }
        Message::Interrupt(m) => {
            set("request_id", m.request.get().into());
            set("options", dict(&m.options));
        }
        Message::Yield(m) => {
            set("request_id", m.request.get().into());
            set("options", dict(&m.options));
            arguments(&m.payload, &mut set);
        }
        Message::EventReceived(m) => set("publication_id", m.publication.get().into()),
    }
    found
}

/// Options as any reader of JSON sees them.
fn dict<O: Options>(options: &O) -> Value {
    serde_json::from_slice(&codec::write_options(Serializer::Json, options)).unwrap()
}

fn values(extra: &wamplex_shared::value::Dict) -> Value {
    let payload =
        codec::write_values(Serializer::Json, &[extra.clone().into()], &Default::default());
    serde_json::from_slice::<Value>(payload.bytes()).unwrap()[0].take()
}

/// Arguments as any reader of JSON sees them; a bare binary payload in hexadecimal digits.
fn arguments(payload: &Payload, set: &mut impl FnMut(&str, Value)) {
    if payload.shape() == PayloadShape::Bare {
        let (args, _) = codec::read_values(payload).unwrap();
        let wamplex_shared::value::Value::Bytes(bytes) = &args[0] else { panic!("{args:?}") };
        return set("payload", bytes.iter().map(|b| format!("{b:02x}")).collect::<String>().into());
    }
    let json = codec::transcode(payload, Serializer::Json);
    let elements = format!("[{}]", core::str::from_utf8(json.bytes()).unwrap());
    let elements: Value = serde_json::from_str(&elements).unwrap();
    set("args", elements.get(0).cloned().unwrap_or_default());
    set("kwargs", elements.get(1).cloned().unwrap_or_default());
}
