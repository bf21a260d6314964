//! What the meta API guarantees beyond single calls, which the scripts show.

#![allow(clippy::unwrap_used, clippy::wildcard_enum_match_arm, reason = "all of this is a test")]

mod stage;

use stage::{Stage, Who, every_feature, session};
use std::time::Duration;
use wamplex_shared::{
    message::*,
    payload::Payload,
    time::Time,
    uri::MatchPolicy::{Prefix, Wildcard},
    uris,
    value::{Dict, Value},
};

fn nothing() -> Dict {
    Dict::new()
}

fn ids(value: &Value) -> Vec<u64> {
    value.as_list().unwrap().iter().map(|id| id.as_u64().unwrap()).collect()
}

fn by(match_policy: wamplex_shared::uri::MatchPolicy) -> SubscribeOptions {
    SubscribeOptions { match_policy, ..SubscribeOptions::default() }
}

#[test]
fn what_is_created_says_when_by_the_wall_clock() {
    let mut s = Stage::with(|config| config.epoch = 1_709_164_799_000);
    s.now = Time::from_start(Duration::from_millis(1_005));
    s.join(1);
    let subscription = s.subscribed(1, "com.example", SubscribeOptions::default());
    let registration = s.registered(1, "com.example", RegisterOptions::default());
    for (procedure, id) in [
        (uris::subscription::GET, Value::from(subscription)),
        (uris::registration::GET, Value::from(registration)),
    ] {
        let details = s.ask(1, procedure, &[id], &nothing()).unwrap();
        let created = details.as_dict().unwrap().get("created").cloned();
        assert_eq!(created, Some(Value::from("2024-02-29T00:00:00.005Z")), "{procedure}");
    }
}

#[test]
fn lists_are_in_the_order_of_ids_and_callees_in_that_of_their_registration() {
    let mut s = Stage::new();
    for n in [7, 3, 9] {
        s.join(n);
        s.subscribe(n, "com.example", SubscribeOptions::default());
        let invoke = InvocationPolicy::Last;
        s.register(n, "com.example", RegisterOptions { invoke, ..RegisterOptions::default() });
    }
    let uri = [Value::from("com.example")];
    let subscription = s.ask(7, uris::subscription::LOOKUP, &uri, &nothing()).unwrap();
    let registration = s.ask(7, uris::registration::LOOKUP, &uri, &nothing()).unwrap();
    let mut list = |procedure, args: &[Value]| ids(&s.ask(7, procedure, args, &nothing()).unwrap());
    assert_eq!(list(uris::session::LIST, &[]), [3, 7, 9]);
    assert_eq!(list(uris::subscription::LIST_SUBSCRIBERS, &[subscription]), [3, 7, 9]);
    assert_eq!(list(uris::registration::LIST_CALLEES, &[registration]), [7, 3, 9]);
    s.subscribe(7, "com.", by(Prefix));
    s.subscribe(7, ".example", by(Wildcard));
    let matching = s.ask(7, uris::subscription::MATCH, &uri, &nothing()).unwrap();
    assert_eq!(ids(&matching).len(), 3);
    assert!(ids(&matching).is_sorted());
}

/// Two sessions of bob in different roles, one of alice, and one of whom nothing is known.
fn people() -> Stage {
    let mut s = Stage::new();
    s.join_as(1, every_feature(), Some(("alice", "admin")));
    s.join_as(2, every_feature(), Some(("bob", "user")));
    s.join_as(3, every_feature(), Some(("bob", "admin")));
    s.join(4);
    s
}

#[test]
fn sessions_are_found_by_their_roles() {
    let table: [(&[&'static str], &[u64]); 5] = [
        (&["admin"], &[1, 3]),
        (&["user", "admin"], &[1, 2, 3]),
        (&["user", "nobody"], &[2]),
        (&["anonymous"], &[]),
        (&[], &[]),
    ];
    let mut s = people();
    for (roles, expected) in table {
        let args = [Value::List(roles.iter().map(|r| Value::from(*r)).collect())];
        let list = s.ask(1, uris::session::LIST, &args, &nothing()).unwrap();
        assert_eq!(ids(&list), expected, "{roles:?}");
        let count = s.ask(1, uris::session::COUNT, &args, &nothing()).unwrap();
        assert_eq!(count.as_u64(), Some(expected.len() as u64), "{roles:?}");
    }
    let all = s.ask(1, uris::session::LIST, &[], &nothing()).unwrap();
    assert_eq!(ids(&all), [1, 2, 3, 4]);
}

#[test]
fn those_are_killed_that_are_meant_and_never_the_caller() {
    let table = [
        // caller, procedure, argument, answer, killed
        (
            1,
            uris::session::KILL_BY_AUTHID,
            Some("bob"),
            Value::from(vec![2.into(), 3.into()]),
            &[2, 3][..],
        ),
        (2, uris::session::KILL_BY_AUTHID, Some("bob"), Value::from(vec![3.into()]), &[3]),
        (1, uris::session::KILL_BY_AUTHROLE, Some("admin"), Value::from(1), &[3]),
        (4, uris::session::KILL_BY_AUTHROLE, Some("admin"), Value::from(2), &[1, 3]),
        (1, uris::session::KILL_BY_AUTHROLE, Some("nobody"), Value::from(0), &[]),
        (3, uris::session::KILL_ALL, None, Value::from(3), &[1, 2, 4]),
    ];
    for (caller, procedure, argument, answer, killed) in table {
        let mut s = people();
        let args: Vec<Value> = argument.into_iter().map(Value::from).collect();
        assert_eq!(s.ask(caller, procedure, &args, &nothing()), Ok(answer), "{procedure}");
        let goodbyes: Vec<_> =
            killed.iter().map(|n| format!("{n} GOODBYE wamp.close.killed")).collect();
        assert_eq!(s.heard(), goodbyes, "{procedure}");
        for n in 1..=4 {
            assert_eq!(
                s.realm.session(session(n)).is_none(),
                killed.contains(&n),
                "{procedure} {n}"
            );
        }
    }
}

#[test]
fn what_a_killed_session_sends_later_is_ignored() {
    let mut s = people();
    s.ask(1, uris::session::KILL, &[2.into()], &nothing()).unwrap();
    s.take();
    s.subscribe(2, "com.example", SubscribeOptions::default());
    s.call(2, uris::session::COUNT, CallOptions::default());
    s.leave(2);
    assert_eq!(s.heard(), [""; 0]);
    assert_eq!(s.realm.session_count(), 3);
}

#[test]
fn a_session_whose_id_is_taken_leaves_its_testaments() {
    let mut s = people();
    s.subscribe(1, "com.example.gone", SubscribeOptions::default());
    s.subscribe(1, "wamp.session.", by(Prefix));
    let testament = [Value::from("com.example.gone")];
    s.ask(2, uris::session::ADD_TESTAMENT, &testament, &nothing()).unwrap();
    s.take();
    s.join(2);
    assert_eq!(
        s.heard(),
        [
            "1 EVENT",
            "1 EVENT wamp.session.on_leave [2,\"bob\",\"user\"]",
            "1 EVENT wamp.session.on_join [{\"session\":2,\"authid\":null,\"authrole\":null,\"authmethod\":null,\"authprovider\":null}]"
        ]
    );
}

#[test]
fn testaments_are_limited_by_all_that_they_take_in_each_scope() {
    let mut s = Stage::with(|config| config.limits.testament_bytes = 200);
    s.join(1);
    let mut add = |length: usize, scope: &'static str| {
        let event = Value::List(vec![Value::from("x".repeat(length))]);
        let scope = [("scope", scope)].into_iter().collect();
        s.ask(1, uris::session::ADD_TESTAMENT, &["com.example.gone".into(), event], &scope)
    };
    let too_much = Err(uris::wamplex::LIMIT_EXCEEDED.to_owned());
    // `[16,1,{},"com.example.gone",[""]]` has 33 bytes without the characters of the argument.
    assert_eq!(add(168, "destroyed"), too_much);
    assert_eq!(add(100, "destroyed"), Ok(Value::Null));
    assert_eq!(add(35, "destroyed"), too_much);
    assert_eq!(add(34, "destroyed"), Ok(Value::Null));
    assert_eq!(add(167, "detached"), Ok(Value::Null));
    assert_eq!(add(0, "detached"), too_much);
}

#[test]
fn the_options_of_a_testament_count_as_well() {
    let mut s = Stage::with(|config| config.limits.testament_bytes = 200);
    s.join(1);
    let mut add = |names: usize| {
        let names = Value::List(vec![Value::from("alice"); names]);
        let options: Dict = [("exclude_authid", names)].into_iter().collect();
        let options = [("publish_options", options)].into_iter().collect();
        s.ask(1, uris::session::ADD_TESTAMENT, &["com.example.gone".into()], &options)
    };
    assert_eq!(add(1000), Err(uris::wamplex::LIMIT_EXCEEDED.to_owned()));
    assert_eq!(add(1), Ok(Value::Null));
}

#[test]
fn a_testament_reaches_everybody_but_its_own_session() {
    let mut s = Stage::new();
    for n in 1..=3 {
        s.join(n);
        s.subscribe(n, "com.example.gone", SubscribeOptions::default());
    }
    let options: Dict = [("exclude_me", false)].into_iter().collect();
    let options = [("publish_options", options)].into_iter().collect();
    let testament = [Value::from("com.example.gone"), Value::List(vec![Value::from("me")])];
    s.ask(2, uris::session::ADD_TESTAMENT, &testament, &options).unwrap();
    s.take();
    s.leave(2);
    assert_eq!(s.heard(), ["1 EVENT [\"me\"]", "3 EVENT [\"me\"]"]);
}

#[test]
fn events_about_the_realm_cost_nothing_while_nobody_listens() {
    let mut s = Stage::new();
    let (watcher, worker) = (s.join(1), s.join(2));
    let meta = s.subscribed(watcher, "wamp.", by(Prefix));
    s.unsubscribe(watcher, meta);
    s.take();
    s.subscribe(worker, "com.example", SubscribeOptions::default());
    s.leave(worker);
    // Publication ids count what was published: nothing was, so the first is the one of a realm that never listened.
    let publication = |s: &mut Stage, n: Who| {
        let options = PublishOptions { acknowledge: true, ..PublishOptions::default() };
        s.take();
        let request = s.next_request(n);
        let topic = "com.example".into();
        s.send(n, Publish { request, options, topic, payload: Payload::NONE }).unwrap();
        match &s.take()[..] {
            [(_, Message::Published(m))] => m.publication,
            other => panic!("{other:?}"),
        }
    };
    let mut fresh = Stage::new();
    fresh.join(1);
    assert_eq!(publication(&mut s, watcher), publication(&mut fresh, 1));
}
