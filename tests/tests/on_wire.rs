//! Every script against the running router over every transport: all sessions in one serializer, for each, and over
//! WebSocket sessions in different ones, too.

use wamplex_shared::serializer::Serializer::{self, Cbor, Json, MsgPack};
use wamplex_tests::harness::{Outcomes, Way, WireStage, assert_complete, check};

#[test]
fn every_script_is_a_test() {
    assert_complete(include!(concat!(env!("OUT_DIR"), "/scripts.rs")).as_slice());
}

macro_rules! over {
    ($($name:ident: $way:ident $serializers:expr;)*) => { $(
        mod $name {
            use super::*;

            fn run(script: &str) {
                const SERIALIZERS: &[Serializer] = &$serializers;
                let outcomes = Outcomes::below(env!("CARGO_TARGET_TMPDIR"));
                outcomes.record(stringify!($name), script, || {
                    check(script, |script| WireStage::new(script, Way::$way, SERIALIZERS));
                });
            }

            include!(concat!(env!("OUT_DIR"), "/on_wire.rs"));
        }
    )* };
}

over! {
    json: WebSocket [Json];
    msgpack: WebSocket [MsgPack];
    cbor: WebSocket [Cbor];
    mixed: WebSocket [Json, MsgPack, Cbor];
    batched_json: Batched [Json];
    batched_msgpack: Batched [MsgPack];
    batched_cbor: Batched [Cbor];
    tls_json: Tls [Json];
    tls_msgpack: Tls [MsgPack];
    tls_cbor: Tls [Cbor];
    rawsocket_json: RawSocket [Json];
    rawsocket_msgpack: RawSocket [MsgPack];
    rawsocket_cbor: RawSocket [Cbor];
    unix_json: Unix [Json];
    unix_msgpack: Unix [MsgPack];
    unix_cbor: Unix [Cbor];
    longpoll_json: LongPoll [Json];
    longpoll_msgpack: LongPoll [MsgPack];
    longpoll_cbor: LongPoll [Cbor];
}
