//! The data plane on several threads at once, behind a read-write lock as in the router: order per pair of sessions,
//! nothing before its acknowledgement or after its end, and exactly one last answer per call.

#![allow(clippy::unwrap_used, clippy::wildcard_enum_match_arm, reason = "all of this is a test")]

mod stage;
mod threads;

use core::sync::atomic::Ordering::SeqCst;
use stage::{args, request};
use std::{
    collections::{BTreeMap, BTreeSet},
    thread,
};
use threads::{Peer, World, clock, number};
use wamplex_shared::{
    id::{RequestId, SessionId},
    message::*,
    uri::MatchPolicy,
};

const CALLERS: u64 = 3;
const CALLEES: u64 = 2;
const PUBLISHERS: u64 = 2;
const SUBSCRIBERS: u64 = 2;
const CALLS: u64 = 2_000;
const EVENTS: u64 = 2_000;
/// How many events the subscribers have to see altogether, between all their coming and going.
const SEEN: u64 = 2_000;

/// Publishes 1, 2, 3 … to topics that overlap in patterns.
fn publisher(mut peer: Peer<'_>) {
    for n in 1.. {
        if peer.world.done.load(SeqCst) || (n > EVENTS && peer.world.seen.load(SeqCst) >= SEEN) {
            break;
        }
        let topic = format!("com.topic{}", peer.roll(3));
        let options = PublishOptions { disclose_me: Some(true), ..PublishOptions::default() };
        let request = peer.requests.take();
        let payload = args(&n.to_string());
        peer.send(Publish { request, options, topic: topic.into(), payload });
        if n > EVENTS {
            // What is missing now is up to the subscribers.
            thread::yield_now();
        }
    }
    peer.world.busy.fetch_sub(1, SeqCst);
}

/// Subscribes and unsubscribes all the time, and checks what comes in between.
fn subscriber(mut peer: Peer<'_>) {
    let mut open = BTreeMap::new();
    let mut asked = BTreeMap::new();
    let mut closing = BTreeMap::new();
    let mut last: BTreeMap<(u64, SessionId), u64> = BTreeMap::new();
    while !peer.world.done.load(SeqCst) {
        for message in peer.receive() {
            match message {
                Message::Subscribed(m) => {
                    let what = asked.remove(&m.request).unwrap();
                    open.insert(m.subscription, what);
                }
                Message::Unsubscribed(m) => {
                    let id = closing.remove(&m.request.unwrap()).unwrap();
                    open.remove(&id).unwrap();
                }
                Message::Event(m) => {
                    peer.world.seen.fetch_add(1, SeqCst);
                    assert!(
                        open.contains_key(&m.subscription),
                        "an event outside its subscription"
                    );
                    let publisher = m.details.publisher.unwrap();
                    let number = number(m.payload.bytes());
                    let previous = last.insert((m.subscription.get(), publisher), number);
                    assert!(previous.is_none_or(|p| p < number), "{previous:?} before {number}");
                }
                other => panic!("{other:?}"),
            }
        }
        let request = peer.requests.take();
        if asked.is_empty() && closing.is_empty() && peer.roll(2) == 0 {
            let (topic, match_policy) = [
                ("com.topic1", MatchPolicy::Exact),
                ("com.", MatchPolicy::Prefix),
                (".topic2", MatchPolicy::Wildcard),
            ][peer.roll(3) as usize];
            asked.insert(request, topic);
            let options = SubscribeOptions { match_policy, ..SubscribeOptions::default() };
            peer.send(Subscribe { request, options, topic: topic.into() });
        } else if closing.is_empty()
            && asked.is_empty()
            && let Some(subscription) = open.keys().next().copied()
        {
            closing.insert(request, subscription);
            peer.send(Unsubscribe { request, subscription });
        } else {
            // Uses the id, so that the next one follows.
            let options = PublishOptions::default();
            peer.send(Publish { request, options, topic: "org.other".into(), payload: args("0") });
        }
        thread::yield_now();
    }
}

/// Calls, cancels some of the calls, and counts the answers.
fn caller(mut peer: Peer<'_>) {
    let mut open = BTreeSet::new();
    let mut over = BTreeSet::new();
    for n in 0..CALLS {
        let request = peer.requests.take();
        let timeout = [None, Some(1), Some(20)][peer.roll(3) as usize];
        let options = CallOptions {
            receive_progress: true,
            timeout,
            disclose_me: Some(true),
            ..CallOptions::default()
        };
        let procedure = ["com.shared", "com.own1", "com.own2"][peer.roll(3) as usize];
        open.insert(request);
        let payload = args(&(n + 1).to_string());
        peer.send(Call { request, options, procedure: procedure.into(), payload });
        if peer.roll(4) == 0 {
            let modes = [
                None,
                Some(CancelMode::Skip),
                Some(CancelMode::Kill),
                Some(CancelMode::KillNoWait),
            ];
            let options =
                CancelOptions { mode: modes[peer.roll(4) as usize], ..CancelOptions::default() };
            peer.send(Cancel { request, options });
        }
        peer.world.now.fetch_add(1, SeqCst);
        while open.len() > 50 && !peer.world.done.load(SeqCst) {
            settle(&peer, &mut open, &mut over);
        }
    }
    while !open.is_empty() && !peer.world.done.load(SeqCst) {
        settle(&peer, &mut open, &mut over);
    }
    assert_eq!(over.len() as u64, CALLS);
    peer.world.busy.fetch_sub(1, SeqCst);
    while !peer.world.done.load(SeqCst) {
        settle(&peer, &mut open, &mut over);
    }
}

/// Takes in answers: each to an open call, and nothing more once a call is over.
fn settle(peer: &Peer<'_>, open: &mut BTreeSet<RequestId>, over: &mut BTreeSet<RequestId>) {
    for message in peer.receive() {
        let (request, last) = match message {
            Message::Result(m) => (m.request, !m.details.progress),
            Message::Error(m) => (m.request, true),
            other => panic!("{other:?}"),
        };
        assert!(open.contains(&request), "{request:?} has been answered before");
        if last {
            open.remove(&request);
            over.insert(request);
        }
    }
    thread::yield_now();
}

/// Answers with parts, results or errors, some of them out of order, and ignores some calls that have a timeout.
fn callee(mut peer: Peer<'_>, own: &'static str) {
    for (procedure, invoke) in
        [("com.shared", InvocationPolicy::RoundRobin), (own, InvocationPolicy::Single)]
    {
        let options = RegisterOptions { invoke, ..RegisterOptions::default() };
        let request = peer.requests.take();
        peer.send(Register { request, options, procedure: procedure.into() });
    }
    let mut waiting = Vec::new();
    let mut issued = 0;
    let mut last: BTreeMap<SessionId, u64> = BTreeMap::new();
    while !peer.world.done.load(SeqCst) {
        for message in peer.receive() {
            match message {
                Message::Registered(_) => {}
                Message::Invocation(m) => {
                    issued += 1;
                    assert_eq!(m.request, request(issued), "invocations rise by one");
                    let number = number(m.payload.bytes());
                    let previous = last.insert(m.details.caller.unwrap(), number);
                    assert!(previous.is_none_or(|p| p < number), "{previous:?} before {number}");
                    waiting.push((m.request, m.details.receive_progress));
                }
                Message::Interrupt(m) => assert!(m.request <= request(issued)),
                other => panic!("{other:?}"),
            }
        }
        if waiting.is_empty() {
            // Only then: on one core every yield costs a turn of all the others.
            thread::yield_now();
        } else {
            let at = peer.roll(waiting.len() as u64) as usize;
            let ((request, in_parts), payload) = (waiting[at], args("1"));
            let choice = if in_parts { peer.roll(4) } else { 1 + peer.roll(3) };
            if choice > 0 {
                waiting.swap_remove(at);
            }
            if choice == 1 {
                peer.send(stage::invocation_error(request.get(), "com.error"));
            } else {
                let options = YieldOptions { progress: choice == 0, ..YieldOptions::default() };
                peer.send(Yield { request, options, payload });
            }
        }
    }
}

/// Joins, takes part and leaves, all the time.
fn visitor(world: &World) {
    let mut n = 1_000;
    while !world.done.load(SeqCst) {
        n += 1;
        let mut peer = Peer::join(world, n);
        let request = peer.requests.take();
        let options =
            RegisterOptions { invoke: InvocationPolicy::RoundRobin, ..RegisterOptions::default() };
        peer.send(Register { request, options, procedure: "com.shared".into() });
        for n in 1..=5 {
            let request = peer.requests.take();
            let options = CallOptions { disclose_me: Some(true), ..CallOptions::default() };
            let payload = args(&n.to_string());
            peer.send(Call { request, options, procedure: "com.shared".into(), payload });
            thread::yield_now();
        }
        peer.leave();
    }
}

#[test]
fn order_and_single_answers_hold_on_all_cores() {
    let world = World::new(CALLERS + PUBLISHERS);
    let mut ids = 1..;
    let mut join = || Peer::join(&world, ids.next().unwrap());
    let callees: [_; CALLEES as usize] = core::array::from_fn(|_| join());
    thread::scope(|scope| {
        for (peer, own) in callees.into_iter().zip(["com.own1", "com.own2"]) {
            scope.spawn(move || callee(peer, own));
        }
        for _ in 0..CALLERS {
            let peer = join();
            scope.spawn(move || caller(peer));
        }
        for _ in 0..PUBLISHERS {
            let peer = join();
            scope.spawn(move || publisher(peer));
        }
        for _ in 0..SUBSCRIBERS {
            let peer = join();
            scope.spawn(move || subscriber(peer));
        }
        scope.spawn(|| visitor(&world));
        scope.spawn(|| clock(&world));
    });
    world.realm.read().check().unwrap();
}
