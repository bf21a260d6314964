//! Browsers that come back.

use super::bench::{Bench, Client, browser};
use crate::{
    authentication::{Authentication, Token},
    config::Method,
};
use std::{sync::Arc, time::Duration};
use tokio::time::{Instant, advance};
use wamplex_shared::uris::error;

const METHODS: [Method; 4] = [Method::Cookie, Method::Scram, Method::Ticket, Method::Anonymous];

struct Browser {
    bench: Bench,
    realm: Arc<Authentication>,
    token: Token,
}

/// A browser that has logged in with a ticket.
async fn logged_in(methods: &[Method]) -> Browser {
    let bench = Bench::new(methods);
    let (realm, token) = (bench.open(), Token::draw().unwrap());
    let client = Client { peer: browser(token), ..Client::new("all", &["ticket"]) };
    client.join(&realm).await.unwrap();
    Browser { bench, realm, token }
}

impl Browser {
    /// The method it gets in by when it comes back with these offers.
    async fn back(
        &self,
        token: Token,
        authid: Option<&'static str>,
        offers: &[&'static str],
    ) -> Option<String> {
        let client = Client { authid, peer: browser(token), ..Client::new("", offers) };
        client.asked(&self.realm).await
    }
}

#[tokio::test]
async fn a_browser_that_has_authenticated_comes_back_without_a_challenge() {
    let browser = logged_in(&METHODS).await;
    let fresh = Token::draw().unwrap();
    browser.bench.gate.cookies.replace(browser.token, fresh, Instant::now());
    for token in [fresh, browser.token] {
        let peer = super::bench::browser(token);
        let client = Client { authid: None, peer, ..Client::new("", &["cookie"]) };
        let identity = client.join(&browser.realm).await.unwrap();
        let found = (&*identity.authid, &*identity.authrole, &*identity.authmethod);
        assert_eq!(found, ("all", "user", "cookie"));
    }
}

#[tokio::test]
async fn a_cookie_is_as_strong_as_the_method_it_was_had_by() {
    let browser = logged_in(&METHODS).await;
    for (offers, expected) in [
        (&["cookie"][..], Some("cookie")),
        (&["ticket", "cookie"], Some("cookie")),
        (&["cookie", "ticket", "anonymous"], Some("cookie")),
        (&["cookie", "wamp-scram"], Some("wamp-scram")),
        (&["ticket"], Some("ticket")),
        (&["anonymous"], Some("anonymous")),
    ] {
        let asked = browser.back(browser.token, Some("all"), offers).await;
        assert_eq!(asked.as_deref(), expected, "{offers:?}");
    }
}

#[tokio::test]
async fn a_cookie_is_for_the_principal_that_had_it() {
    let browser = logged_in(&METHODS).await;
    assert_eq!(browser.back(browser.token, Some("ticket"), &["cookie"]).await, None);
    let asked = browser.back(browser.token, Some("ticket"), &["cookie", "ticket"]).await;
    assert_eq!(asked.as_deref(), Some("ticket"));
}

#[tokio::test]
async fn other_cookies_and_connections_without_one_get_nothing() {
    let browser = logged_in(&METHODS).await;
    let other = Token::draw().unwrap();
    assert_eq!(browser.back(other, None, &["cookie"]).await, None);
    let without = Client { authid: None, ..Client::new("", &["cookie"]) };
    assert_eq!(without.hears(&browser.realm).await.0, error::AUTHENTICATION_DENIED);
}

#[tokio::test(start_paused = true)]
async fn a_cookie_ends_with_its_time_and_with_its_method() {
    let mut browser = logged_in(&METHODS).await;
    assert!(browser.back(browser.token, None, &["cookie"]).await.is_some());
    // The realm no longer takes tickets: who came in by one has to authenticate anew.
    browser.bench.settings.methods = vec![Method::Cookie, Method::Scram];
    let realm = std::mem::replace(&mut browser.realm, browser.bench.open());
    assert_eq!(browser.back(browser.token, None, &["cookie"]).await, None);
    browser.realm = realm;
    advance(browser.bench.settings.cookie.max_age - Duration::from_secs(1)).await;
    assert!(browser.back(browser.token, None, &["cookie"]).await.is_some());
    advance(Duration::from_secs(1)).await;
    assert_eq!(browser.back(browser.token, None, &["cookie"]).await, None);
}

#[tokio::test]
async fn neither_failures_nor_anonymous_sessions_are_remembered() {
    let bench = Bench::new(&METHODS);
    let realm = bench.open();
    for (offer, secret) in [("ticket", "wrong"), ("anonymous", "")] {
        let token = Token::draw().unwrap();
        let login = Client { secret, peer: browser(token), ..Client::new("all", &[offer]) };
        let _ = login.join(&realm).await;
        let back = Client { authid: None, peer: browser(token), ..Client::new("", &["cookie"]) };
        assert!(back.join(&realm).await.is_err());
    }
}

#[tokio::test]
async fn a_realm_that_takes_no_cookies_neither_remembers_nor_recognises() {
    let browser = logged_in(&[Method::Ticket]).await;
    assert_eq!(browser.back(browser.token, None, &["cookie"]).await, None);
    assert_eq!(browser.bench.gate.cookies.max_age(), None);
    let mut bench = browser.bench;
    bench.settings.methods = METHODS.to_vec();
    let realm = bench.open();
    let back = Client {
        authid: None,
        peer: super::bench::browser(browser.token),
        ..Client::new("", &["cookie"])
    };
    assert!(back.join(&realm).await.is_err());
}
