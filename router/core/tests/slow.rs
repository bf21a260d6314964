//! Who hears of sessions that are too slow, and what.

#![allow(clippy::unwrap_used, clippy::wildcard_enum_match_arm, reason = "all of this is a test")]

mod stage;

use stage::{Log, Stage, Who, every_feature, session};
use wamplex_realm::{Joining, MetaApi, Slowness};
use wamplex_shared::{
    id::SubscriptionId,
    message::SubscribeOptions,
    uri::{MatchPolicy::Prefix, Uri},
};

const NOTHING: [&str; 0] = [];

fn watched(s: &mut Stage) -> (Who, Who) {
    let (watcher, slow) = (s.join(1), s.join(2));
    s.subscribe(watcher, "wamplex.session.on_slow", SubscribeOptions::default());
    s.take();
    (watcher, slow)
}

fn slowness(topics: Vec<(SubscriptionId, Option<Uri>, u64)>) -> Slowness {
    Slowness { policy: "drop-oldest", dropped: 100, topics, reason: None }
}

#[test]
fn those_who_watch_hear_whose_events_were_dropped_and_of_which_topics() {
    let mut s = Stage::new();
    let (_, slow) = watched(&mut s);
    let exact = s.subscribed(slow, "com.example.a", SubscribeOptions::default());
    let by = SubscribeOptions { match_policy: Prefix, ..SubscribeOptions::default() };
    let prefix = s.subscribed(slow, "com.example.", by);
    let gone = s.subscribed(slow, "com.example.gone", SubscribeOptions::default());
    s.unsubscribe(slow, gone);
    s.take();
    let uri = |text: &'static str| Some(Uri::from_static(text));
    let topics = vec![
        (exact, None, 2),
        (prefix, uri("com.example.a"), 3),
        (prefix, uri("com.example.b"), 4),
        (prefix, None, 5),
        (gone, None, 6),
    ];
    s.announce_slow(slow, &slowness(topics));
    let heard = "1 EVENT [{\"session\":2,\"authid\":null,\"authrole\":null,\
                 \"policy\":\"drop-oldest\",\"dropped\":100,\
                 \"topics\":{\"com.example.a\":5,\"com.example.b\":4},\"disconnected\":false}]";
    assert_eq!(s.heard(), [heard]);
}

#[test]
fn those_who_watch_hear_why_a_session_is_ended_and_so_does_the_session_if_it_watches() {
    let mut s = Stage::new();
    let (_, slow) = watched(&mut s);
    s.subscribe(slow, "wamplex.", SubscribeOptions { match_policy: Prefix, ..Default::default() });
    s.take();
    let ended = Slowness { policy: "disconnect", reason: Some("too slow"), ..Slowness::default() };
    s.announce_slow(slow, &ended);
    let arguments = "[{\"session\":2,\"authid\":null,\"authrole\":null,\"policy\":\"disconnect\",\
                     \"dropped\":0,\"topics\":{},\"disconnected\":true,\"reason\":\"too slow\"}]";
    let mut heard = s.heard();
    heard.sort();
    let by_pattern = format!("2 EVENT wamplex.session.on_slow {arguments}");
    assert_eq!(heard, [format!("1 EVENT {arguments}"), by_pattern]);
}

#[test]
fn nothing_is_said_without_a_meta_api_nor_of_sessions_that_are_gone_or_the_router_itself() {
    let mut s = Stage::with(|config| config.meta_api = MetaApi::Off);
    let (_, slow) = watched(&mut s);
    s.announce_slow(slow, &slowness(Vec::new()));
    assert_eq!(s.heard(), NOTHING);

    let mut s = Stage::new();
    watched(&mut s);
    let mut who = Joining::new(session(3), every_feature());
    who.privileged = true;
    let mut log = Log::default();
    let router = s.realm.join(who, 3, s.now, &mut log);
    s.realm.announce_slow(&router, &slowness(Vec::new()), &mut log);
    let gone = s.realm.join(Joining::new(session(4), every_feature()), 4, s.now, &mut log);
    s.realm.leave(&gone, s.now, &mut log);
    s.realm.announce_slow(&gone, &slowness(Vec::new()), &mut log);
    assert!(log.0.is_empty(), "{:?}", log.0);
}
