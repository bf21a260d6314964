//! The realm as lists that are scanned: slow, short, and so plain that it can be believed.

mod transcript;

pub(crate) use transcript::Transcript;

use crate::stage::{self, Who, session};
use std::collections::BTreeMap;
use wamplex_realm::Retention;
use wamplex_shared::{
    id::{RegistrationId, SubscriptionId},
    message::*,
    payload::Payload,
    uri::{
        MatchPolicy::{self, Exact, Prefix, Wildcard},
        Uri, UriRule,
    },
    uris::{self, error},
};

/// Small, so that random operations reach them.
pub(crate) const SUBSCRIPTIONS: usize = 5;
pub(crate) const REGISTRATIONS: usize = 5;
pub(crate) const CALLS: usize = 4;
pub(crate) const INVOCATIONS: usize = 5;
pub(crate) const RETAINED: usize = 5;

/// How many sessions there can be at a time.
pub(crate) const SLOTS: usize = 5;

const TOO_MANY: &str = uris::wamplex::LIMIT_EXCEEDED;

/// The realm as lists.
#[derive(Default)]
pub(crate) struct Model {
    pub(crate) now: u64,
    pub(crate) slots: [Option<Session>; SLOTS],
    pub(crate) sessions: u64,
    pub(crate) subscriptions: Vec<Subscription>,
    pub(crate) registrations: Vec<Registration>,
    pub(crate) calls: Vec<OpenCall>,
    /// In the order they were published.
    retained: Vec<Retained>,
    pub(crate) said: Vec<String>,
}

#[derive(Clone)]
pub(crate) struct Session {
    pub(crate) who: Who,
    pub(crate) cancels: bool,
    pub(crate) progresses: bool,
    /// Requests it has made.
    pub(crate) requests: u64,
    /// Invocations it was given.
    pub(crate) invocations: u64,
}

pub(crate) struct Subscription {
    pub(crate) id: SubscriptionId,
    policy: MatchPolicy,
    topic: Uri,
    members: Vec<Who>,
}

struct Retained {
    topic: Uri,
    publisher: Who,
    options: PublishOptions,
    expires: Option<u64>,
    payload: String,
}

pub(crate) struct Registration {
    pub(crate) id: RegistrationId,
    policy: MatchPolicy,
    procedure: Uri,
    invoke: InvocationPolicy,
    callees: Vec<Who>,
    turn: usize,
}

#[derive(Clone)]
pub(crate) struct OpenCall {
    pub(crate) caller: Who,
    pub(crate) request: u64,
    pub(crate) callee: Who,
    pub(crate) invocation: u64,
    pub(crate) progress: bool,
    timeout: Option<u64>,
    deadline: Option<u64>,
    killed: bool,
}

/// What a message says, with the ids that the model knows too.
pub(crate) fn render(to: Who, message: &Message) -> String {
    match message {
        Message::Subscribed(m) => format!("{to} SUBSCRIBED {} {}", m.request, m.subscription),
        Message::Registered(m) => format!("{to} REGISTERED {} {}", m.request, m.registration),
        Message::Event(m) => {
            let topic = m.details.topic.as_ref().map_or("-", Uri::as_str);
            let retained = if m.details.retained { "retained" } else { "live" };
            format!("{to} EVENT {} {topic} {retained} {}", m.subscription, text(&m.payload))
        }
        Message::Invocation(m) => {
            let procedure = m.details.procedure.as_ref().map_or("-", Uri::as_str);
            let progress = m.details.receive_progress;
            format!("{to} INVOCATION {} {} {procedure} {progress}", m.request, m.registration)
        }
        other => format!("{to} {}", stage::show(other)),
    }
}

fn text(payload: &Payload) -> String {
    String::from_utf8_lossy(payload.bytes()).into_owned()
}

impl Model {
    fn say(&mut self, to: Who, what: impl core::fmt::Display) {
        self.said.push(format!("{to} {what}"));
    }

    pub(crate) fn session(&mut self, who: Who) -> &mut Session {
        self.slots.iter_mut().flatten().find(|s| s.who == who).unwrap()
    }

    /// Whether the message breaks the protocol.
    pub(crate) fn handle(&mut self, who: Who, message: &Message, sent: &[(Who, Message)]) -> bool {
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

    pub(crate) fn leave(&mut self, who: Who) {
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
                let [(_, Message::Subscribed(m)), ..] = sent else { panic!("{sent:?}") };
                let (id, topic, members) = (m.subscription, topic.clone(), vec![who]);
                assert!(self.subscriptions.iter().all(|s| s.id != id), "{id:?} is taken");
                self.subscriptions.push(Subscription { id, policy, topic, members });
                id
            }
        };
        self.say(who, format_args!("SUBSCRIBED {n} {id}"));
        if m.options.get_retained {
            self.replay(who, id, topic, policy);
        }
    }

    /// The last event of each topic that this session would have received.
    fn replay(&mut self, who: Who, id: SubscriptionId, pattern: &Uri, policy: MatchPolicy) {
        let now = self.now;
        self.retained.retain(|r| r.expires.is_none_or(|expires| expires > now));
        let mut last = BTreeMap::new();
        for r in &self.retained {
            if policy.matches(pattern.as_str(), r.topic.as_str())
                && admits(&r.options, r.publisher, who)
            {
                last.insert(&r.topic, &r.payload);
            }
        }
        let told = |topic: &Uri| if policy == Exact { "-".into() } else { topic.to_string() };
        let events = last
            .iter()
            .map(|(topic, payload)| format!("{who} EVENT {id} {} retained {payload}", told(topic)));
        self.said.extend(events);
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
        let payload = text(&m.payload);
        let refused = refusal(topic, Exact);
        let mut events = Vec::new();
        for s in &self.subscriptions {
            if refused.is_some() || !s.policy.matches(s.topic.as_str(), topic.as_str()) {
                continue;
            }
            let told = if s.policy == Exact { "-" } else { topic.as_str() };
            for to in &s.members {
                let event = || format!("{to} EVENT {} {told} live {payload}", s.id);
                events.extend(admits(options, who, *to).then(event));
            }
        }
        self.said.extend(events);
        if options.retain && refused.is_none() {
            self.retain(who, m);
        }
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

    fn retain(&mut self, publisher: Who, m: &Publish) {
        let (topic, now) = (m.topic.clone(), self.now);
        let is_restricted =
            |r: &Retained| *r.options.filters.as_deref().unwrap() != Filters::default();
        let ttl = m.options.custom.get(Retention::TTL_OPTION).map(|ttl| ttl.as_u64().unwrap());
        let expires = ttl.map(|ttl| now + ttl);
        let (options, payload) = (m.options.clone(), text(&m.payload));
        let new = Retained { topic, publisher, options, expires, payload };
        self.retained.retain(|r| {
            let replaced = r.topic == new.topic && !is_restricted(&new);
            !replaced && r.expires.is_none_or(|expires| expires > now)
        });
        if ttl != Some(0) {
            self.retained.push(new);
        }
        if self.retained.len() > RETAINED {
            self.retained.remove(0);
        }
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
        let made = self.calls.iter().filter(|c| c.caller == who).count();
        if made >= CALLS {
            return self.say(who, format_args!("ERROR CALL {n} {TOO_MANY}"));
        }
        let callee = self.select(at, sent);
        let registration = &self.registrations[at];
        let told = if registration.policy == Exact { "-" } else { procedure.as_str() };
        let id = registration.id;
        if self.owed(callee) >= INVOCATIONS {
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

    pub(crate) fn advance(&mut self, now: u64) {
        self.now = now;
        while let Some(at) = self.calls.iter().position(|c| c.deadline.is_some_and(|d| d <= now)) {
            self.end(at, error::TIMEOUT, true);
        }
    }
}

/// Whether this session may receive what that one has published.
fn admits(options: &PublishOptions, publisher: Who, to: Who) -> bool {
    let Filters { eligible, exclude, .. } = options.filters.as_deref().unwrap();
    let id = session(to);
    (to != publisher || options.exclude_me == Some(false))
        && eligible.as_ref().is_none_or(|list| list.contains(&id))
        && exclude.as_ref().is_none_or(|list| !list.contains(&id))
}

/// Why nobody may publish to, register or call this; `None` if anybody may.
fn refusal(uri: &Uri, policy: MatchPolicy) -> Option<&'static str> {
    if uri.check(UriRule::Loose, policy).is_err() {
        Some(error::INVALID_URI)
    } else {
        uri.is_reserved().then_some(error::NOT_AUTHORIZED)
    }
}
