//! The wrong method, downgrades, time, size, and messages out of turn.

use super::{Client, configured, denied, router};
use crate::common::{Heard, Peer};
use serde_json::json;
use std::{sync::Arc, time::Duration};
use wamplex_router::principals::{Principal, Static, Ticket};
use wamplex_shared::serializer::Serializer;

const METHODS: [&str; 4] = ["cryptosign", "wamp-scram", "wampcra", "ticket"];

fn refusal(uri: &str, message: &str) -> (String, String) {
    (format!("wamp.error.{uri}"), message.to_owned())
}

#[tokio::test]
async fn a_realm_without_settings_lets_everybody_in_as_anonymous() {
    let router = crate::common::start(|_| {}).await;
    for offers in [&[][..], &["anonymous"], &["ticket", "anonymous"]] {
        let welcome = Client::new("", offers).welcome(&router).await;
        let found = (&welcome["authrole"], &welcome["authmethod"], &welcome["authprovider"]);
        assert_eq!(found, (&json!("anonymous"), &json!("anonymous"), &json!("static")));
    }
    let heard = Client::new("joe", &["ticket"]).refusal(&router).await;
    let message = "none of the methods offered is one of this realm's: anonymous";
    assert_eq!(heard, refusal("no_matching_auth_method", message));
}

#[tokio::test]
async fn what_is_missing_is_said_by_its_own_uri() {
    let router = router(&["wampcra", "ticket"], "").await;
    for (client, expected) in [
        (
            Client::new("", &[]),
            refusal(
                "authentication_required",
                "this realm lets nobody in without a proof: it takes wampcra, ticket",
            ),
        ),
        (
            Client::new("joe", &["cryptosign", "x_own"]),
            refusal(
                "no_matching_auth_method",
                "none of the methods offered is one of this realm's: wampcra, ticket",
            ),
        ),
        (
            Client::new("", &["wampcra"]),
            refusal("authentication_denied", "the method wampcra needs an authid"),
        ),
        (
            Client::new("", &["ticket"]),
            refusal("authentication_denied", "the method ticket needs an authid"),
        ),
    ] {
        assert_eq!(client.refusal(&router).await, expected);
    }
    let mut client = Client::new("joe", &["ticket"]);
    client.details = json!({"authrole": "admin"});
    let expected =
        refusal("no_such_role", "the principal does not have the role that was asked for");
    assert_eq!(client.refusal(&router).await, expected);
    assert_eq!(client.wrong().refusal(&router).await, denied());
}

#[tokio::test]
async fn a_principal_whose_role_is_gone_is_told_so() {
    let roles = r#"
        [[roles]]
        name = "user"
        allow_all = true
        [[roles]]
        name = "authenticator"
    "#;
    let router = router(&["ticket"], roles).await;
    let mut ann = Principal::new("ann", "gone", "program");
    ann.ticket = Some(Ticket::new("s3cret"));
    let source = Static::new([ann]).unwrap();
    router.handle.find_principals_with("realm1", Some(Arc::new(source)));
    let ann = Client::new("ann", &["ticket"]);
    let expected = refusal("no_such_role", "the role of this principal is not one of the realm's");
    assert_eq!(ann.refusal(&router).await, expected);
    assert_eq!(ann.wrong().refusal(&router).await, denied());
    Client::new("joe", &["ticket"]).welcome(&router).await;
}

#[tokio::test]
async fn nobody_gets_round_a_stronger_method() {
    let router = router(&METHODS, "").await;
    // In the order of the client the weakest comes first; the router has an order of its own.
    for (offers, expected) in [
        (&["ticket", "wampcra", "wamp-scram", "cryptosign"][..], "cryptosign"),
        (&["ticket", "wampcra", "wamp-scram"], "wamp-scram"),
        (&["ticket", "wampcra"], "wampcra"),
    ] {
        let mut peer = Peer::connect(router.address, Serializer::Json).await;
        assert_eq!(Client::new("joe", offers).begin(&mut peer).await[1], expected);
    }
    // A principal that has a key only cannot be had by anything else, and nobody learns that it is so.
    for weaker in ["wamp-scram", "wampcra", "ticket"] {
        assert_eq!(Client::new("key", &[weaker]).refusal(&router).await, denied());
        assert_eq!(Client::new("nobody", &[weaker]).refusal(&router).await, denied());
    }
}

#[tokio::test]
async fn an_answer_that_does_not_come_in_time_is_not_waited_for() {
    let limit = Duration::from_millis(50);
    let router = configured(&METHODS, "", |config| config.limits.authentication = limit).await;
    for method in METHODS {
        let mut peer = Peer::connect(router.address, Serializer::Json).await;
        let mut heard = Client::new("joe", &[method]).begin(&mut peer).await;
        if heard[0] == 4 {
            heard = peer.hear().await;
        }
        assert_eq!((&heard[0], &heard[2]), (&json!(3), &json!("wamp.error.timeout")), "{heard}");
        assert_eq!(heard[1]["message"], "AUTHENTICATE took too long");
        assert_eq!(peer.listen().await, Heard::Close(1008));
    }
}

#[tokio::test]
async fn answers_out_of_turn_break_the_protocol() {
    let router = router(&METHODS, "").await;
    let mut peer = Peer::connect(router.address, Serializer::Json).await;
    peer.say(r#"[5, "s3cret", {}]"#).await;
    assert_eq!(peer.hear().await[2], "wamp.error.protocol_violation");

    for other in [Client::new("joe", &["ticket"]).hello(), r#"[48, 1, {}, "com.example.p"]"#.into()]
    {
        let mut peer = Peer::connect(router.address, Serializer::Json).await;
        assert_eq!(Client::new("joe", &["ticket"]).begin(&mut peer).await[0], 4);
        peer.say(&other).await;
        assert_eq!(peer.hear().await[2], "wamp.error.protocol_violation");
    }
}

#[tokio::test]
async fn what_is_too_long_is_not_looked_at() {
    let router = router(&METHODS, "").await;
    let mut peer = Peer::connect(router.address, Serializer::Json).await;
    assert_eq!(Client::new("joe", &["ticket"]).begin(&mut peer).await[0], 4);
    peer.say(&json!([5, "x".repeat(64 << 10), {}]).to_string()).await;
    assert_eq!(peer.hear().await[2], "wamp.error.payload_size_exceeded");
    assert_eq!(peer.listen().await, Heard::Close(1009));

    let long: &'static str = Box::leak("x".repeat(300).into_boxed_str());
    for method in METHODS {
        assert_eq!(Client::new(long, &[method]).refusal(&router).await, denied());
    }
}

#[tokio::test]
async fn malformed_answers_are_wrong_answers() {
    let router = router(&METHODS, "[authentication.lockout]\nattempts = 100").await;
    for method in METHODS {
        for (signature, extra) in [
            (String::new(), json!({})),
            ("\u{0}".into(), json!({"nonce": 1})),
            ("0".repeat(192), json!({"nonce": "x", "channel_binding": 7})),
            ("A".repeat(60_000), json!({"cbind_data": {}})),
        ] {
            let mut peer = Peer::connect(router.address, Serializer::Json).await;
            assert_eq!(Client::new("key", &[method]).begin(&mut peer).await[0], 4);
            peer.say(&json!([5, signature, extra]).to_string()).await;
            let abort = peer.hear().await;
            assert_eq!(abort[2], denied().0, "{method} {abort}");
        }
    }
}

#[tokio::test]
async fn a_client_may_give_up_at_any_point() {
    let router = router(&METHODS, "").await;
    for method in METHODS {
        let mut peer = Peer::connect(router.address, Serializer::Json).await;
        assert_eq!(Client::new("joe", &[method]).begin(&mut peer).await[0], 4);
        peer.say(r#"[3, {}, "wamp.error.canceled"]"#).await;
        assert!(matches!(peer.listen().await, Heard::Close(_) | Heard::Gone));
    }
    assert_eq!(router.handle.session_count(), 0);
}

#[tokio::test]
async fn after_goodbye_the_next_session_has_to_prove_itself_anew() {
    let router = router(&["ticket"], "").await;
    let client = Client::new("joe", &["ticket"]);
    let mut peer = Peer::connect(router.address, Serializer::Json).await;
    assert_eq!(client.join(&mut peer).await[0], 2);
    peer.say(r#"[6, {}, "wamp.close.close_realm"]"#).await;
    assert_eq!(peer.hear().await[0], 6);
    assert_eq!(client.begin(&mut peer).await[0], 4);
    peer.say(&client.wrong().answer(&json!([4, "ticket", {}]))).await;
    assert_eq!(peer.hear().await[2], denied().0);
}
