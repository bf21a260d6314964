//! Messages to bytes and back: PUBLISH and EVENT with arguments of about 100 bytes and 10 KB, in each serializer,
//! beside what a router pays that decodes everything into a tree of values with serde.
//!
//! `cargo bench -p wamplex-shared`; a name behind `--` chooses some.

#![allow(clippy::unwrap_used, reason = "a benchmark may fail")]

use bytes::{Bytes, BytesMut};
use divan::{Bencher, black_box, counter::BytesCount};
use wamplex_shared::{
    codec,
    id::{PublicationId, SubscriptionId},
    message::{Event, EventDetails, Message},
    serializer::Serializer::{self, Cbor, Json, MsgPack},
    value::{Dict, Value},
};

#[global_allocator]
static ALLOCATOR: divan::AllocProfiler = divan::AllocProfiler::system();

const CASES: [(Serializer, usize); 6] =
    [(Json, 100), (Json, 10_000), (MsgPack, 100), (MsgPack, 10_000), (Cbor, 100), (Cbor, 10_000)];

fn main() {
    divan::main();
}

/// Arguments of about `size` bytes in JSON: records with text, numbers and lists, as applications send them.
fn args(size: usize) -> Vec<Value> {
    let record = |i: usize| -> Value {
        let sensor = ["north", "east", "south", "west"][i % 4];
        Dict::from_iter([
            ("sensor", Value::from(sensor)),
            ("seq", Value::from(i as u64 * 7919)),
            ("celsius", Value::from(21.5 + i as f64 / 8.0)),
            ("ok", Value::from(!i.is_multiple_of(3))),
            (
                "path",
                Value::List(vec![Value::from(i as u64), Value::from(-(i as i64)), Value::Null]),
            ),
        ])
        .into()
    };
    (0..size.div_ceil(92)).map(record).collect()
}

fn publish(serializer: Serializer, size: usize) -> Bytes {
    let head = Bytes::from_static(br#"[16,239714735,{},"com.example.sensors.reading"]"#);
    let Message::Publish(mut publish) = codec::decode(Json, &head).unwrap() else { unreachable!() };
    publish.payload = codec::write_values(serializer, &args(size), &Dict::new());
    codec::encode(serializer, &publish.into()).unwrap()
}

fn event(serializer: Serializer, size: usize) -> Message {
    Event {
        subscription: SubscriptionId::new(5_512_315_355).unwrap(),
        publication: PublicationId::new(4_429_313_566_123).unwrap(),
        details: EventDetails::default(),
        payload: codec::write_values(serializer, &args(size), &Dict::new()),
    }
    .into()
}

#[divan::bench(args = CASES, sample_size = 200)]
fn decode_publish(bencher: Bencher<'_, '_>, (serializer, size): (Serializer, usize)) {
    let frame = publish(serializer, size);
    bencher
        .counter(BytesCount::new(frame.len()))
        .bench(|| codec::decode(serializer, black_box(&frame)).unwrap());
}

#[divan::bench(args = CASES, sample_size = 200)]
fn decode_publish_into_a_tree_with_serde(
    bencher: Bencher<'_, '_>,
    (serializer, size): (Serializer, usize),
) {
    let frame = publish(serializer, size);
    let bencher = bencher.counter(BytesCount::new(frame.len()));
    match serializer {
        Json => bencher
            .bench(|| serde_json::from_slice::<serde_json::Value>(black_box(&frame)).unwrap()),
        // There is no tree of values in this library, so that of JSON serves; there is no binary data here.
        MsgPack => {
            bencher.bench(|| rmp_serde::from_slice::<serde_json::Value>(black_box(&frame)).unwrap())
        }
        Cbor => bencher
            .bench(|| ciborium::from_reader::<ciborium::Value, _>(&black_box(&frame)[..]).unwrap()),
    }
}

#[divan::bench(args = CASES, sample_size = 200)]
fn encode_event(bencher: Bencher<'_, '_>, (serializer, size): (Serializer, usize)) {
    let message = event(serializer, size);
    let length = codec::encode(serializer, &message).unwrap().len();
    bencher
        .counter(BytesCount::new(length))
        .bench(|| codec::encode(serializer, black_box(&message)).unwrap());
}

/// As the connection of a subscriber does it, which has a buffer for what it sends.
#[divan::bench(args = CASES, sample_size = 200)]
fn encode_event_into_a_buffer(bencher: Bencher<'_, '_>, (serializer, size): (Serializer, usize)) {
    let message = event(serializer, size);
    let mut out = BytesMut::with_capacity(1 << 16);
    codec::encode_into(serializer, &message, &mut out).unwrap();
    bencher.counter(BytesCount::new(out.len())).bench_local(|| {
        out.clear();
        codec::encode_into(serializer, black_box(&message), &mut out).unwrap();
    });
}

#[divan::bench(args = CASES, sample_size = 200)]
fn encode_event_from_a_tree_with_serde(
    bencher: Bencher<'_, '_>,
    (serializer, size): (Serializer, usize),
) {
    let frame = codec::encode(serializer, &event(serializer, size)).unwrap();
    let bencher = bencher.counter(BytesCount::new(frame.len()));
    match serializer {
        Json => {
            let tree: serde_json::Value = serde_json::from_slice(&frame).unwrap();
            bencher.bench(|| serde_json::to_vec(black_box(&tree)).unwrap());
        }
        MsgPack => {
            let tree: serde_json::Value = rmp_serde::from_slice(&frame).unwrap();
            bencher.bench(|| rmp_serde::to_vec(black_box(&tree)).unwrap());
        }
        Cbor => {
            let tree: ciborium::Value = ciborium::from_reader(&frame[..]).unwrap();
            bencher.bench(|| {
                let mut out = Vec::new();
                ciborium::into_writer(black_box(&tree), &mut out).unwrap();
                out
            });
        }
    }
}

#[divan::bench(args = [
    (Json, MsgPack), (Json, Cbor), (MsgPack, Json), (MsgPack, Cbor), (Cbor, Json), (Cbor, MsgPack),
])]
fn transcode_10_kb(bencher: Bencher<'_, '_>, (from, to): (Serializer, Serializer)) {
    let payload = codec::write_values(from, &args(10_000), &Dict::new());
    bencher
        .counter(BytesCount::new(payload.bytes().len()))
        .bench(|| codec::transcode(black_box(&payload), to));
}
