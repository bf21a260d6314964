//! Bytes to messages, messages to bytes, payloads to payloads.

#![allow(clippy::expect_used, reason = "what is written here is well-formed")]

use super::{
    repeat,
    stage::{URI, call, frame, payload, publish, request, yield_},
};
use bytes::BytesMut;
use std::hint::black_box;
use wamplex_shared::{
    codec,
    id::{PublicationId, RegistrationId, SubscriptionId},
    message::{
        Event, EventDetails, Invocation, InvocationDetails, Message, ResultDetails, ResultMessage,
    },
    serializer::Serializer,
    uri::Uri,
};

/// About as much as a reading or a small command takes.
const SMALL: usize = 128;

pub(super) fn decode_publish(times: u64, serializer: Serializer) {
    decode(times, serializer, &publish(payload(serializer, SMALL), false));
}

pub(super) fn decode_acknowledged(times: u64, serializer: Serializer) {
    decode(times, serializer, &publish(payload(serializer, SMALL), true));
}

pub(super) fn decode_large(times: u64, serializer: Serializer) {
    decode(times, serializer, &publish(payload(serializer, 1 << 16), false));
}

pub(super) fn decode_call(times: u64, serializer: Serializer) {
    decode(times, serializer, &call(request(), payload(serializer, SMALL)));
}

pub(super) fn decode_yield(times: u64, serializer: Serializer) {
    decode(times, serializer, &yield_(request(), payload(serializer, SMALL)));
}

fn decode(times: u64, serializer: Serializer, message: &Message) {
    let frame = frame(serializer, message);
    repeat(times, || codec::decode(serializer, black_box(&frame)).expect("it was encoded"));
}

pub(super) fn encode_event(times: u64, serializer: Serializer) {
    encode(times, serializer, &event(serializer, None));
}

pub(super) fn encode_event_with_topic(times: u64, serializer: Serializer) {
    encode(times, serializer, &event(serializer, Some(Uri::from_static(URI))));
}

fn event(serializer: Serializer, topic: Option<Uri>) -> Message {
    let event = Event {
        subscription: SubscriptionId::new(5_512_315_355).expect("it is in range"),
        publication: PublicationId::new(4_429_313_566_123).expect("it is in range"),
        details: EventDetails { topic, ..EventDetails::default() },
        payload: payload(serializer, SMALL),
    };
    event.into()
}

pub(super) fn encode_invocation(times: u64, serializer: Serializer) {
    let invocation = Invocation {
        request: request(),
        registration: RegistrationId::new(5_512_315_355).expect("it is in range"),
        details: InvocationDetails::default(),
        payload: payload(serializer, SMALL),
    };
    encode(times, serializer, &invocation.into());
}

pub(super) fn encode_result(times: u64, serializer: Serializer) {
    let (details, payload) = (ResultDetails::default(), payload(serializer, SMALL));
    encode(times, serializer, &ResultMessage { request: request(), details, payload }.into());
}

/// Into a buffer that is there, as a connection has one.
fn encode(times: u64, serializer: Serializer, message: &Message) {
    let mut out = BytesMut::with_capacity(1 << 16);
    repeat(times, || {
        out.clear();
        codec::encode_into(serializer, black_box(message), &mut out).expect("it can be written");
    });
}

pub(super) fn transcode(times: u64, from: Serializer, to: Serializer) {
    let payload = payload(from, 1 << 10);
    repeat(times, || codec::transcode(black_box(&payload), to));
}
