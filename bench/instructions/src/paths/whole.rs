//! From the bytes that a client sent to those that other clients receive: all but the transport.

#![allow(clippy::expect_used, reason = "what is sent here is allowed")]

use super::{
    repeat,
    stage::{Queue, Stage, URI, call as ask, frame, payload, publish, yield_},
};
use bytes::BytesMut;
use std::hint::black_box;
use wamplex_realm::{Made, Outbound, Recent};
use wamplex_shared::{
    codec,
    id::{RequestId, RequestIds},
    message::Message,
    serializer::Serializer,
    time::Time,
    uri::MatchPolicy,
};

/// PUBLISH in one serializer to EVENT in another, to this many subscribers of the topic.
pub(super) fn event(times: u64, subscribers: u64, from: Serializer, to: Serializer) {
    let mut stage = Stage::new();
    for _ in 0..subscribers {
        let member = stage.join();
        stage.subscribe(&member, &mut RequestIds::new(), URI, MatchPolicy::Exact);
    }
    let publisher = stage.join();
    let Stage { realm, mut out, .. } = stage;
    let frame = frame(from, &publish(payload(from, 128), false));
    let (mut buffer, recent) = (buffer(), Recent::default());
    repeat(times, || {
        let Ok(Message::Publish(message)) = codec::decode(from, black_box(&frame)) else { return };
        realm.publish(&publisher, message, Time::ZERO, &mut out).expect("it is allowed");
        send(&mut out, to, &recent, &mut buffer);
    });
}

/// CALL, INVOCATION, YIELD, RESULT, all in one serializer.
pub(super) fn call(times: u64, serializer: Serializer) {
    /// More than are ever needed, so that making these frames costs the same whatever `times` is.
    const FRAMES: u64 = 4_000;
    let mut stage = Stage::new();
    let (caller, callee) = (stage.join(), stage.join());
    stage.register(&callee);
    let Stage { realm, mut out, .. } = stage;
    let (payload, mut buffer) = (payload(serializer, 128), buffer());
    let recent = Recent::default();
    let frames: Vec<_> = (1..=FRAMES)
        .filter_map(RequestId::new)
        .map(|id| [ask(id, payload.clone()), yield_(id, payload.clone())])
        .map(|messages| messages.map(|message| frame(serializer, &message)))
        .collect();
    let mut frames = frames.iter();
    repeat(times, || {
        let [ask, answer] = frames.next().expect("there are enough");
        let Ok(Message::Call(message)) = codec::decode(serializer, ask) else { return };
        realm.call(&caller, message, Time::ZERO, &mut out).expect("it is allowed");
        send(&mut out, serializer, &recent, &mut buffer);
        let Ok(Message::Yield(message)) = codec::decode(serializer, answer) else { return };
        realm.yield_(&callee, message, Time::ZERO, &mut out).expect("it is allowed");
        send(&mut out, serializer, &recent, &mut buffer);
    });
}

/// What a connection writes to, as large as the most it sends at once.
fn buffer() -> BytesMut {
    BytesMut::with_capacity(1 << 16)
}

/// What the connections of the receivers do: each encodes, or copies what another one encoded.
fn send(out: &mut Queue, serializer: Serializer, recent: &Recent, buffer: &mut BytesMut) {
    buffer.clear();
    assert!(!out.0.is_empty(), "somebody receives something");
    for (_, outbound) in out.0.drain(..) {
        match &outbound {
            Outbound::Message(message) => codec::encode_into(serializer, message, buffer),
            Outbound::Event(event) => {
                let mut made = Made::default();
                let pieces = event.encoded(serializer, recent, &mut made);
                pieces.each(|piece| buffer.extend_from_slice(piece));
                Ok(())
            }
        }
        .expect("it can be written");
    }
    black_box(buffer);
}
