//! Messages through the realm, without a codec before and behind it.

#![allow(clippy::expect_used, reason = "what is sent here is allowed")]

use super::{
    repeat,
    stage::{Queue, Stage, URI, payload, request},
};
use std::hint::black_box;
use wamplex_shared::{
    id::RequestIds,
    message::{Call, CallOptions, Publish, PublishOptions, Yield, YieldOptions},
    serializer::Serializer,
    time::Time,
    uri::{MatchPolicy, Uri},
};

/// Patterns beside the one that matches.
const OTHERS: u64 = 10_000;

/// An event to this many subscribers of its topic.
pub(super) fn publish(times: u64, subscribers: u64) {
    let mut stage = Stage::new();
    for _ in 0..subscribers {
        let member = stage.join();
        stage.subscribe(&member, &mut RequestIds::new(), URI, MatchPolicy::Exact);
    }
    run_publish(times, stage);
}

pub(super) fn publish_among_prefixes(times: u64) {
    let other = |n| format!("com.example.sensors.{n}");
    publish_among(times, MatchPolicy::Prefix, "com.example.sensors.", other);
}

pub(super) fn publish_among_wildcards(times: u64) {
    let other = |n| format!("com..sensors.{n}");
    publish_among(times, MatchPolicy::Wildcard, "com..sensors.", other);
}

/// An event to the one subscriber whose pattern matches, among many others.
fn publish_among(times: u64, policy: MatchPolicy, matching: &str, other: fn(u64) -> String) {
    let mut stage = Stage::new();
    let (member, mut requests) = (stage.join(), RequestIds::new());
    stage.subscribe(&member, &mut requests, matching, policy);
    for n in 0..OTHERS {
        stage.subscribe(&member, &mut requests, &other(n), policy);
    }
    run_publish(times, stage);
}

fn run_publish(times: u64, mut stage: Stage) {
    let (publisher, payload) = (stage.join(), payload(Serializer::MsgPack, 128));
    let Stage { realm, mut out, .. } = stage;
    let topic = Uri::from(URI);
    repeat(times, || {
        let (topic, payload) = (black_box(&topic).clone(), payload.clone());
        let message =
            Publish { request: request(), options: PublishOptions::default(), topic, payload };
        realm.publish(&publisher, message, Time::ZERO, &mut out).expect("it is allowed");
        assert!(!black_box(&out).0.is_empty(), "somebody receives the event");
        out.0.clear();
    });
}

/// CALL to INVOCATION, YIELD to RESULT, with a few other calls under way.
pub(super) fn call(times: u64) {
    const IN_FLIGHT: u64 = 16;
    let mut stage = Stage::new();
    let (caller, callee) = (stage.join(), stage.join());
    stage.register(&callee);
    let payload = payload(Serializer::MsgPack, 128);
    let Stage { realm, mut out, .. } = stage;
    let (mut calls, mut answers) = (RequestIds::new(), RequestIds::new());
    let procedure = Uri::from(URI);
    let mut ask = |out: &mut Queue| {
        let (procedure, payload) = (black_box(&procedure).clone(), payload.clone());
        let message =
            Call { request: calls.take(), options: CallOptions::default(), procedure, payload };
        realm.call(&caller, message, Time::ZERO, out).expect("it is allowed");
    };
    (0..IN_FLIGHT).for_each(|_| ask(&mut out));
    repeat(times, || {
        out.0.clear();
        ask(&mut out);
        let (request, payload) = (answers.take(), payload.clone());
        let message = Yield { request, options: YieldOptions::default(), payload };
        realm.yield_(&callee, message, Time::ZERO, &mut out).expect("it is allowed");
        assert_eq!(black_box(&out).0.len(), 2, "INVOCATION and RESULT");
    });
}
