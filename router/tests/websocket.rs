//! What WebSocket leaves to a server: early bytes, pings, messages in pieces, and who closes first.

// Clippy does not see that helpers of tests are tests.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use bytes::Bytes;
use common::{HELLO, Heard, PATIENCE, Peer, start};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Message as Frame,
        protocol::{
            Role,
            frame::{
                Frame as Piece,
                coding::{Data, OpCode},
            },
        },
    },
};
use wamplex_shared::serializer::Serializer;

const REQUEST: &str = "GET /ws HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
    Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
    Sec-WebSocket-Protocol: wamp.2.json\r\n\r\n";

#[tokio::test]
async fn a_message_sent_together_with_the_request_is_not_lost() {
    let router = start(|_| {}).await;
    let mut socket = TcpStream::connect(router.address).await.unwrap();
    let length = u8::try_from(HELLO.len()).unwrap();
    // Masked with zeros, so that the text stays readable.
    let hello = [&[0x81, 0xfe, 0, length, 0, 0, 0, 0], HELLO.as_bytes()].concat();
    socket.write_all(&[REQUEST.as_bytes(), &hello].concat()).await.unwrap();

    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(timeout(PATIENCE, socket.read_u8()).await.unwrap().unwrap());
    }
    let head = String::from_utf8(head).unwrap().to_ascii_lowercase();
    assert!(head.starts_with("http/1.1 101 "), "{head}");
    // The example of RFC 6455.
    assert!(head.contains("sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo="), "{head}");
    let mut socket = WebSocketStream::from_raw_socket(socket, Role::Client, None).await;
    let welcome = timeout(PATIENCE, socket.next()).await.unwrap().unwrap().unwrap();
    let welcome: Value = serde_json::from_str(welcome.to_text().unwrap()).unwrap();
    assert_eq!(welcome[0], 2);
}

#[tokio::test]
async fn a_ping_is_answered_with_its_own_bytes() {
    let router = start(|_| {}).await;
    let mut peer = Peer::join(router.address, Serializer::Cbor).await;
    for content in [&b""[..], b"0123456789", &[7; 125]] {
        peer.socket.send(Frame::Ping(Bytes::from_static(content))).await.unwrap();
        let pong = timeout(PATIENCE, peer.socket.next()).await.unwrap().unwrap().unwrap();
        assert_eq!(pong, Frame::Pong(Bytes::from_static(content)));
    }
    peer.round_trip("com.example.topic").await;
}

#[tokio::test]
async fn a_message_may_come_in_pieces_with_pings_in_between() {
    let router = start(|_| {}).await;
    let mut peer = Peer::join(router.address, Serializer::Json).await;
    let subscribe = br#"[32, 1, {}, "com.example.topic"]"#;
    let (last, kind) =
        (subscribe.len() - 1, |at| if at == 0 { Data::Text } else { Data::Continue });
    for (at, byte) in subscribe.iter().enumerate() {
        let piece = Piece::message(Bytes::from(vec![*byte]), OpCode::Data(kind(at)), at == last);
        peer.socket.send(Frame::Frame(piece)).await.unwrap();
        peer.socket.send(Frame::Ping(Bytes::new())).await.unwrap();
    }
    let subscribed = peer.hear().await;
    assert_eq!((&subscribed[0], &subscribed[1]), (&json!(33), &json!(1)));
}

#[tokio::test]
async fn a_message_as_long_as_allowed_arrives_and_one_byte_more_does_not() {
    const LIMIT: usize = 100_000;
    let router = start(|config| config.limits.message_size = LIMIT).await;
    let head = r#"[16, 1, {"acknowledge": true}, "com.example.topic", [""#;
    let exact = format!("{head}{}\"]]", "x".repeat(LIMIT - head.len() - 3));
    assert_eq!(exact.len(), LIMIT);
    let mut peer = Peer::join(router.address, Serializer::Json).await;
    peer.socket.send(Frame::text(exact.clone())).await.unwrap();
    assert_eq!(peer.hear().await[0], 17);

    let mut peer = Peer::join(router.address, Serializer::Json).await;
    peer.socket.send(Frame::text(exact + " ")).await.unwrap();
    assert_eq!(peer.hear().await[2], "wamp.error.payload_size_exceeded");
    assert_eq!(peer.listen().await, Heard::Close(1009));
}

#[tokio::test]
async fn the_first_subprotocol_of_the_client_that_is_known_is_taken() {
    let router = start(|_| {}).await;
    let mut socket = TcpStream::connect(router.address).await.unwrap();
    let offers = "wamp.2.ubjson, wamp.2.cbor, wamp.2.json";
    socket.write_all(REQUEST.replace("wamp.2.json", offers).as_bytes()).await.unwrap();
    let mut response = [0; 512];
    let length = timeout(PATIENCE, socket.read(&mut response)).await.unwrap().unwrap();
    let response = String::from_utf8_lossy(&response[..length]).to_ascii_lowercase();
    assert!(response.contains("\r\nsec-websocket-protocol: wamp.2.cbor\r\n"), "{response}");
}
