//! Authenticators that are procedures, behind the same router.

use super::{Client, configured, denied, router};
use crate::common::{Peer, Running};
use serde_json::{Value, json};
use tokio::{net::TcpStream, task::JoinHandle};
use wamplex_router::config::RealmSettings;
use wamplex_shared::serializer::Serializer;

const METHODS: [&str; 4] = ["cryptosign", "wamp-scram", "wampcra", "ticket"];

const PROCEDURE: &str = "com.example.authenticate";

const DYNAMIC: &str = r#"
    [authentication.dynamic]
    procedure = "com.example.authenticate"
    time_limit = "5s"
"#;

/// A client that has registered the procedure.
async fn authenticator(router: &Running, realm: &str) -> Peer<TcpStream> {
    let client = Client::new("authenticator", &["ticket"]);
    let mut peer = Peer::connect(router.address, Serializer::Json).await;
    peer.say(&client.hello().replace("realm1", realm)).await;
    let challenge = peer.hear().await;
    if challenge[0] == 4 {
        peer.say(&client.answer(&challenge)).await;
        assert_eq!(peer.hear().await[0], 2);
    }
    peer.say(&json!([64, 1, {}, PROCEDURE]).to_string()).await;
    assert_eq!(peer.hear().await[0], 65);
    peer
}

/// Answers the calls of an authenticator one after the other, and gives back how it was called.
fn answering(
    mut peer: Peer<TcpStream>,
    calls: usize,
    answer: impl Fn(&Value) -> Value + Send + 'static,
) -> JoinHandle<Vec<Value>> {
    tokio::spawn(async move {
        let mut asked = Vec::new();
        for _ in 0..calls {
            let invocation = peer.hear().await;
            assert_eq!(invocation[0], 68, "{invocation}");
            let said = answer(&invocation[4]);
            let answer = if let Some(error) = said["error"].as_str() {
                json!([8, 68, invocation[1], {}, error])
            } else {
                json!([70, invocation[1], {}, [said]])
            };
            peer.say(&answer.to_string()).await;
            asked.push(invocation[4].clone());
        }
        asked
    })
}

/// What a database of users might say.
fn users(args: &Value) -> Value {
    let [_, authid, details] = &args.as_array().unwrap()[..] else { panic!("{args}") };
    match (authid.as_str(), details["authmethod"].as_str().unwrap()) {
        (Some("ann"), "ticket") if details["ticket"] == "s3cret" => json!("guest"),
        (Some("ann"), "wampcra") => json!({"role": "guest", "secret": "s3cret"}),
        (Some("ann"), "cryptosign") => {
            json!({"role": "guest", "pubkey": details["authextra"]["pubkey"], "extra": {"x_seen": true}})
        }
        _ => json!({"error": "com.example.no_such_user"}),
    }
}

#[tokio::test]
async fn a_procedure_of_the_realm_itself_judges_who_is_not_known_otherwise() {
    let router = router(&METHODS, DYNAMIC).await;
    let asked = answering(authenticator(&router, "realm1").await, 5, users);
    for method in ["ticket", "wampcra", "cryptosign"] {
        let welcome = Client::new("ann", &[method]).welcome(&router).await;
        let found = (&welcome["authid"], &welcome["authrole"], &welcome["authprovider"]);
        assert_eq!(found, (&json!("ann"), &json!("guest"), &json!("dynamic")), "{method}");
    }
    assert_eq!(Client::new("ann", &["ticket"]).wrong().refusal(&router).await, denied());
    assert_eq!(Client::new("ann", &["wampcra"]).wrong().refusal(&router).await, denied());
    // Principals of the configuration are none of its business.
    assert_eq!(Client::new("joe", &["ticket"]).welcome(&router).await["authrole"], "user");
    let asked = asked.await.unwrap();
    assert_eq!(asked[0][0], "realm1");
    assert_eq!(asked[0][1], "ann");
    assert_eq!(asked[0][2]["ticket"], "s3cret");
    assert_eq!(asked[0][2]["transport"]["type"], "websocket");
    assert_eq!(asked[1][2].get("ticket"), None);
}

#[tokio::test]
async fn a_no_of_the_procedure_looks_like_a_wrong_secret() {
    let router = router(&METHODS, DYNAMIC).await;
    let asked = answering(authenticator(&router, "realm1").await, 4, users);
    for method in METHODS {
        assert_eq!(Client::new("ben", &[method]).refusal(&router).await, denied());
    }
    asked.await.unwrap();
}

#[tokio::test]
async fn a_procedure_that_is_not_there_or_gives_no_answer_lets_nobody_in() {
    let failed = (
        "wamp.error.authentication_failed".to_owned(),
        "the router cannot authenticate anybody so now".to_owned(),
    );
    let router = router(&METHODS, &DYNAMIC.replace("5s", "50ms")).await;
    for method in METHODS {
        assert_eq!(Client::new("ann", &[method]).refusal(&router).await, failed);
    }
    let _silent = authenticator(&router, "realm1").await;
    for method in METHODS {
        assert_eq!(Client::new("ann", &[method]).refusal(&router).await, failed);
    }
}

#[tokio::test]
async fn an_authenticator_that_leaves_while_it_is_asked_lets_nobody_in() {
    let router = router(&METHODS, DYNAMIC).await;
    let mut authenticator = authenticator(&router, "realm1").await;
    let mut peer = Peer::connect(router.address, Serializer::Json).await;
    peer.say(&Client::new("ann", &["wampcra"]).hello()).await;
    assert_eq!(authenticator.hear().await[0], 68);
    drop(authenticator);
    assert_eq!(peer.hear().await[2], "wamp.error.authentication_failed");
}

#[tokio::test]
async fn answers_that_mean_nothing_let_nobody_in() {
    let router = router(&METHODS, DYNAMIC).await;
    let answers = [json!(null), json!(7), json!({}), json!({"role": ""}), json!({"role": 1})];
    let count = answers.len();
    let next = std::sync::Mutex::new(answers.into_iter());
    let answer = move |_: &Value| next.lock().unwrap().next().unwrap();
    let asked = answering(authenticator(&router, "realm1").await, count, answer);
    for _ in 0..count {
        let (uri, _) = Client::new("ann", &["ticket"]).refusal(&router).await;
        assert_eq!(uri, "wamp.error.authentication_failed");
    }
    asked.await.unwrap();
}

#[tokio::test]
async fn the_procedure_may_be_one_of_another_realm() {
    let more = format!("{DYNAMIC}\nrealm = \"realm2\"");
    let router =
        configured(&METHODS, &more, |config| config.realms.push(RealmSettings::new("realm2")))
            .await;
    let mut peer = Peer::connect(router.address, Serializer::Json).await;
    peer.say(r#"[1, "realm2", {"roles": {"callee": {}}}]"#).await;
    assert_eq!(peer.hear().await[0], 2);
    peer.say(&json!([64, 1, {}, PROCEDURE]).to_string()).await;
    assert_eq!(peer.hear().await[0], 65);
    let asked = answering(peer, 1, users);
    assert_eq!(Client::new("ann", &["wampcra"]).welcome(&router).await["authrole"], "guest");
    assert_eq!(asked.await.unwrap()[0][0], "realm1");
}

#[tokio::test]
async fn the_sessions_that_ask_are_not_seen() {
    let router = router(&METHODS, DYNAMIC).await;
    let asked = answering(authenticator(&router, "realm1").await, 1, users);
    let mut peer = Peer::connect(router.address, Serializer::Json).await;
    assert_eq!(Client::new("ann", &["ticket"]).join(&mut peer).await[0], 2);
    // The authenticator and this one; the first may have left already.
    let count = peer.call("wamp.session.count", &json!([])).await;
    assert!(count == json!([2]) || count == json!([1]), "{count}");
    asked.await.unwrap();
}
