//! Calls in pieces, that are canceled, and that take too long.

use crate::{
    ALL, Token, args, at, call, call_in_pieces, drain, failed, one_of_each::request, open, result,
    sent, sent_codes, uri, within,
};
use wamplex_shared::{
    id::RequestId,
    message::{Call, CallOptions, CancelMode, Message, MessageCode, SubscribeOptions},
    payload::Payload,
    session::{Event, Refusal, Refused, Session},
    time::Time,
};

#[test]
fn a_result_in_pieces_keeps_its_token_until_the_last_one() {
    let mut session = open(ALL);
    let id = call_in_pieces(&mut session, "call");
    for _ in 0..3 {
        session.handle_message(result(id, true)).unwrap();
        let Message::Result(result) = result(id, true) else { unreachable!() };
        assert_eq!(drain(&mut session), [Event::Progress { result }]);
        assert_eq!(session.token(id), Some(&"call"));
    }
    *session.token_mut(id).unwrap() = "changed";
    session.handle_message(result(id, false)).unwrap();
    assert!(matches!(drain(&mut session)[..], [Event::Result { token: "changed", .. }]));
    assert_eq!(session.token(id), None);
}

#[test]
fn a_piece_that_nobody_asked_for_is_counted() {
    let mut session = open(ALL);
    let id = call(&mut session, "call");
    session.handle_message(result(id, true)).unwrap();
    assert_eq!((drain(&mut session).len(), session.ignored()), (0, 1));
    assert_eq!(session.token(id), Some(&"call"));
}

#[test]
fn a_canceled_call_ends_with_what_the_router_says_last() {
    for mode in [CancelMode::Skip, CancelMode::Kill, CancelMode::KillNoWait] {
        for last in [result(request(1), false), failed(request(1), MessageCode::Call).into()] {
            let mut session = open(ALL);
            let id = call_in_pieces(&mut session, "call");
            assert!(session.cancel(id, mode));
            let messages = sent(&mut session);
            let [Message::Call(_), Message::Cancel(cancel)] = &messages[..] else {
                panic!("{messages:?}")
            };
            assert_eq!((cancel.request, cancel.options.mode), (id, Some(mode)));
            session.handle_message(result(id, true)).unwrap();
            assert_eq!(drain(&mut session), [], "no piece after CANCEL");
            session.handle_message(last).unwrap();
            let events = drain(&mut session);
            assert!(matches!(
                events[..],
                [Event::Result { token: "call", .. } | Event::Failed { token: "call", .. }]
            ));
            assert_eq!((session.pending(), session.ignored()), (0, 0));
        }
    }
}

#[test]
fn cancel_goes_out_once_and_only_kill_may_be_followed_by_another_mode() {
    use CancelMode::{Kill, KillNoWait, Skip};
    let table = [
        (Skip, Kill, false),
        (Skip, Skip, false),
        (KillNoWait, Kill, false),
        (KillNoWait, KillNoWait, false),
        (Kill, Kill, false),
        (Kill, KillNoWait, true),
        (Kill, Skip, true),
    ];
    for (first, second, goes_out) in table {
        let mut session = open(ALL);
        let id = call(&mut session, "call");
        assert!(session.cancel(id, first));
        assert_eq!(session.cancel(id, second), goes_out, "{first:?} {second:?}");
    }
}

#[test]
fn cancel_is_not_sent_for_what_is_answered_unknown_no_call_or_where_the_router_cannot() {
    let mut session = open(ALL);
    let id = call(&mut session, "call");
    session.handle_message(result(id, false)).unwrap();
    let subscribe = session.subscribe(uri("t"), SubscribeOptions::default(), "").unwrap();
    for id in [id, subscribe, request(99)] {
        assert!(!session.cancel(id, CancelMode::Kill));
    }
    let mut session = open(&[]);
    let id = call(&mut session, "call");
    assert!(!session.cancel(id, CancelMode::Kill));
    assert_eq!(sent_codes(&mut session), [MessageCode::Call]);
    assert_eq!(session.token(id), Some(&"call"));
}

#[test]
fn a_call_that_outlives_its_deadline_times_out_and_is_canceled() {
    let mut session = open(ALL);
    let slow = session
        .call(uri("p"), CallOptions::default(), Payload::NONE, within(1000, 500), "slow")
        .unwrap();
    let quick = session
        .call(uri("p"), CallOptions::default(), Payload::NONE, within(1000, 200), "quick")
        .unwrap();
    sent(&mut session);
    assert_eq!(session.poll_timeout(), Some(at(1200)));
    session.handle_message(result(quick, false)).unwrap();
    drain(&mut session);
    assert_eq!(session.poll_timeout(), Some(at(1500)));
    session.handle_timeout(at(1499));
    assert_eq!(drain(&mut session), []);
    session.handle_timeout(at(1500));
    assert_eq!(drain(&mut session), [Event::TimedOut { token: "slow", request: slow }]);
    let messages = sent(&mut session);
    let [Message::Cancel(cancel)] = &messages[..] else { panic!("{messages:?}") };
    assert_eq!((cancel.request, cancel.options.mode), (slow, Some(CancelMode::KillNoWait)));
    assert_eq!(session.poll_timeout(), None);
    session.handle_message(failed(slow, MessageCode::Call).into()).unwrap();
    assert_eq!((drain(&mut session).len(), session.pending(), session.ignored()), (0, 0, 0));
}

#[test]
fn a_deadline_passes_without_cancel_where_the_router_cannot() {
    let mut session = open(&[]);
    session.call(uri("p"), CallOptions::default(), Payload::NONE, within(0, 10), "call").unwrap();
    sent(&mut session);
    session.handle_timeout(at(10));
    assert!(matches!(drain(&mut session)[..], [Event::TimedOut { token: "call", .. }]));
    assert_eq!(sent(&mut session), []);
}

#[test]
fn each_piece_of_a_result_starts_the_interval_anew() {
    let mut session = open(ALL);
    let options = CallOptions { receive_progress: true, ..CallOptions::default() };
    let id = session.call(uri("p"), options, Payload::NONE, within(0, 100), "call").unwrap();
    session.handle_message(result(id, true)).unwrap();
    assert_eq!(session.poll_timeout(), Some(Time::ZERO), "the shell is to say what time it is");
    session.handle_timeout(at(90));
    assert_eq!(session.poll_timeout(), Some(at(190)));
    session.handle_timeout(at(189));
    assert!(matches!(drain(&mut session)[..], [Event::Progress { .. }]));
    session.handle_message(result(id, true)).unwrap();
    session.handle_message(result(id, false)).unwrap();
    assert_eq!(session.poll_timeout(), None, "the last piece ends it");
}

#[test]
fn arguments_in_pieces_go_out_under_one_id_with_the_options_of_the_first() {
    let mut session = open(ALL);
    let options = CallOptions {
        progress: true,
        receive_progress: true,
        timeout: Some(5),
        ..CallOptions::default()
    };
    let id = session.call(uri("p"), options.clone(), args("[1]"), None, "call").unwrap();
    session.call_more(id, args("[2]"), false).unwrap();
    session.call_more(id, args("[3]"), true).unwrap();
    let over = Err(Refused { token: (), reason: Refusal::NotContinued });
    assert_eq!(session.call_more(id, args("[4]"), true), over);
    let expected = [("[1]", true), ("[2]", true), ("[3]", false)].map(|(json, progress)| {
        let options = CallOptions { progress, ..options.clone() };
        Message::from(Call { request: id, options, procedure: uri("p"), payload: args(json) })
    });
    assert_eq!(sent(&mut session), expected);
    assert_eq!(call(&mut session, "next"), id.next(), "pieces use no id");
}

#[test]
fn a_call_takes_no_more_arguments_once_it_is_answered_canceled_abandoned_or_was_not_begun_so() {
    let over = Err(Refused { token: (), reason: Refusal::NotContinued });
    let mut session = open(ALL);
    let plain = call(&mut session, "plain");
    assert_eq!(session.call_more(plain, Payload::NONE, true), over);
    type End = fn(&mut Session<Token>, RequestId);
    let ends: [End; 3] = [
        |session, id| session.handle_message(result(id, false)).unwrap(),
        |session, id| assert!(session.cancel(id, CancelMode::Kill)),
        |session, id| assert_eq!(session.abandon(id), Some("call")),
    ];
    for end in ends {
        let options = CallOptions { progress: true, ..CallOptions::default() };
        let id = session.call(uri("p"), options, Payload::NONE, None, "call").unwrap();
        end(&mut session, id);
        assert_eq!(session.call_more(id, Payload::NONE, true), over);
    }
}
