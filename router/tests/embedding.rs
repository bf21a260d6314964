//! What a program can do that has a router inside.

// Clippy does not see that helpers of tests are tests.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use bytes::Bytes;
use common::{PATIENCE, Peer as Client, start};
use futures_util::{SinkExt, sink, stream};
use serde_json::json;
use std::{io, net::SocketAddr, sync::Arc};
use tokio::{
    net::TcpListener,
    sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    task::JoinHandle,
    time::timeout,
};
use wamplex_router::{
    Address, GuestError, Identity, Peer, Router, RouterConfig, RouterHandle, StartError,
    TransportKind,
    authentication::{Attempt, Authenticator, Judging},
    authorization::Authorizer,
};
use wamplex_shared::{serializer::Serializer, session::CloseReason, uris};

async fn soon<T>(future: impl IntoFuture<Output = T>) -> T {
    timeout(PATIENCE, future).await.expect("this was to happen")
}

/// A router without sockets.
async fn inside() -> (RouterHandle, JoinHandle<()>) {
    let router = Router::builder().bind().await.unwrap();
    (router.handle(), tokio::spawn(router.run()))
}

async fn native(handle: &RouterHandle) -> wamplex::Client {
    let client = wamplex::Client::builder("ws://localhost/ws").realm("realm1");
    soon(client.connect_over(handle.connect().unwrap())).await.unwrap()
}

#[tokio::test]
async fn a_shutdown_can_be_awaited_by_anybody_and_any_number_of_times() {
    let (handle, running) = inside().await;
    let client = native(&handle).await;
    let local = handle.join("realm1", Identity::local("a", "b")).unwrap();
    soon(handle.shutdown()).await;
    assert!(running.is_finished() || soon(running).await.is_ok());
    soon(handle.shutdown()).await;
    let gone = |reason: CloseReason| matches!(reason, CloseReason::Goodbye(why) if why.reason == uris::close::SYSTEM_SHUTDOWN);
    assert!(gone(soon(client.closed()).await));
    assert!(gone(soon(local.closed()).await));
    assert_eq!(handle.session_count(), 0, "everybody has left before the end");
}

#[tokio::test]
async fn a_router_that_never_ran_has_stopped_when_it_is_dropped() {
    let router = Router::builder().bind().await.unwrap();
    let handle = router.handle();
    let waiting = tokio::spawn(handle.shutdown());
    drop(router);
    soon(waiting).await.unwrap();
}

#[tokio::test]
async fn a_router_needs_a_listener_unless_its_builder_says_otherwise() {
    let config = RouterConfig { listeners: Vec::new(), ..RouterConfig::default() };
    assert!(matches!(Router::bind(config).await, Err(StartError::NoListener)));
    let router = Router::builder().realm("com.example.a").realm("com.example.b").bind().await;
    let router = router.unwrap();
    assert!(router.endpoints().is_empty());
    assert_eq!(router.handle().realms(), ["com.example.a", "com.example.b"]);
}

#[tokio::test]
async fn clients_inside_and_outside_meet() {
    let router = start(|_| {}).await;
    let inside = native(&router.handle).await;
    let mut outside = Client::join(router.address, Serializer::Cbor).await;
    let subscription = outside.subscribe("com.example.topic").await;
    let published = inside.publish("com.example.topic").args(("hi",)).acknowledged();
    let publication = soon(published).await.unwrap();
    assert_eq!(outside.hear().await, json!([36, subscription, publication.get(), {}, ["hi"]]));
}

#[tokio::test]
async fn sessions_are_listed_with_what_is_known_of_their_clients() {
    let router = start(|_| {}).await;
    let mut outside = Client::connect(router.address, Serializer::Json).await;
    let welcome = outside.hello().await;
    let inside = native(&router.handle).await;
    let local = router.handle.join("realm1", Identity::local("backend", "trusted")).unwrap();

    let listed = router.handle.sessions("realm1");
    let mut expected =
        vec![welcome[1].as_u64().unwrap(), inside.session_id().get(), local.id().get()];
    expected.sort_unstable();
    assert_eq!(listed.iter().map(|s| s.id.get()).collect::<Vec<_>>(), expected);

    let session = |id: u64| listed.iter().find(|session| session.id.get() == id).unwrap();
    let peer = session(expected_of(&welcome)).peer.clone().unwrap();
    assert_eq!(peer.transport, TransportKind::WebSocket);
    let mine = outside.socket.get_ref().local_addr().unwrap();
    assert_eq!(peer.address, Address::Ip(mine));
    let peer = session(inside.session_id().get()).peer.clone().unwrap();
    assert_eq!(peer.address, Address::Local);
    let backend = session(local.id().get());
    assert!(backend.peer.is_none());
    assert_eq!(backend.authid.as_deref(), Some("backend"));
    assert_eq!(backend.authrole.as_deref(), Some("trusted"));
    assert!(router.handle.sessions("nowhere").is_empty());
    assert!(router.handle.session("nowhere", local.id()).is_none());
}

fn expected_of(welcome: &serde_json::Value) -> u64 {
    welcome[1].as_u64().unwrap()
}

#[tokio::test]
async fn a_session_is_ended_with_the_words_that_are_given() {
    let router = start(|_| {}).await;
    let mut client = Client::connect(router.address, Serializer::Json).await;
    let id = wamplex_shared::id::SessionId::new(expected_of(&client.hello().await)).unwrap();
    let handle = &router.handle;
    assert!(!handle.end_session("nowhere", id, "com.example.reason", ""));
    assert!(handle.end_session("realm1", id, "com.example.reason", "it is late"));
    assert!(!handle.end_session("realm1", id, "com.example.reason", ""), "it has left");
    assert_eq!(client.hear().await, json!([6, { "message": "it is late" }, "com.example.reason"]));
    assert_eq!(handle.session_count(), 0);
}

#[tokio::test]
async fn a_connection_that_the_program_accepted_is_served_like_any_other() {
    let (handle, _running) = inside().await;
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = handle.clone();
    let serving = tokio::spawn(async move {
        let (socket, from) = listener.accept().await.unwrap();
        let peer = Peer::new(from.into(), TransportKind::WebSocket, "mine".into());
        server.serve(socket, peer).await
    });
    let mut client = Client::join(address, Serializer::MsgPack).await;
    client.round_trip("com.example.topic").await;
    let [session] = &handle.sessions("realm1")[..] else { panic!("one session was due") };
    assert_eq!(&*session.peer.as_ref().unwrap().listener, "mine");
    client.say(r#"[6, {}, "wamp.close.close_realm"]"#).await;
    client.hear().await;
    drop(client);
    soon(serving).await.unwrap().unwrap();
}

/// The client's ends of a transport that is two channels, and the task that serves it.
type Channels =
    (UnboundedSender<Bytes>, UnboundedReceiver<Bytes>, JoinHandle<Result<(), GuestError>>);

fn channels(handle: &RouterHandle) -> Channels {
    let (say, mut incoming) = unbounded_channel();
    let (outgoing, heard) = unbounded_channel();
    let handle = handle.clone();
    let serving = tokio::spawn(async move {
        let messages = stream::poll_fn(move |cx| incoming.poll_recv(cx).map(|m| m.map(Ok)));
        let answers = sink::unfold(outgoing, |outgoing: UnboundedSender<Bytes>, message| async {
            outgoing.send(message).map_err(io::Error::other)?;
            Ok(outgoing)
        });
        handle.serve_messages(messages, Box::pin(answers), Serializer::Json, Peer::local()).await
    });
    (say, heard, serving)
}

const HELLO: &str = r#"[1,"realm1",{"roles":{"publisher":{}}}]"#;

#[tokio::test]
async fn a_transport_of_messages_needs_no_more_than_to_carry_them() {
    let (handle, _running) = inside().await;
    let (say, mut heard, serving) = channels(&handle);
    say.send(HELLO.into()).unwrap();
    assert!(soon(heard.recv()).await.unwrap().starts_with(b"[2,"));
    say.send(r#"[16,1,{"acknowledge":true},"com.example.t"]"#.into()).unwrap();
    assert!(soon(heard.recv()).await.unwrap().starts_with(b"[17,1,"));
    drop(say);
    soon(serving).await.unwrap().unwrap();
    assert_eq!(handle.session_count(), 0);
    assert!(soon(heard.recv()).await.is_none(), "it is closed");
}

#[tokio::test]
async fn the_limits_hold_for_transports_of_messages_too() {
    let (handle, _running) = inside().await;
    let (say, mut heard, serving) = channels(&handle);
    say.send(vec![b' '; 1 << 20].into()).unwrap();
    let abort = soon(heard.recv()).await.unwrap();
    let abort: serde_json::Value = serde_json::from_slice(&abort).unwrap();
    assert_eq!((&abort[0], &abort[2]), (&json!(3), &json!(uris::error::PAYLOAD_SIZE_EXCEEDED)));
    soon(serving).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_transport_that_breaks_ends_its_session() {
    let (handle, _running) = inside().await;
    let hello = stream::iter([Ok(Bytes::from(HELLO)), Err(io::Error::other("cut"))]);
    let nowhere = sink::drain().sink_map_err(|never| match never {});
    soon(handle.serve_messages(hello, nowhere, Serializer::Json, Peer::local())).await.unwrap();
    assert_eq!(handle.session_count(), 0);
    assert_eq!(handle.counters().sessions_left, 1);
}

#[tokio::test]
async fn there_is_room_for_as_many_as_the_limits_say() {
    let router = Router::builder().limits(|limits| limits.connections = 1).bind().await.unwrap();
    let handle = router.handle();
    let first = handle.connect().unwrap();
    assert_eq!(handle.connect().err(), Some(GuestError::NoRoom));
    let peer = Peer::local();
    let refused = handle.serve(tokio::io::duplex(1).0, peer).await;
    assert_eq!(refused, Err(GuestError::NoRoom));
    drop(first);
}

/// Nobody in particular.
#[derive(Debug)]
struct Nobody;

impl Authorizer for Nobody {}

impl Authenticator for Nobody {
    fn authenticate(self: Arc<Self>, _: Attempt) -> Judging<Identity> {
        Box::pin(async { Ok(Identity::new("nobody", "guest", "anonymous", "here")) })
    }
}

#[tokio::test]
async fn what_is_given_for_a_realm_that_is_not_there_is_a_mistake() {
    let nowhere = "nowhere";
    for builder in [
        Router::builder().authorizer(nowhere, Nobody),
        Router::builder().authenticator(nowhere, Nobody),
    ] {
        let refused = builder.bind().await;
        assert!(matches!(refused, Err(StartError::NoSuchRealm { name }) if name == nowhere));
    }
    assert!(Router::builder().authorizer("realm1", Nobody).bind().await.is_ok());
}

#[tokio::test]
async fn an_authenticator_of_the_program_says_who_everybody_is() {
    let router = Router::builder().authenticator("realm1", Nobody).bind().await.unwrap();
    let handle = router.handle();
    tokio::spawn(router.run());
    let client = native(&handle).await;
    assert_eq!(client.details().authid.as_deref(), Some("nobody"));
    assert_eq!(client.details().authprovider.as_deref(), Some("here"));
}
