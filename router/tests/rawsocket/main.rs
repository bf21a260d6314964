//! WAMP over RawSocket, on the port on which WebSocket and the site are too, and over Unix sockets.

// Clippy does not see that helpers of tests are tests.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "../common/mod.rs"]
mod common;
mod hostile;
mod limits;
#[path = "../bad_input/offences.rs"]
#[allow(dead_code, reason = "RawSocket has no code for a close")]
mod offences;
mod unix;

use common::{
    Heard, Peer,
    raw::{RawPeer, framed},
    start,
};
use futures_util::future::join_all;
use serde_json::json;
use std::time::Duration;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use wamplex_shared::{
    rawsocket::{Frame, FrameKind, MaxLength},
    serializer::Serializer,
};

#[tokio::test]
async fn rawsocket_websocket_and_http_share_one_port() {
    let router = start(|_| {}).await;
    let mut web = Peer::join(router.address, Serializer::Json).await;
    let subscription = web.subscribe("com.example.topic").await;
    for serializer in Serializer::ALL {
        let mut raw = RawPeer::join(router.address, serializer).await;
        raw.round_trip("com.example.own").await;
        let request = raw.request();
        raw.say(&json!([16, request, {}, "com.example.topic", [serializer.name()]]).to_string())
            .await;
        let event = web.hear().await;
        assert_eq!((&event[1], &event[4][0]), (&json!(subscription), &json!(serializer.name())));
    }
    let mut http = TcpStream::connect(router.address).await.unwrap();
    http.write_all(b"GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    http.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 404"), "{answer}");
}

#[tokio::test]
async fn a_session_over_rawsocket_ends_with_goodbye_and_can_be_followed_by_another() {
    let router = start(|_| {}).await;
    let mut peer = RawPeer::join(router.address, Serializer::MsgPack).await;
    peer.say(r#"[6, {}, "wamp.close.close_realm"]"#).await;
    assert_eq!(peer.hear().await, json!([6, {}, "wamp.close.goodbye_and_out"]));
    peer.hello().await;
    router.handle.shutdown();
    assert_eq!(peer.hear().await[2], "wamp.close.system_shutdown");
    peer.say(r#"[6, {}, "wamp.close.goodbye_and_out"]"#).await;
    assert_eq!(peer.listen().await, Heard::Gone);
    router.task.await.unwrap();
}

#[tokio::test]
async fn a_ping_is_answered_with_its_content_between_messages() {
    let router = start(|_| {}).await;
    let mut peer = RawPeer::join(router.address, Serializer::Json).await;
    for content in [&b""[..], b"x", &[7; 125], &[9; 70_000]] {
        peer.socket.write_all(&framed(FrameKind::Ping, content)).await.unwrap();
        let pong = Frame { kind: FrameKind::Pong, content: content.to_vec().into() };
        assert_eq!(peer.next_frame().await, Some(pong));
        // One that nobody asked for is not answered.
        peer.socket.write_all(&framed(FrameKind::Pong, content)).await.unwrap();
        peer.round_trip("com.example.topic").await;
    }
}

#[tokio::test]
async fn a_client_that_floods_with_pings_and_reads_nothing_is_not_read_any_more() {
    let router = start(|_| {}).await;
    let mut peer = RawPeer::join(router.address, Serializer::Json).await;
    let ping = framed(FrameKind::Ping, &[1; 60_000]);
    let mut sent = 0;
    // What fits into the buffers of both systems is some megabytes at most.
    while sent < 1000 {
        let written =
            tokio::time::timeout(Duration::from_millis(500), peer.socket.write_all(&ping));
        if written.await.is_err() {
            break;
        }
        sent += 1;
    }
    assert!(sent < 1000, "60 MB were taken");
    let mut other = RawPeer::join(router.address, Serializer::Json).await;
    other.round_trip("com.example.topic").await;
}

#[tokio::test]
async fn a_listener_without_rawsocket_answers_in_http_and_one_without_websocket_has_no_path_for_it()
{
    let router = start(|config| {
        config.listeners[0].transports.rawsocket = false;
        config.listeners[0].transports.websocket = false;
    })
    .await;
    for (request, answer) in [
        (&b"\x7f\xf1\0\0"[..], "HTTP/1.1 400"),
        (b"GET /ws HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n", "HTTP/1.1 404"),
        // TLS, to a router that has no certificate.
        (b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03\r\n\r\n", "HTTP/1.1 400"),
    ] {
        let mut socket = TcpStream::connect(router.address).await.unwrap();
        socket.write_all(request).await.unwrap();
        let mut heard = [0; 12];
        socket.read_exact(&mut heard).await.unwrap();
        assert_eq!(String::from_utf8_lossy(&heard), answer);
    }
}

#[tokio::test]
async fn a_client_that_does_not_say_what_it_wants_in_time_is_cut() {
    let router = start(|config| config.limits.http_request = Duration::from_secs(1)).await;
    let beginnings = [&b""[..], b"\x7f", b"\x7f\xf1\0", b"G", b"GET / HTTP/1.1\r\nhost:"];
    join_all(beginnings.map(async |beginning| {
        let mut socket = TcpStream::connect(router.address).await.unwrap();
        socket.write_all(beginning).await.unwrap();
        let mut heard = Vec::new();
        let _ = socket.read_to_end(&mut heard).await;
        assert!(heard.is_empty() || heard.starts_with(b"HTTP/1.1 408"), "{heard:?}");
    }))
    .await;
    let mut socket = TcpStream::connect(router.address).await.unwrap();
    socket.write_all(b"\x7f\xf1\0\0").await.unwrap();
    let mut peer = RawPeer::over(
        TcpStream::connect(router.address).await.unwrap(),
        Serializer::Json,
        MaxLength::MAX,
    )
    .await;
    peer.hello().await;
}
