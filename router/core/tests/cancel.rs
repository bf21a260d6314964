//! Every way in which a call ends without its callee's answer, and every race between them: one last answer for the
//! caller, and never more.

#![allow(clippy::unwrap_used, clippy::wildcard_enum_match_arm, reason = "all of this is a test")]

mod stage;

use CancelMode::{Kill, KillNoWait, Skip};
use core::time::Duration;
use stage::{Stage, Who, callee_without};
use wamplex_shared::{
    id::RequestId,
    message::*,
    roles::{Feature, Role, Roles},
    time::Time,
};

const CANCELED: &str = "1 ERROR CALL 1 wamp.error.canceled";
const TIMED_OUT: &str = "1 ERROR CALL 1 wamp.error.timeout";
const NOTHING: [&str; 0] = [];

/// Session 1 has called a procedure of session 2, with this timeout in milliseconds.
fn calling(callee_roles: Roles, timeout: Option<u64>) -> (Stage, Who, Who, RequestId) {
    let mut s = Stage::new();
    let (caller, callee) = (s.join(1), s.join_as(2, callee_roles, None));
    s.registered(callee, "com.p", RegisterOptions::default());
    let options = CallOptions { receive_progress: true, timeout, ..CallOptions::default() };
    let call = s.call(caller, "com.p", options);
    s.take();
    (s, caller, callee, call)
}

fn able() -> Roles {
    stage::every_feature()
}

fn unable() -> Roles {
    callee_without(&[Feature::CallCanceling])
}

#[test]
fn cancel_answers_the_caller_and_tells_the_callee_as_its_mode_says() {
    let table: [(Option<CancelMode>, Roles, &[&str]); 8] = [
        (Some(Skip), able(), &[CANCELED]),
        (Some(Kill), able(), &["2 INTERRUPT 1 kill"]),
        (Some(KillNoWait), able(), &[CANCELED, "2 INTERRUPT 1 killnowait"]),
        (None, able(), &[CANCELED, "2 INTERRUPT 1 killnowait"]),
        // A callee that does not know INTERRUPT is never sent one: all modes become skip.
        (Some(Skip), unable(), &[CANCELED]),
        (Some(Kill), unable(), &[CANCELED]),
        (Some(KillNoWait), unable(), &[CANCELED]),
        (None, unable(), &[CANCELED]),
    ];
    for (mode, roles, expected) in table {
        let (mut s, caller, _, call) = calling(roles, None);
        s.cancel(caller, call, mode);
        assert_eq!(s.heard(), expected, "{mode:?}");
    }
}

#[test]
fn what_the_callee_says_after_skip_or_killnowait_is_dropped() {
    for mode in [Skip, KillNoWait] {
        let (mut s, caller, callee, call) = calling(able(), None);
        s.cancel(caller, call, Some(mode));
        s.take();
        s.progress(callee, 1, "1").unwrap();
        s.yield_(callee, 1, "1").unwrap();
        s.error(callee, 1, "wamp.error.canceled").unwrap();
        assert_eq!(s.heard(), NOTHING, "{mode:?}");
    }
}

#[test]
fn what_the_callee_says_after_kill_is_the_answer_but_parts_are_dropped() {
    let (mut s, caller, callee, call) = calling(able(), None);
    s.cancel(caller, call, Some(Kill));
    s.take();
    s.progress(callee, 1, "1").unwrap();
    s.error(callee, 1, "wamp.error.canceled").unwrap();
    s.yield_(callee, 1, "1").unwrap();
    assert_eq!(s.heard(), [CANCELED]);

    let (mut s, caller, callee, call) = calling(able(), None);
    s.cancel(caller, call, Some(Kill));
    s.take();
    s.yield_(callee, 1, "1").unwrap();
    assert_eq!(s.heard(), ["1 RESULT 1 [1]"], "the result was faster than the interrupt");
}

#[test]
fn a_second_cancel_says_nothing_new_but_can_stop_waiting_for_a_kill() {
    let table: [(CancelMode, CancelMode, &[&str]); 9] = [
        (Skip, Skip, &[]),
        (Skip, Kill, &[]),
        (Skip, KillNoWait, &[]),
        (KillNoWait, Skip, &[]),
        (KillNoWait, Kill, &[]),
        (KillNoWait, KillNoWait, &[]),
        (Kill, Kill, &[]),
        (Kill, Skip, &[CANCELED]),
        (Kill, KillNoWait, &[CANCELED]),
    ];
    for (first, second, expected) in table {
        let (mut s, caller, callee, call) = calling(able(), None);
        s.cancel(caller, call, Some(first));
        s.take();
        s.cancel(caller, call, Some(second));
        assert_eq!(s.heard(), expected, "{first:?} {second:?}");
        let answered = first != Kill || second != Kill;
        s.yield_(callee, 1, "1").unwrap();
        assert_eq!(s.heard().is_empty(), answered, "{first:?} {second:?}");
    }
}

#[test]
fn cancel_of_a_call_that_is_over_or_never_was_is_ignored() {
    let (mut s, caller, callee, call) = calling(able(), None);
    s.yield_(callee, 1, "1").unwrap();
    s.take();
    for mode in [None, Some(Skip), Some(Kill), Some(KillNoWait)] {
        s.cancel(caller, call, mode);
        s.cancel(caller, stage::request(99), mode);
        s.cancel(callee, call, mode);
        assert_eq!(s.heard(), NOTHING);
    }
}

#[test]
fn a_callee_that_leaves_answers_its_callers_with_canceled_in_every_state() {
    for mode in [None, Some(Kill)] {
        let (mut s, caller, callee, call) = calling(able(), Some(10));
        if let Some(mode) = mode {
            s.cancel(caller, call, Some(mode));
            s.take();
        }
        s.leave(callee);
        assert_eq!(s.heard(), [CANCELED]);
        s.at(10);
        s.cancel(caller, call, None);
        s.yield_(callee, 1, "1").unwrap();
        assert_eq!(s.heard(), NOTHING);
    }
    for mode in [Skip, KillNoWait] {
        let (mut s, caller, callee, call) = calling(able(), None);
        s.cancel(caller, call, Some(mode));
        s.take();
        s.leave(callee);
        assert_eq!(s.heard(), NOTHING);
    }
}

#[test]
fn a_caller_that_leaves_interrupts_its_callees_once_if_they_understand() {
    for (roles, mode, expected) in [
        (able(), None, &["2 INTERRUPT 1 killnowait"][..]),
        (unable(), None, &[]),
        (able(), Some(Kill), &[]),
        (able(), Some(Skip), &[]),
    ] {
        let (mut s, caller, callee, call) = calling(roles, Some(10));
        if mode.is_some() {
            s.cancel(caller, call, mode);
            s.take();
        }
        s.leave(caller);
        assert_eq!(s.heard(), expected, "{mode:?}");
        s.progress(callee, 1, "1").unwrap();
        s.yield_(callee, 1, "1").unwrap();
        s.at(10);
        assert_eq!(s.heard(), NOTHING);
    }
}

#[test]
fn a_call_times_out_once_and_its_callee_is_told() {
    for (roles, expected) in
        [(able(), &[TIMED_OUT, "2 INTERRUPT 1 killnowait"][..]), (unable(), &[TIMED_OUT])]
    {
        let (mut s, caller, callee, call) = calling(roles, Some(10));
        assert_eq!(s.realm.poll_timeout(), Some(Time::from_millis(10)));
        s.at(9);
        assert_eq!(s.heard(), NOTHING);
        s.at(10);
        assert_eq!(s.heard(), expected);
        assert_eq!(s.realm.poll_timeout(), None);
        s.cancel(caller, call, None);
        s.yield_(callee, 1, "1").unwrap();
        s.at(20);
        assert_eq!(s.heard(), NOTHING);
    }
}

#[test]
fn a_call_that_was_answered_does_not_time_out() {
    let (mut s, _, callee, _) = calling(able(), Some(10));
    s.yield_(callee, 1, "1").unwrap();
    s.at(10);
    assert_eq!(s.heard(), ["1 RESULT 1 [1]"]);
}

#[test]
fn a_part_of_the_result_starts_the_time_again() {
    let (mut s, _, callee, _) = calling(able(), Some(10));
    for (now, part) in [(8, "1"), (16, "2"), (24, "3")] {
        s.at(now);
        s.progress(callee, 1, part).unwrap();
        assert_eq!(s.heard(), [format!("1 RESULT 1 progress [{part}]")]);
    }
    s.at(33);
    assert_eq!(s.heard(), NOTHING);
    assert_eq!(s.realm.poll_timeout(), Some(Time::from_millis(34)));
    s.at(34);
    assert_eq!(s.heard(), [TIMED_OUT, "2 INTERRUPT 1 killnowait"]);
}

#[test]
fn a_kill_that_the_callee_ignores_still_times_out() {
    let (mut s, caller, _, call) = calling(able(), Some(10));
    s.cancel(caller, call, Some(Kill));
    s.at(10);
    assert_eq!(s.heard(), ["2 INTERRUPT 1 kill", TIMED_OUT]);
}

#[test]
fn calls_time_out_in_the_order_of_their_deadlines() {
    let mut s = Stage::with(|c| c.call_timeout = Some(Duration::from_millis(20)));
    let (caller, callee) = (s.join(1), s.join(2));
    s.registered(callee, "com.p", RegisterOptions::default());
    for timeout in [Some(30), None, Some(10), Some(0)] {
        s.call(caller, "com.p", CallOptions { timeout, ..CallOptions::default() });
    }
    s.take();
    s.at(1_000_000);
    let heard = s.heard();
    let errors: Vec<&str> =
        heard.iter().map(String::as_str).filter(|h| h.starts_with('1')).collect();
    assert_eq!(
        errors,
        [3, 2, 1].map(|call| format!("1 ERROR CALL {call} wamp.error.timeout")),
        "the fourth asked for no timeout"
    );
}

#[test]
fn a_time_beyond_all_time_is_no_trouble() {
    let (mut s, _, callee, _) = calling(able(), Some(u64::MAX));
    s.at(u64::MAX / 2);
    s.progress(callee, 1, "1").unwrap();
    s.yield_(callee, 1, "2").unwrap();
    assert_eq!(s.heard(), ["1 RESULT 1 progress [1]", "1 RESULT 1 [2]"]);
}

#[test]
fn many_answered_calls_leave_no_deadlines_behind() {
    let mut s = Stage::new();
    let (caller, callee) = (s.join(1), s.join(2));
    s.registered(callee, "com.p", RegisterOptions::default());
    for n in 1..=3_000 {
        let options = CallOptions { timeout: Some(1_000_000), ..CallOptions::default() };
        s.call(caller, "com.p", options);
        s.yield_(callee, n, "1").unwrap();
    }
    s.at(1);
    assert_eq!(s.realm.poll_timeout(), None);
}

#[test]
fn the_realm_announces_what_it_does() {
    let roles = Stage::new().realm.welcome_roles();
    let names = |role| {
        roles.get(role).map(|f| f.iter().map(Feature::name).collect::<Vec<_>>()).unwrap_or_default()
    };
    assert_eq!(
        names(Role::Broker),
        [
            "session_meta_api",
            "subscriber_blackwhite_listing",
            "publisher_exclusion",
            "publisher_identification",
            "subscription_meta_api",
            "pattern_based_subscription",
            "shareded_subscriptions",
            "event_retention",
            "subscription_revocation",
            "payload_passthru_mode",
            "reflection"
        ]
    );
    assert_eq!(
        names(Role::Dealer),
        [
            "progressive_call_results",
            "progressive_call_invocations",
            "call_timeout",
            "call_canceling",
            "caller_identification",
            "pattern_based_registration",
            "shared_registration",
            "sharded_registration",
            "registration_revocation",
            "call_reroute",
            "registration_meta_api",
            "session_meta_api",
            "testament_meta_api",
            "payload_passthru_mode",
            "reflection"
        ]
    );
}
