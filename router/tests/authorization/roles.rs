//! Roles of the configuration, seen by clients.

use crate::{
    common::{Heard, Peer},
    denied, ended, join, publish, soon, with_roles,
};
use serde_json::json;
use wamplex_router::Router;
use wamplex_shared::{serializer::Serializer, uris, value::Value};

const ANONYMOUS: &str = r#"
    [[roles]]
    name = "anonymous"
    [[roles.permissions]]
    uri = "com.example."
    match = "prefix"
    allow = ["call", "register", "publish", "subscribe"]
    [[roles.permissions]]
    uri = "com.example.secret."
    match = "prefix"
"#;

#[tokio::test]
async fn clients_are_refused_with_the_error_of_the_specification_and_go_on() {
    let router = with_roles(ANONYMOUS).await;
    for serializer in Serializer::ALL {
        let mut peer = Peer::join(router.address, serializer).await;
        let not_allowed = [
            (32, json!([32, 1, {}, "com.example.secret.t"])),
            (32, json!([32, 2, {"match": "prefix"}, "com.example."])),
            (64, json!([64, 3, {}, "org.example.p"])),
            (48, json!([48, 4, {}, "com.example.secret.p"])),
            (16, json!([16, 5, {"acknowledge": true}, "org.example.t"])),
            (48, json!([48, 6, {}, "wamp.session.count"])),
        ];
        for (code, message) in not_allowed {
            peer.say(&message.to_string()).await;
            let error = peer.hear().await;
            assert_eq!(error[0], 8, "{error}");
            assert_eq!((&error[1], &error[2]), (&json!(code), &message[1]));
            assert_eq!(error[4], uris::error::NOT_AUTHORIZED);
            assert!(error[5][0].as_str().unwrap().starts_with("this session may not "), "{error}");
        }
        // Nobody is told about this one, and the ids go on behind it.
        peer.say(&json!([16, 7, {}, "org.example.t"]).to_string()).await;
        peer.say(&json!([32, 8, {}, "com.example.t"]).to_string()).await;
        assert_eq!(peer.hear().await[0], 33);
    }
}

#[tokio::test]
async fn refused_requests_count_and_a_gap_still_ends_the_session() {
    let router = with_roles(ANONYMOUS).await;
    let mut peer = Peer::join(router.address, Serializer::Json).await;
    peer.say(&json!([48, 2, {}, "org.example.p"]).to_string()).await;
    assert_eq!(peer.hear().await[2], uris::error::PROTOCOL_VIOLATION);
    assert!(!matches!(peer.listen().await, Heard::Message(_)));
}

#[tokio::test]
async fn sessions_inside_the_process_have_the_rights_of_their_role() {
    let router = with_roles(ANONYMOUS).await;
    let (known, unknown) = (join(&router, "a", "anonymous"), join(&router, "b", "nobody"));
    assert_eq!(publish(&known, "com.example.t").await, None);
    assert_eq!(publish(&known, "com.example.secret.t").await, denied());
    assert_eq!(publish(&unknown, "com.example.t").await, denied());
}

#[tokio::test]
async fn acting_on_others_needs_a_permission_that_says_so() {
    let router = with_roles(
        r#"
        [[roles]]
        name = "all"
        allow_all = true
        [[roles]]
        name = "admin"
        permissions = [{ uri = "wamp.session.", match = "prefix", allow = ["call"] }]
        "#,
    )
    .await;
    let (all, admin) = (join(&router, "a", "all"), join(&router, "b", "admin"));
    assert_eq!(ended(soon(all.call(uris::session::COUNT, ())).await), None);
    let kill = |who: &wamplex_router::local::LocalSession, whom: u64| {
        who.call(uris::session::KILL, [Value::from(whom)])
    };
    assert_eq!(ended(soon(kill(&all, admin.id().get())).await), denied());
    assert_eq!(ended(soon(kill(&admin, all.id().get())).await), None);
    soon(all.closed()).await;
}

#[tokio::test]
async fn without_roles_everybody_may_do_everything_but_act_on_others() {
    let router = crate::start(|_| {}).await;
    let mut peer = Peer::join(router.address, Serializer::Json).await;
    peer.round_trip("org.example.t").await;
    let request = peer.request();
    peer.say(&json!([48, request, {}, "wamp.session.kill_all"]).to_string()).await;
    assert_eq!(peer.hear().await[4], uris::error::NOT_AUTHORIZED);
    assert_eq!(peer.call("wamp.session.count", &json!([])).await, json!([1]));
}

#[tokio::test]
async fn a_router_does_not_start_with_roles_that_cannot_be_meant() {
    let mut config = wamplex_router::RouterConfig::on(([127, 0, 0, 1], 0));
    let role = || wamplex_router::config::RoleSettings::new("guest");
    config.realms[0].roles = vec![role(), role()];
    let error = Router::bind(config).await.map(drop).unwrap_err().to_string();
    assert!(error.contains("guest"), "{error}");
}
