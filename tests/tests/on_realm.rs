//! Every script against the pure realm.

use wamplex_tests::harness::{RealmStage, assert_complete, check};

fn run(script: &str) {
    check(script, RealmStage::new);
}

#[test]
fn every_script_is_a_test() {
    assert_complete(include!(concat!(env!("OUT_DIR"), "/scripts.rs")).as_slice());
}

include!(concat!(env!("OUT_DIR"), "/on_realm.rs"));
