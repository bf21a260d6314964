//! The pure realm as a stage: no socket, no task, and a clock that only `wait` moves.

use crate::script::{Incoming, PERMISSIONS, Script, Stage};
use bytes::Bytes;
use serde_json::Value;
use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
    time::Duration,
};
use wamplex_realm::{
    Authority, Disclosure, Grant, History, HistoryRule, Joining, JsonSchema, Member, MetaApi,
    Outbound, PassedOptions, Realm, RealmConfig, Refused, Retention, Roles, Sink, Verdict, judge,
};
use wamplex_router::config::RoleSettings;
use wamplex_shared::{
    codec,
    error::ProtocolViolation,
    id::GlobalIds,
    message::{Abort, Goodbye, Hello, Message, WelcomeDetails},
    serializer::Serializer,
    session::{AcceptEvent, Acceptor, Received, Serving},
    time::Time,
    uri::{MatchPolicy, UriRule},
    uris,
};

/// A realm, and the smallest shell around it that can be: sessions are numbers.
#[derive(Debug)]
pub struct RealmStage {
    realm: Realm<usize>,
    peers: Vec<Peer>,
    names: BTreeMap<String, usize>,
    inboxes: Inboxes,
    ids: GlobalIds,
    trustlevel: Option<u64>,
    now: Time,
}

#[derive(Debug)]
enum Peer {
    Joining(Acceptor),
    Joined(Serving, Arc<Member<usize>>),
    Gone,
}

#[derive(Debug, Default)]
struct Inboxes {
    of: Vec<VecDeque<Incoming>>,
    /// Whom the realm has said GOODBYE, and nobody has seen to yet.
    dismissed: Vec<(usize, Goodbye)>,
}

impl Sink<usize> for Inboxes {
    fn deliver(&mut self, to: &usize, message: Outbound) {
        if let Message::Goodbye(goodbye) = message.to_message() {
            self.dismissed.push((*to, goodbye));
            return;
        }
        self.push_frame(*to, &message.encode(Serializer::Json).expect(ALL_JSON));
    }
}

/// Why nothing here can be unwritable.
const ALL_JSON: &str = "all payloads are JSON";

impl Inboxes {
    fn push(&mut self, to: usize, message: &Message) {
        self.push_frame(to, &codec::encode(Serializer::Json, message).expect(ALL_JSON));
    }

    fn push_frame(&mut self, to: usize, frame: &[u8]) {
        let json = serde_json::from_slice(frame).expect("what we write is JSON");
        self.of[to].push_back(Incoming::Message(json));
    }
}

impl RealmStage {
    /// An empty realm with the rules of this script.
    #[must_use]
    pub fn new(script: &Script) -> Self {
        Self {
            realm: Realm::new(config(script)),
            peers: Vec::new(),
            names: BTreeMap::new(),
            inboxes: Inboxes::default(),
            ids: GlobalIds::new(1),
            trustlevel: trustlevel(script),
            now: Time::ZERO,
        }
    }

    fn send_frame(&mut self, session: &str, frame: &Bytes) -> Result<(), String> {
        let at = self.at(session)?;
        match codec::decode(Serializer::Json, frame) {
            Ok(message) => self.handle(at, message),
            Err(error) => self.fail(at, &error.into()),
        }
        self.realm.check()
    }

    fn at(&self, session: &str) -> Result<usize, String> {
        self.names.get(session).copied().ok_or_else(|| format!("{session} has no transport"))
    }

    fn handle(&mut self, at: usize, message: Message) {
        match &mut self.peers[at] {
            Peer::Joining(acceptor) => {
                // A violation has queued its ABORT.
                let _ = acceptor.handle_message(message);
                self.judge(at);
            }
            Peer::Joined(serving, member) => {
                let (member, was_open) = (Arc::clone(member), serving.is_open());
                match serving.handle_message(message) {
                    Ok(Received::Request(message)) => {
                        if let Err(violation) = self.dispatch(&member, message) {
                            self.fail(at, &violation);
                        }
                        self.dismiss();
                    }
                    Ok(Received::Left(_)) if was_open => self.begin_anew(at),
                    Ok(_) | Err(_) => {}
                }
            }
            Peer::Gone => {}
        }
        self.flush(at);
    }

    /// Lets anonymous clients into the one realm there is.
    fn judge(&mut self, at: usize) {
        let Peer::Joining(acceptor) = &mut self.peers[at] else { return };
        let Some(AcceptEvent::Hello(hello)) = acceptor.poll_event() else { return };
        if hello.realm != self.realm.config().name {
            acceptor.refuse(Abort::new(uris::error::NO_SUCH_REALM, "there is one realm only"));
            return;
        }
        let (mut session, details) = welcome(&mut self.ids, &self.realm, &hello);
        session.trustlevel = self.trustlevel;
        acceptor.accept(session.session, details);
        let welcome = acceptor.poll_message().expect("it was accepted");
        self.inboxes.push(at, &welcome);
        let member = self.realm.join(session, at, self.now, &mut self.inboxes);
        self.peers[at] = Peer::Joined(Serving::new(), member);
    }

    fn dispatch(
        &mut self,
        from: &Arc<Member<usize>>,
        message: Message,
    ) -> Result<(), ProtocolViolation> {
        let (realm, now, out) = (&mut self.realm, self.now, &mut self.inboxes);
        let authority = realm.config().authority.as_ref();
        let verdict = authority.map(|authority| judge(&**authority, from, &message));
        let grant = match verdict.unwrap_or(Verdict::Allowed(Grant::EVERYTHING)) {
            Verdict::Allowed(grant) => grant,
            Verdict::Refused(why) => return realm.refuse(from, &message, why, out),
            Verdict::Ask { .. } => return realm.refuse(from, &message, Refused::Failed, out),
        };
        match message {
            Message::Publish(m) => realm.publish_as(grant, from, m, now, out),
            Message::Subscribe(m) => realm.subscribe(from, m, now, out),
            Message::Unsubscribe(m) => realm.unsubscribe(from, m, now, out),
            Message::Call(m) if m.procedure.is_reserved() => realm.call_meta(from, m, now, out),
            Message::Call(m) => realm.call_as(grant, from, m, now, out),
            Message::Cancel(m) => realm.cancel(from, m, now, out),
            Message::Register(m) => realm.register(from, m, now, out),
            Message::Unregister(m) => realm.unregister(from, m, now, out),
            Message::Yield(m) => realm.yield_(from, m, now, out),
            Message::Error(m) => realm.error(from, m, now, out),
            other => panic!("{} is not for the realm", other.code()),
        }
    }

    /// Begins to close the sessions that the realm has ended.
    fn dismiss(&mut self) {
        for (at, goodbye) in core::mem::take(&mut self.inboxes.dismissed) {
            if let Peer::Joined(serving, _) = &mut self.peers[at] {
                serving.close(goodbye);
            }
            self.flush(at);
        }
    }

    fn fail(&mut self, at: usize, violation: &ProtocolViolation) {
        match &mut self.peers[at] {
            Peer::Joining(acceptor) => acceptor.fail(violation),
            Peer::Joined(serving, _) => serving.fail(violation),
            Peer::Gone => {}
        }
        self.flush(at);
    }

    /// Delivers what the session's own machine has to say, and lets the session go if it is over.
    fn flush(&mut self, at: usize) {
        self.flush_machine(at);
        let over = match &self.peers[at] {
            Peer::Joining(acceptor) => acceptor.is_over(),
            Peer::Joined(serving, _) => serving.is_over(),
            Peer::Gone => false,
        };
        if over {
            self.leave(at);
            self.inboxes.of[at].push_back(Incoming::Closed);
        }
    }

    fn flush_machine(&mut self, at: usize) {
        let poll = |peer: &mut Peer| match peer {
            Peer::Joining(acceptor) => acceptor.poll_message(),
            Peer::Joined(serving, _) => serving.poll_message(),
            Peer::Gone => None,
        };
        while let Some(message) = poll(&mut self.peers[at]) {
            self.inboxes.push(at, &message);
        }
    }

    /// After GOODBYE the transport may be used for another HELLO.
    fn begin_anew(&mut self, at: usize) {
        self.flush_machine(at);
        self.leave(at);
        self.peers[at] = Peer::Joining(Acceptor::new(Serializer::Json));
    }

    fn leave(&mut self, at: usize) {
        if let Peer::Joined(_, member) = core::mem::replace(&mut self.peers[at], Peer::Gone) {
            self.realm.leave(&member, self.now, &mut self.inboxes);
        }
    }
}

impl Stage for RealmStage {
    fn connect(&mut self, session: &str) -> Result<(), String> {
        self.names.insert(session.to_owned(), self.peers.len());
        self.peers.push(Peer::Joining(Acceptor::new(Serializer::Json)));
        self.inboxes.of.push(VecDeque::new());
        Ok(())
    }

    fn send(&mut self, session: &str, message: &Value) -> Result<(), String> {
        self.send_frame(session, &Bytes::from(message.to_string()))
    }

    fn send_garbage(&mut self, session: &str) -> Result<(), String> {
        self.send_frame(session, &Bytes::from_static(b"[1, "))
    }

    fn receive(&mut self, session: &str) -> Result<Incoming, String> {
        let at = self.at(session)?;
        Ok(self.inboxes.of[at].pop_front().unwrap_or(Incoming::Nothing))
    }

    fn settle(&mut self) -> Result<(), String> {
        Ok(())
    }

    fn leftover(&mut self, session: &str) -> Result<Incoming, String> {
        self.receive(session)
    }

    fn disconnect(&mut self, session: &str) -> Result<(), String> {
        let at = self.at(session)?;
        self.leave(at);
        self.realm.check()
    }

    fn wait(&mut self, millis: u64) -> Result<(), String> {
        self.now = self.now + Duration::from_millis(millis);
        while self.realm.poll_timeout().is_some_and(|due| due <= self.now) {
            self.realm.handle_timeout(self.now, &mut self.inboxes);
        }
        self.realm.check()
    }
}

/// Who joins, and what it is told: what a router does for anonymous clients.
fn welcome(ids: &mut GlobalIds, realm: &Realm<usize>, hello: &Hello) -> (Joining, WelcomeDetails) {
    let mut who = Joining::new(ids.session(), hello.details.roles);
    who.authid = Some(format!("anonymous-{}", who.session).into());
    who.authrole = Some("anonymous".into());
    who.authmethod = Some("anonymous".into());
    let details = WelcomeDetails {
        roles: realm.welcome_roles(),
        realm: Some(realm.config().name.clone()),
        authid: who.authid.clone(),
        authrole: who.authrole.clone(),
        authmethod: who.authmethod.clone(),
        ..WelcomeDetails::default()
    };
    (who, details)
}

/// The rules that a script sets for its realm.
///
/// # Panics
/// When the script sets something that is no rule.
pub(super) fn config(script: &Script) -> RealmConfig {
    let mut config = RealmConfig::new("realm1", 7);
    for (key, value) in &script.realm {
        let millis = || value.as_u64().map(Duration::from_millis);
        let known = match (key.as_str(), value.as_str(), value.as_bool()) {
            ("uris", Some("loose"), _) => set(&mut config.uri_rule, UriRule::Loose),
            ("uris", Some("strict"), _) => set(&mut config.uri_rule, UriRule::Strict),
            ("strict_request_ids", _, Some(strict)) => set(&mut config.strict_request_ids, strict),
            ("disclosure", Some("never"), _) => set(&mut config.disclosure, Disclosure::Never),
            ("disclosure", Some("on_request"), _) => {
                set(&mut config.disclosure, Disclosure::OnRequest)
            }
            ("disclosure", Some("always"), _) => set(&mut config.disclosure, Disclosure::Always),
            ("validate", _, Some(true)) => set(&mut config.validator, Some(Arc::new(JsonSchema))),
            ("meta_api", Some("off"), _) => set(&mut config.meta_api, MetaApi::Off),
            ("meta_api", Some("ask"), _) => set(&mut config.meta_api, MetaApi::Ask),
            ("meta_api", Some("full"), _) => set(&mut config.meta_api, MetaApi::Full),
            ("call_timeout", ..) if value.is_u64() => set(&mut config.call_timeout, millis()),
            ("max_call_timeout", ..) if value.is_u64() => {
                set(&mut config.max_call_timeout, millis())
            }
            ("trustlevel", ..) if value.is_u64() => set(&mut config.trustlevels, true),
            ("passed_options", ..) => set_passed_options(&mut config.passed_options, value),
            ("retention", ..) => set_retention(&mut config.retention, value),
            ("history", ..) => set_history(&mut config.history, value),
            (PERMISSIONS, ..) => true,
            ("history_reply_bytes", ..) if value.is_u64() => {
                set(&mut config.history.reply_bytes, size(value).unwrap_or(usize::MAX))
            }
            _ => false,
        };
        assert!(known, "`{key}: {value}` is no rule of a realm");
    }
    let made = roles(script).map(|role| {
        let made = Roles::new([role.to_role()], config.uri_rule, config.meta_api);
        Arc::new(made.unwrap_or_else(|bad| panic!("{bad}"))) as Arc<dyn Authority>
    });
    config.authority = made;
    config
}

/// What the sessions of this script may do, if that is not everything.
///
/// # Panics
/// When the script has a permission that is none.
pub(super) fn roles(script: &Script) -> Option<RoleSettings> {
    let permissions = script.realm.get(PERMISSIONS)?.clone();
    let permissions = serde_json::from_value(permissions);
    let permissions = permissions.unwrap_or_else(|bad| panic!("a permission is none: {bad}"));
    Some(RoleSettings { permissions, ..RoleSettings::new("anonymous") })
}

/// How far the realm of this script trusts its sessions.
pub(super) fn trustlevel(script: &Script) -> Option<u64> {
    script.realm.get("trustlevel").and_then(Value::as_u64)
}

fn set_passed_options(passed: &mut PassedOptions, keys: &Value) -> bool {
    let keys = keys.as_array().map(|keys| keys.iter().filter_map(Value::as_str).map(str::to_owned));
    keys.and_then(|keys| PassedOptions::new(keys).ok()).is_some_and(|keys| set(passed, keys))
}

fn set_retention(retention: &mut Retention, rules: &Value) -> bool {
    let Some(rules) = rules.as_object() else { return false };
    rules.iter().all(|(key, value)| {
        let time = value.as_u64().map(Duration::from_millis);
        match (key.as_str(), size(value)) {
            ("events", Some(size)) => set(&mut retention.events, size),
            ("bytes", Some(size)) => set(&mut retention.bytes, size),
            ("replay_bytes", Some(size)) => set(&mut retention.replay_bytes, size),
            ("ttl", Some(_)) => set(&mut retention.ttl, time),
            ("max_ttl", Some(_)) => set(&mut retention.max_ttl, time),
            _ => false,
        }
    })
}

fn set_history(history: &mut History, rules: &Value) -> bool {
    let Some(rules) = rules.as_array() else { return false };
    rules.iter().filter_map(Value::as_object).all(|rule| {
        let text = |key| rule.get(key).and_then(Value::as_str);
        let policy = text("match").map_or(Some(MatchPolicy::Exact), MatchPolicy::from_name);
        let Some((policy, pattern)) = policy.zip(text("pattern")) else { return false };
        let mut made = HistoryRule::new(policy, pattern);
        let known = rule.iter().all(|(key, value)| match (key.as_str(), size(value)) {
            ("match" | "pattern", _) => true,
            ("events", Some(size)) => set(&mut made.events, size),
            ("bytes", Some(size)) => set(&mut made.bytes, size),
            ("total_bytes", Some(size)) => set(&mut made.total_bytes, size),
            ("age", Some(_)) => set(&mut made.age, value.as_u64().map(Duration::from_millis)),
            _ => false,
        });
        history.rules.push(made);
        known
    })
}

fn size(value: &Value) -> Option<usize> {
    value.as_u64().and_then(|size| usize::try_from(size).ok())
}

fn set<T>(place: &mut T, value: T) -> bool {
    *place = value;
    true
}
