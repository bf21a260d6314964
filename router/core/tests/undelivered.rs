//! What becomes of messages that are too long for the transport of their receiver: whoever waits is told, once.

#![allow(clippy::unwrap_used, clippy::wildcard_enum_match_arm, reason = "all of this is a test")]

mod stage;

use stage::{Stage, Who};
use wamplex_realm::Outbound;
use wamplex_shared::message::*;

const TOO_LONG: &str = "1 ERROR CALL 1 wamp.error.payload_size_exceeded";
const NOTHING: [&str; 0] = [];

/// Session 1 has called a procedure of session 2.
fn calling(options: CallOptions) -> Stage {
    let mut s = Stage::new();
    let (caller, callee) = (s.join(1), s.join(2));
    s.registered(callee, "com.p", RegisterOptions::default());
    s.call(caller, "com.p", options);
    s
}

/// The transport of a session cannot carry the last message that was sent to it.
fn lose_last(s: &mut Stage, to: Who) {
    let (receiver, message) = s.take().pop().unwrap();
    assert_eq!(receiver, to);
    s.undelivered(to, Outbound::from(message));
}

#[test]
fn a_caller_whose_callee_cannot_be_told_hears_so_and_the_callee_nothing() {
    let mut s = calling(CallOptions::default());
    lose_last(&mut s, 2);
    assert_eq!(s.heard(), [TOO_LONG]);
    s.yield_(2, 1, "1").unwrap();
    assert_eq!(s.heard(), NOTHING, "the invocation is over");
}

#[test]
fn a_callee_with_a_limit_has_room_again_for_the_next_call() {
    let mut s = Stage::new();
    let (caller, callee) = (s.join(1), s.join(2));
    let options = RegisterOptions { concurrency: Some(1), ..RegisterOptions::default() };
    s.registered(callee, "com.p", options);
    s.call(caller, "com.p", CallOptions::default());
    let (_, invocation) = s.take().pop().unwrap();
    s.call(caller, "com.p", CallOptions::default());
    assert_eq!(s.heard(), NOTHING, "the second call waits");
    s.undelivered(2, Outbound::from(invocation));
    assert_eq!(s.heard(), [TOO_LONG, "2 INVOCATION 2 [\"question\"]"]);
}

#[test]
fn a_callee_that_received_other_parts_of_the_arguments_is_interrupted() {
    let mut s = calling(CallOptions { progress: true, ..CallOptions::default() });
    s.take();
    let more = Call {
        request: stage::request(1),
        options: CallOptions { progress: true, ..CallOptions::default() },
        procedure: "com.p".into(),
        payload: stage::args("\"long\""),
    };
    s.send(1, more).unwrap();
    lose_last(&mut s, 2);
    assert_eq!(s.heard(), [TOO_LONG, "2 INTERRUPT 1 killnowait"]);
}

#[test]
fn a_caller_that_cannot_be_told_the_answer_is_told_so() {
    let mut s = calling(CallOptions::default());
    s.yield_(2, 1, "\"long\"").unwrap();
    lose_last(&mut s, 1);
    assert_eq!(s.heard(), [TOO_LONG]);

    let mut s = calling(CallOptions::default());
    s.error(2, 1, "com.example.long").unwrap();
    lose_last(&mut s, 1);
    assert_eq!(s.heard(), [TOO_LONG]);
}

#[test]
fn a_result_that_loses_a_part_is_over_and_its_callee_is_interrupted() {
    let mut s = calling(CallOptions { receive_progress: true, ..CallOptions::default() });
    s.progress(2, 1, "\"long\"").unwrap();
    let (_, part) = s.take().pop().unwrap();
    s.undelivered(1, Outbound::from(part.clone()));
    assert_eq!(s.heard(), [TOO_LONG, "2 INTERRUPT 1 killnowait"]);
    s.undelivered(1, Outbound::from(part));
    s.yield_(2, 1, "1").unwrap();
    assert_eq!(s.heard(), NOTHING, "the caller has its last answer");
}

#[test]
fn nobody_is_told_of_an_event_that_is_lost_for_one_receiver() {
    let mut s = Stage::new();
    let (publisher, subscriber) = (s.join(1), s.join(2));
    s.subscribed(subscriber, "com.t", SubscribeOptions::default());
    s.publish(publisher, "com.t", PublishOptions::default());
    lose_last(&mut s, 2);
    assert_eq!(s.heard(), NOTHING);
}

#[test]
fn a_session_that_has_left_is_told_nothing() {
    let mut s = calling(CallOptions::default());
    s.yield_(2, 1, "\"long\"").unwrap();
    let (_, result) = s.take().pop().unwrap();
    s.leave(1);
    s.undelivered(1, Outbound::from(result));
    assert_eq!(s.heard(), NOTHING);
}
