//! Sessions inside the process: what they can do, with each other and with clients, and how they end.

// Clippy does not see that helpers of tests are tests.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use common::{PATIENCE, Peer, Running, start};
use futures_util::{FutureExt, StreamExt};
use serde_json::json;
use std::{sync::Arc, time::Duration};
use tokio::{sync::Notify, time::timeout};
use wamplex_router::{
    Identity,
    local::{Delivery, Event, Invocation, JoinError, LocalError, LocalSession, Subscription},
};
use wamplex_shared::{
    error::WampError,
    message::{CallOptions, PublishOptions, SubscribeOptions},
    serializer::Serializer,
    session::CloseReason,
    uri::{MatchPolicy, Uri},
    uris,
    value::{Dict, Value},
};

fn join(router: &Running, authid: &str) -> LocalSession {
    router.handle.join("realm1", Identity::local(authid.to_owned(), "trusted")).unwrap()
}

/// Fails instead of hanging.
async fn soon<T>(future: impl IntoFuture<Output = T>) -> T {
    timeout(PATIENCE, future).await.expect("this was to happen")
}

async fn event(subscription: &mut Subscription) -> Event {
    match soon(subscription.next()).await {
        Some(Ok(Delivery::Event(event))) => event,
        other => panic!("an event was due: {other:?}"),
    }
}

async fn echo(call: Invocation) -> Result<(Vec<Value>, Dict), WampError> {
    call.values()
}

#[tokio::test]
async fn local_sessions_and_clients_call_each_other_and_hear_each_other_in_every_serializer() {
    let router = start(|_| {}).await;
    let local = join(&router, "backend");
    soon(local.register("com.example.local", echo)).await.unwrap().detach();
    for serializer in Serializer::ALL {
        let mut peer = Peer::join(router.address, serializer).await;
        assert_eq!(peer.call("com.example.local", &json!(["é", 7])).await, json!(["é", 7]));

        let topic = format!("com.example.{serializer}");
        let mut events = soon(local.subscribe(topic.as_str())).await.unwrap();
        let request = peer.request();
        peer.say(&json!([16, request, {}, topic, ["ping"], {"k": 1}]).to_string()).await;
        let heard = event(&mut events).await;
        assert_eq!(*heard.topic(), topic.as_str());
        assert_eq!(
            heard.values().unwrap(),
            (vec![Value::from("ping")], [("k", 1)].into_iter().collect())
        );

        let subscription = peer.subscribe("com.example.down").await;
        let published = local.publish("com.example.down", [Value::from(1)]).acknowledged();
        let publication = soon(published).await.unwrap();
        assert_eq!(peer.hear().await, json!([36, subscription, publication.get(), {}, [1]]));
    }
}

#[tokio::test]
async fn a_procedure_may_call_another_of_the_same_session_and_of_itself() {
    let router = start(|_| {}).await;
    let (a, b) = (join(&router, "a"), join(&router, "b"));
    let (via_a, via_b) = (a.clone(), b.clone());
    let countdown = move |session: LocalSession, next: &'static str| {
        move |call: Invocation| {
            let session = session.clone();
            async move {
                let left = call.values()?.0[0].as_u64().unwrap();
                if left == 0 {
                    return Ok(Value::from("there"));
                }
                Ok(session.call(next, [Value::from(left - 1)]).await?.value()?)
            }
        }
    };
    soon(a.register("com.example.a", countdown(via_a, "com.example.b"))).await.unwrap().detach();
    soon(b.register("com.example.b", countdown(via_b, "com.example.a"))).await.unwrap().detach();
    let reply = soon(a.call("com.example.a", [Value::from(50_u64)])).await.unwrap();
    assert_eq!(reply.value().unwrap(), Value::from("there"));
}

#[tokio::test]
async fn requests_reach_the_realm_in_the_order_they_were_made() {
    let router = start(|_| {}).await;
    let (local, other) = (join(&router, "a"), join(&router, "b"));
    let mut events = soon(other.subscribe("com.example.n").buffer(10_000)).await.unwrap();
    for n in 0..5_000_u64 {
        soon(local.publish("com.example.n", [Value::from(n)])).await.unwrap();
    }
    for n in 0..5_000_u64 {
        assert_eq!(event(&mut events).await.values().unwrap().0, [Value::from(n)]);
    }
}

#[tokio::test]
async fn errors_carry_their_uri_and_arguments_and_panics_say_nothing() {
    let router = start(|_| {}).await;
    let local = join(&router, "a");
    let refuse = |_call| async { Err::<(), _>(WampError::new("com.example.error.no")) };
    let panics = |call: Invocation| async move {
        assert!(call.payload().is_none(), "a secret");
        Ok(())
    };
    soon(local.register("com.example.refuse", refuse)).await.unwrap().detach();
    soon(local.register("com.example.panic", panics)).await.unwrap().detach();
    for (procedure, uri) in [
        ("com.example.refuse", "com.example.error.no"),
        ("com.example.nobody", uris::error::NO_SUCH_PROCEDURE),
        ("com.example.panic", uris::error::RUNTIME_ERROR),
        ("com..example", uris::error::INVALID_URI),
    ] {
        let error = soon(local.call(procedure, [Value::Null])).await.unwrap_err();
        assert_eq!(error.uri(), uri, "{error}");
        assert!(!error.to_string().contains("secret"));
    }
    let taken = soon(local.register("com.example.refuse", refuse)).await.unwrap_err();
    assert_eq!(taken.uri(), uris::error::PROCEDURE_ALREADY_EXISTS);
    let published = local.publish("wamp.session.on_join", ()).acknowledged();
    assert_eq!(soon(published).await.unwrap_err().uri(), uris::error::NOT_AUTHORIZED);
}

/// A procedure that says when it is running and when it is canceled.
async fn patient(local: &LocalSession, is_cooperative: bool) -> (Arc<Notify>, Arc<Notify>) {
    struct Gone(Arc<Notify>);
    impl Drop for Gone {
        fn drop(&mut self) {
            self.0.notify_one();
        }
    }
    let (running, gone) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (runs, goes) = (Arc::clone(&running), Arc::clone(&gone));
    let handler = move |call: Invocation| {
        let (runs, gone) = (Arc::clone(&runs), Gone(Arc::clone(&goes)));
        async move {
            runs.notify_one();
            if is_cooperative {
                call.canceled().cancelled().await;
            } else {
                std::future::pending::<()>().await;
            }
            drop(gone);
            Ok(())
        }
    };
    soon(local.register("com.example.patient", handler)).await.unwrap().detach();
    (running, gone)
}

#[tokio::test]
async fn a_call_that_is_dropped_is_taken_back() {
    for is_cooperative in [false, true] {
        let router = start(|_| {}).await;
        let (local, other) = (join(&router, "a"), join(&router, "b"));
        let (running, gone) = patient(&local, is_cooperative).await;
        let call = tokio::spawn(other.call("com.example.patient", ()).into_future());
        soon(running.notified()).await;
        call.abort();
        soon(gone.notified()).await;
    }
}

#[tokio::test]
async fn a_call_that_takes_too_long_times_out_and_is_taken_back() {
    let router = start(|_| {}).await;
    let local = join(&router, "a");
    let (_, gone) = patient(&local, false).await;
    let limit = Duration::from_millis(20);
    let error = soon(local.call("com.example.patient", ()).timeout(limit)).await.unwrap_err();
    assert!(matches!(error, LocalError::Timeout(found) if found == limit), "{error:?}");
    soon(gone.notified()).await;
}

#[tokio::test]
async fn results_come_in_pieces() {
    let router = start(|_| {}).await;
    let local = join(&router, "a");
    let count = |call: Invocation| async move {
        for n in 0..3 {
            assert!(call.progress([Value::from(n)]));
        }
        Ok(Value::from("done"))
    };
    soon(local.register("com.example.count", count)).await.unwrap().detach();
    let mut progress = soon(local.call("com.example.count", ()).progress()).await.unwrap();
    let mut pieces = Vec::new();
    while let Some(piece) = soon(progress.next()).await {
        pieces.push(piece.value().unwrap());
    }
    assert_eq!(pieces, [0, 1, 2].map(Value::from));
    assert_eq!(soon(progress.result()).await.unwrap().value().unwrap(), Value::from("done"));
    let canceled = soon(local.call("com.example.count", ()).options(CallOptions::default())).await;
    assert!(canceled.is_err(), "the handler has to notice that nobody takes pieces");
}

#[tokio::test]
async fn two_subscriptions_of_one_topic_live_and_die_apart() {
    let router = start(|_| {}).await;
    let (local, other) = (join(&router, "a"), join(&router, "b"));
    let prefix = || local.subscribe("com.example").match_policy(MatchPolicy::Prefix);
    let (mut first, mut second) = (soon(prefix()).await.unwrap(), soon(prefix()).await.unwrap());
    assert_eq!(first.id(), second.id());
    soon(other.publish("com.example.x", ())).await.unwrap();
    assert_eq!(event(&mut first).await.topic().as_str(), "com.example.x");
    assert_eq!(event(&mut second).await.topic().as_str(), "com.example.x");
    drop(first);
    soon(other.publish("com.example.y", ())).await.unwrap();
    assert_eq!(event(&mut second).await.topic().as_str(), "com.example.y");
    drop(second);
    let count = || async {
        // An own request behind it: UNSUBSCRIBE was handled before.
        let uri = Uri::from_static(uris::subscription::LIST);
        soon(local.call(uri, ())).await.unwrap().value().unwrap()
    };
    let lists = count().await;
    let prefixes = lists.as_dict().and_then(|lists| lists.get("prefix")).cloned();
    assert_eq!(prefixes, Some(Value::List(Vec::new())));
}

#[tokio::test]
async fn a_slow_reader_loses_the_oldest_and_is_told_so() {
    let router = start(|_| {}).await;
    let (local, other) = (join(&router, "a"), join(&router, "b"));
    let mut events = soon(local.subscribe("com.example.n").buffer(2)).await.unwrap();
    for n in 0..5 {
        soon(other.publish("com.example.n", [Value::from(n)])).await.unwrap();
    }
    // Behind the events, for the same session.
    soon(local.register("com.example.fence", echo)).await.unwrap().detach();
    soon(other.call("com.example.fence", ())).await.unwrap();
    let gap = soon(events.next()).await.unwrap().unwrap();
    assert_eq!(gap, Delivery::Gap(3));
    assert_eq!(event(&mut events).await.values().unwrap().0, [Value::from(3)]);
    assert_eq!(event(&mut events).await.values().unwrap().0, [Value::from(4)]);
}

#[tokio::test]
async fn a_retained_event_comes_first() {
    let router = start(|_| {}).await;
    let (local, other) = (join(&router, "a"), join(&router, "b"));
    let options = PublishOptions { retain: true, ..PublishOptions::default() };
    let published = other.publish("com.example.kept", [Value::from(1)]).options(options);
    soon(published.acknowledged()).await.unwrap();
    let options = SubscribeOptions { get_retained: true, ..SubscribeOptions::default() };
    let mut events = soon(local.subscribe("com.example.kept").options(options)).await.unwrap();
    assert!(event(&mut events).await.details().retained);
}

#[tokio::test]
async fn a_session_leaves_with_its_last_handle_and_takes_its_procedures_along() {
    let router = start(|_| {}).await;
    let (local, other) = (join(&router, "a"), join(&router, "b"));
    let registration = soon(local.register("com.example.echo", echo)).await.unwrap();
    let mut left = soon(other.subscribe(uris::session::ON_LEAVE)).await.unwrap();
    drop(local);
    soon(other.call("com.example.echo", ())).await.unwrap();
    drop(registration);
    event(&mut left).await;
    let error = soon(other.call("com.example.echo", ())).await.unwrap_err();
    assert_eq!(error.uri(), uris::error::NO_SUCH_PROCEDURE);
}

#[tokio::test]
async fn leaving_ends_everything_and_says_so() {
    let router = start(|_| {}).await;
    let (local, other) = (join(&router, "a"), join(&router, "b"));
    let (running, gone) = patient(&local, false).await;
    let mut events = soon(local.subscribe("com.example.n")).await.unwrap();
    let call = tokio::spawn(other.call("com.example.patient", ()).into_future());
    soon(running.notified()).await;
    soon(local.leave()).await;
    soon(gone.notified()).await;
    assert_eq!(soon(call).await.unwrap().unwrap_err().uri(), uris::error::CANCELED);
    assert!(soon(events.next()).await.is_none());
    assert_eq!(soon(local.closed()).await, CloseReason::Left);
    assert!(!local.is_open());
    let refused = soon(local.call("com.example.patient", ())).await.unwrap_err();
    assert!(matches!(&refused, LocalError::Closed(why) if **why == CloseReason::Left));
    soon(async {
        while router.handle.session_count() > 1 {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn the_meta_api_and_the_end_of_the_router_end_a_session() {
    let router = start(|config| {
        config.set_rules(|rules| rules.meta_api = wamplex_router::config::MetaApi::Full);
        config.limits.drain = Duration::ZERO;
    })
    .await;
    let (local, other) = (join(&router, "a"), join(&router, "b"));
    let mut events = soon(local.subscribe("com.example.n")).await.unwrap();
    let kill = other.call(uris::session::KILL, [Value::from(local.id())]);
    soon(kill).await.unwrap();
    let reason = soon(local.closed()).await;
    assert!(matches!(&reason, CloseReason::Goodbye(why) if why.reason == uris::close::KILLED));
    assert!(matches!(soon(events.next()).await, Some(Err(LocalError::Closed(_)))));
    assert!(soon(events.next()).await.is_none());

    let (running, _) = patient(&other, false).await;
    let mut call = other.call("com.example.patient", ()).into_future();
    assert!((&mut call).now_or_never().is_none());
    soon(running.notified()).await;
    router.handle.shutdown();
    soon(router.task).await.unwrap();
    let error = soon(call).await.unwrap_err();
    assert_eq!(error.uri(), uris::error::CANCELED, "{error:?}");
    let late = router.handle.join("realm1", Identity::local("late", "trusted")).unwrap();
    assert!(matches!(soon(late.closed()).await, CloseReason::Goodbye(_)));
}

#[tokio::test]
async fn who_joins_from_inside_is_seen_as_what_it_says_it_is() {
    let router = start(|_| {}).await;
    let (local, other) = (join(&router, "backend"), join(&router, "b"));
    let details = soon(other.call(uris::session::GET, [Value::from(local.id())])).await.unwrap();
    let details = details.value().unwrap();
    let details = details.as_dict().unwrap();
    for (key, expected) in [("authid", "backend"), ("authrole", "trusted"), ("authmethod", "local")]
    {
        assert_eq!(details.get(key), Some(&Value::from(expected)), "{key}");
    }
    let error = router.handle.join("nowhere", Identity::local("a", "b")).unwrap_err();
    assert!(matches!(&error, JoinError::NoSuchRealm(name) if name == "nowhere"));
}

#[test]
fn without_a_runtime_nobody_joins() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let router = runtime.block_on(start(|_| {}));
    let error = router.handle.join("realm1", Identity::local("a", "b")).unwrap_err();
    assert!(matches!(error, JoinError::NoRuntime));
}
