//! What waits for a client that has stopped reading takes up no more memory than its limit, counted by the allocator.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "this is a test")]

mod common;

use common::{PATIENCE, raw::RawPeer, start};
use peak_alloc::PeakAlloc;
use serde_json::json;
use std::path::Path;
use tokio::net::{TcpStream, UnixStream};
use wamplex_router::{
    RouterHandle,
    config::{
        Endpoint, ListenerConfig,
        SlowConsumerPolicy::{self, Disconnect, DropNewest, DropOldest, KeepLastPerTopic},
        SlowConsumers,
    },
};
use wamplex_shared::{codec, message::Message, rawsocket::MaxLength, serializer::Serializer};

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

/// How many bytes may wait.
const LIMIT: usize = 1 << 20;

/// What one batch for the socket takes up beside that, and what tests and router need at any time.
const BESIDE: usize = 160 << 10;

/// How many topics there are.
const TOPICS: usize = 50;

/// One after the other and without the usual test runner, whose threads allocate too.
fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    for policy in [Disconnect, DropNewest, DropOldest, KeepLastPerTopic] {
        for payload in [16, 128, 300, 1 << 10, 4 << 10, 64 << 10] {
            for pattern in [false, true] {
                runtime.block_on(one_that_stops_takes_no_more_than_its_limit(
                    policy, payload, pattern,
                ));
            }
        }
    }
}

async fn one_that_stops_takes_no_more_than_its_limit(
    policy: SlowConsumerPolicy,
    payload: usize,
    pattern: bool,
) {
    let folder = std::env::temp_dir().join(format!("wamplex-waiting-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    // A Unix socket, since little fits into it.
    let path = folder.join("socket");
    let router = start(|config| {
        config.limits.stall = PATIENCE;
        config.listeners.push(ListenerConfig {
            endpoint: Endpoint::Unix(path.clone()),
            slow_consumers: SlowConsumers {
                policy: Some(policy),
                bytes: Some(LIMIT),
                messages: None,
            },
            ..ListenerConfig::default()
        });
    })
    .await;
    let stopped = subscribed(&path, pattern).await;
    let mut publisher = RawPeer::join(router.address, Serializer::MsgPack).await;
    let filler = "x".repeat(payload);
    let before = ALLOCATOR.current_usage();
    // Three times as much as may wait, and what its socket takes.
    let count = (4 * LIMIT) / (payload + 300);
    let mut most = 0;
    for number in 0..count {
        publish(&mut publisher, number % TOPICS, &filler).await;
        if router.handle.counters().overflows > 0 {
            break;
        }
        most = most.max(ALLOCATOR.current_usage().saturating_sub(before));
    }
    assert!(most <= LIMIT + BESIDE, "{policy:?}, {payload}, {pattern}: {most}");
    let least = if policy == KeepLastPerTopic { 0 } else { LIMIT / 3 };
    assert!(most >= least, "{policy:?}, {payload}, {pattern}: {most}, there was room for more");
    drop(stopped);
    end(router.handle).await;
    std::fs::remove_dir_all(folder).unwrap();
}

async fn subscribed(path: &Path, pattern: bool) -> RawPeer<UnixStream> {
    let socket = UnixStream::connect(path).await.unwrap();
    let mut peer = RawPeer::over(socket, Serializer::MsgPack, MaxLength::MAX).await;
    peer.hello().await;
    if pattern {
        let options = json!({"match": "prefix"});
        peer.say(&json!([32, 1, options, "com.example."]).to_string()).await;
        assert_eq!(peer.hear().await[0], 33);
        return peer;
    }
    for topic in 0..TOPICS {
        peer.say(&json!([32, topic + 1, {}, format!("com.example.t{topic}")]).to_string()).await;
        assert_eq!(peer.hear().await[0], 33);
    }
    peer
}

/// Publishes, and waits until it is handled.
async fn publish(publisher: &mut RawPeer<TcpStream>, topic: usize, filler: &str) {
    let request = publisher.request();
    let topic = format!("com.example.t{topic}");
    let options = json!({"acknowledge": true});
    publisher.say(&json!([16, request, options, topic, [filler]]).to_string()).await;
    let frame = publisher.next_frame().await.expect("an answer was due");
    let Ok(Message::Published(_)) = codec::decode(Serializer::MsgPack, &frame.content) else {
        panic!("{frame:?}")
    };
}

async fn end(router: RouterHandle) {
    router.shutdown();
    while router.session_count() > 0 {
        tokio::task::yield_now().await;
    }
}
