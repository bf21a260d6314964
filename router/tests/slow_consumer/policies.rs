//! What becomes of the events of a client that stops reading and reads on later, for every policy.

use super::{
    EVENT, EVENTS,
    common::{Heard, Peer, Running, config, start},
    stopped::{Over, Stopped, metric},
    until,
};
use serde_json::{Value, json};
use std::collections::HashMap;
use wamplex_router::{
    RouterConfig,
    config::{SlowConsumerPolicy, SlowConsumers},
};
use wamplex_shared::serializer::Serializer;

/// How many bytes may wait.
const BYTES: usize = 1 << 20;

/// What the others may have waiting when somebody looks.
const ANSWERS: u64 = 8 << 10;

/// The topics of the flood, one after another.
const TOPICS: [&str; 4] =
    ["com.example.a", "com.example.b", "com.example.many.x", "com.example.many.y"];

/// The calls that are answered while their caller does not read.
const CALLS: u64 = 30;

const DROPPING: [SlowConsumerPolicy; 3] = [
    SlowConsumerPolicy::DropNewest,
    SlowConsumerPolicy::DropOldest,
    SlowConsumerPolicy::KeepLastPerTopic,
];

/// A router that deals with slow clients in this way.
pub(crate) async fn street(slow_consumers: SlowConsumers) -> Running {
    start(|config| configure(config, slow_consumers)).await
}

fn configure(config: &mut RouterConfig, slow_consumers: SlowConsumers) {
    config.listeners[0].status.metrics = true;
    config.realms[0].slow_consumers = slow_consumers;
}

pub(crate) fn dropping(policy: SlowConsumerPolicy) -> SlowConsumers {
    SlowConsumers { policy: Some(policy), bytes: Some(BYTES), messages: None }
}

pub(crate) async fn dropped(router: &Running, policy: SlowConsumerPolicy) -> u64 {
    let labels = format!("{{realm=\"realm1\",policy=\"{}\"}}", policy.word());
    metric(router, &format!("wamplex_events_dropped_total{labels}")).await
}

pub(crate) async fn publish(publisher: &mut Peer, number: usize, filler: &str) {
    let (request, topic) = (publisher.request(), TOPICS[number % TOPICS.len()]);
    let publish = json!([16, request, {"acknowledge": true}, topic, [number, filler]]);
    publisher.say(&publish.to_string()).await;
    // Then it waits for every subscriber, or is dropped already.
    assert_eq!(publisher.hear().await[1], json!(request));
}

/// An event as its receiver saw it.
#[derive(Debug)]
struct Event {
    subscription: u64,
    number: usize,
    /// How many the router says were dropped ahead of it.
    missing: u64,
}

impl Event {
    fn read(message: &Value) -> Self {
        Self {
            subscription: message[1].as_u64().unwrap(),
            number: usize::try_from(message[4][0].as_u64().unwrap()).unwrap(),
            missing: message[3]["_wamplex_dropped"].as_u64().unwrap_or(0),
        }
    }
}

/// Reads until the answer to a request that is made last, and returns the events and what else there was.
async fn read_on(stopped: &mut Stopped) -> (Vec<Event>, Vec<Value>) {
    let (mut events, mut answers) = (Vec::new(), Vec::new());
    let request = stopped.request();
    stopped.say(&json!([16, request, {"acknowledge": true}, "com.example.nobody"])).await;
    loop {
        let message = stopped.hear().await;
        match message[0].as_u64() {
            Some(36) => events.push(Event::read(&message)),
            Some(17) if message[1] == json!(request) => return (events, answers),
            _ => answers.push(message),
        }
    }
}

/// Checks that every gap is where it was said to be, and as long; `kind` tells apart of what events gaps are told.
fn check_gaps(events: &[Event], kind: impl Fn(usize) -> usize) {
    let mut last = HashMap::new();
    for event in events {
        let before = last.insert(kind(event.number), event.number);
        let first = before.map_or(0, |before| before + 1);
        let between = (first..event.number).filter(|n| kind(*n) == kind(event.number));
        assert_eq!(event.missing, between.count() as u64, "{event:?} after {before:?}");
    }
}

/// A stopped client, subscribed to all topics; both `x` and `y` belong to one subscription.
pub(crate) async fn subscribed(
    over: Over,
    router: &Running,
    serializer: Serializer,
) -> (Stopped, u64) {
    let (mut stopped, session) = Stopped::join(over, router.address, serializer).await;
    for topic in &TOPICS[..2] {
        stopped.subscribe(topic, &json!({})).await;
    }
    stopped.subscribe("com.example.many.", &json!({"match": "prefix"})).await;
    (stopped, session)
}

/// Floods the client, answers its calls in the middle of that, and lets it read on.
async fn flood(
    router: &Running,
    stopped: &mut Stopped,
    policy: SlowConsumerPolicy,
) -> (Vec<Event>, Vec<Value>) {
    let mut publisher = Peer::join(router.address, Serializer::MsgPack).await;
    let mut callee = Peer::join(router.address, Serializer::Json).await;
    let request = callee.request();
    callee.say(&json!([64, request, {}, "com.example.late"]).to_string()).await;
    assert_eq!(callee.hear().await[0], 65);
    let mut invocations = Vec::new();
    for _ in 0..CALLS {
        let request = stopped.request();
        stopped.say(&json!([48, request, {}, "com.example.late", [request]])).await;
        invocations.push(callee.hear().await);
    }
    let filler = "x".repeat(EVENT);
    for number in 0..EVENTS {
        publish(&mut publisher, number, &filler).await;
        if number == EVENTS * 3 / 4 {
            assert!(dropped(router, policy).await > 0, "it is slow by now");
            for invocation in &invocations {
                let answer = json!([70, invocation[1], {}, invocation[4]]);
                callee.say(&answer.to_string()).await;
            }
        }
        if number % 16 == 0 {
            let waiting = metric(router, "wamplex_outbox_bytes").await;
            assert!(waiting <= BYTES as u64 + ANSWERS, "{waiting}");
        }
    }
    let read = read_on(stopped).await;
    // Once more for every subscription, so that the last gaps are told too.
    let (mut events, answers) = read;
    for number in EVENTS..EVENTS + TOPICS.len() {
        publish(&mut publisher, number, "").await;
        events.push(Event::read(&stopped.hear().await));
    }
    (events, answers)
}

/// Whoever watches hears of the session, and of every event that it lost.
async fn check_reports(watcher: &mut Peer, session: u64, policy: SlowConsumerPolicy, lost: u64) {
    let mut reported = 0;
    while reported < lost {
        let report = watcher.hear().await[4][0].clone();
        let said = (&report["session"], &report["policy"], &report["disconnected"]);
        assert_eq!(said, (&json!(session), &json!(policy.word()), &json!(false)), "{report}");
        let topics = report["topics"].as_object().unwrap();
        assert!(topics.keys().all(|topic| TOPICS.contains(&topic.as_str())), "{report}");
        let counts = topics.values().map(|count| count.as_u64().unwrap());
        assert_eq!(counts.sum::<u64>(), report["dropped"].as_u64().unwrap(), "{report}");
        reported += report["dropped"].as_u64().unwrap();
    }
    assert_eq!(reported, lost);
}

#[tokio::test]
async fn what_is_dropped_is_counted_told_and_nothing_but_events_and_the_session_lives_on() {
    for over in Over::BOTH {
        for (policy, serializer) in DROPPING.into_iter().zip(Serializer::ALL) {
            let router = street(dropping(policy)).await;
            let mut watcher = Peer::join(router.address, Serializer::Json).await;
            watcher.subscribe("wamplex.session.on_slow").await;
            let (mut stopped, session) = subscribed(over, &router, serializer).await;
            let (events, answers) = flood(&router, &mut stopped, policy).await;

            let numbers: Vec<_> = events.iter().map(|event| event.number).collect();
            assert!(numbers.is_sorted_by(|a, b| a < b), "{policy:?} {numbers:?}");
            let lost = dropped(&router, policy).await;
            assert_eq!(EVENTS + TOPICS.len() - numbers.len(), lost as usize, "{policy:?}");
            let told: u64 = events.iter().map(|event| event.missing).sum();
            assert_eq!(told, lost, "{policy:?}: whoever loses events is told of each");
            if policy == SlowConsumerPolicy::KeepLastPerTopic {
                check_gaps(&events, |number| number % TOPICS.len());
            } else {
                check_gaps(&events, |number| (number % TOPICS.len()).min(2));
            }
            check_which(policy, &numbers);
            let by_pattern = events.iter().filter(|event| event.number % TOPICS.len() >= 2);
            let subscriptions = by_pattern.map(|event| event.subscription);
            assert_eq!(subscriptions.collect::<std::collections::HashSet<_>>().len(), 1);

            let results = answers.iter().map(|answer| (answer[0].as_u64(), answer[3][0].as_u64()));
            let calls = (4..4 + CALLS).map(|request| (Some(50), Some(request)));
            assert!(results.eq(calls), "{answers:?}");
            check_reports(&mut watcher, session, policy, lost).await;
            stopped.round_trip("com.example.after").await;
            assert_eq!(router.handle.counters().overflows, 0);
        }
    }
}

/// Which events arrive of those with the numbers from 0 to `EVENTS`; those behind them do in any case.
fn check_which(policy: SlowConsumerPolicy, numbers: &[usize]) {
    let gaps: Vec<_> = numbers.windows(2).filter(|pair| pair[0] + 1 < pair[1]).collect();
    let at_most = BYTES / EVENT;
    if policy == SlowConsumerPolicy::DropNewest {
        assert_eq!(gaps.len(), 1, "from the first that finds no room on: {gaps:?}");
        assert_eq!(gaps[0][1], EVENTS);
    } else if policy == SlowConsumerPolicy::DropOldest {
        assert_eq!(gaps.len(), 1, "what waited longest: {gaps:?}");
        let newest = EVENTS - gaps[0][1];
        assert!((at_most / 2..=at_most).contains(&newest), "{newest} have room");
    } else {
        let newest = &numbers[numbers.len() - 2 * TOPICS.len()..];
        let expected: Vec<_> = (EVENTS - TOPICS.len()..EVENTS + TOPICS.len()).collect();
        assert_eq!(newest, expected, "the last of each topic");
        assert_eq!(gaps.last().unwrap()[1], EVENTS - TOPICS.len(), "nothing newer: {gaps:?}");
    }
}

#[tokio::test]
async fn whoever_answers_alone_would_fill_the_outbox_of_is_disconnected_whatever_the_policy() {
    for (over, policy) in Over::BOTH.into_iter().zip([DROPPING[0], DROPPING[1]]) {
        let router = street(dropping(policy)).await;
        let mut callee = Peer::join(router.address, Serializer::Json).await;
        let request = callee.request();
        callee.say(&json!([64, request, {}, "com.example.late"]).to_string()).await;
        callee.hear().await;
        let (mut stopped, _) = Stopped::join(over, router.address, Serializer::Json).await;
        let mut invocations = Vec::new();
        for _ in 0..EVENTS {
            let request = stopped.request();
            stopped.say(&json!([48, request, {}, "com.example.late"])).await;
            invocations.push(callee.hear().await[1].clone());
        }
        let filler = "x".repeat(EVENT);
        for invocation in invocations {
            callee.say(&json!([70, invocation, {}, [filler]]).to_string()).await;
        }
        until("it is cut", || router.handle.counters().overflows == 1).await;
        check_abort(&mut stopped).await;
        callee.round_trip("com.example.after").await;
    }
}

/// Reads to the end, which has to be an ABORT with a reason and a close, as far as the transport has one.
async fn check_abort(stopped: &mut Stopped) {
    let mut abort = None;
    loop {
        match stopped.listen().await {
            Heard::Message(message) if message[0] == 3 => abort = Some(message),
            Heard::Message(message) => assert!(abort.is_none(), "{message}"),
            Heard::Close(code) => assert_eq!(code, 1008),
            Heard::Gone => break,
        }
    }
    let abort = abort.expect("there was an ABORT");
    assert_eq!(abort[2], "wamplex.error.slow_consumer");
    assert_eq!(abort[1]["message"], "too slow: too much is waiting to be sent");
}

#[tokio::test]
async fn by_default_a_client_that_stops_reading_is_disconnected_with_a_reason_and_others_learn_why()
{
    let limits = [
        SlowConsumers { bytes: Some(BYTES), ..SlowConsumers::default() },
        SlowConsumers { messages: Some(10), ..SlowConsumers::default() },
    ];
    for (over, limits) in Over::BOTH.into_iter().flat_map(|over| limits.map(|it| (over, it))) {
        let router = street(limits).await;
        let mut watcher = Peer::join(router.address, Serializer::Json).await;
        watcher.subscribe("wamplex.session.on_slow").await;
        let mut publisher = Peer::join(router.address, Serializer::Json).await;
        let (mut stopped, session) = subscribed(over, &router, Serializer::Json).await;
        let filler = "x".repeat(EVENT);
        let mut number = 0;
        while router.handle.counters().overflows == 0 {
            publish(&mut publisher, number, &filler).await;
            number += 1;
            assert!(number < EVENTS, "it is cut before the flood is over");
        }
        let report = watcher.hear().await[4][0].clone();
        let expected = json!({
            "session": session, "authid": report["authid"], "authrole": "anonymous",
            "policy": "disconnect", "dropped": 0, "topics": {}, "disconnected": true,
            "reason": "too slow: too much is waiting to be sent",
        });
        assert_eq!(report, expected);
        check_abort(&mut stopped).await;
        assert_eq!(metric(&router, "wamplex_overflows_total").await, 1);
    }
}

#[tokio::test]
async fn a_session_that_watches_hears_of_its_own_losses() {
    let policy = SlowConsumerPolicy::DropOldest;
    let router = street(dropping(policy)).await;
    let (mut stopped, session) = subscribed(Over::WebSocket, &router, Serializer::Json).await;
    let watching = stopped.subscribe("wamplex.session.on_slow", &json!({})).await;
    let mut publisher = Peer::join(router.address, Serializer::Json).await;
    let filler = "x".repeat(EVENT);
    let mut number = 0;
    while dropped(&router, policy).await == 0 {
        publish(&mut publisher, number, &filler).await;
        number += 1;
    }
    loop {
        let event = stopped.hear().await;
        assert_eq!(event[0], 36);
        if event[1] == json!(watching) {
            assert_eq!(event[4][0]["session"], json!(session));
            break;
        }
    }
}

#[tokio::test]
async fn the_words_of_the_listener_come_before_those_of_the_realm_and_a_session_keeps_its_own() {
    let (newest, oldest) = (SlowConsumerPolicy::DropNewest, SlowConsumerPolicy::DropOldest);
    let of_realm = SlowConsumers { messages: Some(10), ..dropping(newest) };
    let router = street(of_realm).await;
    let mut publisher = Peer::join(router.address, Serializer::Json).await;
    let (mut before, _) = subscribed(Over::RawSocket, &router, Serializer::Json).await;
    // From now on the listener says something of its own; how many messages may wait it leaves to the realm.
    let mut config = config();
    configure(&mut config, of_realm);
    config.listeners[0].slow_consumers.policy = Some(oldest);
    let report = router.handle.reload(config).await.unwrap();
    assert_eq!(report.to_string(), "listener 127.0.0.1:0 changed (slow_consumers)");
    let (mut after, _) = subscribed(Over::RawSocket, &router, Serializer::Json).await;
    let filler = "x".repeat(EVENT);
    for number in 0..EVENTS {
        publish(&mut publisher, number, &filler).await;
    }
    let numbers = |events: Vec<Event>| events.into_iter().map(|it| it.number).collect::<Vec<_>>();
    let first = numbers(read_on(&mut before).await.0);
    assert_eq!(first, (0..first.len()).collect::<Vec<_>>(), "the newest are lost");
    assert_eq!((EVENTS - first.len()) as u64, dropped(&router, newest).await);
    let last = numbers(read_on(&mut after).await.0);
    assert_eq!(last[last.len() - 10..], (EVENTS - 10..EVENTS).collect::<Vec<_>>());
    assert!(last[last.len() - 11] < EVENTS - 11, "ten wait");
    assert_eq!((EVENTS - last.len()) as u64, dropped(&router, oldest).await);
}
