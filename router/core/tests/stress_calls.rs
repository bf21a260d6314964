//! Calls on several threads at once that wait for callees with a limit, that come in parts, that are handed on from one
//! callee to the next, that are canceled and time out: exactly one last answer for each, never more at a callee than it
//! takes, and all parts in their order.

#![allow(clippy::unwrap_used, clippy::wildcard_enum_match_arm, reason = "all of this is a test")]

mod stage;
mod threads;

use core::sync::atomic::Ordering::SeqCst;
use stage::{args, invocation_error, request};
use std::{
    collections::{BTreeMap, BTreeSet},
    thread,
};
use threads::{Peer, World, clock, number};
use wamplex_shared::{
    id::{RegistrationId, RequestId, SessionId},
    message::*,
};

const CALLERS: u64 = 3;
const CALLEES: u64 = 3;
const CALLS: u64 = 4_000;
/// What a call may have in parts of its arguments; its number times this is what the first one says.
const PARTS: u64 = 100;

/// Taken by all callees together.
const SHARED: &str = "com.shared";
/// Taken by one callee only, which never hands a call on: there calls have to arrive in the order they were made.
const OWN: &str = "com.own";
/// Taken by whoever comes last, by force.
const TAKEN: &str = "com.taken";

/// A caller, its open calls, and the parts that it has still to send.
struct Caller<'a> {
    peer: Peer<'a>,
    open: BTreeSet<RequestId>,
    unsent: BTreeMap<RequestId, (&'static str, u64, u64)>,
    over: u64,
}

impl Caller<'_> {
    fn call(&mut self, n: u64) {
        let request = self.peer.requests.take();
        let procedure = [SHARED, SHARED, OWN, TAKEN][self.peer.roll(4) as usize];
        let parts = if self.peer.roll(3) == 0 { 1 + self.peer.roll(5) } else { 0 };
        let key = self.peer.roll(5).to_string();
        let sharded = procedure == SHARED && self.peer.roll(4) == 0;
        let options = CallOptions {
            receive_progress: true,
            progress: parts > 0,
            timeout: [None, None, Some(1), Some(20)][self.peer.roll(4) as usize],
            disclose_me: Some(true),
            runmode: sharded.then(|| "partition".into()),
            rkey: sharded.then(|| key.into()),
            ..CallOptions::default()
        };
        self.open.insert(request);
        if parts > 0 {
            self.unsent.insert(request, (procedure, n * PARTS, parts));
        }
        let payload = args(&(n * PARTS).to_string());
        self.peer.send(Call { request, options, procedure: procedure.into(), payload });
        if self.peer.roll(4) == 0 {
            let mode = match self.peer.roll(4) {
                0 => None,
                1 => Some(CancelMode::Skip),
                2 => Some(CancelMode::Kill),
                _ => Some(CancelMode::KillNoWait),
            };
            self.peer.send(Cancel {
                request,
                options: CancelOptions { mode, ..CancelOptions::default() },
            });
        }
    }

    /// Sends one more part of some call, whether or not that is over.
    fn go_on(&mut self) {
        let Some((&request, &(procedure, number, left))) = self.unsent.iter().next() else {
            return;
        };
        let options = CallOptions { progress: left > 1, ..CallOptions::default() };
        if left > 1 {
            self.unsent.insert(request, (procedure, number + 1, left - 1));
        } else {
            self.unsent.remove(&request);
        }
        let payload = args(&(number + 1).to_string());
        self.peer.send(Call { request, options, procedure: procedure.into(), payload });
    }

    /// Takes in answers: each to an open call, and nothing more once a call is over.
    fn settle(&mut self) {
        for message in self.peer.receive() {
            let (request, last) = match message {
                Message::Result(m) => (m.request, !m.details.progress),
                Message::Error(m) => (m.request, true),
                other => panic!("{other:?}"),
            };
            assert!(self.open.contains(&request), "{request:?} has been answered before");
            if last {
                self.open.remove(&request);
                self.over += 1;
            }
        }
        thread::yield_now();
    }

    fn is_done(&self) -> bool {
        self.peer.world.done.load(SeqCst)
    }

    fn run(mut self) {
        for n in 1..=CALLS {
            self.call(n);
            self.go_on();
            self.peer.world.now.fetch_add(1, SeqCst);
            while self.open.len() > 50 && !self.is_done() {
                self.go_on();
                self.settle();
            }
        }
        while !self.open.is_empty() && !self.is_done() {
            self.go_on();
            self.settle();
        }
        assert_eq!(self.over, CALLS);
        self.peer.world.busy.fetch_sub(1, SeqCst);
        while !self.is_done() {
            self.settle();
        }
    }
}

/// One invocation that a callee has.
struct Serving {
    registration: RegistrationId,
    in_parts: bool,
    /// What the last part said, and whether another one follows.
    last: u64,
    more: bool,
    told_to_stop: bool,
}

/// A callee, how many calls of each registration it takes, and those it has.
struct Callee<'a> {
    peer: Peer<'a>,
    /// What it has asked for and how much of it.
    asked: BTreeMap<RequestId, (&'static str, u64)>,
    limits: BTreeMap<RegistrationId, (&'static str, u64)>,
    serving: BTreeMap<RequestId, Serving>,
    issued: u64,
    /// The last call of each caller to the procedure that has an order.
    order: BTreeMap<SessionId, u64>,
}

impl<'a> Callee<'a> {
    fn new(peer: Peer<'a>) -> Self {
        let (asked, limits, serving, order) = Default::default();
        Self { peer, asked, limits, serving, issued: 0, order }
    }

    fn register(&mut self, procedure: &'static str, invoke: InvocationPolicy, concurrency: u64) {
        let options = RegisterOptions {
            invoke,
            concurrency: Some(concurrency),
            force_reregister: procedure == TAKEN,
            ..RegisterOptions::default()
        };
        let request = self.peer.requests.take();
        self.asked.insert(request, (procedure, concurrency));
        self.peer.send(Register { request, options, procedure: procedure.into() });
    }

    fn receive(&mut self) {
        for message in self.peer.receive() {
            match message {
                Message::Registered(m) => {
                    self.limits.insert(m.registration, self.asked.remove(&m.request).unwrap());
                }
                Message::Unregistered(m) => {
                    let revoked = m.details.unwrap().registration.unwrap();
                    assert_eq!(self.limits[&revoked].0, TAKEN);
                }
                Message::Invocation(m) => self.invoked(&m),
                Message::Interrupt(m) => {
                    assert!(m.request.get() <= self.issued);
                    if m.options.mode == Some(CancelMode::KillNoWait) {
                        self.serving.remove(&m.request);
                    } else if let Some(serving) = self.serving.get_mut(&m.request) {
                        serving.told_to_stop = true;
                    }
                }
                other => panic!("{other:?}"),
            }
        }
    }

    fn invoked(&mut self, m: &Invocation) {
        let (number, more) = (number(m.payload.bytes()), m.details.progress);
        if m.request.get() <= self.issued {
            // It may have answered while the part was on its way.
            let Some(serving) = self.serving.get_mut(&m.request) else { return };
            assert!(serving.more, "a part after the last one");
            assert_eq!(number, serving.last + 1, "a part is missing");
            (serving.last, serving.more) = (number, more);
            return;
        }
        self.issued += 1;
        assert_eq!(m.request, request(self.issued), "invocations rise by one");
        assert_eq!(number % PARTS, 0, "the first part comes first");
        let (procedure, limit) = self.limits[&m.registration];
        let counts = |s: &&Serving| s.registration == m.registration && !s.told_to_stop;
        let busy = self.serving.values().filter(counts).count();
        assert!((busy as u64) < limit, "{busy} of {limit}");
        if procedure == OWN {
            let previous = self.order.insert(m.details.caller.unwrap(), number);
            assert!(previous.is_none_or(|p| p < number), "{previous:?} before {number}");
        }
        let (registration, in_parts) = (m.registration, m.details.receive_progress);
        self.serving.insert(
            m.request,
            Serving { registration, in_parts, last: number, more, told_to_stop: false },
        );
    }

    /// Answers one of the invocations it has.
    fn answer(&mut self) {
        if self.serving.is_empty() {
            return;
        }
        let at = self.peer.roll(self.serving.len() as u64) as usize;
        let Some((&request, serving)) = self.serving.iter().nth(at) else { return };
        let own = self.limits[&serving.registration].0 == OWN;
        let (in_parts, progress) =
            (serving.in_parts, YieldOptions { progress: true, ..YieldOptions::default() });
        match self.peer.roll(6) {
            0 | 1 if in_parts => {
                self.peer.send(Yield { request, options: progress, payload: args("1") });
            }
            2 | 3 if !own => {
                // Out of the table first: the next call may be there before this one returns.
                self.serving.remove(&request);
                self.peer.send(invocation_error(request.get(), "wamp.error.unavailable"));
            }
            4 => {
                self.serving.remove(&request);
                self.peer.send(invocation_error(request.get(), "com.error"));
            }
            _ => {
                self.serving.remove(&request);
                self.peer.send(Yield {
                    request,
                    options: YieldOptions::default(),
                    payload: args("1"),
                });
            }
        }
    }

    fn run(mut self) {
        while !self.peer.world.done.load(SeqCst) {
            self.receive();
            self.answer();
            // Only then: on one core every yield costs a turn of all the others.
            if self.serving.is_empty() {
                thread::yield_now();
            }
        }
    }
}

/// Comes, takes calls for a while, and goes without having answered all of them; all the time.
fn visitor(world: &World) {
    let mut n = 1_000;
    while !world.done.load(SeqCst) {
        n += 1;
        let mut callee = Callee::new(Peer::join(world, n));
        callee.register(SHARED, InvocationPolicy::RoundRobin, 1);
        callee.register(TAKEN, InvocationPolicy::Single, 2);
        for _ in 0..20 {
            callee.receive();
            callee.answer();
            thread::yield_now();
        }
        callee.peer.leave();
    }
}

#[test]
fn calls_that_wait_stream_and_move_are_answered_once() {
    let world = World::new(CALLERS);
    let mut ids = 1..;
    let mut join = || Peer::join(&world, ids.next().unwrap());
    let mut callees: [_; CALLEES as usize] = core::array::from_fn(|_| Callee::new(join()));
    for callee in &mut callees {
        callee.register(SHARED, InvocationPolicy::RoundRobin, 2);
    }
    callees[0].register(OWN, InvocationPolicy::Single, 3);
    thread::scope(|scope| {
        for callee in callees {
            scope.spawn(move || callee.run());
        }
        for _ in 0..CALLERS {
            let (peer, open, unsent) = (join(), BTreeSet::new(), BTreeMap::new());
            scope.spawn(move || Caller { peer, open, unsent, over: 0 }.run());
        }
        scope.spawn(|| visitor(&world));
        scope.spawn(|| clock(&world));
    });
    world.realm.read().check().unwrap();
}
