//! The paths that are counted.

mod codec;
mod framing;
mod realm;
mod stage;
mod whole;

use std::hint::black_box;
use wamplex_shared::serializer::Serializer::{Cbor, Json, MsgPack};

/// Something that messages go through.
pub(crate) struct Path {
    pub(crate) name: &'static str,
    /// How often it is taken for a count: enough that what happens once in a while averages out.
    pub(crate) times: u64,
    /// Takes it this often.
    pub(crate) run: fn(u64),
}

const fn path(name: &'static str, times: u64, run: fn(u64)) -> Path {
    Path { name, times, run }
}

/// All of them, in the order in which they are reported.
pub(crate) const ALL: &[Path] = &[
    path("decode/publish/json", 1000, |n| codec::decode_publish(n, Json)),
    path("decode/publish/msgpack", 1000, |n| codec::decode_publish(n, MsgPack)),
    path("decode/publish/cbor", 1000, |n| codec::decode_publish(n, Cbor)),
    path("decode/publish_acknowledged/json", 1000, |n| codec::decode_acknowledged(n, Json)),
    path("decode/publish_acknowledged/msgpack", 1000, |n| codec::decode_acknowledged(n, MsgPack)),
    path("decode/publish_acknowledged/cbor", 1000, |n| codec::decode_acknowledged(n, Cbor)),
    path("decode/call/json", 1000, |n| codec::decode_call(n, Json)),
    path("decode/call/msgpack", 1000, |n| codec::decode_call(n, MsgPack)),
    path("decode/call/cbor", 1000, |n| codec::decode_call(n, Cbor)),
    path("decode/yield/json", 1000, |n| codec::decode_yield(n, Json)),
    path("decode/yield/msgpack", 1000, |n| codec::decode_yield(n, MsgPack)),
    path("decode/yield/cbor", 1000, |n| codec::decode_yield(n, Cbor)),
    path("decode/64_kib/json", 20, |n| codec::decode_large(n, Json)),
    path("decode/64_kib/msgpack", 20, |n| codec::decode_large(n, MsgPack)),
    path("decode/64_kib/cbor", 20, |n| codec::decode_large(n, Cbor)),
    path("encode/event/json", 1000, |n| codec::encode_event(n, Json)),
    path("encode/event/msgpack", 1000, |n| codec::encode_event(n, MsgPack)),
    path("encode/event/cbor", 1000, |n| codec::encode_event(n, Cbor)),
    path("encode/event_of_a_pattern/msgpack", 1000, |n| codec::encode_event_with_topic(n, MsgPack)),
    path("encode/invocation/msgpack", 1000, |n| codec::encode_invocation(n, MsgPack)),
    path("encode/result/msgpack", 1000, |n| codec::encode_result(n, MsgPack)),
    path("transcode/1_kib/json_to_msgpack", 200, |n| codec::transcode(n, Json, MsgPack)),
    path("transcode/1_kib/json_to_cbor", 200, |n| codec::transcode(n, Json, Cbor)),
    path("transcode/1_kib/msgpack_to_json", 200, |n| codec::transcode(n, MsgPack, Json)),
    path("transcode/1_kib/msgpack_to_cbor", 200, |n| codec::transcode(n, MsgPack, Cbor)),
    path("transcode/1_kib/cbor_to_json", 200, |n| codec::transcode(n, Cbor, Json)),
    path("transcode/1_kib/cbor_to_msgpack", 200, |n| codec::transcode(n, Cbor, MsgPack)),
    path("route/publish/1", 1000, |n| realm::publish(n, 1)),
    path("route/publish/10", 500, |n| realm::publish(n, 10)),
    path("route/publish/100", 100, |n| realm::publish(n, 100)),
    path("route/publish/among_10000_prefixes", 1000, realm::publish_among_prefixes),
    path("route/publish/among_10000_wildcards", 1000, realm::publish_among_wildcards),
    path("route/call", 1000, realm::call),
    path("framing/read_16/msgpack", 500, |n| framing::read(n, MsgPack)),
    path("framing/read_16/json", 500, |n| framing::read(n, Json)),
    path("framing/read_64_kib/msgpack", 20, |n| framing::read_large(n, MsgPack)),
    path("framing/read_64_kib/json", 20, |n| framing::read_large(n, Json)),
    path("framing/write_16", 500, framing::write),
    path("framing/write_64_kib", 100, framing::write_large),
    path("whole/event/json_to_json", 1000, |n| whole::event(n, 1, Json, Json)),
    path("whole/event/json_to_msgpack", 1000, |n| whole::event(n, 1, Json, MsgPack)),
    path("whole/event/msgpack_to_msgpack", 1000, |n| whole::event(n, 1, MsgPack, MsgPack)),
    path("whole/event/msgpack_to_json", 1000, |n| whole::event(n, 1, MsgPack, Json)),
    path("whole/event/cbor_to_cbor", 1000, |n| whole::event(n, 1, Cbor, Cbor)),
    path("whole/event/cbor_to_msgpack", 1000, |n| whole::event(n, 1, Cbor, MsgPack)),
    path("whole/event/msgpack_to_10_of_msgpack", 500, |n| whole::event(n, 10, MsgPack, MsgPack)),
    path("whole/event/json_to_10_of_msgpack", 500, |n| whole::event(n, 10, Json, MsgPack)),
    path("whole/call/json", 1000, |n| whole::call(n, Json)),
    path("whole/call/msgpack", 1000, |n| whole::call(n, MsgPack)),
    path("whole/call/cbor", 1000, |n| whole::call(n, Cbor)),
];

/// Does something this often, and lets the compiler know nothing about it.
fn repeat<T>(times: u64, mut something: impl FnMut() -> T) {
    for _ in 0..times {
        black_box(something());
    }
}
