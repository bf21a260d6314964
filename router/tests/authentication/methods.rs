//! Each method over the wire: success, the wrong secret, an unknown name, a replay.

use super::{Client, denied, router, typed};
use crate::common::{Heard, Peer};
use serde_json::json;
use wamplex_shared::serializer::Serializer;

const METHODS: [&str; 4] = ["cryptosign", "wamp-scram", "wampcra", "ticket"];

#[tokio::test]
async fn who_proves_to_be_a_principal_is_welcome_in_every_serializer() {
    let router = router(&METHODS, "").await;
    for serializer in Serializer::ALL {
        for method in METHODS {
            let mut peer = Peer::connect(router.address, serializer).await;
            let welcome = Client::new("joe", &[method]).join(&mut peer).await;
            let details = &welcome[2];
            assert_eq!(details["authid"], "joe", "{welcome}");
            assert_eq!(details["authrole"], "user");
            assert_eq!(details["authmethod"], method);
            assert_eq!(details["authprovider"], "static");
            assert_eq!(details["authextra"]["x_team"], "blue");
            // The session works.
            assert_eq!(peer.call("wamp.session.count", &json!([])).await, json!([1]));
        }
    }
}

#[tokio::test]
async fn a_wrong_secret_and_an_unknown_name_hear_the_same() {
    let router = router(&METHODS, "").await;
    for method in METHODS {
        assert_eq!(Client::new("joe", &[method]).wrong().refusal(&router).await, denied());
        assert_eq!(Client::new("nobody", &[method]).refusal(&router).await, denied());
    }
}

#[tokio::test]
async fn an_answer_that_was_right_once_is_wrong_for_the_next_challenge() {
    let router = router(&METHODS, "").await;
    for method in &METHODS[..3] {
        let client = Client::new("joe", &[method]);
        let mut first = Peer::connect(router.address, Serializer::Json).await;
        let challenge = client.begin(&mut first).await;
        let answer = client.answer(&challenge);
        first.say(&answer).await;
        assert_eq!(first.hear().await[0], 2, "{method}");

        let mut second = Peer::connect(router.address, Serializer::Json).await;
        assert_ne!(client.begin(&mut second).await, challenge);
        second.say(&answer).await;
        let abort = second.hear().await;
        assert_eq!((&abort[0], &abort[2]), (&json!(3), &json!(denied().0)), "{method}");
        assert_eq!(second.listen().await, Heard::Close(1000));
    }
}

#[tokio::test]
async fn the_same_answer_sent_twice_breaks_the_protocol() {
    let router = router(&METHODS, "").await;
    for method in METHODS {
        let client = Client::new("joe", &[method]);
        let mut peer = Peer::connect(router.address, Serializer::Json).await;
        let answer = client.answer(&client.begin(&mut peer).await);
        peer.say(&answer).await;
        peer.say(&answer).await;
        assert_eq!(peer.hear().await[0], 2);
        let abort = peer.hear().await;
        assert_eq!(abort[2], "wamp.error.protocol_violation", "{abort}");
    }
}

#[tokio::test]
async fn a_challenge_is_for_one_connection() {
    let router = router(&METHODS, "").await;
    for method in &METHODS[..3] {
        let client = Client::new("joe", &[method]);
        let mut one = Peer::connect(router.address, Serializer::Json).await;
        let mut other = Peer::connect(router.address, Serializer::Json).await;
        let (of_one, of_other) = (client.begin(&mut one).await, client.begin(&mut other).await);
        one.say(&client.answer(&of_other)).await;
        assert_eq!(one.hear().await[2], denied().0, "{method}");
        // It was not used up by that.
        other.say(&client.answer(&of_other)).await;
        assert_eq!(other.hear().await[0], 2, "{method}");
        drop(of_one);
    }
}

#[tokio::test]
async fn the_router_proves_in_welcome_that_it_knows_the_password_too() {
    let router = router(&METHODS, "").await;
    let client = Client::new("joe", &["wamp-scram"]);
    let mut peer = Peer::connect(router.address, Serializer::Json).await;
    let challenge = client.begin(&mut peer).await;
    let (_, expected) = client.scram().respond(client.secret, &typed(&challenge)).unwrap();
    peer.say(&client.answer(&challenge)).await;
    let welcome = peer.hear().await;
    let verifier = welcome[2]["authextra"]["verifier"].as_str().unwrap();
    let extra = [("verifier", verifier)].into_iter().collect();
    assert_eq!(expected.verify(&extra), Ok(()));
}

#[tokio::test]
async fn challenges_say_what_the_specification_says_they_do() {
    let router = router(&METHODS, "").await;
    for (method, keys) in [
        ("ticket", &[][..]),
        ("wampcra", &["challenge", "iterations", "keylen", "salt"]),
        ("wamp-scram", &["iterations", "kdf", "memory", "nonce", "salt"]),
        ("cryptosign", &["challenge", "channel_binding"]),
    ] {
        for authid in ["joe", "nobody"] {
            let mut peer = Peer::connect(router.address, Serializer::Json).await;
            let challenge = Client::new(authid, &[method]).begin(&mut peer).await;
            assert_eq!((&challenge[0], &challenge[1]), (&json!(4), &json!(method)));
            let mut found: Vec<_> = challenge[2].as_object().unwrap().keys().collect();
            found.sort();
            assert_eq!(found, keys, "{authid}");
            if let Some(text) = challenge[2]["challenge"].as_str().filter(|_| method == "wampcra") {
                let text: serde_json::Value = serde_json::from_str(text).unwrap();
                assert_eq!(
                    (&text["authid"], &text["authmethod"]),
                    (&json!(authid), &json!(method))
                );
                assert!(text["session"].is_u64() && text["nonce"].is_string());
            }
        }
    }
}
