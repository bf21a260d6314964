//! Events that are kept, published from several threads at once: what is kept has the order of what is delivered.

#![allow(clippy::unwrap_used, clippy::wildcard_enum_match_arm, reason = "all of this is a test")]

mod stage;

use core::ops::ControlFlow;
use parking_lot::{Mutex, RwLock};
use stage::{args, every_feature, request, session};
use std::{sync::Arc, thread};
use wamplex_realm::{
    HistoryQuery, HistoryRule, HistoryStore, Joining, KeptEvent, Outbound, Realm, RealmConfig,
    Sink, UnknownPublication,
};
use wamplex_shared::{
    codec,
    id::PublicationId,
    message::*,
    serializer::Serializer,
    time::Time,
    uri::{MatchPolicy, Uri},
    uris,
    value::Value,
};

type Inbox = Arc<Mutex<Vec<Message>>>;

struct Inboxes;

impl Sink<Inbox> for Inboxes {
    fn deliver(&mut self, to: &Inbox, message: Outbound) {
        to.lock().push(message.to_message());
    }
}

fn realm() -> Realm<Inbox> {
    let mut config = RealmConfig::new("realm1", 7);
    let mut rule = HistoryRule::new(MatchPolicy::Prefix, "com.");
    (rule.events, rule.bytes) = (100_000, usize::MAX);
    config.history.rules.push(rule);
    Realm::new(config)
}

fn subscribe(realm: &mut Realm<Inbox>, n: u64, get_retained: bool) -> Inbox {
    let inbox = Inbox::default();
    let who = Joining::new(session(n), every_feature());
    let member = realm.join(who, Arc::clone(&inbox), Time::ZERO, &mut Inboxes);
    let match_policy = MatchPolicy::Prefix;
    let options = SubscribeOptions { match_policy, get_retained, ..SubscribeOptions::default() };
    let message = Subscribe { request: request(1), options, topic: "com.".into() };
    realm.subscribe(&member, message, Time::ZERO, &mut Inboxes).unwrap();
    inbox
}

fn publications(inbox: &Inbox) -> Vec<(Uri, PublicationId)> {
    let inbox = inbox.lock();
    let events = inbox.iter().filter_map(|message| match message {
        Message::Event(m) => Some((m.details.topic.clone().unwrap(), m.publication)),
        _ => None,
    });
    events.collect()
}

#[test]
fn subscribers_history_and_retention_agree_on_the_order_of_events() {
    const PUBLISHERS: u64 = 4;
    const EVENTS: u64 = 2_500;
    let mut realm = realm();
    let subscribers = [1, 2].map(|n| subscribe(&mut realm, n, false));
    let realm = RwLock::new(realm);
    thread::scope(|scope| {
        for n in 10..10 + PUBLISHERS {
            let realm = &realm;
            scope.spawn(move || {
                let who = Joining::new(session(n), every_feature());
                let member = realm.write().join(who, Inbox::default(), Time::ZERO, &mut Inboxes);
                for i in 1..=EVENTS {
                    let options = PublishOptions { retain: true, ..PublishOptions::default() };
                    let topic = Uri::from(format!("com.{}", i % 3));
                    let publish =
                        Publish { request: request(i), options, topic, payload: args("1") };
                    // Those who look at the clock first are not always those who publish first.
                    let now = Time::from_millis(i ^ n);
                    realm.read().publish(&member, publish, now, &mut Inboxes).unwrap();
                }
            });
        }
    });
    let mut realm = realm.into_inner();
    realm.check().unwrap();
    let live = publications(&subscribers[0]);
    assert_eq!(live.len() as u64, PUBLISHERS * EVENTS);
    assert_eq!(live, publications(&subscribers[1]));
    assert_eq!(live, history(&mut realm, &live));
    let is_last = |at: usize| live[at + 1..].iter().all(|(topic, _)| *topic != live[at].0);
    let last: Vec<_> =
        (0..live.len()).filter(|at| is_last(*at)).map(|at| live[at].clone()).collect();
    assert_eq!(publications(&subscribe(&mut realm, 3, true)), last);
}

/// All events of the subscription, a page at a time.
fn history(
    realm: &mut Realm<Inbox>,
    expected: &[(Uri, PublicationId)],
) -> Vec<(Uri, PublicationId)> {
    let inbox = subscribe(realm, 4, false);
    let Message::Subscribed(Subscribed { subscription, .. }) = inbox.lock()[0] else { panic!() };
    let caller = Arc::clone(realm.session(session(4)).unwrap());
    let mut found: Vec<(Uri, PublicationId)> = Vec::new();
    for n in 2.. {
        let kwargs = found.last().map(|(_, last)| ("after_publication", Value::from(*last)));
        let payload = codec::write_values(
            Serializer::Cbor,
            &[subscription.into()],
            &kwargs.into_iter().collect(),
        );
        let procedure = Uri::from_static(uris::subscription::GET_EVENTS);
        let call =
            Call { request: request(n), options: CallOptions::default(), procedure, payload };
        realm.call_meta(&caller, call, Time::ZERO, &mut Inboxes).unwrap();
        let Some(Message::Result(result)) = inbox.lock().pop() else { panic!() };
        let (args, more) = codec::read_values(&result.payload).unwrap();
        let mut timestamp = None;
        for event in args[0].as_list().unwrap() {
            let event = event.as_dict().unwrap();
            let details = event.get("details").unwrap().as_dict().unwrap();
            let topic = details.get("topic").unwrap().as_str().unwrap().clone();
            let publication = event.get("publication").unwrap().as_u64().unwrap();
            found.push((topic.into(), PublicationId::new(publication).unwrap()));
            let time = event.get("timestamp").unwrap().as_str().cloned();
            assert!(timestamp <= time, "time goes backwards");
            timestamp = time;
        }
        assert!(expected.starts_with(&found));
        if more.get("more").is_none() {
            break;
        }
    }
    found
}

/// A store that somebody else wrote: it notes what it is told, and finds nothing again.
struct Notes(Arc<Mutex<Vec<(usize, Uri)>>>);

impl HistoryStore for Notes {
    fn append(&mut self, rule: usize, event: Arc<KeptEvent>) {
        self.0.lock().push((rule, event.topic.clone()));
    }

    fn query(
        &self,
        query: &HistoryQuery,
        _: &mut dyn FnMut(&Arc<KeptEvent>) -> ControlFlow<()>,
    ) -> Result<(), UnknownPublication> {
        if query.from.is_some() { Err(UnknownPublication) } else { Ok(()) }
    }

    fn check(&self) -> Result<(), String> {
        Ok(())
    }
}

#[test]
fn a_realm_keeps_its_history_where_it_is_told_to() {
    let mut config = RealmConfig::new("realm1", 7);
    for (policy, pattern) in [
        (MatchPolicy::Prefix, "com."),
        (MatchPolicy::Exact, "com.a"),
        (MatchPolicy::Wildcard, "org..c"),
        (MatchPolicy::Prefix, "com.long."),
    ] {
        config.history.rules.push(HistoryRule::new(policy, pattern));
    }
    let notes = Arc::default();
    let mut realm = Realm::new(config).with_history(Box::new(Notes(Arc::clone(&notes))));
    let who = Joining::new(session(1), every_feature());
    let member = realm.join(who, Inbox::default(), Time::ZERO, &mut Inboxes);
    for (n, topic) in (1..).zip(["com.b", "com.a", "net.x", "org.b.c", "com.long.a", "org.c"]) {
        let options = PublishOptions::default();
        let publish =
            Publish { request: request(n), options, topic: topic.into(), payload: args("1") };
        realm.publish(&member, publish, Time::ZERO, &mut Inboxes).unwrap();
    }
    let expected = [(0, "com.b"), (1, "com.a"), (2, "org.b.c"), (3, "com.long.a")];
    assert_eq!(*notes.lock(), expected.map(|(rule, topic)| (rule, Uri::from_static(topic))));
}
