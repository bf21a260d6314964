//! Browsers that come back.

use super::bench::{Bench, Client, SECRET, browser, principal};
use crate::{
    authentication::{Authentication, Token},
    config::{JwtSettings, Method, Secret},
    principals::{Static, Ticket},
};
use jsonwebtoken::{EncodingKey, Header, encode};
use serde_json::json;
use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};
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

#[tokio::test]
async fn a_cookie_ends_with_the_credential_it_was_had_by() {
    let mut browser = logged_in(&METHODS).await;
    let mut all = principal("all", &Method::ALL);
    for (ticket, is_recognised) in [(SECRET, true), ("an0ther", false)] {
        all.ticket = Some(Ticket::new(ticket));
        browser.bench.principals = Arc::new(Static::new([all.clone()]).unwrap());
        browser.realm = browser.bench.open();
        let back = browser.back(browser.token, None, &["cookie"]).await;
        assert_eq!(back.is_some(), is_recognised, "{ticket}");
    }
}

const KEY: &str = "thirty-two octets or more of a key";

const HOUR: Duration = Duration::from_secs(3600);

/// A browser that has logged in with the token of a guest of the same name as one of the realm's own principals. The
/// token is good for an hour.
async fn logged_in_as_guest(methods: &[Method], offer: &'static str) -> Browser {
    let mut bench = Bench::new(methods);
    bench.settings.jwt = vec![JwtSettings {
        secret: Some(Secret::new(KEY)),
        roles: vec!["guest".into()],
        ..JwtSettings::default()
    }];
    let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
    let claims = json!({"sub": "all", "role": "guest", "exp": (since_1970 + HOUR).as_secs()});
    let key = EncodingKey::from_secret(KEY.as_bytes());
    let secret = Box::leak(encode(&Header::default(), &claims, &key).unwrap().into_boxed_str());
    let (realm, token) = (bench.open(), Token::draw().unwrap());
    let login = Client { secret, peer: browser(token), ..Client::new("all", &[offer]) };
    assert_eq!(&*login.join(&realm).await.unwrap().authrole, "guest");
    Browser { bench, realm, token }
}

#[tokio::test]
async fn the_bearer_of_a_token_comes_back_as_that_and_not_as_a_principal_of_the_same_name() {
    for (methods, offer) in [
        (&[Method::Cookie, Method::Jwt][..], "jwt"),
        (&[Method::Cookie, Method::Jwt], "ticket"),
        (&[Method::Cookie, Method::Jwt, Method::Ticket], "ticket"),
        (&[Method::Cookie, Method::Ticket, Method::Jwt], "ticket"),
    ] {
        let Browser { realm, token, .. } = logged_in_as_guest(methods, offer).await;
        let back = Client { authid: None, peer: browser(token), ..Client::new("", &["cookie"]) };
        let identity = back.join(&realm).await.unwrap();
        assert_eq!((&*identity.authid, &*identity.authrole), ("all", "guest"), "{methods:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_cookie_had_by_a_token_ends_with_the_token() {
    let browser = logged_in_as_guest(&[Method::Cookie, Method::Jwt], "jwt").await;
    assert!(browser.back(browser.token, None, &["cookie"]).await.is_some());
    advance(HOUR + JwtSettings::default().leeway).await;
    assert_eq!(browser.back(browser.token, None, &["cookie"]).await, None);
}
