//! An open session of a client: every request gets exactly one answer, whatever the router does.

// Helpers outside of the test functions may unwrap too: a panic is how they report.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::wildcard_enum_match_arm)]

mod one_of_each;

use core::time::Duration;
use one_of_each::{error, hello, messages, request, welcome};
use wamplex_shared::{
    id::{PublicationId, RegistrationId, RequestId, SubscriptionId},
    message::{
        Abort, Call, CallOptions, CancelMode, Error, ErrorDetails, Goodbye, Interrupt,
        InterruptOptions, Invocation, InvocationDetails, Message, MessageCode, Passthru,
        PublishOptions, Published, RegisterOptions, Registered, ResultDetails, ResultMessage,
        SubscribeOptions, Subscribed, Unregistered, UnregisteredDetails, Unsubscribed,
        UnsubscribedDetails, YieldOptions,
    },
    payload::{Payload, PayloadShape},
    roles::Feature,
    serializer::Serializer,
    session::{CloseReason, Deadline, Event, Joiner, Refusal, Refused, Session},
    time::Time,
    uri::Uri,
    uris,
};

type Token = &'static str;

const ALL: &[Feature] = &[
    Feature::CallCanceling,
    Feature::ProgressiveCallInvocations,
    Feature::ProgressiveCallResults,
    Feature::PayloadPassthruMode,
];

/// A session with a router that has these features.
fn open(features: &[Feature]) -> Session<Token> {
    let mut joiner = Joiner::new(Serializer::Json, hello());
    joiner.handle_message(welcome(features).into()).unwrap();
    joiner.into_session().unwrap()
}

fn uri(uri: &'static str) -> Uri {
    Uri::from_static(uri)
}

fn subscription(id: u64) -> SubscriptionId {
    SubscriptionId::new(id).unwrap()
}

fn registration(id: u64) -> RegistrationId {
    RegistrationId::new(id).unwrap()
}

fn args(json: &'static str) -> Payload {
    Payload::from_encoded(Serializer::Json, PayloadShape::Args, json.into())
}

fn call(session: &mut Session<Token>, token: Token) -> RequestId {
    session.call(uri("p"), CallOptions::default(), Payload::NONE, None, token).unwrap()
}

fn call_in_pieces(session: &mut Session<Token>, token: Token) -> RequestId {
    let options = CallOptions { receive_progress: true, ..CallOptions::default() };
    session.call(uri("p"), options, Payload::NONE, None, token).unwrap()
}

/// One request of each kind, with ids from 1 to 6 and the kind as token.
fn one_request_of_each_kind(session: &mut Session<Token>) -> [(RequestId, MessageCode); 6] {
    let publish = PublishOptions::default();
    let ids = [
        session.subscribe(uri("t"), SubscribeOptions::default(), "SUBSCRIBE"),
        session.unsubscribe(subscription(9), "UNSUBSCRIBE"),
        Ok(session.publish(uri("t"), publish, Payload::NONE, Some("PUBLISH")).unwrap()),
        session.call(uri("p"), CallOptions::default(), Payload::NONE, None, "CALL"),
        session.register(uri("p"), RegisterOptions::default(), "REGISTER"),
        session.unregister(registration(9), "UNREGISTER"),
    ];
    let kinds = [
        MessageCode::Subscribe,
        MessageCode::Unsubscribe,
        MessageCode::Publish,
        MessageCode::Call,
        MessageCode::Register,
        MessageCode::Unregister,
    ];
    let mut kinds = kinds.into_iter();
    ids.map(|id| (id.unwrap(), kinds.next().unwrap()))
}

fn result(call: RequestId, progress: bool) -> Message {
    let details = ResultDetails { progress, ..ResultDetails::default() };
    ResultMessage { request: call, details, payload: Payload::NONE }.into()
}

fn failed(request: RequestId, request_type: MessageCode) -> Error {
    Error { request, ..error(request_type) }
}

fn invocation(id: u64, details: InvocationDetails) -> Invocation {
    Invocation {
        request: request(id),
        registration: registration(1),
        details,
        payload: Payload::NONE,
    }
}

fn interrupt(id: u64, mode: CancelMode) -> Message {
    let options = InterruptOptions { mode: Some(mode), ..InterruptOptions::default() };
    Interrupt { request: request(id), options }.into()
}

fn drain(session: &mut Session<Token>) -> Vec<Event<Token>> {
    core::iter::from_fn(|| session.poll_event()).collect()
}

fn sent(session: &mut Session<Token>) -> Vec<Message> {
    core::iter::from_fn(|| session.poll_message()).collect()
}

fn sent_codes(session: &mut Session<Token>) -> Vec<MessageCode> {
    sent(session).iter().map(Message::code).collect()
}

fn at(millis: u64) -> Time {
    Time::from_millis(millis)
}

fn within(now: u64, millis: u64) -> Option<Deadline> {
    Some(Deadline { now: at(now), interval: Duration::from_millis(millis) })
}

#[test]
fn one_counter_serves_every_kind_of_request() {
    let mut session = open(&[]);
    session.publish(uri("t"), PublishOptions::default(), Payload::NONE, None).unwrap();
    let requests = one_request_of_each_kind(&mut session);
    assert_eq!(requests.map(|(id, _)| id.get()), [2, 3, 4, 5, 6, 7]);
}

#[test]
fn every_kind_of_request_is_answered_with_its_own_token() {
    let mut session = open(&[]);
    let [subscribe, unsubscribe, publish, call, register, unregister] =
        one_request_of_each_kind(&mut session).map(|(id, _)| id);
    let publication = PublicationId::new(77).unwrap();
    let answers: [Message; 6] = [
        // In another order than they were made: the specification guarantees none.
        Unregistered { request: Some(unregister), details: None }.into(),
        result(call, false),
        Published { request: publish, publication }.into(),
        Unsubscribed { request: Some(unsubscribe), details: None }.into(),
        Registered { request: register, registration: registration(5) }.into(),
        Subscribed { request: subscribe, subscription: subscription(6) }.into(),
    ];
    for answer in answers {
        session.handle_message(answer).unwrap();
    }
    let Message::Result(result) = result(call, false) else { unreachable!() };
    assert_eq!(
        drain(&mut session),
        [
            Event::Unregistered { token: "UNREGISTER" },
            Event::Result { token: "CALL", result },
            Event::Published { token: "PUBLISH", publication },
            Event::Unsubscribed { token: "UNSUBSCRIBE" },
            Event::Registered { token: "REGISTER", registration: registration(5) },
            Event::Subscribed { token: "SUBSCRIBE", subscription: subscription(6) },
        ]
    );
    assert_eq!((session.pending(), session.ignored()), (0, 0));
}

#[test]
fn every_kind_of_request_may_fail() {
    let mut session = open(&[]);
    for (id, kind) in one_request_of_each_kind(&mut session) {
        let error = failed(id, kind);
        session.handle_message(error.clone().into()).unwrap();
        assert_eq!(drain(&mut session), [Event::Failed { token: kind.name(), error }]);
    }
    assert_eq!(session.pending(), 0);
}

#[test]
fn an_answer_of_the_wrong_kind_or_to_nothing_is_counted_and_leaves_the_request_waiting() {
    let answers = |id: u64| -> Vec<Message> {
        let publication = PublicationId::new(1).unwrap();
        let mut answers: Vec<Message> = vec![
            Published { request: request(id), publication }.into(),
            Subscribed { request: request(id), subscription: subscription(1) }.into(),
            Unsubscribed { request: Some(request(id)), details: None }.into(),
            Registered { request: request(id), registration: registration(1) }.into(),
            Unregistered { request: Some(request(id)), details: None }.into(),
            result(request(id), false),
            result(request(id), true),
        ];
        let kinds = MessageCode::ALL.iter().filter(|k| k.may_fail());
        let kinds = kinds.filter(|k| **k != MessageCode::Invocation);
        answers.extend(kinds.map(|kind| Message::from(failed(request(id), *kind))));
        answers
    };
    for (id, kind) in one_request_of_each_kind(&mut open(&[])) {
        let mut session = open(&[]);
        one_request_of_each_kind(&mut session);
        let count = |message: &Message, session: &mut Session<Token>| {
            let before = session.ignored();
            session.handle_message(message.clone()).unwrap();
            session.ignored() - before
        };
        for answer in answers(id.get()) {
            let fits = match &answer {
                Message::Error(error) => error.request_type == kind,
                Message::Result(result) => kind == MessageCode::Call && !result.details.progress,
                other => other.code().number() == kind.number() + 1,
            };
            if !fits {
                assert_eq!(count(&answer, &mut session), 1, "{answer:?} for {kind}");
                assert_eq!(drain(&mut session), []);
            }
        }
        assert_eq!(session.token(id), Some(&kind.name()));
        for answer in answers(4711) {
            assert_eq!(count(&answer, &mut session), 1);
        }
    }
}

#[test]
fn a_publish_without_token_is_not_acknowledged_and_one_with_token_is() {
    let mut session = open(&[]);
    let acknowledged = PublishOptions { acknowledge: true, ..PublishOptions::default() };
    session.publish(uri("t"), acknowledged, Payload::NONE, None).unwrap();
    session.publish(uri("t"), PublishOptions::default(), Payload::NONE, Some("ack")).unwrap();
    let wanted = sent(&mut session).into_iter().map(|message| match message {
        Message::Publish(publish) => publish.options.acknowledge,
        other => panic!("{other:?}"),
    });
    assert_eq!(wanted.collect::<Vec<_>>(), [false, true]);
    assert_eq!(session.pending(), 1);
}

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
fn an_abandoned_request_is_answered_in_silence() {
    let mut session = open(ALL);
    for (id, kind) in one_request_of_each_kind(&mut session) {
        assert_eq!(session.abandon(id), Some(kind.name()));
        assert_eq!(session.abandon(id), None);
        session.handle_message(failed(id, kind).into()).unwrap();
    }
    let id = call_in_pieces(&mut session, "call");
    session.abandon(id);
    session.handle_message(result(id, true)).unwrap();
    session.handle_message(result(id, false)).unwrap();
    assert_eq!(drain(&mut session), []);
    assert_eq!((session.pending(), session.ignored()), (0, 0));
    session.handle_message(result(id, false)).unwrap();
    assert_eq!(session.ignored(), 1, "the second answer is one too many");
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

#[test]
fn what_would_break_the_protocol_for_want_of_a_feature_is_refused() {
    let mut session = open(&[]);
    let streaming = CallOptions { progress: true, ..CallOptions::default() };
    let refused = session.call(uri("p"), streaming, Payload::NONE, None, "call").unwrap_err();
    let reason = Refusal::Unsupported(Feature::ProgressiveCallInvocations);
    assert_eq!(refused, Refused { token: "call", reason });
    let passthru =
        || Some(Box::new(Passthru { scheme: Some("mqtt".into()), ..Passthru::default() }));
    let reason = Refusal::Unsupported(Feature::PayloadPassthruMode);
    let options = CallOptions { passthru: passthru(), ..CallOptions::default() };
    let refused = session.call(uri("p"), options, Payload::NONE, None, "call").unwrap_err();
    assert_eq!(refused, Refused { token: "call", reason });
    let options = PublishOptions { passthru: passthru(), ..PublishOptions::default() };
    let refused = session.publish(uri("t"), options, Payload::NONE, Some("publish")).unwrap_err();
    assert_eq!(refused, Refused { token: Some("publish"), reason });
    assert_eq!((sent(&mut session).len(), session.pending()), (0, 0));
    assert_eq!(call(&mut session, ""), request(1), "what is refused uses no id");
}

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

#[test]
fn a_revocation_is_an_event_and_answers_no_request() {
    let mut session = open(ALL);
    session.unsubscribe(subscription(1), "").unwrap();
    let lost = UnsubscribedDetails {
        subscription: Some(subscription(1)),
        reason: Some("moved".into()),
        ..UnsubscribedDetails::default()
    };
    let taken = UnregisteredDetails {
        registration: Some(registration(1)),
        ..UnregisteredDetails::default()
    };
    session
        .handle_message(Unsubscribed { request: None, details: Some(lost.clone()) }.into())
        .unwrap();
    session
        .handle_message(Unregistered { request: None, details: Some(taken.clone()) }.into())
        .unwrap();
    session.handle_message(Unregistered { request: None, details: None }.into()).unwrap();
    assert_eq!(
        drain(&mut session),
        [
            Event::SubscriptionRevoked(lost),
            Event::RegistrationRevoked(taken),
            Event::RegistrationRevoked(UnregisteredDetails::default()),
        ]
    );
    assert_eq!(session.pending(), 1);
}

/// Ends a session in one way, and says how.
type Ending = fn(&mut Session<Token>) -> CloseReason;

/// The place of the violation in [`ENDINGS`].
const VIOLATION: usize = 3;

const ENDINGS: [Ending; 6] = [
    |session| {
        let goodbye = Goodbye::new(uris::close::SYSTEM_SHUTDOWN);
        session.handle_message(goodbye.clone().into()).unwrap();
        CloseReason::Goodbye(goodbye)
    },
    |session| {
        let abort = Abort::new(uris::close::KILLED, "");
        session.handle_message(abort.clone().into()).unwrap();
        CloseReason::Abort(abort)
    },
    |session| {
        session.handle_disconnect(CloseReason::Disconnected("connection reset".into()));
        CloseReason::Disconnected("connection reset".into())
    },
    |session| {
        let violation = session.handle_message(hello().into()).unwrap_err();
        CloseReason::Violation(violation)
    },
    |session| {
        session.abort(Abort::new(uris::close::NORMAL, ""));
        CloseReason::Left
    },
    |session| {
        session.leave(Goodbye::new(uris::close::CLOSE_REALM));
        session.handle_disconnect(CloseReason::Disconnected("no answer".into()));
        CloseReason::Left
    },
];

#[test]
fn whatever_ends_a_session_every_token_comes_back_with_the_reason_and_whether_it_was_sent() {
    for ending in ENDINGS {
        let mut session = open(ALL);
        let requests = one_request_of_each_kind(&mut session);
        for _ in 0..4 {
            session.poll_message().unwrap();
        }
        let reason = ending(&mut session);
        let mut expected: Vec<_> = requests
            .into_iter()
            .map(|(request, kind)| Event::Gone {
                token: kind.name(),
                request,
                kind,
                maybe_sent: request.get() <= 4,
                reason: reason.clone(),
            })
            .collect();
        expected.push(Event::Closed(reason));
        assert_eq!(drain(&mut session), expected);
        assert_eq!((session.pending(), session.poll_timeout()), (0, None));
    }
}

#[test]
fn nothing_but_the_last_word_is_sent_when_a_session_ends() {
    let last_words = [
        Some(MessageCode::Goodbye),
        None,
        None,
        Some(MessageCode::Abort),
        Some(MessageCode::Abort),
        None,
    ];
    for (ending, last) in ENDINGS.into_iter().zip(last_words) {
        let mut session = open(ALL);
        one_request_of_each_kind(&mut session);
        ending(&mut session);
        assert_eq!(sent_codes(&mut session), last.into_iter().collect::<Vec<_>>());
    }
}

#[test]
fn a_session_ends_once() {
    for first in ENDINGS {
        for (_, second) in ENDINGS.iter().enumerate().filter(|(i, _)| *i != VIOLATION) {
            let mut session = open(ALL);
            first(&mut session);
            drain(&mut session);
            // What would be a violation is none any more, since nothing is processed.
            assert_eq!(session.handle_message(hello().into()), Ok(()));
            second(&mut session);
            assert_eq!(drain(&mut session), []);
        }
    }
}

#[test]
fn leaving_sends_what_is_queued_first_and_takes_nothing_more() {
    let mut session = open(ALL);
    session.publish(uri("t"), PublishOptions::default(), Payload::NONE, None).unwrap();
    session.handle_message(invocation(1, InvocationDetails::default()).into()).unwrap();
    session.leave(Goodbye::new(uris::close::CLOSE_REALM));
    let closed = |token| Refused { token, reason: Refusal::Closed };
    let options = CallOptions::default();
    assert_eq!(session.call(uri("p"), options, Payload::NONE, None, "x"), Err(closed("x")));
    assert_eq!(session.subscribe(uri("t"), SubscribeOptions::default(), "x"), Err(closed("x")));
    assert_eq!(session.unsubscribe(subscription(1), "x"), Err(closed("x")));
    assert_eq!(session.register(uri("p"), RegisterOptions::default(), "x"), Err(closed("x")));
    assert_eq!(session.unregister(registration(1), "x"), Err(closed("x")));
    let publish = session.publish(uri("t"), PublishOptions::default(), Payload::NONE, Some("x"));
    assert_eq!(publish, Err(Refused { token: Some("x"), reason: Refusal::Closed }));
    assert!(!session.yield_(request(1), YieldOptions::default(), Payload::NONE));
    assert!(!session.error(request(1), ErrorDetails::default(), uri("e"), Payload::NONE));
    session.leave(Goodbye::new(uris::close::CLOSE_REALM));
    assert_eq!(sent_codes(&mut session), [MessageCode::Publish, MessageCode::Goodbye]);
}

#[test]
fn a_deadline_passes_while_leaving_too() {
    let mut session = open(ALL);
    session.call(uri("p"), CallOptions::default(), Payload::NONE, within(0, 10), "call").unwrap();
    session.leave(Goodbye::new(uris::close::CLOSE_REALM));
    session.handle_timeout(at(10));
    assert!(matches!(drain(&mut session)[..], [Event::TimedOut { token: "call", .. }]));
    assert_eq!(sent_codes(&mut session), [MessageCode::Call, MessageCode::Goodbye]);
}

#[cfg(not(feature = "transcode"))]
#[test]
fn a_payload_that_this_build_cannot_convert_is_refused_at_once() {
    let foreign = Payload::from_encoded(Serializer::Cbor, PayloadShape::Args, vec![0x80].into());
    let mut session = open(ALL);
    let options = CallOptions { progress: true, ..CallOptions::default() };
    let id = session.call(uri("p"), options.clone(), args("[1]"), None, "call").unwrap();
    let refused = Refused { token: "x", reason: Refusal::ForeignPayload };
    assert_eq!(session.call(uri("p"), options, foreign.clone(), None, "x"), Err(refused));
    let refused = Refused { token: (), reason: Refusal::ForeignPayload };
    assert_eq!(session.call_more(id, foreign.clone(), true), Err(refused));
    let refused = Refused { token: None, reason: Refusal::ForeignPayload };
    let options = PublishOptions::default();
    assert_eq!(session.publish(uri("t"), options, foreign.clone(), None), Err(refused));
    session.handle_message(invocation(1, InvocationDetails::default()).into()).unwrap();
    assert!(!session.yield_(request(1), YieldOptions::default(), foreign.clone()));
    assert!(!session.error(request(1), ErrorDetails::default(), uri("e"), foreign));
    assert!(session.yield_(request(1), YieldOptions::default(), args("[1]")), "still to answer");
}
