//! What waits for clients that have stopped reading takes up no more memory than their limits, counted by the allocator.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "this is a test")]

mod common;

use common::{Peer, Running, raw::RawPeer, start};
use futures_util::StreamExt;
use peak_alloc::PeakAlloc;
use serde_json::json;
use std::{
    any::Any,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt},
    net::{TcpStream, UnixStream},
    task::{JoinSet, yield_now},
};
use wamplex_realm::Recent;
use wamplex_router::{
    RouterHandle,
    config::{
        Endpoint, KeepAlive, ListenerConfig,
        SlowConsumerPolicy::{self, Disconnect, DropNewest, DropOldest, KeepLastPerTopic},
        SlowConsumers,
    },
};
use wamplex_shared::{
    codec,
    message::Message,
    rawsocket::MaxLength,
    serializer::Serializer::{self, Cbor, Json, MsgPack},
};

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
        for payload in [300, 64 << 10] {
            for (serializer, is_websocket) in [(MsgPack, false), (Json, true)] {
                let stopping = Stopping { serializer, is_websocket, count: 1 };
                runtime.block_on(those_that_stop_keep_nothing_that_is_made_for_others(
                    policy, payload, stopping,
                ));
            }
        }
    }
    // Their events are the same, and no more memory than those of one; what each of them has is a place in its queue.
    let stopping = Stopping { serializer: Json, is_websocket: true, count: 100 };
    for payload in [300, 64 << 10] {
        runtime.block_on(those_that_stop_keep_nothing_that_is_made_for_others(
            DropOldest, payload, stopping,
        ));
    }
}

async fn one_that_stops_takes_no_more_than_its_limit(
    policy: SlowConsumerPolicy,
    payload: usize,
    pattern: bool,
) {
    let (router, path) = router(policy).await;
    let stopped = subscribed(&path, pattern).await;
    let mut publisher = RawPeer::join(router.address, MsgPack).await;
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
    end(router.handle, &path).await;
}

/// How those that stop hear of events.
#[derive(Clone, Copy, Debug)]
struct Stopping {
    serializer: Serializer,
    is_websocket: bool,
    /// How many there are of them.
    count: usize,
}

/// While others, of all serializers and transports, hear of everything.
async fn those_that_stop_keep_nothing_that_is_made_for_others(
    policy: SlowConsumerPolicy,
    payload: usize,
    stopping: Stopping,
) {
    let (router, path) = router(policy).await;
    let (mut listening, heard) = (JoinSet::new(), Arc::<AtomicUsize>::default());
    for serializer in Serializer::ALL {
        let mut peer = RawPeer::join(router.address, serializer).await;
        peer.say(ALL_TOPICS).await;
        assert_eq!(peer.hear().await[0], 33);
        listening.spawn(listen_raw(peer, Arc::clone(&heard)));
        let mut peer = Peer::join(router.address, serializer).await;
        peer.say(ALL_TOPICS).await;
        assert_eq!(peer.hear().await[0], 33);
        let heard = Arc::clone(&heard);
        listening.spawn(async move {
            while let Some(Ok(_)) = peer.socket.next().await {
                heard.fetch_add(1, Relaxed);
            }
        });
    }
    // One that may lose events, and does not.
    let socket = UnixStream::connect(path.with_extension("lossy")).await.unwrap();
    let mut lossy = RawPeer::over(socket, Cbor, MaxLength::MAX).await;
    lossy.hello().await;
    lossy.say(ALL_TOPICS).await;
    assert_eq!(lossy.hear().await[0], 33);
    listening.spawn(listen_raw(lossy, Arc::clone(&heard)));
    let mut publisher = RawPeer::join(router.address, MsgPack).await;
    let filler = "x".repeat(payload);
    // Some that are sent together.
    let burst = if payload < 4 << 10 { 16 } else { 1 };
    let mut sent = 0;
    // Everybody has the buffers that they need before anybody stops.
    while sent < 32 {
        publish_together(&mut publisher, burst, &filler).await;
        sent += burst;
        while heard.load(Relaxed) < listening.len() * sent {
            yield_now().await;
        }
    }
    let mut stopped: Vec<Box<dyn Any>> = Vec::new();
    for _ in 0..stopping.count {
        stopped.push(stop(&path, stopping).await);
    }
    let (mut most, before) = (0, ALLOCATOR.current_usage());
    while sent < (4 * LIMIT) / (payload + 300) && router.handle.counters().overflows == 0 {
        publish_together(&mut publisher, burst, &filler).await;
        sent += burst;
        while heard.load(Relaxed) < listening.len() * sent {
            yield_now().await;
        }
        most = most.max(ALLOCATOR.current_usage().saturating_sub(before));
    }
    // Those that have a place of their own in each queue.
    let shared = if stopping.count > 1 { stopping.count * LIMIT / 10 } else { 0 };
    let limit = LIMIT + shared + Recent::LIMIT + BESIDE;
    assert!(most <= limit, "{policy:?}, {payload}, {stopping:?}: {most}");
    drop(stopped);
    listening.shutdown().await;
    end(router.handle, &path).await;
}

async fn listen_raw<S: AsyncRead + AsyncWrite + Unpin>(
    mut peer: RawPeer<S>,
    heard: Arc<AtomicUsize>,
) {
    while peer.next_frame().await.is_some() {
        heard.fetch_add(1, Relaxed);
    }
}

/// Subscribes to all topics.
const ALL_TOPICS: &str = r#"[32, 1, {"match": "prefix"}, "com.example."]"#;

/// Subscribes, and does not listen any more.
async fn stop(path: &Path, stopping: Stopping) -> Box<dyn Any> {
    let socket = UnixStream::connect(path).await.unwrap();
    if stopping.is_websocket {
        let mut peer = Peer::over(socket, stopping.serializer).await;
        peer.hello().await;
        peer.say(ALL_TOPICS).await;
        assert_eq!(peer.hear().await[0], 33);
        return Box::new(peer);
    }
    let mut peer = RawPeer::over(socket, stopping.serializer, MaxLength::MAX).await;
    peer.hello().await;
    peer.say(ALL_TOPICS).await;
    assert_eq!(peer.hear().await[0], 33);
    Box::new(peer)
}

/// A router with listeners at Unix sockets, since little fits into those: one with this policy, and one beside it at which
/// events may be dropped.
async fn router(policy: SlowConsumerPolicy) -> (Running, PathBuf) {
    let folder = std::env::temp_dir().join(format!("wamplex-waiting-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("socket");
    let at = |path: PathBuf, policy| ListenerConfig {
        endpoint: Endpoint::Unix(path),
        slow_consumers: SlowConsumers { policy: Some(policy), bytes: Some(LIMIT), messages: None },
        keep_alive: KeepAlive { interval: None, ..KeepAlive::default() },
        ..ListenerConfig::default()
    };
    let router = start(|config| {
        config.listeners.push(at(path.clone(), policy));
        config.listeners.push(at(path.with_extension("lossy"), DropOldest));
    })
    .await;
    (router, path)
}

async fn subscribed(path: &Path, pattern: bool) -> RawPeer<UnixStream> {
    let socket = UnixStream::connect(path).await.unwrap();
    let mut peer = RawPeer::over(socket, MsgPack, MaxLength::MAX).await;
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
    let Ok(Message::Published(_)) = codec::decode(MsgPack, &frame.content) else {
        panic!("{frame:?}")
    };
}

/// Publishes several events to one topic at once, and waits until they are handled.
async fn publish_together(publisher: &mut RawPeer<TcpStream>, count: usize, filler: &str) {
    let mut frames = Vec::new();
    for left in (0..count).rev() {
        let (request, options) = (publisher.request(), json!({"acknowledge": left == 0}));
        let topic = "com.example.t";
        frames.extend(publisher.frame(&json!([16, request, options, topic, [filler]]).to_string()));
    }
    publisher.socket.write_all(&frames).await.unwrap();
    let frame = publisher.next_frame().await.expect("an answer was due");
    let Ok(Message::Published(_)) = codec::decode(MsgPack, &frame.content) else {
        panic!("{frame:?}")
    };
}

async fn end(router: RouterHandle, path: &Path) {
    router.shutdown();
    while router.session_count() > 0 {
        yield_now().await;
    }
    std::fs::remove_dir_all(path.parent().unwrap()).unwrap();
}
