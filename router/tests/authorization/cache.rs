//! What authorizers have said is remembered where they allow it, and not for longer.

use crate::{ROLES, Scribe, denied, dict, ended, failed, join, publish, soon, with_roles};
use std::time::Duration;
use wamplex_router::local::LocalError;
use wamplex_shared::{
    error::WampError,
    message::{RegisterOptions, SubscribeOptions},
    uri::MatchPolicy,
    uris::wamplex::INVALIDATE_AUTHORIZATION,
    value::{Dict, Value},
};

fn says(allow: bool, cache: bool) -> Result<Value, WampError> {
    Ok(dict([("allow", allow.into()), ("cache", cache.into())]))
}

#[tokio::test]
async fn an_answer_is_remembered_if_the_authorizer_says_so() {
    let table = [
        (says(true, true), None, 1),
        (says(false, true), denied(), 1),
        (says(true, false), None, 3),
        (Ok(true.into()), None, 3),
        (Ok(dict([("allow", true.into())])), None, 3),
        // What failed is tried again.
        (Ok(Value::Null), failed(), 3),
        (Err(WampError::new("com.example.error.broken")), failed(), 3),
    ];
    for (says, expected, asked) in table {
        let router = with_roles(ROLES).await;
        let scribe = Scribe::register(&router, says.clone()).await;
        let guest = join(&router, "alice", "guest");
        for _ in 0..3 {
            assert_eq!(publish(&guest, "com.t").await, expected);
        }
        assert_eq!(scribe.count(), asked, "{says:?}");
    }
}

#[tokio::test]
async fn an_answer_is_about_one_action_one_uri_and_one_principal() {
    let router = with_roles(ROLES).await;
    let scribe = Scribe::register(&router, says(true, true)).await;
    let (alice, also_alice) = (join(&router, "alice", "guest"), join(&router, "alice", "guest"));
    let bob = join(&router, "bob", "guest");
    for session in [&alice, &also_alice, &bob] {
        publish(session, "com.t").await;
        publish(session, "com.u").await;
        drop(soon(session.subscribe("com.t")).await.unwrap());
        let match_policy = MatchPolicy::Prefix;
        let options = SubscribeOptions { match_policy, ..SubscribeOptions::default() };
        drop(soon(session.subscribe("com.t").options(options)).await.unwrap());
    }
    // Two principals, four questions each.
    assert_eq!(scribe.count(), 8);
}

#[tokio::test]
async fn the_right_to_register_is_not_the_right_to_take_over() {
    let router = with_roles(ROLES).await;
    let scribe = Scribe::register(&router, says(true, true)).await;
    let (alice, also_alice) = (join(&router, "alice", "guest"), join(&router, "alice", "guest"));
    let echo = async |call: wamplex_router::local::Invocation| call.values();
    soon(alice.register("com.p", echo)).await.unwrap().detach();
    let options = RegisterOptions { force_reregister: true, ..RegisterOptions::default() };
    soon(also_alice.register("com.p", echo).options(options)).await.unwrap().detach();
    assert_eq!(scribe.count(), 2);
}

#[tokio::test]
async fn a_permission_may_forbid_remembering() {
    let router = with_roles(
        r#"
        [[roles]]
        name = "guest"
        authorizer = "com.example.authorize"
        permissions = [{ uri = "com.t", ask = ["publish"], cache = false }]
        [[roles]]
        name = "authorizer"
        permissions = [{ uri = "com.example.authorize", allow = ["register"] }]
        "#,
    )
    .await;
    let scribe = Scribe::register(&router, says(true, true)).await;
    let guest = join(&router, "alice", "guest");
    for topic in ["com.t", "com.t", "com.u", "com.u"] {
        assert_eq!(publish(&guest, topic).await, None);
    }
    assert_eq!(scribe.questions(), ["publish com.t", "publish com.t", "publish com.u"]);
}

#[tokio::test]
async fn a_realm_may_remember_nothing_or_little() {
    for (entries, asked) in [(0, 6), (1, 6), (2, 2)] {
        let router = with_roles(&format!("authorization.cache_entries = {entries}\n{ROLES}")).await;
        let scribe = Scribe::register(&router, says(true, true)).await;
        let guest = join(&router, "alice", "guest");
        for _ in 0..3 {
            publish(&guest, "com.t").await;
            publish(&guest, "com.u").await;
        }
        assert_eq!(scribe.count(), asked, "{entries} entries");
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_is_remembered_for_its_time() {
    let router = with_roles(&format!("authorization.cache_time = '60s'\n{ROLES}")).await;
    let scribe = Scribe::register(&router, says(true, true)).await;
    let guest = join(&router, "alice", "guest");
    publish(&guest, "com.t").await;
    tokio::time::advance(Duration::from_secs(59)).await;
    publish(&guest, "com.t").await;
    assert_eq!(scribe.count(), 1);
    tokio::time::advance(Duration::from_secs(1)).await;
    publish(&guest, "com.t").await;
    assert_eq!(scribe.count(), 1);
}

#[tokio::test]
async fn whoever_may_can_have_everything_forgotten() {
    let admin = r#"
        [[roles]]
        name = "admin"
        permissions = [{ uri = "wamplex.authorization.invalidate", allow = ["call"] }]
    "#;
    let router = with_roles(&format!("{ROLES}{admin}")).await;
    let scribe = Scribe::register(&router, says(true, true)).await;
    let (alice, bob) = (join(&router, "alice", "guest"), join(&router, "bob", "guest"));
    let (admin, all) = (join(&router, "root", "admin"), join(&router, "carol", "all"));
    let invalidate = async |kwargs: Dict| -> Result<Value, LocalError> {
        soon(admin.call(INVALIDATE_AUTHORIZATION, (vec![], kwargs))).await?.value()
    };
    type Row = (&'static [(&'static str, &'static str)], u64, usize);
    let table: [Row; 5] = [
        (&[], 2, 2),
        (&[("role", "guest")], 2, 2),
        (&[("authid", "alice")], 1, 1),
        (&[("authid", "alice"), ("role", "guest")], 1, 1),
        (&[("role", "all")], 0, 0),
    ];
    for (kwargs, forgotten, asked) in table {
        for session in [&alice, &bob] {
            publish(session, "com.t").await;
        }
        scribe.count();
        let kwargs: Dict = kwargs.iter().map(|(key, value)| (*key, Value::from(*value))).collect();
        assert_eq!(invalidate(kwargs).await.unwrap(), Value::from(forgotten));
        for session in [&alice, &bob] {
            publish(session, "com.t").await;
        }
        assert_eq!(scribe.count(), asked);
    }
    // Everything that everybody may do does not include this.
    assert_eq!(ended(soon(all.call(INVALIDATE_AUTHORIZATION, ())).await), denied());
    let wrong = [("role", Value::from(7_u64))].into_iter().collect();
    assert_eq!(ended(invalidate(wrong).await).as_deref(), Some("wamp.error.invalid_argument"));
}
