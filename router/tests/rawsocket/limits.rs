//! Neither side sends more than the other one takes.

use crate::common::{HELLO, Heard, PATIENCE, Peer, raw::RawPeer, start};
use serde_json::json;
use std::{net::SocketAddr, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
    time::timeout,
};
use wamplex_shared::{rawsocket::MaxLength, serializer::Serializer};

const TOO_LARGE: &str = "wamp.error.payload_size_exceeded";

/// The shortest limit at which there is a session.
const SHORT: usize = 1024;

async fn narrow(address: SocketAddr) -> RawPeer<TcpStream> {
    let socket = TcpStream::connect(address).await.unwrap();
    let mut peer = RawPeer::over(socket, Serializer::Json, MaxLength::at_most(SHORT)).await;
    peer.hello().await;
    peer
}

#[tokio::test]
async fn the_router_announces_the_largest_limit_that_is_not_above_its_own() {
    for (limit, octet) in [(1 << 20, 0xb1), (1 << 24, 0xf1), (1_000_000, 0xa1), (1500, 0x11)] {
        let router = start(|config| config.limits.message_size = limit).await;
        let mut socket = TcpStream::connect(router.address).await.unwrap();
        socket.write_all(&[0x7f, 0xf1, 0, 0]).await.unwrap();
        let mut answer = [0; 4];
        socket.read_exact(&mut answer).await.unwrap();
        assert_eq!(answer, [0x7f, octet, 0, 0], "{limit}");
    }
}

#[tokio::test]
async fn a_message_above_the_limit_in_force_ends_the_session_with_a_word() {
    for (welcomed, length) in [(false, (64 << 10) + 1), (true, (1 << 20) + 1)] {
        let router = start(|_| {}).await;
        let socket = TcpStream::connect(router.address).await.unwrap();
        let mut peer = RawPeer::over(socket, Serializer::Json, MaxLength::MAX).await;
        if welcomed {
            peer.hello().await;
        }
        let [_, octets @ ..] = u32::to_be_bytes(length);
        peer.socket.write_all(&[&[0], &octets[..]].concat()).await.unwrap();
        assert_eq!(peer.hear().await[2], TOO_LARGE);
        assert_eq!(peer.listen().await, Heard::Gone);
    }
}

#[tokio::test]
async fn a_client_that_cannot_take_welcome_is_told_so() {
    let router = start(|_| {}).await;
    let mut socket = TcpStream::connect(router.address).await.unwrap();
    socket.write_all(&[0x7f, 0x01, 0, 0]).await.unwrap();
    let mut answer = Vec::new();
    socket.read_to_end(&mut answer).await.unwrap();
    assert_eq!(answer, [0x7f, 0x20, 0, 0], "512 bytes are never enough");

    let name = format!("com.{}", "x".repeat(200));
    let realm = name.clone();
    let router = start(|config| config.realms[0].name = realm).await;
    let socket = TcpStream::connect(router.address).await.unwrap();
    let mut peer = RawPeer::over(socket, Serializer::Json, MaxLength::at_most(SHORT)).await;
    peer.say(&HELLO.replace("realm1", &name)).await;
    assert_eq!(peer.hear().await[2], TOO_LARGE);
    assert_eq!(peer.listen().await, Heard::Gone);
}

#[tokio::test]
async fn an_event_that_is_too_long_for_one_subscriber_is_dropped_for_it_alone_and_counted() {
    let router = start(|_| {}).await;
    let mut narrow = narrow(router.address).await;
    let mut wide = RawPeer::join(router.address, Serializer::Json).await;
    for peer in [&mut narrow, &mut wide] {
        let request = peer.request();
        peer.say(&json!([32, request, {}, "com.example.topic"]).to_string()).await;
        assert_eq!(peer.hear().await[0], 33);
    }
    let mut publisher = Peer::join(router.address, Serializer::MsgPack).await;
    for content in ["x".repeat(SHORT), "short".to_owned()] {
        let request = publisher.request();
        publisher.say(&json!([16, request, {}, "com.example.topic", [content]]).to_string()).await;
        assert_eq!(wide.hear().await[4][0], content);
    }
    assert_eq!(narrow.hear().await[4][0], "short");
    assert_eq!(router.handle.counters().events_too_long, 1);
}

#[tokio::test]
async fn a_call_that_is_too_long_for_its_callee_fails_at_once_and_the_callee_stays() {
    let router = start(|_| {}).await;
    let mut callee = narrow(router.address).await;
    let request = callee.request();
    callee.say(&json!([64, request, {}, "com.example.procedure"]).to_string()).await;
    assert_eq!(callee.hear().await[0], 65);
    let mut caller = Peer::join(router.address, Serializer::Cbor).await;
    let long = "x".repeat(SHORT);
    caller.say(&json!([48, 1, {}, "com.example.procedure", [long]]).to_string()).await;
    let error = caller.hear().await;
    assert_eq!((&error[0], &error[1], &error[2]), (&json!(8), &json!(48), &json!(1)));
    assert_eq!(error[4], TOO_LARGE);
    caller.say(&json!([48, 2, {}, "com.example.procedure", ["short"]]).to_string()).await;
    let invocation = callee.hear().await;
    callee.say(&json!([70, invocation[1], {}, ["answer"]]).to_string()).await;
    assert_eq!(caller.hear().await[3], json!(["answer"]));
}

#[tokio::test]
async fn an_answer_that_is_too_long_for_its_caller_is_an_error() {
    let router = start(|_| {}).await;
    let mut callee = Peer::join(router.address, Serializer::Cbor).await;
    callee.say(&json!([64, 1, {}, "com.example.procedure"]).to_string()).await;
    assert_eq!(callee.hear().await[0], 65);
    let mut caller = narrow(router.address).await;
    let long = "x".repeat(SHORT);
    for answer in [
        |invocation: &serde_json::Value, long: &str| json!([70, invocation, {}, [long]]),
        |invocation: &serde_json::Value, long: &str| {
            json!([8, 68, invocation, {}, "com.example.error", [long]])
        },
    ] {
        let request = caller.request();
        caller.say(&json!([48, request, {}, "com.example.procedure"]).to_string()).await;
        let invocation = callee.hear().await[1].clone();
        callee.say(&answer(&invocation, &long).to_string()).await;
        let error = caller.hear().await;
        assert_eq!(
            (&error[1], &error[2], &error[4]),
            (&json!(48), &json!(request), &json!(TOO_LARGE))
        );
    }
    caller.round_trip("com.example.topic").await;
}

/// A subscriber that reads nothing more, on a socket with little room.
async fn stopped(address: SocketAddr) -> RawPeer<TcpStream> {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(8 << 10).unwrap();
    let socket = socket.connect(address).await.unwrap();
    let mut peer = RawPeer::over(socket, Serializer::Json, MaxLength::MAX).await;
    peer.hello().await;
    let request = peer.request();
    peer.say(&json!([32, request, {}, "com.example.flood"]).to_string()).await;
    peer.hear().await;
    peer
}

#[tokio::test]
async fn a_subscriber_that_takes_nothing_is_cut_and_gets_what_was_on_its_way() {
    for (stall, outbox) in
        [(Duration::from_secs(3600), 256 << 10), (Duration::from_millis(200), 64 << 20)]
    {
        let router = start(|_| {}).await;
        // It keeps to the limits that were set when it came.
        let mut good = RawPeer::join(router.address, Serializer::Cbor).await;
        router
            .reload(|config| {
                (config.limits.stall, config.limits.outbox_bytes) = (stall, outbox);
            })
            .await;
        let mut slow = stopped(router.address).await;
        let filler = "x".repeat(64 << 10);
        let flood = async {
            while router.handle.session_count() > 1 {
                let request = good.request();
                let publish =
                    json!([16, request, {"acknowledge": true}, "com.example.flood", [filler]]);
                good.say(&publish.to_string()).await;
                assert_eq!(good.hear().await[0], 17);
            }
        };
        timeout(PATIENCE, flood).await.expect("it is cut");
        let counters = router.handle.counters();
        assert_eq!(counters.overflows + counters.stalls, 1);
        // Whatever arrives are whole events, up to the cut.
        let mut received = Vec::new();
        let _ = slow.socket.read_to_end(&mut received).await;
        assert!(received.len() > 1000);
        good.round_trip("com.example.topic").await;
    }
}
