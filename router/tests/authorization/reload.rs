//! Roles that change while the router runs.

use crate::{
    ROLES, Scribe, common::Running, config, denied, dict, ended, join, publish, soon, with_roles,
};
use futures_util::StreamExt;
use wamplex_router::local::Delivery;

async fn reload(router: &Running, toml: &str) {
    router.handle.reload(config(toml)).await.unwrap();
}

const OPEN: &str = r#"
    [[roles]]
    name = "guest"
    permissions = [{ uri = "com.", match = "prefix", allow = ["publish", "subscribe"] }]
"#;

const SHUT: &str = r#"
    [[roles]]
    name = "guest"
    permissions = [{ uri = "com.", match = "prefix", allow = ["publish"] }]
"#;

#[tokio::test]
async fn new_roles_hold_from_the_next_message_and_what_was_subscribed_stays() {
    let router = with_roles(OPEN).await;
    let (alice, bob) = (join(&router, "alice", "guest"), join(&router, "bob", "guest"));
    let mut events = soon(alice.subscribe("com.t")).await.unwrap();
    reload(&router, SHUT).await;
    assert_eq!(ended(soon(alice.subscribe("com.u")).await), denied());
    assert_eq!(publish(&bob, "com.t").await, None);
    assert!(matches!(soon(events.next()).await, Some(Ok(Delivery::Event(_)))));
    // Without roles everybody may do everything, and with them again nobody else.
    reload(&router, "").await;
    assert_eq!(ended(soon(alice.subscribe("org.u")).await), None);
    reload(&router, SHUT).await;
    assert_eq!(ended(soon(alice.subscribe("org.v")).await), denied());
}

#[tokio::test]
async fn what_authorizers_have_said_is_forgotten() {
    let router = with_roles(ROLES).await;
    let says = dict([("allow", true.into()), ("cache", true.into())]);
    let scribe = Scribe::register(&router, Ok(says)).await;
    let guest = join(&router, "alice", "guest");
    for _ in 0..3 {
        assert_eq!(publish(&guest, "com.t").await, None);
    }
    assert_eq!(scribe.count(), 1);
    reload(&router, &format!("authorization.cache_time = '30s'\n{ROLES}")).await;
    for _ in 0..3 {
        assert_eq!(publish(&guest, "com.t").await, None);
    }
    assert_eq!(scribe.count(), 1);
}

#[tokio::test]
async fn roles_that_cannot_be_meant_change_nothing() {
    let router = with_roles(SHUT).await;
    let alice = join(&router, "alice", "guest");
    let bad = OPEN.replace("com.", "com..example");
    assert!(router.handle.reload(config(&bad)).await.is_err());
    assert_eq!(ended(soon(alice.subscribe("com.t")).await), denied());
    assert_eq!(publish(&alice, "com.t").await, None);
}
