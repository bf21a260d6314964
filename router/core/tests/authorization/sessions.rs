//! Random sessions in random roles: whatever they try, nobody receives what the rules word by word give no right to, and
//! nobody is refused what they give.

use crate::{
    matrix::{pattern, role, text},
    oracle::{all, arrange, one},
    stage::{Stage, Who, every_feature},
};
use proptest::{collection::vec, prelude::*};
use std::{collections::BTreeMap, sync::Arc};
use wamplex_realm::{Access, Action, History, HistoryRule, MetaApi, Permission, Role};
use wamplex_shared::{
    codec,
    id::{RegistrationId, RequestId, SubscriptionId},
    message::*,
    serializer::Serializer,
    uri::{MatchPolicy, Uri, UriRule},
    uris,
    value::{Dict, Value},
};

const NAMES: [&str; 3] = ["r0", "r1", "r2"];
const SESSIONS: u64 = 5;

type Pattern = (MatchPolicy, String);

#[derive(Clone, Debug)]
enum Op {
    Subscribe { who: Who, pattern: Pattern, get_retained: bool },
    Watch { who: Who, topic: &'static str },
    Publish { who: Who, topic: String, retain: bool },
    Register { who: Who, pattern: Pattern },
    Call { who: Who, procedure: String },
    Answer { who: Who },
    Testament { who: Who, topic: String },
    Past { who: Who, pick: usize },
    Rejoin { who: Who },
}

fn op() -> impl Strategy<Value = Op> {
    let who = || 0..SESSIONS;
    let uri = || {
        let check =
            |uri: &String| Uri::from(uri.as_str()).check(UriRule::Loose, MatchPolicy::Exact);
        text().prop_filter("a URI", move |uri| check(uri).is_ok())
    };
    let topic = prop_oneof![
        Just(uris::session::ON_JOIN),
        Just(uris::session::ON_LEAVE),
        Just(uris::subscription::ON_CREATE)
    ];
    prop_oneof![
        6 => (who(), pattern(), any::<bool>())
            .prop_map(|(who, pattern, get_retained)| Op::Subscribe { who, pattern, get_retained }),
        1 => (who(), topic).prop_map(|(who, topic)| Op::Watch { who, topic }),
        6 => (who(), uri(), any::<bool>())
            .prop_map(|(who, topic, retain)| Op::Publish { who, topic, retain }),
        4 => (who(), pattern()).prop_map(|(who, pattern)| Op::Register { who, pattern }),
        6 => (who(), uri()).prop_map(|(who, procedure)| Op::Call { who, procedure }),
        3 => who().prop_map(|who| Op::Answer { who }),
        1 => (who(), uri()).prop_map(|(who, topic)| Op::Testament { who, topic }),
        2 => (who(), any::<usize>()).prop_map(|(who, pick)| Op::Past { who, pick }),
        1 => who().prop_map(|who| Op::Rejoin { who }),
    ]
}

/// A role that also has a word to say about the protocol.
fn any_role(name: &'static str) -> impl Strategy<Value = Role> {
    let is_allowed = prop_oneof![1 => Just(false), 3 => Just(true)];
    (role(name), vec(is_allowed, 4)).prop_map(|(mut role, is_allowed)| {
        let protocol = Permission::new(MatchPolicy::Prefix, "wamp.");
        let allowed = Action::ALL.into_iter().zip(is_allowed).filter(|(_, is_allowed)| *is_allowed);
        let allowed: Vec<Action> = allowed.map(|(action, _)| action).collect();
        role.permissions.retain(|p| (p.policy, &p.uri) != (protocol.policy, &protocol.uri));
        role.permissions.push(protocol.allow(&allowed));
        role
    })
}

struct World {
    stage: Stage,
    roles: Vec<Role>,
    subscriptions: BTreeMap<SubscriptionId, Pattern>,
    registrations: BTreeMap<RegistrationId, Pattern>,
    /// What each session has called, and the invocations it owes an answer to.
    calls: BTreeMap<(Who, RequestId), String>,
    open: BTreeMap<Who, Vec<u64>>,
}

impl World {
    fn new(roles: Vec<Role>) -> Self {
        let stage = Stage::with(|config| {
            config.authority = Some(Arc::new(arrange(&roles)));
            config.meta_api = MetaApi::Ask;
            config.history = History::default();
            config.history.rules.push(HistoryRule::new(MatchPolicy::Prefix, ""));
        });
        let (subscriptions, registrations) = (BTreeMap::new(), BTreeMap::new());
        let (calls, open) = (BTreeMap::new(), BTreeMap::new());
        let mut world = Self { stage, roles, subscriptions, registrations, calls, open };
        (0..SESSIONS).for_each(|who| world.join(who));
        world
    }

    fn join(&mut self, who: Who) {
        let role = self.role(who).name.clone();
        self.stage.join_as(who + 1, every_feature(), Some((&format!("a{who}"), &role)));
        self.open.insert(who, Vec::new());
    }

    fn role(&self, who: Who) -> &Role {
        &self.roles[usize::try_from(who).unwrap() % self.roles.len()]
    }

    fn may(&self, who: Who, action: Action, uri: &str) -> bool {
        one(self.role(who), action, uri) == Access::Allow
    }

    fn may_all(&self, who: Who, action: Action, (policy, uri): &Pattern) -> bool {
        all(self.role(who), action, *policy, uri) == Access::Allow
    }

    /// Does it, and looks at everything that was said.
    fn run(&mut self, op: &Op) {
        match op {
            Op::Subscribe { who, pattern, get_retained } => {
                self.subscribe(*who, pattern, *get_retained);
            }
            Op::Watch { who, topic } => {
                self.subscribe(*who, &(MatchPolicy::Exact, (*topic).to_owned()), false);
            }
            Op::Register { who, pattern } => self.register(*who, pattern),
            Op::Publish { who, topic, retain } => self.publish(*who, topic, *retain),
            Op::Call { who, procedure } => {
                let request = self.stage.call(who + 1, procedure, CallOptions::default());
                self.calls.insert((*who, request), procedure.clone());
                let is_refused = self.hear(*who, None);
                assert_eq!(is_refused, !self.may(*who, Action::Call, procedure));
            }
            Op::Answer { who } => {
                for invocation in self.open.insert(*who, Vec::new()).unwrap_or_default() {
                    self.stage.yield_(who + 1, invocation, "\"answer\"").unwrap();
                }
                self.hear(*who, None);
            }
            Op::Testament { who, topic } => {
                let arguments = [topic.as_str().into(), Value::List(vec![]), Dict::new().into()];
                let is_refused = self.call_router(*who, uris::session::ADD_TESTAMENT, &arguments);
                let may = self.may(*who, Action::Call, uris::session::ADD_TESTAMENT)
                    && self.may(*who, Action::Publish, topic);
                assert_eq!(is_refused, is_reserved(topic) || !may);
            }
            Op::Past { who, pick } => self.look_back(*who, *pick),
            Op::Rejoin { who } => {
                self.stage.leave(who + 1);
                self.hear(*who, None);
                self.join(*who);
                self.hear(*who, None);
            }
        }
    }

    fn subscribe(&mut self, who: Who, pattern: &Pattern, get_retained: bool) {
        let (match_policy, uri) = (pattern.0, &pattern.1);
        let options =
            SubscribeOptions { match_policy, get_retained, ..SubscribeOptions::default() };
        self.stage.subscribe(who + 1, uri, options);
        self.learn(pattern);
        let is_refused = self.hear(who, None);
        assert_eq!(is_refused, !self.may_all(who, Action::Subscribe, pattern), "{pattern:?}");
    }

    fn register(&mut self, who: Who, pattern: &Pattern) {
        let (match_policy, uri) = (pattern.0, &pattern.1);
        let invoke = InvocationPolicy::RoundRobin;
        let options = RegisterOptions { match_policy, invoke, ..RegisterOptions::default() };
        self.stage.register(who + 1, uri, options);
        self.learn(pattern);
        let is_refused = self.hear(who, None);
        let may = self.may_all(who, Action::Register, pattern);
        assert_eq!(is_refused, is_reserved(uri) || !may, "{pattern:?}");
    }

    fn publish(&mut self, who: Who, topic: &str, retain: bool) {
        let (exclude_me, acknowledge) = (Some(false), true);
        let options =
            PublishOptions { exclude_me, acknowledge, retain, ..PublishOptions::default() };
        self.stage.publish(who + 1, topic, options);
        let is_refused = self.hear(who, Some(topic));
        assert_eq!(is_refused, is_reserved(topic) || !self.may(who, Action::Publish, topic));
    }

    /// Asks for what was published to one of the subscriptions there ever were.
    fn look_back(&mut self, who: Who, pick: usize) {
        let known = self.subscriptions.len().max(1);
        let Some((id, pattern)) = self.subscriptions.iter().nth(pick % known) else { return };
        let (id, pattern) = (*id, pattern.clone());
        let is_there = self.is_there(id);
        let get_events = uris::subscription::GET_EVENTS;
        let is_refused = self.call_router(who, get_events, &[id.into()]);
        let may = self.may(who, Action::Call, get_events)
            && (!is_there || self.may_all(who, Action::Subscribe, &pattern));
        assert_eq!(is_refused, !may, "{pattern:?}");
    }

    fn is_there(&self, id: SubscriptionId) -> bool {
        let call = Call {
            request: RequestId::FIRST,
            options: CallOptions::default(),
            procedure: Uri::from(uris::subscription::GET_EVENTS),
            payload: codec::write_values(Serializer::Json, &[id.into()], &Dict::new()),
        };
        self.stage.realm.also_needs(&call.into()).is_some()
    }

    /// Notes which pattern an id stands for that was just given out.
    fn learn(&mut self, pattern: &Pattern) {
        for (_, message) in self.stage.peek() {
            if let Message::Subscribed(m) = message {
                self.subscriptions.insert(m.subscription, pattern.clone());
            } else if let Message::Registered(m) = message {
                self.registrations.insert(m.registration, pattern.clone());
            }
        }
    }

    fn call_router(&mut self, who: Who, procedure: &str, arguments: &[Value]) -> bool {
        let request = self.stage.next_request(who + 1);
        let payload = codec::write_values(Serializer::Json, arguments, &Dict::new());
        let options = CallOptions::default();
        self.calls.insert((who, request), procedure.to_owned());
        let call = Call { request, options, procedure: procedure.into(), payload };
        self.stage.send(who + 1, call).unwrap();
        self.hear(who, None)
    }

    /// Whether `from` was refused. Everything that anybody was sent has to be something it has a right to.
    fn hear(&mut self, from: Who, published: Option<&str>) -> bool {
        let mut is_refused = false;
        for (to, message) in self.stage.take() {
            let to = to - 1;
            match message {
                Message::Event(m) => {
                    let (_, pattern) = &self.subscriptions[&m.subscription];
                    let topic = m.details.topic.as_ref().map_or(&**pattern, |t| t.as_str());
                    assert!(self.may(to, Action::Subscribe, topic), "{to} heard of {topic}");
                    if !m.details.retained && !is_reserved(topic) {
                        assert!(self.may(from, Action::Publish, topic), "{from} said {topic}");
                        assert!(published.is_none_or(|published| published == topic));
                    }
                }
                Message::Invocation(m) => {
                    let (_, pattern) = &self.registrations[&m.registration];
                    let named = m.details.procedure.as_ref();
                    let procedure = named.map_or(&**pattern, |p| p.as_str());
                    assert!(self.may(to, Action::Register, procedure), "{to} got {procedure}");
                    assert!(self.may(from, Action::Call, procedure), "{from} called {procedure}");
                    self.open.get_mut(&to).unwrap().push(m.request.get());
                }
                Message::Result(m) => {
                    let procedure = &self.calls[&(to, m.request)];
                    assert!(self.may(to, Action::Call, procedure), "{to} has called {procedure}");
                }
                Message::Error(m) if to == from => {
                    is_refused |= m.error == uris::error::NOT_AUTHORIZED
                        || m.error == uris::error::AUTHORIZATION_FAILED;
                }
                _ => {}
            }
        }
        is_refused
    }
}

fn is_reserved(uri: &str) -> bool {
    Uri::from(uri).is_reserved()
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 120,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn nobody_receives_what_it_has_no_right_to(
        roles in (any_role(NAMES[0]), any_role(NAMES[1]), any_role(NAMES[2])),
        ops in vec(op(), 1..40),
    ) {
        let mut world = World::new(vec![roles.0, roles.1, roles.2]);
        for op in &ops {
            world.run(op);
        }
    }
}
