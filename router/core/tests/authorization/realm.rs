//! What rights mean in a realm: refusals, what goes with a right, and what a realm asks by itself.

use crate::{
    oracle::arrange,
    stage::{Stage, args, every_feature, request},
};
use std::sync::Arc;
use wamplex_realm::{
    Action::{self, Call, Publish, Register, Subscribe},
    Disclosure, History, HistoryRule, MetaApi, Permission, Role,
};
use wamplex_shared::{
    codec,
    id::RequestId,
    message::{self, *},
    payload::Payload,
    serializer::Serializer,
    uri::{
        MatchPolicy::{Exact, Prefix},
        Uri,
    },
    uris,
    value::{Dict, Value},
};

fn with_roles(roles: &[Role]) -> Stage {
    with_roles_and(roles, |_| ())
}

fn with_roles_and(roles: &[Role], tweak: impl FnOnce(&mut wamplex_realm::RealmConfig)) -> Stage {
    Stage::with(|config| {
        config.authority = Some(Arc::new(arrange(roles)));
        config.meta_api = MetaApi::Ask;
        tweak(config);
    })
}

fn prefix(uri: &'static str, allow: &[Action]) -> Permission {
    Permission::new(Prefix, uri).allow(allow)
}

fn join(stage: &mut Stage, n: u64, role: &str) -> u64 {
    stage.join_as(n, every_feature(), Some((&format!("authid{n}"), role)))
}

#[test]
fn what_is_refused_counts_as_a_request_and_says_what_is_missing() {
    let mut stage = with_roles(&[Role::new("guest").with(prefix("com.", &[Subscribe]))]);
    let guest = join(&mut stage, 1, "guest");
    stage.call(guest, "com.p", CallOptions::default());
    stage.register(guest, "com.p", RegisterOptions::default());
    stage.publish(guest, "com.t", PublishOptions { acknowledge: true, ..Default::default() });
    stage.publish(guest, "com.t", PublishOptions::default());
    stage.subscribe(guest, "org.t", SubscribeOptions::default());
    stage.subscribe(guest, "com.t", SubscribeOptions::default());
    let heard = stage.heard();
    let expected = [
        "1 ERROR CALL 1 wamp.error.not_authorized",
        "1 ERROR REGISTER 2 wamp.error.not_authorized",
        "1 ERROR PUBLISH 3 wamp.error.not_authorized",
        // The fourth did not ask for an answer.
        "1 ERROR SUBSCRIBE 5 wamp.error.not_authorized",
        "1 SUBSCRIBED 6",
    ];
    assert_eq!(heard, expected);
}

#[test]
fn a_refused_request_out_of_order_still_ends_the_session() {
    let mut stage = with_roles(&[Role::new("guest")]);
    let guest = join(&mut stage, 1, "guest");
    let procedure = Uri::from("com.p");
    let (options, payload) = (CallOptions::default(), Payload::NONE);
    let call = message::Call { request: request(3), options, procedure, payload };
    assert!(stage.send(guest, call).is_err());
}

#[test]
fn who_misspells_a_uri_is_told_that() {
    let mut stage = with_roles(&[Role::new("guest")]);
    let guest = join(&mut stage, 1, "guest");
    stage.subscribe(guest, "com..t", SubscribeOptions::default());
    assert_eq!(stage.heard(), ["1 ERROR SUBSCRIBE 1 wamp.error.invalid_uri"]);
}

#[test]
fn nobody_hears_of_a_session_that_has_no_right_to_speak() {
    let talk = Role::new("talk").with(prefix("com.", &Action::ALL));
    let mut stage = with_roles(&[Role::new("guest"), talk]);
    let (guest, other) = (join(&mut stage, 1, "guest"), join(&mut stage, 2, "talk"));
    stage.subscribed(other, "com.t", SubscribeOptions::default());
    stage.registered(other, "com.p", RegisterOptions::default());
    stage.publish(guest, "com.t", PublishOptions::default());
    stage.call(guest, "com.p", CallOptions::default());
    assert_eq!(stage.heard(), ["1 ERROR CALL 2 wamp.error.not_authorized"]);
}

#[test]
fn more_arguments_of_a_call_need_no_right_of_their_own() {
    let all = Role::new("all").with(prefix("com.", &Action::ALL));
    let mut stage = with_roles(&[all]);
    let (caller, callee) = (join(&mut stage, 1, "all"), join(&mut stage, 2, "all"));
    stage.registered(callee, "com.p", RegisterOptions::default());
    let progress = CallOptions { progress: true, ..CallOptions::default() };
    let open = stage.call(caller, "com.p", progress.clone());
    let part = message::Call {
        request: open,
        options: progress,
        procedure: Uri::from("com.p"),
        payload: args("1"),
    };
    stage.send(caller, part).unwrap();
    assert_eq!(stage.heard(), ["2 INVOCATION 1 [\"question\"]", "2 INVOCATION 1 [1]"]);
}

#[test]
fn disclosure_is_forced_by_the_permission_over_what_realm_and_session_say() {
    let table = [
        // realm, permission, the session's wish, disclosed, or refused
        (Disclosure::Never, None, None, Ok(false)),
        (Disclosure::Never, Some(true), None, Ok(true)),
        (Disclosure::Never, Some(true), Some(false), Ok(true)),
        (Disclosure::Never, Some(true), Some(true), Ok(true)),
        (Disclosure::Never, None, Some(true), Err(())),
        (Disclosure::OnRequest, None, Some(true), Ok(true)),
        (Disclosure::OnRequest, Some(false), None, Ok(false)),
        (Disclosure::OnRequest, Some(false), Some(true), Err(())),
        (Disclosure::OnRequest, Some(true), Some(false), Ok(true)),
        (Disclosure::Always, Some(false), None, Ok(false)),
        (Disclosure::Always, None, Some(false), Ok(true)),
    ];
    for (disclosure, permitted, wish, expected) in table {
        let mut permission = prefix("com.", &Action::ALL);
        (permission.disclose.caller, permission.disclose.publisher) = (permitted, permitted);
        let all = Role::new("all").with(permission);
        let mut stage = with_roles_and(&[all], |config| config.disclosure = disclosure);
        let (from, to) = (join(&mut stage, 1, "all"), join(&mut stage, 2, "all"));
        stage.subscribed(to, "com.t", SubscribeOptions::default());
        stage.registered(to, "com.p", RegisterOptions::default());
        let (acknowledge, disclose_me) = (true, wish);
        let options = PublishOptions { acknowledge, disclose_me, ..PublishOptions::default() };
        stage.publish(from, "com.t", options);
        stage.call(from, "com.p", CallOptions { disclose_me, ..CallOptions::default() });
        let seen = stage.take().into_iter().filter_map(|(_, message)| match message {
            Message::Event(m) => Some(Ok(m.details.publisher.is_some())),
            Message::Invocation(m) => Some(Ok(m.details.caller.is_some())),
            Message::Error(m) => {
                assert_eq!(m.error, uris::error::OPTION_DISALLOWED_DISCLOSE_ME);
                Some(Err(()))
            }
            _ => None,
        });
        let row = (disclosure, permitted, wish);
        assert_eq!(seen.collect::<Vec<_>>(), [expected, expected], "{row:?}");
    }
}

#[test]
fn a_procedure_is_taken_from_others_only_with_a_right_to_that() {
    let mut may = prefix("com.", &[Register]);
    may.force_reregister = true;
    let roles = [Role::new("old").with(prefix("com.", &[Register])), Role::new("new").with(may)];
    let mut stage = with_roles(&roles);
    let (old, also_old, new) =
        (join(&mut stage, 1, "old"), join(&mut stage, 2, "old"), join(&mut stage, 3, "new"));
    stage.registered(old, "com.p", RegisterOptions::default());
    let force = || RegisterOptions { force_reregister: true, ..RegisterOptions::default() };
    stage.register(also_old, "com.p", force());
    assert_eq!(stage.heard(), ["2 ERROR REGISTER 1 wamp.error.not_authorized"]);
    stage.register(new, "com.p", force());
    assert_eq!(stage.heard(), ["1 UNREGISTERED 0", "3 REGISTERED 1"]);
}

#[test]
fn procedures_of_the_router_are_procedures_like_others() {
    let count = Permission::new(Exact, uris::session::COUNT).allow(&[Call]);
    let kill = Permission::new(Exact, uris::session::KILL).allow(&[Call]);
    let roles = [
        Role::new("none").with(prefix("", &Action::ALL)),
        Role::new("counts").with(count),
        Role::new("kills").with(kill),
    ];
    let mut stage = with_roles(&roles);
    let [none, counts, kills] =
        [(1, "none"), (2, "counts"), (3, "kills")].map(|(n, role)| join(&mut stage, n, role));
    let denied = || Err("wamp.error.not_authorized".to_owned());
    let mut ask = |who, procedure, args: &[Value]| stage.ask(who, procedure, args, &Dict::new());
    assert_eq!(ask(none, uris::session::COUNT, &[]), denied());
    assert_eq!(ask(counts, uris::session::COUNT, &[]), Ok(Value::from(3_u64)));
    assert_eq!(ask(counts, uris::session::LIST, &[]), denied());
    assert_eq!(ask(counts, uris::session::KILL, &[Value::from(1_u64)]), denied());
    // What everybody in this realm may only ask for, a permission gives.
    assert_eq!(ask(kills, uris::session::KILL, &[Value::from(1_u64)]), Ok(Value::Null));
    assert_eq!(stage.heard(), ["1 GOODBYE wamp.close.killed"]);
}

#[test]
fn a_testament_needs_the_right_to_publish_when_it_is_made() {
    let add = Permission::new(Exact, uris::session::ADD_TESTAMENT).allow(&[Call]);
    let guest = Role::new("guest").with(add).with(prefix("com.", &[Publish]));
    let mut stage = with_roles(&[guest, Role::new("all").with(prefix("", &Action::ALL))]);
    let (guest, other) = (join(&mut stage, 1, "guest"), join(&mut stage, 2, "all"));
    for topic in ["com.t", "org.t"] {
        stage.subscribed(other, topic, SubscribeOptions::default());
    }
    let mut leave = |topic: &'static str| {
        let args = [topic.into(), Value::List(vec!["bye".into()]), Value::Dict(Dict::new())];
        stage.ask(guest, uris::session::ADD_TESTAMENT, &args, &Dict::new())
    };
    assert_eq!(leave("org.t"), Err("wamp.error.not_authorized".to_owned()));
    assert_eq!(leave("com.t"), Ok(Value::Null));
    stage.leave(guest);
    assert_eq!(stage.heard(), ["2 EVENT [\"bye\"]"]);
}

#[test]
fn a_testament_needs_the_right_to_publish_when_it_is_published() {
    use switch::Switch;
    let switch = Arc::new(Switch::new(arrange(&[Role::new("all")
        .with(prefix("", &Action::ALL))
        .with(prefix("wamp.", &[Call]))])));
    let mut stage = Stage::with(|config| config.authority = Some(switch.clone()));
    let (guest, other) = (join(&mut stage, 1, "all"), join(&mut stage, 2, "all"));
    stage.subscribed(other, "com.t", SubscribeOptions::default());
    let args = ["com.t".into(), Value::List(vec![]), Value::Dict(Dict::new())];
    stage.ask(guest, uris::session::ADD_TESTAMENT, &args, &Dict::new()).unwrap();
    switch.change(arrange(&[Role::new("all")]));
    stage.leave(guest);
    assert_eq!(stage.heard(), [] as [&str; 0]);
}

/// An authority that changes.
mod switch {
    use std::sync::RwLock;
    use wamplex_realm::{Action, Authority, Decision, Joining, Roles};
    use wamplex_shared::uri::{MatchPolicy, Uri};

    pub(crate) struct Switch(RwLock<Roles>);

    impl Switch {
        pub(crate) const fn new(roles: Roles) -> Self {
            Self(RwLock::new(roles))
        }

        pub(crate) fn change(&self, roles: Roles) {
            *self.0.write().unwrap() = roles;
        }
    }

    impl Authority for Switch {
        fn decide(
            &self,
            who: &Joining,
            action: Action,
            uri: &Uri,
            policy: MatchPolicy,
        ) -> Decision {
            self.0.read().unwrap().decide(who, action, uri, policy)
        }
    }
}

#[test]
fn the_past_of_a_subscription_is_for_those_who_may_subscribe() {
    let get = Permission::new(Exact, uris::subscription::GET_EVENTS).allow(&[Call]);
    let roles = [
        Role::new("all").with(prefix("", &Action::ALL)),
        Role::new("part").with(get.clone()).with(prefix("com.part.", &[Subscribe])),
        Role::new("deaf").with(get),
    ];
    let mut stage = with_roles_and(&roles, |config| {
        let mut history = History::default();
        history.rules.push(HistoryRule::new(Prefix, "com."));
        config.history = history;
    });
    let all = join(&mut stage, 1, "all");
    let [part, deaf] = [(2, "part"), (3, "deaf")].map(|(n, role)| join(&mut stage, n, role));
    let options = || SubscribeOptions { match_policy: Prefix, ..SubscribeOptions::default() };
    let wide = stage.subscribed(all, "com.", options());
    let narrow = stage.subscribed(all, "com.part.", options());
    stage.publish(all, "com.part.a", PublishOptions::default());
    let mut ask = |who, subscription: wamplex_shared::id::SubscriptionId| {
        let request = stage.next_request(who);
        let payload = codec::write_values(Serializer::Json, &[subscription.into()], &Dict::new());
        let procedure = Uri::from(uris::subscription::GET_EVENTS);
        let options = CallOptions::default();
        stage.take();
        stage.send(who, message::Call { request, options, procedure, payload }).unwrap();
        match stage.take().pop() {
            Some((_, Message::Result(m))) => Ok(codec::read_values(&m.payload).unwrap().0.len()),
            Some((_, Message::Error(m))) => Err(m.error.as_str().to_owned()),
            other => panic!("{other:?}"),
        }
    };
    let denied = || Err("wamp.error.not_authorized".to_owned());
    assert_eq!(ask(part, narrow), Ok(1));
    assert_eq!(ask(part, wide), denied());
    assert_eq!(ask(deaf, narrow), denied());
}

#[test]
fn a_message_may_need_more_than_the_right_to_its_own_uri() {
    let mut stage = with_roles(&[Role::new("all").with(prefix("", &Action::ALL))]);
    let all = join(&mut stage, 1, "all");
    let options = SubscribeOptions { match_policy: Prefix, ..SubscribeOptions::default() };
    let subscription = stage.subscribed(all, "com.", options);
    let call = |procedure: &'static str, args: &[Value]| {
        Message::from(message::Call {
            request: RequestId::FIRST,
            options: CallOptions::default(),
            procedure: Uri::from_static(procedure),
            payload: codec::write_values(Serializer::Json, args, &Dict::new()),
        })
    };
    let needs = |message: &Message| stage.realm.also_needs(message);
    let topic = Uri::from_static("com.t");
    let add = call(uris::session::ADD_TESTAMENT, &["com.t".into()]);
    assert_eq!(needs(&add), Some((Publish, topic, Exact)));
    let get = call(uris::subscription::GET_EVENTS, &[subscription.into()]);
    assert_eq!(needs(&get), Some((Subscribe, Uri::from_static("com."), Prefix)));
    for other in [
        call(uris::session::ADD_TESTAMENT, &[7_u64.into()]),
        call(uris::session::ADD_TESTAMENT, &["com..t".into()]),
        call(uris::subscription::GET_EVENTS, &[7_u64.into()]),
        call(uris::subscription::GET_EVENTS, &[]),
        call(uris::session::COUNT, &["com.t".into()]),
    ] {
        assert_eq!(needs(&other), None, "{other:?}");
    }
}

#[test]
fn the_router_itself_has_every_right_and_is_not_seen() {
    let watcher = Role::new("watcher").with(prefix("wamp.", &Action::ALL));
    let mut stage = with_roles(&[watcher, Role::new("callee").with(prefix("", &[Register]))]);
    let watcher = join(&mut stage, 1, "watcher");
    let callee = join(&mut stage, 2, "callee");
    for topic in [uris::session::ON_JOIN, uris::session::ON_LEAVE] {
        stage.subscribed(watcher, topic, SubscribeOptions::default());
    }
    stage.registered(callee, "com.p", RegisterOptions::default());
    let router = stage.join_privileged(3);
    stage.call(router, "com.p", CallOptions::default());
    assert_eq!(stage.heard(), ["2 INVOCATION 1 [\"question\"]"]);
    let mut ask = |procedure, args: &[Value]| stage.ask(watcher, procedure, args, &Dict::new());
    assert_eq!(ask(uris::session::COUNT, &[]), Ok(Value::from(2_u64)));
    assert_eq!(ask(uris::session::LIST, &[]), Ok(Value::List(vec![1_u64.into(), 2_u64.into()])));
    let unknown = || Err("wamp.error.no_such_session".to_owned());
    assert_eq!(ask(uris::session::GET, &[3_u64.into()]), unknown());
    assert_eq!(ask(uris::session::KILL, &[3_u64.into()]), unknown());
    assert_eq!(ask(uris::session::KILL_ALL, &[]), Ok(Value::from(1_u64)));
    stage.take();
    stage.leave(router);
    assert_eq!(stage.heard(), [] as [&str; 0]);
    assert_eq!(stage.realm.session_count(), 1);
}
