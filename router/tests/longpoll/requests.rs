//! Requests of long-poll that are not as they should be, or come from where they should not.

use crate::{
    JSON, Poller,
    client::{BASE, Http, LongPoll},
    common::{HELLO, start},
};
use wamplex_router::config::{ForwardedHeader, Origins};

#[tokio::test]
async fn requests_for_what_is_not_there_are_answered_with_404() {
    let router = start(|_| {}).await;
    let poller = Poller::join(router.address, "wamp.2.json").await;
    let id = &poller.transport.id;
    assert_eq!(id.len(), 32, "128 bits in hexadecimal digits");
    let (other, long) = ("0".repeat(32), "0".repeat(34));
    let mut http = Http::new(router.address);
    for path in [
        format!("/{other}/receive"),
        format!("/{other}/send"),
        format!("/{other}/close"),
        format!("/{long}/receive"),
        format!("/{}/receive", &id[1..]),
        format!("/{id}x/receive"),
        format!("/{id}/open"),
        format!("/{id}"),
        format!("/{id}/send/"),
        "/%00/receive".to_owned(),
        "/zz/receive".to_owned(),
        "//receive".to_owned(),
        "/".to_owned(),
        "/opens".to_owned(),
    ] {
        let response = http.post(&format!("{BASE}{path}"), JSON, b"[1]").await.unwrap();
        assert_eq!(response.status, 404, "{path}");
    }
    assert_eq!(router.handle.session_count(), 1);
    // What browsers add against caches changes nothing.
    let path = format!("{}?x=42", poller.transport.path("close"));
    assert_eq!(http.post(&path, "", b"").await.unwrap().status, 204);
}

#[tokio::test]
async fn a_listener_without_long_poll_has_none() {
    let router = start(|config| config.listeners[0].transports.longpoll = false).await;
    let refused = LongPoll::open(router.address, &["wamp.2.json"]).await.unwrap().unwrap_err();
    assert!([404, 405].contains(&refused.status), "{refused:?}");
}

#[tokio::test]
async fn only_post_is_served() {
    let router = start(|_| {}).await;
    let poller = Poller::join(router.address, "wamp.2.json").await;
    for method in ["GET", "HEAD", "PUT", "DELETE", "PATCH"] {
        for path in [format!("{BASE}/open"), poller.transport.path("receive")] {
            let response = Http::new(router.address).request(method, &path, "", b"").await;
            let response = response.unwrap();
            assert_eq!((response.status, response.header("allow")), (405, "post, options"));
        }
    }
}

#[tokio::test]
async fn transports_are_opened_for_those_only_who_ask_as_they_should() {
    let router = start(|_| {}).await;
    let long = format!("{{\"protocols\":[{}\"wamp.2.json\"]}}", "\"x\",".repeat(2000));
    let good = r#"{"protocols":["wamp.2.json"]}"#;
    for (headers, body, status) in [
        (JSON, good, 200),
        ("content-type: application/json; charset=utf-8\r\n", good, 200),
        ("", good, 415),
        ("content-type: text/plain\r\n", good, 415),
        ("content-type: application/x-www-form-urlencoded\r\n", good, 415),
        (JSON, "", 400),
        (JSON, "[]", 400),
        (JSON, "{}", 400),
        (JSON, r#"{"protocols":[]}"#, 400),
        (JSON, r#"{"protocols":["wamp.2.flatbuffers"]}"#, 400),
        (JSON, r#"{"protocols":"wamp.2.json"}"#, 400),
        (JSON, r#"{"protocols":[1]}"#, 400),
        (JSON, "\u{0}", 400),
        (JSON, &long, 413),
    ] {
        let path = format!("{BASE}/open");
        let response = Http::new(router.address).post(&path, headers, body.as_bytes()).await;
        assert_eq!(response.unwrap().status, status, "{headers} {}", &body[..body.len().min(40)]);
    }
}

#[tokio::test]
async fn pages_may_open_transports_as_they_may_open_websockets() {
    let router = start(|config| {
        config.listeners[0].origins = Origins::Also(vec!["https://app.example".into()]);
    })
    .await;
    for (origins, is_allowed) in [
        (&["https://app.example"][..], true),
        (&["http://localhost:5173"], true),
        (&["https://evil.example"], false),
        (&["https://app.example.evil"], false),
        (&["null"], false),
        // Of the same host, which by that name was made to lead here.
        (&["http://h"], false),
        (&["https://app.example", "https://evil.example"], false),
    ] {
        let headers: String = origins.iter().map(|page| format!("origin: {page}\r\n")).collect();
        let mut http = Http::new(router.address);
        let path = format!("{BASE}/open");
        let asked = http.request("OPTIONS", &path, &headers, b"").await.unwrap();
        let headers = format!("{JSON}{headers}");
        let body = br#"{"protocols":["wamp.2.json"]}"#;
        let opened = http.post(&path, &headers, body).await.unwrap();
        let shared = "access-control-allow-origin";
        if is_allowed {
            assert_eq!((asked.status, opened.status), (204, 200), "{origins:?}");
            assert_eq!((asked.header(shared), opened.header(shared)), (origins[0], origins[0]));
            assert_eq!(opened.header("access-control-allow-credentials"), "true");
            assert_eq!(opened.header("vary"), "origin");
            assert_eq!(asked.header("access-control-allow-headers"), "content-type");
        } else {
            assert_eq!((asked.status, opened.status), (403, 403), "{origins:?}");
            assert_eq!((asked.header(shared), opened.header(shared)), ("", ""));
        }
    }
}

#[tokio::test]
async fn what_is_sent_has_to_be_of_the_type_of_the_subprotocol() {
    let router = start(|_| {}).await;
    for (protocol, types) in [
        ("wamp.2.json", &["application/json"][..]),
        ("wamp.2.msgpack", &["application/x-msgpack", "application/msgpack"]),
        ("wamp.2.cbor", &["application/cbor", "application/octet-stream"]),
    ] {
        for media_type in types.iter().chain(&["text/plain", "application/xml"]) {
            let poller = Poller::open(router.address, protocol).await;
            let headers = format!("content-type: {media_type}\r\n");
            let path = poller.transport.path("send");
            let mut http = Http::new(router.address);
            let sent = http.post(&path, &headers, &poller.body(&[HELLO])).await.unwrap();
            let expected = if types.contains(media_type) { 204 } else { 415 };
            assert_eq!(sent.status, expected, "{protocol} {media_type}");
        }
    }
}

#[tokio::test]
async fn the_router_has_as_many_transports_as_connections() {
    let router = start(|config| config.limits.connections = 3).await;
    // One place is that of the connection which asks.
    let first = Poller::open(router.address, "wamp.2.json").await;
    let second = LongPoll::open(router.address, &["wamp.2.json"]).await;
    match second {
        Ok(Err(refused)) => {
            assert_eq!((refused.status, refused.header("retry-after")), (503, "5"));
        }
        Ok(Ok(_)) => panic!("there is no room for a third"),
        // The connection itself may be the one too many.
        Err(_) => {}
    }
    drop(first);
}

#[tokio::test]
async fn an_address_has_as_many_transports_as_connections() {
    let router = start(|config| {
        config.listeners[0].proxy.forwarded = ForwardedHeader::XForwardedFor;
        config.listeners[0].proxy.trusted = vec!["127.0.0.0/8".parse().unwrap()];
        config.limits.connections_per_address = 1;
    })
    .await;
    let mut http = Http::new(router.address);
    for (address, status) in
        [("192.0.2.1", 200), ("192.0.2.2", 200), ("192.0.2.1", 429), ("10.0.0.1, 192.0.2.2", 429)]
    {
        let headers = format!("{JSON}x-forwarded-for: {address}\r\n");
        let body = br#"{"protocols":["wamp.2.json"]}"#;
        let opened = http.post(&format!("{BASE}/open"), &headers, body).await.unwrap();
        assert_eq!(opened.status, status, "{address}");
    }
}
