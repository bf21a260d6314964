//! Browsers that come back.

use super::{Client, Running, configured, denied, router};
use crate::common::Peer;
use serde_json::json;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::http::HeaderMap;
use wamplex_router::config::Origins;
use wamplex_shared::serializer::Serializer;

const METHODS: [&str; 3] = ["wampcra", "cookie", "ticket"];

const HOST: &str = "router.example";
const ORIGIN: &str = "https://router.example";

/// A connection of a browser that shows a page of `origin` and sends this cookie, and the cookie that is set.
async fn browse(
    router: &Running,
    origin: Option<&str>,
    cookie: Option<&str>,
) -> (Peer<TcpStream>, Option<String>) {
    let socket = TcpStream::connect(router.address).await.unwrap();
    let mut headers = vec![("host", HOST)];
    headers.extend(origin.map(|origin| ("origin", origin)));
    headers.extend(cookie.map(|cookie| ("cookie", cookie)));
    let (peer, response) = Peer::upgrade(socket, Serializer::Json, &headers).await;
    (peer, set(&response))
}

/// The name and the value of the cookie that a response sets.
fn set(response: &HeaderMap) -> Option<String> {
    let set = response.get("set-cookie")?.to_str().unwrap();
    Some(set.split_once(';').unwrap().0.to_owned())
}

/// A browser that has logged in, and its cookie.
async fn logged_in(router: &Running) -> String {
    let (mut peer, cookie) = browse(router, Some(ORIGIN), None).await;
    assert_eq!(Client::new("joe", &["ticket"]).join(&mut peer).await[0], 2);
    cookie.expect("a page of this host gets a cookie")
}

/// What a client hears that comes back with a cookie only.
async fn back(router: &Running, origin: Option<&str>, cookie: Option<&str>) -> serde_json::Value {
    let (mut peer, _) = browse(router, origin, cookie).await;
    Client::new("", &["cookie"]).join(&mut peer).await
}

#[tokio::test]
async fn a_browser_that_has_logged_in_comes_back_without_a_challenge() {
    let router = router(&METHODS, "").await;
    let cookie = logged_in(&router).await;
    let welcome = back(&router, Some(ORIGIN), Some(&cookie)).await;
    assert_eq!(welcome[0], 2, "{welcome}");
    let details = &welcome[2];
    let found = (&details["authid"], &details["authrole"], &details["authmethod"]);
    assert_eq!(found, (&json!("joe"), &json!("user"), &json!("cookie")));
    assert_eq!(details["authextra"]["x_team"], "blue");
}

#[tokio::test]
async fn the_cookie_can_be_read_and_sent_by_the_browser_only_and_to_this_host_only() {
    let router = router(&METHODS, "[authentication.cookie]\nmax_age = \"1h\"").await;
    let socket = TcpStream::connect(router.address).await.unwrap();
    let headers = [("host", HOST), ("origin", ORIGIN)];
    let (_peer, response) = Peer::upgrade(socket, Serializer::Json, &headers).await;
    let cookie = response.get("set-cookie").unwrap().to_str().unwrap();
    let (name_and_value, attributes) = cookie.split_once("; ").unwrap();
    let value = name_and_value.strip_prefix("__Host-wamplex=").unwrap();
    // 128 random bits.
    assert_eq!(value.len(), 32);
    assert_eq!(attributes, "Path=/; Max-Age=3600; HttpOnly; SameSite=Strict; Secure");
}

#[tokio::test]
async fn every_connection_gets_a_cookie_of_its_own_and_the_last_one_counts() {
    let router = router(&METHODS, "").await;
    let mut cookie = logged_in(&router).await;
    for _ in 0..3 {
        let (mut peer, fresh) = browse(&router, Some(ORIGIN), Some(&cookie)).await;
        let fresh = fresh.unwrap();
        assert_ne!(fresh, cookie);
        assert_eq!(Client::new("", &["cookie"]).join(&mut peer).await[0], 2);
        cookie = fresh;
    }
}

#[tokio::test]
async fn a_cookie_that_was_planted_before_the_login_is_worth_nothing_after_it() {
    let router = router(&METHODS, "").await;
    let (_, planted) = browse(&router, Some(ORIGIN), None).await;
    let planted = planted.unwrap();
    let (mut victim, fresh) = browse(&router, Some(ORIGIN), Some(&planted)).await;
    assert_eq!(Client::new("joe", &["ticket"]).join(&mut victim).await[0], 2);
    assert_eq!(back(&router, Some(ORIGIN), Some(&planted)).await[2], denied().0);
    assert_eq!(back(&router, Some(ORIGIN), fresh.as_deref()).await[0], 2);
}

#[tokio::test]
async fn pages_of_other_origins_and_programs_are_not_recognised() {
    let router = configured(&METHODS, "", |config| {
        config.listeners[0].origins = Origins::Any;
    })
    .await;
    let cookie = logged_in(&router).await;
    for origin in [
        None,
        Some("https://evil.example"),
        Some("https://router.example.evil"),
        Some("https://router.example:8443"),
        Some("http://localhost"),
        Some("null"),
    ] {
        let (mut peer, set) = browse(&router, origin, Some(&cookie)).await;
        assert_eq!(set, None, "{origin:?}");
        let heard = Client::new("", &["cookie"]).join(&mut peer).await;
        assert_eq!(heard[2], denied().0, "{origin:?}");
    }
    assert_eq!(back(&router, Some(ORIGIN), Some(&cookie)).await[0], 2);
}

#[tokio::test]
async fn pages_of_origins_that_are_named_are_recognised() {
    let named = "https://app.example";
    let router = configured(&METHODS, "", |config| {
        config.listeners[0].origins = Origins::Also(vec![named.into()]);
    })
    .await;
    let cookie = logged_in(&router).await;
    assert_eq!(back(&router, Some(named), Some(&cookie)).await[0], 2);
}

#[tokio::test]
async fn cookies_that_were_made_up_or_come_twice_are_not_known() {
    let router = router(&METHODS, "").await;
    let cookie = logged_in(&router).await;
    let made_up = format!("__Host-wamplex={}", "0".repeat(32));
    let value = cookie.split_once('=').unwrap().1;
    for sent in [
        None,
        Some(made_up.clone()),
        Some(format!("wamplex={value}")),
        Some(format!("__Host-wamplex={}", &value[1..])),
        Some(format!("{cookie}; {made_up}")),
        Some(format!("{cookie}0")),
    ] {
        let heard = back(&router, Some(ORIGIN), sent.as_deref()).await;
        assert_eq!(heard[2], denied().0, "{sent:?}");
    }
    let among_others = format!("theme=dark; {cookie}; lang=en");
    assert_eq!(back(&router, Some(ORIGIN), Some(&among_others)).await[0], 2);
}

#[tokio::test]
async fn a_cookie_is_no_way_round_a_stronger_method() {
    let router = router(&METHODS, "").await;
    let cookie = logged_in(&router).await;
    for (offers, expected) in [(["cookie", "wampcra"], json!(4)), (["ticket", "cookie"], json!(2))]
    {
        let (mut peer, _) = browse(&router, Some(ORIGIN), Some(&cookie)).await;
        assert_eq!(Client::new("joe", &offers).begin(&mut peer).await[0], expected, "{offers:?}");
    }
    let (mut peer, _) = browse(&router, Some(ORIGIN), Some(&cookie)).await;
    assert_eq!(Client::new("key", &["cookie"]).join(&mut peer).await[2], denied().0);
}

#[tokio::test]
async fn a_failed_login_is_not_remembered() {
    let router = router(&METHODS, "").await;
    let (mut peer, cookie) = browse(&router, Some(ORIGIN), None).await;
    assert_eq!(Client::new("joe", &["ticket"]).wrong().join(&mut peer).await[2], denied().0);
    assert_eq!(back(&router, Some(ORIGIN), cookie.as_deref()).await[2], denied().0);
}

#[tokio::test]
async fn a_realm_without_the_method_sets_none_and_takes_none() {
    let router = router(&["ticket"], "").await;
    let (mut peer, cookie) = browse(&router, Some(ORIGIN), None).await;
    assert_eq!(cookie, None);
    assert_eq!(Client::new("joe", &["ticket"]).join(&mut peer).await[0], 2);
    let heard =
        back(&router, Some(ORIGIN), Some(&format!("__Host-wamplex={}", "0".repeat(32)))).await;
    assert_eq!(heard[2], "wamp.error.no_matching_auth_method");
}

#[tokio::test]
async fn without_encryption_at_the_browser_the_cookie_can_go_without() {
    let router = configured(&METHODS, "", |config| {
        config.listeners[0].cookie.secure = false;
        config.listeners[0].cookie.name = "session".into();
    })
    .await;
    let cookie = logged_in(&router).await;
    assert!(cookie.starts_with("session="), "{cookie}");
    assert_eq!(back(&router, Some("http://router.example"), Some(&cookie)).await[0], 2);
}
