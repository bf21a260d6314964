//! What a dealer guarantees to calls ("WAMP: Remote Procedure Calls"); how they end early is in `cancel.rs`.

#![allow(clippy::unwrap_used, clippy::wildcard_enum_match_arm, reason = "all of this is a test")]

mod stage;

use core::time::Duration;
use stage::{Stage, Who, args, callee_without, every_feature, invocation_error, request, session};
use std::collections::HashSet;
use wamplex_realm::Disclosure;
use wamplex_shared::{
    error::ProtocolViolation,
    message::*,
    payload::Payload,
    roles::{Feature, Features, Role},
    uri::MatchPolicy,
    uris,
    value::{Dict, Value},
};

fn alone() -> RegisterOptions {
    RegisterOptions::default()
}

fn by(match_policy: MatchPolicy) -> RegisterOptions {
    RegisterOptions { match_policy, ..alone() }
}

fn plain() -> CallOptions {
    CallOptions::default()
}

fn with_progress() -> CallOptions {
    CallOptions { receive_progress: true, ..plain() }
}

/// Session 1 calls, session 2 has registered `com.p` with these options.
fn caller_and_callee(options: RegisterOptions) -> (Stage, Who, Who) {
    let mut s = Stage::new();
    let (caller, callee) = (s.join(1), s.join(2));
    s.registered(callee, "com.p", options);
    (s, caller, callee)
}

/// The details of the last INVOCATION.
fn invocation(s: &mut Stage) -> InvocationDetails {
    match s.take().pop() {
        Some((_, Message::Invocation(invocation))) => invocation.details,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_call_is_answered_with_what_the_callee_yields() {
    let (mut s, caller, callee) = caller_and_callee(alone());
    s.call(caller, "com.p", plain());
    assert_eq!(s.heard(), ["2 INVOCATION 1 [\"question\"]"]);
    s.yield_(callee, 1, "42").unwrap();
    assert_eq!(s.heard(), ["1 RESULT 1 [42]"]);
    s.yield_(callee, 1, "43").unwrap();
    assert_eq!(s.heard(), [""; 0], "a second answer is dropped");
}

#[test]
fn a_call_is_answered_with_the_error_of_the_callee() {
    let (mut s, caller, callee) = caller_and_callee(alone());
    s.call(caller, "com.p", plain());
    s.take();
    s.send(callee, Error { payload: args("1"), ..invocation_error(1, "com.error.mine") }).unwrap();
    let [(1, Message::Error(error))] = &s.take()[..] else { panic!() };
    assert_eq!((error.request_type, error.request), (MessageCode::Call, request(1)));
    assert_eq!((error.error.as_str(), &error.payload), ("com.error.mine", &args("1")));
}

#[test]
fn an_error_uri_that_is_none_does_not_reach_the_caller() {
    let (mut s, caller, callee) = caller_and_callee(alone());
    s.call(caller, "com.p", plain());
    s.take();
    s.error(callee, 1, "division by zero").unwrap();
    assert_eq!(s.heard(), ["1 ERROR CALL 1 wamp.error.invalid_uri"]);
}

#[test]
fn a_session_can_call_a_procedure_of_its_own() {
    let mut s = Stage::new();
    let a = s.join(1);
    s.registered(a, "com.p", alone());
    s.call(a, "com.p", plain());
    s.yield_(a, 1, "1").unwrap();
    assert_eq!(s.heard(), ["1 INVOCATION 1 [\"question\"]", "1 RESULT 2 [1]"]);
    s.call(a, "com.p", plain());
    s.leave(a);
    assert_eq!(s.heard(), ["1 INVOCATION 2 [\"question\"]"]);
}

#[test]
fn invocations_are_numbered_per_callee_from_one() {
    let mut s = Stage::new();
    for callee in [1, 2] {
        s.join(callee);
        s.registered(callee, &format!("com.p{callee}"), alone());
    }
    let caller = s.join(3);
    for procedure in ["com.p1", "com.p2", "com.p1"] {
        s.call(caller, procedure, plain());
    }
    let question = "[\"question\"]";
    assert_eq!(
        s.heard(),
        [(1, 1), (2, 1), (1, 2)].map(|(to, id)| format!("{to} INVOCATION {id} {question}"))
    );
}

#[test]
fn calls_without_a_callee_and_bad_procedures_are_refused() {
    let mut s = Stage::new();
    let a = s.join(1);
    s.registered(a, "", by(MatchPolicy::Prefix));
    s.registered(a, "..", by(MatchPolicy::Wildcard));
    let mut t = Stage::new();
    let b = t.join(1);
    for (n, (procedure, error)) in [
        ("com.p", uris::error::NO_SUCH_PROCEDURE),
        ("", uris::error::INVALID_URI),
        ("com..p", uris::error::INVALID_URI),
        ("a b", uris::error::INVALID_URI),
        ("wamp.no.such", uris::error::NO_SUCH_PROCEDURE),
    ]
    .into_iter()
    .enumerate()
    {
        t.call(b, procedure, plain());
        assert_eq!(t.heard(), [format!("1 ERROR CALL {} {error}", n + 1)], "{procedure:?}");
    }
    s.call(a, "wamp.no.such", plain());
    let expected = format!("1 ERROR CALL 3 {}", uris::error::NO_SUCH_PROCEDURE);
    assert_eq!(s.heard(), [expected], "a pattern of a client does not catch calls of the protocol");
}

#[test]
fn an_answer_to_an_invocation_that_was_never_sent_ends_the_session() {
    let (mut s, caller, callee) = caller_and_callee(alone());
    let unknown = |message, request| ProtocolViolation::UnknownInvocation { message, request };
    assert_eq!(s.yield_(callee, 1, "1"), Err(unknown(MessageCode::Yield, 1)));
    s.call(caller, "com.p", plain());
    assert_eq!(s.progress(callee, 2, "1"), Err(unknown(MessageCode::Yield, 2)));
    assert_eq!(s.error(callee, 2, "com.e"), Err(unknown(MessageCode::Error, 2)));
    // Another session's invocation is not one's own.
    assert_eq!(s.yield_(caller, 1, "1"), Err(unknown(MessageCode::Yield, 1)));
    s.take();
    s.yield_(callee, 1, "1").unwrap();
    assert_eq!(s.heard(), ["1 RESULT 1 [1]"]);
}

#[test]
fn an_error_for_anything_but_an_invocation_ends_the_session() {
    let (mut s, caller, callee) = caller_and_callee(alone());
    s.call(caller, "com.p", plain());
    for request_type in [MessageCode::Call, MessageCode::Publish, MessageCode::Subscribe] {
        let error = Error { request_type, ..invocation_error(1, "com.e") };
        let handled = s.send(callee, error);
        assert!(matches!(handled, Err(ProtocolViolation::Unexpected { .. })), "{handled:?}");
    }
}

#[test]
fn parts_of_a_result_keep_their_order_and_precede_the_last() {
    let (mut s, caller, callee) = caller_and_callee(alone());
    s.call(caller, "com.p", with_progress());
    assert!(invocation(&mut s).receive_progress);
    s.progress(callee, 1, "1").unwrap();
    s.progress(callee, 1, "2").unwrap();
    s.yield_(callee, 1, "3").unwrap();
    s.progress(callee, 1, "4").unwrap();
    assert_eq!(s.heard(), ["1 RESULT 1 progress [1]", "1 RESULT 1 progress [2]", "1 RESULT 1 [3]"]);
}

#[test]
fn a_callee_is_asked_for_parts_only_if_it_can_send_them_and_be_stopped() {
    for missing in [Feature::ProgressiveCallResults, Feature::CallCanceling] {
        let mut s = Stage::new();
        let caller = s.join(1);
        let callee = s.join_as(2, callee_without(&[missing]), None);
        s.registered(callee, "com.p", alone());
        s.call(caller, "com.p", with_progress());
        assert!(!invocation(&mut s).receive_progress, "{missing:?}");
    }
}

#[test]
fn a_part_of_a_result_that_nobody_asked_for_ends_the_session_of_the_callee() {
    let (mut s, caller, callee) = caller_and_callee(alone());
    s.call(caller, "com.p", plain());
    s.take();
    let violation = ProtocolViolation::ProgressNotRequested { request: 1 };
    assert_eq!(s.progress(callee, 1, "1"), Err(violation));
    assert_eq!(s.heard(), [""; 0]);
    s.leave(callee);
    assert_eq!(s.heard(), ["1 ERROR CALL 1 wamp.error.canceled"]);
}

#[test]
fn a_caller_is_disclosed_as_realm_caller_and_callee_decide_and_cannot_be_forged() {
    use Disclosure::{Always, Never, OnRequest};
    let table = [
        // policy, disclose_me, disclose_caller, disclosed; `None` where the call is refused
        (Never, None, None, Some(false)),
        (Never, Some(false), None, Some(false)),
        (Never, Some(true), None, None),
        (OnRequest, None, None, Some(false)),
        (OnRequest, Some(true), None, Some(true)),
        (OnRequest, None, Some(true), Some(true)),
        (OnRequest, Some(false), Some(true), Some(false)),
        (Always, Some(false), None, Some(true)),
    ];
    for (policy, disclose_me, disclose_caller, expected) in table {
        let mut s = Stage::with(|c| c.disclosure = policy);
        s.join_as(1, every_feature(), Some(("ann", "user")));
        s.join(2);
        s.registered(2, "com.p", RegisterOptions { disclose_caller, ..alone() });
        let forged = ["caller", "caller_authid", "procedure", "trustlevel", "timeout"];
        let custom: Dict = forged.into_iter().map(|key| (key, Value::from(99))).collect();
        s.call(1, "com.p", CallOptions { disclose_me, custom, ..plain() });
        let Some(disclosed) = expected else {
            assert_eq!(s.heard(), ["1 ERROR CALL 1 wamp.error.option_disallowed.disclose_me"]);
            continue;
        };
        let who = disclosed.then(|| (session(1), "ann", "user"));
        let expected = InvocationDetails {
            caller: who.map(|w| w.0),
            caller_authid: who.map(|w| w.1.into()),
            caller_authrole: who.map(|w| w.2.into()),
            ..InvocationDetails::default()
        };
        assert_eq!(invocation(&mut s), expected, "{policy:?} {disclose_me:?} {disclose_caller:?}");
    }
}

#[test]
fn a_realm_that_discloses_nobody_says_so_and_refuses_callees_that_ask() {
    let mut s = Stage::with(|c| c.disclosure = Disclosure::Never);
    let roles = s.realm.welcome_roles();
    assert!(!roles.supports(Role::Dealer, Feature::CallerIdentification));
    assert!(!roles.supports(Role::Broker, Feature::PublisherIdentification));
    let a = s.join(1);
    s.register(a, "com.p", RegisterOptions { disclose_caller: Some(true), ..alone() });
    assert_eq!(s.heard(), ["1 ERROR REGISTER 1 wamp.error.option_disallowed.disclose_me"]);
}

fn passthru() -> Box<Passthru> {
    Box::new(Passthru {
        scheme: Some("x_mine".into()),
        serializer: Some("cbor".into()),
        ..Passthru::default()
    })
}

#[test]
fn passthru_attributes_travel_with_calls_results_and_errors() {
    let (mut s, caller, callee) = caller_and_callee(alone());
    let call = || CallOptions { passthru: Some(passthru()), ..plain() };
    s.call(caller, "com.p", call());
    s.call(caller, "com.p", call());
    assert_eq!(invocation(&mut s).passthru, Some(passthru()));
    let options = YieldOptions { passthru: Some(passthru()), ..YieldOptions::default() };
    s.send(callee, Yield { request: request(1), options, payload: args("1") }).unwrap();
    let details = ErrorDetails { passthru: Some(passthru()), ..ErrorDetails::default() };
    s.send(callee, Error { details, ..invocation_error(2, "com.e") }).unwrap();
    let messages = s.take();
    let [(1, Message::Result(result)), (1, Message::Error(error))] = &messages[..] else {
        panic!("{messages:?}")
    };
    assert_eq!(result.details.passthru, Some(passthru()));
    assert_eq!(error.details.passthru, Some(passthru()));
}

#[test]
fn passthru_ends_where_one_side_does_not_know_it() {
    let bare = |role| every_feature().with(role, Features::NONE);
    let not_announced = |message| ProtocolViolation::FeatureNotAnnounced {
        message,
        feature: "payload_passthru_mode",
    };
    // A caller that did not announce it breaks the protocol.
    let (mut s, _, callee) = caller_and_callee(alone());
    let other = s.join_as(3, bare(Role::Caller), None);
    let call = Call {
        request: request(1),
        options: CallOptions { passthru: Some(passthru()), ..plain() },
        procedure: "com.p".into(),
        payload: args("1"),
    };
    assert_eq!(s.send(other, call.clone()), Err(not_announced(MessageCode::Call)));
    // A result in it for a caller that does not know it ends the call for both.
    let other = s.join_as(4, bare(Role::Caller), None);
    s.call(other, "com.p", plain());
    s.take();
    let options = YieldOptions { passthru: Some(passthru()), ..YieldOptions::default() };
    let answer = Yield { request: request(1), options, payload: args("1") };
    s.send(callee, answer.clone()).unwrap();
    assert_eq!(
        s.heard(),
        [
            "4 ERROR CALL 1 wamp.error.feature_not_supported",
            "2 ERROR INVOCATION 1 wamp.error.feature_not_supported"
        ]
    );
    // A callee that does not know it is not called with it, and breaks the protocol when it answers with it.
    let (mut s, caller) = (Stage::new(), 1);
    s.join(caller);
    let callee = s.join_as(2, bare(Role::Callee), None);
    s.registered(callee, "com.p", alone());
    s.call(caller, "com.p", call.options);
    assert_eq!(s.heard(), ["1 ERROR CALL 1 wamp.error.feature_not_supported"]);
    s.call(caller, "com.p", plain());
    assert_eq!(s.send(callee, answer), Err(not_announced(MessageCode::Yield)));
}

#[test]
fn too_many_of_anything_is_refused_and_room_comes_back() {
    let mut s = Stage::with(|c| {
        (c.limits.registrations, c.limits.calls, c.limits.invocations) = (1, 2, 3);
    });
    let (a, b, callee) = (s.join(1), s.join(2), s.join(3));
    s.registered(callee, "com.p", alone());
    s.register(callee, "com.q", alone());
    assert_eq!(s.heard(), ["3 ERROR REGISTER 2 wamplex.error.limit_exceeded"]);
    for (caller, heard) in [
        (a, "3 INVOCATION 1 [\"question\"]"),
        (a, "3 INVOCATION 2 [\"question\"]"),
        (a, "1 ERROR CALL 3 wamplex.error.limit_exceeded"),
        (b, "3 INVOCATION 3 [\"question\"]"),
        (b, "2 ERROR CALL 2 wamplex.error.limit_exceeded"),
    ] {
        s.call(caller, "com.p", plain());
        assert_eq!(s.heard(), [heard]);
    }
    s.yield_(callee, 1, "1").unwrap();
    s.call(a, "com.p", plain());
    assert_eq!(s.heard(), ["1 RESULT 1 [1]", "3 INVOCATION 4 [\"question\"]"]);
}

#[test]
fn a_lenient_realm_still_refuses_the_id_of_a_call_that_is_open() {
    let mut s = Stage::with(|c| c.strict_request_ids = false);
    // One that announces progressive call invocations has to count.
    let simple = every_feature().with(Role::Caller, Features::NONE);
    let (caller, callee) = (s.join_as(1, simple, None), s.join(2));
    s.registered(callee, "com.p", alone());
    let call = Call {
        request: request(77),
        options: plain(),
        procedure: "com.p".into(),
        payload: Payload::NONE,
    };
    s.send(caller, call.clone()).unwrap();
    let handled = s.send(caller, call.clone());
    assert!(matches!(handled, Err(ProtocolViolation::RequestId { .. })), "{handled:?}");
    s.yield_(callee, 1, "1").unwrap();
    s.send(caller, call).unwrap();
    assert_eq!(s.heard(), ["2 INVOCATION 1", "1 RESULT 77 [1]", "2 INVOCATION 2"]);
}

#[test]
fn ids_of_one_realm_are_distinct_and_repeat_with_its_seed() {
    let ids = || {
        let mut s = Stage::new();
        let a = s.join(1);
        let registrations = (0..100).map(|n| s.registered(a, &format!("com.p{n}"), alone()).get());
        registrations.collect::<Vec<_>>()
    };
    assert_eq!(ids(), ids());
    assert_eq!(ids().into_iter().collect::<HashSet<_>>().len(), 100);
}

#[test]
fn a_forwarded_timeout_is_watched_by_the_callee_alone() {
    for (forward_timeout, lacks, forwarded) in [
        (false, &[][..], None),
        (true, &[][..], Some(50)),
        (true, &[Feature::CallTimeout][..], None),
    ] {
        let mut s = Stage::with(|c| c.max_call_timeout = Some(Duration::from_millis(50)));
        let caller = s.join(1);
        let callee = s.join_as(2, callee_without(lacks), None);
        s.registered(callee, "com.p", RegisterOptions { forward_timeout, ..alone() });
        s.call(caller, "com.p", CallOptions { timeout: Some(900), ..plain() });
        assert_eq!(invocation(&mut s).timeout, forwarded);
        s.at(50);
        assert_eq!(s.take().is_empty(), forwarded.is_some());
    }
}
