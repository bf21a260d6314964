//! What a dealer guarantees to callees that register, alone and sharing ("WAMP: Remote Procedure Calls").

#![allow(clippy::unwrap_used, clippy::wildcard_enum_match_arm, reason = "all of this is a test")]

mod stage;

use stage::{Stage, Who};
use wamplex_shared::{
    message::*,
    uri::{MatchPolicy, Uri},
    uris,
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

/// The details of the last INVOCATION.
fn invocation(s: &mut Stage) -> InvocationDetails {
    match s.take().pop() {
        Some((_, Message::Invocation(invocation))) => invocation.details,
        other => panic!("{other:?}"),
    }
}

fn sharing(invoke: InvocationPolicy) -> RegisterOptions {
    RegisterOptions { invoke, ..alone() }
}

/// Calls `com.p` this often and returns who was invoked.
fn invoked(s: &mut Stage, caller: Who, times: usize) -> Vec<Who> {
    for _ in 0..times {
        s.call(caller, "com.p", plain());
    }
    s.take().into_iter().map(|(to, _)| to).collect()
}

#[test]
fn bad_registrations_are_refused() {
    let mut s = Stage::new();
    let a = s.join(1);
    for (n, (procedure, options, error)) in [
        ("com..p", alone(), uris::error::INVALID_URI),
        ("", alone(), uris::error::INVALID_URI),
        ("com..p", by(MatchPolicy::Prefix), uris::error::INVALID_URI),
        ("wamp.mine", alone(), uris::error::NOT_AUTHORIZED),
        ("wamp.", by(MatchPolicy::Prefix), uris::error::NOT_AUTHORIZED),
        ("wamp..x", by(MatchPolicy::Wildcard), uris::error::NOT_AUTHORIZED),
    ]
    .into_iter()
    .enumerate()
    {
        s.register(a, procedure, options);
        assert_eq!(s.heard(), [format!("1 ERROR REGISTER {} {error}", n + 1)], "{procedure:?}");
    }
}

#[test]
fn a_procedure_is_shared_only_under_one_policy_and_by_different_sessions() {
    use InvocationPolicy::{First, Last, Random, RoundRobin, Single};
    for first in [Single, First, Last, RoundRobin, Random] {
        for second in [Single, First, Last, RoundRobin, Random] {
            let mut s = Stage::new();
            let (a, b) = (s.join(1), s.join(2));
            let id = s.registered(a, "com.p", sharing(first));
            s.register(b, "com.p", sharing(second));
            let Some((2, message)) = s.take().pop() else { panic!() };
            if first == second && first != Single {
                let Message::Registered(registered) = message else { panic!("{message:?}") };
                assert_eq!(registered.registration, id);
            } else {
                let Message::Error(error) = message else { panic!("{message:?}") };
                assert_eq!(error.error, uris::error::PROCEDURE_ALREADY_EXISTS);
            }
            s.register(a, "com.p", sharing(first));
            assert_eq!(s.heard(), ["1 ERROR REGISTER 2 wamp.error.procedure_already_exists"]);
            assert_ne!(s.registered(b, "com.p", by(MatchPolicy::Prefix)), id);
        }
    }
}

#[test]
fn the_policy_of_a_shared_registration_is_free_again_when_the_last_callee_is_gone() {
    let mut s = Stage::new();
    let (a, b) = (s.join(1), s.join(2));
    let id = s.registered(a, "com.p", sharing(InvocationPolicy::Random));
    s.registered(b, "com.p", sharing(InvocationPolicy::Random));
    s.unregister(a, id);
    s.leave(b);
    let other = s.registered(a, "com.p", alone());
    assert_ne!(other, id);
}

#[test]
fn shared_registrations_choose_the_callee_by_their_policy() {
    use InvocationPolicy::{First, Last, Random, RoundRobin};
    let table: [(InvocationPolicy, &[Who], &[Who]); 3] = [
        // policy, who is invoked, who is invoked once session 2 is gone
        (First, &[1, 1, 1, 1], &[1, 1]),
        (Last, &[3, 3, 3, 3], &[3, 3]),
        (RoundRobin, &[1, 2, 3, 1], &[1, 3]),
    ];
    for (policy, before, after) in table {
        let mut s = Stage::new();
        for n in [1, 2, 3] {
            s.join(n);
            s.registered(n, "com.p", sharing(policy));
        }
        let caller = s.join(4);
        assert_eq!(invoked(&mut s, caller, 4), before, "{policy:?}");
        s.leave(2);
        s.take();
        assert_eq!(invoked(&mut s, caller, 2), after, "{policy:?}");
    }
    let mut s = Stage::new();
    for n in [1, 2, 3] {
        s.join(n);
        s.registered(n, "com.p", sharing(Random));
    }
    let caller = s.join(4);
    let invoked = invoked(&mut s, caller, 300);
    for n in [1, 2, 3] {
        let share = invoked.iter().filter(|to| **to == n).count();
        assert!((60..=140).contains(&share), "{share} of 300 calls went to {n}");
    }
}

#[test]
fn a_registration_by_pattern_is_told_what_was_called() {
    let mut s = Stage::new();
    let (caller, callee) = (s.join(1), s.join(2));
    s.registered(callee, "com.exact.p", alone());
    s.registered(callee, "com.", by(MatchPolicy::Prefix));
    s.registered(callee, "org..p", by(MatchPolicy::Wildcard));
    for (called, told) in
        [("com.exact.p", None), ("com.x", Some("com.x")), ("org.a.p", Some("org.a.p"))]
    {
        s.call(caller, called, plain());
        let details = invocation(&mut s);
        assert_eq!(details.procedure.as_ref().map(Uri::as_str), told);
    }
}

#[test]
fn unregistering_ends_new_calls_and_lets_running_ones_finish() {
    let mut s = Stage::new();
    let (caller, callee) = (s.join(1), s.join(2));
    let id = s.registered(callee, "com.p", alone());
    s.call(caller, "com.p", plain());
    s.unregister(caller, id);
    s.unregister(callee, id);
    s.call(caller, "com.p", plain());
    s.yield_(callee, 1, "1").unwrap();
    assert_eq!(
        s.heard(),
        [
            "2 INVOCATION 1 [\"question\"]",
            "1 ERROR UNREGISTER 2 wamp.error.no_such_registration",
            "2 UNREGISTERED 2",
            "1 ERROR CALL 3 wamp.error.no_such_procedure",
            "1 RESULT 1 [1]",
        ]
    );
    s.unregister(callee, id);
    assert_eq!(s.heard(), ["2 ERROR UNREGISTER 3 wamp.error.no_such_registration"]);
}
