//! Traces of calls, as a collector receives them.

// Clippy does not see that helpers of tests are tests.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use common::{PATIENCE, Peer, Running, start};
use serde_json::json;
use std::{collections::BTreeMap, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    sync::mpsc,
    time::timeout,
};
use wamplex_shared::serializer::Serializer;

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const CALLER: &str = "b7ad6b7169203331";

/// A span, as far as the tests look at it. Identities are in hexadecimal.
#[derive(Debug, Default, PartialEq)]
struct Span {
    trace: String,
    id: String,
    parent: String,
    name: String,
    kind: u64,
    attributes: BTreeMap<String, String>,
    is_error: bool,
}

/// The fields of a message of Protocol Buffers: their numbers, and what is in them.
fn fields(mut bytes: &[u8]) -> Vec<(u64, Field<'_>)> {
    let mut fields = Vec::new();
    while !bytes.is_empty() {
        let tag = varint(&mut bytes);
        let field = match tag & 7 {
            0 => Field::Number(varint(&mut bytes)),
            1 => Field::Number(u64::from_le_bytes(take(&mut bytes, 8).try_into().unwrap())),
            2 => {
                let length = varint(&mut bytes);
                Field::Bytes(take(&mut bytes, usize::try_from(length).unwrap()))
            }
            5 => Field::Number(u32::from_le_bytes(take(&mut bytes, 4).try_into().unwrap()).into()),
            other => panic!("wire type {other}"),
        };
        fields.push((tag >> 3, field));
    }
    fields
}

#[derive(Clone, Copy)]
enum Field<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

impl<'a> Field<'a> {
    fn number(self) -> u64 {
        if let Self::Number(number) = self { number } else { panic!("bytes") }
    }

    fn bytes(self) -> &'a [u8] {
        if let Self::Bytes(bytes) = self { bytes } else { panic!("a number") }
    }

    fn text(self) -> String {
        String::from_utf8(self.bytes().to_vec()).unwrap()
    }

    fn hex(self) -> String {
        self.bytes().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

fn take<'a>(bytes: &mut &'a [u8], length: usize) -> &'a [u8] {
    let (taken, rest) = bytes.split_at(length);
    *bytes = rest;
    taken
}

fn varint(bytes: &mut &[u8]) -> u64 {
    let mut number = 0;
    for shift in (0..).step_by(7) {
        let byte = take(bytes, 1)[0];
        number |= u64::from(byte & 127) << shift;
        if byte < 128 {
            break;
        }
    }
    number
}

/// The fields with this number, each of them a message.
fn inside(bytes: &[u8], number: u64) -> Vec<&[u8]> {
    let found = fields(bytes).into_iter().filter(|(n, _)| *n == number);
    found.map(|(_, field)| field.bytes()).collect()
}

/// The attributes of a resource or a span: text, or a number.
fn attribute(bytes: &[u8]) -> (String, String) {
    let key = String::from_utf8(inside(bytes, 1)[0].to_vec()).unwrap();
    let value = fields(inside(bytes, 2)[0]).into_iter().next().unwrap();
    let value = match value {
        (1, text) => text.text(),
        (_, number) => number.number().to_string(),
    };
    (key, value)
}

fn span(bytes: &[u8]) -> Span {
    let mut span = Span::default();
    for (number, field) in fields(bytes) {
        match number {
            1 => span.trace = field.hex(),
            2 => span.id = field.hex(),
            4 => span.parent = field.hex(),
            5 => span.name = field.text(),
            6 => span.kind = field.number(),
            9 => span.attributes.extend([attribute(field.bytes())]),
            15 => {
                let code = fields(field.bytes()).into_iter().find(|(n, _)| *n == 3);
                span.is_error = code.is_some_and(|(_, code)| code.number() == 2);
            }
            _ => {}
        }
    }
    span
}

/// What a collector has received: the name of the service, and its spans.
fn request(body: &[u8]) -> (String, Vec<Span>) {
    let of_resource = inside(body, 1)[0];
    let resource: BTreeMap<_, _> =
        inside(inside(of_resource, 1)[0], 1).into_iter().map(attribute).collect();
    let scopes = inside(of_resource, 2);
    let spans = scopes.into_iter().flat_map(|scope| inside(scope, 2)).map(span).collect();
    (resource["service.name"].clone(), spans)
}

/// A collector that takes everything, and the bodies of what it is sent.
async fn collector() -> (String, mpsc::UnboundedReceiver<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (received, bodies) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = Vec::new();
            let (at, length) = loop {
                if let Some(found) = body_of(&request) {
                    break found;
                }
                assert_ne!(stream.read_buf(&mut request).await.unwrap(), 0);
            };
            assert!(request.starts_with(b"POST /v1/traces HTTP/1.1\r\n"));
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await.unwrap();
            received.send(request[at..at + length].to_vec()).unwrap();
        }
    });
    (url, bodies)
}

/// Where the body of a request is, and how long it is, once all of it is there.
fn body_of(request: &[u8]) -> Option<(usize, usize)> {
    let at = request.windows(4).position(|end| end == b"\r\n\r\n")? + 4;
    let head = String::from_utf8(request[..at].to_vec()).unwrap();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    let length = length.unwrap().parse().unwrap();
    (request.len() >= at + length).then_some((at, length))
}

async fn start_with(url: &str, sample_ratio: Option<f64>) -> Running {
    let url = url.to_owned();
    start(|config| {
        config.telemetry.endpoint = Some(url);
        config.telemetry.service_name = Some("a router".into());
        config.telemetry.sample_ratio = sample_ratio;
    })
    .await
}

/// A caller, and a callee of `com.example.procedure`.
async fn peers(router: &Running) -> (Peer, Peer) {
    let mut callee = Peer::join(router.address, Serializer::Json).await;
    callee.say(r#"[64, 1, {}, "com.example.procedure"]"#).await;
    assert_eq!(callee.hear().await[0], 65);
    (Peer::join(router.address, Serializer::Cbor).await, callee)
}

/// Ends the router, which sends what it has: the name of the service, and its spans.
async fn end(router: Running, mut bodies: mpsc::UnboundedReceiver<Vec<u8>>) -> (String, Vec<Span>) {
    router.handle.shutdown();
    timeout(PATIENCE, router.task).await.unwrap().unwrap();
    let body = bodies.try_recv().expect("what waited is sent before the router has ended");
    assert!(bodies.try_recv().is_err());
    request(&body)
}

fn traceparent(trace: &str, span: &str) -> String {
    format!("00-{trace}-{span}-01")
}

#[tokio::test]
async fn a_call_with_a_sampled_trace_is_a_span_between_those_of_caller_and_callee() {
    let (url, bodies) = collector().await;
    let router = start_with(&url, None).await;
    let (mut caller, mut callee) = peers(&router).await;
    let parent = traceparent(TRACE, CALLER);
    let call =
        |request, options| json!([48, request, options, "com.example.procedure"]).to_string();

    caller.say(&call(1, json!({"_traceparent": parent, "_tracestate": "congo=t61"}))).await;
    let first = callee.hear().await;
    callee.say(&json!([70, first[1], {"_traceparent": parent}]).to_string()).await;
    assert_eq!(caller.hear().await, json!([50, 1, {"_traceparent": parent}]));

    caller.say(&call(2, json!({"_traceparent": parent}))).await;
    let second = callee.hear().await;
    callee.say(&json!([8, 68, second[1], {}, "com.example.error"]).to_string()).await;
    assert_eq!(caller.hear().await, json!([8, 48, 2, {}, "com.example.error"]));

    // Neither of these is to be followed: the caller has decided so, or has said nothing.
    let unsampled = format!("00-{TRACE}-{CALLER}-00");
    for (request, options) in [(3, json!({"_traceparent": unsampled})), (4, json!({}))] {
        caller.say(&call(request, options.clone())).await;
        let invocation = callee.hear().await;
        assert_eq!(invocation[3], options);
        callee.say(&json!([70, invocation[1], {}]).to_string()).await;
        caller.hear().await;
    }

    drop((caller, callee));
    let (service, spans) = end(router, bodies).await;
    assert_eq!(service, "a router");
    let [answered, failed] = &spans[..] else { panic!("{spans:?}") };
    for (span, invocation) in [(answered, &first), (failed, &second)] {
        assert_eq!((&*span.trace, &*span.parent), (TRACE, CALLER));
        assert_eq!((&*span.name, span.kind), ("com.example.procedure", 2));
        let told = &invocation[3]["_traceparent"];
        assert_eq!(*told, traceparent(TRACE, &span.id), "the callee is below the router");
        let attributes =
            ["rpc.system", "rpc.method", "wamp.realm"].map(|key| &*span.attributes[key]);
        assert_eq!(attributes, ["wamp", "com.example.procedure", "realm1"]);
        assert!(span.attributes["wamp.session"].parse::<u64>().unwrap() > 0);
    }
    assert_ne!(answered.id, failed.id);
    assert_eq!(first[3]["_tracestate"], "congo=t61");
    assert_eq!((answered.is_error, answered.attributes.get("error.type")), (false, None));
    assert_eq!((failed.is_error, &*failed.attributes["error.type"]), (true, "com.example.error"));
}

#[tokio::test]
async fn calls_without_a_trace_begin_one_where_the_router_samples() {
    let (url, bodies) = collector().await;
    let router = start_with(&url, Some(1.0)).await;
    let (mut caller, callee) = peers(&router).await;
    caller.say(r#"[48, 1, {}, "com.example.nobody"]"#).await;
    assert_eq!(caller.hear().await[4], "wamp.error.no_such_procedure");
    drop((caller, callee));
    let (_, spans) = end(router, bodies).await;
    let [span] = &spans[..] else { panic!("{spans:?}") };
    assert_eq!((&*span.parent, &*span.name), ("", "com.example.nobody"));
    assert_eq!(span.attributes["error.type"], "wamp.error.no_such_procedure");
}

#[tokio::test]
async fn a_collector_that_is_not_there_holds_nobody_up() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let router = start(|config| {
        config.telemetry.endpoint = Some(url);
        config.telemetry.sample_ratio = Some(1.0);
        config.limits.close = Duration::from_millis(100);
    })
    .await;
    let (mut caller, mut callee) = peers(&router).await;
    for request in 1..=100 {
        caller.say(&json!([48, request, {}, "com.example.procedure"]).to_string()).await;
        let invocation = callee.hear().await;
        callee.say(&json!([70, invocation[1], {}]).to_string()).await;
        assert_eq!(caller.hear().await[0], 50);
    }
    drop((caller, callee));
    router.handle.shutdown();
    timeout(PATIENCE, router.task).await.unwrap().unwrap();
}
