//! Autobahn|Python over RawSocket, with our native client over RawSocket and WebSocket.

use crate::{
    exchange::Exchange,
    library::{AUTOBAHN_PYTHON, NATIVE, SERIALIZERS},
    peer::Peer,
    router::UnderTest,
};
use futures_util::future::join_all;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs foreign clients: run it with `tests/run interop`"]
async fn autobahn_python_works_over_rawsocket_in_every_serializer() {
    let router = UnderTest::start().await;
    let raw = router.url.replacen("ws://", "rs://", 1).replace("/ws", "");
    let peers = |library, url| {
        join_all(SERIALIZERS.iter().map(move |serializer| Peer::start(library, serializer, url)))
    };
    let foreign = peers(&AUTOBAHN_PYTHON, raw.as_str()).await;
    let ours = peers(&NATIVE, raw.as_str()).await;
    let web = peers(&NATIVE, router.url.as_str()).await;
    let mut failures = Vec::new();
    for (row, a) in foreign.iter().enumerate() {
        for (column, b) in ours.iter().chain(&web).chain(&foreign).enumerate() {
            if std::ptr::eq(a, b) {
                continue;
            }
            for (round, (from, to)) in [(a, b), (b, a)].into_iter().enumerate() {
                let number = (row * 16 + column) * 2 + round;
                let problems = Exchange::run(from, to, number).await;
                failures.extend(
                    problems.iter().map(|p| format!("{} <- {}: {p}", from.name(), to.name())),
                );
            }
        }
    }
    for peer in foreign.iter().chain(&ours).chain(&web) {
        let left = peer.ask(serde_json::json!({"do": "leave"})).await;
        if left.is_err() {
            failures.push(format!("{} leaves: {left:?}", peer.name()));
        }
    }
    drop((foreign, ours, web));
    router.stop().await;
    assert!(failures.is_empty(), "{failures:#?}");
}
