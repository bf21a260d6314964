//! Hostile and broken clients: each is told what is wrong, loses its session, and nobody else notices.

// Clippy does not see that helpers of tests are tests.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use bytes::Bytes;
use common::{Heard, PATIENCE, Peer, Running, frame, start};
use futures_util::SinkExt;
use serde_json::Value;
use std::time::Duration;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};
use tokio_tungstenite::tungstenite::Message as Frame;
use wamplex_shared::{codec, message::Message, serializer::Serializer};

const VIOLATION: &str = "wamp.error.protocol_violation";
const TOO_LARGE: &str = "wamp.error.payload_size_exceeded";

/// What a bad client sends.
#[derive(Clone, Debug)]
enum Input {
    /// A message in JSON notation, written in the client's serializer.
    Message(String),
    /// These bytes, in a frame of the right kind.
    Bytes(Bytes),
    /// HELLO in a frame of the wrong kind.
    WrongFrame,
    /// These bytes straight to the socket.
    Socket(&'static [u8]),
}

/// When it sends it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum When {
    BeforeHello,
    AfterWelcome,
}

/// A bad client and what it gets.
struct Row {
    name: String,
    when: When,
    input: Input,
    /// The reason of the ABORT; `None` if it gets none.
    reason: Option<&'static str>,
    close: u16,
}

fn row(name: &str, when: When, input: Input, reason: &'static str, close: u16) -> Row {
    Row { name: name.to_owned(), when, input, reason: Some(reason), close }
}

fn message(text: &str) -> Input {
    Input::Message(text.to_owned())
}

/// The rows that make sense for every serializer.
fn rows(serializer: Serializer) -> Vec<Row> {
    use When::{AfterWelcome, BeforeHello};
    let mut rows = vec![
        row(
            "unknown realm",
            BeforeHello,
            message(r#"[1, "com.example.nowhere", {"roles": {"caller": {}}}]"#),
            "wamp.error.no_such_realm",
            1000,
        ),
        row(
            "realm that is no URI",
            BeforeHello,
            message(r#"[1, "com..example", {"roles": {"caller": {}}}]"#),
            "wamp.error.invalid_uri",
            1000,
        ),
        row(
            "empty realm",
            BeforeHello,
            message(r#"[1, "", {"roles": {"caller": {}}}]"#),
            "wamp.error.invalid_uri",
            1000,
        ),
        row(
            "unknown authentication method",
            BeforeHello,
            message(
                r#"[1, "realm1", {"roles": {"caller": {}}, "authmethods": ["ticket", "magic"]}]"#,
            ),
            "wamp.error.no_matching_auth_method",
            1000,
        ),
        row("second HELLO", AfterWelcome, message(common::HELLO), VIOLATION, 1002),
        row(
            "AUTHENTICATE after WELCOME",
            AfterWelcome,
            message(r#"[5, "secret", {}]"#),
            VIOLATION,
            1002,
        ),
        row(
            "ERROR for a CALL",
            AfterWelcome,
            message(r#"[8, 48, 1, {}, "com.example.error"]"#),
            VIOLATION,
            1002,
        ),
        row("YIELD that nobody asked for", AfterWelcome, message("[70, 1, {}]"), VIOLATION, 1002),
        row(
            "ERROR that nobody asked for",
            AfterWelcome,
            message(r#"[8, 68, 1, {}, "com.example.error"]"#),
            VIOLATION,
            1002,
        ),
        row(
            "request id that does not begin at 1",
            AfterWelcome,
            message(r#"[32, 2, {}, "com.example.topic"]"#),
            VIOLATION,
            1002,
        ),
    ];
    let before = [
        "[6, {}, \"wamp.close.close_realm\"]",
        "[5, \"secret\", {}]",
        "[32, 1, {}, \"com.example.topic\"]",
        "[70, 1, {}]",
        "[8, 68, 1, {}, \"com.example.error\"]",
        "[337, 1]",
    ];
    rows.extend(before.map(|text| {
        row(&format!("before HELLO {text}"), BeforeHello, message(text), VIOLATION, 1002)
    }));
    for text in OF_ROUTERS {
        for when in [BeforeHello, AfterWelcome] {
            rows.push(row(&format!("{when:?} {text}"), when, message(text), VIOLATION, 1002));
        }
    }
    for when in [BeforeHello, AfterWelcome] {
        rows.push(row(&format!("{when:?} wrong frame"), when, Input::WrongFrame, VIOLATION, 1002));
        for (name, bytes) in undecodable(serializer) {
            rows.push(row(&format!("{when:?} {name}"), when, Input::Bytes(bytes), VIOLATION, 1002));
        }
        for (name, bytes) in BROKEN_FRAMES {
            rows.push(row(
                &format!("{when:?} {name}"),
                when,
                Input::Socket(bytes),
                VIOLATION,
                1002,
            ));
        }
    }
    rows.push(row(
        "64 KiB before WELCOME",
        BeforeHello,
        Input::Bytes(Bytes::from(vec![b' '; (64 << 10) + 1])),
        TOO_LARGE,
        1009,
    ));
    rows.push(row(
        "1 MiB after WELCOME",
        AfterWelcome,
        Input::Bytes(Bytes::from(vec![b' '; (1 << 20) + 1])),
        TOO_LARGE,
        1009,
    ));
    rows.push(row(
        "1 GiB announced",
        AfterWelcome,
        Input::Socket(&[0x82, 0xff, 0, 0, 0, 0, 0x40, 0, 0, 0, 1, 2, 3, 4]),
        TOO_LARGE,
        1009,
    ));
    rows.push(row(
        "2^63 bytes announced",
        AfterWelcome,
        Input::Socket(&[0x82, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4]),
        TOO_LARGE,
        1009,
    ));
    rows.push(Row {
        name: "ABORT of the client".to_owned(),
        when: AfterWelcome,
        input: message(r#"[3, {}, "com.example.reason"]"#),
        reason: None,
        close: 1000,
    });
    rows
}

/// Messages that only routers send.
const OF_ROUTERS: [&str; 11] = [
    r#"[2, 1, {"roles": {"broker": {}}}]"#,
    r#"[4, "ticket", {}]"#,
    "[17, 1, 1]",
    "[33, 1, 1]",
    "[35, 1]",
    "[36, 1, 1, {}]",
    "[50, 1, {}]",
    "[65, 1, 1]",
    "[67, 1]",
    "[68, 1, 1, {}]",
    "[69, 1, {}]",
];

/// What breaks the rules of WebSocket itself.
const BROKEN_FRAMES: [(&str, &[u8]); 5] = [
    ("frame without a mask", &[0x82, 0x01, 0x00]),
    ("frame with reserved bits", &[0xf2, 0x81, 1, 2, 3, 4, 0]),
    ("frame of an unknown kind", &[0x83, 0x81, 1, 2, 3, 4, 0]),
    ("ping in pieces", &[0x09, 0x81, 1, 2, 3, 4, 0]),
    ("continuation of nothing", &[0x80, 0x81, 1, 2, 3, 4, 0]),
];

/// Bytes that are no message.
fn undecodable(serializer: Serializer) -> Vec<(String, Bytes)> {
    const DEPTH: usize = 100_000;
    let (texts, open, close): (Vec<Vec<u8>>, &[u8], &[u8]) = match serializer {
        Serializer::Json => (
            [
                "",
                " ",
                "{",
                "[",
                "]",
                "[]",
                "{}",
                "null",
                "nonsense",
                "[16, 1, {}",
                "[1, 1, 1, 1]",
                "[0]",
                "[7]",
                "[99, 1]",
                "[1, \"realm1\", {}]",
                "[1, \"realm1\", {\"roles\": {\"broker\": {}}}]",
                "[-1]",
                "[1.5]",
                "[\"16\"]",
                "[16, 0, {}, \"a\"]",
                "[16, 1, [], \"a\"]",
                "[16, 1, {}, 5]",
                "[16, 1, {}, \"a\", {}]",
                "[16, 1, {}, \"a\", [], []]",
                "[16, 1, {}, \"a\", [], {}, 1]",
                "[16, 1, {\"acknowledge\": 1}, \"a\"]",
                "[16, 1, {\"eligible\": 5}, \"a\"]",
                "[16, 1, {}, \"a\", [1,]]",
                "[16, 1, {}, \"a\", [\"\\ud800\"]]",
                "[32, 9007199254740993, {}, \"a\"]",
                "[48, 1, {}, \"a\"] []",
                "[8, 99, 1, {}, \"a\"]",
                "[49, 1, {\"mode\": \"gently\"}]",
            ]
            .map(|text| text.as_bytes().to_vec())
            .to_vec(),
            b"[",
            b"]",
        ),
        Serializer::MsgPack => (
            vec![
                vec![],
                vec![0xc1],
                vec![0x90],
                vec![0x80],
                vec![0xc0],
                vec![0x94, 16, 1],
                vec![0x91, 99],
                vec![0xdd, 0xff, 0xff, 0xff, 0xff],
                vec![0xdf, 0xff, 0xff, 0xff, 0xff],
                vec![0xc6, 0xff, 0xff, 0xff, 0xff],
                vec![0x94, 16, 1, 0x80, 0xa1, 0xff],
                vec![0x94, 16, 1, 0x80, 0xa1, b'a', 0xc0],
                vec![0x94, 16, 1, 0x81, 1, 1, 0xa1, b'a'],
                vec![0x94, 16, 0xff, 0x80, 0xa1, b'a'],
            ],
            &[0x91],
            &[],
        ),
        Serializer::Cbor => (
            vec![
                vec![],
                vec![0xff],
                vec![0x80],
                vec![0xa0],
                vec![0xf6],
                vec![0x84, 16, 1],
                vec![0x81, 0x18, 99],
                vec![0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
                vec![0x7b, 0x0f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
                vec![0x84, 16, 1, 0xa0, 0x61, 0xff],
                vec![0x84, 16, 1, 0xa0, 0x61, b'a', 0xf6],
                vec![0x9f],
                vec![0x1c],
                vec![0x84, 16, 1, 0xa1, 1, 1, 0x61, b'a'],
            ],
            &[0x81],
            &[],
        ),
    };
    let mut all: Vec<(String, Bytes)> =
        texts.into_iter().map(|bytes| (format!("{bytes:x?}"), Bytes::from(bytes))).collect();
    // As deep as fits what a stranger may send.
    let depth = DEPTH.min((64 << 10) / 2 - 1);
    all.push((
        "depth bomb".to_owned(),
        Bytes::from([open.repeat(depth), close.repeat(depth)].concat()),
    ));
    all
}

/// A router, and two clients with a session each that have nothing to do with what happens.
struct Street {
    router: Running,
    neighbours: Vec<Peer>,
}

impl Street {
    async fn new() -> Self {
        let router = start(|_| {}).await;
        let mut neighbours = Vec::new();
        for serializer in [Serializer::Json, Serializer::Cbor] {
            neighbours.push(Peer::join(router.address, serializer).await);
        }
        Self { router, neighbours }
    }

    /// Everything still works for the neighbours, and nobody else has a session.
    async fn is_untouched(&mut self, after: &str) {
        for neighbour in &mut self.neighbours {
            neighbour.round_trip("com.example.neighbour").await;
        }
        assert_eq!(self.router.handle.session_count(), self.neighbours.len(), "after {after}");
        assert_eq!(self.router.handle.counters().panics, 0, "after {after}");
    }
}

#[tokio::test]
async fn every_offence_is_answered_and_ends_one_session_only() {
    let mut street = Street::new().await;
    for serializer in Serializer::ALL {
        for row in rows(serializer) {
            let name = format!("{serializer}: {}", row.name);
            let mut peer = Peer::connect(street.router.address, serializer).await;
            if row.when == When::AfterWelcome {
                peer.hello().await;
            }
            send(&mut peer, &row.input).await;
            if let Some(reason) = row.reason {
                let heard = peer.listen().await;
                let Heard::Message(abort) = &heard else { panic!("{name}: {heard:?}") };
                assert_eq!(
                    (&abort[0], &abort[2]),
                    (&Value::from(3), &Value::from(reason)),
                    "{name}: {abort}"
                );
                let words = abort[1]["message"].as_str().unwrap_or_default();
                assert!(words.len() > 10, "{name}: says what is wrong: {words:?}");
            }
            assert_eq!(peer.listen().await, Heard::Close(row.close), "{name}");
            assert_eq!(peer.listen().await, Heard::Gone, "{name}");
            street.is_untouched(&name).await;
        }
    }
}

async fn send(peer: &mut Peer, input: &Input) {
    match input {
        Input::Message(text) => peer.say(text).await,
        Input::Bytes(bytes) => {
            peer.socket.send(frame(peer.serializer, bytes.clone())).await.unwrap();
        }
        Input::WrongFrame => {
            let hello =
                codec::decode(Serializer::Json, &Bytes::from_static(common::HELLO.as_bytes()));
            let hello: Message = hello.unwrap();
            let bytes = codec::encode(Serializer::Json, &hello).unwrap();
            let frame = if peer.serializer.is_text() {
                Frame::Binary(bytes)
            } else {
                Frame::Text(bytes.try_into().unwrap())
            };
            peer.socket.send(frame).await.unwrap();
        }
        Input::Socket(bytes) => peer.socket.get_mut().write_all(bytes).await.unwrap(),
    }
}

#[tokio::test]
async fn text_that_is_not_utf_8_closes_the_connection_with_1007() {
    let mut street = Street::new().await;
    for when in [When::BeforeHello, When::AfterWelcome] {
        let mut peer = Peer::connect(street.router.address, Serializer::Json).await;
        if when == When::AfterWelcome {
            peer.hello().await;
        }
        peer.socket.get_mut().write_all(&[0x81, 0x82, 0, 0, 0, 0, 0xff, 0xfe]).await.unwrap();
        assert_eq!(peer.hear().await[2], VIOLATION);
        assert_eq!(peer.listen().await, Heard::Close(1007));
        street.is_untouched("text that is not UTF-8").await;
    }
}

#[tokio::test]
async fn what_a_client_sent_behind_an_offence_is_not_handled() {
    let mut street = Street::new().await;
    let subscription = street.neighbours[0].subscribe("com.example.after").await;
    let mut peer = Peer::join(street.router.address, Serializer::Json).await;
    let behind = [
        peer.frame(r#"[16, 1, {}, "com.example.after", ["before"]]"#),
        peer.frame("[70, 77, {}]"),
        peer.frame(r#"[16, 2, {}, "com.example.after", ["behind"]]"#),
    ];
    for frame in behind {
        peer.socket.feed(frame).await.unwrap();
    }
    peer.socket.flush().await.unwrap();
    assert_eq!(peer.hear().await[2], VIOLATION);
    let event = street.neighbours[0].hear().await;
    assert_eq!((&event[1], &event[4][0]), (&Value::from(subscription), &Value::from("before")));
    street.is_untouched("an offence in the middle of a batch").await;
}

#[tokio::test]
async fn a_client_that_says_no_hello_in_time_is_told_and_cut() {
    let router = start(|config| config.limits.hello = Duration::from_millis(100)).await;
    let mut patient = Peer::join(router.address, Serializer::Json).await;
    let mut silent = Peer::connect(router.address, Serializer::MsgPack).await;
    assert_eq!(silent.hear().await[2], "wamp.error.timeout");
    assert_eq!(silent.listen().await, Heard::Close(1008));
    patient.round_trip("com.example.topic").await;

    patient.say(r#"[6, {}, "wamp.close.close_realm"]"#).await;
    assert_eq!(patient.hear().await[0], 6);
    assert_eq!(patient.listen().await, Heard::Close(1000), "no blame on one that has left");
}

#[tokio::test]
async fn a_client_whose_connection_breaks_without_a_word_leaves_the_realm() {
    let mut street = Street::new().await;
    street.neighbours[0].say(r#"[64, 1, {}, "com.example.here"]"#).await;
    street.neighbours[0].hear().await;
    for _ in 0..10 {
        let peer = Peer::join(street.router.address, Serializer::Json).await;
        drop(peer);
    }
    let gone = timeout(PATIENCE, async {
        while street.router.handle.session_count() > 2 {
            tokio::task::yield_now().await;
        }
    });
    gone.await.expect("broken connections are noticed");
}

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
        "GET /ws HTTP/1.1\r\nHost: h\r\nOrigin: http://h\r\nConnection: Upgrade\r\nUpgrade: WebSocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: wamp.2.ubjson\r\nSec-WebSocket-Protocol: wamp.2.cbor\r\n\r\n",
        "101",
        "sec-websocket-protocol: wamp.2.cbor",
    ),
    ("no HTTP", "nonsense\r\n\r\n", "400", ""),
    ("TLS", "\x16\x03\x01\x02\x00\x01\x00\x01\u{7c}\x03\x03\r\n\r\n", "400", ""),
    ("RawSocket", "\x7f\u{71}\0\0", "400", ""),
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
    let router = start(|config| config.limits.http_request = Duration::from_millis(100)).await;
    let mut neighbour = Peer::join(router.address, Serializer::Json).await;
    for begun in ["", "G", "GET /ws HTTP/1.1\r\nHost: h\r\nX-Slow: "] {
        let response = answer(router.address, begun.as_bytes(), false).await;
        assert!(
            response.is_empty() || response.starts_with("HTTP/1.1 408"),
            "{begun:?}: {response}"
        );
    }
    let long = format!("GET /ws HTTP/1.1\r\nX-Long: {}", "x".repeat(1 << 20));
    let response = answer(router.address, long.as_bytes(), false).await;
    assert!(response.is_empty() || response.starts_with("HTTP/1.1 431"), "{response}");
    let many = format!("GET /ws HTTP/1.1\r\n{}\r\n", "X-Many: x\r\n".repeat(500));
    let response = answer(router.address, many.as_bytes(), false).await;
    assert!(response.is_empty() || response.starts_with("HTTP/1.1 431"), "{response}");
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
