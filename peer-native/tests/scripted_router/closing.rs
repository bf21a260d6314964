//! The end of a session, from either side.

use crate::router::{Router, builder, connect, reason, session};
use core::{future::IntoFuture as _, time::Duration};
use futures_util::{FutureExt as _, StreamExt as _};
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::sync::Notify;
use tokio_tungstenite::tungstenite::Message;
use wamplex::{Client, CloseReason, ConnectionState, Ctx, Error, Subscription, WampError};

/// A session with a subscription.
async fn subscribed() -> (Client, Router, Subscription<Value>) {
    let (client, mut router) = session().await;
    let subscribe = client.subscribe("com.example.tick").into_future();
    let (subscription, _) = tokio::join!(subscribe, router.subscribed(7));
    (client, router, subscription.unwrap())
}

#[tokio::test(start_paused = true)]
async fn leaving_says_goodbye_and_waits_for_the_answer() {
    let (client, mut router, mut subscription) = subscribed().await;
    let waiting = client.call("com.example.slow").into_future();
    let script = async {
        router.receive_code(48).await;
        router.expect(json!([6, {"message": "bye"}, "com.example.done"])).await;
        assert_eq!(*client.state().borrow(), ConnectionState::Open);
        router.send(json!([36, 7, 1, {}, ["too late"]])).await;
        router.send(json!([6, {}, "wamp.close.goodbye_and_out"])).await;
        assert_eq!(router.receive_or_end().await, None);
    };
    let leave = async {
        assert_eq!(reason(waiting.await.unwrap_err()), CloseReason::Left);
    };
    let leaving = async {
        tokio::task::yield_now().await;
        client.leave().reason("com.example.done").message("bye").await.unwrap();
    };
    tokio::join!(leave, leaving, script);
    assert!(subscription.next().await.is_none(), "this side knows why");
    assert_eq!(*client.state().borrow(), ConnectionState::Closed(CloseReason::Left));
    let late = client.call("com.example.late").await;
    assert_eq!(reason(late.unwrap_err()), CloseReason::Left);
    client.leave().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_was_published_before_leaving_arrives_before() {
    let (client, mut router) = session().await;
    client.publish("com.example.last").await.unwrap();
    let script = async {
        assert_eq!(router.receive_code(16).await[3], "com.example.last");
        router.expect(json!([6, {}, "wamp.close.close_realm"])).await;
        router.send(json!([6, {}, "wamp.close.goodbye_and_out"])).await;
        assert_eq!(router.receive_or_end().await, None);
    };
    let (left, ()) = tokio::join!(client.leave().into_future(), script);
    left.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_router_that_does_not_answer_goodbye_is_left_anyway() {
    let (client, mut router) = session().await;
    client.leave().await.unwrap();
    router.receive_code(6).await;
}

#[tokio::test(start_paused = true)]
async fn two_goodbyes_that_cross_answer_each_other() {
    let (client, mut router) = session().await;
    let script = async {
        router.receive_code(6).await;
        router.send(json!([6, {}, "wamp.close.system_shutdown"])).await;
        assert_eq!(router.receive_or_end().await, None, "it is not answered twice");
    };
    let (left, ()) = tokio::join!(client.leave().into_future(), script);
    left.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_goodbye_of_the_router_is_answered_and_everything_learns_why() {
    let (client, mut router, mut subscription) = subscribed().await;
    let call = client.call("com.example.slow").into_future();
    let script = async {
        router.receive_code(48).await;
        router.send(json!([6, {"message": "maintenance"}, "wamp.close.system_shutdown"])).await;
        router.expect(json!([6, {}, "wamp.close.goodbye_and_out"])).await;
        assert_eq!(router.receive_or_end().await, None);
    };
    let (called, ()) = tokio::join!(call, script);
    assert_eq!(called.unwrap_err().uri(), "wamp.close.system_shutdown");
    let end = subscription.next().await.unwrap().unwrap_err();
    assert!(matches!(reason(end), CloseReason::Goodbye(_)));
    assert!(subscription.next().await.is_none());
    assert!(matches!(client.closed().await, CloseReason::Goodbye(_)));
    let late = client.publish("a.b").await.unwrap_err();
    assert!(matches!(reason(late), CloseReason::Goodbye(_)));
    subscription.unsubscribe().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_abort_of_the_router_is_not_answered() {
    let (client, mut router, mut subscription) = subscribed().await;
    let abort = json!([3, {"message": "in words"}, "com.example.kicked", ["why"], {"how": 1}]);
    router.send(abort).await;
    assert_eq!(router.receive_or_end().await, None);
    let Some(Err(error)) = subscription.next().await else { panic!() };
    assert_eq!(error.uri(), "com.example.kicked");
    assert!(matches!(client.closed().await, CloseReason::Abort(_)));
}

#[tokio::test(start_paused = true)]
async fn a_router_that_breaks_the_protocol_gets_an_abort() {
    for broken in [
        Message::text("[36, 7"),
        Message::text("[2, 1, {}]"),
        Message::text("[8, 50, 1, {}, \"a.b\"]"),
        Message::binary(vec![1, 2, 3]),
    ] {
        let (client, mut router) = session().await;
        let call = client.call("com.example.slow").into_future();
        let script = async {
            router.receive_code(48).await;
            router.send_raw(broken).await;
            let abort = router.receive_code(3).await;
            assert_eq!(abort[2], "wamp.error.protocol_violation", "{abort}");
            assert_eq!(router.receive_or_end().await, None);
        };
        let (called, ()) = tokio::join!(call, script);
        assert!(matches!(called, Err(Error::Violation(_))), "{called:?}");
        assert!(matches!(client.closed().await, CloseReason::Violation(_)));
    }
}

#[tokio::test(start_paused = true)]
async fn a_message_that_is_too_long_ends_the_connection() {
    let (client, mut router) = connect(builder().max_message_size(1000), async |router| {
        router.receive_code(1).await;
        router.welcome().await;
    })
    .await;
    let client = client.unwrap();
    router.send_raw(Message::text(json!([36, 7, 1, {}, ["x".repeat(2000)]]).to_string())).await;
    let reason = client.closed().await;
    assert!(matches!(&reason, CloseReason::Disconnected(why) if why.contains("1000")), "{reason}");
}

#[tokio::test(start_paused = true)]
async fn a_lost_connection_settles_every_request_and_says_what_may_have_been_sent() {
    let (client, mut router, mut subscription) = subscribed().await;
    let text = "x".repeat(100_000);
    let sent = tokio::spawn(client.call("com.example.sent").get::<i64>());
    router.receive_code(48).await;
    // The pipe and the buffers above it are full of these, so the later ones are still here when it breaks.
    let unsent: Vec<_> = (0..10)
        .map(|_| tokio::spawn(client.call("com.example.unsent").args((&text,)).into_future()))
        .collect();
    tokio::time::sleep(Duration::from_secs(1)).await;
    router.cut();
    let lost = sent.await.unwrap().unwrap_err();
    assert!(matches!(lost, Error::ConnectionLost { maybe_sent: true }), "{lost:?}");
    assert_eq!(lost.uri(), "wamp.error.network_failure");
    let mut never_sent = 0;
    for call in unsent {
        match call.await.unwrap().unwrap_err() {
            Error::ConnectionLost { maybe_sent } => never_sent += usize::from(!maybe_sent),
            other => {
                assert!(matches!(reason(other), CloseReason::Disconnected(_)));
                never_sent += 1;
            }
        }
    }
    assert!((1..10).contains(&never_sent), "{never_sent}");
    assert!(matches!(subscription.next().await, Some(Err(Error::ConnectionLost { .. }))));
    assert!(subscription.next().await.is_none());
    assert!(matches!(client.closed().await, CloseReason::Disconnected(_)));
    let late = client.call("com.example.late").await;
    assert!(matches!(reason(late.unwrap_err()), CloseReason::Disconnected(_)));
}

#[tokio::test(start_paused = true)]
async fn a_lost_connection_cancels_the_handlers() {
    let (client, mut router) = session().await;
    let canceled = Arc::new(Notify::new());
    let witness = canceled.clone();
    let handler = move |cx: Ctx| {
        let witness = witness.clone();
        async move {
            cx.cancel.cancelled().await;
            witness.notify_one();
            Ok::<_, WampError>(())
        }
    };
    let register = client.register("com.example.slow", handler).into_future();
    let (registration, _) = tokio::join!(register, router.registered(5));
    router.send(json!([68, 1, 5, {}])).await;
    router.expect_alive(&client).await;
    router.cut();
    canceled.notified().await;
    drop(registration);
}

#[tokio::test(start_paused = true)]
async fn the_last_handle_that_is_dropped_says_goodbye() {
    let (client, mut router, subscription) = subscribed().await;
    let clone = client.clone();
    drop(client);
    router.expect_alive(&clone).await;
    drop(clone);
    router.send(json!([36, 7, 1, {}, ["still here"]])).await;
    let mut subscription = subscription;
    assert!(subscription.next().await.unwrap().is_ok(), "a subscription keeps the connection open");
    drop(subscription);
    router.expect(json!([34, 3, 7])).await;
    router.expect(json!([6, {}, "wamp.close.close_realm"])).await;
}

#[tokio::test(start_paused = true)]
async fn the_state_can_be_watched() {
    let (client, mut router) = session().await;
    let mut state = client.state();
    assert!(state.changed().now_or_never().is_none());
    router.send(json!([6, {}, "wamp.close.system_shutdown"])).await;
    state.changed().await.unwrap();
    let closed = state.wait_for(|s| matches!(s, ConnectionState::Closed(_))).await;
    assert!(matches!(&*closed.unwrap(), ConnectionState::Closed(CloseReason::Goodbye(_))));
    drop(client);
}

#[test]
fn a_runtime_that_is_shut_down_leaves_nobody_waiting() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (client, router) = runtime.block_on(session());
    let mut call = Box::pin(client.call("com.example.slow").into_future());
    runtime.block_on(async { assert!(call.as_mut().now_or_never().is_none()) });
    drop(runtime);
    let lost = call.now_or_never().expect("the call is settled");
    assert!(matches!(lost, Err(Error::ConnectionLost { .. })), "{lost:?}");
    drop(router);
}
