//! Invocations: each is answered once, and what comes too late is ignored.

use crate::{
    ALL, args, drain, interrupt, invocation,
    one_of_each::{messages, request},
    open, registration, sent_codes, subscription, uri,
};
use wamplex_shared::{
    message::{CancelMode, ErrorDetails, InvocationDetails, Message, MessageCode, YieldOptions},
    payload::Payload,
    roles::Feature,
    session::Event,
};

#[test]
fn an_invocation_is_answered_once() {
    let mut session = open(ALL);
    let arrived = invocation(1, InvocationDetails::default());
    session.handle_message(arrived.clone().into()).unwrap();
    assert_eq!(drain(&mut session), [Event::Invocation(arrived)]);
    assert_eq!(session.serving(), 1);
    assert!(session.yield_(request(1), YieldOptions::default(), args("[1]")));
    assert!(!session.yield_(request(1), YieldOptions::default(), args("[2]")));
    let (details, uri) = (ErrorDetails::default(), uri("com.example.error"));
    assert!(!session.error(request(1), details.clone(), uri.clone(), Payload::NONE));
    assert_eq!(sent_codes(&mut session), [MessageCode::Yield]);

    session.handle_message(invocation(2, InvocationDetails::default()).into()).unwrap();
    assert!(session.error(request(2), details, uri, Payload::NONE));
    assert!(!session.yield_(request(2), YieldOptions::default(), Payload::NONE));
    assert!(!session.yield_(request(3), YieldOptions::default(), Payload::NONE), "never invoked");
    assert_eq!(sent_codes(&mut session), [MessageCode::Error]);
    assert_eq!(session.serving(), 0);
}

#[test]
fn pieces_of_a_result_are_sent_only_to_a_caller_that_takes_them() {
    let mut session = open(ALL);
    let piece = YieldOptions { progress: true, ..YieldOptions::default() };
    session.handle_message(invocation(1, InvocationDetails::default()).into()).unwrap();
    assert!(!session.takes_progress(request(1)));
    assert!(!session.yield_(request(1), piece.clone(), Payload::NONE));
    let details = InvocationDetails { receive_progress: true, ..InvocationDetails::default() };
    session.handle_message(invocation(2, details).into()).unwrap();
    assert!(session.takes_progress(request(2)));
    assert!(session.yield_(request(2), piece.clone(), Payload::NONE));
    assert!(session.yield_(request(2), piece.clone(), Payload::NONE));
    session.handle_message(interrupt(2, CancelMode::Kill)).unwrap();
    assert!(!session.yield_(request(2), piece, Payload::NONE), "the caller has lost interest");
    assert!(session.yield_(request(2), YieldOptions::default(), Payload::NONE));
    assert_eq!(sent_codes(&mut session), [MessageCode::Yield; 3]);
}

#[test]
fn an_interrupt_reaches_what_is_being_served_and_is_ignored_afterwards() {
    for mode in [CancelMode::Kill, CancelMode::KillNoWait] {
        let mut session = open(ALL);
        session.handle_message(invocation(1, InvocationDetails::default()).into()).unwrap();
        drain(&mut session);
        let Message::Interrupt(expected) = interrupt(1, mode) else { unreachable!() };
        session.handle_message(interrupt(1, mode)).unwrap();
        assert_eq!(drain(&mut session), [Event::Interrupt(expected)]);
        session.handle_message(interrupt(1, mode)).unwrap();
        assert!(
            session.yield_(request(1), YieldOptions::default(), Payload::NONE),
            "one last word"
        );
        session.handle_message(interrupt(1, mode)).unwrap();
        session.handle_message(interrupt(2, mode)).unwrap();
        assert_eq!((drain(&mut session).len(), session.ignored()), (0, 3));
    }
}

#[test]
fn arguments_in_pieces_arrive_in_order_and_none_after_the_answer() {
    let mut session = open(ALL);
    let more = InvocationDetails { progress: true, ..InvocationDetails::default() };
    let last = InvocationDetails::default();
    session.handle_message(invocation(1, more.clone()).into()).unwrap();
    session.handle_message(invocation(1, more.clone()).into()).unwrap();
    session.handle_message(invocation(1, last.clone()).into()).unwrap();
    session.handle_message(invocation(1, last.clone()).into()).unwrap();
    assert_eq!(
        drain(&mut session),
        [
            Event::Invocation(invocation(1, more.clone())),
            Event::Continuation(invocation(1, more.clone())),
            Event::Continuation(invocation(1, last.clone())),
        ]
    );
    assert_eq!(session.ignored(), 1, "none follows the last");
    session.handle_message(invocation(2, more.clone()).into()).unwrap();
    assert!(session.yield_(request(2), YieldOptions::default(), Payload::NONE));
    drain(&mut session);
    session.handle_message(invocation(2, last).into()).unwrap();
    assert_eq!((drain(&mut session).len(), session.ignored()), (0, 2));
}

#[test]
fn a_router_that_does_not_count_invocations_is_served_all_the_same() {
    let mut session = open(&[Feature::CallCanceling]);
    for id in [700, 3, 699] {
        let arrived = invocation(id, InvocationDetails::default());
        session.handle_message(arrived.clone().into()).unwrap();
        assert_eq!(drain(&mut session), [Event::Invocation(arrived)]);
    }
}

#[test]
fn events_and_invocations_for_what_was_given_up_reach_the_shell() {
    let mut session = open(ALL);
    session.unsubscribe(subscription(1), "").unwrap();
    session.unregister(registration(1), "").unwrap();
    for message in messages() {
        if matches!(message, Message::Event(_) | Message::Invocation(_)) {
            session.handle_message(message).unwrap();
        }
    }
    let events = drain(&mut session);
    assert!(matches!(events[..], [Event::Event(_), Event::Invocation(_)]), "{events:?}");
}
