//! Requests over HTTP that open no connection, and those for which there is no room.

use crate::{
    Street,
    common::{PATIENCE, Peer, start},
};
use std::time::Duration;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};
use wamplex_shared::serializer::Serializer;

/// A request and the beginning of what it gets.
const REQUESTS: &[(&str, &str, &str, &str)] = &[
    (
        "no upgrade",
        "GET /ws HTTP/1.1\r\nHost: h\r\n\r\n",
        "426",
        "wamp.2.json, wamp.2.msgpack, wamp.2.cbor",
    ),
    ("POST", "POST /ws HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n", "405", "only GET"),
    (
        "HTTP/1.0",
        "GET /ws HTTP/1.0\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: wamp.2.json\r\n\r\n",
        "426",
        "WebSocket",
    ),
    (
        "another upgrade",
        "GET /ws HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
        "426",
        "WebSocket",
    ),
    (
        "old version",
        "GET /ws HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 8\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: wamp.2.json\r\n\r\n",
        "426",
        "version 13",
    ),
    (
        "no version",
        "GET /ws HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: wamp.2.json\r\n\r\n",
        "426",
        "version 13",
    ),
    (
        "no key",
        "GET /ws HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: wamp.2.json\r\n\r\n",
        "400",
        "Sec-WebSocket-Key",
    ),
    (
        "short key",
        "GET /ws HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAA\r\nSec-WebSocket-Protocol: wamp.2.json\r\n\r\n",
        "400",
        "Sec-WebSocket-Key",
    ),
    (
        "no subprotocol",
        "GET /ws HTTP/1.1\r\nHost: h\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n",
        "400",
        "wamp.2.json, wamp.2.msgpack, wamp.2.cbor",
    ),
    (
        "unsupported subprotocol",
        "GET /ws HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: wamp.2.ubjson, mqtt\r\n\r\n",
        "400",
        "wamp.2.json, wamp.2.msgpack, wamp.2.cbor",
    ),
    (
        "foreign origin",
        "GET /ws HTTP/1.1\r\nHost: h\r\nOrigin: https://evil.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: wamp.2.json\r\n\r\n",
        "403",
        "origin",
    ),
    (
        "two origins",
        "GET /ws HTTP/1.1\r\nHost: h\r\nOrigin: http://h\r\nOrigin: https://evil.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: wamp.2.json\r\n\r\n",
        "403",
        "origin",
    ),
    (
        "same origin, second subprotocol",
        "GET /ws HTTP/1.1\r\nHost: 192.0.2.7\r\nOrigin: http://192.0.2.7\r\nConnection: Upgrade\r\nUpgrade: WebSocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: wamp.2.ubjson\r\nSec-WebSocket-Protocol: wamp.2.cbor\r\n\r\n",
        "101",
        "sec-websocket-protocol: wamp.2.cbor",
    ),
    (
        "host made to lead here",
        "GET /ws HTTP/1.1\r\nHost: evil.example:8080\r\nOrigin: http://evil.example:8080\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: wamp.2.json\r\n\r\n",
        "403",
        "`hosts`",
    ),
    ("no HTTP", "nonsense\r\n\r\n", "400", ""),
    ("TLS", "\x16\x03\x01\x02\x00\x01\x00\x01\u{7c}\x03\x03\r\n\r\n", "400", ""),
];

#[tokio::test]
async fn requests_that_open_no_websocket_get_a_status_and_a_sentence() {
    let mut street = Street::new().await;
    for (name, request, status, sentence) in REQUESTS {
        let response = answer(street.router.address, request.as_bytes(), *status == "101").await;
        assert!(
            response.starts_with(&format!("HTTP/1.1 {status} "))
                || response.starts_with(&format!("HTTP/1.0 {status} ")),
            "{name}: {response}"
        );
        assert!(response.contains(sentence), "{name}: {response}");
        street.is_untouched(name).await;
    }
}

#[tokio::test]
async fn requests_without_end_are_cut() {
    let router = start(|_| {}).await;
    let mut neighbour = Peer::join(router.address, Serializer::Json).await;
    let long = format!("GET /ws HTTP/1.1\r\nX-Long: {}", "x".repeat(1 << 20));
    let response = answer(router.address, long.as_bytes(), false).await;
    assert!(response.is_empty() || response.starts_with("HTTP/1.1 431"), "{response}");
    let many = format!("GET /ws HTTP/1.1\r\n{}\r\n", "X-Many: x\r\n".repeat(500));
    let response = answer(router.address, many.as_bytes(), false).await;
    assert!(response.is_empty() || response.starts_with("HTTP/1.1 431"), "{response}");
    router.reload(|config| config.limits.http_request = Duration::from_millis(100)).await;
    for begun in ["", "G", "GET /ws HTTP/1.1\r\nHost: h\r\nX-Slow: "] {
        let response = answer(router.address, begun.as_bytes(), false).await;
        assert!(
            response.is_empty() || response.starts_with("HTTP/1.1 408"),
            "{begun:?}: {response}"
        );
    }
    neighbour.round_trip("com.example.neighbour").await;
}

#[tokio::test]
async fn a_client_for_which_there_is_no_room_is_told_so() {
    let router = start(|config| config.limits.connections = 2).await;
    let mut first = Peer::join(router.address, Serializer::Json).await;
    let second = Peer::join(router.address, Serializer::Json).await;
    let request = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n";
    let response = answer(router.address, request, false).await;
    assert!(response.starts_with("HTTP/1.1 503 "), "{response}");
    assert!(response.ends_with("too many connections, try again later\n"), "{response}");
    assert_eq!(router.handle.counters().connections_refused, 1);
    first.round_trip("com.example.topic").await;

    drop(second);
    let place = timeout(PATIENCE, async {
        while !answer(router.address, request, true).await.starts_with("HTTP/1.1 404") {}
    });
    place.await.expect("a place that is given up is given to the next");
}

/// Sends these bytes and reads what comes back to the end, or only what comes first.
async fn answer(address: std::net::SocketAddr, request: &[u8], only_first: bool) -> String {
    let mut socket = TcpStream::connect(address).await.unwrap();
    // The other side may have seen enough before everything is sent.
    let _ = socket.write_all(request).await;
    let mut response = Vec::new();
    let read = timeout(PATIENCE, async {
        let mut space = [0; 4096];
        loop {
            match socket.read(&mut space).await {
                Ok(0) | Err(_) => break,
                Ok(n) => response.extend_from_slice(&space[..n]),
            }
            let is_whole = String::from_utf8_lossy(&response).ends_with('\n');
            if only_first || (is_whole && !response.starts_with(b"HTTP/1.1 503")) {
                break;
            }
        }
    });
    read.await.expect("an answer or the end of the connection was due");
    String::from_utf8_lossy(&response).into_owned()
}
