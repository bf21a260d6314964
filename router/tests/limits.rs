//! What sessions may hold and send, by realm and by role.

// Clippy does not see that helpers of tests are tests.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use common::{Heard, Peer, http::get, start};
use futures_util::SinkExt;
use serde_json::{Value, json};
use std::time::Duration;
use wamplex_router::config::{ListenerConfig, ListenerLimits, Quota, Rate, RealmLimits, Site};
use wamplex_shared::serializer::Serializer;

fn limits(quota: Quota) -> RealmLimits {
    RealmLimits { quota, ..RealmLimits::default() }
}

/// The error that a request is refused with.
fn error(answer: &Value) -> &str {
    assert_eq!(answer[0], 8, "{answer}");
    answer[4].as_str().unwrap()
}

#[tokio::test]
async fn a_full_realm_says_so_and_takes_the_next_when_one_has_left() {
    let router = start(|config| {
        config.realms[0].limits = limits(Quota { sessions: Some(2), ..Quota::default() });
    })
    .await;
    let mut first = Peer::join(router.address, Serializer::Json).await;
    let _second = Peer::join(router.address, Serializer::Json).await;
    let mut third = Peer::connect(router.address, Serializer::Json).await;
    third.say(common::HELLO).await;
    let abort = third.hear().await;
    assert_eq!((&abort[0], &abort[2]), (&json!(3), &json!("wamplex.error.limit_exceeded")));
    first.say(r#"[6, {}, "wamp.close.close_realm"]"#).await;
    assert_eq!(first.hear().await[0], 6);
    drop(first);
    Peer::join(router.address, Serializer::Json).await.round_trip("com.example.topic").await;
}

#[tokio::test]
async fn a_role_has_limits_of_its_own_and_the_rest_from_its_realm() {
    let router = start(|config| {
        let mut limits = limits(Quota { subscriptions: Some(1), ..Quota::default() });
        let role = Quota { registrations: Some(1), ..Quota::default() };
        limits.roles.insert("anonymous".to_owned(), role);
        config.realms[0].limits = limits;
    })
    .await;
    let mut peer = Peer::join(router.address, Serializer::Json).await;
    for (request, code, answer) in [
        (r#"[32, 1, {}, "com.example.a"]"#, 33, ""),
        (r#"[32, 2, {}, "com.example.b"]"#, 8, "wamplex.error.limit_exceeded"),
        (r#"[64, 3, {}, "com.example.a"]"#, 65, ""),
        (r#"[64, 4, {}, "com.example.b"]"#, 8, "wamplex.error.limit_exceeded"),
    ] {
        peer.say(request).await;
        let heard = peer.hear().await;
        assert_eq!(heard[0], code, "{heard}");
        assert!(code != 8 || error(&heard) == answer, "{heard}");
    }
}

#[tokio::test]
async fn whoever_sends_too_fast_is_served_more_slowly_and_loses_nothing() {
    let router = start(|config| {
        let rate = Rate { messages: 1000, burst: 10, ..Rate::default() };
        config.realms[0].limits = limits(Quota { rate: Some(rate), ..Quota::default() });
    })
    .await;
    let mut fast = Peer::join(router.address, Serializer::Json).await;
    let subscription = fast.subscribe("com.example.topic").await;
    for n in 0..200 {
        let options = json!({"exclude_me": false});
        let publish = json!([16, n + 2, options, "com.example.topic", [n]]);
        fast.say(&publish.to_string()).await;
    }
    for n in 0..200 {
        let event = fast.hear().await;
        assert_eq!((&event[1], &event[4]), (&json!(subscription), &json!([n])));
    }
}

#[tokio::test]
async fn what_comes_far_too_fast_is_refused_and_the_neighbour_is_not() {
    let router = start(|config| {
        let rate = Rate { messages: 1, burst: 5, refuse_above: 5, ..Rate::default() };
        config.realms[0].limits = limits(Quota { rate: Some(rate), ..Quota::default() });
    })
    .await;
    let mut fast = Peer::join(router.address, Serializer::Json).await;
    let mut neighbour = Peer::join(router.address, Serializer::Json).await;
    // In one write, so that they are read in one go.
    for n in 1..=30 {
        let frame = fast.frame(&format!(r#"[48, {n}, {{}}, "com.example.nothing"]"#));
        fast.socket.feed(frame).await.unwrap();
    }
    fast.socket.flush().await.unwrap();
    let (mut served, mut refused) = (0, 0);
    while refused == 0 {
        match error(&fast.hear().await) {
            "wamp.error.no_such_procedure" => served += 1,
            "wamplex.error.rate_exceeded" => refused += 1,
            other => panic!("{other}"),
        }
    }
    assert!(served >= 10, "the burst and the bound above it are served: {served}");
    neighbour.round_trip("com.example.topic").await;
    assert!(router.handle.counters().rate_refusals > 0);
}

#[tokio::test]
async fn a_listener_has_limits_of_its_own_and_its_neighbour_those_of_the_router() {
    let path = std::env::temp_dir().join(format!("wamplex-limits-{}.sock", std::process::id()));
    drop(std::fs::remove_file(&path));
    let router = start(|config| {
        config.listeners[0].limits =
            ListenerLimits { message_size: Some(2048), ..ListenerLimits::default() };
        let endpoint = format!("unix:{}", path.display()).parse().unwrap();
        let neighbour =
            ListenerConfig { endpoint, site: Site::Nothing, ..ListenerConfig::default() };
        config.listeners.push(neighbour);
    })
    .await;
    let long = json!([48, 1, {}, "com.example.nothing", ["x".repeat(4000)]]).to_string();
    let mut here = Peer::join(router.address, Serializer::Json).await;
    here.say(&long).await;
    assert_eq!(here.hear().await[2], "wamp.error.payload_size_exceeded");
    let there = tokio::net::UnixStream::connect(&path).await.unwrap();
    let mut there = Peer::over(there, Serializer::Json).await;
    there.hello().await;
    there.say(&long).await;
    assert_eq!(error(&there.hear().await), "wamp.error.no_such_procedure");
}

#[tokio::test]
async fn a_listener_that_is_full_says_so_and_takes_the_next_when_one_has_gone() {
    let router = start(|config| {
        config.listeners[0].limits =
            ListenerLimits { connections: Some(1), ..ListenerLimits::default() };
    })
    .await;
    let mut first = Peer::join(router.address, Serializer::Json).await;
    assert_eq!(get(router.address, "/healthz").await.status, 503);
    first.say(r#"[6, {}, "wamp.close.close_realm"]"#).await;
    assert_eq!(first.hear().await[0], 6);
    drop(first);
    while get(router.address, "/healthz").await.status != 200 {}
}

#[tokio::test]
async fn a_listener_may_wait_for_hello_for_another_time() {
    let router = start(|config| {
        let hello = Some(Duration::from_millis(50));
        config.listeners[0].limits = ListenerLimits { hello, ..ListenerLimits::default() };
    })
    .await;
    let mut silent = Peer::connect(router.address, Serializer::Json).await;
    assert_eq!(silent.hear().await[2], "wamp.error.timeout");
    assert_eq!(silent.listen().await, Heard::Close(1008));
}
