//! A realm behind a read-write lock and sessions on threads of their own, for the tests of this folder.

#![allow(dead_code, reason = "every test file is a crate of its own and uses a part of this")]

use crate::stage::{every_feature, session};
use core::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use parking_lot::{Mutex, RwLock};
use std::{sync::Arc, thread};
use wamplex_realm::{Joining, Member, Outbound, Realm, RealmConfig, Sink};
use wamplex_shared::{
    id::{GlobalIds, RequestIds},
    message::*,
    time::Time,
};

pub(crate) type Inbox = Arc<Mutex<Vec<Message>>>;

pub(crate) struct Inboxes;

impl Sink<Inbox> for Inboxes {
    fn deliver(&mut self, to: &Inbox, message: Outbound) {
        to.lock().push(message.to_message());
    }
}

/// What all threads share.
pub(crate) struct World {
    pub(crate) realm: RwLock<Realm<Inbox>>,
    /// Milliseconds, advanced by whoever makes progress: no clock.
    pub(crate) now: AtomicU64,
    /// Callers and publishers still at work.
    pub(crate) busy: AtomicU64,
    pub(crate) done: AtomicBool,
    /// Events that subscribers have seen.
    pub(crate) seen: AtomicU64,
}

impl World {
    /// An empty realm, and this many sessions that have work to do.
    pub(crate) fn new(busy: u64) -> Self {
        Self {
            realm: RwLock::new(Realm::new(RealmConfig::new("realm1", 1))),
            now: AtomicU64::new(0),
            busy: AtomicU64::new(busy),
            done: AtomicBool::new(false),
            seen: AtomicU64::new(0),
        }
    }
}

/// One session and the thread that handles it.
pub(crate) struct Peer<'a> {
    pub(crate) world: &'a World,
    pub(crate) member: Arc<Member<Inbox>>,
    pub(crate) inbox: Inbox,
    pub(crate) requests: RequestIds,
    pub(crate) dice: GlobalIds,
}

impl Drop for Peer<'_> {
    /// Whoever fails ends the test for all: the others would wait for its answers.
    fn drop(&mut self) {
        if thread::panicking() {
            self.world.done.store(true, SeqCst);
        }
    }
}

impl<'a> Peer<'a> {
    pub(crate) fn join(world: &'a World, n: u64) -> Self {
        let inbox = Inbox::default();
        let who = Joining::new(session(n), every_feature());
        let member = world.realm.write().join(who, inbox.clone(), Time::ZERO, &mut Inboxes);
        Self { world, member, inbox, requests: RequestIds::new(), dice: GlobalIds::new(n) }
    }

    /// The next batch of what the realm sent.
    pub(crate) fn receive(&self) -> Vec<Message> {
        core::mem::take(&mut *self.inbox.lock())
    }

    pub(crate) fn leave(&self) {
        self.world.realm.write().leave(&self.member, self.now(), &mut Inboxes);
    }

    pub(crate) fn now(&self) -> Time {
        Time::from_millis(self.world.now.load(SeqCst))
    }

    /// A number below `n`.
    pub(crate) fn roll(&mut self, n: u64) -> u64 {
        self.dice.draw() % n
    }

    /// Handles a message as the router does: one lock, one method.
    pub(crate) fn send(&self, message: impl Into<Message>) {
        let (realm, member, now, out) = (&self.world.realm, &self.member, self.now(), &mut Inboxes);
        match message.into() {
            Message::Subscribe(m) => realm.write().subscribe(member, m, now, out),
            Message::Unsubscribe(m) => realm.write().unsubscribe(member, m, now, out),
            Message::Register(m) => realm.write().register(member, m, now, out),
            Message::Unregister(m) => realm.write().unregister(member, m, now, out),
            Message::Publish(m) => realm.read().publish(member, m, now, out),
            Message::Call(m) => realm.read().call(member, m, now, out),
            Message::Cancel(m) => realm.read().cancel(member, m, now, out),
            Message::Yield(m) => realm.read().yield_(member, m, now, out),
            Message::Error(m) => realm.read().error(member, m, now, out),
            other => panic!("{other:?}"),
        }
        .unwrap();
    }
}

/// Lets time pass, so that calls nobody answers come to an end, and ends the test when all work is done.
pub(crate) fn clock(world: &World) {
    while world.busy.load(SeqCst) > 0 && !world.done.load(SeqCst) {
        let now = Time::from_millis(world.now.fetch_add(1, SeqCst));
        let realm = world.realm.read();
        if realm.poll_timeout().is_some_and(|at| at <= now) {
            realm.handle_timeout(now, &mut Inboxes);
        }
        drop(realm);
        thread::yield_now();
    }
    world.done.store(true, SeqCst);
}

pub(crate) fn number(payload: &[u8]) -> u64 {
    core::str::from_utf8(payload).unwrap().trim_matches(['[', ']']).parse().unwrap()
}
