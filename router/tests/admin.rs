//! What an administrator sees of a router, and does to it.

// Clippy does not see that helpers of tests are tests.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use common::{Peer, Running, start};
use serde_json::{Value, json};
use wamplex_router::{RouterConfig, config::ConfigSource};
use wamplex_shared::serializer::Serializer;

const CONFIG: &str = r#"
    admin.realm = "com.example.admin"
    [[realms]]
    name = "realm1"
    meta_api = "off"
    [[realms]]
    name = "com.example.admin"
    [[realms.roles]]
    name = "anonymous"
    [[realms.roles.permissions]]
    uri = "wamplex.admin."
    match = "prefix"
    allow = ["call"]
    [[realms.roles.permissions]]
    uri = "wamplex.admin.session.kill_all"
    allow = []
"#;

const HELLO: &str = r#"[1, "com.example.admin", {"roles": {"caller": {"features":
    {"progressive_call_results": true, "call_canceling": true}}, "callee": {}}}]"#;

async fn administered() -> (Running, Peer) {
    let router = start(|config| {
        let listeners = std::mem::take(&mut config.listeners);
        *config = RouterConfig { listeners, ..toml::from_str(CONFIG).unwrap() };
        assert!(config.check().is_empty(), "{:?}", config.check());
    })
    .await;
    let mut operator = Peer::connect(router.address, Serializer::Json).await;
    operator.say(HELLO).await;
    assert_eq!(operator.hear().await[0], 2);
    (router, operator)
}

/// Calls a procedure and hears the answer, whatever it is.
async fn ask(operator: &mut Peer, procedure: &str, args: &Value) -> Value {
    let request = operator.request();
    operator.say(&json!([48, request, {}, procedure, args]).to_string()).await;
    operator.hear().await
}

#[tokio::test]
async fn an_administrator_sees_the_realms_and_the_sessions_in_them() {
    let (router, mut operator) = administered().await;
    let mut peer = Peer::connect(router.address, Serializer::Cbor).await;
    let session = peer.hello().await[1].clone();
    let status = operator.call("wamplex.admin.status", &json!([])).await;
    assert_eq!((&status[0]["sessions"], &status[0]["draining"]), (&json!(2), &json!(false)));
    let realms = operator.call("wamplex.admin.realm.list", &json!([])).await;
    let names: Vec<_> = realms[0].as_array().unwrap().iter().map(|r| r["name"].clone()).collect();
    assert_eq!(names, ["com.example.admin", "realm1"]);
    let listed = operator.call("wamplex.admin.session.list", &json!(["realm1"])).await;
    assert_eq!(listed, json!([[session]]));
    let details = operator.call("wamplex.admin.session.get", &json!(["realm1", session])).await;
    assert_eq!(details[0]["authrole"], "anonymous");
}

#[tokio::test]
async fn an_administrator_ends_a_session_of_another_realm() {
    let (router, mut operator) = administered().await;
    let mut peer = Peer::connect(router.address, Serializer::MsgPack).await;
    let session = peer.hello().await[1].clone();
    operator.call("wamplex.admin.session.kill", &json!(["realm1", session])).await;
    let goodbye = peer.hear().await;
    assert_eq!((&goodbye[0], &goodbye[2]), (&json!(6), &json!("wamp.close.killed")));
}

#[tokio::test]
async fn roles_say_what_an_administrator_may_do() {
    let (_router, mut operator) = administered().await;
    let kill_all = ask(&mut operator, "wamplex.admin.session.kill_all", &json!(["realm1"])).await;
    assert_eq!(kill_all[4], "wamp.error.not_authorized", "{kill_all}");
    let request = operator.request();
    operator.say(&json!([64, request, {}, "wamplex.admin.mine"]).to_string()).await;
    assert_eq!(operator.hear().await[4], "wamp.error.not_authorized");
}

#[tokio::test]
async fn procedures_about_the_router_are_in_no_other_realm() {
    let (router, _operator) = administered().await;
    let mut peer = Peer::join(router.address, Serializer::Json).await;
    let answer = ask(&mut peer, "wamplex.admin.status", &json!([])).await;
    assert_eq!((&answer[0], &answer[4]), (&json!(8), &json!("wamp.error.no_such_procedure")));
}

#[tokio::test]
async fn questions_that_make_no_sense_are_answered_with_an_error() {
    let (_router, mut operator) = administered().await;
    for (procedure, args, error) in [
        ("session.list", json!([]), "wamp.error.invalid_argument"),
        ("session.list", json!([7]), "wamp.error.invalid_argument"),
        ("session.list", json!(["com.example.nowhere"]), "wamp.error.no_such_realm"),
        ("session.get", json!(["realm1", 7]), "wamp.error.no_such_session"),
        ("session.nothing", json!(["realm1"]), "wamp.error.no_such_procedure"),
        (
            "session.add_testament",
            json!(["realm1", "com.t", [], {}]),
            "wamp.error.no_such_procedure",
        ),
        ("nothing", json!([]), "wamp.error.no_such_procedure"),
        ("status", json!([1]), "wamp.error.invalid_argument"),
        ("reload", json!([]), "wamplex.error.reload_failed"),
        ("session.tap", json!(["realm1", 7]), "wamp.error.no_such_session"),
        ("session.tap", json!(["realm1"]), "wamp.error.invalid_argument"),
    ] {
        let answer = ask(&mut operator, &format!("wamplex.admin.{procedure}"), &args).await;
        assert_eq!((&answer[0], &answer[4]), (&json!(8), &json!(error)), "{procedure}: {answer}");
    }
}

#[tokio::test]
async fn an_administrator_listens_to_the_messages_of_a_session() {
    let (router, mut operator) = administered().await;
    let mut peer = Peer::connect(router.address, Serializer::Cbor).await;
    let session = peer.hello().await[1].clone();
    let tap = operator.request();
    let options = json!({"receive_progress": true});
    let call = json!([48, tap, options, "wamplex.admin.session.tap", ["realm1", session]]);
    operator.say(&call.to_string()).await;
    assert_eq!(operator.hear().await[3], json!([{"listening": true}]));
    peer.round_trip("com.example.topic").await;
    let mut pieces = Vec::new();
    for _ in 0..6 {
        let piece = operator.hear().await;
        assert_eq!((&piece[1], &piece[2]), (&json!(tap), &json!({"progress": true})), "{piece}");
        let message: Value =
            serde_json::from_str(piece[3][0]["message"].as_str().unwrap()).unwrap();
        pieces.push((piece[3][0]["direction"].clone(), message[0].clone()));
    }
    let passed = [("in", 32), ("out", 33), ("in", 16), ("out", 36), ("in", 34), ("out", 35)];
    assert_eq!(pieces, passed.map(|(direction, code)| (json!(direction), json!(code))));
    drop(peer);
    assert_eq!(operator.hear().await, json!([50, tap, {}, [{"messages": 6}]]));
}

#[tokio::test]
async fn an_administrator_has_the_configuration_read_again() {
    let (router, mut operator) = administered().await;
    let folder = std::env::temp_dir().join(format!("wamplex-admin-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("wamplex.toml");
    let write = |extra: &str| {
        let listener = "[[listeners]]\naddress = \"127.0.0.1:0\"\nsite = false\n";
        std::fs::write(&path, format!("watch = false\n{CONFIG}\n{listener}{extra}")).unwrap();
    };
    write("[[realms]]\nname = \"com.example.added\"\n");
    let following = router.handle.follow(ConfigSource::file(&path));
    let changes = operator.call("wamplex.admin.reload", &json!([])).await;
    let changes = changes[0].to_string();
    assert!(changes.contains("realm com.example.added added"), "{changes}");
    write("nonsense = 1\n");
    let answer = ask(&mut operator, "wamplex.admin.reload", &json!([])).await;
    assert_eq!(answer[4], "wamplex.error.reload_failed", "{answer}");
    assert!(answer[5].to_string().contains("nonsense"), "{answer}");
    drop(following);
    let answer = ask(&mut operator, "wamplex.admin.reload", &json!([])).await;
    assert_eq!(answer[4], "wamplex.error.reload_failed", "{answer}");
    std::fs::remove_dir_all(&folder).unwrap();
}

#[tokio::test]
async fn nobody_is_an_administrator_without_roles_that_say_so() {
    let config: RouterConfig = toml::from_str(
        r#"
        admin.realm = "com.example.admin"
        [[realms]]
        name = "com.example.admin"
        "#,
    )
    .unwrap();
    let problems: Vec<_> = config.check().iter().map(ToString::to_string).collect();
    let expected = "admin.realm: expected a realm with `roles`, which say who may call these procedures, \
        found \"com.example.admin\", which has none";
    assert_eq!(problems, [expected]);
}
