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
    id::{RegistrationId, RequestId, SubscriptionId},
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

const TOO_MANY: &str = uris::wamplex::LIMIT_EXCEEDED;

/// Topics, procedures and patterns at once: many overlap, some are no URI, two are reserved. The first few are good
/// for anything and are drawn more often.
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
        part: Part,
    },
    Error {
        slot: usize,
        pick: u64,
    },
    Advance {
        millis: u64,
    },
}

/// A pick below this is one of the open calls or invocations of the session, if it has any. This one itself is an id
/// that was not given out yet; higher ones go back from there.
const OPEN: u64 = 8;

/// Whether a YIELD is to be a part of a result.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Part {
    No,
    IfAsked,
    Yes,
}

fn op() -> impl Strategy<Value = Op> {
    let slot = || 0..SLOTS;
    let uri = || prop_oneof![3 => 0..4_usize, 1 => 0..URIS.len()];
    let pick = || prop_oneof![40 => 0..OPEN, 5 => OPEN + 1..OPEN + 6, 1 => Just(OPEN)];
    let part =
        || prop_oneof![10 => Just(Part::No), 10 => Just(Part::IfAsked), 1 => Just(Part::Yes)];
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
        4 => (slot(), uri(), any::<Option<bool>>(), option::weighted(0.4, 0..32_u8), option::weighted(0.4, 0..32_u8), any::<bool>())
            .prop_map(|(slot, uri, exclude_me, eligible, exclude, acknowledge)| {
                Op::Publish { slot, uri, exclude_me, eligible, exclude, acknowledge }
            }),
        4 => (slot(), uri(), policy(), invoke())
            .prop_map(|(slot, uri, policy, invoke)| Op::Register { slot, uri, policy, invoke }),
        1 => (slot(), any::<usize>()).prop_map(|(slot, pick)| Op::Unregister { slot, pick }),
        8 => (slot(), uri(), any::<bool>(), option::weighted(0.3, 0..20_u64))
            .prop_map(|(slot, uri, progress, timeout)| Op::Call { slot, uri, progress, timeout }),
        3 => (slot(), pick(), mode()).prop_map(|(slot, pick, mode)| Op::Cancel { slot, pick, mode }),
        12 => (slot(), pick(), part())
            .prop_map(|(slot, pick, part)| Op::Yield { slot, pick, part }),
        2 => (slot(), pick()).prop_map(|(slot, pick)| Op::Error { slot, pick }),
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
    topic: Uri,
    members: Vec<Who>,
}

struct Registration {
    id: RegistrationId,
    policy: MatchPolicy,
    procedure: Uri,
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

    /// Whether the message breaks the protocol.
    fn handle(&mut self, who: Who, message: &Message, sent: &[(Who, Message)]) -> bool {
        match message {
            Message::Subscribe(m) => self.subscribe(who, m, sent),
            Message::Unsubscribe(m) => self.unsubscribe(who, m),
            Message::Publish(m) => self.publish(who, m, sent),
            Message::Register(m) => self.register(who, m, sent),
            Message::Unregister(m) => self.unregister(who, m),
            Message::Call(m) => self.call(who, m, sent),
            Message::Cancel(m) => self.cancel(who, m.request.get(), m.options.mode),
            Message::Yield(m) => {
                return self.answer(who, m.request.get(), m.options.progress, "RESULT {} [1]");
            }
            Message::Error(m) => {
                return self.answer(who, m.request.get(), false, "ERROR CALL {} com.error");
            }
            other => panic!("{other:?}"),
        }
        false
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

    fn subscribe(&mut self, who: Who, m: &Subscribe, sent: &[(Who, Message)]) {
        let (n, topic, policy) = (m.request, &m.topic, m.options.match_policy);
        let held = self.subscriptions.iter().filter(|s| s.members.contains(&who)).count();
        let known = self.subscriptions.iter_mut().find(|s| s.policy == policy && s.topic == *topic);
        if topic.check(UriRule::Loose, policy).is_err() {
            return self.say(who, format_args!("ERROR SUBSCRIBE {n} {}", error::INVALID_URI));
        }
        let mine = known.as_ref().is_some_and(|s| s.members.contains(&who));
        if !mine && held >= SUBSCRIPTIONS {
            return self.say(who, format_args!("ERROR SUBSCRIBE {n} {TOO_MANY}"));
        }
        let id = match known {
            Some(subscription) => {
                subscription.members.extend((!mine).then_some(who));
                subscription.id
            }
            None => {
                let [(_, Message::Subscribed(m))] = sent else { panic!("{sent:?}") };
                let (id, topic, members) = (m.subscription, topic.clone(), vec![who]);
                assert!(self.subscriptions.iter().all(|s| s.id != id), "{id:?} is taken");
                self.subscriptions.push(Subscription { id, policy, topic, members });
                id
            }
        };
        self.say(who, format_args!("SUBSCRIBED {n} {id}"));
    }

    fn unsubscribe(&mut self, who: Who, m: &Unsubscribe) {
        let (n, id) = (m.request, m.subscription);
        let mine = self.subscriptions.iter_mut().find(|s| s.id == id && s.members.contains(&who));
        let Some(subscription) = mine else {
            let error = error::NO_SUCH_SUBSCRIPTION;
            return self.say(who, format_args!("ERROR UNSUBSCRIBE {n} {error}"));
        };
        subscription.members.retain(|m| *m != who);
        self.sweep();
        self.say(who, format_args!("UNSUBSCRIBED {n}"));
    }

    fn publish(&mut self, who: Who, m: &Publish, sent: &[(Who, Message)]) {
        let (n, topic, options) = (m.request, &m.topic, &m.options);
        let Filters { eligible, exclude, .. } = options.filters.as_deref().unwrap();
        let refused = refusal(topic, Exact);
        let mut events = Vec::new();
        for s in &self.subscriptions {
            if refused.is_some() || !s.policy.matches(s.topic.as_str(), topic.as_str()) {
                continue;
            }
            let told = if s.policy == Exact { "-" } else { topic.as_str() };
            for to in &s.members {
                let id = session(*to);
                let admitted = (*to != who || options.exclude_me == Some(false))
                    && eligible.as_ref().is_none_or(|list| list.contains(&id))
                    && exclude.as_ref().is_none_or(|list| !list.contains(&id));
                events.extend(admitted.then(|| format!("{to} EVENT {} {told}", s.id)));
            }
        }
        self.said.extend(events);
        match refused {
            _ if !options.acknowledge => {}
            None => self.say(who, format_args!("PUBLISHED {n}")),
            Some(error) => self.say(who, format_args!("ERROR PUBLISH {n} {error}")),
        }
        let mut publications = sent.iter().filter_map(|(_, message)| match message {
            Message::Event(m) => Some(m.publication),
            Message::Published(m) => Some(m.publication),
            _ => None,
        });
        let first = publications.next();
        assert!(publications.all(|p| Some(p) == first), "one publication, one id");
    }

    fn register(&mut self, who: Who, m: &Register, sent: &[(Who, Message)]) {
        let (n, procedure, options) = (m.request, &m.procedure, &m.options);
        let (policy, invoke) = (options.match_policy, options.invoke);
        let held = self.registrations.iter().filter(|r| r.callees.contains(&who)).count();
        let known =
            self.registrations.iter_mut().find(|r| r.policy == policy && r.procedure == *procedure);
        let taken = known.as_ref().is_some_and(|r| {
            r.invoke != invoke || invoke == InvocationPolicy::Single || r.callees.contains(&who)
        });
        let refused = refusal(procedure, policy)
            .or_else(|| taken.then_some(error::PROCEDURE_ALREADY_EXISTS))
            .or_else(|| (held >= REGISTRATIONS).then_some(TOO_MANY));
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
                let (id, procedure) = (m.registration, procedure.clone());
                assert!(self.registrations.iter().all(|r| r.id != id), "{id:?} is taken");
                let (callees, turn) = (vec![who], 0);
                let registration = Registration { id, policy, procedure, invoke, callees, turn };
                self.registrations.push(registration);
                id
            }
        };
        self.say(who, format_args!("REGISTERED {n} {id}"));
    }

    fn unregister(&mut self, who: Who, m: &Unregister) {
        let (n, id) = (m.request, m.registration);
        let mine = self.registrations.iter_mut().find(|r| r.id == id && r.callees.contains(&who));
        let Some(registration) = mine else {
            let error = error::NO_SUCH_REGISTRATION;
            return self.say(who, format_args!("ERROR UNREGISTER {n} {error}"));
        };
        registration.callees.retain(|m| *m != who);
        self.sweep();
        self.say(who, format_args!("UNREGISTERED {n}"));
    }

    fn call(&mut self, who: Who, m: &Call, sent: &[(Who, Message)]) {
        let (n, procedure) = (m.request, &m.procedure);
        let Some(at) = self.route(procedure) else {
            let invalid = procedure.check(UriRule::Loose, Exact).is_err();
            let error = if invalid { error::INVALID_URI } else { error::NO_SUCH_PROCEDURE };
            return self.say(who, format_args!("ERROR CALL {n} {error}"));
        };
        let callee = self.select(at, sent);
        let registration = &self.registrations[at];
        let told = if registration.policy == Exact { "-" } else { procedure.as_str() };
        let id = registration.id;
        let made = self.calls.iter().filter(|c| c.caller == who).count();
        if made >= CALLS || self.owed(callee) >= INVOCATIONS {
            return self.say(who, format_args!("ERROR CALL {n} {TOO_MANY}"));
        }
        let session = self.session(callee);
        session.invocations += 1;
        let invocation = session.invocations;
        let progress = m.options.receive_progress && session.cancels && session.progresses;
        let timeout = m.options.timeout.filter(|t| *t > 0);
        let deadline = timeout.map(|t| self.now + t);
        let (caller, request, killed) = (who, n.get(), false);
        self.calls.push(OpenCall {
            caller,
            request,
            callee,
            invocation,
            progress,
            timeout,
            deadline,
            killed,
        });
        self.say(callee, format_args!("INVOCATION {invocation} {id} {told} {progress}"));
    }

    /// The callee of a call that goes to this registration.
    fn select(&mut self, at: usize, sent: &[(Who, Message)]) -> Who {
        let invoked =
            sent.iter().find_map(|(to, m)| matches!(m, Message::Invocation(_)).then_some(*to));
        let registration = &mut self.registrations[at];
        registration.turn += usize::from(registration.invoke == InvocationPolicy::RoundRobin);
        let callees = &self.registrations[at].callees;
        match self.registrations[at].invoke {
            InvocationPolicy::Single | InvocationPolicy::First => callees[0],
            InvocationPolicy::Last => callees[callees.len() - 1],
            InvocationPolicy::RoundRobin => {
                callees[(self.registrations[at].turn - 1) % callees.len()]
            }
            // Any will do; if none was invoked it must have been one that is busy, if it was not for the caller.
            InvocationPolicy::Random => match invoked {
                Some(to) => *callees.iter().find(|c| **c == to).unwrap(),
                None => *callees.iter().max_by_key(|c| self.owed(**c)).unwrap(),
            },
        }
    }

    /// How many answers this session owes.
    fn owed(&self, callee: Who) -> usize {
        self.calls.iter().filter(|c| c.callee == callee).count()
    }

    /// The registration for a call, by the rule of the specification.
    fn route(&self, procedure: &Uri) -> Option<usize> {
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
            Prefix => (1, vec![r.procedure.as_str().len()]),
            Wildcard => (0, runs(r.procedure.as_str())),
        };
        let matching = self.registrations.iter().enumerate();
        matching
            .filter(|(_, r)| r.policy.matches(r.procedure.as_str(), procedure.as_str()))
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
fn refusal(uri: &Uri, policy: MatchPolicy) -> Option<&'static str> {
    if uri.check(UriRule::Loose, policy).is_err() {
        Some(error::INVALID_URI)
    } else {
        uri.is_reserved().then_some(error::NOT_AUTHORIZED)
    }
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
        let Some((who, message)) = self.message(op) else { return };
        let handled = self.stage.send(who, message.clone());
        let sent = self.stage.take();
        let violation = self.model.handle(who, &message, &sent);
        assert_eq!(handled.is_err(), violation, "{handled:?}");
        self.compare(&sent);
        if violation {
            self.leave(who);
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
        // Somebody who left is replaced at the next chance, so that few operations are for nobody.
        self.join(slot, true, true);
        let who = self.model.slots[slot].as_ref()?.who;
        if matches!(op, Op::Leave { .. }) {
            self.leave(who);
            return None;
        }
        Some((who, self.client_message(op, who)?))
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

    fn client_message(&mut self, op: &Op, who: Who) -> Option<Message> {
        let model = &mut self.model;
        let Session { requests, invocations, .. } = model.session(who).clone();
        let made: Vec<_> =
            model.calls.iter().filter(|c| c.caller == who).map(|c| c.request).collect();
        let owed: Vec<_> = model.calls.iter().filter(|c| c.callee == who).cloned().collect();
        let given: Vec<_> = owed.iter().map(|c| c.invocation).collect();
        match *op {
            Op::Cancel { pick, mode, .. } => {
                let options = CancelOptions { mode, ..CancelOptions::default() };
                return Some(Cancel { request: target(&made, requests, pick)?, options }.into());
            }
            Op::Yield { pick, part, .. } => {
                let request = target(&given, invocations, pick)?;
                let asked = owed.iter().any(|c| c.invocation == request.get() && c.progress);
                let progress = part == Part::Yes || (part == Part::IfAsked && asked);
                let options = YieldOptions { progress, ..YieldOptions::default() };
                return Some(Yield { request, options, payload: args("1") }.into());
            }
            Op::Error { pick, .. } => {
                let invocation = target(&given, invocations, pick)?;
                return Some(invocation_error(invocation.get(), "com.error").into());
            }
            _ => {}
        }
        model.session(who).requests += 1;
        let request = request(requests + 1);
        Some(match *op {
            Op::Subscribe { uri, policy: match_policy, .. } => {
                let options = SubscribeOptions { match_policy, ..SubscribeOptions::default() };
                Subscribe { request, options, topic: URIS[uri].into() }.into()
            }
            Op::Unsubscribe { pick, .. } => {
                let ids: Vec<_> = model.subscriptions.iter().map(|s| s.id).collect();
                let subscription = *ids.get(pick % ids.len().max(1)).unwrap_or(&self.gone.0);
                Unsubscribe { request, subscription }.into()
            }
            Op::Publish { uri, exclude_me, eligible, exclude, acknowledge, .. } => {
                let here: Vec<Who> = model.slots.iter().flatten().map(|s| s.who).collect();
                let list = |mask: u8| {
                    here.iter()
                        .filter(|n| mask & (1 << (**n % 5)) != 0)
                        .map(|n| session(*n))
                        .collect()
                };
                let (eligible, exclude) = (eligible.map(list), exclude.map(list));
                let filters = Some(Box::new(Filters { eligible, exclude, ..Filters::default() }));
                let options = PublishOptions {
                    acknowledge,
                    exclude_me,
                    filters,
                    ..PublishOptions::default()
                };
                Publish { request, options, topic: URIS[uri].into(), payload: args("1") }.into()
            }
            Op::Register { uri, policy: match_policy, invoke, .. } => {
                let options =
                    RegisterOptions { match_policy, invoke, ..RegisterOptions::default() };
                Register { request, options, procedure: URIS[uri].into() }.into()
            }
            Op::Unregister { pick, .. } => {
                let ids: Vec<_> = model.registrations.iter().map(|r| r.id).collect();
                let registration = *ids.get(pick % ids.len().max(1)).unwrap_or(&self.gone.1);
                Unregister { request, registration }.into()
            }
            Op::Call { uri, progress: receive_progress, timeout, .. } => {
                let options = CallOptions { receive_progress, timeout, ..CallOptions::default() };
                Call { request, options, procedure: URIS[uri].into(), payload: args("1") }.into()
            }
            _ => unreachable!("{op:?} is no message"),
        })
    }
}

/// The id that a pick stands for, given those that are open and the last that was given out; `None` if there is none.
fn target(open: &[u64], last: u64, pick: u64) -> Option<RequestId> {
    match pick.checked_sub(OPEN) {
        None => open.get(usize::try_from(pick).unwrap() % open.len().max(1)).copied(),
        Some(0) => Some(last + 1),
        Some(back) => (last + 1).checked_sub(back),
    }
    .and_then(RequestId::new)
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
        ops.iter().for_each(|op| pair.step(op));
        assert_eq!(pair.stage.now, Time::from_millis(pair.model.now));
        Ok(())
    });
    if let Err(TestError::Fail(reason, ops)) = result {
        panic!("{reason}\nafter these operations:\n{ops:#?}");
    }
    result.unwrap();
}
