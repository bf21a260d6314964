//! What a router tells about itself over HTTP.

// Clippy does not see that helpers of tests are tests.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use common::{
    Heard, PATIENCE, Peer, Running,
    http::{get, request},
    start,
};
use serde_json::json;
use std::{collections::HashMap, time::Duration};
use tokio::time::timeout;
use wamplex_router::config::Status;
use wamplex_shared::serializer::Serializer;

/// The numbers that a router shows.
async fn metrics(router: &Running) -> HashMap<String, f64> {
    let response = get(router.address, "/metrics").await;
    assert_eq!(response.status, 200);
    assert!(response.header("content-type").starts_with("application/openmetrics-text"));
    let text = String::from_utf8(response.body).unwrap();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let numbers = lines.map(|line| line.rsplit_once(' ').expect(line));
    numbers.map(|(name, value)| (name.to_owned(), value.parse().expect(value))).collect()
}

async fn start_with_metrics() -> Running {
    start(|config| config.listeners[0].status.metrics = true).await
}

#[tokio::test]
async fn a_router_says_that_it_lives_and_is_ready() {
    let router = start(|_| {}).await;
    for (path, body) in [("/healthz", "ok\n"), ("/readyz", "ready\n")] {
        let response = get(router.address, path).await;
        assert_eq!((response.status, &*response.body), (200, body.as_bytes()), "{path}");
        let refused = request(router.address, "POST", path, "Content-Length: 0\r\n").await;
        assert_eq!((refused.status, refused.header("allow")), (405, "GET, HEAD"), "{path}");
    }
}

#[tokio::test]
async fn what_a_listener_does_not_tell_is_not_there() {
    let router = start(|_| {}).await;
    assert_eq!(get(router.address, "/metrics").await.status, 404, "not unless it is asked for");
    let router = start(|config| {
        config.listeners[0].status = Status { health: false, metrics: false };
    })
    .await;
    for path in ["/healthz", "/readyz", "/metrics"] {
        assert_eq!(get(router.address, path).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn a_router_that_stops_is_not_ready_but_answers_open_calls() {
    let router = start(|_| {}).await;
    let mut callee = Peer::join(router.address, Serializer::Json).await;
    callee.say(r#"[64, 1, {}, "com.example.procedure"]"#).await;
    assert_eq!(callee.hear().await[0], 65);
    let mut caller = Peer::join(router.address, Serializer::Cbor).await;
    caller.say(r#"[48, 1, {}, "com.example.procedure"]"#).await;
    let invocation = callee.hear().await;
    let mut newcomer = Peer::connect(router.address, Serializer::Json).await;

    router.handle.shutdown();
    while get(router.address, "/readyz").await.status != 503 {}
    assert_eq!(get(router.address, "/healthz").await.status, 200);
    newcomer.say(common::HELLO).await;
    let abort = newcomer.hear().await;
    assert_eq!((&abort[0], &abort[2]), (&json!(3), &json!("wamp.close.system_shutdown")));

    callee.say(&format!(r#"[70, {}, {{}}, ["done"]]"#, invocation[1])).await;
    assert_eq!(caller.hear().await, json!([50, 1, {}, ["done"]]));
    for peer in [&mut caller, &mut callee] {
        assert_eq!(peer.hear().await[0], 6);
        peer.say(r#"[6, {}, "wamp.close.goodbye_and_out"]"#).await;
        assert_eq!(peer.listen().await, Heard::Close(1001));
    }
    timeout(PATIENCE, router.task).await.expect("the router stops").unwrap();
}

#[tokio::test]
async fn calls_that_are_not_answered_in_time_end_with_an_error_before_goodbye() {
    let router = start(|config| config.limits.drain = Duration::from_millis(50)).await;
    let mut callee = Peer::join(router.address, Serializer::Json).await;
    callee.say(r#"[64, 1, {}, "com.example.procedure"]"#).await;
    assert_eq!(callee.hear().await[0], 65);
    let mut caller = Peer::join(router.address, Serializer::Json).await;
    caller.say(r#"[48, 1, {}, "com.example.procedure"]"#).await;
    assert_eq!(callee.hear().await[0], 68);

    router.handle.shutdown();
    let error = caller.hear().await;
    assert_eq!(error, json!([8, 48, 1, {}, "wamp.error.canceled", ["the realm is closing"]]));
    assert_eq!(caller.hear().await[0], 6);
    assert_eq!(callee.hear().await[0], 6);
    drop((caller, callee));
    timeout(PATIENCE, router.task).await.expect("the router stops").unwrap();
}

#[tokio::test]
async fn what_passes_through_a_realm_is_counted() {
    let router = start_with_metrics().await;
    let mut peer = Peer::join(router.address, Serializer::Json).await;
    peer.subscribe("com.example.topic").await;
    peer.round_trip("com.example.another").await;
    peer.say(r#"[48, 5, {}, "com.example.nothing"]"#).await;
    assert_eq!(peer.hear().await[0], 8);
    peer.say(r#"[64, 6, {}, "com.example.procedure"]"#).await;
    assert_eq!(peer.hear().await[0], 65);
    peer.say(r#"[48, 7, {}, "com.example.procedure"]"#).await;
    let invocation = peer.hear().await;
    peer.say(&format!("[70, {}, {{}}]", invocation[1])).await;
    assert_eq!(peer.hear().await[0], 50);
    // What was heard is counted by the time that something else was answered.
    peer.say(r#"[48, 8, {}, "com.example.procedure"]"#).await;
    assert_eq!(peer.hear().await[0], 68);

    let mut stranger = Peer::connect(router.address, Serializer::Json).await;
    stranger.say(r#"[1, "com.example.nowhere", {"roles": {"caller": {}}}]"#).await;
    assert_eq!(stranger.hear().await[0], 3);

    let numbers = metrics(&router).await;
    let number = |name: &str| *numbers.get(name).unwrap_or_else(|| panic!("{name}: {numbers:#?}"));
    let message = |direction: &str, kind: &str| {
        let name = "wamplex_messages_total";
        number(&format!("{name}{{realm=\"realm1\",direction=\"{direction}\",type=\"{kind}\"}}"))
    };
    for (direction, kind, count) in [
        ("in", "SUBSCRIBE", 2.0),
        ("in", "PUBLISH", 1.0),
        ("in", "CALL", 3.0),
        ("in", "YIELD", 1.0),
        ("out", "EVENT", 1.0),
        ("out", "ERROR", 1.0),
        ("out", "RESULT", 1.0),
    ] {
        assert!((message(direction, kind) - count).abs() < 0.5, "{direction} {kind}");
    }
    for (name, expected) in [
        ("wamplex_sessions{realm=\"realm1\"}", 1.0),
        ("wamplex_subscriptions{realm=\"realm1\"}", 1.0),
        ("wamplex_registrations{realm=\"realm1\"}", 1.0),
        ("wamplex_calls_open{realm=\"realm1\"}", 1.0),
        ("wamplex_sessions_joined_total", 1.0),
        ("wamplex_draining", 0.0),
        ("wamplex_refusals_total{reason=\"wamp.error.no_such_realm\"}", 1.0),
        ("wamplex_call_duration_seconds_count{realm=\"realm1\",end=\"answered\"}", 1.0),
    ] {
        assert!((number(name) - expected).abs() < 0.5, "{name}: {}", number(name));
    }
    assert!(number("wamplex_message_bytes_total{realm=\"realm1\",direction=\"in\"}") > 100.0);
    assert!(number("wamplex_connections_open") >= 1.0);
}

#[tokio::test]
async fn realms_beyond_the_hundredth_share_their_numbers() {
    let router = start(|config| {
        config.listeners[0].status.metrics = true;
        config.realms = (0..105).map(|n| format!("com.example.realm{n}").into()).collect();
    })
    .await;
    let mut peer = Peer::connect(router.address, Serializer::Json).await;
    peer.say(r#"[1, "com.example.realm104", {"roles": {"caller": {}}}]"#).await;
    assert_eq!(peer.hear().await[0], 2);
    let numbers = metrics(&router).await;
    let sessions = numbers.iter().filter(|(name, _)| name.starts_with("wamplex_sessions{"));
    assert_eq!(sessions.count(), 101);
    assert_eq!(numbers.get("wamplex_sessions{realm=\"other\"}"), Some(&1.0));
}
