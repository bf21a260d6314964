//! Each method: success, the wrong secret, an unknown name, a replay.

use super::bench::{Bench, Client, SECRET, text, tls_peer};
use crate::{
    authentication::{Identity, Step},
    config::{ChannelBindingRule, JwtSettings, Method, Secret},
    peer::TlsPeer,
};
use jsonwebtoken::{EncodingKey, Header, encode};
use serde_json::json;
use std::sync::Arc;
use wamplex_shared::{
    auth::{
        ChannelBinding,
        cryptosign::{Key, Responder},
    },
    message::Authenticate,
    uris::error,
    value::Dict,
};

const CHALLENGING: [Method; 4] =
    [Method::Cryptosign, Method::Scram, Method::Wampcra, Method::Ticket];

/// A client with another secret and another key.
fn wrong(client: &Client) -> Client {
    Client { secret: "an0ther", key: Key::from_seed(&[8; 32]), ..client.clone() }
}

#[tokio::test]
async fn who_proves_to_be_a_principal_gets_its_identity() {
    for method in CHALLENGING {
        let realm = Bench::new(&[method]).open();
        let identity = Client::new("all", &[method.as_str()]).join(&realm).await.unwrap();
        let Identity { authid, authrole, authmethod, authprovider, authextra, .. } = identity;
        let expected = ("all", "user", method.as_str(), "static");
        assert_eq!((&*authid, &*authrole, &*authmethod, &*authprovider), expected);
        assert_eq!(text(&authextra, "x_team"), Some("blue"));
        assert_eq!(text(&authextra, "verifier").is_some(), method == Method::Scram);
    }
}

#[tokio::test]
async fn a_wrong_secret_and_an_unknown_name_hear_the_same() {
    for method in CHALLENGING {
        let realm = Bench::new(&[method]).open();
        let known = wrong(&Client::new("all", &[method.as_str()]));
        let heard = known.hears(&realm).await;
        assert_eq!(
            heard,
            (error::AUTHENTICATION_DENIED, "the credentials are not accepted".into())
        );
        let unknown = wrong(&Client::new("nobody", &[method.as_str()]));
        assert_eq!(unknown.hears(&realm).await, heard);
        // Also one with the secret that everybody has.
        assert_eq!(Client::new("nobody", &[method.as_str()]).hears(&realm).await, heard);
    }
}

#[tokio::test]
async fn challenges_for_unknown_names_look_like_those_for_known_ones() {
    for method in CHALLENGING {
        let realm = Bench::new(&[method]).open();
        let mut shapes = Vec::new();
        for authid in ["all", "nobody", "nobody"] {
            let (_, step) = Client::new(authid, &[method.as_str()]).begin(&realm).await;
            let Step::Challenge(challenge) = step else { panic!("{step:?}") };
            let shape = |(key, value): (&str, &_)| (key.to_owned(), std::mem::discriminant(value));
            shapes.push(challenge.extra.iter().map(shape).collect::<Vec<_>>());
            // What stays the same for a known name stays the same for an unknown one.
            for key in ["salt", "iterations", "memory", "kdf", "keylen"] {
                let again = Client::new(authid, &[method.as_str()]).begin(&realm).await;
                let Step::Challenge(again) = again.1 else { panic!() };
                assert_eq!(challenge.extra.get(key), again.extra.get(key), "{method} {key}");
            }
        }
        assert!(shapes.windows(2).all(|pair| pair[0] == pair[1]), "{method}: {shapes:?}");
    }
}

#[tokio::test]
async fn no_challenge_is_asked_twice_and_no_answer_is_taken_twice() {
    for method in CHALLENGING {
        let realm = Bench::new(&[method]).open();
        let client = Client::new("all", &[method.as_str()]);
        let (mut first, step) = client.begin(&realm).await;
        let Step::Challenge(challenge) = step else { panic!("{step:?}") };
        let proof = client.answer(&challenge);
        assert!(matches!(first.answer(proof.clone()).await, Step::Welcome(_)));
        assert!(matches!(first.answer(proof.clone()).await, Step::Refuse(_)), "{method}");
        let (mut second, step) = client.begin(&realm).await;
        let Step::Challenge(again) = step else { panic!("{step:?}") };
        if method == Method::Ticket {
            // There is nothing in a ticket that could be of this once only.
            continue;
        }
        assert_ne!(challenge, again);
        let step = second.answer(proof).await;
        assert!(
            matches!(&step, Step::Refuse(r) if r.uri == error::AUTHENTICATION_DENIED),
            "{step:?}"
        );
    }
}

#[tokio::test]
async fn malformed_answers_are_wrong_answers() {
    for method in CHALLENGING {
        let realm = Bench::new(&[method]).open();
        let client = Client::new("all", &[method.as_str()]);
        for signature in ["", "x", "\0", &"0".repeat(192), &"A".repeat(60_000), "ключ"] {
            let (mut exchange, _) = client.begin(&realm).await;
            let proof = Authenticate { signature: signature.into(), extra: Dict::new() };
            let step = exchange.answer(proof).await;
            let Step::Refuse(refusal) = step else { panic!("{method}: {step:?}") };
            assert_eq!(refusal.message, "the credentials are not accepted");
        }
    }
}

#[tokio::test]
async fn a_key_finds_its_principal_without_a_name() {
    let realm = Bench::new(&[Method::Cryptosign]).open();
    let client = Client { authid: None, ..Client::new("", &["cryptosign"]) };
    assert_eq!(client.join(&realm).await.unwrap().authid, "all");
    assert_eq!(wrong(&client).hears(&realm).await.0, error::AUTHENTICATION_DENIED);
}

#[tokio::test]
async fn the_key_of_one_principal_does_not_open_another() {
    let realm = Bench::new(&[Method::Cryptosign]).open();
    let client = Client::new("ticket", &["cryptosign"]);
    assert_eq!(client.hears(&realm).await.0, error::AUTHENTICATION_DENIED);
}

#[tokio::test]
async fn methods_that_need_a_name_say_so() {
    for method in ["wamp-scram", "wampcra", "ticket"] {
        let realm = Bench::new(&CHALLENGING).open();
        let client = Client { authid: None, ..Client::new("", &[method]) };
        let heard = client.hears(&realm).await;
        let message = format!("the method {method} needs an authid");
        assert_eq!(heard, (error::AUTHENTICATION_DENIED, message));
    }
}

#[tokio::test]
async fn the_router_proves_itself_to_clients_that_ask_for_it() {
    let mut bench = Bench::new(&[Method::Cryptosign]);
    let (own, trusted) = ("11".repeat(32), Key::from_hex(&"11".repeat(32)).unwrap().public());
    bench.settings.cryptosign.key = Some(Secret::new(own));
    let realm = bench.open();
    let client = Client::new("all", &["cryptosign"]);
    for (expected, is_it) in [(trusted, true), (client.key.public(), false)] {
        let responder = Responder::new(client.key.clone()).trusting(expected, [5; 32]);
        let client = Client { extra: responder.authextra(), ..client.clone() };
        let (mut exchange, step) = client.begin(&realm).await;
        let Step::Challenge(challenge) = step else { panic!("{step:?}") };
        let proof = responder.respond(&challenge);
        assert_eq!(proof.is_ok(), is_it, "{proof:?}");
        if let Ok(proof) = proof {
            assert!(matches!(exchange.answer(proof).await, Step::Welcome(_)));
        }
    }
}

/// What becomes of a client that asks for a binding, or for none, under a rule.
async fn bound(
    rule: ChannelBindingRule,
    asks: Option<[u8; 32]>,
    exporter: Option<[u8; 32]>,
) -> bool {
    let mut bench = Bench::new(&[Method::Cryptosign]);
    bench.settings.cryptosign.channel_binding = rule;
    let realm = bench.open();
    let mut client = Client::new("all", &["cryptosign"]);
    let mut responder = Responder::new(client.key.clone());
    if let Some(exported) = asks {
        responder = responder.bound_to(&ChannelBinding::tls_exporter(exported)).unwrap();
    }
    client.extra = responder.authextra();
    client.peer.tls = exporter
        .map(|exporter| Arc::new(TlsPeer { exporter: Some(exporter), ..TlsPeer::default() }));
    let (mut exchange, step) = client.begin(&realm).await;
    let Step::Challenge(challenge) = step else { return false };
    let proof = responder.respond(&challenge).unwrap();
    matches!(exchange.answer(proof).await, Step::Welcome(_))
}

#[tokio::test]
async fn proofs_are_bound_to_the_connection_as_the_rule_says() {
    use ChannelBindingRule::{Off, Optional, Required};
    let (ours, other) = (Some([9; 32]), Some([10; 32]));
    for (rule, asks, exporter, expected) in [
        (Off, None, ours, true),
        (Off, ours, ours, false),
        (Optional, None, ours, true),
        (Optional, ours, ours, true),
        // Somebody in between passes the proof on over a connection of their own.
        (Optional, other, ours, false),
        (Optional, ours, None, false),
        (Required, None, ours, false),
        (Required, ours, ours, true),
        (Required, other, ours, false),
        (Required, None, None, false),
        (Required, ours, None, false),
    ] {
        assert_eq!(bound(rule, asks, exporter).await, expected, "{rule:?} {asks:?} {exporter:?}");
    }
}

#[tokio::test]
async fn bindings_that_there_are_not_are_refused_rather_than_left_out() {
    for method in ["cryptosign", "wamp-scram"] {
        let realm = Bench::new(&CHALLENGING).open();
        let mut client = Client::new("all", &[method]);
        client.peer = tls_peer("all");
        client.extra.insert("channel_binding", "tls-unique");
        let refusal = client.join(&realm).await.unwrap_err();
        assert!(refusal.uri.starts_with("wamp.error."), "{refusal:?}");
    }
}

#[tokio::test]
async fn a_certificate_lets_its_principal_in_and_nobody_else() {
    let realm = Bench::new(&[Method::Tls]).open();
    let with = |peer, authid| Client { peer, authid, ..Client::new("", &["tls"]) };
    let identity = with(tls_peer("tls"), None).join(&realm).await.unwrap();
    assert_eq!((&*identity.authid, &*identity.authmethod), ("tls", "tls"));
    assert_eq!(with(tls_peer("tls"), Some("tls")).join(&realm).await.unwrap().authid, "tls");
    for (peer, authid) in [(tls_peer("tls"), Some("all")), (tls_peer("stranger"), None)] {
        assert_eq!(with(peer, authid).hears(&realm).await.0, error::AUTHENTICATION_DENIED);
    }
    let (uri, message) = Client::new("tls", &["tls"]).hears(&realm).await;
    assert_eq!(uri, error::NO_MATCHING_AUTH_METHOD);
    assert_eq!(message, "the method tls needs a certificate of the client");
}

#[tokio::test]
async fn tickets_stay_off_connections_that_others_can_read_if_the_realm_says_so() {
    let mut bench = Bench::new(&[Method::Ticket]);
    bench.settings.ticket.confidential_only = true;
    let realm = bench.open();
    let local = Client::new("all", &["ticket"]);
    assert!(local.join(&realm).await.is_ok());
    let remote = Client { peer: super::bench::peer("192.0.2.1:1"), ..local };
    assert_eq!(remote.hears(&realm).await.0, error::NO_MATCHING_AUTH_METHOD);
    let encrypted = Client { peer: tls_peer("x"), ..remote };
    assert!(encrypted.join(&realm).await.is_ok());
}

const KEY: &str = "thirty-two octets or more of a key";

/// A token for `bearer`, signed with this key.
fn token(key: &str) -> &'static str {
    let claims = json!({"sub": "bearer", "role": "user", "exp": 4_102_444_800_u64});
    let key = EncodingKey::from_secret(key.as_bytes());
    Box::leak(encode(&Header::default(), &claims, &key).unwrap().into_boxed_str())
}

#[tokio::test]
async fn tokens_are_taken_as_such_and_as_tickets() {
    for (methods, offers) in [
        (&[Method::Jwt][..], "jwt"),
        (&[Method::Jwt], "ticket"),
        (&[Method::Jwt, Method::Ticket], "ticket"),
        (&[Method::Ticket, Method::Jwt], "ticket"),
    ] {
        let mut bench = Bench::new(methods);
        bench.settings.jwt = vec![JwtSettings {
            secret: Some(Secret::new(KEY)),
            roles: vec!["user".into()],
            ..JwtSettings::default()
        }];
        let realm = bench.open();
        let with = |authid, secret| Client { authid, secret, ..Client::new("", &[offers]) };
        for authid in [None, Some("bearer")] {
            let identity = with(authid, token(KEY)).join(&realm).await.unwrap();
            assert_eq!((&*identity.authid, &*identity.authmethod), ("bearer", "jwt"));
        }
        for (authid, secret, uri) in [
            (Some("all"), token(KEY), error::AUTHENTICATION_DENIED),
            (None, token("another key of thirty-two octets"), error::AUTHENTICATION_DENIED),
            (None, "eyJ.no.token", error::AUTHENTICATION_DENIED),
            (None, SECRET, error::AUTHENTICATION_DENIED),
            (Some("bearer"), SECRET, error::AUTHENTICATION_DENIED),
        ] {
            assert_eq!(with(authid, secret).hears(&realm).await.0, uri, "{offers} {secret}");
        }
        let takes_tickets = methods.contains(&Method::Ticket);
        let ticket = with(Some("all"), SECRET).join(&realm).await;
        assert_eq!(ticket.is_ok(), takes_tickets, "{methods:?}");
    }
}
