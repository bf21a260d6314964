//! Unix sockets: RawSocket and WebSocket alike, and who is at the other end.

use crate::common::{Peer, raw::RawPeer};
use futures_util::{SinkExt, StreamExt};
use serde_json::json;
use std::{os::unix::fs::PermissionsExt, path::PathBuf};
use tokio::net::UnixStream;
use tokio_tungstenite::{
    client_async,
    tungstenite::{client::IntoClientRequest, http::header::SEC_WEBSOCKET_PROTOCOL},
};
use wamplex_router::{
    Router,
    config::{Endpoint, ListenerConfig, Site},
};
use wamplex_shared::{rawsocket::MaxLength, serializer::Serializer};

fn socket_path(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("wamplex-{}-{name}.sock", std::process::id()))
}

#[tokio::test]
async fn rawsocket_and_websocket_work_over_a_unix_socket_beside_tcp() {
    let path = socket_path("both");
    let unix = ListenerConfig {
        endpoint: Endpoint::Unix(path.clone()),
        unix_mode: Some(0o600),
        site: Site::Nothing,
        ..ListenerConfig::default()
    };
    let mut config = crate::common::config();
    config.listeners.push(unix);
    let router = Router::bind(config).await.unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(router.endpoints()[1], Endpoint::Unix(path.clone()));
    let (address, handle) = (router.local_addr(), router.handle());
    let running = tokio::spawn(router.run());

    let mut tcp = Peer::join(address, Serializer::Cbor).await;
    let subscription = tcp.subscribe("com.example.topic").await;
    let socket = UnixStream::connect(&path).await.unwrap();
    let mut raw = RawPeer::over(socket, Serializer::MsgPack, MaxLength::MAX).await;
    raw.hello().await;
    raw.round_trip("com.example.own").await;
    let request = raw.request();
    raw.say(&json!([16, request, {}, "com.example.topic", ["unix"]]).to_string()).await;
    let event = tcp.hear().await;
    assert_eq!((&event[1], &event[4]), (&json!(subscription), &json!(["unix"])));

    let mut request = "ws://localhost/ws".into_client_request().unwrap();
    request.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, "wamp.2.json".parse().unwrap());
    let socket = UnixStream::connect(&path).await.unwrap();
    let (mut web, _) = client_async(request, socket).await.unwrap();
    web.send(crate::common::HELLO.into()).await.unwrap();
    let welcome = web.next().await.unwrap().unwrap().into_text().unwrap();
    assert!(welcome.starts_with("[2,"), "{welcome}");

    drop((tcp, raw, web));
    handle.shutdown();
    running.await.unwrap();
    assert!(!path.exists(), "the file goes with the router");
}
