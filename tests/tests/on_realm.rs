//! Every script against the pure realm.

use wamplex_tests::harness::{Outcomes, RealmStage, assert_complete, check};

fn run(script: &str) {
    let outcomes = Outcomes::below(env!("CARGO_TARGET_TMPDIR"));
    outcomes.record("realm", script, || check(script, RealmStage::new));
}

#[test]
fn every_script_is_a_test() {
    assert_complete(include!(concat!(env!("OUT_DIR"), "/scripts.rs")).as_slice());
}

include!(concat!(env!("OUT_DIR"), "/on_realm.rs"));
