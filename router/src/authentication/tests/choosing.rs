//! Which method is chosen, and why nobody gets round it.

use super::bench::{Bench, Client, principal};
use crate::{
    config::Method,
    principals::{Finding, Lookup, Principals, SourceError, Static},
};
use std::{collections::HashSet, sync::Arc};
use wamplex_shared::uris::error;

const ALL: [Method; 5] =
    [Method::Cryptosign, Method::Scram, Method::Wampcra, Method::Ticket, Method::Anonymous];

#[tokio::test]
async fn the_strongest_of_the_realms_order_is_taken_whatever_the_clients_order() {
    let realm = Bench::new(&ALL).open();
    for (authid, offers, expected) in [
        ("all", &["cryptosign", "wamp-scram", "wampcra", "ticket"][..], Some("cryptosign")),
        ("all", &["ticket", "wampcra", "wamp-scram", "cryptosign"], Some("cryptosign")),
        ("all", &["anonymous", "ticket", "wampcra", "wamp-scram"], Some("wamp-scram")),
        ("all", &["ticket", "wampcra"], Some("wampcra")),
        ("all", &["ticket"], Some("ticket")),
        ("ticket", &["cryptosign", "wamp-scram", "wampcra", "ticket"], Some("ticket")),
        ("wampcra", &["cryptosign", "wamp-scram", "wampcra", "ticket"], Some("wampcra")),
        ("all", &["anonymous"], Some("anonymous")),
        ("all", &[], Some("anonymous")),
        ("all", &["x_own", "ticket"], Some("ticket")),
        ("all", &["x_own"], None),
    ] {
        let asked = Client::new(authid, offers).asked(&realm).await;
        assert_eq!(asked.as_deref(), expected, "{authid} {offers:?}");
    }
    let reversed: Vec<_> = ALL.into_iter().rev().skip(1).collect();
    let realm = Bench::new(&reversed).open();
    let asked = Client::new("all", &["cryptosign", "wampcra", "ticket"]).asked(&realm).await;
    assert_eq!(asked.as_deref(), Some("ticket"));
}

#[tokio::test]
async fn leaving_out_the_strong_methods_opens_nothing_that_the_principal_has_no_credential_for() {
    let mut bench = Bench::new(&ALL);
    let only_key = principal("key", &[Method::Cryptosign]);
    bench.principals = Arc::new(Static::new([only_key]).unwrap());
    let realm = bench.open();
    assert!(Client::new("key", &["cryptosign"]).join(&realm).await.is_ok());
    for weaker in ["wamp-scram", "wampcra", "ticket"] {
        let (uri, message) = Client::new("key", &[weaker]).hears(&realm).await;
        assert_eq!(uri, error::AUTHENTICATION_DENIED, "{weaker}");
        // As for somebody who does not exist.
        assert_eq!(Client::new("nobody", &[weaker]).hears(&realm).await, (uri, message));
    }
}

#[tokio::test]
async fn an_unknown_name_is_asked_for_one_method_as_a_known_one_is() {
    let realm = Bench::new(&ALL[..4]).open();
    let offers = ["cryptosign", "wamp-scram", "wampcra", "ticket"];
    let mut seen = HashSet::new();
    for authid in
        ["ann", "ben", "cem", "dora", "eva", "finn", "gus", "hal", "ida", "jon", "kim", "leo"]
    {
        let asked = Client::new(authid, &offers).asked(&realm).await.unwrap();
        assert_eq!(Client::new(authid, &offers).asked(&realm).await.as_ref(), Some(&asked));
        for offer in offers {
            let only = Client::new(authid, &[offer]).asked(&realm).await;
            assert_eq!(only.as_deref(), Some(offer), "{authid}");
        }
        seen.insert(asked);
    }
    // With twelve names and four methods, one draw in a million finds one method only.
    assert!(seen.len() > 1, "{seen:?}");
}

#[tokio::test]
async fn what_is_missing_is_said_by_its_own_uri() {
    let closed = Bench::new(&[Method::Ticket]).open();
    for offers in [&[][..], &["anonymous"]] {
        let client = Client { authid: None, ..Client::new("", offers) };
        let heard = client.hears(&closed).await;
        let message = "this realm lets nobody in without a proof: it takes ticket";
        assert_eq!(heard, (error::AUTHENTICATION_REQUIRED, message.into()));
    }
    let heard = Client::new("all", &["wampcra"]).hears(&closed).await;
    let message = "none of the methods offered is one of this realm's: ticket";
    assert_eq!(heard, (error::NO_MATCHING_AUTH_METHOD, message.into()));
}

#[tokio::test]
async fn a_role_is_never_had_by_asking_for_it() {
    let realm = Bench::new(&ALL).open();
    for offers in [&["ticket"][..], &["anonymous"], &[]] {
        let mut client = Client::new("all", offers);
        client.authrole = Some("admin");
        assert_eq!(client.hears(&realm).await.0, error::NO_SUCH_ROLE, "{offers:?}");
    }
    let mut client = Client::new("all", &["ticket"]);
    client.authrole = Some("user");
    assert_eq!(client.join(&realm).await.unwrap().authrole, "user");
    // Who does not prove anything does not learn who has which role.
    client.authrole = Some("admin");
    client.secret = "wrong";
    assert_eq!(client.hears(&realm).await.0, error::AUTHENTICATION_DENIED);
}

/// Knows nobody, because it is broken.
#[derive(Debug)]
struct Broken;

impl Principals for Broken {
    fn provider(&self) -> &str {
        "broken"
    }

    fn find<'a>(&'a self, _realm: &'a str, _who: Lookup<'a>) -> Finding<'a> {
        Box::pin(std::future::ready(Err(SourceError::new("broken", "it is"))))
    }
}

#[tokio::test]
async fn nobody_is_let_in_when_the_source_of_principals_is_broken() {
    let mut bench = Bench::new(&ALL);
    bench.principals = Arc::new(Broken);
    let realm = bench.open();
    for method in ["cryptosign", "wamp-scram", "wampcra", "ticket"] {
        // Nor is it taken for somebody else, though it offers that, too.
        let (uri, message) = Client::new("all", &[method, "anonymous"]).hears(&realm).await;
        assert_eq!(uri, error::AUTHENTICATION_FAILED);
        assert!(!message.contains("broken"), "{message}");
    }
}

#[tokio::test]
async fn names_of_any_length_are_held_in_bounds() {
    let realm = Bench::new(&ALL[..4]).open();
    let long: &'static str = Box::leak("x".repeat(257).into_boxed_str());
    for method in ["cryptosign", "wamp-scram", "wampcra", "ticket"] {
        assert_eq!(
            Client::new(long, &[method]).hears(&realm).await.0,
            error::AUTHENTICATION_DENIED
        );
        assert!(Client::new(&long[1..], &[method]).asked(&realm).await.is_some());
    }
}
