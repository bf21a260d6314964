//! Another configuration for a router that runs: what changes, what stays, and what a broken one does.

// Clippy does not see that helpers of tests are tests.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use common::{Heard, Peer, Running, config, start};
use serde_json::{Value, json};
use wamplex_router::{
    ReloadError, RouterConfig,
    config::{Disclosure, ListenerConfig, Origins, RealmSettings, UriRule},
};
use wamplex_shared::serializer::Serializer;

async fn reload(router: &Running, change: impl FnOnce(&mut RouterConfig)) -> String {
    let mut config = config();
    change(&mut config);
    router.handle.reload(config).await.unwrap().to_string()
}

/// What a client hears that says HELLO to this realm.
async fn hello(router: &Running, realm: &str) -> Value {
    let mut peer = Peer::connect(router.address, Serializer::Json).await;
    peer.say(&common::HELLO.replace("realm1", realm)).await;
    peer.hear().await
}

#[tokio::test]
async fn the_same_configuration_changes_nothing() {
    let router = start(|_| {}).await;
    let mut peer = Peer::join(router.address, Serializer::Json).await;
    assert_eq!(reload(&router, |_| {}).await, "nothing changed");
    peer.round_trip("com.example.topic").await;
}

#[tokio::test]
async fn realms_come_and_go_and_only_the_sessions_of_those_that_go_are_ended() {
    let router = start(|_| {}).await;
    let mut stays = Peer::join(router.address, Serializer::Json).await;
    let another = RealmSettings::new("com.example.another");
    assert_eq!(hello(&router, "com.example.another").await[2], "wamp.error.no_such_realm");

    let report = reload(&router, |config| config.realms.push(another)).await;
    assert_eq!(report, "realm com.example.another added");
    let mut goes = Peer::connect(router.address, Serializer::Cbor).await;
    goes.say(&common::HELLO.replace("realm1", "com.example.another")).await;
    assert_eq!(goes.hear().await[0], 2);
    let mut caller = Peer::connect(router.address, Serializer::MsgPack).await;
    caller.say(&common::HELLO.replace("realm1", "com.example.another")).await;
    assert_eq!(caller.hear().await[0], 2);
    goes.say(r#"[64, 1, {}, "com.example.never"]"#).await;
    assert_eq!(goes.hear().await[0], 65);
    caller.say(r#"[48, 1, {}, "com.example.never"]"#).await;
    assert_eq!(goes.hear().await[0], 68);

    assert_eq!(reload(&router, |_| {}).await, "realm com.example.another removed");
    let error = caller.hear().await;
    assert_eq!((&error[0], &error[1]), (&json!(8), &json!(48)), "the call has an answer: {error}");
    for peer in [&mut goes, &mut caller] {
        let goodbye = peer.hear().await;
        assert_eq!((&goodbye[0], &goodbye[2]), (&json!(6), &json!("wamp.close.close_realm")));
        peer.say(r#"[6, {}, "wamp.close.goodbye_and_out"]"#).await;
        assert!(matches!(peer.listen().await, Heard::Close(_)));
    }
    assert_eq!(hello(&router, "com.example.another").await[2], "wamp.error.no_such_realm");
    stays.round_trip("com.example.topic").await;
}

#[tokio::test]
async fn other_rules_hold_for_sessions_that_are_there() {
    let router = start(|_| {}).await;
    let mut peer = Peer::join(router.address, Serializer::Json).await;
    peer.subscribe("com.example.Upper").await;
    let report = reload(&router, |config| {
        config.set_rules(|rules| {
            rules.uris = UriRule::Strict;
            rules.disclosure = Disclosure::Never;
        });
    });
    assert_eq!(report.await, "realm realm1 changed (uris, disclosure)");
    let request = peer.request();
    peer.say(&json!([32, request, {}, "com.example.Another"]).to_string()).await;
    assert_eq!(peer.hear().await[4], "wamp.error.invalid_uri");
    peer.round_trip("com.example.lower").await;
}

#[tokio::test]
async fn other_limits_hold_for_new_connections() {
    let router = start(|_| {}).await;
    let mut first = Peer::join(router.address, Serializer::Json).await;
    let report = reload(&router, |config| config.limits.message_size = 1024).await;
    assert_eq!(report, "limits changed (message_size)");
    let mut second = Peer::join(router.address, Serializer::Json).await;
    let long = json!([16, 1, {}, "com.example.topic", ["x".repeat(2000)]]).to_string();
    first.say(&long).await;
    first.request();
    first.round_trip("com.example.topic").await;
    second.say(&long).await;
    assert_eq!(second.hear().await[2], "wamp.error.payload_size_exceeded");

    assert!(reload(&router, |config| config.limits.connections = 1).await.contains("connections"));
    first.round_trip("com.example.other").await;
    let response = common::http::get(router.address, "/").await;
    assert_eq!(response.status, 503);
}

#[tokio::test]
async fn listeners_come_change_and_go_and_whoever_is_connected_stays() {
    let router = start(|_| {}).await;
    let socket = std::env::temp_dir().join(format!("wamplex-reload-{}", std::process::id()));
    let mut first = Peer::join(router.address, Serializer::Json).await;

    let another = ListenerConfig {
        endpoint: format!("unix:{}", socket.display()).parse().unwrap(),
        ..ListenerConfig::default()
    };
    let report = reload(&router, |config| config.listeners.push(another.clone())).await;
    assert_eq!(report, format!("listener unix:{} added", socket.display()));
    let unix = tokio::net::UnixStream::connect(&socket).await.unwrap();
    let mut second = Peer::over(unix, Serializer::Json).await;
    second.hello().await;
    second.round_trip("com.example.topic").await;

    let report = reload(&router, |config| {
        config.listeners[0].origins = Origins::Any;
        config.listeners[0].transports.websocket = false;
    });
    let expected = format!(
        "listener 127.0.0.1:0 changed (transports, origins), listener unix:{} removed",
        socket.display()
    );
    assert_eq!(report.await, expected);
    first.round_trip("com.example.topic").await;
    second.round_trip("com.example.another").await;
    let offer = "Upgrade: websocket\r\n";
    let refused = common::http::request(router.address, "GET", "/ws", offer).await;
    assert_eq!(refused.status, 404);
    while socket.exists() {
        tokio::task::yield_now().await;
    }

    reload(&router, |_| {}).await;
    Peer::join(router.address, Serializer::Cbor).await.round_trip("com.example.topic").await;
    first.round_trip("com.example.last").await;

    router.handle.shutdown();
    assert_eq!(first.hear().await[2], "wamp.close.system_shutdown");
    assert_eq!(second.hear().await[2], "wamp.close.system_shutdown", "of a listener that is gone");
}

#[tokio::test]
async fn what_cannot_be_had_changes_nothing() {
    let router = start(|_| {}).await;
    let mut peer = Peer::join(router.address, Serializer::Json).await;
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();

    let mut broken = config();
    broken.realms = vec!["com.example.another".into()];
    broken.limits.connections = 1;
    broken.listeners.push(ListenerConfig::on(address));
    let error = router.handle.reload(broken.clone()).await.unwrap_err();
    let expected =
        format!("cannot listen on {address}: another program is listening there already");
    assert!(matches!(error, ReloadError::Start(_)));
    assert!(error.to_string().starts_with(&expected), "{error}");

    broken.listeners.pop();
    broken.realms.push("com..example".into());
    let error = router.handle.reload(broken).await.unwrap_err();
    assert!(matches!(&error, ReloadError::Invalid(problems) if problems.len() == 1), "{error}");
    assert!(error.to_string().starts_with("realms[1].name: expected a URI"), "{error}");

    peer.round_trip("com.example.topic").await;
    assert_eq!(hello(&router, "com.example.another").await[2], "wamp.error.no_such_realm");
    assert_eq!(reload(&router, |_| {}).await, "nothing changed");
}

#[tokio::test]
async fn a_router_that_has_stopped_takes_no_configuration() {
    let router = start(|_| {}).await;
    router.handle.shutdown();
    router.task.await.unwrap();
    let error = router.handle.reload(config()).await.unwrap_err();
    assert!(matches!(error, ReloadError::Stopped));
}
