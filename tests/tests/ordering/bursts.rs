//! Bursts of events of one topic, among everything else that a session says.

use super::{Load, code, number};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use tokio::task::JoinSet;
use wamplex_shared::message::MessageCode;
use wamplex_tests::harness::{Client, Way};

const WAYS: [Way; 3] = [Way::WebSocket, Way::RawSocket, Way::Batched];
const PUBLISHERS: usize = 4;
const SUBSCRIBERS: usize = 9;
/// How many events each publisher has, and after how many it calls somebody.
const EVENTS: usize = 700;
const BURST: usize = 70;
/// Which events are for another topic, acknowledged, longer than others, for their publisher too.
const OTHER: usize = 41;
const ACKNOWLEDGED: usize = 47;
const LONG: usize = 53;
const OWN: usize = 3;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn bursts_arrive_whole_and_in_order_among_everything_else() {
    let load = Load::start().await;
    let mut sessions = JoinSet::new();
    for at in 0..SUBSCRIBERS {
        let mut client = load.join_over(WAYS[at % WAYS.len()], at / WAYS.len()).await;
        subscribe(&mut client).await;
        let rest = [json!({}), format!("load.burst.{at}").into()];
        client.request(MessageCode::Register, rest).await;
        assert_eq!(code(&client.receive().await), MessageCode::Registered);
        sessions.spawn(listen(client));
    }
    for at in 0..PUBLISHERS {
        let client = load.join_over(WAYS[at % WAYS.len()], at + 1).await;
        sessions.spawn(publish(client, at));
    }
    sessions.join_all().await;
}

async fn subscribe(client: &mut Client) {
    client.request(MessageCode::Subscribe, [json!({}), "load.burst".into()]).await;
    // Others publish already.
    while code(&client.receive().await) != MessageCode::Subscribed {}
}

/// Publishes, and calls a subscriber after each burst and everybody at the end.
async fn publish(mut client: Client, publisher: usize) {
    let hears_itself = publisher.is_multiple_of(2);
    if hears_itself {
        subscribe(&mut client).await;
    }
    let mut calls = 0;
    for event in 0..EVENTS {
        let acknowledge = event % ACKNOWLEDGED == 0;
        let options = json!({"acknowledge": acknowledge, "exclude_me": event % OWN != 0});
        let topic = if event % OTHER == 0 { "load.other" } else { "load.burst" };
        let filler = "x".repeat(if event % LONG == 0 { 3000 } else { event % 150 });
        let rest = [options, topic.into(), json!([publisher, event, filler])];
        client.request(MessageCode::Publish, rest).await;
        if event % BURST == BURST - 1 {
            let is_last = event == EVENTS - 1;
            let one = (event / BURST) % SUBSCRIBERS;
            let called = if is_last { 0..SUBSCRIBERS } else { one..one + 1 };
            for at in called {
                let rest =
                    [json!({}), format!("load.burst.{at}").into(), json!([publisher, event])];
                client.request(MessageCode::Call, rest).await;
                calls += 1;
            }
        }
    }
    let expected: Vec<_> = (0..EVENTS)
        .filter(|event| hears_itself && event % OWN == 0 && event % OTHER != 0)
        .collect();
    let (mut acknowledged, mut answered, mut own) = (0, 0, Vec::new());
    while acknowledged < EVENTS.div_ceil(ACKNOWLEDGED)
        || answered < calls
        || own.len() < expected.len()
    {
        let message = client.receive().await;
        let kind = code(&message);
        if kind == MessageCode::Published {
            acknowledged += 1;
        } else if kind == MessageCode::Result {
            answered += 1;
        } else {
            assert_eq!(kind, MessageCode::Event, "{message}");
            if message[4][0] == publisher {
                own.push(number(&message[4][1]));
            }
        }
    }
    assert_eq!(own, expected, "its own events where it wants them");
}

/// Receives everything, until each publisher has said that there is no more.
async fn listen(mut client: Client) {
    let is_here = |event: &usize| !event.is_multiple_of(OTHER);
    let mut last: BTreeMap<usize, usize> = BTreeMap::new();
    let mut done = 0;
    while done < PUBLISHERS {
        let message = client.receive().await;
        let kind = code(&message);
        // In an EVENT and an INVOCATION alike.
        let said: &Value = &message[4];
        let (publisher, event) = (number(&said[0]), number(&said[1]));
        let before = last.get(&publisher).map_or(0, |last| last + 1);
        if kind == MessageCode::Event {
            assert_eq!(Some(event), (before..EVENTS).find(is_here), "{message}");
            last.insert(publisher, event);
        } else {
            assert_eq!(kind, MessageCode::Invocation, "{message}");
            let missing = (before..=event).find(is_here);
            assert_eq!(missing, None, "what was published before a call arrives before it");
            client.send(&json!([MessageCode::Yield.number(), message[1], {}])).await;
            done += usize::from(event == EVENTS - 1);
        }
    }
}
