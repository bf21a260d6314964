//! The codec of the router as the judge of what is written here.

use super::*;
use bytes::Bytes;
use wamplex_shared::{
    codec,
    id::{RegistrationId, RequestId, SubscriptionId},
    message::{
        self, Abort, Authenticate, Call, CallOptions, Cancel, CancelOptions, Error, ErrorDetails,
        Goodbye, HelloDetails, Message, Publish, PublishOptions, Register, RegisterOptions,
        Subscribe, SubscribeOptions, Unregister, Unsubscribe, Yield, YieldOptions,
    },
    payload::{Payload, PayloadShape},
    roles::{Feature, Features, Role},
    uri::Uri,
    value::{Dict, Value},
};

/// Messages with ids of every width and texts of every kind.
fn messages(serializer: Serializer) -> Vec<Message> {
    let request = |id| RequestId::new(id).expect("an id");
    let uri = |text: &str| Uri::new(text.to_owned());
    let long = "x".repeat(300);
    let payload = codec::write_values(serializer, &[Value::Int(1)], &Dict::new());
    assert_eq!(payload.shape(), PayloadShape::Args);
    let roles = Roles::default()
        .with(Role::Caller, Features::of(&[Feature::CallCanceling, Feature::CallTimeout]))
        .with(Role::Callee, Features::default());
    let details = HelloDetails {
        roles,
        agent: Some("agent".into()),
        authmethods: vec!["ticket".into(), "anonymous".into()],
        authid: Some("joe \"\\\n\u{1f} ü".into()),
        ..HelloDetails::default()
    };
    let mut all = vec![
        Message::from(message::Hello { realm: uri("realm1"), details }),
        Authenticate { signature: long.clone().into(), extra: Dict::new() }.into(),
        Abort::new("wamp.error.canceled", "because").into(),
        Goodbye::new("wamp.close.normal").into(),
        Error {
            request_type: MessageCode::Invocation,
            request: request(300),
            details: ErrorDetails::default(),
            error: uri("com.example.no"),
            payload: payload.clone(),
        }
        .into(),
        Yield { request: request(23), options: YieldOptions::default(), payload: payload.clone() }
            .into(),
    ];
    for id in [1, 23, 24, 127, 128, 255, 256, 65_535, 65_536, 0xffff_ffff, 1 << 32, 1 << 53] {
        let request = request(id);
        let topic = uri(&long);
        all.extend([
            Publish {
                request,
                options: PublishOptions::default(),
                topic: topic.clone(),
                payload: payload.clone(),
            }
            .into(),
            Subscribe { request, options: SubscribeOptions::default(), topic }.into(),
            Register {
                request,
                options: RegisterOptions::default(),
                procedure: uri("com.example.wörter"),
            }
            .into(),
            Call {
                request,
                options: CallOptions::default(),
                procedure: uri(&"x".repeat(31)),
                payload: Payload::NONE,
            }
            .into(),
            Cancel {
                request,
                options: CancelOptions { mode: Some(CancelMode::Kill), ..CancelOptions::default() },
            }
            .into(),
            Unsubscribe { request, subscription: SubscriptionId::new(id).expect("an id") }.into(),
            Unregister { request, registration: RegistrationId::new(id).expect("an id") }.into(),
        ]);
    }
    all
}

/// What the machine would write for this message with these options.
#[allow(clippy::wildcard_enum_match_arm)]
fn write(serializer: Serializer, message: &Message, options: &[u8]) -> Bytes {
    let kind = code(message.code());
    let with = |payload: &Payload, numbers: &[u64], uri: Option<&Uri>| {
        let elements = payload.shape().elements();
        let written = Written { options, payload: payload.bytes(), elements };
        super::message(serializer, numbers, uri.map(Uri::as_str), written)
    };
    let bytes = match message {
        Message::Hello(m) => hello(
            serializer,
            &Hello {
                realm: m.realm.as_str(),
                roles: &m.details.roles,
                agent: m.details.agent.as_deref().expect("an agent"),
                authmethods: &m.details.authmethods.join("\n"),
                authid: m.details.authid.as_deref(),
                authextra: options,
            },
        ),
        Message::Authenticate(m) => authenticate(serializer, &m.signature, options),
        Message::Abort(m) => {
            close(serializer, message.code(), m.reason.as_str(), m.details.message.as_deref())
        }
        Message::Goodbye(m) => close(serializer, message.code(), m.reason.as_str(), None),
        Message::Cancel(m) => cancel(serializer, m.request.get(), m.options.mode.expect("a mode")),
        Message::Unsubscribe(m) => {
            numbers(serializer, &[kind, m.request.get(), m.subscription.get()])
        }
        Message::Unregister(m) => {
            numbers(serializer, &[kind, m.request.get(), m.registration.get()])
        }
        Message::Publish(m) => with(&m.payload, &[kind, m.request.get()], Some(&m.topic)),
        Message::Call(m) => with(&m.payload, &[kind, m.request.get()], Some(&m.procedure)),
        Message::Subscribe(m) => with(&Payload::NONE, &[kind, m.request.get()], Some(&m.topic)),
        Message::Register(m) => with(&Payload::NONE, &[kind, m.request.get()], Some(&m.procedure)),
        Message::Yield(m) => with(&m.payload, &[kind, m.request.get()], None),
        Message::Error(m) => {
            let numbers = [kind, code(m.request_type), m.request.get()];
            with(&m.payload, &numbers, Some(&m.error))
        }
        _ => unreachable!("no message of a client"),
    };
    bytes.into()
}

#[test]
fn the_codec_of_the_router_reads_what_is_written_here() {
    for serializer in Serializer::ALL {
        for message in messages(serializer) {
            let bytes = write(serializer, &message, &[]);
            assert_eq!(codec::decode(serializer, &bytes), Ok(message), "{serializer}: {bytes:?}");
        }
    }
}

#[test]
#[allow(clippy::wildcard_enum_match_arm)] // nothing else has options of the application
fn options_pass_as_they_were_written() {
    let options = [
        (Serializer::Json, b"{\"x_own\":1}".as_slice()),
        (Serializer::MsgPack, b"\x81\xa5x_own\x01"),
        (Serializer::Cbor, b"\xa1\x65x_own\x01"),
    ];
    for (serializer, written) in options {
        for message in messages(serializer) {
            let bytes = write(serializer, &message, written);
            let read = codec::decode(serializer, &bytes).expect("a message");
            let custom = match &read {
                Message::Publish(m) => &m.options.custom,
                Message::Call(m) => &m.options.custom,
                Message::Subscribe(m) => &m.options.custom,
                Message::Register(m) => &m.options.custom,
                Message::Yield(m) => &m.options.custom,
                Message::Error(m) => &m.details.custom,
                Message::Hello(m) => &m.details.authextra,
                Message::Authenticate(m) => &m.extra,
                _ => continue,
            };
            assert_eq!(custom.get("x_own"), Some(&Value::Int(1)), "{serializer}: {read:?}");
        }
    }
}
