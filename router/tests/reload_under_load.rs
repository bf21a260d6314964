//! Reloads while sessions exchange messages: none is dropped, and no message is lost.

// Clippy does not see that helpers of tests are tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

mod common;

use common::{Peer, start};
use serde_json::json;
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::SeqCst},
    },
    time::Instant,
};
use tokio::task::JoinSet;
use wamplex_router::{
    RouterConfig,
    config::{ListenerConfig, Origins, RealmSettings, RoleSettings},
};
use wamplex_shared::serializer::Serializer;

/// What all pairs have in common.
#[derive(Default)]
struct Load {
    is_over: AtomicBool,
    exchanges: AtomicU64,
}

/// Two sessions. The first publishes numbers and calls with them, the second must receive all of them in order.
async fn exchange(mut first: Peer, mut second: Peer, number: usize, load: Arc<Load>) -> u64 {
    let (topic, procedure) = (format!("com.example.t{number}"), format!("com.example.p{number}"));
    second.subscribe(&topic).await;
    let request = second.request();
    second.say(&json!([64, request, {}, procedure]).to_string()).await;
    assert_eq!(second.hear().await[0], 65);
    let mut count = 0;
    while !load.is_over.load(SeqCst) {
        let publish = first.request();
        first.say(&json!([16, publish, {"acknowledge": true}, topic, [count]]).to_string()).await;
        let call = first.request();
        first.say(&json!([48, call, {}, procedure, [count]]).to_string()).await;
        let event = second.hear().await;
        assert_eq!((&event[0], &event[4]), (&json!(36), &json!([count])), "{event}");
        let invocation = second.hear().await;
        assert_eq!((&invocation[0], &invocation[4]), (&json!(68), &json!([count])));
        second.say(&json!([70, invocation[1], {}, [count]]).to_string()).await;
        let published = first.hear().await;
        assert_eq!((&published[0], &published[1]), (&json!(17), &json!(publish)), "{published}");
        let result = first.hear().await;
        assert_eq!(
            (&result[0], &result[1], &result[3]),
            (&json!(50), &json!(call), &json!([count]))
        );
        count += 1;
        load.exchanges.fetch_add(1, SeqCst);
    }
    count
}

/// The configuration number `n`: everything that can change does.
fn config(n: usize) -> RouterConfig {
    let mut config = common::config();
    let listener = &mut config.listeners[0];
    if n % 2 == 1 {
        listener.origins = Origins::Any;
        listener.name = format!("number {n}");
        let path = std::env::temp_dir().join(format!("wamplex-load-{}", std::process::id()));
        config.listeners.push(ListenerConfig {
            endpoint: format!("unix:{}", path.display()).parse().unwrap(),
            ..ListenerConfig::default()
        });
    }
    let roles = ["anonymous", "another"].map(|name| RoleSettings {
        name: name.to_owned(),
        allow_all: true,
        ..RoleSettings::default()
    });
    config.realms[0].roles = roles[..n % 3].to_vec();
    config.realms[0].rules.trustlevel = (n % 2 == 1).then_some(n as u64);
    config.realms[0].rules.retention.events = 1000 + n;
    config.realms.push(RealmSettings::new(format!("com.example.r{n}")));
    config.limits.message_size = (1 << 20) + n;
    config.limits.connections += n;
    config
}

async fn reload_under_load(pairs: usize, reloads: usize) {
    let router = start(|start| *start = config(0)).await;
    let load = Arc::new(Load::default());
    let mut peers = Vec::new();
    for number in 0..pairs {
        let serializer = Serializer::ALL[number % Serializer::ALL.len()];
        let first = Peer::join(router.address, serializer).await;
        peers.push((first, Peer::join(router.address, serializer).await));
    }
    let mut running = JoinSet::new();
    for (number, (first, second)) in peers.into_iter().enumerate() {
        running.spawn(exchange(first, second, number, Arc::clone(&load)));
    }
    let (begin, mut longest) = (Instant::now(), std::time::Duration::ZERO);
    for n in 1..=reloads {
        // As many exchanges as there are pairs lie between two reloads, and go on during each.
        let due = load.exchanges.load(SeqCst) + pairs as u64;
        while load.exchanges.load(SeqCst) < due {
            assert!(running.try_join_next().is_none(), "nobody stops before the last reload");
            tokio::task::yield_now().await;
        }
        let start = Instant::now();
        let report = router.handle.reload(config(n)).await.unwrap();
        longest = longest.max(start.elapsed());
        assert!(report.changes.len() >= 4, "{report}");
    }
    let took = begin.elapsed();
    assert_eq!(router.handle.session_count(), 2 * pairs);
    load.is_over.store(true, SeqCst);
    let mut total = 0;
    while let Some(count) = running.join_next().await {
        total += count.expect("no session is dropped, no message is lost");
    }
    assert_eq!(total, load.exchanges.load(SeqCst));
    println!(
        "{} sessions, {reloads} reloads in {took:.1?}, the longest {longest:.1?}; {total} events and {total} calls, none lost",
        2 * pairs
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn reloads_lose_nothing_of_200_sessions() {
    reload_under_load(100, 20).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[ignore = "takes long"]
async fn reloads_lose_nothing_of_1000_sessions() {
    reload_under_load(500, 50).await;
}
