//! Every script against the running router: all sessions in one serializer, for each, and sessions in different ones.

use wamplex_shared::serializer::Serializer;
use wamplex_tests::harness::{Outcomes, WireStage, assert_complete, check};

#[test]
fn every_script_is_a_test() {
    assert_complete(include!(concat!(env!("OUT_DIR"), "/scripts.rs")).as_slice());
}

macro_rules! in_serializers {
    ($($name:ident: $serializers:expr;)*) => { $(
        mod $name {
            use super::*;

            fn run(script: &str) {
                let outcomes = Outcomes::below(env!("CARGO_TARGET_TMPDIR"));
                outcomes.record(stringify!($name), script, || {
                    check(script, |script| WireStage::new(script, $serializers));
                });
            }

            include!(concat!(env!("OUT_DIR"), "/on_wire.rs"));
        }
    )* };
}

in_serializers! {
    json: &[Serializer::Json];
    msgpack: &[Serializer::MsgPack];
    cbor: &[Serializer::Cbor];
    mixed: &[Serializer::Json, Serializer::MsgPack, Serializer::Cbor];
}
