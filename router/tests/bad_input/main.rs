//! Hostile and broken clients: each is told what is wrong, loses its session, and nobody else notices.

// Clippy does not see that helpers of tests are tests.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "../common/mod.rs"]
mod common;
mod http;
mod offences;
mod requests;

use bytes::Bytes;
use common::{Heard, PATIENCE, Peer, Running, frame, start};
use futures_util::SinkExt;
use offences::{Input, VIOLATION, When, rows};
use serde_json::Value;
use std::time::Duration;
use tokio::{io::AsyncWriteExt, time::timeout};
use tokio_tungstenite::tungstenite::Message as Frame;
use wamplex_shared::{codec, message::Message, serializer::Serializer};

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
    let router = start(|config| config.limits.hello = Duration::from_secs(1)).await;
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
