//! Rights of those who come over the bridge: they are those of their role.

use crate::{common::PATIENCE, http::post, start};
use futures_util::{
    FutureExt,
    future::{BoxFuture, ready},
};
use serde_json::json;
use std::sync::Arc;
use tokio::{sync::Notify, time::timeout};
use wamplex_realm::Joining;
use wamplex_router::{
    Identity,
    authorization::Authorizer,
    config::{PermissionSettings, Right, RoleSettings},
    local::Invocation,
};
use wamplex_shared::{
    error::WampError,
    uri::{MatchPolicy, Uri},
    uris,
    value::Value,
};

fn publish(topic: &str) -> String {
    json!({ "topic": topic }).to_string()
}

#[tokio::test]
async fn a_request_may_do_what_its_role_may() {
    let router = start(|config| {
        let mut guest = RoleSettings::new("guest");
        let open = PermissionSettings::new(MatchPolicy::Prefix, "com.open.");
        guest.permissions = vec![open.allow(&[Right::Publish])];
        config.realms[0].roles = vec![guest];
    })
    .await;
    assert_eq!(post(router.address, "/publish", "", &publish("com.open.t")).await.status, 200);
    let refused = post(router.address, "/publish", "", &publish("com.shut.t")).await;
    assert_eq!(refused.status, 403, "{refused:?}");
    assert_eq!(refused.json()["error"], uris::error::NOT_AUTHORIZED);
}

#[tokio::test]
async fn requests_do_not_wait_for_what_others_ask_an_authorizer() {
    let router = start(|config| {
        let guest = RoleSettings {
            authorizer: Some("com.authorize".to_owned()),
            ..RoleSettings::new("guest")
        };
        let judge = RoleSettings { allow_all: true, ..RoleSettings::new("judge") };
        config.realms[0].roles = vec![guest, judge];
    })
    .await;
    let judge = router.handle.join("realm1", Identity::local("judge", "judge")).unwrap();
    let (asked, let_go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let parts = (Arc::clone(&asked), Arc::clone(&let_go));
    let judging = move |call: Invocation| {
        let (asked, let_go) = parts.clone();
        async move {
            if call.values()?.0[1] == "com.slow".into() {
                asked.notify_one();
                let_go.notified().await;
            }
            Ok::<_, WampError>(Value::Bool(true))
        }
    };
    judge.register("com.authorize", judging).await.unwrap().detach();
    let address = router.address;
    let slow =
        tokio::spawn(async move { post(address, "/publish", "", &publish("com.slow")).await });
    timeout(PATIENCE, asked.notified()).await.unwrap();
    assert_eq!(post(address, "/publish", "", &publish("com.fast")).await.status, 200);
    let_go.notify_one();
    assert_eq!(timeout(PATIENCE, slow).await.unwrap().unwrap().status, 200);
}

#[tokio::test]
async fn who_may_not_join_gets_nothing_over_the_bridge_either() {
    struct MembersOnly;
    impl Authorizer for MembersOnly {
        fn join<'a>(&'a self, _: &'a Uri, who: &'a Joining) -> BoxFuture<'a, Result<(), String>> {
            let is_member = who.authrole.as_deref() == Some("merchant");
            ready(if is_member { Ok(()) } else { Err("members only".to_owned()) }).boxed()
        }
    }
    let router = start(|_| {}).await;
    let _backend = crate::backend(&router).await;
    router.handle.authorize_with("realm1", Some(Arc::new(MembersOnly)));
    let refused = post(router.address, "/publish", "", &publish("com.t")).await;
    assert_eq!(refused.status, 403);
    assert_eq!(refused.json()["args"], json!(["members only"]));
    let token = "Authorization: Bearer open-sesame\r\n";
    let call = json!({ "procedure": "com.example.echo" }).to_string();
    let answer = post(router.address, "/members/call", token, &call).await;
    assert_eq!(answer.status, 200, "{answer:?}");
}
