//! Calls that are not with a callee at once: how many may wait, where keys go, and what may be on its way meanwhile. What
//! clients see of it is in the scripts of the folder `rpc`.

#![allow(clippy::unwrap_used, clippy::wildcard_enum_match_arm, reason = "all of this is a test")]

mod stage;

use stage::{Stage, Who, args, every_feature, request};
use std::collections::BTreeMap;
use wamplex_realm::{Joining, Realm, RealmConfig};
use wamplex_shared::{
    id::RequestId,
    message::*,
    roles::{Feature, Role},
    time::Time,
};

const NOTHING: [&str; 0] = [];

fn taking(concurrency: u64) -> RegisterOptions {
    RegisterOptions { concurrency: Some(concurrency), ..RegisterOptions::default() }
}

fn sharing(invoke: InvocationPolicy, concurrency: Option<u64>) -> RegisterOptions {
    RegisterOptions { invoke, concurrency, ..RegisterOptions::default() }
}

fn plain() -> CallOptions {
    CallOptions::default()
}

fn in_parts() -> CallOptions {
    CallOptions { progress: true, ..plain() }
}

fn keyed(key: &str) -> CallOptions {
    CallOptions { runmode: Some("partition".into()), rkey: Some(key.into()), ..plain() }
}

/// More arguments for an open call.
fn go_on(s: &mut Stage, who: Who, call: RequestId, json: &str, progress: bool) {
    let options = CallOptions { progress, ..plain() };
    let call = Call { request: call, options, procedure: "com.p".into(), payload: args(json) };
    s.send(who, call).unwrap();
}

#[test]
fn no_more_calls_wait_than_may() {
    let mut s = Stage::with(|config| config.limits.waiting = 2);
    let (caller, other, callee) = (s.join(1), s.join(2), s.join(3));
    s.registered(callee, "com.p", taking(1));
    s.call(caller, "com.p", plain());
    let second = s.call(caller, "com.p", plain());
    s.call(other, "com.p", plain());
    s.take();
    s.call(other, "com.p", plain());
    assert_eq!(s.heard(), ["2 ERROR CALL 2 wamplex.error.limit_exceeded"]);
    s.cancel(caller, second, None);
    assert_eq!(s.heard(), ["1 ERROR CALL 2 wamp.error.canceled"]);
    s.call(other, "com.p", plain());
    assert_eq!(s.heard(), NOTHING, "there is room again");
    s.yield_(callee, 1, "1").unwrap();
    s.yield_(callee, 2, "2").unwrap();
    s.yield_(callee, 3, "3").unwrap();
    let expected = [
        "1 RESULT 1 [1]",
        "3 INVOCATION 2 [\"question\"]",
        "2 RESULT 1 [2]",
        "3 INVOCATION 3 [\"question\"]",
        "2 RESULT 3 [3]",
    ];
    assert_eq!(s.heard(), expected);
}

#[test]
fn no_more_parts_of_a_call_are_kept_than_may() {
    let mut s = Stage::with(|config| config.limits.parts = 2);
    let (caller, callee) = (s.join(1), s.join(2));
    s.registered(callee, "com.p", taking(1));
    s.call(caller, "com.p", plain());
    let call = s.call(caller, "com.p", in_parts());
    s.take();
    go_on(&mut s, caller, call, "2", true);
    go_on(&mut s, caller, call, "3", true);
    assert_eq!(s.heard(), NOTHING);
    go_on(&mut s, caller, call, "4", true);
    assert_eq!(s.heard(), ["1 ERROR CALL 2 wamplex.error.limit_exceeded"]);
    go_on(&mut s, caller, call, "5", false);
    s.yield_(callee, 1, "1").unwrap();
    assert_eq!(s.heard(), ["1 RESULT 1 [1]"], "the call is over");
}

#[test]
fn parts_that_have_a_callee_are_not_counted() {
    let mut s = Stage::with(|config| config.limits.parts = 0);
    let (caller, callee) = (s.join(1), s.join(2));
    s.registered(callee, "com.p", RegisterOptions::default());
    let call = s.call(caller, "com.p", in_parts());
    go_on(&mut s, caller, call, "2", true);
    go_on(&mut s, caller, call, "3", false);
    let expected = ["2 INVOCATION 1 [\"question\"]", "2 INVOCATION 1 [2]", "2 INVOCATION 1 [3]"];
    assert_eq!(s.heard(), expected);
}

#[test]
fn a_callee_that_owes_too_much_gives_its_slot_back() {
    let mut s = Stage::with(|config| config.limits.invocations = 1);
    let (caller, callee) = (s.join(1), s.join(2));
    s.registered(callee, "com.p", taking(5));
    s.call(caller, "com.p", plain());
    s.call(caller, "com.p", plain());
    assert_eq!(
        s.heard(),
        ["2 INVOCATION 1 [\"question\"]", "1 ERROR CALL 2 wamplex.error.limit_exceeded"]
    );
}

/// Who answers calls with these keys, by trying.
fn owners(s: &mut Stage, caller: Who, keys: &[String]) -> BTreeMap<String, Who> {
    let mut owners = BTreeMap::new();
    for key in keys {
        s.call(caller, "com.p", keyed(key));
        let [(owner, Message::Invocation(invocation))] = &s.take()[..] else { panic!() };
        owners.insert(key.clone(), *owner);
        s.yield_(*owner, invocation.request.get(), "1").unwrap();
        s.take();
    }
    owners
}

#[test]
fn a_key_stays_with_its_callee_whoever_else_comes_and_goes() {
    for invoke in [InvocationPolicy::First, InvocationPolicy::RoundRobin, InvocationPolicy::Random]
    {
        let mut s = Stage::new();
        let caller = s.join(1);
        let options = || sharing(invoke, None);
        for callee in 2..6 {
            s.join(callee);
            s.registered(callee, "com.p", options());
        }
        let keys: Vec<String> = (0..100).map(|n| format!("key{n}")).collect();
        let four = owners(&mut s, caller, &keys);
        assert_eq!(owners(&mut s, caller, &keys), four, "the same again");
        for callee in 2..6 {
            let mine = four.values().filter(|owner| **owner == callee).count();
            assert!(mine >= 10, "{callee} has {mine} of 100 keys");
        }
        s.leave(3);
        s.take();
        for (key, owner) in owners(&mut s, caller, &keys) {
            assert!(four[&key] == owner || four[&key] == 3, "{key} moved without a reason");
        }
        s.join(6);
        s.registered(6, "com.p", options());
        for (key, owner) in owners(&mut s, caller, &keys) {
            assert!(four[&key] == owner || four[&key] == 3 || owner == 6, "{key} moved");
        }
    }
}

#[test]
fn a_call_with_a_key_waits_for_its_callee_though_others_have_room() {
    let mut s = Stage::new();
    let caller = s.join(1);
    for callee in [2, 3] {
        s.join(callee);
        s.registered(callee, "com.p", sharing(InvocationPolicy::First, Some(1)));
    }
    let keys: Vec<String> = (0..20).map(|n| format!("key{n}")).collect();
    let owners = owners(&mut s, caller, &keys);
    let key_of = |who| owners.iter().find(|(_, owner)| **owner == who).unwrap().0.as_str();
    let (twos, threes) = (key_of(2), key_of(3));
    s.call(caller, "com.p", keyed(twos));
    s.take();
    s.call(caller, "com.p", keyed(twos));
    assert_eq!(s.heard(), NOTHING);
    s.call(caller, "com.p", keyed(threes));
    assert!(matches!(s.take()[..], [(3, Message::Invocation(_))]), "it passes those that wait");
    // With its callee gone, the key belongs to the other one, which is busy.
    s.leave(2);
    assert_eq!(s.heard(), ["1 ERROR CALL 21 wamp.error.canceled"]);
    let last = owners.values().filter(|owner| **owner == 3).count() as u64 + 1;
    s.yield_(3, last, "1").unwrap();
    let heard = s.take();
    assert!(
        matches!(&heard[..], [(1, Message::Result(_)), (3, Message::Invocation(_))]),
        "{heard:?}"
    );
}

#[test]
fn a_key_whose_callee_is_unavailable_goes_to_the_next_for_this_key() {
    let mut s = Stage::new();
    let caller = s.join(1);
    for callee in [2, 3] {
        s.join(callee);
        s.registered(callee, "com.p", sharing(InvocationPolicy::First, None));
    }
    s.call(caller, "com.p", keyed("k"));
    let [(first, Message::Invocation(_))] = s.take()[..] else { panic!() };
    s.error(first, 1, "wamp.error.unavailable").unwrap();
    let [(second, Message::Invocation(_))] = s.take()[..] else { panic!() };
    assert_ne!(first, second);
    s.error(second, 1, "wamp.error.unavailable").unwrap();
    assert_eq!(s.heard(), ["1 ERROR CALL 1 wamp.error.no_available_callee"]);
}

#[test]
fn random_callees_are_tried_once_each() {
    let mut s = Stage::new();
    let caller = s.join(1);
    for callee in 2..8 {
        s.join(callee);
        s.registered(callee, "com.p", sharing(InvocationPolicy::Random, None));
    }
    s.call(caller, "com.p", plain());
    let mut tried = Vec::new();
    while let [(callee, Message::Invocation(_))] = s.take()[..] {
        assert!(!tried.contains(&callee), "{callee} was tried before");
        tried.push(callee);
        assert!(tried.len() <= 6);
        s.error(callee, 1, "wamp.error.unavailable").unwrap();
    }
    assert_eq!(tried.len(), 6);
    s.call(caller, "com.p", plain());
    assert!(matches!(s.take()[..], [(_, Message::Invocation(_))]), "the next call tries all again");
}

#[test]
fn a_call_that_is_handed_on_is_watched_again() {
    let mut s = Stage::new();
    let (caller, first, second) = (s.join(1), s.join(2), s.join(3));
    let forward =
        RegisterOptions { forward_timeout: true, ..sharing(InvocationPolicy::First, None) };
    s.registered(first, "com.p", forward);
    s.registered(second, "com.p", sharing(InvocationPolicy::First, None));
    s.call(caller, "com.p", CallOptions { timeout: Some(50), ..plain() });
    assert_eq!(s.realm.poll_timeout(), None, "the callee sees to it");
    s.at(20);
    s.error(first, 1, "wamp.error.unavailable").unwrap();
    assert_eq!(s.realm.poll_timeout(), Some(Time::from_millis(50)));
    s.take();
    s.at(50);
    assert_eq!(s.heard(), ["1 ERROR CALL 1 wamp.error.timeout", "3 INTERRUPT 1 killnowait"]);
}

#[test]
fn a_call_whose_time_is_over_is_not_handed_on_to_a_callee_that_sees_to_timeouts() {
    let mut s = Stage::new();
    let (caller, first, second) = (s.join(1), s.join(2), s.join(3));
    let forward =
        || RegisterOptions { forward_timeout: true, ..sharing(InvocationPolicy::First, None) };
    s.registered(first, "com.p", forward());
    s.registered(second, "com.p", forward());
    s.call(caller, "com.p", CallOptions { timeout: Some(50), ..plain() });
    s.take();
    s.at(70);
    s.error(first, 1, "wamp.error.unavailable").unwrap();
    assert_eq!(s.heard(), ["1 ERROR CALL 1 wamp.error.timeout"]);
}

#[test]
fn a_session_that_leaves_takes_its_waiting_calls_of_itself_along() {
    let mut s = Stage::new();
    let (both, other) = (s.join(1), s.join(2));
    s.registered(both, "com.p", taking(1));
    s.call(both, "com.p", plain());
    s.call(both, "com.p", plain());
    s.call(other, "com.p", plain());
    s.take();
    s.leave(both);
    assert_eq!(s.heard(), ["2 ERROR CALL 1 wamp.error.canceled"]);
}

#[test]
fn trust_levels_are_told_where_the_realm_says_so_and_the_session_has_one() {
    for (on, level) in [(false, Some(3)), (true, None), (true, Some(0)), (true, Some(3))] {
        let mut s = Stage::with(|config| config.trustlevels = on);
        s.join_trusted(1, level);
        let callee = s.join(2);
        s.registered(callee, "com.p", RegisterOptions::default());
        s.subscribed(callee, "com.topic", SubscribeOptions::default());
        s.call(1, "com.p", plain());
        s.publish(1, "com.topic", PublishOptions::default());
        let told = level.filter(|_| on);
        let heard = s.take();
        let [(2, Message::Invocation(invocation)), (2, Message::Event(event))] = &heard[..] else {
            panic!("{heard:?}")
        };
        assert_eq!((invocation.details.trustlevel, event.details.trustlevel), (told, told));
        let roles = s.realm.welcome_roles();
        assert_eq!(roles.supports(Role::Dealer, Feature::CallTrustlevels), on);
        assert_eq!(roles.supports(Role::Broker, Feature::PublicationTrustlevels), on);
    }
}

#[test]
fn a_realm_that_is_dropped_frees_members_whose_calls_wait() {
    struct Nowhere;
    impl wamplex_realm::Sink<()> for Nowhere {
        fn deliver(&mut self, (): &(), _: wamplex_realm::Outbound) {}
    }
    let mut realm = Realm::new(RealmConfig::new("realm1", 0));
    let join = |realm: &mut Realm<()>, n| {
        realm.join(Joining::new(stage::session(n), every_feature()), (), Time::ZERO, &mut Nowhere)
    };
    let (caller, callee) = (join(&mut realm, 1), join(&mut realm, 2));
    let register = Register { request: request(1), options: taking(1), procedure: "com.p".into() };
    realm.register(&callee, register, Time::ZERO, &mut Nowhere).unwrap();
    for n in 1..=3 {
        let (request, payload) = (request(n), args("1"));
        let call = Call { request, options: plain(), procedure: "com.p".into(), payload };
        realm.call(&caller, call, Time::ZERO, &mut Nowhere).unwrap();
    }
    let members = [std::sync::Arc::downgrade(&caller), std::sync::Arc::downgrade(&callee)];
    drop((caller, callee, realm));
    assert!(members.iter().all(|member| member.upgrade().is_none()));
}
