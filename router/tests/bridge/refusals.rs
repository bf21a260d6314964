//! Requests that are refused.

use crate::{
    backend,
    http::{post, send},
    start,
};
use wamplex_shared::uris::error;

const ECHO: &str = r#"{"procedure": "com.example.echo"}"#;

#[tokio::test]
async fn what_is_wrong_with_a_request_is_said() {
    let router = start(|config| config.listeners[0].bridge[1].body = 200).await;
    let _local = backend(&router).await;
    let long = format!(r#"{{"procedure": "com.example.echo", "args": ["{}"]}}"#, "x".repeat(200));
    let deep = format!(r#"{{"procedure": "com.example.echo", "args": {}}}"#, "[".repeat(150));
    let json = "content-type: application/json\r\n";
    for (method, path, headers, body, status, uri) in [
        ("GET", "/call", "", "", 405, error::INVALID_ARGUMENT),
        ("PUT", "/publish", json, ECHO, 405, error::INVALID_ARGUMENT),
        ("POST", "/events?topic=com.example", json, "", 405, error::INVALID_ARGUMENT),
        ("POST", "/call", "", ECHO, 415, error::INVALID_ARGUMENT),
        ("POST", "/call", "content-type: text/plain\r\n", ECHO, 415, error::INVALID_ARGUMENT),
        ("POST", "/call", json, "", 400, error::INVALID_ARGUMENT),
        ("POST", "/call", json, "[", 400, error::INVALID_ARGUMENT),
        ("POST", "/call", json, "[]", 400, error::INVALID_ARGUMENT),
        ("POST", "/call", json, "\"\u{0}\"", 400, error::INVALID_ARGUMENT),
        ("POST", "/call", json, "{}", 400, error::INVALID_ARGUMENT),
        ("POST", "/call", json, r#"{"procedure": 7}"#, 400, error::INVALID_ARGUMENT),
        (
            "POST",
            "/call",
            json,
            r#"{"procedure": "a", "procedure": "b"}"#,
            400,
            error::INVALID_ARGUMENT,
        ),
        ("POST", "/call", json, r#"{"procedure": "a", "arg": 1}"#, 400, error::INVALID_ARGUMENT),
        ("POST", "/call", json, r#"{"procedure": "a", "args": {}}"#, 400, error::INVALID_ARGUMENT),
        (
            "POST",
            "/call",
            json,
            r#"{"procedure": "a", "kwargs": []}"#,
            400,
            error::INVALID_ARGUMENT,
        ),
        (
            "POST",
            "/call",
            json,
            r#"{"procedure": "a", "options": []}"#,
            400,
            error::INVALID_ARGUMENT,
        ),
        (
            "POST",
            "/call",
            json,
            r#"{"procedure": "a", "options": {"timeout": "x"}}"#,
            400,
            error::INVALID_ARGUMENT,
        ),
        ("POST", "/call", json, r#"{"procedure": "a..b"}"#, 400, error::INVALID_URI),
        ("POST", "/call", json, &deep, 400, error::INVALID_ARGUMENT),
        ("POST", "/call", json, &long, 413, error::PAYLOAD_SIZE_EXCEEDED),
        ("POST", "/publish", json, r#"{"topic": "a..b"}"#, 400, error::INVALID_URI),
        (
            "POST",
            "/publish",
            json,
            r#"{"topic": "wamp.session.on_join"}"#,
            403,
            error::NOT_AUTHORIZED,
        ),
        ("GET", "/events", "", "", 400, error::INVALID_ARGUMENT),
        ("GET", "/events?topic=a..b", "", "", 400, error::INVALID_URI),
        ("GET", "/events?topic=%zz", "", "", 400, error::INVALID_ARGUMENT),
        ("GET", "/events?topic=a&match=regex", "", "", 400, error::INVALID_ARGUMENT),
        ("GET", "/events?topic=a", "last-event-id: x\r\n", "", 400, error::INVALID_ARGUMENT),
        ("POST", "/members/call", json, ECHO, 401, error::AUTHENTICATION_REQUIRED),
    ] {
        let head = format!("{method} {path} HTTP/1.1\r\n{headers}");
        let answer = send(router.address, &head, body.as_bytes()).await;
        assert_eq!(
            (answer.status, answer.error().as_str()),
            (status, uri),
            "{method} {path} {body}: {answer:?}"
        );
        assert!(answer.json()["args"][0].is_string(), "a sentence is missing: {answer:?}");
        assert_eq!(answer.header("allow").is_some(), status == 405);
        assert_eq!(answer.header("www-authenticate").is_some(), status == 401);
    }
}

#[tokio::test]
async fn only_the_right_token_opens() {
    let router = start(|_| {}).await;
    let _local = backend(&router).await;
    for (headers, status) in [
        ("authorization: Bearer open-sesame\r\n", 200),
        ("authorization: Bearer open-sesam\r\n", 401),
        ("authorization: Bearer open-sesame2\r\n", 401),
        ("authorization: Bearer \r\n", 401),
        ("authorization: Bearer\r\n", 401),
        ("authorization: Basic open-sesame\r\n", 401),
        ("authorization: open-sesame\r\n", 401),
        ("authorization: Bearer open-sesame\r\nauthorization: Bearer x\r\n", 401),
    ] {
        let answer = post(router.address, "/members/call", headers, ECHO).await;
        assert_eq!(answer.status, status, "{headers} {answer:?}");
        assert!(!answer.body.contains("sesam"), "{answer:?}");
    }
    // Where anybody may come, a wrong token is still wrong.
    let answer = post(router.address, "/call", "authorization: Bearer x\r\n", ECHO).await;
    assert_eq!(answer.status, 401);
}

#[tokio::test]
async fn pages_of_strangers_may_neither_call_nor_read() {
    let router = start(|config| {
        config.listeners[0].origins =
            wamplex_router::config::Origins::Also(vec!["https://friend.example".to_owned()]);
    })
    .await;
    let _local = backend(&router).await;
    for (origin, is_friend) in [
        ("https://friend.example", true),
        ("http://localhost:3000", true),
        ("https://stranger.example", false),
        ("null", false),
        // Of the same host, by a name that was made to lead here.
        ("http://rebound.example\r\nhost: rebound.example", false),
    ] {
        let headers = format!("origin: {origin}\r\n");
        let answer = post(router.address, "/call", &headers, ECHO).await;
        assert_eq!(answer.status, if is_friend { 200 } else { 403 }, "{origin}");
        let allowed = answer.header("access-control-allow-origin");
        assert_eq!(allowed, is_friend.then_some(origin));

        let asked = "access-control-request-method: POST\r\naccess-control-request-headers: content-type\r\n";
        let head = format!("OPTIONS /call HTTP/1.1\r\n{headers}{asked}");
        let answer = send(router.address, &head, b"").await;
        assert_eq!(answer.status, if is_friend { 204 } else { 403 }, "{origin}");
        let methods = answer.header("access-control-allow-methods");
        assert_eq!(methods, is_friend.then_some("POST"));
        let headers = answer.header("access-control-allow-headers");
        assert_eq!(headers.is_some_and(|h| h.contains("authorization")), is_friend);
    }
    let head = "OPTIONS /call HTTP/1.1\r\n";
    assert_eq!(send(router.address, head, b"").await.status, 405, "nobody asked for a page");
}

#[tokio::test]
async fn an_endpoint_of_a_realm_that_is_not_there_says_so() {
    let router = start(|config| config.listeners[0].bridge[1].realm = "nowhere".to_owned()).await;
    let answer = post(router.address, "/call", "", ECHO).await;
    assert_eq!((answer.status, answer.error().as_str()), (404, error::NO_SUCH_REALM));
}
