//! Realms that are made when somebody asks for them, and removed when nobody is in them.

// Clippy does not see that helpers of tests are tests.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use common::{Heard, PATIENCE, Peer, Running, start};
use futures_util::future::join_all;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::timeout;
use wamplex_router::{
    Identity, RouterConfig,
    config::{
        DynamicSettings, MetaApi, Method, PrincipalSettings, RealmSettings, RealmTemplate, Secret,
        UriRule,
    },
    local::LocalSession,
};
use wamplex_shared::{serializer::Serializer, uri::MatchPolicy};

fn template(pattern: &str, change: impl FnOnce(&mut RealmTemplate)) -> RealmTemplate {
    let mut template = RealmTemplate { pattern: pattern.to_owned(), ..RealmTemplate::default() };
    change(&mut template);
    template
}

fn config(templates: Vec<RealmTemplate>) -> RouterConfig {
    let mut config = common::config();
    config.templates = templates;
    config
}

async fn router(templates: Vec<RealmTemplate>) -> Running {
    start(|start| *start = config(templates)).await
}

/// Asks to join a realm, and what is answered.
async fn ask(router: &Running, realm: &str) -> (Peer, Value) {
    let mut peer = Peer::connect(router.address, Serializer::Json).await;
    peer.say(&common::HELLO.replace("realm1", realm)).await;
    let answer = peer.hear().await;
    (peer, answer)
}

async fn join(router: &Running, realm: &str) -> Peer {
    let (peer, welcome) = ask(router, realm).await;
    assert_eq!(welcome[0], 2, "{welcome}");
    peer
}

async fn refusal(router: &Running, realm: &str) -> Value {
    let (_, abort) = ask(router, realm).await;
    assert_eq!(abort[0], 3, "{abort}");
    abort[2].clone()
}

fn has_realm(router: &Running, realm: &str) -> bool {
    router.handle.realms().iter().any(|name| name.as_str() == realm)
}

/// Waits until there is no realm of this name.
async fn gone(router: &Running, realm: &str) {
    let wait = async {
        while has_realm(router, realm) {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, wait).await.expect("the realm is removed");
}

#[tokio::test]
async fn realms_are_made_by_the_first_template_that_matches_and_are_apart() {
    let strict = template("com.example.strict.", |t| t.realm.rules.uris = UriRule::Strict);
    let any = template("com.example.", |t| t.realm.rules.meta_api = MetaApi::Off);
    let wild = template("org..team", |t| t.policy = MatchPolicy::Wildcard);
    let router = router(vec![strict, any, wild]).await;
    let mut blue = join(&router, "com.example.blue").await;
    let mut red = join(&router, "com.example.red").await;
    let topic = blue.subscribe("com.example.Topic").await;
    red.say(r#"[16, 1, {"acknowledge": true}, "com.example.Topic", ["of red"]]"#).await;
    assert_eq!(red.hear().await[0], 17);
    join(&router, "com.example.blue")
        .await
        .say(r#"[16, 1, {}, "com.example.Topic", ["of blue"]]"#)
        .await;
    let event = blue.hear().await;
    assert_eq!((&event[1], &event[4]), (&json!(topic), &json!(["of blue"])));

    let mut strict = join(&router, "com.example.strict.realm").await;
    strict.say(r#"[32, 1, {}, "com.example.Topic"]"#).await;
    assert_eq!(strict.hear().await[4], "wamp.error.invalid_uri");
    join(&router, "org.blue.team").await.round_trip("com.example.topic").await;
    for (realm, error) in [
        ("org.blue.other", "wamp.error.no_such_realm"),
        ("com.other", "wamp.error.no_such_realm"),
        ("com.example..x", "wamp.error.invalid_uri"),
    ] {
        assert_eq!(refusal(&router, realm).await, error, "{realm}");
    }
    join(&router, "realm1").await.round_trip("com.example.topic").await;
}

#[tokio::test]
async fn there_are_at_most_as_many_as_the_template_says() {
    let router = router(vec![template("com.example.", |t| t.most = 2)]).await;
    let _first = join(&router, "com.example.a").await;
    let _second = join(&router, "com.example.b").await;
    assert_eq!(refusal(&router, "com.example.c").await, "wamplex.error.limit_exceeded");
    join(&router, "com.example.a").await.round_trip("com.example.topic").await;
}

#[tokio::test]
async fn an_empty_realm_is_removed_and_made_again() {
    let short = template("com.example.", |t| {
        t.idle = Some(Duration::from_millis(50));
        t.most = 1;
    });
    let router = router(vec![short]).await;
    let mut stays = join(&router, "com.example.a").await;
    let publish = r#"[16, 1, {"acknowledge": true, "retain": true}, "com.example.topic", ["x"]]"#;
    stays.say(publish).await;
    assert_eq!(stays.hear().await[0], 17);
    // Longer than it may be empty: it is not.
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(has_realm(&router, "com.example.a"));
    drop(stays);
    gone(&router, "com.example.a").await;
    let mut again = join(&router, "com.example.b").await;
    again.say(r#"[32, 1, {"get_retained": true}, "com.example.topic"]"#).await;
    assert_eq!(again.hear().await[0], 33);
    again.request();
    again.round_trip("com.example.other").await;
    assert!(has_realm(&router, "realm1"), "listed, though nobody is in it");
}

/// Offers an authenticator that lets everybody in, in a realm of a template.
async fn offer_authenticator(router: &Running) -> LocalSession {
    let _made = join(router, "com.example.auth").await;
    let session = router.handle.join("com.example.auth", Identity::local("auth", "auth")).unwrap();
    let answer = |_| async { Ok(wamplex_shared::value::Value::from("guest")) };
    session.register("com.example.authenticate", answer).await.unwrap().detach();
    session
}

async fn join_by_ticket(router: &Running) -> Value {
    let mut peer = Peer::connect(router.address, Serializer::Json).await;
    let details = json!({"roles": {"caller": {}}, "authmethods": ["ticket"], "authid": "joe"});
    peer.say(&json!([1, "realm1", details]).to_string()).await;
    assert_eq!(peer.hear().await[0], 4);
    peer.say(r#"[5, "anything", {}]"#).await;
    peer.hear().await
}

#[tokio::test]
async fn an_authenticator_is_found_again_in_a_realm_that_was_removed_and_made_again() {
    let short = template("com.example.", |t| t.idle = Some(Duration::from_millis(50)));
    let mut config = config(vec![short]);
    config.realms[0].authentication.methods = vec![Method::Ticket];
    config.realms[0].authentication.dynamic = Some(DynamicSettings {
        procedure: "com.example.authenticate".into(),
        realm: Some("com.example.auth".into()),
        ..DynamicSettings::default()
    });
    let router = start(|start| *start = config).await;
    for _ in 0..2 {
        let authenticator = offer_authenticator(&router).await;
        let answer = join_by_ticket(&router).await;
        assert_eq!(answer[0], 2, "{answer}");
        authenticator.leave().await;
        gone(&router, "com.example.auth").await;
    }
}

#[tokio::test]
async fn a_reload_changes_realms_of_templates_and_closes_those_that_have_none_any_more() {
    let router = router(vec![template("com.example.", |_| {}), template("org.", |_| {})]).await;
    let mut changed = join(&router, "com.example.a").await;
    let mut listed = join(&router, "com.example.b").await;
    let mut closed = join(&router, "org.example").await;
    let strict = template("com.example.", |t| t.realm.rules.uris = UriRule::Strict);
    let mut next = config(vec![strict]);
    next.realms.push(RealmSettings::new("com.example.b"));
    let report = router.handle.reload(next).await.unwrap();
    let expected =
        "realm com.example.b added, template com.example. changed (uris), template org. removed";
    assert_eq!(report.to_string(), expected);
    changed.say(r#"[32, 1, {}, "com.example.Topic"]"#).await;
    assert_eq!(changed.hear().await[4], "wamp.error.invalid_uri");
    listed.round_trip("com.example.Topic").await;
    let Heard::Message(goodbye) = closed.listen().await else { panic!("a goodbye was due") };
    assert_eq!((&goodbye[0], &goodbye[2]), (&json!(6), &json!("wamp.close.close_realm")));
    assert_eq!(refusal(&router, "org.example").await, "wamp.error.no_such_realm");
}

/// A template for whose realms everybody needs a ticket: that of joe is `secret`.
fn with_tickets(change: impl FnOnce(&mut RealmTemplate)) -> RealmTemplate {
    let joe = PrincipalSettings {
        authid: "joe".into(),
        role: "anonymous".into(),
        ticket: Some(Secret::new("secret")),
        ..PrincipalSettings::default()
    };
    template("com.example.", |t| {
        t.realm.authentication.methods = vec![Method::Ticket];
        t.realm.authentication.lockout.attempts = 1000;
        t.realm.authentication.lockout.address_attempts = 1000;
        t.realm.principals.push(joe);
        change(t);
    })
}

/// Asks to join a realm as joe, and is asked for a ticket.
async fn begin(router: &Running, realm: &str) -> Peer {
    let mut peer = Peer::connect(router.address, Serializer::Json).await;
    let details = json!({"roles": {"caller": {}}, "authmethods": ["ticket"], "authid": "joe"});
    peer.say(&json!([1, realm, details]).to_string()).await;
    let challenge = peer.hear().await;
    assert_eq!(challenge[0], 4, "{challenge}");
    peer
}

async fn show(peer: &mut Peer, ticket: &str) -> Value {
    peer.say(&json!([5, ticket, {}]).to_string()).await;
    peer.hear().await
}

#[tokio::test]
async fn those_who_are_refused_take_no_room_from_others() {
    let router = router(vec![with_tickets(|t| t.most = 2)]).await;
    for n in 0..20 {
        let realm = format!("com.example.r{n}");
        // At once, before anybody is asked for a proof, and in the end.
        assert_eq!(refusal(&router, &realm).await, "wamp.error.authentication_required");
        assert!(!has_realm(&router, &realm), "gone before anybody hears of it");
        drop(begin(&router, &realm).await);
        gone(&router, &realm).await;
    }
    let mut first = begin(&router, "com.example.good").await;
    assert_eq!(show(&mut first, "secret").await[0], 2);
    assert!(has_realm(&router, "com.example.good"));
}

#[tokio::test]
async fn a_realm_stays_while_somebody_is_in_it_or_asks_to_come_in() {
    let router = router(vec![with_tickets(|t| t.most = 1)]).await;
    let mut good = begin(&router, "com.example.a").await;
    let mut bad = begin(&router, "com.example.a").await;
    let mut worse = begin(&router, "com.example.a").await;
    assert_eq!(show(&mut bad, "wrong").await[0], 3);
    assert_eq!(show(&mut good, "secret").await[0], 2);
    assert_eq!(show(&mut worse, "wrong").await[0], 3);
    good.round_trip("com.example.topic").await;
    assert_eq!(refusal(&router, "com.example.b").await, "wamplex.error.limit_exceeded");
    drop(good);
    let mut again = begin(&router, "com.example.a").await;
    assert_eq!(show(&mut again, "secret").await[0], 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn clients_that_race_for_a_new_realm_share_it() {
    let router = router(vec![template("com.example.", |t| t.most = 1)]).await;
    let mut peers = join_all((0..8).map(|_| join(&router, "com.example.a"))).await;
    let mut hearing = peers.pop().unwrap();
    hearing.subscribe("com.example.topic").await;
    for peer in &mut peers {
        peer.say(r#"[16, 1, {}, "com.example.topic", ["x"]]"#).await;
        assert_eq!(hearing.hear().await[4], json!(["x"]));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn clients_that_race_for_a_realm_get_in_while_others_are_refused() {
    let router = router(vec![with_tickets(|t| t.most = 1)]).await;
    let one = |ticket: &'static str| async {
        let mut peer = begin(&router, "com.example.a").await;
        let answer = show(&mut peer, ticket).await;
        (peer, answer)
    };
    for _ in 0..20 {
        let all = join_all(["wrong", "secret", "wrong", "secret"].map(one)).await;
        for (at, (_, answer)) in all.iter().enumerate() {
            assert_eq!(answer[0], if at % 2 == 0 { 3 } else { 2 }, "{answer}");
        }
        assert!(has_realm(&router, "com.example.a"));
    }
}
