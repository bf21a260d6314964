//! The native client against the router, over each pair of serializers.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "helpers of tests are tests")]

use core::{future::IntoFuture as _, time::Duration};
use futures_util::{StreamExt as _, future::join_all};
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;
use std::{
    collections::BTreeMap,
    process::Stdio,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader, Lines},
    process::{Child, ChildStdout, Command},
    sync::Notify,
    time::timeout,
};
use wamplex::{
    Args, CancelMode, CancellationToken, Client, CloseReason, ConnectionState, Ctx, Delivery,
    Error, Invoke, Kwargs, MatchPolicy, Reply, Serializer, Subscription, WampError,
};
use wamplex_router::{Router, RouterHandle};

/// After this a test has failed; nothing here takes a hundredth of it.
const PATIENCE: Duration = Duration::from_secs(120);

type Answer<T> = Result<T, WampError>;

struct Served {
    url: String,
    router: RouterHandle,
}

impl Drop for Served {
    fn drop(&mut self) {
        self.router.shutdown();
    }
}

async fn serve() -> Served {
    let router = Router::bind(wamplex_tests::harness::patient_config()).await.unwrap();
    let served = Served { url: router.websocket_url(), router: router.handle() };
    tokio::spawn(router.run());
    served
}

impl Served {
    async fn client(&self, serializer: Serializer) -> Client {
        let builder = Client::builder(&self.url).realm("realm1").serializers([serializer]);
        let client = builder.connect().await.unwrap();
        assert_eq!(client.serializer(), serializer);
        client
    }

    /// Two clients for each pair of serializers.
    async fn pairs(&self) -> Vec<(Client, Client)> {
        let mut pairs = Vec::new();
        for one in Serializer::ALL {
            for other in Serializer::ALL {
                pairs.push((self.client(one).await, self.client(other).await));
            }
        }
        pairs
    }
}

/// One of everything that an application may send.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Everything {
    floats: Vec<f64>,
    integers: Vec<i64>,
    unsigned: Vec<u64>,
    truth: (bool, bool),
    text: Vec<String>,
    nothing: Option<String>,
    something: Option<String>,
    binary: ByteBuf,
    no_binary: ByteBuf,
    nested: BTreeMap<String, BTreeMap<String, Vec<Option<f64>>>>,
    empty: (Vec<u8>, BTreeMap<String, u8>),
    choice: Choice,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Choice {
    Plain,
    With { value: i8 },
}

fn everything() -> Everything {
    let leaf = BTreeMap::from([("ε".to_owned(), vec![None, Some(0.5)]), (String::new(), vec![])]);
    Everything {
        floats: vec![0.0, -0.0, 1.0, 0.1, -2.5e-300, 1e300, 5e-324, f64::MAX, 1.0 / 3.0],
        integers: vec![0, -1, -33, -129, 1 << 53, -(1 << 53) - 1, i64::MIN, i64::MAX],
        unsigned: vec![0, 255, 65_536, 1 << 63, u64::MAX],
        truth: (true, false),
        text: ["", "plain", "ünïcode ☃ 🦀", "\"\\/\u{8}\n\r\t", "\u{1}\u{7f}", "\u{10ffff}"]
            .map(str::to_owned)
            .to_vec(),
        nothing: None,
        something: Some("x".to_owned()),
        binary: ByteBuf::from((0..=255).collect::<Vec<u8>>()),
        no_binary: ByteBuf::new(),
        nested: BTreeMap::from([("a".to_owned(), leaf.clone()), ("🗝".to_owned(), leaf)]),
        empty: (vec![], BTreeMap::new()),
        choice: Choice::With { value: -7 },
    }
}

async fn next<T: serde::de::DeserializeOwned>(events: &mut Subscription<T>) -> wamplex::Event<T> {
    match timeout(PATIENCE, events.next()).await.unwrap().unwrap().unwrap() {
        Delivery::Event(event) => event,
        Delivery::Gap { missed } => panic!("{missed:?} events are missing"),
    }
}

#[tokio::test]
async fn every_value_survives_a_call_between_every_pair_of_serializers() {
    let served = serve().await;
    for (caller, callee) in served.pairs().await {
        let echo = |Args((a, b)): Args<(Everything, Choice)>, Kwargs(c): Kwargs<Everything>| async move {
            assert_eq!((&a, &b, &c), (&everything(), &Choice::Plain, &everything()));
            Answer::Ok(Reply::args((a, b)).kwargs(c))
        };
        let registration = callee.register("com.example.echo", echo).await.unwrap();
        let call = caller.call("com.example.echo").args((everything(), Choice::Plain));
        let result = call.kwargs(everything()).await.unwrap();
        let pair = (caller.serializer(), callee.serializer());
        let args = result.args::<(Everything, Choice)>().unwrap();
        assert_eq!(args, (everything(), Choice::Plain), "{pair:?}");
        assert!(args.0.floats[1].is_sign_negative(), "{pair:?}");
        assert_eq!(result.kwargs::<Everything>().unwrap(), everything(), "{pair:?}");
        registration.unregister().await.unwrap();
    }
}

#[tokio::test]
async fn every_value_survives_an_event_between_every_pair_of_serializers() {
    let served = serve().await;
    for (publisher, subscriber) in served.pairs().await {
        let pair = (publisher.serializer(), subscriber.serializer());
        let mut events = subscriber.subscribe::<Everything>("com.example.event").await.unwrap();
        let publish = publisher.publish("com.example.event").args((everything(), -1));
        let publication = publish.kwargs(everything()).acknowledged().await.unwrap();
        let event = next(&mut events).await;
        assert_eq!(event.publication(), publication, "{pair:?}");
        assert_eq!(event.data, everything(), "{pair:?}");
        assert_eq!(event.args::<(Everything, i64)>().unwrap().1, -1, "{pair:?}");
        assert_eq!(event.kwargs::<Everything>().unwrap(), everything(), "{pair:?}");
        events.unsubscribe().await.unwrap();
    }
}

#[tokio::test]
async fn errors_keep_their_uri_and_arguments_between_every_pair_of_serializers() {
    let served = serve().await;
    for (caller, callee) in served.pairs().await {
        let fail = || async {
            let error = WampError::new("com.example.error").with_args(("no", -1.5))?;
            Answer::<()>::Err(error.with_kwargs(everything())?)
        };
        let registration = callee.register("com.example.fail", fail).await.unwrap();
        let error = caller.call("com.example.fail").await.unwrap_err();
        let error = error.as_wamp().unwrap();
        assert_eq!(error.uri, "com.example.error");
        assert_eq!(error.args::<(String, f64)>().unwrap(), ("no".to_owned(), -1.5));
        assert_eq!(error.kwargs::<Everything>().unwrap(), everything());
        registration.unregister().await.unwrap();
    }
}

#[tokio::test]
async fn a_result_comes_in_pieces_between_every_pair_of_serializers() {
    let served = serve().await;
    for (caller, callee) in served.pairs().await {
        let count = |Args((n,)): Args<(u32,)>, cx: Ctx| async move {
            for i in 0..n {
                cx.progress(i).await?;
            }
            Answer::Ok(format!("counted to {n}"))
        };
        let registration = callee.register("com.example.count", count).await.unwrap();
        let call = caller.call("com.example.count").args((5,));
        let mut pieces = call.progress::<u32, String>().await.unwrap();
        let mut seen = Vec::new();
        while let Some(piece) = pieces.next().await {
            seen.push(piece.unwrap());
        }
        assert_eq!(seen, [0, 1, 2, 3, 4]);
        assert_eq!(pieces.result().await.unwrap(), "counted to 5");
        let whole = caller.call("com.example.count").args((5,)).get::<String>().await;
        assert_eq!(whole.unwrap(), "counted to 5");
        registration.unregister().await.unwrap();
    }
}

#[tokio::test]
async fn a_dropped_a_canceled_and_a_timed_out_call_reach_the_handler() {
    let served = serve().await;
    let (caller, callee) =
        (served.client(Serializer::Cbor).await, served.client(Serializer::Json).await);
    let (begun, canceled) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let slow = {
        let (begun, canceled) = (begun.clone(), canceled.clone());
        move |cx: Ctx| {
            let (begun, canceled) = (begun.clone(), canceled.clone());
            async move {
                begun.notify_one();
                cx.cancel.cancelled().await;
                canceled.notify_one();
                Answer::Ok("stopped")
            }
        }
    };
    let _registration = callee.register("com.example.slow", slow).await.unwrap();

    let dropped = tokio::spawn(caller.call("com.example.slow").into_future());
    begun.notified().await;
    dropped.abort();
    canceled.notified().await;

    let token = CancellationToken::new();
    let call = caller.call("com.example.slow").cancel_on(token.clone());
    let killed = tokio::spawn(call.cancel_mode(CancelMode::Kill).get::<String>());
    begun.notified().await;
    token.cancel();
    assert_eq!(killed.await.unwrap().unwrap(), "stopped", "the callee has the last word");
    canceled.notified().await;

    let limit = Duration::from_millis(50);
    let late = caller.call("com.example.slow").timeout(limit).await.unwrap_err();
    assert!(matches!(late, Error::Timeout(after) if after == limit), "{late:?}");
    canceled.notified().await;
}

#[tokio::test]
async fn refusals_of_the_router_are_errors_with_their_uri() {
    let served = serve().await;
    let client = served.client(Serializer::MsgPack).await;
    let realm = Client::builder(&served.url).realm("com.example.unknown").connect().await;
    assert_eq!(realm.unwrap_err().uri(), "wamp.error.no_such_realm");
    let call = client.call("com.example.nobody").await;
    assert_eq!(call.unwrap_err().uri(), "wamp.error.no_such_procedure");
    let uri = client.subscribe::<()>("not a uri").await;
    assert_eq!(uri.unwrap_err().uri(), "wamp.error.invalid_uri");
    let _first = client.register("com.example.x", || async { Answer::Ok(()) }).await.unwrap();
    let other = served.client(Serializer::Json).await;
    let second = other.register("com.example.x", || async { Answer::Ok(()) }).await;
    assert_eq!(second.unwrap_err().uri(), "wamp.error.procedure_already_exists");
}

#[tokio::test]
async fn a_publisher_chooses_who_receives_its_events() {
    let served = serve().await;
    let (a, b) = (served.client(Serializer::Json).await, served.client(Serializer::Cbor).await);
    let mut at_a = a.subscribe::<u8>("com.example.topic").await.unwrap();
    let mut at_b =
        b.subscribe::<u8>("com.example.").match_policy(MatchPolicy::Prefix).await.unwrap();
    let publish = |n: u8| a.publish("com.example.topic").args((n,));
    publish(1).await.unwrap();
    publish(2).exclude_me(false).exclude([b.session_id()]).await.unwrap();
    publish(3).exclude_me(false).eligible([a.session_id()]).await.unwrap();
    publish(4).exclude_me(false).acknowledged().await.unwrap();
    let seen = [next(&mut at_a).await, next(&mut at_a).await, next(&mut at_a).await];
    assert_eq!(seen.map(|event| event.data), [2, 3, 4]);
    let seen = [next(&mut at_b).await, next(&mut at_b).await];
    assert_eq!(seen[0].topic, "com.example.topic", "the topic, not the pattern");
    assert_eq!(seen.map(|event| event.data), [1, 4]);
}

#[tokio::test]
async fn subscriptions_of_one_topic_live_and_die_apart() {
    let served = serve().await;
    let client = served.client(Serializer::Cbor).await;
    let mut first = client.subscribe::<u8>("com.example.topic").await.unwrap();
    let mut second = client.subscribe::<u8>("com.example.topic").await.unwrap();
    assert_eq!(first.id(), second.id());
    client.publish("com.example.topic").args((1,)).exclude_me(false).await.unwrap();
    assert_eq!((next(&mut first).await.data, next(&mut second).await.data), (1, 1));
    // The third is asked for while the second is given up.
    drop(first);
    let third = client.subscribe::<u8>("com.example.topic").into_future();
    drop(second);
    let mut third = third.await.unwrap();
    client.publish("com.example.topic").args((2,)).exclude_me(false).await.unwrap();
    assert_eq!(next(&mut third).await.data, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_calls_at_once_are_shared_out_and_every_one_is_answered() {
    let served = serve().await;
    let caller = served.client(Serializer::Cbor).await;
    let mut callees = Vec::new();
    for serializer in Serializer::ALL {
        let client = served.client(serializer).await;
        let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let handler = {
            let most = most.clone();
            // A handler may call others, through the client that serves it.
            let client = client.clone();
            move |Args((n,)): Args<(u64,)>| {
                let (client, running, most) = (client.clone(), running.clone(), most.clone());
                async move {
                    most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    let next: u64 = client.call("com.example.next").args((n,)).get().await?;
                    running.fetch_sub(1, Ordering::SeqCst);
                    Answer::Ok(next * 2)
                }
            }
        };
        let register = client.register("com.example.double", handler);
        register.invoke(Invoke::RoundRobin).concurrency(8).await.unwrap().detach();
        callees.push((client, most));
    }
    let next = |Args((n,)): Args<(u64,)>| async move { Answer::Ok(n + 1) };
    let _next = caller.register("com.example.next", next).await.unwrap();
    let calls = (0..600_u64).map(|n| {
        let call = caller.call("com.example.double").args((n,));
        tokio::spawn(call.timeout(PATIENCE).get::<u64>())
    });
    for (n, result) in join_all(calls).await.into_iter().enumerate() {
        assert_eq!(result.unwrap().unwrap(), 2 * (n as u64 + 1));
    }
    for (client, most) in callees {
        assert!((1..=8).contains(&most.load(Ordering::SeqCst)), "{}", client.serializer());
        client.leave().await.unwrap();
    }
}

#[tokio::test]
async fn events_of_one_publisher_arrive_complete_and_in_order() {
    let served = serve().await;
    let publisher = served.client(Serializer::MsgPack).await;
    let subscriber = served.client(Serializer::Json).await;
    let mut events = subscriber
        .subscribe::<u32>("com.example.")
        .match_policy(MatchPolicy::Prefix)
        .buffer(10_000, wamplex::Overflow::DropNewest)
        .await
        .unwrap();
    let text = "x".repeat(200);
    let publishing = async {
        for n in 0..5000_u32 {
            let topic = if n % 2 == 0 { "com.example.even" } else { "com.example.odd" };
            publisher.publish(topic).args((n, &text)).await.unwrap();
        }
    };
    let receiving = async {
        for n in 0..5000 {
            assert_eq!(next(&mut events).await.data, n);
        }
    };
    tokio::join!(publishing, receiving);
}

#[tokio::test]
async fn a_large_message_passes_and_one_that_is_too_large_ends_only_its_session() {
    let served = serve().await;
    let (a, b) = (served.client(Serializer::Json).await, served.client(Serializer::Cbor).await);
    let length = |Args((bytes,)): Args<(ByteBuf,)>| async move { Answer::Ok(bytes.len()) };
    let _registration = b.register("com.example.length", length).await.unwrap();
    let bytes = ByteBuf::from(vec![7; 500_000]);
    let call = a.call("com.example.length").args((&bytes,));
    assert_eq!(call.get::<usize>().await.unwrap(), 500_000);
    let too_large = ByteBuf::from(vec![7; 20_000_000]);
    let call = a.call("com.example.length").args((&too_large,)).await;
    assert!(matches!(call, Err(Error::Closed(_) | Error::ConnectionLost { .. })), "{call:?}");
    assert_eq!(b.call("com.example.length").args((&bytes,)).get::<usize>().await.unwrap(), 500_000);
}

#[tokio::test]
async fn leaving_frees_what_the_session_held() {
    let served = serve().await;
    let (a, b) = (served.client(Serializer::Json).await, served.client(Serializer::Cbor).await);
    let x = a.register("com.example.x", || async { Answer::Ok("a") }).await.unwrap();
    let begun = Arc::new(Notify::new());
    let witness = begun.clone();
    let never = move || {
        witness.notify_one();
        core::future::pending::<Answer<()>>()
    };
    let never = a.register("com.example.never", never).await.unwrap();
    let pending = tokio::spawn(b.call("com.example.never").into_future());
    begun.notified().await;
    a.leave().await.unwrap();
    assert!(pending.await.unwrap().unwrap_err().is_canceled(), "its callee has left");
    let call = b.call("com.example.x").await;
    assert_eq!(call.unwrap_err().uri(), "wamp.error.no_such_procedure");
    drop((x, never));
}

#[tokio::test]
async fn a_router_that_shuts_down_says_goodbye_to_everybody() {
    let served = serve().await;
    let client = served.client(Serializer::Cbor).await;
    let mut state = client.state();
    served.router.shutdown();
    let reason = timeout(PATIENCE, client.closed()).await.unwrap();
    let CloseReason::Goodbye(goodbye) = reason else { panic!("{reason}") };
    assert_eq!(goodbye.reason, "wamp.close.system_shutdown");
    assert!(matches!(&*state.borrow_and_update(), ConnectionState::Closed(_)));
}

/// A running example of the native client, and the lines that its documentation says it prints.
struct Example {
    child: Child,
    output: Lines<BufReader<ChildStdout>>,
    documented: std::vec::IntoIter<String>,
}

impl Example {
    fn start(name: &str, url: &str) -> Self {
        let path = format!("{}/../peer-native/examples/{name}.rs", env!("CARGO_MANIFEST_DIR"));
        let source = std::fs::read_to_string(path).unwrap();
        let documented = source.lines().skip_while(|line| !line.starts_with("//! $")).skip(1);
        let documented = documented.take_while(|line| *line != "//! ```");
        let documented: Vec<_> = documented.map(|line| line.replacen("//! ", "", 1)).collect();
        let mut command = Command::new(env!("CARGO"));
        command.args(["run", "--quiet", "--package", "wamplex", "--example", name, "--", url]);
        // What cargo tells this test about its package is not for the build of another, which would start anew.
        for (key, _) in std::env::vars() {
            let ours = ["CARGO_PKG_", "CARGO_MANIFEST_"].iter().any(|start| key.starts_with(start));
            if ours || key == "OUT_DIR" {
                command.env_remove(key);
            }
        }
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, output, documented: documented.into_iter() }
    }

    /// Waits for the next of its lines.
    async fn line(&mut self) {
        assert_eq!(self.output.next_line().await.unwrap(), self.documented.next());
    }

    /// Waits for the rest of them, and for the end of the program.
    async fn end(mut self) {
        while self.documented.len() > 0 {
            self.line().await;
        }
        assert_eq!(self.output.next_line().await.unwrap(), None);
        assert!(self.child.wait().await.unwrap().success());
    }
}

#[tokio::test]
async fn the_examples_print_what_they_say() {
    let served = serve().await;
    let example = |name| Example::start(name, &served.url);
    example("progress").end().await;
    example("cancel").end().await;
    let mut callee = example("callee");
    callee.line().await;
    example("caller").end().await;
    let mut subscriber = example("subscriber");
    subscriber.line().await;
    example("publisher").end().await;
    subscriber.end().await;
    served.router.shutdown();
    callee.end().await;
}
