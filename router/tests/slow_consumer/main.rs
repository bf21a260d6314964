//! Clients that do not take what is sent to them harm only themselves.

// Clippy does not see that helpers of tests are tests.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "../common/mod.rs"]
mod common;
mod crowd;
mod logs;
mod policies;
mod stopped;

use common::{Heard, PATIENCE, Peer, Running, start};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
    time::timeout,
};
use wamplex_shared::serializer::Serializer;

/// The payload of one event.
const EVENT: usize = 64 << 10;

/// More than the operating system holds between two sockets, outbox and all.
const EVENTS: usize = 400;

const TOPIC: &str = "com.example.flood";

/// A client whose socket has little room, so that it is full soon.
async fn narrow(address: SocketAddr, serializer: Serializer) -> Peer {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(8 << 10).unwrap();
    Peer::over(socket.connect(address).await.unwrap(), serializer).await
}

/// Publishes `EVENTS` large events, each acknowledged, and lets `subscribers` check every one of them in between.
async fn flood(publisher: &mut Peer, subscribers: &mut [Peer]) {
    let filler = "x".repeat(EVENT);
    for number in 0..EVENTS {
        let request = publisher.request();
        let publish = json!([16, request, {"acknowledge": true}, TOPIC, [number, filler]]);
        publisher.say(&publish.to_string()).await;
        assert_eq!(publisher.hear().await[1], json!(request));
        for subscriber in &mut *subscribers {
            let event = subscriber.hear().await;
            assert_eq!((&event[0], &event[4][0]), (&json!(36), &json!(number)));
        }
    }
}

async fn until(what: &str, mut happened: impl FnMut() -> bool) {
    let waiting = timeout(PATIENCE, async {
        while !happened() {
            tokio::task::yield_now().await;
        }
    });
    waiting.await.expect(what);
}

async fn street(router: &Running) -> (Peer, Vec<Peer>, Peer) {
    let (publisher, good) = neighbours(router).await;
    (publisher, good, stopped(router).await)
}

/// A publisher, and subscribers that read.
async fn neighbours(router: &Running) -> (Peer, Vec<Peer>) {
    let publisher = Peer::join(router.address, Serializer::Json).await;
    let mut good = Vec::new();
    for serializer in Serializer::ALL {
        let mut peer = Peer::join(router.address, serializer).await;
        peer.subscribe(TOPIC).await;
        good.push(peer);
    }
    (publisher, good)
}

/// A subscriber that reads nothing more.
async fn stopped(router: &Running) -> Peer {
    let mut stopped = narrow(router.address, Serializer::Json).await;
    stopped.hello().await;
    stopped.subscribe(TOPIC).await;
    stopped
}

#[tokio::test]
async fn one_that_stops_reading_is_cut_when_its_outbox_is_full_and_the_others_get_everything() {
    let router = start(|config| {
        config.limits.outbox_bytes = 1 << 20;
    })
    .await;
    let (mut publisher, mut good, mut stopped) = street(&router).await;
    flood(&mut publisher, &mut good).await;
    until("the slow one is cut", || router.handle.counters().overflows == 1).await;
    assert_eq!(router.handle.session_count(), 4);
    assert_eq!(router.handle.counters().stalls, 0);

    // What had left the router before arrives, without a gap, and then the connection ends.
    let mut expected = 0;
    loop {
        match stopped.listen().await {
            Heard::Message(event) if event[0] == 36 => {
                assert_eq!(event[4][0], json!(expected));
                expected += 1;
            }
            Heard::Message(abort) => assert_eq!(abort[2], "wamplex.error.slow_consumer"),
            Heard::Close(code) => assert_eq!(code, 1008),
            Heard::Gone => break,
        }
    }
    assert!(expected < EVENTS, "it was cut");
    for peer in &mut good {
        peer.round_trip("com.example.after").await;
    }
}

#[tokio::test]
async fn one_that_stops_reading_is_cut_when_it_takes_nothing_for_too_long() {
    let router = start(|config| config.limits.outbox_bytes = usize::MAX).await;
    let (mut publisher, mut good) = neighbours(&router).await;
    // For nobody else: on a busy machine they all may take nothing for so long.
    let stall = Duration::from_millis(200);
    router
        .reload(|config| (config.limits.outbox_bytes, config.limits.stall) = (usize::MAX, stall))
        .await;
    let stopped = stopped(&router).await;
    flood(&mut publisher, &mut good).await;
    until("the stalled one is cut", || router.handle.counters().stalls == 1).await;
    assert_eq!(router.handle.counters().overflows, 0);
    until("it leaves the realm", || router.handle.session_count() == 4).await;
    drop(stopped);
}

#[tokio::test]
async fn one_that_breaks_the_protocol_and_does_not_read_the_answer_is_cut_all_the_same() {
    let router = start(|config| {
        config.limits.outbox_bytes = usize::MAX;
        config.limits.close = Duration::from_millis(100);
        config.limits.connections = 5;
    })
    .await;
    let (mut publisher, mut good, mut stopped) = street(&router).await;
    flood(&mut publisher, &mut good).await;
    assert!(is_full(router.address).await);
    stopped.say("[70, 1, {}]").await;
    until("it leaves the realm", || router.handle.session_count() == 4).await;
    let place = timeout(PATIENCE, async { while is_full(router.address).await {} });
    place.await.expect("its connection is given up, though nothing of what waits is taken");
    drop(stopped);
}

/// Whether the router takes no more connections.
async fn is_full(address: SocketAddr) -> bool {
    let mut socket = TcpStream::connect(address).await.unwrap();
    socket.write_all(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n").await.unwrap();
    let mut status = [0; 12];
    socket.read_exact(&mut status).await.unwrap();
    status.ends_with(b"503")
}

#[tokio::test]
async fn one_that_asks_without_listening_is_not_read_from_and_gets_every_answer_later() {
    const REQUESTS: usize = 100_000;
    let router = start(|config| {
        config.limits.outbox_bytes = 64 << 10;
    })
    .await;
    let mut peer = narrow(router.address, Serializer::Json).await;
    peer.hello().await;
    // Each is answered with an ERROR that is longer than itself.
    let publishes: Vec<_> = (1..=REQUESTS)
        .map(|request| peer.frame(&json!([16, request, {"acknowledge": true}, "a b"]).to_string()))
        .collect();
    let (mut writing, mut reading) = peer.socket.split();
    let written = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&written);
    let asking = tokio::spawn(async move {
        for publish in publishes {
            writing.send(publish).await.unwrap();
            count.fetch_add(1, Ordering::Relaxed);
        }
        writing
    });
    // Until nothing moves any more: the router has stopped reading, or has read everything.
    let mut before = usize::MAX;
    while before != written.load(Ordering::Relaxed) {
        before = written.load(Ordering::Relaxed);
        for _ in 0..10_000 {
            tokio::task::yield_now().await;
        }
    }
    assert_eq!(router.handle.counters().overflows, 0);
    for request in 1..=REQUESTS {
        let answer = timeout(PATIENCE, reading.next()).await.unwrap().unwrap().unwrap();
        let answer: Value = serde_json::from_str(answer.to_text().unwrap()).unwrap();
        assert_eq!((&answer[0], &answer[2]), (&json!(8), &json!(request)));
    }
    drop(asking.await.unwrap());
}
