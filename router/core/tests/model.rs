//! Random operations on the realm and on a model of it that scans lists: both must say the same to everybody, and the
//! realm must be consistent after each step.
//!
//! The seed is random and printed when the test fails; `WAMPLEX_SEED` repeats it. A failure shrinks to the fewest
//! operations that show it.

#![allow(clippy::unwrap_used, clippy::wildcard_enum_match_arm, reason = "all of this is a test")]

mod stage;

use proptest::{
    collection::vec,
    option,
    prelude::*,
    test_runner::{Config, RngAlgorithm, TestError, TestRng, TestRunner},
};
use stage::{Stage, Who, args, callee_without, invocation_error, request, session};
use std::hash::{BuildHasher, RandomState};
use wamplex_shared::{
    id::{RegistrationId, SubscriptionId},
    message::*,
    roles::Feature,
    time::Time,
    uri::{
        MatchPolicy::{self, Exact, Prefix, Wildcard},
        Uri, UriRule,
    },
    uris::{self, error},
};

/// Small, so that random operations reach them.
const SUBSCRIPTIONS: usize = 5;
const REGISTRATIONS: usize = 5;
const CALLS: usize = 4;
const INVOCATIONS: usize = 5;

const SLOTS: usize = 5;

/// Topics, procedures and patterns at once: many overlap, some are no URI, two are reserved.
const URIS: [&str; 14] = [
    "a", "a.b", "a.bc", "a.b.c", "a.d.c", "a..c", "a.b.", "..c", "", "a.", "..", "wamp.x", "wamp",
    "a b",
];

/// Indices wrap around, so that every operation makes sense in every state.
#[derive(Clone, Debug)]
enum Op {
    Join {
        slot: usize,
        cancels: bool,
        progresses: bool,
    },
    Leave {
        slot: usize,
    },
    Subscribe {
        slot: usize,
        uri: usize,
        policy: MatchPolicy,
    },
    Unsubscribe {
        slot: usize,
        pick: usize,
    },
    Publish {
        slot: usize,
        uri: usize,
        exclude_me: Option<bool>,
        eligible: Option<u8>,
        exclude: Option<u8>,
        acknowledge: bool,
    },
    Register {
        slot: usize,
        uri: usize,
        policy: MatchPolicy,
        invoke: InvocationPolicy,
    },
    Unregister {
        slot: usize,
        pick: usize,
    },
    Call {
        slot: usize,
        uri: usize,
        progress: bool,
        timeout: Option<u64>,
    },
    Cancel {
        slot: usize,
        pick: u64,
        mode: Option<CancelMode>,
    },
    Yield {
        slot: usize,
        pick: u64,
        progress: bool,
    },
    Error {
        slot: usize,
        pick: u64,
    },
    Advance {
        millis: u64,
    },
}

fn op() -> impl Strategy<Value = Op> {
    let slot = || 0..SLOTS;
    let uri = || 0..URIS.len();
    let policy = || prop_oneof![2 => Just(Exact), 1 => Just(Prefix), 1 => Just(Wildcard)];
    let invoke = || {
        use InvocationPolicy::{First, Last, Random, RoundRobin, Single};
        proptest::sample::select(vec![Single, First, Last, RoundRobin, Random])
    };
    let mode = || {
        use CancelMode::{Kill, KillNoWait, Skip};
        option::of(proptest::sample::select(vec![Kill, KillNoWait, Skip]))
    };
    prop_oneof![
        3 => (slot(), prop::bool::weighted(0.8), prop::bool::weighted(0.8))
            .prop_map(|(slot, cancels, progresses)| Op::Join { slot, cancels, progresses }),
        1 => slot().prop_map(|slot| Op::Leave { slot }),
        3 => (slot(), uri(), policy()).prop_map(|(slot, uri, policy)| Op::Subscribe { slot, uri, policy }),
        1 => (slot(), any::<usize>()).prop_map(|(slot, pick)| Op::Unsubscribe { slot, pick }),
        4 => (slot(), uri(), any::<Option<bool>>(), option::weighted(0.2, 0..32_u8), option::weighted(0.2, 0..32_u8), any::<bool>())
            .prop_map(|(slot, uri, exclude_me, eligible, exclude, acknowledge)| {
                Op::Publish { slot, uri, exclude_me, eligible, exclude, acknowledge }
            }),
        4 => (slot(), uri(), policy(), invoke())
            .prop_map(|(slot, uri, policy, invoke)| Op::Register { slot, uri, policy, invoke }),
        1 => (slot(), any::<usize>()).prop_map(|(slot, pick)| Op::Unregister { slot, pick }),
        8 => (slot(), uri(), any::<bool>(), option::weighted(0.3, 0..20_u64))
            .prop_map(|(slot, uri, progress, timeout)| Op::Call { slot, uri, progress, timeout }),
        3 => (slot(), 0..6_u64, mode()).prop_map(|(slot, pick, mode)| Op::Cancel { slot, pick, mode }),
        5 => (slot(), 0..6_u64, prop::bool::weighted(0.4))
            .prop_map(|(slot, pick, progress)| Op::Yield { slot, pick, progress }),
        2 => (slot(), 0..6_u64).prop_map(|(slot, pick)| Op::Error { slot, pick }),
        2 => (0..15_u64).prop_map(|millis| Op::Advance { millis }),
    ]
}

/// The realm as lists.
#[derive(Default)]
struct Model {
    now: u64,
    slots: [Option<Session>; SLOTS],
    sessions: u64,
    subscriptions: Vec<Subscription>,
    registrations: Vec<Registration>,
    calls: Vec<OpenCall>,
    said: Vec<String>,
}

#[derive(Clone)]
struct Session {
    who: Who,
    cancels: bool,
    progresses: bool,
    /// Requests it has made.
    requests: u64,
    /// Invocations it was given.
    invocations: u64,
}

struct Subscription {
    id: SubscriptionId,
    policy: MatchPolicy,
    topic: &'static str,
    members: Vec<Who>,
}

struct Registration {
    id: RegistrationId,
    policy: MatchPolicy,
    procedure: &'static str,
    invoke: InvocationPolicy,
    callees: Vec<Who>,
    turn: usize,
}

#[derive(Clone)]
struct OpenCall {
    caller: Who,
    request: u64,
    callee: Who,
    invocation: u64,
    progress: bool,
    timeout: Option<u64>,
    deadline: Option<u64>,
    killed: bool,
}

/// What a message says, with the ids that the model knows too.
fn render(to: Who, message: &Message) -> String {
    match message {
        Message::Subscribed(m) => format!("{to} SUBSCRIBED {} {}", m.request, m.subscription),
        Message::Registered(m) => format!("{to} REGISTERED {} {}", m.request, m.registration),
        Message::Event(m) => {
            let topic = m.details.topic.as_ref().map_or("-", Uri::as_str);
            format!("{to} EVENT {} {topic}", m.subscription)
        }
        Message::Invocation(m) => {
            let procedure = m.details.procedure.as_ref().map_or("-", Uri::as_str);
            let progress = m.details.receive_progress;
            format!("{to} INVOCATION {} {} {procedure} {progress}", m.request, m.registration)
        }
        other => format!("{to} {}", stage::show(other)),
    }
}

impl Model {
    fn say(&mut self, to: Who, what: impl core::fmt::Display) {
        self.said.push(format!("{to} {what}"));
    }

    fn session(&mut self, who: Who) -> &mut Session {
        self.slots.iter_mut().flatten().find(|s| s.who == who).unwrap()
    }

    fn leave(&mut self, who: Who) {
        for subscription in &mut self.subscriptions {
            subscription.members.retain(|m| *m != who);
        }
        for registration in &mut self.registrations {
            registration.callees.retain(|m| *m != who);
        }
        self.sweep();
        for call in core::mem::take(&mut self.calls) {
            if call.caller == who {
                if call.callee != who && self.session(call.callee).cancels && !call.killed {
                    self.say(call.callee, format_args!("INTERRUPT {} killnowait", call.invocation));
                }
            } else if call.callee == who {
                self.say(
                    call.caller,
                    format_args!("ERROR CALL {} {}", call.request, error::CANCELED),
                );
            } else {
                self.calls.push(call);
            }
        }
        self.slots
            .iter_mut()
            .filter(|s| s.as_ref().is_some_and(|s| s.who == who))
            .for_each(|s| *s = None);
    }

    /// What nobody holds is gone.
    fn sweep(&mut self) {
        self.subscriptions.retain(|s| !s.members.is_empty());
        self.registrations.retain(|r| !r.callees.is_empty());
    }

    fn subscribe(
        &mut self,
        who: Who,
        n: u64,
        topic: &'static str,
        policy: MatchPolicy,
        sent: &[(Who, Message)],
    ) {
        let held = self.subscriptions.iter().filter(|s| s.members.contains(&who)).count();
        let known = self.subscriptions.iter_mut().find(|s| s.policy == policy && s.topic == topic);
        if Uri::from_static(topic).check(UriRule::Loose, policy).is_err() {
            return self.say(who, format_args!("ERROR SUBSCRIBE {n} {}", error::INVALID_URI));
        }
        let mine = known.as_ref().is_some_and(|s| s.members.contains(&who));
        if !mine && held >= SUBSCRIPTIONS {
            return self
                .say(who, format_args!("ERROR SUBSCRIBE {n} {}", uris::wamplex::LIMIT_EXCEEDED));
        }
        let id = match known {
            Some(subscription) => {
                if !mine {
                    subscription.members.push(who);
                }
                subscription.id
            }
            None => {
                let [(_, Message::Subscribed(m))] = sent else { panic!("{sent:?}") };
                let id = m.subscription;
                assert!(self.subscriptions.iter().all(|s| s.id != id), "{id:?} is taken");
                self.subscriptions.push(Subscription { id, policy, topic, members: vec![who] });
                id
            }
        };
        self.say(who, format_args!("SUBSCRIBED {n} {id}"));
    }

    fn unsubscribe(&mut self, who: Who, n: u64, id: SubscriptionId) {
        let mine = self.subscriptions.iter_mut().find(|s| s.id == id && s.members.contains(&who));
        let Some(subscription) = mine else {
            return self
                .say(who, format_args!("ERROR UNSUBSCRIBE {n} {}", error::NO_SUCH_SUBSCRIPTION));
        };
        subscription.members.retain(|m| *m != who);
        self.sweep();
        self.say(who, format_args!("UNSUBSCRIBED {n}"));
    }

    fn publish(&mut self, who: Who, n: u64, topic: &'static str, op: &Op, sent: &[(Who, Message)]) {
        let Op::Publish { exclude_me, eligible, exclude, acknowledge, .. } = op else { panic!() };
        let refused = refusal(topic, Exact);
        if refused.is_none() {
            for at in 0..self.subscriptions.len() {
                let s = &self.subscriptions[at];
                if !s.policy.matches(s.topic, topic) {
                    continue;
                }
                let (id, members) = (s.id, s.members.clone());
                let told = if s.policy == Exact { "-" } else { topic };
                for to in members {
                    if (to == who && *exclude_me != Some(false))
                        || eligible.is_some_and(|mask| !masked(mask, to))
                        || exclude.is_some_and(|mask| masked(mask, to))
                    {
                        continue;
                    }
                    self.say(to, format_args!("EVENT {id} {told}"));
                }
            }
        }
        if *acknowledge {
            match refused {
                None => self.say(who, format_args!("PUBLISHED {n}")),
                Some(error) => self.say(who, format_args!("ERROR PUBLISH {n} {error}")),
            }
        }
        let mut publications = sent.iter().filter_map(|(_, message)| match message {
            Message::Event(m) => Some(m.publication),
            Message::Published(m) => Some(m.publication),
            _ => None,
        });
        let first = publications.next();
        assert!(publications.all(|p| Some(p) == first), "one publication, one id");
    }

    fn register(&mut self, who: Who, n: u64, op: &Op, sent: &[(Who, Message)]) {
        let Op::Register { uri, policy, invoke, .. } = *op else { panic!() };
        let procedure = URIS[uri];
        let held = self.registrations.iter().filter(|r| r.callees.contains(&who)).count();
        let known =
            self.registrations.iter_mut().find(|r| r.policy == policy && r.procedure == procedure);
        let taken = known.as_ref().is_some_and(|r| {
            r.invoke != invoke || invoke == InvocationPolicy::Single || r.callees.contains(&who)
        });
        let refused = refusal(procedure, policy)
            .or_else(|| taken.then_some(error::PROCEDURE_ALREADY_EXISTS))
            .or_else(|| (held >= REGISTRATIONS).then_some(uris::wamplex::LIMIT_EXCEEDED));
        if let Some(error) = refused {
            return self.say(who, format_args!("ERROR REGISTER {n} {error}"));
        }
        let id = match known {
            Some(registration) => {
                registration.callees.push(who);
                registration.id
            }
            None => {
                let [(_, Message::Registered(m))] = sent else { panic!("{sent:?}") };
                let (id, callees) = (m.registration, vec![who]);
                assert!(self.registrations.iter().all(|r| r.id != id), "{id:?} is taken");
                self.registrations.push(Registration {
                    id,
                    policy,
                    procedure,
                    invoke,
                    callees,
                    turn: 0,
                });
                id
            }
        };
        self.say(who, format_args!("REGISTERED {n} {id}"));
    }

    fn unregister(&mut self, who: Who, n: u64, id: RegistrationId) {
        let mine = self.registrations.iter_mut().find(|r| r.id == id && r.callees.contains(&who));
        let Some(registration) = mine else {
            return self
                .say(who, format_args!("ERROR UNREGISTER {n} {}", error::NO_SUCH_REGISTRATION));
        };
        registration.callees.retain(|m| *m != who);
        self.sweep();
        self.say(who, format_args!("UNREGISTERED {n}"));
    }

    fn call(&mut self, who: Who, n: u64, op: &Op, sent: &[(Who, Message)]) {
        let Op::Call { uri, progress, timeout, .. } = *op else { panic!() };
        let procedure = URIS[uri];
        let Some(at) = self.route(procedure) else {
            let invalid = Uri::from_static(procedure).check(UriRule::Loose, Exact).is_err();
            let error = if invalid { error::INVALID_URI } else { error::NO_SUCH_PROCEDURE };
            return self.say(who, format_args!("ERROR CALL {n} {error}"));
        };
        let invoked =
            sent.iter().find_map(|(to, m)| matches!(m, Message::Invocation(_)).then_some(*to));
        let open = |calls: &[OpenCall], callee| calls.iter().filter(|c| c.callee == callee).count();
        let registration = &mut self.registrations[at];
        let callees = &registration.callees;
        let callee = match registration.invoke {
            InvocationPolicy::Single | InvocationPolicy::First => callees[0],
            InvocationPolicy::Last => callees[callees.len() - 1],
            InvocationPolicy::RoundRobin => {
                registration.turn += 1;
                callees[(registration.turn - 1) % callees.len()]
            }
            // Any will do; if none was invoked it must have been one that is busy, if it was not for the caller.
            InvocationPolicy::Random => match invoked {
                Some(to) => *callees.iter().find(|c| **c == to).unwrap(),
                None => *callees.iter().max_by_key(|c| open(&self.calls, **c)).unwrap(),
            },
        };
        let (id, told) =
            (registration.id, if registration.policy == Exact { "-" } else { procedure });
        let made = self.calls.iter().filter(|c| c.caller == who).count();
        if made >= CALLS || open(&self.calls, callee) >= INVOCATIONS {
            return self.say(who, format_args!("ERROR CALL {n} {}", uris::wamplex::LIMIT_EXCEEDED));
        }
        let session = self.session(callee);
        session.invocations += 1;
        let invocation = session.invocations;
        let progress = progress && session.cancels && session.progresses;
        let timeout = timeout.filter(|t| *t > 0);
        let deadline = timeout.map(|t| self.now + t);
        self.calls.push(OpenCall {
            caller: who,
            request: n,
            callee,
            invocation,
            progress,
            timeout,
            deadline,
            killed: false,
        });
        self.say(callee, format_args!("INVOCATION {invocation} {id} {told} {progress}"));
    }

    /// The registration for a call, by the rule of the specification.
    fn route(&self, procedure: &'static str) -> Option<usize> {
        if refusal(procedure, Exact).is_some() {
            return None;
        }
        let runs = |pattern: &str| {
            let mut runs = vec![0];
            for component in pattern.split('.') {
                match component {
                    "" => runs.push(0),
                    _ => *runs.last_mut().unwrap() += 1,
                }
            }
            runs
        };
        let rank = |r: &Registration| match r.policy {
            Exact => (2, vec![]),
            Prefix => (1, vec![r.procedure.len()]),
            Wildcard => (0, runs(r.procedure)),
        };
        let matching = self.registrations.iter().enumerate();
        matching
            .filter(|(_, r)| r.policy.matches(r.procedure, procedure))
            .max_by_key(|(_, r)| rank(r))
            .map(|(at, _)| at)
    }

    fn cancel(&mut self, who: Who, n: u64, mode: Option<CancelMode>) {
        let Some(at) = self.calls.iter().position(|c| c.caller == who && c.request == n) else {
            return;
        };
        let call = self.calls[at].clone();
        let cancels = self.session(call.callee).cancels;
        if mode == Some(CancelMode::Kill) && cancels {
            self.calls[at].killed = true;
            if !call.killed {
                self.say(call.callee, format_args!("INTERRUPT {} kill", call.invocation));
            }
            return;
        }
        self.end(at, error::CANCELED, mode != Some(CancelMode::Skip));
    }

    /// The caller gets this error; the callee is told, if it understands and does not know.
    fn end(&mut self, at: usize, error: &str, interrupt: bool) {
        let call = self.calls.remove(at);
        self.say(call.caller, format_args!("ERROR CALL {} {error}", call.request));
        if interrupt && !call.killed && self.session(call.callee).cancels {
            self.say(call.callee, format_args!("INTERRUPT {} killnowait", call.invocation));
        }
    }

    /// Whether the answer breaks the protocol.
    fn answer(&mut self, who: Who, invocation: u64, part: bool, answer: &str) -> bool {
        if invocation > self.session(who).invocations {
            return true;
        }
        let open = |c: &OpenCall| c.callee == who && c.invocation == invocation;
        let Some(at) = self.calls.iter().position(open) else { return false };
        if part {
            let now = self.now;
            let call = &mut self.calls[at];
            if !call.progress {
                return true;
            }
            if !call.killed {
                call.deadline = call.timeout.map(|t| now + t);
                let (caller, request) = (call.caller, call.request);
                self.say(caller, format_args!("RESULT {request} progress [1]"));
            }
        } else {
            let call = self.calls.remove(at);
            self.say(call.caller, answer.replace("{}", &call.request.to_string()));
        }
        false
    }

    fn advance(&mut self, now: u64) {
        self.now = now;
        while let Some(at) = self.calls.iter().position(|c| c.deadline.is_some_and(|d| d <= now)) {
            self.end(at, error::TIMEOUT, true);
        }
    }
}

/// Why nobody may publish to, register or call this; `None` if anybody may.
fn refusal(uri: &'static str, policy: MatchPolicy) -> Option<&'static str> {
    let uri = Uri::from_static(uri);
    if uri.check(UriRule::Loose, policy).is_err() {
        Some(error::INVALID_URI)
    } else {
        uri.is_reserved().then_some(error::NOT_AUTHORIZED)
    }
}

/// Every session has one of five bits.
fn masked(mask: u8, who: Who) -> bool {
    mask & (1 << (who % 5)) != 0
}

/// Both, side by side.
struct Pair {
    stage: Stage,
    model: Model,
    gone: (SubscriptionId, RegistrationId),
}

impl Pair {
    fn new() -> Self {
        let stage = Stage::with(|config| {
            config.limits.subscriptions = SUBSCRIPTIONS;
            config.limits.registrations = REGISTRATIONS;
            config.limits.calls = CALLS;
            config.limits.invocations = INVOCATIONS;
        });
        let gone = (SubscriptionId::new(1).unwrap(), RegistrationId::new(1).unwrap());
        Self { stage, model: Model::default(), gone }
    }

    fn step(&mut self, op: &Op) {
        if let Some((who, message)) = self.message(op) {
            let handled = self.stage.send(who, message);
            let sent = self.stage.take();
            let violation = self.predict(who, op, &sent);
            assert_eq!(handled.is_err(), violation, "{handled:?}");
            self.compare(&sent);
            if violation {
                self.leave(who);
            }
        }
    }

    fn leave(&mut self, who: Who) {
        self.stage.leave(who);
        self.model.leave(who);
        let sent = self.stage.take();
        self.compare(&sent);
    }

    /// The order in which different sessions hear of one operation is free, and so is that of several subscriptions.
    fn compare(&mut self, sent: &[(Who, Message)]) {
        let mut sent: Vec<String> = sent.iter().map(|(to, message)| render(*to, message)).collect();
        let mut said = core::mem::take(&mut self.model.said);
        sent.sort();
        said.sort();
        assert_eq!(sent, said, "realm and model differ");
    }

    /// The message that a client sends for this operation, or the operation itself if it is none.
    fn message(&mut self, op: &Op) -> Option<(Who, Message)> {
        let slot = match *op {
            Op::Advance { millis } => {
                let now = self.model.now + millis;
                self.stage.at(now);
                self.model.advance(now);
                let sent = self.stage.take();
                self.compare(&sent);
                return None;
            }
            Op::Join { slot, cancels, progresses } => {
                self.join(slot, cancels, progresses);
                return None;
            }
            Op::Leave { slot }
            | Op::Subscribe { slot, .. }
            | Op::Unsubscribe { slot, .. }
            | Op::Publish { slot, .. }
            | Op::Register { slot, .. }
            | Op::Unregister { slot, .. }
            | Op::Call { slot, .. }
            | Op::Cancel { slot, .. }
            | Op::Yield { slot, .. }
            | Op::Error { slot, .. } => slot,
        };
        let Session { who, requests, invocations, .. } = self.model.slots[slot].clone()?;
        if matches!(op, Op::Leave { .. }) {
            self.leave(who);
            return None;
        }
        Some((who, self.client_message(op, who, requests, invocations)))
    }

    fn join(&mut self, slot: usize, cancels: bool, progresses: bool) {
        if self.model.slots[slot].is_some() {
            return;
        }
        self.model.sessions += 1;
        let who = self.model.sessions;
        let mut lacks = Vec::new();
        lacks.extend((!cancels).then_some(Feature::CallCanceling));
        lacks.extend((!progresses).then_some(Feature::ProgressiveCallResults));
        self.stage.join_as(who, callee_without(&lacks), None);
        self.model.slots[slot] =
            Some(Session { who, cancels, progresses, requests: 0, invocations: 0 });
    }

    fn client_message(&mut self, op: &Op, who: Who, requests: u64, invocations: u64) -> Message {
        // Recent calls and invocations are the interesting ones; the next, which is not yet, is among them.
        let recent = |last: u64, pick: u64| request((last + 1).saturating_sub(pick).max(1));
        match *op {
            Op::Cancel { pick, mode, .. } => {
                let options = CancelOptions { mode, ..CancelOptions::default() };
                return Cancel { request: recent(requests, pick), options }.into();
            }
            Op::Yield { pick, progress, .. } => {
                let options = YieldOptions { progress, ..YieldOptions::default() };
                return Yield { request: recent(invocations, pick), options, payload: args("1") }
                    .into();
            }
            Op::Error { pick, .. } => {
                return invocation_error(recent(invocations, pick).get(), "com.error").into();
            }
            _ => {}
        }
        self.model.session(who).requests += 1;
        let request = request(requests + 1);
        match *op {
            Op::Subscribe { uri, policy, .. } => {
                let options =
                    SubscribeOptions { match_policy: policy, ..SubscribeOptions::default() };
                Subscribe { request, options, topic: URIS[uri].into() }.into()
            }
            Op::Unsubscribe { pick, .. } => {
                let known = &self.model.subscriptions;
                let subscription =
                    known.get(pick % known.len().max(1)).map_or(self.gone.0, |s| s.id);
                Unsubscribe { request, subscription }.into()
            }
            Op::Publish { uri, exclude_me, eligible, exclude, acknowledge, .. } => {
                let everybody = 1..=self.model.sessions;
                let list = |mask: u8| {
                    everybody.clone().filter(|n| masked(mask, *n)).map(session).collect()
                };
                let filters = Filters {
                    eligible: eligible.map(list),
                    exclude: exclude.map(list),
                    ..Filters::default()
                };
                let filters = Some(Box::new(filters));
                let options = PublishOptions {
                    acknowledge,
                    exclude_me,
                    filters,
                    ..PublishOptions::default()
                };
                Publish { request, options, topic: URIS[uri].into(), payload: args("1") }.into()
            }
            Op::Register { uri, policy, invoke, .. } => {
                let options =
                    RegisterOptions { match_policy: policy, invoke, ..RegisterOptions::default() };
                Register { request, options, procedure: URIS[uri].into() }.into()
            }
            Op::Unregister { pick, .. } => {
                let known = &self.model.registrations;
                let registration =
                    known.get(pick % known.len().max(1)).map_or(self.gone.1, |r| r.id);
                Unregister { request, registration }.into()
            }
            Op::Call { uri, progress, timeout, .. } => {
                let options =
                    CallOptions { receive_progress: progress, timeout, ..CallOptions::default() };
                Call { request, options, procedure: URIS[uri].into(), payload: args("1") }.into()
            }
            _ => unreachable!("{op:?} is no message"),
        }
    }

    /// Lets the model say what it would; whether the message breaks the protocol.
    fn predict(&mut self, who: Who, op: &Op, sent: &[(Who, Message)]) -> bool {
        let model = &mut self.model;
        let Session { requests: n, invocations, .. } = model.session(who).clone();
        let recent = |last: u64, pick: u64| (last + 1).saturating_sub(pick).max(1);
        match *op {
            Op::Subscribe { uri, policy, .. } => model.subscribe(who, n, URIS[uri], policy, sent),
            Op::Unsubscribe { pick, .. } => {
                let known = &model.subscriptions;
                let id = known.get(pick % known.len().max(1)).map_or(self.gone.0, |s| s.id);
                model.unsubscribe(who, n, id);
            }
            Op::Publish { uri, .. } => model.publish(who, n, URIS[uri], op, sent),
            Op::Register { .. } => model.register(who, n, op, sent),
            Op::Unregister { pick, .. } => {
                let known = &model.registrations;
                let id = known.get(pick % known.len().max(1)).map_or(self.gone.1, |r| r.id);
                model.unregister(who, n, id);
            }
            Op::Call { .. } => model.call(who, n, op, sent),
            Op::Cancel { pick, mode, .. } => model.cancel(who, recent(n, pick), mode),
            Op::Yield { pick, progress, .. } => {
                return model.answer(who, recent(invocations, pick), progress, "RESULT {} [1]");
            }
            Op::Error { pick, .. } => {
                return model.answer(
                    who,
                    recent(invocations, pick),
                    false,
                    "ERROR CALL {} com.error",
                );
            }
            Op::Join { .. } | Op::Leave { .. } | Op::Advance { .. } => {}
        }
        false
    }
}

#[test]
fn the_realm_does_what_a_model_of_lists_does() {
    let seed = std::env::var("WAMPLEX_SEED")
        .ok()
        .map_or_else(|| RandomState::new().hash_one(0), |seed| seed.parse().unwrap());
    println!("WAMPLEX_SEED={seed}");
    let bytes = [seed, !seed, seed.rotate_left(17), 7].map(u64::to_le_bytes).concat();
    let config = Config {
        cases: 60,
        max_shrink_iters: 20_000,
        failure_persistence: None,
        ..Config::default()
    };
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let mut runner = TestRunner::new_with_rng(config, rng);
    let result = runner.run(&vec(op(), 200..400), |ops| {
        let mut pair = Pair::new();
        // Everybody is there at the start, so that few operations go to nobody.
        (0..SLOTS).for_each(|slot| pair.join(slot, true, true));
        ops.iter().for_each(|op| pair.step(op));
        assert_eq!(pair.stage.now, Time::from_millis(pair.model.now));
        Ok(())
    });
    if let Err(TestError::Fail(reason, ops)) = result {
        panic!("{reason}\nafter these operations:\n{ops:#?}");
    }
    result.unwrap();
}
