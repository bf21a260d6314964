//! Events as their publisher and their subscriber see them.

use crate::router::{Router, session};
use core::{future::IntoFuture as _, time::Duration};
use futures_util::{FutureExt as _, StreamExt as _};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::time::timeout;
use wamplex::{Client, Delivery, Error, MatchPolicy, Overflow, SessionId, Subscription};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Tick {
    symbol: String,
    price: f64,
}

async fn subscribe<T>(client: &Client, router: &mut Router, id: u64) -> Subscription<T> {
    let subscribe = client.subscribe::<T>("com.example.tick").into_future();
    let (subscription, _) = tokio::join!(subscribe, router.subscribed(id));
    subscription.unwrap()
}

fn event(subscription: u64, publication: u64, data: &Value) -> Value {
    json!([36, subscription, publication, {}, [data]])
}

/// The data of everything that has arrived; a gap is a negative number.
fn arrived(subscription: &mut Subscription<i64>) -> Vec<i64> {
    let mut data = Vec::new();
    while let Some(Some(Ok(delivery))) = subscription.next().now_or_never() {
        data.push(match delivery {
            Delivery::Event(event) => event.data,
            Delivery::Gap { missed } => -i64::try_from(missed.unwrap()).unwrap(),
        });
    }
    data
}

#[tokio::test(start_paused = true)]
async fn all_options_of_a_publication_are_sent() {
    let (client, mut router) = session().await;
    let tick = Tick { symbol: "X".into(), price: 1.5 };
    let ids = [1, 2].map(|id| SessionId::new(id).unwrap());
    client
        .publish("com.example.tick")
        .args((&tick, -1))
        .kwargs(json!({"k": null}))
        .exclude_me(false)
        .disclose_me(true)
        .retain(true)
        .exclude(ids)
        .exclude_authid(["a"])
        .exclude_authrole(["b"])
        .eligible([])
        .eligible_authid(["c".to_owned()])
        .eligible_authrole(["d"])
        .await
        .unwrap();
    let options = json!({
        "exclude_me": false, "disclose_me": true, "retain": true,
        "exclude": [1, 2], "exclude_authid": ["a"], "exclude_authrole": ["b"],
        "eligible": [], "eligible_authid": ["c"], "eligible_authrole": ["d"],
    });
    let args = json!([{"symbol": "X", "price": 1.5}, -1]);
    router.expect(json!([16, 1, options, "com.example.tick", args, {"k": null}])).await;
}

#[tokio::test(start_paused = true)]
async fn an_acknowledged_publication_waits_for_the_answer() {
    let (client, mut router) = session().await;
    let script = async {
        router.expect(json!([16, 1, {"acknowledge": true}, "com.example.a", ["x"]])).await;
        router.send(json!([17, 1, 4242])).await;
        router.expect(json!([16, 2, {"acknowledge": true}, "com.example.b"])).await;
        router.send(json!([8, 16, 2, {}, "wamp.error.not_authorized"])).await;
    };
    let publish = async {
        let publication = client.publish("com.example.a").args(("x",)).acknowledged().await;
        assert_eq!(publication.unwrap().get(), 4242);
        let refused = client.publish("com.example.b").acknowledged().await;
        assert_eq!(refused.unwrap_err().uri(), "wamp.error.not_authorized");
    };
    tokio::join!(publish, script);
}

#[tokio::test(start_paused = true)]
async fn events_arrive_typed_and_one_that_does_not_fit_is_an_error_in_its_place() {
    let (client, mut router) = session().await;
    let mut ticks = subscribe::<Tick>(&client, &mut router, 7).await;
    let tick = json!({"symbol": "X", "price": 1.5});
    router.send(json!([36, 7, 11, {"publisher": 99}, [tick, 2], {"k": "v"}])).await;
    router.send(event(7, 12, &json!("no tick"))).await;
    router.send(event(7, 13, &tick)).await;
    let Delivery::Event(first) = ticks.next().await.unwrap().unwrap() else { panic!() };
    assert_eq!(first.data, Tick { symbol: "X".into(), price: 1.5 });
    assert_eq!(first.topic.as_str(), "com.example.tick");
    assert_eq!(first.publication().get(), 11);
    assert_eq!(first.details().publisher.map(SessionId::get), Some(99));
    assert_eq!(first.args::<(Tick, i64)>().unwrap().1, 2);
    assert_eq!(first.kwargs::<Value>().unwrap(), json!({"k": "v"}));
    assert!(matches!(ticks.next().await, Some(Err(Error::Payload(_)))));
    assert!(matches!(ticks.next().await, Some(Ok(Delivery::Event(_)))));
}

#[tokio::test(start_paused = true)]
async fn events_that_the_router_has_dropped_are_a_gap_where_they_would_have_been() {
    let (client, mut router) = session().await;
    let mut ticks = subscribe::<i64>(&client, &mut router, 7).await;
    router.send(event(7, 11, &json!(1))).await;
    router.send(json!([36, 7, 15, {"_wamplex_dropped": 3}, [5]])).await;
    router.send(json!([36, 7, 16, {"_wamplex_dropped": "3"}, [6]])).await;
    assert!(matches!(ticks.next().await, Some(Ok(Delivery::Event(first))) if first.data == 1));
    assert!(matches!(ticks.next().await, Some(Ok(Delivery::Gap { missed: Some(3) }))));
    let Some(Ok(Delivery::Event(second))) = ticks.next().await else { panic!() };
    assert_eq!((second.data, second.details().dropped()), (5, 3));
    let Some(Ok(Delivery::Event(third))) = ticks.next().await else { panic!() };
    assert_eq!((third.data, third.details().dropped()), (6, 0), "what is no number says nothing");
}

#[tokio::test(start_paused = true)]
async fn a_subscription_by_pattern_says_which_topic() {
    let (client, mut router) = session().await;
    let subscribe = client
        .subscribe::<Value>("com.example.")
        .match_policy(MatchPolicy::Prefix)
        .get_retained(true);
    let (events, subscribe) = tokio::join!(subscribe.into_future(), router.subscribed(7));
    assert_eq!(subscribe[2], json!({"match": "prefix", "get_retained": true}));
    router.send(json!([36, 7, 11, {"topic": "com.example.x"}])).await;
    let Some(Ok(Delivery::Event(event))) = events.unwrap().next().await else { panic!() };
    assert_eq!((event.topic.as_str(), event.data), ("com.example.x", Value::Null));
}

#[tokio::test(start_paused = true)]
async fn a_refused_subscription_is_an_error() {
    let (client, mut router) = session().await;
    let script = async {
        router.receive_code(32).await;
        router.send(json!([8, 32, 1, {}, "wamp.error.not_authorized"])).await;
    };
    let subscribe = client.subscribe::<Value>("com.example.tick").into_future();
    let (subscription, ()) = tokio::join!(subscribe, script);
    assert_eq!(subscription.unwrap_err().uri(), "wamp.error.not_authorized");
}

#[tokio::test(start_paused = true)]
async fn a_slow_reader_finds_a_gap_and_holds_up_nobody() {
    let (client, mut router) = session().await;
    for (overflow, kept) in
        [(Overflow::DropOldest, vec![-3, 4, 5]), (Overflow::DropNewest, vec![1, 2, -3])]
    {
        let slow = client.subscribe::<i64>("com.example.slow").buffer(2, overflow).into_future();
        let (slow, _) = tokio::join!(slow, router.subscribed(7));
        let fast = client.subscribe::<i64>("com.example.fast").into_future();
        let (fast, _) = tokio::join!(fast, router.subscribed(8));
        let (mut slow, mut fast) = (slow.unwrap(), fast.unwrap());
        for n in 1..=5 {
            router.send(event(7, n, &json!(n))).await;
            router.send(event(8, n, &json!(n))).await;
        }
        router.expect_alive(&client).await;
        assert_eq!(arrived(&mut fast), [1, 2, 3, 4, 5], "{overflow:?}");
        assert_eq!(arrived(&mut slow), kept, "{overflow:?}");
        drop((slow, fast));
        router.receive_code(34).await;
        router.receive_code(34).await;
    }
}

#[tokio::test(start_paused = true)]
async fn subscriptions_of_one_topic_share_one_of_the_router_until_the_last_is_dropped() {
    let (client, mut router) = session().await;
    let mut first = subscribe::<i64>(&client, &mut router, 7).await;
    let mut second = subscribe::<i64>(&client, &mut router, 7).await;
    router.send(event(7, 1, &json!(1))).await;
    router.expect_alive(&client).await;
    assert_eq!((arrived(&mut first), arrived(&mut second)), (vec![1], vec![1]));
    first.unsubscribe().await.unwrap();
    router.expect_nothing(&client).await;
    router.send(event(7, 2, &json!(2))).await;
    router.expect_alive(&client).await;
    assert_eq!(arrived(&mut second), [2]);
    drop(second);
    assert_eq!(router.receive_code(34).await[2], 7);
}

#[tokio::test(start_paused = true)]
async fn a_subscription_that_is_dropped_while_another_is_being_made_does_not_take_it_along() {
    let (client, mut router) = session().await;
    let first = subscribe::<i64>(&client, &mut router, 7).await;
    let second = client.subscribe::<i64>("com.example.tick").into_future();
    let script = async {
        let subscribe = router.receive_code(32).await;
        drop(first);
        router.expect_nothing(&client).await;
        router.send(json!([33, subscribe[1], 7])).await;
    };
    let (second, ()) = tokio::join!(second, script);
    router.send(event(7, 1, &json!(1))).await;
    router.expect_alive(&client).await;
    assert_eq!(arrived(&mut second.unwrap()), [1]);
    assert_eq!(router.receive_code(34).await[2], 7);
}

#[tokio::test(start_paused = true)]
async fn unsubscribing_waits_for_the_router_and_ignores_events_that_cross_it() {
    let (client, mut router) = session().await;
    let subscription = subscribe::<i64>(&client, &mut router, 7).await;
    let script = async {
        router.expect(json!([34, 2, 7])).await;
        router.send(event(7, 1, &json!(1))).await;
        router.send(json!([35, 2])).await;
    };
    let (unsubscribed, ()) = tokio::join!(subscription.unsubscribe(), script);
    unsubscribed.unwrap();
    router.expect_alive(&client).await;
}

#[tokio::test(start_paused = true)]
async fn a_subscription_that_nobody_waits_for_any_more_is_given_up() {
    let (client, mut router) = session().await;
    let subscribe = client.subscribe::<i64>("com.example.tick").into_future();
    assert!(timeout(Duration::from_secs(1), subscribe).await.is_err());
    router.subscribed(7).await;
    router.expect(json!([34, 2, 7])).await;
}

#[tokio::test(start_paused = true)]
async fn a_subscription_that_is_taken_away_says_so_and_ends() {
    let (client, mut router) = session().await;
    let mut subscription = subscribe::<i64>(&client, &mut router, 7).await;
    router.send(event(7, 1, &json!(1))).await;
    router.send(json!([35, 0, {"subscription": 7, "reason": "no more"}])).await;
    assert!(matches!(subscription.next().await, Some(Ok(Delivery::Event(_)))));
    let Some(Err(error)) = subscription.next().await else { panic!() };
    assert_eq!(error.to_string(), "the router took it away: no more");
    assert!(subscription.next().await.is_none());
    drop(subscription);
    router.expect_nothing(&client).await;
}

#[tokio::test(start_paused = true)]
async fn a_subscription_that_is_taken_away_while_it_is_given_up_is_gone_and_that_is_all() {
    let (client, mut router) = session().await;
    let subscription = subscribe::<i64>(&client, &mut router, 7).await;
    let script = async {
        router.expect(json!([34, 2, 7])).await;
        router.send(json!([35, 0, {"subscription": 7}])).await;
        router.send(json!([8, 34, 2, {}, "wamp.error.no_such_subscription"])).await;
    };
    let (unsubscribed, ()) = tokio::join!(subscription.unsubscribe(), script);
    unsubscribed.unwrap();
    router.expect_alive(&client).await;
}

#[tokio::test(start_paused = true)]
async fn a_publisher_waits_for_a_router_that_does_not_read_and_loses_nothing() {
    let (client, mut router) = session().await;
    let publisher = client.clone();
    let text = "x".repeat(10_000);
    let publishing = tokio::spawn(async move {
        for n in 0..200 {
            publisher.publish("com.example.flood").args((n, &text)).await.unwrap();
        }
    });
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert!(!publishing.is_finished(), "2 MB do not fit");
    for n in 0..200 {
        assert_eq!(router.receive_code(16).await[4][0], n);
    }
    publishing.await.unwrap();
}
