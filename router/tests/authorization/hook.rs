//! Authorizers of the program that embeds the router.

use crate::{
    common::{HELLO, Heard, Peer},
    config, denied, ended, failed, join, publish, soon, start, with_roles,
};
use futures_util::{
    FutureExt, StreamExt,
    future::{BoxFuture, pending, ready},
};
use parking_lot::Mutex;
use std::sync::Arc;
use wamplex_realm::Joining;
use wamplex_router::{
    Identity, RouterConfig,
    authorization::{Answer, Authorizer, Request},
    config::RealmSettings,
    local::{Delivery, Invocation},
};
use wamplex_shared::{message::Message, serializer::Serializer, uri::Uri, uris, value::Value};

/// Says no to what has `no` in its URI, and notes what it is asked.
#[derive(Default)]
struct Notes(Mutex<Vec<String>>);

impl Notes {
    fn judge<'a>(&'a self, action: &str, request: Request<'a>) -> BoxFuture<'a, Answer> {
        let who = request.who.authid.as_deref().unwrap_or("nobody");
        self.0.lock().push(format!("{who} {action} {}", request.uri));
        let no = request.uri.components().any(|component| component == "no");
        ready(if no { Answer::Deny } else { Answer::ALLOW }).boxed()
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock())
    }
}

impl Authorizer for Notes {
    fn call<'a>(&'a self, request: Request<'a>) -> BoxFuture<'a, Answer> {
        self.judge("calls", request)
    }

    fn register<'a>(&'a self, request: Request<'a>) -> BoxFuture<'a, Answer> {
        self.judge("registers", request)
    }

    fn publish<'a>(&'a self, request: Request<'a>) -> BoxFuture<'a, Answer> {
        assert!(matches!(request.message, Message::Publish(_)));
        self.judge("publishes", request)
    }

    fn subscribe<'a>(&'a self, request: Request<'a>) -> BoxFuture<'a, Answer> {
        self.judge("subscribes", request)
    }
}

#[tokio::test]
async fn every_action_is_asked_about_the_call_included() {
    let router = start(|_| {}).await;
    let notes = Arc::new(Notes::default());
    assert!(router.handle.authorize_with("realm1", Some(Arc::clone(&notes) as _)));
    let alice = join(&router, "alice", "any");
    let echo = async |call: Invocation| call.values();
    for (uri, expected) in [("com.yes", None), ("com.no", denied())] {
        assert_eq!(ended(soon(alice.register(uri, echo)).await.map(|r| r.detach())), expected);
        assert_eq!(ended(soon(alice.call(uri, ())).await), expected);
        assert_eq!(ended(soon(alice.subscribe(uri)).await), expected);
        assert_eq!(publish(&alice, uri).await, expected);
    }
    let expected = [
        "alice registers com.yes",
        "alice calls com.yes",
        "alice subscribes com.yes",
        "alice publishes com.yes",
        "alice registers com.no",
        "alice calls com.no",
        "alice subscribes com.no",
        "alice publishes com.no",
    ];
    assert_eq!(notes.take(), expected);
    assert!(router.handle.authorize_with("realm1", None));
    assert_eq!(publish(&alice, "com.no").await, None);
    assert!(!router.handle.authorize_with("nowhere", None));
}

#[tokio::test]
async fn the_roles_come_first() {
    let router = with_roles(
        r#"
        [[roles]]
        name = "guest"
        permissions = [{ uri = "com.", match = "prefix", allow = ["publish"] }]
        "#,
    )
    .await;
    let notes = Arc::new(Notes::default());
    router.handle.authorize_with("realm1", Some(Arc::clone(&notes) as _));
    let alice = join(&router, "alice", "guest");
    assert_eq!(publish(&alice, "org.yes").await, denied());
    assert_eq!(publish(&alice, "com.yes").await, None);
    assert_eq!(publish(&alice, "com.no").await, denied());
    assert_eq!(notes.take(), ["alice publishes com.yes", "alice publishes com.no"]);
}

#[tokio::test]
async fn testaments_are_asked_about() {
    let router = start(|_| {}).await;
    #[derive(Default)]
    struct Topics(Mutex<Vec<String>>);
    impl Authorizer for Topics {
        fn publish<'a>(&'a self, request: Request<'a>) -> BoxFuture<'a, Answer> {
            self.0.lock().push(request.uri.to_string());
            ready(Answer::Deny).boxed()
        }
    }
    let topics = Arc::new(Topics::default());
    router.handle.authorize_with("realm1", Some(Arc::clone(&topics) as _));
    let alice = join(&router, "alice", "any");
    let arguments = ["com.t".into(), Value::List(vec![]), Value::Dict(Default::default())];
    let adding = soon(alice.call(uris::session::ADD_TESTAMENT, arguments)).await;
    assert_eq!(ended(adding), denied());
    assert_eq!(*topics.0.lock(), ["com.t"]);
}

/// What goes wrong, in each of its ways.
enum Wrong {
    Panics,
    PanicsLater,
    Fails,
    NeverAnswers,
}

impl Authorizer for Wrong {
    fn join<'a>(&'a self, _: &'a Uri, who: &'a Joining) -> BoxFuture<'a, Result<(), String>> {
        // Only clients: the test itself wants to be let in.
        if who.authmethod.as_deref() == Some("local") {
            return ready(Ok(())).boxed();
        }
        match self {
            Self::Panics => panic!("as a test"),
            Self::PanicsLater => async { panic!("as a test") }.boxed(),
            Self::Fails => ready(Err("not today".to_owned())).boxed(),
            Self::NeverAnswers => pending().boxed(),
        }
    }

    fn publish<'a>(&'a self, _: Request<'a>) -> BoxFuture<'a, Answer> {
        match self {
            Self::Panics => panic!("as a test"),
            Self::PanicsLater => async { panic!("as a test") }.boxed(),
            Self::Fails => ready(Answer::Failed("as a test".to_owned())).boxed(),
            Self::NeverAnswers => pending().boxed(),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn whatever_goes_wrong_is_a_no_and_the_session_goes_on() {
    for wrong in [Wrong::Panics, Wrong::PanicsLater, Wrong::Fails, Wrong::NeverAnswers] {
        let router = start(|_| {}).await;
        router.handle.authorize_with("realm1", Some(Arc::new(wrong)));
        let alice = join(&router, "alice", "any");
        assert_eq!(publish(&alice, "com.t").await, failed());
        assert_eq!(ended(soon(alice.subscribe("com.t")).await), None);
    }
}

#[tokio::test]
async fn a_client_that_may_not_join_is_told_why_and_others_join() {
    for (wrong, words) in [
        (Wrong::Fails, "not today"),
        (Wrong::Panics, "it could not be found out whether this client may join"),
    ] {
        let router = start(|_| {}).await;
        router.handle.authorize_with("realm1", Some(Arc::new(wrong)));
        let mut peer = Peer::connect(router.address, Serializer::Json).await;
        peer.say(HELLO).await;
        let abort = peer.hear().await;
        assert_eq!((&abort[0], &abort[2]), (&3.into(), &uris::error::NOT_AUTHORIZED.into()));
        assert_eq!(abort[1]["message"], words);
        assert!(!matches!(peer.listen().await, Heard::Message(_)));
        router.handle.authorize_with("realm1", None);
        Peer::join(router.address, Serializer::Json).await.round_trip("com.t").await;
    }
}

#[tokio::test]
async fn an_authorizer_may_have_publishers_disclosed() {
    struct Open;
    impl Authorizer for Open {
        fn publish<'a>(&'a self, _: Request<'a>) -> BoxFuture<'a, Answer> {
            ready(Answer::Allow { disclose: Some(true) }).boxed()
        }
    }
    let router = start(|_| {}).await;
    router.handle.authorize_with("realm1", Some(Arc::new(Open)));
    let (alice, bob) = (join(&router, "alice", "any"), join(&router, "bob", "any"));
    let mut events = soon(bob.subscribe("com.t")).await.unwrap();
    assert_eq!(publish(&alice, "com.t").await, None);
    let Some(Ok(Delivery::Event(event))) = soon(events.next()).await else { panic!() };
    assert_eq!(event.details().publisher, Some(alice.id()));
}

#[tokio::test]
async fn realms_that_come_later_or_come_back_are_not_open_to_all() {
    let (own, others) = (Arc::new(Notes::default()), Arc::new(Notes::default()));
    let router = start(|_| {}).await;
    router.handle.authorize_others_with(Some(Arc::clone(&others) as _));
    assert!(!router.handle.authorize_with("realm2", Some(Arc::clone(&own) as _)));
    let mut config = config("");
    let reload = async |config: &RouterConfig| router.handle.reload(config.clone()).await.unwrap();
    for name in ["realm2", "realm3"] {
        config.realms.push(RealmSettings::new(name));
    }
    let without = crate::config("");
    for _ in 0..2 {
        reload(&config).await;
        for realm in ["realm1", "realm2", "realm3"] {
            let session = router.handle.join(realm, Identity::local(realm, "any")).unwrap();
            assert_eq!(publish(&session, "com.no").await, denied());
        }
        assert_eq!(own.take(), ["realm2 publishes com.no"]);
        assert_eq!(others.take(), ["realm1 publishes com.no", "realm3 publishes com.no"]);
        reload(&without).await;
    }
    router.handle.authorize_others_with(None);
    let session = join(&router, "alice", "any");
    assert_eq!(publish(&session, "com.no").await, None);
}
