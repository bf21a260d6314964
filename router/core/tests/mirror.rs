//! Who hears all events about the realm knows at any time what the procedures would answer: a session draws its own
//! picture of the realm from events alone, through random operations of others, and asks after each of them.
//!
//! The seed is random and printed when the test fails; `WAMPLEX_SEED` repeats it.

#![allow(clippy::unwrap_used, clippy::wildcard_enum_match_arm, reason = "all of this is a test")]

mod stage;

use stage::{Stage, Who};
use std::{
    collections::{BTreeMap, BTreeSet},
    hash::{BuildHasher, RandomState},
};
use wamplex_shared::{
    codec,
    id::{GlobalIds, RegistrationId, SubscriptionId},
    message::*,
    uri::MatchPolicy,
    uris,
    value::{Dict, List, Value},
};

/// The session that watches. The others have smaller ids.
const WATCHER: Who = 1_000_000;

const OPERATIONS: usize = 1500;

const URIS: [&str; 5] = ["com", "com.a", "com.a.b", "com.b", "wamp.session.on_join"];

/// The realm as its events tell it.
#[derive(Debug, Default)]
struct Picture {
    sessions: BTreeSet<u64>,
    subscriptions: BTreeMap<u64, Entry>,
    registrations: BTreeMap<u64, Entry>,
}

/// A subscription or registration.
#[derive(Debug)]
struct Entry {
    details: Dict,
    members: BTreeSet<u64>,
}

impl Picture {
    /// Takes in one event. Every one of them has to fit what was known before.
    fn hear(&mut self, topic: &str, args: &List) {
        let id = |at: usize| args[at].as_u64().unwrap();
        let (kind, what) = topic.strip_prefix("wamp.").unwrap().split_once('.').unwrap();
        let entries = match kind {
            "session" => return self.hear_of_session(what, args),
            "subscription" => &mut self.subscriptions,
            "registration" => &mut self.registrations,
            other => panic!("{other}"),
        };
        assert!(self.sessions.contains(&id(0)), "{topic} {args:?}: the session is not there");
        match what {
            "on_create" => {
                let details = args[1].as_dict().unwrap().clone();
                let id = details.get("id").unwrap().as_u64().unwrap();
                let entry = Entry { details, members: BTreeSet::new() };
                assert!(entries.insert(id, entry).is_none(), "{topic} {args:?}: it is there");
            }
            "on_subscribe" | "on_register" => {
                assert!(entries.get_mut(&id(1)).unwrap().members.insert(id(0)), "{topic} {args:?}");
            }
            "on_unsubscribe" | "on_unregister" => {
                assert!(
                    entries.get_mut(&id(1)).unwrap().members.remove(&id(0)),
                    "{topic} {args:?}"
                );
            }
            "on_delete" => {
                let entry = entries.remove(&id(1)).unwrap();
                assert!(entry.members.is_empty(), "{topic} {args:?}: {entry:?}");
            }
            other => panic!("{other}"),
        }
    }

    fn hear_of_session(&mut self, what: &str, args: &List) {
        match what {
            "on_join" => {
                let id = args[0].as_dict().unwrap().get("session").unwrap();
                assert!(self.sessions.insert(id.as_u64().unwrap()), "{args:?} joined twice");
            }
            "on_leave" => {
                let id = args[0].as_u64().unwrap();
                assert!(self.sessions.remove(&id), "{args:?} left twice");
                let held = self.subscriptions.values().chain(self.registrations.values());
                assert!(held.into_iter().all(|entry| !entry.members.contains(&id)), "{args:?}");
            }
            other => panic!("{other}"),
        }
    }
}

/// A realm, its watcher and the picture it has.
struct Watch {
    stage: Stage,
    picture: Picture,
    joined: Who,
    dice: GlobalIds,
}

impl Watch {
    fn new(seed: u64) -> Self {
        let mut stage = Stage::new();
        stage.join(WATCHER);
        let policy = SubscribeOptions { match_policy: MatchPolicy::Prefix, ..Default::default() };
        stage.subscribed(WATCHER, "wamp.", policy);
        let mut picture = Picture::default();
        picture.sessions.insert(WATCHER);
        Self { stage, picture, joined: 0, dice: GlobalIds::new(seed) }
    }

    fn roll(&mut self, sides: usize) -> usize {
        usize::try_from(self.dice.draw()).unwrap() % sides
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> Option<T> {
        if from.is_empty() { None } else { Some(from[self.roll(from.len())]) }
    }

    /// Does something that may change the realm, or be refused.
    fn act(&mut self) {
        let others: Vec<Who> =
            self.picture.sessions.iter().copied().filter(|n| *n != WATCHER).collect();
        let (what, who) = (self.roll(16), self.pick(&others));
        let Some(who) = who.filter(|_| what > 1 || others.len() > 5) else {
            self.joined += 1;
            self.stage.join_as(self.joined, stage::every_feature(), Some(("bob", "user")));
            return;
        };
        let subscription =
            self.pick(&self.picture.subscriptions.keys().copied().collect::<Vec<_>>());
        let registration =
            self.pick(&self.picture.registrations.keys().copied().collect::<Vec<_>>());
        match what {
            0..=1 => self.stage.leave(who),
            2..=5 => self.subscribe(who),
            6..=9 => self.register(who),
            10..=11 => {
                if let Some(id) = subscription.and_then(SubscriptionId::new) {
                    self.stage.unsubscribe(who, id);
                }
            }
            12 => {
                if let Some(id) = registration.and_then(RegistrationId::new) {
                    self.stage.unregister(who, id);
                }
            }
            13 => self.ask(uris::session::KILL, &[who.into()]),
            14 => self.ask(
                uris::subscription::REMOVE_SUBSCRIBER,
                &[subscription.unwrap_or(1).into(), who.into()],
            ),
            _ => self.ask(
                uris::registration::REMOVE_CALLEE,
                &[registration.unwrap_or(1).into(), who.into()],
            ),
        }
    }

    fn subscribe(&mut self, who: Who) {
        let (topic, match_policy) = (URIS[self.roll(URIS.len())], self.policy());
        let options = SubscribeOptions { match_policy, ..SubscribeOptions::default() };
        self.stage.subscribe(who, topic, options);
    }

    fn register(&mut self, who: Who) {
        let (procedure, match_policy) = (URIS[self.roll(URIS.len())], self.policy());
        let invoke = [InvocationPolicy::Single, InvocationPolicy::First][self.roll(2)];
        let options = RegisterOptions { match_policy, invoke, ..RegisterOptions::default() };
        self.stage.register(who, procedure, options);
    }

    fn policy(&mut self) -> MatchPolicy {
        [MatchPolicy::Exact, MatchPolicy::Prefix, MatchPolicy::Wildcard][self.roll(3)]
    }

    /// Whether it is refused does not matter here.
    fn ask(&mut self, procedure: &str, args: &[Value]) {
        let _ = self.stage.ask(WATCHER, procedure, args, &Dict::new());
    }

    /// Lets the watcher hear what has happened.
    fn listen(&mut self) {
        for (to, message) in self.stage.take() {
            if let (WATCHER, Message::Event(event)) = (to, message) {
                let (args, _) = codec::read_values(&event.payload).unwrap();
                self.picture.hear(event.details.topic.unwrap().as_str(), &args);
            }
        }
    }

    fn answer(&mut self, procedure: &str, args: &[Value]) -> Value {
        self.stage.ask(WATCHER, procedure, args, &Dict::new()).unwrap()
    }

    /// Asks for everything the watcher believes.
    fn compare(&mut self) {
        let sessions: List = self.picture.sessions.iter().map(|id| (*id).into()).collect();
        assert_eq!(self.answer(uris::session::LIST, &[]), Value::List(sessions));
        let entries = core::mem::take(&mut self.picture.registrations);
        self.compare_entries(&entries, uris::registration::GET, uris::registration::LIST_CALLEES);
        assert_eq!(self.listed(uris::registration::LIST), entries.keys().copied().collect());
        self.picture.registrations = entries;
        let entries = core::mem::take(&mut self.picture.subscriptions);
        self.compare_entries(
            &entries,
            uris::subscription::GET,
            uris::subscription::LIST_SUBSCRIBERS,
        );
        let listed = self.listed(uris::subscription::LIST);
        // Those to topics of the protocol are listed, and not heard of.
        assert!(entries.keys().all(|id| listed.contains(id)), "{listed:?}");
        for id in listed.into_iter().filter(|id| !entries.contains_key(id)) {
            let details = self.answer(uris::subscription::GET, &[id.into()]);
            let uri = details.as_dict().unwrap().get("uri").unwrap().as_str().unwrap().clone();
            assert!(uri.starts_with("wamp."), "{uri} was not heard of");
        }
        self.picture.subscriptions = entries;
    }

    fn compare_entries(&mut self, entries: &BTreeMap<u64, Entry>, get: &str, list: &str) {
        for (id, Entry { details, members }) in entries {
            let id = [Value::from(*id)];
            assert_eq!(self.answer(get, &id), Value::Dict(details.clone()));
            let found = self.answer(list, &id);
            let found: BTreeSet<u64> =
                found.as_list().unwrap().iter().map(|id| id.as_u64().unwrap()).collect();
            assert_eq!(found, *members);
        }
    }

    fn listed(&mut self, procedure: &str) -> BTreeSet<u64> {
        let lists = self.answer(procedure, &[]);
        let lists = lists.as_dict().unwrap().iter().map(|(_, ids)| ids.as_list().unwrap());
        lists.flatten().map(|id| id.as_u64().unwrap()).collect()
    }
}

#[test]
fn events_tell_all_that_procedures_answer() {
    let seed = std::env::var("WAMPLEX_SEED")
        .ok()
        .map_or_else(|| RandomState::new().hash_one(0), |seed| seed.parse().unwrap());
    println!("WAMPLEX_SEED={seed}");
    let mut watch = Watch::new(seed);
    for _ in 0..OPERATIONS {
        watch.act();
        watch.listen();
        watch.compare();
    }
    assert!(watch.joined > 20, "there was some coming and going");
}
