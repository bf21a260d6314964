//! A realm, some sessions, and what each of them was sent, for the tests of this folder.
//!
//! The realm is checked for consistency after every message.

#![allow(dead_code, reason = "every test file is a crate of its own and uses a part of this")]

use bytes::Bytes;
use std::{collections::BTreeMap, sync::Arc};
use wamplex_realm::{
    Decision, Grant, Handled, Joining, Member, Outbound, Realm, RealmConfig, Refused, Sink,
    Slowness, Verdict, judge,
};
use wamplex_shared::{
    codec,
    id::{RegistrationId, RequestId, RequestIds, SessionId, SubscriptionId},
    message::*,
    payload::{Payload, PayloadShape},
    roles::{Feature, Features, Role, Roles},
    serializer::Serializer,
    time::Time,
    uri::Uri,
    value::{Dict, Value},
};

/// A session is known by its number, which is its handle too.
pub(crate) type Who = u64;

pub(crate) struct Stage {
    pub(crate) realm: Realm<Who>,
    pub(crate) now: Time,
    members: BTreeMap<Who, Arc<Member<Who>>>,
    requests: BTreeMap<Who, RequestIds>,
    log: Log,
}

#[derive(Default)]
pub(crate) struct Log(pub(crate) Vec<(Who, Message)>);

impl Sink<Who> for Log {
    fn deliver(&mut self, to: &Who, message: Outbound) {
        self.0.push((*to, message.to_message()));
    }
}

/// All four roles with all features that matter to a router.
pub(crate) fn every_feature() -> Roles {
    let all = Features::of(Feature::ALL);
    [Role::Publisher, Role::Subscriber, Role::Caller, Role::Callee]
        .into_iter()
        .fold(Roles::NONE, |roles, role| roles.with(role, all))
}

/// All features, but for these of the callee.
pub(crate) fn callee_without(features: &[Feature]) -> Roles {
    let mut left = Features::NONE;
    Feature::ALL.iter().filter(|f| !features.contains(f)).for_each(|f| left.insert(*f));
    every_feature().with(Role::Callee, left)
}

pub(crate) fn session(n: Who) -> SessionId {
    SessionId::new(n).unwrap()
}

pub(crate) fn request(n: u64) -> RequestId {
    RequestId::new(n).unwrap()
}

/// One positional argument, in JSON.
pub(crate) fn args(json: &str) -> Payload {
    Payload::from_encoded(Serializer::Json, PayloadShape::Args, Bytes::from(format!("[{json}]")))
}

impl Stage {
    pub(crate) fn new() -> Self {
        Self::with(|_| ())
    }

    pub(crate) fn with(configure: impl FnOnce(&mut RealmConfig)) -> Self {
        let mut config = RealmConfig::new("realm1", 42);
        configure(&mut config);
        Self {
            realm: Realm::new(config),
            now: Time::ZERO,
            members: BTreeMap::new(),
            requests: BTreeMap::new(),
            log: Log::default(),
        }
    }

    /// A session with all features joins.
    pub(crate) fn join(&mut self, n: Who) -> Who {
        self.join_as(n, every_feature(), None)
    }

    pub(crate) fn join_as(&mut self, n: Who, roles: Roles, auth: Option<(&str, &str)>) -> Who {
        let mut who = Joining::new(session(n), roles);
        who.authid = auth.map(|(authid, _)| authid.into());
        who.authrole = auth.map(|(_, authrole)| authrole.into());
        self.join_with(n, who)
    }

    /// A session with all features joins that the router trusts so far.
    pub(crate) fn join_trusted(&mut self, n: Who, trustlevel: Option<u64>) -> Who {
        let mut who = Joining::new(session(n), every_feature());
        who.trustlevel = trustlevel;
        self.join_with(n, who)
    }

    /// The router itself joins.
    pub(crate) fn join_privileged(&mut self, n: Who) -> Who {
        let mut who = Joining::new(session(n), every_feature());
        who.privileged = true;
        self.join_with(n, who)
    }

    fn join_with(&mut self, n: Who, who: Joining) -> Who {
        let member = self.realm.join(who, n, self.now, &mut self.log);
        self.members.insert(n, member);
        self.requests.insert(n, RequestIds::new());
        self.check();
        n
    }

    /// The session leaves. Its member stays, to try what comes after.
    pub(crate) fn leave(&mut self, n: Who) {
        self.realm.leave(&self.members[&n], self.now, &mut self.log);
        self.check();
    }

    /// The time comes.
    pub(crate) fn at(&mut self, millis: u64) {
        self.now = Time::from_millis(millis);
        self.realm.handle_timeout(self.now, &mut self.log);
        self.check();
    }

    /// Hands in any message that a client may send, if it has the right to. Nobody is there to be asked about that.
    pub(crate) fn send(&mut self, from: Who, message: impl Into<Message>) -> Handled {
        let (realm, log, now) = (&mut self.realm, &mut self.log, self.now);
        let member = &self.members[&from];
        let message = message.into();
        let authority = realm.config().authority.as_ref();
        let verdict = authority.map(|authority| judge(&**authority, member, &message));
        let grant = match verdict.unwrap_or(Verdict::Allowed(Grant::EVERYTHING)) {
            Verdict::Allowed(_) if asks_about_more(realm, member, &message) => {
                return realm.refuse(member, &message, Refused::Failed, log);
            }
            Verdict::Allowed(grant) => grant,
            Verdict::Refused(why) => return realm.refuse(member, &message, why, log),
            Verdict::Ask { .. } => return realm.refuse(member, &message, Refused::Failed, log),
        };
        let handled = match message {
            Message::Subscribe(m) => realm.subscribe(member, m, now, log),
            Message::Unsubscribe(m) => realm.unsubscribe(member, m, now, log),
            Message::Publish(m) => realm.publish_as(grant, member, m, now, log),
            Message::Register(m) => realm.register(member, m, now, log),
            Message::Unregister(m) => realm.unregister(member, m, now, log),
            Message::Call(m) if m.procedure.is_reserved() => realm.call_meta(member, m, now, log),
            Message::Call(m) => realm.call_as(grant, member, m, now, log),
            Message::Cancel(m) => realm.cancel(member, m, now, log),
            Message::Yield(m) => realm.yield_(member, m, now, log),
            Message::Error(m) => realm.error(member, m, now, log),
            other => panic!("{other:?} is not for a realm"),
        };
        self.check();
        handled
    }

    /// The transport of this session cannot carry a message.
    pub(crate) fn undelivered(&mut self, to: Who, message: Outbound) {
        self.realm.undelivered(&self.members[&to], message, self.now, &mut self.log);
        self.check();
    }

    pub(crate) fn announce_slow(&mut self, n: Who, slowness: &Slowness) {
        self.realm.announce_slow(&self.members[&n], slowness, &mut self.log);
    }

    pub(crate) fn next_request(&mut self, n: Who) -> RequestId {
        self.requests.get_mut(&n).unwrap().take()
    }

    fn check(&self) {
        self.realm.check().unwrap();
    }

    pub(crate) fn subscribe(&mut self, n: Who, topic: &str, options: SubscribeOptions) {
        let request = self.next_request(n);
        self.send(n, Subscribe { request, options, topic: topic.into() }).unwrap();
    }

    /// Subscribes and returns the id of the subscription.
    pub(crate) fn subscribed(
        &mut self,
        n: Who,
        topic: &str,
        options: SubscribeOptions,
    ) -> SubscriptionId {
        self.subscribe(n, topic, options);
        match self.log.0.pop() {
            Some((to, Message::Subscribed(m))) if to == n => m.subscription,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn unsubscribe(&mut self, n: Who, subscription: SubscriptionId) {
        let request = self.next_request(n);
        self.send(n, Unsubscribe { request, subscription }).unwrap();
    }

    pub(crate) fn publish(&mut self, n: Who, topic: &str, options: PublishOptions) {
        let request = self.next_request(n);
        let payload = args("\"event\"");
        self.send(n, Publish { request, options, topic: topic.into(), payload }).unwrap();
    }

    pub(crate) fn register(&mut self, n: Who, procedure: &str, options: RegisterOptions) {
        let request = self.next_request(n);
        self.send(n, Register { request, options, procedure: procedure.into() }).unwrap();
    }

    /// Registers and returns the id of the registration.
    pub(crate) fn registered(
        &mut self,
        n: Who,
        procedure: &str,
        options: RegisterOptions,
    ) -> RegistrationId {
        self.register(n, procedure, options);
        match self.log.0.pop() {
            Some((to, Message::Registered(m))) if to == n => m.registration,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn unregister(&mut self, n: Who, registration: RegistrationId) {
        let request = self.next_request(n);
        self.send(n, Unregister { request, registration }).unwrap();
    }

    pub(crate) fn call(&mut self, n: Who, procedure: &str, options: CallOptions) -> RequestId {
        let request = self.next_request(n);
        let payload = args("\"question\"");
        self.send(n, Call { request, options, procedure: procedure.into(), payload }).unwrap();
        request
    }

    pub(crate) fn cancel(&mut self, n: Who, call: RequestId, mode: Option<CancelMode>) {
        let options = CancelOptions { mode, ..CancelOptions::default() };
        self.send(n, Cancel { request: call, options }).unwrap();
    }

    pub(crate) fn yield_(&mut self, n: Who, invocation: u64, json: &str) -> Handled {
        let options = YieldOptions::default();
        self.send(n, Yield { request: request(invocation), options, payload: args(json) })
    }

    pub(crate) fn progress(&mut self, n: Who, invocation: u64, json: &str) -> Handled {
        let options = YieldOptions { progress: true, ..YieldOptions::default() };
        self.send(n, Yield { request: request(invocation), options, payload: args(json) })
    }

    pub(crate) fn error(&mut self, n: Who, invocation: u64, uri: &str) -> Handled {
        self.send(n, invocation_error(invocation, uri))
    }

    /// Calls a procedure of the router and returns the argument of the result, or the URI of the error. The answer comes
    /// first; what else is caused stays to be looked at.
    pub(crate) fn ask(
        &mut self,
        n: Who,
        procedure: &str,
        args: &[Value],
        kwargs: &Dict,
    ) -> Result<Value, String> {
        let request = self.next_request(n);
        let payload = codec::write_values(Serializer::Json, args, kwargs);
        let options = CallOptions::default();
        let before = self.log.0.len();
        self.send(n, Call { request, options, procedure: procedure.into(), payload }).unwrap();
        match self.log.0.remove(before) {
            (to, Message::Result(m)) if to == n && m.request == request => {
                let (mut list, dict) = codec::read_values(&m.payload).unwrap();
                assert!(list.len() <= 1 && dict.is_empty(), "{list:?} {dict:?}");
                Ok(list.pop().unwrap_or_default())
            }
            (to, Message::Error(m)) if to == n && m.request == request => {
                Err(m.error.as_str().to_owned())
            }
            other => panic!("{other:?}"),
        }
    }

    /// The same without taking it.
    pub(crate) fn peek(&self) -> &[(Who, Message)] {
        &self.log.0
    }

    /// What all sessions were sent since the last look, in order.
    pub(crate) fn take(&mut self) -> Vec<(Who, Message)> {
        core::mem::take(&mut self.log.0)
    }

    /// The same in short words.
    pub(crate) fn heard(&mut self) -> Vec<String> {
        self.take().iter().map(|(to, message)| format!("{to} {}", show(message))).collect()
    }
}

/// Whether somebody would have to be asked about the other right that a message needs.
fn asks_about_more(realm: &Realm<Who>, from: &Member<Who>, message: &Message) -> bool {
    let authority = realm.config().authority.as_ref().filter(|_| !from.who().privileged);
    let decision = authority.zip(realm.also_needs(message)).map(|(authority, also)| {
        let (action, uri, policy) = also;
        authority.decide(from.who(), action, &uri, policy)
    });
    matches!(decision, Some(Decision::Ask { .. }))
}

pub(crate) fn invocation_error(invocation: u64, uri: &str) -> Error {
    Error {
        request_type: MessageCode::Invocation,
        request: request(invocation),
        details: ErrorDetails::default(),
        error: Uri::from(uri),
        payload: Payload::NONE,
    }
}

/// Name, request, and what matters of the details.
pub(crate) fn show(message: &Message) -> String {
    let name = message.code().name();
    let text = |payload: &Payload| match payload.is_none() {
        true => String::new(),
        false => format!(" {}", String::from_utf8_lossy(payload.bytes())),
    };
    match message {
        Message::Error(m) => format!("{name} {} {} {}", m.request_type, m.request, m.error),
        Message::Published(m) => format!("{name} {}", m.request),
        Message::Subscribed(m) => format!("{name} {}", m.request),
        Message::Unsubscribed(m) => format!("{name} {}", m.request.map_or(0, RequestId::get)),
        Message::Registered(m) => format!("{name} {}", m.request),
        Message::Unregistered(m) => format!("{name} {}", m.request.map_or(0, RequestId::get)),
        Message::Event(m) => {
            let topic = m.details.topic.as_ref().map_or(String::new(), |t| format!(" {t}"));
            format!("{name}{topic}{}", text(&m.payload))
        }
        Message::Invocation(m) => {
            let what = m.details.procedure.as_ref().map_or(String::new(), |p| format!(" {p}"));
            format!("{name} {}{what}{}", m.request, text(&m.payload))
        }
        Message::Interrupt(m) => {
            format!("{name} {} {}", m.request, m.options.mode.map_or("", CancelMode::name))
        }
        Message::Result(m) => {
            let progress = if m.details.progress { " progress" } else { "" };
            format!("{name} {}{progress}{}", m.request, text(&m.payload))
        }
        Message::Goodbye(m) => format!("{name} {}", m.reason),
        other => panic!("a realm does not send {other:?}"),
    }
}
