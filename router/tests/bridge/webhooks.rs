//! Requests of others that become events.

use crate::{backend, common::PATIENCE, http::send, start};
use futures_util::StreamExt;
use serde_json::{Value, json};
use tokio::time::timeout;
use wamplex_router::local::{Delivery, Subscription};
use wamplex_shared::{codec, serializer::Serializer, uris::error};

/// The arguments of the next event, in JSON.
async fn heard(events: &mut Subscription) -> Value {
    let Some(Ok(Delivery::Event(event))) = timeout(PATIENCE, events.next()).await.unwrap() else {
        panic!("an event was due")
    };
    let payload = codec::transcode(event.payload(), Serializer::Json);
    let text = std::str::from_utf8(payload.bytes()).unwrap();
    serde_json::from_str(&format!("[{text}]")).unwrap()
}

#[tokio::test]
async fn a_signed_body_becomes_an_event_and_others_do_not() {
    let router = start(|_| {}).await;
    let local = backend(&router).await;
    let mut events = local.subscribe("com.example.hook").await.unwrap();
    let signature = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
    for (headers, body, status) in [
        (String::new(), "Hello, World!", 401),
        (format!("x-hub-signature-256: sha256={signature}\r\n"), "Hello, World?", 401),
        ("x-hub-signature-256: sha256=00\r\n".to_owned(), "Hello, World!", 401),
        (format!("x-hub-signature-256: sha256={signature}\r\n"), "Hello, World!", 200),
    ] {
        let head = format!("POST /hook?a=b HTTP/1.1\r\nx-event: push\r\ncookie: c=d\r\n{headers}");
        let answer = send(router.address, &head, body.as_bytes()).await;
        assert_eq!(answer.status, status, "{answer:?}");
        if status == 401 {
            assert_eq!(answer.error(), error::AUTHENTICATION_DENIED);
        }
    }
    let event = heard(&mut events).await;
    assert_eq!(event[0], json!(["Hello, World!"]));
    assert_eq!(event[1]["query"], "a=b");
    assert_eq!(event[1]["headers"]["x-event"], "push");
    for private in ["cookie", "x-hub-signature-256", "authorization"] {
        assert_eq!(event[1]["headers"].get(private), None, "{private}");
    }
}

#[tokio::test]
async fn a_body_is_what_its_content_type_says() {
    let router = start(|config| {
        config.listeners[0].bridge[2].webhook.as_mut().unwrap().secret = None;
    })
    .await;
    let local = backend(&router).await;
    let mut events = local.subscribe("com.example.hook").await.unwrap();
    for (kind, body, expected) in [
        ("application/json", &b"{\"a\": [1]}"[..], Some(json!({ "a": [1] }))),
        ("application/cloudevents+json; charset=utf-8", b"7", Some(json!(7))),
        ("application/json", b"{", None),
        ("application/x-www-form-urlencoded", b"a=b", Some(json!("a=b"))),
        ("text/plain", "é\n".as_bytes(), Some(json!("é\n"))),
        ("application/octet-stream", &[0xff, 0], Some(json!("\u{0}/wA="))),
        ("text/plain", b"", Some(json!(""))),
    ] {
        let head = format!("POST /hook HTTP/1.1\r\ncontent-type: {kind}\r\n");
        let answer = send(router.address, &head, body).await;
        let Some(expected) = expected else {
            assert_eq!(answer.status, 400, "{answer:?}");
            continue;
        };
        assert_eq!(answer.status, 200, "{answer:?}");
        assert_eq!(heard(&mut events).await[0], json!([expected]));
    }
}
