//! Clients that other people wrote, in every role, against our router, each other and our native client.
//!
//! Needs what `tests/setup` installs. With `INTEROP_URL` the same runs against another router, with `INTEROP_ONLY` a
//! comma-separated choice of libraries by name, with `INTEROP_STDERR` what the programs complain about is shown.
#![expect(clippy::expect_used, reason = "a test fails by panicking")]

mod authentication;
mod exchange;
mod library;
mod longpoll;
mod peer;
mod rawsocket;
mod router;
mod values;

use exchange::Exchange;
use futures_util::future::join_all;
use library::{LIBRARIES, SERIALIZERS};
use peer::Peer;
use router::UnderTest;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs foreign clients: run it with `tests/run interop`"]
async fn every_library_reaches_every_other_in_every_role_over_every_serializer() {
    let router = UnderTest::start().await;
    let (left, right) = tokio::join!(peers(&router.url), peers(&router.url));
    let mut failures = Vec::new();
    for (row, a) in left.iter().enumerate() {
        for (column, b) in right.iter().enumerate() {
            let problems = Exchange::run(a, b, row * right.len() + column).await;
            let verdict = if problems.is_empty() { "ok" } else { "FAILED" };
            println!("{:23} <- {:23} {verdict}", a.name(), b.name());
            for problem in problems.iter().take(6) {
                println!("    {problem}");
                failures.push(format!("{} <- {}: {problem}", a.name(), b.name()));
            }
        }
    }
    for peer in left.iter().chain(&right) {
        let left = peer.ask(serde_json::json!({"do": "leave"})).await;
        if left.is_err() {
            failures.push(format!("{} leaves: {left:?}", peer.name()));
        }
    }
    drop((left, right));
    router.stop().await;
    assert!(failures.is_empty(), "{} problems", failures.len());
}

/// One peer of each library for each serializer.
async fn peers(url: &str) -> Vec<Peer> {
    let only = std::env::var("INTEROP_ONLY").ok();
    let chosen = |name: &str| only.as_deref().is_none_or(|only| only.split(',').any(|o| o == name));
    let libraries = LIBRARIES.iter().filter(|library| chosen(library.name));
    let pairs =
        libraries.flat_map(|library| SERIALIZERS.iter().map(|serializer| (*library, *serializer)));
    join_all(pairs.map(|(library, serializer)| Peer::start(library, serializer, url))).await
}
