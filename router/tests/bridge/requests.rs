//! Publishing and calling.

use crate::{backend, http::post, start};
use futures_util::{FutureExt, StreamExt};
use serde_json::json;
use std::sync::Arc;
use tokio::{io::AsyncWriteExt, net::TcpStream, sync::Notify, time::timeout};
use wamplex_router::local::{Delivery, Invocation};
use wamplex_shared::{uris, value::Value};

use crate::common::PATIENCE;

#[tokio::test]
async fn a_body_is_published_and_answered_with_the_id_of_the_publication() {
    let router = start(|_| {}).await;
    let local = backend(&router).await;
    let mut events = local.subscribe("com.example.topic").await.unwrap();
    let body = r#"{"topic": "com.example.topic", "args": [1, "é"], "kwargs": {"k": null}}"#;
    let answer = post(router.address, "/publish", "", body).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let Some(Ok(Delivery::Event(event))) = timeout(PATIENCE, events.next()).await.unwrap() else {
        panic!("an event was due")
    };
    assert_eq!(answer.json(), json!({ "id": event.publication().get() }));
    assert_eq!(event.payload().bytes(), r#"[1, "é"],{"k": null}"#.as_bytes());
}

#[tokio::test]
async fn options_of_a_publication_are_those_of_wamp() {
    let router = start(|_| {}).await;
    let local = backend(&router).await;
    let mut events = local.subscribe("com.example.topic").await.unwrap();
    for (options, text) in [
        (json!({ "exclude": [local.id().get()] }), "for others"),
        (json!({ "eligible_authrole": ["nobody"] }), "for nobody"),
        (json!({ "acknowledge": false }), "for all"),
    ] {
        let body = json!({ "topic": "com.example.topic", "args": [text], "options": options });
        let answer = post(router.address, "/publish", "", &body.to_string()).await;
        assert!(answer.json()["id"].is_u64(), "{answer:?}");
    }
    let Some(Ok(Delivery::Event(event))) = timeout(PATIENCE, events.next()).await.unwrap() else {
        panic!("an event was due")
    };
    assert_eq!(event.values().unwrap().0, [Value::from("for all")]);
    assert!(events.next().now_or_never().is_none());
}

#[tokio::test]
async fn a_call_is_answered_with_its_result() {
    let router = start(|_| {}).await;
    let _local = backend(&router).await;
    for (sent, expected) in [
        (json!({}), json!({ "args": [], "kwargs": {} })),
        (json!({ "args": [1, [2.5]] }), json!({ "args": [1, [2.5]], "kwargs": {} })),
        (json!({ "kwargs": { "a": "é" } }), json!({ "args": [], "kwargs": { "a": "é" } })),
        (json!({ "args": null, "kwargs": null }), json!({ "args": [], "kwargs": {} })),
        (
            json!({ "args": [1], "options": { "timeout": 60_000 } }),
            json!({ "args": [1], "kwargs": {} }),
        ),
    ] {
        let mut body = sent.clone();
        body["procedure"] = "com.example.echo".into();
        let answer = post(router.address, "/call", "", &body.to_string()).await;
        assert_eq!((answer.status, answer.json()), (200, expected), "{sent}");
    }
}

#[tokio::test]
async fn errors_of_calls_have_the_status_that_says_the_same() {
    let router = start(|config| {
        config.listeners[0].bridge[1].statuses =
            [("com.example.error.teapot".to_owned(), 418)].into();
    })
    .await;
    let _local = backend(&router).await;
    for (uri, status) in [
        (uris::error::INVALID_ARGUMENT, 400),
        (uris::error::NOT_AUTHORIZED, 403),
        (uris::error::NO_SUCH_PROCEDURE, 404),
        (uris::error::TIMEOUT, 504),
        (uris::error::RUNTIME_ERROR, 500),
        ("com.example.error.unknown", 500),
        ("com.example.error.teapot", 418),
    ] {
        let body =
            json!({ "procedure": "com.example.fail", "args": [uri, 7], "kwargs": { "k": 1 } });
        let answer = post(router.address, "/call", "", &body.to_string()).await;
        let expected = json!({ "error": uri, "args": [uri, 7], "kwargs": { "k": 1 } });
        assert_eq!((answer.status, answer.json()), (status, expected));
    }
    let body = r#"{"procedure": "com.example.nobody"}"#;
    let answer = post(router.address, "/call", "", body).await;
    assert_eq!((answer.status, answer.error().as_str()), (404, uris::error::NO_SUCH_PROCEDURE));
}

#[tokio::test]
async fn a_token_is_somebody_and_without_one_a_client_is_anonymous() {
    let router = start(|_| {}).await;
    let _local = backend(&router).await;
    let body = r#"{"procedure": "com.example.who"}"#;
    for (path, headers, who) in [
        ("/call", "", ["anonymous", "guest", "anonymous"]),
        ("/members/call", "authorization: Bearer open-sesame\r\n", ["ali", "merchant", "token"]),
        ("/members/call", "authorization: bearer  open-sesame\r\n", ["ali", "merchant", "token"]),
    ] {
        let answer = post(router.address, path, headers, body).await;
        let details = &answer.json()["args"][0];
        let found = ["authid", "authrole", "authmethod"].map(|key| &details[key]);
        assert_eq!(found.map(|v| v.as_str().unwrap()), who, "{answer:?}");
    }
}

#[tokio::test]
async fn requests_of_one_identity_share_a_session() {
    let router = start(|_| {}).await;
    let _local = backend(&router).await;
    let body = r#"{"procedure": "com.example.who"}"#;
    let first = post(router.address, "/call", "", body).await.json();
    let second = post(router.address, "/call", "", body).await.json();
    assert_eq!(first["args"][0]["session"], second["args"][0]["session"]);
    let headers = "authorization: Bearer open-sesame\r\n";
    let other = post(router.address, "/members/call", headers, body).await.json();
    assert_ne!(first["args"][0]["session"], other["args"][0]["session"]);
}

/// A procedure that never answers, and what tells that it runs and that it was canceled.
async fn endless(local: &wamplex_router::local::LocalSession) -> (Arc<Notify>, Arc<Notify>) {
    let (running, canceled) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (runs, cancels) = (Arc::clone(&running), Arc::clone(&canceled));
    let handler = move |call: Invocation| {
        let (runs, cancels) = (Arc::clone(&runs), Arc::clone(&cancels));
        async move {
            runs.notify_one();
            call.canceled().cancelled().await;
            cancels.notify_one();
            Ok(())
        }
    };
    local.register("com.example.endless", handler).await.unwrap().detach();
    (running, canceled)
}

const ENDLESS: &str = r#"{"procedure": "com.example.endless"}"#;

#[tokio::test]
async fn a_call_that_takes_too_long_is_taken_back() {
    let router = start(|config| {
        config.listeners[0].bridge[1].timeout = std::time::Duration::from_millis(50);
    })
    .await;
    let local = backend(&router).await;
    let (_, canceled) = endless(&local).await;
    let answer = post(router.address, "/call", "", ENDLESS).await;
    assert_eq!((answer.status, answer.error().as_str()), (504, uris::error::TIMEOUT));
    timeout(PATIENCE, canceled.notified()).await.expect("the call was to be canceled");
}

#[tokio::test]
async fn a_call_whose_client_goes_is_taken_back() {
    let router = start(|_| {}).await;
    let local = backend(&router).await;
    let (running, canceled) = endless(&local).await;
    let mut socket = TcpStream::connect(router.address).await.unwrap();
    let length = ENDLESS.len();
    let head = "POST /call HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n";
    let request = format!("{head}content-length: {length}\r\n\r\n{ENDLESS}");
    socket.write_all(request.as_bytes()).await.unwrap();
    timeout(PATIENCE, running.notified()).await.unwrap();
    drop(socket);
    timeout(PATIENCE, canceled.notified()).await.expect("the call was to be canceled");
}

#[tokio::test]
async fn who_waits_for_an_answer_when_the_router_stops_is_told_so() {
    let router = start(|config| config.limits.drain = std::time::Duration::ZERO).await;
    let local = backend(&router).await;
    let (running, _) = endless(&local).await;
    let address = router.address;
    let waiting = tokio::spawn(async move { post(address, "/call", "", ENDLESS).await });
    timeout(PATIENCE, running.notified()).await.unwrap();
    router.handle.shutdown();
    let answer = timeout(PATIENCE, waiting).await.unwrap().unwrap();
    assert_eq!(answer.status, 503, "{answer:?}");
    assert_eq!(answer.header("retry-after"), Some("5"));
    timeout(PATIENCE, router.task).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_router_that_is_about_to_stop_takes_no_new_requests() {
    let router = start(|_| {}).await;
    let local = backend(&router).await;
    let (running, _) = endless(&local).await;
    let address = router.address;
    let waiting = tokio::spawn(async move { post(address, "/call", "", ENDLESS).await });
    timeout(PATIENCE, running.notified()).await.unwrap();
    let stopped = router.handle.shutdown();
    let body = r#"{"procedure": "com.example.echo"}"#;
    // The router begins to stop in a task of its own.
    let refused = timeout(PATIENCE, async {
        loop {
            let answer = post(address, "/call", "", body).await;
            if answer.status != 200 {
                return answer;
            }
        }
    });
    let refused = refused.await.unwrap();
    assert_eq!((refused.status, refused.error().as_str()), (503, uris::close::SYSTEM_SHUTDOWN));
    assert_eq!(refused.header("retry-after"), Some("5"));
    // The call that keeps it from stopping is given up.
    waiting.abort();
    timeout(PATIENCE, stopped).await.unwrap();
}
