//! Events as a stream.

use crate::{
    backend,
    common::{PATIENCE, Running},
    http::{Reading, begin, post, send},
    start,
};
use serde_json::json;
use std::{net::SocketAddr, time::Duration};
use tokio::time::timeout;
use wamplex_router::{
    config::{ForwardedHeader, HistoryRule, Proxy},
    local::LocalSession,
};
use wamplex_shared::{
    message::PublishOptions,
    uri::MatchPolicy,
    value::{Dict, Value},
};

/// Listens, and waits until that has begun.
async fn listen(address: SocketAddr, query: &str, headers: &str) -> Reading {
    let head = format!("GET /events?{query} HTTP/1.1\r\n{headers}");
    let (status, headers, mut reading) = begin(address, &head, b"").await;
    assert_eq!(status, 200);
    assert!(headers.contains(&("content-type".to_owned(), "text/event-stream".to_owned())));
    assert_eq!(reading.event().await.as_deref(), Some(": listening"));
    reading
}

async fn publish(local: &LocalSession, topic: &str, n: i32) -> u64 {
    let kwargs: Dict = [("k", n)].into_iter().collect();
    let publish = local.publish(topic, (vec![Value::from(n)], kwargs));
    publish.acknowledged().await.unwrap().get()
}

#[tokio::test]
async fn events_come_as_they_happen_with_their_ids() {
    let router = start(|_| {}).await;
    let local = backend(&router).await;
    let mut exact = listen(router.address, "topic=com.example.a", "").await;
    let mut prefix = listen(router.address, "topic=com.example&match=prefix", "").await;
    for n in 0..3 {
        let id = publish(&local, "com.example.a", n).await;
        let data = json!({ "topic": "com.example.a", "args": [n], "kwargs": { "k": n } });
        assert_eq!(exact.data().await, (id, data.clone()));
        assert_eq!(prefix.data().await, (id, data));
    }
    let id = publish(&local, "com.example.b", 7).await;
    assert_eq!(prefix.data().await.0, id);
}

#[tokio::test]
async fn line_ends_between_the_tokens_of_a_publisher_do_not_end_an_event() {
    let router = start(|_| {}).await;
    let _local = backend(&router).await;
    let mut events = listen(router.address, "topic=com.example.a", "").await;
    let body = "{\"topic\": \"com.example.a\", \"args\": [1,\r\n\r\n\"\\n\"\n]}";
    let answer = post(router.address, "/publish", "", body).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(events.data().await.1["args"], json!([1, "\n"]));
}

#[tokio::test]
async fn what_is_retained_comes_first_to_each_listener_and_once() {
    let router = start(|_| {}).await;
    let local = backend(&router).await;
    let options = PublishOptions { retain: true, ..PublishOptions::default() };
    let kept = local.publish("com.example.a", [Value::from(0)]).options(options);
    let kept = kept.acknowledged().await.unwrap().get();
    let mut first = listen(router.address, "topic=com.example.a", "").await;
    let retained = json!({ "topic": "com.example.a", "retained": true, "args": [0], "kwargs": {} });
    assert_eq!(first.data().await, (kept, retained.clone()));
    let mut second = listen(router.address, "topic=com.example.a", "").await;
    assert_eq!(second.data().await, (kept, retained));
    let next = publish(&local, "com.example.a", 1).await;
    assert_eq!((first.data().await.0, second.data().await.0), (next, next));
}

#[tokio::test]
async fn who_comes_back_hears_what_was_missed() {
    let router = start(|config| {
        config.set_rules(|rules| {
            let rule = HistoryRule::new(MatchPolicy::Prefix, "com.example.");
            rules.history.rules.push(rule);
        });
    })
    .await;
    let local = backend(&router).await;
    let mut ids = Vec::new();
    for n in 0..5 {
        ids.push(publish(&local, "com.example.a", n).await);
    }
    let headers = format!("last-event-id: {}\r\n", ids[1]);
    let mut events = listen(router.address, "topic=com.example.a", &headers).await;
    for (n, id) in ids.into_iter().enumerate().skip(2) {
        let data = json!({ "topic": "com.example.a", "args": [n], "kwargs": { "k": n } });
        assert_eq!(events.data().await, (id, data));
    }
    let next = publish(&local, "com.example.a", 5).await;
    assert_eq!(events.data().await.0, next);
}

#[tokio::test]
async fn who_comes_back_is_told_that_nothing_is_kept() {
    let router = start(|_| {}).await;
    let local = backend(&router).await;
    let mut events = listen(router.address, "topic=com.example.a", "last-event-id: 1\r\n").await;
    assert_eq!(events.event().await.as_deref(), Some(": events may be missing here"));
    let next = publish(&local, "com.example.a", 5).await;
    assert_eq!(events.data().await.0, next);
}

#[tokio::test]
async fn a_silent_stream_says_that_it_is_alive() {
    let router =
        start(|config| config.listeners[0].bridge[3].heartbeat = Duration::from_millis(10)).await;
    let mut events = listen(router.address, "topic=com.example.a", "").await;
    for _ in 0..3 {
        assert_eq!(events.event().await.as_deref(), Some(": heartbeat"));
    }
}

#[tokio::test]
async fn a_listener_that_goes_leaves_and_one_that_stays_is_let_go_by_a_router_that_stops() {
    let router =
        start(|config| config.listeners[0].bridge[3].heartbeat = Duration::from_millis(10)).await;
    let events = listen(router.address, "topic=com.example.a", "").await;
    assert_eq!(router.handle.session_count(), 1);
    drop(events);
    timeout(PATIENCE, async {
        while router.handle.session_count() > 0 {
            tokio::task::yield_now().await;
        }
    })
    .await
    .expect("the session was to leave");
    let mut events = listen(router.address, "topic=com.example.a", "").await;
    router.handle.shutdown();
    while timeout(PATIENCE, events.event()).await.unwrap().is_some() {}
    timeout(PATIENCE, router.task).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_listener_that_takes_nothing_is_let_go_when_too_many_bytes_wait() {
    let router = start(|config| {
        config.limits.outbox_bytes = 256 << 10;
        config.listeners[0].bridge[3].buffer = 1_000_000;
    })
    .await;
    let local = backend(&router).await;
    let mut stalled = listen(router.address, "topic=com.example.a", "").await;
    let mut other = listen(router.address, "topic=com.example.b", "").await;
    assert_eq!(router.handle.session_count(), 3);
    let long = "x".repeat(64 << 10);
    timeout(PATIENCE, async {
        // What the sockets take by themselves depends on the system.
        while router.handle.counters().overflows == 0 {
            let publish = local.publish("com.example.a", [Value::from(long.as_str())]);
            publish.acknowledged().await.unwrap();
        }
        while router.handle.session_count() > 2 {
            tokio::task::yield_now().await;
        }
    })
    .await
    .expect("the session was to be ended, though nothing is read");
    while timeout(PATIENCE, stalled.event()).await.unwrap().is_some() {}
    assert_eq!(router.handle.counters().overflows, 1);
    let id = publish(&local, "com.example.b", 1).await;
    assert_eq!(other.data().await.0, id);
}

#[tokio::test]
async fn streams_are_sessions_of_their_address_and_single_requests_are_not() {
    let router = start(|config| {
        config.limits.sessions_per_address = 2;
        config.listeners[0].proxy = Proxy {
            trusted: vec!["127.0.0.0/8".parse().unwrap()],
            forwarded: ForwardedHeader::XForwardedFor,
            ..Proxy::default()
        };
    })
    .await;
    let _local = backend(&router).await;
    let (query, one, other) =
        ("topic=com.example.a", "x-forwarded-for: 192.0.2.7\r\n", "x-forwarded-for: 192.0.2.8\r\n");
    let first = listen(router.address, query, one).await;
    let _second = listen(router.address, query, one).await;
    let head = format!("GET /events?{query} HTTP/1.1\r\n{one}");
    let refused = send(router.address, &head, b"").await;
    assert_eq!((refused.status, refused.error().as_str()), (429, "wamplex.error.limit_exceeded"));
    assert_eq!(refused.json()["args"], json!(["too many sessions from this address"]));
    let body = r#"{"procedure": "com.example.echo"}"#;
    assert_eq!(post(router.address, "/call", one, body).await.status, 200);
    let _third = listen(router.address, query, other).await;
    drop(first);
    timeout(PATIENCE, async { while send_head(&router, &head).await == 429 {} })
        .await
        .expect("who has gone makes room");
}

/// The status of an answer of which no more is read.
async fn send_head(router: &Running, head: &str) -> u16 {
    begin(router.address, head, b"").await.0
}

#[tokio::test]
async fn streams_have_the_rate_of_attempts_to_join() {
    let router = start(|config| {
        config.limits.joins_per_address = 1;
        config.listeners[0].proxy = Proxy {
            trusted: vec!["127.0.0.0/8".parse().unwrap()],
            forwarded: ForwardedHeader::XForwardedFor,
            ..Proxy::default()
        };
    })
    .await;
    let head = "GET /events?topic=com.example.a HTTP/1.1\r\nx-forwarded-for: 192.0.2.7\r\n";
    timeout(PATIENCE, async { while send_head(&router, head).await != 429 {} })
        .await
        .expect("so many attempts are too many");
}
