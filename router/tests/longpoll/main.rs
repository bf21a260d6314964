//! Sessions over plain HTTP requests.

// Clippy does not see that helpers of tests are tests.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "../../../tests/src/harness/longpoll.rs"]
mod client;
#[path = "../common/mod.rs"]
mod common;
mod requests;

use bytes::{Bytes, BytesMut};
use client::{BASE, Http, LongPoll, Response};
use common::{HELLO, PATIENCE, Peer, start};
use futures_util::future::select;
use serde_json::{Value, json};
use std::{net::SocketAddr, time::Duration};
use tokio::time::timeout;
use wamplex_shared::{
    codec::{self, batch},
    serializer::Serializer,
};

const PROTOCOLS: [(&str, Serializer, bool); 6] = [
    ("wamp.2.json", Serializer::Json, false),
    ("wamp.2.msgpack", Serializer::MsgPack, false),
    ("wamp.2.cbor", Serializer::Cbor, false),
    ("wamp.2.json.batched", Serializer::Json, true),
    ("wamp.2.msgpack.batched", Serializer::MsgPack, true),
    ("wamp.2.cbor.batched", Serializer::Cbor, true),
];

const JSON: &str = "content-type: application/json\r\n";

/// A WAMP client over long-poll.
struct Poller {
    transport: LongPoll,
    serializer: Serializer,
    is_batched: bool,
}

impl Poller {
    async fn open(to: SocketAddr, protocol: &str) -> Self {
        let transport = LongPoll::open(to, &["wamp.2.unknown", protocol]).await.unwrap().unwrap();
        assert_eq!(transport.protocol, protocol);
        let (_, serializer, is_batched) =
            PROTOCOLS.into_iter().find(|(name, ..)| *name == protocol).unwrap();
        Self { transport, serializer, is_batched }
    }

    async fn join(to: SocketAddr, protocol: &str) -> Self {
        let mut poller = Self::open(to, protocol).await;
        poller.say(&[HELLO]).await;
        assert_eq!(poller.hear().await[0][0], 2);
        poller
    }

    /// Messages given in JSON, as a body.
    fn body(&self, messages: &[&str]) -> Bytes {
        let mut body = BytesMut::new();
        for message in messages {
            let bytes = Bytes::copy_from_slice(message.as_bytes());
            let message = codec::decode(Serializer::Json, &bytes).unwrap();
            let bytes = codec::encode(self.serializer, &message).unwrap();
            if self.is_batched {
                batch::append(self.serializer, &bytes, &mut body);
            } else {
                body.extend_from_slice(&bytes);
            }
        }
        body.freeze()
    }

    async fn say(&mut self, messages: &[&str]) {
        let body = self.body(messages);
        assert_eq!(self.transport.send(&body).await.unwrap().status, 204);
    }

    async fn receive(&mut self) -> Response {
        timeout(PATIENCE, self.transport.receive()).await.unwrap().unwrap()
    }

    /// What comes with the next response, in JSON.
    async fn hear(&mut self) -> Vec<Value> {
        let mut response = self.receive().await;
        while response.status == 204 {
            response = self.receive().await;
        }
        assert_eq!(response.status, 200, "{response:?}");
        self.read(response.body)
    }

    fn read(&self, body: Vec<u8>) -> Vec<Value> {
        let body = Bytes::from(body);
        let messages: Vec<Bytes> = if self.is_batched {
            batch::split(self.serializer, body).map(Result::unwrap).collect()
        } else {
            vec![body]
        };
        let json = |message: &Bytes| {
            let message = codec::decode(self.serializer, message).unwrap();
            let json = codec::encode(Serializer::Json, &message).unwrap();
            serde_json::from_slice(&json).unwrap()
        };
        messages.iter().map(json).collect()
    }
}

#[tokio::test]
async fn a_session_works_in_every_subprotocol() {
    let router = start(|_| {}).await;
    for (protocol, serializer, _) in PROTOCOLS {
        let mut poller = Poller::join(router.address, protocol).await;
        poller.say(&[r#"[32, 1, {}, "com.example.topic"]"#]).await;
        let subscribed = poller.receive().await;
        let media_type = match serializer {
            Serializer::Json => "application/json",
            Serializer::MsgPack => "application/x-msgpack",
            Serializer::Cbor => "application/cbor",
        };
        assert_eq!(subscribed.header("content-type"), media_type);
        assert_eq!(subscribed.header("cache-control"), "no-store");
        assert_eq!(poller.read(subscribed.body)[0][0], 33);
        let publish = r#"[16, 2, {"exclude_me": false}, "com.example.topic", ["ping"]]"#;
        poller.say(&[publish]).await;
        assert_eq!(poller.hear().await[0][4], json!(["ping"]));
        assert_eq!(poller.transport.close().await.unwrap().status, 204);
        assert_eq!(poller.receive().await.status, 404);
    }
}

#[tokio::test]
async fn a_batch_carries_many_messages_in_both_directions_and_a_plain_body_carries_one() {
    let router = start(|_| {}).await;
    for (protocol, _, is_batched) in PROTOCOLS {
        let mut poller = Poller::join(router.address, protocol).await;
        let requests: Vec<String> =
            (1..=9).map(|id| format!(r#"[32, {id}, {{}}, "com.example.{id}"]"#)).collect();
        let requests: Vec<&str> = requests.iter().map(String::as_str).collect();
        if is_batched {
            poller.say(&requests).await;
        } else {
            for request in requests {
                poller.say(&[request]).await;
            }
        }
        let mut heard = Vec::new();
        while heard.len() < 9 {
            let messages = poller.hear().await;
            assert!(is_batched || messages.len() == 1);
            heard.extend(messages);
        }
        let ids: Vec<_> = heard.iter().map(|message| message[1].as_u64().unwrap()).collect();
        assert_eq!(ids, (1..=9).collect::<Vec<_>>(), "{protocol}");
    }
}

#[tokio::test]
async fn a_client_waits_for_a_message_and_is_told_when_there_is_none() {
    let router =
        start(|config| config.listeners[0].longpoll.receive = Duration::from_millis(50)).await;
    let mut poller = Poller::join(router.address, "wamp.2.json").await;
    let nothing = poller.receive().await;
    assert_eq!((nothing.status, nothing.body.len()), (204, 0));
    poller.say(&[r#"[32, 1, {}, "com.example.topic"]"#]).await;
    assert_eq!(poller.hear().await[0][0], 33);

    let mut publisher = Peer::join(router.address, Serializer::Cbor).await;
    let publishing = publisher.say(r#"[16, 1, {}, "com.example.topic", [1]]"#);
    let (event, ()) = tokio::join!(poller.hear(), publishing);
    assert_eq!(event[0][4], json!([1]));
}

#[tokio::test]
async fn a_second_receive_takes_over_and_the_first_hears_of_it() {
    let router = start(|_| {}).await;
    let mut poller = Poller::join(router.address, "wamp.2.json").await;
    let path = poller.transport.path("receive");
    let (mut first, mut second) = (Http::new(router.address), Http::new(router.address));
    let both = select(Box::pin(first.post(&path, "", b"")), Box::pin(second.post(&path, "", b"")));
    let (loser, winner) = timeout(PATIENCE, both).await.unwrap().factor_first();
    assert_eq!(loser.unwrap().status, 409);
    poller.say(&[r#"[32, 1, {}, "com.example.topic"]"#]).await;
    let response = timeout(PATIENCE, winner).await.unwrap().unwrap();
    assert_eq!(poller.read(response.body)[0][0], 33);
}

#[tokio::test]
async fn a_body_that_is_too_long_ends_the_session_with_a_reason() {
    let router = start(|config| {
        config.limits.message_size_before_welcome = 1000;
        config.limits.message_size = 2000;
    })
    .await;
    for joins_first in [false, true] {
        let mut poller = Poller::open(router.address, "wamp.2.json").await;
        if joins_first {
            poller.say(&[HELLO]).await;
            assert_eq!(poller.hear().await[0][0], 2);
        }
        let limit = if joins_first { 2000 } else { 1000 };
        let long = vec![b' '; limit + 1];
        assert_eq!(poller.transport.send(&long).await.unwrap().status, 413);
        assert_eq!(poller.hear().await[0][2], "wamp.error.payload_size_exceeded");
        let body = poller.body(&[HELLO]);
        assert_eq!(poller.transport.send(&body).await.unwrap().status, 404);
    }
}

#[tokio::test]
async fn a_message_that_breaks_the_protocol_ends_the_session_with_a_reason() {
    let router = start(|_| {}).await;
    for (protocol, body, status) in [
        ("wamp.2.json", &b"nonsense"[..], 204),
        ("wamp.2.json", b"", 204),
        ("wamp.2.json", b"[1]\x1e", 204),
        ("wamp.2.cbor", b"\xff", 204),
        ("wamp.2.json.batched", b"", 400),
        ("wamp.2.json.batched", b"[1]", 400),
        ("wamp.2.msgpack.batched", b"\xff\xff\xff\xff", 400),
        ("wamp.2.cbor.batched", b"\0\0\0\0", 400),
    ] {
        let mut poller = Poller::join(router.address, protocol).await;
        let sent = poller.transport.send(body).await.unwrap();
        assert_eq!(sent.status, status, "{protocol} {body:?}");
        let said = poller.hear().await;
        assert_eq!(
            (&said[0][0], &said[0][2]),
            (&json!(3), &json!("wamp.error.protocol_violation"))
        );
    }
}

#[tokio::test]
async fn a_client_that_says_no_hello_is_told_so() {
    let router = start(|config| config.limits.hello = Duration::from_millis(20)).await;
    let mut poller = Poller::open(router.address, "wamp.2.json").await;
    assert_eq!(poller.hear().await[0][2], "wamp.error.timeout");
}

#[tokio::test]
async fn a_client_that_asks_nothing_any_more_is_gone() {
    let router = start(|config| {
        config.listeners[0].longpoll.idle = Duration::from_secs(1);
    })
    .await;
    let mut poller = Poller::join(router.address, "wamp.2.json").await;
    let mut other = Peer::join(router.address, Serializer::Json).await;
    while other.call("wamp.session.count", &json!([])).await != json!([1]) {
        tokio::task::yield_now().await;
    }
    assert_eq!(poller.receive().await.status, 404);
}

#[tokio::test]
async fn a_client_that_does_not_receive_is_cut_and_its_neighbour_is_not() {
    let router = start(|config| config.limits.outbox_bytes = 100_000).await;
    let mut poller = Poller::join(router.address, "wamp.2.json").await;
    poller.say(&[r#"[32, 1, {}, "com.example.topic"]"#]).await;
    assert_eq!(poller.hear().await[0][0], 33);
    let mut publisher = Peer::join(router.address, Serializer::Json).await;
    let payload = "x".repeat(10_000);
    for _ in 0..40 {
        let id = publisher.request();
        let publish = json!([16, id, {"acknowledge": true}, "com.example.topic", [payload]]);
        publisher.say(&publish.to_string()).await;
        assert_eq!(publisher.hear().await[0], 17);
    }
    while publisher.call("wamp.session.count", &json!([])).await != json!([1]) {
        tokio::task::yield_now().await;
    }
    assert_eq!(router.handle.counters().overflows, 1);
    publisher.round_trip("com.example.other").await;
}

#[tokio::test]
async fn a_shutdown_says_goodbye_and_hears_the_answer() {
    let router = start(|_| {}).await;
    let mut poller = Poller::join(router.address, "wamp.2.json").await;
    router.handle.shutdown();
    let goodbye = poller.hear().await;
    assert_eq!((&goodbye[0][0], &goodbye[0][2]), (&json!(6), &json!("wamp.close.system_shutdown")));
    poller.say(&[r#"[6, {}, "wamp.close.goodbye_and_out"]"#]).await;
    assert_eq!(poller.transport.close().await.unwrap().status, 204);
    timeout(PATIENCE, router.task).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_browser_that_has_logged_in_over_long_poll_comes_back_with_its_cookie() {
    let realm = r#"
        name = "realm1"
        authentication = { methods = ["ticket", "cookie"] }
        [[principals]]
        authid = "joe"
        role = "user"
        ticket = "s3cret"
    "#;
    let router = start(|config| config.realms[0] = toml::from_str(realm).unwrap()).await;
    let hello = |method: &str| {
        format!(
            r#"[1, "realm1", {{"roles": {{"caller": {{}}}}, "authid": "joe", "authmethods": ["{method}"]}}]"#
        )
    };
    let page = "origin: https://localhost\r\n";
    let (mut poller, cookie) = browse(router.address, page).await;
    poller.say(&[&hello("ticket")]).await;
    assert_eq!(poller.hear().await[0][0], 4);
    poller.say(&[r#"[5, "s3cret", {}]"#]).await;
    assert_eq!(poller.hear().await[0][0], 2);

    let cookie = format!("{page}cookie: {}\r\n", cookie.split(';').next().unwrap());
    let (mut poller, _) = browse(router.address, &cookie).await;
    poller.say(&[&hello("cookie")]).await;
    let welcome = poller.hear().await;
    assert_eq!((&welcome[0][0], &welcome[0][2]["authmethod"]), (&json!(2), &json!("cookie")));
}

/// Opens a transport as a page would that sends these headers, and what the response sets as a cookie.
async fn browse(to: SocketAddr, headers: &str) -> (Poller, String) {
    let path = format!("{BASE}/open");
    let body = br#"{"protocols":["wamp.2.json"]}"#;
    let opened = Http::new(to).post(&path, &format!("{JSON}{headers}"), body).await.unwrap();
    let cookie = opened.header("set-cookie").replace("__host-", "__Host-");
    let transport = LongPoll::of(to, &opened).unwrap();
    (Poller { transport, serializer: Serializer::Json, is_batched: false }, cookie)
}
