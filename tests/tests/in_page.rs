//! Every script against the router of a page, in each serializer and in different ones.

use wamplex_shared::serializer::Serializer::{self, Cbor, Json, MsgPack};
use wamplex_tests::harness::{PageStage, assert_complete, check};

#[test]
fn every_script_is_a_test() {
    assert_complete(include!(concat!(env!("OUT_DIR"), "/scripts.rs")).as_slice());
}

/// All ways in one test: without sockets they take no time.
fn run(script: &str) {
    const WAYS: [(&[Serializer], bool); 5] = [
        (&[Json], false),
        (&[MsgPack], false),
        (&[Cbor], false),
        (&[Json, MsgPack, Cbor], false),
        (&[Json, MsgPack, Cbor], true),
    ];
    for (serializers, batched) in WAYS {
        check(script, |script| PageStage::new(script, serializers, batched));
    }
}

include!(concat!(env!("OUT_DIR"), "/on_realm.rs"));
