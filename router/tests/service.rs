//! The plain service: who joins can publish, subscribe, call and register, whatever the others' serializers.

// Clippy does not see that helpers of tests are tests.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use common::{Heard, Peer, start};
use futures_util::SinkExt;
use serde_json::json;
use wamplex_shared::serializer::Serializer;

#[tokio::test]
async fn events_and_calls_cross_every_pair_of_serializers() {
    let router = start(|_| {}).await;
    for here in Serializer::ALL {
        for there in Serializer::ALL {
            let mut alice = Peer::join(router.address, here).await;
            let mut bob = Peer::join(router.address, there).await;
            let args = json!([1, -2.5, "three", [null, true], {"four": 4}]);
            let kwargs = json!({"key": "value"});

            let subscription = bob.subscribe("com.example.topic").await;
            let request = alice.request();
            let options = json!({"acknowledge": true});
            alice
                .say(&json!([16, request, options, "com.example.topic", args, kwargs]).to_string())
                .await;
            let published = alice.hear().await;
            assert_eq!((&published[0], &published[1]), (&json!(17), &json!(request)));
            let event = bob.hear().await;
            assert_eq!(event, json!([36, subscription, published[2], {}, args, kwargs]));

            let request = bob.request();
            bob.say(&json!([64, request, {}, "com.example.echo"]).to_string()).await;
            let registered = bob.hear().await;
            assert_eq!((&registered[0], &registered[1]), (&json!(65), &json!(request)));
            let request = alice.request();
            alice
                .say(&json!([48, request, {}, "com.example.echo", args, kwargs]).to_string())
                .await;
            let invocation = bob.hear().await;
            assert_eq!(invocation, json!([68, 1, registered[2], {}, args, kwargs]));
            bob.say(&json!([70, 1, {}, args, kwargs]).to_string()).await;
            assert_eq!(alice.hear().await, json!([50, request, {}, args, kwargs]));

            bob.say(r#"[6, {}, "wamp.close.close_realm"]"#).await;
            assert_eq!(bob.hear().await, json!([6, {}, "wamp.close.goodbye_and_out"]));
        }
    }
}

#[tokio::test]
async fn welcome_says_who_the_client_is_and_what_the_router_can_do() {
    let router = start(|_| {}).await;
    let mut peer = Peer::connect(router.address, Serializer::Json).await;
    let welcome = peer.hello().await;
    let details = &welcome[2];
    assert_eq!(details["realm"], "realm1");
    assert_eq!(details["authrole"], "anonymous");
    assert_eq!(details["authmethod"], "anonymous");
    assert!(!details["authid"].as_str().unwrap().is_empty());
    assert!(details["agent"].as_str().unwrap().starts_with("wamplex/"));
    assert!(details["roles"]["broker"].is_object() && details["roles"]["dealer"].is_object());
}

#[tokio::test]
async fn a_connection_serves_another_session_after_goodbye() {
    let router = start(|_| {}).await;
    let mut peer = Peer::connect(router.address, Serializer::MsgPack).await;
    let first = peer.hello().await;
    let subscription = peer.subscribe("com.example.topic").await;
    peer.say(r#"[6, {}, "wamp.close.close_realm"]"#).await;
    assert_eq!(peer.hear().await, json!([6, {}, "wamp.close.goodbye_and_out"]));

    let second = peer.hello().await;
    assert_ne!(first[1], second[1], "a new session has a new id");
    peer.say(&format!("[34, 1, {subscription}]")).await;
    let error = peer.hear().await;
    assert_eq!(error[4], "wamp.error.no_such_subscription", "nothing of the first session is left");
    assert_eq!(router.handle.session_count(), 1);
}

#[tokio::test]
async fn a_call_with_a_timeout_is_ended_by_the_router() {
    let router = start(|_| {}).await;
    let mut callee = Peer::join(router.address, Serializer::Json).await;
    callee.say(r#"[64, 1, {}, "com.example.slow"]"#).await;
    callee.hear().await;
    let mut caller = Peer::join(router.address, Serializer::Json).await;
    for request in 1..=3 {
        caller.say(&json!([48, request, {"timeout": 20}, "com.example.slow"]).to_string()).await;
        let error = caller.hear().await;
        assert_eq!(
            [&error[0], &error[1], &error[2], &error[4]],
            [&json!(8), &json!(48), &json!(request), &json!("wamp.error.timeout")]
        );
    }
}

#[tokio::test]
async fn a_client_that_closes_the_websocket_is_answered_and_leaves_the_realm() {
    let router = start(|_| {}).await;
    let mut callee = Peer::join(router.address, Serializer::Cbor).await;
    callee.say(r#"[64, 1, {}, "com.example.procedure"]"#).await;
    callee.hear().await;
    let mut caller = Peer::join(router.address, Serializer::Cbor).await;
    let request = caller.request();
    caller.say(&json!([48, request, {}, "com.example.procedure"]).to_string()).await;
    callee.hear().await;

    callee.socket.close(None).await.unwrap();
    assert_eq!(callee.listen().await, Heard::Close(1005));
    assert_eq!(callee.listen().await, Heard::Gone);
    assert_eq!(caller.hear().await[4], "wamp.error.canceled");
    caller.round_trip("com.example.topic").await;
}

#[tokio::test]
async fn what_follows_goodbye_in_the_same_write_belongs_to_the_next_session() {
    let router = start(|_| {}).await;
    for serializer in Serializer::ALL {
        let mut peer = Peer::join(router.address, serializer).await;
        let (goodbye, hello) =
            (peer.frame(r#"[6, {}, "wamp.close.close_realm"]"#), peer.frame(common::HELLO));
        peer.socket.feed(goodbye).await.unwrap();
        peer.socket.feed(hello).await.unwrap();
        peer.socket.flush().await.unwrap();
        assert_eq!(peer.hear().await, json!([6, {}, "wamp.close.goodbye_and_out"]));
        assert_eq!(peer.hear().await[0], 2, "WELCOME");
    }
}
