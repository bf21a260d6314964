//! Those who make requests: by which token they are known, and how much they may ask.

use crate::{
    backend,
    common::PATIENCE,
    http::{begin, post},
    start,
};
use data_encoding::BASE64URL_NOPAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::time::SystemTime;
use tokio::time::timeout;
use wamplex_router::RouterConfig;
use wamplex_shared::uris::{error, wamplex::LIMIT_EXCEEDED};

const SECRET: &str = "a secret of at least thirty-two octets";

/// A realm with roles, quotas, and tokens that somebody else signs.
const REALM: &str = r#"
    [[realms]]
    name = "realm1"
    [[realms.roles]]
    name = "trusted"
    allow_all = true
    [[realms.roles]]
    name = "guest"
    [[realms.roles.permissions]]
    uri = "com.example.public."
    match = "prefix"
    allow = ["call", "publish", "subscribe"]
    [[realms.roles]]
    name = "member"
    [[realms.roles.permissions]]
    uri = "com.example."
    match = "prefix"
    allow = ["call", "publish", "subscribe"]
    [realms.authentication]
    methods = ["jwt", "anonymous"]
    [[realms.authentication.jwt]]
    secret = "a secret of at least thirty-two octets"
    roles = ["member"]
    leeway = "0s"
    end_at_expiry = true
"#;

fn configure(config: &mut RouterConfig, change: &str) {
    let realms = toml::from_str::<RouterConfig>(&format!("{REALM}{change}")).unwrap().realms;
    config.realms = realms;
}

/// A token that is good for this long, and signed with this.
fn token(good_for: i64, secret: &str) -> String {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    let ends = now.saturating_add_signed(good_for);
    let encode = |text: &str| BASE64URL_NOPAD.encode(text.as_bytes());
    let claims = format!(r#"{{"sub":"ali","role":"member","exp":{ends}}}"#);
    let signed = format!("{}.{}", encode(r#"{"alg":"HS256","typ":"JWT"}"#), encode(&claims));
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(signed.as_bytes());
    format!("{signed}.{}", BASE64URL_NOPAD.encode(&mac.finalize().into_bytes()))
}

fn bearer(token: &str) -> String {
    format!("authorization: Bearer {token}\r\n")
}

#[tokio::test]
async fn a_role_may_over_http_what_it_may_in_a_session() {
    let router = start(|config| configure(config, "")).await;
    let local = backend(&router).await;
    let echo = |call: wamplex_router::local::Invocation| async move { Ok(call.payload().clone()) };
    local.register("com.example.public.echo", echo).await.unwrap().detach();
    let (anonymous, member) = (String::new(), bearer(&token(60, SECRET)));
    for (path, body, guest, of_member) in [
        ("/call", r#"{"procedure": "com.example.public.echo"}"#, 200, 200),
        ("/call", r#"{"procedure": "com.example.echo"}"#, 403, 200),
        ("/call", r#"{"procedure": "org.example.echo"}"#, 403, 403),
        ("/publish", r#"{"topic": "com.example.public.topic"}"#, 200, 200),
        ("/publish", r#"{"topic": "com.example.topic"}"#, 403, 200),
    ] {
        for (headers, status) in [(&anonymous, guest), (&member, of_member)] {
            let answer = post(router.address, path, headers, body).await;
            assert_eq!(answer.status, status, "{path} {body} {headers}: {answer:?}");
            if status == 403 {
                assert_eq!(answer.error(), error::NOT_AUTHORIZED);
            }
        }
    }
    for (topic, headers, expected) in [
        ("com.example.public.topic", &anonymous, 200),
        ("com.example.topic", &anonymous, 403),
        ("com.example.topic", &member, 200),
    ] {
        let head = format!("GET /events?topic={topic} HTTP/1.1\r\n{headers}");
        let (status, ..) = begin(router.address, &head, b"").await;
        assert_eq!(status, expected, "{topic} {headers}");
    }
}

#[tokio::test]
async fn only_good_tokens_are_good() {
    let router = start(|config| configure(config, "")).await;
    let _local = backend(&router).await;
    let (good, bad) = (token(60, SECRET), token(60, "another secret of thirty-two octets!"));
    let body = r#"{"procedure": "com.example.who"}"#;
    for (token, status) in
        [(good.as_str(), 200), (&bad, 401), (&token(-600, SECRET), 401), ("open-sesame", 401)]
    {
        let answer = post(router.address, "/call", &bearer(token), body).await;
        assert_eq!(answer.status, status, "{answer:?}");
        if status == 200 {
            let who = &answer.json()["args"][0];
            assert_eq!(who["authid"], "ali");
            assert_eq!(who["authrole"], "member");
            assert_eq!(who["authmethod"], "jwt");
        } else {
            assert_eq!(answer.error(), error::AUTHENTICATION_DENIED);
        }
    }
    // Where the endpoint knows a token itself, those of the realm are as good.
    let answer = post(router.address, "/members/call", &bearer(&good), body).await;
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn a_stream_ends_with_the_token_that_opened_it() {
    let router = start(|config| configure(config, "")).await;
    let headers = bearer(&token(3, SECRET));
    let head = format!("GET /events?topic=com.example.a HTTP/1.1\r\n{headers}");
    let (status, _, mut events) = begin(router.address, &head, b"").await;
    assert_eq!(status, 200);
    timeout(PATIENCE, async { while events.event().await.is_some() {} })
        .await
        .expect("the stream was to end");
}

#[tokio::test]
async fn whoever_asks_far_too_much_is_told_so() {
    let slow = "
        [realms.limits.roles.guest]
        rate = { messages = 1, burst = 3, refuse_above = 1 }
    ";
    let router = start(|config| configure(config, slow)).await;
    let local = backend(&router).await;
    let echo = |call: wamplex_router::local::Invocation| async move { Ok(call.payload().clone()) };
    local.register("com.example.public.echo", echo).await.unwrap().detach();
    let body = r#"{"procedure": "com.example.public.echo"}"#;
    let mut asking = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let address = router.address;
        asking.spawn(async move { post(address, "/call", "", body).await });
    }
    let mut statuses = Vec::new();
    while let Some(answer) = asking.join_next().await {
        let answer = answer.unwrap();
        if answer.status == 429 {
            assert_eq!(answer.error(), LIMIT_EXCEEDED);
        }
        statuses.push(answer.status);
        if statuses.contains(&200) && statuses.contains(&429) {
            break;
        }
    }
    assert!(statuses.iter().all(|status| [200, 429].contains(status)), "{statuses:?}");
    assert!(statuses.contains(&200) && statuses.contains(&429), "{statuses:?}");
}

#[tokio::test]
async fn a_full_realm_takes_no_requests() {
    let full = "
        [realms.limits]
        sessions = 0
    ";
    let router = start(|config| configure(config, full)).await;
    let answer = post(router.address, "/call", "", r#"{"procedure": "com.example.echo"}"#).await;
    assert_eq!((answer.status, answer.error().as_str()), (429, LIMIT_EXCEEDED), "{answer:?}");
}
