//! A router of which nothing is heard any more.

use crate::router::{Router, builder, connect};
use core::time::Duration;
use futures_util::StreamExt as _;
use serde_json::json;
use tokio::time::{Instant, timeout};
use tokio_tungstenite::tungstenite::Message;
use wamplex::{Client, Connect, ConnectionState, Error, Serializer};

const SECOND: Duration = Duration::from_secs(1);

async fn session(builder: Connect) -> (Client, Router) {
    let (client, router) = connect(builder, async |router| {
        router.receive_code(1).await;
        router.welcome().await;
    })
    .await;
    (client.unwrap(), router)
}

#[tokio::test(start_paused = true)]
async fn a_router_that_falls_silent_is_found_in_time_and_its_calls_end() {
    let (client, router) = session(builder().keep_alive(20 * SECOND, 10 * SECOND)).await;
    let start = Instant::now();
    let error = client.call("com.example.p").get::<u64>().await.unwrap_err();
    assert!(matches!(error, Error::ConnectionLost { maybe_sent: true }), "{error:?}");
    assert!(start.elapsed() <= 30 * SECOND, "{:?}", start.elapsed());
    let reason = client.closed().await;
    assert!(reason.to_string().contains("nothing was heard of the router"), "{reason}");
    drop(router);
}

#[tokio::test(start_paused = true)]
async fn without_being_told_a_client_watches_its_router_over_websocket() {
    let builder = Client::builder("ws://localhost/ws").realm("realm1");
    let (client, mut router) = session(builder.serializers([Serializer::Json])).await;
    let mut pings = 0;
    let hour = timeout(3600 * SECOND, async {
        // Reading is answering: the library does that.
        while let Some(Ok(frame)) = router.socket_mut().next().await {
            assert!(matches!(frame, Message::Ping(_)), "{frame:?}");
            pings += 1;
        }
    });
    assert!(hour.await.is_err(), "the connection is still there");
    assert!((170..=190).contains(&pings), "{pings}");
    assert_eq!(*client.state().borrow(), ConnectionState::Open);
}

#[tokio::test(start_paused = true)]
async fn whatever_a_router_says_is_a_sign_of_life() {
    let (client, mut router) = session(builder().keep_alive(20 * SECOND, 10 * SECOND)).await;
    let subscribing = client.subscribe::<u64>("com.example.topic");
    let (events, _) = tokio::join!(subscribing.into_future(), router.subscribed(1));
    let mut events = events.unwrap();
    for n in 0..20 {
        tokio::time::sleep(9 * SECOND).await;
        router.send(json!([36, 1, n + 1, {}, [n]])).await;
        assert!(events.next().await.unwrap().is_ok());
    }
    // No PING has come: the next thing that the router hears is this.
    router.expect_nothing(&client).await;
}
