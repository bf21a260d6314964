//! Authorizers that are procedures: what they are told, what they say, and that nothing gets through when they fail.

use crate::{
    AUTHORIZE, ROLES, Scribe, common::Running, denied, dict, ended, failed, join, publish, soon,
    with_roles,
};
use futures_util::StreamExt;
use std::sync::Arc;
use tokio::{sync::Notify, time::Instant};
use wamplex_router::local::{Delivery, Invocation, LocalSession};
use wamplex_shared::{
    error::WampError,
    message::{PublishOptions, RegisterOptions, SubscribeOptions},
    uri::MatchPolicy,
    uris,
    value::{Dict, Value},
};

#[tokio::test]
async fn an_authorizer_is_asked_about_every_action_in_the_words_of_crossbar() {
    let router = with_roles(ROLES).await;
    let scribe = Scribe::register(&router, Ok(true.into())).await;
    let guest = join(&router, "alice", "guest");
    let options = SubscribeOptions { match_policy: MatchPolicy::Prefix, ..Default::default() };
    drop(soon(guest.subscribe("com.t.").options(options)).await.unwrap());
    let options = RegisterOptions { force_reregister: true, ..RegisterOptions::default() };
    let echo = async |call: Invocation| call.values();
    soon(guest.register("com.p", echo).options(options)).await.unwrap().detach();
    soon(guest.call("com.p", ())).await.unwrap();
    let options = PublishOptions { exclude_me: Some(false), ..PublishOptions::default() };
    soon(guest.publish("com.t.a", ()).options(options).acknowledged()).await.unwrap();
    let asked = std::mem::take(&mut *scribe.asked.lock());
    let session = guest.id().get();
    let details = dict([
        ("realm", "realm1".into()),
        ("session", session.into()),
        ("authid", "alice".into()),
        ("authrole", "guest".into()),
        ("authmethod", "local".into()),
        ("authprovider", "local".into()),
    ]);
    let question = |uri: &'static str, action: &'static str, options: Value| {
        vec![details.clone(), uri.into(), action.into(), options]
    };
    let register = dict([("match", "exact".into()), ("force_reregister", true.into())]);
    let publish = dict([("acknowledge", true.into()), ("exclude_me", false.into())]);
    let expected = [
        question("com.t.", "subscribe", dict([("match", "prefix".into())])),
        question("com.p", "register", register),
        question("com.p", "call", Dict::new().into()),
        question("com.t.a", "publish", publish),
    ];
    assert_eq!(asked, expected);
}

#[tokio::test]
async fn what_an_authorizer_says_becomes_of_the_request() {
    let yes = ("allow", Value::Bool(true));
    let table = [
        (Ok(true.into()), None),
        (Ok(false.into()), denied()),
        (Ok(dict([yes.clone()])), None),
        (Ok(dict([("allow", false.into())])), denied()),
        (Ok(Value::Null), failed()),
        (Ok("yes".into()), failed()),
        (Ok(1_u64.into()), failed()),
        (Ok(dict([])), failed()),
        (Ok(dict([yes, ("cache", "no".into())])), failed()),
        (Err(WampError::new("com.example.error.broken")), failed()),
        (Err(WampError::new(uris::error::NOT_AUTHORIZED)), failed()),
    ];
    for (says, expected) in table {
        let router = with_roles(ROLES).await;
        let scribe = Scribe::register(&router, says.clone()).await;
        let guest = join(&router, "alice", "guest");
        assert_eq!(publish(&guest, "com.t").await, expected, "{says:?}");
        assert_eq!(ended(soon(guest.subscribe("com.t")).await), expected, "{says:?}");
        assert_eq!(scribe.count(), 2);
    }
}

#[tokio::test]
async fn nothing_gets_through_while_there_is_no_authorizer_and_everything_after() {
    let router = with_roles(ROLES).await;
    let guest = join(&router, "alice", "guest");
    assert_eq!(publish(&guest, "com.t").await, failed());
    let scribe = Scribe::register(&router, Ok(dict([("allow", true.into())]))).await;
    assert_eq!(publish(&guest, "com.t").await, None);
    soon(scribe.session.leave()).await;
    assert_eq!(publish(&guest, "com.t").await, failed());
}

#[tokio::test(start_paused = true)]
async fn an_authorizer_that_does_not_answer_in_time_has_said_no() {
    let router = with_roles(&format!("authorization.timeout = '5s'\n{ROLES}")).await;
    let judge = join(&router, "judge", "authorizer");
    let silent = async |_: Invocation| std::future::pending::<Result<(), WampError>>().await;
    soon(judge.register(AUTHORIZE, silent)).await.unwrap().detach();
    let guest = join(&router, "alice", "guest");
    let begun = Instant::now();
    assert_eq!(publish(&guest, "com.t").await, failed());
    assert_eq!(begun.elapsed().as_secs(), 5);
}

/// An authorizer that never answers, and what says that it was asked.
async fn silent_judge(router: &Running) -> (LocalSession, Arc<Notify>) {
    let judge = join(router, "judge", "authorizer");
    let asked = Arc::new(Notify::new());
    let heard = Arc::clone(&asked);
    let silent = move |_: Invocation| {
        heard.notify_one();
        std::future::pending::<Result<(), WampError>>()
    };
    soon(judge.register(AUTHORIZE, silent)).await.unwrap().detach();
    (judge, asked)
}

#[tokio::test]
async fn an_authorizer_that_leaves_amid_a_question_has_said_no() {
    let router = with_roles(ROLES).await;
    let (judge, asked) = silent_judge(&router).await;
    let guest = join(&router, "alice", "guest");
    let publishing = tokio::spawn(async move { publish(&guest, "com.t").await });
    soon(asked.notified()).await;
    soon(judge.leave()).await;
    assert_eq!(soon(publishing).await.unwrap(), failed());
}

#[tokio::test]
async fn an_authorizer_is_not_asked_about_itself() {
    // In a role that asks about everything: the one who answers would wait for itself.
    let router = with_roles(
        r#"
        [[roles]]
        name = "guest"
        authorizer = "com.example.authorize"
        permissions = [{ uri = "com.example.authorize", allow = ["register"] }]
        "#,
    )
    .await;
    let judge = join(&router, "judge", "guest");
    let own = judge.clone();
    let judging = move |call: Invocation| {
        let own = own.clone();
        async move {
            let (args, _) = call.values()?;
            // What it does on the way needs no answer of its own.
            own.publish("com.log", [args[1].clone()]).acknowledged().await?;
            Ok::<_, WampError>(Value::Bool(args[1] != "com.no".into()))
        }
    };
    soon(judge.register(AUTHORIZE, judging)).await.unwrap().detach();
    let guest = join(&router, "alice", "guest");
    assert_eq!(publish(&guest, "com.yes").await, None);
    assert_eq!(publish(&guest, "com.no").await, denied());
}

#[tokio::test]
async fn what_an_authorizer_says_of_disclosure_holds() {
    let yes = ("allow", Value::Bool(true));
    for (says, expected) in [
        (dict([yes.clone(), ("disclose", true.into())]), true),
        (dict([yes.clone(), ("disclose", false.into())]), false),
        (dict([yes]), false),
    ] {
        let router = with_roles(ROLES).await;
        let _scribe = Scribe::register(&router, Ok(says)).await;
        let (guest, other) = (join(&router, "alice", "guest"), join(&router, "bob", "all"));
        let mut events = soon(other.subscribe("com.t")).await.unwrap();
        assert_eq!(publish(&guest, "com.t").await, None);
        let Some(Ok(Delivery::Event(event))) = soon(events.next()).await else { panic!() };
        assert_eq!(event.details().publisher.is_some(), expected);
    }
}

#[tokio::test]
async fn permissions_come_first_and_only_what_they_leave_open_is_asked_about() {
    let router = with_roles(
        r#"
        [[roles]]
        name = "guest"
        authorizer = "com.example.authorize"
        permissions = [
            { uri = "com.open.", match = "prefix", allow = ["publish", "subscribe"] },
            { uri = "com.shut.", match = "prefix" },
            { uri = "com.ask.", match = "prefix", ask = ["publish"] },
        ]
        [[roles]]
        name = "authorizer"
        permissions = [{ uri = "com.example.authorize", allow = ["register"] }]
        "#,
    )
    .await;
    let scribe = Scribe::register(&router, Ok(true.into())).await;
    let guest = join(&router, "alice", "guest");
    assert_eq!(publish(&guest, "com.open.t").await, None);
    assert_eq!(publish(&guest, "com.shut.t").await, denied());
    assert_eq!(publish(&guest, "com.ask.t").await, None);
    assert_eq!(publish(&guest, "com.else").await, None);
    assert_eq!(ended(soon(guest.subscribe("com.ask.t")).await), denied());
    assert_eq!(ended(soon(prefix(&guest, "com.open.")).await), None);
    assert_eq!(ended(soon(prefix(&guest, "com.else.")).await), None);
    // A part of it is shut: no use asking.
    assert_eq!(ended(soon(prefix(&guest, "com.")).await), denied());
    let expected = ["publish com.ask.t", "publish com.else", "subscribe com.else."];
    assert_eq!(scribe.questions(), expected);
}

fn prefix(session: &LocalSession, topic: &'static str) -> wamplex_router::local::Subscribe {
    let options = SubscribeOptions { match_policy: MatchPolicy::Prefix, ..Default::default() };
    session.subscribe(topic).options(options)
}

#[tokio::test]
async fn nobody_is_bothered_with_what_is_no_uri() {
    let router = with_roles(ROLES).await;
    let scribe = Scribe::register(&router, Ok(true.into())).await;
    let guest = join(&router, "alice", "guest");
    let invalid = Some(uris::error::INVALID_URI.to_owned());
    assert_eq!(publish(&guest, "com..t").await, invalid);
    assert_eq!(scribe.count(), 0);
}

#[tokio::test]
async fn testaments_and_the_past_are_asked_about_too() {
    let router =
        with_roles(&format!("history.rules = [{{ pattern = 'com.', match = 'prefix' }}]\n{ROLES}"))
            .await;
    let judge = join(&router, "judge", "authorizer");
    let allowed = async |call: Invocation| {
        let (args, _) = call.values()?;
        let uri = args[1].as_str().unwrap().to_owned();
        Ok::<_, WampError>(Value::Bool(!uri.starts_with("com.secret.")))
    };
    soon(judge.register(AUTHORIZE, allowed)).await.unwrap().detach();
    let (guest, other) = (join(&router, "alice", "guest"), join(&router, "bob", "all"));
    let testament = |topic: &'static str| {
        let arguments = [topic.into(), Value::List(vec![]), Dict::new().into()];
        guest.call(uris::session::ADD_TESTAMENT, arguments)
    };
    assert_eq!(ended(soon(testament("com.secret.t")).await), denied());
    assert_eq!(ended(soon(testament("com.t")).await), None);
    for (topic, expected) in [("com.secret.", denied()), ("com.t.", None)] {
        let subscription = soon(prefix(&other, topic)).await.unwrap();
        let past = guest.call(uris::subscription::GET_EVENTS, [subscription.id().into()]);
        assert_eq!(ended(soon(past).await), expected, "{topic}");
    }
    let mut events = soon(other.subscribe("com.t")).await.unwrap();
    soon(guest.leave()).await;
    assert!(matches!(soon(events.next()).await, Some(Ok(Delivery::Event(_)))));
}

#[tokio::test]
async fn whoever_asks_for_the_router_is_not_seen() {
    let router = with_roles(ROLES).await;
    let _scribe = Scribe::register(&router, Ok(true.into())).await;
    let (guest, other) = (join(&router, "alice", "guest"), join(&router, "bob", "all"));
    let mut joins = soon(other.subscribe(uris::session::ON_JOIN)).await.unwrap();
    assert_eq!(publish(&guest, "com.t").await, None);
    let count = soon(other.call(uris::session::COUNT, ())).await.unwrap();
    assert_eq!(count.value().unwrap(), Value::from(3_u64));
    assert_eq!(sessions(&router), 3);
    join(&router, "late", "all");
    let Some(Ok(Delivery::Event(event))) = soon(joins.next()).await else { panic!() };
    let (args, _) = event.values().unwrap();
    assert_eq!(args[0].as_dict().unwrap().get("authid"), Some(&"late".into()));
}

fn sessions(router: &Running) -> usize {
    router.handle.session_count()
}

#[tokio::test(start_paused = true)]
async fn a_router_with_a_question_open_shuts_down() {
    let router = with_roles(ROLES).await;
    let (_judge, asked) = silent_judge(&router).await;
    let guest = join(&router, "alice", "guest");
    let publishing = tokio::spawn(async move { publish(&guest, "com.t").await });
    soon(asked.notified()).await;
    router.handle.shutdown();
    soon(router.task).await.unwrap();
    assert!(soon(publishing).await.unwrap().is_some());
}
