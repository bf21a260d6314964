//! Publishers and subscribers, who come and go.

use super::{Load, code, number};
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};
use tokio::{sync::Semaphore, task::JoinSet};
use wamplex_shared::message::MessageCode;
use wamplex_tests::harness::Client;

const PUBLISHERS: usize = 4;
const SUBSCRIBERS: usize = 6;
/// How many events each publisher has, and how many of them it publishes at once.
const EVENTS: usize = 400;
const BURST: usize = 25;
/// After how many events of its steady subscription a subscriber takes up another one or gives it up.
const TURN: usize = 20;

const TOPICS: [&str; 3] = ["load.event.a", "load.event.b", "load.other.c"];

/// What each subscriber takes up and gives up in turn. All of it overlaps with its steady subscription to `load.`.
const CHANGING: [(&str, &str); 4] = [
    ("exact", TOPICS[0]),
    ("prefix", "load.event."),
    ("wildcard", "load..c"),
    ("exact", TOPICS[1]),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn events_of_a_publisher_keep_their_order_while_subscriptions_come_and_go() {
    let load = Load::start().await;
    let pace: Vec<_> = (0..PUBLISHERS).map(|_| Arc::new(Semaphore::new(2))).collect();
    // All in one set: whoever fails ends those who wait for it.
    let mut sessions = JoinSet::new();
    for at in 0..SUBSCRIBERS {
        let mut subscriber = Subscriber::new(load.join(at).await);
        // Whoever publishes has everybody here before.
        subscriber.take_up("prefix", "load.").await;
        let pace = pace.get(at).cloned();
        sessions.spawn(async { Some(subscriber.listen(pace).await) });
    }
    for (at, pace) in pace.into_iter().enumerate() {
        let publisher = load.join(at + 1).await;
        sessions.spawn(async move {
            publish(publisher, at, pace).await;
            None
        });
    }
    for (turns, events) in sessions.join_all().await.into_iter().flatten() {
        assert_eq!(turns, PUBLISHERS * EVENTS / TURN, "as often as it should");
        assert!(events > PUBLISHERS * EVENTS, "the changing subscriptions have received some too");
    }
}

/// Publishes to all topics in turn, a burst for each permit.
async fn publish(mut client: Client, publisher: usize, pace: Arc<Semaphore>) {
    for event in 0..EVENTS {
        if event % BURST == 0 {
            pace.acquire().await.unwrap().forget();
        }
        let last = event % BURST == BURST - 1;
        let topic = TOPICS[event % TOPICS.len()];
        let rest = [json!({"acknowledge": last}), topic.into(), json!([publisher, event])];
        let request = client.request(MessageCode::Publish, rest).await;
        if last {
            let answer = client.receive().await;
            assert_eq!(
                (code(&answer), number(&answer[1])),
                (MessageCode::Published, request as usize)
            );
        }
    }
}

struct Subscriber {
    client: Client,
    /// The subscriptions it has been told it has: who has published last for each, by publisher.
    live: BTreeMap<u64, Held>,
    /// The last event of each publisher, with its publication and the subscriptions it has come for.
    last: BTreeMap<usize, (usize, Value, BTreeSet<u64>)>,
    steady: u64,
    events: usize,
}

/// A subscription and what it has received since it was taken up.
struct Held {
    matches: (String, String),
    last: BTreeMap<usize, usize>,
}

impl Subscriber {
    fn new(client: Client) -> Self {
        let (live, last) = (BTreeMap::new(), BTreeMap::new());
        Self { client, live, last, steady: 0, events: 0 }
    }

    /// Receives all events, and changes a subscription at every turn. How many turns, and how many events.
    async fn listen(mut self, pace: Option<Arc<Semaphore>>) -> (usize, usize) {
        self.steady = *self.live.keys().next().unwrap();
        let (mut turns, mut seen) = (0, 0);
        let mut held = [None; CHANGING.len()];
        while self.steady_events() < PUBLISHERS * EVENTS {
            let message = self.client.receive().await;
            self.event(&message);
            while self.steady_events() >= seen + TURN {
                seen += TURN;
                let at = turns % CHANGING.len();
                held[at] = match held[at] {
                    Some(subscription) => {
                        self.give_up(subscription).await;
                        None
                    }
                    None => Some(self.take_up(CHANGING[at].0, CHANGING[at].1).await),
                };
                turns += 1;
                if let Some(pace) = &pace {
                    pace.add_permits(1);
                }
            }
        }
        for subscription in held.into_iter().flatten().chain([self.steady]) {
            self.give_up(subscription).await;
        }
        (turns, self.events)
    }

    /// How many events the subscription has received that it never gives up.
    fn steady_events(&self) -> usize {
        self.live[&self.steady].last.values().map(|event| event + 1).sum()
    }

    async fn take_up(&mut self, kind: &str, topic: &str) -> u64 {
        let rest = [json!({"match": kind}), topic.into()];
        let request = self.client.request(MessageCode::Subscribe, rest).await;
        let answer = self.answer(MessageCode::Subscribed, request).await;
        let subscription = answer[2].as_u64().unwrap();
        let matches = (kind.to_owned(), topic.to_owned());
        let before = self.live.insert(subscription, Held { matches, last: BTreeMap::new() });
        assert!(before.is_none(), "it was given up before");
        subscription
    }

    async fn give_up(&mut self, subscription: u64) {
        let request = self.client.request(MessageCode::Unsubscribe, [subscription.into()]).await;
        self.answer(MessageCode::Unsubscribed, request).await;
        self.live.remove(&subscription).expect("it is there");
    }

    /// Awaits the answer to a request, among events.
    async fn answer(&mut self, kind: MessageCode, request: u64) -> Value {
        loop {
            let message = self.client.receive().await;
            if code(&message) != MessageCode::Event {
                assert_eq!((code(&message), &message[1]), (kind, &json!(request)), "{message}");
                return message;
            }
            self.event(&message);
        }
    }

    /// Checks an event against those before it.
    fn event(&mut self, message: &Value) {
        assert_eq!(code(message), MessageCode::Event, "{message}");
        let subscription = message[1].as_u64().unwrap();
        let (publisher, event) = (number(&message[4][0]), number(&message[4][1]));
        let held = self.live.get_mut(&subscription).unwrap_or_else(|| {
            panic!("{message} before SUBSCRIBED or after UNSUBSCRIBED");
        });
        held.check(publisher, event, message);
        let (last, publication, came_for) = self
            .last
            .entry(publisher)
            .or_insert_with(|| (event, message[2].clone(), BTreeSet::new()));
        if *last != event {
            assert!(*last < event, "{message} after event {last} of its publisher");
            (*last, *publication, *came_for) = (event, message[2].clone(), BTreeSet::new());
        }
        assert_eq!(*publication, message[2], "one event is one publication");
        assert!(came_for.insert(subscription), "{message} has come before");
        self.events += 1;
    }
}

impl Held {
    /// Nothing is left out between two events, and the topic is one that the subscription matches.
    fn check(&mut self, publisher: usize, event: usize, message: &Value) {
        let (kind, pattern) = (self.matches.0.as_str(), self.matches.1.as_str());
        let fits = |event: usize| match (kind, TOPICS[event % TOPICS.len()]) {
            ("exact", topic) => topic == pattern,
            ("prefix", topic) => topic.starts_with(pattern),
            (_, topic) => topic == TOPICS[2],
        };
        assert!(fits(event), "{message} for {kind} {pattern}");
        let last = self.last.insert(publisher, event);
        let begin = match last {
            Some(last) => last + 1,
            // The steady one was there before the first event; others begin wherever they begin.
            None if pattern == "load." => 0,
            None => event,
        };
        let left_out = (begin..event).find(|event| fits(*event));
        assert_eq!(left_out, None, "left out before {message} for {kind} {pattern}");
    }
}
